"""Whose order it is. Nobody hears of an order, or changes one, before they are known to own it (CONTRACT §4, who is who)."""

from __future__ import annotations

from agentpay.commerce import orders
from agentpay.commerce.shapes import OrderView
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.context import Context

NUMBER = "Number of the order. Default: the customer's only one."
METHOD = "A stored method of the customer by its name (find_customer lists them), or gift_card."


async def visible(context: Context, tx: Tx) -> list[OrderView]:
    """The customer's orders, and those bought in this conversation. Problem 403 `verification_required`."""
    bought_here = await orders.for_conversation(tx, context.conversation)
    if context.customer_id is None and not bought_here:
        raise verification_required()
    own = await orders.for_customer(tx, context.customer_id) if context.customer_id else []
    return list({order.id: order for order in [*bought_here, *own]}.values())


async def named(tx: Tx, owned: list[OrderView], number: str) -> OrderView:
    """The one of `owned` that is meant. Problem 404 `order_not_found`: the same for somebody else's and for none."""
    found = await orders.find(tx, number)
    order = next((one for one in owned if found is not None and one.id == found.id), None)
    if order is None:
        raise Problem("order_not_found", f"There is no order {number} on this account.", status=404)
    return order


async def own_order(context: Context, tx: Tx, number: str | None) -> OrderView:
    """The order that a change is for. Problems: `order_required` (several, with `candidates`), `no_orders`, as above."""
    owned = await visible(context, tx)
    if number is not None:
        return await named(tx, owned, number)
    if not owned:
        raise Problem("no_orders", "There are no orders yet.", status=404)
    if len(owned) > 1:
        raise Problem(
            "order_required",
            "The customer has several orders: say which is meant.",
            candidates=[order.number for order in owned],
        )
    return owned[0]


def verification_required() -> Problem:
    return Problem(
        "verification_required",
        "Orders are shown to their owner: the order number and the e-mail address it was placed with are needed.",
        status=403,
    )
