# ruff: noqa: E501 (a regular expression is read in one piece)
"""What a customer wants done with an order, as far as it is known; kept from turn to turn as plain data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.facts import content
from agentpay.llm.house.talk import Talk

KINDS = {
    "cancel_order": "cancel",
    "return": "return",
    "exchange": "exchange",
    "refund": "refund",
    "change_order": "change",
    "account": "account",
}
"""Intent → what is to be done; what of an order is to be changed is read from the words."""
INTENTS = {"cancel": "cancel_order", **dict.fromkeys(("items", "address", "payment"), "change_order")}
"""Kind → intent, where the two have other names."""
CONFIRM = {
    "cancel": "confirm_cancel",
    "return": "confirm_return",
    "exchange": "confirm_exchange",
    "refund": "confirm_refund",
    "items": "confirm_change",
    "payment": "confirm_change",
    "address": "confirm_change",
}
_PAYS = re.compile(r"\b(?:pay\w*|paypal|gift ?card|credit card|debit card|visa|mastercard|amex|card)\b", re.I)
_METHOD = re.compile(
    r"\b(?:to|on(?:to)?|with|using|use|via|by|through|from|charge)\s+(?:my |the |a |stored )*(?P<method>paypal|gift ?card|"
    r"(?:visa|mastercard|amex|credit|debit|bank)?\s*card(?: ending (?:in |with )?\d{4})?|(?:visa|mastercard|amex)(?: ending (?:in |with )?\d{4})?"
    r"|store credit|voucher)\b",
    re.I,
)
_AS_PAID = re.compile(
    r"\b(?:same|original) (?:card|account|paypal|method|way)\b|\b(?:card|account|paypal|method|way) (?:that )?(?:i|we) (?:\w+ )?(?:paid|used)\b",
    re.I,
)
"""Where the money came from, which needs no saying."""
_ADDRESS = re.compile(
    r"\baddress\b|\b(?:house|flat|door|apartment) number\b|\bpostcode\b|\bzip\b|\b(?:ship|send|deliver|go|redirect)\w* (?:it |this |that |them |my order )?(?:some\w+ else|elsewhere|to)\b",
    re.I,
)
_OTHER_ADDRESS = re.compile(
    r"\b(?:different|new|other|another|wrong|old) (?:\w+ )?address\b|\baddress (?:is|was) (?:wrong|old)\b|\bchange (?:\w+ ){0,3}address\b",
    re.I,
)
_OF_ACCOUNT = re.compile(
    r"\b(?:account|profile)\b[^.?!]{0,20}\b(?:address|one)\b|\baddress\b[^.?!]{0,30}\b(?:(?:in|on|of|for|to) (?:my|the) (?:account|profile)|on file)\b"
    r"|\bnot (?:the|for the|on the|of the|this|an?|any) order\b",
    re.I,
)
_SAME_PLACE = re.compile(
    r"\b(?:to|at) the same (?:place|address|house|one)\b|\bsame (?:delivery |new )?address\b|\b(?:go|goes|sent|send|delivered|ship\w*) there\b",
    re.I,
)
_BECAUSE = re.compile(r"\b(?:because|since|as|it'?s|they'?re|it is|they are)\s+(?P<why>.{3,120}?)(?:[.!?;]|$)", re.I)
_ONLY_A_NUMBER = re.compile(r"^\W*(?:(?:hi|hello|hey|order|in|for|about|re)\W+)*#?[\w-]*\d[\w-]*\W*$", re.I)
_CANCEL_IT = re.compile(r"\bcancel (?:it|that|this|(?:my|the|that) (?:whole )?order)\b", re.I)
_MISTAKE = re.compile(r"\b(?:by (?:mistake|accident)|accident\w*|mistake\w*|twice|double)\b", re.I)


_LEFT = r"\b(?:leave|keep|not|don'?t touch|don'?t cancel|don'?t change|except|apart from)\b(?: (?:the |my |order |number |no |#)*)?"
"""Before the number of an order that is to stay as it is."""
SURE, A_GUESS = 0.9, 0.35
"""From here a clause is sure; below the other it is a guess beside one that is."""
GUESS = 0.7
"""Up to here a clause counts as a question for an order's status because it names an order, and for nothing else."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call to be made after a yes; `says` tells beforehand what it does."""

    tool: str
    arguments: dict[str, Any]
    says: str


@dataclass(slots=True)
class Task:
    """`orders` by number, `calls` ready to be made after a yes: [{"tool", "arguments", "order"}]."""

    kind: str
    orders: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """What was said of it, clause by clause: which items, and what they shall become."""
    address: dict[str, Any] | None = None
    method: str | None = None
    amount: int | None = None
    reason: str = ""
    offered: str = ""
    """The one variant there was to choose: a yes chooses it."""
    corrected: bool = False
    """The last words say it anew: they count before the earlier ones."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    told: str = ""
    """What was proposed, in the words the customer has read."""
    asked: str | None = None
    """What the last message asked for: verify, order, items, to, address, method, confirm; more: it was done."""
    then: list[dict[str, Any]] = field(default_factory=list)
    """Tasks of the same message that wait for this one."""

    @property
    def text(self) -> str:
        """All that was said of it, in its order."""
        return ". ".join(words.rstrip(" .,;") for words in self.words if words)

    @property
    def by_method(self) -> dict[str, str]:
        """The payment method that was asked for, as an argument of a tool; nothing where none was."""
        return {"payment_method": self.method} if self.method else {}

    def data(self) -> dict[str, Any]:
        return asdict(self)


def of_memory(talk: Talk) -> Task | None:
    """The task that the assistant's last message was about."""
    kept = talk.pending.get("task")
    return Task(**kept) if isinstance(kept, dict) else None


