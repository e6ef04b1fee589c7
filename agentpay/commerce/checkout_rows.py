"""Checkouts and their lines in the database: finding, locking, showing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce.lines import SaleLine, from_row, line_view, select_lines
from agentpay.commerce.rows import one as one_row
from agentpay.commerce.shapes import (
    AddressShape,
    CheckoutStatus,
    CheckoutView,
    CommitmentLevel,
    CustomerRef,
    LineView,
    ShippingOption,
)
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, CheckoutLine, Order, OrderChange, Product, Variant

STATUSES: tuple[CheckoutStatus, ...] = ("open", "confirming", "confirmed", "succeeded", "expired", "cancelled")
_LEVELS: tuple[CommitmentLevel, ...] = ("browsing", "considering", "committed", "authorized")


async def lock(tx: Tx, checkout_id: UUID) -> Checkout:
    """The checkout, locked until the end of the transaction: first of all locks. Problem 404 `not_found`."""
    return await one_row(tx, Checkout, checkout_id, lock=True)


async def find(tx: Tx, checkout_id: UUID) -> Checkout:
    """The checkout, not locked. Problem 404 `not_found`."""
    return await one_row(tx, Checkout, checkout_id)


def require_open(checkout: Checkout, now: datetime | None = None) -> None:
    """Problem 409 `checkout_not_open`, extra `checkout_status`: paid, under way, ended, or past its time."""
    ran_out = checkout.status == "open" and checkout.expires_at <= (now or datetime.now(UTC))
    status = "expired" if ran_out else checkout.status
    if status != "open":
        raise Problem("checkout_not_open", f"The checkout is {status}.", status=409, checkout_status=status)


async def sale_lines(tx: Tx, checkout_id: UUID) -> list[SaleLine]:
    """The checkout's lines at today's prices."""
    rows = await tx.session.execute(
        select_lines()
        .add_columns(CheckoutLine.quantity)
        .join(
            CheckoutLine,
            and_(CheckoutLine.organization_id == Variant.organization_id, CheckoutLine.variant_id == Variant.id),
        )
        .where(CheckoutLine.organization_id == tx.organization_id, CheckoutLine.checkout_id == checkout_id)
        .order_by(CheckoutLine.position, CheckoutLine.id)
    )
    return [from_row(row, row.quantity) for row in rows]


async def quantities(tx: Tx, checkout_id: UUID) -> dict[UUID, int]:
    """How many of each variant."""
    rows = await tx.session.execute(
        select(CheckoutLine.variant_id, CheckoutLine.quantity).where(
            CheckoutLine.organization_id == tx.organization_id, CheckoutLine.checkout_id == checkout_id
        )
    )
    return {row.variant_id: row.quantity for row in rows}


async def put_lines(tx: Tx, checkout_id: UUID, lines: Sequence[SaleLine]) -> None:
    """Make these the checkout's lines. Amounts are filled in when it is priced."""
    mine = and_(CheckoutLine.organization_id == tx.organization_id, CheckoutLine.checkout_id == checkout_id)
    await tx.session.execute(delete(CheckoutLine).where(mine).execution_options(synchronize_session=False))
    if lines:
        await tx.session.execute(
            insert(CheckoutLine),
            [
                {
                    "organization_id": tx.organization_id,
                    "checkout_id": checkout_id,
                    "variant_id": line.variant_id,
                    "position": position,
                    "quantity": line.quantity,
                    "unit_price": line.unit_price,
                }
                for position, line in enumerate(lines)
            ],
        )


async def view(tx: Tx, checkout: Checkout, *, base_url: str) -> CheckoutView:
    return (await views(tx, [checkout], base_url=base_url))[0]


async def views(tx: Tx, checkouts: Sequence[Checkout], *, base_url: str) -> list[CheckoutView]:
    """The contract's shape of each, in their order; two round trips whatever their number."""
    await tx.session.flush()
    ids = [checkout.id for checkout in checkouts]
    lines: dict[UUID, list[LineView]] = {checkout_id: [] for checkout_id in ids}
    rows = await tx.session.execute(
        select(
            CheckoutLine.checkout_id,
            CheckoutLine.variant_id,
            Variant.external_id.label("variant_external_id"),
            Product.external_id.label("product_external_id"),
            Product.title,
            Variant.options,
            CheckoutLine.quantity,
            CheckoutLine.unit_price,
        )
        .join(
            Variant,
            and_(Variant.organization_id == CheckoutLine.organization_id, Variant.id == CheckoutLine.variant_id),
        )
        .join(Product, and_(Product.organization_id == Variant.organization_id, Product.id == Variant.product_id))
        .where(CheckoutLine.organization_id == tx.organization_id, CheckoutLine.checkout_id.in_(ids))
        .order_by(CheckoutLine.position, CheckoutLine.id)
    )
    for row in rows:
        lines[row.checkout_id].append(line_view(row))
    orders = await orders_of(tx, ids)
    return [_view(checkout, lines[checkout.id], orders.get(checkout.id), base_url) for checkout in checkouts]


async def orders_of(tx: Tx, checkout_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The orders that checkouts became, or whose change they paid for."""
    placed = select(Order.checkout_id, Order.id).where(
        Order.organization_id == tx.organization_id, Order.checkout_id.in_(checkout_ids)
    )
    changed = select(OrderChange.checkout_id, OrderChange.order_id).where(
        OrderChange.organization_id == tx.organization_id,
        OrderChange.checkout_id.in_(checkout_ids),
        OrderChange.status.in_(("paid", "applied")),
    )
    found = await tx.session.execute(placed.union_all(changed))
    return {row.checkout_id: row.id for row in found if row.checkout_id is not None}


def url_of(checkout: Checkout, base_url: str) -> str:
    """Where the buyer pays."""
    return f"{base_url.rstrip('/')}/pay/{checkout.token}"


def _view(checkout: Checkout, items: list[LineView], order_id: UUID | None, base_url: str) -> CheckoutView:
    known = checkout.email is not None or checkout.name is not None
    address, option = checkout.shipping_address, checkout.shipping_option
    return CheckoutView(
        id=checkout.id,
        status=_one_of(checkout.status, STATUSES),
        url=url_of(checkout, base_url),
        items=items,
        discount_code=checkout.discount_code,
        offer_id=checkout.offer_id,
        customer=CustomerRef(email=checkout.email, name=checkout.name) if known else None,
        shipping_address=AddressShape.model_validate(address) if address else None,
        shipping_option=ShippingOption.model_validate(option) if option else None,
        note=checkout.note,
        subtotal=checkout.subtotal,
        discount=checkout.discount,
        shipping=checkout.shipping,
        tax=checkout.tax,
        tax_included=checkout.tax_included,
        total=checkout.total,
        currency=checkout.currency,
        conversation_id=checkout.conversation_id,
        commitment_level=_one_of(checkout.commitment_level, _LEVELS),
        agent_context=checkout.agent_context,
        failure=checkout.failure,
        expires_at=checkout.expires_at,
        order_id=order_id,
    )


def _one_of(value: str, allowed: Sequence[Any]) -> Any:
    assert value in allowed, "the table's own CHECK"
    return value
