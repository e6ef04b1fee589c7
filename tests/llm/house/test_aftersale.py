"""What support reads from a customer's words among the few things an order holds."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale import reading
from agentpay.llm.house.aftersale.answering import goes_on

PARKA = {"title": "Glacier down parka", "options": {"size": "M", "color": "navy"}}
SOCKS = {"title": "Wool trekking socks", "options": {"size": "M"}}
OTHER_SOCKS = {"title": "Wool trekking socks", "options": {"size": "L"}}
ITEMS = [PARKA, SOCKS, OTHER_SOCKS]


def variants(*options: dict[str, str]) -> list[dict[str, Any]]:
    return [{"external_id": str(n), "options": each} for n, each in enumerate(options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the parka please", [PARKA]),
        ("socks in L", [OTHER_SOCKS]),
        ("both socks", [SOCKS, OTHER_SOCKS]),
        ("the parka and the large socks", [PARKA, OTHER_SOCKS]),
        ("the navy one", [PARKA]),
        ("a lamp", []),
    ],
)
def test_items_are_named_by_title_and_told_apart_by_options(text: str, expected: list[dict[str, Any]]) -> None:
    assert reading.named_items(text, ITEMS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an L please", ["0"]),
        ("in rust, size L", ["1"]),
        ("the rust one", ["1"]),
        ("large", ["0"]),
        ("one size bigger", ["0"]),
        ("navy", []),
        ("green", []),
    ],
)
def test_another_variant_is_the_one_that_has_what_is_new(text: str, expected: list[str]) -> None:
    others = variants({"size": "L", "color": "navy"}, {"size": "L", "color": "rust"}, {"size": "XL", "color": "navy"})
    found = reading.alternatives(text, {**PARKA, "alternatives": others})
    assert [each["external_id"] for each in found] == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [("two of the socks", 3, 2), ("3 pairs", 3, 3), ("5 pairs", 3, None), ("the socks", 3, None)],
)
def test_units_are_taken_where_there_are_so_many(text: str, most: int, expected: int | None) -> None:
    assert reading.units_of(text, most) == expected


def test_what_it_was_and_what_it_shall_be() -> None:
    assert reading.split_into("exchange the amber lamp for a white one") == ("exchange the amber lamp", "a white one")
    assert reading.split_into("the white one instead of the amber lamp") == ("the amber lamp", "the white one")
    assert reading.split_into("the white one") == ("the white one", "the white one")


@pytest.mark.parametrize(
    ("asked", "intents", "text", "flags", "expected"),
    [
        ("confirm", ["return"], "yes", {"accepts": True}, True),
        ("confirm", ["other"], "no, leave it", {"declines": True}, True),
        ("confirm", ["product_search"], "only the socks", {}, True),
        ("confirm", ["policy"], "how does a return work?", {}, False),
        ("confirm", ["product_search"], "do you have wool socks?", {}, False),
        ("confirm", ["human"], "yes, with a person please", {"accepts": True}, False),
        ("items", ["add_to_cart"], "the blue one", {}, True),
        ("items", ["checkout"], "I want to pay now", {}, False),
        ("verify", ["provide_details"], "a@b.example", {}, True),
        ("verify", ["product_search"], "a lamp", {}, False),
        ("more", ["product_search"], "and the socks too please", {}, True),
        ("more", ["product_search"], "a lamp", {}, False),
    ],
)
def test_an_answer_is_told_from_a_new_subject(
    asked: str, intents: list[str], text: str, flags: dict[str, bool], expected: bool
) -> None:
    memory = {"pending": {"task": {"kind": "return", "asked": asked}}}
    given = {"accepts": False, "declines": False} | flags
    assert goes_on(memory, intents, text, **given) is expected
    assert not goes_on({}, intents, text, **given)
