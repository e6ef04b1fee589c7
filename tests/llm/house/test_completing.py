"""Clauses that say how many, which and for whom of what the one before them wants."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from agentpay.llm.house.meaning import as_meant
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, turn, variant

LAMP = product("lamp", "Arc lamp", variant("lamp-s", 4000, height="120 cm"), variant("lamp-t", 6000, height="180 cm"))


def meant(text: str, *acts: ActView, **given: Any) -> list[tuple[str, Any]]:
    found = as_meant(Talk(turn(*acts, text=text, **given)), acts)
    return [(one.intent, one.entities.get("quantity")) for one in found]


@pytest.mark.parametrize(
    "counted", ["three of them", "just three please", "3 boxes", "three of those then", "make it three"]
)
def test_a_clause_that_only_counts_is_said_of_the_one_before(counted: str) -> None:
    acts = [
        act("add_to_cart", "i'll take the tea lights in amber", product_query="tea lights", options={"color": "amber"}),
        act("add_to_cart", counted, quantity=3),
    ]
    assert meant(f"i'll take the tea lights in amber, {counted}", *acts) == [("add_to_cart", 3)]


def test_and_a_box_is_something_else() -> None:
    acts = [act("add_to_cart", "the pens", product_query="pens"), act("add_to_cart", "a box", product_query="box")]
    assert meant("the pens and a box", *acts) == [("add_to_cart", None), ("add_to_cart", None)]


@pytest.mark.parametrize(
    "whose", ["one is for my aunt", "the other one's for the office", "they're for my class", "both are as a gift"]
)
def test_for_whom_it_is_adds_nothing(whose: str) -> None:
    acts = [
        act("add_to_cart", "two oak trays", product_query="oak trays", quantity=2),
        act("add_to_cart", whose, product_query="aunt", quantity=1),
    ]
    assert meant(f"two oak trays, {whose}", *acts) == [("add_to_cart", 2)]


def test_which_of_what_is_looked_for_orders_nothing() -> None:
    found = play(
        turn(
            act("recommendation", "my gran fancies an arc lamp", product_query="arc lamp"),
            act("add_to_cart", "the taller one", product_query="taller"),
        ),
        product_search=lambda _: (True, {"products": [LAMP]}),
        check_inventory=lambda _: (
            True,
            {"product": LAMP, "variants": [fact(row, "Arc lamp") for row in LAMP["variants"]]},
        ),
    )
    assert "update_cart" not in found.tools
    assert found.memory["pending"]["product"] == "lamp-t"
    assert found.text.count("?") == 1, "asked once, of the one that is meant"
    assert "180 cm" in found.text


def test_two_values_and_one_each_are_one_of_either() -> None:
    acts = [
        act("add_to_cart", "the 9 mm and the 4 mm", options={"focal": "9 mm"}, also={"focal": ["4 mm"]}),
        act("product_comparison", "one each", quantity=1),
    ]
    played = play(
        turn(*acts, text="the 9 mm and the 4 mm, one each", memory={"focus": {"product": "lens", "title": "Lens"}}),
        update_cart=added("lens-9", "Lens", focal="9 mm"),
    )
    calls = [(call["product"], call["options"], call["quantity"]) for _, call in played.calls]
    assert calls == [("lens", {"focal": "9 mm"}, 1), ("lens", {"focal": "4 mm"}, 1)]


def test_another_clause_that_orders_is_not_done_twice() -> None:
    acts = [
        act("add_to_cart", "my brother is in Malmo", product_query="brother is in Malmo", pronoun=True),
        act("add_to_cart", "put one in", quantity=1, pronoun=True),
    ]

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if "Malmo" in arguments["product"]:
            return False, {"error": {"code": "product_not_found", "message": ""}}
        return added("lamp-s", "Arc lamp")(arguments)

    memory = {"focus": {"product": "lamp", "title": "Arc lamp"}}
    told = turn(*acts, text="my brother is in Malmo, he can hold it. put one in", memory=memory)
    played = play(told, update_cart=put)
    assert [call["product"] for name, call in played.calls if name == "update_cart"] == ["brother is in Malmo", "lamp"]


def test_what_is_done_without_and_was_never_in_the_cart_needs_no_answer() -> None:
    acts = [act("remove_from_cart", "no stand then", product_query="stand"), act("view_cart", "what's the total")]
    cart = cart_of(("lamp-s", "Arc lamp", 1, {}))
    played = play(turn(*acts, cart=cart), view_cart=lambda _: (True, {"cart": cart}))
    assert "update_cart" not in played.tools
    assert "stand" not in played.text


def test_put_two_in_counts_what_was_just_chosen() -> None:
    acts = [
        act("add_to_cart", "olive then", options={"color": "olive"}, pronoun=True),
        act("add_to_cart", "pop two in the basket", product_query="mind", quantity=2, pronoun=True),
    ]
    assert meant("olive then, she won't mind. pop two in the basket", *acts) == [("add_to_cart", 2)]


def test_a_value_that_is_named_elsewhere_is_not_ordered_too() -> None:
    told = act("add_to_cart", "the 9 mm one please", options={"focal": "9 mm"}, also={"focal": ["4 mm"]}, pronoun=True)
    text = "the 9 mm one please, i've already got two of 4 mm"
    played = play(
        turn(told, text=text, memory={"focus": {"product": "lens", "title": "Lens"}}),
        update_cart=added("lens-9", "Lens", focal="9 mm"),
    )
    assert [call["options"] for _, call in played.calls] == [{"focal": "9 mm"}]


def test_ones_that_nothing_is_called_are_asked_for() -> None:
    played = play(
        turn(
            act("add_to_cart", "the sturdier ones then", quantity=2, pronoun=True),
            shown=[LAMP, product("desk", "Desk", variant("desk-1"))],
            memory={"asked_for": "choice", "focus": {"product": "lamp", "title": "Arc lamp"}},
        )
    )
    assert played.tools == []
    assert "Arc lamp" in played.text
    assert "Desk" in played.text


def test_a_value_behind_what_is_counted_says_which_and_adds_no_second_one() -> None:
    acts = [
        act("product_search", "I should like three of the tea lights", product_query="tea lights", quantity=3),
        act("add_to_cart", "24 pieces", product_query="tea lights", options={"size": "24 pieces"}, pronoun=True),
    ]
    assert meant("I should like three of the tea lights, 24 pieces", *acts) == [("add_to_cart", 3)]
    other = act("add_to_cart", "in amber", product_query="tea lights", options={"color": "amber"}, pronoun=True)
    red = act("add_to_cart", "two red", product_query="tea lights", quantity=2, options={"color": "red"})
    assert len(meant("two red tea lights, in amber", red, other)) == len([red, other])
