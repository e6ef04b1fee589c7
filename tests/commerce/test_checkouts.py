"""Checkouts: totals by the server, stock held, one a conversation while it is open."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from agentpay.commerce import carts, checkouts, inventory
from agentpay.commerce.checkout_inputs import CheckoutInput, CheckoutPatch
from agentpay.errors import Problem
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Agent, Conversation, PriceOffer, ShippingRate, ShippingZone, TaxRate, Variant
from tests.commerce import shop
from tests.commerce.till import ADDRESS

BASE = "https://shop.example"


async def zones(tx: Tx) -> None:
    """The rates of the example store: free from 10000 on."""
    zone = ShippingZone(organization_id=tx.organization_id, name="US", countries=["US"])
    tx.session.add(zone)
    await tx.session.flush()
    for external_id, name, amount, least in (
        ("us-standard", "Standard", 700, None),
        ("us-standard-free", "Standard", 0, 10000),
        ("us-express", "Express", 1900, None),
    ):
        tx.session.add(
            ShippingRate(
                organization_id=tx.organization_id,
                zone_id=zone.id,
                external_id=external_id,
                name=name,
                amount=amount,
                currency="USD",
                min_subtotal=least,
            )
        )
    tx.session.add(TaxRate(organization_id=tx.organization_id, country="US", region="CA", basis_points=725))
    await tx.session.flush()


def order_of(items: dict[UUID, int], **fields: object) -> CheckoutInput:
    return CheckoutInput.model_validate(
        {"items": [{"variant_id": v, "quantity": q} for v, q in items.items()], **fields}
    )


async def test_the_totals_of_the_example(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        jacket = await shop.variant(tx, "jacket", price=18900, stock=4)
        await shop.discount(tx, "TRAIL10")
        made = await checkouts.create(
            tx,
            order_of({jacket: 2}, shipping_address=ADDRESS, shipping_option="us-standard", discount_code="trail10"),
            base_url=BASE,
        )
    assert (made.subtotal, made.discount, made.shipping, made.tax, made.total) == (37800, 3780, 0, 0, 34020)
    assert made.discount_code == "TRAIL10"
    assert made.shipping_option is not None
    assert made.shipping_option.external_id == "us-standard-free"
    assert made.url.startswith(f"{BASE}/pay/")
    assert made.status == "open"
    assert made.items[0].variant_external_id == "jacket-v"


async def test_tax_comes_on_top_where_the_address_says_so(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        sock = await shop.variant(tx, "sock", price=2900, stock=4)
        made = await checkouts.create(tx, order_of({sock: 1}), base_url=BASE)
        assert (made.shipping, made.tax, made.shipping_option) == (0, 0, None)
        assert await checkouts.missing(tx, made.id) == ["shipping_address", "shipping_option"]
        patch = CheckoutPatch.model_validate({"shipping_address": ADDRESS | {"region": "CA"}})
        changed = await checkouts.update(tx, made.id, patch, base_url=BASE)
        assert (changed.shipping, changed.tax, changed.total) == (700, 210, 3810)
        assert await checkouts.missing(tx, made.id) == []
        again = await checkouts.update(tx, made.id, CheckoutPatch(shipping_option="us-express"), base_url=BASE)
        assert (again.shipping, again.url) == (1900, made.url)


async def test_refusals_say_why_and_change_nothing(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        sock = await shop.variant(tx, "sock", price=2900, stock=4)
        gone = await shop.variant(tx, "gone", price=2900, status="archived")

    async def refused(data: CheckoutInput) -> str:
        with pytest.raises(Problem) as problem:
            async with database.tx(organization_id) as tx:
                await checkouts.create(tx, data, base_url=BASE)
        return problem.value.code

    assert await refused(order_of({sock: 5})) == "out_of_stock"
    assert await refused(order_of({gone: 1})) == "variant_unavailable"
    assert await refused(order_of({UUID(int=1): 1})) == "variant_unknown"
    assert await refused(order_of({sock: 1}, discount_code="NONE")) == "discount_invalid"
    assert await refused(order_of({sock: 1}, shipping_address=ADDRESS | {"country": "BR"})) == "country_not_served"
    assert await refused(order_of({sock: 1}, shipping_option="pigeon")) == "shipping_option_unavailable"
    assert await refused(order_of({sock: 1}, conversation_id=str(UUID(int=1)))) == "not_found"
    async with database.tx(organization_id) as tx:
        assert await inventory.available(tx, [sock]) == {sock: 4}
    for wrong in ({"price": 1}, {"items": []}, {"items": [{"quantity": 1}]}, {"customer": {"email": "nobody"}}):
        with pytest.raises(ValidationError):
            CheckoutInput.model_validate({"items": [{"variant_id": str(sock), "quantity": 1}], **wrong})


async def test_lines_and_their_stock_are_replaced_together(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        first = await shop.variant(tx, "a", price=100, stock=5, requires_shipping=False)
        second = await shop.variant(tx, "b", price=300, stock=5, requires_shipping=False)
        made = await checkouts.create(tx, order_of({first: 2}), base_url=BASE)
        patch = CheckoutPatch.model_validate({"items": [{"variant_external_id": "b-v", "quantity": 3}]})
        changed = await checkouts.update(tx, made.id, patch, base_url=BASE)
        assert [(line.variant_id, line.quantity) for line in changed.items] == [(second, 3)]
        assert changed.total == 900
        assert await inventory.available(tx, [first, second]) == {first: 5, second: 2}
        ended = await checkouts.cancel(tx, made.id, base_url=BASE)
        assert ended.status == "cancelled"
        assert await inventory.available(tx, [second]) == {second: 5}
        with pytest.raises(Problem, match="cancelled"):
            await checkouts.update(tx, made.id, patch, base_url=BASE)


async def test_a_code_that_stops_applying_takes_nothing_off(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=1000, requires_shipping=False)
        await shop.discount(tx, "BIG", min_subtotal=2000)
        made = await checkouts.create(tx, order_of({item: 2}, discount_code="BIG"), base_url=BASE)
        assert made.discount == 200
        patch = CheckoutPatch.model_validate({"items": [{"variant_id": str(item), "quantity": 1}]})
        changed = await checkouts.update(tx, made.id, patch, base_url=BASE)
        assert (changed.discount, changed.total, changed.discount_code) == (0, 1000, "BIG")
        without = await checkouts.update(
            tx, made.id, CheckoutPatch.model_validate({"discount_code": None}), base_url=BASE
        )
        assert without.discount_code is None


async def test_the_cart_of_a_conversation_has_one_open_checkout(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        item = await shop.variant(tx, "a", price=18900, stock=2)
        talk = await shop.conversation(tx)
        cart = await carts.cart_id_of(tx, talk)
        with pytest.raises(Problem, match="nothing in the cart"):
            await checkouts.from_cart(tx, talk, base_url=BASE)
        await carts.add(tx, cart, item, 1)

    async def link() -> UUID:
        async with database.tx(organization_id) as tx:
            return (await checkouts.from_cart(tx, talk, base_url=BASE, shipping_address=ADDRESS)).id

    assert len(set(await asyncio.gather(*(link() for _ in range(5))))) == 1
    async with database.tx(organization_id) as tx:
        before = await checkouts.latest_of(tx, talk, base_url=BASE)
        assert before is not None
        await carts.set_quantity(tx, cart, item, 2)  # of 2 in stock, of which the checkout itself holds one
        after = await checkouts.from_cart(
            tx, talk, base_url=BASE, email="Dana@Shopper.example", shipping_option="standard"
        )
        assert (after.id, after.url, after.total) == (before.id, before.url, 37800)
        assert after.customer is not None
        assert after.customer.email == "dana@shopper.example"
        assert after.shipping_address is not None
        assert after.commitment_level == "committed"
        await checkouts.cancel(tx, after.id, base_url=BASE)
        assert (await checkouts.from_cart(tx, talk, base_url=BASE)).id != before.id


async def test_an_offer_prices_the_checkout_until_it_ends(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=13900, floor=11900, requires_shipping=False)
        talk = await shop.conversation(tx)
        cart = await carts.cart_id_of(tx, talk)
        offer = PriceOffer(
            organization_id=organization_id,
            conversation_id=talk,
            variant_id=item,
            quantity=1,
            list_price=13900,
            floor=11900,
            amount=12500,
            currency="USD",
            round=1,
            rule="max_discount_percent",
            status="accepted",
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
        tx.session.add(offer)
        await tx.session.flush()
        await carts.add(tx, cart, item, 1)
        await carts.set_offer(tx, cart, offer.id)
        made = await checkouts.from_cart(tx, talk, base_url=BASE)
        assert (made.subtotal, made.discount, made.total, made.offer_id) == (13900, 1400, 12500, offer.id)
        await tx.session.execute(update(PriceOffer).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
        later = await checkouts.update(tx, made.id, CheckoutPatch(note="ring twice"), base_url=BASE)
        assert (later.total, later.offer_id) == (13900, None)


async def test_email_is_asked_for_where_the_agent_must_have_it(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, requires_shipping=False)
        await tx.session.execute(
            update(Agent)
            .where(Agent.organization_id == organization_id)
            .values(rules={"require_email_for_checkout": True})
        )
        made = await checkouts.create(tx, order_of({item: 1}), base_url=BASE)
        assert await checkouts.missing(tx, made.id) == ["email"]
        patch = CheckoutPatch.model_validate({"customer": {"email": "a@b.example"}})
        await checkouts.update(tx, made.id, patch, base_url=BASE)
        assert await checkouts.missing(tx, made.id) == []


async def test_time_ends_checkouts_and_frees_their_stock(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, stock=2, requires_shipping=False)
        talk = await shop.conversation(tx)
        then = datetime.now(UTC) - timedelta(days=30)
        old = await checkouts.create(tx, order_of({item: 2}, conversation_id=str(talk)), base_url=BASE, now=then)
        with pytest.raises(Problem, match="expired"):
            await checkouts.update(tx, old.id, CheckoutPatch(note="x"), base_url=BASE)
    async with database.session() as session:
        assert await checkouts.expire_due(session) >= 1
    async with database.session() as session:
        await inventory.expire_due(session)
    async with database.tx(organization_id) as tx:
        assert (await checkouts.get(tx, old.id, base_url=BASE)).status == "expired"
        assert await inventory.available(tx, [item]) == {item: 2}
        latest = await tx.session.scalar(select(Conversation.checkout_id).where(Conversation.id == talk))
        assert latest == old.id


async def test_another_shop_sees_nothing_of_it(database: Database, organization_id: UUID, other_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, requires_shipping=False)
        made = await checkouts.create(tx, order_of({item: 1}), base_url=BASE)
    async with database.tx(other_id) as tx:
        with pytest.raises(Problem, match="no such checkout"):
            await checkouts.get(tx, made.id, base_url=BASE)
        with pytest.raises(Problem, match="no variant"):
            await checkouts.create(tx, order_of({item: 1}), base_url=BASE)
        assert await checkouts.list_(tx, base_url=BASE, limit=10) == []


async def test_prices_are_todays(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        item = await shop.variant(tx, "a", price=100, requires_shipping=False)
        made = await checkouts.create(tx, order_of({item: 1}), base_url=BASE)
        await tx.session.execute(update(Variant).where(Variant.id == item).values(price=150))
        assert (await checkouts.update(tx, made.id, CheckoutPatch(note="x"), base_url=BASE)).total == 150
