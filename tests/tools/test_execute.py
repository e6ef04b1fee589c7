"""Tool calls: checked, once, and never fatal to a turn."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from agentpay.commerce import carts
from agentpay.errors import Problem
from agentpay.graphs.context import load_context
from agentpay.store.away import unreachable
from agentpay.store.session import Tx
from agentpay.store.tables import ToolExecution, Turn
from agentpay.tools import execute as execute_module
from agentpay.tools.context import Context
from agentpay.tools.execute import Call, TurnTaken, execute, plan, planned
from agentpay.tools.registry import TOOLS
from agentpay.tools.tool import Arguments, Effect, Tool, ToolResult
from tests.tools.conftest import MakeContext, Silent

ADD = {"action": "add", "product": "kettle", "quantity": 2}


def call(name: str, arguments: dict[str, Any], step: int = 1, ordinal: int = 0) -> Call:
    return Call(f"call_{step}_{ordinal}", name, arguments, step, ordinal)


async def in_cart(context: Context) -> int:
    async with context.services.database.tx(context.organization.id) as tx:
        view = await carts.for_conversation(tx, context.conversation)
    return sum(line.quantity for line in view.items)


async def stored(context: Context) -> list[tuple[int, int, str, str]]:
    async with context.services.database.tx(context.organization.id) as tx:
        rows = await tx.session.scalars(
            select(ToolExecution)
            .where(ToolExecution.turn_id == context.turn_id)
            .order_by(ToolExecution.step, ToolExecution.ordinal)
        )
        return [(row.step, row.ordinal, row.tool, row.status) for row in rows]


class Nothing(Arguments):
    pass


def put_tool(monkeypatch: pytest.MonkeyPatch, run: Any, effect: Effect = "write", timeout: float = 10.0) -> None:
    """A tool `probe` of the sales agent."""
    tool = Tool("probe", "For tests alone.", Nothing, run, frozenset({"sales"}), effect, timeout)
    monkeypatch.setitem(TOOLS, "probe", tool)


async def test_a_call_that_works(context: Context) -> None:
    outcome = await execute(context, "sales", call("update_cart", ADD))
    assert outcome.ok
    assert outcome.result["cart"]["items"][0]["quantity"] == 2
    assert [block["type"] for block in outcome.blocks] == ["cart"]
    assert outcome.elapsed_ms >= 0
    assert await stored(context) == [(1, 0, "update_cart", "done")]


@pytest.mark.parametrize(
    ("agent", "name"), [("sales", "no_such_tool"), ("sales", "create_payment_link"), (None, "nope")]
)
async def test_a_tool_that_is_not_there(context: Context, agent: str | None, name: str) -> None:
    outcome = await execute(context, agent, call(name, {}))
    assert not outcome.ok
    assert outcome.result["error"]["code"] == "unknown_tool"
    assert await stored(context) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"action": "steal"}, "action"),
        ({"action": "add", "product": "kettle", "quantity": 0}, "quantity"),
        ({"action": "add", "product": "kettle", "price": 1}, "price"),
        ({}, "action"),
        ({"action": "add", "options": "blue"}, "options"),
    ],
)
async def test_wrong_arguments_are_told_by_name(context: Context, arguments: dict[str, Any], named: str) -> None:
    outcome = await execute(context, "sales", call("update_cart", arguments))
    assert outcome.result["error"]["code"] == "invalid_arguments"
    assert f"{named}:" in outcome.result["error"]["message"]
    assert await in_cart(context) == 0


async def test_a_refusal_says_why_and_changes_nothing(context: Context) -> None:
    outcome = await execute(context, "sales", call("update_cart", {**ADD, "quantity": 11}))
    assert not outcome.ok
    assert outcome.result["error"]["code"] == "out_of_stock"
    assert outcome.result["error"]["available"] == 10
    assert await in_cart(context) == 0


async def test_a_refusal_takes_back_what_the_tool_had_done(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    async def half(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        await TOOLS["update_cart"].run(context, tx, TOOLS["update_cart"].arguments.model_validate(ADD))
        raise Problem("changed_my_mind", "No.", status=409)

    put_tool(monkeypatch, half)
    outcome = await execute(context, "sales", call("probe", {}))
    assert outcome.result == {"error": {"code": "changed_my_mind", "message": "No."}}
    assert await in_cart(context) == 0


async def test_a_tool_that_breaks_tells_the_log_and_not_the_customer(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        raise RuntimeError("host=db.internal password=hunter2")

    put_tool(monkeypatch, broken)
    with caplog.at_level(logging.ERROR):
        outcome = await execute(context, "sales", call("probe", {}))
    assert outcome.result["error"]["code"] == "tool_failed"
    assert "hunter2" not in str(outcome.result)
    assert "probe" in caplog.text


async def test_a_tool_that_hangs_is_given_up(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        await TOOLS["update_cart"].run(context, tx, TOOLS["update_cart"].arguments.model_validate(ADD))
        await asyncio.sleep(3600)
        raise AssertionError("unreachable")

    put_tool(monkeypatch, slow, timeout=0.3)
    outcome = await asyncio.wait_for(execute(context, "sales", call("probe", {})), 20)
    assert outcome.result["error"]["code"] == "tool_timeout"
    assert await in_cart(context) == 0


async def test_a_cancelled_call_is_cancelled(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def slow(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError("unreachable")

    put_tool(monkeypatch, slow, "read")
    task = asyncio.create_task(execute(context, "sales", call("probe", {})))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("ends", [True, False])
async def test_a_cancel_leaves_no_change_half_done(
    context: Context, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        result = await TOOLS["update_cart"].run(context, tx, TOOLS["update_cart"].arguments.model_validate(ADD))
        begun.set()
        await may_end.wait()
        return result

    monkeypatch.setattr("agentpay.tools.execute.LET_END_SECONDS", 60 if ends else 0.1)
    put_tool(monkeypatch, slow, "money")
    heard: list[bool] = []

    async def turn() -> None:
        outcome = await execute(context, "sales", call("probe", {}))
        heard.append(outcome.ok)
        await asyncio.sleep(3600)

    task = asyncio.create_task(turn())
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # heartbeats ask again
    if ends:
        may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)
    assert heard == ([True] if ends else [])
    assert await in_cart(context) == (2 if ends else 0)


async def test_a_lost_database_is_no_outcome(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut(context: Context, tx: Tx, arguments: Nothing) -> ToolResult:
        await tx.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        raise AssertionError("unreachable")

    put_tool(monkeypatch, cut)
    with pytest.raises(DBAPIError) as lost:
        await execute(context, "sales", call("probe", {}))
    assert unreachable(lost.value)


async def test_a_commit_that_outlasts_the_timeout_counts(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a commit comes too late: the call was done, and is not told to have failed."""
    real = execute_module._run

    async def late(*arguments: Any) -> ToolResult:
        result = await real(*arguments)
        await asyncio.sleep(3600)
        return result

    monkeypatch.setattr(execute_module, "_run", late)
    monkeypatch.setitem(TOOLS, "update_cart", replace(TOOLS["update_cart"], timeout=0.5))
    outcome = await execute(context, "sales", call("update_cart", ADD))
    assert outcome.ok
    assert outcome.result["cart"]["items"][0]["quantity"] == 2


