"""A question that comes between ours is answered, and ours is taken up again."""

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from tests.llm.house.test_cart import added
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

MUG = product("mug", "Harbor mug", variant("mug-blue", color="blue"), variant("mug-red", color="red"))
WHICH = refusal(
    "variant_required",
    product={"external_id": "mug", "title": "Harbor mug"},
    candidates=[fact(row, "Harbor mug") for row in MUG["variants"]],
)


def page(_: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return True, {"passages": [{"title": "Shipping", "text": "It takes three days.", "score": 0.9}]}


def quote(_: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    rate = {"name": "Standard", "amount": 500, "min_days": 2, "max_days": 3}
    return True, {"requires_shipping": True, "served": True, "country_name": "Austria", "options": [rate]}


def asked() -> dict[str, Any]:
    """The memory of having asked which of the mugs, three of which are wanted."""
    said = act("add_to_cart", "three mugs", product_query="mug", quantity=3)
    return play(turn(said), update_cart=lambda _: WHICH).memory


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (act("policy", "how long is shipping?"), "It takes three days."),
        (act("shipping_quote", "what is shipping to Austria?", country="AT"), "$5.00"),
        (act("greeting", "hi again"), "Shop"),
    ],
)
def test_what_came_between_is_answered_and_the_choice_asked_again(said: ActView, answer: str) -> None:
    between = play(turn(said, memory=asked()), search_knowledge=page, quote_shipping=quote)
    assert answer in between.text
    assert "Harbor mug" in between.text
    assert between.memory["asked_for"] == "variant"
    choice = turn(act("other", "the red one then"), memory=between.memory)
    chosen = play(choice, update_cart=added("mug-red", "Harbor mug", color="red"))
    assert chosen.calls == [("update_cart", {"action": "add", "product": "mug-red", "quantity": 3})]


def test_a_wish_for_a_lower_price_waits_for_the_choice() -> None:
    wish = act("negotiation", "can I get 10% off?", percent=10)
    memory = {**asked(), "focus": {"product": "mug", "title": "Harbor mug"}}
    between = play(turn(wish, memory=memory, negotiable=True), make_offer=lambda _: WHICH)
    assert "price" in between.text
    assert between.memory["asked_for"] == "variant"
    refused = {"decision": "refused", "offer": None, "title": "Harbor mug", "variant": "mug-red", "list_price": 5000}
    choice = turn(act("other", "red"), memory=between.memory, negotiable=True)
    chosen = play(choice, update_cart=added("mug-red", "Harbor mug", color="red"), make_offer=lambda _: (True, refused))
    assert chosen.tools == ["update_cart", "make_offer"]
    assert chosen.calls[1][1]["price"] == 4500


def test_a_fixed_price_is_said_to_be_fixed() -> None:
    memory = {**asked(), "focus": {"product": "mug", "title": "Harbor mug"}}
    played = play(turn(act("negotiation", "10% off?", percent=10), memory=memory), make_offer=lambda _: WHICH)
    assert "fixed" in played.text
    assert played.memory["asked_for"] == "variant"


def test_who_says_no_or_goes_on_with_something_else_is_not_asked_again() -> None:
    no = play(turn(act("other", "no thanks"), memory=asked(), declines=True), update_cart=lambda _: WHICH)
    assert "asked_for" not in no.memory
    lamp = act("product_search", "do you have lamps?", product_query="lamps")
    nothing = {
        "product_search": lambda _: (True, {"products": []}),
        "search_knowledge": lambda _: (True, {"passages": []}),
    }
    found = play(turn(lamp, memory=asked()), **nothing)
    assert "asked_for" not in found.memory


def test_the_offer_to_put_it_into_the_cart_stands_after_a_question() -> None:
    memory = {
        "focus": {"product": "mug", "title": "Harbor mug", "variant": "mug-red"},
        "asked_for": "confirm_add",
        "pending": {"product": "mug-red", "title": "Harbor mug"},
    }
    between = play(
        turn(act("shipping_quote", "shipping to Austria?", country="AT"), memory=memory), quote_shipping=quote
    )
    assert between.memory["asked_for"] == "confirm_add"
    yes = turn(act("add_to_cart", "yes", pronoun=True), memory=between.memory, accepts=True)
    assert play(yes, update_cart=added("mug-red", "Harbor mug")).calls[0][1]["product"] == "mug-red"
