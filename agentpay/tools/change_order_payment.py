"""Moves what was paid for an order to another stored method of the customer."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import order_changes
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.methods import stored_method
from agentpay.tools.order_changing import changed
from agentpay.tools.own_orders import METHOD, NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ChangeOrderPayment(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    payment_method: str = Field(min_length=1, max_length=100, description=METHOD)


async def run(context: Context, tx: Tx, arguments: ChangeOrderPayment) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    method = await stored_method(tx, context.customer_id, arguments.payment_method)
    assert method is not None, "one was named"
    return await changed(
        context, tx, TOOL.name, arguments, order, lambda: order_changes.change_payment(tx, order.id, method)
    )


TOOL = Tool(
    name="change_order_payment",
    description="Pay a placed order that has not shipped with another stored method: it is charged, and what was paid goes back. "
    "Ask for a yes first.",
    arguments=ChangeOrderPayment,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
