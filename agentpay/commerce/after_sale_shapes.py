"""Shapes of what happens to an order after it was placed: changes, returns, exchanges, the ledger. Money: minor units."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentpay.commerce.lines import MAX_QUANTITY
from agentpay.commerce.shapes import CheckoutView, OrderView, RefundView, Shape
from agentpay.store.tables import Order, Payment

ReturnStatus = Literal["requested", "received", "refunded", "refused"]


class PaymentView(Shape):
    """A row of the ledger of charges. `method`: {"type", "brand"?, "last4"?, "reference"?}, never a number.

    `dispute`: {"id", "amount", "currency", "reason"} where the buyer went to their bank.
    """

    id: UUID
    order_id: UUID | None
    checkout_id: UUID | None
    processor: str
    status: Literal["pending", "succeeded", "failed"]
    amount: int
    currency: str
    method: dict[str, Any]
    failure: dict[str, Any] | None
    dispute: dict[str, Any] | None
    created_at: datetime


class OrderChangeView(Shape):
    """How a change went. `difference` is what the order costs more now, below zero what went back.

    Where `checkout` is set the change waits: it is made when its payment link is paid, and `order` is still as it was.
    """

    order: OrderView
    difference: int
    currency: str
    payment: PaymentView | None
    refunds: list[RefundView]
    checkout: CheckoutView | None


class ExchangeLineView(Shape):
    """What units are exchanged for, at the price agreed when it was asked for."""

    variant_id: UUID
    variant_external_id: str | None
    options: dict[str, str]
    unit_price: int


class ReturnLineView(Shape):
    """Units on their way back. `amount` is what was paid for them: their share of discount and tax, without shipping."""

    variant_id: UUID
    variant_external_id: str | None
    product_external_id: str | None
    title: str
    options: dict[str, str]
    quantity: int
    amount: int
    exchange: ExchangeLineView | None


class ReturnView(Shape):
    """`requested → received → refunded`, or `refused`. An exchange that costs nothing back ends as `received`.

    `payment_method` names where the money goes (null: the way it was paid) or, of a dearer exchange, what is charged.
    `difference` is an exchange's; `checkout` its payment link, to be paid before the goods are received.
    """

    id: UUID
    order_id: UUID
    order_number: str
    conversation_id: UUID | None
    kind: Literal["return", "exchange"]
    status: ReturnStatus
    items: list[ReturnLineView]
    reason: str
    refusal: str | None
    payment_method: str | None
    amount: int
    difference: int | None
    currency: str
    checkout: CheckoutView | None
    refunds: list[RefundView]
    received_at: datetime | None
    created_at: datetime


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VariantInput(_Input):
    """A variant by either of its ids."""

    variant_id: UUID | None = None
    variant_external_id: str | None = Field(None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _one_reference(self) -> VariantInput:
        if (self.variant_id is None) == (self.variant_external_id is None):
            raise ValueError("give either variant_id or variant_external_id")
        return self


class ReturnItemInput(VariantInput):
    quantity: int = Field(1, ge=1, le=MAX_QUANTITY, strict=True)


class ExchangeItemInput(ReturnItemInput):
    """`to` is another variant of the same product."""

    to: VariantInput


class ItemChangeInput(VariantInput):
    """`quantity` units (all, where it is left out) become `to_quantity` (as many) of `to` (the same variant); 0 drops them."""

    quantity: int | None = Field(None, ge=1, le=MAX_QUANTITY, strict=True)
    to: VariantInput | None = None
    to_quantity: int | None = Field(None, ge=0, le=MAX_QUANTITY, strict=True)


def payment_view(row: Payment, order: Order) -> PaymentView:
    """A charge of the order, with the dispute that was noted on it."""
    noted = [each for each in order.details.get("disputes", []) if each.get("payment_id") == str(row.id)]
    dispute = {name: noted[0][name] for name in ("id", "amount", "currency", "reason")} if noted else None
    fields = {name: getattr(row, name) for name in PaymentView.model_fields if name != "dispute"}
    return PaymentView(dispute=dispute, **fields)
