"""What is told beside a wish is no wish; what is asked is no order; goods named together are ordered each."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from agentpay.llm.house.enlisted import from_list
from agentpay.llm.house.models import with_model
from agentpay.llm.house.parting import parted
from agentpay.llm.house.talk import Talk
from agentpay.llm.house.told import without_told
from tests.llm.house.test_cart import cart_of
from tests.llm.house.turns import act, turn


def left(text: str, *acts: ActView, **given: Any) -> list[tuple[str, Any]]:
    found = without_told(Talk(turn(*acts, text=text, **given)), acts)
    return [(one.intent, one.entities.get("product_query")) for one in found]


@pytest.mark.parametrize(
    "told",
    [
        "we have a petrol mower",
        "she's got the small kettle",
        "my brother already owns a drill",
        "you lot sold me a tent",
    ],
)
def test_what_somebody_has_is_not_ordered(told: str) -> None:
    asks = act("product_details", "does the blade fit", product_query="blade")
    assert left(f"{told}. does the blade fit?", act("add_to_cart", told, product_query="x"), asks) == [
        ("product_details", "blade")
    ]


@pytest.mark.parametrize("order", ["I have to have the kettle", "we need the kettle", "I'll have the kettle"])
def test_what_must_be_had_is_ordered(order: str) -> None:
    acts = [act("add_to_cart", order, product_query="kettle"), act("product_details", "is it loud", pronoun=True)]
    assert left(f"{order}. is it loud?", *acts)[0] == ("add_to_cart", "kettle")


def test_what_somebody_nearly_bought_is_what_is_asked_about() -> None:
    acts = [
        act("add_to_cart", "was gonna get the walnut cake too", product_query="walnut cake"),
        act("product_details", "is there egg in that", product_query="egg"),
    ]
    assert left("was gonna get the walnut cake too but is there egg in that?", *acts) == [
        ("product_details", "walnut cake")
    ]


@pytest.mark.parametrize(
    "asked",
    [
        "I can put the liner in the dryer",
        "can we use the rug outside",
        "does that fit a twin bed",
        "one bag it lasts how many weeks",
    ],
)
def test_a_question_is_no_order(asked: str) -> None:
    assert left(f"{asked}?", act("add_to_cart", asked, product_query="liner"))[0][0] == "product_details"


def test_whether_it_stays_below_a_sum_asks_for_the_sum() -> None:
    asks = act("add_to_cart", "does that stay under sixty euros", product_query="stay", price_max=6000)
    assert left("does that stay under sixty euros?", asks) == [("view_cart", None)]


def test_what_is_owned_is_what_goes_out_of_the_cart() -> None:
    acts = [
        act("availability", "turns out we still have batteries", product_query="batteries"),
        act("remove_from_cart", "take those off", pronoun=True),
    ]
    cart = cart_of(("torch", "Head torch", 1, {}), ("cells", "AA batteries, 8", 2, {}))
    text = "turns out we still have batteries, take those off"
    assert left(text, *acts, cart=cart) == [("remove_from_cart", "AA batteries, 8")]


def test_what_is_liked_is_what_the_next_clause_is_about() -> None:
    acts = [
        act("product_comparison", "the heron sounds right", 0.3, product_query="sounds right"),
        act("product_details", "is there a pump in the box", product_query="pump"),
    ]
    assert left("the heron sounds right. is there a pump in the box?", *acts) == [("product_details", "heron")]


def test_a_model_is_a_part_of_the_name_unless_it_is_what_something_is_for() -> None:
    blade = act("add_to_cart", "a B30 blade", product_query="blade", attributes={"model": "B30"})
    assert with_model(blade).entities == {"product_query": "B30 blade"}
    bare = act("add_to_cart", "one B30", attributes={"fits": "B30"}, quantity=1, pronoun=True)
    assert with_model(bare).entities["product_query"] == "B30"
    fits = act("add_to_cart", "a blade for the B30", product_query="blade", attributes={"fits": "B30"})
    assert with_model(fits) is fits


def test_each_line_of_a_list_is_ordered_and_what_leads_up_to_it_is_not() -> None:
    text = "Hi, here is what we need:\n- canvas tote, large\n- 2 x enamel mug\n- tea towel"
    acts = [
        act("greeting", "Hi"),
        act("product_search", "here is what we need", product_query="what we need"),
        act("product_search", "canvas tote, large", product_query="canvas tote", options={"size": "large"}),
        act("provide_details", "2 x enamel mug", product_query="enamel mug", quantity=2),
        act("availability", "tea towel", 0.3, product_query="tea towel"),
    ]
    found = from_list(Talk(turn(*acts, text=text)), acts)
    assert [one.intent for one in found] == ["greeting", "add_to_cart", "add_to_cart", "add_to_cart"]
    asked = from_list(Talk(turn(*acts, text=f"{text}?")), acts)
    assert [one.intent for one in asked] == [one.intent for one in acts]


def test_goods_in_one_clause_are_ordered_each_with_its_own_words() -> None:
    clause = act(
        "add_to_cart",
        "one of those in size M, the canvas belt, and 2 grey caps",
        product_query="canvas belt caps",
        options={"size": "M", "color": "grey"},
    )
    own = [one.entities for one in parted(clause)]
    assert own[0]["options"] == {"size": "M"}
    assert own[0]["pronoun"]
    assert own[1]["product_query"] == "canvas belt"
    assert "options" not in own[1]
    assert (own[2]["product_query"], own[2]["options"], own[2]["quantity"]) == ("caps", {"color": "grey"}, 2)
    numbered = act("add_to_cart", "two stools no. 9 in red", product_query="stools no 9", options={"color": "red"})
    assert parted(numbered) == [numbered]
    which = act("add_to_cart", "picnic rugs, the red one", product_query="picnic rugs", options={"color": "red"})
    assert parted(which) == [which]
    whole = act("add_to_cart", "the salt and pepper mill", product_query="salt and pepper mill")
    assert parted(whole) == [whole]
