"""Every cent of CONTRACT §4's totals."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.commerce.pricing import (
    CodeRule,
    OfferPrice,
    PricingLine,
    TaxRule,
    allocate,
    allocate_within,
    compute,
    half_up,
    in_category,
    is_eligible,
)


def line(n: int, price: int, quantity: int = 1, floor: int | None = None, category: str = "Clothing") -> PricingLine:
    return PricingLine(UUID(int=n), f"p{n}", category, quantity, price, floor)


def percent(points: int, **limits: tuple[str, ...]) -> CodeRule:
    return CodeRule("percentage", basis_points=points, **limits)


def fixed(amount: int, **limits: tuple[str, ...]) -> CodeRule:
    return CodeRule("fixed", amount=amount, **limits)


@pytest.mark.parametrize(
    ("lines", "code", "expected", "capped"),
    [
        pytest.param([line(1, 18900, 2)], percent(1000), [3780], False, id="10 % of two jackets"),
        pytest.param([line(1, 333), line(2, 333), line(3, 333)], percent(1000), [34, 33, 33], False, id="99.9 is 100"),
        pytest.param([line(1, 5)], percent(1000), [1], False, id="a half rounds up"),
        pytest.param([line(1, 4)], percent(1000), [0], False, id="below a half rounds down"),
        pytest.param([line(1, 2900), line(2, 2900, 2)], fixed(500), [167, 333], False, id="fixed, once, spread"),
        pytest.param([line(1, 300)], fixed(500), [300], False, id="fixed never below zero"),
        pytest.param([line(1, 13900, 1, 11900)], percent(2000), [2000], True, id="percentage stops at the floor"),
        pytest.param([line(1, 13900, 2, 11900)], percent(1000), [2780], False, id="percentage above the floor"),
        pytest.param([line(1, 1000, 1, 1000), line(2, 1000)], percent(1000), [0, 100], True, id="no room on one line"),
        pytest.param([line(1, 1000, 1, 900), line(2, 1000)], fixed(600), [100, 500], False, id="fixed moves on"),
        pytest.param([line(1, 1000, 1, 900), line(2, 1000, 1, 700)], fixed(600), [100, 300], True, id="all floors"),
        pytest.param([line(1, 1000), line(2, 1000)], percent(1000, products=("p2",)), [0, 100], False, id="product"),
        pytest.param(
            [line(1, 1000, category="Shoes > Trail"), line(2, 1000, category="Shoestrings")],
            fixed(400, categories=("shoes",)),
            [400, 0],
            False,
            id="category prefix by path, not by letters",
        ),
        pytest.param([], percent(1000), [], False, id="an empty cart"),
        pytest.param([line(1, 999)], percent(10000), [999], False, id="all of it"),
    ],
)
def test_codes(lines: list[PricingLine], code: CodeRule, expected: list[int], capped: bool) -> None:
    totals = compute(lines, code)
    assert [amounts.discount for amounts in totals.lines] == expected
    assert totals.discount == sum(expected)
    assert totals.capped is capped


@pytest.mark.parametrize(
    ("shipping", "rule", "tax", "shipping_tax", "total"),
    [
        pytest.param(700, None, 0, 0, 10690, id="no rate"),
        pytest.param(700, TaxRule(725), 724, 0, 11414, id="excluded: 362.14 + 362.14, each half up, not on shipping"),
        pytest.param(700, TaxRule(725, shipping=True), 775, 51, 11465, id="excluded, shipping taxed: 50.75 is 51"),
        pytest.param(
            1900, TaxRule(1900, included=True), 1899, 303, 11890, id="included: goods and shipping contain it"
        ),
        pytest.param(0, TaxRule(0, included=True), 0, 0, 9990, id="a rate of nothing"),
    ],
)
def test_taxes(shipping: int, rule: TaxRule | None, tax: int, shipping_tax: int, total: int) -> None:
    totals = compute([line(1, 4995), line(2, 4995)], None, None, shipping, rule)
    assert (totals.tax, totals.shipping_tax, totals.total) == (tax, shipping_tax, total)
    assert totals.tax == sum(amounts.tax for amounts in totals.lines) + totals.shipping_tax
    assert totals.tax_included is (rule is not None and rule.included)


def test_tax_is_on_goods_after_discount() -> None:
    totals = compute([line(1, 10000)], percent(1000), None, 0, TaxRule(1000))
    assert (totals.tax, totals.total) == (900, 9900)


def test_an_offer_covers_its_units_and_the_code_applies_to_what_is_left() -> None:
    offer = OfferPrice(UUID(int=1), quantity=2, amount=12500)
    totals = compute([line(1, 13900, 3, 11900), line(2, 1000)], percent(1000), offer)
    assert totals.offer_discount == 2 * 1400
    assert totals.subtotal == 42700
    assert [amounts.code_discount for amounts in totals.lines] == [3200, 100]
    assert totals.capped  # 10 % of 38900 would be 3890; the floor leaves 3 × 11900
    assert totals.lines[0].discount == 42700 - 1000 - 3 * 11900


def test_an_offer_below_a_floor_that_has_risen_stops_there() -> None:
    totals = compute([line(1, 1000, 1, 950)], None, OfferPrice(UUID(int=1), 1, 800))
    assert totals.discount == 50


def test_an_offer_above_todays_price_takes_nothing_off() -> None:
    assert compute([line(1, 700)], None, OfferPrice(UUID(int=1), 1, 800)).discount == 0


def test_half_up() -> None:
    assert [half_up(n, 10) for n in (4, 5, 14, 15, 0)] == [0, 1, 1, 2, 0]


def test_allocation_gives_the_largest_remainders_first() -> None:
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(100, [333, 333, 334]) == [33, 33, 34]
    assert allocate(5, [0, 0]) == [0, 0]
    assert allocate_within(100, [50, 50, 50], [10, 20, 100]) == [10, 20, 70]


def test_category_paths() -> None:
    assert in_category("Footwear > Trail running", "footwear")
    assert in_category("Footwear>Trail running", "Footwear > trail running")
    assert not in_category("Footwear", "Footwear > Trail running")
    assert not in_category(None, "Footwear")
    assert is_eligible(percent(100, products=("p1",), categories=("Shoes",)), line(2, 1, category="Shoes > A"))


LINES = st.lists(
    st.tuples(st.integers(0, 50_000), st.integers(1, 12), st.integers(0, 100) | st.none(), st.sampled_from("abc")),
    max_size=6,
)
CODES = st.none() | st.builds(
    CodeRule,
    st.sampled_from(["percentage", "fixed"]),
    basis_points=st.integers(1, 10_000),
    amount=st.integers(1, 200_000),
    categories=st.lists(st.sampled_from("abc"), max_size=2).map(tuple),
)
TAXES = st.none() | st.builds(TaxRule, st.integers(0, 10_000), st.booleans(), st.booleans())


@settings(max_examples=200, deadline=None)
@given(
    LINES,
    CODES,
    st.none() | st.tuples(st.integers(0, 5), st.integers(1, 12), st.integers(0, 100)),
    st.integers(0, 9000),
    TAXES,
)
def test_totals_balance_for_any_cart(
    raw: list[tuple[int, int, int | None, str]],
    code: CodeRule | None,
    raw_offer: tuple[int, int, int] | None,
    shipping: int,
    rule: TaxRule | None,
) -> None:
    lines = [
        line(n, price, quantity, None if share is None else price * share // 100, category)
        for n, (price, quantity, share, category) in enumerate(raw)
    ]
    offer = None
    if raw_offer is not None and lines:
        chosen = lines[raw_offer[0] % len(lines)]
        offer = OfferPrice(chosen.variant_id, raw_offer[1], chosen.unit_price * raw_offer[2] // 100)
    totals = compute(lines, code, offer, shipping, rule)

    extra = 0 if totals.tax_included else totals.tax
    assert totals.total == totals.subtotal - totals.discount + totals.shipping + extra
    assert min(totals.subtotal, totals.discount, totals.shipping, totals.tax, totals.total) >= 0
    assert totals.discount == sum(amounts.discount for amounts in totals.lines)
    assert totals.discount == totals.offer_discount + totals.code_discount
    assert totals.tax == sum(amounts.tax for amounts in totals.lines) + totals.shipping_tax
    for each, amounts in zip(lines, totals.lines, strict=True):
        assert min(amounts.offer_discount, amounts.code_discount, amounts.tax) >= 0
        assert each.list_total - amounts.discount >= (each.floor or 0) * each.quantity
        if code is None or not is_eligible(code, each):
            assert amounts.code_discount == 0
    if code is not None:
        left = sum(
            each.list_total - amounts.offer_discount
            for each, amounts in zip(lines, totals.lines, strict=True)
            if is_eligible(code, each)
        )
        whole = half_up(left * code.basis_points, 10_000) if code.type == "percentage" else min(code.amount, left)
        assert totals.code_discount <= whole
        assert totals.capped is (totals.code_discount < whole)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(0, 100))
def test_allocations_sum_exactly_and_stay_within_their_weights(weights: list[int], share: int) -> None:
    amount = sum(weights) * share // 100
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=8), st.integers(0, 9000))
def test_what_a_full_line_cannot_take_goes_to_the_others(raw: list[tuple[int, int]], amount: int) -> None:
    weights = [weight for weight, _ in raw]
    rooms = [min(room, weight) for weight, room in raw]
    wanted = min(amount, sum(weights))
    parts = allocate_within(wanted, weights, rooms)
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))
    assert sum(parts) == min(wanted, sum(rooms))
