# ruff: noqa: E501 (a regular expression is read in one piece)
"""What was taken for an order and is none: what somebody owns or nearly bought, questions, what holds no goods at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.lines import named_in
from agentpay.llm.house.refs import named, without_name
from agentpay.llm.house.talk import Talk

_CRY = r"(?:(?:and|but|so|ok(?:ay)?|oh|hi|hello|hey|bonjour|well|yes|no|just noticed|turns out|me|because|cos|as|since)\W+)*"
_OWNS = re.compile(
    rf"^\W*{_CRY}(?:i|we|you lot|you|he|she|they|(?:my|our|her|his) \w+)(?:'ve| still| already| also| both)*"
    r"(?: (?:have|has|had|own|owns|got|bought|sold (?:me|us)|gave (?:me|us)))(?: (?:got|already|still))* "
    r"(?!to\b|it\b|them\b|that\b|this\b|those\b|one of (?:those|them|these)\b|(?:two|three|\d+) of\b)(?P<name>[^?.!]+)$",
    re.I,
)
"""What somebody has: "I have a laser printer", "you lot sold me an awning"."""
_NEARLY = re.compile(
    rf"^\W*{_CRY}(?:i |we )?(?:was|were|had been) (?:gonna|going to|about to|thinking (?:of|about)|tempted|planning to|hoping to)\b",
    re.I,
)
"""What somebody was about to do: "was gonna get the rosehip oil too"."""
_MAY_ONE = re.compile(
    rf"^\W*{_CRY}(?:(?:i|we|one|you|he|she|they) (?:can|could|may|should)|(?:can|could|may|should|would) (?:i|we|one|you|he|she|they)) (?:still |also |safely )?"
    r"(?:put|use|wear|wash|run|mix|leave|keep|freeze|store|charge|clean|heat|cook|mount|hang|fit|sleep|sit|drive|ride|eat|drink|apply|reuse) (?!(?:it|them|that|those|these|this|one|two|three|\d+|an?)\b(?! in (?:the|an?)\b)|in\b|me\b|us\b|some\b)",
    re.I,
)
"""Asks what may be done with something: "I can put the glossy paper in it?"."""
_DOES_IT = re.compile(
    rf"^\W*{_CRY}(?:do|does|did|is|are|will|would|has|have)(?:n'?t)? (?:that|this|those|these|it|they|all (?:of )?(?:that|this|it))\b",
    re.I,
)
_HOW_MANY = re.compile(
    r"\bhow (?:many|much|long|often|far|big|heavy|hot|old|high|wide|deep)\b|\bwhat (?:size|hole)\b", re.I
)
_SUM = re.compile(
    rf"^\W*{_CRY}(?:do|does|is|are|will|would)(?:n'?t)? (?:that|this|it|they|those|all (?:of )?(?:that|this|it))\b[^?]{{0,30}}\b(?:stay|come|add up|keep|total|under|below|within|over|less than|more than)\b",
    re.I,
)
"""Asks what it comes to: "does that stay under forty pounds?"."""
_FEELS = re.compile(
    r"^\W*(?:and |but |cos |because )?(?:they'?re|its|it'?s|he'?s|she'?s|that'?s|there'?s|that (?:was|is)|it (?:was|is)|they (?:are|were))\b(?! (?:it|all|the one)\b)",
    re.I,
)
"""Tells how something is or was: "they're blue at her school", "that was on the leaflet"."""
_CANNOT = re.compile(
    rf"^\W*{_CRY}(?:i|we|he|she|they) (?:can'?t|cannot|could(?:n'?t)|don'?t|do not|won'?t|never)\b", re.I
)
_HOWS = re.compile(r"^\W*(?:and )?(?:how'?s|how is|how are|how ya|what'?s up)\b", re.I)
_LIKES = re.compile(
    rf"^\W*{_CRY}(?:the|that|this|those|these) (?P<name>[\w' -]{{2,40}}?) (?:sounds?|looks?|seems?) (?:about |quite |really |very |so )?(?:right|good|nice|great|perfect|lovely|ideal|the (?:job|part|one|business))\W*$",
    re.I,
)
"""What somebody likes before they say what they want of it: "the L380 sounds right"."""
_GUESSED = 0.5
_UNSURE = 0.6
_SEEKS = frozenset({"recommendation", "product_search"})
_DEEDS = re.compile(
    r"\b(?:please|pls|plz|take|want|need|add|buy|order|go (?:for|with)|put|pop|stick|throw|i'?ll have|give me|can i (?:have|get))\b",
    re.I,
)
_ORDERS = frozenset({"add_to_cart", "change_cart"})
_OF_GOODS = frozenset({"add_to_cart", "change_cart", "availability", "shipping_quote"})
_WANTS = frozenset({"add_to_cart", "change_cart", "remove_from_cart"})
_MANNERS = frozenset({"greeting", "thanks", "goodbye", "other"})
_CHOICE = frozenset({"quantity", "ordinals"})
_SURE = 0.9


def without_told(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses without what was only told; what it names goes to the clause beside it that names nothing."""
    acts = [_asked(talk, act) for act in acts]
    told = [act for act in acts if _is_told(talk, act, acts)]
    if not told or len(told) == len(acts):
        return acts
    name = next((owned for act in told if (owned := _named_there(act))), None)
    return [_about(talk, act, name) if name else act for act in acts if act not in told]


