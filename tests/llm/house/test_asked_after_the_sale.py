"""What customers ask and say around an order: of broken goods, of what can still be done, in other words than a plain yes."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.intents.joining import tidy
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.types import Act, Dialogue, Entities, Vocabulary
from agentpay.llm.house.aftersale import counting, reading
from agentpay.llm.house.aftersale.answering import goes_on, says_it_again, sure_already
from agentpay.llm.house.aftersale.trouble import is_amiss
from tests.llm.house.test_aftersale import PARCEL, TABLE, order, told
from tests.llm.house.turns import EVERY_TOOL, Played, act, play, refusal, turn

BROKEN = {"title": "Damaged goods", "text": "What comes broken is refunded, and need not come back.", "score": 0.4}
RETURNS = {"title": "Returns", "text": "Unused goods can be returned within 20 days.", "score": 0.4}
REFUNDS = {"title": "Refunds", "text": "A refund takes up to 6 days.", "score": 0.4}


def _pages(asked: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    query = asked["query"].casefold()
    found = [
        page
        for page, words in ((BROKEN, ("broken", "damaged")), (RETURNS, ("return", "back")), (REFUNDS, ("refund",)))
        if any(word in query for word in words)
    ]
    return True, {"passages": found}


def _delivered(*items: tuple[str, int], returnable: bool = True) -> dict[str, Any]:
    found = told(order("NT-5", *items, sent="delivered"))
    until = "2026-12-24T10:00:00+00:00"
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": until}
    found["possible"]["exchange"] = found["possible"]["returns"]
    found["possible"]["before_it_leaves"] |= {"ok": False, "reason": "the order has been delivered already"}
    if not returnable:
        for item in found["possible"]["items"]:
            item |= {"returnable": 0, "reason": f"{item['title']} cannot be returned."}
    return found


def _support(*acts: Any, found: dict[str, Any], **given: Any) -> Played:
    view = turn(*acts, agent="support", verified=True, **given)
    return play(view, order_status=lambda _: (True, found), search_knowledge=_pages)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("return", "please register the return", True),
        ("return", "all good, go for it", True),
        ("return", "could you set it up please?", True),
        ("cancel", "ok, cancel the order then", True),
        ("exchange", "swap it please", True),
        ("return", "can I return it?", False),
        ("return", "return only the socks", False),
        ("return", "I'd like to exchange it", False),
        ("cancel", "don't cancel", False),
        ("cancel", "cancel the lamp", False),
    ],
)
def test_what_was_proposed_is_agreed_to_by_saying_it_again(kind: str, text: str, expected: bool) -> None:
    assert says_it_again(kind, text) is expected
    memory = {"pending": {"task": {"kind": kind, "asked": "confirm", "orders": []}}}
    if expected:
        assert goes_on(memory, ["checkout"], text, accepts=False, declines=False)


def test_saying_it_again_does_it() -> None:
    task = {
        "kind": "return",
        "orders": ["NT-5"],
        "asked": "confirm",
        "calls": [{"tool": "return_items", "arguments": {}}],
    }
    view = turn(
        act("product_search", "please proceed with the return"),
        agent="support",
        verified=True,
        memory={"asked_for": "confirm_return", "pending": {"task": task}},
        abilities={"support": frozenset({"return_items"})},
    )
    made = {"kind": "return", "items": [{"title": "Stool", "quantity": 1}], "amount": 1000, "checkout": None}
    said = play(view, return_items=lambda _: (True, {"return": made, "order": {"number": "NT-5"}}))
    assert said.tools == ["return_items"]


@pytest.mark.parametrize(
    "acts",
    [
        [act("complaint", "the stool came broken"), act("return", "must I send it back to get a refund", 0.4)],
        [act("refund", "must I send it back to get a refund", order_numbers=["NT-5"])],
        [act("return", "the stool came broken", order_numbers=["NT-5"])],
    ],
)
def test_whether_broken_goods_come_back_is_asked_of_the_page_on_them(acts: list[Any]) -> None:
    text = "the stool of NT-5 came broken, must I send it back to get a refund?"
    said = _support(*acts, found=_delivered(("Stool", 1)), text=text)
    assert "need not come back" in said.text
    assert "Shall I do that" not in said.text
    assert "20 days" not in said.text


def test_a_wish_in_so_many_words_stays_one_beside_that_question() -> None:
    text = "the stool came broken, do I have to send it back? Please refund it."
    said = _support(
        act("refund", "Please refund it", order_numbers=["NT-5"]), found=_delivered(("Stool", 1)), text=text
    )
    assert said.memory["asked_for"] == "confirm_refund"


def test_faulty_goods_that_never_come_back_are_for_a_person_and_not_refused() -> None:
    found = _delivered(("Cloth", 1), returnable=False)
    faulty = act("refund", "the cloth has a flaw, I want my money back", order_numbers=["NT-5"])
    said = _support(faulty, found=found)
    assert "need not come back" in said.text
    assert "cannot be returned" not in said.text
    assert said.memory["asked_for"] == "confirm_handoff"
    plain = _support(act("refund", "I want my money back for the cloth", order_numbers=["NT-5"]), found=found)
    assert "cannot be returned" in plain.text


def test_whether_it_can_still_be_cancelled_is_asked_of_the_order_that_is_spoken_of() -> None:
    clause = act("policy", "can I still cancel it if it isn't here by Monday")
    said = _support(clause, found=told(PARCEL), memory={"order": "NT-2"})
    assert "can't cancel order NT-2" in said.text
    said = _support(clause, found=told(TABLE), memory={"order": "NT-1"})
    assert said.memory["asked_for"] == "confirm_cancel"
    nothing = play(turn(clause), search_knowledge=_pages)
    assert "order_status" not in nothing.tools


def test_how_much_comes_back_is_told_by_the_order_and_when_by_a_page() -> None:
    found = told(order("NT-5", ("Stool", 1), status="cancelled") | {"refunded": 1000})
    memory = {"order": "NT-5"}
    said = _support(act("refund", "do I get all of the money back"), found=found, memory=memory)
    assert "$10.00 of it has been given back" in said.text
    assert "6 days" not in said.text
    said = _support(act("order_status", "and when will I have it"), found=found, memory=memory)
    assert "6 days" in said.text


def test_how_long_there_is_for_a_return_is_told_by_the_order() -> None:
    clause = act("return", "how long have I got to send the stool from NT-5 back", order_numbers=["NT-5"])
    said = _support(clause, found=_delivered(("Stool", 1)))
    assert "December 24, 2026" in said.text
    assert not said.memory.get("asked_for")
    kept = _support(clause, found=_delivered(("Stool", 1), returnable=False))
    assert "cannot be returned" in kept.text


def test_a_parcel_that_is_said_to_be_there_and_is_not_is_for_a_person() -> None:
    text = "NT-2 is marked as delivered but nobody has seen it"
    said = _support(act("order_status", text, order_numbers=["NT-2"]), found=told(PARCEL))
    assert said.memory["asked_for"] == "confirm_handoff"


def test_another_one_after_a_complaint_is_of_what_was_complained_of() -> None:
    memory = {"complained": {"text": "the stool came broken", "numbers": ["NT-5"]}}
    said = _support(act("exchange", "or can I get a new one"), found=_delivered(("Stool", 1)), memory=memory)
    assert "20 days" not in said.text
    assert "order_status" in said.tools


def test_the_other_variant_is_found_before_an_address_too() -> None:
    boots = {"title": "Boots", "options": {"size": "41"}}
    others = [{"external_id": str(n), "options": {"size": n}} for n in ("40", "42")]
    swap = {**boots, "alternatives": others}
    assert [one["external_id"] for one in reading.becomes("swap them for the 42, to the same address", swap)] == ["42"]
    assert [one["external_id"] for one in reading.becomes("the 42 instead of the 41", swap)] == ["42"]
    assert reading.becomes("swap them for a friend", swap) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make it 3 metres not 2", "make it 3 not 2"),
        ("only one metre of it", "only one of it"),
        ("3m please", "3 please"),
        ("the cloth that is 2 metres wide", "the cloth that is 2 metres wide"),
        ("1.5 m", "1.5 m"),
    ],
)
def test_a_unit_that_goods_are_sold_by_is_a_count(text: str, expected: str) -> None:
    assert counting.without_sales_units(text, [{"title": "Twill, per metre"}]) == expected
    assert counting.without_sales_units(text, [{"title": "Twill ribbon"}]) == text


@pytest.mark.parametrize(
    ("intent", "text"),
    [("account", "do I have to make an account for it"), ("policy", "can I order without signing up")],
)
def test_whether_an_account_is_needed_is_no_question_of_ones_own(intent: str, text: str) -> None:
    assert "don't need an account" in play(turn(act(intent, text))).text
    page = {"title": "Guests", "text": "You can order as a guest.", "score": 0.4}
    view = turn(act(intent, text))
    assert "as a guest" in play(view, search_knowledge=lambda _: (True, {"passages": [page]})).text


def test_a_cart_that_is_empty_is_not_spoken_of_beside_a_wish_about_an_order() -> None:
    acts = (
        act("refund", "refund the stool to the card I paid with", order_numbers=["NT-5"]),
        act("checkout", "the rest is fine", 0.3),
    )
    said = _support(*acts, found=_delivered(("Stool", 1), ("Shelf", 1)))
    assert "cart is empty" not in said.text


def test_another_topic_leaves_the_page_that_was_quoted() -> None:
    memory = {"page": "Returns", "quoted": True}
    said = _support(act("policy", "who pays if it comes broken"), found=told(PARCEL), memory=memory)
    assert "need not come back" in said.text
    assert "20 days" not in said.text


@pytest.mark.parametrize("text", ["quick question, do you ship to Spain?", "stupid question maybe, is the flask red?"])
def test_that_a_question_follows_is_no_wish(text: str) -> None:
    shop = Vocabulary(title_words=frozenset({"flask"}), options={}, shipping_methods=[], countries=["GB"])
    acts = RuleClassifier().read(text, shop, Dialogue()).acts
    assert all("question" not in one.text for one in acts)


def test_two_clauses_of_one_question_keep_what_both_name_and_two_questions_stay_two() -> None:
    shop = Vocabulary(title_words=frozenset({"flask"}), options={}, shipping_methods=[], countries=["GB"])
    where = Entities(country="CA")
    clauses = [
        Act(intent=IntentName.POLICY, confidence=0.9, text="my aunt lives in Quebec"),
        Act(intent=IntentName.POLICY, confidence=0.9, text="would you post to Canada", entities=where),
    ]
    assert [one.entities.country for one in tidy(clauses, "", Dialogue(), False, False)] == ["CA"]
    acts = RuleClassifier().read("how long is the guarantee, and can I pay with PayPal?", shop, Dialogue()).acts
    assert [one.text for one in acts] == ["how long is the guarantee", "can I pay with PayPal"]


def test_how_one_can_pay_is_no_question_for_the_cart() -> None:
    page = {"title": "Payment", "text": "Cards and PayPal.", "score": 0.4}
    view = turn(act("view_cart", "what can I pay with then"))
    assert "PayPal" in play(view, search_knowledge=lambda _: (True, {"passages": [page]})).text


def test_words_that_add_nothing_after_a_colleague_was_offered_ask_for_that_again() -> None:
    memory = {"asked_for": "confirm_handoff", "pending": {"reason": "too late"}}
    said = _support(act("other", "oh go on, who will know", 0.3), found=told(PARCEL), memory=memory)
    assert said.memory["asked_for"] == "confirm_handoff"
    assert "find products" not in said.text


def test_a_sum_asked_before_a_yes_is_told_with_the_proposal() -> None:
    memory = {"pending": {"task": {"kind": "exchange", "asked": "confirm", "orders": []}}}
    given = {"accepts": False, "declines": False}
    assert goes_on(memory, ["price_question"], "ok and how much more is that?", **given)
    assert not goes_on(memory, ["price_question"], "how much is the red flask?", **given)


def _swap(text: str, *values: str, **given: Any) -> Played:
    found = _delivered(("Lamp", 1))
    item = found["possible"]["items"][0] | {"options": {"length": "45 cm"}}
    item["alternatives"] = [
        {"external_id": value, "options": {"length": value}, "price": 1000, "available": 3} for value in values
    ]
    found["possible"]["items"] = [item]
    return _support(act("exchange", text, order_numbers=["NT-5"]), found=found, **given)


def test_a_number_is_enough_for_a_measure_and_one_other_variant_is_proposed() -> None:
    assert "for 60 cm" in _swap("swap the lamp for the 60", "60 cm", "90 cm").text
    only = _swap("I'd like to exchange the lamp", "60 cm")
    assert only.memory["asked_for"] == "confirm_exchange"
    unasked = _swap("please exchange the lamp, I'm sure", "60 cm")
    assert unasked.memory["asked_for"] == "order_items"


def test_what_is_broken_is_not_exchanged_for_another_kind() -> None:
    said = _swap("the lamp flickers, will you exchange it", "60 cm")
    assert said.memory["asked_for"] == "confirm_handoff"
    assert "60 cm" not in said.text
    assert "for 60 cm" in _swap("the lamp flickers, exchange it for the 60", "60 cm").text


def test_faulty_goods_are_no_matter_of_the_return_window() -> None:
    found = _delivered(("Lamp", 1))
    found["possible"]["returns"] = {
        "ok": False,
        "code": "return_window_over",
        "reason": "",
        "until": "2026-01-24T10:00:00+00:00",
    }
    said = _support(act("refund", "my lamp packed up, I want my money back", order_numbers=["NT-5"]), found=found)
    assert said.memory["asked_for"] == "confirm_handoff"
    assert "closed" not in said.text


def test_whether_something_bought_is_covered_is_asked_of_the_pages() -> None:
    page = {"title": "Guarantee", "text": "All lamps have a warranty of 3 years.", "score": 0.4}
    acts = [act("order_status", "is the lamp I bought still under warranty", 0.95)]
    for text in (
        "is the lamp I bought still under warranty?",
        "is the lamp I bought still under warranty? it flickers",
    ):
        view = turn(*acts, agent="support", verified=True, text=text)
        said = play(
            view, order_status=lambda _: (True, told(PARCEL)), search_knowledge=lambda _: (True, {"passages": [page]})
        )
        assert "3 years" in said.text
        assert "shipped" not in said.text


def test_what_waits_to_be_sent_is_told_with_how_long_that_takes() -> None:
    page = {"title": "Delivery", "text": "Parcels leave daily and arrive within 3 days.", "score": 0.4}
    found = told(TABLE)
    view = turn(act("order_status", "when will it get here", order_numbers=["NT-1"]), agent="support", verified=True)
    tools = {"order_status": lambda _: (True, found), "search_knowledge": lambda _: (True, {"passages": [page]})}
    assert "within 3 days" in play(view, **tools).text
    view = turn(act("order_status", "has it been paid", order_numbers=["NT-1"]), agent="support", verified=True)
    assert "within 3 days" not in play(view, **tools).text


def test_postage_that_was_paid_and_papers_are_the_orders() -> None:
    found = told(PARCEL | {"shipping": 495})
    said = _support(act("shipping_quote", "and how much was postage"), found=found, memory={"order": "NT-2"})
    assert "$4.95" in said.text
    said = _support(act("provide_details", "send the invoice to my mail"), found=found, memory={"order": "NT-2"})
    assert said.memory["asked_for"] == "confirm_handoff"


def test_an_order_goes_where_the_customer_has_just_moved() -> None:
    home = {"line1": "1 Elm Road", "city": "Town", "postal_code": "AB1 2CD", "country": "GB"}
    memory = {"served": {"intent": "account", "done": True, "address": home}}
    view = turn(
        act("change_order", "and NT-1 should go there too", order_numbers=["NT-1"]),
        agent="support",
        verified=True,
        memory=memory,
        abilities={"support": EVERY_TOOL | {"change_order_address"}},
    )
    changed = {"order": {"number": "NT-1", "shipping_address": home}, "checkout": None, "difference": 0}
    said = play(view, order_status=lambda _: (True, told(TABLE)), change_order_address=lambda _: (True, changed))
    assert said.calls[-1] == ("change_order_address", {"order_number": "NT-1", "address": home})


def _two_orders(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    kettle, lamp = order("NT-6", ("Kettle", 1)), order("NT-7", ("Lamp", 1))
    return True, told(kettle, lamp) if arguments.get("order_number") in (None, "NT-6") else told(lamp, kettle)


def test_the_order_that_is_to_stay_is_not_the_one_that_is_meant() -> None:
    wish = act("cancel_order", "can you cancel the lamp order but not the kettle one")
    said = play(turn(wish, agent="support", verified=True), order_status=_two_orders)
    assert "Order NT-7" in said.text
    assert "NT-6" not in said.text
    numbers = act("cancel_order", "cancel that one", order_numbers=["NT-7", "NT-6"])
    text = "NT-7, cancel that one, and leave NT-6 alone please"
    said = play(turn(numbers, agent="support", verified=True, text=text), order_status=_two_orders)
    assert "Order NT-7" in said.text
    assert "NT-6" not in said.text


def test_a_whole_order_is_cancelled_whatever_the_story_names() -> None:
    text = "the wedding's off, I want to cancel the whole order"
    wish = act("cancel_order", "I want to cancel the whole order", order_numbers=["NT-1"])
    said = _support(wish, found=told(TABLE), text=text)
    assert said.memory["asked_for"] == "confirm_cancel"
    assert "wedding" not in said.text


def test_what_was_done_is_not_done_once_more() -> None:
    memory = {"order": "NT-1", "served": {"intent": "change_order", "done": True}}
    acts = (
        act("change_order", "please change it"),
        act("order_status", "where will NT-1 go now", order_numbers=["NT-1"]),
    )
    said = _support(*acts, found=told(TABLE), memory=memory, accepts=True)
    assert not said.memory.get("asked_for")
    other = _support(act("change_order", "make it two chairs"), found=told(TABLE), memory=memory)
    assert other.memory["asked_for"] == "confirm_change"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Money back for the lamp of NT-5. Please put the refund through.", True),
        ("swap the lamp, please make the change now", True),
        ("can you put the refund through?", False),
        ("please put me through to somebody", False),
        ("please make the bed bigger", False),
    ],
)
def test_put_it_through_needs_no_further_yes(text: str, expected: bool) -> None:
    assert sure_already(text) is expected


def test_what_was_changed_and_exchanged_is_named() -> None:
    lines = [
        {"title": "Chair", "options": {"color": "red"}, "quantity": 2},
        {"title": "Stool", "options": {}, "quantity": 0},
    ]
    changed = {"order": {"number": "NT-1", "items": lines, "total": 4000}, "checkout": None, "difference": 0}
    task = {
        "kind": "items",
        "orders": ["NT-1"],
        "asked": "confirm",
        "calls": [{"tool": "change_order_items", "arguments": {}}],
    }
    view = turn(
        act("other", "yes"),
        agent="support",
        verified=True,
        accepts=True,
        memory={"asked_for": "confirm_change", "pending": {"task": task}},
        abilities={"support": frozenset({"change_order_items"})},
    )
    said = play(view, change_order_items=lambda _: (True, changed)).text
    assert "2 × Chair (red)" in said
    assert "Stool" not in said
    assert "$40.00" in said


def test_questions_that_are_numbered_are_each_read() -> None:
    shop = Vocabulary(title_words=frozenset({"flask"}), options={}, shipping_methods=[], countries=["GB"])
    text = "Quick ones: (1) do you take PayPal, (2) how long does delivery take, 3) is the flask steel?"
    acts = RuleClassifier().read(text, shop, Dialogue()).acts
    assert len(acts) == 3
    assert RuleClassifier().read("another one please", shop, Dialogue(shown=1)).acts[0].intent is IntentName.ADD_TO_CART


def _quoting(page: dict[str, Any], *acts: Any, **given: Any) -> Played:
    return play(turn(*acts, **given), search_knowledge=lambda _: (True, {"passages": [page]}))


def test_and_another_thing_after_a_page_is_asked_of_that_page() -> None:
    page = {"title": "Guarantee", "text": "Kettles 3 years, batteries 2 years.", "score": 0.4}
    memory = {"page": "Guarantee", "quoted": True}
    said = _quoting(
        page, act("product_details", "the battery", product_query="battery"), text="and the battery?", memory=memory
    )
    assert "2 years" in said.text
    cards = {"title": "Payment", "text": "Visa only.", "score": 0.4}
    said = _quoting(cards, act("policy", "diners"), text="and diners?", memory={"page": "Payment", "quoted": True})
    assert "Visa only" in said.text
    view = turn(
        act("product_details", "the lid"),
        text="and the lid?",
        memory={**memory, "focus": {"product": "kettle", "title": "Kettle"}},
    )
    asked = play(view, search_knowledge=lambda _: (True, {"passages": [page]}), product_details=lambda _: refusal("x"))
    assert "product_details" in asked.tools


def test_a_page_on_ways_to_pay_answers_nothing_about_papers() -> None:
    page = {"title": "Payment", "text": "Visa and PayPal. No payment by invoice.", "score": 0.4}
    assert "Visa" not in _quoting(page, act("policy", "can I get an invoice for my company")).text
    assert "Visa" in _quoting(page, act("policy", "can I pay by invoice")).text


def test_whether_one_can_pick_things_up_is_a_topic_of_its_own() -> None:
    page = {"title": "Delivery", "text": "3 days. There is no store pickup.", "score": 0.4}
    view = turn(act("policy", "can I come and pick it up myself"))
    found = {"search_knowledge": lambda asked: (True, {"passages": [page] if "pickup" in asked["query"] else []})}
    assert "no store pickup" in play(view, **found).text


def test_what_may_be_had_and_is_no_product_is_told_by_the_page_that_is_headed_so() -> None:
    page = {"title": "Fabric samples", "text": "Five are free.", "score": 0.4}
    wish = act("add_to_cart", "can I get samples of the tweeds before I decide", product_query="samples of the tweeds")
    view = turn(wish)
    tools = {
        "update_cart": lambda _: refusal("product_not_found"),
        "search_knowledge": lambda _: (True, {"passages": [page]}),
    }
    assert "Five are free" in play(view, **tools).text


def test_what_would_be_done_in_some_case_is_asked_of_the_pages() -> None:
    clause = act("policy", "can I return it if my sister doesn't like it")
    said = _support(clause, found=_delivered(("Stool", 1)), memory={"order": "NT-5"})
    assert "20 days" in said.text
    assert not said.memory.get("asked_for")


def test_a_wish_that_is_told_behind_a_cry_is_read_as_what_it_is() -> None:
    text = "Ah good. Could the address be changed for it? I am at my brother's"
    said = _support(act("change_order", "Ah good"), found=told(PARCEL), text=text, memory={"order": "NT-2"})
    assert "can't change order NT-2" in said.text
    assert "return it" not in said.text


def test_what_nobody_named_is_not_exchanged_for_its_only_other_variant() -> None:
    said = _swap("just send me the right one", "60 cm")
    assert said.memory["asked_for"] != "confirm_exchange"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("you sent me the small tin, I ordered the large", True),
        ("there was green paint instead of the blue I ordered", True),
        ("you sent it back to the shop I ordered from", False),
        ("I sent you the small tin", False),
    ],
)
def test_other_goods_than_were_ordered_are_amiss(text: str, expected: bool) -> None:
    assert is_amiss(text) is expected


@pytest.mark.parametrize(
    ("intent", "first", "text"),
    [
        ("refund", "I refused the parcel at the door", "I refused the parcel at the door, when do I see my money?"),
        (
            "return",
            "I posted the stool back to you last week",
            "I posted the stool back to you last week and heard nothing",
        ),
    ],
)
def test_what_went_back_already_is_asked_after_and_not_sent_again(intent: str, first: str, text: str) -> None:
    said = _support(act(intent, first), found=_delivered(("Stool", 1)), text=text)
    assert said.memory.get("asked_for") not in ("confirm_refund", "confirm_return")
    assert "NT-5" in said.text


def test_something_off_what_came_scratched_is_for_a_person() -> None:
    memory = {"complained": {"text": "the lamp came scratched", "numbers": []}}
    said = _support(
        act("negotiation", "can you knock something off instead", amount=1000), found=told(PARCEL), memory=memory
    )
    assert said.memory["asked_for"] == "confirm_handoff"
    assert "make_offer" not in said.tools


def test_the_right_one_is_of_what_was_wrong() -> None:
    found = _delivered(("Flakes", 1), ("Lamp", 1))
    found["possible"]["items"][0] |= {"returnable": 0, "reason": "Flakes cannot be returned."}
    text = "you sent the small flakes, I ordered the large"
    first = _support(act("change_order", text, order_numbers=["NT-5"]), found=found)
    assert "cannot be returned" not in first.text
    said = _support(act("exchange", "just send me the right one"), found=found, memory=first.memory)
    assert "Lamp" not in said.text
    assert said.memory["asked_for"] == "confirm_handoff"
