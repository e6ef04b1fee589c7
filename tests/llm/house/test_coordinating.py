"""Clauses that share a noun, a deed or a reason."""

from typing import Any

from tests.llm.house.turns import EMPTY_CART, act, fact, play, product, refusal, turn, variant

DICE = product("dice", "Gemstone dice set", variant("dice-red", color="red"), variant("dice-jade", color="jade"))


def line(variant_id: str, title: str, of: str, **options: str) -> dict[str, Any]:
    return {"variant_id": variant_id, "variant_external_id": variant_id, "product_external_id": of, "title": title,
            "options": options, "quantity": 1, "unit_price": 5000, "line_total": 5000}  # fmt: skip


def done(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    changed = {"external_id": "v", "title": "Thing", "options": {}, "quantity": arguments.get("quantity", 1)}
    return True, {"changed": changed, "cart": EMPTY_CART}


def test_a_noun_said_last_is_what_the_first_is_too() -> None:
    played = play(
        turn(
            act("add_to_cart", "i'd like a red", options={"color": "red"}, pronoun=True),
            act("add_to_cart", "two jade dice sets", product_query="dice sets", options={"color": "jade"}, quantity=2),
        ),
        update_cart=done,
    )
    assert [(call["product"], call["options"], call["quantity"]) for _, call in played.calls] == [
        ("dice sets", {"color": "red"}, 1),
        ("dice sets", {"color": "jade"}, 2),
    ]


def test_what_is_spoken_of_and_something_else() -> None:
    played = play(
        turn(
            act("add_to_cart", "one of those and two sleeves", product_query="sleeves", quantity=1),
            memory={"focus": {"product": "game", "title": "Game"}},
        ),
        update_cart=done,
    )
    assert [(call["product"], call["quantity"]) for _, call in played.calls] == [("game", 1), ("sleeves", 2)]


def test_why_something_goes_takes_nothing_else_out() -> None:
    cart = {**EMPTY_CART, "items": [line("a", "Game", "game"), line("b", "Game expansion", "expansion")]}
    played = play(
        turn(
            act("remove_from_cart", "remove the expansion", product_query="expansion"),
            act("remove_from_cart", "he's got it already", product_query="he's got"),
            cart=cart,
        ),
        update_cart=done,
    )
    assert [call["product"] for _, call in played.calls] == ["expansion"]


def test_another_size_comes_in_the_place_of_one_that_does_not_fit() -> None:
    sizes = [variant(f"p-{n}", pieces=str(n)) for n in (500, 1000, 2000)]
    cart = {**EMPTY_CART, "items": [line("p-2000", "Jigsaw", "p", pieces="2000")]}
    stock = {"product": product("p", "Jigsaw", *sizes), "variants": [fact(row, "Jigsaw") for row in sizes],
             "alternatives": [], "in_stock": True}  # fmt: skip
    played = play(
        turn(
            act("remove_from_cart", "no that won't fit my table", 0.59, product_query="fit my table"),
            act("remove_from_cart", "the middle one", 0.59, product_query="middle"),
            cart=cart,
            memory={"focus": {"product": "p", "title": "Jigsaw", "variant": "p-2000", "options": {"pieces": "2000"}}},
        ),
        check_inventory=lambda _: (True, stock),
        update_cart=done,
    )
    assert played.calls[-1][1] == {"action": "replace", "variant": "p-2000", "options": {"pieces": "1000"}}


def test_a_name_that_is_no_goods_but_a_pages_heading() -> None:
    page: dict[str, Any] = {"title": "Pre-orders", "text": "We take no pre-orders.", "score": 0.4}
    played = play(
        turn(
            act("add_to_cart", "can I pre-order it then", product_query="pre-order"),
            memory={"focus": {"product": "game", "title": "Game"}},
        ),
        update_cart=lambda _: refusal("product_not_found"),
        search_knowledge=lambda _: (True, {"passages": [page]}),
    )
    assert page["text"] in played.text
