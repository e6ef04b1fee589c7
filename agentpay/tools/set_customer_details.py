"""Notes what a buyer says of themselves for a new order: e-mail, name, address, shipping choice."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field
from sqlalchemy import event, update

from agentpay.commerce import customers, shipping
from agentpay.commerce.shapes import AddressShape
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation
from agentpay.tools.blocks import block
from agentpay.tools.checkout_sync import sync_open_checkout
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")


class SetCustomerDetails(Arguments):
    email: str | None = Field(None, max_length=254)
    name: str | None = Field(None, min_length=1, max_length=200)
    phone_number: str | None = Field(None, max_length=40)
    shipping_address: AddressShape | None = None
    saved_address: bool = Field(
        False, description="Ship to the address on file, where the customer asks for their usual one."
    )
    shipping_option: str | None = Field(None, max_length=100, description="Name of a shipping option, e.g. Standard.")
    note: str | None = Field(None, max_length=500)


async def run(context: Context, tx: Tx, arguments: SetCustomerDetails) -> ToolResult:
    given = arguments.model_dump(mode="json", exclude_none=True, exclude={"saved_address"})
    address = arguments.shipping_address
    if arguments.saved_address and address is None:
        address = await _saved_address(context, tx)
        given["shipping_address"] = address.model_dump(mode="json")
    if not given:
        raise Problem("nothing_given", "Give at least one detail.")
    if arguments.email is not None:
        if not _EMAIL.fullmatch(arguments.email):
            raise Problem("email_invalid", "That does not look like an e-mail address.")
        given["email"] = arguments.email.lower()
    if address is not None:
        # Refused now rather than at the till: the customer hears at once that the shop does not ship there
        await shipping.require_served(tx, address.country)
    contact = {**context.contact, **given}
    await _store(context, tx, given)
    checkout = await sync_open_checkout(context, tx, contact)
    event.listen(tx.session.sync_session, "after_commit", lambda _: setattr(context, "contact", contact), once=True)
    data = {"details": given, "known": sorted(key for key, value in contact.items() if value)}
    if checkout is not None:
        return ToolResult({**data, "checkout": checkout.model_dump(mode="json")}, [block("checkout", checkout)])
    return ToolResult(data)


async def _saved_address(context: Context, tx: Tx) -> AddressShape:
    """The address the customer gave last, else their default one. Raises Problem `no_saved_address`."""
    if context.customer_id is not None:
        if known := context.facts.get("address"):
            return AddressShape.model_validate(known)
        if on_file := await customers.addresses_of(tx, context.customer_id):
            return on_file[0]
    raise Problem("no_saved_address", "I have no address on file for you: which one shall it go to?")


async def _store(context: Context, tx: Tx, given: dict[str, Any]) -> None:
    await tx.session.execute(
        update(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == context.conversation)
        .values(contact=Conversation.contact.op("||")(given))
    )


TOOL = Tool(
    name="set_customer_details",
    description="Note the buyer's e-mail, name, shipping address or shipping choice for a new order.",
    arguments=SetCustomerDetails,
    run=run,
    agents=frozenset({"payment"}),
    effect="write",
    scope="tools:write",
)
