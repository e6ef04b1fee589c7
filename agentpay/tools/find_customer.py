"""Says who the customer is, or verifies who they say they are."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import update

from agentpay.commerce import customers, orders
from agentpay.errors import Problem
from agentpay.store import facts
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation, Customer
from agentpay.tools.context import Context
from agentpay.tools.methods import shown
from agentpay.tools.own_orders import verification_required
from agentpay.tools.tool import Arguments, Tool, ToolResult


class FindCustomer(Arguments):
    email: str | None = Field(None, max_length=254)
    order_number: str | None = Field(None, max_length=64)
    name: str | None = Field(None, max_length=200, description="First and last name.")
    postal_code: str | None = Field(None, max_length=20)


async def run(context: Context, tx: Tx, arguments: FindCustomer) -> ToolResult:
    if context.customer_id is None:
        await _verify(context, tx, arguments)
    else:
        await _require_is(tx, await customers.get(tx, context.customer_id), arguments)
    if context.customer_id is None:
        raise verification_required()
    customer = await customers.view(tx, context.customer_id)
    placed = await orders.for_customer(tx, context.customer_id)
    return ToolResult(
        {
            "customer": {
                **customer.model_dump(
                    mode="json", include={"external_id", "name", "email", "phone_number", "addresses"}
                ),
                "payment_methods": [shown(method) for method in customer.payment_methods],
                "currency": context.organization.currency,
            },
            "orders": [
                {"number": order.number, "status": order.status, "fulfillment_status": order.fulfillment_status}
                for order in placed
            ],
        }
    )


async def _verify(context: Context, tx: Tx, arguments: FindCustomer) -> None:
    """Order number and e-mail together prove the owner (CONTRACT §4); nothing else does, and either alone tells nothing."""
    if not arguments.email or not arguments.order_number:
        return
    owner = await orders.owner(tx, arguments.order_number)
    if owner is None or owner.email is None or owner.email.lower() != arguments.email.strip().lower():
        raise Problem("verification_failed", "That order number and e-mail address do not belong together.", status=403)
    # proven by what they know, not vouched for by the shop: such a customer may do less (update_customer)
    context.customer_id, context.vouched = owner.customer_id, False
    if owner.customer_id is not None:
        known = await facts.of_customers(tx, [owner.customer_id])
        context.facts = {fact.key: fact.value for fact in known.get(owner.customer_id, [])}
    await tx.session.execute(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
        .values(customer_id=owner.customer_id, vouched=False)
    )


async def _require_is(tx: Tx, known: Customer, arguments: FindCustomer) -> None:
    """A conversation is about one customer: details of anybody else find nobody. Problem 404 `customer_not_found`."""
    fits = [
        arguments.email is None or arguments.email.strip().lower() == known.email,
        arguments.name is None or _plain(arguments.name) == _plain(known.name or ""),
    ]
    if arguments.postal_code is not None:
        codes = {_plain(address.postal_code) for address in await customers.addresses_of(tx, known.id)}
        fits.append(_plain(arguments.postal_code) in codes)
    if not all(fits):
        raise Problem("customer_not_found", "This conversation's customer has other details.", status=404)


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


TOOL = Tool(
    name="find_customer",
    description="Who the customer is: stored addresses and payment methods, and which orders they have. A customer who is not "
    "known yet is verified by order number and e-mail.",
    arguments=FindCustomer,
    run=run,
    agents=frozenset({"support"}),
    effect="write",
    scope="customers:read",
)
