"""Where in a message something was recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

SpanKind = Literal[
    "email",
    "url",
    "phone",
    "address",
    "order",
    "code",
    "money",
    "budget",
    "percent",
    "date",
    "name",
    "option",
    "attribute",
    "shipping",
    "quantity",
    "unit",
    "ordinal",
    "sort",
    "place",
    "postcode",
    "old postcode",
    "idiom",
]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of the cleaned message mean `value`."""

    start: int
    end: int
    kind: SpanKind
    value: Any

    def shifted(self, by: int) -> Span:
        """The same span in a text that begins `by` characters later."""
        return Span(self.start - by, self.end - by, self.kind, self.value)


def blanked(text: str, pieces: Iterable[tuple[int, int]], mark: str = " ") -> str:
    """The text, as long as before, with marks in place of the characters from `start` to `end` of each piece."""
    for start, end in pieces:
        text = text[:start] + mark * (end - start) + text[end:]
    return text


def free(spans: Iterable[Span], start: int, end: int) -> bool:
    """Whether no span covers any of the characters from `start` to `end`."""
    return all(end <= span.start or start >= span.end for span in spans)
