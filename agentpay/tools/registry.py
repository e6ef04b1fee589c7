"""Every tool by name, and which agent has which (CONTRACT §3)."""

from __future__ import annotations

from functools import lru_cache

from agentpay.llm.brain import ToolSpec
from agentpay.tools import (
    cancel_order,
    change_order_address,
    change_order_items,
    change_order_payment,
    check_inventory,
    compare_products,
    create_payment_link,
    exchange_items,
    find_customer,
    handoff_to_human,
    make_offer,
    order_status,
    payment_status,
    product_details,
    product_search,
    quote_shipping,
    request_refund,
    return_items,
    search_knowledge,
    set_customer_details,
    update_cart,
    update_customer,
    validate_discount,
    view_cart,
)
from agentpay.tools.tool import AgentName, Tool

TOOLS: dict[str, Tool] = {
    module.TOOL.name: module.TOOL
    for module in (
        product_search,
        product_details,
        check_inventory,
        compare_products,
        search_knowledge,
        update_cart,
        view_cart,
        quote_shipping,
        validate_discount,
        make_offer,
        set_customer_details,
        create_payment_link,
        payment_status,
        find_customer,
        order_status,
        update_customer,
        cancel_order,
        change_order_address,
        change_order_items,
        change_order_payment,
        return_items,
        exchange_items,
        request_refund,
        handoff_to_human,
    )
}

ALWAYS_THERE = frozenset({"handoff_to_human"})
"""What no agent can be without: what it cannot do itself, a person does."""
AGENTS: tuple[AgentName, ...] = ("sales", "support", "payment")
ABILITIES: dict[str, frozenset[str]] = {
    agent: frozenset(tool.name for tool in TOOLS.values() if agent in tool.agents) for agent in AGENTS
}


@lru_cache(256)
def able(tools: frozenset[str] | None) -> dict[str, frozenset[str]]:
    """Which agent has which tools in a shop that allows these; None: all."""
    return {agent: own if tools is None else own & tools for agent, own in ABILITIES.items()}


SPECS: dict[str, list[ToolSpec]] = {
    agent: [ToolSpec(tool.name, tool.description, tool.schema()) for tool in TOOLS.values() if agent in tool.agents]
    for agent in AGENTS
}
