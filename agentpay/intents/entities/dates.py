# ruff: noqa: E501 (a regular expression is read in one piece)
"""Dates, by the calendar and as they are spoken of: "the 14th", "by Friday", "last week"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from agentpay.intents.entities.numerals import NUMERAL, number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import AnyOf, Gated

MONTH_FIRST = frozenset({None, "US", "PH", "CA"})
"""Countries that write 03/04 for the fourth of March; None stands for not knowing."""

_MONTHS = {m: i for i, names in enumerate(
    ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
     "september sept sep", "october oct", "november nov", "december dec"), start=1) for m in names.split()}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_DAYS = {
    "mon": 0,
    "tue": 1,
    "tues": 1,
    "wed": 2,
    "weds": 2,
    "thu": 3,
    "thur": 3,
    "thurs": 3,
    "fri": 4,
    "sat": 5,
    "sun": 6,
}
_LEAD = r"(?:by|on|before|until|till|til|since|from|after|for|to|this|next|last|past|coming|previous|due|arriving|latest|payday)"
_ISO = Gated(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_MONTH = Gated(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}}))?", re.IGNORECASE)
_MONTH_DAY = Gated(
    rf"\b({_MONTH})\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:packs?|pairs?|of))(?:,?\s+(\d{{4}}))?",
    re.IGNORECASE,
)
_DOTTED = Gated(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2}\b|(?!\d))")
_SLASHED = Gated(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?!\d)")
_SLASHED_SHORT = Gated(
    r"\b(?:by|on|before|until|till|since|after|due|from|of|ordered|placed|bought|sent)\s+(?:the\s+)?(\d{1,2})[/-](\d{1,2})(?![\d/-]|\s*(?:days?|weeks?|hours?|pm|am|business|working))",
    re.IGNORECASE,
)
_NTH = Gated(
    rf"\b(?P<lead>{_LEAD}\s+(?:the\s+)?|the\s+)(?P<day>\d{{1,2}})(?:st|nd|rd|th)\b(?=(?P<after>\s+[^\W\d_]+)?)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s+(?:and|or|not|but|is|was|if|at|please|pls|would|will|can|could|for|so|as|because|rather|slot|tracking|by|in|to|with|instead|latest|then|do|does|it|i|we|you|my|when|where|that|like|got|they|he|she|we|there|nobody|no|nothing|still|again|already|now|his|her|our|your|this|too|after|before|although|though|since|even|has|have|had|were|did|didn|hasn|haven|never|i|on|of|via|till|until|anyhow|anyway|already)\b",
    re.IGNORECASE,
)
_WEEKDAY = Gated(
    rf"\b(?:(?P<lead>{_LEAD})\s+(?:the\s+)?(?:this\s+|next\s+|coming\s+|last\s+)?)?(?P<day>{'|'.join(_DAYS)}|{'|'.join(_SHORT_DAYS)})\b(?P<after>(?:'s)?\s+[^\W\d_]+)?",
    re.IGNORECASE,
)
_PART_OF_DAY = re.compile(
    r"\s+(?:am|pm|a\.m|p\.m|morning|afternoon|evening|night|noon|lunchtime|week)\b", re.IGNORECASE
)
_GENERIC = re.compile(
    r"\b(?:an?|every|each|the|black|cyber|good|any|whit|easter|shrove|ash|palm|giving|it'?s|it is|today is|today's)\s+$",
    re.IGNORECASE,
)
_RELATIVE = {
    "today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "tmr": 1, "tomoz": 1, "tomorow": 1, "tommorow": 1, "tommorrow": 1, "yesterday": -1, "yday": -1,
    "this morning": 0, "day after tomorrow": 2, "day before yesterday": -2,
}  # fmt: skip
_RELATIVE_WORD = Gated(rf"\b(?:the )?({'|'.join(sorted(_RELATIVE, key=len, reverse=True))})\b", re.IGNORECASE)
_AGO = Gated(
    rf"\b(?:(?P<n>\d{{1,2}}|a|{NUMERAL})\s+days?|(?:\d{{1,2}}|an?|{NUMERAL}|a couple of|a few)\s+(?:weeks?|months?))\s+ago\b|\b(?:last|next) week\b",
    re.IGNORECASE,
)
_FEASTS = {"christmas eve": (12, 24), "christmas": (12, 25), "xmas": (12, 25), "new year's eve": (12, 31), "halloween": (10, 31),
           "valentine's": (2, 14), "valentine's day": (2, 14), "valentines": (2, 14)}  # fmt: skip
_FEAST = Gated(
    rf"\b(?:by|before|until|till|in time for)\s+({'|'.join(sorted(_FEASTS, key=len, reverse=True))})\b", re.IGNORECASE
)
_A_PLACE = re.compile(
    r"\s+(?:floor|street|st|avenue|ave|row|edition|birthday|anniversary|place|time|century)\b", re.IGNORECASE
)
"""What the 21st may be of besides a month."""
_COMING = frozenset({"by", "before", "until", "till", "til", "next", "this", "coming", "due", "arriving", "latest"})
_PAST = re.compile(
    r"\b(?:since|last|past|previous|ordered|bought|paid|done|transferred|turn(?:ed)? up|(?<!be )sent|arrived|came|got|received|was|were|had|placed|posted|returned|delivered|went|left|dispatched|shipped|handed|picked|cancel(?:l?ed)|called|rang|asked|emailed|mailed|wrote|told|promised|spoke|ago)\b",
    re.IGNORECASE,
)
"""Words before a day that put it into the past."""
_LIKELY = AnyOf(
    rf"\d|day|week|night|month|tmr|tomo|tommo|christmas|xmas|halloween|valentin|\b(?:{'|'.join(_SHORT_DAYS)})\b",
    re.IGNORECASE,
)
_PROMISED = re.compile(
    r"\b(?:said|told|promised|supposed|meant|due|should(?:'ve| have| of)|was (?:to|going))\b", re.IGNORECASE
)
_NOT_KEPT = re.compile(
    r"\b(?:isn'?t|hasn'?t|didn'?t|wasn'?t|not|nothing|never|no sign|still|nada|where)\b", re.IGNORECASE
)
"""Before and behind a day for which something was promised in vain."""
_UNTIL_NOW = re.compile(r"\b(?:un)?till?\s+$", re.IGNORECASE)
_BUYS = re.compile(
    r"(?:\b(?:i|we|to)|'ll) (?:order|buy|pay|purchase|transfer)\b(?:\s+(?!does|do|will|is|are|can|would|by)[\w'-]+){0,4}\s+$",
    re.IGNORECASE,
)
"""Before "today", where it says no more than "at once": "if I order tonight"."""
_OVERDUE = re.compile(
    r"\b(?:supposed to (?:be (?:here|delivered|there)|come|arrive)|meant to (?:be here|come|arrive|rock up|turn up|get here)|should (?:have|of) (?:been|come|arrived))\b[^.?!]*$",
    re.IGNORECASE,
)
"""Before the day for which a parcel was promised that is still asked for."""
_Add = Callable[[int, int, date | None], None]
_REACH = 40
"""How far before a day the words stand that put it into the past, in characters."""


def find_dates(
    text: str, taken: Sequence[Span] = (), today: date | None = None, *, month_first: bool = True
) -> list[Span]:
    """
    Dates as ISO strings. A day without a year, a weekday, "the 14th": the next such day, or the last one where the words before it
    speak of the past; with `month_first` 03/04 is the fourth of March. "Last week" and "two months ago" name no day: a span without a value.
    """
    if not _LIKELY.within(text):
        return []
    now = today or datetime.now(UTC).date()
    found: list[Span] = []

    def add(start: int, end: int, value: date | None) -> None:
        if value is not None and free([*taken, *found], start, end):
            found.append(Span(start, end, "date", value.isoformat()))

    for match in _ISO.finditer(text):
        add(*match.span(), _day(int(match[1]), int(match[2]), int(match[3])))
    for match in _DAY_MONTH.finditer(text):
        add(*match.span(), _day(int(match[3] or now.year), _MONTHS[match[2].lower()], int(match[1])))
    for match in _MONTH_DAY.finditer(text):
        add(*match.span(), _day(int(match[3] or now.year), _MONTHS[match[1].lower()], int(match[2])))
    for match in _DOTTED.finditer(text):
        add(*match.span(), _day(_year(match[3], now), int(match[2]), int(match[1])))
    for pattern in (_SLASHED, _SLASHED_SHORT):
        for match in pattern.finditer(text):
            first, second = int(match[1]), int(match[2])
            month, day = (first, second) if (month_first and first <= 12) or second > 12 else (second, first)
            year = match[3] if pattern is _SLASHED else ""
            add(match.start(1), match.end(), _day(_year(year, now), month, day))
    for match in _NTH.finditer(text):
        _take_nth(text, match, now, add)
    for match in _WEEKDAY.finditer(text):
        _take_weekday(text, match, now, add)
    for match in _RELATIVE_WORD.finditer(text):
        if _RELATIVE[match[1].lower()] == 0 and _UNTIL_NOW.search(text[: match.start()]):
            continue
        if _RELATIVE[match[1].lower()] == 0 and _BUYS.search(text[: match.start()]):
            continue
        add(*match.span(), now + timedelta(days=_RELATIVE[match[1].lower()]))
    for match in _AGO.finditer(text):
        count = match["n"] and (1 if match["n"].lower() == "a" else number(match["n"]))
        if count:
            add(*match.span(), now - timedelta(days=count))
        elif free([*taken, *found], *match.span()):
            found.append(Span(*match.span(), "date", None))
    for match in _FEAST.finditer(text):
        month, day = _FEASTS[match[1].lower()]
        value = date(now.year, month, day)
        add(*match.span(1), value if value >= now else date(now.year + 1, month, day))
    return found


def _take_nth(text: str, match: re.Match[str], now: date, add: _Add) -> None:
    """ "The 14th" of this month or the next; "the 2nd jacket" is none, nor is "the 3rd" without anything that asks for a day."""
    day, after = int(match["day"]), match["after"]
    bare = match["lead"].lower().strip() == "the"
    if after and not _GOES_ON.match(after) and (bare or day < 13 or _A_PLACE.match(after)):
        return
    if match["lead"].lower().strip() == "the" and day < 11 and not _PAST.search(text[: match.start()]):
        return
    said = _in_its_sentence(text, match.start(), match.end("lead"))
    past = match["lead"].split()[0].lower() not in _COMING and _PAST.search(said) is not None
    value = _day(now.year, now.month, day)
    if value is None or (past and value > now) or (not past and value < now):
        months = 12 * now.year + now.month - 1 + (-1 if past else 1)
        value = _day(months // 12, months % 12 + 1, day)
    add(match.start("day"), match.end(), value)


def _take_weekday(text: str, match: re.Match[str], now: date, add: _Add) -> None:
    """ "By Friday", "Saturday am?"; "on Mondays", "the Sunday paper" and "sat" for itself are none."""
    word, lead, after = match["day"].lower(), (match["lead"] or "").lower(), match["after"] or ""
    if word in _SHORT_DAYS and not lead:
        return
    if _GENERIC.search(text[: match.start()]) or (after.startswith("'s") and not lead):
        return
    if after and not lead and not (_GOES_ON.match(after) or _PART_OF_DAY.match(after)):
        return
    if (
        after
        and (lead in {"for", "to", "from"} or word in {"sun", "sat"})
        and not (_GOES_ON.match(after) or _PART_OF_DAY.match(after))
    ):
        return
    broken = _OVERDUE.search(text[: match.start("day")]) or (
        _PROMISED.search(text[: match.start("day")]) and _NOT_KEPT.search(text[match.end() - len(after) :])
    )
    index = _SHORT_DAYS[word] if word in _SHORT_DAYS else _DAYS.index(word)
    ahead = (index - now.weekday()) % 7
    said = _in_its_sentence(text, match.start(), match.start("day"))
    if re.search(r"\bnext\s", said[-6:], re.IGNORECASE):
        ahead = ahead or 7
    elif re.search(r"\b(?:last|past)\s", said[-6:], re.IGNORECASE):
        ahead -= 7
    elif broken or (lead not in _COMING and _PAST.search(said)):
        ahead = ahead - 7
    add(match.start("day"), match.end() - len(after), now + timedelta(days=ahead))


def _in_its_sentence(text: str, start: int, end: int) -> str:
    """What stands before a day, not far from it: "is it sent? And are you open on Sunday" says nothing of the past of Sunday."""
    said = text[max(0, start - _REACH) : end]
    return said[max(said.rfind("? "), said.rfind(". "), said.rfind("! ")) + 1 :]


def _year(written: str | None, now: date) -> int:
    if not written:
        return now.year
    return int(written) + (2000 if len(written) == 2 else 0)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
