"""What is taken for a lasting fact about a customer, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.nodes.customer_facts import said


def state(text: str, known: dict[str, Any] | None = None, **entities: Any) -> dict[str, Any]:
    reply: Any = {"tool_calls": []}
    return said({"reply": reply, "understanding": {"acts": [{"text": text, "entities": entities}]}}, known or {})


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("I wear 43", "43"),
        ("I usually wear a 42.5 in trail shoes", "42.5"),
        ("i'm a size M", "M"),
        ("my shoe size is 44", "44"),
        ("I normally take size large", "L"),
        ("I wear EU 39", "39"),
        ("my size is xl", "XL"),
    ],
)
def test_sizes(text: str, size: str) -> None:
    assert state(text) == {"sizes": [size]}


@pytest.mark.parametrize(
    "text",
    ["I'm 43", "I'll take 2", "I take 3 of them", "do you have it in 43?", "I don't wear 43", "I wear it every day",
     "my son is a size S", "size 43 please", "I take 500 g packs"],
)  # fmt: skip
def test_what_is_no_size(text: str) -> None:
    assert state(text) == {}


def test_a_new_size_replaces_one_of_its_kind() -> None:
    known = {"sizes": ["M", "42"]}
    assert state("I wear 43", known) == {"sizes": ["M", "43"]}
    assert state("I wear 42", {"sizes": ["M", "42"]}) == {}


def test_likes() -> None:
    assert state("my favourite color is blue", options={"color": "blue", "size": "M"}) == {"colors": ["blue"]}
    assert state("I always buy Fjord", brand="Fjord") == {"brands": ["Fjord"]}
    assert state("I'd like a blue one", options={"color": "blue"}) == {}
    assert state("I prefer blue", {"colors": ["red", "blue"]}, options={"color": "blue"}) == {}
    assert state("I prefer blue", {"colors": ["blue", "red"]}, options={"color": "blue"}) == {"colors": ["red", "blue"]}


def test_the_address_that_was_given() -> None:
    address = {"line1": "Long Lane 5", "city": "Leeds", "country": "GB"}
    call = {"name": "set_customer_details", "status": "ok", "result": {"details": {"shipping_address": address}}}
    reply: Any = {"tool_calls": [call]}
    assert said({"reply": reply, "understanding": {"acts": []}}, {}) == {"address": address}
    reply = {"tool_calls": [{**call, "status": "error", "result": {"error": {}}}]}
    assert said({"reply": reply, "understanding": {"acts": []}}, {}) == {}
