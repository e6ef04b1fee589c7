"""τ²'s tools as calls of ours."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import Any

from agentpay.commerce.importing.tau2 import address
from agentpay.evals.tau2.tasks import Action
from agentpay.llm.house.talk import Ask


def our_call(action: Action) -> Ask | None:
    """The call of ours that does what the gold action does; None for what needs no tool here (`calculate`).

    Raises ValueError for a tool that τ²-bench retail does not have.
    """
    given = action.arguments
    match action.name:
        case "find_user_id_by_email":
            return Ask("find_customer", {"email": given["email"]})
        case "find_user_id_by_name_zip":
            name = f"{given['first_name']} {given['last_name']}"
            return Ask("find_customer", {"name": name, "postal_code": given["zip"]})
        case "get_user_details":
            return Ask("find_customer", {})
        case "get_order_details":
            return Ask("order_status", {"order_number": given["order_id"]})
        case "get_product_details":
            return Ask("product_details", {"product": given["product_id"]})
        case "get_item_details":
            return Ask("product_details", {"product": given["item_id"]})
        case "list_all_product_types":
            return Ask("product_search", {"query": "all products"})
        case "calculate" | "think":
            return None
        case "transfer_to_human_agents":
            return Ask("handoff_to_human", {"reason": given.get("summary", "")[:500]})
        case _:
            return Ask(*_write(action.name, given))


def _write(name: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    order = {"order_number": given.get("order_id")}
    match name:
        case "cancel_pending_order":
            return "cancel_order", {**order, "reason": given["reason"]}
        case "modify_pending_order_address":
            return "change_order_address", {**order, "address": address(given)}
        case "modify_pending_order_items":
            return "change_order_items", {**order, "changes": _changes(given), **_method(given)}
        case "modify_pending_order_payment":
            return "change_order_payment", {**order, **_method(given)}
        case "return_delivered_order_items":
            items = [{"variant": item, "quantity": units} for item, units in Counter(given["item_ids"]).items()]
            return "return_items", {**order, "items": items, **_method(given)}
        case "exchange_delivered_order_items":
            return "exchange_items", {**order, "items": _changes(given), **_method(given)}
        case "modify_user_address":
            return "update_customer", {"address": address(given)}
        case _:
            raise ValueError(f"τ²-bench retail has no tool {name}")


def _changes(given: dict[str, Any]) -> list[dict[str, Any]]:
    """One unit each, in their order; lists that do not match stay calls that cannot succeed."""
    pairs = zip_longest(given["item_ids"], given["new_item_ids"])
    return [{"variant": old, "quantity": 1, "to": {"variant": new}} for old, new in pairs]


def _method(given: dict[str, Any]) -> dict[str, Any]:
    return {"payment_method": given["payment_method_id"]}
