"""Exchanges delivered goods for other variants of the same products (CONTRACT §4, returns)."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import exchanges
from agentpay.commerce.after_sale_shapes import ExchangeItemInput
from agentpay.commerce.shapes import OrderView
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.methods import method_or_way_paid
from agentpay.tools.order_changing import adopted, links
from agentpay.tools.order_items import Item, Replacement, held, line_of, replacement
from agentpay.tools.own_orders import METHOD, NUMBER, own_order
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ExchangeItem(Item):
    to: Replacement


class ExchangeItems(Arguments):
    order_number: str | None = Field(None, max_length=64, description=NUMBER)
    items: list[ExchangeItem] = Field(min_length=1, max_length=50, description="All of them in one call.")
    reason: str = Field("", max_length=500)
    payment_method: str | None = Field(None, max_length=100, description=METHOD)


async def run(context: Context, tx: Tx, arguments: ExchangeItems) -> ToolResult:
    order = await own_order(context, tx, arguments.order_number)
    method = await method_or_way_paid(tx, context.customer_id, arguments.payment_method, order.id)
    requested = await exchanges.request(
        tx,
        order.id,
        [await _meant(tx, order, item) for item in arguments.items],
        base_url=context.base_url,
        reason=arguments.reason,
        method=method,
        conversation_id=context.conversation,
    )
    link = await adopted(context, tx, requested.checkout)
    requested = requested.model_copy(update={"checkout": link})
    data = {"return": requested.model_dump(mode="json"), "order": order.model_dump(mode="json")}
    return ToolResult(data, [block("order", order), *links(link)])


async def _meant(tx: Tx, order: OrderView, item: ExchangeItem) -> ExchangeItemInput:
    line = line_of(order, item)
    to = await replacement(tx, line, item.to)
    return ExchangeItemInput(variant_id=line.variant_id, quantity=item.quantity or held(order, line), to=to)


TOOL = Tool(
    name="exchange_items",
    description="Exchange delivered items for another size, colour or other variant of the same products. What costs more becomes a "
    "payment link, or is charged to a stored method. Ask for a yes first.",
    arguments=ExchangeItems,
    run=run,
    agents=frozenset({"support"}),
    effect="money",
    scope="orders:write",
)
