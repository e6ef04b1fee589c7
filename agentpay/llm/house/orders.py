# ruff: noqa: E501 (a regular expression is read in one piece)
"""After the sale."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, describe
from agentpay.llm.house.aftersale.finding import THE_OTHER, holding, looked_up, numbered
from agentpay.llm.house.aftersale.reading import named_items
from agentpay.llm.house.aftersale.saying import way
from agentpay.llm.house.talk import Ask, Plan, Talk

_WHAT = re.compile(
    r"\b(?:what|which|items?|contents?|show|see|list|total|cost|paid|pay|details?|includ\w*|contain\w*|inside)\b", re.I
)
_ORDERS = re.compile(r"\borders\b|\b(?:what|everything).*\b(?:order(?:ed)?|bought)\b", re.I)
_LATEST = re.compile(r"\b(?:latest|last|most recent|newest|recent|all|every)\b", re.I)
_DELAYED = re.compile(
    r"\b(?:stuck|late|delay\w*|overdue|lost|missing|still (?:not|no|waiting|hasn'?t|nothing)|(?:not|n'?t|doesn'?t|didn'?t|never) (?:\w+ )?(?:mov\w*|updat\w*|arriv\w*|come|turned up|show\w*)"
    r"|should have (?:been|arrived|come)|for (?:over |more than )?(?:a|two|three|\d+) (?:weeks?|days)|(?:a|two|three|\d+) weeks? (?:ago|now))\b",
    re.I,
)
_OF_DELAYS = re.compile(r"\b(?:delay\w*|late|lost|not moved|has not arrived|hasn't arrived|search with)\b", re.I)
PAPERS = re.compile(r"\b(?:invoices?|receipts?|proof of purchase|re-?send|warranty card)\b", re.I)
_PAID_HOW = re.compile(
    r"\b(?:which|what|how|where)\b.*\b(?:card|method|account|paypal|pay|paid|charged|credited)\b"
    r"|\bhow\b.*\bback\b|\bback and how\b|\bwhere\b.*\b(?:refund|money)\b|\b(?:refund|money)\b.*\bgo(?:es|ing)? to\b",
    re.I,
)
_TRACKS = re.compile(r"\btrack\w*\b", re.I)
_WHICH = re.compile(r"\bwhich (?:one|order|of (?:them|those|these|the two|my))\b", re.I)
_GOES_WHERE = re.compile(
    r"\b(?:which|what|read|tell|check|right|correct|confirm|see|my|the|whose)\b.{0,25}\baddress\b|\baddress\b.{0,40}\b(?:go\w*|sen[dt]|ship\w*|deliver\w*|use)\b"
    r"|\bwhere\b.{0,40}\b(?:go(?:es|ing)?|heading|headed|(?:sen[dt]|sending|shipp?\w*|deliver\w*) (?:it |them )?to)\b",
    re.I,
)
_CHARGED_WRONG = re.compile(
    r"\bcharged\b.*\b(?:twice|double|too much|more than|but|wrong\w*|again)\b|\bovercharged\b|\bdouble[- ]charged\b",
    re.I,
)
_NOT_COME = re.compile(
    r"(?:\b(?:not|never|no)|n'?t) (?:\w+ )?(?:arriv\w*|come|came|turned up|show\w* up|here|got|received|been delivered)\b|\bstill waiting\b",
    re.I,
)
_SAID_TO_BE_THERE = re.compile(
    r"\b(?:says?|said|shows?|showing|marked|claims?|supposedly|apparently)\b[^.?!]{0,30}\b(?:delivered|arrived|left|signed)\b",
    re.I,
)
"""What the carrier claims, of a parcel that somebody asks for."""
_TRACKED_NOT = re.compile(r"\btracking\b.*(?:n'?t|\b(?:not|no|invalid|wrong|error|dead))\b", re.I)
_WHERE = re.compile(
    r"\bwhere\b|\bwhen\b|\barriv\w*|\bdeliver\w*|\btrack\w*|\bshipped\b|\bcoming\b|\bhere\b|\bstuff\b", re.I
)
_WHEN = re.compile(r"\b(?:when|how (?:long|soon|quick\w*|fast|many \w*days))\b", re.I)
_POSTAGE_PAID = re.compile(
    r"\b(?:was|did|were|paid|charged)\b[^.?!]{0,25}\b(?:postage|shipping|delivery|p&p)\b|\b(?:postage|shipping|delivery)\b[^.?!]{0,15}\b(?:was|cost me|did i)\b",
    re.I,
)
"""What was paid for sending an order, of which no quote is wanted."""
_WHEN_HERE = re.compile(
    r"\b(?:when|how (?:long|soon))\b[^.?!]{0,40}\b(?:com(?:e|es|ing)|arriv\w*|(?:get|be) (?:here|there|it)|have it|receive|deliver\w*|turn up|ship\w*|sent|dispatch\w*|leave)\b",
    re.I,
)
_OF_RETURNS = re.compile(r"\breturn|\brefund|\bexchang", re.I)
_DELIVERS = re.compile(r"\b(?:deliver\w*|ship\w*|dispatch\w*|leaves?|arrives?)\b", re.I)
_BACK = frozenset({"return", "refund", "exchange"})
_GIVEN = ("order_numbers", "emails")
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
    yield from tell(talk, act)


def tell(talk: Talk, act: ActView, *, only_holding: str | None = None) -> Generator[Ask, ToolOutcome, bool]:
    """The same; `only_holding`: of an order that holds what these words name, if any. Answers whether something was said."""
    pending = talk.pending if talk.pending.get("verify") else {}
    given = {name: [value for one in talk.turn.acts for value in one.entities.get(name, [])] for name in _GIVEN}
    numbers, emails = talk.claims(
        act.entities.get("order_numbers") or given["order_numbers"] or pending.get("numbers", []),
        act.entities.get("emails") or given["emails"] or pending.get("emails", []),
    )
    if numbers and set(numbers) <= talk.told:
        return True  # in another clause of the same message
    if not talk.verified and numbers and emails:
        outcome = yield Ask("find_customer", {"email": emails[0], "order_number": numbers[0]})
        if not outcome.ok:
            talk.say("verify_failed")
            talk.proof_failed(numbers[0], emails[0])
            talk.expect("order_number", verify=True, numbers=numbers, emails=emails)
            return True
    first = numbers[0] if numbers else talk.order if not _LATEST.search(act.text) else None
    outcome = (yield from looked_up(talk, first)) if first else (yield Ask("order_status", {}))
    if not outcome.ok:
        _not_told(talk, outcome, numbers, emails)
        return True
    besides: list[dict[str, Any]] = []
    if not numbers:
        orders = all_of(outcome)
        if only_holding is not None and not any(named_items(only_holding, order["items"]) for order in orders):
            return False
        meant, besides = _meant(talk, act, orders, only_holding)
        if meant != outcome.result["order"]["number"]:
            outcome = yield Ask("order_status", {"order_number": meant})
            if not outcome.ok:
                _not_told(talk, outcome, [meant], emails)
                return True
    _tell(talk, outcome.result)
    talk.served = {"intent": "order_status"}
    if _PAID_HOW.search(talk.turn.text) and outcome.result["possible"]["paid_with"]:
        talk.say("order_paid_with", number=talk.order, method=way(outcome.result["possible"]))
    if _POSTAGE_PAID.search(act.text) and "shipping" in outcome.result["order"]:
        talk.say("order_shipping", amount=talk.money(outcome.result["order"]["shipping"]))
    address = outcome.result["order"].get("shipping_address")
    if address and _GOES_WHERE.search(act.text):
        talk.say("order_goes_to", address=describe.address(address))
    if outcome.result["order"]["fulfillment_status"] == "shipped" and _DELAYED.search(talk.turn.text):
        yield from _delayed(talk, act)
    if _SAID_TO_BE_THERE.search(talk.turn.text) and not talk.expecting:
        talk.offer_human("pass_it_on", order=outcome.result["order"])
    over = outcome.result["order"]["refunded"] and _WHEN.search(act.text)
    if over and (pages := [one for one in (yield from articles.passages_for("refund")) if articles.tells_time(one)]):
        articles.quote(talk, pages[0])  # "and when will I have it?", of the money
    waits = outcome.result["order"]["fulfillment_status"] == "unfulfilled" and not outcome.result["order"]["refunded"]
    asked = talk.turn.text if len(talk.turn.acts) == 1 else act.text
    if waits and act.intent == "order_status" and _WHEN_HERE.search(asked) and not talk.quoted:
        yield from _sent_within(talk)
    if besides:
        talk.say("orders_besides", orders=describe.listing([_brief(other) for other in besides]))
    for number in numbers[1:_MOST]:
        further = yield Ask("order_status", {"order_number": number})
        if further.ok:
            _tell(talk, further.result)
        else:
            talk.say("order_unknown", number=number)
    if talk.complained and talk.asked_for == "confirm_handoff" and act.intent == "provide_details":
        talk.offer_human("pass_it_on", about=talk.complained["text"], order=outcome.result["order"])
    if PAPERS.search(act.text) or _TRACKED_NOT.search(act.text) or _CHARGED_WRONG.search(act.text):
        talk.offer_human("by_a_person", order=outcome.result["order"])
    return True


def _meant(
    talk: Talk, act: ActView, orders: list[dict[str, Any]], only_holding: str | None
) -> tuple[str, list[dict[str, Any]]]:
    """The number of the order that is asked about, and what others are to be told of besides."""
    told, *others = orders
    if only_holding is not None:
        holding_it = [order for order in orders if named_items(only_holding, order["items"])]
        return str(next((one for one in holding_it if one["number"] != talk.order), holding_it[0])["number"]), []
    if by_end := numbered(act.text, orders):
        return str(by_end[0]["number"]), by_end[1:]
    under_way = [order for order in orders if _is_under_way(order)]
    came = [
        order
        for order in orders
        if order["fulfillment_status"] == "delivered" or order["status"] not in ("paid", "pending")
    ]
    if act.intent in _BACK and came and talk.order is None and not holding(act.text, orders):
        return str(came[0]["number"]), []  # "did you get my return?": what has come can have gone back
    if named := holding(act.text, orders):  # "where's my flask?": the order that holds it, not the latest
        if under_way and _NOT_COME.search(act.text) and not any(order in under_way for order in named):
            return str(under_way[0]["number"]), named[:1]  # "my book hasn't come": not the one that has
        return str((told if told in named else named[0])["number"]), []
    besides = others if _ORDERS.search(talk.turn.text) else []
    if talk.order is not None:
        sent = [order for order in orders if order["fulfillment_status"] == "shipped"]
        if (
            _TRACKS.search(act.text)
            and told not in sent
            and len(sent) == 1
            and told["fulfillment_status"] == "unfulfilled"
        ):
            return str(sent[0]["number"]), []  # what has not left has no tracking number
        if not THE_OTHER.search(act.text):
            return str(told["number"]), besides
        others = [order for order in orders if order["number"] != talk.order]
        standing = [order for order in others if order["status"] not in ("cancelled", "refunded")] or others
        return str((standing or [told])[0]["number"]), besides
    if _LATEST.search(act.text) or not under_way or not (_WHERE.search(act.text) or _WHICH.search(talk.turn.text)):
        return str(told["number"]), besides
    meant = told if told in under_way else under_way[0]  # "where's my stuff?" is what has not come yet
    return str(meant["number"]), besides or [order for order in under_way if order is not meant]


def asks_postage_paid(text: str) -> bool:
    return _POSTAGE_PAID.search(text) is not None


def papers(talk: Talk, act: ActView) -> Plan:
    """ "Send the invoice to my mail", of the order that is spoken of."""
    talk.offer_human("by_a_person", about=f"Order {talk.order}: {act.text}")
    yield from ()


def all_of(outcome: ToolOutcome) -> list[dict[str, Any]]:
    """The customer's orders that `order_status` tells of, the one it was asked about first."""
    return [outcome.result["order"], *outcome.result["other_orders"]]


