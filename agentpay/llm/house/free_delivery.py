# ruff: noqa: E501 (a regular expression is read in one piece)
""" "When is delivery free?": what the shop's pages say of it, else what its rates come to."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, describe
from agentpay.llm.house.talk import Ask, Talk
from agentpay.money import country_name

_FREE = re.compile(
    r"\bfree\b|\bno (?:postage|shipping|delivery) (?:costs?|charges?|fees?)\b|\bwithout (?:postage|paying (?:for )?(?:shipping|delivery|postage))\b",
    re.I,
)
_SENDING = re.compile(r"\b(?:ship\w*|deliver\w*|postage)\b", re.I)
_BACK = re.compile(r"\b(?:return\w*|exchang\w*|replac\w*|back)\b", re.I)


def told(talk: Talk, act: ActView, country: str | None) -> Generator[Ask, ToolOutcome, bool]:
    """Whether it was asked, and has been answered. `country`: where it would go to, if that is known."""
    if _FREE.search(act.text) is None:
        return False
    if not act.entities.get("country"):
        pages = yield Ask("search_knowledge", {"query": act.text[:400]})
        if page := next((one for one in pages.result.get("passages", []) if _tells(one["text"])), None):
            articles.quote(talk, page)
            return True
    where = {"country": country} if country else {}
    outcome = yield Ask("quote_shipping", {"free_from": True, **where})
    rates: list[dict[str, Any]] = outcome.result.get("free_from", []) if outcome.ok else []
    if rates:
        bounded = [rate for rate in rates if rate["min_subtotal"]]
        if bounded:
            spent = [_bound(talk, rate) for rate in bounded]
            talk.say("free_from", rates=describe.listing(spent))
        if always := [rate for rate in rates if not rate["min_subtotal"]]:
            talk.say("free_always", rates=describe.listing([f"{rate['name']} ({rate['zone']})" for rate in always]))
        return True
    if outcome.ok:
        talk.say("free_never", where=f" to {country_name(country)}" if country else "")
    return False


def asks(text: str) -> bool:
    return _tells(text)


def _tells(text: str) -> bool:
    return any(_FREE.search(one) and _SENDING.search(one) and not _BACK.search(one) for one in describe.sentences(text))


def _bound(talk: Talk, rate: dict[str, Any]) -> str:
    return f"{rate['name']} ({rate['zone']}) on orders of {talk.money(rate['min_subtotal'])} or more"
