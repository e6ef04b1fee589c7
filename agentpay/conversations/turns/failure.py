"""How a run that did not reach its end is ended: cancelled keeps what was said, failed says sorry."""

from __future__ import annotations

from uuid import UUID

from agentpay.conversations.turns.finish import Reply, Result
from agentpay.conversations.turns.lease import Lease
from agentpay.conversations.turns.log import TurnLog
from agentpay.conversations.turns.partial import end_dangling, partial
from agentpay.store.ids import new_id

APOLOGY = (
    "Sorry, something went wrong on our side and I couldn't finish that. "
    "Please send your message again; if it keeps happening, I can bring in a person."
)


def cancelled(lease: Lease, log: TurnLog) -> Result:  # noqa: ARG001 - the same form as `failed`
    """What was streamed so far stays, as the reply."""
    end_dangling(log, "cancelled", "The turn was cancelled before this was done.")
    seen = partial(log.events[log.began :])
    if seen.message_id is None:
        return Result("cancelled")
    return Result(
        "cancelled",
        Reply(UUID(seen.message_id), seen.content, seen.agent, seen.blocks, seen.intent, seen.tool_calls),
    )


def failed(lease: Lease, log: TurnLog, code: str, detail: str) -> Result:
    """An apology in the place of the reply. What tools have shown is real and is shown again below it."""
    end_dangling(log, "turn_failed", "The turn failed before this was done.")
    seen = partial(log.events[log.began :])
    if seen.message_id is not None:
        log.emit("message.discarded", {"message_id": seen.message_id, "reason": "failed"})
    message_id = new_id()
    log.emit("message.delta", {"message_id": str(message_id), "text": APOLOGY})
    for block in seen.blocks:
        log.emit("ui", {"message_id": str(message_id), "block": block})
    error = {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": detail,
        "code": code,
        "instance": f"/v1/agent/conversations/{lease.conversation_id}/turns/{lease.turn_id}",
    }
    reply = Reply(message_id, APOLOGY, seen.agent, seen.blocks, seen.intent, seen.tool_calls)
    return Result("failed", reply, error=error)
