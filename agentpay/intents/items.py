# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Lists of goods: where a further one begins, counted, by its article or by its bare name."""

from __future__ import annotations

import re
from collections.abc import Collection

from agentpay.intents.words import holds

_COUNT = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|a couple(?: of)?|a dozen|another|half a dozen|an extra|a few)"
_NOT_COUNTED = (
    r"(?:kgs?|kilos?|g|lbs?|oz|cm|mm|m|inch(?:es)?|ft|ml|l|gb|tb|mb|w|v|hours?|days?|weeks?|months?|years?|percent|euros?|dollars?|bucks?|in|or|and|to|stars?"
    r"|please|pls|then|but|thanks|for|of(?! the )|x)\b"
)
_MEASURE = r"\d{1,4}(?:[.,]\d+)?[\s-]?(?:kg|kilos?|g|lbs?|oz|cm|mm|m|inch|ft|ml|l|lit(?:re|er)s?|gb|tb|w|v)\b"
"""What may stand between a count and the thing: "two 50 l bags"."""
_MEASURED_OF = r"\d{1,3}(?:[.,]\d+)?\s?(?:m|metres?|meters?|yards?|yds?|kgs?|kilos?|g|lit(?:re|er)s?|l)\s+of\s+(?:(?:the|your|that)\s+)?[^\W\d_]{3}"
"""So much of goods that are sold by measure: "3 m of the linen"."""
_COUNTED = re.compile(
    rf"(?:then |also |maybe |plus |only |just )?(?:{_MEASURED_OF}|{_COUNT}(?:\s?[x×])?\s+(?:{_MEASURE}\s+)?(?!{_NOT_COUNTED}|(?:packs?|pairs?|pcs|pieces?|units?|boxes|bags?|bottles?|sets?|skeins?|hanks?|rolls?|spools?|reels?|tins?|cans?|jars?|tubes?|copies|slices|crates?)\W*$)[^\W\d_])",
    re.IGNORECASE,
)
_COUNTED_IN = re.compile(rf"{_COUNT}\s+in\s+(?:size\s+)?\w", re.IGNORECASE)
_DETERMINED = re.compile(
    r"(?:also )?(?:a|an|the|some|that|this|those|my)\s+(?:[^\W\d_]|\d{1,4}(?:[.,]\d+)?[\s-]?(?:[a-z]+\s+)?[^\W\d_]{3})",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"^(?:\W|\b(?:ok|please|pls|also|then|actually|and|now|yes|just|hi|hello|hey)\b)*(?:add|put|remove|drop|delete|throw in|order|buy|(?:can |could |may )?(?:i|we)(?:'ll| will|'d| would)?\s+(?:like|have|take|get|want|buy|order|grab)|i want|i wanna|give me|gimme|get me|take|return|exchange)\b",
    re.IGNORECASE,
)
_ONE_OF_A_LIST = re.compile(
    r"^(?:\W|\b(?:hi|hello|hey|ok|so|just|please)\b)*(?:an?|the)\s+[^\W\d_]+(?:\s+\w+){0,5}$", re.IGNORECASE
)
"""A sentence that begins like a shopping list: "a ukulele, a stand and two picks"."""
_ANOTHER = re.compile(r"an?\s+[A-Z0-9]|\d", 0)
"""After a counted item "and a Gram scale" is a further one by its name, where "and a lid" may be a part of the first."""
_WISH = re.compile(r"^\W*(?:(?:ok|hi|hello|hey|so|just|please|and|also)\W+)*(?:(?:i|we)\s+)?need\b", re.IGNORECASE)
_NEEDS_SO_MANY = re.compile(rf"{_WISH.pattern}\s+{_COUNT}\s", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:an?|the|some|your|another|its|their)\s+(?=[^\W\d_]|\d)", re.IGNORECASE)
_ONLY_THAT = re.compile(
    r"^(?:\W|\b(?:ok|okay|yes|great|lovely|fine|please|i'?ll|i|will|take|have|want|add|get|me|give)\b)*(?:that|this|it|them|those|these|both|the (?:first|second|third|last))(?: one| two)?\W*$",
    re.IGNORECASE,
)
"""Nothing but what was shown or offered: "okay, that one"."""
_SO_MANY_OF_IT = re.compile(
    rf"\b(?:make|have|take|want|need|get)\s+(?:it|that|them|those)?\s*{_COUNT}(?:\s+(?:of (?:it|them|those)|actually|instead|then|please))*\W*$",
    re.IGNORECASE,
)
"""How many of what was named before: "make it two actually"."""
_HAS_PARTS = re.compile(r"\b(?:with|without|that has|between|for (?:my|the|a|an|his|her|our|their))\b", re.IGNORECASE)
_MEASURED = re.compile(r"\d")
_ALTERNATIVES = frozenset({"or", "but", "so"})
_ITEM_END = re.compile(r",|\s+(?:and|plus|n|&|\+)\s+|[.!?;]")
_ITEM_IN = re.compile(r"\s(?:in|x\d)\b")
_MOST_OF_AN_ITEM = 6
_WORDS = re.compile(r"[^\W_]+")
_RESTRICTIVE = re.compile(r"\b(?:with|for|without|that has|between|(?<!'d )(?<!would )like)\b", re.IGNORECASE)
_LEADING = re.compile(r"^(?:[\s,;:.!?&\-\"'(]|\b(?:and|then|but|so|plus)\b(?=\s))+", re.IGNORECASE)
_CHOICE = re.compile(r"\b(?:compare|difference|better|vs|versus|which)\b", re.IGNORECASE)


