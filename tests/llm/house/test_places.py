"""A part of a served country that the shop's pages leave out gets no quote."""

from typing import Any

import pytest

from agentpay.llm.house.places import place_named
from tests.llm.house.turns import act, play, refusal, turn

OPTION = {"name": "Standard", "amount": 500, "min_days": 2, "max_days": 4}
QUOTE = {"requires_shipping": True, "served": True, "options": [OPTION], "country_name": "United States"}


def pages(*sentences: str) -> Any:
    return lambda _: (True, {"passages": [{"title": "Delivery", "text": " ".join(sentences)}] if sentences else []})


def asked(text: str, knowledge: Any) -> Any:
    view = turn(act("shipping_quote", text, country="US"))
    return play(view, search_knowledge=knowledge, quote_shipping=lambda _: (True, QUOTE))


def test_a_place_that_is_left_out_is_told_and_not_quoted() -> None:
    played = asked("what is delivery to Hawaii?", pages("Parcels go out daily.", "We do not deliver to Hawaii."))
    assert played.tools == ["search_knowledge"]
    assert "We do not deliver to Hawaii." in played.text


@pytest.mark.parametrize("page", [pages(), pages("Delivery to Hawaii takes a week."), pages("We never ship to Guam.")])
def test_any_other_place_is_quoted(page: Any) -> None:
    assert asked("what is delivery to Hawaii?", page).tools == ["search_knowledge", "quote_shipping"]


def test_a_country_itself_needs_no_look_at_the_pages() -> None:
    assert asked("how much is shipping to the USA?", pages()).tools == ["quote_shipping"]
    assert place_named(act("shipping_quote", "postage to Leeds LS1 4DY?"), "United Kingdom") == "Leeds"


def test_what_it_costs_to_a_country_is_about_sending_it() -> None:
    view = turn(act("price_question", "and what does it cost to France?", country="FR", pronoun=True))
    assert play(view, quote_shipping=lambda _: (True, QUOTE)).tools == ["quote_shipping"]


BELFAST = {"line1": "22 Acacia Avenue", "city": "Belfast", "postal_code": "BT1 5GS", "country": "GB"}


def given(address: dict[str, Any], knowledge: Any) -> Any:
    view = turn(act("provide_details", "it goes there", address=address), agent="payment")
    return play(view, search_knowledge=knowledge, set_customer_details=lambda _: (True, {"details": {}}))


def test_an_address_the_shop_does_not_deliver_to_is_not_noted() -> None:
    played = given(BELFAST, pages("We do not deliver to Northern Ireland."))
    assert played.tools == ["search_knowledge"]
    assert "We do not deliver to Northern Ireland." in played.text


@pytest.mark.parametrize(
    "page", [pages(), pages("Delivery to Northern Ireland is not free."), pages("Northern Ireland takes no longer.")]
)
def test_an_address_that_costs_more_is_noted(page: Any) -> None:
    assert given(BELFAST, page).tools == ["search_knowledge", "set_customer_details"]


def test_an_address_anywhere_else_needs_no_look_at_the_pages() -> None:
    assert given({**BELFAST, "postal_code": "BS6 6AE"}, pages()).tools == ["set_customer_details"]


def test_what_a_way_of_shipping_does_not_take_is_said_where_it_was_asked_for() -> None:
    view = turn(act("shipping_quote", "could it go to the USA by express?", country="US"))
    quote = {**QUOTE, "unfit": ["Express"]}
    assert (
        "Express is not possible" in play(view, search_knowledge=pages(), quote_shipping=lambda _: (True, quote)).text
    )


def test_sending_is_asked_of_another_thing_too() -> None:
    memory = {"asked_for": "shipping", "pending": {"product": "Acacia"}, "sent_to": "US"}
    view = turn(act("product_search", "a piano", product_query="piano"), text="and a piano?", memory=memory)
    played = play(view, quote_shipping=lambda _: (True, QUOTE))
    assert played.calls == [("quote_shipping", {"country": "US", "product": "piano", "quantity": 1})]


def test_of_a_product_in_several_kinds_one_stands_for_all() -> None:
    view = turn(
        act("shipping_quote", "how much for the piano to the USA?", country="US"),
        text="how much for the piano to the USA?",
    )
    kinds = refusal("variant_required", candidates=[{"external_id": "piano-black"}, {"external_id": "piano-white"}])
    quoted = {
        **QUOTE,
        "goods": {
            "product_external_id": "piano",
            "external_id": "piano-black",
            "title": "Piano",
            "options": {},
            "quantity": 1,
        },
    }
    played = play(
        view,
        search_knowledge=pages(),
        quote_shipping=lambda given: (True, quoted) if given["product"] == "piano-black" else kinds,
    )
    assert "Shipping Piano" in played.text


def test_after_a_quote_a_place_alone_asks_of_sending_there() -> None:
    view = turn(
        act("policy", "and to an address in Boston, standard?", 0.65, country="US"),
        memory={"asked_for": "shipping", "pending": {}},
    )
    assert play(view, search_knowledge=pages(), quote_shipping=lambda _: (True, QUOTE)).tools[-1] == "quote_shipping"
