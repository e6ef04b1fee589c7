"""Discount codes: whether one applies to these lines for this buyer, and what it takes off (CONTRACT §4).

Nothing here changes anything; the caps are taken in `discounts`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, or_, select

from agentpay.commerce.pricing import CodeRule, OfferPrice, PricingLine, compute, is_eligible
from agentpay.store.session import Tx
from agentpay.store.tables import Customer, Discount, DiscountUse

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


async def existing(tx: Tx, codes: Collection[str]) -> frozenset[str]:
    """Those of the codes, normalized, that the shop has, whether they can be used or not."""
    rows = await tx.session.scalars(
        select(Discount.code).where(
            Discount.organization_id == tx.organization_id, Discount.code.in_({normalize(code) for code in codes})
        )
    )
    return frozenset(rows)


def judge(
    found: FoundCode | None, code: str, lines: Sequence[PricingLine], *, now: datetime, offer: OfferPrice | None = None
) -> DiscountDecision:
    """The decision from what `find` answered. Without lines only the code itself is judged, and takes nothing off."""
    code = normalize(code)
    if found is None:
        return DiscountDecision(False, code, "unknown", DETAILS["unknown"].format(code=code))
    reason = reason_against(found, lines, now)
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


def reason_against(found: FoundCode, lines: Sequence[PricingLine], now: datetime) -> Reason:
    """The first rule that speaks against the code, or "ok"; without lines the rules about lines are left out."""
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
