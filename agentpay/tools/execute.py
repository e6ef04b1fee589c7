"""Runs tool calls: checked, in one unit of work each, at most once where they change something, and never fatal to a turn."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from agentpay.errors import Problem
from agentpay.store.away import unreachable
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import ToolExecution, Turn
from agentpay.tools.context import Context
from agentpay.tools.registry import TOOLS
from agentpay.tools.tool import Tool, ToolResult

log = logging.getLogger(__name__)

LET_END_SECONDS = 3.0
"""How long a change that has begun may take once its turn is cancelled."""
_ENDED = ("interrupted", "completed", "cancelled", "failed")


class TurnTaken(Exception):
    """The turn has ended, or another process works on it: nothing may be done in its name here."""


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
    """Store a step's calls before the first of them runs, where one of them changes something (DESIGN §4, once).

    Raises TurnTaken: a later attempt may have decided otherwise.
    """
    changing = [call for call in calls if (tool := TOOLS.get(call.name)) is not None and tool.effect != "read"]
    if not changing or context.turn_id is None:
        return
    async with context.services.database.tx(context.organization.id) as tx:
        # Locked until the calls are stored: who takes the turn over finds either all of them or none
        if await tx.session.scalar(_ours(context).with_for_update(read=True)) is None:
            raise TurnTaken
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


def _ours(context: Context) -> Select[UUID]:
    """The turn's row, unless it has ended or belongs to a later attempt."""
    return (
        select(Turn.id)
        .where(Turn.organization_id == context.organization.id, Turn.id == context.turn_id)
        .where(Turn.attempt <= context.attempt, Turn.status.not_in(_ENDED))
    )


async def planned(context: Context, step: int) -> list[Call]:
    """The calls this turn stored for the first step from `step` on, before a crash; empty where there are none."""
    if context.turn_id is None:
        return []
    async with context.services.database.tx(context.organization.id) as tx:
        rows = await tx.session.scalars(
            select(ToolExecution)
            .where(ToolExecution.organization_id == tx.organization_id)
            .where(ToolExecution.turn_id == context.turn_id, ToolExecution.step >= step)
            .order_by(ToolExecution.step, ToolExecution.ordinal)
        )
        calls = [Call(f"call_{row.id.hex[-12:]}", row.tool, row.arguments, row.step, row.ordinal) for row in rows]
    return [call for call in calls if call.step == calls[0].step]


async def execute(context: Context, agent: str | None, call: Call) -> Outcome:
    """Run one call for `agent` (None: a direct call by the merchant's own key). A failure becomes an error result.

    Not so a lost database: what the call did is then unknown until the turn is taken up again and finds its result.
    A cancel waits for a change that has begun, and arrives at the caller's next await.
    """
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
    if tool is None or (agent is not None and (agent not in tool.agents or not context.agent.may_use(call.name))):
        return refused(call, "unknown_tool", f"There is no tool {call.name!r} here.")
    try:
        arguments = tool.arguments.model_validate(call.arguments)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()]
        return refused(call, "invalid_arguments", "; ".join(problems))
    run = _in_time if tool.effect == "read" or context.turn_id is None else _to_its_end
    try:
        result = await run(context, tool, call, arguments)
    except Problem as problem:
        return refused(call, problem.code, problem.detail, **problem.extra)
    except TimeoutError:
        return refused(call, "tool_timeout", f"{call.name} took longer than {tool.timeout:g} s.")
    except TurnTaken:
        raise
    except Exception as error:  # a tool that fails must not take the turn with it: the model hears of it
        if unreachable(error):
            raise
        log.exception("tool %s failed", call.name)
        return refused(call, "tool_failed", f"{call.name} failed.")
    return Outcome(call, True, result.data, result.blocks, result.interrupt)


async def _in_time(context: Context, tool: Tool, call: Call, arguments: Any) -> ToolResult:
    async with asyncio.timeout(tool.timeout):
        return await _run(context, tool, call, arguments)


async def _to_its_end(context: Context, tool: Tool, call: Call, arguments: Any) -> ToolResult:
    """A change, never left half way: it is done or rolled back, and known to be, when this returns."""
    running = asyncio.create_task(_in_time(context, tool, call, arguments), name=f"tool {call.name}")
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait({running}, timeout=LET_END_SECONDS if cancelled else None)
        except asyncio.CancelledError:
            cancelled = True
        else:
            running.cancel()  # rolled back, where it was not done already
    if cancelled and not running.cancelled() and (task := asyncio.current_task()) is not None:
        task.cancel()
    try:
        return running.result()
    except TimeoutError:
        if cancelled:
            raise
        # The commit may have been under way
        async with context.services.database.tx(context.organization.id) as tx:
            if (done := await _claim(context, tx, call)) is not None:
                return done
        raise


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
    """Lock this call's row for the transaction of its effects; the stored result where it has run before.

    Raises TurnTaken.
    """
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
    row, ours = (
        await tx.session.execute(
            select(ToolExecution, exists(_ours(context)))
            .where(ToolExecution.organization_id == tx.organization_id, ToolExecution.turn_id == context.turn_id)
            .where(ToolExecution.step == call.step, ToolExecution.ordinal == call.ordinal)
            .with_for_update(of=ToolExecution)
        )
    ).one()
    if not ours:
        raise TurnTaken
    if row.status != "done" or row.result is None:
        return None
    return ToolResult(row.result["data"], row.result["blocks"], row.result["interrupt"])


def refused(call: Call, code: str, message: str, **extra: Any) -> Outcome:
    """The outcome of a call that did not run, or failed: what the model is told of it."""
    return Outcome(call, False, {"error": {"code": code, "message": message, **extra}})
