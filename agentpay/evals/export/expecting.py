"""What was true after each turn of a conversation, as the expectations of a scenario. Follows the talk from its start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agentpay.evals.export.transcript import CHANGES, Exchange

_CART_WRITERS = frozenset({"update_cart", "validate_discount"})
_AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total")
_CART_AMOUNTS = ("subtotal", "discount", "total")
MARGIN_PERCENT = 10
"""Of the room between list price and floor: where haggling ends is drawn anew by each installation (commerce/reserve.py)."""


@dataclass(slots=True)
class Following:
    """
    Where a conversation stands, turn by turn.

    `names`: external ids of variants by their id, as the store file has them. `rooms`: by an offer's id what lies between
    list price and floor, for all of its units, in minor units. `called`: how the scenario names an order of the shop; None
    where the conversation made it.
    """

    names: Mapping[UUID, str]
    rooms: Mapping[UUID, int]
    called: Callable[[Mapping[str, Any]], str | None]
    cart: dict[str, int] | None = field(default_factory=dict)
    """None: not known since a turn that was cut short."""
    offer: UUID | None = None
    checkout: dict[str, Any] | None = None
    order: dict[str, Any] | None = None
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    handed_off: bool = False
    bought: bool = False

    def message(self, exchange: Exchange) -> dict[str, Any]:
        """After a message of the customer, or a person's answer to what waited."""
        expect = self._reply(exchange)
        if exchange.turn.status not in ("completed", "interrupted"):
            self.cart = None
            return {}
        self._changes(exchange, expect)
        if self.cart is not None:
            expect["cart"] = self.cart
        if exchange.waiting or exchange.approval is not None:
            expect["interrupts"] = [one.kind for one in exchange.waiting]
        if self.handed_off:
            expect["status"] = "handed_off"
        return expect

    def payment(self, exchange: Exchange) -> dict[str, Any]:
        """After the buyer paid, or was refused."""
        expect: dict[str, Any] = {}
        order, checkout = exchange.block("order"), exchange.block("checkout")
        expect["blocks"] = _distinct(block["type"] for block in exchange.blocks)
        if order is not None and self.checkout is not None and str(order["checkout_id"]) == self.checkout["id"]:
            self.bought, self.cart = True, {}
            self.order = {"status": order["status"], **self._amounts(order, _AMOUNTS)}
            self.checkout = {**self.checkout, "status": "succeeded"}
            expect |= {"checkout": {"status": "succeeded"}, "order": self.order, "cart": {}}
        elif order is not None:
            self._note_order(order)
            if self.checkout is not None:
                self.checkout = {**self.checkout, "status": "succeeded"}
                expect["checkout"] = {"status": "succeeded"}
        elif checkout is not None:
            self.checkout = self._link(checkout)
            expect["checkout"] = {"status": checkout["status"]}
        return expect

    def end(self) -> dict[str, Any]:
        """What is true when all has been said."""
        expect: dict[str, Any] = {}
        if self.cart is not None:
            expect["cart"] = self.cart
        if self.checkout is not None:
            expect["checkout"] = {key: value for key, value in self.checkout.items() if key != "id"}
        if self.order is not None:
            expect["order"] = self.order
        if self.orders:
            expect["orders"] = self.orders
        if self.bought:
            expect["floor_kept"] = True
        expect["status"] = "handed_off" if self.handed_off else "active"
        return expect

    def _reply(self, exchange: Exchange) -> dict[str, Any]:
        if not exchange.replies:
            return {}
        last = exchange.replies[-1]
        expect: dict[str, Any] = {"agent": last.agent, "intent": last.intent}
        expect = {key: value for key, value in expect.items() if value}
        if tools := _distinct(call["name"] for call in exchange.calls):
            expect["tools"] = tools
        if blocks := _distinct(block["type"] for block in exchange.blocks):
            expect["blocks"] = blocks
        return expect

    def _changes(self, exchange: Exchange, expect: dict[str, Any]) -> None:
        totals = None
        for name, result in exchange.results():
            cart = result.get("cart")
            if isinstance(cart, dict) and "items" in cart:
                self._take_cart(cart)
                totals = self._amounts(cart, _CART_AMOUNTS) if self.cart else None
            elif name in _CART_WRITERS:
                self.cart = None
            if isinstance(order := result.get("order"), dict) and name in CHANGES:
                self._note_order(order)
            if name == "handoff_to_human":
                self.handed_off = True
        if totals is not None:
            expect["cart_totals"] = totals
        link = exchange.block("checkout")
        if link is not None:
            self.checkout = self._link(link)
            expect["checkout"] = {key: value for key, value in self.checkout.items() if key != "id"}
        for name in ("product", "offer"):
            if (block := exchange.block(name)) is not None and len(exchange.blocks) == 1:
                shown = block.get("external_id") or block.get("variant_external_id")
                if shown:
                    expect["shows"] = [shown]

    def _take_cart(self, cart: Mapping[str, Any]) -> None:
        held: dict[str, int] = {}
        for item in cart["items"]:
            name = self.names.get(UUID(str(item["variant_id"])))
            if name is None:
                self.cart = None
                return
            held[name] = held.get(name, 0) + item["quantity"]
        self.cart = held
        self.offer = UUID(str(cart["offer_id"])) if cart.get("offer_id") else None

    def _link(self, checkout: Mapping[str, Any]) -> dict[str, Any]:
        self.offer = UUID(str(checkout["offer_id"])) if checkout.get("offer_id") else None
        return {"id": str(checkout["id"]), "status": checkout["status"], **self._amounts(checkout, _AMOUNTS)}

    def _amounts(self, resource: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        """The amounts; those that a negotiated price is part of within what another margin would make of it."""
        amounts = {name: resource[name] for name in names}
        if self.offer is None:
            return amounts
        slack = max(self.rooms.get(self.offer, 0) * MARGIN_PERCENT // 100, 1)
        loose = {"discount": slack, "tax": slack, "total": 2 * slack}
        return {
            name: {"min": max(value - loose[name], 0), "max": value + loose[name]}
            if loose.get(name) and value
            else value
            for name, value in amounts.items()
        }

    def _note_order(self, order: Mapping[str, Any]) -> None:
        name = self.called(order)
        state = {key: order[key] for key in ("status", "fulfillment_status", "refunded", "total")}
        if name is not None:
            self.orders[name] = state
        elif self.order is not None:
            self.order = {
                **self.order,
                "status": order["status"],
                "refunded": order["refunded"],
                "total": order["total"],
            }


def _distinct(names: Any) -> list[str]:
    return list(dict.fromkeys(names))
