"""From a task and an order as it is to the call that does it, with the sentence that says what will happen."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from itertools import product
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.aftersale import counting, reading, wished
from agentpay.llm.house.aftersale.finding import ask
from agentpay.llm.house.aftersale.picking import ANOTHER, picked, refuse, several_of, swaps_of, units_of, words_of
from agentpay.llm.house.aftersale.quantities import DROPS, change, other_quantities, part_of, without
from agentpay.llm.house.aftersale.saying import contents, destination, share, swap_says, way, what, wishes
from agentpay.llm.house.aftersale.saying import named as named_units
from agentpay.llm.house.aftersale.task import Step, Task
from agentpay.llm.house.aftersale.trouble import is_amiss
from agentpay.llm.house.talk import Talk

_OTHERWISE = re.compile(
    r"\b(?:swap\w*|exchang\w*|replac\w*|switch\w*|wrong|bigger|smaller|larger"
    r"|sizes?|colou?rs?|(?:different|other|another) (?:one|model|version|kind|item|product|variant|shade|scent|style|length|type)"
    r"|chang\w* (?:(?:of|in|on|to) )?(?:it|that|them|something|an? item|items?|(?:my|the|this|that|an?) (?:last |latest )?order|what))\b",
    re.I,
)
"""What an item shall become instead, or that one is to be changed at all."""
_NOT_COME = re.compile(
    r"(?:\b(?:not|never)|n'?t) (?:\w+ )?(?:arriv\w*|come|came|turned up|here|got|received|been delivered)\b|\bre-?sen[dt]\b|\blost\b"
    r"|\b(?:don'?t|do not|not|can'?t) (?:\w+ ){0,2}?wait\b|\bsend (?:me |us )?(?:an? )?(?:new|another|replacement)\b",
    re.I,
)
_MIND = re.compile(r"\bchang\w* (?:my|our) minds?\b|\b(?:don'?t|do not|didn'?t) (?:like|want|need)\b", re.I)
_NEW_ONE = re.compile(r"\b(?:new|another|fresh) (?:one|pair|set)\b|\breplac\w*\b|\ba new\b", re.I)
_MOST_COUNTED = 5
"""Items of an order whose pieces are tried for an amount."""
Planner = Callable[[Talk, Task, dict[str, Any]], Step | None]
"""None: something was asked or said instead."""


def cancel(talk: Talk, task: Task, found: dict[str, Any]) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["before_it_leaves"]
    if order["status"] == "cancelled" and _just_now(talk, order["number"]):
        return None  # "yes, all of it, also the soaps": they went with the order
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
    if part := part_of(task, can["items"]):
        return without(talk, task, found, part)
    whole = wished.means_order(task.text)
    if not whole and (missing := reading.not_named(wished.wish_of(task.text), can["items"])):
        talk.say("not_in_order", what=missing, number=order["number"])
        if len(can["items"]) > 1:
            talk.say("change_which", number=order["number"], items=describe.listing([what(i) for i in can["items"]]))
            ask(talk, task, "items", "order_items")
            return None
    amount = talk.money(can["refundable"])
    arguments = {"order_number": order["number"], **({"reason": task.reason} if task.reason else {})}
    paid = way(can)
    key = "cancel_ask" if can["refundable"] else "cancel_ask_free"
    says = talk.sentence(key, number=order["number"], what=contents(order), amount=amount, method=paid)
    return Step("cancel_order", arguments, says)


def _just_now(talk: Talk, number: str) -> bool:
    """Whether this reply has cancelled the order."""
    done = (one for one in talk.turn.outcomes if one.ok and one.name == "cancel_order")
    return any(one.arguments.get("order_number") == number for one in done)


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
    named_other = any(reading.alternatives(task.text, item) for item in can["items"])
    if is_amiss(task.text) and (_NEW_ONE.search(task.text) or not ANOTHER.search(task.text)) and not named_other:
        talk.say("sorry")
        task.asked = "to"  # the same once more is no other variant; "then my money" goes on from it
        talk.offer_human("pass_it_on", order=order, task=task.data())
        return None
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
    if (
        not state["ok"]
        and order["fulfillment_status"] == "delivered"
        and (DROPS.search(task.text) or _MIND.search(task.text))
    ):
        task.kind = "return"  # what is not wanted any more, and is there
        return give_back(talk, task, found)
    if not state["ok"] and order["fulfillment_status"] == "delivered":
        task.kind = "exchange"  # what has arrived is not changed but exchanged
        return exchange(talk, task, found)
    if not state["ok"]:
        _not_possible(talk, "change_impossible", order, state["reason"], hint=_later(talk, order, can))
        return None
    if changed := other_quantities(talk, task, found):
        if not any(units for _, units in changed) and len(changed) == len(can["items"]):
            task.kind = "cancel"  # nothing would be left of it
            return cancel(talk, task, found)
        return change(talk, task, order, changed)
    if talk.expecting:
        return None
    if not (_OTHERWISE.search(task.text) or any(reading.alternatives(task.text, item) for item in can["items"])):
        talk.offer_human("by_a_person", order=order)  # to wait with it, to wrap it, to send it with another one
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
        if order["refunded"]:
            talk.say("order_refunded", amount=talk.money(order["refunded"]))
        if can["paid_with"]:
            talk.say("refund_went", method=way(can))
        return None
    if can["before_it_leaves"]["ok"] and task.amount is None:
        task.kind = "cancel"  # nothing has left: the money comes back with the order
        return cancel(talk, task, found)
    if order["fulfillment_status"] == "delivered" and can["returns"]["code"] == "return_window_over":
        return _cannot_come_back(talk, task, found, "return")
    if order["fulfillment_status"] == "delivered" and can["items"] and not any(i["returnable"] for i in can["items"]):
        spoken_of = wished.meant(words_of(task, can["items"]), can["items"]).items or can["items"]
        refuse(talk, spoken_of[0]["reason"], order)  # no yes is asked for what cannot be done
        return None
    text = words_of(task, can["items"])
    several = len(can["items"]) > 1
    meant = wished.meant(text, can["items"]).items if several else []
    if several and not meant:
        meant = several_of(text, can["items"])
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
    if not several and task.amount is None:  # "only three of four were in the parcel": not all that was paid
        given = [(item, units) for item in can["items"] if (units := _part_of_one(text, item))]
    kept = wished.meant(text, can["items"]).kept
    if wished.wants_all(text) and not kept:
        given = []
    if task.amount is not None:
        given = _worth(task.amount, meant or can["items"]) or given
    part = sum(share(item, units) for item, units in given)
    amount = min(task.amount or part or can["refundable"], can["refundable"])
    told = {"amount": talk.money(amount), "number": order["number"], "method": destination(task, can)}
    says = (
        talk.sentence("refund_ask_for", what=named_units(given), **told)
        if given
        else talk.sentence("refund_ask", **told)
    )
    return Step("request_refund", {"order_number": order["number"], "amount": amount, **wishes(task)}, says)


def _worth(amount: int, items: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """The pieces that come to the amount that is wanted back, where only some can be: 75 is the lamp for 59 and a flask for 16."""
    items = [item for item in items if item["returnable"]][:_MOST_COUNTED]
    counts = product(*(range(item["returnable"] + 1) for item in items))
    fitting = [each for each in counts if sum(share(item, n) for item, n in zip(items, each, strict=False)) == amount]
    return [(item, n) for item, n in zip(items, fitting[0], strict=False) if n] if len(fitting) == 1 else []


def _part_of_one(text: str, item: dict[str, Any]) -> int | None:
    """How many of the only item the money is wanted for, where that is not all of it."""
    units = counting.short_by(text, item["quantity"]) or wished.units(text, item, [item])
    return units if units is not None and 0 < units < item["returnable"] else None


PLANNERS: dict[str, Planner] = {
    "cancel": cancel, "return": give_back, "exchange": exchange, "items": items, "payment": payment, "refund": refund,
}  # fmt: skip


def _cannot_come_back(talk: Talk, task: Task, found: dict[str, Any], kind: str) -> Step | None:
    order, can = found["order"], found["possible"]
    state = can["returns" if kind == "return" else "exchange"]
    if state["code"] == "order_not_delivered" and can["before_it_leaves"]["ok"]:
        if kind == "exchange":
            task.kind = "items"
            return items(talk, task, found)
        talk.say("not_sent_yet", number=order["number"])
        if len(task.orders) > 1:
            return None  # several were named: none of them goes for another's sake
        if other := reading.not_named(wished.wish_of(task.text), can["items"]):
            talk.say("not_in_order", what=other, number=order["number"])
            return None  # nor does what was not spoken of
        task.kind = "cancel"
        return cancel(talk, task, found)
    if state["code"] == "order_not_delivered":
        missing = _NOT_COME.search(talk.turn.text) is not None or talk.asked_for == "confirm_handoff"
        _not_possible(talk, "not_come" if missing else "not_arrived_yet", order, "", person=missing)
        return None
    if (state["code"] or "").endswith("window_over") and state["until"]:
        day = datetime.fromisoformat(state["until"])
        _not_possible(talk, "window_over", order, f"{day:%B} {day.day}, {day.year}", kind=_window(order, day, kind))
        return None
    _not_possible(talk, "not_returnable_now", order, state["reason"])
    return None


def _window(order: dict[str, Any], end: datetime, kind: str) -> str:
    """ "30-day return"."""
    came = order.get("delivered_at")
    return f"{(end - datetime.fromisoformat(came)).days}-day {kind}" if came else kind


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
