"""The customer as the shop knew them when a conversation began, in the words of a store file, masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.evals.export.masking import Mask
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Address,
    Conversation,
    Customer,
    Discount,
    DiscountRedemption,
    DiscountUse,
    Order,
    OrderLine,
    Payment,
    PaymentMethod,
    Refund,
    Return,
)

ADDRESS = ("line1", "line2", "city", "region", "postal_code", "country")


@dataclass(slots=True)
class Known:
    """`given` of a scenario, `customer` of its opening, and what could not be carried over, a sentence each."""

    given: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    customer: dict[str, str] | None = None
    orders: dict[str, str] = field(default_factory=dict)
    """Of the orders given: how they are called in the shop (number and external id) → how here."""
    lacking: list[str] = field(default_factory=list)


async def known(
    tx: Tx,
    conversation: Conversation,
    seen: Mapping[str, Mapping[str, Any]],
    introduced: set[str],
    names: Mapping[UUID, str],
    mask: Mask,
) -> Known:
    """
    What the shop knew of the conversation's customer before its first message.

    `seen`: orders by number as the conversation first showed them, which is how they were before it changed them.
    `introduced`: contact details that were given in the conversation itself. `names`: variants' external ids.
    """
    found = Known()
    if conversation.customer_id is None:
        contact = {key: conversation.contact.get(key) for key in ("email", "name", "phone_number")}
        opened = {
            key: value for key, value in contact.items() if value and conversation.vouched and value not in introduced
        }
        found.customer = _masked_contact(opened, mask) or None
        return found
    customer = await tx.session.scalar(
        select(Customer).where(Customer.organization_id == tx.organization_id, Customer.id == conversation.customer_id)
    )
    assert customer is not None, "the conversation refers to it"
    before = customer.created_at < conversation.created_at
    shown = {"email": customer.email, "name": customer.name, "phone_number": customer.phone_number}
    person: dict[str, Any] = _masked_contact({key: value for key, value in shown.items() if value}, mask)
    external_id = mask.external_id(customer.external_id or str(customer.id))
    if conversation.vouched:
        found.customer = {"external_id": external_id, **({"email": person["email"]} if "email" in person else {})}
        if not before:
            found.customer = {**({"external_id": external_id} if customer.external_id else {}), **person}
    if before:
        row: dict[str, Any] = {"external_id": external_id, **person}
        if addresses := await _addresses(tx, customer.id):
            row["addresses"] = [mask.address(address) for address in addresses]
        if methods := await _methods(tx, customer.id, mask):
            row["payment_methods"] = methods
        orders = await _orders(tx, conversation, external_id, seen, names, mask, found)
        found.given = {"customers": [row], **({"orders": orders} if orders else {})}
        if redeemed := await _redeemed(tx, conversation):
            found.given["redeemed"] = [{"code": code, "customer": external_id, "times": n} for code, n in redeemed]
    return found


def _masked_contact(contact: Mapping[str, Any], mask: Mask) -> dict[str, str]:
    by_key = {"email": mask.email, "name": mask.name, "phone_number": mask.phone}
    return {key: by_key[key](str(value)) for key, value in contact.items()}


async def _redeemed(tx: Tx, conversation: Conversation) -> list[tuple[str, int]]:
    """Codes that the customer had used before, and how often."""
    here, held = tx.organization_id, ("held", "committed")
    used = await tx.session.execute(
        select(Discount.id, Discount.code, DiscountUse.redeemed)
        .join(
            Discount,
            (Discount.organization_id == DiscountUse.organization_id) & (Discount.id == DiscountUse.discount_id),
        )
        .where(DiscountUse.organization_id == here, DiscountUse.customer_id == conversation.customer_id)
        .order_by(Discount.code)
    )
    since = list(
        await tx.session.scalars(
            select(DiscountRedemption.discount_id)
            .where(DiscountRedemption.organization_id == here, DiscountRedemption.state.in_(held))
            .where(DiscountRedemption.customer_id == conversation.customer_id)
            .where(DiscountRedemption.created_at >= conversation.created_at)
        )
    )
    counts = [(code, times - since.count(identifier)) for identifier, code, times in used]
    return [(code, times) for code, times in counts if times > 0]


async def _addresses(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    rows = await tx.session.scalars(
        select(Address)
        .where(Address.organization_id == tx.organization_id, Address.customer_id == customer_id)
        .order_by(Address.position)
    )
    return [{name: getattr(row, name) for name in ADDRESS} for row in rows]


async def _methods(tx: Tx, customer_id: UUID, mask: Mask) -> list[dict[str, Any]]:
    rows = await tx.session.scalars(
        select(PaymentMethod)
        .where(PaymentMethod.organization_id == tx.organization_id, PaymentMethod.customer_id == customer_id)
        .order_by(PaymentMethod.id)
    )
    methods = []
    for row in rows:
        method: dict[str, Any] = {
            "external_id": mask.method(row.external_id, row.type),
            "type": row.type,
            "brand": row.brand,
        }
        method |= {"last4": mask.last4(row.last4) if row.last4 else None, "balance": row.balance}
        methods.append({key: value for key, value in method.items() if value is not None})
    return methods


async def _orders(
    tx: Tx,
    conversation: Conversation,
    owner: str,
    seen: Mapping[str, Mapping[str, Any]],
    names: Mapping[UUID, str],
    mask: Mask,
    found: Known,
) -> list[dict[str, Any]]:
    began = conversation.created_at
    rows = await tx.session.scalars(
        select(Order)
        .where(Order.organization_id == tx.organization_id, Order.customer_id == conversation.customer_id)
        .where(Order.placed_at < began)
        .order_by(Order.placed_at)
    )
    given = []
    for order in rows:
        called = mask.number(order.external_id or order.number)
        found.orders |= {name: called for name in (order.number, order.external_id) if name}
        before = seen.get(order.number) or await _as_it_was(tx, order, began)
        items = [
            {
                "variant": names.get(UUID(str(item["variant_id"]))),
                **{key: item[key] for key in ("quantity", "unit_price")},
            }
            for item in before["items"]
        ]
        if any(item["variant"] is None for item in items):
            found.lacking.append(f"Order {called} is left out: it holds goods that have no external id.")
            continue
        row: dict[str, Any] = {
            "external_id": called,
            "customer": owner,
            "placed_at": _ago(began - order.placed_at),
            "status": before["status"],
            "fulfillment_status": before["fulfillment_status"],
            "items": items,
            **{key: before[key] for key in ("shipping", "discount", "tax", "refunded") if before[key]},
        }
        if before["tax_included"]:
            row["tax_included"] = True
        if order.delivered_at is not None and before["fulfillment_status"] == "delivered":
            row["delivered_at"] = _ago(began - order.delivered_at)
        if payment := await _payment(tx, order.id, mask):
            row["payment"] = payment
        if before.get("shipping_address"):
            row["shipping_address"] = mask.address(before["shipping_address"])
        if before.get("tracking"):
            row["tracking"] = {
                **before["tracking"],
                **({"number": "EXAMPLE1"} if before["tracking"].get("number") else {}),
            }
            row["tracking"].pop("url", None)
        if await _has_returns(tx, order.id, began):
            found.lacking.append(f"A return of order {called} from before the conversation is not carried over.")
        given.append(row)
    return given


async def _as_it_was(tx: Tx, order: Order, began: datetime) -> dict[str, Any]:
    """An order that the conversation never showed, without what happened to it since."""
    here = Refund.organization_id == tx.organization_id
    refunds = await tx.session.scalars(select(Refund).where(here, Refund.order_id == order.id))
    back = sum(
        one.amount for one in refunds if one.created_at >= began and one.status != "failed" and not one.adjustment
    )
    refunded = max(order.refunded - back, 0)
    status = order.status
    if status in ("refunded", "partially_refunded") or (order.cancelled_at is not None and order.cancelled_at >= began):
        status = "paid" if not refunded else "refunded" if refunded == order.total else "partially_refunded"
    fulfilment = order.fulfillment_status
    if order.delivered_at is not None and order.delivered_at >= began:
        fulfilment = "shipped"
    if order.shipped_at is not None and order.shipped_at >= began:
        fulfilment = "unfulfilled"
    lines = await tx.session.scalars(
        select(OrderLine)
        .where(OrderLine.organization_id == tx.organization_id, OrderLine.order_id == order.id)
        .order_by(OrderLine.position)
    )
    kept = ("shipping", "discount", "tax", "tax_included", "shipping_address", "tracking")
    return {
        "status": status,
        "fulfillment_status": fulfilment,
        "refunded": refunded,
        "items": [{name: getattr(line, name) for name in ("variant_id", "quantity", "unit_price")} for line in lines],
        **{name: getattr(order, name) for name in kept},
    }


async def _payment(tx: Tx, order_id: UUID, mask: Mask) -> dict[str, str]:
    """How it was paid at first."""
    row = await tx.session.scalar(
        select(Payment)
        .where(Payment.organization_id == tx.organization_id, Payment.order_id == order_id)
        .order_by(Payment.created_at, Payment.id)
        .limit(1)
    )
    if row is None or row.method.get("type") not in ("card", "paypal", "gift_card"):
        return {}
    reference = row.method.get("reference")
    return {
        "method": row.method["type"],
        **({"reference": mask.method(reference, row.method["type"])} if reference else {}),
    }


async def _has_returns(tx: Tx, order_id: UUID, began: datetime) -> bool:
    found = await tx.session.scalar(
        select(Return.id)
        .where(Return.organization_id == tx.organization_id, Return.order_id == order_id, Return.created_at < began)
        .limit(1)
    )
    return found is not None


def _ago(distance: timedelta) -> str:
    """ "-13d", or in hours or minutes where the days are few."""
    minutes = max(int(distance.total_seconds() // 60), 0)
    if minutes % 1440 == 0 or minutes > 999_999:
        return f"-{minutes // 1440}d"
    return f"-{minutes // 60}h" if minutes >= 2880 else f"-{minutes}m"
