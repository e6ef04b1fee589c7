"""Past orders, with the charges and refunds that were made for them."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from agentpay.commerce.importing.models import OrderRow
from agentpay.commerce.importing.run import Counts, Run
from agentpay.commerce.importing.upsert import Table, execute, fetch, ids_by, json_text
from agentpay.commerce.pricing import allocate
from agentpay.store.ids import new_id

PROCESSOR = "imported"
"""Records what the merchant carries out; counts as succeeded (CONTRACT §4, stored methods)."""

ORDERS = Table(
    "orders",
    (
        "id", "external_id", "number", "customer_id", "email", "status", "fulfillment_status", "tracking",
        "shipping_address", "note", "subtotal", "discount", "shipping", "tax", "tax_included", "total", "refunded",
        "currency", "discount_code", "metadata", "placed_at", "delivered_at", "modified_at",
    ),
    touch=(),
)  # fmt: skip
LINES = Table(
    "order_lines",
    ("id", "order_id", "variant_id", "position", "quantity", "unit_price", "discount", "tax", "title", "options"),
)
PAYMENTS = Table(
    "payments", ("id", "order_id", "processor", "processor_id", "status", "amount", "currency", "method", "created_at")
)
REFUNDS = Table(
    "refunds",
    (
        "id", "order_id", "payment_id", "amount", "currency", "status", "reason", "destination", "processor",
        "processor_id",
    ),
)  # fmt: skip


async def orders(run: Run) -> None:
    """
    Orders by external id. Stock is not touched (CONTRACT §4, imports).

    A row that stands in the file as it did is left alone, also where its times are relative. A changed row replaces its
    order, unless somebody has worked on that order since: then it is kept and reported.
    """
    store = run.store.orders
    kept = {
        external_id: (identifier, imported or {}, modified_at, worked_on)
        for identifier, external_id, imported, modified_at, worked_on in await fetch(
            run.connection, _KNOWN, run.organization_id, [row.external_id for row in store]
        )
    }
    writing: list[tuple[UUID, OrderRow, str]] = []
    unchanged = 0
    for row in store:
        digest = hashlib.sha256(json_text(row.written).encode()).hexdigest()
        if row.external_id not in kept:
            writing.append((new_id(), row, digest))
            continue
        identifier, imported, modified_at, worked_on = kept[row.external_id]
        if imported.get("digest") == digest:
            unchanged += 1
        elif worked_on or imported.get("at") != modified_at.isoformat():
            run.report.orders_kept.append(row.external_id)
        else:
            writing.append((identifier, row, digest))
    await _replace(run, writing)
    counts = run.report.counts.setdefault("orders", Counts())
    counts.unchanged += unchanged + len(run.report.orders_kept)


_KNOWN = """
    SELECT o.id, o.external_id, o.metadata -> 'imported', o.modified_at,
        EXISTS (SELECT 1 FROM returns r WHERE r.organization_id = o.organization_id AND r.order_id = o.id)
        OR EXISTS (SELECT 1 FROM refunds r WHERE r.organization_id = o.organization_id AND r.order_id = o.id
            AND coalesce(r.processor_id, '') <> 'import:' || o.external_id || ':refund')
        OR EXISTS (SELECT 1 FROM payments p WHERE p.organization_id = o.organization_id AND p.order_id = o.id
            AND p.processor_id <> 'import:' || o.external_id)
    FROM orders o WHERE o.organization_id = %s AND o.external_id = ANY(%s)
