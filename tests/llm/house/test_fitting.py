"""Which variant suits whom it is for, what goes with what is spoken of, and how the variants of one thing differ."""

from typing import Any

from agentpay.llm.house.advising import suited
from tests.llm.house.turns import EMPTY_CART, act, fact, play, product, refusal, turn, variant

BAGS = product(
    "bag", "Gig bag", variant("bag-34", size="3/4"), variant("bag-44", size="full"), description="Padded bag."
)
GUITAR = product(
    "guitar",
    "Acacia guitar",
    variant("guitar-34", size="3/4"),
    variant("guitar-44", size="full"),
    description="Solid top. Full size suits teenagers and adults, 3/4 children of about 8 to 11 years.",
)
NAPPIES = product(
    "nappies",
    "Fern nappies",
    variant("n3", size="3"),
    variant("n4", size="4"),
    description="Size 3 is for 4 to 9 kg, 50 in a pack; size 4 is for 7 to 15 kg, 44 in a pack.",
)
SACK = product(
    "sack",
    "Dozy sleeping bag",
    variant("light-6", tog="1.0", size="0-6 months"),
    variant("light-18", tog="1.0", size="6-18 months"),
    variant("warm-18", tog="2.5", size="6-18 months"),
    description="1.0 tog is the light one for rooms of 20 to 24 degrees, 2.5 tog the warm one for 16 to 20 degrees.",
)


def ids(text: str, of: dict[str, Any]) -> list[str]:
    return [row["external_id"] for row in suited(text, of)[0]]


def line(variant_id: str, title: str, of: str, **options: str) -> dict[str, Any]:
    return {"variant_id": variant_id, "variant_external_id": variant_id, "product_external_id": of, "title": title,
            "options": options, "quantity": 1, "unit_price": 5000, "line_total": 5000}  # fmt: skip


def test_ranges_of_the_description_and_of_options_say_which_suits() -> None:
    assert ids("my son's 9 and wants to learn", GUITAR) == ["guitar-34"]
    assert ids("he's 6 kg", NAPPIES) == ["n3"]
    assert ids("she weighs 12 kilos", NAPPIES) == ["n4"]
    assert ids("for an 8 month old, the room has about 17 degrees", SACK) == ["warm-18"]
    assert ids("for a 3 month old", SACK) == ["light-6"]


def test_where_nothing_is_told_or_all_suit_none_is_picked() -> None:
    assert ids("for my dad", GUITAR) == []
    assert ids("about 8 kg", NAPPIES) == []
    assert ids("for my son, he's 9", BAGS) == []


def test_what_suits_is_shown_and_meant_next() -> None:
    found = turn(act("recommendation", "which guitar for my son, he's 9", product_query="guitar"))
    shown = play(found, product_search=lambda _: (True, {"products": [GUITAR]}))
    assert "8 to 11 years" in shown.text
    assert shown.memory["pending"]["product"] == "guitar-34"


def test_is_it_right_for_him_asks_of_that_one() -> None:
    asked = turn(
        act("recommendation", "he's 9 and wants to learn", product_query="guitar"),
        text="he's 9 and wants to learn. is the acacia ok for him, which size?",
    )
    played = play(asked, product_details=lambda _: (True, {"product": GUITAR}))
    assert played.calls[0][1]["product"] == "acacia"
    assert played.memory["pending"]["product"] == "guitar-34"


def test_a_bag_that_fits_it_has_its_size() -> None:
    bags = [fact(row, "Gig bag") for row in BAGS["variants"]]

    def update_cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "bag":
            return refusal("variant_required", product={"external_id": "bag", "title": "Gig bag"}, candidates=bags)
        changed = {"external_id": "bag-34", "title": "Gig bag", "options": {"size": "3/4"}, "quantity": 1}
        return True, {"changed": changed, "cart": EMPTY_CART}

    focus = {"product": "guitar", "title": "Acacia guitar", "variant": "guitar-34", "options": {"size": "3/4"}}
    played = play(
        turn(act("add_to_cart", "a bag that fits it", product_query="bag"), memory={"focus": focus}),
        update_cart=update_cart,
    )
    assert played.calls[-1][1]["product"] == "bag-34"


