"""Clauses whose own words rule out what they were taken for."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from agentpay.llm.house.meaning import as_meant
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_cart import cart_of
from tests.llm.house.turns import act, turn

FOCUS = {"product": "radio", "title": "Kitchen radio"}


def meant(*acts: ActView, **given: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(one.intent, dict(one.entities)) for one in as_meant(Talk(turn(*acts, **given)), acts)]


@pytest.mark.parametrize("text", ["6 hooks not 5", "sorry, six hooks, not 5", "make it 6 hooks not five"])
def test_not_so_many_is_another_number(text: str) -> None:
    cart = cart_of(("hook-1", "Brass hooks", 5, {}), ("rail-1", "Rail", 1, {}))
    (only,) = meant(act("remove_from_cart", text, product_query="hooks"), cart=cart)
    assert (only[0], only[1]["quantity"]) == ("change_cart", 6)


@pytest.mark.parametrize(
    "text", ["does she need to get batteries for it", "will it need an extra aerial", "do I have to buy a plug"]
)
def test_what_it_needs_is_asked_of_what_is_spoken_of(text: str) -> None:
    asked = act("add_to_cart", text, product_query="batteries", category="Power > Batteries")
    assert meant(asked, text=f"{text}?", memory={"focus": FOCUS}) == [("product_details", {"pronoun": True})]


def test_what_somebody_would_hate_is_no_complaint() -> None:
    acts = [act("product_details", "is it loud", pronoun=True), act("complaint", "she'd really hate that", 0.9)]
    assert [intent for intent, _ in meant(*acts, memory={"focus": FOCUS})] == ["product_details"]
    told = [act("product_details", "is it loud", pronoun=True), act("complaint", "mine came broken", 0.9)]
    assert [intent for intent, _ in meant(*told)] == ["product_details", "complaint"]


def test_just_the_plain_one_takes_nothing_out_of_an_empty_cart() -> None:
    told = act(
        "remove_from_cart",
        "we've got four chargers already so just the plain one",
        product_query="chargers",
        quantity=4,
    )
    assert meant(told, memory={"focus": FOCUS}) == [("add_to_cart", {"pronoun": True})]


def test_what_can_be_sent_is_looked_for() -> None:
    told = act("provide_details", "anything I could send him by post", 0.6)
    assert [intent for intent, _ in meant(told)] == ["recommendation"]


def test_one_at_a_price_beside_an_address_is_goods() -> None:
    told = act("provide_details", "one for $25. mail is a@b.example", 1.0, quantity=1, emails=["a@b.example"])
    found = meant(told, memory={"focus": {"product": "card", "title": "Gift card"}})
    assert [intent for intent, _ in found] == ["add_to_cart", "provide_details"]
    assert found[0][1] == {"quantity": 1, "pronoun": True}
