"""What bears out a claim: the results of this turn's tools, and what of the conversation still holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from agentpay.llm.injected import commands
from agentpay.nodes.claims.finding import plain
from agentpay.nodes.state import Reply
from agentpay.tools.context import Context

_ROLES = {
    **dict.fromkeys(("price", "price_min", "price_max", "unit_price", "list_price"), "price"),
    **dict.fromkeys(("total", "subtotal", "line_total"), "total"),
    **dict.fromkeys(("refunded", "refundable"), "refund"),
    **dict.fromkeys(("min_subtotal", "missing_amount", "difference", "to_pay", "due"), "other"),
    "discount": "discount",
    "shipping": "shipping",
    "tax": "tax",
    "balance": "other",
    "amount": "other",
}
"""Keys of tool results that hold minor units, and what the amount is."""
_AMOUNT_OF = {"offer": "price", "options": "shipping", "shipping_option": "shipping", "refunds": "refund"}
"""What `amount` is, by what holds it."""
_WRITTEN = frozenset(
    {"description", "conversational_description", "voice_description", "attributes", "brand", "category"}
)
"""What a catalogue says of a product: true of the product, but no source of prices, stock, dates or codes."""
_ECHO = frozenset(
    {"note", "reason", "details", "customer", "name", "message", "summary", "arguments", "code_given", "known"}
)
"""What comes from the model's own arguments, or may."""
_DAYS = frozenset({"min_days", "max_days", "return_window_days", "exchange_window_days"})
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*")
_WORD = re.compile(r"[a-z0-9]+")
_MOST_SUMS = 128
"""Ways to send back some of an order that are reckoned with; of larger orders all or none of each item."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Amount:
    minor: int
    role: str
    title: str | None
    """Of the product whose own amount it is; None: of the cart, the order, the shop."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A variant whose stock a tool told. `available` None: not tracked, never sold out."""

    title: str
    options: frozenset[str]
    price: int | None
    available: int | None


