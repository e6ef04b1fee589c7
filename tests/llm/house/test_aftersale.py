"""What support reads from a customer's words among the few things an order holds."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale import counting, reading, wished
from agentpay.llm.house.aftersale.answering import agrees_and_asks, goes_on
from tests.llm.house.turns import Played, act, play, refusal, turn

PARKA = {"title": "Glacier down parka", "options": {"size": "M", "color": "navy"}}
SOCKS = {"title": "Wool trekking socks", "options": {"size": "M"}}
OTHER_SOCKS = {"title": "Wool trekking socks", "options": {"size": "L"}}
ITEMS = [PARKA, SOCKS, OTHER_SOCKS]


def variants(*options: dict[str, str]) -> list[dict[str, Any]]:
    return [{"external_id": str(n), "options": each} for n, each in enumerate(options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the parka please", [PARKA]),
        ("socks in L", [OTHER_SOCKS]),
        ("both socks", [SOCKS, OTHER_SOCKS]),
        ("the parka and the large socks", [PARKA, OTHER_SOCKS]),
        ("the navy one", [PARKA]),
        ("a lamp", []),
    ],
)
def test_items_are_named_by_title_and_told_apart_by_options(text: str, expected: list[dict[str, Any]]) -> None:
    assert reading.named_items(text, ITEMS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an L please", ["0"]),
        ("in rust, size L", ["1"]),
        ("the rust one", ["1"]),
        ("large", ["0"]),
        ("one size bigger", ["0"]),
        ("navy", []),
        ("green", []),
    ],
)
def test_another_variant_is_the_one_that_has_what_is_new(text: str, expected: list[str]) -> None:
    others = variants({"size": "L", "color": "navy"}, {"size": "L", "color": "rust"}, {"size": "XL", "color": "navy"})
    found = reading.alternatives(text, {**PARKA, "alternatives": others})
    assert [each["external_id"] for each in found] == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [("two of the socks", 3, 2), ("3 pairs", 3, 3), ("5 pairs", 3, None), ("the socks", 3, None)],
)
def test_units_are_taken_where_there_are_so_many(text: str, most: int, expected: int | None) -> None:
    assert counting.units_of(text, most) == expected


def test_what_it_was_and_what_it_shall_be() -> None:
    assert reading.split_into("exchange the amber lamp for a white one") == ("exchange the amber lamp", "a white one")
    assert reading.split_into("the white one instead of the amber lamp") == ("the amber lamp", "the white one")
    assert reading.split_into("the white one") == ("the white one", "the white one")


@pytest.mark.parametrize(
    ("asked", "intents", "text", "flags", "expected"),
    [
        ("confirm", ["return"], "yes", {"accepts": True}, True),
        ("confirm", ["other"], "no, leave it", {"declines": True}, True),
        ("confirm", ["product_search"], "only the socks", {}, True),
        ("confirm", ["policy"], "how does a return work?", {}, False),
        ("confirm", ["product_search"], "do you have wool socks?", {}, False),
        ("confirm", ["human"], "yes, with a person please", {"accepts": True}, False),
        ("items", ["add_to_cart"], "the blue one", {}, True),
        ("items", ["checkout"], "I want to pay now", {}, False),
        ("verify", ["provide_details"], "a@b.example", {}, True),
        ("verify", ["product_search"], "a lamp", {}, False),
        ("more", ["product_search"], "and the socks too please", {}, True),
        ("more", ["product_search"], "a lamp", {}, False),
    ],
)
def test_an_answer_is_told_from_a_new_subject(
    asked: str, intents: list[str], text: str, flags: dict[str, bool], expected: bool
) -> None:
    memory = {"pending": {"task": {"kind": "return", "asked": asked}}}
    given = {"accepts": False, "declines": False} | flags
    assert goes_on(memory, intents, text, **given) is expected
    assert not goes_on({}, intents, text, **given)


SHELF: dict[str, Any] = {"title": "Beck wall shelf", "category": "Storage > Shelves", "options": {"Length": "60 cm"}}
STOOL: dict[str, Any] = {"title": "Tarn stool", "category": "Seating > Stools", "options": {}}
OIL: dict[str, Any] = {"title": "Worktop oil", "category": "Care", "options": {}}
HELD = [SHELF, STOOL, OIL]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one shelf and the stool", 1),
        ("two of the small shelves", 2),
        ("the stool and two shelves", 2),
        ("two stools and the shelf", None),
        ("the 60 cm shelf", None),
    ],
)
def test_each_item_has_its_own_count(text: str, expected: int | None) -> None:
    assert counting.counted(text, SHELF, HELD) == expected


def test_small_words_of_a_title_name_nothing_and_a_category_does() -> None:
    clown = {"title": "The Clown Cabaret", "category": "Tickets > Comedy", "options": {}}
    night = {"title": "Night Music in the Courtyard", "category": "Tickets > Concerts", "options": {}}
    assert reading.named_items("what did I order in the end", [clown, night]) == []
    assert reading.named_items("the two clown tickets and the concert tickets", [clown, night]) == [clown, night]
    assert reading.named_items("the clown tickets", [clown, night]) == [clown]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel just the stool", [STOOL]),
        ("please cancel the shelf and the oil from my order", [SHELF, OIL]),
        ("cancel it, but keep the stool", [SHELF, OIL]),
        ("cancel my order with the stool", []),
        ("cancel order NT-3310", []),
        ("cancel everything", []),
    ],
)
def test_a_part_of_an_order_is_cancelled_without_the_rest(text: str, expected: list[dict[str, Any]]) -> None:
    assert wished.only_part(text, HELD) == expected


def test_what_an_order_does_not_hold_is_noticed() -> None:
    assert reading.not_held("I'd like to return the oil and the lamp from NT-3295", HELD) == ["lamp"]
    assert reading.not_held("return the oil and the stool and the money please", HELD) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes, and how do I pack them?", True),
        ("yes please! what does it cost to send?", True),
        ("yes but how long does it take?", False),
        ("how do I pack them?", False),
    ],
)
def test_a_yes_with_a_question_is_both(text: str, expected: bool) -> None:
    memory = {"pending": {"task": {"kind": "return", "asked": "confirm"}}}
    accepts = text.startswith("yes")
    assert agrees_and_asks(memory, ["policy"], text, accepts=accepts, declines=False) is expected


def order(number: str, *items: tuple[str, int], status: str = "paid", sent: str = "unfulfilled") -> dict[str, Any]:
    lines = [
        {"title": title, "options": {}, "quantity": n, "variant_external_id": title.lower(), "unit_price": 1000}
        for title, n in items
    ]
    return {
        "number": number,
        "status": status,
        "fulfillment_status": sent,
        "items": lines,
        "tracking": None,
        "delivered_at": None,
        "refunded": 0,
        "total": 5000,
    }


def told(found: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    items = [
        {
            **line,
            "category": None,
            "returnable": line["quantity"],
            "amount": 1000 * line["quantity"],
            "reason": None,
            "alternatives": [],
        }
        for line in found["items"]
    ]
    waits = found["fulfillment_status"] == "unfulfilled"
    possible = {
        "before_it_leaves": {"ok": waits, "code": None, "reason": "the order has been shipped already", "until": None},
        "returns": {"ok": False, "code": "order_not_delivered", "reason": "", "until": None},
        "refundable": 5000,
        "paid_with": [{"type": "card", "brand": "visa", "last4": "8821"}],
        "items": items,
    }
    return {"order": found, "other_orders": list(others), "returns": [], "possible": possible}


TABLE = order("NT-1", ("Fell table", 1), ("Dale chair", 6))
PARCEL = order("NT-2", ("Tarn stool", 2), sent="shipped")


def desk(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Two orders of a customer, the parcel the latest."""
    number = arguments.get("order_number")
    if number not in (None, "NT-1", "NT-2"):
        return refusal("order_not_found")
    return True, told(TABLE, PARCEL) if number == "NT-1" else told(PARCEL, TABLE)


