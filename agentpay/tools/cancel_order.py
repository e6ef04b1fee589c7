"""Cancels an order that has not left yet; its money goes back whole (CONTRACT §4, cancelling)."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import orders, refunds
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.own_orders import NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult

_PARTS = 20


class CancelOrder(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    reason: str = Field("no longer needed", min_length=1, max_length=200)


async def run(context: Context, tx: Tx, arguments: CancelOrder) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    if order.status == "cancelled":
        raise Problem("order_not_cancellable", "The order is cancelled already.", status=409)
    before = {refund.id for refund in await refunds.list_(tx, limit=_PARTS, order_id=order.id)}
    cancelled = await orders.cancel(tx, order.id, reason=arguments.reason)
    given = await refunds.list_(tx, limit=_PARTS, order_id=order.id)
    data = {
        "order": cancelled.model_dump(mode="json"),
        "refunds": [refund.model_dump(mode="json") for refund in given if refund.id not in before],
    }
    return ToolResult(data, [block("order", cancelled)])


TOOL = Tool(
    name="cancel_order",
    description="Cancel a placed order that has not shipped. What was paid goes back the way it was paid. Ask for a yes first.",
    arguments=CancelOrder,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
