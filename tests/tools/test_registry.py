"""The table of tools: names by agent as the contract has them, and schemas that every provider takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agentpay.nodes.specialist import OFFERED
from agentpay.tools.registry import ABILITIES, AGENTS, SPECS, TOOLS

# CONTRACT §3
SALES = {
    "product_search", "product_details", "check_inventory", "compare_products", "update_cart", "quote_shipping",
    "validate_discount", "make_offer", "search_knowledge", "handoff_to_human",
}  # fmt: skip
PAYMENT = {
    "view_cart", "update_cart", "set_customer_details", "quote_shipping", "validate_discount", "make_offer",
    "create_payment_link", "payment_status", "handoff_to_human",
}  # fmt: skip
SUPPORT = {
    "find_customer", "order_status", "update_customer", "cancel_order", "change_order_address", "change_order_items",
    "change_order_payment", "return_items", "exchange_items", "request_refund", "search_knowledge", "handoff_to_human",
}  # fmt: skip
# What support does to orders comes after the sale's own tools; each must be one of the contract's
SUPPORT_NOW = {"find_customer", "order_status", "search_knowledge", "handoff_to_human"}


def test_each_agent_has_its_tools() -> None:
    assert ABILITIES["sales"] == SALES | {"view_cart"}  # ours: what is in the cart is asked of whoever fills it
    assert ABILITIES["payment"] == PAYMENT
    assert SUPPORT_NOW <= ABILITIES["support"] <= SUPPORT
    assert set(TOOLS) == set().union(*ABILITIES.values())


@pytest.mark.parametrize("agent", AGENTS)
def test_what_a_model_is_offered(agent: str) -> None:
    names = [spec.name for spec in OFFERED[agent]]
    assert len(names) == len(set(names))
    assert set(names) == ABILITIES[agent] | {f"transfer_to_{other}" for other in AGENTS if other != agent}
    assert {spec.name for spec in SPECS[agent]} == ABILITIES[agent]


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_a_schema_is_a_json_schema_object(name: str) -> None:
    tool = TOOLS[name]
    schema = tool.schema()
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert json.loads(json.dumps(schema)) == schema
    for reference in _references(schema):
        assert reference.startswith("#/$defs/")
        assert reference.removeprefix("#/$defs/") in schema["$defs"]
    assert len(tool.description) > 20


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_no_tool_takes_on_trust_who_somebody_is_or_what_something_costs(name: str) -> None:
    """Organization and customer come from the context, amounts from the shop (DESIGN §1.2)."""
    forbidden = {"organization", "organization_id", "customer", "customer_id", "conversation_id", "agent_id", "unit_price",
                 "total", "subtotal", "amount", "discount", "discount_percent", "floor", "stock", "approved", "base_url"}  # fmt: skip
    named = set(_names(TOOLS[name].schema()))
    wishes = {"amount"} if name == "request_refund" else set()  # how much is wished for; the ledger bounds it
    assert not named & (forbidden - wishes)
    # What a customer would pay is a wish: the rules decide what it comes to; a price range narrows a search
    assert "price" not in named or name == "make_offer"


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_effects_and_scopes_fit(name: str) -> None:
    tool = TOOLS[name]
    assert 0 < tool.timeout <= 60
    assert tool.agents <= set(AGENTS)
    if tool.scope == "tools:read":
        assert tool.effect == "read", "a key that may only read must not change anything"
    if name in ("create_payment_link", "make_offer"):
        assert tool.effect == "money"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _names(node: Any) -> Iterator[str]:
    """Every property's name, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for value in node.values():
            yield from _names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _names(value)
