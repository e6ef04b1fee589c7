"""How prices are written every day where a shop is: "R95", "R5 200", "749.-", "Fr. 30", "1 800 kr"."""

from __future__ import annotations

import re

OWN = "¤"
"""Stands for the sign of the shop's own currency."""
_BEFORE = {
    "ZAR": re.compile(r"(?<![\w/])(?<!\d )R(?=\s?\d)"),
    "INR": re.compile(r"(?<!\w)Rs\.?(?=\s?\d)", re.IGNORECASE),
    "MYR": re.compile(r"(?<!\w)RM(?=\s?\d)"),
    "CHF": re.compile(r"(?<!\w)S?Fr\.?(?=\s?\d)", re.IGNORECASE),
    "PHP": re.compile(r"(?<!\w)(?:₱|P(?=\s?\d{3}))"),
}
_ROUND = re.compile(r"(?<=\d)[.,][-–](?!\w)")
"""No cents: "749.-", "30,-"."""
_BEHIND_SIGN = re.compile(r"(?<=[¤€£$])(?P<lead>\s?)(?P<thousands>\d{1,3})[ \u00a0](?=\d{3}(?!\d))")
_BEFORE_SIGN = re.compile(
    r"(?<![\d.,])(?P<lead>)(?P<thousands>\d{1,3})[ \u00a0](?=\d{3}(?:\s?(?:kr|sek|nok|dkk|zł|zl|pln|kč|czk|eur|rand|zar|chf)\b|\s?[€¤]))",
    re.IGNORECASE,
)
"""Thousands set apart by a space."""
_SPACED = frozenset({"SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "ISK", "ZAR", "EUR", "CHF"})
_BARE = re.compile(
    r"(?<![\w.,#+/-])(?<!\d )(?P<thousands>\d{1,2}) (?=\d00(?!\w|[ .,]\d|\s(?:g|kg|ml|mm|cm|m|w|pcs|pieces|x)\b))"
)
"""The same without any sign, of round sums."""


def in_signs(text: str, currency: str) -> str:
    """The text with such prices in the form that is read everywhere; every place in it stays where it was."""
    if not any(character.isdigit() for character in text):
        return text
    if (sign := _BEFORE.get(currency)) is not None:
        text = sign.sub(lambda match: OWN.rjust(len(match.group())), text)
    text = _ROUND.sub(f"{OWN} ", text)
    for apart in (_BEHIND_SIGN, _BEFORE_SIGN):
        text = apart.sub(lambda match: f"{match['lead']}{match['thousands']}'", text)
    if currency in _SPACED:
        text = _BARE.sub(lambda match: f"{match['thousands']}'", text)
    return text
