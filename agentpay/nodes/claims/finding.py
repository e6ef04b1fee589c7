# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Finds what a sentence of a reply claims: amounts, percentages, stock, times, numbers that name things, things done."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from agentpay.intents.entities.money import NUMBER, minor_units, price, read_price
from agentpay.intents.entities.numerals import NUMERAL, number
from agentpay.intents.words import word_set

Kind = Literal["amount", "percent", "free", "stock", "count", "duration", "day", "name", "address", "done", "secret"]

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTH = rf"(?:{_MONTHS}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

TRIGGER = re.compile(
    r"(?<![A-Za-z0-9])\d|[A-Za-z]\d{4}|[A-Z]{3}\d|[-_/#]\d|[$€£¥₹₺₪₩₴฿＄￡￥%％@_\u00ad\u200b-\u200f\u2060\ufeff]|https?:|www\."
    r"|(?<![a-z])(?:stock|sold|(?:un)?avail|left\b|remain|last one|units?\b|plenty|free\b|gratis|compliment|charge|on the house|nothing|refund|reimburs|money back|cancel"
    r"|shipp|ships|dispatch|deliver|arriv|on (?:its|the) way|transit|paid|payment|went through|placed|confirmed|approved|granted|applied|discount|off\b|percent|double|twice"
    r"|dollar|euro|pound|cents?\b|bucks?\b|quid|yen|franc|rupee|cost|pric(?:e|ed|ing)\b|worth|tomorrow|today|tonight|overnight|same[- ]day|next[- ](?:day|week|month)"
    rf"|{_WEEKDAYS}|week|month|days?\b|hours?\b|year|added|removed|in your (?:cart|basket|bag)|lowered|reduced|knocked|changed|updated|verif|disabled|bypass|unlock|overrid|admin|developer|debug|root mode"
    r"|sku|codes?\b|coupon|voucher|promo"
    r"|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|half|bogo)\b|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty\b|buy one)",
    re.IGNORECASE,
)
"""Whether a text may claim anything. Text without is sent as it comes."""
_SIGNS = re.compile(r"[^\sA-Za-z0-9.,!?;:'’-]|(?<![A-Za-z0-9])\d|[A-Za-z]\d{4}|-\d")
_BEGINNINGS = word_set(
    "stoc sold avai unav left rema last unit plen free grat comp char hous noth refu reim mone canc ship disp deli arri way tran paid paym thro plac conf appr gran appl disc off perc"
    " doub twic doll euro poun cent buck quid yen fran rupe cost pric wort tomo toda toni over same same- next next- mond tues wedn thur frid satu sund week mont day days hour year"
    " two thre four five six seve eigh nine ten elev twel thir fift twen fort sixt doze hund thou half bogo buy"
    " adde remo cart bask bag lowe redu knoc chan upda veri disa bypa unlo code admi deve debu root sku coup vouc prom http www."
)
_LONG = 40


def may_claim(text: str, start: int = 0) -> bool:
    """Whether TRIGGER is in `text` from `start` on, or about to be: a word may come in several pieces.

    A look at the beginnings of words spares most tokens the search.
    """
    fresh = text[text.rfind(" ", 0, start) + 1 :] if start else text
    if len(fresh) < _LONG and _SIGNS.search(fresh) is None:
        for word in fresh.lower().replace("-", " ").split():
            if word[:4] in _BEGINNINGS or word[:3] in _BEGINNINGS:
                break
        else:
            return False
    return TRIGGER.search(text, max(0, start - _BACK)) is not None


_BACK = 16
"""Characters before what is new that are searched with it: some triggers are several words."""
_INVISIBLE = dict.fromkeys([0xAD, 0x2060, 0xFEFF, *range(0x200B, 0x2010)])
_MARKUP = str.maketrans("", "", "*`~")
_EMPHASIS = re.compile(r"(?<!\w)_+|_+(?!\w)")


