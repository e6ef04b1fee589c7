"""Runs tool calls: checked, in one unit of work each, at most once where they change something, and never fatal to a turn."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import ToolExecution
from agentpay.tools.context import Context
from agentpay.tools.registry import TOOLS
from agentpay.tools.tool import Tool, ToolResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of a step. (turn, step, ordinal) is its identity: a provider gives new ids when a step runs again."""

    id: str
    name: str
    arguments: dict[str, Any]
    step: int
    ordinal: int


@dataclass(frozen=True, slots=True)
class Outcome:
    call: Call
    ok: bool
    result: dict[str, Any]
    blocks: list[dict[str, Any]] = field(default_factory=list)
    interrupt: dict[str, Any] | None = None
    elapsed_ms: int = 0


async def plan(context: Context, calls: list[Call]) -> None:
    """Store a step's calls before the first of them runs, where one of them changes something (DESIGN §4, once)."""
    changing = [call for call in calls if (tool := TOOLS.get(call.name)) is not None and tool.effect != "read"]
    if not changing or context.turn_id is None:
        return
    async with context.services.database.tx(context.organization.id) as tx:
        await tx.session.execute(
            insert(ToolExecution)
            .values(
                [
                    {
                        "id": new_id(),
                        "organization_id": tx.organization_id,
                        "turn_id": context.turn_id,
                        "step": call.step,
                        "ordinal": call.ordinal,
                        "tool": call.name,
                        "arguments": call.arguments,
                    }
                    for call in calls
                ]
            )
            .on_conflict_do_nothing(index_elements=["turn_id", "step", "ordinal"])
        )


async def planned(context: Context, step: int) -> list[Call]:
    """The calls this turn stored for `step` before it was interrupted by a crash; empty where there are none."""
    if context.turn_id is None:
        return []
    async with context.services.database.tx(context.organization.id) as tx:
        rows = await tx.session.scalars(
            select(ToolExecution)
            .where(ToolExecution.organization_id == tx.organization_id)
            .where(ToolExecution.turn_id == context.turn_id, ToolExecution.step == step)
            .order_by(ToolExecution.ordinal)
        )
        return [Call(f"call_{row.id.hex[-12:]}", row.tool, row.arguments, row.step, row.ordinal) for row in rows]


async def execute(context: Context, agent: str | None, call: Call) -> Outcome:
    """Run one call for `agent` (None: a direct call by the merchant's own key). Every failure becomes an error result."""
    started = time.perf_counter()
    outcome = await _guarded(context, agent, call)
    return Outcome(
        call,
        outcome.ok,
        outcome.result,
        outcome.blocks,
        outcome.interrupt,
        round((time.perf_counter() - started) * 1000),
    )


async def _guarded(context: Context, agent: str | None, call: Call) -> Outcome:
    tool = TOOLS.get(call.name)
    if tool is None or (agent is not None and agent not in tool.agents):
        return refused(call, "unknown_tool", f"There is no tool {call.name!r} here.")
    try:
        arguments = tool.arguments.model_validate(call.arguments)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()]
        return refused(call, "invalid_arguments", "; ".join(problems))
    try:
        async with asyncio.timeout(tool.timeout):
            result = await _run(context, tool, call, arguments)
    except Problem as problem:
        return refused(call, problem.code, problem.detail, **problem.extra)
    except TimeoutError:
        return refused(call, "tool_timeout", f"{call.name} took longer than {tool.timeout:g} s.")
    except Exception:  # a tool that fails must not take the turn with it: the model hears of it, the log has the cause
        log.exception("tool %s failed", call.name)
        return refused(call, "tool_failed", f"{call.name} failed.")
    return Outcome(call, True, result.data, result.blocks, result.interrupt)


async def _run(context: Context, tool: Tool, call: Call, arguments: Any) -> ToolResult:
    async with context.services.database.tx(context.organization.id) as tx:
        if tool.effect == "read" or context.turn_id is None:
            return await tool.run(context, tx, arguments)
        done = await _claim(context, tx, call)
        if done is not None:
            return done
        result = await tool.run(context, tx, arguments)
        stored = {"data": result.data, "blocks": result.blocks, "interrupt": result.interrupt}
        await tx.session.execute(
            update(ToolExecution)
            .where(ToolExecution.turn_id == context.turn_id)
            .where(ToolExecution.step == call.step, ToolExecution.ordinal == call.ordinal)
            .values(status="done", result=stored)
        )
        return result


async def _claim(context: Context, tx: Tx, call: Call) -> ToolResult | None:
    """Lock this call's row for the transaction of its effects; the stored result where it has run before."""
    await tx.session.execute(
        insert(ToolExecution)
        .values(
            id=new_id(),
            organization_id=tx.organization_id,
            turn_id=context.turn_id,
            step=call.step,
            ordinal=call.ordinal,
            tool=call.name,
            arguments=call.arguments,
        )
        .on_conflict_do_nothing(index_elements=["turn_id", "step", "ordinal"])
    )
    row = await tx.session.scalar(
        select(ToolExecution)
        .where(ToolExecution.organization_id == tx.organization_id, ToolExecution.turn_id == context.turn_id)
        .where(ToolExecution.step == call.step, ToolExecution.ordinal == call.ordinal)
        .with_for_update()
    )
    assert row is not None, "inserted above"
    if row.status != "done" or row.result is None:
        return None
    return ToolResult(row.result["data"], row.result["blocks"], row.result["interrupt"])


def refused(call: Call, code: str, message: str, **extra: Any) -> Outcome:
    """The outcome of a call that did not run, or failed: what the model is told of it."""
    return Outcome(call, False, {"error": {"code": code, "message": message, **extra}})
