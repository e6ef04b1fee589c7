"""Questions in general terms are answered from the shop's pages, before anybody is asked who they are."""

import pytest

from tests.llm.house.turns import act, play, refusal, turn

RETURNS = {"title": "Returns", "text": "You have 30 days.", "score": 0.4}
DAMAGED = {"title": "Damaged, missing or wrong items", "text": "Tell us within 14 days.", "score": 0.4}
PRICE_MATCH = {"title": "Price match", "text": "We match it.", "score": 0.4}


def pages(*passages):
    return lambda _: (True, {"passages": list(passages)})


def asked(intent, text, *passages, **given):
    refused = refusal("verification_required")
    return play(
        turn(act(intent, text, **given), agent="support"),
        search_knowledge=pages(*passages),
        order_status=lambda _: refused,
    )


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("order_status", "when does a gift card run out?"),
        ("account", "do you sell my personal data"),
        ("account", "what data do you keep about me?"),
        ("cancel_order", "until when can I change or cancel an order?"),
        ("cancel_order", "can you cancel an order after it shipped?"),
        ("exchange", "what's the time limit for exchanges?"),
        ("return", "can I send back an e-book I bought by mistake?"),
        ("return", "what if I don't like it, how long can I send it back?"),
        ("change_order", "is it possible to change an order after I placed it?"),
        ("refund", "how does it work with refunds"),
    ],
)
def test_a_rule_is_told_to_anybody(intent, text):
    played = asked(intent, text, RETURNS)
    assert "order_status" not in played.tools
    assert "30 days" in played.text


@pytest.mark.parametrize(
    ("intent", "text"),
    [
        ("return", "I want to return something"),
        ("return", "can I return this?"),
        ("order_status", "when will it arrive?"),
        ("order_status", "where is the parcel?"),
        ("cancel_order", "can you cancel my order?"),
        ("cancel_order", "please cancel an order for me"),
        ("return", "how do I send back the mug I bought?"),
        ("exchange", "I ordered a shirt, can I exchange it?"),
    ],
)
def test_what_is_ones_own_needs_its_order(intent, text):
    assert "order number" in asked(intent, text, RETURNS).text


def test_what_is_to_be_changed_of_an_account_is_no_question():
    played = asked("account", "delete my data", RETURNS)
    assert "order number" in played.text


def test_what_arrived_broken_is_a_complaint_and_what_might_is_a_question():
    assert "sorry" in asked("complaint", "my cup arrived broken", DAMAGED).text
    assert "14 days" in asked("complaint", "what happens if something arrives broken?", DAMAGED).text


@pytest.mark.parametrize(
    ("intent", "text", "page"),
    [
        ("negotiation", "What is your policy for price match?", PRICE_MATCH),
        ("negotiation", "what do i need to know about price match?", PRICE_MATCH),
        ("complaint", "could you tell me something about damaged, missing or wrong items", DAMAGED),
    ],
)
def test_a_page_is_found_by_its_heading(intent, text, page):
    played = asked(intent, text, RETURNS, page)
    assert page["text"] in played.text
    assert played.tools == ["search_knowledge"]


def test_a_product_goes_before_a_page_of_the_same_words():
    found = {"external_id": "m", "title": "Matching mug", "description": "A mug.", "price_min": 100, "price_max": 100,
             "currency": "USD", "variants": []}  # fmt: skip
    view = turn(act("product_details", "tell me about the matching mug", product_query="matching mug"))
    played = play(view, product_details=lambda _: (True, {"product": found}), search_knowledge=pages(PRICE_MATCH))
    assert played.tools == ["product_details"]


def test_a_page_headed_by_what_is_asked_about_goes_before_one_that_shares_words():
    def search(arguments):
        return True, {
            "passages": [RETURNS if arguments["query"] == "returns" else {**DAMAGED, "text": "Send it back."}]
        }

    view = turn(act("policy", "how many days do I have to send something back?"))
    assert "30 days" in play(view, search_knowledge=search).text


def test_who_asks_for_price_matching_does_not_haggle_yet():
    acts = act("negotiation", "I saw it cheaper elsewhere"), act("price_question", "do you match prices?")
    played = play(
        turn(*acts, text="I saw it cheaper elsewhere, do you match prices?"), search_knowledge=pages(PRICE_MATCH)
    )
    assert played.tools == ["search_knowledge"]
    assert "We match it." in played.text


def test_what_one_clause_leaves_open_the_message_says():
    def search(arguments):
        return True, {"passages": [RETURNS] if "send it back" in arguments["query"] else []}

    text = "what if I don't like it, how long can I send it back?"
    view = turn(act("policy", "what if I don't like it"), act("return", "how long can I send it back"), text=text)
    assert play(view, search_knowledge=search).text.count("30 days") >= 1