def plain(text: str) -> str:
    """Without markup, invisible characters and other forms of digits and signs, which a price could hide behind."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    text = text.translate(_MARKUP).replace("’", "'")
    return _EMPHASIS.sub("", text) if "_" in text else text


@dataclass(frozen=True, slots=True)
class Claim:
    """`value`: minor units with `currency`, a percentage, a count of units or of days, a date, or what a word stands for."""

    kind: Kind
    text: str
    start: int
    value: int | Decimal | date | str | tuple[int, int] = 0
    currency: str | None = None


_MONEY = re.compile(price(1), re.IGNORECASE)
_BARE = re.compile(
    rf"\b(?:costs?|priced?|price is|pay|total\w*|comes? to|charged?|worth|sells? for|yours? for|for (?:only|just)|only|just)\b[^\d\n]{{0,18}}?(?<![\w.,#/-])(?P<n>{NUMBER})(?![\w%/-]|[.,]\d)(?!\s*(?:%|percent|per cent|left|in stock|units?|pieces?|more|items?|of|days?|weeks?|hours?|months?|years?|cm|mm|m\b|kg|g\b|l\b|litres?|ml|pairs?|sizes?|things?|details?|orders?|products?|colou?rs?|steps?|minutes?|business|working))"
    r"|(?<![\w.,#/-])(?P<d>\d+[.,]\d\d)(?![\w%/-]|[.,]\d)(?!\s*(?:%|percent|cm|mm|m\b|kg|g\b|l\b|litres?|liters?|ml|inch|in\b|oz|lbs?|stars?|out of))",
    re.IGNORECASE,
)
_WORDED = re.compile(
    rf"\b(?:costs?|price is|priced at|sells? for|yours? for)\s+(?:only\s+|just\s+|about\s+)?(?P<w>{NUMERAL})\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"(?<![\w.])(?P<n>\d+(?:[.,]\d+)?|{NUMERAL})\s?(?:%|percent\b|per cent\b|pct\b)", re.IGNORECASE)
_HALF = re.compile(
    r"\bhalf (?:the |of the |its |off|price)|\b(?:two|2|buy one,? get one) for (?:one|1|free)\b|\bbogo\b", re.IGNORECASE
)
_FREE = re.compile(
    r"\bfree of charge\b|\b(?:no|without(?: any)?|zero) (?:extra |additional )?(?:charge|cost|fee)s?\b|\bon the house\b|\bgratis\b|\bcomplimentary\b|\bfor (?:free|nothing)\b"
    r"|\bfree (?:shipping|delivery|returns?|exchanges?|gift|\w+ shipping|\w+ delivery)\b|\b(?:shipping|delivery|returns?|it|this|that|they|item|order|everything) (?:is|are|'s|will be|comes?) (?:\w+ )?free\b|\bships? (?:for )?free\b|\bcosts? (?:you )?nothing\b",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"\b(?P<no>(?:out of|not in|no longer in|isn't in|aren't in) stock|sold[- ]out|unavailable|not available|no longer available|isn't available|aren't available|none left|no (?:more )?(?:stock|units)|discontinued)\b"
    r"|\b(?P<yes>(?:back )?in stock|on hand|in (?:our|the) warehouse|available|plenty (?:of (?:them|it|stock)|left|in stock|available))\b",
    re.IGNORECASE,
)
_OTHER_WORDS = r"(?:(?!(?:and|is|are|was|were|we|you|it|they|which|that|but|for|has|have|in|at|to|so|if|as|or|of|cm|mm|ml|kg|g|l|oz|lbs?|litres?|liters?|inch(?:es)?|hours?|days?|weeks?|years?|minutes?|percent|dollars?|euros?)\b)[a-z][\w'-]*\s+)"
_NAMED_WORDS = r"(?:(?!(?:and|is|are|but|which|that|we|you|it|they)\b)[a-z][\w'-]*\s+)"
"""Words that may stand between a number and "left", and behind "of the": what is counted, by its name."""
_COUNT = re.compile(
    rf"\b(?:(?P<n>\d{{1,6}}|{NUMERAL}|no)\s+(?:of (?:them|these|those)\s+|of (?:the|our|this|that)\s+{_NAMED_WORDS}{{1,6}}?|{_OTHER_WORDS}{{0,4}}?)(?:(?:is|are)\s+)?(?:left\b|remaining\b|in stock\b|available\b|on hand\b|in (?:our|the) warehouse)"
    rf"|(?:only|just|still|exactly|have|has|are|got)\s+(?P<u>\d{{1,6}}|{NUMERAL})\s+(?:units?|pieces?)\b"
    r"|(?:the |our )(?P<last>last (?:one|piece|unit|pair))\b|(?P<few>(?:only |just )?a few (?:\w+ )?(?:left|remaining)|almost (?:gone|sold out)|nearly (?:gone|sold out)|selling fast|running (?:low|out)))",
    re.IGNORECASE,
)
_N = rf"(?:\d{{1,4}}|{NUMERAL}|an?|a couple of|a few|several)"
_DURATION = re.compile(
    rf"\b(?P<a>{_N})(?:\s?(?:-|–|to|or|and)\s?(?P<b>\d{{1,3}}|{NUMERAL}))?[\s-]+(?:full |short )?(?P<work>business |working |calendar )?(?P<unit>hours?|hrs?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)\b")
_DAY_MONTH = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})|(?P<m2>{_MONTH}) (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[.,]\d))(?:,? (?P<y>(?:19|20)\d\d)\b)?",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(?<![\w/.])(?P<a>\d{1,2})[/.](?P<b>\d{1,2})(?:[/.](?P<y>\d{2,4}))?(?![\w/%]|\.\d)")
_RELATIVE = re.compile(
    rf"\b(?P<w>tomorrow|today|tonight|overnight|same[- ]day|next[- ]day|the day after|this (?:week|weekend|afternoon|evening|morning|month)|next (?:week|month|{_WEEKDAYS})|within the hour|any (?:minute|day) now|(?:on |by |this )?(?:{_WEEKDAYS}))\b",
    re.IGNORECASE,
)
MOVES = re.compile(
    r"\b(?:arriv\w*|deliver\w*|ship(?:s|ped|ping|ment)?|dispatch\w*|sen[dt]\w*|sent|reach\w*|get (?:it|there|here|them|to you)|receiv\w*|be (?:there|with you|here|ready|back)|is due|due|expected|eta|lands?|hand(?:ed)? over|refund\w*|back in stock|restock\w*|expires?|ends?|valid|until|leaves?|left our|collected|pick(?:ed)? up|on (?:its|the) way|return\w*|exchang\w*|transit|opens?|closes?|takes?)\b",
    re.IGNORECASE,
)
"""Words that make of a day or a number of days a promise about when something happens."""
_NAME = re.compile(
    r"(?<![\w@.])#?(?P<id>(?=[A-Za-z0-9_/-]*\d)(?:[A-Za-z]{1,12}[-_/]?\d[A-Za-z0-9]*(?:[-_/][A-Za-z0-9]+)*|\d[A-Za-z0-9]*(?:[-_/][A-Za-z0-9]+)*|[A-Za-z]+(?:[-_/][A-Za-z0-9]+)+))(?![\w@])"
)
_ADDRESS = re.compile(
    r"\b(?:https?://|www\.)[^\s<>()\[\]\"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)\+?\d[\d ()-]{8,}\d", re.IGNORECASE
)
_PHONE_DIGITS = 8
_CODE = re.compile(
    r"\b(?:codes?|coupons?|vouchers?|promo(?: code)?s?)\b[\s:\"'“is]*(?P<c>[A-Z][A-Z0-9]{2,19}|[A-Za-z]+\d[A-Za-z0-9]*)\b|\b(?P<e>[A-Z][A-Z0-9]{3,19})\b(?=\W+(?:code|coupon|voucher|promo)\b)"
)
_BLOB = re.compile(r"(?<![\w/.:])[A-Za-z0-9+/=]{40,}")

_DONE: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("refunded", r"\brefunded\b|\brefund(?:s)?\b(?: of [^,;]{1,20})?(?: (?:has|have|was|were|is|are|will be|'s))? (?:been )?(?:\w+ )?(?:issued|processed|approved|granted|sent|made|initiated|done|complete\w*|on (?:its|the) way)|\b(?:i'?ll|i will|we'?ll|we will|i am|i'm|i've|i have|we've|we have|let me) (?:now |just |gladly |happily )?(?:refund(?:ing|ed)?|issu(?:e|ed|ing)|reimburs\w*|process\w*) (?:you|it|your|the|a|this|that|\W?\d)|\breimbursed\b|\bmoney (?:is |has been |was )?(?:back|returned|sent back)\b"),
        ("cancelled", r"\bcancell?ed\b"),
        ("shipped", r"\b(?:has|have|was|were|is|been|got|already|just) (?:already |just |been |now )*(?:shipped|dispatched|sent out)\b|\b(?:on (?:its|the) way(?: to you)?|in transit|out for delivery|left our warehouse)\b|\bshipped (?:on|yesterday|today|this)\b"),
        ("delivered", r"\b(?:has|have|was|were|been|got|already) (?:already |just |been )*delivered\b|\bdelivered (?:on|yesterday|today)\b"),
        ("ordered", r"\border(?: number)?(?: \S+)? (?:is|has been|was|'s) (?:now |already |successfully )?(?:placed|confirmed|complete\w*|paid|booked)\b(?! (?:with|on|in|from|by|under|at|before|after)\b)|\b(?:i've|i have|we've|we have) (?:just |now |already )?placed (?:your|the|an) order\b|\bpayment (?:has |was |is |have )?(?:been )?(?:\w+ )?(?:received|went through|gone through|confirmed|successful|complete\w*|approved|accepted)\b|\byou(?:'ve| have) (?:already )?paid\b|\b(?:card|account) (?:has been|was|is) charged\b|\bi(?:'ve| have)? charged\b"),
        ("discounted", r"\b(?:discount|code|coupon|voucher|promo\w*)(?: \S+)? (?:is|has been|was|'s|is now) (?:now |already )?(?:applied|active|added|approved|granted)\b|\b(?:i've|i have|we've|we have|i) (?:just |now |already )?(?:applied|granted|approved|given you|lowered|reduced|knocked|changed the price|set the price|updated the price|adjusted the price)\b|\bprice (?:has been|was|is now) (?:changed|lowered|reduced|updated|set|adjusted|overridden)\b"),
        ("in_cart", r"\b(?:added|put|placed) (?:it|them|both|that|this|the|one|two|\d+|your|all|a)\b[^.!?]{0,60}\b(?:cart|basket|bag)\b|\b(?:is|are|'s|now) (?:now |already |both )?in your (?:cart|basket|bag)\b"),
        ("empowered", r"\b(?:admin\w*|developer|debug|root|god|maintenance) (?:mode|access|rights|privileges?)\b|\byou(?:'re| are) (?:now )?(?:verified|authori[sz]ed|an? admin\w*|the owner)\b|\b(?:security|price|access|verification) (?:checks? |controls? )?(?:is|are|has been|have been) (?:disabled|bypassed|overridden|unlocked)\b"),
    )
)  # fmt: skip


def find(text: str, currency: str) -> list[Claim]:
    """Every claim in a `plain` sentence. `currency`: the shop's, for "$" and numbers without a sign."""
    found: list[Claim] = []
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return all(end <= low or start >= high for low, high in taken)

    def add(
        kind: Kind, match: re.Match[str], value: int | Decimal | date | str | tuple[int, int], of: str | None = None
    ) -> None:
        found.append(Claim(kind, match.group().strip(), match.start(), value, of))
        taken.append(match.span())

    for match in _ADDRESS.finditer(text):
        written = match.group().rstrip(".,;:!?")
        is_one = re.search(r"[@/]|^www", written, re.IGNORECASE) or sum(map(str.isdigit, written)) > _PHONE_DIGITS
        if is_one and not _ISO.match(written):
            add("address", match, written.casefold())
    for match in _BLOB.finditer(text):
        if free(*match.span()):
            add("secret", match, match.group())
    for match in _CODE.finditer(text):
        if free(*match.span()):
            found.append(Claim("name", match.group(), match.start(), "code " + (match["c"] or match["e"]).casefold()))
    digits = any(map(str.isdigit, text))
    for match in _MONEY.finditer(text):
        money = read_price(match, 1, currency)
        if money is not None and (money.currency is not None) and free(*match.span()):
            add("amount", match, money.minor, money.currency)
    for match in _PERCENT.finditer(text):
        written = match["n"].replace(",", ".")
        worth = Decimal(written) if written[0].isdigit() else Decimal(number(written) or 0)
        if free(*match.span()):
            add("percent", match, worth)
    for match in _HALF.finditer(text):
        add("percent", match, Decimal(50))
    if digits:
        _days(text, add, free)
    for match in _DURATION.finditer(text):
        if free(*match.span()):
            add("duration", match, _span_of(match), match["unit"].lower().rstrip("s"))
    for match in _RELATIVE.finditer(text):
        found.append(Claim("day", match.group(), match.start(), match["w"].lower()))
    for match in _COUNT.finditer(text):
        if free(*match.span()):
            add("count", match, _counted(match))
    for match in _STOCK.finditer(text):
        if free(*match.span()):
            found.append(Claim("stock", match.group(), match.start(), "no" if match["no"] else "yes"))
    for match in _FREE.finditer(text):
        found.append(Claim("free", match.group(), match.start()))
    if digits:
        _numbers(text, currency, add, free)
    else:
        for match in _WORDED.finditer(text):
            add("amount", match, (number(match["w"]) or 0) * 100, None)
    for name, pattern in _DONE:
        found.extend(Claim("done", match.group(), match.start(), name) for match in pattern.finditer(text))
    return found


