"""Conversations: open, list, show, close, hand over, rate."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from agentpay.api import pagination, problems
from agentpay.api.auth import Caller
from agentpay.api.deps import CallerDep, StateDep, TxDep
from agentpay.api.idempotency import Secret
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter, allow, shows_secret
from agentpay.api.schemas.base import Page
from agentpay.api.schemas.conversations import (
    ClientTokenView,
    ConversationIn,
    ConversationPatch,
    FeedbackIn,
    FeedbackView,
    HandoffIn,
    OpenedConversation,
)
from agentpay.api.sse import EventStream, last_event_id
from agentpay.conversations import messages, service, takeover
from agentpay.conversations.service import CustomerClaim, Opening
from agentpay.conversations.shapes import ConversationView, MessageView
from agentpay.conversations.turns.answer import find_turn
from agentpay.errors import Problem, not_found
from agentpay.store import cursors, keys
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Feedback, Message

router = ApiRouter(prefix="/v1/agent/conversations", tags=["conversations"])


async def _client_token(tx: Tx, caller: Caller, conversation_id: UUID) -> ClientTokenView | None:
    """For whoever opened the conversation with a publishable key."""
    if caller.kind != "publishable":
        return None
    row, token = await keys.create_client_token(tx.session, tx.organization_id, conversation_id)
    return ClientTokenView(token=token, expires_at=row.expires_at)


async def _another_token(database: Database, caller: Caller, opened: dict[str, Any]) -> dict[str, Any] | None:
    async with database.tx(caller.organization_id) as tx:
        token = await _client_token(tx, caller, UUID(opened["id"]))
    return token.model_dump(mode="json") if token is not None else None


@router.post("", status_code=201, summary="Open a conversation", responses=problems.responses())
@allow("publishable")
@shows_secret(Secret("client_token", _another_token))
async def open_conversation(body: ConversationIn, tx: TxDep, caller: CallerDep) -> OpenedConversation:
    """With a secret key the customer is vouched for; with a publishable one the answer holds a `client_token`."""
    claim = CustomerClaim(**body.customer.model_dump()) if body.customer is not None else None
    opening = Opening(body.agent_id, claim, body.channel, body.metadata)
    conversation = await service.open_conversation(tx, opening, vouched=caller.kind == "secret")
    view = await service.view(tx, conversation, new=True)
    return OpenedConversation(**dict(view), client_token=await _client_token(tx, caller, conversation.id))


@router.get("", summary="List conversations, the newest first", responses=problems.responses())
async def list_conversations(
    tx: TxDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    customer_id: UUID | None = None,
    status: Annotated[Literal["active", "handed_off", "closed"] | None, Query()] = None,
) -> Page[ConversationView]:
    before = pagination.id_behind(cursor)
    rows = await service.page(tx, limit=limit, before=before, customer_id=customer_id, status=status)
    more = pagination.next_of(rows, limit)
    return Page(items=await service.views(tx, rows[:limit]), next_cursor=more)


@router.get("/{conversation_id}", summary="Show a conversation", responses=problems.responses(404))
@allow("client")
async def show(conversation_id: UUID, tx: TxDep, caller: CallerDep) -> ConversationView:
    caller.require_conversation(conversation_id)
    return await service.view(tx, await service.get(tx, conversation_id))


@router.patch("/{conversation_id}", summary="Close a conversation", responses=problems.responses(404))
async def change(conversation_id: UUID, body: ConversationPatch, tx: TxDep) -> ConversationView:
    assert body.status == "closed", "the only change there is"
    await service.close(tx, conversation_id)
    return await service.view(tx, await service.get(tx, conversation_id))


@router.get("/{conversation_id}/messages", summary="The transcript, from the oldest", responses=problems.responses(404))
@allow("client")
async def history(
    conversation_id: UUID, tx: TxDep, caller: CallerDep, limit: Limit = 100, cursor: Cursor = None
) -> Page[MessageView]:
    caller.require_conversation(conversation_id)
    await service.get(tx, conversation_id)
    after = None
    if cursor is not None:
        turn, message = cursors.decode(cursor, 2)
        if not isinstance(turn, int) or not isinstance(message, int):
            raise Problem("validation_error", "The cursor is not one of ours.", status=422)
        after = (turn, message)
    items, rest = await messages.history(tx, conversation_id, limit=limit, after=after)
    return Page[MessageView](
        items=[MessageView.model_validate(item) for item in items],
        next_cursor=cursors.encode(list(rest)) if rest is not None else None,
    )


@router.get(
    "/{conversation_id}/events",
    summary="Follow a conversation (SSE)",
    response_class=EventStream,
    responses=problems.responses(404),
)
@allow("client")
async def events(conversation_id: UUID, request: Request, state: StateDep, caller: CallerDep) -> EventStream:
    """Everything from the turn that runs now, or past `Last-Event-ID`, also what no client asked for. Does not end."""
    caller.require_conversation(conversation_id)
    last = last_event_id(request.headers.get("last-event-id"))
    async with state.database.tx(caller.organization_id) as tx:
        await service.get(tx, conversation_id)
        if last is not None:
            await find_turn(tx, conversation_id, last[0])
    return EventStream(state.subscriber.conversation(caller.organization_id, conversation_id, last), state)


@router.post(
    "/{conversation_id}/handoff", summary="Hand over to a person, or back", responses=problems.responses(404, 409)
)
@allow("client")
async def handoff(conversation_id: UUID, body: HandoffIn, state: StateDep, caller: CallerDep) -> ConversationView:
    """A customer may ask for a person; giving the conversation back to the agents takes a secret key.

    An agent that is answering stops; what it has said, and done, stays.
    """
    caller.require_conversation(conversation_id)
    if body.to == "agent" and caller.kind != "secret":
        raise Problem("forbidden", "Only the shop gives a conversation back to its agents.", status=403)
    running: tuple[UUID, ...] = ()
    async with state.database.tx(caller.organization_id) as tx:
        if body.to == "human":
            running = await takeover.hand_to_human(tx, conversation_id)
        else:
            await takeover.hand_to_agent(tx, conversation_id)
        view = await service.view(tx, await service.get(tx, conversation_id))
    for turn_id in running:
        state.runner.cancel(turn_id)
    state.broker.announce(conversation_id)
    return view


@router.post(
    "/{conversation_id}/feedback", status_code=201, summary="Rate a message", responses=problems.responses(404)
)
@allow("client")
async def feedback(conversation_id: UUID, body: FeedbackIn, tx: TxDep, caller: CallerDep) -> FeedbackView:
    """A second rating of the same message replaces the first."""
    caller.require_conversation(conversation_id)
    found = await tx.session.scalar(
        select(Message.id)
        .where(Message.organization_id == tx.organization_id, Message.conversation_id == conversation_id)
        .where(Message.id == body.message_id, Message.role != "customer")
    )
    if found is None:
        raise not_found("message")
    values: dict[str, Any] = {"score": body.score, "comment": body.comment}
    row = await tx.session.scalar(
        insert(Feedback)
        .values(
            id=new_id(),
            organization_id=tx.organization_id,
            conversation_id=conversation_id,
            message_id=body.message_id,
            **values,
        )
        .on_conflict_do_update(index_elements=["message_id"], set_={**values, "modified_at": func.now()})
        .returning(Feedback)
    )
    return FeedbackView.model_validate(row)
