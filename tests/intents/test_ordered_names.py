"""What is ordered bears one name: what is said around it, how long it is and whom it is for are no part of it."""

from __future__ import annotations

import pytest

from agentpay.intents.entities.counting import find_quantity
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Act, Dialogue, Vocabulary

ROPES = Vocabulary(
    title_words=frozenset(
        {"hemp", "rope", "per", "metre", "sail", "cloth", "the", "grey", "heron", "brass", "cleat", "oilskin"}
    ),
    options={"colour": ["Navy", "Ochre"]},
)


async def acts(text: str) -> list[Act]:
    return (await RuleClassifier().understand(text, ROPES, Dialogue())).acts


@pytest.mark.parametrize(
    ("text", "name", "quantity"),
    [
        ("add 4 metres hemp rope, its for tent repairs", "hemp rope", 4),
        ("I'll take for my nephew a brass cleat", "brass cleat", None),
        ("put The Grey Heron in my cart", "The Grey Heron", None),
        ("please add the oilskin (he outgrew his old one)", "oilskin", None),
        ("add a kayak", "kayak", None),
        ("add a sail kayak", "sail kayak", None),
    ],
)
async def test_the_name_of_what_is_ordered(text: str, name: str, quantity: int | None) -> None:
    act = (await acts(text))[0]
    assert (act.entities.product_query, act.entities.quantity) == (name, quantity)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("7 m in navy", 7), ("make it 12 metres", 12), ("3 metres wide", None)],
)
async def test_lengths_where_a_shop_sells_by_length(text: str, quantity: int | None) -> None:
    assert (await acts(text))[0].entities.quantity == quantity


@pytest.mark.parametrize("text", ["pop one in the basket", "chuck them in my cart", "put it aside in the cart"])
async def test_a_verb_of_what_was_spoken_of_is_no_name(text: str) -> None:
    act = (await acts(text))[0]
    assert (act.entities.product_query, act.entities.pronoun) == (None, True)


async def test_a_list_behind_whom_it_is_for() -> None:
    found = await acts("need for my dad: one oilskin, a brass cleat and the sail cloth")
    assert [act.entities.product_query for act in found][-3:] == ["oilskin", "brass cleat", "sail cloth"]


async def test_so_much_of_each() -> None:
    found = await acts("3 m of the sail cloth in navy, the oilskin and two brass cleats please")
    assert [(act.entities.product_query, act.entities.quantity) for act in found] == [
        ("sail cloth", 3),
        ("oilskin", None),
        ("brass cleats", 2),
    ]


def test_how_many_it_has_to_be() -> None:
    found = find_quantity("hold on, it has to be seven", [])
    assert found is not None
    assert found.value == 7
