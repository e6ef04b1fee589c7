"""What shipping costs: per rate name the cheapest rate of the country's zones whose bounds fit (CONTRACT §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import bindparam

from agentpay.commerce.shapes import AddressShape, ShippingOption, ShippingQuote, ShippingQuoteOption
from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, ShippingRate, ShippingZone


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its bounds, all inclusive; None is unbounded. Amounts in minor units, weights in grams."""

    external_id: str
    name: str
    amount: int
    min_subtotal: int | None = None
    max_subtotal: int | None = None
    min_weight_grams: int | None = None
    max_weight_grams: int | None = None
    min_days: int | None = None
    max_days: int | None = None

    def fits(self, goods: int, weight_grams: int) -> bool:
        return _within(goods, self.min_subtotal, self.max_subtotal) and _within(
            weight_grams, self.min_weight_grams, self.max_weight_grams
        )


def _within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def cheapest_by_name(rates: Iterable[Rate], *, goods: int, weight_grams: int) -> list[ShippingQuoteOption]:
    """One option a name, in the merchant's order of names. Of equal amounts the first rate counts."""
    best: dict[str, Rate] = {}
    for rate in rates:
        name = rate.name.casefold()
        if rate.fits(goods, weight_grams) and (name not in best or rate.amount < best[name].amount):
            best[name] = rate
    return [
        ShippingQuoteOption(
            external_id=rate.external_id,
            name=rate.name,
            amount=rate.amount,
            min_days=rate.min_days,
            max_days=rate.max_days,
        )
        for rate in best.values()
    ]


async def quote(
    tx: Tx,
    country: str,
    *,
    goods_subtotal_after_discount: int,
    weight_grams: int,
    requires_shipping: bool = True,
) -> ShippingQuote:
    """The options for a country. `weight_grams` counts what ships. A country in no zone is `served: false`."""
    country = country.upper()
    served, rates, currency = await _rates(tx, country)
    if not requires_shipping:
        return ShippingQuote(country=country, served=True, requires_shipping=False, options=[], currency=currency)
    options = cheapest_by_name(rates, goods=goods_subtotal_after_discount, weight_grams=weight_grams)
    fitting = {option.name for option in options}
    unfit = list(dict.fromkeys(rate.name for rate in rates if rate.name not in fitting))
    return ShippingQuote(country=country, served=served, options=options, unfit=unfit, currency=currency)


@dataclass(frozen=True, slots=True)
class FreeRate:
    """A rate that costs nothing: for orders from `min_subtotal` on (minor units; None: for any) in its zone."""

    zone: str
    name: str
    min_subtotal: int | None


_FURTHER_BOUNDS = (ShippingRate.max_subtotal, ShippingRate.min_weight_grams, ShippingRate.max_weight_grams)


async def free_rates(tx: Tx, country: str | None) -> list[FreeRate]:
    """Where delivery is free and from how much on; of a country's zones only where one is given. The lowest bound of each name.

    Rates that further bounds take from some orders (a weight, a most) are left out: nobody is to be told of them as of a rule.
    """
    query = (
        select(ShippingZone.name, ShippingRate.name, ShippingRate.min_subtotal)
        .join(
            ShippingRate,
            and_(ShippingRate.organization_id == ShippingZone.organization_id, ShippingRate.zone_id == ShippingZone.id),
        )
        .where(
            ShippingZone.organization_id == tx.organization_id,
            ShippingRate.amount == 0,
            *(bound.is_(None) for bound in _FURTHER_BOUNDS),
        )
        .order_by(ShippingZone.position, ShippingZone.id, ShippingRate.position, ShippingRate.id)
    )
    if country is not None:
        query = query.where(ShippingZone.countries.op("@>")(bindparam("country", [country.upper()], type_=JSONB)))
    found: dict[tuple[str, str], FreeRate] = {}
    for zone, name, least in (await tx.session.execute(query)).all():
        before = found.get((zone, name))
        if before is None or (least or 0) < (before.min_subtotal or 0):
            found[(zone, name)] = FreeRate(zone, name, least or None)
    return list(found.values())


