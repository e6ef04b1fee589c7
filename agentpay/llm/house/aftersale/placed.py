"""Words for a cart or a purchase that mean an order which is placed already: nothing is in the cart, and the order holds the thing."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.aftersale.following import sums_up
from agentpay.llm.house.aftersale.reading import named_items
from agentpay.llm.house.orders import all_of
from agentpay.llm.house.refs import named
from agentpay.llm.house.talk import Ask, Talk

_CHANGES = frozenset({"change_cart", "remove_from_cart"})
_OF_GOODS = frozenset({"add_to_cart", "product_search", "product_details", "availability", "other", "policy"})
_FROM_ORDER = re.compile(r"\b(?:off|from|out of|in|on) (?:my|the) (?:last |latest |recent )?order\b", re.I)
_SENT = re.compile(r"\b(?:send|ship|deliver|redirect|forward|go|goes)\b", re.I)
_AN_ORDER = re.compile(
    r"\b(?:my|the) (?:last |latest |recent |other )?(?:order|parcel|package|delivery|shipment)\b", re.I
)
_IT = re.compile(r"\b(?:it|the|this|them)\b", re.I)
_PUT_RIGHT = re.compile(
    r"\b(?:wrong\w*|mis-?spel\w*|spel(?:led|t)|typo|changed?|married|correct\w*|update\w*|new (?:name|phone|number))\b",
    re.I,
)
_SENDS = frozenset(
    {"provide_details", "policy", "shipping_quote", "product_search", "change_order", "add_to_cart", "other"}
)
_PERSONAL = frozenset({"name", "phone"})


def as_placed(talk: Talk, acts: Sequence[ActView]) -> Generator[Ask, ToolOutcome, list[ActView]]:
    """The acts, those as a change of an order that mean one. Only of a customer who is known and is not shopping."""
    if not talk.verified or talk.cart.get("items") or talk.checkout is not None or talk.focus or talk.turn.shown:
        return list(acts)
    acts = [_of_account(act) for act in acts]
    if sums_up(talk.turn.memory, [act.intent for act in acts], shopping=False):
        return [replace(act, intent="order_status") for act in acts]
    address = next((act.entities["address"] for act in acts if act.entities.get("address")), None)
    numbers = any(act.entities.get("order_numbers") for act in acts)
    changing = [
        act for act in acts if act.intent in _CHANGES or (act.intent in _OF_GOODS and _FROM_ORDER.search(act.text))
    ]
    sending = address is not None and _SENT.search(talk.turn.text) and all(act.intent in _SENDS for act in acts)
    if numbers or not (changing or sending):
        return acts
    outcome = yield Ask("order_status", {})
    if not outcome.ok:
        return acts
    orders = all_of(outcome)
    orders = [order for order in orders if order["status"] not in ("cancelled", "refunded")]
    any_of = all(named(act) is None for act in (acts if sending else changing))
    meant = _holding(
        talk.turn.text, orders, any_of=any_of and (_AN_ORDER.search(talk.turn.text) or _IT.search(talk.turn.text))
    )
    if meant is None:
        return acts
    entities: dict[str, Any] = {"order_numbers": [meant], **({"address": address} if sending else {})}
    if sending:
        return [ActView("change_order", 0.9, talk.turn.text, entities)]
    return [
        replace(act, intent="change_order", entities={**act.entities, **entities}) if act in changing else act
        for act in acts
    ]


def _of_account(act: ActView) -> ActView:
    """ "My name is wrong, it's Lena Hart": what the shop has noted is put right."""
    right = act.intent == "provide_details" and set(act.entities) <= _PERSONAL and _PUT_RIGHT.search(act.text)
    return replace(act, intent="account") if right and act.entities else act


def _holding(text: str, orders: Sequence[dict[str, Any]], *, any_of: object) -> str | None:
    """The number of the order that holds what is named, one that has not left first; `any_of`: where nothing is, the only such one."""
    held = [order for order in orders if named_items(text, order["items"])]
    if not held and any_of:
        waiting = [order for order in orders if order["fulfillment_status"] == "unfulfilled"]
        held = waiting if len(waiting) == 1 else []
    early = [order for order in held if order["fulfillment_status"] == "unfulfilled"]
    return str((early or held)[0]["number"]) if held else None
