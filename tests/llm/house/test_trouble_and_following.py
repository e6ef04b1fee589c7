"""Trouble with what was bought, messages that go on from what was served, and amounts that are no counts."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.intents.entities.address import find_addresses
from agentpay.llm.house.aftersale import clauses, counting, reading
from agentpay.llm.house.aftersale.following import asks_again, sums_up
from agentpay.llm.house.aftersale.settling import settled
from agentpay.llm.house.aftersale.trouble import told_of
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import act, play, refusal, turn

PAGE = {"title": "A piece is missing", "text": "We post a replacement free of charge.", "score": 0.9}


def pages(*passages: dict[str, Any]):
    return lambda _: (True, {"passages": list(passages)})


def orders(*known: dict[str, Any]):
    """A shop that tells of these orders, the first without a number."""

    def status(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        number = arguments.get("order_number") or known[0]["number"]
        found = next((one for one in known if one["number"] == number), None)
        if found is None:
            return refusal("order_not_found")
        return True, {**told(found), "other_orders": [one for one in known if one is not found]}

    return status


LAMP = {**order("NT-1", ("Lamp", 1)), "placed_at": "2026-11-20T00:00:00Z"}
BOOTS = {**order("NT-2", ("Summit boots", 1), ("Wool socks", 3)), "placed_at": "2026-11-10T00:00:00Z"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("in the farm game there's a barn tile missing", "complaint"),
        ("both bags have holes, what will you do about it", "complaint"),
        ("the zip of the jacket doesn't close", "complaint"),
        ("I bought boots from you and they don't fit, what can I do?", "exchange"),
        ("do the boots run too small?", None),
        ("what if it arrives broken", None),
        ("my cat's post is broken, I need something sturdier", None),
    ],
)
def test_trouble_is_told_as_a_fact_of_what_is_owned(text: str, kind: str | None) -> None:
    assert told_of(["product_search"], text, shopping=False) == kind


def test_who_is_choosing_tells_of_no_trouble() -> None:
    assert told_of(["other"], "no, that's too big. the middle one", shopping=True) is None


def test_trouble_read_as_a_search_is_answered_by_the_shops_page_and_a_person() -> None:
    view = turn(
        act("product_search", "in the game there's a tile missing", 0.48, product_query="game"), agent="support"
    )
    said = play(view, search_knowledge=pages(PAGE))
    assert "replacement" in said.text
    assert said.memory["asked_for"] == "confirm_handoff"


def test_and_the_other_thing_is_asked_of_the_order_that_holds_it() -> None:
    memory = {"served": {"intent": "order_status"}, "order": "NT-1"}
    view = turn(
        act("product_details", "the boots", 0.4, product_query="boots"),
        text="and the boots?",
        verified=True,
        memory=memory,
    )
    said = play(view, order_status=orders(LAMP, BOOTS))
    assert "NT-2" in said.text
    assert "product_details" not in said.tools


def test_and_a_thing_no_order_holds_is_a_product() -> None:
    memory = {"served": {"intent": "order_status"}, "order": "NT-1"}
    view = turn(
        act("product_details", "the kite", 0.4, product_query="kite"),
        text="and the kite?",
        verified=True,
        memory=memory,
    )
    said = play(view, order_status=orders(LAMP, BOOTS), product_details=lambda _: refusal("product_not_found"),
                product_search=lambda _: (True, {"products": []}))  # fmt: skip
    assert "product_details" in said.tools


def test_a_yes_after_it_was_done_is_no_riddle() -> None:
    view = turn(
        act("other", "yes, that's right", 0.5),
        accepts=True,
        memory={"served": {"intent": "change_order", "done": True}},
    )
    assert "anything else" in play(view).text.casefold()


def test_a_yes_with_a_further_wish_does_both() -> None:
    calls = [{"tool": "cancel_order", "arguments": {"order_number": "NT-1"}}]
    task = {"kind": "cancel", "asked": "confirm", "orders": ["NT-1"], "words": ["cancel the lamp"], "calls": calls}
    view = turn(act("cancel_order", "cancel the socks in NT-2", order_numbers=["NT-2"]), accepts=True, agent="support", verified=True,
                text="yes, and cancel the socks in NT-2", memory={"asked_for": "confirm_cancel", "pending": {"task": task}})  # fmt: skip
    done = {"order": {**LAMP, "status": "cancelled"}, "refunds": []}
    tools = view.abilities["support"] | {"cancel_order"}
    view = turn(*view.acts, accepts=True, agent="support", verified=True, text=view.text, memory=view.memory,
                abilities={"support": tools})  # fmt: skip
    said = play(view, order_status=orders(LAMP, BOOTS), cancel_order=lambda _: (True, done))
    assert said.tools[0] == "cancel_order"
    assert "Wool socks out of order NT-2" in said.text


def test_the_digits_of_an_order_number_count_nothing() -> None:
    view = turn(
        act("change_order", "NT-2: could you add another Lamp", order_numbers=["NT-2"]), agent="support", verified=True
    )
    two = {**order("NT-2", ("Lamp", 1)), "placed_at": None}
    assert "2 × Lamp" in play(view, order_status=orders(two)).text


def test_what_the_order_does_not_hold_is_not_added() -> None:
    view = turn(act("change_order", "can you add a kite to it"), agent="support", verified=True)
    said = play(view, order_status=orders(LAMP))
    assert "anything further" in said.text


@pytest.mark.parametrize(
    ("text", "units"),
    [("no wait, only one of them", 1), ("actually just two", 2), ("only the socks", None), ("the 75 ml", None)],
)
def test_a_bare_count_corrects(text: str, units: int | None) -> None:
    assert counting.only_so_many(text) == units


def test_a_correction_counts_what_is_cancelled() -> None:
    task = {"kind": "cancel", "asked": "confirm", "orders": ["NT-3"], "words": ["cancel the tea order"]}
    teas = {**order("NT-3", ("Evening tea", 2)), "placed_at": None}
    view = turn(act("change_order", "only one of them", quantity=1), declines=True, agent="support", verified=True,
                text="no wait, only one of them", memory={"asked_for": "confirm_cancel", "pending": {"task": task}})  # fmt: skip
    assert "take Evening tea out" in play(view, order_status=orders(teas)).text


def test_keeping_all_of_it_leaves_it() -> None:
    task = {"kind": "return", "asked": "confirm", "orders": ["NT-2"], "words": ["return my boots"]}
    memory = {"asked_for": "confirm_return", "pending": {"task": task}}
    view = turn(act("change_order", "actually keep them", 0.42), agent="support", verified=True, memory=memory)
    assert play(view).tools == []


def test_a_question_beside_a_wish_is_about_its_own_thing() -> None:
    acts = act("cancel_order", "cancel the boots", 0.95), act("order_status", "where's my lamp", 0.95)
    view = turn(*acts, text="cancel the boots and where's my lamp?", agent="support", verified=True)
    said = play(view, order_status=orders(LAMP, BOOTS))
    assert "Order NT-1" in said.text
    assert "Summit boots out of order NT-2" in said.text


def test_a_question_about_the_refund_is_no_wish_for_one() -> None:
    view = turn(
        act("refund", "which card does the refund go to"), agent="support", verified=True, memory={"order": "NT-1"}
    )
    paid = told(LAMP)
    paid["possible"]["paid_with"] = [{"type": "paypal"}]
    said = play(view, order_status=lambda _: (True, {**paid, "returns": []}))
    assert "paid with your PayPal" in said.text
    assert "asked_for" not in said.memory


def test_of_several_orders_none_is_cancelled_for_a_return_that_names_another() -> None:
    view = turn(
        act("return", "return the socks from NT-2", order_numbers=["NT-2", "NT-1"]), agent="support", verified=True
    )
    said = play(view, order_status=orders(LAMP, BOOTS))
    assert "NT-1" not in said.text


def delivered(*items: tuple[str, int]) -> dict[str, Any]:
    found = told(order("NT-5", *items, sent="delivered"))
    open_still = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"] |= {"returns": open_still, "exchange": open_still}
    found["possible"]["before_it_leaves"] |= {"ok": False, "reason": "the order has been delivered already"}
    return found


def test_each_clause_changes_its_own_item() -> None:
    acts = act("change_order", "two bottles instead of three please"), act("change_order", "drop the lamp")
    view = turn(*acts, text="two bottles instead of three please, and drop the lamp", agent="support", verified=True)
    said = play(view, order_status=orders({**order("NT-6", ("Soft flask", 3), ("Headlamp", 1)), "placed_at": None}))
    assert "2 × Soft flask" in said.text
    assert "no Headlamp" in said.text


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("return everything from my last order", "2 × Trowel and Can"),
        ("trowels: keep one, return the other", "of Trowel from"),
    ],
)
def test_what_comes_back_is_what_was_said(text: str, units: str) -> None:
    view = turn(act("return", text), agent="support", verified=True)
    assert units in play(view, order_status=lambda _: (True, delivered(("Trowel", 2), ("Can", 1)))).text


@pytest.mark.parametrize(
    ("intent", "text"),
    [("return", "how do I get the label?"), ("cancel_order", "the lamp order I cancelled, did you get that?"),
     ("refund", "I sent the trowels back two weeks ago and still no refund")],
)  # fmt: skip
def test_what_was_done_before_is_no_wish(intent: str, text: str) -> None:
    view = turn(act(intent, text), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, {**delivered(("Trowel", 2)), "returns": []}))
    assert "task" not in said.memory.get("pending", {})


def test_a_new_one_for_a_broken_one_is_a_persons() -> None:
    view = turn(act("exchange", "one can leaks, can I get a replacement?"), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, delivered(("Can", 2))))
    assert said.memory["asked_for"] == "confirm_handoff"


def test_free_delivery_is_told_from_the_rates() -> None:
    rates = [{"zone": "Ireland", "name": "Standard", "min_subtotal": 6000}]
    swaps = {"title": "Exchanges", "text": "Exchanges are free within 45 days of delivery.", "score": 0.9}
    view = turn(act("shipping_quote", "when is delivery free?"))
    said = play(view, search_knowledge=pages(swaps), quote_shipping=lambda _: (True, {"free_from": rates}))
    assert "$60.00" in said.text


def test_a_value_said_whole_goes_before_a_part_of_another() -> None:
    others = [{"external_id": size, "options": {"size": size}} for size in ("3-6 months", "6-12 months")]
    item = {"title": "Vests", "options": {"size": "newborn"}, "alternatives": others}
    assert [one["external_id"] for one in reading.alternatives("both packs for 3-6 months", item)] == ["3-6 months"]


@pytest.mark.parametrize(
    ("text", "city", "code"),
    [
        ("it should go to 27 Clontarf Rd, Dublin 3, D03 W5X6 instead", "Dublin 3", "D03 W5X6"),
        ("deliver to 5 Quay Street, Galway H91 AB12", "Galway", "H91 AB12"),
    ],
)
def test_irish_addresses(text: str, city: str, code: str) -> None:
    found = find_addresses(text, ["IE", "GB"])[0].value
    assert (found.city, found.postal_code, found.country) == (city, code, "IE")


def test_what_an_order_came_to_is_asked_after_it_was_told_of_and_nothing_is_in_the_cart() -> None:
    served = {"served": {"intent": "order_status"}}
    assert sums_up(served, ["view_cart"], "what did it come to", shopping=False)
    assert not sums_up(served, ["view_cart"], "what did it come to", shopping=True)
    assert not sums_up(served, ["view_cart", "checkout"], "pay", shopping=False)
    assert not sums_up({}, ["view_cart"], "what did it come to", shopping=False)
    asked = act("view_cart", "what did i end up paying for it all up")
    view = turn(asked, agent="support", verified=True, memory=served)
    played = play(view, order_status=orders(LAMP))
    assert played.tools == ["order_status"]


def test_a_return_that_is_refused_beside_a_refund_is_none() -> None:
    text = "it won't charge. I don't want to wait for a return, refund me now"
    meant = clauses.as_meant([act("complaint", "it won't charge"), act("return", "refund me now")], text)
    assert [one.intent for one in meant] == ["complaint", "refund"]
    back = "it won't charge, I'd like to return it and get my money"
    assert [one.intent for one in clauses.as_meant([act("return", back)], back)] == ["return"]


def test_what_is_wrong_beside_the_money_that_is_wanted_changes_no_order() -> None:
    text = "The ring of NT-5 is too small. Can I get my money back?"
    small, money = act("change_order", "The ring of NT-5 is too small", 0.7), act("refund", "Can I get my money back?")
    assert [one.intent for one in clauses.as_meant([small, money], text)] == ["refund"]
    other = act("change_order", "make it two rings in NT-5", 0.7)
    assert [one.intent for one in clauses.as_meant([other, money], text)] == ["change_order", "refund"]


def test_and_another_thing_is_asked_the_same_unless_it_says_what_is_wanted() -> None:
    served = {"served": {"intent": "return"}}
    assert asks_again(served, ["return"], "and the mat?")
    assert asks_again(served, ["product_comparison"], "and the mat too, same thing")
    assert asks_again(served, ["refund"], "and the mat?"), "a few words are read as this or that"
    assert asks_again(served, ["return"], "And the mat came torn. It goes back, too.")
    assert not asks_again(served, ["refund"], "And the mat came torn. Refund it please.")
    assert not asks_again({}, ["return"], "and the mat?")


def test_what_was_done_with_it_is_no_wish_beside_a_sure_one() -> None:
    wish = act("refund", "Please refund that bottle", 0.99)
    for said, stays in (("I had to bin it", False), ("bin the other order", True), ("I'd like to cancel it", True)):
        guess = act("cancel_order", said, 0.5)
        assert (guess in settled([guess, wish])) == stays, said
