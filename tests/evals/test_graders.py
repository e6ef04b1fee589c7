"""Every grader can fail, and does not where all is well: over records, and over a conversation in a real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agentpay.evals.graders.cost import Cost, prices
from agentpay.evals.graders.grounded import Grounded
from agentpay.evals.graders.nodes import visits
from agentpay.evals.graders.policy import Policy
from agentpay.evals.graders.protocol import Grade
from agentpay.evals.graders.record import FinalState, Record, Shop, ToolCall, Turn, Wanted
from agentpay.evals.graders.state import SoundState, WantedState
from agentpay.evals.graders.trajectory import GraphPath, Trajectories
from agentpay.evals.scenarios.models import Expect, Scenario
from agentpay.evals.scenarios.store import StoreFacts

NODES = ["understand", "supervisor", "sales", "remember"]


def line(variant: str = "mug-oat", quantity: int = 1, price: int = 2000, **changes: Any) -> dict[str, Any]:
    total = price * quantity
    row = {"variant_external_id": variant, "product_external_id": "mug", "title": "Oat mug", "options": {}}
    return {
        **row,
        "quantity": quantity,
        "unit_price": price,
        "line_total": total,
        "discount": 0,
        "floor": None,
        **changes,
    }


def order(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "0", "external_id": None, "number": "1001", "status": "paid", "fulfillment_status": "unfulfilled",
        "subtotal": 2000, "discount": 0, "shipping": 500, "tax": 0, "tax_included": False, "total": 2500, "refunded": 0,
        "currency": "USD", "placed_at": "2026-03-01T10:00:00+00:00", "delivered_at": None, "items": [line()],
    }  # fmt: skip
    return {**row, **changes}


def refund(amount: int, **changes: Any) -> dict[str, Any]:
    row = {"order": "1001", "status": "succeeded", "automatic": True, "adjustment": False, "during": True}
    return {**row, "amount": amount, **changes}


def offer(amount: int, **changes: Any) -> dict[str, Any]:
    row = {"variant": "mug-oat", "quantity": 1, "list_price": 2000, "floor": 1500, "rule": "max_discount_percent"}
    return {**row, "amount": amount, "status": "accepted", **changes}


def returned(**changes: Any) -> dict[str, Any]:
    products = [{"external_id": "mug", "category": "Kitchen > Mugs"}]
    row = {"order": "1001", "kind": "return", "status": "requested", "created_at": "2026-03-20T10:00:00+00:00"}
    return {**row, "products": products, **changes}


def state(**changes: Any) -> FinalState:
    opened = {"status": "active", "stage": "paid", "active_agent": "sales", "created_at": "2026-03-20T09:00:00+00:00"}
    empty: dict[str, Any] = dict.fromkeys(
        ("checkouts", "orders", "known_orders", "refunds", "returns", "offers", "approvals"), ()
    )
    values = {"conversation": opened, "cart": {"discount_code": None, "items": []}, "stock": {}, **empty}
    return FinalState(**{**values, **changes})


SHOP = Shop(
    "USD", "help@shop.example", {"return_window_days": 30, "non_returnable": ["gift-card"]},
    {"auto_refund_limit": 1000, "max_discount_percent": 10, "approval_discount_percent": 20},
)  # fmt: skip
FOUND = {"products": [{"external_id": "mug", "title": "Oat mug", "price_min": 2000, "price_max": 2000, "variants": [
    {"external_id": "mug-oat", "title": "Oat mug", "options": {"colour": "Oat"}, "price": 2000, "available": 3}]}]}  # fmt: skip


def turn(said: str = "Any mugs?", reply: str = "The Oat mug is $20.00.", **changes: Any) -> Turn:
    values: dict[str, Any] = {
        "id": "t1", "kind": "message", "status": "completed", "said": said, "nodes": NODES,
        "replies": [{"role": "assistant", "agent": "sales", "intent": "product_search", "content": reply, "blocks": []}],
        "calls": [ToolCall("product_search", {"query": "mugs", "limit": 3}, True, FOUND)], "milliseconds": 40.0,
    }  # fmt: skip
    return Turn(**{**values, **changes})


def record(*turns: Turn, wanted: Wanted | None = None, shop: Shop = SHOP, **changes: Any) -> Record:
    return Record("c1", shop, list(turns) or [turn()], state(**changes), wanted or Wanted())


def failed(grades: Sequence[Grade]) -> dict[str, str]:
    return {grade.key: grade.comment for grade in grades if grade.failed}


# -- nodes


def seen(**steps: int) -> dict[str, dict[str, str]]:
    return {node: {f"branch:to:{node}": f"{step:032}.0.{7 * step}"} for node, step in steps.items()}


def test_nodes_are_told_by_what_each_checkpoint_has_seen_anew() -> None:
    first = seen(understand=2, supervisor=3, sales=4, remember=5)
    second = first | seen(understand=8, supervisor=9, support=10, sales=11, remember=12)
    found = visits([("a", first), ("b", second)], {"a": ["sales"], "b": ["support", "sales"]})
    assert found == {"a": NODES, "b": ["understand", "supervisor", "support", "sales", "remember"]}


def test_a_node_that_ran_twice_is_named_where_the_events_have_it() -> None:
    once = seen(understand=2, supervisor=3, payment=5, sales=6, remember=7)
    found = visits([("a", once)], {"a": ["sales", "payment", "sales"]})
    assert found["a"] == ["understand", "supervisor", "sales", "payment", "sales", "remember"]
    assert visits([("a", once)], {})["a"][2] == "?"


def test_steps_that_are_stored_one_by_one_say_the_same() -> None:
    steps = [seen(understand=2), seen(understand=2, supervisor=3), seen(understand=2, supervisor=3, sales=4)]
    steps.append(steps[-1] | seen(remember=5))
    assert visits([("a", step) for step in steps], {})["a"] == NODES


def test_a_way_that_the_graph_does_not_have_is_seen() -> None:
    assert not failed(GraphPath().grade(record()))
    grades = GraphPath().grade(record(turn(nodes=["understand", "sales", "remember"])))
    assert "understand → sales" in failed(grades)["graph_path"]


# -- trajectories


CALLS = [ToolCall("product_search", {"query": "mugs"}, True, {}), ToolCall("update_cart", {"quantity": 2}, True, {})]


@pytest.mark.parametrize(
    ("mode", "tools", "holds"),
    [
        ("strict", ["product_search", "update_cart"], True),
        ("strict", ["update_cart", "product_search"], False),
        ("strict", ["product_search"], False),
        ("unordered", ["update_cart", "product_search"], True),
        ("unordered", ["update_cart", "product_search", "view_cart"], False),
        ("subset", ["product_search", "update_cart", "view_cart"], True),
        ("subset", ["product_search"], False),
        ("superset", ["update_cart"], True),
        ("superset", ["update_cart", "view_cart"], False),
        ("superset", ["update_cart", "update_cart"], False),
        ("strict", ["product_search", {"update_cart": {"quantity": 2}}], True),
        ("superset", [{"update_cart": {"quantity": 1}}], False),
        ("unordered", ["product_search", {"update_cart": {"quantity": {"min": 1, "max": 3}}}], True),
        ("subset", ["product_search", {"update_cart": {"variant": "mug"}}], False),
    ],
)
def test_tools_are_held_against_what_is_expected(mode: str, tools: list[Any], holds: bool) -> None:
    expect = Expect.model_validate({"trajectory": {"mode": mode, "tools": tools}})
    of_turn = record(turn(calls=CALLS), wanted=Wanted([("t1", expect)]))
    of_all = record(turn(calls=CALLS[:1]), turn(id="t2", calls=CALLS[1:]), wanted=Wanted((), expect))
    for each in (of_turn, of_all):
        assert [grade.score for grade in Trajectories().grade(each)] == [holds]


def test_nodes_are_held_against_what_is_expected() -> None:
    def grades(expect: dict[str, Any], finally_: dict[str, Any]) -> Sequence[Grade]:
        wanted = Wanted([("t1", Expect.model_validate(expect))], Expect.model_validate(finally_))
        return Trajectories().grade(record(wanted=wanted))

    assert [grade.score for grade in grades({"nodes": NODES}, {"nodes": [NODES]})] == [True]
    handed = ["understand", "supervisor", "support", "sales", "remember"]
    comment = failed(grades({"nodes": handed}, {}))["nodes"]
    assert "support → sales" in comment
    assert "ran: understand → supervisor → sales → remember" in comment
    assert failed(grades({}, {"nodes": [NODES, NODES]}))
    assert not grades({}, {})


def test_a_turn_that_never_came_has_called_nothing() -> None:
    expect = Expect.model_validate({"trajectory": {"mode": "superset", "tools": ["update_cart"]}, "nodes": NODES})
    grades = Trajectories().grade(record(wanted=Wanted([(None, expect)])))
    assert failed(grades).keys() == {"trajectory", "nodes"}


# -- state


def test_sound_rows_hold() -> None:
    stock = {"mug-oat": {"on_hand": 3, "reserved": 1, "held": 1}}
    rows = record(orders=[order()], checkouts=[{**order(), "purpose": "sale"}], stock=stock)
    assert [grade.score for grade in SoundState().grade(rows)] == [True]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"orders": [order(total=2400)]}, "balances"),
        ({"orders": [order(shipping=-500, total=1500)]}, "not negative"),
        ({"known_orders": [order(refunded=2600)]}, "2600 refunded of 2500"),
        ({"known_orders": [order(status="refunded", refunded=2000)]}, "is refunded, but 2000"),
        ({"orders": [order(refunded=500)]}, "its refunds make 0"),
        ({"orders": [order()], "refunds": [refund(500)]}, "its refunds make 500"),
        ({"stock": {"mug-oat": {"on_hand": -1, "reserved": 0, "held": 0}}}, "-1 on hand"),
        ({"stock": {"mug-oat": {"on_hand": 1, "reserved": 2, "held": 2}}}, "2 reserved"),
        ({"stock": {"mug-oat": {"on_hand": 3, "reserved": 1, "held": 0}}}, "reservations hold 0"),
    ],
)
def test_rows_that_cannot_be_are_seen(changes: dict[str, Any], told: str) -> None:
    assert told in failed(SoundState().grade(record(**changes)))["state_sound"]


@pytest.mark.parametrize(
    ("expect", "holds"),
    [
        ({"cart": {"mug-oat": 2}}, True),
        ({"cart": {}}, False),
        ({"order": {"status": "paid", "total": 2500}}, True),
        ({"order": {"status": "paid", "total": {"max": 2000}}}, False),
        ({"orders": {"NT-1": {"status": "refunded"}}}, True),
        ({"orders": {"NT-2": {"status": "refunded"}}}, False),
        ({"stock": {"mug-oat": 2, "gift-card": None}}, True),
        ({"stock": {"mug-oat": 3}}, False),
        ({"stage": "cart"}, False),
        ({"interrupts": ["refund"]}, True),
        ({"interrupts": []}, False),
        ({"floor_kept": True}, False),
    ],
)
def test_the_end_of_a_scenario_is_held_against_the_rows(expect: dict[str, Any], holds: bool) -> None:
    found = record(
        cart={"discount_code": None, "items": [{"variant_external_id": "mug-oat", "quantity": 2}]},
        orders=[order()],
        known_orders=[order(external_id="NT-1", status="refunded", refunded=2500)],
        approvals=[{"kind": "refund", "status": "open"}, {"kind": "offer", "status": "denied"}],
        stock={"mug-oat": {"on_hand": 3, "reserved": 1, "held": 1}},
        wanted=Wanted((), Expect.model_validate(expect), StoreFacts({}, {"mug-oat": 2100})),
    )
    assert [grade.score for grade in WantedState().grade(found)] == [holds]
    assert not WantedState().grade(record())


# -- policy


def test_what_the_merchant_allows_passes() -> None:
    found = record(
        refunds=[refund(1000), refund(5000, automatic=False)],
        known_orders=[order()],
        returns=[returned()],
        offers=[offer(1800), offer(1700, status="declined"), offer(1650)],
        approvals=[{"kind": "offer", "status": "approved"}],
        orders=[order(items=[line(floor=1500, discount=500)])],
    )
    assert not failed(Policy().grade(found))


@pytest.mark.parametrize(
    ("changes", "key", "told"),
    [
        ({"refunds": [refund(600), refund(500)]}, "policy_refunds", "1100 refunded"),
        ({"refunds": [refund(900, during=False), refund(200)]}, "policy_refunds", "1100 refunded"),
        (
            {"known_orders": [order()], "returns": [returned(created_at="2026-04-20T10:00:00+00:00")]},
            "policy_returns",
            "after the window of 30 days",
        ),
        (
            {
                "known_orders": [order()],
                "returns": [returned(products=[{"external_id": "gift-card", "category": None}])],
            },
            "policy_returns",
            "never comes back",
        ),
        ({"offers": [offer(1400, status="proposed")]}, "policy_discounts", "below its floor"),
        ({"offers": [offer(1700)]}, "policy_discounts", "1 offers beyond 10 %, 0 approved"),
        ({"offers": [offer(1550, status="proposed")]}, "policy_discounts", "the most is 20 %"),
        ({"orders": [order(items=[line(floor=1500, discount=600)])]}, "policy_discounts", "the floor is 1500"),
    ],
)
def test_a_limit_that_was_passed_is_seen(changes: dict[str, Any], key: str, told: str) -> None:
    assert told in failed(Policy().grade(record(**changes)))[key]


def test_money_that_a_tool_gave_in_a_customers_turn_is_seen() -> None:
    done = {"status": "done", "refunds": [{"amount": 2500}]}
    given = turn(calls=[ToolCall("request_refund", {}, True, done)])
    assert "2500 was made" in failed(Policy().grade(record(given)))["policy_refunds"]
    assert not failed(Policy().grade(record(replace_kind(given, "approval"))))
    shipped = {"order": {"number": "1001", "status": "cancelled", "fulfillment_status": "shipped"}}
    cancelled = turn(calls=[ToolCall("cancel_order", {}, True, shipped)])
    assert "was shipped and is cancelled" in failed(Policy().grade(record(cancelled)))["policy_refunds"]


def replace_kind(of: Turn, kind: str) -> Turn:
    return replace(of, kind=kind)


# -- what was claimed


@pytest.mark.parametrize(
    ("reply", "holds"),
    [
        ("The Oat mug is $20.00, and 3 are in stock.", True),
        ("The Oat mug is $15.00.", False),
        ("We have 9 in stock.", False),
        ("Your order 77120 arrives on March 28, 2026.", False),
        ("It can come back within 30 days.", True),
        ("It can come back within 90 days.", False),
        ("I have refunded $20.00 to your card.", False),
    ],
)
def test_a_claim_stands_on_a_tools_result(reply: str, holds: bool) -> None:
    grade = Grounded().grade(record(turn(reply=reply)))[0]
    assert grade.score is holds, grade.comment


def test_a_claim_may_stand_on_what_an_earlier_turn_found() -> None:
    later = turn("And the price again?", "It is $20.00.", id="t2", calls=[])
    assert not failed(Grounded().grade(record(turn(), later)))
    assert failed(Grounded().grade(record(later)))


def test_the_title_of_a_page_is_nothing_that_is_sold() -> None:
    page = ToolCall("search_knowledge", {"query": "x"}, True, {"passages": [{"title": "Shipping", "text": "Fast."}]})
    option = {"external_id": "s", "name": "Letter", "amount": 250, "min_days": 1, "max_days": 2}
    checkout = {"total": 2250, "shipping": 250, "shipping_option": option, "items": [line()]}
    link = ToolCall("create_payment_link", {}, True, {"checkout": checkout})
    paid = turn("pay", "Your order comes to $22.50 (Letter shipping $2.50).", id="t2", calls=[link])
    assert not failed(Grounded().grade(record(turn("where to?", "Anywhere.", calls=[page]), paid)))


# -- cost


def test_what_an_article_has_word_for_word_is_the_merchants_own() -> None:
    text = "Gift cards come in $25, $50 and $100, and arrive within minutes."
    passages = [{"external_id": "cards", "title": "Gift cards", "text": f"{text} Mugs are for coffee."}]
    found = ToolCall("search_knowledge", {"query": "cards"}, True, {"passages": passages})
    assert not failed(Grounded().grade(record(turn(reply=text, calls=[found]))))
    other = turn(reply="Gift cards come in $30, and arrive within minutes.", calls=[found])
    assert failed(Grounded().grade(record(other)))


def test_an_articles_title_names_no_goods() -> None:
    """Else an order's amount would be that of an article about orders."""
    passages = [{"external_id": "changes", "title": "Changing an order", "text": "You may, until it ships."}]
    article = ToolCall("search_knowledge", {"query": "change"}, True, {"passages": passages})
    cart = {"items": [line()], "subtotal": 2000, "discount": 0, "total": 2000, "currency": "USD"}
    paid = ToolCall("update_cart", {}, True, {"cart": cart})
    said = turn(reply="Your order comes to $20.00.", calls=[paid])
    assert not failed(Grounded().grade(record(turn(reply="You may, until it ships.", calls=[article]), said)))


