"""Statements past the ORM, against PostgreSQL: what a list becomes, and several in one round trip."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from agentpay.store import statements
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Product


async def test_lists_arrive_as_arrays_of_what_the_statement_makes_of_them(
    database: Database, organization_id: UUID
) -> None:
    texts = ['say "hi"', "back\\slash", "a,b", "{}", "NULL", "null", "", "it's", "ñ", "%s :name"]
    ids = [new_id(), new_id()]
    async with database.tx(organization_id) as tx:
        ((found, none, numbers, known, empty),) = await statements.rows(
            tx,
            "SELECT CAST(:texts AS text[]), CAST(:none AS text[]), CAST(:numbers AS real[]), CAST(:ids AS uuid[]),"
            " CAST(:empty AS int[])",
            {"texts": texts, "none": [None, "x"], "numbers": [1, 2.5, -3e-7], "ids": ids, "empty": []},
        )
    assert (found, none, known, empty) == (texts, [None, "x"], ids, [])
    assert numbers == pytest.approx([1, 2.5, -3e-7])


async def test_several_statements_answer_in_their_order_and_know_what_the_session_holds(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        tx.session.add(Product(id=new_id(), organization_id=organization_id, title="Fresh"))
        counted = ("SELECT title FROM products WHERE organization_id = :org", {"org": organization_id})
        named = ("SELECT n FROM unnest(CAST(:n AS int[])) n ORDER BY n", {"n": [2, 1]})
        assert await statements.several(tx, counted, named, counted) == [[("Fresh",)], [(1,), (2,)], [("Fresh",)]]


async def test_a_statement_that_fails_among_several_is_told_and_undoes_all(
    database: Database, organization_id: UUID
) -> None:
    title = "UPDATE organizations SET name = 'changed' WHERE id = :org RETURNING name"
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with database.tx(organization_id) as tx:
            await statements.several(tx, (title, {"org": organization_id}), ("SELECT 1 / 0", {}), ("SELECT 1", {}))
    async with database.tx(organization_id) as tx:
        ((name,),) = await statements.rows(
            tx, "SELECT name FROM organizations WHERE id = :org", {"org": organization_id}
        )
    assert name != "changed"
