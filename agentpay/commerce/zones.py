"""Shipping zones and their rates as the merchant keeps them. What shipping costs is `commerce/shipping.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from agentpay.commerce.checks import bounds_in_order
from agentpay.commerce.importing.fields import Count, Country, ExternalId, Money, Text
from agentpay.commerce.products import bump_catalog_version
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.session import Tx
from agentpay.store.tables import Organization, ShippingRate, ShippingZone


class RateInput(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)

    external_id: ExternalId
    name: Text
    amount: Money
    min_subtotal: Money | None = None
    max_subtotal: Money | None = None
    min_weight_grams: Count | None = None
    max_weight_grams: Count | None = None
    min_days: Count | None = None
    max_days: Count | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> RateInput:
        bounds_in_order(self)
        return self


class ZoneInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Text
    countries: list[Country] = Field(min_length=1, max_length=300)
    rates: list[RateInput] = Field(default_factory=list, max_length=200)


class ZonePatch(BaseModel):
    """Only what is sent changes; `rates`, where sent, are all of them, known again by their external ids."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    countries: list[Country] | None = Field(None, min_length=1, max_length=300)
    rates: list[RateInput] | None = Field(None, max_length=200)


class RateView(RateInput):
    id: UUID
    currency: str


class ZoneView(BaseModel):
    id: UUID
    name: str
    countries: list[str]
    rates: list[RateView]


async def get(tx: Tx, zone_id: UUID) -> ZoneView:
    """Raises Problem 404."""
    return (await _views(tx, [await _row(tx, zone_id)]))[0]


async def list_zones(
    tx: Tx, *, name: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ZoneView]:
    """Zones, newest first."""
    statement = select(ShippingZone).where(ShippingZone.organization_id == tx.organization_id)
    if name is not None:
        statement = statement.where(ShippingZone.name == name)
    found = await page(tx, statement, ShippingZone.id, limit=limit, cursor=cursor)
    return Page(await _views(tx, found.items), found.next_cursor)


async def create(tx: Tx, given: ZoneInput) -> ZoneView:
    """Raises Problem 409 `already_exists` for a zone's name or a rate's external id that is taken."""
    position = await tx.session.scalar(
        select(func.count()).select_from(ShippingZone).where(ShippingZone.organization_id == tx.organization_id)
    )
    row = ShippingZone(
        id=new_id(),
        organization_id=tx.organization_id,
        name=given.name,
        countries=given.countries,
        position=position or 0,
    )
    tx.session.add(row)
    await _flush(tx)
    await _set_rates(tx, row.id, given.rates)
    await bump_catalog_version(tx)
    return await get(tx, row.id)


async def update(tx: Tx, zone_id: UUID, patch: ZonePatch) -> ZoneView:
    """Raises Problem 404, 409 `already_exists`, 422 for a null."""
    row = await _row(tx, zone_id)
    for name in patch.model_fields_set:
        value = getattr(patch, name)
        if value is None:
            raise Problem("validation_error", f"{name} must not be null.")
        if name != "rates":
            setattr(row, name, value)
    await _flush(tx)
    if patch.rates is not None:
        await _set_rates(tx, zone_id, patch.rates)
    await bump_catalog_version(tx)
    return await get(tx, zone_id)


async def delete(tx: Tx, zone_id: UUID) -> None:
    """The shop no longer ships there. Raises Problem 404."""
    await tx.session.delete(await _row(tx, zone_id))
    await tx.session.flush()
    await bump_catalog_version(tx)


async def _set_rates(tx: Tx, zone_id: UUID, rates: Sequence[RateInput]) -> None:
    currency = (
        await tx.session.execute(select(Organization.currency).where(Organization.id == tx.organization_id))
    ).scalar_one()
    known = {
        row.external_id: row
        for row in await tx.session.scalars(
            select(ShippingRate).where(
                ShippingRate.organization_id == tx.organization_id, ShippingRate.zone_id == zone_id
            )
        )
    }
    for position, rate in enumerate(rates):
        row = known.pop(rate.external_id, None)
        if row is None:
            row = ShippingRate(id=new_id(), organization_id=tx.organization_id, zone_id=zone_id, currency=currency)
            tx.session.add(row)
        for name, value in rate.model_dump().items():
            setattr(row, name, value)
        row.position = position
    for row in known.values():
        await tx.session.delete(row)
    await _flush(tx)


async def _flush(tx: Tx) -> None:
    try:
        await tx.session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if constraint.startswith("uq_"):
            what = "rate with this external_id" if "rates" in constraint else "zone of this name"
            raise Problem("already_exists", f"There is a {what} already.", status=409) from error
        raise


async def _row(tx: Tx, zone_id: UUID) -> ShippingZone:
    row = await tx.session.scalar(
        select(ShippingZone).where(ShippingZone.organization_id == tx.organization_id, ShippingZone.id == zone_id)
    )
    if row is None:
        raise not_found("shipping zone", zone_id)
    return row


async def _views(tx: Tx, rows: Sequence[ShippingZone]) -> list[ZoneView]:
    rates: dict[UUID, list[RateView]] = defaultdict(list)
    for rate in await tx.session.scalars(
        select(ShippingRate)
        .where(ShippingRate.organization_id == tx.organization_id, ShippingRate.zone_id.in_([row.id for row in rows]))
        .order_by(ShippingRate.position, ShippingRate.id)
    ):
        rates[rate.zone_id].append(
            RateView.model_validate({name: getattr(rate, name) for name in RateView.model_fields})
        )
    return [ZoneView(id=row.id, name=row.name, countries=row.countries, rates=rates.get(row.id, [])) for row in rows]
