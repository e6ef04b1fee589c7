"""Says who the customer is, or verifies who they say they are."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import update

from agentpay.commerce import customers, orders
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class FindCustomer(Arguments):
    email: str | None = Field(None, max_length=254)
    order_number: str | None = Field(None, max_length=64)


async def run(context: Context, tx: Tx, arguments: FindCustomer) -> ToolResult:
    if context.customer_id is None:
        await _verify(context, tx, arguments)
    if context.customer_id is None:
        raise Problem(
            "verification_required",
            "Orders are shown to their owner: the order number and the e-mail address it was placed with are needed.",
            status=403,
        )
    customer = await customers.get(tx, context.customer_id)
    placed = await orders.for_customer(tx, context.customer_id)
    return ToolResult(
        {
            "customer": {"external_id": customer.external_id, "name": customer.name, "email": customer.email},
            "orders": [
                {"number": order.number, "status": order.status, "fulfillment_status": order.fulfillment_status}
                for order in placed
            ],
        }
    )


async def _verify(context: Context, tx: Tx, arguments: FindCustomer) -> None:
    """Order number and e-mail together prove the owner (CONTRACT §4); either alone proves nothing and tells nothing."""
    if not arguments.email or not arguments.order_number:
        return
    owner = await orders.owner(tx, arguments.order_number)
    if owner is None or owner.email is None or owner.email.lower() != arguments.email.strip().lower():
        raise Problem("verification_failed", "That order number and e-mail address do not belong together.", status=403)
    context.customer_id = owner.customer_id
    await tx.session.execute(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
        .values(customer_id=owner.customer_id)
    )


TOOL = Tool(
    name="find_customer",
    description="Who the customer is and which orders they have. A customer who is not known yet is verified by order number and e-mail.",
    arguments=FindCustomer,
    run=run,
    agents=frozenset({"support"}),
    effect="write",
    scope="customers:read",
)
