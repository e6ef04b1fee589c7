"""Which order is meant, and whose it is: nothing is told before that is known (CONTRACT §4, who is who)."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import describe
from agentpay.llm.house.aftersale import wished
from agentpay.llm.house.aftersale.reading import named_items, said_words, split_into, title_words
from agentpay.llm.house.aftersale.task import Task
from agentpay.llm.house.articles import told
from agentpay.llm.house.facts import content
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Plan, Talk

Found = Generator[Ask, ToolOutcome, list[dict[str, Any]] | None]
"""Results of `order_status`; None where something has been asked or said instead."""

_LATEST = re.compile(r"\b(?:latest|last|most recent|newest|recent)\b(?! (?:item|one))", re.I)
THE_OTHER = re.compile(r"\b(?:the|my) other (?:one|order|parcel|package)\b", re.I)
_CAME = re.compile(r"\b(?:delivered|delivery|arrived|received|got)\b", re.I)
_ALL_ORDERS = re.compile(r"\b(?:all|both|every)\b(?: (?:of )?(?:my|the|these|those))?(?: \w+)? orders?\b", re.I)
_BY_RULES = frozenset({"return", "exchange", "refund"})
_DIGITS = re.compile(r"\d{3,}$")
_BOTH = 2
_MOST = 5
"""Orders that are worked on at once."""
_LOOKED_INTO = 3
"""Orders that are looked into, where the names of what they hold do not tell which is meant."""
_OF_ORDERS = stems(
    "order orders cancel return refund exchange change send back money item items thing things stuff something last want please like would"
)


def verified(talk: Talk, task: Task) -> Generator[Ask, ToolOutcome, bool]:
    """Whether the talk may go on about orders: proves number and e-mail where both are there. Says what is missing else."""
    task.orders, task.emails = talk.claims(task.orders, task.emails)
    if talk.verified or not (task.orders and task.emails):
        return True
    outcome = yield Ask("find_customer", {"email": task.emails[0], "order_number": task.orders[0]})
    if outcome.ok:
        return True
    talk.say("verify_failed")
    talk.proof_failed(task.orders[0], task.emails[0])
    ask(talk, task, "verify", "order_number", verify=True, numbers=task.orders, emails=task.emails)
    return False


def unverified(talk: Talk, task: Task) -> None:
    """Ask for what proves whose order it is."""
    talk.say("verify_email" if task.orders else "verify_number" if task.emails else "verify")
    wanted = "email" if task.orders else "order_number"
    ask(talk, task, "verify", wanted, verify=True, numbers=task.orders, emails=task.emails)


def ask(talk: Talk, task: Task, asked: str, what: str, **pending: Any) -> None:
    """Note what the customer was asked for, and the task it is for."""
    task.asked = asked
    talk.expect(what, task=task.data(), **pending)


def orders_of(talk: Talk, task: Task) -> Found:
    """The orders the task is about, each as `order_status` tells it."""
    if not (yield from verified(talk, task)):
        return None
    if task.orders:
        found = []
        for number in task.orders[:_MOST]:
            outcome = yield from looked_up(talk, number)
            if not outcome.ok:
                yield from _refused(talk, task, outcome, number)
                return None
            found.append(outcome.result)
        return _noted(talk, task, found)
    outcome = yield Ask("order_status", {})
    if not outcome.ok:
        yield from _refused(talk, task, outcome, "")
        return None
    latest = outcome.result
    candidates = _meant(talk, task, [_brief(latest["order"]), *latest["other_orders"]])
    sure = len(candidates) == 1 or _ALL_ORDERS.search(task.text) is not None
    if not sure and (len(candidates) > _LOOKED_INTO or not content(task.text) - _OF_ORDERS):
        _which(talk, task, candidates)
        return None
    found = []
    for order in candidates[:_MOST]:
        if order["number"] == latest["order"]["number"]:
            found.append(latest)
            continue
        outcome = yield Ask("order_status", {"order_number": order["number"]})
        if outcome.ok:
            found.append(outcome.result)
    if not sure:  # "one of the bags": what the goods of an order are, only the whole of it tells
        holds = [one for one in found if named_items(task.text, one["possible"]["items"])]
        if len(holds) != 1:
            _which(talk, task, candidates)
            return None
        found = holds
    return _noted(talk, task, found)


def looked_up(talk: Talk, number: str) -> Generator[Ask, ToolOutcome, ToolOutcome]:
    """The order of that number, or the only one of a known customer's that ends with these digits."""
    outcome = yield Ask("order_status", {"order_number": number})
    if outcome.ok or not talk.verified or not number.isdigit() or outcome.result["error"]["code"] != "order_not_found":
        return outcome
    every = yield Ask("order_status", {})
    found = numbered(number, [every.result["order"], *every.result["other_orders"]]) if every.ok else []
    return (yield Ask("order_status", {"order_number": found[0]["number"]})) if len(found) == 1 else outcome


