"""What a customer says of themselves that will hold next time: their size, what they like, where they live.

Read from what they wrote by rules, and from the address they gave; written for identified customers alone (remember).
"""

from __future__ import annotations

import re
from typing import Any

from agentpay.nodes.state import State

_SIZE = r"(?P<size>\d{1,3}(?:[.,]5)?|x{0,4}[sl]|m|small|medium|large)"
_WEARS = re.compile(
    r"\b(?:i (?:usually |always |normally |generally )*(?:wear|take)(?: an?)?(?: size)?"
    r"|my (?:usual |normal |shoe |shirt |clothing |clothes |ring )*size is(?: an?)?"
    r"|i(?:'m| am) (?:usually |normally )?(?:an? )?size)"
    rf" (?:eu |us |uk )?{_SIZE}\b(?! ?(?:of|cm|mm|kg|g|ml|years?|packs?)\b)",
    re.IGNORECASE,
)
_LIKES = re.compile(
    r"\bfavou?rite\b|\bi (?:really |always |usually |generally |only |much )*(?:prefer|love|wear|buy)\b", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:not|never|don'?t|hate|isn'?t|without|but for|for my)\b", re.IGNORECASE)
_WORDS = {"SMALL": "S", "MEDIUM": "M", "LARGE": "L"}
_COLOURS = frozenset({"color", "colour"})
_MOST = 5
SHOWN = frozenset({"sizes", "colors", "brands"})
"""Facts that a model may read. The address is used by the tools and stays out of prompts."""


def said(state: State, known: dict[str, Any]) -> dict[str, Any]:
    """The facts this turn adds to or changes in those that are `known`: key → its new value.

    `sizes`: as shops write them, one a kind (number, letter); `colors`, `brands`: the latest last; `address`: CONTRACT §3.
    """
    found: dict[str, Any] = {}
    for act in state["understanding"]["acts"]:
        text, entities = act["text"], act["entities"]
        if _NOT.search(text):
            continue
        if (match := _WEARS.search(text)) is not None:
            size = match["size"].upper().replace(",", ".")
            found["sizes"] = _sizes(found.get("sizes", known.get("sizes", [])), _WORDS.get(size, size))
        if _LIKES.search(text) and "?" not in text:
            options = entities.get("options") or {}
            for value in (value for name, value in options.items() if name.casefold() in _COLOURS):
                found["colors"] = _latest(found.get("colors", known.get("colors", [])), value)
            if brand := entities.get("brand"):
                found["brands"] = _latest(found.get("brands", known.get("brands", [])), brand)
    for call in state["reply"]["tool_calls"]:
        if call["name"] == "set_customer_details" and call["status"] == "ok":
            address = (call["result"] or {}).get("details", {}).get("shipping_address")
            if address:
                found["address"] = address
    return {key: value for key, value in found.items() if value != known.get(key)}


def _sizes(before: list[str], size: str) -> list[str]:
    """A number replaces a number, a letter a letter: shoes and shirts."""
    return [*(other for other in before if other[0].isdigit() != size[0].isdigit()), size]


def _latest(before: list[str], value: str) -> list[str]:
    return [*(other for other in before if other != value), value][-_MOST:]
