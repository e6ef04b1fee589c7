"""Which changes of the shop are told, once each, in the contract's shapes; and what they cost where nobody listens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, update

from agentpay.commerce import (
    checkout_rows,
    checkouts,
    exchanges,
    inventory,
    order_changes,
    orders,
    product_events,
    products,
    refunds,
    returns,
)
from agentpay.commerce.after_sale_shapes import ExchangeItemInput, ItemChangeInput, ReturnItemInput, VariantInput
from agentpay.commerce.checkout_inputs import CheckoutPatch
from agentpay.commerce.payments.sandbox import cards
from agentpay.commerce.shapes import CheckoutView, OrderView, ProductResource, RefundView
from agentpay.commerce.webhooks import deliveries
from agentpay.conversations import service, takeover
from agentpay.conversations.messages import history
from agentpay.conversations.shapes import ConversationView
from agentpay.knowledge.indexing import index_pending
from agentpay.store.session import Database
from agentpay.store.tables import Variant, WebhookEvent
from tests.commerce import after, shop
from tests.commerce.till import Till, open_till, until
from tests.commerce.webhooks.conftest import Hooks
from tests.numbers import stands

URL = "http://127.0.0.1:1024/nobody"
GOOD = cards.parse("4242 4242 4242 4242", "12/40", "123")


@pytest.fixture(scope="module")
async def till(database: Database) -> AsyncIterator[Till]:
    async with open_till(database) as opened:
        yield opened


async def told(hooks: Hooks) -> list[dict[str, Any]]:
    """The payloads so far, in order."""
    async with hooks.database.tx(hooks.organization_id) as tx:
        rows = await tx.session.scalars(
            select(WebhookEvent).where(WebhookEvent.organization_id == hooks.organization_id).order_by(WebhookEvent.id)
        )
        return [row.payload for row in rows]


async def types(hooks: Hooks) -> list[str]:
    return [payload["type"] for payload in await told(hooks)]


async def item_of(hooks: Hooks, **fields: Any) -> UUID:
    async with hooks.database.tx(hooks.organization_id) as tx:
        return await shop.variant(tx, "item", **({"price": 1000, "requires_shipping": False, "stock": 10} | fields))


async def test_a_purchase_and_what_follows(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    item = await item_of(hooks, floor=777)
    await hooks.endpoint(URL, "checkout.*", "order.*", "refund.*")
    made = await till.buy(organization_id, {item: 2})
    async with till.database.tx(organization_id) as tx:
        await checkouts.update(tx, made.id, CheckoutPatch(note="ring twice"), base_url=till.base_url)
    paid = await till.pay(organization_id, made)
    assert paid.order_id is not None
    assert await types(hooks) == [
        "checkout.created",
        "checkout.updated",
        "checkout.updated",
        "checkout.confirmed",
        "order.created",
        "order.paid",
        "checkout.succeeded",
    ]
    statuses = [p["data"]["status"] for p in await told(hooks) if p["type"].startswith("checkout.")]
    assert statuses == ["open", "open", "confirming", "confirmed", "succeeded"]

    async with till.database.tx(organization_id) as tx:
        await orders.fulfil(tx, paid.order_id, "shipped")
        await orders.fulfil(tx, paid.order_id, "shipped", tracking={"number": "1"})
        await orders.fulfil(tx, paid.order_id, "delivered")
        await refunds.create(tx, paid.order_id, 500)

    async def refunded() -> bool:
        return "order.refunded" in await types(hooks)

    await until(refunded)
    after = (await told(hooks))[7:]
    assert [payload["type"] for payload in after] == [
        "order.shipped",
        "order.updated",
        "order.delivered",
        "refund.created",
        "refund.succeeded",
        "order.refunded",
    ]
    assert (after[5]["data"]["status"], after[5]["data"]["refunded"]) == ("partially_refunded", 500)
    shapes = {"checkout": CheckoutView, "order": OrderView, "refund": RefundView}
    for payload in await told(hooks):
        assert payload.keys() == {"type", "timestamp", "data"}
        shapes[payload["type"].partition(".")[0]].model_validate(payload["data"])
        assert "floor" not in str(payload)
        assert not stands(777, str(payload["data"].get("items", "")))


async def test_the_last_event_is_the_resource_itself(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    item = await item_of(hooks)
    await hooks.endpoint(URL)
    made = await till.buy(organization_id, {item: 1})
    paid = await till.pay(organization_id, made)
    assert paid.order_id is not None
    last = {payload["type"]: payload for payload in await told(hooks)}
    body = deliveries.body_of(last["checkout.succeeded"], till.base_url)
    shown = await till.checkout(organization_id, made.id)
    assert CheckoutView.model_validate(json.loads(body)["data"]) == shown
    assert shown.url.startswith(till.base_url)
    async with till.database.tx(organization_id) as tx:
        assert OrderView.model_validate(last["order.paid"]["data"]) == await orders.get(tx, paid.order_id)


async def test_a_declined_card_and_an_order_cancelled(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    item = await item_of(hooks)
    await hooks.endpoint(URL)
    made = await till.buy(organization_id, {item: 1})
    await till.pay(organization_id, made, "decline")
    last = (await told(hooks))[-1]
    assert (last["type"], last["data"]["status"], last["data"]["failure"]["code"]) == (
        "checkout.updated",
        "open",
        "card_declined",
    )
    paid = await till.pay(organization_id, made)
    assert paid.order_id is not None
    async with till.database.tx(organization_id) as tx:
        await orders.cancel(tx, paid.order_id)
    async with till.database.tx(organization_id) as tx:
        await orders.cancel(tx, paid.order_id)

    async def refunded() -> bool:
        return "order.refunded" in await types(hooks)

    await until(refunded)
    assert (await types(hooks))[-4:] == ["refund.created", "order.cancelled", "refund.succeeded", "order.refunded"]
    assert (await types(hooks)).count("order.paid") == 1


async def test_what_happens_after_the_sale(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    async with till.database.tx(organization_id) as tx:
        sizes = await after.product(tx, "coat", {"m": 1000, "l": 1400})
        await tx.session.execute(update(Variant).where(Variant.id.in_(sizes.values())).values(requires_shipping=False))
    paid = await till.pay(organization_id, await till.buy(organization_id, {sizes["m"]: 3}))
    assert paid.order_id is not None
    await hooks.endpoint(URL, "order.updated", "return.*")
    async with till.database.tx(organization_id) as tx:
        fewer = ItemChangeInput(variant_id=sizes["m"], quantity=1, to_quantity=0)
        await order_changes.change_items(tx, paid.order_id, [fewer], base_url=till.base_url)
        await orders.fulfil(tx, paid.order_id, "shipped")
        for _ in range(2):
            await orders.fulfil(tx, paid.order_id, "shipped", tracking={"number": "1Z"})
        await orders.fulfil(tx, paid.order_id, "delivered")
    assert await types(hooks) == ["order.updated", "order.updated"]
    async with till.database.tx(organization_id) as tx:
        item = ReturnItemInput(variant_id=sizes["m"])
        first = await returns.request(tx, paid.order_id, [item], base_url=till.base_url)
        dearer = ExchangeItemInput(variant_id=sizes["m"], to=VariantInput(variant_id=sizes["l"]))
        second = await exchanges.request(tx, paid.order_id, [dearer], base_url=till.base_url)
        for _ in range(2):
            await returns.receive(tx, first.id, base_url=till.base_url)
            await returns.refuse(tx, second.id, base_url=till.base_url)
    assert await types(hooks) == [
        *["order.updated"] * 2,
        *["return.requested"] * 2,
        *["return.refunded", "return.refused"],
    ]
    payloads = await told(hooks)
    assert [payload["data"]["id"] for payload in payloads[2:]] == [str(r.id) for r in (first, second, first, second)]
    body = json.loads(deliveries.body_of(payloads[3], "https://shop.example"))
    assert body["data"]["checkout"]["url"].startswith("https://shop.example/pay/")


async def test_a_refund_that_fails(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    item = await item_of(hooks)
    paid = await till.pay(organization_id, await till.buy(organization_id, {item: 1}))
    assert paid.order_id is not None
    await hooks.endpoint(URL)
    async with till.database.tx(organization_id) as tx:
        [refund] = await refunds.create(tx, paid.order_id, 400)
        assert await refunds.finish(tx, refund.id, succeeded=False, processor_id=None)
        assert not await refunds.finish(tx, refund.id, succeeded=False, processor_id=None)
    assert await types(hooks) == ["refund.created", "refund.failed", "order.updated"]
    assert (await told(hooks))[1]["data"]["status"] == "failed"


async def test_money_that_comes_too_late_for_the_goods_is_told_to_the_merchant_and_the_customer(
    till: Till, hooks: Hooks, organization_id: UUID
) -> None:
    item = await item_of(hooks, stock=1)
    async with till.database.tx(organization_id) as tx:
        talk = await shop.conversation(tx)
    late = await till.buy(organization_id, {item: 1}, conversation_id=str(talk))
    await hooks.endpoint(URL, "checkout.*", "order.*", "refund.*")
    till.deliver = False  # the news of the payment comes when another has the goods
    started = await till.paying.start(organization_id, late.id)
    await till.change(organization_id, late.id, status="expired", expires_at=datetime.now(UTC) - timedelta(minutes=1))
    async with till.database.tx(organization_id) as tx:
        await inventory.release(tx, late.id)
    await till.buy(organization_id, {item: 1})
    till.deliver = True
    await till.providers.sandbox.submit_card(organization_id, started.payment.id, GOOD)

    async def said() -> list[str]:
        async with till.database.tx(organization_id) as tx:
            return [message["content"] for message in (await history(tx, talk, limit=5))[0]]

    async def both_told() -> bool:
        return "refund.succeeded" in await types(hooks) and bool(await said())

    await until(both_told)
    of_it = [
        payload
        for payload in await told(hooks)
        if str(late.id) in (payload["data"].get("id"), payload["data"].get("checkout_id"))
    ]
    assert of_it[-1]["type"] == "checkout.updated"
    assert of_it[-1]["data"]["failure"]["code"] == "out_of_stock"
    [refund] = [payload["data"] for payload in await told(hooks) if payload["type"] == "refund.succeeded"]
    assert (refund["amount"], refund["order_id"]) == (1000, None)
    assert not [kind for kind in await types(hooks) if kind.startswith("order.")]
    [message] = await said()
    assert "goes back to where it came from" in message


async def test_checkouts_that_end_unpaid(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    item = await item_of(hooks)
    first, second = [await till.buy(organization_id, {item: 1}) for _ in range(2)]
    await hooks.endpoint(URL)
    async with till.database.tx(organization_id) as tx:
        await checkouts.cancel(tx, first.id, base_url=till.base_url)
        await checkouts.cancel(tx, first.id, base_url=till.base_url)
    await till.change(organization_id, second.id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    async with till.database.session() as session:
        await checkouts.expire_due(session)
    assert await types(hooks) == ["checkout.cancelled", "checkout.expired"]
    assert [payload["data"]["id"] for payload in await told(hooks)] == [str(first.id), str(second.id)]


async def test_conversations(hooks: Hooks, organization_id: UUID) -> None:
    await hooks.endpoint(URL, "conversation.*")
    async with hooks.database.tx(organization_id) as tx:
        talk = await service.open_conversation(tx, service.Opening(), vouched=True)
        await takeover.hand_to_human(tx, talk.id)
        await takeover.hand_to_human(tx, talk.id)
        await takeover.hand_to_agent(tx, talk.id)
        await service.close(tx, talk.id)
        await service.close(tx, talk.id)
    assert [(p["type"], p["data"]["status"]) for p in await told(hooks)] == [
        ("conversation.created", "active"),
        ("conversation.handed_off", "handed_off"),
        ("conversation.closed", "closed"),
    ]
    for payload in await told(hooks):
        assert ConversationView.model_validate(payload["data"]).id == talk.id


async def test_products_that_search_finds(hooks: Hooks, organization_id: UUID) -> None:
    await item_of(hooks, floor=777)
    await hooks.endpoint(URL, "product.indexed")
    await index_pending(hooks.database, organization_id, on_products=product_events.indexed)
    [payload] = await told(hooks)
    async with hooks.database.tx(organization_id) as tx:
        [shown] = (await products.list_products(tx)).items
    assert ProductResource.model_validate(payload["data"]) == shown
    assert shown.indexed_at is not None
    assert not stands(777, str(payload["data"]["variants"]))
    await index_pending(hooks.database, organization_id, on_products=product_events.indexed)
    assert len(await told(hooks)) == 1


async def test_without_endpoints_an_order_costs_one_query(till: Till, hooks: Hooks, organization_id: UUID) -> None:
    made = await till.buy(organization_id, {await item_of(hooks): 1})
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "webhook" in statement:
            seen.append(statement)

    event.listen(till.database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with till.database.tx(organization_id) as tx:
            row = await checkout_rows.lock(tx, made.id)
            await orders.place(tx, row, now=datetime.now(UTC))  # two events
            await checkouts.cancel(tx, row.id, base_url="")
    finally:
        event.remove(till.database.engine.sync_engine, "before_cursor_execute", note)
    assert len(seen) == 1, seen
    assert "webhook_endpoints" in seen[0]
