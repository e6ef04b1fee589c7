"""Gives money back: alone up to the agent's limit, beyond it when a person has agreed (CONTRACT §4, returns)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from agentpay.commerce import catalog, order_rows, refunds, windows
from agentpay.commerce.shapes import OrderView
from agentpay.errors import Problem
from agentpay.money import money
from agentpay.store.session import Tx
from agentpay.store.tables import Order
from agentpay.tools import approvals
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.methods import method_or_way_paid
from agentpay.tools.own_orders import NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult


class RequestRefund(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    amount: int | None = Field(None, ge=1, description="Minor units. Default: all that is left to refund.")
    reason: str = Field("", max_length=500)
    payment_method: str | None = Field(
        None, max_length=100, description="gift_card, or a stored gift card. Default: the way it was paid."
    )


async def run(context: Context, tx: Tx, arguments: RequestRefund) -> ToolResult:
    granted = await approvals.granted(context, tx, "refund")
    shown = await own_order(context, tx, arguments.order_number)
    order = await order_rows.lock(tx, shown.id)
    amount = await _amount(tx, order, arguments.amount)
    if granted is None:
        # a person may be more generous than the shop's rules
        await _require_returnable(tx, order, shown)
    method = await method_or_way_paid(tx, context.customer_id, arguments.payment_method, order.id)
    alone = await refunds.given_automatically(tx, order.id) + amount <= context.agent.rules.auto_refund_limit
    if granted is None and not alone:
        await refunds.require_destination(tx, order, method)
        return await _ask_a_person(context, tx, arguments, shown, amount)
    given = await refunds.create(
        tx, order.id, amount, reason=arguments.reason or "requested", automatic=granted is None, method=method
    )
    after = await order_rows.view(tx, order)
    data = {
        "status": "done",
        "amount": amount,
        "currency": order.currency,
        "refunds": [refund.model_dump(mode="json") for refund in given],
        "order": after.model_dump(mode="json"),
    }
    return ToolResult(data, [block("order", after)])


async def _amount(tx: Tx, order: Order, wanted: int | None) -> int:
    """What is to be given back. Problems (409): `order_not_paid`, `refund_exceeds_paid`, with `refundable`."""
    if order.status == "pending":
        raise Problem("order_not_paid", "The order has not been paid.", status=409)
    left = await refunds.refundable(tx, order)
    amount = left if wanted is None else wanted
    if not 0 < amount <= left:
        detail = "That is more than is left to refund." if left else "All of this order has been refunded."
        raise Problem("refund_exceeds_paid", detail, status=409, refundable=left, currency=order.currency)
    return amount


async def _require_returnable(tx: Tx, order: Order, shown: OrderView) -> None:
    """Money for goods that have arrived follows the rules of returns: outside them, only a person gives any.

    Problems (409): `return_window_over`, `not_returnable` (nothing of the order can come back).
    """
    if order.fulfillment_status != "delivered":
        return
    policy = await windows.policies(tx)
    windows.require_open(order, policy, "return", datetime.now(UTC))
    rows = await catalog.variants(tx, {line.variant_id for line in shown.items})
    if not any(
        windows.is_returnable(policy, row.product_external_id, row.category, row.external_id) for row in rows.values()
    ):
        raise Problem("not_returnable", "Nothing of this order can be returned.", status=409)


async def _ask_a_person(
    context: Context, tx: Tx, arguments: RequestRefund, order: OrderView, amount: int
) -> ToolResult:
    summary = f"Refund {money(amount, order.currency)} of order {order.number}"
    if arguments.reason:
        summary += f": {arguments.reason}"
    payload: dict[str, Any] = {
        "order_id": str(order.id),
        "order_number": order.number,
        "amount": amount,
        "currency": order.currency,
        "reason": arguments.reason,
    }
    asked = {**arguments.model_dump(mode="json", exclude_none=True), "order_number": order.number, "amount": amount}
    interrupt = await approvals.request(context, tx, "refund", summary[:500], payload, TOOL.name, asked)
    data = {"status": "waits_for_approval", "amount": amount, "currency": order.currency}
    return ToolResult({**data, "order": order.model_dump(mode="json")}, [{"type": "approval", **interrupt}], interrupt)


TOOL = Tool(
    name="request_refund",
    description="Give money of an order back without waiting for goods: done at once up to the shop's limit, else a person is asked. "
    "Goods that come back are a return_items instead. Ask for a yes first.",
    arguments=RequestRefund,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="refunds:write",
)
