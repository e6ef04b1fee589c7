# ruff: noqa: E501 (a regular expression is read in one piece)
"""What a customer offers to pay: prices that bargaining words stand around, with a currency or without one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.intents.entities.money import NUMBER, Money, minor_units, price, read_price
from agentpay.intents.entities.numerals import LIKELY_MONEY, NUMERAL, number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import Gated, each_match

_FLAGS = re.IGNORECASE
_PRICE = price(1, bare=True)
_END = (
    r"(?=\s*(?:$|[,.!?;]|(?:for|on|if|and|n|instead|in (?:total|all|cash)|total|altogether|all|please|pls|plz|cash|shipped|delivered|flat|since|because|as|then|now|today|right|deal|ok|with"
    r"|would|and\b)\b))"
)
_YOU = r"(?:would|wud|could|cud|can|will|might|do|if)\s+(?:you|u|ya|y'all|we|they)\s+(?:guys\s+|maybe\s+|please\s+|perhaps\s+|possibly\s+)?"
_I = r"(?:i|we)\s?(?:'ll|'d|ll|d| will| would| can| could| might|'m willing to| am willing to)?\s+(?:only |just |maybe |gladly |even )?"
_TO = r"(?:(?:down|up|as low as|as high as|to|at|for|you|around|about|like|only)\s+)*"
_GOODS = r"(?:(?:it|them|both|all|this|that|these|those|the|a|my)\b(?:\s+[\w'-]+){0,4}?\s+(?:for|to|at)\s+)?"
_SOME = r"(?:it|them|both|all|this|that|these|those|the|a|my)\b(?:\s+[\w'-]+){0,4}?\s+"
_PROPOSALS = tuple(
    Gated(pattern, _FLAGS)
    for pattern in (
        rf"(?:^|[,.!]\s*|\b(?:ok|okay|fine|alright|well|then)\s+){_PRICE}\s+it is\b",
        rf"\bis\s+{_PRICE}\s+(?:alright|all right|ok|okay|fine|acceptable|possible|doable)(?:\s+for\s+(?:it|you|them|that|this|both|all)\b)?(?=\s*[?.,!]|\s*$)",
        rf"^\W*{_PRICE}\s+(?:each|apiece|a piece)\s*(?:,|and|&)+\s*(?:and )?(?:i|we)(?:'ll| will|'d)? (?:take|have|buy|order|want)\b",
        rf"\b{_YOU}(?:do|make|take|accept|go|come|drop|say|consider|meet)\s+(?:me\s+|us\s+|him\s+)?{_GOODS}{_TO}{_PRICE}{_END}",
        rf"\b{_YOU}(?:sell|let|give|bring|lower|make|get)\s+(?:me\s+|us\s+)?{_SOME}(?:go\s+|to me\s+|down\s+)?(?:for|to|at)\s+{_PRICE}{_END}",
        rf"\b{_I}(?:give|pay|offer|go|do|meet|manage|stretch|say|buy|take|have|get|grab)\s+(?:you\s+|me\s+)?{_GOODS}{_TO}{_PRICE}(?=\s+(?:for|on)\b|\s+and not\b|\s+(?:total|cash)\b)",
        rf"\b{_I}(?:pay|offer|go (?:to|up to|as high as)|meet you at|stretch to|(?:take|buy|have|get) (?:it|them|both|all|these|those|this|that) (?:for|at))\s+(?:you\s+)?{_TO}{_PRICE}{_END}",
        rf"\b(?:any chance of|agree (?:with|to|on)|settle (?:for|on|at)|call it|shake (?:hands )?(?:at|on)|my (?:\w+ )?offer(?: is|'s|:)?|i offer|offering(?: you)?|let'?s say|meet (?:me |you )?(?:in the middle )?at|(?:lower|drop|reduce|bring)(?: it| the price| this| that)?(?: down)? to)\s+{_PRICE}{_END}",
        rf"\b(?:i|we)\s?(?:'d| would| could)\s+(?:only |just |maybe |gladly )?(?:do|manage|go)\s+{_PRICE}{_END}",
        rf"\b(?:best|most|highest|all|max(?:imum)?) (?:that )?(?:i|we)(?:'ll| will| can| could|'d)? (?:do|pay|go|give|offer|spend|manage|have|got)(?: to| for (?:it|them|both|that))?(?: is|'s| would be) {_PRICE}",
        rf"{_PRICE}\s+for\s+[^,.?!]{{2,40}}?(?:'s|\s(?:is|would be))\s+(?:my|the|our) (?:\w+ )?(?:limit|max(?:imum)?|best|top|final|last|ceiling)\b",
        rf"{_PRICE}\s*(?:is|as|'s|would be|,)\s+(?:my|the|our) (?:final|last|best|max|maximum|limit|offer|top)\b",
        rf"{_PRICE}\s+(?:is|would be|seems|sounds)\s+(?:more |only |a )?(?:fair|reasonable|like it)(?: price| offer)?\b(?!\s*\?)",
        rf"{_PRICE}\s*(?:,|and|&|n)\s*(?:(?:it'?s|its|it is|that'?s|we have|we'?ve got|you'?ve got|you have) (?:a )?(?:deal|done|sold)|(?:i'?ll|i will|we'?ll|i'd) (?:have|take|buy|get|grab|order)|(?:i|we) (?:pay|take|buy|order)\b)",
        rf"\b(?:at|for)\s+{_PRICE}\s*,?\s*(?:and\s+|n\s+)?(?:i|we)(?:'ll|ll| will|'d| would)? (?:pay|take|buy|order|have|do)\b",
        rf"\b(?:would|will|does|is)\s+{_PRICE}\s+(?:for\s+(?:\w+\s+){{1,3}})?(?:work|do|be (?:ok|okay|fine|possible|enough|acceptable)|ok|possible|suit|seal)\b",
        rf"(?:^|[,.!?]\s*)(?:just\s+|please\s+|ok\s+)?do(?:\s+it\s+for)?\s+{_PRICE}(?:{_END}|(?=\s+final\b))",
        rf"\b(?:i|we)(?: go|'ll| will)? pay\s+{_PRICE}(?=\s+(?:for|final|not a|now)\b|\s*[,.!?]|\W*$)",
        rf"\b(?:can|could|would|will)\s+(?:you|u)\s+(?:manage\s+)?(?:take\s+|accept\s+)?{_PRICE}\s+(?:for|accept|take)\b",
        rf"\bmeet me (?:at|there at)\s+{_PRICE}(?=\s+(?:even|flat|and)\b|\s*[,.!?]|\W*$)",
        rf"(?:^|[.,!?]\s+){_PRICE}\s+and\s+(?:we'?re|i'?m|we are|i am|we shake|i pay|we have|it's)\b",
        rf"\b(?:i|we)(?:'d| would) be happy (?:at|with)\s+{_PRICE}(?=\s|$|[.,])",
        rf"\b(?:i|we)(?:'ll|'d| will| would) (?:take|have|buy) (?:the|that|this|your) [^,.?!]{{2,30}}? for {_PRICE}{_END}",
        rf"{_PRICE}\s+(?:final|nett?|last price)\b(?!\s+(?:sale|sales))",
        rf"\bif you (?:are doing|do)\s+{_PRICE}\s+each",
        rf"^\W*{_PRICE}\s+for\s+(?:the|two|three|four|five|everything|my|this|that|\d)\b(?=[^.]*(?:\?|\bmates?\b|\bdeal\b|\bshake\b|\bi\b|\band\b))(?!.*\b(?:too|robbery|is a|ridiculous|seriously)\b)",
        rf"\b(?:can|could|would|might) (?:it|that|this|they) be\s+{_PRICE}{_END}",
        rf"\b(?:(?:i|we)(?:'ve| have)?(?: only)? (?:have|got)|(?:i|we)'ve)\s+{_PRICE}(?=\s+to spend\b.*\b(?:deal|penny|cent|not more)\b)",
        rf"\b(?:too (?:much|dear|rich|steep|expensive|high|pricey)|steep|a bit (?:much|rich)|cheeky|beyond me|robbery|pricey|dear)\b[^.,?!;]{{0,30}}[.,?!;]+\s*(?:say |how about |maybe |make it )?{_PRICE}(?=\s*\?|\W*$)",
        rf"^\W*(?:(?:ok|okay|fine|so|well|then|how about|what about|say|and|yes|hm+)\W+)*{_PRICE}\s+(?:for (?:both|all|the (?:lot|pair|two|three|set)|everything|it|them|these|those|\w+ of them)\b(?!.*\b(?:too|is a)\b)|(?:and )?deal\b|(?:cash|shipped|delivered)\b)",
    )
)
"""Which prices are offers whatever the dialogue; their group 1 is the price."""
_BARE = re.compile(
    rf"(?:\b(?:do|you take|u take|(?:go|come|get|down|lower) (?:down )?to|for|about|offer|say|pay|accept|at|give you)\s+|(?:^|[,.!]\s)\W*(?:(?:ok|fine|nah|no|hm+|well|then|so|alright)\W+)*)(?<![$€£])(?P<bare>{NUMBER})\s*(?=\?|$|[.!,]\s|please\b|and (?:we|i)\b|is (?:my|the|all)\b)",
    _FLAGS,
)
"""A number that stands like an offer, while one is being made."""
_BARE_WORDS = re.compile(
    rf"^\W*(?:(?:ok|okay|fine|nah|no|hm+|well|then|so|alright|very|go on|say|make it|final|we say|no wahala|[\w' ]{{1,24}},)\W+)*(?P<bare>{NUMERAL}|{NUMBER}|\d{{1,3}} \d{{3}})(?:\W+(?:then|it is|tops|max|final|last|nett?|not a \w+ more|and not a \w+ more|please|is (?:fine|ok|okay|good)|and (?:we'?re|i'?m|we are|it'?s) (?:done|sweet|good|finished|sold|happy)|and (?:finished|done|deal)|yes or no))*\W*$",
    _FLAGS,
)
"""The same in words: "very well, forty-eight"."""
_AT_MOST = re.compile(rf"^\W*(?:[\w' ]+,\s)?(?P<bare>{NUMBER})\s+(?:tops|max|maximum)\W*$", _FLAGS)
"""While an offer stands a limit is one: "no way, 150 tops"."""
_DOWN_TO = re.compile(
    rf"\b(?:go|come|get|drop|lower)(?: it)? (?:down )?to\s+(?P<bare>{NUMBER})\s*(?=\?|$|[.!,]\s|please\b)", _FLAGS
)
_BACK = Gated(
    rf"\b(?:my|the|that|those)\s+(?:full |whole |entire )?{price(1, bare=True)}(?=\s+(?:back(?! in\b)|refund(?:ed)?|returned|reimbursed|credited|paid back)\b)"
    rf"|\b(?:have|get|want|need|give me|send me|pay me|refund me|credit me|return)\s+{price(3, bare=True)}\s+back\b(?! in\b)"
    rf"|(?:^|\W|\b(?:still|short|missing|owed|owe me|lacking)\s+){price(4, bare=True)}(?=\s+of (?:my|our) (?:money|refund)\b|\s+(?:\w+\s+){{0,2}}(?:is|are) (?:still )?(?:missing|owed|outstanding|due)\b)"
    rf"|\b(?:(?:waiting (?:for|on)|owed|owe me|chasing|refund(?: me)?)\s+(?:my|the|that)|(?:see|missing|where(?:'s| is| are))\s+my)\s+{price(2, bare=True)}(?=\s+(?:from|for|off|i (?:paid|was charged))\b)",
    _FLAGS,
)
"""Money that a customer wants back: "the 145 refunded", "waiting for the 12.40 from that"."""
_OF_MY_MONEY = re.compile(r"\s+of (?:my|our) (?:money|refund)\b", _FLAGS)
_GOODS_BACK = re.compile(
    r"\b(?:send|sent|bring|brought|ship|post|mail|take|took|return|put|hand|give|gave|keep)(?:s|ed|p?ing)?\b[^,.;?!]*$",
    _FLAGS,
)
"""Before goods that go back: "I'm sending the 42 back"."""
_TAKEN_OFF = Gated(
    rf"\b(?:take|knock|shave|chop|lop|drop|get|have|worth|give(?: me| us)?) {price(1, bare=True)}\s+off(?=\s*(?:$|[,.!?;]|(?:and|or|for|the|it|that|this|then|because|please|if)\b))"
    rf"|(?:^|[.,!?]\s*){price(2, bare=True)}\s+off\s+(?=if\b|and\b|for\b)|\bcan less {price(3, bare=True)}(?!\s*%)|\b(?:price|it) down (?:by )?{price(4)}|\b(?:so|no|ok|but),?\s+{price(5, bare=True)}\s+less\b",
    _FLAGS,
)
"""By how much a price shall fall: "take 20 off and I won't complain"."""
_FOR_EACH = Gated(
    rf"(?:^|[,.!?]\s*|\b(?:say|make it|call it|at)\s+){price(1, bare=True)}\s+(?:an?|per|the)\s+[^\W\d_]{{3,}}\s*(?:,|and|n|&)\s*(?:we have|we've got|you have|you've got|it'?s|that'?s)?\s*(?:a )?(?:deal|done|sold)\b",
    _FLAGS,
)
"""A price of a unit that is proposed, however small: "9 a metre and we have a deal"."""
_THEIR_PRICE = re.compile(
    rf"(?:^|[.!?]\s+)(?P<bare>{NUMBER})\s+for\s+(?:an?|one|the|some)\s[^,.?!]{{2,40}}?(?=\s(?:is|seems|sounds|feels|are)\b|\s?\?)",
    _FLAGS,
)
_BARGAIN_WORD = re.compile(
    r"\b(?:could|would|can|might|much|you|u|ya|we|they|i|i'?ll|i'd|chance|agree|settle|call|shake|offer\w*|back|most|limit|say|meet|lower|drop|reduce|bring|final|last|best|deal|done|sold|for|cash|at|is|as|waiting|refund\w*|see|missing|money|want|need|short|owed|owe|where|take|knock|shave|chop|lop|drop|less|down|off|worth|work|accept|nett?|sweet|finished|pay|be)\b",
    _FLAGS,
)


def find_offers(text: str, shop_currency: str, taken: Sequence[Span] = (), *, negotiating: bool = False) -> list[Span]:
    """
    Prices a customer proposes, as spans of `money`, bare numbers among them ("could you do 70 on it?", "320 is my final").

    With `negotiating` a number that merely stands like an offer ("90?") is one, too.
    """
    if not LIKELY_MONEY.within(text) or not (negotiating or _BARGAIN_WORD.search(text)):
        return []
    found: list[Span] = []

    def add(start: int, end: int, money: Money) -> None:
        if free([*taken, *found], start, end):
            found.append(Span(start, end, "money", money))

    for match in _TAKEN_OFF.finditer(text):
        n = next(n for n in (1, 2, 3, 4, 5) if any(match[f"{group}{n}"] for group in _GROUPS))
        money = read_price(match, n, shop_currency)
        if money is not None and (money.currency or money.minor >= _LEAST * 100):
            add(*_extent(match, n), replace(money, off=True))
    for match in each_match(_PROPOSALS, text):
        money = read_price(match, 1, shop_currency)
        if money is not None and (money.currency or money.minor >= _LEAST * 100):
            add(*_extent(match), replace(money, proposed=True))
    for match in _BACK.finditer(text):
        n = next(n for n in (1, 2, 3, 4) if any(match[f"{group}{n}"] for group in _GROUPS))
        money = read_price(match, n, shop_currency)
        bare = money is not None and money.currency is None
        if money is None or (bare and _GOODS_BACK.search(text[: match.start()])):
            continue
        if n == 4 and bare and not _OF_MY_MONEY.match(text, match.end()):
            continue
        if money.currency or money.minor >= _LEAST * 100 or money.minor % 100:
            add(*_extent(match, n), replace(money, owed=True))
    for match in _FOR_EACH.finditer(text):
        if (money := read_price(match, 1, shop_currency)) is not None:
            add(*_extent(match), replace(money, proposed=True))
    for match in _THEIR_PRICE.finditer(text):
        if minor := minor_units(match["bare"], shop_currency):
            add(*match.span("bare"), Money(minor))
    if negotiating:
        if alone := _BARE_WORDS.match(text) or _AT_MOST.match(text):
            said = alone["bare"]
            units = said.replace(" ", "") if said[0].isdigit() else str(number(said) or "")
            minor = minor_units(units, shop_currency) if units else None
            if minor and minor >= _LEAST * 100:
                add(*alone.span("bare"), Money(minor, proposed=True))
        for match in (_DOWN_TO if found else _BARE).finditer(text):
            if minor := minor_units(match["bare"], shop_currency):
                add(*match.span("bare"), Money(minor))
    return found


_LEAST = 10
"""Smaller bare numbers count something ("can you do 2 for …")."""


_GROUPS = "paqbkstwv"
"""The groups of a price."""


def _extent(match: re.Match[str], n: int = 1) -> tuple[int, int]:
    """Where the price itself stands, with its currency."""
    groups = [match.span(f"{group}{n}") for group in _GROUPS if match[f"{group}{n}"] is not None]
    return min(start for start, _ in groups), max(end for _, end in groups)
