"""One thing instead of another, several things at once, and what "the big one" is."""

from typing import Any

from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

MUG = ("mug-blue", "Harbor mug", 2, {"color": "blue"})
CUP = ("cup-1", "Travel cup", 2, {})
FOCUS = {"product": "mug", "title": "Harbor mug", "variant": "mug-blue", "options": {"color": "blue"}}


def test_another_product_instead_replaces_the_one_spoken_of() -> None:
    def cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments["action"] == "replace":
            return refusal("not_in_cart")
        if arguments["action"] == "add":
            changed = {"external_id": "cup-1", "title": "Travel cup", "options": {}, "quantity": arguments["quantity"]}
            return True, {"cart": cart_of(MUG, CUP), "changed": changed}
        changed = {"title": "Harbor mug", "options": {"color": "blue"}, "quantity": 0}
        return True, {"cart": cart_of(CUP), "changed": changed}

    wish = act(
        "change_cart",
        "no, the travel cup with the green lid instead",
        product_query="travel cup",
        options={"lid": "green"},
    )
    played = play(turn(wish, cart=cart_of(MUG), memory={"focus": FOCUS}), update_cart=cart)
    assert [call["action"] for _, call in played.calls] == ["replace", "add", "remove"]
    assert played.calls[1][1]["quantity"] == 2, "as many as there were"
    assert played.calls[2][1]["variant"] == "mug-blue"


def test_what_is_not_to_be_had_takes_nothing_out() -> None:
    def cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        assert arguments["action"] != "remove"
        return refusal("not_in_cart" if arguments["action"] == "replace" else "product_not_found")

    wish = act("change_cart", "the thermos instead, in red", product_query="thermos", options={"color": "red"})
    view = turn(wish, cart=cart_of(MUG), memory={"focus": FOCUS})
    played = play(view, update_cart=cart, product_search=lambda _: (True, {"products": []}))
    assert "remove" not in [call.get("action") for _, call in played.calls]


def test_an_option_alone_means_the_line_that_has_it() -> None:
    seeds = ("seed-1", "Radish seeds", 3, {})
    soil = ("soil-50", "Potting soil", 1, {"volume": "50 l"})
    wish = act("change_cart", "the 10 litre one instead", options={"volume": "10 l"}, pronoun=True)
    view = turn(
        wish,
        cart=cart_of(seeds, soil),
        memory={"focus": {"product": "seed", "variant": "seed-1", "title": "Radish seeds"}},
    )
    played = play(view, update_cart=added("soil-10", "Potting soil", volume="10 l"))
    assert played.calls == [("update_cart", {"action": "replace", "product": "soil", "options": {"volume": "10 l"}})]


def test_what_was_taken_out_is_not_what_it_means_afterwards() -> None:
    gone = {"title": "Harbor mug", "options": {"color": "blue"}, "quantity": 0}
    view = turn(act("remove_from_cart", "no mug", product_query="mug"), cart=cart_of(MUG), memory={"focus": FOCUS})
    played = play(view, update_cart=lambda _: (True, {"cart": cart_of(CUP), "changed": gone}))
    assert "focus" not in played.memory


def test_the_big_one_is_the_largest_of_those_asked_about() -> None:
    rows = [variant("oil-1l", size="1 l"), variant("oil-250", size="250 ml"), variant("oil-500", size="500 ml")]
    memory = {"asked_for": "variant", "pending": {"then": "add", "product": "oil", "candidates": rows}}

    def chosen(text: str, query: str) -> dict[str, Any]:
        view = turn(act("add_to_cart", text, product_query=query), memory=memory)
        return play(view, update_cart=added("oil", "Olive oil")).calls[0][1]

    assert chosen("the large bottle please", "large bottle")["product"] == "oil-1l"
    assert chosen("the smallest one", "smallest")["product"] == "oil-250"
    assert chosen("the middle one", "middle")["product"] == "oil-500"


def test_a_size_replaces_a_size_whatever_the_shop_calls_it() -> None:
    rows = [fact(variant(f"frame-{size}", frame=size), "Bike") for size in ("S", "M")]
    memory = {
        "asked_for": "variant",
        "pending": {"then": "add", "product": "bike", "candidates": rows, "options": {"size": "L"}},
    }
    view = turn(act("add_to_cart", "put it in, in M", options={"frame": "M"}, pronoun=True), memory=memory)
    played = play(view, update_cart=added("frame-M", "Bike", frame="M"))
    assert all("size" not in call.get("options", {}) for _, call in played.calls)


def test_all_that_was_offered_is_taken_by_one_yes_and_by_paying() -> None:
    tea = product("tea", "Green tea", variant("tea-1"))
    pot = product("pot", "Clay pot", variant("pot-1"))

    def shown(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"products": [tea if "tea" in arguments["query"] else pot]}

    two = turn(
        act("product_search", "green tea?", product_query="tea"), act("product_search", "a pot?", product_query="pot")
    )
    memory = play(two, product_search=shown).memory
    assert memory["pending"] == {"product": "pot-1", "title": "Clay pot", "also": ["tea-1"]}
    for answer in (
        turn(act("other", "yes"), accepts=True, memory=memory),
        turn(act("checkout", "I'll pay now"), memory=memory),
    ):
        played = play(
            answer,
            update_cart=added("x", "X"),
            create_payment_link=lambda _: refusal("checkout_incomplete", missing=["email"]),
        )
        assert [call["product"] for name, call in played.calls if name == "update_cart"] == ["tea-1", "pot-1"]


def test_what_is_named_and_paid_for_in_one_breath_is_bought() -> None:
    view = turn(
        act("product_search", "a gift card for $40", product_query="gift card", options={"amount": "40"}),
        act("checkout", "let me pay"),
        text="a gift card for $40, let me pay",
    )
    missing = refusal("checkout_incomplete", missing=["email"])
    played = play(view, update_cart=added("card-40", "Gift card"), create_payment_link=lambda _: missing)
    assert played.tools == ["update_cart", "create_payment_link"]


def test_what_is_not_wanted_any_more_is_asked_back_where_nothing_is_named_instead() -> None:
    wish = act("change_cart", "not the blue one", pronoun=True, instead_of={"color": "blue"})
    played = play(turn(wish, cart=cart_of(MUG), memory={"focus": FOCUS}))
    assert played.calls == []
    assert "Harbor mug (blue)" in played.text
