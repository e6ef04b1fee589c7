"""What the rows of a store file say about each other: ids used twice, references that lead nowhere."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from agentpay.commerce.importing.problems import ImportProblem
from agentpay.commerce.importing.reading import Loaded, Path_


@dataclass(frozen=True, slots=True)
class Known:
    """External ids that the organization has already, so that a file may refer to what an earlier one brought."""

    products: frozenset[str] = field(default_factory=frozenset)
    variants: frozenset[str] = field(default_factory=frozenset)
    customers: frozenset[str] = field(default_factory=frozenset)


def check(loaded: Loaded, known: Known | None = None) -> list[ImportProblem]:
    """Every duplicate and every dangling reference; an empty list where the file is sound."""
    return [*_duplicates(loaded), *_references(loaded, known or Known())]


def _duplicates(loaded: Loaded) -> Iterator[ImportProblem]:
    store = loaded.store
    variants = [
        (("products", n, "variants", m), variant)
        for n, product in enumerate(store.products)
        for m, variant in enumerate(product.variants)
    ]
    methods = [
        (("customers", n, "payment_methods", m, "external_id"), (customer.external_id, method.external_id))
        for n, customer in enumerate(store.customers)
        for m, method in enumerate(customer.payment_methods)
    ]
    rates = [
        (("shipping_zones", n, "rates", m, "external_id"), rate.external_id)
        for n, zone in enumerate(store.shipping_zones)
        for m, rate in enumerate(zone.rates)
    ]
    for what, keys in (
        ("product", [(("products", n, "external_id"), row.external_id) for n, row in enumerate(store.products)]),
        ("variant", [((*path, "external_id"), row.external_id) for path, row in variants]),
        ("SKU", [((*path, "sku"), row.sku) for path, row in variants if row.sku is not None]),
        ("article", [(("articles", n, "external_id"), row.external_id) for n, row in enumerate(store.articles)]),
        ("zone", [(("shipping_zones", n, "name"), row.name) for n, row in enumerate(store.shipping_zones)]),
        ("shipping rate", rates),
        ("tax rate", [(("tax_rates", n), (row.country, row.region)) for n, row in enumerate(store.tax_rates)]),
        ("discount code", [(("discounts", n, "code"), row.code) for n, row in enumerate(store.discounts)]),
        ("customer", [(("customers", n, "external_id"), row.external_id) for n, row in enumerate(store.customers)]),
        (
            "e-mail address",
            [(("customers", n, "email"), row.email) for n, row in enumerate(store.customers) if row.email],
        ),
        ("payment method", methods),
        ("order", [(("orders", n, "external_id"), row.external_id) for n, row in enumerate(store.orders)]),
    ):
        yield from _twice(loaded, what, keys)


def _twice(loaded: Loaded, what: str, keys: Iterable[tuple[Path_, Hashable]]) -> Iterator[ImportProblem]:
    first: dict[Hashable, Path_] = {}
    for path, key in keys:
        if key in first:
            line = loaded.problem(first[key], "").line
            shown = " ".join(str(part) for part in key if part is not None) if isinstance(key, tuple) else key
            yield loaded.problem(path, f"{what} {shown} is there twice, first in line {line}")
        else:
            first[key] = path


def _references(loaded: Loaded, known: Known) -> Iterator[ImportProblem]:
    store = loaded.store
    products = known.products | {product.external_id for product in store.products}
    variants = known.variants | {variant.external_id for product in store.products for variant in product.variants}
    customers = known.customers | {customer.external_id for customer in store.customers}
    for n, discount in enumerate(store.discounts):
        for m, reference in enumerate(discount.products):
            if reference not in products:
                yield loaded.problem(("discounts", n, "products", m), f"there is no product {reference}")
        for reference in discount.redeemed_by:
            if reference not in customers:
                yield loaded.problem(("discounts", n, "redeemed_by", reference), f"there is no customer {reference}")
    for n, order in enumerate(store.orders):
        if order.customer is not None and order.customer not in customers:
            yield loaded.problem(("orders", n, "customer"), f"there is no customer {order.customer}")
        for m, item in enumerate(order.items):
            if item.variant not in variants:
                yield loaded.problem(("orders", n, "items", m, "variant"), f"there is no variant {item.variant}")
