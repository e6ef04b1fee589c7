"""Names that hold an option's words, the last variant, two goods swapped, one thing that is no comparison, manners."""

from typing import Any

from tests.llm.house.test_cart import cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

BLEND = product(
    "blend", "Anvil espresso blend", variant("blend-w", grind="whole bean"), variant("blend-e", grind="espresso")
)
KETTLE = product("kettle", "Swift kettle", variant("kettle-b", color="black"))


def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    name = arguments.get("product") or arguments.get("variant")
    changed = {"external_id": name, "title": name, "options": {}, "quantity": arguments.get("quantity", 1)}
    return True, {"changed": changed, "cart": cart_of(("mat-v", "Felt mat", 1, {}), (f"{name}-v", str(name), 1, {}))}


def test_a_word_of_the_title_is_no_option_of_what_was_shown() -> None:
    named = act(
        "add_to_cart", "the anvil espresso blend", product_query="anvil espresso blend", options={"grind": "espresso"}
    )
    played = play(turn(named, shown=[BLEND]), update_cart=put)
    assert "options" not in played.calls[0][1]
    besides = act("add_to_cart", "the anvil in espresso", product_query="anvil", options={"grind": "espresso"})
    played = play(turn(besides, shown=[BLEND]), update_cart=put)
    assert played.calls[0][1] == {"action": "add", "product": "blend", "options": {"grind": "espresso"}, "quantity": 1}


def test_the_only_one_left_is_offered_and_its_name_is_a_yes() -> None:
    rows = [fact(variant("k-b", color="black"), "Kettle"), fact(variant("k-w", available=0, color="white"), "Kettle")]
    missing = {"product": {"external_id": "k", "title": "Kettle"}, "candidates": rows}
    wish = act("add_to_cart", "two of the kettle", product_query="kettle", quantity=2)
    asked = play(turn(wish), update_cart=lambda _: refusal("variant_required", **missing))
    assert asked.memory["asked_for"] == "confirm_add"
    answer = act("product_search", "I'd say black", confidence=0.6, product_query="black", options={"color": "black"})
    played = play(turn(answer, memory=asked.memory), update_cart=put)
    assert played.calls[0][1] == {"action": "add", "product": "k-b", "options": {"color": "black"}, "quantity": 2}


def test_one_of_the_cart_is_swapped_for_what_is_named() -> None:
    wish = act("change_cart", "swap the felt mat for the wool rug", product_query="felt mat for the wool rug")
    played = play(turn(wish, cart=cart_of(("mat-v", "Felt mat", 1, {}))), update_cart=put)
    assert [call[1]["action"] for call in played.calls] == ["add", "remove"]
    assert (played.calls[0][1]["product"], played.calls[1][1]["variant"]) == ("wool rug", "mat-v")


def test_one_thing_named_is_looked_for_not_compared() -> None:
    wish = act("product_comparison", "a bag which is waterproof", product_query="bag", attributes={"waterproof": "yes"})
    played = play(turn(wish, shown=[BLEND, KETTLE]), product_search=lambda _: (True, {"products": [KETTLE]}))
    assert [name for name, _ in played.calls] == ["product_search"]


def test_a_slip_beside_that_means_what_lies_in_the_cart() -> None:
    wish = act("add_to_cart", "ok, I'll oder that", product_query="oder")
    cart = cart_of(("mat-v", "Felt mat", 1, {}))
    played = play(turn(wish, cart=cart), update_cart=lambda _: refusal("product_not_found"))
    assert played.memory["asked_for"] == "confirm_checkout"


def test_of_manners_the_goodbye_is_answered() -> None:
    played = play(turn(act("other", "that's all"), act("thanks", "thank you"), act("goodbye", "bye")))
    assert played.text in ("Goodbye, and thanks for stopping by!", "Take care, see you soon!")


def test_the_words_of_a_name_choose_no_variant() -> None:
    rows = [fact(one, "Anvil espresso blend") for one in BLEND["variants"]]
    missing = {"product": {"external_id": "blend", "title": "Anvil espresso blend"}, "candidates": rows}
    wish = act("add_to_cart", "2 of the anvil espresso blend", product_query="anvil espresso blend", quantity=2)
    played = play(turn(wish), update_cart=lambda _: refusal("variant_required", **missing))
    assert played.memory["asked_for"] == "variant"
