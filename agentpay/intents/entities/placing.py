"""Where a short or numeric value stands like an option, and is no count, year or part of a name."""

from __future__ import annotations

import re

from agentpay.intents.entities.lexicon import Chunk
from agentpay.intents.words import word_set

_JUDGED = word_set("small large big medium light heavy")
_TOO = re.compile(
    r"\b(?:too|runs?|running|very|quite|so|a bit|bit|rather|pretty|comes? up|really|fairly)\s+$", re.IGNORECASE
)
_NUMBER_ASKED = frozenset(
    {"quantity", "offer", "confirm_offer", "price", "order_number", "address", "postal_code", "phone"}
)
_NOT_BEHIND = re.compile(r"\s*,?\s+(?:instead of|rather than|not)\s+(?:the\s+)?\d\d", re.IGNORECASE)
"""Behind a value that is wanted in place of another: "12 instead of the 10"."""
_SIDES = frozenset({"left", "right"})
_A_SIDE = re.compile(r"\b(?:in|the|an?|for|not|or|and|size|hand)\s+(?:an?\s+)?$", re.IGNORECASE)
_SIDE_OF = re.compile(r"[- ](?:hand(?:ed)?|ones?|version|please|or|and|side)\b", re.IGNORECASE)
"""Around a side that goods are made for; "is there one left?" and "since it left" say none."""
_EVERY = re.compile(r"\b(?:every|per)\s+$", re.IGNORECASE)
_I_WEAR = re.compile(
    r"(?:\b(?:i'?m|i am|usually|normally|are|wear|wears|take|takes)\s+(?:an?\s+)?|\b(?:get|got|need|want|have|try|like|in)\s+an?\s+)$",
    re.IGNORECASE,
)
_AFTER_THE = word_set(
    "please in to and for if is or at with now then instead available but too also i here fits fit was were are from as back"
)
_SIZE_LEAD = word_set("in size sz an eu uk us number")
_AFTER_OPTION = word_set(
    "please pls plz thx in to and for if is or at with now then instead available thanks size from as back by "
    "vs versus against than do what which rather"
)
_COUNTED_BY = word_set("of more pack packs pair pairs day days week weeks month months year years times people items")
_COUNT_LEAD = word_set(
    "one two three four five six seven eight nine ten eleven twelve a an another the of couple dozen x packs pack pairs pair"
)
_NOT_THIS = re.compile(r"\b(?:instead of|rather than|not)\s+(?:the\s+|an?\s+)?$", re.IGNORECASE)
_IS_WRONG = re.compile(r"\W*(?:is|was|are|were|'s)\s+(?:\w+\s+)?(?:too|loose|tight|small|big)\b", re.IGNORECASE)
"""What follows a size that does not fit: "12 is too tight"."""
_SWAPPED_FOR = re.compile(
    r"\b(?:swap|exchang|chang|switch|trad|replac)\w*\b[^,.?!;]{0,24}?\s(?:for|to|into)\s+(?:an?\s+|the\s+)?$",
    re.IGNORECASE,
)
"""Before a size that is wanted instead: "swap them for a 40"."""
_ANOTHER_UNIT = re.compile(
    r"\s?-?(?:years?|yrs?|mm|cm|km|kgs?|g|ml|cl|[vw]|hz|inch(?:es)?|ft|feet|days?|weeks?|months?|hours?|hrs?|min(?:ute)?s?|people|%|percent)\b|\s?%",
    re.IGNORECASE,
)
"""What follows a number that is no value whose unit was left out: "50-year-old", "18 mm" where there is 18 V."""
_OR_ANOTHER = re.compile(
    r"\s*(?:,?\s+(?:or|vs\.?|versus|against)\s)\s*(?:in\s+)?(?:an?\s+|the\s+)?\d+(?![\w:]|[.,]\d|\s+(?:of|more|packs?|pairs?|days?|weeks?|months?|years?|times|people|items?)\b)",
    re.IGNORECASE,
)
"""What follows the first of two values that are set against each other: "8 or 10"."""
_ANOTHER_OR = re.compile(r"\d\s*(?:,?\s+(?:or|vs\.?|versus|against)\s)\s*(?:in\s+)?(?:an?\s+|the\s+)?$", re.IGNORECASE)
"""Before the second of them."""
_VERB_LEAD = word_set(
    "add want take get buy order have need give me make just only about under over than to for like send is it them us around do"
)


