# ruff: noqa: E501 (a regular expression is read in one piece)
"""From a task and an order as it is to the call that does it, with the sentence that says what will happen."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.aftersale import reading, wished
from agentpay.llm.house.aftersale.finding import ask
from agentpay.llm.house.aftersale.picking import picked, refuse, swaps_of, units_of, words_of
from agentpay.llm.house.aftersale.saying import contents, destination, share, swap_says, way, what, wishes
from agentpay.llm.house.aftersale.saying import named as named_units
from agentpay.llm.house.aftersale.task import Task
from agentpay.llm.house.talk import Talk

_DROP = re.compile(
    r"\b(?:remove|drop|take (?:\w+ )*(?:out|off)|delete|leave out|without|cancel|don'?t want|do not want|no longer want|don'?t need)\b",
    re.I,
)
_MORE = re.compile(r"\b(?:add|another|more|extra|additional)\b", re.I)
_MAKE_IT = re.compile(
    r"\b(?:make (?:it|that|them|(?:(?:my|the|this) )?(?:order )?#?[\w-]*\d[\w-]*)|to|quantity (?:of |to )?|(?:just|only)(?: (?:need|want|take|keep|have))?|(?:need|want|keep)(?=\s+\w+\s+(?:\w+\s+)?only\b))\s+(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\b(?!\s*(?:[a-z]+ )?(?:st|street|rd|road|ave))",
    re.I,
)


_INSTEAD_OF = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})(?:\s+[a-z][\w'-]*){0,4}?,?\s+(?:instead of|rather than|not)\s+"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\b",
    re.I,
)
"""So many, not so many: "one jacket instead of two"."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call to be made after a yes; `says` tells beforehand what it does."""

    tool: str
    arguments: dict[str, Any]
    says: str


Planner = Callable[[Talk, Task, dict[str, Any]], Step | None]
"""None: something was asked or said instead."""