@pytest.mark.parametrize("how", [{"attempt": 2, "status": "queued"}, {"status": "cancelled"}])
async def test_who_lost_the_turn_changes_nothing(context: Context, how: dict[str, Any]) -> None:
    await plan(context, [call("update_cart", ADD)])
    async with context.services.database.tx(context.organization.id) as tx:
        await tx.session.execute(update(Turn).where(Turn.id == context.turn_id).values(**how))
    with pytest.raises(TurnTaken):
        await plan(context, [call("update_cart", ADD, step=2)])
    with pytest.raises(TurnTaken):
        await execute(context, "sales", call("update_cart", ADD))
    assert await in_cart(context) == 0
    assert await stored(context) == [(1, 0, "update_cart", "planned")]


async def test_a_call_runs_once_a_step_and_ordinal(context: Context, make_context: MakeContext) -> None:
    first = await execute(context, "sales", call("update_cart", ADD))
    again = await execute(await make_context(), "sales", call("update_cart", ADD))
    assert (again.ok, again.result, again.blocks) == (True, first.result, first.blocks)
    assert await in_cart(context) == 2
    await execute(context, "sales", call("update_cart", ADD, ordinal=1))
    await execute(context, "sales", call("update_cart", ADD, step=2))
    assert await in_cart(context) == 6


async def test_two_processes_at_once_do_it_once(context: Context, make_context: MakeContext) -> None:
    contexts = [await make_context() for _ in range(6)]
    outcomes = await asyncio.gather(*(execute(one, "sales", call("update_cart", ADD)) for one in contexts))
    assert all(outcome.ok for outcome in outcomes)
    assert all(outcome.result == outcomes[0].result for outcome in outcomes)
    assert await in_cart(context) == 2
    assert await stored(context) == [(1, 0, "update_cart", "done")]


async def test_what_failed_may_be_tried_again(context: Context) -> None:
    refused = await execute(context, "sales", call("update_cart", {**ADD, "quantity": 11}))
    assert not refused.ok
    assert await stored(context) == []
    assert (await execute(context, "sales", call("update_cart", ADD))).ok


async def test_a_plan_is_stored_before_it_runs_and_found_again(context: Context, make_context: MakeContext) -> None:
    calls = [call("product_search", {"query": "kettle"}), call("update_cart", ADD, ordinal=1)]
    await plan(context, calls)
    await plan(context, calls)
    assert await stored(context) == [(1, 0, "product_search", "planned"), (1, 1, "update_cart", "planned")]
    found = await planned(await make_context(), 1)
    assert [(one.name, one.arguments, one.step, one.ordinal) for one in found] == [
        ("product_search", {"query": "kettle"}, 1, 0),
        ("update_cart", ADD, 1, 1),
    ]
    await plan(context, [call("update_cart", ADD, step=4)])
    assert {one.step for one in await planned(context, 1)} == {1}
    assert {one.step for one in await planned(context, 2)} == {4}, "steps between only read"
    assert await planned(context, 5) == []
    for one in found:
        assert (await execute(context, "sales", one)).ok
    assert await in_cart(context) == 2


async def test_a_plan_that_changes_nothing_is_not_stored(context: Context) -> None:
    await plan(context, [call("product_search", {"query": "kettle"}), call("no_such_tool", {}, ordinal=1)])
    assert await stored(context) == []


async def test_a_direct_call_runs_each_time(context: Context) -> None:
    direct = await load_context(
        context.services,
        Silent(),
        organization_id=context.organization.id,
        conversation_id=context.conversation_id,
        base_url="http://shop.example",
    )
    for _ in range(2):
        assert (await execute(direct, None, call("update_cart", ADD))).ok
    assert await in_cart(context) == 4
    assert await stored(context) == []
    assert (await execute(direct, None, call("create_payment_link", {}))).result["error"][
        "code"
    ] == "checkout_incomplete"


async def test_a_direct_call_without_a_conversation(context: Context) -> None:
    direct = await load_context(
        context.services, Silent(), organization_id=context.organization.id, conversation_id=None, base_url="http://x"
    )
    assert (await execute(direct, None, call("product_search", {"query": "kettle"}))).ok
    refused = await execute(direct, None, call("update_cart", ADD))
    assert refused.result["error"]["code"] == "conversation_required"
