"""Which products a sentence speaks of."""

from __future__ import annotations

import re

from agentpay.nodes.claims.finding import plain
from agentpay.nodes.claims.grounds import Grounds, Unit
from agentpay.nodes.claims.texts import NEAR, STOP, WORD

_FAR = 600


class Subjects:
    """Finds the titles that a text names, among those that tools told of."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds
        self._words: dict[str, frozenset[str]] | None = None

    def mentioned(self, text: str) -> list[str]:
        """Titles that the text names: whole, or by a word that no other product of these has."""
        titles = self.grounds.titles
        if not titles:
            return []
        low = text.casefold()
        whole = [title for title in titles if title.casefold() in low]
        if whole:
            return [title for title in whole if not any(title != other and title in other for other in whole)]
        words = {word.rstrip("s") for word in WORD.findall(low)}
        return [title for title, own in self._own_words().items() if own & words]

    def last_mentioned(self, before: str) -> list[str]:
        for sentence in reversed(re.split(r"(?<=[.!?])\s|\n", plain(before[-_FAR:]))):
            if found := self.mentioned(sentence):
                return found
        return []

    def _own_words(self) -> dict[str, frozenset[str]]:
        if self._words is None or len(self._words) != len(self.grounds.titles):
            known = self.grounds.titles
            plural = {
                title: frozenset(w.rstrip("s") for w in own if len(w) >= NEAR and w not in STOP and not w.isdigit())
                for title, own in known.items()
            }
            options = {
                word.rstrip("s")
                for unit in self.grounds.units
                for option in unit.options
                for word in WORD.findall(option)
            }
            self._words = {
                title: own - options - frozenset().union(*(other for name, other in plural.items() if name != title))
                for title, own in plural.items()
            }
        return self._words

    def units(self, part: str, about: list[str]) -> list[Unit]:
        """The variants the clause speaks of, as far as it says which."""
        units = self.grounds.units
        named = self.mentioned(part) or about
        if named:
            units = [unit for unit in units if unit.title in named]
        low = f" {' '.join(WORD.findall(part.casefold()))} "
        chosen = [
            unit for unit in units if any(f" {' '.join(WORD.findall(option))} " in low for option in unit.options)
        ]
        return chosen or units
