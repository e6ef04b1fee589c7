"""What of a tool's result a chat model gets to read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from agentpay.llm.injected import commands, without_commands
from agentpay.nodes.claims.quoting import about_the_product

_PERSONAL = frozenset({"email", "phone_number", "phone", "whatsapp_id", "line1", "line2"})
_PERSON = frozenset({"customer"})
"""What holds a person: there the name is personal, too."""
ON_FILE = "(on file)"
"""Stands for a value that the shop has and the model does not need."""
_DESCRIBES = frozenset({"description", "conversational_description", "voice_description", "attributes"})
UNTITLED = "Item"
_SENTENCE = 24
"""Shorter texts hold no command."""


def for_model(value: Any, within: str = "") -> Any:
    """A copy of a tool's result in which e-mail, phone, street and the person's name are only said to be there.

    They go to the shop's own database and to the customer's screen; a model's provider needs none of them to sell.
    """
    if isinstance(value, dict):
        return {
            key: ON_FILE
            if inner and (key in _PERSONAL or (key == "name" and within in _PERSON))
            else for_model(inner, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [for_model(inner, within) for inner in value]
    return value


def to_be_said(value: Any, within: str = "") -> Any:
    """A tool's result without what its texts say to the assistant (llm/injected.py), and descriptions without what no
    description knows: prices, codes, links, orders. The very same where there is nothing of the kind.

    A passage of which nothing is left is left out.
    """
    if isinstance(value, str):
        if len(value) <= _SENTENCE or " " not in value:
            return value
        said = _of_the_product(value) if within in _DESCRIBES else _safe(value)
        return value if said == value else said
    if isinstance(value, dict):
        inside = within if within == "attributes" else ""
        cleaned = {key: to_be_said(inner, inside or key) for key, inner in value.items()}
        if value.get("title") and not cleaned["title"]:
            cleaned["title"] = UNTITLED
        return cleaned if any(cleaned[key] is not inner for key, inner in value.items()) else value
    if isinstance(value, list):
        items = [to_be_said(inner, within) for inner in value]
        if all(item is inner for item, inner in zip(items, value, strict=True)):
            return value
        return [item for item in items if not (isinstance(item, dict) and item.get("text") == "")]
    return value


def _safe(text: str) -> str:
    return without_commands(text) if commands(text) else text


@lru_cache(maxsize=4096)
def _of_the_product(text: str) -> str:
    """Remembered: the same goods are shown again and again, and nobody's own words are among these texts."""
    return about_the_product(_safe(text))
