"""Changes what the shop has noted of a customer."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agentpay.commerce import customers
from agentpay.commerce.customers import EMAIL, CustomerPatch
from agentpay.commerce.shapes import AddressShape
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.own_orders import verification_required
from agentpay.tools.tool import Arguments, Tool, ToolResult

_TOLD = {"external_id", "name", "email", "phone_number", "addresses"}


class UpdateCustomer(Arguments):
    name: str | None = Field(None, min_length=1, max_length=200)
    phone_number: str | None = Field(None, min_length=3, max_length=40)
    email: str | None = Field(None, pattern=EMAIL, max_length=254)
    address: AddressShape | None = Field(None, description="The new default address. Orders keep theirs.")


async def run(context: Context, tx: Tx, arguments: UpdateCustomer) -> ToolResult:
    if context.customer_id is None:
        raise verification_required()
    given = arguments.model_dump(exclude_none=True)
    if not given:
        raise Problem("nothing_given", "Give at least one detail.")
    if arguments.email is not None and not context.vouched:
        # By that address a customer is known: someone who only showed an order number must not take it over
        raise Problem(
            "session_required", "An e-mail address is changed by a signed-in customer or a person.", status=403
        )
    before = await customers.view(tx, context.customer_id)
    patch: dict[str, Any] = {name: given[name] for name in ("name", "phone_number", "email") if name in given}
    if arguments.address is not None:
        patch["addresses"] = [arguments.address, *before.addresses[1:]]
    try:
        after = await customers.update(tx, context.customer_id, CustomerPatch(**patch))
    except Problem as problem:
        if problem.code != "already_exists":
            raise
        # Not whose it is: that somebody has an account here is nobody else's business
        raise Problem("email_unavailable", "This e-mail address cannot be used.", status=409) from problem
    if after.model_dump(include=_TOLD) == before.model_dump(include=_TOLD):
        raise Problem("nothing_to_change", "It is noted like this already.", status=409)
    return ToolResult({"customer": after.model_dump(mode="json", include=_TOLD), "changed": sorted(given)})


TOOL = Tool(
    name="update_customer",
    description="Change the customer's own data: name, phone number, e-mail address or default address. Placed orders stay as they are.",
    arguments=UpdateCustomer,
    run=run,
    agents=frozenset({"support"}),
    effect="write",
    scope="customers:write",
)
