# ruff: noqa: E501 (a regular expression is read in one piece)
"""Messages that go on from what was served: "and the mat?", "yes, and cancel the lamp too", "perfect, that's right"."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import orders
from agentpay.llm.house.aftersale import reading, serving, wished
from agentpay.llm.house.aftersale.answering import LEADING_YES, corrects
from agentpay.llm.house.aftersale.finding import suits
from agentpay.llm.house.aftersale.task import INTENTS, KINDS, Task, of_memory
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Plan, Talk

_AND_ANOTHER = re.compile(
    r"^\W*(?:(?:fine|ok(?:ay)?|thanks?|thank you|great|good|al?right|right|hm+|oh|cool|perfect|i see|so|then|too bad|pity|shame)\W+)*"
    r"(?:and|(?:[\w']+\W+){0,3}?(?:what|how) about|(?:then )?(?:just|only))\s+(?:the|my|our)\s+(?P<what>[a-z][^?.!,;]{1,40})",
    re.I,
)
_MAY_NAME = frozenset(
    {"product_search", "product_details", "product_comparison", "availability", "price_question", "recommendation", "other"}
    | {"thanks", "greeting", "add_to_cart", "complaint", "order_status", *KINDS}
)  # fmt: skip
_OF_MONEY = frozenset(
    {"view_cart", "return", "refund", "order_status", "policy", "price_question", "payment_problem", "other", "thanks"}
)
_IS_DONE = re.compile(
    r"^\W*(?:(?:so|and|ok(?:ay)?|great|thanks)\W+)*(?:is|has|was|did) (?:that|it|this|everything)(?: all| now)?"
    r"(?: been| gone)? (?:sorted|done|changed|through|set|settled|saved|updated|go through|work)(?: now| then| ok)?\W*$",
    re.I,
)
_GETS_BACK = re.compile(
    r"\b(?:what|how much|how|where|when)\b[^.?!]{0,30}\b(?:get|have|see|receive|getting)\b[^.?!]{0,20}\bback\b",
    re.I,
)
_WHERE = re.compile(r"^\W*(?:and |so )?(?:where|when|track\w*|has (?:that|it) (?:left|shipped|gone))\b", re.I)
_SUM_BACK = re.compile(
    r"^\W*(?:(?:so|and|ok(?:ay)?|great|thanks)\W+)*how much\b[^.?!]{0,20}\b(?:go|goes|come|comes|coming|going|get|be|credited|refunded|paid)\b[^.?!]{0,15}\b(?:back|(?:to|on) my (?:card|account|paypal))\b",
    re.I,
)
"""Asks what was given back, in words that may name goods, too: "how much will come back to my card?"."""
_READS_BACK = re.compile(
    r"\bread (?:it |that |this |me )*back\b|\bwhat'?s in (?:it|that|this|there|(?:the|my|that) order)\b(?! the cart)|\bwhere(?:'s| is) it (?:going|headed)\b|\bhow much (?:do|will|would) i get\b(?! off)",
    re.I,
)
_OF_A_CART = frozenset({"view_cart", "checkout", "other", "order_status", "price_question"})
_IN_THE_ORDER = re.compile(
    r"\b(?:what|which|how much|read|show|list|tell)\b[^.?!]{0,40}\b(?:in|on|of|about) (?:that|this|my|the) (?:\w+ )?order\b"
    r"|\b(?:that|this|my|the) (?:\w+ )?order\b[^.?!]{0,20}\b(?:look|contain|hold|come to)",
    re.I,
)
"""What an order holds or comes to, in words that are said of a cart as well."""
_FURTHER = re.compile(r"\b(?:and|also|plus|then|too|as well)\b", re.I)


def asks_again(memory: dict[str, Any], intents: Sequence[str], text: str) -> bool:
    """ "And the mat?", right after an order was told of or something was done with one: the same is asked of another thing.

    Unless the message says itself what is wanted: "and the mat came torn. Refund it please".
    """
    served = memory.get("served")
    found = _AND_ANOTHER.match(text)
    if not isinstance(served, dict) or not set(intents) <= _MAY_NAME or found is None:
        return False
    says_more = re.search(r"\w", text[found.end() :]) is not None
    return not (says_more and set(intents) & (KINDS.keys() - {served.get("intent")}))


def sums_up(memory: dict[str, Any], intents: Sequence[str], text: str, *, shopping: bool) -> bool:
    """
    "What did I pay for it all up?", "what's in that order now?", right after an order was told of, with no cart: the order's
    sum is asked, not a cart's.
    So it is with "what do I get back and how?", after something was done with it.
    """
    served = memory.get("served")
    if not isinstance(served, dict):  # nor in the message before: what is read back is the order all the same
        return bool(memory.get("order")) and not shopping and _READS_BACK.search(text) is not None
    if shopping:
        return False
    if served.get("done") and _IS_DONE.match(text):
        return True
    if served.get("done") and _SUM_BACK.search(text):
        return True  # whatever the card in it was taken for
    back = bool(served.get("done")) and set(intents) <= _OF_MONEY and _GETS_BACK.search(text) is not None
    in_it = set(intents) <= _OF_A_CART and _IN_THE_ORDER.search(text) is not None
    return back or in_it or set(intents) == {"view_cart"}


def ask_again(talk: Talk) -> Generator[Ask, ToolOutcome, bool]:
    """Serve it, where one of the customer's orders holds the thing; else it is no question of theirs about an order."""
    found = _AND_ANOTHER.match(talk.turn.text)
    if found is None or not talk.verified:
        return False
    what, intent = f"the {found['what']}", str((talk.turn.memory.get("served") or {})["intent"])
    if _WHERE.search(talk.turn.text[found.end() :]):
        intent = "order_status"  # "and the flask, where is that?"
    before = of_memory(talk)
    if before is not None and before.asked == "confirm" and intent != "order_status":
        before.words.append(
            wished.as_wish(before.kind, what)
        )  # "and the socks?", while the return of the parka waits for a yes
        before.calls = []
        yield from serving.serve(talk, before)
        return True
    if intent == "order_status":
        return (yield from orders.tell(talk, ActView(intent, 1.0, what, {}), only_holding=what))
    outcome = yield Ask("order_status", {})
    if not outcome.ok:
        return False
    owned = orders.all_of(outcome)
    holding = [order for order in owned if reading.named_items(what, order["items"])]
    if not holding:
        return False
    kind = KINDS.get(intent, intent)
    meant = next((order for order in holding if suits(kind, order)), holding[0])
    yield from serving.begin(talk, [ActView(intent, 1.0, talk.turn.text, {"order_numbers": [meant["number"]]})])
    return True


def agrees_and_wishes(task: Task, text: str, *, accepts: bool, declines: bool) -> bool:
    """ "Yes, and cancel the lamp too": a yes to what was proposed, and something further that is named."""
    yes = LEADING_YES.match(text)
    if task.asked != "confirm" or not accepts or declines or yes is None or corrects(text) or "?" in text:
        return False
    rest = text[yes.end() :]
    if not (_FURTHER.search(rest) or yes.group().casefold().endswith("and")):
        return False
    named = reading.things(rest)
    return bool(named) and not any(stems(one) & stems(task.text) for one in named)


def do_and_go_on(talk: Talk, task: Task) -> Plan:
    """What was agreed to, then what is wished besides, of the same order unless another is named."""
    yield from serving.go_on(talk, task)
    wishes = [act for act in talk.turn.acts if act.intent in KINDS]
    if not wishes:
        yes = LEADING_YES.match(talk.turn.text)
        rest = talk.turn.text[yes.end() :] if yes else talk.turn.text
        wishes = [ActView(INTENTS.get(task.kind, task.kind), 1.0, rest, {})]
    yield from serving.begin(talk, wishes, after=task)
