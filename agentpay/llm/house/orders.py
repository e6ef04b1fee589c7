"""After the sale."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.talk import Ask, Plan, Talk

_STATUS = {
    "pending": "waiting for payment",
    "paid": "paid",
    "cancelled": "cancelled",
    "partially_refunded": "partly refunded",
    "refunded": "refunded",
}

_POLICY = {
    "return": "return an item",
    "exchange": "exchange an item",
    "refund": "refunds",
    "cancel_order": "cancel an order",
    "change_order": "change an order",
}
"""What the shop's pages are asked about a wish, whatever the product's name."""


def status(talk: Talk, act: ActView) -> Plan:
    """Where an order is. Someone who is not known is asked for number and e-mail first, and learns nothing before."""
    pending = talk.pending if talk.pending.get("verify") else {}
    numbers = act.entities.get("order_numbers") or pending.get("numbers", [])
    emails = act.entities.get("emails") or pending.get("emails", [])
    if not talk.verified and numbers and emails:
        outcome = yield Ask("find_customer", {"email": emails[0], "order_number": numbers[0]})
        if not outcome.ok:
            talk.say("verify_failed")
            talk.expect("order_number", verify=True, numbers=numbers, emails=emails)
            return
    outcome = yield Ask("order_status", {"order_number": numbers[0]} if numbers else {})
    if outcome.ok:
        _tell(talk, outcome.result["order"])
        return
    match outcome.result["error"]["code"]:
        case "verification_required":
            talk.say("verify_email" if numbers else "verify_number" if emails else "verify")
            talk.expect("email" if numbers else "order_number", verify=True, numbers=numbers, emails=emails)
        case "order_not_found":
            talk.say("order_unknown", number=numbers[0])
        case "no_orders":
            talk.say("order_none")
        case _:
            talk.say("tool_failed")


def by_a_person(talk: Talk, act: ActView) -> Plan:
    """What the agents have no tool for: what the shop's pages say about it, and a person to do it."""
    if act.intent in _POLICY:
        outcome = yield Ask("search_knowledge", {"query": _POLICY[act.intent], "limit": 1})
        for passage in outcome.result.get("passages", [])[:1]:
            talk.say_text(passage["text"])
    talk.say("by_a_person")
    talk.expect("confirm_handoff", reason=act.text[:300])


def _tell(talk: Talk, order: dict[str, Any]) -> None:
    talk.say("order_is", number=order["number"], status=_status(order))
    tracking = order["tracking"] or {}
    if order["fulfillment_status"] == "delivered" and order["delivered_at"]:
        talk.say("order_delivered", date=_day(order["delivered_at"]))
    elif order["fulfillment_status"] == "shipped" and tracking.get("number"):
        talk.say("order_tracking", carrier=tracking.get("carrier") or "the carrier", tracking=tracking["number"])
    elif order["fulfillment_status"] == "unfulfilled" and order["status"] in ("paid", "partially_refunded"):
        talk.say("order_not_shipped")


def _status(order: dict[str, Any]) -> str:
    words = _STATUS[order["status"]]
    return words if order["fulfillment_status"] == "unfulfilled" else f"{words}, {order['fulfillment_status']}"


def _day(moment: str) -> str:
    day = datetime.fromisoformat(moment)
    return f"{day:%B} {day.day}, {day.year}"
