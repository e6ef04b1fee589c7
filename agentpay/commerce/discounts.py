"""Discount codes: what one takes off, and its caps, global and per customer (CONTRACT §4, DESIGN §5).

`evaluate` reads and never changes anything. `hold` takes a redemption for a checkout with conditional updates, `commit`
keeps it, `release` gives it back, each exactly once. Locks are taken in one order: redemption, discount, use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce.pricing import CodeRule, OfferPrice, PricingLine, compute, is_eligible
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Customer, Discount, DiscountRedemption, DiscountUse

Reason = Literal[
    "ok",
    "unknown",
    "expired",
    "not_started",
    "used_up",
    "used_up_for_customer",
    "min_subtotal",
    "no_eligible_item",
    "inactive",
]

DETAILS: dict[Reason, str] = {
    "ok": "The code {code} applies.",
    "unknown": "There is no code {code}.",
    "expired": "The code {code} has expired.",
    "not_started": "The code {code} is not valid yet.",
    "used_up": "The code {code} has been used up.",
    "used_up_for_customer": "The code {code} has already been used as often as one customer may.",
    "min_subtotal": "The items come to less than the code {code} asks for.",
    "no_eligible_item": "The code {code} does not apply to any of these items.",
    "inactive": "The code {code} is not active.",
}


@dataclass(frozen=True, slots=True)
class FoundCode:
    """A code's row and how often this customer has used it (0 for a customer nobody knows)."""

    discount: Discount
    used_by_customer: int
    customer_known: bool

    @property
    def rule(self) -> CodeRule:
        return CodeRule(
            type="percentage" if self.discount.type == "percentage" else "fixed",
            basis_points=self.discount.basis_points or 0,
            amount=self.discount.amount or 0,
            products=tuple(self.discount.products),
            categories=tuple(self.discount.categories),
        )


@dataclass(frozen=True, slots=True)
class DiscountDecision:
    """Whether a code applies, and what it takes off after an offer (minor units). `capped`: a floor bounds it.

    `rule` is set where `ok`, for `pricing.compute`. `min_subtotal` is set where that is the reason.
    `needs_customer`: the code is limited per customer, so a checkout cannot be confirmed without one.
    """

    ok: bool
    code: str
    reason: Reason
    detail: str
    discount_id: UUID | None = None
    amount: int = 0
    capped: bool = False
    rule: CodeRule | None = None
    min_subtotal: int | None = None
    needs_customer: bool = False


def normalize(code: str) -> str:
    """Case and surrounding blanks do not matter (CONTRACT §4)."""
    return code.strip().upper()


async def find(tx: Tx, code: str, *, customer_id: UUID | None = None, email: str | None = None) -> FoundCode | None:
    """The code with the customer's uses, in one statement. With both id and e-mail the higher count is meant."""
    known = [Customer.id == customer_id] if customer_id else []
    if email:
        known.append(Customer.email == email.strip().lower())
    buyer = (
        select(Customer.id).where(Customer.organization_id == tx.organization_id, or_(*known)).cte("buyer")
        if known
        else None
    )
    used = (
        select(func.coalesce(func.max(DiscountUse.redeemed), 0))
        .where(
            DiscountUse.organization_id == Discount.organization_id,
            DiscountUse.discount_id == Discount.id,
            DiscountUse.customer_id.in_(select(buyer.c.id)),
        )
        .correlate(Discount)
        .scalar_subquery()
        if buyer is not None
        else func.coalesce(0)
    )
    row = (
        await tx.session.execute(
            select(Discount, used.label("used"))
            .where(Discount.organization_id == tx.organization_id, Discount.code == normalize(code))
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    return None if row is None else FoundCode(row[0], row.used, bool(known))


def judge(
    found: FoundCode | None, code: str, lines: Sequence[PricingLine], *, now: datetime, offer: OfferPrice | None = None
) -> DiscountDecision:
    """The decision from what `find` answered. Without lines only the code itself is judged, and takes nothing off."""
    code = normalize(code)
    if found is None:
        return DiscountDecision(False, code, "unknown", DETAILS["unknown"].format(code=code))
    reason = _reason(found, lines, now)
    if reason != "ok":
        return DiscountDecision(
            ok=False,
            code=code,
            reason=reason,
            detail=DETAILS[reason].format(code=code),
            discount_id=found.discount.id,
            min_subtotal=found.discount.min_subtotal if reason == "min_subtotal" else None,
        )
    totals = compute(lines, found.rule, offer)
    limited = " Part of it cannot be given on these items." if totals.capped else ""
    return DiscountDecision(
        ok=True,
        code=code,
        reason="ok",
        detail=DETAILS["ok"].format(code=code) + limited,
        discount_id=found.discount.id,
        amount=totals.code_discount,
        capped=totals.capped,
        rule=found.rule,
        needs_customer=found.discount.max_redemptions_per_customer is not None and not found.customer_known,
    )


def _reason(found: FoundCode, lines: Sequence[PricingLine], now: datetime) -> Reason:
    discount = found.discount
    per_customer = discount.max_redemptions_per_customer
    if not discount.active:
        return "inactive"
    if discount.starts_at is not None and now < discount.starts_at:
        return "not_started"
    if discount.ends_at is not None and now >= discount.ends_at:
        return "expired"
    if discount.max_redemptions is not None and discount.redeemed >= discount.max_redemptions:
        return "used_up"
    if per_customer is not None and found.used_by_customer >= per_customer:
        return "used_up_for_customer"
    if not lines:
        return "ok"
    if not any(is_eligible(found.rule, line) for line in lines):
        return "no_eligible_item"
    if discount.min_subtotal is not None and sum(line.list_total for line in lines) < discount.min_subtotal:
        return "min_subtotal"
    return "ok"


async def evaluate(
    tx: Tx,
    code: str,
    lines: Sequence[PricingLine],
    *,
    customer_id: UUID | None = None,
    email: str | None = None,
    now: datetime | None = None,
    offer: OfferPrice | None = None,
) -> DiscountDecision:
    """Whether `code` applies to these lines for this buyer now, and how much it takes off. Changes nothing."""
    found = await find(tx, code, customer_id=customer_id, email=email)
    return judge(found, code, lines, now=now or datetime.now(UTC), offer=offer)


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
    created = await tx.session.scalar(
        insert(DiscountRedemption)
        .values(
            organization_id=tx.organization_id,
            discount_id=discount_id,
            checkout_id=checkout_id,
            customer_id=customer_id,
            state="held",
        )
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
    ).one()
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
        raise Problem("discount_invalid", "This code no longer exists.", status=409, reason="unknown")
    reason = _reason(FoundCode(discount, 0, customer_known=False), [], now)
    if reason in ("used_up", "ok"):
        raise Problem("discount_used_up", DETAILS["used_up"].format(code=discount.code), status=409, reason="used_up")
    raise Problem("discount_invalid", DETAILS[reason].format(code=discount.code), status=409, reason=reason)


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
