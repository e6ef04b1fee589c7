"""What support proposes, what it does not, and what counts as a yes to it."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale.answering import agrees, goes_on
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import EVERY_TOOL, act, play, refusal, turn

JENA = {"line1": "am anger 3", "city": "Jena", "postal_code": "07743"}


def _delivered(*items: tuple[str, int], returnable: bool = True) -> dict[str, Any]:
    found = told(order("NT-5", *items, sent="delivered"))
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"]["before_it_leaves"] |= {"ok": False, "reason": "the order has been delivered already"}
    for item in found["possible"]["items"]:
        if not returnable:
            item |= {"returnable": 0, "amount": 0, "reason": f"{item['title']} cannot be returned."}
    return found


def _desk(found: dict[str, Any]) -> Any:
    number = found["order"]["number"]
    return lambda given: (True, found) if given.get("order_number") in (None, number) else refusal("order_not_found")


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("go aead!", True),
        ("thats rigt", True),
        ("sounds god", True),
        ("incorrect", False),
        ("that's not right", False),
        ("no ahead of time", False),
        ("go ahead?", False),
    ],
)
def test_a_slip_of_the_finger_is_still_a_yes(text: str, yes: bool) -> None:
    assert agrees(text, accepts=False) is yes


def test_a_slipped_yes_goes_on_whatever_it_was_taken_for() -> None:
    memory = {"pending": {"task": {"kind": "refund", "asked": "confirm"}}}
    assert goes_on(memory, ["change_order"], "go aead!", accepts=False, declines=False)


def test_no_yes_is_asked_for_what_can_never_come_back() -> None:
    found = _delivered(("Meadow tea", 1), returnable=False)
    view = turn(act("refund", "refund NT-5", order_numbers=["NT-5"]), agent="support", verified=True)
    said = play(view, order_status=_desk(found))
    assert "Meadow tea cannot be returned." in said.text
    assert said.memory["asked_for"] == "confirm_handoff"


def test_what_can_not_be_exchanged_is_no_reason_to_exchange_what_can() -> None:
    found = _delivered(("Meadow tea", 1), ("Flax apron", 1))
    found["possible"]["items"][0] |= {"returnable": 0, "reason": "Meadow tea cannot be returned."}
    found["possible"]["exchange"] = {"ok": True, "code": None, "reason": None, "until": None}
    view = turn(
        act("exchange", "swap the tea for a bigger one", order_numbers=["NT-5"]), agent="support", verified=True
    )
    said = play(view, order_status=_desk(found))
    assert "Meadow tea cannot be returned." in said.text


def test_a_yes_names_no_order() -> None:
    found = _delivered(("Flax apron", 1))
    view = turn(act("refund", "refund NT-9", order_numbers=["NT-9"]), agent="support", verified=True)
    asked = play(view, order_status=_desk(found))
    again = turn(act("other", "yes"), agent="support", verified=True, memory=asked.memory, accepts=True)
    said = play(again, order_status=_desk(found))
    assert said.calls == []
    assert "number" in said.text


def test_a_yes_to_a_return_instead_begins_it() -> None:
    found = _delivered(("Flax apron", 1))
    view = turn(act("cancel_order", "cancel NT-5", order_numbers=["NT-5"]), agent="support", verified=True)
    offered = play(view, order_status=_desk(found))
    assert "You can return it" in offered.text
    again = turn(act("other", "yes"), agent="support", verified=True, memory=offered.memory, accepts=True)
    said = play(again, order_status=_desk(found))
    assert said.memory["asked_for"] == "confirm_return"


def test_an_order_goes_to_no_country_that_nobody_named() -> None:
    found = told(order("NT-5", ("Flax apron", 1)))
    found["order"]["shipping_address"] = {"line1": "1 Main St", "city": "Boise", "country": "US"}
    view = turn(act("change_order", "send NT-5 to am anger 3, 07743 jena", order_numbers=["NT-5"], address=JENA),
                agent="support", verified=True)  # fmt: skip
    asked = play(view, order_status=_desk(found))
    assert asked.tools == ["order_status"]
    assert "country" in asked.text
    given: list[dict[str, Any]] = []
    abilities = {"support": EVERY_TOOL | {"change_order_address"}}
    again = turn(act("provide_details", "germany", country="DE"), agent="support", verified=True, memory=asked.memory,
                 abilities=abilities)  # fmt: skip
    play(again, order_status=_desk(found), change_order_address=lambda wanted: given.append(wanted) or refusal("no"))
    assert given[0]["address"] == {**JENA, "country": "DE"}


def test_a_number_given_while_nothing_was_asked_is_an_order_to_look_up() -> None:
    view = turn(act("provide_details", "NT-5", order_numbers=["NT-5"]), agent="support", verified=True)
    assert play(view, order_status=_desk(_delivered(("Flax apron", 1)))).tools == ["order_status"]


@pytest.mark.parametrize(
    ("intent", "text", "kind"),
    [
        ("return", "could I swap the apron from NT-5 for the rust one?", "exchange"),
        ("exchange", "it is too tight, I want to send it back, NT-5", "return"),
    ],
)
def test_what_is_wanted_is_what_the_words_say(intent: str, text: str, kind: str) -> None:
    found = _delivered(("Flax apron", 1))
    found["possible"]["exchange"] = {"ok": True, "code": None, "reason": None, "until": None}
    rust = {"external_id": "a-rust", "options": {"color": "rust"}, "price": 1000, "available": 3}
    oat = {"external_id": "a-oat", "options": {"color": "oat"}, "price": 1000, "available": 3}
    found["possible"]["items"][0]["alternatives"] = [rust, oat]
    view = turn(act(intent, text, order_numbers=["NT-5"]), agent="support", verified=True)
    said = play(view, order_status=_desk(found))
    assert said.memory["pending"]["task"]["kind"] == kind
