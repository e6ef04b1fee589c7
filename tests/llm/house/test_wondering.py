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


GROUP = {"title": "Knitting group", "text": "We meet every Saturday at 11. It costs 5 dollars.", "score": 0.9}
REPAIRS = {"title": "Workshop", "text": "We restring guitars for 30 dollars, ready in 3 days.", "score": 0.2}


@pytest.mark.parametrize(
    ("text", "clause", "page", "told"),
    [
        ("when's the knitting thing on and whats it cost", "whats it cost", GROUP, True),
        ("when are the knitting needles back in stock?", "when are the knitting needles back in stock", GROUP, False),
        ("how much to restring my guitar?", "how much to restring my guitar", REPAIRS, True),
        ("how much to buy a guitar?", "how much to buy a guitar", REPAIRS, False),
    ],
)
def test_what_is_held_or_done_is_told_by_a_page(text: str, clause: str, page: dict[str, Any], told: bool) -> None:
    view = turn(act("price_question", clause, 1.0, product_query="knitting"), text=text)
    tools = {
        "check_inventory": lambda _: refusal("product_not_found"),
        "search_knowledge": lambda _: (True, {"passages": [page]}),
    }
    played = play(view, **tools)
    assert (page["text"] in played.text and played.tools == ["search_knowledge"]) is told


def test_what_a_quoted_page_tells_is_not_asked_again() -> None:
    clauses = (
        act("price_question", "how much to restring my guitar", 1.0),
        act("policy", "how long does it take", pronoun=True),
    )
    view = turn(*clauses, text="how much to restring my guitar and how long does it take?")
    played = play(view, search_knowledge=lambda _: (True, {"passages": [REPAIRS]}))
    assert played.tools == ["search_knowledge"]


SIZES = {"title": "Which size", "text": "Up to 170 cm take the 50, above that the 58.", "score": 0.2}


@pytest.mark.parametrize(("page", "told"), [(SIZES, True), (PAGE, False)])
def test_what_size_one_needs_is_told_by_a_page_on_sizes(page: dict[str, Any], told: bool) -> None:
    view = turn(act("recommendation", "I'm 1.86 m", 1.0), text="I'm 1.86 m, which frame size should I take?")
    assert (page["text"] in play(view, search_knowledge=lambda _: (True, {"passages": [page]})).text) is told


def test_what_is_no_product_is_priced_by_a_page() -> None:
    page = {"title": "Engraving", "text": "We engrave lockets for $15.", "score": 0.4}
    asked_for = act("price_question", "how much is engraving", 0.95, product_query="engraving")
    tools = {
        "check_inventory": lambda _: refusal("product_not_found"),
        "search_knowledge": lambda _: (True, {"passages": [page]}),
    }
    assert "$15" in play(turn(asked_for), **tools).text


def test_how_many_of_a_thing_is_told_by_the_thing_before_any_page() -> None:
    pattern = product("pattern", "Harbour cardigan pattern", variant("p"), description="Takes 6 skeins in M.")
    page = {"title": "Dye lots", "text": "All skeins are of one lot.", "score": 0.9}
    clauses = act(
        "policy", "how many skeins would I need for the Harbour cardigan", 0.87, product_query="Harbour cardigan"
    )
    guess = act("availability", "when I get that far", 0.47, pronoun=True)
    found = {"product": pattern, "nearest": [{"text": "Takes 6 skeins in M.", "attribute": None}]}
    played = play(
        turn(clauses, guess),
        product_search=lambda _: (True, {"products": [pattern]}),
        product_details=lambda _: (True, found),
        search_knowledge=lambda _: (True, {"passages": [page]}),
    )
    assert "6 skeins" in played.text
    assert "check_inventory" not in played.tools


def test_what_is_asked_behind_a_name_is_asked_of_it() -> None:
    kit = product("kit", "Mitten kit", variant("k"), description="Wool and a pattern. Needles are not included.")
    clause = act("product_details", "a friend told me about your mitten kit", 0.99, product_query="mitten kit")
    view = turn(clause, text="a friend told me about your mitten kit. Does it come with the needles?")
    assert "Needles are not included" in play(view, product_details=lambda _: (True, {"product": kit})).text


def test_a_measure_is_a_size_where_a_page_on_sizes_is() -> None:
    view = turn(
        act("price_question", "what would that be", 0.87, pronoun=True),
        text="my finger's 57mm round, what would that be",
    )
    assert SIZES["text"] in play(view, search_knowledge=lambda _: (True, {"passages": [SIZES]})).text
