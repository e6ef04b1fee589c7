"""Tells a customer about their own orders."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import orders
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class OrderStatus(Arguments):
    order_number: str | None = Field(None, max_length=64, description="Default: the customer's latest order.")


async def run(context: Context, tx: Tx, arguments: OrderStatus) -> ToolResult:
    bought_here = await orders.for_conversation(tx, context.conversation)
    if context.customer_id is None and not bought_here:
        raise Problem(
            "verification_required",
            "Orders are shown to their owner: the order number and the e-mail address it was placed with are needed.",
            status=403,
        )
    own = await orders.for_customer(tx, context.customer_id) if context.customer_id else []
    visible = list({order.id: order for order in [*bought_here, *own]}.values())
    if arguments.order_number is None:
        if not visible:
            raise Problem("no_orders", "There are no orders yet.", status=404)
        order = max(visible, key=lambda one: one.placed_at)
    else:
        found = await orders.find(tx, arguments.order_number)
        order = next((one for one in visible if found is not None and one.id == found.id), None)  # type: ignore[assignment]
        if order is None:
            # The same answer for an order of somebody else and for one that does not exist
            raise Problem("order_not_found", f"There is no order {arguments.order_number} on this account.", status=404)
    others = [one.number for one in visible if one.id != order.id]
    return ToolResult({"order": order.model_dump(mode="json"), "other_orders": others}, [block("order", order)])


TOOL = Tool(
    name="order_status",
    description="Status, items, tracking and totals of one of the customer's own orders.",
    arguments=OrderStatus,
    run=run,
    agents=frozenset({"support"}),
    scope="orders:read",
)
