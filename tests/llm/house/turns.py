"""Turns made by hand: what the house model sees, and a shop that answers its calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome, TurnView
from agentpay.llm.house.brain import replay

EVERY_TOOL = frozenset(
    {
        "product_search", "product_details", "check_inventory", "compare_products", "update_cart", "view_cart", "quote_shipping",
        "validate_discount", "make_offer", "search_knowledge", "handoff_to_human", "set_customer_details", "create_payment_link",
        "payment_status", "find_customer", "order_status",
    }
)  # fmt: skip
EMPTY_CART: dict[str, Any] = {"items": [], "discount_code": None, "discount": 0, "subtotal": 0, "total": 0}

Answer = Callable[[dict[str, Any]], tuple[bool, dict[str, Any]]]


def act(intent: str, text: str = "", confidence: float = 0.9, **entities: Any) -> ActView:
    return ActView(intent, confidence, text, entities)


def turn(*acts: ActView, **given: Any) -> TurnView:
    """A turn of these clauses in a shop called Shop, prices in dollars."""
    defaults: dict[str, Any] = {
        "text": " ".join(one.text for one in acts),
        "agent": "sales",
        "abilities": {"sales": EVERY_TOOL, "payment": EVERY_TOOL, "support": EVERY_TOOL},
        "currency": "USD",
        "shop": "Shop",
        "assistant": "Ada",
        "cart": EMPTY_CART,
    }
    return TurnView(acts=acts, **{**defaults, **given})


def variant(external_id: str, price: int = 5000, available: int | None = 9, **options: str) -> dict[str, Any]:
    return {"external_id": external_id, "sku": None, "options": options, "price": price, "available": available}


def product(external_id: str, title: str, *variants: dict[str, Any], **facts: Any) -> dict[str, Any]:
    prices = [row["price"] for row in variants]
    return {"external_id": external_id, "title": title, "description": "", "price_min": min(prices), "price_max": max(prices),
            "currency": "USD", "variants": list(variants), **facts}  # fmt: skip


def fact(row: dict[str, Any], title: str) -> dict[str, Any]:
    """A variant as the tools that resolve products tell it."""
    return {**row, "title": title, "currency": "USD", "in_stock": row["available"] is None or row["available"] > 0}


def refusal(code: str, **extra: Any) -> tuple[bool, dict[str, Any]]:
    return False, {"error": {"code": code, "message": code, **extra}}


@dataclass
class Played:
    """What the house model did in a turn: its calls in order, what it said, what it noted."""

    text: str
    memory: dict[str, Any]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def tools(self) -> list[str]:
        return [name for name, _ in self.calls]


def play(view: TurnView, **tools: Answer) -> Played:
    """Run the turn to its end, as the graph does: a step a call, each step from the start."""
    # A shop without pages and goods, unless told
    tools = {
        "search_knowledge": lambda _: (True, {"passages": []}),
        "product_search": lambda _: (True, {"products": []}),
        **tools,
    }
    calls: list[tuple[str, dict[str, Any]]] = []
    while True:
        talk, ask = replay(view)
        if ask is None:
            return Played(talk.text(), talk.memory, calls)
        calls.append((ask.tool, ask.arguments))
        ok, result = tools[ask.tool](ask.arguments)
        view = replace(view, outcomes=[*view.outcomes, ToolOutcome(ask.tool, ask.arguments, ok, result, by_house=True)])
