"""Discount codes as the merchant keeps them. What a code takes off is `commerce/discounts.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from agentpay.commerce.checks import discount_terms
from agentpay.commerce.importing.fields import Count, ExternalId, Money, Text
from agentpay.commerce.rows import one
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.session import Tx
from agentpay.store.tables import Discount, Organization


class DiscountInput(BaseModel):
    """A code; case does not matter. `products` and `categories` (path prefixes) limit it, empty ones do not."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^\S{1,60}$")
    type: Literal["percentage", "fixed"]
    basis_points: int | None = Field(None, ge=1, le=10_000, strict=True)
    amount: Money | None = Field(None, gt=0)
    products: list[ExternalId] = Field(default_factory=list, max_length=1000)
    categories: list[Text] = Field(default_factory=list, max_length=200)
    min_subtotal: Money | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    max_redemptions: Count | None = None
    max_redemptions_per_customer: Count | None = None
    active: StrictBool = True

    @field_validator("code")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="after")
    def _consistent(self) -> DiscountInput:
        discount_terms(self)
        return self


class DiscountPatch(BaseModel):
    """Only what is sent changes; the whole is checked again. A code keeps its name and its type."""

    model_config = ConfigDict(extra="forbid")

    basis_points: int | None = Field(None, ge=1, le=10_000, strict=True)
    amount: Money | None = Field(None, gt=0)
    products: list[ExternalId] | None = Field(None, max_length=1000)
    categories: list[Text] | None = Field(None, max_length=200)
    min_subtotal: Money | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    max_redemptions: Count | None = None
    max_redemptions_per_customer: Count | None = None
    active: StrictBool | None = None


class DiscountView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    type: Literal["percentage", "fixed"]
    basis_points: int | None
    amount: int | None
    currency: str
    products: list[str]
    categories: list[str]
    min_subtotal: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    max_redemptions: int | None
    max_redemptions_per_customer: int | None
    redeemed: int
    active: bool
    created_at: datetime
    modified_at: datetime


async def get(tx: Tx, discount_id: UUID) -> DiscountView:
    """Raises Problem 404."""
    return DiscountView.model_validate(await _row(tx, discount_id))


async def list_discounts(
    tx: Tx, *, code: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[DiscountView]:
    """Codes, newest first."""
    statement = select(Discount).where(Discount.organization_id == tx.organization_id)
    if code is not None:
        statement = statement.where(Discount.code == code.upper())
    found = await page(tx, statement, Discount.id, limit=limit, cursor=cursor)
    return Page([DiscountView.model_validate(row) for row in found.items], found.next_cursor)


async def create(tx: Tx, given: DiscountInput) -> DiscountView:
    """Raises Problem 409 `already_exists`."""
    currency = (
        await tx.session.execute(select(Organization.currency).where(Organization.id == tx.organization_id))
    ).scalar_one()
    row = Discount(id=new_id(), organization_id=tx.organization_id, currency=currency, **given.model_dump())
    tx.session.add(row)
    return await _written(tx, row)


async def update(tx: Tx, discount_id: UUID, patch: DiscountPatch) -> DiscountView:
    """Raises Problem 404, 409 `already_redeemed` for a cap below what was redeemed, 422 where the whole no longer fits."""
    row = await _row(tx, discount_id)
    whole = {name: getattr(row, name) for name in DiscountInput.model_fields} | patch.model_dump(exclude_unset=True)
    try:
        checked = DiscountInput.model_validate(whole)
    except ValidationError as error:
        raise Problem("validation_error", error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    if checked.max_redemptions is not None and checked.max_redemptions < row.redeemed:
        raise Problem("already_redeemed", f"The code was redeemed {row.redeemed} times already.", status=409)
    for name in patch.model_fields_set:
        setattr(row, name, getattr(checked, name))
    return await _written(tx, row)


async def deactivate(tx: Tx, discount_id: UUID) -> None:
    """Nobody can use the code any more; what it was used for stays on record. Raises Problem 404."""
    (await _row(tx, discount_id)).active = False
    await tx.session.flush()


async def _written(tx: Tx, row: Discount) -> DiscountView:
    try:
        await tx.session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if constraint.startswith("uq_"):
            raise Problem("already_exists", "There is such a code already.", status=409) from error
        raise
    await tx.session.refresh(row)
    return DiscountView.model_validate(row)


async def _row(tx: Tx, discount_id: UUID) -> Discount:
    """Locked, so that a cap is compared with the counter as it is."""
    return await one(tx, Discount, discount_id, lock=True)
