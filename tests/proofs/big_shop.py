"""A shop with 100,000 of everything that grows with business, written by SQL. Rows are numbered; ids sort by their number."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from agentpay.store.session import Database

ID = "('01900000-0000-7000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
MANY = 100_000
SOME = 5_000
CONVERSATION = SOME // 2
"""The number of the conversation, and of the endpoint, that has everything below it: on neither end of a list, as such a
conversation is a long one to show."""

ROWS: dict[str, int] = {
    "agents": SOME,
    "articles": SOME,
    "discounts": SOME,
    "shipping_zones": SOME,
    "webhook_endpoints": SOME,
    "products": MANY,
    "variants": MANY,
    "customers": MANY,
    "conversations": MANY,
    "turns": SOME,
    "messages": SOME * 2,
    "approvals": SOME,
    "carts": SOME,
    "checkouts": MANY,
    "checkout_lines": MANY,
    "orders": MANY,
    "order_lines": MANY,
    "payments": MANY,
    "refunds": MANY,
    "returns": SOME,
    "webhook_events": MANY,
    "webhook_deliveries": MANY,
}

_N, _ONE = ID.format("n"), ID.format(CONVERSATION)
_TOTALS = "18900, 0, 0, 0, 18900, 'USD'"
COLUMNS: dict[str, tuple[str, str]] = {
    "agents": ("name", "'Agent ' || n"),
    "articles": ("external_id, title, body", "'article-' || n, 'Article ' || n, 'How to care for thing ' || n"),
    "discounts": ("code, type, basis_points, currency", "'CODE' || n, 'percentage', 1000, 'USD'"),
    "shipping_zones": ("name, countries", "'Zone ' || n, '[\"US\"]'::jsonb"),
    "webhook_endpoints": ("url, enabled", "'https://shop.example/' || n, false"),
    "products": (
        "external_id, title, description, brand, category, attributes, status",
        "'product-' || n, 'Jacket ' || n, 'Warm and dry', 'North', 'Outdoor > Jackets', '{\"colour\": \"blue\"}'::jsonb,"
        " CASE n % 2 WHEN 0 THEN 'active' ELSE 'draft' END",
    ),
    "variants": (
        "product_id, external_id, sku, options, price, currency",
        f"{_N}, 'variant-' || n, 'sku-' || n, '{{\"size\": \"M\"}}'::jsonb, 18900, 'USD'",
    ),
    "customers": ("external_id, email, name", "'customer-' || n, 'c' || n || '@shopper.example', 'Customer ' || n"),
    "conversations": (
        "agent_id, customer_id, status",
        f"{_ONE}, {_N}, CASE n % 2 WHEN 0 THEN 'active' ELSE 'closed' END",
    ),
    "turns": ("conversation_id, status", f"{_ONE}, 'completed'"),
    "messages": (
        "conversation_id, turn_id, role, content",
        f"{_ONE}, {ID.format('(n + 1) / 2')}, CASE n % 2 WHEN 1 THEN 'customer' ELSE 'assistant' END, 'Words ' || n",
    ),
    "approvals": (
        "conversation_id, turn_id, kind, summary, tool_call, expires_at",
        f"{_ONE}, {_N}, 'refund', 'Refund ' || n, '{{}}'::jsonb, now() + interval '1 day'",
    ),
    "checkouts": (
        "token, status, conversation_id, customer_id, provider, expires_at, subtotal, discount, shipping, tax, total, currency,"
        " attempt",
        f"'token' || n, CASE n % 2 WHEN 0 THEN 'succeeded' ELSE 'cancelled' END, {_N}, {_N}, 'sandbox', now(), {_TOTALS}, 1",
    ),
    "carts": ("currency", "'USD'"),
    "checkout_lines": ("checkout_id, variant_id, quantity, unit_price, discount, tax", f"{_N}, {_N}, 1, 18900, 0, 0"),
    "orders": (
        "number, external_id, status, customer_id, checkout_id, conversation_id, placed_at, refunded,"
        " subtotal, discount, shipping, tax, total, currency",
        f"n::text, 'order-' || n, CASE n % 2 WHEN 0 THEN 'paid' ELSE 'partially_refunded' END, {_N}, {_N}, {_N}, now(),"
        f" CASE n % 2 WHEN 0 THEN 0 ELSE 900 END, {_TOTALS}",
    ),
    "order_lines": (
        "order_id, variant_id, quantity, unit_price, discount, tax, title",
        f"{_N}, {_N}, 1, 18900, 0, 0, 'Jacket ' || n",
    ),
    "payments": (
        "order_id, checkout_id, processor, processor_id, status, amount, currency",
        f"{_N}, {_N}, 'sandbox', 'ch_' || n, 'succeeded', 18900, 'USD'",
    ),
    "refunds": (
        "order_id, payment_id, amount, currency, status, processor",
        f"{_N}, {_N}, 900, 'USD', CASE n % 2 WHEN 0 THEN 'succeeded' ELSE 'failed' END, 'sandbox'",
    ),
    "returns": ("order_id, status", f"{_N}, CASE n % 2 WHEN 0 THEN 'requested' ELSE 'refused' END"),
    "webhook_events": ("type, payload", "'order.paid', '{}'::jsonb"),
    "webhook_deliveries": (
        "endpoint_id, event_id, status",
        f"{_ONE}, {_N}, CASE n % 2 WHEN 0 THEN 'succeeded' ELSE 'failed' END",
    ),
}


def row_id(number: int) -> UUID:
    """The id of a table's row of this number, from 1."""
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


async def fill(database: Database, organization_id: UUID) -> None:
    for table, count in ROWS.items():
        names, values = COLUMNS[table]
        async with database.session() as session:
            await session.execute(
                text(
                    f"INSERT INTO {table} (id, organization_id, {names})"
                    f" SELECT {_N}, :shop, {values} FROM generate_series(1, {count}) AS n"
                ),
                {"shop": organization_id},
            )
            await session.execute(text(f"ANALYZE {table}"))
