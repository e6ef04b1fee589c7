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


@pytest.mark.parametrize(
    "text",
    [
        "does that one come with a lamp",
        "do they include batteries",
        "has it got a lid",
        "wait does it come with a stand tho",
    ],
)
def test_what_belongs_to_it_is_asked_of_it(text: str) -> None:
    asked = act("product_details", text, product_query="lamp", category="Lamps")
    assert meant(asked, text=f"{text}?", memory={"focus": FOCUS}) == [("product_details", {"pronoun": True})]


def test_no_x_takes_out_what_is_in_the_cart() -> None:
    cart = cart_of(("hook-1", "Brass hooks", 5, {}), ("rail-1", "Rail", 1, {}))
    told = act("change_cart", "hmm actually no hooks", product_query="hooks")
    assert meant(told, cart=cart)[0][0] == "remove_from_cart"
    assert (
        meant(act("change_cart", "no more than two hooks", product_query="hooks", quantity=2), cart=cart)[0][0]
        == "change_cart"
    )


def test_a_link_is_no_goods() -> None:
    assert meant(act("product_search", "give link", product_query="link")) == [("checkout", {})]


def test_what_is_told_of_ones_own_is_not_looked_for_beside_what_is() -> None:
    acts = [
        act("recommendation", "my lad turns ten and is mad about trains", product_query="lad turns ten"),
        act("product_search", "is there a set with track and all", product_query="set with track"),
    ]
    assert [name for _, own in meant(*acts) if (name := own.get("product_query"))] == ["set with track"]
    assert len(meant(acts[0])) == 1, "alone it is what is looked for"


def test_which_strength_is_needed_is_asked_of_what_the_message_tells() -> None:
    told = act("recommendation", "which power do i need", product_query="power do", category="Pumps")
    assert meant(told, text="the pond is 900 litres. which power do i need?") == [("recommendation", {})]


def test_and_the_other_size_is_asked_and_not_ordered() -> None:
    told = act("add_to_cart", "the 4 kg one", 0.75, options={"weight": "4 kg"}, pronoun=True)
    memory = {"focus": FOCUS, "question": {"intent": "price_question", "text": "how much is the 2 kg bag"}}
    assert meant(told, text="and the 4 kg one?", memory=memory)[0][0] == "price_question"
    assert meant(told, text="and the 4 kg one?", memory={"focus": FOCUS})[0][0] == "availability"
    assert meant(told, text="and the 4 kg one please")[0][0] == "add_to_cart"


@pytest.mark.parametrize("text", ["90, cash, ask your boss", "ok 90 and it's a deal", "90 cash in hand"])
def test_a_bare_sum_is_a_bid(text: str) -> None:
    told = act("negotiation", text, product_query="cash ask your boss", quantity=90)
    assert meant(told, memory={"focus": FOCUS}) == [("negotiation", {"amount": 9000})]


def test_goods_with_their_number_last_are_ordered() -> None:
    told = act(
        "product_search", "sieve set from lund, one", product_query="sieve set from lund", brand="Lund", quantity=1
    )
    assert meant(told)[0][0] == "add_to_cart"


def test_out_with_one_and_in_with_the_other() -> None:
    acts = [
        act("remove_from_cart", "take the rail out", product_query="rail"),
        act("remove_from_cart", "the hook in", product_query="hook"),
    ]
    cart = cart_of(("rail-1", "Rail", 1, {}), ("lamp-1", "Lamp", 1, {}))
    assert [intent for intent, _ in meant(*acts, text="take the rail out and the hook in", cart=cart)] == [
        "remove_from_cart",
        "add_to_cart",
    ]


def test_what_is_in_it_is_asked_of_it() -> None:
    told = act("availability", "no nuts in that one are there", 0.4, product_query="nuts")
    assert meant(told, text="no nuts in that one are there?") == [("product_details", {"pronoun": True})]


def test_how_many_are_needed_orders_none() -> None:
    acts = [
        act("add_to_cart", "about 30 metres of hedge", product_query="30 metres of hedge"),
        act("add_to_cart", "two rows", product_query="rows", quantity=2),
        act("recommendation", "how many plants is that", product_query="plants"),
    ]
    assert [intent for intent, _ in meant(*acts)] == ["recommendation"]


def test_so_many_of_what_is_sold_by_a_unit() -> None:
    cart = cart_of(("oil-1", "Teak oil, per litre", 3, {}), ("rag-1", "Cotton rags", 1, {}))
    told = act("remove_from_cart", "actually 5 litres", product_query="5 litres")
    assert meant(told, cart=cart) == [("change_cart", {"product_query": "Teak oil, per litre", "quantity": 5})]
    assert (
        meant(act("remove_from_cart", "actually 5 metres", product_query="metres"), cart=cart)[0][0]
        == "remove_from_cart"
    )


@pytest.mark.parametrize(
    ("text", "count"), [("one more for my uncle", 1), ("another for the office", 1), ("two for my cousins", 2)]
)
def test_more_for_somebody_is_more_of_what_is_spoken_of(text: str, count: int) -> None:
    told = act("add_to_cart", text, product_query="uncle", quantity=count)
    assert meant(told, memory={"focus": FOCUS}) == [("add_to_cart", {"quantity": count, "pronoun": True})]


def test_what_is_told_beside_a_question_is_not_looked_for() -> None:
    acts = [
        act("policy", "do you engrave"),
        act("recommendation", "its a gift for my aunt who moved", product_query="gift aunt"),
    ]
    assert [intent for intent, _ in meant(*acts, text="do you engrave? its a gift for my aunt who moved")] == ["policy"]
