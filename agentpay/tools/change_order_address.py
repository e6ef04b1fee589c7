"""Sends an order that has not left elsewhere."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import order_changes
from agentpay.commerce.shapes import AddressShape
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.methods import method_or_way_paid
from agentpay.tools.order_changing import changed
from agentpay.tools.own_orders import METHOD, NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ChangeOrderAddress(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    address: AddressShape
    payment_method: str | None = Field(None, max_length=100, description=METHOD)


async def run(context: Context, tx: Tx, arguments: ChangeOrderAddress) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    method = await method_or_way_paid(tx, context.customer_id, arguments.payment_method, order.id)
    return await changed(
        context,
        tx,
        TOOL.name,
        arguments,
        order,
        lambda: order_changes.change_address(tx, order.id, arguments.address, base_url=context.base_url, method=method),
    )


TOOL = Tool(
    name="change_order_address",
    description="Change where a placed order goes, as long as it has not shipped. Ask for a yes first.",
    arguments=ChangeOrderAddress,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
