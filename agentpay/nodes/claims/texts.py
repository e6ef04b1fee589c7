# ruff: noqa: E501 (a regular expression is read in one piece)
"""What several kinds of claims look at: negations and limits before them, and what articles say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentpay.intents.words import word_set

NEGATED = re.compile(
    r"\b(?:not|n't|never|cannot|can't|cant|couldn't|won't|isn't|wasn't|hasn't|haven't|doesn't|don't|didn't|no|unable|nothing|neither|without|nor|yet to|cannot be)\b|n't\b",
    re.IGNORECASE,
)
REFUSES = re.compile(
    r"\b(?:can(?:no|')t|cannot|can not|unable to|not able to|won't|couldn't|could not|isn't|is not|not possible|don't have|do not have|not|below|beyond)\b[^.!?]{0,40}$",
    re.IGNORECASE,
)
LIMITS = re.compile(
    r"\b(?:under|below|up to|within|over|above|between|and|budget(?: of| is|:)?|than|around|about|asked (?:for|about)|offered|proposed|mentioned|suggested|said|wanted|(?:you(?:r|'d)?|the) (?:\w+ ){0,3}(?:offer|idea|budget|limit|maximum|request) (?:of|is|was|for)|as low as|down to)\s*(?:about |only |just |a )?\W{0,2}$",
    re.IGNORECASE,
)
WORD = re.compile(r"[a-z0-9]+")
STOP = word_set("the and for with a an of in to our your set pack new best one two size from on by it all")
NEAR = 3
COUNTS = {
    "two": 2,
    "both": 2,
    "pair": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "dozen": 12,
}


def quoted(written: str, texts: Sequence[str], around: str) -> bool:
    """Whether an article's sentence says this, in a sentence about the same thing."""
    wanted = figures(written)
    numeric = bool(wanted)
    wanted = wanted or set(WORD.findall(written.casefold()))
    words = {word[:5] for word in WORD.findall(around.casefold()) if len(word) > NEAR and word not in STOP}
    for text in texts:
        for one in re.split(r"(?<=[.!?;])\s|\n", text):
            held = figures(one) if numeric else set(WORD.findall(one))
            if wanted <= held and (words & {word[:5] for word in WORD.findall(one)} or not words):
                return True
    return False


def figures(text: str) -> set[str]:
    """Numbers, written alike: "$1,200.00" and "1200" are one."""
    return {
        re.sub(r"[.,]00$", "", one).replace(",", "").replace("'", "") for one in re.findall(r"\d[\d.,']*\d|\d", text)
    }