"""


async def _replace(run: Run, writing: list[tuple[UUID, OrderRow, str]]) -> None:
    identifiers = [identifier for identifier, _, _ in writing]
    for table in ("order_lines", "refunds", "payments"):
        await execute(
            run.connection,
            f"DELETE FROM {table} WHERE organization_id = %s AND order_id = ANY(%s)",
            run.organization_id,
            identifiers,
        )
    people = await _people(run, [row for _, row, _ in writing])
    variants = {
        external_id: (identifier, title, options)
        for external_id, identifier, title, options in await fetch(
            run.connection,
            "SELECT v.external_id, v.id, p.title, v.options FROM variants v JOIN products p"
            " ON p.organization_id = v.organization_id AND p.id = v.product_id"
            " WHERE v.organization_id = %s AND v.external_id = ANY(%s)",
            run.organization_id,
            [item.variant for _, row, _ in writing for item in row.items],
        )
    }
    order_rows, lines, payments, refunds = [], [], [], []
    for identifier, row, digest in writing:
        customer_id, email, address, methods = people.get(row.customer or "", (None, None, None, {}))
        if row.shipping_address is not None:
            address = row.shipping_address.model_dump()
        details = {"imported": {"digest": digest, "at": run.now.isoformat()}}
        tracking = json_text(row.tracking.model_dump(exclude_none=True)) if row.tracking else None
        order_rows.append(
            (
                identifier,
                row.external_id,
                row.external_id,
                customer_id,
                email,
                row.effective_status,
                row.fulfillment_status,
                tracking,
                json_text(address) if address else None,
                row.note,
                row.subtotal,
                row.discount,
                row.shipping,
                row.tax,
                row.tax_included,
                row.total,
                row.amount_refunded,
                run.currency,
                row.discount_code,
                json_text(details),
                row.placed_at,
                row.delivered_at,
                run.now,
            )
        )
        lines += _lines(identifier, row, variants)
        method = {"type": row.payment.method, **methods.get(row.payment.reference or "", {})}
        if row.payment.reference:
            method["reference"] = row.payment.reference
        payment_id = new_id()
        charge = (
            payment_id, identifier, PROCESSOR, f"import:{row.external_id}",
            "pending" if row.status == "pending" else "succeeded", row.total, run.currency, json_text(method), row.placed_at,
        )  # fmt: skip
        payments.append(charge)
        if row.amount_refunded:
            refunds.append(
                (
                    new_id(),
                    identifier,
                    payment_id,
                    row.amount_refunded,
                    run.currency,
                    "succeeded",
                    "cancelled" if row.status == "cancelled" else "imported",
                    json_text(method),
                    PROCESSOR,
                    f"import:{row.external_id}:refund",
                )
            )
    await run.write("orders", ORDERS, order_rows)
    await run.write(None, LINES, lines)
    await run.write(None, PAYMENTS, payments)
    await run.write(None, REFUNDS, refunds)


def _lines(
    order_id: UUID, row: OrderRow, variants: dict[str, tuple[UUID, str, dict[str, Any]]]
) -> list[tuple[Any, ...]]:
    """The order's discount and tax, shared out over its lines in proportion."""
    totals = [item.quantity * item.unit_price for item in row.items]
    discounts = allocate(row.discount, totals)
    taxes = allocate(row.tax, [total - less for total, less in zip(totals, discounts, strict=True)])
    found = []
    for position, (item, discount, tax) in enumerate(zip(row.items, discounts, taxes, strict=True)):
        variant_id, title, options = variants[item.variant]
        found.append(
            (
                new_id(),
                order_id,
                variant_id,
                position,
                item.quantity,
                item.unit_price,
                discount,
                tax,
                title,
                json_text(options),
            )
        )
    return found


async def _people(run: Run, rows: list[OrderRow]) -> dict[str, tuple[UUID, str | None, Any, dict[str, dict[str, str]]]]:
    """By external id: a customer's id, e-mail address, first address, and stored methods as a payment shows them."""
    wanted = sorted({row.customer for row in rows if row.customer})
    ids = await ids_by(
        run.connection,
        "SELECT external_id, id FROM customers WHERE organization_id = %s AND external_id = ANY(%s)",
        run.organization_id,
        wanted,
    )
    emails = dict(await fetch(run.connection, "SELECT id, email FROM customers WHERE id = ANY(%s)", list(ids.values())))
    addresses: dict[UUID, dict[str, Any]] = {}
    for customer_id, *address in await fetch(
        run.connection,
        "SELECT DISTINCT ON (customer_id) customer_id, line1, line2, city, region, postal_code, country FROM addresses"
        " WHERE organization_id = %s AND customer_id = ANY(%s) ORDER BY customer_id, position",
        run.organization_id,
        list(ids.values()),
    ):
        names = ("line1", "line2", "city", "region", "postal_code", "country")
        addresses[customer_id] = dict(zip(names, address, strict=True))
    methods: dict[UUID, dict[str, dict[str, str]]] = {}
    for customer_id, reference, brand, last4 in await fetch(
        run.connection,
        "SELECT customer_id, external_id, brand, last4 FROM payment_methods"
        " WHERE organization_id = %s AND customer_id = ANY(%s)",
        run.organization_id,
        list(ids.values()),
    ):
        shown = {name: value for name, value in (("brand", brand), ("last4", last4)) if value}
        methods.setdefault(customer_id, {})[reference] = shown
    return {
        external_id: (identifier, emails.get(identifier), addresses.get(identifier), methods.get(identifier, {}))
        for external_id, identifier in ids.items()
    }
