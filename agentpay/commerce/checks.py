"""What a merchant's rows must agree on within themselves, by whatever way they come: a store file or the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol


class DiscountTerms(Protocol):
    """What of a code says how much it takes off, and when."""

    type: Literal["percentage", "fixed"]
    basis_points: int | None
    amount: int | None
    starts_at: datetime | None
    ends_at: datetime | None


def discount_terms(given: DiscountTerms) -> None:
    """Raises ValueError where a discount is both of a share and of an amount, or neither, or ends before it starts."""
    if given.type == "percentage" and (given.basis_points is None or given.amount is not None):
        raise ValueError("a percentage discount has basis_points and no amount")
    if given.type == "fixed" and (given.amount is None or given.basis_points is not None):
        raise ValueError("a fixed discount has an amount and no basis_points")
    if given.starts_at and given.ends_at and given.starts_at >= given.ends_at:
        raise ValueError("starts_at must be before ends_at")


def bounds_in_order(given: Any) -> None:
    """Raises ValueError where a shipping rate's `min_…` is above its `max_…`."""
    for what in ("days", "subtotal", "weight_grams"):
        low, high = getattr(given, f"min_{what}"), getattr(given, f"max_{what}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_{what} must not be above max_{what}")
