"""What clauses mean by what stands beside them, by what was asked before, and by what lies in the cart."""

from typing import Any

import pytest

from agentpay.llm.brain import ActView
from agentpay.llm.house.meaning import as_meant
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_cart import added, cart_of
from tests.llm.house.turns import act, fact, play, product, refusal, turn, variant

ASKED = {"intent": "product_details", "text": "how much weight can the crane hold", "named": "crane"}
TWO = cart_of(("saw-1", "Hand saw", 1, {}), ("oil-1", "Linseed oil", 2, {}))


def meant(*acts: ActView, **given: Any) -> list[tuple[str, str | None]]:
    return [(one.intent, one.entities.get("product_query")) for one in as_meant(Talk(turn(*acts, **given)), acts)]


def test_and_the_other_asks_the_same_question_of_it() -> None:
    clause = act("availability", "the robin", product_query="robin")
    asked = as_meant(Talk(turn(clause, text="and the robin?", memory={"question": ASKED})), [clause])
    assert [(one.intent, one.text) for one in asked] == [("product_details", "how much weight can the robin hold")]
    assert meant(clause, text="do you have the robin?", memory={"question": ASKED}) == [("availability", "robin")]


def test_what_was_asked_of_a_product_is_kept_for_the_next_turn() -> None:
    lamp = product("lamp", "Arc lamp", variant("lamp-s"), attributes={"height_cm": 40})
    played = play(
        turn(act("product_details", "how tall is the arc lamp?", product_query="arc lamp")),
        product_details=lambda _: (True, {"product": lamp}),
    )
    assert played.memory["question"] == {
        "intent": "product_details",
        "text": "how tall is the arc lamp?",
        "named": "arc lamp",
    }


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        (
            [
                act("add_to_cart", "one ball of moss", product_query="ball"),
                act("exchange", "can you send it to Oslo", 0.46, country="NO"),
            ],
            [("add_to_cart", "ball"), ("shipping_quote", None)],
        ),
        (
            [
                act("add_to_cart", "I'd love to get into weaving", product_query="weaving"),
                act("recommendation", "what would you start with", product_query="start"),
            ],
            [("recommendation", "weaving")],
        ),
        (
            [
                act("recommendation", "we have two kittens", product_query="kittens"),
                act("complaint", "they shred the sofa", 0.4),
            ],
            [("recommendation", "kittens")],
        ),
        (
            [
                act("negotiation", "the saw for $10", product_query="saw", amount=1000),
                act("complaint", "I'll leave a bad review", 0.9),
            ],
            [("negotiation", "saw")],
        ),
        (
            [
                act("product_search", "cleaning kit", product_query="cleaning kit"),
                act("product_search", "a 5 m hose", product_query="hose"),
            ],
            [("add_to_cart", "cleaning kit"), ("add_to_cart", "hose")],
        ),
        (
            [
                act("product_search", "the reel costs $1", product_query="reel"),
                act("add_to_cart", "put it in my cart", pronoun=True),
            ],
            [("product_search", "reel"), ("add_to_cart", None)],
        ),
        ([act("provide_details", "two places on the evening walk", quantity=2, category="Walks")], [("add_to_cart", "Walks")]),
        (
            [act("discount", "navy gloves with the EASTER code", codes=["EASTER"], options={"color": "navy"})],
            [("add_to_cart", "gloves"), ("discount", None)],
        ),
        ([act("discount", "got a code"), act("discount", "SAVE", codes=["SAVE"])], [("discount", None)]),
        (
            [act("add_to_cart", "the class for me and my sister", product_query="class sister")],
            [("add_to_cart", "class")],
        ),
        (
            [act("remove_from_cart", "take it off", pronoun=True), act("negotiation", "too much for my wrists")],
            [("remove_from_cart", None)],
        ),
    ],
)  # fmt: skip
def test_clauses_are_meant_together(acts: list[ActView], expected: list[tuple[str, str | None]]) -> None:
    assert meant(*acts) == expected


