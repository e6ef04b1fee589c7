"""Items, amounts and ways of payment in words, for the sentence that says what will happen."""

from __future__ import annotations

from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.aftersale.task import Task
from agentpay.llm.house.talk import Talk


def share(item: dict[str, Any], units: int) -> int:
    return int((item["amount"] * units * 2 + item["returnable"]) // (2 * item["returnable"]))


def what(item: dict[str, Any]) -> str:
    return describe.what(item["title"], item["options"])


def named(picked: list[tuple[dict[str, Any], int]]) -> str:
    return describe.listing([f"{units} × {what(item)}" if units > 1 else what(item) for item, units in picked])


def contents(order: dict[str, Any]) -> str:
    return describe.listing([f"{line['quantity']} × {what(line)}" for line in order["items"]])


def wishes(task: Task) -> dict[str, Any]:
    return {**task.by_method, **({"reason": task.reason} if task.reason else {})}


def destination(task: Task, can: dict[str, Any]) -> str:
    return f"your {spoken(task)}" if task.method else way(can)


def spoken(task: Task) -> str:
    return (task.method or "").replace("_", " ")


def way(can: dict[str, Any]) -> str:
    """How an order was paid, in words: "your Visa ending in 4242"."""
    methods = []
    for method in can["paid_with"]:
        brand = str(method.get("brand") or "card")
        name = {
            "card": brand if brand == "card" or not brand.islower() else brand.capitalize(),
            "paypal": "PayPal",
            "gift_card": "gift card",
        }.get(method["type"], "card")
        last = f" ending in {method['last4']}" if method.get("last4") else ""
        methods.append(f"your {name}{last}")
    return describe.listing(list(dict.fromkeys(methods))) or "the way it was paid"


def swap_says(
    talk: Talk,
    task: Task,
    order: dict[str, Any],
    can: dict[str, Any],
    swaps: list[tuple[dict[str, Any], int, dict[str, Any]]],
    key: str,
) -> str:
    more = sum((to["price"] - item["unit_price"]) * units for item, units, to in swaps)
    parts = [
        f"{units} × {what(item)} for {describe.options(to['options'])}" if units > 1 else
        f"{what(item)} for {describe.options(to['options'])}"
        for item, units, to in swaps
    ]  # fmt: skip
    money = talk.sentence("swap_same")
    if more > 0:
        with_method = task.method is not None
        money = talk.sentence(
            "swap_more_method" if with_method else "swap_more", amount=talk.money(more), method=spoken(task)
        )
    elif more < 0:
        money = talk.sentence("swap_less", amount=talk.money(-more), method=destination(task, can))
    return talk.sentence(key, what=describe.listing(parts), number=order["number"], money=money)
