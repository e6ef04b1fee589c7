# ruff: noqa: E501 (a regular expression is read in one piece)
"""Clauses that were taken for what their own words rule out: read again for what they can be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.lines import named_in
from agentpay.llm.house.numbers import number
from agentpay.llm.house.refs import PRICED, named, stems
from agentpay.llm.house.talk import Talk
from agentpay.money import digits

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
_OF_IT = re.compile(
    r"^\W*(?:(?:and|so|but|ok(?:ay)?|hm+|also|wait|oh|then)\W+)*(?:do|does|did|will|would|has|have|is|are)(?:n'?t)? (?:it|they|that|this|these|those|that one|this one|those ones)\b[^.?!]{0,12}?\b(?:come|comes|include|included|have|got|contain|supplied|sold|ship) (?:\w+ )?(?:with )?",
    re.I,
)
"""Asks what belongs to it: "does that one come with a heater?", whose heater is not what is asked about."""
_IN_IT = re.compile(
    r"^\W*(?:(?:and|so|but|is there|are there|there(?:'s| is| are))\W+)*(?:any|no) [\w' -]{2,30}? (?:in|on|inside) (?:it|that|this|them|that one|this one|those)\b",
    re.I,
)
"""Asks what is in it: "no lilies in that one, are there?"."""
_HOW_MUCH = re.compile(
    r"\bhow (?:many|much)\b[\w ]{0,24}?\b(?:is|are|would|will|do|does|should) (?:that|this|it|i|we)\b(?: cost| come)?",
    re.I,
)
"""Asks how many are needed: none is ordered yet."""
_ORDERS = re.compile(r"\b(?:please|pls|plz|take|i'?ll|add|buy|order|put|pop|give|get me|send)\b", re.I)
_WHICH_NEED = re.compile(
    r"^\W*(?:(?:and|so|but|ok(?:ay)?|hm+)\W+)*(?:which|what) (?:strength|power|model|version|type|kind|sort|capacity|grade|weight)(?: of (?:one|it))? (?:do|would|should|will) (?:i|we|he|she|they|it) (?:need|get|take|buy|want|require)\W*$",
    re.I,
)
_NO_X = re.compile(
    r"^\W*(?:(?:hm+|actually|ok(?:ay)?|oh|sorry|wait|then|and|but|well)\W+)*(?:no|without|not the|skip the|forget the|leave out the) (?!more\b|need\b|idea\b|problem\b|worries\b|rush\b|thanks?\b)[\w' -]{2,40}?(?: please| pls| thanks| then| after all)*\W*$",
    re.I,
)
_TELLS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|well|now|and|but|because|ok(?:ay)?)\W+)*(?:he|she|they|its?|my|our|his|her|their|dad|mum|mom|granny|grandma|grandad|nan|there|the (?:wife|husband|kids?|missus|dog|cat|old one)|\d+ ?(?:litres?|liters?|kilos?|kg|cm|m|metres?|feet|ft|years?))(?:'s|'re|'d|'ve)?\b",
    re.I,
)
"""Begins to tell of somebody or something of one's own."""
_BID = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|come on|how about|say|listen|look)\W+)*(?P<n>\d{1,5})\b(?=\W*$|\W+(?:cash|in cash|final|take it|or (?:i|nothing)|and (?:it'?s |we have |you have )?a? ?deal|last|ask|tops|max)\b)",
    re.I,
)
_SO_MANY_LAST = re.compile(
    rf",\s*(?:just |only )?(?:{_N})(?: of (?:them|those|it))?(?: please| pls| thanks)*\W*$", re.I
)
"""How many, behind the name: "the sieve set from Lund, one"."""
_SO_MANY_OF_IT = re.compile(
    rf"^\W*(?:(?:no|sorry|wait|hm+|ok(?:ay)?)\W+)*(?:actually|make it|make that|rather|better)\W+(?P<n>{_N}) (?P<unit>[a-z]{{3,}})(?: instead| then| please)*\W*$",
    re.I,
)
"""So many of what is sold by a unit: "actually 4 litres", of paint per litre."""
_MORE_FOR = re.compile(
    rf"^\W*(?:(?:and|oh|ok(?:ay)?|also|then|please)\W+)*(?P<n>another|{_N})(?: more)?(?: one)?(?: of (?:it|them|those|these|the same))? for (?:my|our|his|her|the|a) [\w' -]{{2,30}}\W*$",
    re.I,
)
"""Another of what is spoken of: "one more for my dad"."""
_AND_IN = re.compile(r"^\W*(?:and\W+)?(?:put )?(?:the|an?|one|some) [\w' -]{2,40} in(?: instead)?\W*$", re.I)
_OUT = re.compile(r"\b(?:take|put|get|leave)\b[^.?!]*\bout\b", re.I)
_NUMBER = re.compile(r"\d+")
_LINK = frozenset({"link", "payment", "pay", "checkout", "paylink"})
_JUST_THE = re.compile(
    r"\b(?:just|only) (?P<which>(?:the|an?|one) (?!(?:other|same|first|second|third|last)\b)[\w'-]+(?: [\w'-]+)? (?:ones?|version))(?: please| pls| then)*\W*$",
    re.I,
)
_LOOKS_FOR = re.compile(
    r"\b(?:any|some)thing (?:(?:else|nice|small|quick|that|which|there|in the shop) )?(?:(?:i|we|you|u) (?:can|could|might|have|sell)|to (?:send|give|get|buy))\b|\bwhat (?:can|could|should) (?:i|we) (?:send|give|get|buy)\b",
    re.I,
)
_GOT_ONE = re.compile(r"\b(?:got|have|stock|left)\b[^.!?]{0,20}\?", re.I)
_GOODS_ASKED = frozenset({"confirm_add", "variant", "choice"})
_DO_YOU_KEEP = re.compile(
    r"^\W*(?:and |so |hi |ok )*do (?:you|ye|u|yas)(?: guys)? (?:keep|stock|carry|sell|have) (?:the|an?|any|some)\b",
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
_QUESTIONS = _ASKED - {"add_to_cart"}
_PUTS_IN = frozenset({"change_cart", "add_to_cart", "other"})
_SEEKS = frozenset({"product_search", "recommendation"})
_HARDLY, _SURE = 0.45, 0.9


def reread(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses, each as what its words can be; without complaints of nothing."""
    kept = [act for act in acts if not (_complains_of_nothing(talk, act, acts) or _only_told(talk, act, acts))]
    return [_reread(talk, act) for act in kept]


def _reread(talk: Talk, act: ActView) -> ActView:
    in_cart = bool(talk.cart.get("items"))
    if in_cart and act.intent in _OF_GOODS and (found := _NOT_SO_MANY.match(act.text)) is not None:
        own = {key: value for key, value in act.entities.items() if key != "instead_of"}
        return replace(act, intent="change_cart", entities={**own, "quantity": number(found["n"])})
    if in_cart and act.intent in _OF_GOODS and (found := _SO_MANY_OF_IT.match(act.text)) is not None:
        line = named_in(found["unit"], talk.cart["items"])
        if line is not None:
            return replace(
                act, intent="change_cart", entities={"product_query": line["title"], "quantity": number(found["n"])}
            )
    if act.intent == "add_to_cart" and talk.focus is not None and (found := _MORE_FOR.match(act.text)) is not None:
        return replace(act, entities={"quantity": _so_many(found["n"]), "pronoun": True})
    if in_cart and act.intent in _PUTS_IN and _NO_X.match(act.text) and named_in(act.text, talk.cart["items"]):
        return replace(act, intent="remove_from_cart")
    if act.intent in _OF_GOODS and (name := named(act)) is not None and stems(name) <= _LINK:
        return replace(act, intent="checkout", entities={})
    if act.intent == "negotiation" and (amount := _bid(talk, act)) is not None:
        kept = {key: value for key, value in act.entities.items() if key not in ("quantity", "product_query")}
        return replace(act, entities={**kept, "amount": amount})
    if (
        act.intent == "product_search"
        and act.entities.get("quantity")
        and "?" not in talk.turn.text
        and _SO_MANY_LAST.search(act.text)
    ):
        return replace(act, intent="add_to_cart")
    if act.intent == "remove_from_cart" and _AND_IN.match(act.text) and _OUT.search(talk.turn.text):
        return replace(act, intent="add_to_cart")
    if act.intent in _SEEKS and _WHICH_NEED.match(act.text):
        kept = {key: value for key, value in act.entities.items() if key not in ("product_query", "category")}
        return replace(act, intent="recommendation", entities=kept)  # what it is for stands in the rest of the message
    if act.intent in _ASKED and _IN_IT.match(act.text):
        return replace(act, intent="product_details", confidence=_SURE, entities={"pronoun": True})
    if act.intent in _ASKED and _OF_IT.match(act.text) and (talk.focus or talk.turn.shown):
        kept = {key: value for key, value in act.entities.items() if key not in ("product_query", "category", "brand")}
        return replace(act, intent="product_details", confidence=_SURE, entities={**kept, "pronoun": True})
    asks_of_it = (
        act.intent in _ASKED and talk.focus is not None and _NEEDS.match(act.text) and not _AT_ALL.search(act.text)
    )
    if asks_of_it:
        return replace(act, intent="product_details", confidence=_SURE, entities={"pronoun": True})
    if act.intent == "remove_from_cart" and not in_cart and (just := _JUST_THE.search(act.text)) is not None:
        return replace(act, intent="add_to_cart", text=just["which"], entities={"pronoun": True})
    if act.intent == "negotiation" and act.confidence < _HARDLY + 0.05 and not set(act.entities) & PRICED:
        return replace(
            act, intent="availability" if _GOT_ONE.search(talk.turn.text) else "product_search", confidence=_HARDLY
        )
    if (
        act.intent == "provide_details"
        and talk.asked_for in _GOODS_ASKED
        and act.entities.get("options")
        and set(act.entities) <= {"options", "quantity", "pronoun"}
    ):
        return replace(act, intent="add_to_cart")
    if (
        act.intent == "policy"
        and named(act)
        and _DO_YOU_KEEP.match(act.text)
        and (act.entities.get("options") or act.entities.get("category"))
    ):
        return replace(act, intent="availability")
    if act.intent == "provide_details" and not set(act.entities) & _DETAILS and _LOOKS_FOR.search(act.text):
        return replace(act, intent="recommendation")
    return act


def _so_many(word: str) -> int:
    return 1 if word.casefold() == "another" else number(word)


def _bid(talk: Talk, act: ActView) -> int | None:
    """The amount of "150, cash, ask your boss", whose number was taken for how many."""
    found = _BID.match(act.text)
    if found is None or set(act.entities) & {"amount", "percent", "amount_off"}:
        return None
    return int(found["n"]) * int(10 ** digits(talk.turn.currency))


def _only_told(talk: Talk, act: ActView, acts: Sequence[ActView]) -> bool:
    """ "My lad is eight and mad about fish", beside "is there something with everything in the box?"; "about 12", beside what is asked."""
    others = [one for one in acts if one is not act]
    if (name := named(act)) is not None and _NUMBER.fullmatch(name) and any(one.intent in _ASKED for one in others):
        return True
    needed = [
        one for one in others if (asked := _HOW_MUCH.search(one.text)) and not asked.group().endswith(("cost", "come"))
    ]
    if act.intent == "add_to_cart" and needed and not _ORDERS.search(act.text) and not act.entities.get("ordinals"):
        return True
    if act.intent == "product_comparison" and any(
        one.text == act.text and one.intent == "add_to_cart" for one in others
    ):
        return True
    is_question = talk.turn.text.partition(act.text)[2][:1] == "?"
    return tells(act) and any(
        (one.intent in _SEEKS or (one.intent in _QUESTIONS and not is_question)) and not _TELLS.match(one.text)
        for one in others
    )


def tells(act: ActView) -> bool:
    """Whether a clause that was taken for a search tells of somebody or something of the customer's own."""
    return act.intent in _SEEKS and _TELLS.match(act.text) is not None and not act.entities.get("options")


def _complains_of_nothing(talk: Talk, act: ActView, acts: Sequence[ActView]) -> bool:
    """ "He'd hate that", or a question that was hardly taken for a complaint, beside one that asks of goods."""
    if act.intent != "complaint" or act.entities.get("order_numbers") or not any(one.intent in _ASKED for one in acts):
        return False
    return _WOULD_HATE.search(act.text) is not None or (act.confidence < _HARDLY and not talk.turn.angry)
