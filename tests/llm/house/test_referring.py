"""Words for what was shown are taken for that, before any catalogue is searched."""

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

MUG = product("mug", "Harbor stoneware mug", variant("mug-blue", color="ink blue"), variant("mug-red", color="red"))
CUPS = product("cups", "Thimble cups, set of 2", variant("cups-1"))
KIT = product("kit", "Whetline two-stone kit", variant("kit-1"))
SHOWN = [MUG, CUPS]


def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return added(f"{arguments['product']}-1", arguments["product"])(arguments)


def put_variant(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return added(arguments["variant"], arguments["variant"])(arguments)


@pytest.mark.parametrize(
    ("said", "call"),
    [
        (
            act("product_search", "the harbor one in ink blue, two please", quantity=2, options={"color": "ink blue"}),
            {"product": "mug", "options": {"color": "ink blue"}, "quantity": 2},
        ),
        (act("add_to_cart", "the thimble one please", attributes={"made_by": "thimble"}, pronoun=True), {"product": "cups", "quantity": 1}),
        (act("add_to_cart", "I'll take the stoneware one, easier to clean", product_query="easier"), {"product": "mug", "quantity": 1}),
        (act("product_search", "that harber mug, please", product_query="harber mug"), {"product": "mug", "quantity": 1}),
    ],
)  # fmt: skip
def test_words_of_what_was_shown_put_that_into_the_cart(said: ActView, call: dict[str, Any]) -> None:
    view = turn(said, shown=SHOWN, memory={"asked_for": "choice"})
    assert play(view, update_cart=put).calls == [("update_cart", {"action": "add", **call})]


@pytest.mark.parametrize("text", ["do you have other mugs?", "show me the bigger mugs", "a teapot please", "mugs"])
def test_what_is_looked_for_anew_is_searched(text: str) -> None:
    view = turn(act("product_search", text, product_query=text.split()[-1].strip("?")), shown=SHOWN)
    nothing = {
        "product_search": lambda _: (True, {"products": []}),
        "search_knowledge": lambda _: (True, {"passages": []}),
    }
    assert "update_cart" not in play(view, update_cart=put, **nothing).tools


def test_words_that_several_of_the_list_bear_are_asked_about() -> None:
    plate = product("plate", "Harbor dinner plate", variant("plate-1"))
    said = act("add_to_cart", "two of the harbor ones please", product_query="harbor", quantity=2)
    played = play(turn(said, shown=[MUG, CUPS, plate], memory={"asked_for": "choice"}), update_cart=put)
    assert played.calls == []
    assert "Harbor stoneware mug or Harbor dinner plate" in played.text
    answer = turn(act("other", "the plate one"), shown=[MUG, CUPS, plate], memory=played.memory)
    assert play(answer, update_cart=put).calls == [
        ("update_cart", {"action": "add", "product": "plate", "quantity": 2})
    ]


def test_a_weak_match_of_the_catalogue_is_shown_and_not_bought() -> None:
    said = act("product_search", "the pebble one, two please", product_query="pebble two", options={"color": "blue"})
    played = play(turn(said), product_search=lambda _: (True, {"products": [KIT]}), update_cart=put)
    assert played.tools == ["product_search"]
    assert played.memory["asked_for"] == "confirm_add"


def test_the_whole_name_of_one_of_several_hits_is_meant() -> None:
    found = [product(f"plug-{n}", f"Spark plug set of {n}", variant(f"p{n}")) for n in (3, 4)]
    said = act("product_search", "spark plug set of 4 please", product_query="spark plug set of 4")
    played = play(turn(said), product_search=lambda _: (True, {"products": found}), update_cart=put)
    assert played.calls[-1][1]["product"] == "plug-4"


def test_the_first_of_the_blue_ones_is_blue() -> None:
    memory = {"asked_for": "choice", "searched": {"query": "mug", "options": {"color": "blue"}}}
    first = turn(act("add_to_cart", "add the first one", ordinals=[1]), shown=SHOWN, memory=memory)
    assert play(first, update_cart=put).calls[0][1]["options"] == {"color": "blue"}
    second = turn(act("add_to_cart", "add the second one", ordinals=[2]), shown=SHOWN, memory=memory)
    assert "options" not in play(second, update_cart=put).calls[0][1], "it has no colours"


@pytest.mark.parametrize(
    "said",
    [
        act("add_to_cart", "the first and the second", ordinals=[1, 2]),
        act("add_to_cart", "one of each please", quantity=1, pronoun=True),
        act("add_to_cart", "I'll take them all", everything=True),
    ],
)
def test_several_of_the_list_are_all_taken(said: ActView) -> None:
    played = play(turn(said, shown=[CUPS, KIT], memory={"asked_for": "choice"}), update_cart=put)
    assert [call["product"] for _, call in played.calls] == ["cups", "kit"]


def test_what_is_in_the_cart_is_not_added_again_by_the_way() -> None:
    cart = cart_of(("cups-1", "Thimble cups", 1, {}))
    memory = {"focus": {"product": "cups", "title": "Thimble cups", "variant": "cups-1"}}
    view = turn(act("add_to_cart", "great, I'll take it", pronoun=True), cart=cart, memory=memory)
    asked = play(view, update_cart=lambda _: refusal("never"))
    assert asked.calls == []
    assert "in your cart already" in asked.text
    assert asked.memory["asked_for"] == "confirm_checkout"
    more = turn(act("add_to_cart", "I'll take another one", pronoun=True, quantity=1), cart=cart, memory=memory)
    assert play(more, update_cart=put).tools == ["update_cart"]
    buys = turn(act("add_to_cart", "OK, I'll buy it!", pronoun=True), cart=cart, memory=memory)
    assert play(buys, create_payment_link=lambda _: refusal("tool_failed")).tools == ["create_payment_link"]


def test_so_many_of_what_is_in_the_cart_sets_its_line() -> None:
    cart = cart_of(("drip-2", "Tidewater pour-over dripper", 1, {"size": "2 cups"}))
    said = act("add_to_cart", "three of the Tidewater dripper will do", product_query="Tidewater dripper", quantity=3)
    played = play(turn(said, cart=cart), update_cart=put_variant)
    assert played.calls == [("update_cart", {"action": "set", "variant": "drip-2", "quantity": 3})]
    more = act("add_to_cart", "three more of the Tidewater dripper", product_query="Tidewater dripper", quantity=3)
    assert play(turn(more, cart=cart), update_cart=put).calls[0][1]["action"] == "add"


def test_the_variant_that_the_clause_says_or_that_is_left_is_taken() -> None:
    def pick(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "class":
            return refusal(
                "variant_required", product={"external_id": "class", "title": "Class"}, candidates=candidates
            )
        return put(arguments)

    saturday = variant("sat", session="Saturday morning")
    candidates = [fact(row, "Class") for row in (saturday, variant("tue", session="Tuesday evening"))]
    said = act("add_to_cart", "a place in the class on Saturday morning", product_query="class")
    assert play(turn(said), update_cart=pick).calls[-1][1]["product"] == "sat"
    bare = act("add_to_cart", "a place in the class", product_query="class")
    assert play(turn(bare), update_cart=pick).memory["asked_for"] == "variant"
    candidates = [fact(saturday, "Class"), fact(variant("gone", available=0, session="Tuesday"), "Class")]
    some = act("add_to_cart", "the class, live", product_query="class", options={"form": "live"})
    assert play(turn(some), update_cart=pick).calls[-1][1]["product"] == "sat"
    offered = play(turn(bare), update_cart=pick).memory
    assert (offered["asked_for"], offered["pending"]["product"]) == ("confirm_add", "sat"), (
        "the only one left is offered"
    )


def test_taking_it_after_the_deal_means_the_unit_of_the_deal() -> None:
    cart = cart_of(("lamp-s", "Arc lamp", 1, {}))
    offer = {"variant_external_id": "lamp-s", "title": "Arc lamp", "amount": 4500, "quantity": 1, "status": "accepted"}
    memory = {"focus": {"product": "lamp-s", "title": "Arc lamp"}}
    view = turn(act("add_to_cart", "I take it", pronoun=True), cart=cart, offer=offer, accepts=True, memory=memory)
    played = play(view)
    assert played.calls == []
    assert "$45.00 each for 1 × Arc lamp" in played.text
    assert played.memory["asked_for"] == "confirm_checkout"


def test_the_one_with_something_answers_which_of_them() -> None:
    rows = [variant("body", kit="body only"), variant("two", kit="2 × 4.0 Ah")]
    which = {"product": "drill", "title": "Drill", "then": "add", "candidates": rows}
    said = act("product_search", "the one with two 4.0 Ah batteries", product_query="two 4.0 Ah batteries")
    view = turn(said, memory={"asked_for": "variant", "pending": which})
    assert play(view, update_cart=put).calls[0][1]["product"] == "two"


def test_the_cheaper_one_in_black_is_one_of_them() -> None:
    cheap = product("cheap", "Hand grinder", variant("c", price=100, color="black"))
    dear = product("dear", "Burr grinder", variant("d", price=900, color="black"))
    said = act("add_to_cart", "ok, the cheaper one please, in black", options={"color": "black"}, pronoun=True)
    assert play(turn(said, shown=[dear, cheap]), update_cart=put).calls[0][1]["product"] == "cheap"
    either = act("add_to_cart", "the black one please", options={"color": "black"}, pronoun=True)
    assert "Burr grinder or Hand grinder" in play(turn(either, shown=[dear, cheap]), update_cart=put).text
