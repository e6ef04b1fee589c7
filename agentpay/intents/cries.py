# ruff: noqa: E501 (a regular expression is read in one piece)
"""What people say before what they want, and mean nothing by: "beauty. one of them", "makes sense, the little one"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentpay.intents.deciding import FILLER, MANNERS
from agentpay.intents.entities.lexicon import Lexicon, chunks
from agentpay.intents.entities.spans import Span, blanked, free
from agentpay.intents.patterns import match_rules
from agentpay.intents.text import normalise
from agentpay.intents.types import Dialogue
from agentpay.intents.words import holds

_FIRST_WORDS = re.compile(r"[\s,.!]*(?P<words>[^\W\d_][\w'-]*(?: [\w'-]+){0,2})\s*(?P<sign>[.,!:;]+|\s-)\s+(?=\S)")
_WISH = re.compile(
    r"(?:(?:oh|and|then|so|ok|okay|k|just|plus|also|only|well)\s+)*"
    r"(?:the|that|this|those|these|an?|my|it|them|both|all|one|two|three|four|five|six|first|second|third|fourth|fifth|last|latter|former|number \w+|\d{1,2}|i|i'?ll|i'?d|we|we'?ll|let'?s|can|could|make|put|pop|add|take|give|get|send|go)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\?|\b(?:do|have|has|are|is) (?:you|there|they|it)\b", re.IGNORECASE)
_DETAILS = frozenset(
    {"address", "country", "postal_code", "email", "name", "phone", "order_number", "order", "shipping", "details"}
)  # fmt: skip
_MOST_CRIES = 3
_WORD_CHARS = 40


def without_cries(text: str, spans: Sequence[Span], lexicon: Lexicon, dialogue: Dialogue) -> str:
    """
    The text with its first few words blanked, offsets kept, where they are none of the shop's nor one of the `spans`, no rule knows them, and a wish follows.

    Only in a talk about goods: a name that the shop does not have is to be told of, and an answer to a question kept.
    """
    about_goods = dialogue.shown or dialogue.cart_items or dialogue.asked_for
    if not about_goods or dialogue.asked_for in _DETAILS:
        return text
    begin = 0
    cried: list[tuple[int, int]] = []
    while len(cried) < _MOST_CRIES and (found := _FIRST_WORDS.match(text, begin)) is not None:
        if _WISH.match(found["words"]) or not free(spans, *found.span("words")):
            return text
        norm = normalise(found["words"], (), lexicon.words)
        if not FILLER.match(norm):
            known = match_rules(norm)
            if (known is not None and known[0] not in MANNERS) or _of_shop(found["words"], lexicon):
                return text
            cried.append((begin, found.end()))
        begin = found.end()
        if _WISH.match(text, begin) or (cried and _of_shop(_first_word(text, begin), lexicon)):
            return text if _ASKS.search(text, begin) else blanked(text, cried)
    return text


def _first_word(text: str, begin: int) -> str:
    return next((chunk.text for chunk in chunks(text[begin : begin + _WORD_CHARS])), "")


def _of_shop(words: str, lexicon: Lexicon) -> bool:
    known = (chunk.text for chunk in chunks(words))
    return any(holds(lexicon.words, word) or word in lexicon.begin for word in known)
