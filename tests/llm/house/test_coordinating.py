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


def stock(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"product": product("p", "Thing", *rows), "variants": [fact(row, "Thing") for row in rows],
            "alternatives": [], "in_stock": True}  # fmt: skip


def put_in(external_id: str, **options: str) -> Any:
    """update_cart of a shop that puts this variant of "p" into an empty cart."""

    def tool(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        one = {**line(external_id, "Thing", "p", **options), "quantity": arguments.get("quantity", 1)}
        return True, {"changed": {**one, "external_id": external_id}, "cart": {**EMPTY_CART, "items": [one]}}

    return tool


def test_a_number_behind_what_was_just_changed_says_how_many() -> None:
    played = play(
        turn(
            act("change_cart", "make it the large one", options={"size": "large"}, pronoun=True),
            act("add_to_cart", "two of them", quantity=2, pronoun=True),
            cart={**EMPTY_CART, "items": [line("p-s", "Thing", "p", size="small")]},
            memory={"focus": {"product": "p", "title": "Thing", "variant": "p-s", "options": {"size": "small"}}},
        ),
        update_cart=put_in("p-l", size="large"),
    )
    assert [(call["action"], call["quantity"]) for _, call in played.calls] == [("replace", 2)]


def test_as_many_as_were_wanted_come_in_the_other_colour() -> None:
    played = play(
        turn(
            act("change_cart", "then chalk instead", options={"finish": "chalk"}, pronoun=True),
            memory={
                "asked_for": "confirm_add",
                "pending": {"product": "p", "options": {"finish": "sage"}, "quantity": 2, "wished": 3},
            },
        ),
        update_cart=put_in("p-chalk", finish="chalk"),
    )
    assert played.calls[0][1]["quantity"] == 3


def test_an_outcry_names_nothing() -> None:
    played = play(
        turn(
            act("change_cart", "just one then", product_query="argh", quantity=1, pronoun=True),
            text="argh. just one then",
            cart={**EMPTY_CART, "items": [{**line("p-s", "Thing", "p", size="small"), "quantity": 2}]},
        ),
        update_cart=lambda given: done(given) if given.get("product") == "p" else refusal("product_not_found"),
    )
    assert played.calls[-1][1]["quantity"] == 1


def test_two_wishes_read_as_one_are_taken_apart() -> None:
    played = play(
        turn(
            act("change_cart", "do the 90s in oak instead", product_query="bulbs", quantity=3, pronoun=True,
                options={"tone": "neutral", "size": "90 cm", "finish": "oak"}),
            text="do the 90s in oak instead. and 3 neutral bulbs",
            cart={**EMPTY_CART, "items": [line("p-60", "Shelf", "p", size="60 cm", finish="white")]},
        ),
        update_cart=done,
    )  # fmt: skip
    assert [(call["product"], call["options"]) for _, call in played.calls] == [
        ("p", {"size": "90 cm", "finish": "oak"}),
        ("bulbs", {"tone": "neutral"}),
    ]


def test_what_is_named_first_and_pointed_at_next_is_wanted_once() -> None:
    played = play(
        turn(
            act("product_search", "the hose reel costs 1", 0.65, product_query="hose reel"),
            act("add_to_cart", "put it in my cart", product_query="hose reel", pronoun=True),
        ),
        update_cart=done,
    )
    assert played.tools == ["update_cart"]


def test_a_tray_of_six_becomes_one_of_twelve() -> None:
    rows = [variant("p-6", kind="tray of 6"), variant("p-12", kind="tray of 12")]
    played = play(
        turn(
            act("add_to_cart", "a tray of six thing", product_query="thing", options={"kind": "tray of 6"}),
            act("change_cart", "make it twelve", product_query="thing", quantity=12, pronoun=True),
        ),
        update_cart=put_in("p-6", kind="tray of 6"),
        check_inventory=lambda _: (True, stock(*rows)),
    )
    assert played.calls[-1][1] == {"action": "replace", "variant": "p-6", "options": {"kind": "tray of 12"}}


def test_a_card_of_that_value_is_chosen_and_not_haggled_for() -> None:
    card = product("card", "Gift card", variant("c-50", 5000, value="50"), variant("c-100", 10000, value="100"))
    played = play(
        turn(
            act("negotiation", "one for 100 bucks please", quantity=1, amount=10000),
            shown=[card],
            negotiable=True,
            memory={"focus": {"product": "card", "title": "Gift card"}},
        ),
        update_cart=done,
    )
    assert played.calls[0][1] == {"action": "add", "product": "card", "options": {"value": "100"}, "quantity": 1}


PENS = [variant("pen-1", tip="0.1 mm"), variant("pen-5", tip="0.5 mm")]


def test_a_number_without_its_unit_says_which() -> None:
    def tool(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if given["product"].startswith("pen-"):
            return True, dict(put_in(given["product"])(given)[1])
        candidates = [fact(row, "Fineliner") for row in PENS]
        return refusal("variant_required", product={"external_id": "pen", "title": "Fineliner"}, candidates=candidates)

    played = play(
        turn(
            act("add_to_cart", "3 fineliners in 0.1", product_query="fineliners in 0.1", quantity=3),
            act("add_to_cart", "2 in 0.5", product_query="2 in 0.5"),
        ),
        update_cart=tool,
    )
    put = [(call["product"], call["quantity"]) for _, call in played.calls if call["product"].startswith("pen-")]
    assert put == [("pen-1", 3), ("pen-5", 2)]


def test_the_big_one_is_one_of_what_is_spoken_of() -> None:
    rows = [variant("p-12", 3900, pans="12"), variant("p-48", 11900, 0, pans="48")]
    played = play(
        turn(
            act("availability", "and the big one", product_query="big"),
            memory={"focus": {"product": "p", "title": "Set"}},
        ),
        check_inventory=lambda _: (True, stock(*rows)),
    )
    assert played.calls[0][1] == {"product": "p"}
    assert played.memory["focus"]["variant"] == "p-48"


def test_what_was_taken_out_last_is_put_back() -> None:
    cart = {**EMPTY_CART, "items": [line("clay", "Clay", "clay")]}
    played = play(
        turn(
            act("remove_from_cart", "no sorry, put them back", pronoun=True),
            act("remove_from_cart", "drop the clay instead", product_query="clay"),
            cart=cart,
            memory={"removed": {"product": "paint", "quantity": 2}},
        ),
        update_cart=lambda given: (True, {**done(given)[1], "cart": cart}),
    )
    assert [(call["action"], call["product"]) for _, call in played.calls] == [("add", "paint"), ("remove", "clay")]


def test_the_only_thing_that_comes_so_is_meant() -> None:
    paint = product("paint", "Acrylic", variant("white", color="titanium white"), variant("red", color="red"))
    played = play(
        turn(
            act("add_to_cart", "four of titanium white", options={"color": "titanium white"}, quantity=4, pronoun=True)
        ),
        product_search=lambda _: (True, {"products": [paint]}),
        update_cart=done,
    )
    assert (played.calls[-1][1]["product"], played.calls[-1][1]["quantity"]) == ("paint", 4)


def test_a_thing_becomes_the_bigger_one_of_its_kind() -> None:
    rows = [variant("p-s", size="small"), variant("p-l", size="large")]
    cart = {**EMPTY_CART, "items": [line("p-s", "Thing", "p", size="small"), line("cup", "Cup", "cup")]}
    played = play(
        turn(act("change_cart", "swap the thing for the bigger one", product_query="thing for the bigger"), cart=cart),
        check_inventory=lambda _: (True, stock(*rows)),
        update_cart=done,
    )
    assert played.calls[-1][1] == {"action": "replace", "variant": "p-s", "options": {"size": "large"}}


def test_some_of_what_is_named_come_otherwise() -> None:
    cups = {**line("c-ash", "Ember cup", "cups", glaze="ash"), "quantity": 6}
    cart = {**EMPTY_CART, "items": [line("pot", "Pot", "pot"), cups]}
    changed = {**EMPTY_CART, "items": [*cart["items"], line("c-moss", "Ember cup", "cups", glaze="moss")]}
    text = "make two of the cups moss"
    played = play(
        turn(act("change_cart", text, product_query="cups", options={"glaze": "moss"}, quantity=2), cart=cart),
        update_cart=lambda given: (True, {**done(given)[1], "cart": changed}),
    )
    assert [(call["action"], call["quantity"]) for _, call in played.calls] == [("add", 2), ("set", 4)]


def test_as_many_as_there_are_is_a_number_of_all_of_them() -> None:
    pending = {"product": "p-s", "quantity": 1, "held": 4}
    played = play(
        turn(
            act("add_to_cart", "ok 5 is fine", quantity=5, pronoun=True),
            memory={"asked_for": "confirm_add", "pending": pending},
        ),
        update_cart=done,
    )
    assert played.calls[0][1]["quantity"] == 1


def test_go_on_then_is_a_yes() -> None:
    played = play(
        turn(
            act("goodbye", "go on then", 0.5),
            memory={"asked_for": "confirm_add", "pending": {"product": "p-s"}},
        ),
        update_cart=done,
    )
    assert played.tools == ["update_cart"]


def test_what_was_offered_before_is_put_in_only_where_nothing_is_named() -> None:
    pending = {"product": "blanket", "also": ["bed"]}
    played = play(
        turn(
            act("add_to_cart", "I'll take the blanket", product_query="blanket"),
            act("add_to_cart", "the bed in small", product_query="bed", options={"size": "small"}),
            memory={
                "asked_for": "confirm_add",
                "pending": pending,
                "focus": {"product": "blanket", "title": "Fleece blanket"},
            },
        ),
        update_cart=done,
    )
    assert [call["product"] for _, call in played.calls] == ["blanket", "bed"]


def test_before_it_is_paid_an_address_is_changed_in_the_checkout() -> None:
    address = {"line1": "12 Rue Cler", "city": "Paris", "postal_code": "75007", "country": "FR"}
    played = play(
        turn(
            act("change_order", "please send it to 12 Rue Cler, 75007 Paris instead", address=address, pronoun=True),
            stage="checkout",
            cart={**EMPTY_CART, "items": [line("b", "Book", "b")]},
        ),
        set_customer_details=lambda given: (True, {"details": given}),
    )
    assert played.calls[0][0] == "set_customer_details"