def of_acts(talk: Talk, acts: Sequence[ActView]) -> Task:
    """A new task from the clauses that ask for it."""
    task = Task(KINDS[acts[0].intent])
    for act in acts:
        add(task, act, whole=talk.turn.text)
    for other in talk.turn.acts:
        of_others = task.orders and not set(other.entities.get("order_numbers", [])) <= set(task.orders)
        if other.intent in ("provide_details", "order_status") and not of_others:
            said = other.intent == "order_status" and other.confidence <= GUESS
            add(task, other, words=said, whole=talk.turn.text)
    text = task.text if content(task.text) else talk.turn.text  # "Ah good", of a wish that is told behind it
    if task.kind == "change" and _CANCEL_IT.search(talk.turn.text):
        task.kind = "cancel"
    if task.kind == "change":
        task.kind = "address" if task.address or _ADDRESS.search(text) or same_place(text) else "items"
        if _PAYS.search(_AS_PAID.sub(" ", text)) and task.kind == "items":
            task.kind = "payment"
        if task.kind == "address" and of_account(talk.turn.text) and not task.orders:
            task.kind = "account"
    return task


def wishes_of(acts: Sequence[ActView]) -> list[ActView]:
    """The acts without wishes whose clause is no more than an order's number, which goes with what is wished beside it."""
    wishes = [act for act in acts if act.intent in KINDS]
    bare = [act for act in wishes if _ONLY_A_NUMBER.match(act.text)]
    if not bare or len(bare) == len(wishes):
        return list(acts)
    numbers = {"order_numbers": [number for act in bare for number in act.entities.get("order_numbers", [])]}
    return [replace(act, entities={**numbers, **act.entities}) for act in acts if act not in bare]


def changes_address_or_payment(text: str) -> bool:
    return _ADDRESS.search(text) is not None or _PAYS.search(text) is not None


def other_address(text: str) -> bool:
    """ "I need one only, and a different address": where it goes shall change besides."""
    return _OTHER_ADDRESS.search(text) is not None


def of_account(text: str) -> bool:
    """ "Not the order's address, the one of my account"."""
    return _OF_ACCOUNT.search(text) is not None


def same_place(text: str) -> bool:
    """ "To the same place": where the order that was spoken of before goes."""
    return _SAME_PLACE.search(text) is not None


def method_of(text: str) -> str | None:
    """The way of payment a text names; None where it names none."""
    found = _METHOD.search(text)
    if found is None or _AS_PAID.search(text):
        return None
    said = found["method"].casefold()
    return "gift_card" if re.search(r"gift|credit\b(?! card)|voucher", said) else said


def is_as_told(task: Task, method: str) -> bool:
    """Whether a way of payment is the one that the proposal has named: "to your Visa ending in 4242", "to my card"."""
    told = task.told.casefold().replace("gift card", "gift_card")
    return re.search(rf"\b{re.escape(method)}\b", told) is not None or (method == "card" and "ending in" in told)


def without_numbers(text: str, numbers: Sequence[str]) -> str:
    """The text with its order numbers as "the order": their digits count nothing."""
    for number in numbers:
        named = rf"(?:\b(?:the|my|this|that) )?(?:\border )?(?:\b(?:number|no\.?) )?#?\b{re.escape(number)}\b"
        text = re.sub(named, "the order", text, flags=re.I)
    return text


def without_kept(text: str, numbers: Sequence[str]) -> list[str]:
    """The order numbers but those that are to stay as they are: "and leave NT-2 alone"."""
    return [number for number in numbers if not re.search(rf"{_LEFT}{re.escape(number)}\b", text, re.I)]


def add(task: Task, act: ActView, *, words: bool = True, whole: str = "") -> None:
    """Take in what a clause of the `whole` message says; what was known stays unless it is said anew."""
    entities = act.entities
    numbers = without_kept(whole, entities.get("order_numbers") or ())
    if numbers and (words or not task.orders):
        task.orders = list(dict.fromkeys(numbers))
    if emails := entities.get("emails"):
        task.emails = list(emails)
    if address := entities.get("address"):
        task.address = address
    if words:
        task.words.append(without_numbers(act.text, entities.get("order_numbers") or ()))
        task.amount = entities.get("amount") or task.amount
    task.method = method_of(act.text) or task.method
    if not task.reason:
        found = _BECAUSE.search(act.text)
        task.reason = found["why"].strip() if found else "ordered by mistake" if _MISTAKE.search(act.text) else ""
