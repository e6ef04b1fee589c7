"""Which variant words choose, how many of it, and what happens to a choice that is sold out."""

from typing import Any

import pytest

from agentpay.llm.house.choosing import counted_by, named_variant
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.tidying import without_fillers
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

TEA = [fact(variant("t-1", form="loose leaf"), "Hill assam"), fact(variant("t-2", form="tea bags"), "Hill assam")]
TRAYS = [fact(variant("l-1", pack="single"), "Lavender"), fact(variant("l-6", pack="tray of 6"), "Lavender")]


@pytest.mark.parametrize(
    ("text", "rows", "chosen"),
    [
        ("two tins of the assam, loose please", TEA, "t-1"),
        ("the assam, not the loose one", TEA, None),
        ("some assam", TEA, None),
        ("a tray of six lavender then", TRAYS, "l-6"),
    ],
)
def test_a_variant_is_chosen_by_any_word_of_its_own(text: str, rows: list[dict[str, Any]], chosen: str | None) -> None:
    row = named_variant(act("add_to_cart", text), {"product": "x"}, rows)
    assert (row or {}).get("external_id") == chosen


@pytest.mark.parametrize(
    ("text", "quantity", "counted"),
    [
        ("a tray of six", 6, None),
        ("6 trays of 6", 6, 6),
        ("actually one big bag is better", None, 1),
        ("the big one", None, None),
    ],
)
def test_a_number_that_says_which_is_no_count(text: str, quantity: int | None, counted: int | None) -> None:
    said = {"quantity": quantity} if quantity else {}
    assert counted_by(act("add_to_cart", text, **said), {"pack": "tray of 6"}) == counted


def test_as_many_as_were_wanted_come_in_another_variant() -> None:
    film = fact(variant("film-36", exposures="36"), "Colour film")
    answer = {
        "product": {"external_id": "film", "title": "Colour film"},
        "variants": [],
        "alternatives": [film],
        "in_stock": False,
    }
    first = play(
        turn(act("add_to_cart", "2 films with 24", product_query="films", quantity=2, options={"exposures": "24"})),
        update_cart=lambda _: refusal("out_of_stock", available=0, title="Colour film", options={"exposures": "24"}),
        check_inventory=lambda _: (True, answer),
    )
    then = act("add_to_cart", "36 then", options={"exposures": "36"}, pronoun=True)
    played = play(turn(then, memory=first.memory), update_cart=added("film-36", "Colour film", exposures="36"))
    assert played.calls == [("update_cart", {"action": "add", "product": "film-36", "quantity": 2})]


@pytest.mark.parametrize("which", ["the nine litre ones", "the small ones"])
def test_the_message_itself_may_say_which(which: str) -> None:
    rows = [fact(variant("can-9", size="9 L"), "Watering can"), fact(variant("can-12", size="12 L"), "Watering can")]

    def cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "cans":
            return refusal("variant_required", product={"external_id": "can", "title": "Watering can"}, candidates=rows)
        return added("can-9", "Watering can", size="9 L")(arguments)

    wishes = (
        act("add_to_cart", "2 cans", product_query="cans", quantity=2),
        act("add_to_cart", which, product_query="nine litre"),
    )
    played = play(turn(*wishes), update_cart=cart)
    assert played.calls[-1] == ("update_cart", {"action": "add", "product": "can-9", "quantity": 2})
    assert "Which" not in played.text


def test_an_option_that_one_product_of_the_list_has_means_that_one() -> None:
    shown = [
        product("course", "Online course", variant("course")),
        product("kit", "Scarf kit", variant("kit-c", color="charcoal")),
    ]
    memory = {"focus": {"product": "course", "title": "Online course"}}
    wish = act("add_to_cart", "in charcoal, one please", options={"color": "charcoal"}, quantity=1)
    played = play(turn(wish, shown=shown, memory=memory), update_cart=added("kit-c", "Scarf kit", color="charcoal"))
    assert played.calls[0][1]["product"] == "kit"


def test_some_of_a_line_become_another_variant() -> None:
    gloves = cart_of(("gloves-navy", "Oven gloves", 3, {"color": "navy"}))
    both = cart_of(
        ("gloves-navy", "Oven gloves", 3, {"color": "navy"}), ("gloves-red", "Oven gloves", 1, {"color": "red"})
    )
    changed = {"external_id": "gloves-red", "title": "Oven gloves", "options": {"color": "red"}, "quantity": 1}
    wish = act("change_cart", "make one of them red", options={"color": "red"}, quantity=1)
    played = play(turn(wish, cart=gloves), update_cart=lambda _: (True, {"cart": both, "changed": changed}))
    assert played.calls == [
        ("update_cart", {"action": "add", "product": "gloves", "options": {"color": "red"}, "quantity": 1}),
        ("update_cart", {"action": "set", "variant": "gloves-navy", "quantity": 2}),
    ]


def test_a_cry_before_a_wish_is_no_part_of_a_name() -> None:
    righto = act("add_to_cart", "righto, that one", product_query="righto that one")
    mint = act("product_search", "mint tea", product_query="mint tea")
    beauty = act("product_search", "beauty", product_query="beauty")
    kept = without_fillers([beauty, righto, mint])
    assert [(one.text, one.entities["product_query"]) for one in kept] == [
        ("that one", "that one"),
        ("mint tea", "mint tea"),
    ]
    assert without_fillers([beauty]) == [beauty], "alone it is what was said"


def test_a_comparative_says_which_by_both_sides() -> None:
    planks = [variant("p-1", size="20 x 900 mm"), variant("p-2", size="20 x 1200 mm")]
    assert (by_size("two packs of the longer boards", planks) or {})["external_id"] == "p-2"
    assert (by_size("the shorter boards", planks) or {})["external_id"] == "p-1"
    assert by_size("some boards", planks) is None


def test_a_price_says_which_voucher() -> None:
    rows = [fact(variant("v-25", 2500, value="small"), "Voucher"), fact(variant("v-60", 6000, value="big"), "Voucher")]
    chosen = named_variant(act("add_to_cart", "one for $60"), {"product": "voucher"}, rows)
    assert chosen is not None
    assert chosen["external_id"] == "v-60"
    assert named_variant(act("add_to_cart", "one for $40"), {"product": "voucher"}, rows) is None


@pytest.mark.parametrize(
    ("text", "chosen"), [("the kettle with two spouts", "k-2"), ("a single spout one", "k-1"), ("a kettle", None)]
)
def test_an_option_that_counts_is_chosen_by_the_number(text: str, chosen: str | None) -> None:
    rows = [fact(variant("k-1", spouts="single"), "Kettle"), fact(variant("k-2", spouts="double"), "Kettle")]
    found = named_variant(act("add_to_cart", text), {"product": "kettle"}, rows)
    assert (found or {}).get("external_id") == chosen
