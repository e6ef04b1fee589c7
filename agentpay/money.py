"""Amounts as people write them. Everywhere else money is an integer in minor units."""

from __future__ import annotations

import pycountry

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "INR": "₹", "CHF": "CHF "}
# ISO 4217 currencies without a minor unit, and those with three digits; all others have two.
_DIGITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
)
_DIGITS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def digits(currency: str) -> int:
    """How many digits the minor unit of `currency` has (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def money(amount: int, currency: str) -> str:
    """13900, "USD" → "$139.00"; 500, "JPY" → "¥500"; unknown symbols are written as "139.00 SEK"."""
    places = digits(currency)
    whole, rest = divmod(abs(amount), 10**places)
    number = f"{whole:,}" + (f".{rest:0{places}d}" if places else "")
    sign = "-" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency}"


def country_name(code: str) -> str:
    """The name of "DE": "Germany"; an unknown code is answered as it came."""
    country = pycountry.countries.get(alpha_2=code)
    return str(getattr(country, "common_name", country.name)) if country else code
