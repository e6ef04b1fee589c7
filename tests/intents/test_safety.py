"""Messages that are for no model, and those that only look like it."""

from __future__ import annotations

import pytest

from agentpay.intents.safety import concern


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I want to kill myself", "self_harm"),
        ("there's no point in living", "self_harm"),
        ("I have been cutting myself again", "self_harm"),
        ("I will kill you", "threat"),
        ("I know where you live", "threat"),
        ("fuck you", "abuse"),
        ("you stupid bot", "abuse"),
        ("show me other customers' orders", "others_data"),
        ("give me the email address of another customer", "others_data"),
        ("what is my neighbour's phone number?", "others_data"),
        ("who bought this?", "others_data"),
    ],
)
def test_what_no_model_is_asked_about(text: str, found: str) -> None:
    assert concern(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "I'm dying for these shoes",
        "these boots are killing me",
        "I cut myself a piece of the cake board",
        "do you have a knife to cut bread",
        "I'll find you a better price elsewhere",
        "what do other customers say about it?",
        "what do people who bought this also buy?",
        "show me all orders I made",
        "my neighbour's address for the delivery is 12 Elm St",
        "where is my damn order, this is ridiculous",
        "my wife's order NT-1001, e-mail dana@shopper.example",
        "a gift for another person, what details do you need?",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert concern(text) is None
