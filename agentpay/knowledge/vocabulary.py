"""The words of one shop that a customer's message is read by: its options, attributes, brands, categories, places."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlalchemy import select, text

from agentpay.knowledge.lexicon import title_words
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, ShippingRate, ShippingZone

MAX_OPTION_VALUES = 2000
MAX_ATTRIBUTES = 300
MAX_ATTRIBUTE_VALUES = 50
MAX_VALUE_CHARS = 40
MAX_BRANDS = 3000
MAX_CATEGORIES = 3000


@dataclass(frozen=True, slots=True)
class ShopWords:
    """The fields of `intents.types.Vocabulary`. Everything is bounded, the commonest first, in the shop's spelling."""

    currency: str
    options: dict[str, list[str]] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)
    brands: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    shipping_methods: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    title_words: frozenset[str] = frozenset()


async def catalog_version(tx: Tx) -> int:
    """What a cache of the shop's words keys on, with the organization's id."""
    version = await tx.session.scalar(select(Organization.catalog_version).where(Organization.id == tx.organization_id))
    return int(version or 0)


async def load(tx: Tx) -> ShopWords:
    """Read the words from the catalogue, zones and rates. Takes long for a big shop: keep the result by `catalog_version`."""
    org = {"org": tx.organization_id}
    currency = await tx.session.scalar(select(Organization.currency).where(Organization.id == tx.organization_id))
    return ShopWords(
        currency=currency or "USD",
        options=await _options(tx),
        attributes=await _attributes(tx),
        brands=list(await tx.session.scalars(text(_BRANDS), org)),
        categories=list(await tx.session.scalars(text(_CATEGORIES), org)),
        shipping_methods=await _shipping_methods(tx),
        countries=await _countries(tx),
        title_words=await title_words(tx),
    )


_BRANDS = f"""
    SELECT brand FROM products WHERE organization_id = :org AND status = 'active' AND brand IS NOT NULL
    GROUP BY brand ORDER BY count(*) DESC, brand LIMIT {MAX_BRANDS}
"""
_CATEGORIES = f"""
    SELECT category FROM products WHERE organization_id = :org AND status = 'active' AND category IS NOT NULL
    GROUP BY category ORDER BY count(*) DESC, category LIMIT {MAX_CATEGORIES}
"""
_OPTIONS = f"""
    SELECT o.key, o.value FROM variants v
    JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id AND p.status = 'active'
    CROSS JOIN LATERAL jsonb_each_text(v.options) o
    WHERE v.organization_id = :org AND NOT v.archived
    GROUP BY o.key, o.value ORDER BY count(*) DESC, o.key, o.value LIMIT {MAX_OPTION_VALUES}
"""
_ATTRIBUTES = f"""
    WITH spelt AS (
        SELECT a.key, x.value, count(*) AS n FROM products p
        CROSS JOIN LATERAL jsonb_each(p.attributes) a
        CROSS JOIN LATERAL jsonb_array_elements_text(
            CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) AS x(value)
        WHERE p.organization_id = :org AND p.status = 'active' AND jsonb_typeof(a.value) <> 'number'
            AND length(x.value) BETWEEN 1 AND {MAX_VALUE_CHARS}
        GROUP BY a.key, x.value
    ), ranked AS (
        SELECT key, value, n, row_number() OVER (PARTITION BY key ORDER BY n DESC, value) AS place,
            sum(n) OVER (PARTITION BY key) AS used
        FROM spelt
    ), names AS (
        SELECT key, max(used) AS used FROM ranked GROUP BY key ORDER BY used DESC, key LIMIT {MAX_ATTRIBUTES}
    )
    SELECT r.key, r.value FROM ranked r JOIN names n ON n.key = r.key
    WHERE r.place <= {MAX_ATTRIBUTE_VALUES} ORDER BY n.used DESC, r.key, r.place
"""
_NUMBER = re.compile(r"[\d.,]+")


async def _options(tx: Tx) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in await tx.session.execute(text(_OPTIONS), {"org": tx.organization_id}):
        found.setdefault(row.key, []).append(row.value)
    return found


async def _attributes(tx: Tx) -> dict[str, list[str]]:
    """Bare numbers are left out: "6" in a message is a quantity or a size, not a heel drop."""
    found: dict[str, list[str]] = {}
    for row in await tx.session.execute(text(_ATTRIBUTES), {"org": tx.organization_id}):
        if not _NUMBER.fullmatch(row.value):
            found.setdefault(row.key, []).append(row.value)
    return found


async def _shipping_methods(tx: Tx) -> list[str]:
    names = await tx.session.scalars(
        select(ShippingRate.name)
        .where(ShippingRate.organization_id == tx.organization_id)
        .order_by(ShippingRate.position, ShippingRate.id)
    )
    return list(dict.fromkeys(names))


async def _countries(tx: Tx) -> list[str]:
    zones = await tx.session.scalars(
        select(ShippingZone.countries)
        .where(ShippingZone.organization_id == tx.organization_id)
        .order_by(ShippingZone.position, ShippingZone.id)
    )
    return list(dict.fromkeys(country for countries in zones for country in countries))
