"""A small shop written straight into the tables, for tests of money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Agent,
    Checkout,
    Conversation,
    Customer,
    Discount,
    Inventory,
    Product,
    Variant,
)


async def variant(
    tx: Tx,
    external_id: str,
    *,
    price: int,
    floor: int | None = None,
    stock: int | None = None,
    category: str | None = None,
    dynamic: bool = False,
    status: str = "active",
    weight_grams: int = 0,
    requires_shipping: bool = True,
) -> UUID:
    """A product `external_id` with one variant `external_id`-v; without stock it is not tracked."""
    product = Product(
        id=new_id(),
        organization_id=tx.organization_id,
        external_id=external_id,
        title=external_id.title(),
        category=category,
        allow_dynamic_pricing=dynamic,
        status=status,
    )
    tx.session.add(product)
    await tx.session.flush()
    made = Variant(
        id=new_id(),
        organization_id=tx.organization_id,
        product_id=product.id,
        external_id=f"{external_id}-v",
        options={"size": "M"},
        price=price,
        floor=floor,
        currency="USD",
        weight_grams=weight_grams,
        requires_shipping=requires_shipping,
    )
    tx.session.add(made)
    await tx.session.flush()
    if stock is not None:
        tx.session.add(Inventory(organization_id=tx.organization_id, variant_id=made.id, on_hand=stock))
        await tx.session.flush()
    return made.id


async def discount(tx: Tx, code: str, **fields: Any) -> UUID:
    """A code: 10 % unless told otherwise."""
    if "amount" in fields:
        fields.setdefault("type", "fixed")
    else:
        fields.setdefault("type", "percentage")
        fields.setdefault("basis_points", 1000)
    made = Discount(id=new_id(), organization_id=tx.organization_id, code=code, currency="USD", **fields)
    tx.session.add(made)
    await tx.session.flush()
    return made.id


async def customer(tx: Tx, email: str) -> UUID:
    made = Customer(id=new_id(), organization_id=tx.organization_id, email=email)
    tx.session.add(made)
    await tx.session.flush()
    return made.id


async def conversation(tx: Tx, *, customer_id: UUID | None = None, email: str | None = None) -> UUID:
    agent_id = await tx.session.scalar(select(Agent.id).where(Agent.organization_id == tx.organization_id))
    made = Conversation(
        id=new_id(),
        organization_id=tx.organization_id,
        agent_id=agent_id,
        customer_id=customer_id,
        contact={"email": email} if email else {},
    )
    tx.session.add(made)
    await tx.session.flush()
    return made.id


async def checkout(tx: Tx, **fields: Any) -> UUID:
    """An open checkout of nothing."""
    made = Checkout(
        id=new_id(),
        organization_id=tx.organization_id,
        token=new_id().hex,
        currency="USD",
        provider="sandbox",
        expires_at=datetime.now(UTC) + timedelta(days=1),
        **fields,
    )
    tx.session.add(made)
    await tx.session.flush()
    return made.id
