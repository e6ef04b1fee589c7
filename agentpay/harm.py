# ruff: noqa: E501 (a regular expression is read in one piece)
"""Goods that would harm who they are for, by what the shop itself says: no lilies where the customer's cat chews everything."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WHO = tuple(
    (re.compile(rf"\b(?:{told})\b", re.I), re.compile(rf"\b(?:{warned})\b", re.I))
    for told, warned in (
        (r"cats?|kittens?|kitt(?:y|ies)", r"cats?|kittens?|pets?|animals?"),
        (r"dogs?|pupp(?:y|ies)|pups?", r"dogs?|pupp(?:y|ies)|pets?|animals?"),
        (r"pets?|rabbits?|bunn(?:y|ies)|hamsters?|parrots?|budgies?|tortoises?", r"pets?|animals?|rabbits?|birds?"),
        (r"bab(?:y|ies)|toddlers?|infants?|newborns?", r"bab(?:y|ies)|toddlers?|infants?|children|small parts"),
        (r"nuts?|peanuts?|hazelnuts?|almonds?", r"nuts?|peanuts?|hazelnuts?|almonds?"),
        (r"gluten|coeliacs?|celiacs?|wheat", r"gluten|wheat|coeliacs?"),
        (r"lactose|dairy|milk", r"lactose|dairy|milk|butter|cream"),
        (r"vegans?", r"vegans?|milk|honey|eggs?|beeswax|leather|wool"),
        (r"pregnant|pregnancy", r"pregnan\w+"),
        (r"latex", r"latex"),
        (r"wool", r"wool"),
    )
)
"""Who or what is told of, and what a warning of it names."""
_MINDS = re.compile(
    r"\b(?:poison\w*|toxic|harm\w*|safe|chew\w*|nibbl\w*|lick\w*|eats?|swallow\w*|sick|ill|allerg\w*|intoleran\w*|vegans?|coeliac|celiac|pregnant|free)\b|-free\b",
    re.I,
)
"""Says that it must do no harm."""
_HARMS = re.compile(
    r"(?<!not )(?<!non-)(?<!non )\b(?:toxic|poisonous|harmful|dangerous)\b|\b(?:not|never|un)[ -]?(?:be )?(?:safe|suitable|recommended|for|give|use|send)\b|\bdo not (?:send|give|use)\b"
    r"|\bkeep (?:away|out of)\b|(?<!no )(?<!not )\b(?:contains?|may contain|made (?:of|from|with)|traces of)\b(?! no\b)",
    re.I,
)
_UNSAFE = re.compile(r"\bnot (?:safe|suitable)\b", re.I)
_SPARES = re.compile(
    r"\b(?:not|non)[ -](?:toxic|poisonous|harmful)\b|\b(?:is |are )?(?<!not )(?:pet |cat |dog )?safe\b|\bsuitable for\b|\b(?:contains? no|free (?:of|from)|without)\b|-free\b",
    re.I,
)


def told_of(text: str) -> list[str]:
    """Whom or what a customer tells of that goods may harm, where they mind: "two cats who chew everything" → cats."""
    if _MINDS.search(text) is None:
        return []
    return [found.group().lower() for told, _ in _WHO if (found := told.search(text))]


def warnings(text: str, told: str) -> list[str]:
    """The sentences of a description that warn of harm to whom or what a customer tells of: "she has an old cat"."""
    meant = [warned for named, warned in _WHO if named.search(told)]
    return [
        sentence
        for sentence in _SENTENCE.split(text)
        if _HARMS.search(sentence) and any(warned.search(sentence) for warned in meant)
    ]


def spares(text: str, who: Sequence[str]) -> bool | None:
    """Whether goods that are described so do no harm to any of them: False where the text warns, None where it says nothing."""
    meant = [warned for told, warned in _WHO if any(told.search(one) for one in who)]
    found: bool | None = None
    for sentence in _SENTENCE.split(text):
        if not any(warned.search(sentence) for warned in meant):
            continue
        if _SPARES.search(sentence) and not _UNSAFE.search(sentence):
            found = True
        elif _HARMS.search(sentence):
            return False
    return found
