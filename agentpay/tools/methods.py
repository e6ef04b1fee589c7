"""From what a customer calls a stored method ("my PayPal", "the Visa ending in 4242") to its name."""

from __future__ import annotations

import re
from uuid import UUID

from agentpay.commerce import customers, ledger
from agentpay.commerce.shapes import PaymentMethodView
from agentpay.commerce.stored_methods import GIFT_CARD
from agentpay.errors import Problem
from agentpay.store.session import Tx

_DIGITS = re.compile(r"\b\d{4}\b")
_BARE = re.compile(
    r"(?:(?:my|the|same|original) )*(?:(?:(?:credit|debit|bank) ?)?card|(?P<paypal>paypal)(?: account)?)"
)


async def stored_method(tx: Tx, customer_id: UUID | None, said: str | None) -> str | None:
    """The external id of the method that is meant; None where none was named.

    `gift_card` stays as it is where the customer has none: refunds make one. Problems (409): `payment_method_unknown`,
    `payment_method_ambiguous`, both with `candidates`.
    """
    if said is None:
        return None
    known = await customers.payment_methods_of(tx, customer_id) if customer_id else []
    if any(method.external_id == said for method in known):
        return said
    found = [method for method in known if _is_called(method, said.casefold())]
    if len(found) == 1:
        return found[0].external_id
    if not found and said == GIFT_CARD:
        return said
    raise Problem(
        "payment_method_ambiguous" if found else "payment_method_unknown",
        "Several stored methods fit." if found else "The customer has no such payment method.",
        status=409,
        candidates=[shown(method) for method in found or known],
    )


async def method_or_way_paid(tx: Tx, customer_id: UUID | None, said: str | None, order_id: UUID) -> str | None:
    """
    `stored_method`; but None, which is the way the order was paid, where no stored one fits and that is what was said:
    "back to my card" of an order that was paid by card.
    """
    try:
        return await stored_method(tx, customer_id, said)
    except Problem as problem:
        kind = _kind(said or "") if problem.code == "payment_method_unknown" else None
        if kind is None or all(payment.method.get("type") != kind for payment, _ in await ledger.rooms(tx, order_id)):
            raise
        return None


def _kind(said: str) -> str | None:
    """The type of method that a bare name is of: "card", "my credit card"; no other text names one."""
    found = _BARE.fullmatch(said.casefold().replace("_", " ").strip())
    return None if found is None else "paypal" if found["paypal"] else "card"


def shown(method: PaymentMethodView) -> dict[str, str | int]:
    """A method as a model sees it: {"name", "type", "brand"?, "last4"?, "balance"?}."""
    told = {"name": method.external_id, **method.model_dump(include={"type", "brand", "last4", "balance"})}
    return {name: value for name, value in told.items() if value is not None}


def _is_called(method: PaymentMethodView, said: str) -> bool:
    digits = _DIGITS.search(said)
    if digits is not None:
        return method.last4 == digits[0]
    words = {"card": ("card", "credit"), "paypal": ("paypal",), "gift_card": ("gift", "voucher")}[method.type]
    if method.type == "card" and "gift" in said:
        return False
    brand = (method.brand or "").casefold()
    return bool(brand and brand in said) or any(word in said for word in words)
