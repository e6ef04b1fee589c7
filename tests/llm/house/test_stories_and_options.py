"""A need told as a story, options that stay until others are said, and a cart that is put right a colour at a time."""

from __future__ import annotations

from typing import Any

from tests.llm.house.test_cart import cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

BED = product(
    "bed",
    "Dog bed",
    variant("bed-s-grey", size="small", color="grey"),
    variant("bed-l-grey", size="large", color="grey"),
)
LEAD = {"length": "2 m"}


def test_a_story_is_searched_by_its_meaning_and_the_nearest_is_spoken_of() -> None:
    text = "my labrador is stiff in the hips, she needs something comfy to sleep on"
    clause = act("recommendation", "she needs something comfy to sleep on", product_query="comfy to sleep")

    def search(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        found = [BED, product("lead", "Rope lead", variant("lead-1"))] if arguments.get("loosely") else []
        return True, {"products": found, "found": len(found)}

    played = play(turn(clause, text=text), product_search=search, search_knowledge=lambda _: (True, {"passages": []}))
    assert played.calls[-1] == ("product_search", {"query": text, "loosely": True, "limit": 3})
    assert played.memory["focus"]["product"] == "bed"
    bare = play(
        turn(act("recommendation", "what do you recommend?"), text="what do you recommend?"), product_search=search
    )
    assert not any(arguments.get("loosely") for _, arguments in bare.calls), "nothing is told of a need"


def test_what_is_sold_out_is_told_by_what_differs_and_the_size_stays() -> None:
    rows = [fact(row, "Dog bed") for row in BED["variants"]]
    wanted = {"size": "large", "color": "teal"}
    gone = refusal("out_of_stock", available=0, title="Dog bed", options=wanted, product="bed", in_cart=0)
    stock = {"product": {"external_id": "bed", "title": "Dog bed"}, "variants": [], "alternatives": rows}
    refused = play(
        turn(act("add_to_cart", "large in teal", product_query="dog bed", options=wanted)),
        update_cart=lambda _: gone, check_inventory=lambda _: (True, stock),
    )  # fmt: skip
    assert "small, grey; large, grey" in refused.text
    changed = {"external_id": "bed-l-grey", "title": "Dog bed", "options": rows[1]["options"], "quantity": 1}
    chosen = play(
        turn(act("add_to_cart", "ok grey then", options={"color": "grey"}, pronoun=True), memory=refused.memory),
        update_cart=lambda _: (
            True,
            {"cart": cart_of(("bed-l-grey", "Dog bed", 1, rows[1]["options"])), "changed": changed},
        ),
    )
    assert chosen.calls == [("update_cart", {"action": "add", "product": "bed-l-grey", "quantity": 1})]


def _changes(*acts: Any) -> list[dict[str, Any]]:
    cart = cart_of(("lead-red", "Rope lead", 2, {"color": "red", **LEAD}))
    changed = {"external_id": "lead-red", "title": "Rope lead", "options": {}, "quantity": 1}
    played = play(turn(*acts, cart=cart), update_cart=lambda _: (True, {"cart": cart, "changed": changed}))
    return [arguments for _, arguments in played.calls]


def test_one_red_and_one_black_are_one_of_each() -> None:
    one_red = act("change_cart", "one red", options={"color": "red"}, quantity=1, pronoun=True)
    one_black = act("change_cart", "one black", options={"color": "black"}, quantity=1, pronoun=True)
    assert _changes(one_red, one_black) == [
        {"action": "set", "product": "lead", "options": {"color": "red"}, "quantity": 1},
        {"action": "add", "product": "lead", "options": {"color": "black", **LEAD}, "quantity": 1},
    ]


def test_two_of_another_kind_come_in_its_place() -> None:
    clause = act("change_cart", "make it two black ones", options={"color": "black"}, quantity=2, pronoun=True)
    assert _changes(clause) == [{"action": "replace", "product": "lead", "options": {"color": "black"}, "quantity": 2}]


def test_who_agrees_and_says_where_to_gets_the_link() -> None:
    address = {"line1": "27 Abbey Street", "city": "Dublin", "postal_code": "D01 K0X5", "country": "IE"}
    clause = act("provide_details", "go ahead, 27 Abbey Street, Dublin D01 K0X5", address=address)
    cart = cart_of(("lead-red", "Rope lead", 1, {}))
    made = {"total": 5000, "url": "http://pay/1", "discount": 0, "shipping_option": None, "shipping": 0, "tax": 0}
    noted = {"details": {"shipping_address": address}}
    answers = {
        "set_customer_details": lambda _: (True, noted),
        "create_payment_link": lambda _: (True, {"checkout": made}),
    }
    assert "create_payment_link" in play(turn(clause, cart=cart, accepts=True), **answers).tools
    assert "create_payment_link" not in play(turn(clause, cart=cart), **answers).tools


def test_several_goods_that_are_named_are_shown_each() -> None:
    goods = {"dog bed": BED, "blanket": product("blanket", "Blanket", variant("blanket-1"))}

    def search(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        found = [goods[arguments["query"]]] if arguments["query"] in goods else []
        return True, {"products": found, "found": len(found)}

    clause = act("product_search", "show me the dog bed and the blanket", product_query="dog bed and the blanket")
    played = play(turn(clause), product_search=search)
    assert "Dog bed" in played.text
    assert "Blanket" in played.text
    unknown = act("product_search", "show me the dog bed and the kennel", product_query="dog bed and the kennel")
    answers = {"product_search": search, "search_knowledge": lambda _: (True, {"passages": []})}
    assert "Dog bed" not in play(turn(unknown), **answers).text, "half of it is no answer"


def test_a_size_is_advised_by_the_measure_that_the_message_tells() -> None:
    passage = {"external_id": "s", "title": "Sizes", "text": "M fits 55 to 68 cm.", "score": 0.6}
    clause = act("recommendation", "what size harness", product_query="harness")
    text = "my dog measures 60 cm round the chest. what size harness?"
    played = play(turn(clause, text=text), search_knowledge=lambda _: (True, {"passages": [passage]}))
    assert played.tools == ["search_knowledge"]
    assert "M fits" in played.text
