"""Messages and the turns they start: answered as JSON, streamed, or left to run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import func, update

from agentpay.api import idempotency, problems
from agentpay.api.auth import Caller
from agentpay.api.deps import CallerDep, StateDep, TxDep
from agentpay.api.routing import ApiRouter, allow, own_idempotency
from agentpay.api.schemas.conversations import MessageIn, ResumeIn
from agentpay.api.sse import EventStream, last_event_id, of_turn
from agentpay.api.state import AppState
from agentpay.conversations.shapes import TurnAnswer
from agentpay.conversations.turns.accept import Accepted, accept, accept_at_once, cancel_queued
from agentpay.conversations.turns.announce import Announcement, store_announcement
from agentpay.conversations.turns.answer import ENDED, find_turn, pending_answer, turn_answer
from agentpay.conversations.turns.approvals import answer_approval
from agentpay.conversations.turns.events import Event, encode
from agentpay.conversations.turns.lease import lock_conversation
from agentpay.errors import Problem, not_found
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Turn

router = ApiRouter(prefix="/v1/agent/conversations/{conversation_id}", tags=["turns"])

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The turn has ended; with `Accept: text/event-stream` its events as they come.",
        "model": TurnAnswer,
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 0198…:3\nevent: message.delta\ndata: {"message_id":"0198…","text":"Hello"}\n\n',
            }
        },
    },
    202: {"description": "With `Prefer: respond-async`: the turn will run; `Location` has its events."},
}


@router.post("/messages", summary="Write a message", responses={**problems.responses(404, 409, 429), **ANSWERS})
@allow("client")
@own_idempotency
async def write(
    conversation_id: UUID, body: MessageIn, request: Request, state: StateDep, caller: CallerDep
) -> Response:
    """JSON waits for the end of the turn; `Accept: text/event-stream` streams it; `Prefer: respond-async` does not wait.

    The turn goes on if the client does not wait for it.
    """
    caller.require_conversation(conversation_id)
    if body.author == "human" and caller.kind != "secret":
        raise Problem("forbidden", "Only the shop writes as a person: use a secret key.", status=403)
    key = idempotency.key_of(request)
    turn_id = new_id()
    stored: idempotency.Stored | None = None
    place = state.runner.place
    if key is None and body.author == "customer" and place is not None:
        at_once = await accept_at_once(
            state.database,
            caller.organization_id,
            conversation_id,
            body.content,
            turn_id=turn_id,
            context=body.context,
            place=place,
        )
        if at_once is not None:
            begin(state, at_once)
            return await respond(state, caller, request, at_once)
    async with state.database.tx(caller.organization_id) as tx:
        # Claimed with the message, in one transaction: whoever sends it again finds its turn
        if key is not None:
            stored = await idempotency.claim(tx.session, caller, request, key, turn_id=turn_id)
        if stored is None and body.author == "human":
            accepted = await _as_human(tx, conversation_id, turn_id, body.content)
        elif stored is None:
            accepted = await accept(
                tx,
                conversation_id,
                body.content,
                turn_id=turn_id,
                context=body.context,
                multitask=body.multitask,
                place=state.runner.place,
            )
    if stored is not None:
        return await replayed(state, caller, request, conversation_id, stored.turn_id)
    begin(state, accepted)
    return await respond(state, caller, request, accepted)


async def _as_human(tx: Tx, conversation_id: UUID, turn_id: UUID, content: str) -> Accepted:
    status = await lock_conversation(tx.session, tx.organization_id, conversation_id)
    if status is None:
        raise not_found("conversation")
    if status != "handed_off":
        raise Problem("not_handed_off", "Hand the conversation over first: agents answer in it.", status=409)
    said = Announcement(content, role="human")
    await store_announcement(tx, conversation_id, kind="human", message=said, turn_id=turn_id)
    return Accepted(turn_id, conversation_id, None, "completed")


def begin(state: AppState, accepted: Accepted) -> None:
    """After the commit: run what may run here, and tell whoever follows."""
    for turn_id in accepted.cancelled:
        state.runner.cancel(turn_id)
    if accepted.lease is not None:
        state.runner.launch(accepted.lease)
    elif accepted.status == "queued":
        state.runner.wake(accepted.conversation_id)
    else:
        state.broker.announce(accepted.conversation_id)


def wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "").lower()


def prefers_async(request: Request) -> bool:
    preferences = [item.strip().lower() for item in request.headers.get("prefer", "").split(",")]
    return "respond-async" in preferences


def events_path(conversation_id: UUID, turn_id: UUID) -> str:
    return f"/v1/agent/conversations/{conversation_id}/turns/{turn_id}/events"


async def respond(
    state: AppState, caller: Caller, request: Request, accepted: Accepted, *, replay: bool = False
) -> Response:
    """A turn's answer in the form the client asked for."""
    headers = {"Idempotent-Replayed": "true"} if replay else {}
    turn_id = accepted.turn_id
    if prefers_async(request):
        headers |= {"Location": events_path(accepted.conversation_id, turn_id), "Preference-Applied": "respond-async"}
        pending = pending_answer(turn_id, accepted.status)
        return Response(encode(pending), 202, headers, media_type="application/json")
    followed = state.subscriber.turn(caller.organization_id, turn_id)
    if wants_stream(request):
        return EventStream(of_turn(turn_id, followed), state, headers=headers)
    answer = await _ended(state, caller, accepted, followed)
    return Response(encode(answer), 200, headers, media_type="application/json")


