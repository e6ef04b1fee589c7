"""Customers: who they are to the shop, found, made, and kept apart (CONTRACT §4, who is who)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from agentpay.commerce.importing.fields import ExternalId, Text
from agentpay.commerce.shapes import AddressShape, CustomerView, PaymentMethodView
from agentpay.errors import Problem, not_found
from agentpay.store import facts
from agentpay.store.ids import new_id
from agentpay.store.pagination import DEFAULT_LIMIT, Page, page
from agentpay.store.session import Tx
from agentpay.store.tables import Address, Conversation, Customer, PaymentMethod

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_CONVERSATIONS = 20


class CustomerInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    external_id: ExternalId | None = None
    email: str | None = Field(None, pattern=EMAIL, max_length=254)
    name: Text | None = None
    phone_number: Text | None = None
    whatsapp_id: Text | None = None
    preferred_channel: Literal["web", "whatsapp", "telegram", "voice", "email"] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    addresses: list[AddressShape] = Field(default_factory=list, max_length=50)


class CustomerPatch(CustomerInput):
    """Only what is sent changes; `addresses`, where sent, are all of them, the default one first."""


async def get(tx: Tx, customer_id: UUID) -> Customer:
    """Raises Problem 404."""
    row = await _one(tx, Customer.id == customer_id)
    if row is None:
        raise not_found("customer", customer_id)
    return row


async def by_email(tx: Tx, email: str) -> Customer | None:
    return await _one(tx, Customer.email == _mail(email))


async def by_external_id(tx: Tx, external_id: str) -> Customer | None:
    return await _one(tx, Customer.external_id == external_id)


async def identify(
    tx: Tx,
    external_id: str | None = None,
    email: str | None = None,
    name: str | None = None,
    phone_number: str | None = None,
) -> Customer | None:
    """
    The customer that somebody trusted vouches for: found by external id, else by e-mail, else made. None without either.

    What is vouched for fills gaps of a known customer and overwrites nothing. An external id that is new to the shop is
    given to the customer of that e-mail if they have none; an e-mail address that another customer has stays theirs.
    """
    if not external_id and not email:
        return None
    mail = _mail(email) if email else None
    found = await by_external_id(tx, external_id) if external_id else None
    if found is None and mail is not None:
        found = await by_email(tx, mail)
        if found is not None and external_id and found.external_id not in (None, external_id):
            found, mail = None, None
    if found is None:
        found = await _make(tx, external_id=external_id, email=mail, name=name, phone_number=phone_number)
    if external_id and found.external_id is None:
        found.external_id = external_id
    if mail is not None and found.email is None and await by_email(tx, mail) is None:
        found.email = mail
    found.name = found.name or name
    found.phone_number = found.phone_number or phone_number
    await tx.session.flush()
    return found


async def buyer(tx: Tx, email: str, name: str | None = None) -> Customer:
    """Who a new order belongs to, by e-mail: found as they are, or made. Nobody's data is overwritten by a buyer's words."""
    return await by_email(tx, email) or await _make(tx, email=_mail(email), name=name)


async def _make(tx: Tx, **fields: str | None) -> Customer:
    """Insert, or take the one that somebody else inserted meanwhile."""
    identifier = new_id()
    await tx.session.execute(
        insert(Customer)
        .values(id=identifier, organization_id=tx.organization_id, **fields)
        .on_conflict_do_nothing()
        .execution_options(synchronize_session=False)
    )
    row = await _one(tx, Customer.id == identifier)
    if row is None and fields.get("external_id"):
        row = await by_external_id(tx, fields["external_id"] or "")
    if row is None and fields.get("email"):
        row = await by_email(tx, fields["email"] or "")
    if row is None:
        raise Problem("customer_conflict", "This customer could not be told from another one.", status=409)
    return row


async def _one(tx: Tx, condition: ColumnElement[bool]) -> Customer | None:
    found: Customer | None = await tx.session.scalar(
        select(Customer).where(Customer.organization_id == tx.organization_id, condition)
    )
    return found


def _mail(email: str) -> str:
    return email.strip().lower()


async def view(tx: Tx, customer_id: UUID) -> CustomerView:
    """The customer resource, with its latest conversations. Raises Problem 404."""
    return (await _views(tx, [await get(tx, customer_id)]))[0]


async def list_customers(
    tx: Tx,
    *,
    external_id: str | None = None,
    email: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[CustomerView]:
    """Customers, newest first."""
    statement = select(Customer).where(Customer.organization_id == tx.organization_id)
    if external_id is not None:
        statement = statement.where(Customer.external_id == external_id)
    if email is not None:
        statement = statement.where(Customer.email == _mail(email))
    found = await page(tx, statement, Customer.id, limit=limit, cursor=cursor)
    return Page(await _views(tx, found.items), found.next_cursor)


async def create(tx: Tx, given: CustomerInput) -> CustomerView:
    """Raises Problem 409 `already_exists` where the external id or the e-mail address is taken."""
    row = Customer(id=new_id(), organization_id=tx.organization_id)
    _assign(row, given)
    tx.session.add(row)
    await _flush(tx)
    await _set_addresses(tx, row.id, given.addresses)
    return await view(tx, row.id)


async def update(tx: Tx, customer_id: UUID, patch: CustomerPatch) -> CustomerView:
    """Raises Problem 404, 409 `already_exists`."""
    row = await get(tx, customer_id)
    _assign(row, patch)
    await _flush(tx)
    if "addresses" in patch.model_fields_set:
        await _set_addresses(tx, customer_id, patch.addresses)
    await tx.session.refresh(row)
    return await view(tx, customer_id)


def _assign(row: Customer, given: CustomerInput) -> None:
    for name in given.model_fields_set - {"addresses"}:
        value = getattr(given, name)
        if name == "email" and value is not None:
            value = _mail(value)
        setattr(row, "details" if name == "metadata" else name, value)


async def _flush(tx: Tx) -> None:
    try:
        await tx.session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
        if constraint.startswith("uq_customers"):
            what = "e-mail address" if "email" in constraint else "external_id"
            raise Problem("already_exists", f"Another customer has this {what}.", status=409) from error
        raise


async def _set_addresses(tx: Tx, customer_id: UUID, addresses: Sequence[AddressShape]) -> None:
    await tx.session.execute(
        delete(Address).where(Address.organization_id == tx.organization_id, Address.customer_id == customer_id)
    )
    tx.session.add_all(
        Address(organization_id=tx.organization_id, customer_id=customer_id, position=position, **address.model_dump())
        for position, address in enumerate(addresses)
    )
    await tx.session.flush()


async def addresses_of(tx: Tx, customer_id: UUID) -> list[AddressShape]:
    """The customer's addresses, the default one first."""
    return (await _addresses(tx, [customer_id])).get(customer_id, [])