def _which(talk: Talk, task: Task, candidates: list[dict[str, Any]]) -> None:
    talk.say("order_which", orders=describe.listing([_short(order) for order in candidates[:_MOST]], "or"))
    ask(talk, task, "order", "order_number")


def holding(text: str, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The orders that hold what the text names; empty where it names nothing, or what all of them hold."""
    flat = [{**item, "number": order["number"]} for order in orders for item in order["items"]]
    named = named_items(text, flat) if flat else []
    said = said_words(text)
    held: dict[str, set[str]] = {}
    for item in named:
        held.setdefault(item["number"], set()).update(title_words(item["title"]) & said)
    most = max(map(len, held.values()), default=0)  # "the oat cream": the order that holds it, not one with any cream
    numbers = {number for number, words in held.items() if len(words) == most}
    return [order for order in orders if order["number"] in numbers] if len(numbers) < len(orders) else []


def numbered(text: str, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The orders that the text calls by the digits of their number alone: "102", of FJ-102."""
    ends = [(order, found[0]) for order in orders if (found := _DIGITS.search(str(order["number"])))]
    return [order for order, end in ends if re.search(rf"(?<![\w$€£.,-]){end}(?![\w%]|[.,]\d)", text)]


def _meant(talk: Talk, task: Task, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The orders that may be meant, at least one."""
    text = split_into(task.text)[0] if task.kind == "exchange" else wished.without_kept(task.text)
    if len(orders) == 1:
        return orders
    suitable = [order for order in orders if suits(task.kind, order)]
    named = holding(text, orders)
    standing = [order for order in orders if order["status"] not in ("cancelled", "refunded")]
    if _ALL_ORDERS.search(text) and suitable and len(standing) == _BOTH and "both" in text.casefold():
        return standing  # of each is said what can be done
    if _ALL_ORDERS.search(text) and suitable:
        return suitable
    if by_end := numbered(text, orders):
        return by_end
    if _LATEST.search(text) and not (named and orders[0] not in named):
        return suitable[:1] if suitable and _CAME.search(text) else orders[:1]
    spoken_of = [order for order in orders if talk.order and order["number"].casefold() == talk.order.casefold()]
    if (
        spoken_of
        and not named
        and THE_OTHER.search(text)
        and (others := [one for one in suitable if one not in spoken_of])
    ):
        return others
    if not named and spoken_of:
        return spoken_of
    if spoken_of and spoken_of[0] in named and (spoken_of[0] in suitable or not any(one in suitable for one in named)):
        return spoken_of
    return [order for order in named if order in suitable] or named or suitable or orders[:1]


def suits(kind: str, order: dict[str, Any]) -> bool:
    """Whether such a thing can be done with an order in that state at all."""
    if order["status"] in ("cancelled", "refunded"):
        return False
    if kind in ("return", "exchange"):
        return bool(order["fulfillment_status"] == "delivered")
    return kind == "refund" or bool(order["fulfillment_status"] == "unfulfilled")


def _refused(talk: Talk, task: Task, outcome: ToolOutcome, number: str) -> Plan:
    match outcome.result["error"]["code"]:
        case "verification_required":
            if (
                task.kind in _BY_RULES
                and task.asked is None
                and "?" in talk.turn.text
                and not (task.orders or task.emails)
            ):
                yield from told(
                    talk, ActView("policy", 1.0, talk.turn.text, {})
                )  # the rule may be all that is asked for
            unverified(talk, task)
        case "order_not_found":
            talk.say("order_unknown", number=number)
            task.orders = []
            ask(talk, task, "order", "order_number")
        case "no_orders":
            talk.say("order_none")
        case _:
            talk.say("tool_failed")


def _noted(talk: Talk, task: Task, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    task.orders = [each["order"]["number"] for each in found]
    talk.order = task.orders[-1] if task.orders else talk.order
    return found


def _brief(order: dict[str, Any]) -> dict[str, Any]:
    return {name: order[name] for name in ("number", "status", "fulfillment_status", "items")}


def _short(order: dict[str, Any]) -> str:
    titles = list(dict.fromkeys(item["title"] for item in order["items"]))
    more = f" and {len(titles) - 2} more" if len(titles) > 2 else ""
    return f"{order['number']} ({', '.join(titles[:2])}{more})"
