"""Shows the cart."""

from __future__ import annotations

from agentpay.commerce import carts
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ViewCart(Arguments):
    pass


async def run(context: Context, tx: Tx, arguments: ViewCart) -> ToolResult:
    cart = await carts.for_conversation(tx, context.conversation)
    return ToolResult({"cart": cart.model_dump(mode="json")}, [block("cart", cart)])


TOOL = Tool(
    name="view_cart",
    description="What is in the customer's cart, with prices, the code and the total.",
    arguments=ViewCart,
    run=run,
    agents=frozenset({"payment", "sales"}),
)
