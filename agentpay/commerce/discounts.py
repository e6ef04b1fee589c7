"""Discount codes and their caps, global and per customer (CONTRACT §4, DESIGN §5).

`evaluate` reads and never changes anything. `hold` takes a redemption for a checkout with conditional updates, `commit`
keeps it, `release` gives it back, each exactly once. Locks are taken in one order: redemption, discount, use.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce.codes import (
    DETAILS,
    DiscountDecision,
    FoundCode,
    Reason,
    evaluate,
    find,
    judge,
    normalize,
    reason_against,
)
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Discount, DiscountRedemption, DiscountUse

__all__ = [
    "DiscountDecision",
    "FoundCode",
    "Reason",
    "commit",
    "evaluate",
    "find",
    "hold",
    "judge",
    "normalize",
    "release",
]


async def hold(
    tx: Tx, checkout_id: UUID, *, discount_id: UUID, customer_id: UUID | None, now: datetime | None = None
) -> None:
    """Takes one redemption for a checkout that is being confirmed.

    Holding what is held already does nothing; another code or customer gives the first one back. After a release the
    checkout may hold again. A refusal leaves the counters as they were: Problem 409 `discount_used_up`,
    `discount_used_up_for_customer`, `discount_invalid`; 422 `customer_required` (limited per customer, none known).
    """
    now = now or datetime.now(UTC)
    async with tx.session.begin_nested():
        state = await _enter(tx, checkout_id, discount_id, customer_id)
        if state == "held":
            await _count(tx, discount_id, customer_id, now)


async def commit(tx: Tx, checkout_id: UUID) -> bool:
    """Keeps the redemption for good, with its order. False where none is held (never taken, released, or kept already)."""
    changed = await tx.session.execute(
        update(DiscountRedemption)
        .where(*_of(tx, checkout_id), DiscountRedemption.state == "held")
        .values(state="committed")
        .returning(DiscountRedemption.id)
    )
    return changed.first() is not None


async def release(tx: Tx, checkout_id: UUID) -> bool:
    """Gives the redemption back, once. False where none is held."""
    released = (
        await tx.session.execute(
            update(DiscountRedemption)
            .where(*_of(tx, checkout_id), DiscountRedemption.state == "held")
            .values(state="released")
            .returning(DiscountRedemption.discount_id, DiscountRedemption.customer_id)
        )
    ).one_or_none()
    if released is None:
        return False
    await _give_back(tx, released.discount_id, released.customer_id)
    return True


async def _enter(tx: Tx, checkout_id: UUID, discount_id: UUID, customer_id: UUID | None) -> str:
    """Puts the checkout's redemption into `held`; answers "held" where a counter must be taken for it, else "done"."""
    row_of_code = select(
        literal(new_id()), Discount.organization_id, Discount.id, literal(checkout_id), literal(customer_id, Uuid)
    ).where(Discount.organization_id == tx.organization_id, Discount.id == discount_id)
    created = await tx.session.scalar(
        insert(DiscountRedemption)
        .from_select(["id", "organization_id", "discount_id", "checkout_id", "customer_id"], row_of_code)
        .on_conflict_do_nothing(index_elements=["checkout_id"])
        .returning(DiscountRedemption.id)
    )
    if created is not None:
        return "held"
    row = (
        await tx.session.execute(
            select(DiscountRedemption.discount_id, DiscountRedemption.customer_id, DiscountRedemption.state)
            .where(*_of(tx, checkout_id))
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise _gone()
    same = row.discount_id == discount_id and row.customer_id == customer_id
    if row.state == "committed" and same:
        return "done"
    if row.state == "committed":
        raise Problem("discount_invalid", "This checkout has used its code already.", status=409)
    if row.state == "held" and same:
        return "done"
    if row.state == "held":
        # Both counters change: lock them in id order, so that two checkouts that swap codes cannot wait for each other.
        await tx.session.execute(
            select(Discount.id)
            .where(Discount.organization_id == tx.organization_id, Discount.id.in_([row.discount_id, discount_id]))
            .order_by(Discount.id)
            .with_for_update()
        )
        await _give_back(tx, row.discount_id, row.customer_id)
    await tx.session.execute(
        update(DiscountRedemption)
        .where(*_of(tx, checkout_id))
        .values(discount_id=discount_id, customer_id=customer_id, state="held")
    )
    return "held"


async def _count(tx: Tx, discount_id: UUID, customer_id: UUID | None, now: datetime) -> None:
    """Both counters up by one, each only below its cap."""
    row = (
        await tx.session.execute(
            update(Discount)
            .where(
                Discount.organization_id == tx.organization_id,
                Discount.id == discount_id,
                Discount.active,
                or_(Discount.starts_at.is_(None), Discount.starts_at <= now),
                or_(Discount.ends_at.is_(None), Discount.ends_at > now),
                or_(Discount.max_redemptions.is_(None), Discount.redeemed < Discount.max_redemptions),
            )
            .values(redeemed=Discount.redeemed + 1)
            .returning(Discount.code, Discount.max_redemptions_per_customer.label("cap"))
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is None:
        await _refuse(tx, discount_id, now)
    if customer_id is None:
        if row.cap is not None:
            raise Problem("customer_required", f"The code {row.code} needs an e-mail address.", status=422)
        return
    taken = None
    if row.cap is None or row.cap > 0:
        taken = await tx.session.scalar(
            insert(DiscountUse)
            .values(organization_id=tx.organization_id, discount_id=discount_id, customer_id=customer_id, redeemed=1)
            .on_conflict_do_update(
                index_elements=["organization_id", "discount_id", "customer_id"],
                set_={"redeemed": DiscountUse.redeemed + 1, "modified_at": func.now()},
                where=None if row.cap is None else DiscountUse.redeemed < row.cap,
            )
            .returning(DiscountUse.redeemed)
        )
    if taken is None:
        raise Problem(
            "discount_used_up_for_customer", DETAILS["used_up_for_customer"].format(code=row.code), status=409
        )


async def _refuse(tx: Tx, discount_id: UUID, now: datetime) -> NoReturn:
    """Says why the counter could not be taken."""
    discount = await tx.session.scalar(
        select(Discount)
        .where(Discount.organization_id == tx.organization_id, Discount.id == discount_id)
        .execution_options(populate_existing=True)
    )
    if discount is None:
        raise _gone()
    reason = reason_against(FoundCode(discount, 0, customer_known=False), [], now)
    if reason in ("used_up", "ok"):
        raise Problem("discount_used_up", DETAILS["used_up"].format(code=discount.code), status=409, reason="used_up")
    raise Problem("discount_invalid", DETAILS[reason].format(code=discount.code), status=409, reason=reason)


def _gone() -> Problem:
    return Problem("discount_invalid", "This code no longer exists.", status=409, reason="unknown")


async def _give_back(tx: Tx, discount_id: UUID, customer_id: UUID | None) -> None:
    await tx.session.execute(
        update(Discount)
        .where(Discount.organization_id == tx.organization_id, Discount.id == discount_id)
        .values(redeemed=func.greatest(Discount.redeemed - 1, 0))
        .execution_options(synchronize_session=False)
    )
    if customer_id is not None:
        await tx.session.execute(
            update(DiscountUse)
            .where(
                DiscountUse.organization_id == tx.organization_id,
                DiscountUse.discount_id == discount_id,
                DiscountUse.customer_id == customer_id,
            )
            .values(redeemed=func.greatest(DiscountUse.redeemed - 1, 0))
            .execution_options(synchronize_session=False)
        )


def _of(tx: Tx, checkout_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        DiscountRedemption.organization_id == tx.organization_id,
        DiscountRedemption.checkout_id == checkout_id,
    )
