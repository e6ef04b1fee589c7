"""Where the customer stands after a turn."""

from typing import Any

import pytest

from agentpay.nodes.remember import stage_after
from agentpay.nodes.state import State

LINE = {"variant_external_id": "mug", "quantity": 1}


def after(before: str, *intents: str, blocks: list[dict[str, Any]] | None = None, handed_off: bool = False) -> str:
    state: State = {
        "reply": {"message_id": None, "agent": "sales", "content": "x", "blocks": blocks or [], "intent": None, "tool_calls": []},
        "understanding": {"acts": [{"intent": intent} for intent in intents]},
        "handed_off": handed_off,
    }  # fmt: skip
    return stage_after(state, before)


@pytest.mark.parametrize(
    ("before", "intents", "blocks", "stage"),
    [
        ("greeting", ["greeting"], [], "greeting"),
        ("greeting", ["thanks", "goodbye"], [], "greeting"),
        ("greeting", ["product_search"], [{"type": "product_list", "products": []}], "discovery"),
        ("greeting", ["policy"], [], "discovery"),
        ("discovery", ["product_details"], [{"type": "product"}], "considering"),
        ("considering", ["product_search"], [{"type": "product_list", "products": []}], "considering"),
        ("considering", ["negotiation"], [{"type": "offer"}], "considering"),
        ("considering", ["add_to_cart"], [{"type": "cart", "items": [LINE]}], "cart"),
        ("cart", ["product_search"], [{"type": "product_list", "products": []}], "cart"),
        ("cart", ["remove_from_cart"], [{"type": "cart", "items": []}], "discovery"),
        ("cart", ["checkout"], [{"type": "cart", "items": [LINE]}, {"type": "checkout"}], "checkout"),
        ("checkout", ["change_cart"], [{"type": "cart", "items": [LINE]}], "checkout"),
        ("checkout", ["thanks"], [], "checkout"),
        ("discovery", ["order_status"], [{"type": "order"}], "after_sales"),
        ("discovery", ["return"], [], "after_sales"),
    ],
)
def test_the_stage_follows_what_was_done(
    before: str, intents: list[str], blocks: list[dict[str, Any]], stage: str
) -> None:
    assert after(before, *intents, blocks=blocks) == stage


def test_a_handover_ends_all_stages() -> None:
    assert after("checkout", "human", blocks=[{"type": "checkout"}], handed_off=True) == "handed_off"
