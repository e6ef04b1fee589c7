"""Which items of an order a customer's sentences are about."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale import counting, reading, wished


def _item(title: str, quantity: int = 1, **options: str) -> dict[str, Any]:
    return {"title": title, "category": None, "options": options, "quantity": quantity}


BAG = _item("Harbour camera satchel", color="olive")
STRAP = _item("Cordage wrist strap", color="rust")
CUP = _item("Double wall cup", 4)
FLASK = _item("Tundra flask", 2)
SOFA = _item("Two seat sofa")
TWO, THREE, GOODS = [BAG, STRAP], [BAG, STRAP, CUP], [CUP, FLASK]


@pytest.mark.parametrize(
    ("text", "items", "expected"),
    [
        ("My satchel is smaller than I thought. I'd like to return it, the strap I'll keep.", TWO, [BAG]),
        ("keep the strap, send the satchel back", TWO, [BAG]),
        ("I bought the satchel and the strap. The strap is torn, I want my money back for it", TWO, [STRAP]),
        ("I don't want to keep the strap", TWO, [STRAP]),
        ("everything except the strap goes back", TWO, [BAG]),
        ("return the satchel, not the strap", TWO, [BAG]),
        ("the strap is great but the satchel has to go back", TWO, [BAG]),
        ("the strap is nice but it broke, I'd like to return it", TWO, [STRAP]),
        ("I'm keeping the satchel, the other two go back", THREE, [STRAP, CUP]),
        ("return the satchel, it's too small, and also the strap", TWO, [BAG, STRAP]),
        ("the flask doesn't keep tea hot, I'd like to return it", GOODS, [FLASK]),
        ("I'll keep one of the cups and return the others", GOODS, [CUP]),
        ("return the satchel. I wore it with the strap once", TWO, [BAG]),
        ("can I return it", TWO, []),
        ("I want to send something back. The satchel is too small and the strap scratches", TWO, [BAG, STRAP]),
        ("The strap stays with me, but I would like to return the rest of my order", THREE, [BAG, CUP]),
        ("the strap doesn't go with the satchel so it has to go back", TWO, [STRAP]),
        ("Strap torn. Satchel ok. Money back", TWO, [STRAP]),
        ("Return the satchel (the cups I'd like to keep) and the strap", THREE, [BAG, STRAP]),
        ("I want to return two of the cups", [CUP, SOFA], [CUP]),
        ("I want to return two of the cups. The satchel and the strap are fine", THREE, [CUP]),
        ("the satchel is too small :( keeping the strap, how do I get it back to you", TWO, [BAG]),
        ("We love the satchel but want to give the strap back", TWO, [STRAP]),
    ],
)
def test_the_wish_names_what_it_is_about_and_what_stays_is_no_part_of_it(
    text: str, items: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert wished.meant(text, items).items == expected


@pytest.mark.parametrize(
    ("text", "item", "expected"),
    [
        ("One of the two flasks leaks. Please refund me for that one", FLASK, 1),
        ("two of the cups came broken, I want my money back", CUP, 2),
        ("I ordered 4 cups and two are cracked, money back please", CUP, 2),
        ("I'll keep one cup and return the others", CUP, 3),
        ("I bought four cups, I'd like to return them", CUP, None),
        ("There were two flasks. One has a hole, I'd like the money for that one back, the second is ok", FLASK, 1),
        ("half of the cups are chipped, refund please", CUP, 2),
        ("return three cups and the flask", CUP, 3),
        ("return three cups and the flask", FLASK, None),
    ],
)
def test_pieces_are_counted_by_what_is_wrong_or_wanted(text: str, item: dict[str, Any], expected: int | None) -> None:
    assert wished.units(text, item, GOODS) == expected


@pytest.mark.parametrize(
    ("text", "due", "missing"),
    [
        ("There were only three packs in the parcel and I paid for four, just the money for it", 4, 1),
        ("only got 2 of the 3 candles", 3, 1),
        ("we're two cups short", 6, 2),
        ("a pack is missing, money back please", 4, 1),
        ("it only lasted three days, refund me for all four", 4, None),
        ("just one thing, refund order 1003", 4, None),
    ],
)
def test_what_did_not_come_is_counted(text: str, due: int, missing: int | None) -> None:
    assert counting.short_by(text, due) == missing


def test_the_thing_itself_goes_before_what_is_made_for_it() -> None:
    guitar, stand, bag = (
        _item("Acacia acoustic guitar"),
        _item("Folding guitar stand"),
        _item("Padded gig bag for guitar"),
    )
    every = [guitar, stand, bag, _item("Clip-on tuner")]
    assert reading.named_items("the guitar should go elsewhere", every) == [guitar]
    assert reading.named_items("the guitar and the guitar stand", every) == [guitar, stand]
    assert reading.named_items("the guitar things", [stand, bag]) == [stand, bag]
