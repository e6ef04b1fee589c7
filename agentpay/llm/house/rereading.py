# ruff: noqa: E501 (a regular expression is read in one piece)
"""Clauses that were taken for what their own words rule out: read again for what they can be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.numbers import number
from agentpay.llm.house.talk import Talk

_N = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_NOT_SO_MANY = re.compile(
    rf"^\W*(?:(?:sorry|no|actually|wait|oops|i (?:meant|said|need|want)|make (?:it|that)|should be|it'?s)\W+)*(?P<n>{_N})\s*(?P<what>[^?.!;]*?)\s*(?:,\s*)?\bnot (?P<m>{_N})\W*$",
    re.I,
)
"""Another number than was said: "4 boxes of screws, not 3"."""
_NEEDS = re.compile(
    r"^\W*(?:(?:and|so|but|ok(?:ay)?|hm+|also|wait)\W+)*(?:do|does|will|would|should|must)(?:n'?t)? (?:i|we|he|she|they|it|you|one|that|this|these|those)\b[^.?!]{0,20}\b(?:need|require|have to (?:buy|get|order|have))\b",
    re.I,
)
"""Asks what something needs: "does he need to buy batteries for it?"."""
_AT_ALL = re.compile(r"\b(?:anything|something|else|besides)\b", re.I)
"""Asks of no thing by its name: what it needs besides is looked up (needing.py)."""
_JUST_THE = re.compile(
    r"\b(?:just|only) (?P<which>(?:the|an?|one) (?!(?:other|same|first|second|third|last)\b)[\w'-]+(?: [\w'-]+)? (?:ones?|version))(?: please| pls| then)*\W*$",
    re.I,
)
_LOOKS_FOR = re.compile(
    r"\b(?:any|some)thing (?:(?:else|nice|small|quick|that|which|there|in the shop) )?(?:(?:i|we|you|u) (?:can|could|might|have|sell)|to (?:send|give|get|buy))\b|\bwhat (?:can|could|should) (?:i|we) (?:send|give|get|buy)\b",
    re.I,
)
_DETAILS = frozenset(
    {"emails", "phone", "name", "address", "shipping_method", "order_numbers", "codes", "postal_code", "country"}
)
_WOULD_HATE = re.compile(
    r"(?:'d|\bwould(?:n'?t)?)(?: (?:really|absolutely|so|be))? (?:hate|mind|like|love|sad|upset|annoyed|angry|cross|gutted|furious)\b",
    re.I,
)
"""A feeling about what has not happened."""
_ASKED = frozenset(
    {
        "product_details",
        "availability",
        "price_question",
        "policy",
        "recommendation",
        "product_search",
        "add_to_cart",
        "shipping_quote",
    }
)
_OF_GOODS = frozenset({"add_to_cart", "change_cart", "remove_from_cart", "product_search", "recommendation", "other"})
_HARDLY = 0.45


def reread(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses, each as what its words can be; without complaints of nothing."""
    kept = [act for act in acts if not _complains_of_nothing(talk, act, acts)]
    return [_reread(talk, act) for act in kept]


def _reread(talk: Talk, act: ActView) -> ActView:
    in_cart = bool(talk.cart.get("items"))
    if in_cart and act.intent in _OF_GOODS and (found := _NOT_SO_MANY.match(act.text)) is not None:
        own = {key: value for key, value in act.entities.items() if key != "instead_of"}
        return replace(act, intent="change_cart", entities={**own, "quantity": number(found["n"])})
    asks_of_it = (
        act.intent in _ASKED and talk.focus is not None and _NEEDS.match(act.text) and not _AT_ALL.search(act.text)
    )
    if asks_of_it:
        return replace(act, intent="product_details", entities={"pronoun": True})
    if act.intent == "remove_from_cart" and not in_cart and (just := _JUST_THE.search(act.text)) is not None:
        return replace(act, intent="add_to_cart", text=just["which"], entities={"pronoun": True})
    if act.intent == "provide_details" and not set(act.entities) & _DETAILS and _LOOKS_FOR.search(act.text):
        return replace(act, intent="recommendation")
    return act


def _complains_of_nothing(talk: Talk, act: ActView, acts: Sequence[ActView]) -> bool:
    """ "He'd hate that", or a question that was hardly taken for a complaint, beside one that asks of goods."""
    if act.intent != "complaint" or act.entities.get("order_numbers") or not any(one.intent in _ASKED for one in acts):
        return False
    return _WOULD_HATE.search(act.text) is not None or (act.confidence < _HARDLY and not talk.turn.angry)
