"""Messages made of two: customers greet before they ask, chat beside it, and ask for two things at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from agentpay.intents.trained.training_set import Example

_WISHES, _GREETED, _CHATTED = 6000, 1200, 900
_MANNERS = {"greeting", "thanks", "goodbye"}
_JOINTS = (
    " and ", ". ", ", ", "? ", ", and ", "! ", " - ", " also ", ". Also ", ", then ", " n ", ", but ", "; ", " then ", ". And ", " & ",
)  # fmt: skip
_BREAKS = (", ", ". ", "! ")
_MOST_WORDS = 12


class Message(NamedTuple):
    """A message of the training set, or one joined of two."""

    text: str
    names: tuple[str, ...]
    second: int | None = None
    """Of two wishes: where the second begins; None where any part may be for any of the intents."""


def with_joins(examples: Sequence[Example], seed: int = 0) -> list[Message]:
    """
    The examples and messages joined of them; the same for the same examples.

    Two wishes make a message of both, every other time such a pair as the examples have themselves; a greeting, thanks or chat
    beside a wish leaves it the only one (docs/intents.md).
    """
    chance = random.Random(seed)
    short = [(text, names[0]) for text, names in examples if len(names) == 1 and len(text.split()) <= _MOST_WORDS]
    wishes: dict[str, list[str]] = {}
    for text, name in short:
        if name not in _MANNERS | {"other"}:
            wishes.setdefault(name, []).append(text)
    manners = [(text, name) for text, name in short if name in _MANNERS and len(text.split()) <= 4]
    chat = [text for text, name in short if name == "other" and len(text.split()) >= 3]
    joined = [Message(text, names) for text, names in examples]
    if len(wishes) < 2:
        return joined
    names = sorted(wishes)
    pairs = [pair for _, pair in examples if len(pair) == 2 and set(pair) <= set(names)]
    for turn in range(_WISHES):
        one, other = chance.choice(pairs) if pairs and turn % 2 else chance.sample(names, 2)
        joint, first, second = chance.choice(_JOINTS), chance.choice(wishes[one]), chance.choice(wishes[other])
        if chance.random() < 0.5 and second[1:2].islower():
            second = second[0].lower() + second[1:]
        begun = first.rstrip(".!?") + joint
        joined.append(Message(begun + second, (one, other), len(begun)))
    for _ in range(_GREETED if manners else 0):
        said, name = chance.choice(manners)
        wish = chance.choice(names)
        parts = (said, chance.choice(wishes[wish])) if name == "greeting" else (chance.choice(wishes[wish]), said)
        joined.append(Message(parts[0].rstrip(".!?") + chance.choice(_BREAKS) + parts[1], (wish,)))
    for _ in range(_CHATTED if chat else 0):
        wish = chance.choice(names)
        told = chance.choice(chat).rstrip(".!?")
        joined.append(Message(told + chance.choice(_BREAKS) + chance.choice(wishes[wish]), (wish,)))
    return joined