async def _ended(
    state: AppState, caller: Caller, accepted: Accepted, followed: AsyncIterator[list[Event]]
) -> dict[str, Any]:
    log = state.broker.local(accepted.turn_id)
    async for _ in followed:
        pass
    if log is not None and log.answer is not None:
        return log.answer
    async with state.database.tx(caller.organization_id) as tx:
        return await turn_answer(tx, await find_turn(tx, accepted.conversation_id, accepted.turn_id))


async def replayed(
    state: AppState, caller: Caller, request: Request, conversation_id: UUID, turn_id: UUID | None
) -> Response:
    """The answer of the turn that this Idempotency-Key started: its stream again, or its JSON once it has ended.

    Raises Problem 409 `idempotency_key_in_flight` where JSON is asked for and the turn runs.
    """
    if turn_id is None:
        raise idempotency.in_flight()
    async with state.database.tx(caller.organization_id) as tx:
        turn = await find_turn(tx, conversation_id, turn_id)
    if not wants_stream(request) and not prefers_async(request) and turn.status not in ENDED:
        raise idempotency.in_flight()
    accepted = Accepted(turn_id, conversation_id, turn.message_id, turn.status)
    return await respond(state, caller, request, accepted, replay=True)


@router.get("/turns/{turn_id}", summary="How a turn stands", responses=problems.responses(404))
@allow("client")
async def show(conversation_id: UUID, turn_id: UUID, tx: TxDep, caller: CallerDep) -> TurnAnswer:
    caller.require_conversation(conversation_id)
    return TurnAnswer.model_validate(await turn_answer(tx, await find_turn(tx, conversation_id, turn_id)))


@router.get(
    "/turns/{turn_id}/events",
    summary="Follow a turn (SSE)",
    response_class=EventStream,
    responses=problems.responses(404),
)
@allow("client")
async def events(
    conversation_id: UUID, turn_id: UUID, request: Request, state: StateDep, caller: CallerDep
) -> EventStream:
    """From the start, or past `Last-Event-ID`, until the turn's end; also long after it."""
    caller.require_conversation(conversation_id)
    last = last_event_id(request.headers.get("last-event-id"))
    if last is not None and last[0] != turn_id:
        raise Problem("validation_error", "Last-Event-ID belongs to another turn.", status=422)
    async with state.database.tx(caller.organization_id) as tx:
        await find_turn(tx, conversation_id, turn_id)
    followed = state.subscriber.turn(caller.organization_id, turn_id, last[1] if last is not None else 0)
    return EventStream(of_turn(turn_id, followed), state)


@router.post("/turns/{turn_id}/cancel", summary="Cancel a turn", responses=problems.responses(404))
@allow("client")
async def cancel(conversation_id: UUID, turn_id: UUID, state: StateDep, caller: CallerDep) -> TurnAnswer:
    """What was said so far stays. Answers how the turn stands; a turn that has ended stays as it is."""
    caller.require_conversation(conversation_id)
    async with state.database.tx(caller.organization_id) as tx:
        turn = await find_turn(tx, conversation_id, turn_id)
        queued = turn.status == "queued" and await cancel_queued(tx, conversation_id, turn_id, turn.message_id)
        if not queued:
            await tx.session.execute(
                update(Turn)
                .where(Turn.organization_id == tx.organization_id, Turn.id == turn_id, Turn.status == "running")
                .values(cancel_requested_at=func.coalesce(Turn.cancel_requested_at, func.now()))
            )
    if queued:
        state.broker.announce(conversation_id)
    else:
        state.runner.cancel(turn_id)
    async with state.database.tx(caller.organization_id) as tx:
        return TurnAnswer.model_validate(await turn_answer(tx, await find_turn(tx, conversation_id, turn_id)))


@router.post(
    "/turns/{turn_id}/resume",
    summary="Answer what waits for a person",
    responses={**problems.responses(404, 409), **ANSWERS},
)
@own_idempotency
async def resume(
    conversation_id: UUID, turn_id: UUID, body: ResumeIn, request: Request, state: StateDep, caller: CallerDep
) -> Response:
    """Runs the action once, or not, and says so in the conversation. A second answer gets the first one's turn."""
    key = idempotency.key_of(request)
    stored: idempotency.Stored | None = None
    async with state.database.tx(caller.organization_id) as tx:
        if key is not None:
            stored = await idempotency.claim(tx.session, caller, request, key, turn_id=turn_id)
            if stored is not None and stored.turn_id is None:
                raise idempotency.in_flight()
        await find_turn(tx, conversation_id, turn_id)
        accepted, again = await answer_approval(
            tx,
            conversation_id,
            turn_id,
            body.interrupt_id,
            approved=body.value.approved,
            note=body.value.note,
            place=state.runner.place,
        )
    if not again:
        begin(state, accepted)
    elif (
        stored is not None and accepted.status not in ENDED and not wants_stream(request) and not prefers_async(request)
    ):
        raise idempotency.in_flight()
    return await respond(state, caller, request, accepted, replay=again)
