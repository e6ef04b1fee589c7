"""The shop's words, and words set right by them."""

from __future__ import annotations

from uuid import UUID

import pytest

from agentpay.commerce.products import bump_catalog_version
from agentpay.knowledge import lexicon
from agentpay.knowledge.lexicon import TitleWords, correct
from agentpay.knowledge.vocabulary import load
from agentpay.llm.minilm import common_words
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Product


async def test_the_words_of_the_shop(tx: Tx) -> None:
    words = await load(tx)
    assert words.currency == "USD"
    assert set(words.options["color"]) == {"blue", "red", "black"}
    assert "43" in words.options["size"]
    assert words.attributes == {"waterproof": ["no", "yes"], "surface": ["trail"], "material": ["nylon"]}
    assert set(words.brands) == {"Kestrel", "Fell & Co"}
    assert "Boats" not in words.categories
    assert words.shipping_methods == ["Standard"]
    assert words.countries == ["US", "CA"]
    assert {"squall", "merino"} <= words.title_words
    assert "kayak" not in words.title_words


def test_a_slip_is_set_right_and_another_word_is_left_alone() -> None:
    known = TitleWords(dict.fromkeys(("jacket", "boats", "merino", "waterproof", "shell"), 3))
    real = common_words()
    assert correct("jaket", known, real) == "jacket"
    assert correct("merion", known, real) == "merino"
    assert correct("watreproof", known, real) == "waterproof"
    assert correct("boots", known, real) is None
    assert correct("shelf", known, real) is None
    assert correct("kayak", known, real) is None


async def test_words_follow_the_catalogue_and_many_words_a_minute_later(
    database: Database, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def change(title: str) -> frozenset[str]:
        async with database.tx(shop) as tx:
            tx.session.add(Product(organization_id=shop, title=title))
            await bump_catalog_version(tx)
        async with database.tx(shop) as tx:
            return await lexicon.title_words(tx)

    assert "zither" in await change("A zither")
    monkeypatch.setattr(lexicon, "_MANY", 1)
    assert "bassoon" not in await change("A bassoon")
    monkeypatch.setattr(lexicon, "STALE_SECONDS", 0.0)
    assert {"bassoon", "ocarina"} <= await change("An ocarina")
