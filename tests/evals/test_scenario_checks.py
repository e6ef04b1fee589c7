"""Every check of the scenario README can fail, and does not where it holds."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.evals.scenarios.checks import Observation, accepts, check
from agentpay.evals.scenarios.client import ServiceError, StreamEvent, read_turn
from agentpay.evals.scenarios.models import Expect
from agentpay.evals.scenarios.store import StoreFacts

FACTS = StoreFacts(product_of={"mug-oat": "mug"}, floors={"kettle-black": 10900})


def line(variant: str, quantity: int = 1, price: int = 1000, product: str = "mug") -> dict[str, Any]:
    return {
        "variant_external_id": variant,
        "product_external_id": product,
        "quantity": quantity,
        "unit_price": price,
        "line_total": price * quantity,
    }


def order(**changes: Any) -> dict[str, Any]:
    amounts = {"subtotal": 2000, "discount": 200, "shipping": 500, "tax": 100, "tax_included": False, "total": 2400}
    return {"status": "paid", "items": [line("mug-oat", 2)], "refunded": 0, **amounts, **changes}


def observation(**changes: Any) -> Observation:
    message = {
        "role": "assistant",
        "agent": "sales",
        "intent": "product_search",
        "content": "We have two mugs from $10.00.",
        "tool_calls": [{"name": "product_search", "status": "ok"}],
        "blocks": [
            {"type": "product_list", "products": [{"external_id": "mug", "variants": [{"external_id": "mug-oat"}]}]}
        ],
    }
    cart = {"items": [line("mug-oat", 2)], "subtotal": 2000, "discount": 200, "total": 1800}
    conversation = {
        "stage": "cart",
        "status": "active",
        "interrupts": [{"kind": "refund"}],
        "cart": cart,
    }
    values: dict[str, Any] = {
        "messages": [message],
        "conversation": conversation,
        "last_product_list": message["blocks"][0],  # type: ignore[index]
        "checkout": {**order(), "status": "open"},
        "order": order(),
        "orders": {"NT-1": order(status="refunded", refunded=2400)},
        "placed": [order()],
        "stock": {"mug-oat": 3},
    }
    return Observation(**{**values, **changes})


HOLDS: list[dict[str, Any]] = [
    {"agent": "sales"},
    {"intent": ["browse", "product_search"]},
    {"tools": ["product_search"], "no_tools": ["create_payment_link"]},
    {"blocks": ["product_list"], "shows": ["mug", "mug-oat"], "not_shows": ["kettle"]},
    {"reply_matches": [r"\$10\.00", "(?i)MUGS"], "reply_lacks": ["sold out"]},
    {"cart": {"mug-oat": 2}},
    {"cart": [{}, {"mug-oat": 2}]},
    {"cart_totals": {"subtotal": 2000, "total": [1700, 1800]}},
    {"cart_shown": {"position": 1, "quantity": 2}},
    {"stage": "cart", "status": "active", "interrupts": ["refund"]},
    {"checkout": {"status": ["open", "confirming"], "total": {"min": 2400, "max": 2400}}},
    {"order": {"status": "paid", "total": {"min": 1}}},
    {"orders": {"NT-1": {"status": "refunded", "refunded": 2400}}},
    {"stock": {"mug-oat": 3}},
    {"floor_kept": True},
]
FAILS: list[tuple[dict[str, Any], str]] = [
    ({"agent": "payment"}, "agent"),
    ({"intent": ["greeting", "checkout"]}, "intent"),
    ({"tools": ["make_offer"]}, "tools"),
    ({"no_tools": ["product_search"]}, "no_tools"),
    ({"blocks": ["checkout"]}, "blocks"),
    ({"shows": ["kettle"]}, "shows"),
    ({"not_shows": ["mug-oat"]}, "not_shows"),
    ({"reply_matches": ["kettle"]}, "reply_matches"),
    ({"reply_lacks": ["two mugs"]}, "reply_lacks"),
    ({"cart": {"mug-oat": 1}}, "cart"),
    ({"cart": {}}, "cart"),
    ({"cart": [{}, {"mug-oat": 2, "kettle-black": 1}]}, "cart"),
    ({"cart_totals": {"discount": {"min": 201}}}, "cart_totals.discount"),
    ({"cart_shown": {"position": 2}}, "cart_shown"),
    ({"cart_shown": {"position": 1, "quantity": 1}}, "cart_shown"),
    ({"stage": "checkout"}, "stage"),
    ({"status": "handed_off"}, "status"),
    ({"interrupts": []}, "interrupts"),
    ({"interrupts": ["refund", "offer"]}, "interrupts"),
    ({"checkout": {"total": {"min": 2401}}}, "checkout.total"),
    ({"checkout": {"nowhere": 1}}, "checkout.nowhere"),
    ({"order": {"status": ["pending", "refunded"]}}, "order.status"),
    ({"orders": {"NT-1": {"status": "paid"}}}, "orders.NT-1.status"),
    ({"orders": {"NT-2": {"status": "paid"}}}, "orders.NT-2"),
    ({"stock": {"mug-oat": 2}}, "stock.mug-oat"),
    ({"stock": {"unknown": 2}}, "stock.unknown"),
    ({"floor_kept": False}, "floor_kept"),
]


@pytest.mark.parametrize("expect", HOLDS)
def test_what_holds_is_not_complained_about(expect: dict[str, Any]) -> None:
    assert check(Expect(**expect), observation(), FACTS) == []


@pytest.mark.parametrize(("expect", "name"), FAILS)
def test_each_check_can_fail(expect: dict[str, Any], name: str) -> None:
    assert [mismatch.check for mismatch in check(Expect(**expect), observation(), FACTS)] == [name]


def test_a_check_with_nothing_to_look_at_fails() -> None:
    seen = observation(messages=[], checkout=None, order=None, placed=[])
    expect = Expect(reply_lacks=["x"], checkout={"status": "open"}, order={"status": "paid"}, floor_kept=True)
    assert [mismatch.check for mismatch in check(expect, seen, FACTS)] == ["reply", "checkout", "order", "floor_kept"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"total": 2399}, "order balances"),
        ({"tax_included": True}, "order balances"),
        ({"discount": -100, "total": 2700}, "order.discount"),
        ({"refunded": -1}, "order.refunded"),
        ({"items": [line("mug-oat", 2, price=-1000)]}, "order.items.0.unit_price"),
    ],
)
def test_what_is_looked_at_must_balance(changes: dict[str, Any], name: str) -> None:
    mismatches = check(Expect(), observation(order=order(**changes)), FACTS)
    assert name in [mismatch.check for mismatch in mismatches]


@pytest.mark.parametrize(("discount", "kept"), [(2000, True), (2001, False)])
def test_a_floor_bounds_what_was_paid_for_the_goods(discount: int, kept: bool) -> None:
    sold = order(
        items=[line("kettle-black", 1, 12900, "kettle")],
        subtotal=12900,
        discount=discount,
        shipping=0,
        tax=0,
        total=12900 - discount,
    )
    mismatches = check(Expect(floor_kept=True), observation(placed=[sold]), FACTS)
    assert [mismatch.check for mismatch in mismatches] == ([] if kept else ["floor_kept"])


@pytest.mark.parametrize(
    ("wanted", "got", "accepted"),
    [
        (1, 1, True),
        (1, True, False),
        ([1, {"min": 5}], 6, True),
        ({"min": 2, "max": 4}, 5, False),
        ({"min": 2}, None, False),
        ({"name": "Standard"}, {"name": "Standard", "amount": 0}, True),
        ({"name": "Express"}, {"name": "Standard"}, False),
        (None, None, True),
    ],
)
def test_values(wanted: Any, got: Any, accepted: bool) -> None:
    assert accepts(wanted, got) is accepted


def stream(*events: tuple[str, dict[str, Any]]) -> list[StreamEvent]:
    return [StreamEvent(f"turn:{n}", kind, data) for n, (kind, data) in enumerate(events, 1)]


STARTED = ("turn.started", {"turn_id": "turn"})
ENDED = ("turn.completed", {"status": "completed"})
SAID = ("message.completed", {"id": "m", "content": "Hello there", "blocks": []})


def delta(text: str, message: str = "m") -> tuple[str, dict[str, Any]]:
    return ("message.delta", {"message_id": message, "text": text})


def test_a_sound_stream_has_no_faults() -> None:
    tool = {"call_id": "c", "name": "view_cart"}
    discarded = ("message.discarded", {"message_id": "old", "reason": "retry"})
    events = [
        *stream(STARTED, ("tool.started", tool), ("tool.finished", tool), delta("Oops", "old"), discarded),
        StreamEvent("turn:7", "message.delta", {"message_id": "m", "text": "Hello there", "from": 6}),
        StreamEvent("turn:8", *SAID),
        StreamEvent("turn:9", *ENDED),
    ]
    reply = read_turn(events)
    assert (reply.faults, reply.status, reply.message) == ([], "completed", SAID[1])


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (stream(STARTED, delta("Hello"), SAID, ENDED), "the deltas put together"),
        (
            stream(STARTED, delta("Hello there"), SAID, ENDED)[:1] + stream(STARTED, delta(""), SAID, ENDED)[2:],
            "came where",
        ),
        (stream(STARTED, ("tool.started", {"call_id": "c", "name": "view_cart"}), ENDED), "never finished"),
        (stream(STARTED, ("tool.finished", {"call_id": "c", "name": "view_cart"}), ENDED), "without having started"),
        (stream(delta("Hello there"), SAID, ENDED), "begins with"),
        (stream(STARTED, delta("Hello there"), SAID), "begins with"),
        (
            stream(
                STARTED, delta("Hello there"), ("message.completed", SAID[1] | {"blocks": [{"type": "cart"}]}), ENDED
            ),
            "not shown",
        ),
    ],
)
def test_faults_of_a_stream(events: list[StreamEvent], said: str) -> None:
    assert any(said in fault for fault in read_turn(events).faults)


def test_an_empty_stream_is_no_answer() -> None:
    with pytest.raises(ServiceError):
        read_turn([])