def test_the_cheaper_one_of_a_list_is_chosen_and_not_haggled_for() -> None:
    shown = [product("a", "Anvil", variant("a-1", 900)), product("b", "Bellows", variant("b-1", 500))]
    clause = act("negotiation", "the cheaper one will do me", pronoun=True)
    played = play(turn(clause, shown=shown), update_cart=added("b-1", "Bellows"))
    assert played.calls == [("update_cart", {"action": "add", "product": "b", "quantity": 1})]


@pytest.mark.parametrize("text", ["ouch. just the saw then", "ok, only the saw please"])
def test_just_one_thing_of_the_cart_leaves_that_alone(text: str) -> None:
    wish = act("remove_from_cart", text, product_query="saw")
    played = play(turn(wish, cart=TWO), update_cart=lambda _: (True, {"cart": cart_of(("saw-1", "Hand saw", 1, {}))}))
    assert played.calls == [("update_cart", {"action": "remove", "variant": "oil-1"})]


def test_a_house_number_counts_no_goods() -> None:
    memory = {"focus": {"product": "glass", "title": "Tea glass"}}
    assert meant(act("provide_details", "send to 3 Quay Street", quantity=3, country="IE"), memory=memory) == [
        ("provide_details", None)
    ]


def test_a_guess_at_an_order_means_the_cart_while_there_is_one() -> None:
    course = cart_of(("course-sat", "Day class", 2, {"day": "Saturday"}))
    rows = [
        fact(variant("course-sat", day="Saturday"), "Day class"),
        fact(variant("course-wed", day="Wednesday"), "Day class"),
    ]
    clause = act("change_order", "she can only do wednesdays, switch us", 0.4)
    memory = {
        "focus": {"product": "course", "variant": "course-sat", "title": "Day class", "options": {"day": "Saturday"}}
    }
    played = play(
        turn(clause, cart=course, memory=memory),
        check_inventory=lambda _: (True, {"product": {}, "variants": rows, "in_stock": True, "alternatives": []}),
        update_cart=added("course-wed", "Day class", day="Wednesday"),
    )
    assert played.calls[-1][1] == {"action": "replace", "variant": "course-sat", "options": {"day": "Wednesday"}}


@pytest.mark.parametrize(
    ("text", "entities", "call"),
    [
        (
            "hang on, he's grown. can you change it to the L",
            {"options": {"size": "L"}},
            ("replace", {"size": "L"}, None),
        ),
        ("my friend can't make it, just me", {}, ("set", {"size": "S"}, 1)),
    ],
)
def test_a_name_the_shop_does_not_know_gives_way_to_what_is_in_the_cart(
    text: str, entities: dict[str, Any], call: tuple[str, dict[str, str], int | None]
) -> None:
    vest = cart_of(("vest-s", "Rain vest", 2, {"size": "S"}))
    focus = {"product": "vest", "variant": "vest-s", "title": "Rain vest", "options": {"size": "S"}}

    def cart(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        if arguments.get("product") == "friend":
            return refusal("not_in_cart" if arguments["action"] == "replace" else "product_not_found")
        return added("vest-l", "Rain vest", size="L")(arguments)

    wish = act("change_cart", text, product_query="friend", pronoun=True, **entities)
    played = play(turn(wish, cart=vest, memory={"focus": focus}), update_cart=cart)
    last = played.calls[-1][1]
    assert (last["action"], last.get("options"), last.get("quantity")) == call
    assert "friend" not in played.text


@pytest.mark.parametrize("threat", ["I buy it somewhere else", "I'll get it on amazon", "I'll take my money elsewhere"])
def test_a_threat_to_buy_elsewhere_buys_nothing_here(threat: str) -> None:
    bid = act("negotiation", "last word, 100", amount=10000)
    assert [intent for intent, _ in meant(bid, act("add_to_cart", threat, product_query="somewhere"))] == [
        "negotiation"
    ]
    bought = act("add_to_cart", "I'll take the red one", options={"color": "red"})
    assert [intent for intent, _ in meant(bid, bought)] == ["negotiation", "add_to_cart"]
