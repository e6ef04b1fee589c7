"""Finding products, and the questions asked about them."""

from typing import Any

import pytest

from agentpay.llm.house.facts import answering
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

LAMP = product(
    "lamp", "Arc lamp", variant("lamp-s", 9000, size="small"), variant("lamp-l", 12000, size="large"),
    description="Brass arc with a marble foot. Made by hand in Porto.", attributes={"dimmable": "yes", "height_cm": 185, "rated": "no"},
)  # fmt: skip
RUG = product("rug", "Tide wool rug", variant("rug-1", 40000))


def found(*products: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return True, {"products": list(products), "found": len(products)}


def test_a_search_shows_what_fits_and_remembers_the_only_one() -> None:
    played = play(
        turn(act("product_search", "any lamps?", product_query="lamps")), product_search=lambda _: found(LAMP)
    )
    assert "Arc lamp" in played.text
    assert "small ($90.00); large ($120.00)" in played.text
    assert played.memory["focus"]["product"] == "lamp"


def test_the_wanted_option_of_a_single_product_is_what_is_suggested() -> None:
    clause = act("product_search", "a large lamp?", product_query="lamp", options={"size": "large"})
    played = play(turn(clause), product_search=lambda _: found(LAMP))
    assert played.memory["pending"]["product"] == "lamp-l"


def test_a_kind_in_the_plural_asks_for_all_of_them_a_name_for_the_one_it_is_of() -> None:
    hand = product("hand", "Orbit hand coffee grinder", variant("hand-1", 7900))
    electric = product("electric", "Mistral burr grinder", variant("electric-1", 16900))
    for query, both in (("coffee grinders", True), ("coffee grinder", False)):
        clause = act("product_search", f"show me your {query}", product_query=query)
        played = play(turn(clause), product_search=lambda _: found(hand, electric))
        assert "Orbit" in played.text
        assert ("Mistral" in played.text) is both


def test_over_budget_is_said_and_the_closest_shown() -> None:
    clause = act("product_search", "a lamp under $50", product_query="lamp", price_max=5000)
    played = play(turn(clause), product_search=lambda arguments: found() if "price_max" in arguments else found(LAMP))
    assert "$50.00" in played.text
    assert "Arc lamp" in played.text


def test_words_the_shop_lacks_fall_back_to_the_category_they_name() -> None:
    clause = act("product_search", "crime novels", product_query="novels", category="Books > Crime")
    played = play(turn(clause), product_search=lambda arguments: found(RUG) if arguments.get("category") else found())
    assert [arguments for _, arguments in played.calls] == [
        {"query": "novels"},
        {"query": "", "category": "Books > Crime"},
    ]


def test_anything_for_the_money_is_shown_where_the_words_find_nothing() -> None:
    asked = act(
        "product_search", "anything under $18 for a stargazer friend?", product_query="stargazer friend", price_max=1800
    )
    played = play(turn(asked), product_search=lambda given: found() if given.get("query") else found(RUG))
    assert "Tide wool rug" in played.text


def test_nothing_fits_is_an_honest_no() -> None:
    played = play(turn(act("product_search", "kayaks?", product_query="kayaks")), product_search=lambda _: found())
    assert "kayaks" in played.text
    assert "asked_for" not in played.memory


def test_a_product_named_and_wanted_is_ordered_not_only_shown() -> None:
    clause = act("product_search", "I want a Tide rug", product_query="Tide rug")
    changed = {"external_id": "rug-1", "title": "Tide wool rug", "options": {}, "quantity": 1}
    cart = {"items": [], "discount_code": None, "discount": 0, "total": 40000}
    played = play(
        turn(clause),
        product_search=lambda _: found(RUG),
        update_cart=lambda _: (True, {"cart": cart, "changed": changed}),
    )
    assert played.tools == ["product_search", "update_cart"]


@pytest.mark.parametrize(
    ("said", "entities", "ordered"),
    [
        ("I want a Tide", {"product_query": "Tide"}, 1),
        ("I want a rug", {"product_query": "rug"}, None),
        ("I need the wool rug for my mother's hall, one of them", {"product_query": "wool rug for my mother's hall", "quantity": 1}, 1),
        ("we need three wool rugs for our office", {"product_query": "wool rugs for our office", "quantity": 3}, 3),
        ("I need three sea-green rugs", {"product_query": "green rugs", "options": {"color": "sea"}, "quantity": 3}, 3),
        ("I need three silk rugs", {"product_query": "silk rugs", "quantity": 3}, None),
    ],
)  # fmt: skip
def test_so_many_of_the_one_there_is_are_ordered(said: str, entities: dict[str, Any], ordered: int | None) -> None:
    cart = {"items": [], "discount_code": None, "discount": 0, "total": 40000}
    changed = {"external_id": "rug-1", "title": "Tide wool rug", "options": {}, "quantity": 1}
    played = play(
        turn(act("product_search", said, **entities)),
        product_search=lambda _: found(RUG),
        update_cart=lambda _: (True, {"cart": cart, "changed": changed}),
    )
    assert [asked.get("quantity") for tool, asked in played.calls if tool == "update_cart"] == (
        [ordered] if ordered else []
    )


def test_a_kind_of_product_that_is_wanted_is_shown_not_ordered() -> None:
    played = play(
        turn(act("product_search", "I need a wool rug", product_query="wool rug")), product_search=lambda _: found(RUG)
    )
    assert played.tools == ["product_search"]


def test_how_much_is_it_with_nothing_spoken_of_asks_which() -> None:
    played = play(turn(act("price_question", "how much is it?", pronoun=True)))
    assert played.calls == []
    assert "product" in played.text


def test_a_follow_up_keeps_what_was_not_said_anew() -> None:
    memory = {"focus": {"product": "lamp", "title": "Arc lamp", "options": {"size": "large", "color": "red"}}}
    clause = act("availability", "and in blue?", options={"color": "blue"}, pronoun=True)
    answer = {
        "product": {"external_id": "lamp", "title": "Arc lamp"},
        "in_stock": False,
        "variants": [],
        "alternatives": [],
    }
    played = play(turn(clause, memory=memory), check_inventory=lambda _: (True, answer))
    assert played.calls[0][1] == {"product": "lamp", "options": {"size": "large", "color": "blue"}}
    assert played.memory["focus"]["options"] == {"size": "large", "color": "blue"}


def test_another_size_is_not_the_one_spoken_of() -> None:
    memory = {"focus": {"product": "lamp", "variant": "lamp-l", "title": "Arc lamp", "options": {"size": "large"}}}
    rows = [fact(row, "Arc lamp") for row in LAMP["variants"]]
    answer = {
        "product": {"external_id": "lamp", "title": "Arc lamp"},
        "in_stock": True,
        "variants": rows,
        "alternatives": [],
    }
    view = turn(act("availability", "the smaller one?", pronoun=True), memory=memory)
    played = play(view, check_inventory=lambda _: (True, answer))
    assert played.calls[0][1] == {"product": "lamp"}
    assert "$90.00" in played.text


def test_a_question_that_names_no_product_is_about_the_one_spoken_of() -> None:
    memory = {"focus": {"product": "lamp", "title": "Arc lamp"}}

    def answer(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return (True, {"product": LAMP}) if arguments["product"] == "lamp" else refusal("product_not_found")

    clause = act("product_details", "is the foot marble?", product_query="foot marble")
    played = play(turn(clause, memory=memory), product_details=answer)
    assert [arguments["product"] for _, arguments in played.calls] == ["foot marble", "lamp"]
    assert "marble foot" in played.text
    assert "Porto" not in played.text


def test_what_the_product_says_in_other_words_is_told() -> None:
    memory = {"focus": {"product": "lamp", "title": "Arc lamp"}}
    clause = act("product_details", "will it tip over?", pronoun=True)
    near = [{"text": LAMP["description"], "attribute": None}]
    played = play(turn(clause, memory=memory), product_details=lambda _: (True, {"product": LAMP, "nearest": near}))
    assert played.calls[0][1] == {"product": "lamp", "question": "will it tip over?"}
    assert "says nothing" not in played.text
    assert LAMP["description"] in played.text
    name = next(iter(LAMP["attributes"]))
    near = [{"text": "as it is named there", "attribute": name}]
    played = play(turn(clause, memory=memory), product_details=lambda _: (True, {"product": LAMP, "nearest": near}))
    assert "as it is named there" not in played.text
    assert str(LAMP["attributes"][name]) in played.text.casefold()


def test_a_yes_or_no_question_gets_a_yes_or_no() -> None:
    memory = {"focus": {"product": "lamp", "title": "Arc lamp"}}
    clause = act("product_details", "is it dimmable?", pronoun=True, attributes={"dimmable": "yes"})
    played = play(turn(clause, memory=memory), product_details=lambda _: (True, {"product": LAMP}))
    assert played.text.startswith("Yes.")
    assert "185" not in played.text


def test_what_the_data_does_not_say_is_not_made_up() -> None:
    memory = {"focus": {"product": "lamp", "title": "Arc lamp"}}
    clause = act("product_details", "does it work with alexa?", pronoun=True)
    played = play(turn(clause, memory=memory), product_details=lambda _: (True, {"product": LAMP}))
    assert "says nothing about that" in played.text


def test_attributes_are_told_with_their_units() -> None:
    assert answering("how tall is it?", LAMP).facts == [("height", "185 cm")]


def test_words_of_the_title_answer_no_question() -> None:
    assert answering("is the arc lamp cheap?", {**LAMP, "description": "A lamp with an arc."}).sentences == []


def test_a_comparison_leaves_the_places_of_the_list_to_choose_from() -> None:
    answer = {"products": [LAMP, RUG], "attributes": {"height_cm": ["185", "–"]}}
    shown = [{key: one[key] for key in ("external_id", "title", "price_min", "variants")} for one in (LAMP, RUG)]
    view = turn(act("product_comparison", "compare them"), shown=shown)
    played = play(view, compare_products=lambda _: (True, answer))
    assert played.calls == [("compare_products", {"products": ["lamp", "rug"]})]
    assert "185 cm" in played.text
    assert played.memory["asked_for"] == "choice"


SHOWN = [{"external_id": one["external_id"], "title": one["title"], "price_min": one["price_min"], "variants": []}
         for one in (RUG, LAMP)]  # fmt: skip


def test_a_colour_alone_goes_on_from_the_search_before() -> None:
    first = play(
        turn(act("product_search", "any rugs?", product_query="rugs")), product_search=lambda _: found(RUG, LAMP)
    )
    clause = act("product_search", "in blue under $500?", options={"color": "blue"}, price_max=50000)
    played = play(turn(clause, memory=first.memory, shown=SHOWN), product_search=lambda _: found(RUG))
    assert played.calls == [
        ("product_search", {"query": "rugs", "options": {"color": "blue"}, "price_max": 50000}),
    ]
    anew = act("product_search", "anything under $500?", price_max=50000)
    played = play(turn(anew, memory=first.memory, shown=SHOWN), product_search=lambda _: found(RUG))
    assert played.calls == [("product_search", {"query": "", "price_max": 50000})]


def test_the_cheapest_one_and_the_one_i_would_take_are_among_those_shown() -> None:
    def details(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"product": {"rug": RUG, "lamp": LAMP}[arguments["product"]]}

    cheapest = act("product_search", "cheapest one?", sort="price_asc")
    assert "Arc lamp" in play(turn(cheapest, shown=SHOWN), product_details=details).text
    yours = act("recommendation", "which would you take?")
    played = play(turn(yours, shown=SHOWN), product_details=details)
    assert "Tide wool rug" in played.text
    assert played.memory["pending"]["product"] == "rug-1"


def test_what_goes_with_it_is_of_its_kind_and_not_itself() -> None:
    clause = act("recommendation", "anything that goes with it?", pronoun=True)
    played = play(
        turn(clause, memory={"focus": {"product": "lamp", "title": "Arc lamp"}}),
        product_details=lambda _: (True, {"product": {**LAMP, "category": "Home"}}),
        product_search=lambda arguments: found(LAMP, RUG) if arguments.get("category") == "Home" else found(LAMP),
    )
    assert "Tide wool rug" in played.text
    assert "1. **" not in played.text


def test_a_question_about_it_asks_which_where_several_were_shown() -> None:
    played = play(turn(act("product_details", "what's it made of?", pronoun=True), shown=SHOWN))
    assert played.text == "Which one do you mean: Tide wool rug or Arc lamp?"
    assert played.calls == []


def test_looking_at_one_and_asking_about_it_orders_nothing() -> None:
    liked = act("add_to_cart", "the second one looks nice", confidence=0.65, ordinals=[2])
    asked = act("availability", "is it in stock?", pronoun=True)
    played = play(
        turn(liked, asked, shown=SHOWN),
        check_inventory=lambda _: (
            True,
            {"product": LAMP, "variants": [], "alternatives": [], "in_stock": False},
        ),
    )
    assert [(name, arguments["product"]) for name, arguments in played.calls] == [("check_inventory", "lamp")]


def test_what_a_text_only_mentions_is_not_said_to_be_it() -> None:
    bag = product("bag", "Ferry backpack", variant("bag-1"))

    def found(_: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"products": [bag], "only_mentioned": True}

    hose = play(
        turn(act("product_search", "do you have garden hoses", product_query="garden hoses")), product_search=found
    )
    assert "exactly that" in hose.text
    use = play(
        turn(act("product_search", "do you have anything for the garden", product_query="garden")), product_search=found
    )
    assert "exactly that" not in use.text


def test_a_look_around_and_a_story_beside_a_wish() -> None:
    bag = product("bag", "Ferry backpack", variant("bag-1"))
    look = turn(act("other", "I'm just having a look, what can you show me"))
    assert "Ferry backpack" in play(look, product_search=lambda _: (True, {"products": [bag]})).text
    story = act("product_search", "a friend told me about your shop", confidence=0.65, product_query="friend")
    wish = act("product_search", "do you have bags", product_query="bags")

    def shop(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"products": [bag] if arguments["query"] == "bags" else []}

    told = play(turn(story, wish), product_search=shop)
    assert "friend" not in told.text
    asked = act("recommendation", "what do you recommend?")
    assert play(turn(wish, asked), product_search=shop).tools == ["product_search"], "one wish"


def test_what_else_of_the_kind_a_budget_buys_is_shown() -> None:
    hammer, compact = product("dx18", "Cordless drill", variant("a")), product("dx12", "Compact drill", variant("b"))

    def shop(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"products": [hammer] if arguments["query"] else [hammer, compact]}

    said = act(
        "product_search",
        "a cordless drill under $150",
        product_query="cordless drill",
        category="Drills",
        price_max=15000,
    )
    played = play(turn(said), product_search=shop)
    assert played.calls[1][1] == {"query": "", "price_max": 15000, "category": "Drills"}
    assert "2. **Compact drill**" in played.text


def test_the_smaller_one_is_a_variant_of_what_is_spoken_of() -> None:
    rows = [fact(variant("rug-s", 39900, size="small"), "Rug"), fact(variant("rug-l", 69900, size="large"), "Rug")]
    stock = {"product": {"external_id": "rug", "title": "Rug"}, "in_stock": True, "variants": rows, "alternatives": []}
    memory = {"focus": {"product": "rug", "title": "Rug", "variant": "rug-l", "options": {"size": "large"}}}
    said = act("product_comparison", "and the smaller one?", pronoun=True)
    played = play(turn(said, memory=memory), check_inventory=lambda _: (True, stock))
    assert "$399.00" in played.text


def test_a_feature_that_no_headset_is_known_for_does_not_make_a_telephone_of_it() -> None:
    headset = product("headset", "Orla wireless headset", variant("headset-1"))
    handheld = product("handheld", "Kite handheld", variant("handheld-1"))
    clause = act("product_search", "bluetooth headset", product_query="headset", attributes={"bluetooth": "yes"})
    for known, others in ((handheld, headset), (headset, handheld)):
        played = play(
            turn(clause),
            product_search=lambda asked: found(known if asked.get("attributes") else others),  # noqa: B023
        )
        assert "Orla" in played.text
        assert "Kite" not in played.text
