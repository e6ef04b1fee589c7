"""How customers put things: sentences out of a grammar (`data/phrases.yaml`), by a customer's own random numbers.

`(a|b)` is one of both and may nest; `(a|)` may be left out; `{what}` is filled in. A slot's own text is never read as grammar.
"""

from __future__ import annotations

import random
import re

from agentpay.evals.simulated.reading import words

_PARENS = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


def phrases() -> dict[str, list[str]]:
    """Every act with its templates."""
    return words("phrases")


def say(rng: random.Random, act: str, **slots: str) -> str:
    """A sentence of the act. KeyError: an act or a slot that there is none of."""
    text = rng.choice(phrases()[act])
    while (match := _PARENS.search(text)) is not None:
        text = text[: match.start()] + rng.choice(match[1].split("|")) + text[match.end() :]
    filled = _SLOT.sub(lambda slot: slots[slot[1]], text)
    return _tidy(filled)


def ways(act: str) -> int:
    """How many ways the grammar has of doing an act, slots apart."""
    return sum(_ways(template) for template in phrases()[act])


def _ways(text: str) -> int:
    count = 1
    while (match := _PARENS.search(text)) is not None:
        count *= match[1].count("|") + 1
        text = text[: match.start()] + text[match.end() :]
    return count


def joined(one: str, other: str, by: str) -> str:
    """Two sentences in one message; `by` is what stands between them."""
    if by != ".":
        one = one.rstrip(".")
        other = other if other[:2] in ("I ", "I'") or other[:2].isupper() else other[0].lower() + other[1:]
    return f"{one}{by if by != '.' or one[-1] not in '.?!' else ''} {other}"


def _tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ([,.!?])", r"\1", text)
