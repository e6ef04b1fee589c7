"""What two runs of the same seed never say the same way is masked: ids, links, moments, numbers of orders made on the way."""

from __future__ import annotations

import re
from typing import Any

_MASKS = (
    (re.compile(r"https?://[^\s)\"'>\]]+"), "(link)"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "(id)"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"), "(time)"),
    (re.compile(r"\b20\d{2}-\d{2}-\d{2}\b"), "(day)"),
    (
        re.compile(
            r"\b(?:\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
            r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2})(?:,? 20\d{2})?\b"
        ),
        "(day)",
    ),
    (re.compile(r"(?<=order number is )[\w-]+"), "(number)"),
    (re.compile(r"\bch_[\w-]+|\bre_[\w-]+|\bpi_[\w-]+"), "(reference)"),
)
_BARE = frozenset({"id", "number", "reference", "idempotency_key", "client_token", "call_id", "elapsed_ms"})
"""Fields whose value alone tells nothing: made anew in each run."""


def masked(text: str) -> str:
    """The text with what is new in every run replaced by what it is."""
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def masked_data(value: Any) -> Any:
    """The same for data: every text in it, and the values of fields that are made anew in each run."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {
            key: f"({key})" if key in _BARE and isinstance(found, str | int | float) else masked_data(found)
            for key, found in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked_data(each) for each in value]
    return value
