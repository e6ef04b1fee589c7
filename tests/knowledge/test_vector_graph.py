"""Graphs and signs of vectors find what comparing one by one does, and filters ask what products are now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text

from agentpay.knowledge import passages
from agentpay.knowledge.filters import SearchFilters, narrowing
from agentpay.knowledge.indexing import index_pending
from agentpay.store import vector_query, vectors
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Organization, Product, Variant
from agentpay.store.vector_graph import build, index_name
from agentpay.store.vectors import Passage, PgVectors
from tests.knowledge.letters import Letters, semantic_of, unit

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize("by_signs", [0, 5_000], ids=["by the graph", "by signs"])
async def test_graph_and_signs_find_what_comparing_one_by_one_does(
    database: Database, monkeypatch: pytest.MonkeyPatch, by_signs: int
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 150)
    monkeypatch.setattr(vectors, "SIGNS_UP_TO", by_signs)
    monkeypatch.setattr(vector_query, "BY_SIGNS", 180)
    model, size = ("graph:2", 96) if by_signs else ("graph:1", 16)
    chance = np.random.default_rng(3)
    organizations = {new_id(): 400, new_id(): 350}
    async with database.session() as session:
        for organization in organizations:
            session.add(Organization(id=organization, slug=f"o-{organization}", name="Big", currency="USD"))
    owners: dict[UUID, list[UUID]] = {}
    for organization, many in organizations.items():
        owners[organization] = ids = [new_id() for _ in range(many)]
        async with database.tx(organization) as tx:
            for n, id in enumerate(ids):
                tx.session.add(
                    Product(id=id, organization_id=organization, title="T", brand="even" if n % 2 else "odd")
                )
            await tx.session.flush()
            for n, id in enumerate(ids):  # every fourth at two prices, of which one is archived
                tx.session.add(Variant(organization_id=organization, product_id=id, price=n * 10, currency="USD"))
                if n % 4 == 0:
                    other = Variant(
                        organization_id=organization, product_id=id, price=5000, currency="USD", archived=n % 8 == 0
                    )
                    tx.session.add(other)
            await tx.session.flush()
            made = [Passage(id, 0, "h", "", unit(*chance.standard_normal(size))) for id in ids]
            await PgVectors().replace(tx, model, "product", ids, made)
    store = PgVectors()
    await store.optimise(database, model)
    await store.optimise(database, model)
    for organization, ids in owners.items():
        async with database.tx(organization) as tx:
            assert await store._graph(tx, model) > 0
            for filters in (
                None,
                SearchFilters(brand="even"),
                SearchFilters(price_max=2500),
                SearchFilters(price_min=1500, price_max=5000),
                SearchFilters(brand="even", price_max=3400),
            ):
                right = found = 0
                for _ in range(10):
                    query = unit(*chance.standard_normal(size))
                    near = await store.nearest(tx, model, "product", query, limit=10, narrowing=narrowing(filters))
                    exact = await PgVectors(by_graph=False).nearest(
                        tx, model, "product", query, limit=10, narrowing=narrowing(filters)
                    )
                    assert {n.owner_id for n in near} <= set(ids)
                    assert [n.score for n in near] == sorted((n.score for n in near), reverse=True)
                    right += len({n.owner_id for n in near} & {n.owner_id for n in exact})
                    found += len(exact)
                assert right / found >= 0.95


async def test_what_filters_ask_of_a_vector_follows_its_product(database: Database, shop: UUID) -> None:
    id, other = new_id(), new_id()

    async def kept(tx: Tx) -> set[tuple[str | None, int | None]]:
        rows = await tx.session.execute(
            text("SELECT brand, price FROM embedding_facets WHERE product_id = :id"), {"id": id}
        )
        return {(row.brand, row.price) for row in rows}

    async def change(tx: Tx, statement: str) -> set[tuple[str | None, int | None]]:
        await tx.session.execute(text(statement), {"id": id, "org": shop, "other": other})
        return await kept(tx)

    async with database.tx(shop) as tx:
        tx.session.add(Product(id=id, organization_id=shop, title="T", brand="Acme"))
        await tx.session.flush()
        await PgVectors().replace(tx, "m", "product", [id], [Passage(id, n, "h", "", unit(1, n, 0)) for n in range(2)])
        assert await kept(tx) == {("acme", None)}, "nothing of it is on sale"
        added = "INSERT INTO variants (id, organization_id, product_id, price, currency) VALUES (:other, :org, :id, 500, 'USD')"
        assert await change(tx, added) == {("acme", 500)}
        assert await change(tx, added.replace(":other", "gen_random_uuid()").replace("500", "700")) == {
            ("acme", 500),
            ("acme", 700),
        }
        assert await change(tx, "UPDATE variants SET price = 600 WHERE id = :other") == {("acme", 600), ("acme", 700)}
        assert await change(tx, "UPDATE products SET brand = 'Zenith' WHERE id = :id") == {
            ("zenith", 600),
            ("zenith", 700),
        }
        assert await change(tx, "UPDATE variants SET archived = true WHERE id <> :other AND product_id = :id") == {
            ("zenith", 600)
        }
        assert await change(tx, "DELETE FROM variants WHERE product_id = :id") == {("zenith", None)}
        signs = await tx.session.scalars(
            text("SELECT signs::text FROM embedding_facets WHERE product_id = :id ORDER BY 1"), {"id": id}
        )
        assert list(signs) == ["100", "110"], "a row a passage stays"
        assert await change(tx, "DELETE FROM products WHERE id = :id") == set()


async def test_a_price_that_changes_while_vectors_are_written_is_filtered_by(database: Database, shop: UUID) -> None:
    """Neither transaction sees the other's rows: the run that the change has asked for puts it right."""
    model = Letters("race")
    id, variant = new_id(), new_id()
    async with database.tx(shop) as tx:
        tx.session.add(Product(id=id, organization_id=shop, title="Race"))
        await tx.session.flush()
        tx.session.add(Variant(id=variant, organization_id=shop, product_id=id, price=500, currency="USD"))
    async with database.tx(shop) as indexing_tx:
        piece = passages.of_product(
            SimpleNamespace(
                id=id,
                title="Race",
                brand=None,
                category=None,
                description=None,
                conversational_description=None,
                voice_description=None,
            )
        )[0]
        passage = Passage(id, 0, piece.content_hash, "", model.encode([piece.text])[0])
        await PgVectors().replace(indexing_tx, "race", "product", [id], [passage])
        async with database.tx(shop) as tx:
            await tx.session.execute(text("UPDATE variants SET price = 900 WHERE id = :id"), {"id": variant})
            await tx.session.execute(text("UPDATE products SET indexed_at = NULL WHERE id = :id"), {"id": id})
    await index_pending(database, shop, semantic=semantic_of(model))
    async with database.tx(shop) as tx:
        price = await tx.session.scalar(
            text("SELECT price FROM embedding_facets WHERE product_id = :id AND model = 'race'"), {"id": id}
        )
    assert price == 900


async def test_a_small_part_of_a_graph_is_compared_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 300)
    async with database.session() as session:
        rows = await session.execute(
            text(
                "SELECT organization_id AS id, count(*) AS n FROM embeddings WHERE model = 'graph:1' GROUP BY 1 ORDER BY 2"
            )
        )
        small, large = [row.id for row in rows]
    for part, by_graph in ((0.01, {small, large}), (0.5, {large}), (0.9, set())):
        monkeypatch.setattr(vectors, "LEAST_PART", part)
        store = PgVectors()
        for organization in (small, large):
            async with database.tx(organization) as tx:
                assert (await store._graph(tx, "graph:1") > 0) == (organization in by_graph)


async def test_a_graph_that_a_crash_left_half_built_is_built_anew(database: Database) -> None:
    async with database.session() as session:
        rows = await session.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name) RETURNING indexrelid"),
            {"name": index_name("graph:1")},
        )
        (before,) = [row.indexrelid for row in rows]
    async with database.engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await build(connection, "graph:1", 16, 750)
        row = (
            await connection.execute(
                text("SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"),
                {"name": index_name("graph:1")},
            )
        ).one()
    assert row.indisvalid
    assert row.indexrelid != before