def test_of_several_names_the_one_that_goes_with_it_or_was_spoken_of() -> None:
    strings = [
        {"external_id": "s-guitar", "title": "Guitar strings"},
        {"external_id": "s-uke", "title": "Ukulele strings"},
    ]

    def update_cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["product"] == "strings":
            return refusal("ambiguous_product", candidates=strings)
        changed = {"external_id": arguments["product"], "title": "Strings", "options": {}, "quantity": 1}
        return True, {"changed": changed, "cart": EMPTY_CART}

    uke = {"product": "uke", "title": "Kooka ukulele"}
    wish = act("add_to_cart", "a set of strings for it", product_query="strings")
    assert play(turn(wish, memory={"focus": uke}), update_cart=update_cart).calls[-1][1]["product"] == "s-uke"
    before = {
        "focus": uke,
        "recent": [uke, {"product": "s-guitar", "title": "Guitar strings", "variant": "s-guitar-l"}],
    }
    wish = act("add_to_cart", "just the strings then", product_query="strings")
    assert play(turn(wish, memory=before), update_cart=update_cart).calls[-1][1]["product"] == "s-guitar-l"


def test_two_variants_of_one_thing_are_told_apart_by_its_own_text() -> None:
    played = play(
        turn(act("product_comparison", "acacia 3/4 or full, what's the difference?", product_query="acacia")),
        product_details=lambda _: (True, {"product": GUITAR}),
    )
    assert "8 to 11 years" in played.text
    assert "3/4" in played.text
    assert "full" in played.text


def test_an_option_asked_after_is_the_lines_that_has_it() -> None:
    cart = {**EMPTY_CART, "items": [line("a-nat", "Acacia", "acacia", finish="natural", size="full"),
                                    line("s-l", "Strings", "strings", gauge="light")]}  # fmt: skip
    focus = {"product": "strings", "title": "Strings", "variant": "s-l", "options": {"gauge": "light"}}
    played = play(
        turn(act("availability", "is sunburst in", options={"finish": "sunburst"}), cart=cart, memory={"focus": focus}),
        check_inventory=lambda _: refusal("tool_failed"),
    )
    assert played.calls[0][1] == {"product": "acacia", "options": {"finish": "sunburst", "size": "full"}}


def test_a_pensioner_who_asks_for_less_asks_once() -> None:
    cart = {**EMPTY_CART, "items": [line("p-w", "Piano", "p")], "discount_code": "DEEP", "discount": 800, "total": 4200}
    refused = {"decision": "refuse", "reason": "at_floor", "offer": None, "list_price": 5000, "title": "Piano",
               "variant": "p-w", "final": True}  # fmt: skip
    played = play(
        turn(act("negotiation", "could you go lower still"), act("discount", "I'm a pensioner"), cart=cart),
        make_offer=lambda _: (True, refused),
    )
    assert played.tools == ["make_offer"]
    assert "DEEP" in played.text
    assert "as low as it goes" in played.text


def test_sending_is_quoted_of_any_variant_where_none_is_named() -> None:
    def quote(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments.get("product") == "piano":
            return refusal("variant_required", candidates=[fact(variant("p-black"), "Piano")])
        return True, {"country": "NZ", "country_name": "New Zealand", "served": True, "options": [], "goods": None,
                      "requires_shipping": True, "cart_is_empty": True}  # fmt: skip

    played = play(
        turn(
            act("product_search", "and a piano?", product_query="piano"),
            memory={"asked_for": "shipping", "pending": {"product": "guitar"}, "sent_to": "NZ"},
        ),
        quote_shipping=quote,
    )
    assert played.calls[-1][1]["product"] == "p-black"


def test_the_least_that_reaches_far_enough_suits() -> None:
    pumps = [variant("p-2", flow="2 W"), variant("p-5", flow="5 W"), variant("p-9", flow="9 W")]
    said = "2 W for ponds up to 300 litres, 5 W up to 800 litres, 9 W up to 2000 litres."
    pump = product("pump", "Pond pump", *pumps, description=said)
    rows, why = suited("my pond is 700 litres, which one do I need?", pump)
    assert [row["external_id"] for row in rows] == ["p-5"]
    assert why == said
