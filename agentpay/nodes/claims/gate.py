"""Stands between a model and the customer: text flows, a sentence that claims something waits until it is borne out."""

from __future__ import annotations

import re
from collections.abc import Callable

from agentpay.nodes.claims.checking import Checker
from agentpay.nodes.claims.finding import may_claim
from agentpay.nodes.claims.grounds import Grounds
from agentpay.nodes.claims.leaks import HINT, Secrets

_END = re.compile(r"[.!?;。！？][\"')\]*_]*\s|\n")
_MARKS = frozenset(".!?;\n。！？")
LEAK = "words of the instructions"


class Gate:
    """Of one message of a model. `write` takes its pieces; `finish` its end. Both put out what stands, in order.

    After the first sentence that does not stand nothing more goes out: `refused` says which claims it made, `sent` what
    the customer has got of the message. `grounds` are put together only when there is something to check.
    """

    def __init__(self, out: Callable[[str], None], grounds: Callable[[], Grounds], secrets: Secrets) -> None:
        self._out = out
        self._grounds = grounds
        self._secrets = secrets
        self._checker: Checker | None = None
        self._sentence = ""
        self._gone = 0
        """How much of the sentence has been put out."""
        self._tail = ""
        self._holding = False
        self.refused: list[str] = []
        self.sent = ""

    def write(self, piece: str) -> None:
        if self.refused:
            return
        start = len(self._sentence)
        self._sentence += piece
        if not self._holding and not self._suspect(start):
            self._put(len(self._sentence))
            if _MARKS.isdisjoint(self._sentence[max(0, start - 3) :]):
                return
            if (end := _last_end(self._sentence, max(0, start - 3))) is not None:
                self._tail = (self._tail + self._sentence[:end])[-2 * HINT :]
                self._sentence = self._sentence[end:]
                self._gone = len(self._sentence)
            return
        self._settle()

    def finish(self) -> None:
        """The message is whole: what waits is decided."""
        if not self.refused and self._holding:
            self._settle(whole=True)

    def _suspect(self, start: int) -> bool:
        """Whether what is new may claim something, or reads like the prompt."""
        if may_claim(self._sentence, start):
            return True
        return self._secrets.hinted(self._tail + self._sentence, len(self._tail) + start)

    def _settle(self, *, whole: bool = False) -> None:
        """Decide each sentence that has come to its end; hold the rest if it may claim something."""
        self._holding = True
        while self._sentence:
            end = _first_end(self._sentence)
            if end is None:
                if not whole:
                    break
                end = len(self._sentence)
            sentence = self._sentence[:end]
            if not self._stands(sentence):
                return
            self._put(end)
            self._tail = (self._tail + sentence)[-2 * HINT :]
            self._sentence, self._gone = self._sentence[end:], 0
        if not self._sentence:
            self._holding = False
        elif not self._suspect(0):
            self._put(len(self._sentence))
            self._holding = False

    def _stands(self, sentence: str) -> bool:
        if self._secrets.told(self._tail + sentence):
            self.refused = [LEAK]
        elif may_claim(sentence):
            self._checker = self._checker or Checker(self._grounds())
            self.refused = self._checker.unsupported(sentence, self.sent)
        return not self.refused

    def _put(self, end: int) -> None:
        if text := self._sentence[self._gone : end]:
            self._out(text)
            self.sent += text
        self._gone = end


def _first_end(text: str) -> int | None:
    match = _END.search(text)
    return match.end() if match else None


def _last_end(text: str, start: int) -> int | None:
    end = None
    for match in _END.finditer(text, start):
        end = match.end()
    return end