def new_item(before: str, after: str, joint: str, *, going_on: bool) -> bool:
    """Whether a further "quantity + noun" of a list begins: "2 mugs, 3 plates and the teapot"; `going_on` where `before` is one."""
    if joint.strip().lower().endswith(("but", "so", "or")) and not _COUNTED.match(after):
        return False
    if _CHOICE.search(before):
        return False
    if _COUNTED.match(after) or _COUNTED_IN.match(after):
        return not re.search(r"\b(?:between|from|under|over|sizes)\s+\S+$", before, re.IGNORECASE)
    return bool(
        _DETERMINED.match(after)
        and (
            going_on
            or _LISTING.match(before)
            or _ONE_OF_A_LIST.match(before)
            or _NEEDS_SO_MANY.match(before)
            or _COUNTED.match(_LEADING.sub("", before))
        )
        and not (
            _RESTRICTIVE.search(before) and not (_COUNTED.match(_LEADING.sub("", before)) and _ANOTHER.match(after))
        )
        and "," not in joint[1:]
    )


def named_item(before: str, after: str, joint: str, goods: Collection[str], *, going_on: bool) -> bool:
    """Whether a further item of a shopping list begins by its bare name: "a 10kg litter x2, cat fountain in white"."""
    wished = _LISTING.match(before) or _WISH.match(before)
    if "," not in joint or joint.strip(" ,").lower() in _ALTERNATIVES:
        return False
    last = _WORDS.findall(before)[-1:]
    bare = bool(last) and _of_goods(last[0].lower(), goods) and not _HAS_PARTS.search(before)
    if not (going_on or wished or bare):
        return False
    words = [word.lower().strip(".!") for word in re.split(_ITEM_END, after, maxsplit=1)[0].split()]
    if not 0 < len(words) <= _MOST_OF_AN_ITEM or not any(
        _of_goods(word.lower(), goods) for word in _WORDS.findall(before)
    ):
        return False
    if len(words) > 1 and _of_goods(words[-1], goods) and _MEASURED.match(words[0]):
        return True  # "square stone, 14 inch peel"
    if not (going_on or wished):
        return False
    if len(words) == 1:
        return words[0].endswith("s") and _of_goods(words[0], goods)  # "…, padded" goes on about what was named
    return _of_goods(words[0], goods) or (_ITEM_IN.search(" ".join(words)) is not None and _of_goods(words[1], goods))


_ENDS_CHOSEN = re.compile(
    r"\b(?:size \S+|in (?:an? |the )?(?:size )?\w+|(?-i:X{0,3}[SML])|\d+(?:[.,]\d+)? ?(?:cm|mm|m|l|ml|g|kg|inch))$",
    re.IGNORECASE,
)
"""A name whose size or colour has been said: what follows "and" is another one."""


def further_goods(before: str, after: str, joint: str, goods: Collection[str]) -> bool:
    """Whether other goods are named after "and" or "plus": "cleaning kit and a 49mm nd filter", "that one plus the charcoal bar"."""
    if joint.strip(" ,").lower() in _ALTERNATIVES or _CHOICE.search(before) or _HAS_PARTS.search(before):
        return False
    article = _ARTICLE.match(after)
    chosen = after[:1].isupper() and _ENDS_CHOSEN.search(before.rstrip()) is not None
    if article is None and not chosen and joint.strip(" ,").lower() != "plus":
        return False
    words = re.split(_ITEM_END, after[article.end() if article else 0 :], maxsplit=1)[0].split()[:_MOST_OF_AN_ITEM]
    named = any(_of_goods(word.lower().strip(".!"), goods) for word in words)
    begun = _WORDS.findall(_LEADING.sub("", before))
    told = (
        _ONLY_THAT.search(before)
        or _SO_MANY_OF_IT.search(before)
        or chosen
        or (len(begun) <= _MOST_OF_AN_ITEM and any(_of_goods(word.lower(), goods) for word in begun[-4:]))
    )
    return named and bool(told)


def _of_goods(word: str, goods: Collection[str]) -> bool:
    return len(word) > 2 and holds(goods, word)
