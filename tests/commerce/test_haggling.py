"""The arithmetic of offers: bounds, shrinking concessions, strategies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpay.commerce.haggling import (
    MAX_ROUNDS,
    Proposal,
    Strategy,
    best_strategy,
    price_at,
    propose,
    room_for,
)
from agentpay.commerce.reserve import LAST_PRICE, RESERVE, Margins, margins
from agentpay.commerce.rules import AgentRules, CartValueDiscount, RepeatCustomer, Strategies
from agentpay.store.ids import new_id

DRAWN = Margins(reserve=200, last_price=500)


def rules(percent: int = 15, approval: int | None = None, **strategies: object) -> AgentRules:
    return AgentRules(
        max_discount_percent=percent,
        approval_discount_percent=approval,
        allow_dynamic_pricing=True,
        strategies=Strategies.model_validate(strategies),
    )


def rounds(
    list_price: int,
    floor: int,
    given_rules: AgentRules,
    asks: list[int | None],
    strategy: Strategy | None = None,
    drawn: Margins = DRAWN,
) -> list[Proposal]:
    """The proposals of a talk, as `offers.decide` leads it."""
    room = room_for(list_price, floor, given_rules, drawn)
    previous, concession, made = list_price, 0, []
    for asked in asks[:MAX_ROUNDS]:
        if room.limit >= list_price or (made and made[-1].final):
            break
        if asked is not None and asked >= previous:
            continue
        proposal = propose(
            room,
            round_number=len(made) + 1,
            previous=previous,
            last_concession=concession,
            asked=asked,
            strategy=strategy,
        )
        if proposal.amount >= previous:
            break
        made.append(proposal)
        previous, concession = proposal.amount, previous - proposal.amount
    return made


@pytest.mark.parametrize(
    ("list_price", "floor", "percent", "limit", "end", "rule"),
    [
        (13900, 11900, 15, 11940, 12000, "floor"),
        (13900, 10000, 15, 11815, 11815, "max_discount_percent"),
        (13900, 11810, 15, 11852, 11915, "floor"),  # the percentage alone would end 5 cents above the floor
        (13900, 13900, 15, 13900, 13900, "floor"),
        (13900, 0, 100, 278, 695, "floor"),
        (999, 0, 10, 900, 900, "max_discount_percent"),
        (100, 98, 50, 99, 99, "floor"),
        (100, 99, 50, 100, 100, "floor"),  # one cent is no room
    ],
)
def test_the_limit_is_the_higher_of_rule_and_floor(
    list_price: int, floor: int, percent: int, limit: int, end: int, rule: str
) -> None:
    room = room_for(list_price, floor, rules(percent), DRAWN)
    assert (room.limit, room.end, room.limit_rule) == (limit, end, rule)


def test_a_person_may_grant_more_but_not_below_the_floor() -> None:
    assert room_for(10000, 7000, rules(10, 25), DRAWN).approval == 7500
    assert room_for(10000, 8000, rules(10, 25), DRAWN).approval == 8040
    assert room_for(10000, 7000, rules(10), DRAWN).approval == 9000


def test_three_rounds_shrink_to_the_last_price() -> None:
    made = rounds(13900, 11900, rules(), [9000, 9000, 9000, 9000])
    assert [(each.amount, each.final) for each in made] == [(13045, False), (12418, False), (12000, True)]


def test_the_customer_never_gets_less_than_asked_for() -> None:
    assert rounds(13900, 11900, rules(), [13500])[0].amount == 13500
    assert [each.amount for each in rounds(13900, 11900, rules(), [9000, 12800])] == [13045, 12800]


def test_the_last_round_meets_a_price_within_the_limit() -> None:
    made = rounds(13900, 11900, rules(), [9000, 9000, 11950])
    assert (made[-1].amount, made[-1].final) == (11950, True)
    for below in (11939, 11900, 11899):
        assert rounds(13900, 11900, rules(), [9000, 9000, below])[-1].amount == 12000


def test_a_matching_strategy_sets_how_far_the_first_offer_goes() -> None:
    strategy = Strategy(10, "strategies.cart_value_discount")
    made = rounds(13900, 10000, rules(), [9000, None, None], strategy)
    assert made[0] == Proposal(12510, False, "strategies.cart_value_discount")
    assert [each.amount for each in made[1:]] == [12093, 11815]
    assert rounds(13900, 13000, rules(), [9000], Strategy(10, "x"))[0].amount == 13045  # the floor comes first


def test_the_best_strategy_counts_and_they_do_not_stack() -> None:
    both = rules(
        cart_value_discount=CartValueDiscount(min_cart=20000, discount_percent=10),
        repeat_customer=RepeatCustomer(orders_threshold=3, discount_percent=5),
    )
    for cart, orders, expected in ((19999, 2, None), (20000, 3, 10), (0, 3, 5), (20000, 0, 10)):
        found = best_strategy(both, cart_subtotal=cart, paid_orders=orders)
        assert (found.percent if found else None) == expected
    assert best_strategy(rules(), cart_subtotal=10**9, paid_orders=99) is None


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(0, 100),
    st.integers(0, 100),
    st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=6),
    st.none() | st.integers(1, 100),
    st.builds(Margins, st.integers(*RESERVE), st.integers(*LAST_PRICE)),
)
def test_no_talk_crosses_a_bound(
    list_price: int, floor_share: int, percent: int, asks: list[int | None], strategy: int | None, drawn: Margins
) -> None:
    floor = list_price * floor_share // 100
    asked = [None if share is None else list_price * share // 100 for share in asks]
    made = rounds(list_price, floor, rules(percent), asked, Strategy(strategy, "s") if strategy else None, drawn)
    assert len(made) <= MAX_ROUNDS
    previous, concession = list_price, list_price
    for number, each in enumerate(made):
        assert each.amount >= price_at(list_price, percent)
        assert each.amount > floor
        assert each.amount < previous
        assert previous - each.amount <= concession
        if number == 0 and strategy:
            assert each.amount >= price_at(list_price, strategy) or each.amount in asked
        previous, concession = each.amount, previous - each.amount


def test_margins_are_the_same_for_everybody_and_nobody_can_compute_them() -> None:
    product, other = str(new_id()), str(new_id())
    first = margins("secret", product, 13900, 11900)
    assert first == margins("secret", product, 13900, 11900)
    drawn = {
        margins("another", product, 13900, 11900),
        margins("secret", other, 13900, 11900),
        margins("secret", product, 13901, 11900),
        margins("secret", product, 13900, 11901),
        first,
    }
    assert len(drawn) == 5
    many = [margins(str(n), product, 13900, 11900) for n in range(500)]
    for name, (low, high) in (("reserve", RESERVE), ("last_price", LAST_PRICE)):
        shares = [getattr(each, name) for each in many]
        assert low <= min(shares) < low + 20 < high - 20 < max(shares) <= high


def test_what_a_probing_customer_sees_fits_many_floors() -> None:
    """All that there is to find out are `limit` and `end`; with a secret nobody knows they fit every floor of a range."""
    seen = room_for(20000, 10000, rules(100), Margins(reserve=250, last_price=600))
    assert (seen.limit, seen.end) == (10250, 10600)
    fitting = {
        floor
        for floor in range(9000, 10250)
        for reserve in range(RESERVE[0], RESERVE[1] + 1)
        if room_for(20000, floor, rules(100), Margins(reserve, LAST_PRICE[0])).limit == seen.limit
        and any(
            room_for(20000, floor, rules(100), Margins(reserve, last)).end == seen.end
            for last in range(LAST_PRICE[0], LAST_PRICE[1] + 1)
        )
    }
    assert len(fitting) > 100
    assert max(fitting) - min(fitting) > 200  # 2 % of the room
