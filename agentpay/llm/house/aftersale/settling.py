"""Which clauses of a message count: guesses beside something sure do not, nor does why something is wished beside the wish."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.aftersale.finding import THE_OTHER
from agentpay.llm.house.aftersale.quantities import wants_other_quantity
from agentpay.llm.house.aftersale.task import A_GUESS, KINDS, SURE

_LIKELY, _HALF = 0.85, 0.5
_ASKS = frozenset({"availability", "product_details", "price_question"})
"""What a clause that names nothing is easily taken for: "when I get that far"."""
_IN_WORDS = {
    intent: re.compile(rf"\b(?:{words})\b", re.I)
    for intent, words in (
        ("cancel_order", r"cancel\w*|call\w* off|stop"),
        ("return", r"return\w*|(?:send|give|bring|take|go|goes|sent)\w* (?:[\w']+ ){0,6}back"),
        ("exchange", r"exchang\w*|swap\w*|replac\w*|trad(?:e|ing)"),
        ("refund", r"refund\w*|money|reimburs\w*"),
        ("change_order", r"chang\w*|swap\w*|instead|address|add|remove|make it|switch\w*"),
    )
}
"""Wishes about an order, and the words that say them."""


def settled(acts: Sequence[ActView], whole: str = "") -> list[ActView]:
    """
    The acts without guesses at a wish beside something sure: "I ordered a pen yesterday, has it shipped?". What is told
    beside a wish in so many words is why it is wished: "the ring in A-12 is too small, can I get my money back?".

    `whole`: the message. A clause may have been cut down to an order's number ("order A-12 - please change the ring to
    gold"), so what follows it up to the next clause counts as its words, too.
    """
    sure = any(act.confidence >= SURE for act in acts)
    acts = [act for act in acts if not (sure and act.intent in KINDS and act.confidence < A_GUESS)]
    likely = any(act.confidence >= _LIKELY for act in acts)
    acts = [
        act
        for act in acts
        if not (likely and act.confidence < _HALF and act.intent in _ASKS and set(act.entities) <= {"pronoun"})
    ]
    spans = _spans(acts, whole)
    spoken = [
        act
        for act, span in zip(acts, spans, strict=True)
        if act.intent in KINDS and said_in_words(act.intent, f"{act.text} {span}")
    ]
    told = [
        act
        for act in acts
        if spoken
        and act.intent in _IN_WORDS
        and act not in spoken
        and (act.confidence < SURE or _only_names(act))
        and not _goes_elsewhere(act, spoken)
    ]
    numbers = [number for act in told for number in act.entities.get("order_numbers", [])]
    given = {"order_numbers": numbers} if numbers else {}
    return [
        replace(act, entities={**given, **act.entities}) if act in spoken else act for act in acts if act not in told
    ]


def _spans(acts: Sequence[ActView], whole: str) -> list[str]:
    """What the message says from each clause up to the next; "" of a clause that it does not hold word by word."""
    starts = [whole.find(act.text) if act.text else -1 for act in acts]
    return [
        "" if start < 0 else whole[start : min((other for other in starts if other > start), default=len(whole))]
        for start in starts
    ]


def _only_names(act: ActView) -> bool:
    """ "I also have a lamp from you", taken for a change: it says nothing that an order could be changed to."""
    said = act.entities.keys() & {"options", "address", "quantity", "amount"}
    return act.intent == "change_order" and not said and not wants_other_quantity(act.text)


def said_in_words(intent: str, text: str) -> bool:
    """Whether the text has a word for such a wish."""
    return intent in _IN_WORDS and _IN_WORDS[intent].search(text) is not None


def _goes_elsewhere(act: ActView, wishes: Sequence[ActView]) -> bool:
    """Whether it is about another order than they are, or about where one goes."""
    own = set(act.entities.get("order_numbers", []))
    others = {number for wish in wishes for number in wish.entities.get("order_numbers", [])}
    other = own and others and not own <= others
    return bool(other or act.entities.get("address")) or THE_OTHER.search(act.text) is not None
