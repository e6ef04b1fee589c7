"""Carts on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, update

from agentpay.commerce import carts
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Cart, DiscountUse, Inventory, PriceOffer, Product
from tests.commerce import shop


async def offer_row(tx: Tx, conversation_id: UUID, variant_id: UUID, **fields: object) -> UUID:
    made = PriceOffer(
        **{
            "id": new_id(),
            "organization_id": tx.organization_id,
            "conversation_id": conversation_id,
            "variant_id": variant_id,
            "quantity": 2,
            "list_price": 13900,
            "floor": 11900,
            "amount": 12500,
            "currency": "USD",
            "round": 1,
            "rule": "max_discount_percent",
            "status": "accepted",
            "expires_at": datetime.now(UTC) + timedelta(hours=1),
            **fields,
        }
    )
    tx.session.add(made)
    await tx.session.flush()
    return made.id


async def test_a_conversation_has_one_cart_made_when_first_asked_for(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        conversation_id = await shop.conversation(tx)
        empty = await carts.for_conversation(tx, conversation_id)
        assert empty.model_dump() == {
            "items": [],
            "discount_code": None,
            "offer_id": None,
            "subtotal": 0,
            "discount": 0,
            "total": 0,
            "currency": "USD",
        }
        again = await carts.cart_id_of(tx, conversation_id)
        assert again == await carts.cart_id_of(tx, conversation_id)
        assert await tx.session.scalar(select(func.count()).where(Cart.organization_id == organization_id)) == 1
        with pytest.raises(Problem) as unknown:
            await carts.for_conversation(tx, new_id())
        assert unknown.value.status == 404


async def test_lines_are_added_set_and_removed(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=18900, stock=4)
        card = await shop.variant(tx, "giftcard", price=5000)
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        await carts.add(tx, cart_id, jacket, 1)
        view = await carts.add(tx, cart_id, jacket, 2)
        item = view.items[0]
        assert (item.quantity, item.unit_price, item.line_total) == (3, 18900, 56700)
        assert (item.variant_external_id, item.product_external_id, item.title) == ("jacket-v", "jacket", "Jacket")
        assert item.options == {"size": "M"}
        view = await carts.add(tx, cart_id, card, 500)  # not tracked: never sold out
        assert [each.quantity for each in view.items] == [3, 500]
        view = await carts.set_quantity(tx, cart_id, jacket, 4)
        assert view.subtotal == 4 * 18900 + 500 * 5000
        view = await carts.set_quantity(tx, cart_id, jacket, 0)
        assert [each.variant_external_id for each in view.items] == ["giftcard-v"]
        assert (await carts.clear(tx, cart_id)).items == []


async def test_stock_is_checked_over_what_the_cart_would_hold(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=18900, stock=4)
        await tx.session.execute(update(Inventory).where(Inventory.variant_id == jacket).values(reserved=1))
        view = await carts.create(tx)
        cart_id = (await tx.session.scalars(select(Cart.id).where(Cart.organization_id == organization_id))).one()
        assert view.currency == "USD"
        await carts.add(tx, cart_id, jacket, 2)
        with pytest.raises(Problem) as short:
            await carts.add(tx, cart_id, jacket, 2)
        assert (short.value.code, short.value.status, short.value.extra["available"]) == ("out_of_stock", 409, 3)
        assert (await carts.get(tx, cart_id)).items[0].quantity == 2
        assert (await carts.add(tx, cart_id, jacket, 1)).items[0].quantity == 3


@pytest.mark.parametrize("quantity", [0, -1, 10_001])
async def test_quantities_are_bounded(database: Database, organization_id: UUID, quantity: int) -> None:
    async with database.tx(organization_id) as tx:
        card = await shop.variant(tx, "giftcard", price=5000)
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        with pytest.raises(Problem) as refused:
            await carts.add(tx, cart_id, card, quantity)
        assert refused.value.code == "quantity_invalid"


async def test_what_is_not_for_sale_is_not_added(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        draft = await shop.variant(tx, "draft", price=1, status="draft")
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        for variant_id in (draft, new_id()):
            with pytest.raises(Problem) as refused:
                await carts.add(tx, cart_id, variant_id, 1)
            assert refused.value.code == "variant_unavailable"


async def test_a_code_applies_in_any_case_and_a_wrong_one_changes_nothing(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=18900)
        await shop.discount(tx, "TRAIL10")
        await shop.discount(tx, "OLD", ends_at=datetime(2024, 6, 1, tzinfo=UTC))
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        await carts.add(tx, cart_id, jacket, 2)
        view = await carts.set_code(tx, cart_id, " trail10 ")
        assert (view.discount_code, view.discount, view.total) == ("TRAIL10", 3780, 34020)
        for code, reason in (("OLD", "expired"), ("NOPE", "unknown")):
            with pytest.raises(Problem) as refused:
                await carts.set_code(tx, cart_id, code)
            assert refused.value.extra["reason"] == reason
        assert (await carts.get(tx, cart_id)).discount_code == "TRAIL10"
        assert (await carts.set_code(tx, cart_id, None)).discount == 0


async def test_a_code_that_stops_applying_stays_and_takes_nothing_off(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=10000)
        await shop.discount(tx, "BIG", min_subtotal=20000)
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        await carts.add(tx, cart_id, jacket, 2)
        assert (await carts.set_code(tx, cart_id, "BIG")).discount == 2000
        await carts.set_quantity(tx, cart_id, jacket, 1)
        state = await carts.state(tx, cart_id)
        assert state.code is not None
        assert (state.code.reason, state.view.discount_code, state.view.discount) == ("min_subtotal", "BIG", 0)


async def test_a_use_by_the_customer_or_the_same_e_mail_counts(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=10000)
        code = await shop.discount(tx, "ONCE", max_redemptions_per_customer=1)
        dana = await shop.customer(tx, "dana@shopper.example")
        tx.session.add(DiscountUse(organization_id=organization_id, discount_id=code, customer_id=dana, redeemed=1))
        for fields, reason in (
            ({"customer_id": dana}, "used_up_for_customer"),
            ({"email": "Dana@Shopper.example"}, "used_up_for_customer"),
            ({"email": "kai@shopper.example"}, "ok"),
        ):
            cart_id = await carts.cart_id_of(tx, await shop.conversation(tx, **fields))
            await carts.add(tx, cart_id, jacket, 1)
            if reason == "ok":
                assert (await carts.set_code(tx, cart_id, "once")).discount == 1000
                continue
            with pytest.raises(Problem) as refused:
                await carts.set_code(tx, cart_id, "once")
            assert refused.value.extra["reason"] == reason


async def test_an_offer_shows_as_discount_and_covers_its_units(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        shoe = await shop.variant(tx, "shoe", price=13900, floor=11900, dynamic=True)
        await shop.discount(tx, "TEN")
        conversation_id = await shop.conversation(tx)
        cart_id = await carts.cart_id_of(tx, conversation_id)
        await carts.add(tx, cart_id, shoe, 3)
        offer_id = await offer_row(tx, conversation_id, shoe)
        view = await carts.set_offer(tx, cart_id, offer_id)
        assert (view.offer_id, view.subtotal, view.discount, view.total) == (offer_id, 41700, 2800, 38900)
        state = await carts.state(tx, cart_id)
        assert state.code is None
        view = await carts.set_code(tx, cart_id, "TEN")
        assert view.discount == 41700 - 3 * 11900  # 10 % of 38900 would cross the floor
        state = await carts.state(tx, cart_id)
        assert state.code is not None
        assert (state.code.capped, state.code.amount) == (True, 3200)
        assert (await carts.clear(tx, cart_id)).offer_id is None


async def test_an_offer_that_does_not_stand_is_refused_or_dropped(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        shoe = await shop.variant(tx, "shoe", price=13900, floor=11900, dynamic=True)
        conversation_id, other = await shop.conversation(tx), await shop.conversation(tx)
        cart_id = await carts.cart_id_of(tx, conversation_id)
        past = datetime.now(UTC) - timedelta(seconds=1)
        good = await offer_row(tx, conversation_id, shoe)
        with pytest.raises(Problem):
            await carts.set_offer(tx, cart_id, good)  # nothing of it in the cart
        await carts.add(tx, cart_id, shoe, 1)
        for fields in ({"status": "proposed"}, {"expires_at": past}, {"status": "used"}):
            with pytest.raises(Problem) as refused:
                await carts.set_offer(tx, cart_id, await offer_row(tx, conversation_id, shoe, **fields))
            assert refused.value.code == "offer_invalid"
        for offer_id in (new_id(), await offer_row(tx, other, shoe)):
            with pytest.raises(Problem):
                await carts.set_offer(tx, cart_id, offer_id)
        assert (await carts.set_offer(tx, cart_id, good)).discount == 1400
        await tx.session.execute(update(PriceOffer).where(PriceOffer.id == good).values(expires_at=past))
        view = await carts.get(tx, cart_id)
        assert (view.offer_id, view.discount) == (None, 0)


async def test_facts_for_shipping_count_what_ships(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=10000, weight_grams=210)
        card = await shop.variant(tx, "giftcard", price=5000, requires_shipping=False, weight_grams=999)
        await shop.discount(tx, "TEN")
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
        await carts.add(tx, cart_id, card, 1)
        assert (await carts.shipping_facts(tx, cart_id)).requires_shipping is False
        await carts.add(tx, cart_id, jacket, 2)
        await carts.set_code(tx, cart_id, "TEN")
        facts = await carts.shipping_facts(tx, cart_id)
        assert (facts.weight_grams, facts.requires_shipping, facts.goods_after_discount) == (420, True, 22500)


async def test_another_organization_sees_no_cart(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))
    async with database.tx(new_id()) as tx:
        for call in (carts.get(tx, cart_id), carts.clear(tx, cart_id), carts.set_code(tx, cart_id, None)):
            with pytest.raises(Problem) as refused:
                await call
            assert refused.value.status == 404


async def test_a_view_takes_two_statements_and_a_code_one_more(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=10000)
        await shop.discount(tx, "TEN")
        conversation_id = await shop.conversation(tx)
        cart_id = await carts.cart_id_of(tx, conversation_id)
        await carts.add(tx, cart_id, jacket, 1)
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        try:
            await carts.for_conversation(tx, conversation_id)
            assert len(seen) == 2
            await carts.set_code(tx, cart_id, "TEN")
            seen.clear()
            await carts.for_conversation(tx, conversation_id)
            assert len(seen) == 3
        finally:
            event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def test_two_adds_at_once_cannot_exceed_the_stock(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        jacket = await shop.variant(tx, "jacket", price=10000, stock=5)
        cart_id = await carts.cart_id_of(tx, await shop.conversation(tx))

    async def add() -> bool:
        try:
            async with database.tx(organization_id) as tx:
                await carts.add(tx, cart_id, jacket, 1)
        except Problem:
            return False
        return True

    done = await asyncio.gather(*(add() for _ in range(12)))
    assert sum(done) == 5
    async with database.tx(organization_id) as tx:
        assert (await carts.get(tx, cart_id)).items[0].quantity == 5
        await tx.session.execute(
            update(Product).where(Product.organization_id == organization_id).values(status="archived")
        )
        assert (await carts.state(tx, cart_id)).lines[0].sellable is False
