"""What names somebody, a way of shipping, a code, an order or a sum by where it stands, and what only looks like one."""

from typing import Any

import pytest

from agentpay.intents.entities.pointing import EVERYTHING
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Entities, Vocabulary

_SHOP = Vocabulary(
    currency="CHF",
    options={"condition": ["good", "very good"], "size": ["39", "40"]},
    shipping_methods=["A-Post", "Home delivery", "Garage Delivery", "Express"],
    title_words={"phone", "case", "bracelet", "watch"},
    countries=["CH", "GB"],
)
_RULES = RuleClassifier()


def _named(text: str) -> Entities:
    return _RULES.read(text, _SHOP, Dialogue()).entities


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("put Kari Lunde as the receiver", {"name": "Kari Lunde"}),
        ("please write Urs Ammann as the name", {"name": "Urs Ammann"}),
        ("email: t.lou@mailbox.example name Tammy Lou Becker", {"name": "Tammy Lou Becker"}),
        ("Ring Declan on 079 555 33 08", {"name": "Declan", "phone": "+41795553308"}),
        ("Dave Pritchard, 07700 900318", {"name": "Dave Pritchard", "phone": "+447700900318"}),
        ("send it by A-Post please", {"shipping_method": "A-Post"}),
        ("A please, shipping", {"shipping_method": None}),
        ("what's the warranty on a phone, and is there a case", {"shipping_method": None}),
        ("my garage says it won't fit, want to send it back", {"shipping_method": None}),
        ("we can't drive home from the hospital, when does it arrive", {"shipping_method": None}),
        ("garage delivery please", {"shipping_method": "Garage Delivery"}),
        ("can you deliver it home", {"shipping_method": "Home delivery"}),
        ("MUMSDAY isn't working for the bracelet", {"codes": ["MUMSDAY"]}),
        ("SPRINGHIVE never took anything off", {"codes": ["SPRINGHIVE"]}),
        ("PHONE isn't working", {"codes": []}),
        ("a note for the driver on QD2305: ring next door", {"order_numbers": ["QD2305"]}),
        ("can you hold off posting CB5544 until monday", {"order_numbers": ["CB5544"]}),
        ("add two of the XR2305 to my cart", {"order_numbers": []}),
        ("any watches from 100 to 200?", {"price_min": 10000, "price_max": 20000}),
        ("a watch, from 100 up to 250", {"price_min": 10000, "price_max": 25000}),
        ("change it from 39 to 40.", {"price_min": None, "price_max": None}),
        ("switch my order from 100 to 200 please", {"price_min": None}),
        ("No worries, 1450 it is then", {"amount": 145000}),
        ("is 950 alright for it?", {"amount": 95000, "quantity": None}),
        ("85 each and i take four", {"amount": 8500}),
        ("Good afternoon", {"options": {}}),
        ("2 star wheels please", {"quantity": 2}),
        ("any 5 star reviews for the watch?", {"quantity": None}),
        ("in good condition", {"options": {"condition": "good"}}),
    ],
)
def test_what_stands_as_one_is_one(text: str, named: dict[str, Any]) -> None:
    found = _named(text)
    assert {name: getattr(found, name) for name in named} == named


def test_the_whole_thing_is_everything_in_the_cart():
    for text in ("empty the whole thing please", "bin the lot", "take out everything"):
        assert EVERYTHING.within(text), text
    assert not EVERYTHING.within("take out the case")


def test_a_feature_that_goods_are_called_by_is_part_of_their_name():
    shop = Vocabulary(
        attributes={"usb_c": ["yes", "no"], "waterproof": ["yes", "no"]},
        title_words=frozenset({"usb-c", "usb", "c", "cable", "network", "monitor", "jacket"}),
    )

    def found(text: str) -> tuple[str | None, dict[str, str]]:
        entities = _RULES.read(text, shop, Dialogue()).entities
        return entities.product_query, entities.attributes

    assert found("two USB-C cables, please") == ("USB-C cables", {"usb_c": "yes"})
    assert found("a monitor with usb-c") == ("monitor", {"usb_c": "yes"})
    assert found("a waterproof jacket") == ("jacket", {"waterproof": "yes"})