async def payment_methods_of(tx: Tx, customer_id: UUID) -> list[PaymentMethodView]:
    """The customer's stored methods."""
    return (await _methods(tx, [customer_id])).get(customer_id, [])


async def _addresses(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, list[AddressShape]]:
    found: dict[UUID, list[AddressShape]] = defaultdict(list)
    for row in await tx.session.scalars(
        select(Address)
        .where(Address.organization_id == tx.organization_id, Address.customer_id.in_(customer_ids))
        .order_by(Address.position)
    ):
        found[row.customer_id].append(
            AddressShape.model_validate({k: getattr(row, k) for k in AddressShape.model_fields})
        )
    return found


async def _methods(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, list[PaymentMethodView]]:
    found: dict[UUID, list[PaymentMethodView]] = defaultdict(list)
    for row in await tx.session.scalars(
        select(PaymentMethod)
        .where(PaymentMethod.organization_id == tx.organization_id, PaymentMethod.customer_id.in_(customer_ids))
        .order_by(PaymentMethod.id)
    ):
        found[row.customer_id].append(PaymentMethodView.model_validate(row))
    return found


async def _conversations(tx: Tx, customer_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    ranked = (
        select(
            Conversation.customer_id,
            Conversation.id,
            func.row_number()
            .over(partition_by=Conversation.customer_id, order_by=Conversation.id.desc())
            .label("place"),
        )
        .where(Conversation.organization_id == tx.organization_id, Conversation.customer_id.in_(customer_ids))
        .subquery()
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await tx.session.execute(
        select(ranked).where(ranked.c.place <= _CONVERSATIONS).order_by(ranked.c.id.desc())
    ):
        found[row.customer_id].append(row.id)
    return found


async def _views(tx: Tx, rows: Sequence[Customer]) -> list[CustomerView]:
    ids = [row.id for row in rows]
    addresses, methods = await _addresses(tx, ids), await _methods(tx, ids)
    conversations = await _conversations(tx, ids)
    known = await facts.of_customers(tx, ids)
    return [
        CustomerView(
            id=row.id,
            external_id=row.external_id,
            email=row.email,
            name=row.name,
            phone_number=row.phone_number,
            whatsapp_id=row.whatsapp_id,
            preferred_channel=row.preferred_channel,
            metadata=row.details,
            addresses=addresses.get(row.id, []),
            payment_methods=methods.get(row.id, []),
            conversations=conversations.get(row.id, []),
            facts=known.get(row.id, []),
            anonymized_at=row.anonymized_at,
            created_at=row.created_at,
            modified_at=row.modified_at,
        )
        for row in rows
    ]
