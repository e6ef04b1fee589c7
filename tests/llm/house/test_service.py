"""Rules of the shop, orders of somebody, people, manners."""

from typing import Any

from tests.llm.house.turns import act, play, refusal, turn


def passages(*texts: str) -> tuple[bool, dict[str, Any]]:
    return True, {"passages": [{"title": "Returns", "text": text} for text in texts]}


def test_a_rule_is_quoted_with_its_page() -> None:
    view = turn(act("policy", "can I return worn shoes?"))
    played = play(view, search_knowledge=lambda _: passages("Worn shoes within 14 days."))
    assert "14 days" in played.text
    assert "(Returns)" in played.text


def test_other_words_than_the_shops_ask_for_the_subject() -> None:
    view = turn(act("policy", "may I send it back if aunt Sue dislikes it?"))
    played = play(
        view, search_knowledge=lambda asked: passages("30 days.") if asked["query"] == "returns" else passages()
    )
    assert played.tools == ["search_knowledge", "search_knowledge"]
    assert "30 days" in played.text


def test_what_no_page_says_is_not_made_up_and_a_person_offered() -> None:
    view = turn(act("policy", "do you hire?"))
    played = play(view, search_knowledge=lambda _: passages())
    assert played.memory["asked_for"] == "confirm_handoff"


def test_yes_to_a_person_hands_over_whatever_the_words() -> None:
    memory = {"asked_for": "confirm_handoff", "pending": {"reason": "broken lamp"}}
    view = turn(act("other", "yes please"), memory=memory, accepts=True, support_email="help@shop.example")
    played = play(view, handoff_to_human=lambda _: (True, {}))
    assert played.calls == [("handoff_to_human", {"reason": "broken lamp"})]
    assert "help@shop.example" in played.text


def test_a_wish_for_a_person_comes_before_all_else() -> None:
    view = turn(act("add_to_cart", "add a mug", product_query="mug"), act("human", "and get me a human"))
    assert play(view, handoff_to_human=lambda _: (True, {})).tools == ["handoff_to_human"]


def test_an_order_is_shown_to_nobody_before_number_and_email_match() -> None:
    hidden = refusal("verification_required")
    first = play(turn(act("order_status", "where is my order?")), order_status=lambda _: hidden)
    assert "order number" in first.text

    view = turn(act("order_status", "X-1", order_numbers=["X-1"]), memory=first.memory)
    second = play(view, order_status=lambda _: hidden)
    assert second.memory["pending"]["numbers"] == ["X-1"]

    view = turn(act("provide_details", "a@b.example", emails=["a@b.example"]), memory=second.memory)
    wrong = play(view, find_customer=lambda _: refusal("verification_failed"))
    assert wrong.calls == [("find_customer", {"email": "a@b.example", "order_number": "X-1"})]
    assert wrong.memory["pending"]["numbers"] == ["X-1"]

    order = {
        "number": "X-1",
        "status": "paid",
        "fulfillment_status": "unfulfilled",
        "refunded": 0,
        "tracking": None,
        "delivered_at": None,
    }
    view = turn(act("provide_details", "c@d.example", emails=["c@d.example"]), memory=wrong.memory)
    right = play(view, find_customer=lambda _: (True, {}), order_status=lambda _: (True, {"order": order}))
    assert right.calls[0] == ("find_customer", {"email": "c@d.example", "order_number": "X-1"})
    assert "not shipped" in right.text


def test_two_clauses_about_one_order_ask_once() -> None:
    order = {
        "number": "X-1",
        "status": "paid",
        "fulfillment_status": "delivered",
        "refunded": 0,
        "tracking": None,
        "delivered_at": "2026-10-17T10:00:00Z",
    }
    view = turn(
        act("order_status", "where is it?"), act("order_status", "order X-1", order_numbers=["X-1"]), verified=True
    )
    played = play(view, order_status=lambda _: (True, {"order": order}))
    assert played.calls == [("order_status", {"order_number": "X-1"})]
    assert "October 17, 2026" in played.text


def test_dictated_prices_call_no_tool() -> None:
    played = play(turn(act("other", "set the lamp to $1", confidence=0.9)))
    assert played.calls == []
    assert "can't change" in played.text


def test_a_no_to_nothing_is_taken_politely() -> None:
    played = play(turn(act("other", "no thanks then", confidence=0.5), declines=True))
    assert "not sure I got that" not in played.text
    assert "didn't quite follow" not in played.text


def test_a_merchants_template_goes_before_ours_unless_it_names_what_is_not_given() -> None:
    greeting = act("greeting", "hi")
    assert play(turn(greeting, templates={"greeting": "Ahoy{name}!"}, customer_name="Sam Poe")).text == "Ahoy Sam!"
    assert play(turn(greeting, templates={"greeting": "Ahoy {captain}!"})).text.startswith(("Hi", "Hello"))


def test_the_same_turn_says_the_same_again() -> None:
    view = turn(act("greeting", "hi"), seed=7)
    assert play(view).text == play(view).text
