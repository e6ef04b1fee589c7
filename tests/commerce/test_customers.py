"""Who a customer is, and what is kept of them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from agentpay.commerce import customers
from agentpay.commerce.customers import CustomerInput, CustomerPatch
from agentpay.errors import Problem
from agentpay.store.session import Database
from agentpay.store.tables import Agent, Conversation

ADDRESS = {"line1": "12 Elm St", "city": "Portland", "region": "OR", "postal_code": "97201", "country": "US"}


async def test_a_vouched_customer_is_found_or_made(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        assert await customers.identify(tx, name="Nobody") is None
        made = await customers.identify(tx, email="Dana@Shopper.example", name="Dana")
        assert made is not None
        assert made.email == "dana@shopper.example"
        again = await customers.identify(
            tx, external_id="c-1", email="dana@shopper.example", name="D.", phone_number="+1555"
        )
        assert again is not None
        assert (again.id, again.external_id, again.name, again.phone_number) == (made.id, "c-1", "Dana", "+1555")
        assert (await customers.by_external_id(tx, "c-1")) is again
        assert (await customers.identify(tx, external_id="c-1")) is again


async def test_a_mail_address_stays_with_its_customer(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        first = await customers.identify(tx, external_id="c-1", email="dana@shopper.example")
        second = await customers.identify(tx, external_id="c-2", email="dana@shopper.example")
        assert first is not None
        assert second is not None
        assert first.id != second.id
        assert (first.email, second.email) == ("dana@shopper.example", None)


async def test_a_buyers_words_overwrite_nothing(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        known = await customers.identify(tx, email="dana@shopper.example", name="Dana Reyes")
        buyer = await customers.buyer(tx, " DANA@shopper.example", "Mallory")
        assert known is not None
        assert (buyer.id, buyer.name) == (known.id, "Dana Reyes")
        assert (await customers.buyer(tx, "new@shopper.example", "New")).name == "New"


async def test_two_at_once_make_one(database: Database, organization_id: UUID) -> None:
    async def come() -> UUID:
        async with database.tx(organization_id) as tx:
            return (await customers.buyer(tx, "sam@shopper.example")).id

    assert len(set(await asyncio.gather(*(come() for _ in range(5))))) == 1


async def test_the_resource(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        given = CustomerInput.model_validate(
            {"external_id": "c-1", "email": "a@b.example", "addresses": [ADDRESS], "metadata": {"vip": True}}
        )
        made = await customers.create(tx, given)
        assert made.addresses[0].line1 == "12 Elm St"
        assert made.metadata == {"vip": True}
        agent = await tx.session.scalar(select(Agent.id).where(Agent.organization_id == organization_id))
        tx.session.add(Conversation(organization_id=organization_id, customer_id=made.id, agent_id=agent))
        await tx.session.flush()
        other = {**ADDRESS, "line1": "9 Oak Ave"}
        changed = await customers.update(
            tx, made.id, CustomerPatch.model_validate({"name": "A", "addresses": [other, ADDRESS]})
        )
        assert (changed.name, changed.email) == ("A", "a@b.example")
        assert [address.line1 for address in changed.addresses] == ["9 Oak Ave", "12 Elm St"]
        assert len(changed.conversations) == 1
        assert [c.id for c in (await customers.list_customers(tx, email="A@b.example")).items] == [made.id]
    with pytest.raises(Problem) as refused:
        async with database.tx(organization_id) as tx:
            await customers.create(tx, CustomerInput(email="a@b.example"))
    assert refused.value.code == "already_exists"


async def test_other_shops_see_nobody(database: Database, organization_id: UUID, other_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        made = await customers.buyer(tx, "a@b.example")
    async with database.tx(other_id) as tx:
        assert await customers.by_email(tx, "a@b.example") is None
        with pytest.raises(Problem, match="no such customer"):
            await customers.get(tx, made.id)
