# ruff: noqa: E501 (a regular expression is read in one piece)
"""How many, where words around a number say that goods are counted: what is put in, bought on a condition, or priced for so many."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.numerals import NUMERAL, number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import Gated
from agentpay.intents.words import singulars

_FLAGS = re.IGNORECASE
_N = rf"(?P<n>\d{{1,2}}|{NUMERAL})"
_NO_UNIT = r"(?!\s*-?\s*(?:%|per ?cent|percent|days?|weeks?|months?|years?|hours?|minutes?|mins?|people|persons?|kg|g|ml|cm|mm|m|l|euros?|dollars?|pounds?|bucks|quid|francs?|kr|zł|zl|yen|off)\b)(?![\w.,:/-]*\d)"
_WANTED = (
    Gated(
        rf"\b(?:put|throw|chuck|pop|stick|pack)(?: (?:me|us|in|on))*\s+{_N}{_NO_UNIT}(?=\s+(?:in|for (?:me|us)|more|of)\b|\W*$|\s*[,.;]|\s+[^\W\d_]{{3,}})",
        _FLAGS,
    ),
    Gated(rf"\b(?:send|give|get|grab|make)(?: (?:me|us|it|that|them))?\s+{_N}{_NO_UNIT}(?=\W*$)", _FLAGS),
    Gated(
        rf"\b(?:if|when) (?:i|we) (?:grab|buy|get|take|order|bought|took)\s+{_N}{_NO_UNIT}(?=\W*$|\s*[,?;]|\s+(?:of|what|can|could|would|will|do|is)\b)",
        _FLAGS,
    ),
    Gated(rf"\b(?:i|we)(?:'d| might| may| would| could)\s+(?:need|want|take)\s+{_N}{_NO_UNIT}\W*$", _FLAGS),
    Gated(rf"(?:^|,)\s*so\s+{_N}{_NO_UNIT}\W*$", _FLAGS),
    Gated(rf"\b(?:come to|cost|price)\b[^.?!]*?\bfor\s+{_N}{_NO_UNIT}\W*$", _FLAGS),
    Gated(rf"\bwhat(?:'?s| do| would| does| is)?\s+{_N}\s+[^.?!]*\bcome\b", _FLAGS),
)
_OF_AN_ITEM = Gated(
    rf"(?<=[^\W\d_])\s+{_N} ?(?:nos?|pcs?|stk)\b\.?(?=\W*$|\s*[,/;]|\s+and\b)",
    _FLAGS,
)
"""Behind the goods in a list: "dupatta 5 nos", "cleaner 3 pc."."""
_THE_GOODS = Gated(r"\b(?:do|for|just)\s+the\s+(?P<n>two|three|four|five|six|[2-6])(?=\s+[^\W\d_]{3,})", _FLAGS)
"""So many of what was spoken of: "would you do the two vases for 60?"."""
_MOST = 24
"""A larger number in digits may be a size."""


def find_counted(text: str, taken: Sequence[Span], goods: Collection[str]) -> Span | None:
    """The first number that is said so."""
    for pattern in (*_WANTED, _OF_AN_ITEM):
        for match in pattern.finditer(text):
            value = number(match["n"])
            if value and 1 < value <= _MOST and free(taken, *match.span("n")):
                return Span(*match.span("n"), "quantity", value)
    for match in _THE_GOODS.finditer(text):
        word = re.match(r"\s+(?:[^\W\d_]+\s+)?([^\W\d_]{3,})", text[match.end() :])
        if free(taken, *match.span("n")) and any(
            one in goods
            for one in (*singulars(_bare(text[match.end() :].split()[0])), *singulars(_bare(word[1]) if word else ""))
        ):
            return Span(*match.span("n"), "quantity", number(match["n"]))
    return None


def _bare(word: str) -> str:
    return word.lower().strip(".,?!")
