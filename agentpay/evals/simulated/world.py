"""The shop as simulated customers find it: what it sells, what they may know, and a store file with them in it.

A run has a shop of its own: the given store file, with the customers and past orders that the goals need added to it, and
with stock that does not run out, so that what one customer is told does not depend on what another one bought.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from agentpay.commerce.importing.models import DiscountRow, ProductRow, RateRow, StoreFile, VariantRow, ZoneRow
from agentpay.commerce.importing.reading import StoreLoader, load
from agentpay.commerce.pricing import in_category
from agentpay.evals.simulated.people import Person
from agentpay.money import money

SCARCE = 5
"""Pieces up to which a variant stays as scarce as the file has it; nobody buys those to the last one."""
PLENTY = 100_000
"""What is added to the stock of all others."""


@dataclass(frozen=True, slots=True)
class Item:
    """A variant with its product."""

    product: ProductRow
    variant: VariantRow

    @property
    def id(self) -> str:
        return self.variant.external_id

    @property
    def price(self) -> int:
        return self.variant.price

    @property
    def options(self) -> dict[str, str]:
        return self.variant.options

    @property
    def sold_out(self) -> bool:
        return self.variant.stock == 0

    @property
    def scarce(self) -> bool:
        return self.variant.stock is not None and 0 < self.variant.stock <= SCARCE

    @property
    def plentiful(self) -> bool:
        return not self.sold_out and not self.scarce

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and other.id == self.id


@dataclass(slots=True)
class PastOrder:
    """An order that a customer placed before; `number` is its external id."""

    number: str
    customer: str
    email: str
    lines: list[tuple[Item, int]]
    placed: int
    """Days ago."""
    delivered: int | None = None
    shipped: bool = False
    shipping: int = 0
    tracking: str = ""
    address: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(item.price * count for item, count in self.lines) + self.shipping

    def row(self) -> dict[str, Any]:
        """As the store file has it."""
        row: dict[str, Any] = {
            "external_id": self.number,
            "customer": self.customer,
            "placed_at": f"-{self.placed}d",
            "status": "paid",
            "fulfillment_status": "delivered"
            if self.delivered is not None
            else "shipped"
            if self.shipped
            else "unfulfilled",
            "payment": {"method": "card"},
            "items": [{"variant": item.id, "quantity": count, "unit_price": item.price} for item, count in self.lines],
            "shipping": self.shipping,
        }
        if self.delivered is not None:
            row["delivered_at"] = f"-{self.delivered}d"
        if self.tracking:
            row["tracking"] = {"carrier": "UPS", "number": self.tracking}
        return row


class World:
    """A store file, read. Raises `commerce.importing.ImportProblems` where it is not sound."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.now = datetime.now(UTC)
        self.store: StoreFile = load(path, now=self.now).store
        self.people: list[Person] = []
        self.orders: list[PastOrder] = []
        self._order_count = 0

    @cached_property
    def items(self) -> list[Item]:
        """What can be seen in the shop."""
        return [
            Item(product, variant)
            for product in self.store.products
            if product.status == "active"
            for variant in product.variants
        ]

    @cached_property
    def by_product(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.product.external_id, []).append(item)
        return found

    @cached_property
    def by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def plentiful(self) -> list[Item]:
        """What can be bought by everybody who wants it."""
        return [item for item in self.items if item.plentiful]

    @cached_property
    def negotiable(self) -> list[Item]:
        """Where the agent may give something away by itself."""
        rules = self.store.agent.rules if self.store.agent is not None else None
        if rules is None or not rules.allow_dynamic_pricing or not rules.max_discount_percent:
            return []
        return [
            item
            for item in self.plentiful
            if item.product.allow_dynamic_pricing and item.variant.floor is not None and item.variant.floor < item.price
        ]

    @cached_property
    def countries(self) -> list[str]:
        """Those it ships to, in the file's order."""
        return list(dict.fromkeys(code for zone in self.store.shipping_zones for code in zone.countries if zone.rates))

    @property
    def currency(self) -> str:
        return self.store.organization.currency

    def money(self, amount: int) -> str:
        return money(amount, self.currency)

    def zone(self, country: str) -> ZoneRow | None:
        return next((zone for zone in self.store.shipping_zones if country in zone.countries and zone.rates), None)

    def rates(self, country: str, subtotal: int, grams: int) -> dict[str, RateRow]:
        """By name: the cheapest rate that fits (CONTRACT §4, shipping)."""
        zone, found = self.zone(country), dict[str, RateRow]()
        for rate in sorted(zone.rates if zone else (), key=lambda rate: rate.amount):
            fits = (rate.min_subtotal or 0) <= subtotal and (rate.max_subtotal is None or subtotal <= rate.max_subtotal)
            fits = fits and (rate.min_weight_grams or 0) <= grams
            if fits and (rate.max_weight_grams is None or grams <= rate.max_weight_grams):
                found.setdefault(rate.name, rate)
        return found

    def covers(self, code: DiscountRow, item: Item) -> bool:
        product = item.product
        if not code.products and not code.categories:
            return True
        return product.external_id in code.products or any(
            product.category is not None and in_category(product.category, name) for name in code.categories
        )

    def usable(self, code: DiscountRow) -> bool:
        """Whether anybody may use it, and it has uses left for many."""
        left = None if code.max_redemptions is None else code.max_redemptions - code.times_redeemed
        begun = code.starts_at is None or code.starts_at <= self.now
        over = code.ends_at is not None and code.ends_at <= self.now
        return code.active and begun and not over and (left is None or left > 200)

    def dead(self, code: DiscountRow) -> bool:
        """Whether nobody may use it."""
        used_up = code.max_redemptions is not None and code.times_redeemed >= code.max_redemptions
        begun = code.starts_at is None or code.starts_at <= self.now
        return not code.active or used_up or not begun or (code.ends_at is not None and code.ends_at <= self.now)

    def knows(self, person: Person) -> None:
        """Makes the person a customer of the shop from before."""
        if not person.customer:
            person.customer = f"sim-{person.number:05d}"
            self.people.append(person)

    def past_order(self, person: Person, lines: list[tuple[Item, int]], **state: Any) -> PastOrder:
        """An order the person placed before; `state` as in PastOrder."""
        self.knows(person)
        self._order_count += 1
        order = PastOrder(self._number(), person.customer, person.email, lines, **state)
        if order.shipped or order.delivered is not None:
            order.tracking = f"1ZSIM{self._order_count:012d}"
        ships = any(item.variant.requires_shipping for item, _ in lines)
        order.address = person.address.data() if ships else {}
        self.orders.append(order)
        return order

    def _number(self) -> str:
        """In the style of the shop's own numbers, beyond them."""
        known = [order.external_id for order in self.store.orders]
        style = re.match(r"^(\D*?)(\d+)$", known[0].lstrip("#")) if known else None
        prefix, width = (style[1], len(style[2])) if style else ("A-", 5)
        start = 8 * 10 ** max(width - 1, 4)
        return f"{prefix}{start + self._order_count}"

    def write(self, folder: Path) -> Path:
        """Writes the run's own store file below `folder`; answers where. JSON is YAML, too."""
        data = self._raw()
        data["products"] = [self._product(row) for row in self._product_rows(data)]
        data["customers"] = [*(data.get("customers") or []), *(_customer(person) for person in self.people)]
        data["orders"] = [*(data.get("orders") or []), *(order.row() for order in self.orders)]
        file = folder / "store.yaml"
        file.write_text(json.dumps(data, ensure_ascii=False, default=str))
        return file

    def _raw(self) -> dict[str, Any]:
        """As written: relative times stay relative."""
        content = self._path.read_bytes()
        content = gzip.decompress(content) if self._path.suffix == ".gz" else content
        data: dict[str, Any] = yaml.load(content, Loader=StoreLoader)
        return data

    def _product_rows(self, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if isinstance(data["products"], list):
            yield from data["products"]
        else:
            yield from (product.model_dump(mode="json", exclude_unset=True) for product in self.store.products)

    @staticmethod
    def _product(row: dict[str, Any]) -> dict[str, Any]:
        def plenty(variant: dict[str, Any]) -> dict[str, Any]:
            stock = variant.get("stock")
            return variant | {"stock": stock + PLENTY} if stock is not None and stock > SCARCE else variant

        return row | {"variants": [plenty(variant) for variant in row["variants"]]}


def _customer(person: Person) -> dict[str, Any]:
    return {
        "external_id": person.customer,
        "email": person.email,
        "name": person.name,
        "addresses": [person.address.data()],
    }