def _is_told(talk: Talk, act: ActView, acts: Sequence[ActView]) -> bool:
    others = [one for one in acts if one is not act and one.intent not in _MANNERS]
    if not others or act.entities.get("order_numbers") or act.entities.get("codes"):
        return False
    if act.intent in _SEEKS and act.confidence < _UNSURE and _FEELS.match(act.text) and not _asks(talk, act):
        return any(_asks(talk, one) for one in others)  # "its out of black and mid-printing", beside what is asked
    if act.intent in _OF_GOODS and (_OWNS.match(act.text) or _NEARLY.match(act.text)) and not _asks(talk, act):
        return True
    if _LIKES.match(act.text) and act.confidence < _GUESSED and not _asks(talk, act):
        return True
    if act.intent not in _ORDERS or _DEEDS.search(act.text) or set(act.entities) & _CHOICE:
        return False
    return _FEELS.match(act.text) is not None or _CANNOT.match(act.text) is not None


def _asked(talk: Talk, act: ActView) -> ActView:
    """What was taken for an order and is a question, as the question that it is."""
    if act.intent not in _ORDERS or not _asks(talk, act):
        return act
    if _HOWS.match(act.text) and "how" not in (named(act) or "").casefold():
        return replace(act, intent="other", entities={})
    if (
        _SUM.match(act.text)
        and talk.cart.get("items") is not None
        and (act.entities.get("price_max") or act.entities.get("amount"))
    ):
        return replace(act, intent="view_cart", entities={})
    if _DOES_IT.match(act.text) and not _DEEDS.search(act.text):
        return replace(without_name(act), intent="product_details", confidence=_SURE)
    if _MAY_ONE.match(act.text) or _HOW_MANY.search(act.text):
        own = {key: value for key, value in act.entities.items() if key != "quantity"}
        return replace(act, intent="product_details", confidence=_SURE, entities=own)
    return act


def _asks(talk: Talk, act: ActView) -> bool:
    """Whether a question mark ends this clause."""
    return talk.turn.text.partition(act.text)[2].lstrip(" )\"'").startswith("?")


def _named_there(act: ActView) -> str | None:
    if (liked := _LIKES.match(act.text)) is not None:
        return liked["name"]
    return named(act) if act.intent in _ORDERS | {"availability"} else None


def _about(talk: Talk, act: ActView, name: str) -> ActView:
    """ "We still have cables in the drawer, take those off", "was gonna get the oil, are there nuts in that?"."""
    if (
        act.intent == "add_to_cart"
        and set(act.entities) <= {"options", "pronoun", "quantity"}
        and "options" in act.entities
    ):
        return replace(act, entities={**act.entities, "product_query": name})
    if act.entities.get("product_query") and act.intent != "product_details":
        return act
    if act.intent in _WANTS and set(act.entities) <= {"pronoun"}:
        line = named_in(name, talk.cart.get("items", []))
        return act if line is None else replace(act, entities={"product_query": line["title"]})
    if act.intent == "product_details" and _POINTS_AT_IT.search(act.text):
        return replace(act, entities={**act.entities, "product_query": name})
    return act


_POINTS_AT_IT = re.compile(
    r"\b(?:in|of|on|with|about|does|is|are|do|has) (?:it|that|this|them|those)\b|\b(?:in the box|included|supplied|on top|extra)\b",
    re.I,
)