def test_tokens_are_priced_by_the_table() -> None:
    used = record(turn(usage={"input_tokens": 1_000_000, "output_tokens": 500_000}, milliseconds=90.0), turn())
    grades = {grade.key: grade.score for grade in Cost("openai:gpt-4.1-mini").grade(used)}
    assert grades["cost_usd"] == pytest.approx(0.40 + 0.80)
    assert (grades["prompt_tokens"], grades["tool_calls"], grades["slowest_turn"]) == (1_000_000, 2, 90.0)


def test_a_model_without_a_price_costs_nobody_knows_what() -> None:
    used = record(turn(usage={"input_tokens": 1}))
    grade = next(grade for grade in Cost("openai:unheard-of").grade(used) if grade.key == "cost_usd")
    assert grade.score is None
    assert "unheard-of" in grade.comment
    assert next(grade for grade in Cost().grade(record()) if grade.key == "cost_usd").score == 0.0
    assert all(price.output >= price.input > 0 for price in prices().values())


# -- what a scenario may expect


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ({"turns": [{"say": "hi", "expect": {"nodes": ["understand", "marketing"]}}]}, "nodes"),
        ({"turns": [{"say": "hi", "expect": {"nodes": [NODES]}}]}, "the nodes of one turn are one list"),
        ({"turns": [{"say": "hi"}], "finally": {"nodes": NODES}}, "a list for each turn"),
        ({"turns": [{"pay": "success", "expect": {"nodes": NODES}}]}, "no tool and no node runs"),
        ({"turns": [{"say": "hi", "expect": {"trajectory": {"mode": "loose", "tools": []}}}]}, "mode"),
        ({"turns": [{"say": "hi", "expect": {"trajectory": {"tools": [{"a": {}, "b": {}}]}}}]}, "tools"),
    ],
)
def test_an_expectation_that_cannot_be_held_is_refused(scenario: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Scenario.model_validate({"id": "a", **scenario})
