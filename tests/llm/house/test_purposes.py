"""Whom a thing is for, what it is used for, and what a shop's data say in other words."""

from typing import Any

import pytest

from agentpay.llm.house.aftersale.answering import corrects
from agentpay.llm.house.facts import answering
from agentpay.llm.house.purposes import interest, used_for
from tests.llm.house.turns import act, play, product, turn, variant

SAW = product("saw", "Fold saw", variant("saw-1"))


@pytest.mark.parametrize(
    ("text", "liked"),
    [
        ("a present for my aunt, she loves bird watching", "bird watching"),
        ("something for my son who is into astronomy", "astronomy"),
        ("a gift for a friend", None),
    ],
)
def test_what_somebody_likes_is_what_is_looked_for(text: str, liked: str | None) -> None:
    assert interest(text) == liked


def test_a_recommendation_searches_for_the_interest() -> None:
    view = turn(
        act("recommendation", "a present for my aunt", product_query="aunt"),
        text="a present for my aunt, she loves chess",
    )
    played = play(view, product_search=lambda _: (True, {"products": [SAW]}))
    assert played.calls[0][1]["query"] == "chess"


def test_what_something_is_done_to_is_not_looked_for() -> None:
    assert used_for("have you something to trim hedges with?") == "trim"
    view = turn(act("recommendation", "something to trim hedges with", product_query="trim hedges"))
    played = play(view, product_search=lambda _: (True, {"products": [SAW]}))
    assert "hedges" not in played.calls[0][1]["query"]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("how far can I ride on a full battery?", ("range", "90 km")),
        ("how heavy is it?", ("net weight", "12 kg")),
        ("how often must it be oiled?", ("service interval", "monthly")),
    ],
)
def test_a_question_finds_its_fact_by_the_unit_of_the_answer(question: str, told: tuple[str, str]) -> None:
    attributes = {"range_km": 90, "net_weight_kg": 12, "service_interval": "monthly", "gears": 7}
    scooter = product("scooter", "City scooter", variant("scooter-1"), brand=None, attributes=attributes)
    assert answering(question, scooter).facts[0] == told


def pages_and_goods(passages: list[dict[str, Any]]) -> Any:
    return {
        "search_knowledge": lambda _: (True, {"passages": passages}),
        "product_search": lambda _: (True, {"products": []}),
    }


def test_advice_on_a_size_comes_from_the_shops_pages() -> None:
    page = [{"title": "Sizes", "text": "For 170 to 180 cm take a M."}]
    asked = act("recommendation", "which size should I take at 175 cm?", product_query="175 cm")
    assert "take a M" in play(turn(asked), **pages_and_goods(page)).text


def test_goods_are_looked_for_where_the_pages_have_no_answer() -> None:
    played = play(turn(act("policy", "do you do kayaks?")), **pages_and_goods([]))
    assert played.tools == ["search_knowledge", "product_search"]


def test_a_yes_with_a_correction_is_no_yes() -> None:
    assert corrects("ok, but only the scarf")
    assert corrects("yes, just one of them")
    assert not corrects("yes please, do it")


def test_a_question_nobody_placed_is_answered_by_pages_that_hold_all_of_it() -> None:
    question = turn(
        act("other", "can I rent a kayak by the day?", confidence=0.3), text="can I rent a kayak by the day?"
    )
    page = {"title": "Rental", "text": "Rent a kayak by the day for $40.", "score": 0.9}
    assert "for $40" in play(question, **pages_and_goods([page])).text
    assert "for $40" not in play(question, **pages_and_goods([{**page, "score": 0.3}])).text
