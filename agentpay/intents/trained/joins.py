"""Messages made of two: customers greet before they ask, chat beside it, and ask for two things at once."""

from __future__ import annotations

import random
from collections.abc import Sequence

from agentpay.intents.trained.training_set import Example

_WISHES, _GREETED, _CHATTED = 3000, 1200, 700
_MANNERS = {"greeting", "thanks", "goodbye"}
_JOINTS = (" and ", ". ", ", ", "? ", ", and ", "! ", " - ", " also ", ". Also ")
_BREAKS = (", ", ". ", "! ")
_MOST_WORDS = 12


def with_joins(examples: Sequence[Example], seed: int = 0) -> list[Example]:
    """
    The examples and messages joined of them; the same for the same examples.

    Two wishes make a message of both; a greeting, thanks or chat beside a wish leaves it the only one (docs/intents.md).
    """
    chance = random.Random(seed)
    short = [(text, names[0]) for text, names in examples if len(names) == 1 and len(text.split()) <= _MOST_WORDS]
    wishes: dict[str, list[str]] = {}
    for text, name in short:
        if name not in _MANNERS | {"other"}:
            wishes.setdefault(name, []).append(text)
    manners = [(text, name) for text, name in short if name in _MANNERS and len(text.split()) <= 4]
    chat = [text for text, name in short if name == "other" and len(text.split()) >= 3]
    joined = list(examples)
    if len(wishes) < 2:
        return joined
    names = sorted(wishes)
    for _ in range(_WISHES):
        one, other = chance.sample(names, 2)
        first, second = chance.choice(wishes[one]), chance.choice(wishes[other])
        joined.append((first.rstrip(".!?") + chance.choice(_JOINTS) + second, (one, other)))
    for _ in range(_GREETED if manners else 0):
        said, name = chance.choice(manners)
        wish = chance.choice(names)
        parts = (said, chance.choice(wishes[wish])) if name == "greeting" else (chance.choice(wishes[wish]), said)
        joined.append((parts[0].rstrip(".!?") + chance.choice(_BREAKS) + parts[1], (wish,)))
    for _ in range(_CHATTED if chat else 0):
        wish = chance.choice(names)
        told = chance.choice(chat).rstrip(".!?")
        joined.append((told + chance.choice(_BREAKS) + chance.choice(wishes[wish]), (wish,)))
    return joined
