"""Orders to look after: placed straight into the tables, paid with a stored method of the provider `imported`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from agentpay.commerce.pricing import allocate
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Inventory,
    Order,
    OrderLine,
    Organization,
    Payment,
    PaymentMethod,
    Product,
    Refund,
    Variant,
)

BASE = "https://shop.example"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ADDRESS = {
    "line1": "12 Elm St",
    "line2": None,
    "city": "Portland",
    "region": "OR",
    "postal_code": "97201",
    "country": "US",
}


async def product(
    tx: Tx, name: str, prices: dict[str, int], *, stock: int | None = 10, category: str | None = None
) -> dict[str, UUID]:
    """A product `name` with a variant a size; their ids by size. External ids are `name-size`."""
    made = Product(
        id=new_id(), organization_id=tx.organization_id, external_id=name, title=name.title(), category=category,
        status="active",
    )  # fmt: skip
    tx.session.add(made)
    await tx.session.flush()
    ids = {}
    for size, price in prices.items():
        variant = Variant(
            id=new_id(),
            organization_id=tx.organization_id,
            product_id=made.id,
            external_id=f"{name}-{size}",
            options={"size": size},
            price=price,
            currency="USD",
        )
        tx.session.add(variant)
        await tx.session.flush()
        ids[size] = variant.id
        if stock is not None:
            tx.session.add(Inventory(organization_id=tx.organization_id, variant_id=variant.id, on_hand=stock))
    await tx.session.flush()
    return ids


async def method(tx: Tx, customer_id: UUID, name: str, kind: str = "card", balance: int | None = None) -> UUID:
    made = PaymentMethod(
        id=new_id(),
        organization_id=tx.organization_id,
        customer_id=customer_id,
        external_id=name,
        type=kind,
        balance=balance,
        brand="visa" if kind == "card" else None,
        last4="4242" if kind == "card" else None,
        currency="USD",
    )
    tx.session.add(made)
    await tx.session.flush()
    return made.id


async def order(
    tx: Tx,
    items: list[tuple[UUID, int, int]],
    *,
    customer_id: UUID | None = None,
    discount: int = 0,
    tax: int = 0,
    tax_included: bool = False,
    shipping: int = 0,
    paid_with: dict[str, Any] | None = None,
    payments: list[int] | None = None,
    delivered: datetime | None = None,
    **fields: Any,
) -> UUID:
    """Of (variant, quantity, unit price). `payments`: what was paid in which parts; else all at once. `delivered`: it was."""
    subtotal = sum(quantity * price for _, quantity, price in items)
    total = subtotal - discount + shipping + (0 if tax_included else tax)
    values = {
        "number": str(new_id())[:13],
        "status": "paid",
        "fulfillment_status": "delivered" if delivered else "unfulfilled",
        "placed_at": NOW - timedelta(days=3),
        "shipping_address": ADDRESS,
    } | fields
    made = Order(
        id=new_id(),
        organization_id=tx.organization_id,
        customer_id=customer_id,
        email="a@b.example",
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        tax=tax,
        tax_included=tax_included,
        total=total,
        refunded=0,
        currency="USD",
        details={},
        delivered_at=delivered,
        **values,
    )
    tx.session.add(made)
    await tx.session.flush()
    totals = [quantity * price for _, quantity, price in items]
    discounts = allocate(discount, totals)
    taxes = allocate(tax, [whole - less for whole, less in zip(totals, discounts, strict=True)])
    for position, (variant_id, quantity, price) in enumerate(items):
        tx.session.add(
            OrderLine(
                organization_id=tx.organization_id,
                order_id=made.id,
                variant_id=variant_id,
                position=position,
                quantity=quantity,
                unit_price=price,
                discount=discounts[position],
                tax=taxes[position],
                title="Thing",
                options={},
            )
        )
    for amount in payments or [total]:
        tx.session.add(
            Payment(
                id=new_id(),
                organization_id=tx.organization_id,
                order_id=made.id,
                processor="imported",
                processor_id=f"test:{new_id()}",
                status="succeeded",
                amount=amount,
                currency="USD",
                method=paid_with or {"type": "card"},
            )
        )
    await tx.session.flush()
    return made.id


async def policies(tx: Tx, **values: Any) -> None:
    await tx.session.execute(update(Organization).where(Organization.id == tx.organization_id).values(policies=values))


async def balance(tx: Tx, name: str) -> int | None:
    return await tx.session.scalar(
        select(PaymentMethod.balance)
        .where(PaymentMethod.organization_id == tx.organization_id, PaymentMethod.external_id == name)
        .execution_options(populate_existing=True)
    )


async def on_hand(tx: Tx, variant_id: UUID) -> int:
    return await tx.session.scalar(select(Inventory.on_hand).where(Inventory.variant_id == variant_id)) or 0


async def ledger(tx: Tx, order_id: UUID) -> tuple[int, int]:
    """What was charged, and what went back (failed refunds left out)."""
    charged = await tx.session.scalar(
        select(func.coalesce(func.sum(Payment.amount), 0)).where(
            Payment.order_id == order_id, Payment.status == "succeeded"
        )
    )
    given = await tx.session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(Refund.order_id == order_id, Refund.status != "failed")
    )
    return int(charged or 0), int(given or 0)


async def balances(tx: Tx, order_id: UUID, *, owing: bool = False) -> None:
    """The order and its ledger agree, and its lines add up. `owing`: refunds failed, so that more may be held."""
    row = await tx.session.get_one(Order, order_id, populate_existing=True)
    charged, given = await ledger(tx, order_id)
    left = charged - given - (row.total - row.refunded)
    assert left >= 0 if owing else left == 0
    assert 0 <= row.refunded <= row.total
    assert given <= charged
    lines = (await tx.session.scalars(select(OrderLine).where(OrderLine.order_id == order_id))).all()
    assert sum(line.unit_price * line.quantity for line in lines) == row.subtotal
    assert sum(line.discount for line in lines) == row.discount
