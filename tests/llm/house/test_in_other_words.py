"""Wishes in words that say more, or less, than those the house model was written for."""

from typing import Any

from tests.llm.house.turns import EMPTY_CART, act, play, product, refusal, turn, variant

LEAD = product("lead", "Rope lead", variant("lead-red", color="red"), variant("lead-black", color="black"))


def line(variant_id: str, title: str, of: str, **options: str) -> dict[str, Any]:
    return {"variant_id": variant_id, "variant_external_id": variant_id, "product_external_id": of, "title": title,
            "options": options, "quantity": 1, "unit_price": 5000, "line_total": 5000}  # fmt: skip


def done(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    changed = {"external_id": "v", "title": "Thing", "options": {}, "quantity": arguments.get("quantity", 1)}
    return True, {"changed": changed, "cart": EMPTY_CART}


def cart(*lines: dict[str, Any]) -> dict[str, Any]:
    return {**EMPTY_CART, "items": list(lines)}


def test_what_is_named_and_then_pointed_at_is_wanted_once() -> None:
    played = play(
        turn(
            act("add_to_cart", "I'd like the ink notebook", product_query="notebook", options={"color": "ink"}),
            act("add_to_cart", "can you put it in my basket", product_query="notebook", options={"color": "ink"}, pronoun=True),
        ),
        update_cart=done,
    )  # fmt: skip
    assert len(played.calls) == 1
    twice = play(
        turn(
            act("add_to_cart", "the ink notebook", product_query="notebook"),
            act("add_to_cart", "and two more of them", product_query="notebook", quantity=2, pronoun=True),
        ),
        update_cart=done,
    )
    assert len(twice.calls) == 2


def test_why_somebody_changes_their_mind_takes_nothing_out() -> None:
    played = play(
        turn(
            act("remove_from_cart", "my friend had to drop out", product_query="friend had to drop"),
            act("change_cart", "it's just one place", product_query="place", quantity=1),
            cart=cart(line("night", "Night workshop", "night")),
        ),
        update_cart=lambda call: done(call) if call.get("product") == "night" else refusal("product_not_found"),
    )
    assert all(call["action"] == "set" for _, call in played.calls)


def test_a_thing_that_is_not_needed_is_taken_out_once() -> None:
    played = play(
        turn(
            act("remove_from_cart", "I don't need the gloves after all", product_query="gloves"),
            act("remove_from_cart", "take them out", pronoun=True),
            cart=cart(line("g", "Work gloves", "gloves"), line("b", "Drill bit", "bit")),
        ),
        update_cart=done,
    )
    assert [call["product"] for _, call in played.calls] == ["gloves"]


def test_another_size_instead_changes_the_line_whatever_it_was_taken_for() -> None:
    played = play(
        turn(
            act("change_cart", "I've to carry it home", product_query="home"),
            act("add_to_cart", "can I have the 20 litre bag of compost instead", product_query="compost", options={"volume": "20 L"}),
            cart=cart(line("c-50", "Compost", "compost", volume="50 L")),
        ),
        update_cart=done,
    )  # fmt: skip
    assert [call["action"] for _, call in played.calls] == ["replace"]


def test_a_known_thing_asked_for_at_a_price_is_a_bid() -> None:
    refused = {"decision": "refuse", "reason": "not_negotiable", "offer": None, "list_price": 3490, "title": "Keepers",
               "variant": "keepers-en", "final": True}  # fmt: skip
    wish = act("product_search", "Can I have Keepers for 30 euros", product_query="Keepers", price_max=3000)
    played = play(turn(wish, currency="EUR", negotiable=True), make_offer=lambda _: (True, refused))
    assert played.calls[0] == ("make_offer", {"action": "propose", "product": "Keepers", "price": 3000})
    sought = act("product_search", "Can I have a game for 30 euros", product_query="game", price_max=3000)
    assert "make_offer" not in play(turn(sought, currency="EUR", negotiable=True)).tools


def test_what_is_asked_after_is_not_bought() -> None:
    choices = [
        {"external_id": one["external_id"], "options": one["options"], "price": 5000} for one in LEAD["variants"]
    ]
    memory = {"asked_for": "variant", "pending": {"then": "add", "product": "lead", "title": "Rope lead", "candidates": choices},
              "focus": {"product": "lead", "title": "Rope lead"}}  # fmt: skip
    played = play(
        turn(act("availability", "what about black", options={"color": "black"}), memory=memory),
        check_inventory=lambda _: refusal("tool_failed"),
    )
    assert played.tools == ["check_inventory"]


def test_a_cost_of_no_goods_is_told_by_the_page_that_has_its_words() -> None:
    page = {"title": "Gifts", "text": "Gift wrapping costs nothing.", "score": 0.4}
    played = play(
        turn(act("price_question", "what do you charge for gift wrapping", product_query="charge for gift wrapping")),
        check_inventory=lambda _: refusal("product_not_found"),
        search_knowledge=lambda _: (True, {"passages": [page]}),
    )
    assert "costs nothing" in played.text


def test_goods_in_the_cart_are_asked_to_be_sent_elsewhere() -> None:
    played = play(
        turn(
            act("exchange", "could you send them to Japan instead", 0.6, country="JP"),
            stage="cart",
            cart=cart(line("l", "Ledger", "ledger")),
        ),
        quote_shipping=lambda _: refusal("country_not_served"),
    )
    assert played.calls[0] == ("quote_shipping", {"country": "JP"})


def test_add_those_after_what_was_just_ordered_orders_no_more() -> None:
    played = play(
        turn(
            act("add_to_cart", "3 in oat instead", options={"color": "oat"}, quantity=3, pronoun=True),
            act("add_to_cart", "add those", pronoun=True),
            memory={"focus": {"product": "wool", "title": "Wool"}},
        ),
        update_cart=done,
    )
    assert len(played.calls) == 1


def test_why_something_is_swapped_is_no_second_change() -> None:
    played = play(
        turn(
            act("change_cart", "oh wait the pattern says 5 mm", product_query="pattern says", options={"size": "5 mm"}),
            act("change_cart", "swap the needle for the 5 mm one", product_query="needle", options={"size": "5 mm"}),
            cart=cart(line("n-4", "Birch needle", "needle", size="4 mm"), line("p", "Cardigan pattern", "pattern")),
        ),
        update_cart=done,
    )
    assert [call["product"] for _, call in played.calls] == ["needle"]


def test_a_refused_code_is_tried_again() -> None:
    refused = refusal("discount_min_subtotal")
    played = play(
        turn(
            act("change_cart", "make it four packs", quantity=4, pronoun=True),
            text="make it four packs and try again",
            cart=cart(line("n-4", "Nappies", "nappies", size="4")),
            memory={"asked_for": "code", "code": "NAPPY4", "focus": {"product": "nappies", "title": "Nappies"}},
        ),
        update_cart=done,
        validate_discount=lambda _: refused,
    )
    assert played.calls[-1] == ("validate_discount", {"code": "NAPPY4"})


def test_a_way_of_shipping_that_is_asked_after_is_not_chosen() -> None:
    played = play(
        turn(act("provide_details", "any chance of express", shipping_method="Express"), memory={"sent_to": "CA"}),
        quote_shipping=lambda _: refusal("country_not_served"),
    )
    assert played.tools[-1] == "quote_shipping"


def test_do_you_do_a_thing_the_shop_has_shows_it() -> None:
    card = product("card", "Gift card", variant("card-50", 5000))
    played = play(
        turn(act("policy", "do u do gift cards", 0.93, product_query="gift cards")),
        product_search=lambda _: (True, {"products": [card]}),
        search_knowledge=lambda _: (
            True,
            {"passages": [{"title": "Returns", "text": "Gift cards stay.", "score": 0.4}]},
        ),
    )
    assert "Gift card" in played.text
    assert "stay" not in played.text


def test_a_story_behind_a_cry_is_searched_whole() -> None:
    lamp = product("fen", "Fen pendant", variant("fen", 9000), description="To hang over a kitchen island.")
    played = play(
        turn(act("product_search", "k. something to hang over a kitchen island, dimmable", 0.65,
                 product_query="hang over a kitchen island", attributes={"dimmable": "yes"})),
        product_search=lambda call: (True, {"products": [lamp] if call.get("loosely") else []}),
    )  # fmt: skip
    assert "Fen pendant" in played.text


def test_what_work_costs_is_no_shipping() -> None:
    page = {"title": "Workshop", "text": "We restring an acoustic for 30 dollars.", "score": 0.4}
    played = play(
        turn(act("shipping_quote", "how much to restring my acoustic", 0.68, product_query="restring my acoustic")),
        check_inventory=lambda _: refusal("product_not_found"),
        search_knowledge=lambda _: (True, {"passages": [page]}),
    )
    assert "quote_shipping" not in played.tools


def test_another_size_in_its_place_whatever_the_refusal_was_taken_for() -> None:
    sizes = [variant(f"p-{n}", pieces=str(n)) for n in (500, 1000, 2000)]
    stock = {"product": product("p", "Jigsaw", *sizes), "variants": [{**row, "title": "Jigsaw", "in_stock": True} for row in sizes],
             "alternatives": [], "in_stock": True}  # fmt: skip
    played = play(
        turn(
            act("add_to_cart", "uh no that won't fit my table", 0.25, product_query="fit my table"),
            act("add_to_cart", "the middle one", 0.75, product_query="middle", pronoun=True),
            cart=cart(line("p-2000", "Jigsaw", "p", pieces="2000")),
            memory={"focus": {"product": "p", "title": "Jigsaw", "variant": "p-2000", "options": {"pieces": "2000"}}},
        ),
        check_inventory=lambda _: (True, stock),
        update_cart=done,
    )
    assert played.calls[-1][1]["action"] == "replace"


def test_another_form_of_it_is_asked_after() -> None:
    played = play(
        turn(
            act("product_details", "and as an e-book", options={"format": "E-book"}),
            memory={"focus": {"product": "salt", "title": "The Salt Road"}},
        ),
        check_inventory=lambda _: refusal("tool_failed"),
    )
    assert played.tools == ["check_inventory"]
