"""The shop's words, and words set right by them."""

from __future__ import annotations

from agentpay.knowledge.lexicon import correct
from agentpay.knowledge.vocabulary import load
from agentpay.llm.minilm import common_words
from agentpay.store.session import Tx


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
    known = dict.fromkeys(("jacket", "boats", "merino", "waterproof", "shell"), 3)
    real = common_words()
    assert correct("jaket", known, real) == "jacket"
    assert correct("merion", known, real) == "merino"
    assert correct("watreproof", known, real) == "waterproof"
    assert correct("boots", known, real) is None
    assert correct("shelf", known, real) is None
    assert correct("kayak", known, real) is None
