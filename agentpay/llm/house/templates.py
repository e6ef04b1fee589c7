"""A merchant's own wordings (`templates` of an agent): which sentences there are, what can be filled in, and filling it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter
from typing import Any

from agentpay.errors import Problem
from agentpay.llm.house.languages import FOREIGN
from agentpay.llm.house.tones import TONES
from agentpay.llm.house.wording import WORDINGS

ALWAYS = frozenset({"assistant", "shop"})
"""What every sentence may name."""
NEEDED = frozenset({"url"})
"""What a sentence of ours that names it is said for: without it the customer could not pay."""
Wordings = str | Sequence[str]


def placeholders(text: str) -> set[str]:
    """The fields in braces. Raises ValueError for braces that are not closed, and for anything but a plain name in them."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is no plain name")
        found.add(name)
    return found


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Raises ValueError and KeyError where a wording names something else than what it is given."""
    placeholders(text)
    return text.format_map(values)


@cache
def sentences() -> dict[str, tuple[str, ...]]:
    """Every sentence that can be put in other words: key → our wordings."""
    return {key: tuple(own) for key, own in (WORDINGS | FOREIGN).items()}


@cache
def fields_of(key: str) -> frozenset[str]:
    """What the sentence of `key` may name."""
    own = [*sentences()[key], *(text for tone in TONES.values() for text in tone.get(key, ()))]
    return ALWAYS.union(*(placeholders(text) for text in own))


def check(templates: Mapping[str, Wordings]) -> None:
    """Raises Problem 422 `unknown_template`, `invalid_template`, `unknown_placeholder`, `missing_placeholder`."""
    for key, wordings in templates.items():
        if key not in sentences():
            raise Problem("unknown_template", f"There is no sentence {key!r}.", template=key)
        for text in [wordings] if isinstance(wordings, str) else wordings:
            _check_text(key, text)


def _check_text(key: str, text: str) -> None:
    try:
        named = placeholders(text)
    except ValueError as error:
        raise Problem("invalid_template", f"Template {key!r}: {error}.", template=key) from None
    allowed = fields_of(key)
    if unknown := sorted(named - allowed):
        raise Problem(
            "unknown_placeholder",
            f"Template {key!r} is not given {', '.join(unknown)}.",
            template=key,
            unknown=unknown,
            placeholders=sorted(allowed),
        )
    if missing := sorted((allowed & NEEDED) - named):
        raise Problem(
            "missing_placeholder", f"Template {key!r} needs {', '.join(missing)}.", template=key, missing=missing
        )