def _numbers(text: str, currency: str, add: Callable[..., None], free: Callable[[int, int], bool]) -> None:
    for match in _BARE.finditer(text):
        group = "n" if match["n"] else "d"
        if free(*match.span(group)):
            minor = minor_units(match[group], currency)
            if minor is not None:
                add("amount", match, minor, None)
    for match in _NAME.finditer(text):
        written = match["id"]
        count = sum(map(str.isdigit, written))
        if free(*match.span("id")) and (count >= 4 or (not written.isdigit() and count >= 2 and not _is_size(written))):
            add("name", match, written.casefold())


_SIZES = re.compile(
    r"(?i)\d+(?:st|nd|rd|th|x|k|cm|mm|m|km|kg|g|ml|l|oz|lbs?|w|v|gb|tb|mb|hz|in|ft|mah|wh|h|hr|hrs|min|am|pm|s|pcs?|d|p|px|eu|us|uk)|\d+[-/]\d+|\d+[-/][a-z]+(?:[-/][a-z]+)*|[a-z]+[-/]\d{1,2}|\d+x\d+(?:x\d+)?(?:cm|mm|m)?"
)


def _is_size(written: str) -> bool:
    """ "500ml", "2-person", "10th": a measure, no name of anything."""
    return _SIZES.fullmatch(written) is not None and not written[:1].isupper()