def support(*acts: Any, **given: Any) -> Played:
    return play(turn(*acts, agent="support", verified=True, **given), order_status=desk)


def test_each_order_that_is_named_is_told_of() -> None:
    said = support(act("order_status", "where are NT-2 and NT-1?", order_numbers=["NT-2", "NT-1"]))
    assert "NT-2: paid, shipped" in said.text
    assert "NT-1: paid" in said.text


def test_a_question_without_a_number_is_about_the_order_spoken_of() -> None:
    said = support(act("order_status", "when will it come?"), memory={"order": "NT-1"})
    assert said.calls[0] == ("order_status", {"order_number": "NT-1"})
    said = support(act("order_status", "and where is my stool?"), memory={"order": "NT-1"})
    assert "NT-2: paid, shipped" in said.text


def test_a_named_order_is_answered_beside_another_question() -> None:
    said = support(act("policy", "has NT-1 gone out, and can I bring my dog?", order_numbers=["NT-1"]))
    assert "NT-1: paid" in said.text


def test_what_a_customer_calls_off_is_not_begun() -> None:
    proposed = support(act("cancel_order", "cancel NT-1", order_numbers=["NT-1"]))
    assert proposed.memory["asked_for"] == "confirm_cancel"
    words = act("cancel_order", "no, don't cancel it", 0.95)
    said = support(words, memory=proposed.memory)
    assert said.calls == []
    assert said.memory.get("asked_for") is None


