"""Makes the checkout of the cart and answers the page where the buyer pays. Only the buyer's own action there pays."""

from __future__ import annotations

from agentpay.commerce import carts, checkouts
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.checkout_sync import open_checkout
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class CreatePaymentLink(Arguments):
    pass


async def run(context: Context, tx: Tx, arguments: CreatePaymentLink) -> ToolResult:
    cart = await carts.for_conversation(tx, context.conversation)
    if not cart.items:
        raise Problem("cart_empty", "There is nothing in the cart yet.", status=409)
    checkout = await open_checkout(context, tx, context.contact)
    missing = await checkouts.missing(tx, checkout.id)
    if context.agent.rules.require_email_for_checkout and checkout.customer is None and "email" not in missing:
        missing = ["email", *missing]
    if missing:
        raise Problem("checkout_incomplete", "Some details are missing before the buyer can pay.", missing=missing)
    return ToolResult({"checkout": checkout.model_dump(mode="json")}, [block("checkout", checkout)])


TOOL = Tool(
    name="create_payment_link",
    description="Create, or bring up to date, the checkout of the cart; answers its totals and the URL where the buyer pays.",
    arguments=CreatePaymentLink,
    run=run,
    agents=frozenset({"payment"}),
    effect="money",
    scope="tools:write",
)
