"""A task's gold actions, one a turn, and the other way round: each write where it must be refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update

from agentpay.commerce.order_rows import by_reference
from agentpay.evals.tau2.chat import Chat
from agentpay.evals.tau2.mapping import our_call
from agentpay.evals.tau2.scripted import ScriptedBrain, ScriptedBrains
from agentpay.evals.tau2.shop import Shops
from agentpay.evals.tau2.state import State, changed
from agentpay.evals.tau2.tasks import WRITES, Task, owner
from agentpay.llm.house.talk import Ask
from agentpay.store.tables import Order
from agentpay.tools.context import Services

_NEXT = "Please go on."
_BEFORE_IT_LEAVES = frozenset({"cancel_order", "change_order_address", "change_order_items", "change_order_payment"})


@dataclass(slots=True)
class Replayed:
    """`failed` in the form of the benchmark's expected file; `errors`: what must not happen at all."""

    changed: State = field(default_factory=dict)
    writes: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        return {"writes": self.writes, "failed": self.failed, "changed": self.changed}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write that must be refused: `why` is repeated, foreign or status; `code` None: it was not refused."""

    task: str
    action: str
    tool: str
    why: str
    code: str | None


async def replay(shops: Shops, task: Task, db: dict[str, Any]) -> Replayed:
    """The task's gold actions in a fresh shop, one a turn. It goes on after a call that fails, as the reference does."""
    brain, result = ScriptedBrain(), Replayed()
    async with shops.fresh(ScriptedBrains(brain)) as services:
        chat = await Chat.open(services, shops.organization_id, owner(task, db))
        for index, action in enumerate(task.actions):
            if (ask := our_call(action)) is None:
                continue
            error = await _call(chat, brain, ask, result)
            if error is not None:
                failed = {"index": index, "action_id": action.id, "name": action.name}
                result.failed.append({**failed, "error": error["message"], "code": error["code"]})
            elif action.name in WRITES:
                result.writes += 1
        result.changed = await _changed(services, shops, db)
    return result


async def refusals(shops: Shops, task: Task, db: dict[str, Any]) -> tuple[list[Refusal], list[str]]:
    """Each write of the task by a foreign user, on its order in the wrong status, and once more after it succeeded.

    The second part says what went wrong besides: a refused write that changed something.
    """
    writes = [(action, ask) for action in task.actions if action.name in WRITES and (ask := our_call(action))]
    if not writes:
        return [], []
    mine = owner(task, db)
    foreign = next(user for user in db["users"] if user != mine)
    brain, result, found = ScriptedBrain(), Replayed(), []
    async with shops.fresh(ScriptedBrains(brain)) as services:
        of_order = [(action, ask) for action, ask in writes if "order_number" in ask.arguments]
        chat = await Chat.open(services, shops.organization_id, foreign)
        for action, ask in of_order:  # an account is the session's own: there is no way to name another
            error = await _call(chat, brain, ask, result)
            found.append(Refusal(task.id, action.id, ask.tool, "foreign", _code(error)))
        chat = await Chat.open(services, shops.organization_id, mine)
        for action, ask in of_order:
            number = ask.arguments["order_number"]
            wrong = "shipped" if ask.tool in _BEFORE_IT_LEAVES else "unfulfilled"
            before = await _set_fulfillment(services, shops, number, wrong)
            error = await _call(chat, brain, ask, result)
            found.append(Refusal(task.id, action.id, ask.tool, "status", _code(error)))
            await _set_fulfillment(services, shops, number, before)
        if left := await _changed(services, shops, db):
            result.errors.append(f"refused writes changed something: {left}")
        for action, ask in writes:
            if await _call(chat, brain, ask, result) is None:
                after = await _changed(services, shops, db)
                error = await _call(chat, brain, ask, result)
                found.append(Refusal(task.id, action.id, ask.tool, "repeated", _code(error)))
                if await _changed(services, shops, db) != after:
                    result.errors.append(f"{action.id}, repeated, changed something")
    return found, result.errors


async def _call(chat: Chat, brain: ScriptedBrain, ask: Ask, result: Replayed) -> dict[str, Any] | None:
    """Make the call in a turn; its error, or None where it succeeded."""
    brain.add(ask)
    reply = await chat.say(_NEXT)
    made = [call for call in reply["tool_calls"] if call["name"] == ask.tool]
    if len(made) != 1 or reply["degraded"]:
        result.errors.append(f"{ask.tool} ran {len(made)} times")
    if not made:
        return {"code": "not_run", "message": "The call did not run."}
    error: dict[str, Any] | None = made[0]["result"].get("error") if made[0]["status"] == "error" else None
    if error is not None and error["code"] in ("tool_failed", "tool_timeout", "unknown_tool", "invalid_arguments"):
        result.errors.append(f"{ask.tool}: {error['message']}")
    return error


async def _changed(services: Services, shops: Shops, db: dict[str, Any]) -> State:
    async with services.database.tx(shops.organization_id) as tx:
        return await changed(tx, db, shops.prints)


async def _set_fulfillment(services: Services, shops: Shops, number: str, status: str) -> str:
    """Put the order into a status, behind the service's back; answers the one it had."""
    async with services.database.tx(shops.organization_id) as tx:
        order = await by_reference(tx, number)
        before = order.fulfillment_status if order is not None else status
        await tx.session.execute(
            update(Order)
            .where(Order.organization_id == tx.organization_id, Order.external_id == number)
            .values(fulfillment_status=status)
        )
    return before


def _code(error: dict[str, Any] | None) -> str | None:
    return None if error is None else str(error["code"])