def test_a_question_in_between_leaves_what_was_proposed_open() -> None:
    proposed = support(act("cancel_order", "cancel NT-1", order_numbers=["NT-1"]))
    view = turn(act("policy", "how long do refunds take?"), agent="support", verified=True, memory=proposed.memory)
    pages = {"passages": [{"title": "Refunds", "text": "Refunds take five days.", "score": 0.9}]}
    said = play(view, search_knowledge=lambda _: (True, pages), order_status=desk)
    assert "five days" in said.text
    assert "cancellation of order NT-1" in said.text
    assert said.memory["asked_for"] == "confirm_cancel"
    assert said.memory["pending"]["task"]["calls"]


def test_what_was_given_to_be_verified_is_not_asked_again() -> None:
    asked = play(
        turn(act("order_status", "where is NT-1?", order_numbers=["NT-1"]), agent="support"),
        order_status=lambda _: refusal("verification_required"),
    )
    between = play(turn(act("thanks", "one moment"), agent="support", memory=asked.memory))
    proven = play(
        turn(
            act("cancel_order", "cancel it, I'm bo@x.example", emails=["bo@x.example"]),
            agent="support",
            memory=between.memory,
        ),
        find_customer=lambda given: (True, {"customer": {}}) if given["order_number"] == "NT-1" else refusal("no"),
        order_status=desk,
    )
    assert ("find_customer", {"email": "bo@x.example", "order_number": "NT-1"}) in proven.calls


def test_a_guess_at_a_wish_beside_something_sure_is_none() -> None:
    said = support(
        act("change_order", "I ordered a table", 0.2),
        act("order_status", "has it shipped? NT-1", 1.0, order_numbers=["NT-1"]),
    )
    assert "NT-1: paid" in said.text
    assert said.memory.get("asked_for") is None


def test_a_refund_goes_on_from_the_complaint_before_it() -> None:
    said = "two of the tables from NT-1 were cracked, how disappointing"
    told_of = play(turn(act("complaint", "how disappointing", order_numbers=["NT-1"]), text=said, agent="support"))
    assert told_of.memory["complained"] == {"text": said, "numbers": ["NT-1"]}
    kept = {"complained": told_of.memory["complained"]}
    played = support(act("refund", "i want a refund for those two"), memory=kept)
    assert ("order_status", {"order_number": "NT-1"}) in played.calls


def test_an_orders_number_beside_a_question_asks_for_the_order() -> None:
    played = support(act("provide_details", "her order NT-1, which address do you have", order_numbers=["NT-1"]))
    assert played.tools == ["order_status"]
    unknown = support(act("order_status", "order NT-9", order_numbers=["NT-9"]))
    assert unknown.memory["pending"]["verify"]
