"""Several values of one thing in a clause: which is wanted, which it takes the place of, which stands beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentpay.intents.entities.lexicon import Chunk, Entry, Lexicon, chunks
from agentpay.intents.entities.spans import Span, SpanKind

_NOT_THIS = re.compile(r"\b(?:not|rather than|instead of|in place of|isn't|without|no)\b", re.IGNORECASE)
_HAD = re.compile(
    r"\b(?:swap\w*|exchang\w*|chang\w*|switch\w*|replac\w*|trad\w*|order(?:ed)?|got|received|bought|sent|send|came|wrong|have|had|return|bump)\b",
    re.IGNORECASE,
)
_NOW_THIS = re.compile(
    r"\b(?:for|to|against|into|with|wants?|wanted|needs?|needed|should|meant?|but|say|rather|when i|clearly|ordered)\b",
    re.IGNORECASE,
)
_IS_WRONG = re.compile(
    r"\s*(?:ones?\s+)?(?:is|was|are|were|'s|drowns?|pinch(?:es)?)\s+(?:\w+\s+){0,2}?(?:too|loose|tight|small|big|wrong|me)\b",
    re.IGNORECASE,
)
"""What follows a value that does not suit: "the 38 is too small, need 39"."""
_AND_ONE = re.compile(r"\band\s+(?:one|two|an?|\d)\b", re.IGNORECASE)
_NAME = r"[\w/.-]+(?: [\w/.-]+)?"
_FROM_TO = re.compile(
    rf"\b(?:from|change|swap|switch|exchange) (?:an? |the |my |size )?(?P<now>{_NAME})"
    rf" (?:to|for|into) (?:an? |the |size )?(?P<then>{_NAME})",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(r"\b(?:not|instead of|rather than)\s+(?:the\s+|an?\s+)?$", re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """What the vocabulary recognises in a clause."""

    spans: list[Span] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    instead_of: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    brand: str | None = None
    category: str | None = None
    shipping_method: str | None = None
    also: dict[str, list[str]] = field(default_factory=dict)
    of_names: dict[str, int] = field(default_factory=dict)
    """Options whose value may be but a word of a name, and where it ends: what is said of them besides is meant."""

    def name_also(self, name: str, value: str) -> None:
        """A further value of what has one, once."""
        known = {"brand": self.brand, "shipping_method": self.shipping_method, **self.options}
        if value not in (known.get(name), self.instead_of.get(name), *self.also.get(name, ())):
            self.also.setdefault(name, []).append(value)


_JOINED = re.compile(
    r"\W*\b(?:or|and|vs\.?|versus|against|than|to|&)\s+(?:(?:an?|the|in|with|that of)\s+)*$|\s*[/&]\s*$", re.IGNORECASE
)


def joined(text: str, first_end: int, start: int) -> bool:
    """Whether nothing stands between two values but what sets them beside each other: "hot or medium", "in R and in L"."""
    return first_end < start and _JOINED.match(text, first_end, start) is not None


def is_replaced(text: str, start: int) -> bool:
    """Whether the words before say that something else is wanted: "not the grey", "rather than the courier"."""
    return _NOT_BEFORE.search(text[:start]) is not None


def contrast(text: str, entry: Entry, start: int, end: int, found: Found) -> bool:
    """A further value of an option: "gold, not silver" and "swap the cream one for navy" say which is wanted and which is not."""
    first = next((s for s in found.spans if s.kind == "option" and s.value.name == entry.name), None)
    if first is None or entry.name in found.instead_of or start < first.end:
        return False
    between = text[first.end : start]
    if _NOT_THIS.search(between):
        found.instead_of[entry.name] = entry.value
    elif (
        (_HAD.search(text[: first.start]) or _IS_WRONG.match(text, first.end))
        and _NOW_THIS.search(between)
        and not _AND_ONE.search(between)
    ):
        found.instead_of[entry.name], found.options[entry.name] = found.options[entry.name], entry.value
    else:
        return False
    found.spans.append(Span(start, end, "option", entry))
    return True


def beside(entry: Entry, start: int, end: int, found: Found) -> bool:
    """A further value of an option that is neither wanted instead nor unwanted: "medium or firm?", "one in R and one in L"."""
    found.name_also(entry.name, entry.value)
    found.spans.append(Span(start, end, "option", entry))
    return True


def changed(lexicon: Lexicon, text: str, found: Found) -> bool:
    """ "From 9 to 10": two values of one option, the second of which is wanted."""
    change = _FROM_TO.search(text)
    if change is None:
        return False
    before, after = (_named_at(lexicon, text, *change.span(name)) for name in ("now", "then"))
    for now, start, end in before:
        for then, begin, finish in after:
            if now.name != then.name:
                continue
            if now.kind == "shipping":
                found.instead_of["shipping_method"], found.shipping_method = now.value, then.value
            else:
                found.instead_of[now.name], found.options[now.name] = now.value, then.value
            kind: SpanKind = "shipping" if now.kind == "shipping" else "option"
            found.spans += [Span(start, end, kind, now), Span(begin, finish, kind, then)]
            return True
    return False


def _named_at(lexicon: Lexicon, text: str, start: int, end: int) -> list[tuple[Entry, int, int]]:
    """The options and ways of shipping that the first chunks between `start` and `end` name, and where."""
    parts = [Chunk(c.text, c.start + start, c.end + start) for c in chunks(text[start:end])]
    for size in range(len(parts), 0, -1):
        entries = lexicon.entries.get(tuple(c.text for c in parts[:size]), ())
        named = [(one, parts[0].start, parts[size - 1].end) for one in entries if one.kind in ("option", "shipping")]
        if named:
            return named
    return []
