"""A search for several things at once: "show me the dog bed and the blanket", "stone and peel"."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.asking import show
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Talk

_AND_THE = re.compile(r"\s+(?:and|&)\s+(?:the|your)\s+", re.I)
_THE_AND_THE = re.compile(r"\b(?:the|your)\s(?:\S+\s){1,5}(?:and|&)\s+(?:the|your)\s", re.I)
_BARE_PAIR = re.compile(r"^\W*(?P<one>[a-z][\w-]*) (?:and|&|\+) (?P<other>[a-z][\w-]*)\W*$", re.I)
"""Nothing but two words: "stone and peel"."""


def each_named(act: ActView, query: str) -> list[str]:
    """ "Show me the dog bed and the blanket": the names of several goods."""
    if _THE_AND_THE.search(act.text):
        return _AND_THE.split(query)
    pair = _BARE_PAIR.match(act.text) if act.intent == "product_search" else None
    return [pair["one"], pair["other"]] if pair else []


def show_each(talk: Talk, names: list[str]) -> Generator[Ask, ToolOutcome, bool]:
    """What each name finds first, where all of them find something else."""
    shown: dict[str, dict[str, Any]] = {}
    for name in names:
        outcome = yield Ask("product_search", {"query": name, "limit": 1})
        titled = [one for one in outcome.result.get("products", [])[:1] if stems(name) & stems(one["title"])]
        shown |= {product["external_id"]: product for product in titled}
    if len(shown) == len(names):
        show(talk, list(shown.values()), "found_some")
    return len(shown) == len(names)
