"""What a customer did not mean is left alone: other orders, what is to stay, sizes read as counts, guesses at what was wanted."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.brain import ToolOutcome
from agentpay.llm.house import general, small_talk
from agentpay.llm.house.aftersale import finding, following, quantities, wished
from agentpay.llm.house.aftersale.answering import goes_on, sure_already
from agentpay.llm.house.aftersale.clauses import calls_off
from agentpay.llm.house.aftersale.placed import as_placed
from agentpay.llm.house.aftersale.task import Task, is_as_told, method_of, of_account, of_acts
from agentpay.llm.house.aftersale.trouble import told_of
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import act, play, refusal, turn


def item(title: str, quantity: int = 1, price: int = 1000, **options: str) -> dict[str, Any]:
    return {
        "title": title, "options": options, "quantity": quantity, "returnable": quantity, "alternatives": [],
        "variant_external_id": title, "unit_price": price, "category": "", "reason": None,
    }  # fmt: skip


KETTLE, TEA = item("Copper kettle"), item("Green tea", 2)


@pytest.mark.parametrize(
    ("text", "named", "order_meant"),
    [
        ("take the tea out of the other order", [TEA], False),
        ("cancel the kettle before it comes", [KETTLE], False),
        ("cancel the kettle once you see this", [KETTLE], False),
        ("cancel my order with the kettle", [KETTLE], True),
        ("the kettle drips so I'd give that back, the tea is brilliant", [KETTLE], False),
    ],
)
def test_a_thing_is_no_order(text: str, named: list[dict[str, Any]], order_meant: bool) -> None:
    assert wished.meant(text, [KETTLE, TEA]).items == named
    assert wished.means_order(text) is order_meant


@pytest.mark.parametrize(
    ("text", "only"), [("no, not the tea", True), ("the kettle can stay", True), ("return the tea", False)]
)
def test_what_stays_alone_corrects_a_proposal(text: str, only: bool) -> None:
    assert wished.only_stays(text) is only
    memory = {"pending": {"task": {"kind": "refund", "asked": "confirm", "orders": ["KX-1"], "words": []}}}
    assert goes_on(memory, ["change_order"], text, accepts=False, declines=False) is only


def test_what_stays_is_no_second_wish() -> None:
    found = told(order("KX-2", ("Kettle", 2), ("Tea", 1)))
    first = act("cancel_order", "cancel one of the kettles in KX-2", 0.8, order_numbers=["KX-2"])
    said = play(
        turn(first, act("change_order", "keep the other stuff", 0.5), agent="support", verified=True),
        order_status=lambda _: (True, found),
    )
    assert said.memory["pending"]["task"]["then"] == []


def test_a_size_is_no_count_where_it_replaces_one() -> None:
    boots = item("Boots", size="43") | {"alternatives": [{"options": {"size": "44"}, "external_id": "b44"}]}
    found = {"order": {"number": "KX-3"}, "possible": {"items": [boots]}}
    talk = Talk(turn(act("change_order", "KX-3 should be 44 not 43")))
    assert not quantities.other_quantities(talk, Task("items", words=["the order should be 44 not 43"]), found)


def test_an_order_is_found_by_the_end_of_its_number() -> None:
    orders = [{"number": "KX-5107"}, {"number": "KX-5108"}]
    assert finding.numbered("what is up with 5108", orders) == [orders[1]]
    assert finding.numbered("I paid $5108 for 5107.50", orders) == []


def test_a_known_customer_may_leave_out_the_letters_of_a_number() -> None:
    found = told(order("KX-5107", ("Kettle", 1)))
    every = {**found, "order": found["order"] | {"items": []}, "other_orders": []}

    def status(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments.get("order_number") == "5107":
            return False, {"error": {"code": "order_not_found", "message": ""}}
        return True, found if arguments else every

    said = play(turn(act("cancel_order", "cancel 5107", order_numbers=["5107"]), agent="support", verified=True),
                order_status=status)  # fmt: skip
    assert "Order KX-5107" in said.text


def test_nothing_else_is_cancelled_for_what_an_order_does_not_hold() -> None:
    found = told(order("KX-6", ("Kettle", 1)))
    found["possible"]["returns"] = {"ok": False, "code": "order_not_delivered", "reason": "", "until": None}
    view = turn(act("return", "return the parasol of KX-6", order_numbers=["KX-6"]), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, found))
    assert "I don't see parasol in order KX-6" in said.text
    assert "cancel it" not in said.text


def test_the_address_of_an_account_is_no_order_s() -> None:
    assert of_account("change my address, not the order, the account one")
    assert not of_account("the address of order 7 is wrong")
    address = {"line1": "9 Elm St", "city": "Hull", "country": "GB"}
    wish = act("change_order", "change my address, not the order, the account one", address=address)
    assert of_acts(Talk(turn(wish)), [wish]).kind == "account"


@pytest.mark.parametrize(
    ("text", "method"),
    [("refund it to the card I paid with", None), ("to the same card", None), ("to my PayPal instead", "paypal")],
)
def test_the_way_it_was_paid_is_no_other_way(text: str, method: str | None) -> None:
    assert method_of(text) == method


def test_the_pieces_that_come_to_an_amount_are_named() -> None:
    found = told(order("KX-7", ("Kettle", 1), ("Tea", 2), ("Lamp", 1), sent="delivered"))
    for one, price in zip(found["possible"]["items"], (9000, 1600, 5900), strict=True):
        one |= {"unit_price": price, "amount": price * one["quantity"]}
    found["possible"] |= {"returns": {"ok": True, "code": None, "reason": None, "until": None}, "refundable": 18100}
    found["possible"]["before_it_leaves"] |= {"ok": False, "reason": ""}
    text = "the kettle came. the lamp is dead and a tea leaked. I want 75 back"
    view = turn(act("refund", text, order_numbers=["KX-7"], amount=7500), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, found))
    assert "Kettle" not in said.text.partition("of order")[0]


def test_details_that_swap_are_a_change_of_the_order_spoken_of() -> None:
    found = told(order("KX-8", ("Tea", 1)))
    every = {**found, "other_orders": []}
    wish = act("provide_details", "and swap the mint tea in it for lime, same card", 0.6, options={"flavour": "lime"})
    talk = Talk(turn(wish, verified=True, memory={"order": "KX-8"}))
    plan = as_placed(talk, [wish])
    next(plan)
    with pytest.raises(StopIteration) as stopped:
        plan.send(_outcome(every))
    assert [one.intent for one in stopped.value.value] == ["change_order"]


def _outcome(result: dict[str, Any]) -> ToolOutcome:
    return ToolOutcome("order_status", {}, True, result, by_house=True)


def test_please_arrange_the_return_is_consent() -> None:
    assert sure_already("Only the kettle. Please arrange the return, money back to the same card.")
    assert not sure_already("Can you please arrange the return?")


def test_what_comes_back_is_asked_in_words_that_name_goods() -> None:
    memory = {"served": {"intent": "cancel_order", "done": True}}
    assert following.sums_up(memory, ["availability"], "How much will come back to my card?", shopping=False)
    assert following.sums_up({"order": "KX-1"}, ["view_cart"], "read me back where it's going", shopping=False)
    assert not following.sums_up({}, ["view_cart"], "read me back where it's going", shopping=False)


def test_what_happens_to_data_is_a_question_for_the_pages() -> None:
    asked = act("account", "what happens to my data if I delete my account")
    assert general.asks_the_rule(Talk(turn(asked)), asked)
    wish = act("account", "delete my account")
    assert not general.asks_the_rule(Talk(turn(wish)), wish)


def test_what_is_not_ordered_yet_is_a_question_for_the_pages() -> None:
    asked = act("order_status", "if I buy it before noon does it leave today?", 0.65)
    assert general.asks_the_rule(Talk(turn(asked)), asked)
    own = act("order_status", "does my order leave today?", 0.65)
    assert not general.asks_the_rule(Talk(turn(own)), own)


def test_the_weather_goes_with_small_talk() -> None:
    assert small_talk.only_chats("g'day Lou, 40 in the shade here in Perth, how ya going")
    assert not small_talk.only_chats("it's freezing outside, how are you, I need a coat")
    assert not small_talk.only_chats("it's freezing outside")


def test_trouble_told_with_a_number_is_a_complaint() -> None:
    assert told_of(["order_status"], "my lamp stopped charging. It's KX-5 I think", shopping=False) == "complaint"
    for said in ("my parcel KX-5 is missing", "the lamp in KX-5 stopped moving, where is it?", "KX-5 please"):
        assert told_of(["order_status"], said, shopping=False) is None


def test_where_a_further_thing_is_changes_nothing() -> None:
    found = told(order("KX-2", ("Kettle", 1), sent="shipped"))
    asked = act("product_details", "thanks and the copper kettle, where is it roaming about?")
    view = turn(asked, agent="support", verified=True, memory={"served": {"intent": "change_order", "done": True}})
    said = play(view, order_status=lambda _: (True, {**found, "other_orders": []}))
    assert said.tools == ["order_status"]
    assert "Order KX-2" in said.text
    assert "can't change" not in said.text


def test_a_wish_is_taken_back_in_its_own_message() -> None:
    text = "I'd like to cancel KX-2. Actually no, leave it, my wife wants it."
    wish = act("cancel_order", "I'd like to cancel KX-2", 1.0, order_numbers=["KX-2"])
    assert calls_off(Talk(turn(wish, text=text)), wish)
    other = act("cancel_order", "actually cancel KX-2 and leave it at that", 1.0)
    assert not calls_off(Talk(turn(other)), other)


def test_a_stranger_s_name_is_neither_proof_nor_noted() -> None:
    memory = {"asked_for": "order_number", "pending": {"verify": True, "numbers": ["KX-9"], "emails": []}}
    view = turn(act("provide_details", "her name is Ann Lee", name="Ann Lee"), verified=True, memory=memory)
    said = play(view, order_status=lambda _: refusal("order_not_found"))
    assert said.tools == ["order_status"]


def test_an_address_after_trouble_proves_the_order_of_it() -> None:
    told_before = {"text": "someone took my parcel KX-3", "numbers": ["KX-3"]}
    memory = {"asked_for": "confirm_handoff", "pending": {}, "complained": told_before}
    given = act("provide_details", "ann@shop.example", emails=["ann@shop.example"])
    view = turn(given, agent="support", memory=memory, abilities={"support": {"find_customer", "order_status"}})
    said = play(
        view,
        find_customer=lambda _: (True, {"name": "Ann"}),
        order_status=lambda _: (True, told(order("KX-3", ("Kettle", 1), sent="shipped"))),
    )
    assert said.tools == ["find_customer", "order_status"]


def test_another_one_for_what_came_broken_is_no_purchase() -> None:
    memory = {"complained": {"text": "the kettle is dented", "numbers": []}}
    said = play(turn(act("add_to_cart", "then send me a new kettle", product_query="kettle"), memory=memory))
    assert said.calls == []
    assert said.memory["asked_for"] == "confirm_handoff"


@pytest.mark.parametrize(
    ("told", "method", "same"),
    [
        ("I'll refund $8.00 to your card.", "card", True),
        ("I'll refund $8.00 to your Visa ending in 4242.", "card", True),
        ("I'll refund $8.00 to your Visa ending in 4242.", "visa", True),
        ("I'll refund $8.00 to your gift card.", "card", False),
        ("I'll refund $8.00 to your card.", "paypal", False),
    ],
)
def test_a_yes_that_repeats_where_the_money_goes_is_a_yes(told: str, method: str, same: bool) -> None:
    assert is_as_told(Task("refund", told=told), method) is same
