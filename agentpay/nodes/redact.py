"""What of a tool's result a chat model gets to read."""

from __future__ import annotations

from typing import Any

_PERSONAL = frozenset({"email", "phone_number", "phone", "whatsapp_id", "line1", "line2"})
ON_FILE = "(on file)"
"""Stands for a value that the shop has and the model does not need."""


def for_model(value: Any) -> Any:
    """A copy of a tool's result in which e-mail, phone and street are only said to be there.

    They go to the shop's own database and to the customer's screen; a model's provider needs neither to sell.
    """
    if isinstance(value, dict):
        return {key: ON_FILE if key in _PERSONAL and inner else for_model(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [for_model(inner) for inner in value]
    return value