def _is_under_way(order: dict[str, Any]) -> bool:
    return order["fulfillment_status"] != "delivered" and order["status"] not in ("cancelled", "refunded")


def _not_told(talk: Talk, outcome: ToolOutcome, numbers: list[str], emails: list[str]) -> None:
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


def _sent_within(talk: Talk) -> Plan:
    """How long parcels take, as the shop's pages say: all that is known of one that has not left."""
    passages = yield from articles.passages_for("how long does delivery take")
    pages = [one for one in passages if articles.tells_time(one) and _DELIVERS.search(one["text"])]
    page = next((one for one in pages if not _OF_RETURNS.search(one["title"])), None)
    if page is not None:
        articles.quote(talk, page)


def _delayed(talk: Talk, act: ActView) -> Plan:
    """What the shop's pages say of parcels that do not come."""
    passages = [
        *(yield from articles.passages_for(act.text)),
        *(yield from articles.passages_for("delayed or lost parcels")),
    ]
    page = next((one for one in passages if _OF_DELAYS.search(one["title"]) or _OF_DELAYS.search(one["text"])), None)
    if page is not None:
        articles.quote(talk, page)
    elif talk.turn.memory.get("served"):
        talk.offer_human("pass_it_on", about=act.text)  # where it is was told before


def _tell(talk: Talk, result: dict[str, Any]) -> None:
    order = result["order"]
    talk.order = order["number"]
    talk.told.add(order["number"])
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
