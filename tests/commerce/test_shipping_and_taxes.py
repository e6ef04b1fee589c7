"""Zones, rates and taxes on a real PostgreSQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from agentpay.commerce import shipping, taxes
from agentpay.commerce.pricing import TaxRule
from agentpay.commerce.shapes import AddressShape
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import ShippingRate, ShippingZone, TaxRate


async def zones(tx: Tx) -> None:
    """The zones of the example store."""
    for position, (name, countries, rates) in enumerate(
        [
            (
                "United States",
                ["US"],
                [
                    {"external_id": "us-standard", "name": "Standard", "amount": 700, "min_days": 3, "max_days": 5},
                    {"external_id": "us-standard-free", "name": "Standard", "amount": 0, "min_subtotal": 10000},
                    {"external_id": "us-express", "name": "Express", "amount": 1900, "max_weight_grams": 5000},
                ],
            ),
            ("Europe", ["DE", "FR"], [{"external_id": "eu-standard", "name": "Standard", "amount": 1900}]),
            ("Moon", ["AQ"], [{"external_id": "aq", "name": "Sledge", "amount": 1, "max_subtotal": 10}]),
        ]
    ):
        zone = ShippingZone(
            id=new_id(), organization_id=tx.organization_id, name=name, countries=countries, position=position
        )
        tx.session.add(zone)
        await tx.session.flush()
        for place, rate in enumerate(rates):
            fields: dict[str, Any] = dict(rate)
            tx.session.add(
                ShippingRate(
                    organization_id=tx.organization_id, zone_id=zone.id, currency="USD", position=place, **fields
                )
            )
        await tx.session.flush()


@pytest.mark.parametrize(
    ("country", "goods", "weight", "served", "options"),
    [
        ("US", 9999, 5000, True, {"us-standard": 700, "us-express": 1900}),
        ("us", 10000, 5001, True, {"us-standard-free": 0}),
        ("FR", 10000, 100, True, {"eu-standard": 1900}),
        ("JP", 10000, 100, False, {}),
        ("AQ", 11, 1, True, {}),
        ("AQ", 10, 1, True, {"aq": 1}),
    ],
)
async def test_a_quote_has_one_option_a_name_the_cheapest_that_fits(
    database: Database,
    organization_id: UUID,
    country: str,
    goods: int,
    weight: int,
    served: bool,
    options: dict[str, int],
) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        quote = await shipping.quote(tx, country, goods_subtotal_after_discount=goods, weight_grams=weight)
        assert (quote.country, quote.served, quote.currency) == (country.upper(), served, "USD")
        assert {option.external_id: option.amount for option in quote.options} == options


async def test_where_delivery_is_free_is_told_of_rates_that_bind_nothing_else(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        zone = ShippingZone(id=new_id(), organization_id=organization_id, name="Isles", countries=["IM"], position=9)
        tx.session.add(zone)
        await tx.session.flush()
        for name, bounds in (
            ("Letter", {"max_weight_grams": 100}),
            ("Boat", {"min_subtotal": 5000}),
            ("Boat", {"min_subtotal": 3000}),
        ):
            rate = ShippingRate(
                organization_id=organization_id, zone_id=zone.id, external_id=str(new_id()), name=name, amount=0,
                currency="USD", **bounds,
            )  # fmt: skip
            tx.session.add(rate)
        await tx.session.flush()
        states, isles = shipping.FreeRate("United States", "Standard", 10000), shipping.FreeRate("Isles", "Boat", 3000)
        assert await shipping.free_rates(tx, None) == [states, isles]
        assert await shipping.free_rates(tx, "im") == [isles]
        assert await shipping.free_rates(tx, "FR") == []


async def test_the_name_of_the_rate_decides(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        address = AddressShape(line1="12 Elm St", city="Portland", country="US")
        for wanted, goods, expected in (
            ("us-standard", 37800, "us-standard-free"),
            ("us-standard-free", 5000, "us-standard"),
            ("express", 37800, "us-express"),
            ("eu-standard", 5000, "us-standard"),
            (None, 5000, "us-standard"),
            (None, 37800, "us-standard-free"),
        ):
            option = await shipping.choose(tx, address, wanted, goods_subtotal_after_discount=goods, weight_grams=100)
            assert option is not None
            assert option.external_id == expected


async def test_what_cannot_be_shipped_is_refused_in_words(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        await zones(tx)
        for address, wanted, weight, code in (
            ({"country": "JP"}, None, 1, "country_not_served"),
            ({"country": "US"}, "us-express", 6000, "shipping_option_unavailable"),
            ({"country": "US"}, "drone", 1, "shipping_option_unavailable"),
            ({"country": "AQ"}, None, 1, "shipping_option_unavailable"),
            (None, "us-express", 1, "address_required"),
        ):
            with pytest.raises(Problem) as refused:
                await shipping.choose(tx, address, wanted, goods_subtotal_after_discount=9000, weight_grams=weight)
            assert (refused.value.code, refused.value.status) == (code, 422)
        with pytest.raises(Problem):
            await shipping.require_served(tx, "jp")
        await shipping.require_served(tx, "de")


async def test_digital_items_need_no_address_and_no_option(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        assert (
            await shipping.choose(
                tx, None, None, goods_subtotal_after_discount=5000, weight_grams=0, requires_shipping=False
            )
            is None
        )
        quote = await shipping.quote(
            tx, "JP", goods_subtotal_after_discount=5000, weight_grams=0, requires_shipping=False
        )
        assert (quote.served, quote.requires_shipping, quote.options) == (True, False, [])


async def test_a_region_beats_its_country(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        for country, region, points, included in (
            ("US", "CA", 725, False),
            ("US", None, 100, False),
            ("DE", None, 1900, True),
            ("CA", "QC", 1498, False),
        ):
            tx.session.add(
                TaxRate(
                    organization_id=organization_id,
                    country=country,
                    region=region,
                    basis_points=points,
                    included=included,
                )
            )
        await tx.session.flush()
        for country, region, rule in (
            ("US", "CA", TaxRule(725)),
            ("us", " california ", TaxRule(725)),
            ("US", "US-CA", TaxRule(725)),
            ("US", "OR", TaxRule(100)),
            ("US", None, TaxRule(100)),
            ("DE", "Berlin", TaxRule(1900, included=True)),
            ("CA", "ON", None),
            ("CA", "Quebec", TaxRule(1498)),
            ("CA", "Québec", TaxRule(1498)),
            ("FR", None, None),
            (None, None, None),
        ):
            assert await taxes.rule_for(tx, country, region) == rule, (country, region)
