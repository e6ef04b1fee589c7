"""The turn after an approval was answered: the stored call runs once, or not, and a message says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from agentpay.conversations.turns.finish import Reply, Result
from agentpay.conversations.turns.lease import Lease
from agentpay.conversations.turns.log import TurnLog
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Approval
from agentpay.tools.approvals import drop
from agentpay.tools.context import Context
from agentpay.tools.execute import Call, Outcome, execute


async def run_approved(database: Database, lease: Lease, log: TurnLog, context: Context) -> Result:
    """Act on the answered approval of `lease.input["approval_id"]`.

    The call is identified by this turn, so that a turn taken up after a crash finds its result instead of running it
    twice (tools/execute.py).
    """
    approval_id = UUID(lease.input["approval_id"])
    async with database.tx(lease.organization_id) as tx:
        approval = await tx.session.scalar(
            select(Approval).where(Approval.organization_id == tx.organization_id, Approval.id == approval_id)
        )
        assert approval is not None, "the turn was made for it"
        if approval.status != "approved":
            await drop(tx, approval)
    note = f" {approval.note}" if approval.note else ""
    version = context.agent_version
    if approval.status != "approved":
        return _say(log, version, f"I'm sorry, this was not approved: {approval.summary}.{note}", [], [])
    stored = approval.tool_call
    call = Call(str(stored.get("id") or approval_id), stored["name"], stored["arguments"], 0, 0)
    log.emit("tool.started", {"call_id": call.id, "name": call.name, "arguments": call.arguments})
    outcome = await execute(context, None, call)
    status = "ok" if outcome.ok else "error"
    done = {"call_id": call.id, "name": call.name, "status": status, "result": outcome.result}
    log.emit("tool.finished", {**done, "elapsed_ms": outcome.elapsed_ms})
    async with database.tx(lease.organization_id) as tx:
        await tx.session.execute(
            update(Approval)
            .where(Approval.organization_id == tx.organization_id, Approval.id == approval_id)
            .where(Approval.executed_at.is_(None))
            .values(executed_at=datetime.now(UTC), result=outcome.result)
        )
    tool_call = {
        "id": call.id,
        "name": call.name,
        "arguments": call.arguments,
        "status": status,
        "result": outcome.result,
    }
    return _say(log, version, _words(approval.summary, outcome) + note, outcome.blocks, [tool_call])


def _words(summary: str, outcome: Outcome) -> str:
    if outcome.ok:
        return f"Good news, this was approved and is done: {summary}."
    detail = outcome.result.get("error", {}).get("message", "")
    return f"This was approved, but it could not be done: {summary}. {detail}".rstrip()


def _say(
    log: TurnLog, agent_version: int, text: str, blocks: list[dict[str, Any]], tool_calls: list[dict[str, Any]]
) -> Result:
    message_id = new_id()
    log.emit("message.delta", {"message_id": str(message_id), "text": text})
    for block in blocks:
        log.emit("ui", {"message_id": str(message_id), "block": block})
    reply = Reply(message_id, text, "support", blocks, None, tool_calls)
    return Result("completed", reply, agent_version=agent_version)
