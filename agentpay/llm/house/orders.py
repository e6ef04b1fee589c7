# ruff: noqa: E501 (a regular expression is read in one piece)
"""After the sale."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import articles, describe
from agentpay.llm.house.aftersale.finding import holding
from agentpay.llm.house.talk import Ask, Plan, Talk

_WHAT = re.compile(
    r"\b(?:what|which|items?|contents?|show|see|list|total|cost|paid|pay|details?|includ\w*|contain\w*|inside)\b", re.I
)
_ORDERS = re.compile(r"\borders\b|\b(?:what|everything).*\border(?:ed)?\b", re.I)
_LATEST = re.compile(r"\b(?:latest|last|most recent|newest|recent|all|every)\b", re.I)
_THE_OTHER = re.compile(r"\b(?:the|my) other (?:one|order|parcel|package)\b", re.I)
_DELAYED = re.compile(
    r"\b(?:stuck|late|delay\w*|overdue|lost|missing|still (?:not|no|waiting|hasn'?t|nothing)|(?:not|n'?t|doesn'?t|didn'?t|never) (?:\w+ )?(?:mov\w*|updat\w*|arriv\w*|come|turned up|show\w*)"
    r"|should have (?:been|arrived|come)|for (?:over |more than )?(?:a|two|three|\d+) (?:weeks?|days)|(?:a|two|three|\d+) weeks? (?:ago|now))\b",
    re.I,
)
_OF_DELAYS = re.compile(r"\b(?:delay\w*|late|lost|not moved|has not arrived|hasn't arrived|search with)\b", re.I)
_PAPERS = re.compile(r"\b(?:invoices?|receipts?|proof of purchase|re-?send|warranty card)\b", re.I)
_MOST = 4
"""Orders that are told of at once."""
_STATUS = {
    "pending": "waiting for payment",
    "paid": "paid",
    "cancelled": "cancelled",
    "partially_refunded": "partly refunded",
    "refunded": "refunded",
}


def status(talk: Talk, act: ActView) -> Plan:
    """Where an order is. Someone who is not known is asked for number and e-mail first, and learns nothing before."""
    pending = talk.pending if talk.pending.get("verify") else {}
    numbers, emails = talk.claims(
        act.entities.get("order_numbers") or pending.get("numbers", []),
        act.entities.get("emails") or pending.get("emails", []),
    )
    if not talk.verified and numbers and emails:
        outcome = yield Ask("find_customer", {"email": emails[0], "order_number": numbers[0]})
        if not outcome.ok:
            talk.say("verify_failed")
            talk.proof_failed(numbers[0], emails[0])
            talk.expect("order_number", verify=True, numbers=numbers, emails=emails)
            return
    first = numbers[0] if numbers else talk.order if not _LATEST.search(act.text) else None
    outcome = yield Ask("order_status", {"order_number": first} if first else {})
    if outcome.ok and not numbers:
        # "Where's my flask?": the order that holds it, not the latest
        orders = [outcome.result["order"], *outcome.result["other_orders"]]
        meant = holding(act.text, orders)
        if meant and outcome.result["order"]["number"] not in [order["number"] for order in meant]:
            outcome = yield Ask("order_status", {"order_number": meant[0]["number"]})
        elif not meant and talk.order and _THE_OTHER.search(act.text):
            others = [order for order in orders if order["number"] != talk.order]
            standing = [order for order in others if order["status"] not in ("cancelled", "refunded")] or others
            if standing and outcome.result["order"]["number"] != standing[0]["number"]:
                outcome = yield Ask("order_status", {"order_number": standing[0]["number"]})
    if outcome.ok:
        _tell(talk, outcome.result)
        if outcome.result["order"]["fulfillment_status"] == "shipped" and _DELAYED.search(talk.turn.text):
            yield from _delayed(talk, act)
        if not numbers and outcome.result.get("other_orders") and _ORDERS.search(talk.turn.text):
            others = outcome.result["other_orders"]
            talk.say("orders_besides", orders=describe.listing([_brief(other) for other in others]))
        for number in numbers[1:_MOST]:
            further = yield Ask("order_status", {"order_number": number})
            if further.ok:
                _tell(talk, further.result)
            else:
                talk.say("order_unknown", number=number)
        if _PAPERS.search(act.text):
            talk.offer_human("by_a_person", order=outcome.result["order"])
        return
    match outcome.result["error"]["code"]:
        case "verification_required":
            talk.say("verify_email" if numbers else "verify_number" if emails else "verify")
            talk.expect("email" if numbers else "order_number", verify=True, numbers=numbers, emails=emails)
        case "order_not_found":
            talk.say("order_unknown", number=numbers[0])
            if not talk.expecting:
                talk.expect("order_number", verify=True, numbers=numbers)
        case "no_orders":
            talk.say("order_none")
        case _:
            talk.say("tool_failed")


def _delayed(talk: Talk, act: ActView) -> Plan:
    """What the shop's pages say of parcels that do not come."""
    passages = yield from articles.passages_for(act.text)
    page = next((one for one in passages if _OF_DELAYS.search(one["title"]) or _OF_DELAYS.search(one["text"])), None)
    if page is not None:
        articles.quote(talk, page)


def _tell(talk: Talk, result: dict[str, Any]) -> None:
    order = result["order"]
    talk.order = order["number"]
    talk.say("order_is", number=order["number"], status=_status(order))
    tracking = order["tracking"] or {}
    if order["fulfillment_status"] == "delivered" and order["delivered_at"]:
        talk.say("order_delivered", date=_day(order["delivered_at"]))
    elif order["fulfillment_status"] == "shipped" and tracking.get("number"):
        talk.say("order_tracking", carrier=tracking.get("carrier") or "the carrier", tracking=tracking["number"])
    elif order["fulfillment_status"] == "unfulfilled" and order["status"] in ("paid", "partially_refunded"):
        talk.say("order_not_shipped")
    if order["refunded"]:
        talk.say("order_refunded", amount=talk.money(order["refunded"]))
    for asked_for in result.get("returns", []):
        what = describe.listing([item["title"] for item in asked_for["items"]])
        talk.say("return_under_way", kind=asked_for["kind"], what=what, status=asked_for["status"])
    if _WHAT.search(talk.turn.text):
        items = [f"{line['quantity']} × {describe.what(line['title'], line['options'])}" for line in order["items"]]
        talk.say("order_items", items=describe.listing(items), total=talk.money(order["total"]))


def _brief(order: dict[str, Any]) -> str:
    return f"{order['number']} ({_status(order)})"


def _status(order: dict[str, Any]) -> str:
    words = _STATUS[order["status"]]
    return words if order["fulfillment_status"] == "unfulfilled" else f"{words}, {order['fulfillment_status']}"


def _day(moment: str) -> str:
    day = datetime.fromisoformat(moment)
    return f"{day:%B} {day.day}, {day.year}"
