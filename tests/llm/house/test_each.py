"""So many of each, what goods are counted in, and what else is wanted besides what was bought."""

from dataclasses import replace
from typing import Any

import pytest

from agentpay.llm.house.each import means_each
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

WOOL = product("wool", "Harbor wool", variant("wool-moss", color="moss"), variant("wool-rust", color="rust"))
ROWS = [fact(row, "Harbor wool") for row in WOOL["variants"]]
FOCUS = {"focus": {"product": "wool", "title": "Harbor wool"}}


def stock(rows: list[dict[str, Any]]) -> Any:
    return lambda _: (True, {"product": {"external_id": "wool", "title": "Harbor wool"}, "variants": rows})


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("five in each colour", True),
        ("one of each please", True),
        ("both colours", True),
        ("make it three each", True),
        ("is it the same for each other?", False),
        ("both are lovely", False),
        ("all of them", False),
    ],
)
def test_each_is_told_from_all(text: str, meant: bool) -> None:
    assert means_each(text) is meant


def test_five_in_each_colour_are_so_many_of_every_variant_in_stock() -> None:
    view = turn(act("add_to_cart", "five in each colour", quantity=5, pronoun=True), memory=FOCUS)
    played = play(view, check_inventory=stock(ROWS), update_cart=added("wool-moss", "Harbor wool", color="moss"))
    assert [(call["product"], call["quantity"]) for name, call in played.calls if name == "update_cart"] == [
        ("wool-moss", 5),
        ("wool-rust", 5),
    ]
    sold_out = [ROWS[0], fact(variant("wool-ink", available=0, color="ink"), "Harbor wool")]
    played = play(view, check_inventory=stock(sold_out), update_cart=added("wool-moss", "Harbor wool", color="moss"))
    assert played.tools.count("update_cart") == 1
    assert "Harbor wool (ink)" in played.text


def test_three_each_counts_every_line_of_the_product_anew() -> None:
    lines = cart_of(("wool-moss", "Harbor wool", 5, {}), ("wool-rust", "Harbor wool", 5, {}), ("kit-1", "Kit", 1, {}))
    view = turn(act("change_cart", "make that three each", quantity=3, pronoun=True), cart=lines, memory=FOCUS)
    played = play(view, update_cart=added("wool-moss", "Harbor wool"))
    assert played.calls == [
        ("update_cart", {"action": "set", "variant": line, "quantity": 3}) for line in ("wool-moss", "wool-rust")
    ]


def test_balls_are_what_wool_is_counted_in_where_its_description_says_so() -> None:
    order = act("add_to_cart", "8 balls please", product_query="balls", quantity=8)
    which = refusal("variant_required", product={"external_id": "wool", "title": "Harbor wool"}, candidates=ROWS)
    told = {"product": {**WOOL, "description": "120 m a ball."}}
    played = play(turn(order, memory=FOCUS), product_details=lambda _: (True, told), update_cart=lambda _: which)
    assert played.calls[-1][1]["product"] == "wool"
    assert played.memory["pending"]["quantity"] == 8
    played = play(
        turn(order, memory=FOCUS),
        product_details=lambda _: (True, {"product": WOOL}),
        update_cart=lambda _: refusal("product_not_found"),
        product_search=lambda _: (True, {"products": []}),
    )
    assert "balls" in played.text


def test_and_the_other_one_comes_besides_what_was_bought() -> None:
    cart = cart_of(("wool-moss", "Harbor wool", 2, {"color": "moss"}))
    memory = {"focus": {**FOCUS["focus"], "variant": "wool-moss", "options": {"color": "moss"}}}
    choice = act("change_cart", "the rust one", options={"color": "rust"}, pronoun=True)
    played = play(
        turn(choice, text="and the rust one", cart=cart, memory=memory),
        update_cart=added("wool-rust", "Harbor wool", color="rust"),
    )
    assert played.calls[0][1]["action"] == "add"
    named = act("product_search", "the steel needles", product_query="steel needles")
    played = play(
        turn(named, text="and the steel needles", cart=cart, memory=memory),
        update_cart=added("needles-1", "Steel needles"),
    )
    assert played.tools == ["update_cart"]
    asked = turn(named, text="and the steel needles?", cart=cart, memory=memory)
    played = play(asked, product_search=lambda _: (True, {"products": [WOOL]}))
    assert "update_cart" not in played.tools


def test_a_code_that_was_named_before_is_tried_again() -> None:
    taken = {"code": "WOOL3", "description": "$3.00", "discount": 300, "waits_for_items": False, "capped": False}
    refused = play(
        turn(act("discount", "code WOOL3", codes=["WOOL3"])), validate_discount=lambda _: refusal("discount_not_valid")
    )
    again = turn(
        act("discount", "try the code again"), memory=refused.memory, cart=cart_of(("wool-1", "Harbor wool", 1, {}))
    )
    played = play(again, validate_discount=lambda _: (True, {**taken, "cart": again.cart}))
    assert played.calls == [("validate_discount", {"code": "WOOL3"})]
    assert "validate_discount" not in play(replace(again, memory={})).tools


def test_goods_and_where_they_are_sent_are_both_answered() -> None:
    wish = act("add_to_cart", "one Harbor wool in moss", product_query="Harbor wool", quantity=1, country="US")
    quote = {"served": False, "options": [], "country_name": "United States", "requires_shipping": True}
    played = play(
        turn(wish, text="one Harbor wool in moss, can you send it to New York?"),
        update_cart=added("wool-moss", "Harbor wool", color="moss"),
        quote_shipping=lambda _: (True, quote),
    )
    assert [name for name in played.tools if name != "search_knowledge"] == ["update_cart", "quote_shipping"]
    assert "United States" in played.text
