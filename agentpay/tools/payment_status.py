"""Says how the payment of the latest checkout stands."""

from __future__ import annotations

from agentpay.commerce import checkouts, orders
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class PaymentStatus(Arguments):
    pass


async def run(context: Context, tx: Tx, arguments: PaymentStatus) -> ToolResult:
    checkout = await checkouts.latest_of(tx, context.conversation, base_url=context.base_url)
    if checkout is None:
        raise Problem("no_checkout", "No payment has been started in this conversation.", status=404)
    blocks = [block("checkout", checkout)]
    data = {"checkout": checkout.model_dump(mode="json"), "order": None}
    if checkout.order_id is not None:
        order = await orders.get(tx, checkout.order_id)
        data["order"] = order.model_dump(mode="json")
        blocks = [block("order", order)]
    return ToolResult(data, blocks)


TOOL = Tool(
    name="payment_status",
    description="Whether the latest checkout of this conversation is open, paid or failed, and its order.",
    arguments=PaymentStatus,
    run=run,
    agents=frozenset({"payment"}),
)