def cancel(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["before_it_leaves"]
    if not state["ok"]:
        if can["returns"]["ok"] and wished.meant(task.text, can["items"]).items and len(can["items"]) > 1:
            talk.say("cancel_impossible", number=order["number"], reason=state["reason"])
            task.kind = "return"  # what has arrived is sent back
            return give_back(talk, task, found)
        _not_possible(talk, "cancel_impossible", order, state["reason"], hint=_later(talk, order, can))
        _return_instead(talk, task, order, can)
        return None
    meant = wished.meant(task.text, can["items"])
    if meant.kept and len(meant.kept) == len(can["items"]):
        talk.say("left_as_it_is")
        return None
    if part := wished.only_part(task.text, can["items"]):
        return _without(talk, task, found, part)
    amount = talk.money(can["refundable"])
    arguments = {"order_number": order["number"], **({"reason": task.reason} if task.reason else {})}
    paid = way(can)
    key = "cancel_ask" if can["refundable"] else "cancel_ask_free"
    says = talk.sentence(key, number=order["number"], what=contents(order), amount=amount, method=paid)
    return Step("cancel_order", arguments, says)


def give_back(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    if not can["returns"]["ok"]:
        return _cannot_come_back(talk, task, found, "return")
    chosen = picked(talk, task, found, "return_which")
    if chosen is None:
        return None
    amount = talk.money(sum(share(item, units) for item, units in chosen))
    says = talk.sentence(
        "return_ask", what=named_units(chosen), number=order["number"], amount=amount, method=destination(task, can)
    )
    items = [{"variant": item["variant_external_id"], "quantity": units} for item, units in chosen]
    return Step("return_items", {"order_number": order["number"], "items": items, **wishes(task)}, says)


def exchange(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    if not can["exchange"]["ok"]:
        return _cannot_come_back(talk, task, found, "exchange")
    swaps = swaps_of(talk, task, found)
    if swaps is None:
        return None
    items = [
        {"variant": item["variant_external_id"], "quantity": units, "to": {"variant": to["external_id"]}}
        for item, units, to in swaps
    ]
    says = swap_says(talk, task, order, can, swaps, "exchange_ask")
    return Step("exchange_items", {"order_number": order["number"], "items": items, **wishes(task)}, says)


def items(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["before_it_leaves"]
    if not state["ok"] and order["fulfillment_status"] == "delivered":
        task.kind = "exchange"  # what has arrived is not changed but exchanged
        return exchange(talk, task, found)
    if not state["ok"]:
        _not_possible(talk, "change_impossible", order, state["reason"], hint=_later(talk, order, can))
        return None
    counted = _counted(talk, task, found)
    if counted is not None:
        return counted
    if talk.expecting:
        return None
    swaps = swaps_of(talk, task, found)
    if swaps is None:
        return None
    changes = [
        {"variant": item["variant_external_id"], "quantity": units, "to": {"variant": to["external_id"]}}
        for item, units, to in swaps
    ]
    says = swap_says(talk, task, order, can, swaps, "items_ask")
    return Step("change_order_items", {"order_number": order["number"], "changes": changes, **task.by_method}, says)


def payment(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["before_it_leaves"]
    if not state["ok"]:
        _not_possible(talk, "change_impossible", order, state["reason"])
        return None
    if task.method is None:
        talk.say("payment_which", number=order["number"], method=way(can))
        ask(talk, task, "method", "method")
        return None
    method = task.method.replace("_", " ")
    says = talk.sentence("payment_ask", number=order["number"], method=method, amount=talk.money(order["total"]))
    return Step("change_order_payment", {"order_number": order["number"], **task.by_method}, says)


def refund(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    if not can["refundable"]:
        _not_possible(talk, "refund_nothing", order, "", person=False)
        return None
    if can["before_it_leaves"]["ok"] and task.amount is None:
        task.kind = "cancel"  # nothing has left: the money comes back with the order
        return cancel(talk, task, found)
    if order["fulfillment_status"] == "delivered" and can["returns"]["code"] == "return_window_over":
        return _cannot_come_back(talk, task, found, "return")
    if order["fulfillment_status"] == "delivered" and can["items"] and not any(i["returnable"] for i in can["items"]):
        refuse(talk, can["items"][0]["reason"], order)  # no yes is asked for what cannot be done
        return None
    text = words_of(task, can["items"])
    several = len(can["items"]) > 1
    meant = wished.meant(text, can["items"]).items if several else []
    named = [item for item in meant if item["returnable"]]
    for item in meant:
        if not item["returnable"]:
            talk.say_text(item["reason"] or f"{what(item)} cannot be sent back.")
    if meant and not named:
        talk.offer_human(order=order)
        return None
    if several and not named and task.amount is None and wished.means_one_thing(text):
        left = [item for item in can["items"] if item["returnable"]]
        talk.say("refund_which", number=order["number"], items=describe.listing([what(item) for item in left]))
        ask(talk, task, "items", "order_items")
        return None
    given = [(item, units_of(task, text, item, can["items"], only=len(named) == 1)) for item in named]
    if wished.wants_all(text):
        given = []
    part = sum(share(item, units) for item, units in given)
    amount = min(task.amount or part or can["refundable"], can["refundable"])
    told = {"amount": talk.money(amount), "number": order["number"], "method": destination(task, can)}
    says = (
        talk.sentence("refund_ask_for", what=named_units(given), **told)
        if given
        else talk.sentence("refund_ask", **told)
    )
    return Step("request_refund", {"order_number": order["number"], "amount": amount, **wishes(task)}, says)


PLANNERS: dict[str, Planner] = {
    "cancel": cancel, "return": give_back, "exchange": exchange, "items": items, "payment": payment, "refund": refund,
}  # fmt: skip


def _counted(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    """ "Remove the gloves", "make it two", "add another one": other quantities of what the order holds."""
    order, pool = found["order"], found["possible"]["items"]
    text = task.text
    instead = _INSTEAD_OF.search(text)
    drop, more, exact = _DROP.search(text), _MORE.search(text), instead or _MAKE_IT.search(text)
    drop, more = (None, None) if instead else (drop, more)
    if not (drop or more or exact):
        return None
    chosen = wished.meant(text, pool).items or (pool if len(pool) == 1 else [])
    if len(chosen) != 1:
        if drop or not reading.alternatives(text, pool[0]):
            talk.say("change_which", number=order["number"], items=describe.listing([what(item) for item in pool]))
            ask(talk, task, "items", "order_items")
        return None
    item = chosen[0]
    said = wished.units(text, item, pool) or reading.units_of(wished.wish_of(text), 999)
    if drop:
        gone = said if said and said < item["quantity"] else item["quantity"]
        units = item["quantity"] - gone
    elif more:
        units = item["quantity"] + (said or 1)
    else:
        assert exact is not None, "one of the three"
        units = reading.number(exact[1])
    if not units and len(pool) == 1:
        task.kind = "cancel"  # nothing would be left of it
        return cancel(talk, task, found)
    difference = (units - item["quantity"]) * item["unit_price"]
    money = talk.money(abs(difference))
    key = "count_none" if not units else "count_less" if difference < 0 else "count_more"
    says = talk.sentence(key, what=what(item), number=order["number"], units=units, amount=money)
    change = {"variant": item["variant_external_id"], "quantity": item["quantity"], "to_quantity": units}
    return Step("change_order_items", {"order_number": order["number"], "changes": [change], **task.by_method}, says)


def _without(talk: Talk, task: Task, found: dict[str, Any], part: list[dict[str, Any]]) -> Step:
    """ "Cancel just the table": the rest of the order stays."""
    order = found["order"]
    changes, gone, amount = [], [], 0
    for item in part:
        units = min(wished.units(task.text, item, found["possible"]["items"]) or 999, item["quantity"])
        left = item["quantity"] - units
        changes.append({"variant": item["variant_external_id"], "quantity": item["quantity"], "to_quantity": left})
        gone.append((item, units))
        amount += units * item["unit_price"]
    task.kind = "items"
    says = talk.sentence(
        "count_none", what=named_units(gone), number=order["number"], units=0, amount=talk.money(amount)
    )
    return Step("change_order_items", {"order_number": order["number"], "changes": changes, **task.by_method}, says)


def _cannot_come_back(talk: Talk, task: Task, found: dict[str, Any], kind: str) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["returns" if kind == "return" else "exchange"]
    if state["code"] == "order_not_delivered" and can["before_it_leaves"]["ok"]:
        if kind == "exchange":
            task.kind = "items"
            return items(talk, task, found)
        talk.say("not_sent_yet", number=order["number"])
        task.kind = "cancel"
        return cancel(talk, task, found)
    if state["code"] == "order_not_delivered":
        _not_possible(talk, "not_arrived_yet", order, "", person=False)
        return None
    if (state["code"] or "").endswith("window_over") and state["until"]:
        day = datetime.fromisoformat(state["until"])
        _not_possible(talk, "window_over", order, f"{day:%B} {day.day}, {day.year}", kind=kind)
        return None
    _not_possible(talk, "not_returnable_now", order, state["reason"])
    return None


def _not_possible(
    talk: Talk, key: str, order: dict[str, Any], reason: str, *, hint: str = "", person: bool = True, kind: str = ""
) -> None:
    talk.say(key, number=order["number"], reason=reason, kind=kind)
    if hint:
        talk.say_text(hint)
    elif person:
        talk.offer_human(order=order)


def _return_instead(talk: Talk, task: Task, order: dict[str, Any], can: dict[str, Any]) -> None:
    """A yes to "you can return it, though" begins the return."""
    if can["returns"]["ok"] and order["status"] not in ("cancelled", "refunded"):
        instead = Task("return", orders=[order["number"]], emails=task.emails, words=task.words, reason=task.reason)
        ask(talk, instead, "start", "start_return")


def _later(talk: Talk, order: dict[str, Any], can: dict[str, Any]) -> str:
    """What a customer can do instead, once the goods are there."""
    if order["status"] in ("cancelled", "refunded"):
        return ""
    if can["returns"]["ok"]:
        return talk.sentence("return_instead", number=order["number"])
    return talk.sentence("return_later") if order["fulfillment_status"] == "shipped" else ""
