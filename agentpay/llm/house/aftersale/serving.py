"""The plan of a support task: find the order, say what will happen, wait for a yes, do it, say how it went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import articles, complaining
from agentpay.llm.house.aftersale import counting, planning, reading, wished
from agentpay.llm.house.aftersale.account import account, asks_more_of
from agentpay.llm.house.aftersale.answering import (
    LEAVES_IT,
    MONEY_INSTEAD,
    agrees,
    corrects,
    says_it_again,
    sure_already,
)
from agentpay.llm.house.aftersale.clauses import (
    MORE_OF_IT,
    apart,
    as_meant,
    kinds_of,
    without_asides,
    without_questions,
)
from agentpay.llm.house.aftersale.finding import ask, orders_of
from agentpay.llm.house.aftersale.quantities import DROPS
from agentpay.llm.house.aftersale.settling import said_in_words
from agentpay.llm.house.aftersale.task import (
    CONFIRM,
    INTENTS,
    Task,
    add,
    is_as_told,
    method_of,
    of_acts,
    of_memory,
    other_address,
    same_place,
    wishes_of,
    without_kept,
    without_numbers,
)
from agentpay.llm.house.aftersale.telling import told
from agentpay.llm.house.aftersale.trouble import is_amiss, is_no_good
from agentpay.llm.house.orders import status
from agentpay.llm.house.talk import Ask, Plan, Talk

_STARTS_ANEW = re.compile(r"^\W*(?:no|nope|not|actually|sorry|wait|hmm|oh|rather)\b[\s,.!:;-]*", re.I)
_ONLY_WHICH = re.compile(r"^\W*(?:no |sorry |oh )*i mean(?:t)? (?:(?:my|the) )?(?:order )?(?:number )?#?\S+\W*$", re.I)
_OF_RETURNS = re.compile(r"\breturns?\b|\bback\b", re.I)
_MAY_I = re.compile(r"^\W*(?:\w+\W+){0,3}?(?:can|could|may|am i able|is it possible|do you)\b", re.I)
_OPEN = ("confirm", "start", "items", "to")
_OF_GOODS = frozenset({"return", "exchange", "refund", "cancel", "items"})
_NAMES = {
    "cancel": "cancellation", "return": "return", "exchange": "exchange", "refund": "refund", "items": "change",
    "payment": "change", "address": "change",
}  # fmt: skip


def ask_again(talk: Talk, task: Task) -> None:
    """What the assistant had proposed still waits for a yes once a question in between is answered."""
    if talk.turn.declines or LEAVES_IT.search(talk.turn.text):
        talk.say("left_as_it_is")
        return
    if talk.expecting or talk.lost or talk.silent:
        return
    if task.asked == "confirm" and len(task.orders) == 1:
        talk.say("task_again", what=_NAMES[task.kind], number=task.orders[0])
    elif task.asked == "confirm":
        talk.say("task_again_all")
    talk.expect(str(talk.asked_for), **talk.pending)


def begin(talk: Talk, acts: Sequence[ActView], *, after: Task | None = None) -> Plan:
    """
    What the clauses of a message want done; several things one after the other. Those that `belong` go with the first.

    `after`: a task that the same message has agreed to; what is wished besides is of its order unless another is named.
    """
    acts = as_meant(without_asides(wishes_of(acts)), talk.turn.text)
    if talk.turn.memory.get("quoted") and _OF_RETURNS.search(talk.page or "") and not is_no_good(talk.turn.text):
        # "Money back for the blue one then", right after the page on returns was quoted: it comes back
        acts = [replace(act, intent="return") if act.intent == "refund" else act for act in acts]
    talk.order = talk.turn.memory.get("order")  # not what another clause of this message has asked about
    kinds = kinds_of(acts)
    more = [act for act in acts if act.intent in MORE_OF_IT]
    acts, elsewhere = apart(acts)
    tasks = [of_acts(talk, [act for act in acts if act.intent == kind]) for kind in kinds]
    for act in more:
        _said_beside(tasks[0], act.text, talk.turn.text)
    whole = without_questions(talk, acts)
    if len(tasks) == 1 and len(whole) > len(" ".join(tasks[0].words)) + 12:
        tasks[0].words.append(
            without_numbers(whole, tasks[0].orders)
        )  # a clause that was read as something else may say which, or what instead
    if after is None:
        _goes_on_from_complaint(talk, tasks[0])
        _goes_on_from_proposal(talk, tasks[0])
    else:
        tasks[0].orders = tasks[0].orders or after.orders
    if tasks[0].kind == "items" and other_address(talk.turn.text):
        tasks.insert(1, Task("address", orders=tasks[0].orders, emails=tasks[0].emails, address=tasks[0].address))
    for task in tasks:
        task.orders = task.orders or next((other.orders for other in tasks if other.orders), [])
    if tasks[0].orders and _ONLY_WHICH.search(tasks[0].words[0]):
        yield from status(talk, acts[0])  # "I mean order 12": what of it, the customer has not said yet
        return
    if elsewhere is not None:
        tasks = [elsewhere, *(replace(task, address=None) for task in tasks)]
    tasks[0].then = [task.data() for task in tasks[1:]]
    yield from serve(talk, tasks[0])


def _said_beside(task: Task, text: str, whole: str) -> None:
    """Take in a clause that says more of the wish: "both the harmonica", read apart from "and the tuner can go back"."""
    for place, words in enumerate(task.words):
        joined = re.search(rf"{re.escape(text)}(?:,| and|, and| &) (?={re.escape(words)})", whole)
        if joined is not None:
            task.words[place] = f"{joined.group()}{words}"
            return
    task.words.append(text)


def _goes_on_from_complaint(talk: Talk, task: Task) -> None:
    """ "A refund for those two", after a complaint about two of the bowls of an order: of that order, and those pieces."""
    told = talk.complained
    if told is None or task.kind not in ("refund", "return", "exchange") or task.orders not in ([], told["numbers"]):
        return
    task.orders = task.orders or list(told["numbers"])
    task.words.insert(0, told["text"])
    task.reason = task.reason or told["text"][:120]
    talk.complained = None


def _goes_on_from_proposal(talk: Talk, task: Task) -> None:
    """ "Then just my money back for them", while an exchange was spoken of: of the same order, and the same pieces."""
    before = of_memory(talk)
    if before is None or before.asked not in _OPEN or not {task.kind, before.kind} <= _OF_GOODS:
        return
    if task.orders not in ([], before.orders):
        return
    task.orders, task.emails = before.orders, task.emails or before.emails
    task.words, task.corrected = [*before.words, *task.words], True


def go_on(talk: Talk, task: Task) -> Plan:
    """The customer answered what the assistant asked for."""
    asked, turn = task.asked, talk.turn
    agreed = agrees(turn.text, accepts=turn.accepts) and not turn.declines
    if (asked == "confirm" or (asked == "to" and task.offered)) and not turn.declines:
        agreed = agreed or says_it_again(task.kind, without_numbers(turn.text, task.orders))
    method = method_of(turn.text) if asked == "confirm" else None
    if method is not None and method != task.method and not is_as_told(task, method):
        task.method, agreed = method, False  # "yes, but to my PayPal": what was proposed is another thing then
    if asked == "confirm" and agreed and not corrects(turn.text):
        yield from _do(talk, task)
        return
    if asked == "order" and agreed and not any(set(act.entities) for act in turn.acts):
        talk.say("order_number_please")  # a yes names no order
        ask(talk, task, "order", "order_number")
        return
    numbers = [number for act in turn.acts for number in act.entities.get("order_numbers", [])]
    said = without_numbers(turn.text, numbers)
    words = _STARTS_ANEW.sub("", said).strip()
    leaves = LEAVES_IT.search(turn.text) is not None
    if (turn.declines and len(words.split()) < 3) or (leaves and (turn.declines or asked in ("confirm", "start"))):
        talk.say("left_as_it_is")
        yield from _next(talk, task)
        return
    if task.kind == "exchange" and MONEY_INSTEAD.match(turn.text):
        task.kind = "refund"
    if asked == "confirm":
        task.calls, task.corrected = [], True
        task.words.append(words)
    if without_kept(turn.text, numbers):
        task.orders = []  # another one than was named before
    for act in turn.acts:
        add(task, act, words=False, whole=turn.text)
        if asked == "country" and task.address is not None and act.entities.get("country"):
            task.address = {**task.address, "country": act.entities["country"]}
        if asked == "postal_code" and task.address is not None and act.entities.get("postal_code"):
            task.address = {**task.address, "postal_code": act.entities["postal_code"]}
    if asked == "more":
        kind = "cancel" if task.kind == "items" and wished.wants_rest(words) else task.kind
        task = Task(kind, orders=task.orders, method=task.method, words=[words])
    if asked in ("items", "to", "order", "method"):
        answer = wished.as_wish(task.kind, said) if asked == "items" else said
        task.words.append(f"for {task.offered}" if asked == "to" and agreed and task.offered else answer)
    if asked == "method" and task.method is None:
        task.method = turn.text.strip()[:100]
    yield from serve(talk, task)


def serve(talk: Talk, task: Task) -> Plan:
    if task.kind == "account":
        yield from account(talk, task)
        return
    named = bool(task.orders)
    found = yield from orders_of(talk, task)
    if found is None:
        return
    talk.served = {"intent": INTENTS.get(task.kind, task.kind)}
    if task.kind == "address":
        yield from _address(talk, task, found[0])
        return
    rule = task.asked is None and _may_i_of_another(talk, task, found)
    if rule and (yield from articles.told(talk, ActView("policy", 1.0, talk.turn.text, {}))):
        return
    for each in found:
        task.words = [counting.without_sales_units(words, each["possible"]["items"]) for words in task.words]
    if len(found) == 1 and _faulty_beyond_rules(task, found[0]):
        talk.complained = {"text": task.text[:300], "numbers": task.orders}
        if not (yield from complaining.told_of_trouble(talk)):
            talk.say("sorry")
            talk.offer_human("pass_it_on", order=found[0]["order"])
        return
    named = named or [each["order"]["number"] for each in found] == [talk.turn.memory.get("order")]
    steps, said = [], talk.text()
    for each in found:
        step = planning.PLANNERS[task.kind](talk, task, each)
        if step is not None:
            steps.append(step)
        elif task.asked and talk.expecting:
            return  # one of them needs an answer first
    if not steps:
        if talk.expected in (None, "confirm_handoff"):
            yield from _next(talk, task)  # what cannot be done keeps nothing else from being done
        return
    task.calls = [{"tool": step.tool, "arguments": step.arguments} for step in steps]
    if named and talk.text() == said and sure_already(talk.turn.text) and _in_words(task):
        yield from _do(talk, task)
        return
    task.told = " ".join(step.says for step in steps)
    for step in steps:
        talk.say_text(step.says)
    talk.say("ask_yes" if len(steps) == 1 else "ask_yes_all")
    ask(talk, task, "confirm", CONFIRM[task.kind])


def _in_words(task: Task) -> bool:
    """Whether what is about to be done was asked for in words that say so: a guess is proposed first, however sure they are."""
    if task.kind == "payment":
        return True
    return said_in_words(INTENTS.get(task.kind, task.kind), task.text) or DROPS.search(task.text) is not None


def _faulty_beyond_rules(task: Task, found: dict[str, Any]) -> bool:
    """Whether what is amiss is never taken back, or too late for it: a rule for what is merely not wanted decides nothing here."""
    if task.kind not in ("return", "refund", "exchange", "items") or not is_amiss(task.text):
        return False
    items = found["possible"]["items"]
    meant = wished.meant(task.text, items).items or items
    back = {item["title"] for one in found.get("returns", []) for item in one["items"]}
    delivered = found["order"]["fulfillment_status"] == "delivered"
    if delivered and found["possible"]["returns"]["code"] == "return_window_over":
        return True
    return delivered and bool(meant) and all(not one["returnable"] and one["title"] not in back for one in meant)


def _may_i_of_another(talk: Talk, task: Task, found: Sequence[dict[str, Any]]) -> bool:
    """ "Can I return the gift card?", of somebody whose order holds none: the rule is asked for."""
    if "?" not in talk.turn.text or not _MAY_I.match(talk.turn.text):
        return False
    wish = wished.wish_of(task.text)
    return all(reading.not_named(wish, one["possible"]["items"]) for one in found)


def _address(talk: Talk, task: Task, found: dict[str, Any]) -> Plan:
    """An address is changed at once: it can be changed again."""
    order, state = found["order"], found["possible"]["before_it_leaves"]
    if not state["ok"]:
        talk.say("change_impossible", number=order["number"], reason=state["reason"])
        talk.offer_human(order=order)
        return
    before = talk.turn.memory.get("order")
    if task.address is None and same_place(task.text):
        task.address = (talk.turn.memory.get("served") or {}).get("address")  # the one that was just noted
    if task.address is None and same_place(task.text) and before not in (None, order["number"]):
        outcome = yield Ask("order_status", {"order_number": before})
        task.address = outcome.result["order"]["shipping_address"] if outcome.ok else None
    if task.address is None:
        talk.say("address_which", number=order["number"])
        ask(talk, task, "address", "address")
        return
    if asks_more_of(talk, task, task.address):
        return
    asked = {"order_number": order["number"], "address": task.address, **task.by_method}
    outcome = yield Ask("change_order_address", asked)
    told(talk, "change_order_address", outcome)
    yield from _next(talk, task)


def _do(talk: Talk, task: Task) -> Plan:
    for call in task.calls:
        outcome = yield Ask(call["tool"], call["arguments"])
        told(talk, call["tool"], outcome)
    if not task.then and not talk.expecting:
        ask(talk, Task(task.kind, orders=task.orders, method=task.method), "more", "more")
    yield from _next(talk, task)


def _next(talk: Talk, task: Task) -> Plan:
    if task.then:
        following = Task(**task.then[0])
        following.then = task.then[1:]
        yield from serve(talk, following)
