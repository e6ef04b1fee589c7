# ruff: noqa: E501 (a regular expression is read in one piece)
"""Sums that a customer claims: what others ask and this shop shall ask too, and money that is wanted back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.intents.entities.money import Money, price, read_price
from agentpay.intents.entities.numerals import LIKELY_MONEY
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated

_FLAGS = re.IGNORECASE
_PRICE = price(1, bare=True)
_MATCHED = AnyOf(
    r"\b(?:(?:price[- ]?)?match(?:ing)?|beat|meet (?:me|it|them|that)|do the same|go (?:with|as low)|do you follow|follow (?:suit|that)|the same price|honou?r (?:that|it))\b(?! (?:the|my|with|well|them|those|colou?rs?)\b(?! price))",
    _FLAGS,
)
"""Where a price that others ask is wanted here."""
_ASKED_ELSEWHERE = Gated(
    rf"\b(?:for|at|is|are|was|'s|it'?s|sells?(?: (?:it|this|that|them|the same))?|selling(?: (?:it|this|that|them))?|wants?|asks?|charges?|costs?|only|match(?:ing)?|beat|meet|says?)\s+(?:just |only |about )?{_PRICE}(?!\s+(?:cheaper|less|more|off)\b)",
    _FLAGS,
)
_OF_YOURS = re.compile(
    r"\b(?:you(?:'re| are| want| ask| charge|rs| have it| sell)?|your price|yours)\b[^.,;?!]{0,20}$", _FLAGS
)
_WANTED_BACK = AnyOf(
    r"\b(?:refund\w*|money (?:back|again)|back|give back|given back|pa(?:y|id) back|reimburse\w*|reverse|credit(?:ed)?|owe[ds]?|see (?:my|the)|kept|short|difference|return me|get the other|the other)\b",
    _FLAGS,
)
_SUM_LACKING = Gated(
    rf"\b(?:other|extra|remaining|missing|difference(?: of)?|one payment)\s+{_PRICE}|(?<![\w.,]){price(2, bare=True)}\s+(?:difference|short)\b",
    _FLAGS,
)
"""What is still to be paid back, beside other sums: "where is the other 80?"."""
_SUM_BACK = Gated(
    rf"\b(?:(?:refund|reimburse|credit|give|pay|send|return)(?: me)?(?: back)?(?: only)?|back|owe me|refund (?:of|for)|money(?: back)? of|amount of|(?:my|the) \w+ money(?: back)?(?: of)?|see (?:my|the))\s*,?\s+(?:the |my |those |that |a |full |whole |of |for |at least )*{_PRICE}",
    _FLAGS,
)
"""A sum behind words of giving back: "refund me the 28.40", "half back, 320"."""
_SUM_THEN_BACK = Gated(
    rf"(?<![\w.,]){_PRICE}\s+(?:(?:for|of) (?:the |my )?\w+(?: \w+)? )?(?:to be (?:given|paid|sent) back|(?:you )?(?:kept|keep|still have)|back\b|again\b|refund\b|to be (?:refunded|returned))",
    _FLAGS,
)
_SUM_AT_END = Gated(
    rf"(?:[.,;:!]\s+|\s-\s|\b(?:money back|money again|back|cash back)\s+){_PRICE}\W*(?:$|\bfor\b)", _FLAGS
)
_GOODS = re.compile(
    r"\b(?:send(?:ing)?|bring|ship|return|take|sent)\b[^,.;?!]*\bback\b|\border\s*#?$|\b(?:size|no|number)\s*$", _FLAGS
)
_OF_MONEY = re.compile(
    r"\b(?:refund\w*|money|reimburs\w*|credit\w*|charged|paid|kept|owe[ds]?|half|(?:give|gave|given|pay)(?: me| us)? back)\b",
    _FLAGS,
)
"""Without one of these a round number may be the goods: "when is the 39 back in stock?"."""
_LEAST = 10_00


def find_claims(text: str, shop_currency: str, taken: Sequence[Span] = ()) -> list[Span]:
    """The price to be matched as proposed, a sum wanted back as owed; one of each at most."""
    if not LIKELY_MONEY.within(text):
        return []
    matched, back = _MATCHED.within(text), _WANTED_BACK.within(text)
    if matched:
        asked = [
            (match, money)
            for match in _ASKED_ELSEWHERE.finditer(text)
            if (money := _sum(match, shop_currency)) is not None
            and _free(match, taken)
            and not _OF_YOURS.search(text[: match.start()])
        ]
        if asked:
            match, money = asked[0]
            return [Span(*_place(match), "money", replace(money, proposed=True))]
    if back:
        for match in _SUM_LACKING.finditer(text):
            n = 1 if any(match[f"{group}1"] for group in _GROUPS) else 2
            money = _sum(match, shop_currency, n)
            if money is not None and free(taken, *_place(match, n)):
                return [Span(*_place(match, n), "money", replace(money, owed=True))]
        for pattern in (_SUM_BACK, _SUM_THEN_BACK, _SUM_AT_END):
            for match in pattern.finditer(text):
                money = _sum(match, shop_currency)
                if money is None or not _free(match, taken):
                    continue
                start, _ = _place(match)
                bare = money.currency is None and money.minor % 100 == 0
                if bare and (_GOODS.search(text[:start]) or _OF_MONEY.search(text) is None):
                    continue
                return [Span(*_place(match), "money", replace(money, owed=True))]
    return []


def _sum(match: re.Match[str], currency: str, n: int = 1) -> Money | None:
    money = read_price(match, n, currency)
    if money is None or not (money.currency or money.minor >= _LEAST or money.minor % 100):
        return None
    return money


_GROUPS = "paqbkstwv"


def _place(match: re.Match[str], n: int = 1) -> tuple[int, int]:
    spans = [match.span(f"{group}{n}") for group in _GROUPS if match[f"{group}{n}"] is not None]
    return min(start for start, _ in spans), max(end for _, end in spans)


def _free(match: re.Match[str], taken: Sequence[Span]) -> bool:
    return free(taken, *_place(match))
