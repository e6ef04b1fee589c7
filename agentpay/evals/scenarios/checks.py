"""The checks of the scenario README, each over plain observations, so that each can be seen to fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.scenarios.models import Expect
from agentpay.evals.scenarios.store import StoreFacts

_AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total", "refunded")
_EXTERNAL_IDS = ("external_id", "product_external_id", "variant_external_id")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A check that did not hold. `got` is None where there was nothing to look at."""

    check: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.check}: expected {self.expected!r}, got {self.got!r}"


@dataclass(slots=True)
class Observation:
    """What is there to look at after a turn: resources in the shapes of CONTRACT §3, None where there is none."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    """The assistant's messages of this turn."""
    conversation: dict[str, Any] = field(default_factory=dict)
    last_product_list: dict[str, Any] | None = None
    """The newest product_list block of the conversation so far."""
    checkout: dict[str, Any] | None = None
    order: dict[str, Any] | None = None
    orders: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """Past orders that the expectation names, by external id."""
    placed: list[dict[str, Any]] = field(default_factory=list)
    """Every order that this conversation placed so far."""
    stock: dict[str, int | None] = field(default_factory=dict)


def check(expect: Expect, seen: Observation, facts: StoreFacts) -> list[Mismatch]:
    """Everything that does not hold, balances included."""
    return [*_of_reply(expect, seen), *_of_state(expect, seen), *_of_money(expect, seen, facts)]


def _of_reply(expect: Expect, seen: Observation) -> Iterator[Mismatch]:
    if not seen.messages:
        if expect.of_reply:
            yield Mismatch("reply", "a message", None)
        return
    last = seen.messages[-1]
    if expect.agent is not None and last["agent"] not in _names(expect.agent):
        yield Mismatch("agent", expect.agent, last["agent"])
    if expect.intent is not None and last["intent"] not in _names(expect.intent):
        yield Mismatch("intent", expect.intent, last["intent"])
    called = [call["name"] for message in seen.messages for call in message["tool_calls"]]
    yield from _all_in("tools", expect.tools, called)
    yield from _none_in("no_tools", expect.no_tools, called)
    blocks = [block for message in seen.messages for block in message["blocks"]]
    yield from _all_in("blocks", expect.blocks, [block["type"] for block in blocks])
    shown = sorted(set(external_ids(blocks)))
    yield from _all_in("shows", expect.shows, shown)
    yield from _none_in("not_shows", expect.not_shows, shown)
    text = "\n".join(message["content"] for message in seen.messages)
    for pattern in expect.reply_matches or ():
        if re.search(pattern, text) is None:
            yield Mismatch("reply_matches", pattern, text)
    for pattern in expect.reply_lacks or ():
        if re.search(pattern, text) is not None:
            yield Mismatch("reply_lacks", pattern, text)


def _of_state(expect: Expect, seen: Observation) -> Iterator[Mismatch]:
    conversation = seen.conversation
    for name in ("stage", "status"):
        wanted = getattr(expect, name)
        if wanted is not None and conversation[name] not in _names(wanted):
            yield Mismatch(name, wanted, conversation[name])
    if expect.interrupts is not None:
        kinds = sorted(interrupt["kind"] for interrupt in conversation["interrupts"])
        if kinds != sorted(expect.interrupts):
            yield Mismatch("interrupts", expect.interrupts, kinds)
    items = conversation.get("cart", {}).get("items", [])
    if expect.cart is not None:
        held: dict[str, int] = {}
        for item in items:
            held[item["variant_external_id"]] = held.get(item["variant_external_id"], 0) + item["quantity"]
        wanted_carts = expect.cart if isinstance(expect.cart, list) else [expect.cart]
        if held not in wanted_carts:
            yield Mismatch("cart", expect.cart, held)
    if expect.cart_shown is not None:
        yield from _cart_shown(expect, seen, items)
    for variant, wanted in (expect.stock or {}).items():
        if variant not in seen.stock:
            yield Mismatch(f"stock.{variant}", wanted, None)
        elif seen.stock[variant] != wanted:
            yield Mismatch(f"stock.{variant}", wanted, seen.stock[variant])


def _cart_shown(expect: Expect, seen: Observation, items: Sequence[dict[str, Any]]) -> Iterator[Mismatch]:
    assert expect.cart_shown is not None
    wanted = expect.cart_shown
    shown = [product["external_id"] for product in (seen.last_product_list or {}).get("products", [])]
    got = {"shown": shown, "cart": {item["variant_external_id"]: item["quantity"] for item in items}}
    right = (
        wanted.position <= len(shown)
        and {item["product_external_id"] for item in items} == {shown[wanted.position - 1]}
        and sum(item["quantity"] for item in items) == wanted.quantity
    )
    if not right:
        yield Mismatch("cart_shown", wanted.model_dump(), got)


