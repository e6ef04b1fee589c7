"""Tells a customer about their own orders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from agentpay.commerce import return_rows
from agentpay.commerce.after_sale_options import options_of
from agentpay.commerce.shapes import OrderView
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.own_orders import named, visible
from agentpay.tools.tool import Arguments, Tool, ToolResult

_RETURNS = 20
_OTHERS = 20


class OrderStatus(Arguments):
    order_number: str | None = Field(None, max_length=64, description="Default: the customer's latest order.")


async def run(context: Context, tx: Tx, arguments: OrderStatus) -> ToolResult:
    owned = await visible(context, tx)
    if arguments.order_number is not None:
        order = await named(tx, owned, arguments.order_number)
    elif owned:
        order = max(owned, key=lambda one: one.placed_at)
    else:
        raise Problem("no_orders", "There are no orders yet.", status=404)
    others = [_brief(one) for one in owned if one.id != order.id][:_OTHERS]
    asked_for = await return_rows.list_(tx, base_url=context.base_url, limit=_RETURNS, order_id=order.id)
    data = {
        "order": order.model_dump(mode="json"),
        "other_orders": others,
        "returns": [each.model_dump(mode="json") for each in asked_for],
        "possible": (await options_of(tx, order, now=datetime.now(UTC))).model_dump(mode="json"),
    }
    return ToolResult(data, [block("order", order)])


def _brief(order: OrderView) -> dict[str, Any]:
    """Enough to tell one order from another."""
    items = [{"title": item.title, "options": item.options, "quantity": item.quantity} for item in order.items]
    told = order.model_dump(mode="json", include={"number", "status", "fulfillment_status", "placed_at"})
    return {**told, "items": items}


TOOL = Tool(
    name="order_status",
    description="Status, items, tracking, totals and returns of one of the customer's own orders, and what can still be done "
    "with it: cancelled, changed, returned or exchanged until when, for which variants, and what would be given back.",
    arguments=OrderStatus,
    run=run,
    agents=frozenset({"support"}),
    scope="orders:read",
)
