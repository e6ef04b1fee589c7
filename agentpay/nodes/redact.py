"""What of a tool's result a chat model gets to read."""

from __future__ import annotations

from typing import Any

from agentpay.llm.injected import REMOVED, commands, without_commands

_PERSONAL = frozenset({"email", "phone_number", "phone", "whatsapp_id", "line1", "line2"})
_PERSON = frozenset({"customer"})
"""What holds a person: there the name is personal, too."""
ON_FILE = "(on file)"
"""Stands for a value that the shop has and the model does not need."""
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


def without_injections(value: Any) -> Any:
    """A tool's result without what its texts say to the assistant (llm/injected.py): the very same where they say nothing.

    A passage of which nothing is left is left out.
    """
    if isinstance(value, str):
        return without_commands(value, REMOVED) if len(value) > _SENTENCE and commands(value) else value
    if isinstance(value, dict):
        cleaned = {key: without_injections(inner) for key, inner in value.items()}
        return cleaned if any(cleaned[key] is not inner for key, inner in value.items()) else value
    if isinstance(value, list):
        items = [without_injections(inner) for inner in value]
        if all(item is inner for item, inner in zip(items, value, strict=True)):
            return value
        return [item for item in items if not (isinstance(item, dict) and item.get("text") == REMOVED)]
    return value
