"""Amounts as Stripe counts them, and Polar, which pays through it: mostly ISO 4217's minor units, with exceptions.

Source: https://docs.stripe.com/currencies#minor-units
"""

from __future__ import annotations

from agentpay.commerce.payments.protocol import Failure, ProviderRefused
from agentpay.money import digits

_DIGITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Of the currencies that have not two there. Krónur and Ugandan shillings count as having two."""


def to_processor(amount: int, currency: str) -> int:
    """Our minor units as the processor's. Raises ProviderRefused where it cannot take exactly this amount."""
    theirs, ours = _scale(currency)
    converted, rest = divmod(amount * theirs, ours)
    if rest or (_DIGITS.get(currency) == 3 and converted % 10):  # three-decimal amounts must end in 0 there
        raise ProviderRefused(
            Failure("amount_not_supported", f"This amount of {currency} cannot be paid with this payment provider.")
        )
    return converted


def from_processor(amount: int, currency: str) -> int:
    """The way back. A rest that we cannot write is cut off: such an amount is none of ours and will not match."""
    theirs, ours = _scale(currency.upper())
    return amount * ours // theirs


def _scale(currency: str) -> tuple[int, int]:
    """Minor units in one of the currency: the processor's, ours."""
    theirs: int = 10 ** _DIGITS.get(currency, 2)
    ours: int = 10 ** digits(currency)
    return theirs, ours
