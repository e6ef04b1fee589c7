"""A name written by a customer leads to the product it means, or honestly to none."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from agentpay.knowledge.lookup import lookup
from agentpay.store.session import Tx
from agentpay.store.tables import Product


@pytest.mark.parametrize(
    ("name", "external_id"),
    [
        ("Squall jackets", "jacket-squall"),
        ("squal jacket", "jacket-squall"),
        ("merino socks", "socks-merino"),
        ("the merino socks", "socks-merino"),
        ("Ridge Runner", "shoe-ridge"),
        ("ridgerunner", "shoe-ridge"),
        ("blue ridge runner 42", "shoe-ridge"),
        ("kestrel jacket", "jacket-squall"),
        ("gift card", "giftcard-50"),
    ],
)
async def test_a_name_means_one_product(tx: Tx, name: str, external_id: str) -> None:
    matches = await lookup(tx, name)
    assert matches[0].external_id == external_id
    assert 0.4 <= matches[0].score < 1
    assert not matches[0].exact


@pytest.mark.parametrize(
    ("name", "external_id", "of_a_variant"),
    [
        ("RR-42-BL", "shoe-ridge", True),
        ("rr-42-bl-x", "shoe-ridge", True),
        ("shoe-ridge", "shoe-ridge", False),
        ("gift card 50", "giftcard-50", False),
        ("the RR-43-RD please", "shoe-ridge", True),
    ],
)
async def test_ids_skus_and_whole_titles_are_exact(tx: Tx, name: str, external_id: str, of_a_variant: bool) -> None:
    matches = await lookup(tx, name)
    assert [(m.external_id, m.score, m.exact) for m in matches] == [(external_id, 1.0, True)]
    assert (matches[0].variant_id is not None) is of_a_variant


@pytest.mark.parametrize("name", ["kayak", "red kayak", "trail kayak", "black", "it", "", "50"])
async def test_no_product_of_that_name(tx: Tx, name: str) -> None:
    assert await lookup(tx, name) == []


async def test_an_ambiguous_name_has_close_scores(tx: Tx) -> None:
    scores = {match.external_id: match.score for match in await lookup(tx, "running")}
    named = [scores[name] for name in ("jacket-squall", "socks-merino", "poles")]
    assert max(named) - min(named) < 0.1
    assert scores["shoe-ridge"] < min(named), "its category says running, its title does not"


async def test_a_misspelt_title_is_that_of_a_product_on_sale(tx: Tx) -> None:
    assert [match.external_id for match in await lookup(tx, "ridgeruner")] == ["shoe-ridge"]
    await tx.session.execute(update(Product).where(Product.external_id == "shoe-ridge").values(status="archived"))
    assert await lookup(tx, "ridgeruner") == [], "although its title is still remembered"
