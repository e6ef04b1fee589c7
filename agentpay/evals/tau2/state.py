"""What a task left behind, in the form of τ²-bench's own database (its README: `changed`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from agentpay.commerce import customers, order_rows, return_rows
from agentpay.commerce.after_sale_shapes import ReturnView
from agentpay.commerce.importing.tau2 import cents, their_address
from agentpay.commerce.shapes import OrderView
from agentpay.commerce.single_change import NOTED
from agentpay.store.session import Tx
from agentpay.store.tables import Order, Payment, Refund

_RETURNS = 20
State = dict[str, dict[str, dict[str, Any]]]
"""{"orders": {id: {field: value}}, "users": {…}}, only what differs from the database the task began with."""


Prints = dict[str, dict[UUID, str]]
"""A fingerprint of the rows of each order and of each customer: {"orders": {id: …}, "customers": {id: …}}."""
_OF_ORDERS = {"orders": "id", **dict.fromkeys(("order_lines", "payments", "refunds", "returns"), "order_id")}
_OF_CUSTOMERS = {"customers": "id", **dict.fromkeys(("addresses", "payment_methods"), "customer_id")}


async def prints(tx: Tx) -> Prints:
    """What tells which orders and customers have to be looked at: whatever column of theirs has changed."""
    return {"orders": await _prints(tx, _OF_ORDERS), "customers": await _prints(tx, _OF_CUSTOMERS)}


async def changed(tx: Tx, db: dict[str, Any], before: Prints) -> State:
    """Everything that differs from `db` now. `before`: the fingerprints of the shop as it was imported."""
    now = await prints(tx)
    touched = {
        kind: {row_id for row_id, seen in rows.items() if before[kind].get(row_id) != seen}
        for kind, rows in now.items()
    }
    found: State = {}
    if orders := {number: diff for number, diff in (await _orders(tx, db, touched["orders"])).items() if diff}:
        found["orders"] = orders
    if users := {user_id: diff for user_id, diff in (await _users(tx, db, touched["customers"])).items() if diff}:
        found["users"] = users
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two states are the same: amounts to the cent, everything else exactly, null as a field that is not there."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(key), other.get(key)) for key in {*one, *other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if numbers and not (isinstance(one, bool) or isinstance(other, bool)):
        return cents(one) == cents(other)
    return bool(one == other)


async def _prints(tx: Tx, tables: dict[str, str]) -> dict[UUID, str]:
    found: defaultdict[UUID, str] = defaultdict(str)
    for table, of in tables.items():
        rows = await tx.session.execute(
            text(
                f"SELECT {of} AS of, md5(string_agg(t::text, ' ' ORDER BY id)) AS print FROM {table} t"
                f" WHERE organization_id = :organization AND {of} IS NOT NULL GROUP BY {of}"
            ),
            {"organization": tx.organization_id},
        )
        for row in rows:
            found[row.of] += row.print
    return dict(found)


async def _orders(tx: Tx, db: dict[str, Any], ids: set[UUID]) -> dict[str, dict[str, Any]]:
    rows = await order_rows.select_orders(tx, Order.id.in_(ids), limit=len(ids) + 1)
    shown = {view.id: view for view in await order_rows.views(tx, rows)}
    history = await _history(tx, ids)
    asked_for: dict[UUID, list[ReturnView]] = {
        row.id: await return_rows.list_(tx, base_url="", limit=_RETURNS, order_id=row.id) for row in rows
    }
    found = {}
    for row in rows:
        before = db["orders"][row.external_id]
        after = {
            "address": their_address(row.shipping_address or {}),
            "items": _items(before["items"], row, shown[row.id], db),
            "payment_history": _movements(row, history[row.id]),
            "cancel_reason": row.details.get("cancel_reason"),
            **_requested(asked_for[row.id]),
        }
        after["status"] = _status(before["status"], row, asked_for[row.id])
        found[str(row.external_id)] = _difference(before, after)
    return found


def _status(before: str, row: Order, asked_for: Sequence[ReturnView]) -> str:
    if row.status == "cancelled":
        return "cancelled"
    if asked_for:
        return f"{asked_for[0].kind} requested"
    return "pending (item modified)" if row.details.get(NOTED) else before


def _items(before: list[dict[str, Any]], row: Order, view: OrderView, db: dict[str, Any]) -> list[dict[str, Any]]:
    """The items in their places.

    τ²-bench's own tool writes price and options of the last new item of a call into all items of that call
    (`modify_pending_order_items` in its tools.py), and its expected states have that. Ours keep each item's own; they are
    told here in the way its states are.
    """
    notes = row.details.get(NOTED, [])
    last = {str(each.variant_id): each for each in view.items}.get(notes[-1]["variant_ids"][-1]) if notes else None
    found = []
    units = [line for line in view.items for _ in range(line.quantity)]
    for place, line in enumerate(units):
        product = db["products"][line.product_external_id]
        said = last if last is not None and line.variant_external_id != before[place]["item_id"] else line
        found.append(
            {
                "name": product["name"],
                "product_id": product["product_id"],
                "item_id": line.variant_external_id,
                "price": said.unit_price / 100,
                "options": dict(said.options),
            }
        )
    return found


def _movements(row: Order, entries: Sequence[Payment | Refund]) -> list[dict[str, Any]]:
    """Charges and refunds as they came about. A change that costs nothing is told there as a refund of nothing."""
    found = []
    for entry in entries:
        paid = isinstance(entry, Payment)
        method = entry.method if isinstance(entry, Payment) else entry.destination
        found.append(
            {
                "transaction_type": "payment" if paid else "refund",
                "amount": entry.amount / 100,
                "payment_method_id": method.get("reference"),
            }
        )
    for note in row.details.get(NOTED, []):
        if note["difference"] == 0:
            nothing = {"transaction_type": "refund", "amount": 0.0, "payment_method_id": note["payment_method"]}
            found.append(nothing)
    return found


def _requested(asked_for: Sequence[ReturnView]) -> dict[str, Any]:
    if not asked_for:
        return {}
    request = asked_for[0]
    old = sorted(item.variant_external_id or "" for item in request.items for _ in range(item.quantity))
    if request.kind == "return":
        return {"return_items": old, "return_payment_method_id": request.payment_method}
    new = [(item.exchange, item.quantity) for item in request.items if item.exchange is not None]
    return {
        "exchange_items": old,
        "exchange_new_items": sorted(to.variant_external_id or "" for to, units in new for _ in range(units)),
        "exchange_payment_method_id": request.payment_method,
        "exchange_price_difference": (request.difference or 0) / 100,
    }


async def _history(tx: Tx, ids: set[UUID]) -> defaultdict[UUID, list[Payment | Refund]]:
    """Each order's ledger, oldest first: ids sort by time."""
    entries: list[Payment | Refund] = []
    for table in (Payment, Refund):
        mine = select(table).where(table.organization_id == tx.organization_id, table.order_id.in_(ids))
        entries += await tx.session.scalars(mine)
    found: defaultdict[UUID, list[Payment | Refund]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.id):
        if entry.order_id is not None:
            found[entry.order_id].append(entry)
    return found


async def _users(tx: Tx, db: dict[str, Any], ids: set[UUID]) -> dict[str, dict[str, Any]]:
    found = {}
    for customer_id in ids:
        row = await customers.view(tx, customer_id)
        before = db["users"][row.external_id]
        held = {method.external_id: (method.balance or 0) / 100 for method in row.payment_methods}
        methods = {
            name: {**method, "balance": held[name]} if "balance" in method else method
            for name, method in before["payment_methods"].items()
        }
        after = {
            "address": their_address(row.addresses[0].model_dump()),
            "email": row.email,
            "payment_methods": methods,
        }
        found[str(row.external_id)] = _difference(before, after)
    return found


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if not same(value, before.get(name))}
