"""What of a conversation is personal: told by the records, by the tools' arguments, and by the words themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from agentpay.evals.export.masking import Mask
from agentpay.evals.export.transcript import Exchange
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Vocabulary
from agentpay.store.session import Tx
from agentpay.store.tables import Conversation, Customer, Order, Product, ShippingZone

_PERSONAL = ("email", "name", "phone_number")


def tag(conversation: Conversation) -> str:
    """Tells one conversation's people and orders from another's in a file of many."""
    return conversation.id.hex[-6:]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Of a shop: lower-cased words of its goods, its orders' numbers, the country that phone numbers are read for."""

    words: frozenset[str]
    numbers: frozenset[str]
    country: str

    @classmethod
    async def load(cls, tx: Tx) -> Surroundings:
        here = tx.organization_id
        titles = await tx.session.scalars(select(Product.title).where(Product.organization_id == here))
        numbers = await tx.session.execute(select(Order.number, Order.external_id).where(Order.organization_id == here))
        zone = await tx.session.scalar(
            select(ShippingZone.countries)
            .where(ShippingZone.organization_id == here)
            .order_by(ShippingZone.position, ShippingZone.id)
            .limit(1)
        )
        return cls(
            frozenset(word for title in titles for word in re.findall(r"\w+", title.casefold())),
            frozenset(one for row in numbers for one in row if one),
            zone[0] if zone else "US",
        )

    def mask(self, conversation: Conversation) -> Mask:
        address = conversation.contact.get("shipping_address") or {}
        return Mask(
            tag(conversation), catalog=self.words, taken=self.numbers, region=address.get("country") or self.country
        )


async def learn(tx: Tx, conversation: Conversation, talk: Sequence[Exchange], mask: Mask) -> set[str]:
    """Everything personal that was said or noted. Answers the contact details that were given in the conversation."""
    introduced: set[str] = set()
    theirs = [Order.conversation_id == conversation.id]
    if conversation.customer_id is not None:
        theirs.append(Order.customer_id == conversation.customer_id)
        customer = await tx.session.scalar(
            select(Customer).where(
                Customer.organization_id == tx.organization_id, Customer.id == conversation.customer_id
            )
        )
        if customer is not None:
            _learn_data({name: getattr(customer, name) for name in _PERSONAL}, mask)
    orders = await tx.session.execute(
        select(Order.number, Order.external_id).where(Order.organization_id == tx.organization_id, or_(*theirs))
    )
    for row in orders:
        for number in {one for one in row if one}:
            mask.number(number)
    for exchange in talk:
        for call in exchange.calls:
            _learn_data(call["arguments"], mask)
            introduced |= {str(call["arguments"].get(name)) for name in _PERSONAL}
        _learn_text(exchange.written, mask)
    _learn_data(conversation.contact, mask)
    return introduced


def _learn_text(text: str, mask: Mask) -> None:
    read = RuleClassifier().read(text, Vocabulary(countries=[mask.region]), Dialogue())
    for act in read.acts:
        found = act.entities
        for number in found.order_numbers:
            mask.number(number)
        if found.address is not None and found.address.line1:
            mask.address(found.address.model_dump())
        if found.name and not found.name.islower():  # "this is great" is nobody; a real one is in the tools' arguments
            mask.name(found.name)
    mask.read(text)


def _learn_data(value: Any, mask: Mask) -> None:
    """Arguments of tools and contact details, by their fields' names."""
    if isinstance(value, list):
        for inner in value:
            _learn_data(inner, mask)
    if not isinstance(value, dict):
        return
    if value.get("line1"):
        mask.address(value)
    elif value.get("postal_code"):
        mask.postal_code(value["postal_code"], value.get("country"), value.get("region"))
    for key, found in value.items():
        if isinstance(found, str) and found:
            match key:
                case "email":
                    mask.email(found)
                case "name":
                    mask.name(found)
                case "phone_number":
                    mask.phone(found)
                case "order_number":
                    mask.number(found)
        else:
            _learn_data(found, mask)
