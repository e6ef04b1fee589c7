"""Other variants, more or fewer units of what an order holds that has not left."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import order_changes
from agentpay.commerce.after_sale_shapes import ItemChangeInput
from agentpay.commerce.shapes import OrderView
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.methods import method_or_way_paid
from agentpay.tools.order_changing import changed
from agentpay.tools.order_items import Item, Replacement, line_of, replacement
from agentpay.tools.own_orders import METHOD, NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ItemChange(Item):
    """`quantity` units (default: all) become `to_quantity` (default: as many) of `to` (default: the same variant)."""

    to: Replacement | None = None
    to_quantity: int | None = Field(None, ge=0, le=10_000, description="0 takes the units out of the order.")


class ChangeOrderItems(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    changes: list[ItemChange] = Field(min_length=1, max_length=50, description="All of them in one call.")
    payment_method: str | None = Field(None, max_length=100, description=METHOD)


async def run(context: Context, tx: Tx, arguments: ChangeOrderItems) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    method = await method_or_way_paid(tx, context.customer_id, arguments.payment_method, order.id)
    changes = [await _meant(tx, order, change) for change in arguments.changes]
    return await changed(
        context,
        tx,
        TOOL.name,
        arguments,
        order,
        lambda: order_changes.change_items(tx, order.id, changes, base_url=context.base_url, method=method),
    )


async def _meant(tx: Tx, order: OrderView, change: ItemChange) -> ItemChangeInput:
    line = line_of(order, change)
    to = await replacement(tx, line, change.to) if change.to is not None else None
    return ItemChangeInput(variant_id=line.variant_id, quantity=change.quantity, to=to, to_quantity=change.to_quantity)


TOOL = Tool(
    name="change_order_items",
    description="Change the items of a placed order that has not shipped: another size or colour of the same product, more or "
    "fewer units. What costs more becomes a payment link, or is charged to a stored method. Ask for a yes first.",
    arguments=ChangeOrderItems,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
