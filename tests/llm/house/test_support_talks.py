"""What support makes of messages as they are written: partly, late, after a proposal, about another order."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Vocabulary
from agentpay.llm.house import postcodes
from agentpay.llm.house.aftersale import wished
from agentpay.llm.house.aftersale.answering import goes_on
from agentpay.llm.house.general import asks_the_rule
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import EVERY_TOOL, act, play, refusal, turn

SHOP = Vocabulary(title_words=frozenset({"flask", "lamp"}), options={}, shipping_methods=[], countries=["US", "DE"])


def _delivered(*items: tuple[str, int]) -> dict[str, Any]:
    found = told(order("NT-5", *items, sent="delivered"))
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"]["before_it_leaves"] |= {"ok": False, "reason": "the order has been delivered already"}
    return found


def test_money_back_for_it_asks_which_where_nothing_says() -> None:
    view = turn(act("refund", "I want my money back for it"), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1))))
    assert "Which of them" in said.text
    assert said.memory["asked_for"] == "order_items"


def test_a_wish_after_a_proposal_is_about_what_was_proposed() -> None:
    task = {"kind": "exchange", "asked": "confirm", "orders": ["NT-5"], "words": ["swap the stool for a red one"]}
    memory = {"asked_for": "confirm_exchange", "pending": {"task": task}, "order": "NT-5"}
    view = turn(act("refund", "just my money back for them"), agent="support", verified=True, memory=memory)
    said = play(view, order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1))))
    assert "for Stool of order NT-5" in said.text
    assert "Shelf" not in said.text


def test_money_instead_of_another_one_is_a_refund_of_the_same() -> None:
    task = {
        "kind": "exchange",
        "asked": "to",
        "orders": ["NT-5"],
        "words": ["the stool broke, I want a new one or my money"],
    }
    memory = {"asked_for": "order_items", "pending": {"task": task}}
    assert goes_on(memory, ["negotiation"], "money", accepts=False, declines=False)
    view = turn(act("negotiation", "money"), agent="support", verified=True, memory=memory)
    assert "for Stool of" in play(view, order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1)))).text


def test_a_clause_that_is_but_a_number_goes_with_the_wish_beside_it() -> None:
    bare = act("change_order", "NT-5", 0.8, order_numbers=["NT-5"])
    view = turn(bare, act("cancel_order", "can you take the shelf off", 0.4), agent="support", verified=True)
    said = play(view, order_status=lambda _: (True, told(order("NT-5", ("Shelf", 2), ("Stool", 1)))))
    assert "take 2 × Shelf out of order NT-5" in said.text


def test_what_is_too_small_and_sent_back_is_a_return() -> None:
    clauses = act("exchange", "the stool is too small for my cat"), act("return", "can I send it back")
    view = turn(*clauses, agent="support", verified=True, text="the stool is too small for my cat, can I send it back?")
    said = play(view, order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1))))
    assert "return of Stool" in said.text


def test_after_a_failed_proof_the_address_is_asked_for_anew() -> None:
    memory = {"claimed": {"numbers": ["NT-5"], "emails": ["a@b.example"], "failed": ["NT-5", "a@b.example"]}}
    view = turn(act("order_status", "it is NT-5", order_numbers=["NT-5"]), agent="support", memory=memory)
    said = play(view, order_status=lambda _: refusal("verification_required"))
    assert said.tools == ["order_status"]
    assert said.memory["asked_for"] == "email"


@pytest.mark.parametrize(
    ("text", "goes"), [("no wait. leave it in, it's for my brother", True), ("can you leave it at the door?", False)]
)
def test_leaving_it_is_a_no_to_what_was_proposed(text: str, goes: bool) -> None:
    memory = {"pending": {"task": {"kind": "cancel", "asked": "confirm"}}}
    assert goes_on(memory, ["change_cart"], text, accepts=False, declines=False) is goes


@pytest.mark.parametrize(("country", "lacks"), [("DE", True), ("US", True), ("IE", False), ("", False)])
def test_a_postcode_is_missing_where_the_country_has_them(country: str, lacks: bool) -> None:
    assert postcodes.lacks({"line1": "High Street 1", "city": "Town", "country": country}) is lacks
    assert not postcodes.lacks({"postal_code": "12345", "country": country})


def test_a_postcode_is_asked_for_once() -> None:
    home = {"line1": "Hauptstr. 5", "city": "Hamburg", "country": "DE"}
    first = play(turn(act("provide_details", "to Hauptstr. 5, Hamburg", address=home)))
    assert first.memory["asked_for"] == "postal_code"
    noted = {"set_customer_details": lambda given: (True, {"details": given})}
    view = turn(act("other", "no idea", 0.3), memory=first.memory)
    assert play(view, **noted).calls == [("set_customer_details", {"shipping_address": {**home, "postal_code": ""}})]


@pytest.mark.parametrize(
    ("text", "dialogue", "intent"),
    [
        ("in tw-5002 I put 3 flasks but I only need 2", {}, "change_order"),
        ("TW-5010 should go to 12 Elm St, Portland, OR 97201, US", {}, "change_order"),
        ("please send it to 12 Elm St, Portland, OR 97201, US instead", {"agent": "support"}, "change_order"),
        ("please send it to 12 Elm St, Portland, OR 97201, US", {"agent": "sales"}, "provide_details"),
        ("the same flask as in TW-5002 again, put 2 in my cart", {}, "add_to_cart"),
    ],
)
def test_what_names_an_order_changes_it(text: str, dialogue: dict[str, Any], intent: str) -> None:
    found = RuleClassifier().read(text, SHOP, Dialogue(**dialogue))
    assert intent in {one.intent.value for one in found.acts}


def test_who_pays_for_sending_asks_the_rule() -> None:
    clause = act("shipping_quote", "who'd pay the postage")
    assert asks_the_rule(Talk(turn(clause, text="and who'd pay the postage?")), clause)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel just the stool in NT-5002, I found my old one", ["Stool"]),
        ("I ordered the shelf and the stool by mistake, please cancel", []),
        ("cancel order NT-5002", []),
        ("I don't need the shelf any more, leave the stool as it is", ["Shelf"]),
    ],
)
def test_only_what_the_wish_names_is_taken_out_of_an_order(text: str, expected: list[str]) -> None:
    items = [{"title": title, "category": None, "options": {}, "quantity": 1} for title in ("Shelf", "Stool", "Oil")]
    assert [item["title"] for item in wished.only_part(text, items)] == expected


def test_a_yes_that_comes_with_the_wish_is_not_asked_for_again() -> None:
    def called(said: str) -> list[str]:
        view = turn(
            act("return", said, order_numbers=["NT-5"]),
            agent="support",
            verified=True,
            abilities={"support": EVERY_TOOL | {"return_items"}},
        )
        given = {
            "return": {"kind": "return", "amount": 2000, "status": "requested", "items": [], "until": None},
            "order": _delivered()["order"],
        }
        return play(
            view,
            order_status=lambda _: (True, _delivered(("Shelf", 1), ("Stool", 1))),
            return_items=lambda asked: (True, given) if asked["items"][0]["variant"] else refusal("nothing"),
        ).tools

    for said in (
        "I want to return the stool of NT-5. I'm sure, please set it up.",
        "send the stool from NT-5 back, go ahead",
        "return the stool of NT-5; yes that's what I want",
        "The stool of NT-5 goes back. Go ahead and set the return up.",
        "send back the stool of NT-5. Yes, do it.",
        "please return the stool of NT-5, i am sure, i dont need it",
        "ok return the stool of NT-5 then. box is complete. yes start it",
        "Return the stool of NT-5. Confirmed.",
    ):
        assert called(said) == ["order_status", "return_items"], said
    for said in (
        "I want to return the stool of NT-5. I'm not sure it works.",
        "return the stool of NT-5, can I go ahead?",
        "before you go ahead: the stool of NT-5 goes back",
        "please go ahead and return the stool of NT-5",
        "I want to return something of NT-5, go ahead",
    ):
        assert called(said) == ["order_status"], said


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("where does NT-5 go now?", True),
        ("can you read me the address that NT-5 goes to?", True),
        ("which address is NT-5 being sent to", True),
        ("where is NT-5?", False),
        ("has NT-5 shipped", False),
    ],
)
def test_an_orders_address_is_told_where_it_is_asked_for(said: str, tells: bool) -> None:
    found = told(order("NT-5", ("Shelf", 1)))
    found["order"]["shipping_address"] = {
        "line1": "7 Elm Hill",
        "line2": None,
        "city": "Norwich",
        "region": None,
        "postal_code": "NR3 1HN",
        "country": "GB",
    }
    view = turn(act("order_status", said, order_numbers=["NT-5"]), agent="support", verified=True)
    assert ("7 Elm Hill, NR3 1HN Norwich, GB" in play(view, order_status=lambda _: (True, found)).text) == tells
