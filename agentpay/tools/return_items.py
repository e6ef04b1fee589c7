"""Takes delivered goods back (CONTRACT §4, returns): within the window, without anybody's approval."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import return_rows, returns
from agentpay.commerce.after_sale_shapes import ReturnItemInput, ReturnView
from agentpay.commerce.shapes import OrderView
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.methods import method_or_way_paid
from agentpay.tools.order_items import Item, held, line_of
from agentpay.tools.own_orders import METHOD, NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult

_MOST = 100


class ReturnItems(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    items: list[Item] | None = Field(
        None, min_length=1, max_length=50, description="Default: all of the order that has not been sent back yet."
    )
    reason: str = Field("", max_length=500)
    payment_method: str | None = Field(
        None, max_length=100, description=f"Where the money shall go; default: the way it was paid. {METHOD}"
    )


async def run(context: Context, tx: Tx, arguments: ReturnItems) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    before = await return_rows.list_(tx, base_url=context.base_url, limit=_MOST, order_id=order.id)
    method = await method_or_way_paid(tx, context.customer_id, arguments.payment_method, order.id)
    requested = await returns.request(
        tx,
        order.id,
        _meant(order, arguments.items) if arguments.items else _all_left(order, before),
        base_url=context.base_url,
        reason=arguments.reason,
        method=method,
        conversation_id=context.conversation,
    )
    data = {"return": requested.model_dump(mode="json"), "order": order.model_dump(mode="json")}
    return ToolResult(data, [block("order", order)])


def _meant(order: OrderView, items: list[Item]) -> list[ReturnItemInput]:
    lines = [(line_of(order, item), item.quantity) for item in items]
    return [
        ReturnItemInput(variant_id=line.variant_id, quantity=quantity or held(order, line)) for line, quantity in lines
    ]


def _all_left(order: OrderView, before: list[ReturnView]) -> list[ReturnItemInput]:
    """Every unit that is not on its way back or returned yet. Problem 409 `already_returned` where there is none."""
    left = {line.variant_id: held(order, line) for line in order.items}
    for each in before:
        if each.status != "refused" and (each.kind == "return" or each.status == "requested"):
            for item in each.items:
                left[item.variant_id] = left.get(item.variant_id, 0) - item.quantity
    wanted = [ReturnItemInput(variant_id=variant_id, quantity=units) for variant_id, units in left.items() if units > 0]
    if not wanted:
        raise Problem("already_returned", "All of this order is on its way back already.", status=409, returnable=0)
    return wanted


TOOL = Tool(
    name="return_items",
    description="Request the return of delivered items; what was paid for them is refunded when they have arrived. Ask for a yes first.",
    arguments=ReturnItems,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
