"""The sandbox's card numbers and the checks a card form makes. A number lives in memory only: brand and last4 are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from agentpay.commerce.payments.protocol import Failure

Behaviour = Literal["succeed", "decline", "three_d_secure", "delayed"]

MAGIC: dict[str, Behaviour] = {
    "4242424242424242": "succeed",
    "4000000000000002": "decline",
    "4000002500003155": "three_d_secure",
    "4000000000000077": "delayed",
}
"""CONTRACT §4, Sandbox. Any other valid number is declined: this is a sandbox, no real card may work in it."""

CARD_OF: dict[str, str] = {
    "success": "4242424242424242",
    "decline": "4000000000000002",
    "three_d_secure": "4000002500003155",
    "delayed": "4000000000000077",
}
"""The names of `POST /v1/sandbox/pay`."""

DECLINED = Failure("card_declined", "The card was declined.")
TEST_CARD_REQUIRED = Failure("card_declined", "The sandbox only takes its own test cards.")
AUTHENTICATION_FAILED = Failure("authentication_failed", "The card could not be authenticated.")


@dataclass(frozen=True, slots=True)
class Card:
    """A card as typed, validated. Its number and code never show up in a log or an error."""

    number: str = field(repr=False)
    brand: str
    last4: str

    @property
    def behaviour(self) -> Behaviour | None:
        return MAGIC.get(self.number)

    def as_json(self) -> dict[str, str]:
        return {"type": "card", "brand": self.brand, "last4": self.last4}


class CardError(ValueError):
    """What is wrong, by form field: `card_number`, `expiry`, `cvc`."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("The card's details are not valid.")
        self.errors = errors


def luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(character) for character in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def brand_of(number: str) -> str:
    if number.startswith("4"):
        return "visa"
    if re.match(r"5[1-5]|2[2-7]", number):
        return "mastercard"
    if re.match(r"3[47]", number):
        return "amex"
    return "card"


def parse(card_number: str, expiry: str, cvc: str, *, now: datetime | None = None) -> Card:
    """A card from the form's three fields: any spaces or dashes; `12/34`, `12/2034` or `1234`. Raises CardError."""
    errors: dict[str, str] = {}
    number = re.sub(r"[\s-]", "", card_number)
    if not re.fullmatch(r"[0-9]{12,19}", number) or not luhn(number):
        errors["card_number"] = "This is not a valid card number."
    if message := _expiry_error(expiry, now or datetime.now(UTC)):
        errors["expiry"] = message
    if not re.fullmatch(r"[0-9]{3,4}", cvc.strip()):
        errors["cvc"] = "The security code has three or four digits."
    if errors:
        raise CardError(errors)
    return Card(number=number, brand=brand_of(number), last4=number[-4:])


def _expiry_error(expiry: str, now: datetime) -> str | None:
    match = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*[/-]\s*(?:20)?([0-9]{2})\s*|\s*(0[1-9]|1[0-2])([0-9]{2})\s*", expiry)
    if match is None:
        return "Write the date as MM/YY."
    month, year = int(match[1] or match[3]), 2000 + int(match[2] or match[4])
    return "The card has expired." if (year, month) < (now.year, now.month) else None
