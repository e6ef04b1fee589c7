"""What the tools that change a placed order share: the authority they need, and what they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import update

from agentpay.commerce.after_sale_shapes import OrderChangeView
from agentpay.commerce.shapes import CheckoutView, OrderView
from agentpay.money import money
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout, Conversation
from agentpay.tools import approvals
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, ToolResult

Change = Callable[[], Awaitable[OrderChangeView]]


async def changed(
    context: Context, tx: Tx, name: str, arguments: Arguments, order: OrderView, change: Change
) -> ToolResult:
    """Make the change. What gives back more than the agent's `auto_change_limit` waits for a person: an `order_change`."""
    granted = await approvals.granted(context, tx, "order_change")
    undone = await tx.session.begin_nested()
    done = await change()
    limit = context.agent.rules.auto_change_limit
    if granted is None and limit is not None and -done.difference > limit:
        await undone.rollback()
        tx.session.expire_all()
        return await _ask_a_person(context, tx, name, arguments, order, -done.difference)
    await undone.commit()
    shown = await adopted(context, tx, done.checkout)
    data = done.model_copy(update={"checkout": shown}).model_dump(mode="json")
    blocks = [block("order", done.order)]
    return ToolResult({**data, "status": "waits_for_payment" if shown else "done"}, [*blocks, *links(shown)])


async def adopted(context: Context, tx: Tx, link: CheckoutView | None) -> CheckoutView | None:
    """A payment link over a difference belongs to the conversation it was made in, which hears of its payment."""
    if link is None:
        return None
    await _set(tx, Checkout, link.id, conversation_id=context.conversation)
    await _set(tx, Conversation, context.conversation, checkout_id=link.id)
    return link.model_copy(update={"conversation_id": context.conversation})


async def _set(tx: Tx, table: type[Checkout] | type[Conversation], row_id: UUID, **values: UUID) -> None:
    await tx.session.execute(
        update(table)
        .where(table.organization_id == tx.organization_id, table.id == row_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def links(checkout: CheckoutView | None) -> list[dict[str, Any]]:
    """The block of a payment link, where there is one."""
    return [block("checkout", checkout)] if checkout is not None else []


async def _ask_a_person(
    context: Context, tx: Tx, name: str, arguments: Arguments, order: OrderView, back: int
) -> ToolResult:
    summary = f"Change order {order.number}, which gives back {money(back, order.currency)}"
    payload = {"order_id": str(order.id), "order_number": order.number, "amount": back, "currency": order.currency}
    asked = {**arguments.model_dump(mode="json", exclude_none=True), "order_number": order.number}
    interrupt = await approvals.request(context, tx, "order_change", summary, payload, name, asked)
    data = {"order": order.model_dump(mode="json"), "difference": -back, "currency": order.currency}
    return ToolResult({**data, "status": "waits_for_approval"}, [{"type": "approval", **interrupt}], interrupt)
