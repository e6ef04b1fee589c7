# ruff: noqa: E501 (a regular expression is read in one piece)
"""What a wish names besides goods: for whom it is, what it shall be used for, and what must not be in it."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.house.numbers import number

_TO_USE = re.compile(
    r"\b(?:something|anything|a thing|stuff|what|tools?)\s+(?:good |nice )?(?:i can (?:use )?)?(?:to|for)\s+(?P<verb>[a-z]{3,}(?:\s+\w+){0,5}?)\s+with\b",
    re.I,
)
_LIKES = re.compile(
    r"\b(?:who|she|he|they|that)(?:'s| is| are)?\s+(?:really |absolutely |just )?(?:likes?|loves?|enjoys?|adores?|into|keen on|fond of|mad about|crazy about|started|starting|takes? up|taking up)\s+(?P<interest>[^.?!,;]{3,60})",
    re.I,
)
_SMALL = frozenset(
    {"to", "a", "an", "the", "of", "and", "his", "her", "their", "my", "our", "it", "things", "stuff", "lot", "lots", "really", "very", "all", "kinds", "with"}
)  # fmt: skip
_SIZE_ADVICE = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}?sizes?\b.*\b(?:i|we|you|need|take|should|fit\w*|right|my|he|she)\b"
    r"|\bhow (?:do|can|should) (?:i|we) (?:measure|choose|pick|know|find)\b|\bsize (?:chart|guide|table|advice)\b",
    re.I,
)
_WHAT_SIZE = re.compile(r"\b(?:what|which) (?:\w+ )?size\b", re.I)
_MEASURED = re.compile(r"\bmeasur\w*|\b\d+(?:[.,]\d+)? ?(?:cm|mm|inch(?:es)?|in|kg|kilos?|lbs?|years?)\b", re.I)
_STOCKS = re.compile(
    r"(?<!what )\bdo (?:you|u|ya)(?: guys| also)? (?:do|have|sell|stock|carry|make|keep|offer)\b|\bgot any\b", re.I
)


_N = r"(?P<n>\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_ALONE = re.compile(r"\b(?:on my own|by myself|just (?:for )?me|only me|alone|solo|single[- ]person)\b", re.I)
_PAIR = re.compile(
    r"\bmy \w+ and (?:me|i|myself)\b|\b(?:me|myself) and my \w+\b|\b(?:the )?(?:two|both) of us\b|\bfor a couple\b(?! of)",
    re.I,
)
_SO_MANY = re.compile(
    rf"\b{_N} (?:(?:hungry|other|young|grown) )?(?:people|persons|players|guests|diners|friends|of us)\b"
    rf"|\b(?:party|family|group|table|team) of {_N.replace('<n>', '<m>')}\b",
    re.I,
)
_OLD_AND_YOUNG = re.compile(
    rf"\b{_N} (?:adults?|grown[- ]?ups?)\s*(?:,|and|&|\+|plus|with)\s*{_N.replace('<n>', '<m>')} (?:kids?|child\w*)\b",
    re.I,
)
_YOUNG = re.compile(
    r"\b(?:kids?|child\w*|sons?|daughters?|boys?|girls?|niece|nephew|grand\w+|toddlers?|he|she|they)\b", re.I
)
_YEARS_OLD = re.compile(
    rf"\b{_N}(?:\s*(?:and|,|&|to|-)\s*{_N.replace('<n>', '<m>')})?[- ]?(?:years?|yrs?)[- ]?olds?\b"
    r"(?! (?!(?:child|kid|boy|girl|son|daughter|niece|nephew|toddler|who|and|or|is|to|for|with|that|but|in|on|if|as|now|at|has|wants?|loves?|likes?)\b)[a-z])",
    re.I,
)
_AGED = re.compile(
    rf"\b(?:aged?|turn(?:s|ing|ed)|(?:he|she|son|daughter|niece|nephew|kid|child|boy|girl|toddler)(?:'?s| is)|(?:they|who)(?:'re| are))\s+(?:(?:almost|nearly|about|just|only|now) )?{_N}\b(?:\s*(?:and|,|&)\s*{_N.replace('<n>', '<m>')}\b)?"
    r"(?! ?(?:cm|mm|kg|feet|foot|ft|months?|weeks?|days?|hours?|of)\b)"
    rf"|\(\s*{_N.replace('<n>', '<o>')}(?:\s*(?:and|,|&)\s*{_N.replace('<n>', '<p>')})?\s*\)",
    re.I,
)
_GROWN = 18


def for_whom(text: str) -> dict[str, Any]:
    """For how many of which ages it shall be, as `product_search` takes it."""
    so_many, of_ages = people(text), ages(text)
    return {**({"people": so_many} if so_many else {}), **({"ages": of_ages} if of_ages else {})}


def people(text: str) -> int | None:
    """For how many it shall be: "4 people", "my wife and me", "on my own"; None where it is not said."""
    if mixed := _OLD_AND_YOUNG.search(text):
        return number(mixed["n"]) + number(mixed["m"])
    if counted := _SO_MANY.search(text):
        return number(counted["n"] or counted["m"])
    if _PAIR.search(text):
        return 2
    return 1 if _ALONE.search(text) else None


def ages(text: str) -> list[int]:
    """The ages, in years, of the children something is for: "two kids (8 and 11)", "my six-year-old"."""
    found = [match for pattern in (_YEARS_OLD, _AGED) if _YOUNG.search(text) or pattern is _YEARS_OLD
             for match in pattern.finditer(text)]  # fmt: skip
    said = {number(value) for match in found for value in match.groupdict().values() if value}
    return sorted(age for age in said if age < _GROWN)


def used_for(text: str) -> str | None:
    """The deed of "something to prune roses with": what it is done to is not what is looked for."""
    match = _TO_USE.search(text)
    return match["verb"].split()[0] if match else None


def interest(text: str) -> str | None:
    """What somebody a thing is for likes: "for my mum, she likes gardening" → "gardening"."""
    match = _LIKES.search(text)
    if match is None:
        return None
    words = [word for word in re.findall(r"[^\W_]+", match["interest"]) if word.casefold() not in _SMALL]
    return " ".join(words[:5]) or None


def asks_for_size(text: str, message: str = "") -> bool:
    """Whether advice on a size is asked for, which a shop's own pages may give: by itself, or where `message` tells a measure."""
    measured = _WHAT_SIZE.search(text) is not None and _MEASURED.search(message) is not None
    return measured or _SIZE_ADVICE.search(text) is not None


def asks_for_goods(text: str) -> bool:
    """ "Do you do lawnmowers?"."""
    return _STOCKS.search(text) is not None
