# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Putting the acts of a message together that are about an order, or about the rules of sending it back."""

from __future__ import annotations

import re

from agentpay.intents.entities.pointing import PRONOUN
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act, Dialogue, Understanding

_AFTER_SALE = frozenset({I.ORDER_STATUS, I.CANCEL_ORDER, I.CHANGE_ORDER, I.RETURN, I.EXCHANGE, I.REFUND})
_BOUGHT = re.compile(r"\b(?:i|we)(?:'ve| have)? (?:\w+ )?(?:ordered|bought|purchased|received|got)\b", re.IGNORECASE)
_A_QUESTION = re.compile(
    r"^\W*(?:(?:and|also|then|so|or|plus) )*(?:how|what(?! if)|when|where|which|who|do|does|is|are|can|could|may|will|would)\b(?! about)",
    re.IGNORECASE,
)
_SURE_ENOUGH = 0.5
"""Less sure of a rule is a clause that hardly asks for one: "one of them arrived cracked"."""
_MAY_I = re.compile(r"^\W*(?:and |then |so )*(?:can|could|may|do|am|would|will) (?:i|we|you)\b", re.IGNORECASE)


_CANCEL_IT = re.compile(r"\bcancel (?:it|that|this|them|those)\b", re.IGNORECASE)


def about_an_order(acts: list[Act]) -> list[Act]:
    """ "I ordered a pen, has it shipped? Order 12, my e-mail is …": all of it is about that order."""
    asked = next((act for act in acts if act.intent in _AFTER_SALE), None)
    if asked is None:
        return acts
    kept: list[Act] = []
    for act in acts:
        given = set(act.entities.model_dump(exclude_defaults=True))
        if act.intent is I.PROVIDE_DETAILS and given and given <= {"emails", "phone", "name"}:
            asked.entities.emails = list(dict.fromkeys([*asked.entities.emails, *act.entities.emails]))
            asked.entities.name = asked.entities.name or act.entities.name
            asked.entities.phone = asked.entities.phone or act.entities.phone
        elif act.intent is I.PROVIDE_DETAILS and asked.intent is I.CHANGE_ORDER and act.entities.address:
            # "Ship 4711 to my aunt, 7 Cedar Ln, …": where the order shall go
            asked.entities = Understanding(acts=[asked, act]).entities
        elif act.intent not in {I.PRODUCT_SEARCH, I.OTHER, I.ADD_TO_CART} or not _BOUGHT.search(act.text):
            kept.append(act)
        else:
            asked.entities.dates = list(dict.fromkeys([*asked.entities.dates, *act.entities.dates]))
    return kept


def cancelling(acts: list[Act]) -> list[Act]:
    """ "I ordered a pen but changed my mind, could you cancel it?": a wish about an order, no question for the rule."""
    if not any(_BOUGHT.search(act.text) for act in acts):
        return acts
    return [
        act.model_copy(update={"intent": I.CANCEL_ORDER})
        if act.intent in {I.POLICY, I.REMOVE_FROM_CART} and _CANCEL_IT.search(act.text)
        else act
        for act in acts
    ]


_TO_IT = re.compile(r"\b(?:to|on|onto|in|into|with) (?:it|that|that order|my order|the order)\W*$", re.IGNORECASE)


_INTO_CART = re.compile(
    r"\b(?:in|into|to) (?:my |the |our )?(?:shopping )?(?:cart|basket|bag|trolley)\b", re.IGNORECASE
)


_AS_BEFORE = re.compile(
    r"\b(?:again|re-?order\w*|same|had|bought|got|like (?:in|last|the)|repeat|as (?:in|last))\b", re.IGNORECASE
)
"""What was ordered once is wanted once more: a new purchase."""


_ELSEWHERE = re.compile(
    r"\b(?:instead|rather|redirect\w*|re-?route\w*|(?:send|ship|deliver|forward) (?:it|that|this|them|the (?:order|parcel|package))|new address|moved)\b",
    re.IGNORECASE,
)


def _of_support(dialogue: Dialogue) -> bool:
    """Whether an address can only be for an order that was placed: support is spoken to, nothing lies in the cart."""
    return dialogue.agent == "support" and not dialogue.cart_items and dialogue.asked_for not in _WHERE


_WHERE = frozenset({"address", "country", "postal_code"})


def of_the_order(acts: list[Act], dialogue: Dialogue) -> list[Act]:
    """ "I only need one in order 12, can you change it?": with an empty cart, what is changed is the order."""
    numbers = [number for act in acts for number in act.entities.order_numbers]
    named = bool(numbers) and not any(_AS_BEFORE.search(act.text) for act in acts)
    acts = [
        act.model_copy(update={"intent": I.CHANGE_ORDER})
        if act.intent is I.PROVIDE_DETAILS
        and act.entities.address is not None
        and (named or (_ELSEWHERE.search(act.text) and _of_support(dialogue)))
        else act
        for act in acts
    ]
    spoken_of = any(act.entities.order_numbers or act.intent is I.CHANGE_ORDER for act in acts)
    if dialogue.cart_items or not (spoken_of or dialogue.stage in {"paid", "after_sales"}):
        return acts
    return [
        act.model_copy(update={"intent": I.CHANGE_ORDER})
        if act.intent in {I.CHANGE_CART, I.REMOVE_FROM_CART}
        or (act.intent is I.ADD_TO_CART and (named or _TO_IT.search(act.text)) and not _INTO_CART.search(act.text))
        else act
        for act in acts
    ]


def two_rules(one: Act, other: Act) -> bool:
    """ "How long is the guarantee, and do you take PayPal?": each a question for a rule of its own."""
    asked = all(act.intent is I.POLICY and _A_QUESTION.match(act.text) for act in (one, other))
    return asked and one.text != other.text and not PRONOUN.within(other.text)


def rules_asked(acts: list[Act]) -> list[Act]:
    """ "What if it doesn't fit, can I return it?" asks for one rule; nothing is to be sent back yet."""
    kept: list[Act] = []
    for act in acts:
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.intent is I.POLICY
            and act.intent in {I.RETURN, I.REFUND, I.EXCHANGE, I.POLICY}
            and not act.entities.order_numbers
            and _MAY_I.search(act.text)
            and not two_rules(last, act)
        ):
            told = last.confidence < _SURE_ENOUGH and not _A_QUESTION.match(last.text)
            if act.entities.product_query == "money":
                act.entities.product_query = None
            both = Understanding(acts=[act, last] if told else [last, act]).entities
            asked = act if told else last  # "One of them came cracked, can I get the money for it?" asks for no rule
            kept[-1] = asked.model_copy(update={"text": f"{last.text}, {act.text}", "entities": both})
        else:
            kept.append(act)
    return kept


_ANOTHER = re.compile(
    r"\b(?:exchang\w*|chang\w*|swap\w*|replac\w*|another|instead|new|different|other|next|bigger|smaller|larger|size up|send|post|ship|need|want|like|get|have)\b|\?",
    re.IGNORECASE,
)


def without_reasons(acts: list[Act]) -> list[Act]:
    """ "It's too small for him, can I send it back?": why it goes back asks for no other one."""
    if not any(act.intent in {I.RETURN, I.REFUND} for act in acts):
        return acts
    kept = [act for act in acts if act.intent is not I.EXCHANGE or act.entities.options or _ANOTHER.search(act.text)]
    reasons = [act for act in acts if act not in kept]
    for act in kept if reasons else ():
        if act.intent in {I.RETURN, I.REFUND} and not act.entities.product_query:
            act.entities = Understanding(acts=[act, *reasons]).entities
            break
    return kept
