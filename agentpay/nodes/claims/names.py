"""What stands in the name of a product and claims nothing: "Sunday waffle robe" is no day, "90-day planner" no promise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agentpay.nodes.claims.finding import MOVES, Claim
from agentpay.nodes.claims.texts import NEAR, STOP

_TOKEN = re.compile(r"[A-Za-z0-9]+")
_BREAK = re.compile(r"[.,;:!?()\n]|\s[–—-]\s")
_KINDS = frozenset({"day", "duration", "count", "name"})
"""Of amounts, percentages, stock and deeds a name bears out none, whoever gave it."""
_AROUND = 6
"""Words on either side that are looked at."""


def named(claim: Claim, text: str, titles: Iterable[str]) -> bool:
    """Whether the claim's words, with one beside them at least that says what it is, are words of one title in its order.

    The title may be shortened ("the Sunday robe"); the claim has to be in it to its last word: "on Sunday" is not, nor is
    "2 Sunday robes left".
    """
    words = list(_TOKEN.finditer(text))
    end = claim.start + len(claim.text)
    inside = [at for at, word in enumerate(words) if claim.start < word.end() and word.start() < end]
    if claim.kind not in _KINDS or not inside:
        return False
    if any(_covers(title, text, claim) for title in titles):
        return True  # with its comma: "VaultBox backup software, one year"
    low, high = inside[0], inside[-1] + 1
    runs = [
        (start, stop)
        for start in range(max(low - _AROUND, 0), low + 1)
        for stop in range(high, min(high + _AROUND, len(words)) + 1)
        if (start, stop) != (low, high) and _BREAK.search(text, words[start].end(), words[stop - 1].start()) is None
    ]
    spoken = [word.group().casefold() for word in words]
    told = [
        spoken[start:stop]
        for start, stop in runs
        if any(_says_what(word) for word in [*spoken[start:low], *spoken[high:stop]])
    ]
    names = [[word.casefold() for word in _TOKEN.findall(title)] for title in titles]
    return any(_in_order(run, name) for name in names for run in told)


def _covers(title: str, text: str, claim: Claim) -> bool:
    """Whether the whole title stands where the claim does, with more than the claim in it."""
    if len(title) <= len(claim.text):
        return False
    found = re.finditer(re.escape(title), text, re.IGNORECASE)
    return any(one.start() <= claim.start and claim.start + len(claim.text) <= one.end() for one in found)


def _says_what(word: str) -> bool:
    return len(word) >= NEAR and word not in STOP and not word.isdigit() and MOVES.search(word) is None


def _in_order(run: Sequence[str], name: Sequence[str]) -> bool:
    left = iter(name)
    return all(word in left for word in run)
