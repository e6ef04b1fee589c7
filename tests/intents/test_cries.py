"""What people say before what they want, and what only looks like that."""

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Dialogue, Understanding, Vocabulary

SHOP = Vocabulary(
    options={"size": ["small", "large"], "key": ["A", "C"], "color": ["black"]},
    categories=["Lamps", "Harmonicas"],
    shipping_methods=["Standard", "Express"],
    countries=["AU"],
    title_words=frozenset(["tilda", "lamp", "grip", "capo", "harmonica", "cricket", "tuner"]),
)


def read(text: str, **dialogue: object) -> Understanding:
    return RuleClassifier().read(text, SHOP, Dialogue(**dialogue))


@pytest.mark.parametrize(
    "text", ["beauty. one of them", "makes sense, one of them", "righto mate, ta muchly, one of them"]
)
def test_a_cry_before_a_wish_is_no_name(text: str) -> None:
    acts = read(text, shown=1).acts
    assert [(act.intent, act.text, act.entities.product_query) for act in acts] == [
        (I.ADD_TO_CART, "one of them", None)
    ]


def test_a_name_is_none() -> None:
    assert "tilda" in str(read("tilda, one of them", shown=1).acts[0].entities.product_query)
    assert read("umbrella. do you have one?", shown=1).acts[0].text == "umbrella"
    assert read("trumpets, one of them").acts[0].entities.product_query is not None  # no goods were spoken of yet


def test_nothing_but_which_of_what_was_shown_is_a_choice() -> None:
    acts = read("makes sense, the little one. oh and a black capo", shown=1).acts
    assert [act.text for act in acts] == ["the little one", "oh and a black capo"]
    assert acts[0].intent is I.ADD_TO_CART
    assert read("that one?", shown=1).acts[0].intent is not I.ADD_TO_CART


def test_an_article_is_no_key() -> None:
    assert read("a clip for it", asked_for="variant", shown=1).acts[0].entities.options == {}
    assert read("in A please", asked_for="variant", shown=1).acts[0].entities.options == {"key": "A"}


def test_how_many_of_it_and_something_else() -> None:
    acts = read("make it two actually, and a cricket tuner", shown=1, cart_items=1).acts
    assert [(act.intent, act.entities.quantity) for act in acts] == [(I.CHANGE_CART, 2), (I.ADD_TO_CART, None)]


def test_what_depends_on_the_answer_is_not_done_yet() -> None:
    acts = read("is the black one in as well, I'd swap if so", shown=1, cart_items=1).acts
    assert [act.text for act in acts] == ["is the black one in as well"]


def test_a_cart_that_is_named_is_no_order() -> None:
    acts = read("put a capo in the cart with it", stage="after_sales").acts
    assert acts[0].intent is I.ADD_TO_CART


def test_the_way_of_shipping_is_asked_of_where_it_gets() -> None:
    act = read("could it get to Sydney express?", cart_items=1).acts[0]
    assert (act.intent, act.entities.shipping_method, act.entities.country) == (I.SHIPPING_QUOTE, "Express", "AU")


@pytest.mark.parametrize(
    ("text", "codes"), [("I have a code, it's SUNNY20", ["SUNNY20"]), ("I've a code, it's CRIME3", ["CRIME3"])]
)
def test_it_is_a_code_and_no_name(text: str, codes: list[str]) -> None:
    entities = read(text, codes=frozenset(codes), cart_items=1).entities
    assert (entities.codes, entities.name) == (codes, None)


def test_a_choice_why_and_how_many() -> None:
    acts = read("I'd rather have the tilda one, it is easier to carry. One please", shown=2, asked_for="choice").acts
    assert {act.entities.quantity for act in acts if act.intent is I.ADD_TO_CART} == {1}
    assert all(not act.entities.ordinals for act in acts)


def test_no_more_of_what_lies_in_the_cart() -> None:
    acts = read("actually no lamp", cart_items=2).acts
    assert [(act.intent, act.entities.product_query) for act in acts] == [(I.REMOVE_FROM_CART, "lamp")]


def test_who_has_a_thing_orders_none() -> None:
    assert all(act.intent is not I.ADD_TO_CART for act in read("we've a lamp at home").acts)


def test_goods_with_their_sizes_are_two() -> None:
    acts = read("I would like a Tilda lamp in black and Cricket tuner small").acts
    assert [act.entities.product_query for act in acts] == ["Tilda lamp", "Cricket tuner"]


def test_go_on_then_is_a_yes() -> None:
    assert read("go on then, I'll take it", has_offer=True).accepts


def test_what_one_of_them_can_do_is_no_order() -> None:
    acts = read("two of those then, so one can be in the wash", shown=1).acts
    assert [act.entities.quantity for act in acts if act.intent is I.ADD_TO_CART] == [2]


def test_a_place_has_its_state_and_its_country() -> None:
    assert read("and if it goes to my sister in Buffalo, NY, USA?", cart_items=1).entities.country == "US"


def test_a_wish_that_is_corrected_in_the_same_breath() -> None:
    acts = read("put the small one in. no wait, large holds more", shown=1).acts
    assert [act.entities.options for act in acts] == [{"size": "large"}]