@dataclass(slots=True)
class Grounds:
    """Facts by kind. `names`, `urls` and texts are casefolded."""

    currency: str
    amounts: list[Amount] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    titles: dict[str, frozenset[str]] = field(default_factory=dict)
    """Title of each product that was told of → its words."""
    days: set[date] = field(default_factory=set)
    spans: set[tuple[int, int]] = field(default_factory=set)
    """(least, most) days of shipping options and windows."""
    names: set[str] = field(default_factory=set)
    """Every word with a digit that a fact holds."""
    codes: set[str] = field(default_factory=set)
    """Discount codes that were found to hold, or are on the cart."""
    urls: set[str] = field(default_factory=set)
    articles: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    said: str = ""
    """What the customer wrote."""
    told: set[str] = field(default_factory=set)
    """Words with a digit that the assistant has told before: verified then."""
    orders: list[Mapping[str, Any]] = field(default_factory=list)
    checkout: Mapping[str, Any] | None = None
    cart: Mapping[str, Any] | None = None
    offer: Mapping[str, Any] | None = None
    quantities: set[int] = field(default_factory=lambda: {1})
    worth: str = ""
    """What a code is worth, as its tool says it."""
    refunds: bool = False
    """Money was given back in this turn, or goods are on their way back for it."""
    may_refund: bool = False
    """An order was looked at of which money can still be given back."""
    searched: bool = False
    served: list[int] = field(default_factory=list)
    """What the quoted shipping options cost."""
    free_rates: bool = False
    """Delivery is free in some zone, mostly from some value on."""
    verified: bool = False
    goods: frozenset[str] = frozenset()
    """Words of the titles of all the shop's products."""

    def take(self, name: str, result: Mapping[str, Any], *, ok: bool) -> None:
        """What a tool answered in this turn."""
        if not ok:
            error = result.get("error")
            if isinstance(error, Mapping):
                self._walk(
                    {key: value for key, value in error.items() if key not in ("message", "code")}, None, "error"
                )
                if str(error.get("code", "")).startswith("discount_"):
                    self.worth += f" {error.get('message', '')}"
            return
        if name == "search_knowledge":
            for passage in result.get("passages", []):
                if not commands(f"{passage.get('title', '')}. {passage.get('text', '')}"):
                    self.articles.append(plain(f"{passage['title']}. {passage['text']}").casefold())
            return
        if name == "validate_discount":
            self.worth += f" {result.get('description', '')}"
            self.codes.add(str(result.get("code", "")).casefold())
        if name in ("product_search", "check_inventory"):
            self.searched = True
        if name in ("request_refund", "return_items", "cancel_order", "exchange_items", "change_order_items"):
            self.refunds = True
        if isinstance(possible := result.get("possible"), Mapping) and possible.get("refundable"):
            delivered = (result.get("order") or {}).get("fulfillment_status") == "delivered"
            self.may_refund = self.may_refund or not delivered or bool((possible.get("returns") or {}).get("ok"))
        self._walk(result, None, name)
        self._conversation(result)

    def remember(
        self, cart: Mapping[str, Any] | None, checkout: Mapping[str, Any] | None, offer: Mapping[str, Any] | None
    ) -> None:
        """How the conversation stood when the turn began; what a tool of this turn has answered instead goes before it."""
        if self.cart is None and cart and cart.get("items"):
            self._walk({"cart": cart}, None, "")
            self._conversation({"cart": cart})
        if self.checkout is None and checkout:
            self._walk({"checkout": checkout}, None, "")
            self._conversation({"checkout": checkout})
        if self.offer is None and offer:
            self._walk({"offer": offer}, None, "")
            self.offer = offer

    def hear(self, customer: Iterable[str], assistant: Iterable[str]) -> None:
        """The conversation's texts: who answers may repeat the customer's own words, and what was told before."""
        self.said = plain("\n".join(customer)).casefold()
        for text in assistant:
            self.told |= {token for token in _TOKEN.findall(text.casefold()) if any(map(str.isdigit, token))}
            self.urls |= {word.strip("()<>.,;!").casefold() for word in text.split() if "://" in word or "@" in word}

    def shop(self, policies: Mapping[str, Any], support_email: str | None) -> None:
        """What holds for the whole shop."""
        for key in _DAYS & policies.keys():
            if isinstance(days := policies[key], int):
                self.spans.add((days, days))
        if support_email:
            self.urls.add(support_email.casefold())

    def _conversation(self, result: Mapping[str, Any]) -> None:
        if isinstance(cart := result.get("cart"), Mapping):
            self.cart = cart
            if code := cart.get("discount_code"):
                self.codes.add(str(code).casefold())
        if isinstance(checkout := result.get("checkout"), Mapping):
            self.checkout = checkout
        if isinstance(offer := result.get("offer"), Mapping):
            self.offer = offer

    def _walk(self, value: Any, title: str | None, key: str, parent: str = "") -> None:
        if isinstance(value, Mapping):
            self._object(value, title, key)
        elif isinstance(value, list):
            for inner in value:
                self._walk(inner, title, key, parent)
        elif isinstance(value, bool) or value is None:
            return
        elif isinstance(value, int):
            self._number(value, title, key, parent)
        elif isinstance(value, str):
            self._text(value, key)

    def _object(self, value: Mapping[str, Any], title: str | None, key: str) -> None:
        own = value.get("title")
        if isinstance(own, str) and not commands(own):
            title = own
            self.titles.setdefault(own, frozenset(_WORD.findall(own.casefold())))
        if (
            "available" in value
            and "options" in value
            and (value["available"] is None or isinstance(value["available"], int))
        ):
            options = frozenset(str(option).casefold() for option in (value["options"] or {}).values())
            self.units.append(Unit(title or "", options, value.get("price"), value["available"]))
        elif "available" in value and isinstance(value["available"], int):  # an error that tells how many there are
            self.units.append(Unit(title or "", frozenset(), None, value["available"]))
        if "min_days" in value and value.get("max_days") is not None:
            self.spans.add((value["min_days"] or value["max_days"], value["max_days"]))
        if "fulfillment_status" in value:
            self.orders.append(value)
        self._returnable(value)
        for rate in value.get("free_from") or ():
            self.free_rates = True
            self.served += [] if rate["min_subtotal"] else [0]
        if "served" in value and isinstance(value.get("options"), list):
            self.served += [option["amount"] for option in value["options"]]
        for name, inner in value.items():
            if name in _WRITTEN:
                self._describe(inner)
            elif name not in _ECHO:
                self._walk(inner, title, name, key)

    def _returnable(self, value: Mapping[str, Any]) -> None:
        """What comes back for some of an order's units and items, and for all: "$48.00 for two of the three and the lamp"."""
        units, whole = value.get("returnable"), value.get("amount")
        if isinstance(units, int) and isinstance(whole, int) and units > 0:
            self.amounts += [Amount(amount, "refund", None) for amount in _shares(whole, units)]
        items = value.get("items")
        if not isinstance(items, list) or not all(isinstance(item, Mapping) and "returnable" in item for item in items):
            return
        sums = {0}
        for item in items:
            many = len(sums) * (item["returnable"] + 1) > _MOST_SUMS
            shares = {0, item["amount"]} if many else {0, *_shares(item["amount"], item["returnable"])}
            sums = {one + share for one in sums for share in shares} if len(sums) <= _MOST_SUMS else sums
        sums.add(sum(item["amount"] for item in items))
        self.amounts += [Amount(amount, "refund", None) for amount in sums if amount]

    def _describe(self, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self._describe(f"{name} {', '.join(map(str, inner)) if isinstance(inner, list) else inner}")
        elif isinstance(value, list):
            for inner in value:
                self._describe(inner)
        elif isinstance(value, str) and value and not commands(value):
            self.written.append(plain(value).casefold())

    def _number(self, value: int, title: str | None, key: str, parent: str) -> None:
        if role := _ROLES.get(key):
            if key == "amount":
                role = _AMOUNT_OF.get(
                    parent, "refund" if parent in ("request_refund", "return", "possible", "items") else "other"
                )
            owned = title if role == "price" or key == "line_total" else None
            self.amounts.append(Amount(value, role, owned))
        elif key == "quantity":
            self.quantities.add(value)
        elif key in _DAYS:
            self.spans.add((value, value))

    def _text(self, value: str, key: str) -> None:
        if _DATE.match(value) and len(value) >= 19:
            try:
                self.days.add(datetime.fromisoformat(value).date())
            except ValueError:
                pass
            else:
                return
        if "://" in value or "@" in value:
            self.urls.add(value.casefold())
        if key == "discount_code":
            self.codes.add(value.casefold())
        if key == "title":
            self.written.append(value.casefold())
            return
        self.names |= {token for token in _TOKEN.findall(value.casefold()) if any(map(str.isdigit, token))}


def grounds_of(context: Context, messages: Iterable[AnyMessage], reply: Reply, goods: frozenset[str]) -> Grounds:
    """What may be said now: by this turn's tools, the conversation's cart, checkout and offer, and the shop's rules.

    `goods`: the words of the titles of all products.
    """
    grounds = Grounds(context.organization.currency, verified=context.customer_id is not None, goods=goods)
    for call in reply["tool_calls"]:
        grounds.take(call["name"], call["result"] or {}, ok=call["status"] == "ok")
    grounds.remember(context.cart, context.checkout, context.offer)
    texts = [(type(message), message.text) for message in messages if isinstance(message, HumanMessage | AIMessage)]
    grounds.hear(
        (text for kind, text in texts if kind is HumanMessage), (text for kind, text in texts if kind is AIMessage)
    )
    grounds.shop(context.organization.policies.model_dump(), context.organization.support_email)
    return grounds


def _shares(whole: int, units: int) -> set[int]:
    """What one, two … of `units` pieces come to, half up."""
    return {(whole * count * 2 + units) // (2 * units) for count in range(1, units + 1)}