def _counted(match: re.Match[str]) -> int | str:
    if match["last"]:
        return 1
    if match["few"]:
        return "few"
    written = match["n"] or match["u"]
    return 0 if written.lower() == "no" else number(written) or 0


def _span_of(match: re.Match[str]) -> tuple[int, int]:
    """(least, most) of a duration's unit; "a few" is what nobody can check: (0, 0)."""
    written = match["a"].lower()
    low = 1 if written in ("a", "an") else 2 if written == "a couple of" else number(written) or 0
    return low, (number(match["b"]) or low) if match["b"] else low


def _days(text: str, add: Callable[..., None], free: Callable[[int, int], bool]) -> None:
    for match in _ISO.finditer(text):
        if (day := _date(int(match["y"]), int(match["m"]), int(match["d"]))) and free(*match.span()):
            add("day", match, day)
    for match in _DAY_MONTH.finditer(text):
        month = (match["m1"] or match["m2"]).lower()[:3]
        at = [name[:3] for name in _MONTHS.split("|")].index(month) + 1
        if (day := _date(int(match["y"] or 1904), at, int(match["d1"] or match["d2"]))) and free(*match.span()):
            add("day", match, day)
    for match in _SLASHED.finditer(text):
        first, second = int(match["a"]), int(match["b"])
        if match["y"] is None and "." in match.group():
            continue  # a version, a measure, a price
        if free(*match.span()) and 0 < first <= 31 and 0 < second <= 31 and min(first, second) <= 12 and match["y"]:
            add("day", match, _date(1904, *((first, second) if first <= 12 else (second, first))) or "never")


def _date(year: int, month: int, day: int) -> date | None:
    """1904, a leap year, stands for a day whose year is not told."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


_CUT = re.compile(
    r"(?<=\D)[,;:(]|[,;:)](?=\D|$)|\s[–—-]\s|\b(?:and|but|because|while|so|though|although|since|or|however|which|then)\b",
    re.IGNORECASE,
)


def segment(text: str, at: int) -> tuple[int, int]:
    """The part of the sentence around a place: between commas, colons and the words that join clauses."""
    low, high = 0, len(text)
    for cut in _CUT.finditer(text):
        if cut.end() <= at:
            low = cut.end()
        elif cut.start() > at:
            high = cut.start()
            break
    return low, high
