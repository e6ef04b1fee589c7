"""Address, way of sending and wish in one message; packs that are called by a number; people who are no goods."""

from __future__ import annotations

import pytest

from agentpay.intents.entities.counting import find_quantity
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Dialogue, Understanding, Vocabulary

SHOP = Vocabulary(
    countries=["US"],
    shipping_methods=["Ground", "Express"],
    options={"colour": ["Orange", "Yellow"]},
    title_words=frozenset({"rain", "cape", "wool", "hats", "4-pack"}),
)


async def read(text: str) -> Understanding:
    return await RuleClassifier().understand(text, SHOP, Dialogue(stage="cart", cart_items=1))


@pytest.mark.parametrize(
    ("text", "city", "region"),
    [
        ("7 Quail Rd, Norman OK 73069", "Norman", "OK"),
        ("7 Quail Rd, Norman, OK 73069, US", "Norman", "OK"),
        ("2 Oak St, Eugene OR 97401", "Eugene", "OR"),
    ],
)
async def test_states_that_are_words(text: str, city: str, region: str) -> None:
    address = (await read(text)).entities.address
    assert address is not None
    assert (address.city, address.region) == (city, region)


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("the wedding is on sunday so express pls! 2 Oak St, Eugene OR 97401", "Express"),
        ("I need it fast, so express", "Express"),
        ("the ground here is wet", None),
    ],
)
async def test_the_way_of_sending_by_one_word(text: str, method: str | None) -> None:
    assert (await read(text)).entities.shipping_method == method


def test_a_pack_that_a_title_calls_so_is_no_count() -> None:
    assert find_quantity("a 4 pack of the hats", [], SHOP.title_words) is None
    found = find_quantity("4 packs of the capes", [], SHOP.title_words)
    assert found is not None
    assert found.value == 4


async def test_people_are_not_what_the_number_after_them_counts() -> None:
    acts = (await read("three more lads hired. make the orange 5")).acts
    change = next(act for act in acts if act.intent is I.CHANGE_CART)
    assert (change.entities.product_query, change.entities.quantity) == (None, 5)
