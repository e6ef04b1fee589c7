"""Customers, their addresses and their stored payment methods."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agentpay.commerce.importing.models import CustomerRow
from agentpay.commerce.importing.reading import Path_
from agentpay.commerce.importing.run import Run
from agentpay.commerce.importing.upsert import Table, execute, fetch, ids_by, json_text
from agentpay.store.ids import new_id

CUSTOMERS = Table(
    "customers",
    ("id", "external_id", "email", "name", "phone_number", "whatsapp_id", "preferred_channel", "metadata"),
)
ADDRESSES = Table(
    "addresses",
    ("id", "customer_id", "position", "line1", "line2", "city", "region", "postal_code", "country"),
)
METHOD_COLUMNS = ("id", "customer_id", "external_id", "type", "brand", "last4", "balance", "currency")


async def customers(run: Run) -> None:
    """
    Customers by external id; one that came by chat with the same e-mail address gets it.

    What the file does not say about a known customer (a phone number, addresses) stays as it is.
    """
    known: dict[str, tuple[Any, ...]] = {}
    by_email: dict[str, tuple[Any, ...]] = {}
    for found in await fetch(
        run.connection,
        "SELECT id, external_id, email, name, phone_number, whatsapp_id, preferred_channel, metadata"
        " FROM customers WHERE organization_id = %s AND (external_id = ANY(%s) OR email = ANY(%s))",
        run.organization_id,
        [row.external_id for row in run.store.customers],
        [row.email for row in run.store.customers if row.email],
    ):
        if found[1] is not None:
            known[found[1]] = found
        if found[2] is not None:
            by_email[found[2]] = found
    named = {row.external_id for row in run.store.customers}
    problems: list[tuple[Path_, str]] = []
    rows: list[tuple[Any, ...]] = []
    ids: dict[str, UUID] = {}
    for n, row in enumerate(run.store.customers):
        before = known.get(row.external_id)
        holder = by_email.get(row.email) if row.email else None
        if holder is not None and holder is not before:
            if before is None and holder[1] is None:
                before = holder
            elif holder[1] not in named:
                who = holder[1] or "a customer without an external id"
                problems.append((("customers", n, "email"), f"{row.email} belongs to {who}"))
        ids[row.external_id] = before[0] if before else new_id()
        rows.append(_columns(ids[row.external_id], row, before))
    if problems:
        run.refuse(problems)
    await execute(
        run.connection,
        "UPDATE customers c SET email = NULL FROM unnest(%s::uuid[], %s::text[]) AS f(id, email)"
        " WHERE c.organization_id = %s AND c.id = f.id AND c.email IS NOT NULL AND c.email IS DISTINCT FROM f.email",
        [row[0] for row in rows],
        [row[2] for row in rows],
        run.organization_id,
    )
    await run.write("customers", CUSTOMERS, rows)
    await _addresses(run, ids)
    await _payment_methods(run, ids)


def _columns(identifier: UUID, row: CustomerRow, before: tuple[Any, ...] | None) -> tuple[Any, ...]:
    given = (row.email, row.name, row.phone_number, row.whatsapp_id, row.preferred_channel)
    kept = before[2:7] if before else (None,) * 5
    merged = [new if new is not None else old for new, old in zip(given, kept, strict=True)]
    metadata = {**(before[7] if before else {}), **row.metadata}
    return (identifier, row.external_id, *merged, json_text(metadata))


async def _addresses(run: Run, ids: dict[str, UUID]) -> None:
    said = [row for row in run.store.customers if "addresses" in row.model_fields_set]
    owners = [ids[row.external_id] for row in said]
    known = await ids_by(
        run.connection,
        "SELECT customer_id, position, id FROM addresses WHERE organization_id = %s AND customer_id = ANY(%s)",
        run.organization_id,
        owners,
    )
    rows = [
        (
            known.get((ids[row.external_id], position)) or new_id(), ids[row.external_id], position, address.line1,
            address.line2, address.city, address.region, address.postal_code, address.country,
        )
        for row in said
        for position, address in enumerate(row.addresses)
    ]  # fmt: skip
    await run.write(None, ADDRESSES, rows)
    await execute(
        run.connection,
        "DELETE FROM addresses WHERE organization_id = %s AND customer_id = ANY(%s) AND NOT id = ANY(%s)",
        run.organization_id,
        owners,
        [row[0] for row in rows],
    )


async def _payment_methods(run: Run, ids: dict[str, UUID]) -> None:
    """A gift card's balance is like stock: it counts when the row is made, later only with `reset_stock`."""
    known = await ids_by(
        run.connection,
        "SELECT customer_id, external_id, id FROM payment_methods WHERE organization_id = %s AND customer_id = ANY(%s)",
        run.organization_id,
        list(ids.values()),
    )
    rows = [
        (
            known.get((ids[row.external_id], method.external_id)) or new_id(), ids[row.external_id],
            method.external_id, method.type, method.brand, method.last4, method.balance, run.currency,
        )
        for row in run.store.customers
        for method in row.payment_methods
    ]  # fmt: skip
    frozen = frozenset[str]() if run.reset_stock else frozenset({"balance"})
    await run.write("payment_methods", Table("payment_methods", METHOD_COLUMNS, frozen), rows)
