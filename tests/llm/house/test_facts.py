"""What is known of a customer shortens the talk and decides nothing for them."""

from __future__ import annotations

from typing import Any

from agentpay.llm.house.facts import answering
from tests.llm.house.turns import act, fact, play, refusal, turn, variant

ROWS = [fact(variant(f"shoe-{size}", size=size), "Shoe") for size in ("42", "43", "44")]
PRODUCT = {"external_id": "shoe", "title": "Shoe"}
LINE = {"title": "Shoe", "quantity": 1, "variant_external_id": "shoe-43", "product_external_id": "shoe"}
CART = {"items": [LINE], "discount_code": None, "discount": 0, "subtotal": 5000, "total": 5000}


def unclear(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    return refusal("variant_required", product=PRODUCT, candidates=ROWS)


def asked(**given: Any) -> Any:
    return play(turn(act("add_to_cart", "add the shoe", product_query="shoe"), **given), update_cart=unclear)


def test_the_usual_size_is_offered() -> None:
    offered = asked(facts={"sizes": ["M", "43"]})
    assert "43" in offered.text.splitlines()[-1]
    assert offered.text.count("?") >= 1
    assert offered.memory["pending"]["usual"] == "shoe-43"
    assert [call[1].get("options") for call in offered.calls] == [None], "it was not chosen"
    assert "usual" not in asked().memory["pending"]
    assert "usual" not in asked(facts={"sizes": ["39"]}).memory["pending"]


def test_yes_takes_it_and_another_size_is_taken_instead() -> None:
    memory = asked(facts={"sizes": ["43"]}).memory

    def take(text: str, **given: Any) -> list[tuple[str, dict[str, Any]]]:
        view = turn(act("other", text, confidence=0.1), text=text, memory=memory, facts={"sizes": ["43"]}, **given)
        changed = {"external_id": "shoe-43", "title": "Shoe", "options": {"size": "43"}, "quantity": 1}
        return play(view, update_cart=lambda _: (True, {"cart": CART, "changed": changed})).calls

    assert [call[1]["product"] for call in take("yes", accepts=True)] == ["shoe-43"]
    assert [call[1]["product"] for call in take("my usual size please")] == ["shoe-43"]
    assert [call[1]["product"] for call in take("yes, but 44", accepts=True)] == ["shoe-44"]


def test_the_usual_address_is_the_shops_to_know() -> None:
    told = {"details": {"shipping_address": {"line1": "x"}}, "known": ["shipping_address"]}
    view = turn(act("other", "ship it to my usual address", confidence=0.2), cart=CART, verified=True)
    played = play(view, set_customer_details=lambda _: (True, told))
    assert played.calls == [("set_customer_details", {"saved_address": True})]
    assert "your address" in played.text
    none = play(view, set_customer_details=lambda _: refusal("no_saved_address"))
    assert none.memory["asked_for"] == "address"
    question = turn(act("other", "what is my usual address?", confidence=0.2), cart=CART)
    assert play(question, search_knowledge=lambda _: (True, {"passages": []})).tools == ["search_knowledge"]


def test_a_part_of_an_attributes_name_is_not_what_it_tells() -> None:
    tulips = {
        "title": "Tulips",
        "description": "Twenty stems. Bucket not included.",
        "attributes": {"bucket_life_days": 8},
    }
    asked = answering("do they come with a bucket", tulips)
    assert asked.facts == []
    assert asked.sentences == ["Bucket not included."]
    assert answering("what's the bucket life", tulips).facts == [("bucket life", "8 days")]


def test_having_to_do_it_oneself_is_no_yes() -> None:
    clock = {"title": "Clock", "description": "", "attributes": {"self_setting": "yes"}}
    assert not answering("would she have to set it herself", clock).polar
    assert answering("is it self setting", clock).polar
