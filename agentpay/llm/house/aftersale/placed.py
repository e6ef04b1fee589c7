"""Words for a cart or a purchase that mean an order which is placed already: nothing is in the cart, and the order holds the thing."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.aftersale.finding import holding
from agentpay.llm.house.aftersale.quantities import DROPS
from agentpay.llm.house.aftersale.reading import named_items
from agentpay.llm.house.aftersale.settling import said_in_words
from agentpay.llm.house.aftersale.task import of_account
from agentpay.llm.house.orders import all_of
from agentpay.llm.house.refs import named
from agentpay.llm.house.talk import Ask, Talk

_CHANGES = frozenset({"change_cart", "remove_from_cart"})
_OF_GOODS = frozenset({"add_to_cart", "product_search", "product_details", "availability", "other", "policy"})
_FROM_ORDER = re.compile(r"\b(?:off|from|out of|in|on) (?:my|the) (?:last |latest |recent )?order\b", re.I)
_SENT = re.compile(r"\b(?:send|ship|deliver\w*|redirect|forward|go|goes|change)\b", re.I)
_AN_ORDER = re.compile(
    r"\b(?:my|the) (?:last |latest |recent |other )?(?:order|parcel|package|delivery|shipment)\b", re.I
)
_IT = re.compile(r"\b(?:it|the|this|them)\b", re.I)
_PUT_RIGHT = re.compile(
    r"\b(?:wrong\w*|mis-?spel\w*|spel(?:led|t)|typo|changed?|married|correct\w*|update\w*|new (?:name|phone|number)|now|these days)\b",
    re.I,
)
_SENDS = frozenset(
    {"provide_details", "policy", "shipping_quote", "product_search", "change_order", "add_to_cart", "other"}
)
_ASKS_OF_GOODS = frozenset({"product_details", "availability", "product_search", "price_question", "policy", "other"})
_COMES = re.compile(
    r"\b(?:come|comes|coming|arrive|ship|ships|shipped|sent|be here|get here|turn up|delivered)\b", re.I
)
_NEWS = re.compile(
    r"\b(?:any|no|some) (?:news|updates?|word|sign|movement|progress)\b|\b(?:anything|something|nothing) (?:moving|happening)\b",
    re.I,
)
_GO_BACK = re.compile(
    r"\b(?:can|could|may|will|is it (?:ok|possible) (?:for|that)) (?:it|that|this|they|them|these|those|my|the|i|we)\b[^.?!]{0,30}"
    r"\b(?:(?:go|come|be sent|be taken|be brought|send (?:it|that|them|this)|take (?:it|that|them|this)) back|be returned|be refunded)\b",
    re.I,
)
_PERSONAL = frozenset({"name", "phone"})


def as_placed(talk: Talk, acts: Sequence[ActView]) -> Generator[Ask, ToolOutcome, list[ActView]]:
    """The acts, those as a change of an order that mean one. Only of a customer who is known and is not shopping."""
    if not talk.verified or talk.cart.get("items") or talk.checkout is not None:
        return list(acts)
    acts = [_of_account(talk, act) for act in acts]
    asked = next((act for act in acts if act.intent in _ASKS_OF_GOODS), None)
    asks = asked is not None and (
        (_GO_BACK.search(talk.turn.text) and "?" in talk.turn.text)
        or (talk.order and _COMES.search(asked.text))
        or _NEWS.search(asked.text)
    )
    takes_out = talk.order is not None and any(act.intent == "remove_from_cart" for act in acts)  # the cart is empty
    if (talk.focus or talk.turn.shown) and not (asks or takes_out):
        return acts
    if asks and asked is not None and (one := (yield from _asked_of_order(talk, asked))) is not None:
        return [one]
    address = next((act.entities["address"] for act in acts if act.entities.get("address")), None)
    numbers = any(act.entities.get("order_numbers") for act in acts)
    changing = [
        act
        for act in acts
        if act.intent in _CHANGES or (act.intent in _OF_GOODS and _FROM_ORDER.search(act.text)) or _swaps(talk, act)
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
    if meant is None and sending and talk.order is not None:
        meant = talk.order
    if meant is None:
        return acts
    entities: dict[str, Any] = {"order_numbers": [meant], **({"address": address} if sending else {})}
    if sending and of_account(talk.turn.text):
        return [ActView("account", 0.9, talk.turn.text, {"address": address})]
    if sending:
        return [ActView("change_order", 0.9, talk.turn.text, entities)]
    early = any(order["number"] == meant and order["fulfillment_status"] == "unfulfilled" for order in orders)
    return [
        replace(act, intent=_change(act, early=early), entities={**act.entities, **entities})
        if act in changing
        else act
        for act in acts
    ]


def _swaps(talk: Talk, act: ActView) -> bool:
    """ "And swap the mint one in it for blackberry, same card", taken for details of a purchase, of the order spoken of."""
    other = act.intent in ("provide_details", "other", "checkout") and bool(act.entities.get("options"))
    return other and talk.order is not None and said_in_words("change_order", act.text)


def _change(act: ActView, *, early: bool) -> str:
    """ "Scrap the scales", "I changed my mind about the pan": what shall go and is not said to be taken out of an order is
    called off, or sent back where it has left."""
    if act.intent != "remove_from_cart" or (early and DROPS.search(act.text)):
        return "change_order"
    return "cancel_order" if early else "return"


def _asked_of_order(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, ActView | None]:
    """ "Will the scales come with it?", "the whetstone sat in a drawer, can that still go back?": of an order that holds the thing."""
    outcome = yield Ask("order_status", {})
    orders = all_of(outcome) if outcome.ok else []
    back = _GO_BACK.search(talk.turn.text) is not None
    text = talk.turn.text if back else act.text
    held = [order for order in orders if named_items(text, order["items"])]
    held = holding(text, orders) or (held if len(held) == len(orders) else [])
    if not held:
        return None
    return ActView("return" if back else "order_status", 0.9, text, {"order_numbers": [str(held[0]["number"])]})


def _of_account(talk: Talk, act: ActView) -> ActView:
    """ "My name is wrong, it's Lena Hart", "and my mobile is now …": what the shop has noted is put right."""
    goes_on = (talk.turn.memory.get("served") or {}).get("intent") == "account"
    right = (
        act.intent == "provide_details" and set(act.entities) <= _PERSONAL and (goes_on or _PUT_RIGHT.search(act.text))
    )
    return replace(act, intent="account") if right and act.entities else act


def _holding(text: str, orders: Sequence[dict[str, Any]], *, any_of: object) -> str | None:
    """The number of the order that holds what is named, one that has not left first; `any_of`: where nothing is, the only such one."""
    held = holding(text, list(orders)) or [order for order in orders if named_items(text, order["items"])]
    if not held and any_of:
        waiting = [order for order in orders if order["fulfillment_status"] == "unfulfilled"]
        held = waiting if len(waiting) == 1 else []
    early = [order for order in held if order["fulfillment_status"] == "unfulfilled"]
    return str((early or held)[0]["number"]) if held else None