async def require_served(tx: Tx, country: str) -> None:
    """Problem 422 `country_not_served` where no zone has the country."""
    served, _, _ = await _rates(tx, country.upper())
    if not served:
        raise _not_served(country.upper())


async def choose(
    tx: Tx,
    address: AddressShape | Mapping[str, Any] | None,
    wanted: str | None,
    *,
    goods_subtotal_after_discount: int,
    weight_grams: int,
    requires_shipping: bool = True,
) -> ShippingOption | None:
    """The option a checkout pays for; None where nothing ships.

    `wanted` is a rate's external id or a name (any case); the name decides, so that a rate whose bounds no longer fit is
    replaced by the one of its name that does. Without `wanted`: the cheapest option.
    Problems (422): `address_required`, `country_not_served`, `shipping_option_unavailable` (extra `options`).
    """
    if not requires_shipping:
        return None
    if address is None:
        raise Problem("address_required", "A shipping address is needed.")
    country = address.country if isinstance(address, AddressShape) else str(address["country"])
    offered = await quote(
        tx, country, goods_subtotal_after_discount=goods_subtotal_after_discount, weight_grams=weight_grams
    )
    if not offered.served:
        raise _not_served(offered.country)
    option = await _pick(tx, offered.options, wanted)
    if option is None:
        raise Problem(
            "shipping_option_unavailable",
            "This way of shipping is not available for this order.",
            options=[each.model_dump() for each in offered.options],
        )
    return ShippingOption(external_id=option.external_id, name=option.name, amount=option.amount)


def _not_served(country: str) -> Problem:
    return Problem("country_not_served", f"We do not ship to {country}.", country=country)


async def _pick(tx: Tx, options: list[ShippingQuoteOption], wanted: str | None) -> ShippingQuoteOption | None:
    if wanted is None or not wanted.strip():
        return min(options, key=lambda option: option.amount, default=None)
    for option in options:
        if option.external_id == wanted or option.name.casefold() == wanted.strip().casefold():
            return option
    name = await tx.session.scalar(
        select(ShippingRate.name).where(
            ShippingRate.organization_id == tx.organization_id, ShippingRate.external_id == wanted
        )
    )
    return next((option for option in options if name and option.name.casefold() == name.casefold()), None)


async def _rates(tx: Tx, country: str) -> tuple[bool, list[Rate], str]:
    """Whether a zone has the country, the rates of its zones in the merchant's order, and the shop's currency."""
    holds_country = ShippingZone.countries.op("@>")(bindparam("country", [country], type_=JSONB))
    rows = (
        await tx.session.execute(
            select(Organization.currency, ShippingZone.id.label("zone_id"), ShippingRate)
            .select_from(Organization)
            .outerjoin(ShippingZone, and_(ShippingZone.organization_id == Organization.id, holds_country))
            .outerjoin(
                ShippingRate,
                and_(
                    ShippingRate.organization_id == ShippingZone.organization_id,
                    ShippingRate.zone_id == ShippingZone.id,
                ),
            )
            .where(Organization.id == tx.organization_id)
            .order_by(ShippingZone.position, ShippingZone.id, ShippingRate.position, ShippingRate.id)
        )
    ).all()
    rates = [
        Rate(
            external_id=row.ShippingRate.external_id,
            name=row.ShippingRate.name,
            amount=row.ShippingRate.amount,
            min_subtotal=row.ShippingRate.min_subtotal,
            max_subtotal=row.ShippingRate.max_subtotal,
            min_weight_grams=row.ShippingRate.min_weight_grams,
            max_weight_grams=row.ShippingRate.max_weight_grams,
            min_days=row.ShippingRate.min_days,
            max_days=row.ShippingRate.max_days,
        )
        for row in rows
        if row.ShippingRate is not None
    ]
    return any(row.zone_id is not None for row in rows), rates, rows[0].currency
