"""Places a shop's own pages leave out, though their country is served: "we do not deliver to the islands"."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.describe import sentences

_WORD = r"[A-Z][^\W\d_'-]*(?:['-][^\W\d_]+)*(?!\d)"
_PLACE = re.compile(
    rf"\b(?:to|in|within|on)\s+(?:the\s+)?(?P<place>{_WORD}(?:\s+(?:of\s+|and\s+)?{_WORD}\b(?!\d)){{0,3}})"
)
_LOWER = re.compile(r"\b(?:to|in)\s+(?:the\s+)?(?P<place>[a-z][\w' -]{3,30}?)\W*$")
_WHOLE = ("uk", "us", "usa", "eu", "europe", "america", "the states", "england", "britain", "great britain")
"""Other words for countries, and what is larger than one."""
_LEFT_OUT = re.compile(
    r"\b(?:not|no|never|cannot|can't|don't|won't|unable|except\w*|exclud\w*|other than|apart from|mainland only|only)\b",
    re.I,
)


_NOT_SENT = re.compile(
    r"\b(?:not|never|cannot|can't|don't|won't|unable to|no)(?: \w+){0,2} (?:deliver\w*|ship\w*|sen[dt]\w*|serve\w*|dispatch\w*|post\w*)\b"
    r"|\b(?:deliver\w*|ship\w*|sen[dt]|serve\w*)\b.*\b(?:except|exclud\w*|other than|apart from|but not|mainland only)\b",
    re.I,
)
"""Just that nothing goes there, not that something costs more or takes longer."""
_PARTS = tuple(
    (country, field, re.compile(rf"^(?:{form})", re.I), part)
    for country, field, form, part in (
        ("GB", "postal_code", r"BT\d", "Northern Ireland"),
        ("GB", "postal_code", r"(?:IV|KW|HS|ZE|PH)\d", "Highlands"),
        ("US", "region", "AK$", "Alaska"),
        ("US", "region", "HI$", "Hawaii"),
        ("US", "region", "PR$", "Puerto Rico"),
        ("CA", "region", "YT$", "Yukon"),
        ("CA", "region", "NT$", "Northwest Territories"),
        ("CA", "region", "NU$", "Nunavut"),
        ("AU", "region", "TAS$", "Tasmania"),
        ("ES", "postal_code", r"(?:35|38)\d{3}", "Canary Islands"),
        ("ES", "postal_code", r"07\d{3}", "Balearic Islands"),
        ("ES", "postal_code", r"51\d{3}", "Ceuta"),
        ("ES", "postal_code", r"52\d{3}", "Melilla"),
        ("FR", "postal_code", r"20\d{3}", "Corsica"),
        ("IT", "postal_code", r"9[0-8]\d{3}", "Sicily"),
        ("IT", "postal_code", r"0[7-9]\d{3}", "Sardinia"),
        ("PT", "postal_code", r"9[0-4]\d{2}", "Madeira"),
        ("PT", "postal_code", r"9[5-9]\d{2}", "Azores"),
    )
)
"""Parts of countries that shops leave out, and how their addresses are known: by state, or by how their postcodes begin."""


def part_of(address: dict[str, Any]) -> str | None:
    """The part of its country an address lies in, where that is one that shops leave out."""
    return next(
        (
            part
            for country, field, form, part in _PARTS
            if address.get("country") == country and form.match(str(address.get(field) or ""))
        ),
        None,
    )


def place_named(act: ActView, country: str) -> str | None:
    """The place a clause names for delivery, where it is not the country itself."""
    match = _PLACE.search(act.text) or _LOWER.search(act.text)
    place = match["place"].strip() if match else None
    whole = {country.casefold(), *_WHOLE}
    return None if place is None or place.casefold() in whole else place


def leaves_out(passages: list[dict[str, Any]], place: str, *, surely: bool = False) -> tuple[str, str] | None:
    """(sentence, title) of the passage that says a place is not served; `surely`: in words that mean nothing else."""
    says = _NOT_SENT if surely else _LEFT_OUT
    words = re.compile(rf"\b{re.escape(place)}\b", re.I)
    for passage in passages:
        for sentence in sentences(passage["text"]):
            if words.search(sentence) and says.search(sentence):
                return sentence, passage["title"]
    return None
