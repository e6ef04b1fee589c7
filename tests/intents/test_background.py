"""What is told beside a wish is no wish; what asks, names goods or stands alone stays."""

from __future__ import annotations

import pytest

from agentpay.intents.background import with_goods_asked_about, without_background
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act, Dialogue, Entities, Understanding, Vocabulary

SHOP = Vocabulary(title_words=frozenset({"lamp", "desk", "kettle", "steel"}), options={"colour": ["Red", "Sand"]})


def kept(text: str, *acts: Act) -> list[str]:
    rules = RuleClassifier()
    parsed = rules.parse(text, SHOP, Dialogue())
    heard = rules.settle(parsed, Dialogue())[1]
    return [act.text for act in without_background(Understanding(acts=list(acts)), heard, parsed).acts]


def act(intent: I, confidence: float, text: str, **entities: object) -> Act:
    return Act(intent=intent, confidence=confidence, text=text, entities=Entities.model_validate(entities))


WISH = act(I.ADD_TO_CART, 0.7, "I'll take the desk lamp", product_query="desk lamp")


@pytest.mark.parametrize(
    "told",
    [
        act(I.EXCHANGE, 0.46, "we lost our old one on tuesday", product_query="old one"),
        act(I.COMPLAINT, 0.3, "it has been a week"),
        act(I.CHANGE_CART, 1.0, "she measured again", product_query="measured"),
        act(I.PRODUCT_SEARCH, 0.95, "I need a few things for our office", product_query="office"),
    ],
)
def test_what_is_told_beside_a_wish_goes(told: Act) -> None:
    assert kept(f"{told.text}. I'll take the desk lamp", told, WISH) == [WISH.text]


@pytest.mark.parametrize(
    "wanted",
    [
        act(I.POLICY, 0.3, "do you hold parcels"),
        act(I.RECOMMENDATION, 0.4, "my wife likes the kettle", product_query="kettle"),
        act(I.REFUND, 0.4, "we sent A-100 back", order_numbers=["A-100"]),
        act(I.ADD_TO_CART, 0.7, "a kayak", product_query="kayak"),
        act(I.ADD_TO_CART, 0.7, "my wife wants a kayak", product_query="kayak"),
    ],
)
def test_what_asks_names_goods_or_wishes_stays(wanted: Act) -> None:
    assert kept(f"{wanted.text}. I'll take the desk lamp", wanted, WISH) == [wanted.text, WISH.text]


def test_what_stands_alone_or_beside_manners_stays() -> None:
    told = act(I.EXCHANGE, 0.46, "we lost our old one on tuesday")
    assert kept(told.text, told) == [told.text]
    hello = act(I.GREETING, 0.95, "hello")
    assert kept(f"hello. {told.text}", hello, told) == ["hello", told.text]


def asked(text: str, *acts: Act) -> list[Act]:
    rules = RuleClassifier()
    parsed = rules.parse(text, SHOP, Dialogue())
    heard = rules.settle(parsed, Dialogue())[1]
    return with_goods_asked_about(Understanding(acts=list(acts)), heard, parsed).acts


BARGAIN = act(I.NEGOTIATION, 0.9, "what can you do on the price")


def test_goods_of_which_a_price_is_bargained_for_are_not_bought_yet() -> None:
    many = act(I.ADD_TO_CART, 0.9, "we need 30 lamps for the hall", product_query="lamps", quantity=30)
    (only,) = asked(f"{many.text}. {BARGAIN.text}", many, BARGAIN)
    assert only.intent is I.NEGOTIATION
    assert (only.entities.product_query, only.entities.quantity) == ("lamps", 30)


def test_goods_that_are_ordered_before_a_bargain_are_bought() -> None:
    ordered = act(I.ADD_TO_CART, 1.0, "put 30 lamps in my cart", product_query="lamps", quantity=30)
    assert asked(f"{ordered.text}. {BARGAIN.text}", ordered, BARGAIN) == [ordered, BARGAIN]


def test_goods_named_before_a_question_are_what_it_is_about() -> None:
    named = act(I.ADD_TO_CART, 0.6, "the steel kettle", product_query="steel kettle")
    question = act(I.PRICE_QUESTION, 0.9, "how much")
    (only,) = asked(f"{named.text}, how much?", named, question)
    assert (only.intent, only.entities.product_query) == (I.PRICE_QUESTION, "steel kettle")
    wanted = act(I.ADD_TO_CART, 0.9, "the steel kettle please", product_query="steel kettle")
    assert asked(f"{wanted.text}. how much?", wanted, question) == [wanted, question]


def test_a_price_complained_of_beside_goods_is_no_name_of_theirs() -> None:
    named = act(I.ADD_TO_CART, 0.9, "I want the desk lamp", product_query="desk lamp")
    dear = act(I.NEGOTIATION, 0.9, "but 80 is steep", product_query="80 is steep")
    (only,) = asked(f"{named.text} {dear.text}", named, dear)
    assert (only.intent, only.entities.product_query) == (I.NEGOTIATION, "desk lamp")