def _of_money(expect: Expect, seen: Observation, facts: StoreFacts) -> Iterator[Mismatch]:
    for name, wanted, found in (
        ("cart_totals", expect.cart_totals, seen.conversation.get("cart")),
        ("checkout", expect.checkout, seen.checkout),
        ("order", expect.order, seen.order),
    ):
        if wanted is not None:
            yield from _fields(name, wanted, found)
    for external_id, fields in (expect.orders or {}).items():
        yield from _fields(f"orders.{external_id}", fields, seen.orders.get(external_id))
    looked_at = [("checkout", seen.checkout), ("order", seen.order)]
    looked_at += [(f"orders.{external_id}", order) for external_id, order in seen.orders.items()]
    for name, resource in looked_at:
        if resource is not None:
            yield from balance(name, resource)
    if expect.floor_kept is not None:
        yield from _floor_kept(expect.floor_kept, seen.placed, facts)


def _fields(name: str, wanted: dict[str, Any], found: dict[str, Any] | None) -> Iterator[Mismatch]:
    if found is None:
        yield Mismatch(name, wanted, None)
        return
    for key, value in wanted.items():
        if key not in found:
            yield Mismatch(f"{name}.{key}", value, None)
        elif not accepts(value, found[key]):
            yield Mismatch(f"{name}.{key}", value, found[key])


def accepts(wanted: Any, got: Any) -> bool:
    """Equal; any of a list; within `{min, max}`; or an object whose named fields are accepted."""
    if isinstance(wanted, list):
        return any(accepts(item, got) for item in wanted)
    if isinstance(wanted, dict):
        if wanted and wanted.keys() <= {"min", "max"}:
            return isinstance(got, int | float) and wanted.get("min", got) <= got <= wanted.get("max", got)
        return isinstance(got, dict) and all(key in got and accepts(value, got[key]) for key, value in wanted.items())
    return bool(wanted == got) and isinstance(wanted, bool) == isinstance(got, bool)


def balance(name: str, resource: dict[str, Any]) -> Iterator[Mismatch]:
    """CONTRACT §4, Totals: the sum is right and nothing is negative."""
    total = resource["subtotal"] - resource["discount"] + resource["shipping"]
    total += 0 if resource["tax_included"] else resource["tax"]
    if resource["total"] != total:
        yield Mismatch(f"{name} balances", total, resource["total"])
    amounts = {key: resource[key] for key in _AMOUNTS if key in resource}
    for n, item in enumerate(resource["items"]):
        amounts |= {f"items.{n}.{key}": item[key] for key in ("quantity", "unit_price", "line_total")}
    for key, amount in amounts.items():
        if amount < 0:
            yield Mismatch(f"{name}.{key}", "not negative", amount)


def _floor_kept(wanted: bool, orders: Sequence[dict[str, Any]], facts: StoreFacts) -> Iterator[Mismatch]:
    """
    A line shows its list price and the order its discount, so what was paid for the goods is held against the sum of
    the floors; lines without a floor may have been given away whole.
    """
    if not orders:
        yield Mismatch("floor_kept", "an order to look at", None)
        return
    for order in orders:
        least = sum(facts.floors.get(item["variant_external_id"], 0) * item["quantity"] for item in order["items"])
        paid = order["subtotal"] - order["discount"]
        low = [
            item["variant_external_id"]
            for item in order["items"]
            if item["unit_price"] < facts.floors.get(item["variant_external_id"], 0)
        ]
        kept = paid >= least and not low
        if kept != wanted:
            yield Mismatch("floor_kept", f"at least {least} for the goods" if wanted else "below the floor", paid)


def external_ids(value: Any) -> Iterator[str]:
    """Every product's and variant's external id somewhere in a block."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _EXTERNAL_IDS and isinstance(inner, str):
                yield inner
            else:
                yield from external_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from external_ids(inner)


def _names(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted


def _all_in(name: str, wanted: Iterable[str] | None, got: Sequence[str]) -> Iterator[Mismatch]:
    missing = [item for item in wanted or () if item not in got]
    if missing:
        yield Mismatch(name, missing, list(got))


def _none_in(name: str, unwanted: Iterable[str] | None, got: Sequence[str]) -> Iterator[Mismatch]:
    found = [item for item in unwanted or () if item in got]
    if found:
        yield Mismatch(name, f"not {found}", list(got))