def is_option(
    text: str,
    parts: list[Chunk],
    position: int,
    run: list[Chunk],
    asked_for: str | None,
    *,
    unit_left_out: bool = False,
    another: bool = False,
) -> bool:
    """
    Short and numeric values count only where they stand like an option: "in M", "size 43", at the end of a phrase.

    `another`: a value of the same option stands before it ("the 38 is too small, need 39").
    """
    written = text[run[0].start : run[-1].end]
    letters = "".join(c.text for c in run)
    if len(run) == 1 and written.lower() == f"{letters}s" and letters.isdigit():
        return True  # "swap them for 3s"
    if unit_left_out and letters.isdigit() and _ANOTHER_UNIT.match(text, run[-1].end):
        return False
    if letters in _SIDES and not (_A_SIDE.search(text[: run[0].start]) or _SIDE_OF.match(text, run[-1].end)):
        return asked_for == "variant"
    before = parts[position - 1].text if position else ""
    if len(letters) == 2 and letters.isalpha() and before in {"on", "as"} and not text[run[-1].end :].startswith("'"):
        return True  # "out on cd"
    if len(run) == 2 and run[0].text.isdigit() and written == letters:
        return True  # "2p", in one word
    if not letters.isdigit() and len(letters) > 2:
        return not (letters in _JUDGED and _TOO.search(text[: run[0].start])) and not _EVERY.search(
            text[: run[0].start]
        )
    if letters.isdigit() and len(run) > 1 and "/" in written:
        return True
    after = parts[position + len(run)] if position + len(run) < len(parts) else None
    if written == "a" and after is not None and not text[run[-1].end : after.start].strip():
        return False  # an article, not the key of A
    if before in _SIZE_LEAD or asked_for == "variant" or (asked_for == "confirm_add" and len(parts) == 1):
        return True
    if before == "a" and not letters.isdigit() and written.isupper():
        return True
    ends = (
        after is None
        or after.text in _AFTER_OPTION
        or re.search(r"[,.;!?()/]", text[run[-1].end : after.start]) is not None
    )
    if letters.isdigit():
        alone = len(parts) == 1 and len(letters) > 1 and asked_for not in _NUMBER_ASKED
        instead = _NOT_BEHIND.match(text, run[-1].end) and before not in {"it", "that", "them", "to"}
        if not unit_left_out and len(letters) > 1 and (alone or instead):
            return True
        if unit_left_out and len(letters) >= 3 and before not in {"pay", "offer"}:
            return True
        if ends and len(letters) > 1 and _SWAPPED_FOR.search(text[: run[0].start]):
            return True
        if another and ends and len(letters) > 1 and before not in {"pay", "offer", "for", "at"}:
            return True
        if _OR_ANOTHER.match(text, run[-1].end) or (
            _ANOTHER_OR.search(text[: run[0].start]) and not (after and after.text in _COUNTED_BY)
        ):
            return True
        if _I_WEAR.search(text[: run[0].start]) or (before == "the" and (after is None or after.text in _AFTER_THE)):
            return True
        single = len(run) == 1 and len(letters) == 1
        if not single and (_NOT_THIS.search(text[: run[0].start]) or _IS_WRONG.match(text, run[-1].end)):
            return True
        digits_before = before.isdigit() or before in _COUNT_LEAD
        follows_name = bool(before) and not digits_before and before not in _VERB_LEAD
        names_next = (
            not ends and after is not None and after.text.isalpha() and digits_before and before not in _VERB_LEAD
        )
        return (ends and follows_name and not single and position > 0) or (names_next and not single and before != "to")
    return written.isupper() and before != "i" and not text[run[-1].end :].startswith("'")
