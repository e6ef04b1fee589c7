# ruff: noqa: E501 (a regular expression is read in one piece)
"""Knows the words of the prompts, so that a reply which repeats them is noticed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from agentpay.tools.registry import SPECS

HINT = 14
"""So many characters in a row as in the prompt hold a sentence back, …"""
PROOF = 36
"""… and so many are a leak."""
SHORT = 22
"""A sentence of the prompt of so many characters, and fewer than a proof's, is a leak as a whole."""
_STRIDE = SHORT - HINT
"""Windows are looked at so far apart: one of them lies within a sentence of SHORT characters, however a text is cut."""
_COMMON = (
    "the order number and the e-mail address it was placed with",
    "hand the conversation to a person",
    "the customer's latest order",
    "what can still be done with it",
)
"""What an agent says to customers in the same words."""
_INSIDE = re.compile(
    r"\btransfer_to_\w+|</?facts>|\b(?:your_name|customer_is_known|details_known|items_in_cart|negotiation_allowed|known_of_customer"
    r"|summary_of_earlier_messages|system prompt (?:is|says|reads|begins|starts)|my (?:instructions|system prompt|prompt) (?:are|is|say|read|begin))"
)
_SENTENCE = re.compile(r"[.!?;:\n]")
_SPACES = re.compile(r"[\s*`_\"'“”‘’>#-]+")


def even(text: str) -> str:
    """Upper and lower case, markup and line breaks aside."""
    return _SPACES.sub(" ", text.casefold())


class Secrets:
    """The prompts' words in windows of a fixed length: whether a text ends in one of them is one look into a set."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        spared = [even(phrase) for phrase in _COMMON]
        joined = []
        for text in map(even, texts):
            for phrase in spared:
                text = text.replace(phrase, "\n")
            joined.append(text)
        self._hints = {text[n : n + HINT] for text in joined for n in range(len(text) - HINT + 1)}
        self._proofs = {text[n : n + PROOF] for text in joined for n in range(len(text) - PROOF + 1)}
        # A sentence shorter than that is known as a whole
        self._sentences = {
            one for text in joined for one in map(str.strip, _SENTENCE.split(text)) if SHORT <= len(one) < PROOF
        }
        self._names = {spec.name for specs in SPECS.values() for spec in specs if "_" in spec.name}

    def hinted(self, text: str, start: int) -> bool:
        """Whether a text reads like the prompt, markup aside, where it goes on from `start`."""
        seen = even(text[max(0, start - 2 * HINT) :])
        fresh = len(even(text[start:]))
        return any(seen[end - HINT : end] in self._hints for end in range(len(seen), len(seen) - fresh, -_STRIDE))

    def told(self, text: str) -> bool:
        """Whether a text repeats a part of the prompt, or names what only the prompt names."""
        if "_" in text and (_INSIDE.search(text) or any(name in text for name in self._names)):
            return True
        if _INSIDE.search(text.casefold()):
            return True
        seen = even(text)
        if any(seen[n : n + PROOF] in self._proofs for n in range(len(seen) - PROOF + 1)):
            return True
        return any(sentence in seen for sentence in self._sentences)

    def told_in(self, arguments: dict[str, Any]) -> bool:
        """Whether a text among a tool call's arguments repeats the prompt."""
        return any(
            self.told(value) if isinstance(value, str) else isinstance(value, dict) and self.told_in(value)
            for value in arguments.values()
            if not isinstance(value, str) or len(value) >= SHORT
        )


@cache
def secrets_of(*texts: str) -> Secrets:
    """Of an agent's prompt: made once."""
    told = {spec.description for specs in SPECS.values() for spec in specs}
    return Secrets((*texts, *told))
