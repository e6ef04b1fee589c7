"""Nothing comes into the cart twice, in another number or as another variant than was said."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.choosing import spelt_out
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

LAMP = ("lamp-1", "Arc lamp", 1, {})
FOCUS = {"focus": {"product": "lamp-1", "title": "Arc lamp", "variant": "lamp-1"}}


def offered(_: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return True, {
        "decision": "offer", "final": True, "list_price": 9000, "variant": "lamp-1", "title": "Arc lamp",
        "offer": {"title": "Arc lamp", "amount": 8000, "variant_external_id": "lamp-1"}, "cart": {"total": 8000},
    }  # fmt: skip


@pytest.mark.parametrize("asked", [None, "confirm_offer", "code", "confirm_checkout"])
def test_who_takes_what_lies_in_the_cart_takes_no_second_one(asked: str | None) -> None:
    takes = act("add_to_cart", "I'll take it right now", pronoun=True, amount=5000)
    memory = {**FOCUS, **({"asked_for": asked, "pending": {}} if asked else {})}
    assert "update_cart" not in play(turn(takes, cart=cart_of(LAMP), memory=memory)).tools


def test_words_that_name_nothing_put_nothing_in_again() -> None:
    told = act("add_to_cart", "it was on a flyer at the station", product_query="flyer station", pronoun=True)
    played = play(turn(told, cart=cart_of(LAMP), memory=FOCUS), update_cart=lambda _: refusal("product_not_found"))
    assert [call["product"] for name, call in played.calls if name == "update_cart"] == ["flyer station"]


def test_who_takes_whatever_the_best_price_is_has_it_at_that_price() -> None:
    acts = [act("negotiation", "whatever the best price is"), act("add_to_cart", "I'll take it", pronoun=True)]
    view = turn(*acts, text="whatever the best price is, I'll take it", cart=cart_of(LAMP), memory=FOCUS)
    assert [call["action"] for _, call in play(view, make_offer=offered).calls] == ["propose", "accept"]
    view = turn(acts[0], text="whatever is the best price?", cart=cart_of(LAMP), memory=FOCUS)
    assert [call["action"] for _, call in play(view, make_offer=offered).calls] == ["propose"]


def test_what_a_pack_holds_is_not_how_many_packs() -> None:
    said = act("add_to_cart", "48 of the pegs in oak", product_query="pegs", options={"wood": "oak"}, quantity=48)
    pegs = added("pegs-48", "Clothes pegs", pack="48", wood="oak")
    played = play(turn(said, text="48 of the pegs in oak, two packs"), update_cart=pegs)
    assert [(call["action"], call["quantity"]) for _, call in played.calls] == [("add", 48), ("set", 2)]
    loose = added("pegs", "Clothes pegs", length="48 mm")
    assert len(play(turn(said, text="48 of the pegs in oak"), update_cart=loose).calls) == 1


def test_several_that_may_be_meant_are_asked_about_before_what_was_spoken_of() -> None:
    drum = product("drum", "Drum", variant("drum-b", color="black"))
    ink, refill = (product(name, name.title(), variant(f"{name}-b", ink="black")) for name in ("ink", "refill"))
    wish = act("add_to_cart", "two blacks of those", options={"ink": "black"}, quantity=2, pronoun=True)
    memory = {"focus": {"product": "drum", "title": "Drum"}}
    played = play(turn(wish, shown=[ink, drum, refill], memory=memory))
    assert "update_cart" not in played.tools
    assert "Ink" in played.text
    assert "Refill" in played.text


def test_more_are_not_taken_out_than_there_are_of_what_was_spoken_of() -> None:
    cart = cart_of(LAMP, ("bulb-r", "Bulb", 1, {"color": "red"}), ("bulb-b", "Bulb", 1, {"color": "blue"}))
    played = play(
        turn(act("remove_from_cart", "drop the three colours", quantity=3, pronoun=True), cart=cart, memory=FOCUS)
    )
    assert played.tools == []
    assert "Bulb" in played.text


def test_a_variant_is_told_by_all_that_is_said_of_it() -> None:
    rows = [
        fact(variant("a", age="5-6", fit="slim"), "Chinos"),
        fact(variant("b", age="7-8", fit="slim"), "Chinos"),
        fact(variant("c", age="7-8", fit="wide"), "Chinos"),
    ]
    found = spelt_out("the chinos 7-8 slim fit", rows)
    assert found is not None
    assert found["external_id"] == "b"
    assert spelt_out("the chinos 7-8", rows) is None
    assert spelt_out("the 7-8 slim ones, not the wide", rows) is None


def test_a_number_that_names_nothing_is_the_size_of_what_is_spoken_of() -> None:
    rows = [fact(variant("boot-40", size="40"), "Boot"), fact(variant("boot-42", size="42"), "Boot")]
    memory = {"focus": {"product": "boot", "title": "Boot"}}

    def put(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return (
            added("boot-42", "Boot", size="42")(arguments)
            if arguments["product"] == "boot-42"
            else refusal("product_not_found")
        )

    played = play(
        turn(act("change_cart", "42 then", product_query="42"), memory=memory),
        update_cart=put,
        check_inventory=lambda _: (True, {"product": {"external_id": "boot", "title": "Boot"}, "variants": rows}),
    )
    assert played.calls[-1][1]["product"] == "boot-42"


def test_a_postcode_that_was_wrong_is_put_right_in_the_address() -> None:
    address = {
        "line1": "2 Mill Lane",
        "line2": None,
        "city": "York",
        "region": None,
        "postal_code": "YO1 7AA",
        "country": "GB",
    }
    mends = act("provide_details", "sorry the postcode is YO1 7AB", postal_code="YO1 7AB", country="GB")
    played = play(
        turn(mends, contact={"shipping_address": address}, cart=cart_of(LAMP)),
        set_customer_details=lambda given: (True, {"details": given}),
    )
    assert played.calls == [("set_customer_details", {"shipping_address": {**address, "postal_code": "YO1 7AB"}})]


def refused(_: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return True, {"decision": "refused", "final": False, "list_price": 2500, "variant": "v-25", "title": "Voucher",
                  "offer": None, "cart": {"total": 0}}  # fmt: skip


def test_who_names_the_very_price_orders_and_does_not_haggle() -> None:
    order = act("negotiation", "a voucher for 25 euros", product_query="voucher", amount=2500, quantity=1)
    played = play(turn(order, text="a voucher for 25 euros"), make_offer=refused, update_cart=added("v-25", "Voucher"))
    assert [call["product"] for name, call in played.calls if name == "update_cart"] == ["v-25"]
    asks = act("negotiation", "could you do 25 euros for it", product_query="voucher", amount=2500)
    assert "update_cart" not in play(turn(asks, text="could you do 25 euros for it?"), make_offer=refused).tools
