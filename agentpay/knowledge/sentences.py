"""Texts cut into sentences."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'“])|\n+")


def sentences(body: str) -> list[str]:
    """The sentences of a text, in order; a line of its own (a list item, a heading) counts as one."""
    return [piece.strip() for piece in _END.split(body) if piece.strip()]
