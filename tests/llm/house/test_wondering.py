"""Questions of how things are, which were taken for something else."""

from typing import Any

import pytest

from tests.llm.house.turns import Played, act, play, product, refusal, turn, variant

PAGE = {"title": "Seeds at the border", "text": "Declare seeds at the border; they are let through.", "score": 0.3}


def asked(intent: str, text: str, confidence: float, **tools: Any) -> Played:
    tools = {
        "product_search": lambda _: (True, {"products": []}),
        "order_status": lambda _: refusal("no_orders"),
        **tools,
    }
    return play(turn(act(intent, text, confidence)), **tools)


@pytest.mark.parametrize(
    ("intent", "text", "confidence", "answered"),
    [
        ("complaint", "will the border take my seeds?", 0.4, True),
        ("order_status", "when should I declare seeds?", 0.4, True),
        ("recommendation", "are seeds taken away at the border?", 0.8, True),
        ("order_status", "when will my seeds come?", 0.9, False),
    ],
)
def test_the_pages_are_asked_first(intent: str, text: str, confidence: float, answered: bool) -> None:
    played = asked(intent, text, confidence, search_knowledge=lambda _: (True, {"passages": [PAGE]}))
    assert (PAGE["text"] in played.text) is answered


def test_what_no_page_tells_the_product_that_is_named_may() -> None:
    tea = product("tea", "Green tea", variant("tea-1"), description="Brew at 70 degrees.")
    found = {"product": tea, "nearest": [{"text": "Brew at 70 degrees.", "attribute": None}]}
    played = asked(
        "recommendation", "how hot should the water be for the green tea?", 0.6, product_details=lambda _: (True, found)
    )
    assert played.calls[1][1]["product"] == "green tea"
    assert "70 degrees" in played.text


def test_what_a_products_data_does_not_say_its_shops_pages_may() -> None:
    pan = product("pan", "Iron pan", variant("pan-1"), description="Heavy.")
    page = {"title": "Iron", "text": "Never put iron in the dishwasher.", "score": 0.2}
    played = play(
        turn(
            act("product_details", "can I chuck it in the dishwasher", pronoun=True),
            memory={"focus": {"product": "pan", "title": "Iron pan"}},
        ),
        product_details=lambda _: (True, {"product": pan}),
        search_knowledge=lambda given: (True, {"passages": [page] if "Iron pan" in given["query"] else []}),
    )
    assert page["text"] in played.text
