"""What goes into the cart, and what is asked when it is not clear."""

from typing import Any

import pytest

from tests.llm.house.turns import EMPTY_CART, act, fact, play, product, refusal, turn, variant

MUG = product("mug", "Harbor mug", variant("mug-blue", color="blue"), variant("mug-red", color="red"))


def cart_of(*lines: tuple[str, str, int, dict[str, str]]) -> dict[str, Any]:
    items = [
        {"variant_external_id": external_id, "variant_id": external_id, "product_external_id": external_id.split("-")[0],
         "title": title, "options": options, "quantity": quantity, "unit_price": 5000, "line_total": 5000 * quantity}
        for external_id, title, quantity, options in lines
    ]  # fmt: skip
    total = sum(item["line_total"] for item in items)
    return {"items": items, "discount_code": None, "discount": 0, "subtotal": total, "total": total}


def added(external_id: str, title: str, **options: str) -> Any:
    def answer(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        quantity = arguments.get("quantity") or 1
        changed = {"external_id": external_id, "title": title, "options": options, "quantity": quantity}
        return True, {"cart": cart_of((external_id, title, quantity, options)), "changed": changed}

    return answer


def test_what_is_named_goes_into_the_cart_and_the_total_is_told_once() -> None:
    view = turn(
        act("add_to_cart", "two blue mugs", product_query="Harbor mug", options={"color": "blue"}, quantity=2),
    )
    played = play(view, update_cart=added("mug-blue", "Harbor mug", color="blue"))
    assert played.calls == [
        ("update_cart", {"action": "add", "product": "Harbor mug", "options": {"color": "blue"}, "quantity": 2})
    ]
    assert "2 × Harbor mug (blue)" in played.text
    assert played.text.count("$100.00") == 1
    assert played.memory["focus"]["variant"] == "mug-blue"


def test_an_open_option_is_asked_for_and_its_answer_carried_on() -> None:
    choices = [fact(row, "Harbor mug") for row in MUG["variants"]]
    which = refusal("variant_required", product={"external_id": "mug", "title": "Harbor mug"}, candidates=choices)
    asked = play(turn(act("add_to_cart", "a mug", product_query="mug", quantity=3)), update_cart=lambda _: which)
    assert "blue" in asked.text
    assert "red" in asked.text
    assert asked.memory["asked_for"] == "variant"

    answer = turn(act("other", "the red one, if I may"), memory=asked.memory)
    chosen = play(answer, update_cart=added("mug-red", "Harbor mug", color="red"))
    assert chosen.calls == [("update_cart", {"action": "add", "product": "mug-red", "quantity": 3})]


def test_options_that_no_variant_has_in_stock_are_not_offered() -> None:
    gone = [fact({**row, "available": 0}, "Harbor mug") for row in MUG["variants"]]
    which = refusal("variant_required", product={"external_id": "mug", "title": "Harbor mug"}, candidates=gone)
    played = play(turn(act("add_to_cart", "a mug", product_query="mug")), update_cart=lambda _: which)
    assert "out of stock" in played.text or "sold out" in played.text
    assert "asked_for" not in played.memory


def test_a_list_that_no_clause_divided_is_tried_part_by_part() -> None:
    def answer(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "mug and tray":
            return refusal("product_not_found")
        return added(f"{arguments['product']}-one", arguments["product"])(arguments)

    played = play(turn(act("add_to_cart", "the mug and tray", product_query="mug and tray")), update_cart=answer)
    assert [arguments["product"] for _, arguments in played.calls] == ["mug and tray", "mug", "tray"]


def test_more_than_there_is_offers_what_is_left_beyond_the_cart() -> None:
    few = refusal("out_of_stock", available=3, in_cart=1, title="Harbor mug", options={"color": "blue"})
    view = turn(act("add_to_cart", "five mugs", product_query="mug", quantity=5))
    played = play(view, update_cart=lambda _: few)
    assert "Only 3 of Harbor mug (blue)" in played.text
    assert played.memory["pending"]["quantity"] == 2


def test_all_there_is_in_the_cart_already_asks_for_nothing() -> None:
    few = refusal("out_of_stock", available=1, in_cart=1, title="Harbor mug", options={})
    played = play(turn(act("add_to_cart", "another", product_query="mug")), update_cart=lambda _: few)
    assert "in your cart already" in played.text
    assert "asked_for" not in played.memory


def test_yes_adds_what_was_suggested_with_how_many() -> None:
    memory = {"asked_for": "confirm_add", "pending": {"product": "mug-blue"}}
    view = turn(act("add_to_cart", "yes, two of them", quantity=2, pronoun=True), memory=memory, accepts=True)
    played = play(view, update_cart=added("mug-blue", "Harbor mug", color="blue"))
    assert played.calls == [("update_cart", {"action": "add", "product": "mug-blue", "quantity": 2})]


def test_no_leaves_the_cart_alone() -> None:
    memory = {"asked_for": "confirm_add", "pending": {"product": "mug-blue"}}
    played = play(turn(act("other", "no thanks"), memory=memory, declines=True))
    assert played.calls == []
    assert played.text


def test_one_colour_changed_to_another_names_the_line_it_means() -> None:
    cart = cart_of(("mug-blue", "Harbor mug", 1, {"color": "blue"}), ("mug-red", "Harbor mug", 2, {"color": "red"}))
    clause = act("change_cart", "blue to red", options={"color": "red"}, instead_of={"color": "blue"})
    played = play(turn(clause, cart=cart), update_cart=added("mug-red", "Harbor mug", color="red"))
    assert played.calls == [("update_cart", {"action": "replace", "variant": "mug-blue", "options": {"color": "red"}})]


def test_a_number_that_is_no_option_of_the_line_is_how_many() -> None:
    cart = cart_of(("mug-blue", "Harbor mug", 1, {"color": "blue"}))
    clause = act("change_cart", "make the mugs 4", product_query="mugs", options={"size": "4"})
    played = play(turn(clause, cart=cart), update_cart=added("mug-blue", "Harbor mug", color="blue"))
    assert played.calls[0][1]["action"] == "set"
    assert played.calls[0][1]["quantity"] == 4


def test_what_is_not_in_the_cart_is_said_once() -> None:
    cart = cart_of(("mug-blue", "Harbor mug", 1, {"color": "blue"}))
    view = turn(act("remove_from_cart", "remove the tray", product_query="tray"), cart=cart)
    played = play(view, update_cart=lambda _: refusal("not_in_cart"))
    assert played.text == "“tray” is not in your cart."


def test_emptying_the_cart_forgets_what_was_spoken_of() -> None:
    memory = {"focus": {"product": "mug", "title": "Harbor mug"}}
    view = turn(act("remove_from_cart", "empty my cart", everything=True), memory=memory)
    played = play(view, update_cart=lambda _: (True, {"cart": cart_of(), "changed": None}))
    assert played.calls == [("update_cart", {"action": "clear"})]
    assert "focus" not in played.memory


def _adding(*goes_with: str) -> dict[str, Any]:
    changed = {
        **fact(variant("kettle-1"), "Kettle"),
        "quantity": 1,
        **({"goes_with": list(goes_with)} if goes_with else {}),
    }
    return {"update_cart": lambda _: (True, {"cart": EMPTY_CART, "changed": changed})}


def test_what_goes_with_it_is_suggested_once_and_shown_if_they_like() -> None:
    add = act("add_to_cart", "add a kettle", product_query="kettle")
    suggested = play(turn(add), **_adding("coffee beans"))
    assert suggested.tools == ["update_cart"]
    assert "coffee beans" in suggested.text
    beans = product("beans", "House blend", variant("beans-1", 1600))
    yes = turn(act("other", "yes please", 0.5), accepts=True, memory=suggested.memory)
    shown = play(yes, product_search=lambda _: (True, {"products": [beans]}))
    assert shown.calls == [("product_search", {"query": "coffee beans", "limit": 3})]
    assert "House blend" in shown.text
    again = play(turn(add, memory=shown.memory), **_adding("coffee beans"))
    assert "coffee beans" not in again.text


def test_nothing_is_suggested_that_is_there_or_while_they_are_paying() -> None:
    add = act("add_to_cart", "add a kettle", product_query="kettle")
    held = {**EMPTY_CART, "items": [{"title": "Coffee bean", "product_external_id": "b", "variant_external_id": "b-1"}]}
    changed = {**fact(variant("kettle-1"), "Kettle"), "quantity": 1, "goes_with": ["coffee beans"]}
    there = play(turn(add, cart=held), update_cart=lambda _: (True, {"cart": held, "changed": changed}))
    assert "would go well" not in there.text
    assert "suggests" not in there.text
    asked = turn(add, act("product_search", "and mugs?", product_query="mugs"))
    more = play(asked, product_search=lambda _: (True, {"products": []}), **_adding("coffee beans"))
    assert "coffee beans" not in more.text
    assert "coffee beans" not in play(turn(add, verbosity="short"), **_adding("coffee beans")).text


def test_so_many_that_are_asked_for_are_ordered() -> None:
    said = act("product_search", "can I have 3 book bags?", product_query="book bags", quantity=3)
    played = play(turn(said), update_cart=added("bag-1", "Book bag"))
    assert played.calls == [("update_cart", {"action": "add", "product": "book bags", "quantity": 3})]


def test_that_with_a_name_the_shop_does_not_know_is_not_what_was_spoken_of() -> None:
    wish = act("add_to_cart", "add that hoover please", product_query="hoover")
    memory = {"focus": {"product": "mug", "title": "Harbor mug", "variant": "mug-blue"}}
    played = play(
        turn(wish, memory=memory),
        update_cart=lambda _: refusal("product_not_found"),
        product_search=lambda _: (True, {"products": []}),
    )
    assert [call.get("product") for name, call in played.calls if name == "update_cart"] == ["hoover"]


def test_other_goods_that_are_not_there_are_not_what_was_offered() -> None:
    acts = [
        act("add_to_cart", "a fern, medium", product_query="fern", options={"size": "medium"}),
        act("add_to_cart", "2 boxes of fudge", product_query="fudge", quantity=2),
    ]
    memory = {"asked_for": "confirm_add", "pending": {"product": "palm"}, "focus": {"product": "palm", "title": "Palm"}}

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return refusal("product_not_found") if arguments["product"] == "fudge" else added("fern-m", "Fern")(arguments)

    played = play(turn(*acts, text="a fern, medium, and 2 boxes of fudge", memory=memory), update_cart=put)
    assert [call["product"] for name, call in played.calls if name == "update_cart"] == ["fern", "fudge"]


def test_a_slip_in_a_short_word_beside_a_right_one_is_that_word() -> None:
    dish = product("dish", "Oval glass dish", variant("dish-1"))

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return (
            added("dish-1", "Oval glass dish")(arguments)
            if arguments["product"] == "dish"
            else refusal("product_not_found")
        )

    def played(name: str) -> list[str]:
        told = turn(act("add_to_cart", f"a {name}", product_query=name))
        found = play(told, update_cart=put, product_search=lambda _: (True, {"products": [dish]}))
        return [call["product"] for tool, call in found.calls if tool == "update_cart"]

    assert played("glas dish") == ["glas dish", "dish"]
    assert played("steel dish") == ["steel dish"], "another thing is not put in"


def test_the_maker_is_no_word_of_the_title() -> None:
    rows = [{"external_id": "sieve", "title": "Fine sieve set"}, {"external_id": "bowl", "title": "Bowl set, 3 pieces"}]

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        known = arguments["product"] == "sieve"
        return added("sieve", "Fine sieve set")(arguments) if known else refusal("ambiguous_product", candidates=rows)

    told = turn(act("add_to_cart", "the sieve set from lund", product_query="sieve set from lund", brand="Lund"))
    assert [call["product"] for _, call in play(told, update_cart=put).calls] == ["sieve set from lund", "sieve"]


def test_the_beginning_of_a_word_says_which_line_of_the_cart() -> None:
    cart = cart_of(("sweets-1", "Sea salt chocolates", 1, {}), ("card-1", "Card", 1, {}))
    told = turn(act("remove_from_cart", "drop the choc", product_query="choc"), cart=cart)
    gone = {
        "changed": {"external_id": "sweets-1", "title": "Sea salt chocolates", "options": {}, "quantity": 0},
        "cart": cart,
    }
    assert play(told, update_cart=lambda _: (True, gone)).calls[0][1]["product"] == "sweets"
    other = turn(act("remove_from_cart", "drop the chop", product_query="chop"), cart=cart)
    assert play(other, update_cart=lambda _: refusal("not_in_cart")).calls[0][1]["product"] == "chop"


def test_a_value_beside_one_there_is_not_says_which() -> None:
    rows = [fact(variant("mat-1", size="40 x 60"), "Mat"), fact(variant("mat-2", size="60 x 90"), "Mat")]

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "mat-2":
            return added("mat-2", "Mat", size="60 x 90")(arguments)
        return refusal("variant_not_found", product={"external_id": "mat", "title": "Mat"}, candidates=rows)

    told = act(
        "add_to_cart", "the large mat, 60 x 90", product_query="mat", options={"size": "L"}, also={"size": ["60 x 90"]}
    )
    played = play(turn(told), update_cart=put)
    assert played.calls[-1][1]["product"] == "mat-2"


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ("I like the look of the Harbor mug, you can heat it right?", 0.1),
        ("my aunt wants one of your Harbor mugs", 0.8),
    ],
)
def test_a_wild_guess_and_a_kind_of_goods_put_nothing_into_the_cart(said: str, confidence: float) -> None:
    view = turn(act("add_to_cart", said, confidence, product_query="Harbor mug"))
    played = play(
        view,
        product_details=lambda _: (True, {"product": MUG}),
        product_search=lambda _: (True, {"products": [MUG]}),
    )
    assert [tool for tool, _ in played.calls if tool == "update_cart"] == []
    assert "Harbor mug" in played.text
