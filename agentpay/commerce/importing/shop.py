"""The shop itself: organization, agent, articles, zones, taxes, discounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from agentpay.commerce.importing.models import StoreFile
from agentpay.commerce.importing.reading import Path_
from agentpay.commerce.importing.run import Counts, Run
from agentpay.commerce.importing.upsert import Table, execute, fetch, ids_by, json_text
from agentpay.store.ids import new_id

ARTICLES = Table(
    "articles",
    ("id", "external_id", "title", "kind", "body", "status"),
    touch=("modified_at = now()", "indexed_at = NULL"),
)
ZONES = Table("shipping_zones", ("id", "name", "countries", "position"))
RATES = Table(
    "shipping_rates",
    (
        "id", "zone_id", "external_id", "name", "amount", "currency", "min_subtotal", "max_subtotal",
        "min_weight_grams", "max_weight_grams", "min_days", "max_days", "position",
    ),
)  # fmt: skip
TAXES = Table("tax_rates", ("id", "country", "region", "basis_points", "included", "shipping"))
DISCOUNT_COLUMNS = (
    "id", "code", "type", "basis_points", "amount", "currency", "products", "categories", "min_subtotal",
    "starts_at", "ends_at", "max_redemptions", "max_redemptions_per_customer", "redeemed", "active",
)  # fmt: skip


async def organization(connection: AsyncConnection[Any], store: StoreFile, digest: str) -> tuple[UUID, str | None]:
    """
    The organization's id, made or brought up to date, and its currency before (None: it is new).

    Its row stays locked until the import ends: two imports of one shop follow each other.
    """
    row = store.organization
    found = await fetch(connection, "SELECT id, currency FROM organizations WHERE slug = %s FOR UPDATE", row.slug)
    values = [
        row.name,
        row.currency,
        row.support_email,
        row.timezone,
        json_text(row.policies.model_dump(exclude_unset=True)),
    ]
    synonyms = None if row.synonyms is None else json_text(row.synonyms)
    if not found:
        identifier = new_id()
        await execute(
            connection,
            "INSERT INTO organizations (name, currency, support_email, timezone, policies, payment_provider, synonyms,"
            " import_digest, catalog_version, slug, id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s)",
            *values,
            row.payment_provider or "sandbox",
            synonyms or "[]",
            digest,
            row.slug,
            identifier,
        )
        return identifier, None
    identifier, currency = found[0]
    await execute(
        connection,
        "UPDATE organizations SET name = %s, currency = %s, support_email = %s, timezone = %s, policies = %s,"
        " payment_provider = coalesce(%s, payment_provider), synonyms = coalesce(%s, synonyms), import_digest = %s,"
        " catalog_version = catalog_version + 1, modified_at = now() WHERE id = %s",
        *values,
        row.payment_provider,
        synonyms,
        digest,
        identifier,
    )
    return identifier, currency


async def change_currency(run: Run, before: str) -> None:
    """Amounts of a shop that has sold nothing become amounts of another currency; one that has sold keeps its own."""
    sold = await fetch(
        run.connection,
        "SELECT EXISTS (SELECT 1 FROM orders WHERE organization_id = %s)"
        " OR EXISTS (SELECT 1 FROM checkouts WHERE organization_id = %s)",
        run.organization_id,
        run.organization_id,
    )
    if sold[0][0]:
        run.refuse(
            [(("organization", "currency"), f"the shop has sold in {before}: its currency cannot change any more")]
        )
    for table in ("variants", "shipping_rates", "discounts", "carts", "payment_methods"):
        await execute(
            run.connection,
            f"UPDATE {table} SET currency = %s WHERE organization_id = %s",
            run.currency,
            run.organization_id,
        )


async def agent(run: Run) -> None:
    """The default agent; its version grows where its settings change. A shop without one in the file gets a cautious one."""
    row = run.store.agent
    counts = run.report.counts.setdefault("agents", Counts())
    found = await fetch(
        run.connection,
        "SELECT id, external_id, name, personality, rules, model, templates FROM agents"
        " WHERE organization_id = %s AND is_default",
        run.organization_id,
    )
    if row is None:
        if not found:
            await _insert_agent(run, (None, run.store.organization.name, {}, {}, None, {}))
            counts.created += 1
        return
    wanted = (
        row.external_id,
        row.name,
        row.personality.model_dump(exclude_unset=True),
        row.rules.model_dump(exclude_unset=True),
        row.model,
        row.templates,
    )
    if not found:
        await _insert_agent(run, wanted)
        counts.created += 1
    elif tuple(found[0][1:]) != wanted:
        await execute(
            run.connection,
            "UPDATE agents SET external_id = %s, name = %s, personality = %s, rules = %s, model = %s, templates = %s,"
            " version = version + 1, modified_at = now() WHERE id = %s",
            *_as_columns(wanted),
            found[0][0],
        )
        counts.updated += 1
    else:
        counts.unchanged += 1


def _as_columns(values: tuple[Any, ...]) -> list[Any]:
    return [json_text(value) if isinstance(value, dict) else value for value in values]


async def _insert_agent(run: Run, values: tuple[Any, ...]) -> None:
    await execute(
        run.connection,
        "INSERT INTO agents (external_id, name, personality, rules, model, templates, is_default, organization_id, id)"
        " VALUES (%s, %s, %s, %s, %s, %s, true, %s, %s)",
        *_as_columns(values),
        run.organization_id,
        new_id(),
    )


async def articles(run: Run) -> None:
    known = await ids_by(
        run.connection,
        "SELECT external_id, id FROM articles WHERE organization_id = %s AND external_id IS NOT NULL",
        run.organization_id,
    )
    rows = [
        (known.get(row.external_id) or new_id(), row.external_id, row.title, row.kind, row.body, "active")
        for row in run.store.articles
    ]
    await run.write("articles", ARTICLES, rows)


async def zones(run: Run) -> None:
    """Zones by name, rates by external id. A rate that a zone of the file no longer has is deleted."""
    zone_ids = await ids_by(
        run.connection, "SELECT name, id FROM shipping_zones WHERE organization_id = %s", run.organization_id
    )
    rate_ids = await ids_by(
        run.connection, "SELECT external_id, id FROM shipping_rates WHERE organization_id = %s", run.organization_id
    )
    zone_rows, rate_rows = [], []
    for position, zone in enumerate(run.store.shipping_zones):
        zone_id = zone_ids.get(zone.name) or new_id()
        zone_rows.append((zone_id, zone.name, json_text(zone.countries), position))
        for place, rate in enumerate(zone.rates):
            bounds = (
                rate.min_subtotal, rate.max_subtotal, rate.min_weight_grams, rate.max_weight_grams,
                rate.min_days, rate.max_days,
            )  # fmt: skip
            rate_id = rate_ids.get(rate.external_id) or new_id()
            rate_rows.append((rate_id, zone_id, rate.external_id, rate.name, rate.amount, run.currency, *bounds, place))
    await run.write("shipping_zones", ZONES, zone_rows)
    await run.write("shipping_rates", RATES, rate_rows)
    await execute(
        run.connection,
        "DELETE FROM shipping_rates WHERE organization_id = %s AND zone_id = ANY(%s) AND NOT id = ANY(%s)",
        run.organization_id,
        [row[0] for row in zone_rows],
        [row[0] for row in rate_rows],
    )


async def taxes(run: Run) -> None:
    known = await ids_by(
        run.connection, "SELECT country, region, id FROM tax_rates WHERE organization_id = %s", run.organization_id
    )
    rows = [
        (
            known.get((row.country, row.region)) or new_id(),
            row.country,
            row.region,
            row.basis_points,
            row.included,
            row.shipping,
        )
        for row in run.store.tax_rates
    ]
    await run.write("tax_rates", TAXES, rows)


async def discounts(run: Run) -> None:
    """Codes; how often they were used counts when a code is made, later only with `reset_stock` (CONTRACT §4, imports)."""
    known = {
        code: (identifier, redeemed)
        for code, redeemed, identifier in await fetch(
            run.connection, "SELECT code, redeemed, id FROM discounts WHERE organization_id = %s", run.organization_id
        )
    }
    problems: list[tuple[Path_, str]] = []
    rows = []
    for n, row in enumerate(run.store.discounts):
        identifier, redeemed = known.get(row.code) or (new_id(), row.times_redeemed)
        if run.reset_stock:
            redeemed = row.times_redeemed
        if row.max_redemptions is not None and redeemed > row.max_redemptions:
            problems.append((("discounts", n, "max_redemptions"), f"{row.code} was redeemed {redeemed} times already"))
        rows.append(
            (
                identifier,
                row.code,
                row.type,
                row.basis_points,
                row.amount,
                run.currency,
                json_text(row.products),
                json_text(row.categories),
                row.min_subtotal,
                row.starts_at,
                row.ends_at,
                row.max_redemptions,
                row.max_redemptions_per_customer,
                redeemed,
                row.active,
            )
        )
    if problems:
        run.refuse(problems)
    written = await run.write("discounts", Table("discounts", DISCOUNT_COLUMNS), rows)
    ids = {row[1]: row[0] for row in rows}
    await _discount_uses(run, ids, written.created)


async def _discount_uses(run: Run, ids: dict[str, UUID], created: set[UUID]) -> None:
    counted = [
        (ids[row.code], customer, times)
        for row in run.store.discounts
        if run.reset_stock or ids[row.code] in created
        for customer, times in row.redeemed_by.items()
    ]
    if run.reset_stock:
        await execute(
            run.connection,
            "UPDATE discount_uses SET redeemed = 0 WHERE organization_id = %s AND discount_id = ANY(%s)",
            run.organization_id,
            list(ids.values()),
        )
    if not counted:
        return
    customers = await ids_by(
        run.connection,
        "SELECT external_id, id FROM customers WHERE organization_id = %s AND external_id = ANY(%s)",
        run.organization_id,
        [customer for _, customer, _ in counted],
    )
    for discount_id, customer, times in counted:
        await execute(
            run.connection,
            "INSERT INTO discount_uses (id, organization_id, discount_id, customer_id, redeemed) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (organization_id, discount_id, customer_id) DO UPDATE SET redeemed = excluded.redeemed",
            new_id(),
            run.organization_id,
            discount_id,
            customers[customer],
            times,
        )
