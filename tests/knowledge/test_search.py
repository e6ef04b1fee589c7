"""Search finds what the shop has, and nothing where it has nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from agentpay.knowledge.product_search import codes_in
from agentpay.knowledge.search import Kind, SearchFilters, search
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Order, OrderLine, Product, Variant

PRODUCT: tuple[Kind, ...] = ("product",)


async def found(tx: Tx, query: str, **filters: object) -> list[str | None]:
    hits = await search(tx, query, kinds=PRODUCT, filters=SearchFilters.model_validate(filters) if filters else None)
    return [hit.external_id for hit in hits]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("waterproof jacket", "jacket-squall"),
        ("I'm looking for waterproof jackets please", "jacket-squall"),
        ("merino socks", "socks-merino"),
        ("kestrel trail shoes", "shoe-ridge"),
        ("red ridge runner", "shoe-ridge"),
        ("gift cards", "giftcard-50"),
        ("lightweight jacket", "jacket-squall"),
        ("jacket for hiking", "jacket-squall"),
        ("merion socks", "socks-merino"),
        ("RR-43-RD", "shoe-ridge"),
        ("shoe-ridge", "shoe-ridge"),
        ("sneakers", "shoe-ridge"),
    ],
)
async def test_the_product_meant_comes_first(tx: Tx, query: str, first: str) -> None:
    assert (await found(tx, query))[:1] == [first]


@pytest.mark.parametrize(
    "query", ["do you sell kayaks?", "red kayak", "trail kayak", "espresso machine", "blue tent", "qwertzuiop"]
)
async def test_nothing_fits(tx: Tx, query: str) -> None:
    assert await search(tx, query) == []


async def test_an_attribute_that_says_no_is_no_answer(tx: Tx) -> None:
    assert "shoe-ridge" not in await found(tx, "waterproof jacket")
    assert "shoe-ridge" not in await found(tx, "waterproof shoes", attributes={"waterproof": "yes"})


async def test_sold_out_comes_last_and_scores_fall(tx: Tx) -> None:
    hits = await search(tx, "running", kinds=PRODUCT)
    assert hits[-1].external_id == "poles"
    assert hits[-1].in_stock is False
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"price_max": 5000}, {"socks-merino", "giftcard-50"}),
        ({"price_min": 18500}, {"jacket-squall"}),
        ({"price_min": 9000, "price_max": 10000}, {"poles"}),
        ({"brand": "fell & co"}, {"socks-merino", "poles"}),
        ({"category": "clothing"}, {"socks-merino", "jacket-squall"}),
        ({"category": "Jackets"}, {"jacket-squall"}),
        ({"category": "Cloth"}, set()),
        ({"in_stock": True, "brand": "Fell & Co"}, {"socks-merino"}),
        ({"in_stock": False}, {"poles"}),
        ({"attributes": {"Waterproof": "YES"}}, {"jacket-squall"}),
        ({"attributes": {"drop_mm": "6"}}, {"shoe-ridge"}),
        ({"attributes": {"drop_mm": 6}}, {"shoe-ridge"}),
        ({"attributes": {"drop_mm": 6.0}}, {"shoe-ridge"}),
        ({"attributes": {"color": "Black"}}, {"jacket-squall"}),
        ({"attributes": {"material": "wool"}}, set()),
    ],
)
async def test_filters(tx: Tx, filters: dict[str, object], expected: set[str]) -> None:
    assert set(await found(tx, "", **filters)) == expected


async def test_the_price_shown_is_one_that_fits(tx: Tx) -> None:
    hits = await search(tx, "jacket", filters=SearchFilters(price_min=18000))
    assert [hit.price for hit in hits] == [18900]
    hits = await search(tx, "jacket", kinds=PRODUCT)
    assert [hit.price for hit in hits] == [17900]


async def test_a_policy_question_is_answered_by_its_sentence(tx: Tx) -> None:
    hits = await search(tx, "can I return shoes I've already worn?")
    assert hits[0].external_id == "returns"
    assert hits[0].snippet == "Worn shoes can be returned within 14 days if they do not fit."
    hits = await search(tx, "how long does delivery take?", kinds=("article",))
    assert hits[0].external_id == "shipping"
    assert "3 to 5 working days" in hits[0].snippet


async def test_limit_and_kinds(tx: Tx) -> None:
    assert len(await search(tx, "running", limit=1)) == 1
    assert {hit.kind for hit in await search(tx, "return", kinds=("article",))} == {"article"}
    assert len(await search(tx, "", limit=3)) == 3


async def test_who_looks_around_sees_what_sells_and_some_of_each_category(tx: Tx) -> None:
    all_of_them = await search(tx, "", limit=20, kinds=("product",))
    categories = [
        await tx.session.scalar(select(Product.category).where(Product.id == hit.product_id)) for hit in all_of_them
    ]
    assert len(set(categories[:3])) == 3
    last = next(hit for hit in reversed(all_of_them) if hit.in_stock)
    order = Order(
        id=new_id(), organization_id=tx.organization_id, number="S-1", status="paid", currency="USD", subtotal=100, total=100,
        placed_at=datetime.now(UTC),
    )  # fmt: skip
    variant = await tx.session.scalar(select(Variant.id).where(Variant.product_id == last.product_id))
    tx.session.add(order)
    await tx.session.flush()
    tx.session.add(
        OrderLine(
            id=new_id(),
            organization_id=tx.organization_id,
            order_id=order.id,
            variant_id=variant,
            quantity=1,
            unit_price=100,
            title="x",
        )
    )
    await tx.session.flush()
    assert (await search(tx, "", limit=1, kinds=("product",)))[0].product_id == last.product_id


async def test_odd_queries_are_harmless(tx: Tx) -> None:
    for query in ["'", "\\", "a & b | !c", "jacket' OR 1=1 --", ":*", "<->", "%", "\x01", "🧦", "x" * 5000, "the"]:
        await search(tx, query)


async def test_what_it_is_for_need_not_be_known(tx: Tx) -> None:
    assert (await found(tx, "jacket for paragliding"))[:1] == ["jacket-squall"]
    assert await found(tx, "paraglider for the jacket") == []


def test_a_short_number_in_a_query_is_no_sku() -> None:
    assert codes_in("air conditioner 9000 btu") == ["air conditioner 9000 btu"]
    assert codes_in("9000") == ["9000"]
    assert codes_in("is RR-42-BL or 1234567 there?") == ["1234567", "is rr-42-bl or 1234567 there?", "rr-42-bl"]
