"""The agents' tools, as JSON Schemas and for direct use by the merchant's own systems."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from agentpay.api import problems
from agentpay.api.deps import CallerDep, StateDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Body, Page, View
from agentpay.errors import Problem
from agentpay.graphs.context import load_context
from agentpay.store import cursors
from agentpay.store.ids import new_id
from agentpay.tools.execute import Call, execute
from agentpay.tools.registry import TOOLS

router = ApiRouter(prefix="/v1/agent/tools", tags=["tools"])

_STATUS = {"invalid_arguments": 422, "conversation_required": 422}
"""Refusals of the request itself. What the tool found is an answer, also where it is an error."""


class ToolView(View):
    """`parameters` is the JSON Schema of the arguments; `effect` says what a call changes."""

    name: str
    description: str
    agents: list[str]
    effect: Literal["read", "write", "money"]
    parameters: dict[str, Any]


class InvokeIn(Body):
    arguments: dict[str, Any] = Field(default_factory=dict)
    conversation_id: UUID | None = None


class InvokeView(View):
    """As a message's tool call shows it, with the blocks a customer would see."""

    id: str
    name: str
    arguments: dict[str, Any]
    status: Literal["ok", "error"]
    result: dict[str, Any]
    blocks: list[dict[str, Any]]
    elapsed_ms: int


class Silent:
    """Nobody follows a direct call."""

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Events of a direct call go nowhere: its answer has everything."""


@router.get("", summary="The tools and their arguments", responses=problems.responses())
async def list_tools(limit: Limit = 100, cursor: Cursor = None) -> Page[ToolView]:
    items = [
        ToolView(
            name=tool.name,
            description=tool.description,
            agents=sorted(tool.agents),
            effect=tool.effect,
            parameters=tool.schema(),
        )
        for tool in TOOLS.values()
    ]
    first = cursors.decode_int(cursor) if cursor is not None else 0
    if not 0 <= first <= len(items):
        raise cursors.not_ours()
    more = cursors.encode([first + limit]) if first + limit < len(items) else None
    return Page(items=items[first : first + limit], next_cursor=more)


@router.post("/{name}/invoke", summary="Use a tool directly", responses=problems.responses(404))
async def invoke(name: str, body: InvokeIn, state: StateDep, caller: CallerDep) -> InvokeView:
    """Tools that work on a cart or a customer need the `conversation_id` they work for."""
    if name not in TOOLS:
        raise Problem("not_found", "There is no such tool.", status=404)
    context = await load_context(
        state.services,
        Silent(),
        organization_id=caller.organization_id,
        conversation_id=body.conversation_id,
        base_url=state.base_url,
    )
    outcome = await execute(context, None, Call(f"call_{new_id().hex}", name, body.arguments, 0, 0))
    if not outcome.ok and (status := _STATUS.get(outcome.result["error"]["code"])) is not None:
        error = outcome.result["error"]
        raise Problem(error["code"], error["message"], status=status)
    status_name: Literal["ok", "error"] = "ok" if outcome.ok else "error"
    return InvokeView(
        id=outcome.call.id,
        name=name,
        arguments=body.arguments,
        status=status_name,
        result=outcome.result,
        blocks=outcome.blocks,
        elapsed_ms=outcome.elapsed_ms,
    )
