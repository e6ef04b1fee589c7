"""Prices as they are written where the shop is; what only looks like one stays what it is."""

from __future__ import annotations

import pytest

from agentpay.intents.entities.signs import in_signs
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Entities, Vocabulary


async def read(text: str, currency: str) -> Entities:
    shop = Vocabulary(currency=currency, title_words=frozenset({"boots", "tyres", "flour"}))
    return (await RuleClassifier().understand(text, shop, Dialogue())).entities


@pytest.mark.parametrize(
    ("text", "currency", "low", "high"),
    [
        ("boots between R300 and R500", "ZAR", 30000, 50000),
        ("boots under R1 250", "ZAR", None, 125000),
        ("boots under 1 250 kr", "NOK", None, 125000),
        ("boots for less than 80.-", "CHF", None, 8000),
        ("boots under Fr. 80", "CHF", None, 8000),
    ],
)
async def test_budgets(text: str, currency: str, low: int | None, high: int) -> None:
    found = await read(text, currency)
    assert (found.price_min, found.price_max) == (low, high)


async def test_a_price_is_no_order_number() -> None:
    assert (await read("refund me the overnight fee, R280", "ZAR")).order_numbers == []


@pytest.mark.parametrize("text", ["tyres in 205/55 R16", "5 200 g bags of flour", "ring 011 555 0182"])
def test_what_only_looks_like_a_price_stays(text: str) -> None:
    assert in_signs(text, "ZAR") == text


@pytest.mark.parametrize("text", ["Rs. 300 off", "749.- for the RM 20 one", "R5 200", "1 800 kr"])
@pytest.mark.parametrize("currency", ["ZAR", "INR", "MYR", "CHF", "NOK"])
def test_no_place_in_the_text_moves(text: str, currency: str) -> None:
    assert len(in_signs(text, currency)) == len(text)
