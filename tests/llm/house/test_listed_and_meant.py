"""Wishes whose goods, places and questions stand beside them: "both X and Y can go back", "the other one to the same place"."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale import reading
from agentpay.llm.house.aftersale.answering import goes_on, sure_already
from agentpay.llm.house.aftersale.clauses import asks_state
from agentpay.llm.house.aftersale.finding import holding
from agentpay.llm.house.aftersale.following import asks_again, sums_up
from agentpay.llm.house.aftersale.settling import settled
from agentpay.llm.house.aftersale.task import of_acts
from agentpay.llm.house.general import asks_the_rule
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.test_support_talks import _delivered
from tests.llm.house.turns import act, play, turn


def test_what_is_listed_before_a_wish_goes_with_it() -> None:
    clauses = act("add_to_cart", "both the shelf", 0.6, product_query="shelf"), act("return", "the stool can go back")
    view = turn(*clauses, agent="support", verified=True, text="both the shelf and the stool can go back, sorry")
    said = play(view, order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1), ("Lamp", 1))))
    assert "return of Shelf and Stool" in said.text


def test_the_guitar_is_the_order_that_holds_one_not_its_stand() -> None:
    stand = {"number": "NT-1", "items": [{"title": "Folding guitar stand", "options": {}, "category": None}]}
    guitar = {"number": "NT-2", "items": [{"title": "Acacia acoustic guitar", "options": {}, "category": None}]}
    assert holding("the guitar should go to 5 Hill St", [stand, guitar]) == [guitar]


@pytest.mark.parametrize(("said", "names"), [("my amp", True), ("the mug", False)])
def test_a_thing_is_named_by_how_its_name_begins(said: str, names: bool) -> None:
    item = {"title": "Magpie guitar amplifier", "options": {}, "category": None}
    assert (reading.not_named(f"cancel {said}", [item]) is None) is names
    assert bool(reading.named_items(f"cancel {said}", [item])) is names


def test_a_variant_is_named_in_the_plural() -> None:
    medium = {"external_id": "m", "options": {"gauge": "medium"}, "available": 3}
    light = {"external_id": "xl", "options": {"gauge": "extra light"}, "available": 3}
    item = {"title": "Strings", "options": {"gauge": "light"}, "alternatives": [medium, light]}
    assert reading.alternatives("swap those for mediums", item) == [medium]


def test_the_same_place_is_where_the_order_spoken_of_goes() -> None:
    there = {"line1": "5 Hill St", "city": "Ballarat", "postal_code": "3350", "country": "AU"}
    first, other = told(order("NT-1", ("Shelf", 1))), told(order("NT-2", ("Stool", 1)))
    first["order"]["shipping_address"] = there
    other["order"]["shipping_address"] = {**there, "line1": "1 Old St"}

    def status(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        found, besides = (other, first) if given.get("order_number") == "NT-2" else (first, other)
        return True, {**found, "other_orders": [besides["order"]]}

    def moved(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        to = {**other["order"], "shipping_address": given["address"]}
        return True, {"order": to, "checkout": None, "difference": 0}

    wish = act("change_order", "the other order to the same place please", 0.5)
    abilities = {"support": frozenset({"order_status", "change_order_address"})}
    view = turn(wish, agent="support", abilities=abilities, verified=True, memory={"order": "NT-1"})
    said = play(view, order_status=status, change_order_address=moved)
    assert said.calls[-1] == ("change_order_address", {"order_number": "NT-2", "address": there})


@pytest.mark.parametrize(
    ("text", "done", "asked"),
    [
        ("so what do I get back and how", True, True),
        ("how much do I get back?", True, True),
        ("when can I send it back?", True, False),
        ("what do I get back?", False, False),
    ],
)
def test_what_comes_back_is_asked_of_what_was_done(text: str, done: bool, asked: bool) -> None:
    served = {"served": {"intent": "cancel_order", **({"done": True} if done else {})}}
    assert sums_up(served, ["return"], text, shopping=False) is asked


def test_goods_for_the_cart_change_no_order() -> None:
    wish = act("change_order", "put a pair of sticks in the cart with it", 1.0, product_query="sticks")
    tools = {"update_cart": lambda _: (False, {"error": {"code": "product_not_found", "message": "no"}})}
    view = turn(wish, agent="support", verified=True, memory={"order": "NT-1"})
    assert play(view, **tools).tools[0] == "update_cart"


@pytest.mark.parametrize(
    ("text", "goes"),
    [("ok, what about the 43?", True), ("what about my refund for the tent, when does it come?", False)],
)
def test_one_of_several_is_chosen_by_asking(text: str, goes: bool) -> None:
    memory = {"pending": {"task": {"kind": "exchange", "asked": "to"}}}
    assert goes_on(memory, ["availability"], text, accepts=False, declines=False) is goes


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Say the dog's already slept in the bed, could I still swap it?", True),
        ("could you swap it? it's too small", False),
    ],
)
def test_what_is_only_supposed_asks_the_rule(text: str, rule: bool) -> None:
    clause = act("exchange", text.partition("?")[0], 1.0)
    talk = Talk(turn(clause, text=text))
    assert asks_the_rule(talk, clause) is rule


def test_the_same_place_is_about_an_address() -> None:
    talk = Talk(turn(act("change_order", "and that one to the same address")))
    assert of_acts(talk, talk.turn.acts).kind == "address"


BOOTS = {
    "title": "Summit boots",
    "options": {"size": "42"},
    "variant_external_id": "b-42",
    "quantity": 2,
    "unit_price": 1000,
    "category": None,
    "returnable": 2,
    "amount": 2000,
    "reason": None,
    "alternatives": [{"external_id": "b-43", "options": {"size": "43"}, "available": 4, "price": 1000}],
}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (
            "I ordered the wrong size, could you change them to 43?",
            {"variant": "b-42", "quantity": 2, "to": {"variant": "b-43"}},
        ),
        ("One pair of boots is enough, could you change that?", {"variant": "b-42", "quantity": 2, "to_quantity": 1}),
        ("make it three pairs please", {"variant": "b-42", "quantity": 2, "to_quantity": 3}),
    ],
)
def test_a_number_is_a_size_or_a_count(text: str, changed: dict[str, Any]) -> None:
    found = told(order("NT-1", ("Summit boots", 2)))
    found["possible"]["items"] = [BOOTS]
    view = turn(act("change_order", text, 1.0, order_numbers=["NT-1"]), agent="support", verified=True)
    played = play(view, order_status=lambda _: (True, found))
    assert played.memory["pending"]["task"]["calls"][0]["arguments"]["changes"] == [changed]


@pytest.mark.parametrize(
    ("text", "state"),
    [("Has my return been registered?", True), ("did the exchange go through?", True), ("is a return possible?", False),
     ("I want to return it", False)],
)  # fmt: skip
def test_whether_something_stands_is_asked_of_the_order(text: str, state: bool) -> None:
    assert asks_state(act("return", text)) is state


def test_how_it_works_is_told_before_it_is_agreed_to() -> None:
    memory = {"pending": {"task": {"kind": "return", "asked": "confirm"}}}
    assert not goes_on(memory, ["return"], "wait, first tell me how a return works", accepts=False, declines=False)
    clause = act("return", "first tell me how a return works")
    assert asks_the_rule(Talk(turn(clause)), clause)


@pytest.mark.parametrize(
    ("text", "agreed"),
    [
        ("Cancel NT-1, all of it. I've thought about it, just go ahead.", True),
        ("Cancel NT-1 please. Yes I'm sure.", True),
        ("Cancel NT-1. Yes, do it.", True),
        ("Cancel NT-1, I'm not sure what I want.", False),
        ("Can you cancel NT-1? If so, go ahead.", False),
        ("Cancel NT-1. I'm sure there is a way.", False),
        ("Tell me what comes back of NT-1 before you go ahead.", False),
        ("Cancel NT-1 please", False),
    ],
)
def test_a_yes_beside_the_wish_is_not_asked_for_again(text: str, agreed: bool) -> None:
    assert sure_already(text) is agreed


def test_what_was_sure_already_is_done_at_once_where_the_order_is_named() -> None:
    found = told(order("NT-1", ("Shelf", 1)))
    gone = {**found["order"], "status": "cancelled"}
    tools = {
        "order_status": lambda _: (True, found),
        "cancel_order": lambda _: (True, {"order": gone, "refunds": []}),
    }
    abilities = {"support": frozenset(tools)}
    numbered = act("cancel_order", "cancel NT-1, I'm sure, go ahead", 1.0, order_numbers=["NT-1"])
    view = turn(numbered, agent="support", abilities=abilities, verified=True)
    assert play(view, **tools).tools == ["order_status", "cancel_order"]
    unnumbered = act("cancel_order", "cancel it, I'm sure, go ahead", 1.0)
    view = turn(unnumbered, agent="support", abilities=abilities, verified=True)
    assert play(view, **tools).tools == ["order_status"]


def test_where_an_order_goes_is_told_where_it_is_asked() -> None:
    found = told(order("NT-1", ("Shelf", 1)))
    found["order"]["shipping_address"] = {
        "line1": "7 Elm Hill",
        "city": "Norwich",
        "postal_code": "NR3 1HN",
        "country": "GB",
    }
    for text, says in (("where does NT-1 go now?", True), ("has NT-1 shipped?", False)):
        view = turn(act("order_status", text, order_numbers=["NT-1"]), agent="support", verified=True)
        assert ("7 Elm Hill" in play(view, order_status=lambda _: (True, found)).text) is says


def test_why_something_is_wished_is_no_wish_of_its_own() -> None:
    small = act("change_order", "the ring in A-12 is too small", 0.74, order_numbers=["A-12"])
    heard = settled([small, act("refund", "can I get my money back for that", 0.85)])
    assert [(one.intent, one.entities) for one in heard] == [("refund", {"order_numbers": ["A-12"]})]
    other = act("return", "the lamp from B-3 can go", 0.7, order_numbers=["B-3"])
    heard = settled([act("cancel_order", "cancel A-12", 0.85, order_numbers=["A-12"]), other])
    assert [one.intent for one in heard] == ["cancel_order", "return"]


def test_another_wish_for_another_thing_is_not_the_last_one_again() -> None:
    memory = {"served": {"intent": "return"}}
    assert asks_again(memory, ["return"], "and the bracelet from A-2?")
    assert not asks_again(memory, ["refund"], "And the bracelet from A-2 lost two stones. Refund it please")


def test_a_wish_for_another_order_does_not_answer_what_was_proposed() -> None:
    text = "One more thing. In QR-5006 a bottle was smashed. Refund it please. Yes I'm sure."
    exchange = {"pending": {"task": {"kind": "exchange", "asked": "confirm", "orders": ["QR-5005"]}}}
    assert not goes_on(exchange, ["refund"], text, accepts=True, declines=False)
