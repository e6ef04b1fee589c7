"""The same events over a WebSocket: one connection, any number of conversations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, WebSocket
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import select
from starlette.websockets import WebSocketDisconnect

from agentpay.api import problems
from agentpay.api.auth import Caller, check_origin
from agentpay.api.deps import current_state
from agentpay.api.routers.turns import begin
from agentpay.api.routing import parse
from agentpay.api.schemas.base import Body
from agentpay.api.schemas.conversations import MessageIn
from agentpay.api.sse import Batches, last_event_id, of_turn
from agentpay.api.state import AppState
from agentpay.conversations import service
from agentpay.conversations.turns.accept import accept
from agentpay.conversations.turns.events import Event, encode
from agentpay.errors import Problem, not_found
from agentpay.store.tables import Turn

router = APIRouter()
logger = logging.getLogger(__name__)

PATH = "/v1/agent/conversations/ws"
MAX_FOLLOWED = 200
"""Streams that one connection may follow at a time."""
_CLOSE_UNAUTHORIZED = 4401
_SUBPROTOCOL = "bearer."


class Say(MessageIn):
    """`author` is for HTTP: a person of the shop writes there."""

    type: Literal["message"]
    conversation_id: UUID
    author: Literal["customer"] = "customer"


class Follow(Body):
    type: Literal["follow"]
    conversation_id: UUID


class Resume(Body):
    type: Literal["resume"]
    turn_id: UUID
    last_event_id: str | None = None


class Ping(Body):
    type: Literal["ping"]


Incoming: TypeAdapter[Say | Follow | Resume | Ping] = TypeAdapter(
    Annotated[Say | Follow | Resume | Ping, Field(discriminator="type")]
)


@router.websocket(PATH)
async def websocket(socket: WebSocket) -> None:
    """In: `message`, `follow`, `resume`, `ping`. Out: `{"id", "type", "conversation_id", "data"}`, and `pong`."""
    state = current_state(socket)
    token, subprotocol = _token(socket)
    try:
        caller = await state.authenticator.authenticate(token)
        if caller.kind == "publishable":
            check_origin(socket, caller)
            raise Problem("forbidden", "A publishable key only opens conversations.", status=403)
        if caller.kind == "secret":
            caller.require_scope("conversations", write=True)
    except Problem as problem:
        await socket.accept(subprotocol)
        await _send(socket, "error", None, problems.body(problem, PATH))
        await socket.close(_CLOSE_UNAUTHORIZED, problem.code)
        return
    await socket.accept(subprotocol)
    connection = Connection(socket, state, caller)
    try:
        await connection.serve()
    except WebSocketDisconnect:
        pass
    finally:
        await connection.close()


def _token(socket: WebSocket) -> tuple[str, str | None]:
    """The key, and the subprotocol to agree on where it came in one."""
    for offered in socket.scope.get("subprotocols", []):
        if offered.startswith(_SUBPROTOCOL):
            return offered.removeprefix(_SUBPROTOCOL), offered
    scheme, _, key = socket.headers.get("authorization", "").partition(" ")
    return (key.strip() if scheme.lower() == "bearer" else ""), None


async def _send(socket: WebSocket, type: str, conversation_id: UUID | None, data: Any, id: str | None = None) -> None:
    message = {
        "id": id,
        "type": type,
        "conversation_id": str(conversation_id) if conversation_id else None,
        "data": data,
    }
    await socket.send_text(encode(message).decode())


class Connection:
    """One client. Each stream it follows is a task that waits for the socket, never the other way round."""

    def __init__(self, socket: WebSocket, state: AppState, caller: Caller) -> None:
        self._socket = socket
        self._state = state
        self._caller = caller
        self._tasks: set[asyncio.Task[None]] = set()
        self._followed: set[UUID] = set()
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        while True:
            text = await self._socket.receive_text()
            try:
                await self._handle(Incoming.validate_python(parse(text.encode(errors="replace"))))
            except ValidationError as error:
                first = error.errors()[0]
                detail = f"{'.'.join(map(str, first['loc'])) or 'message'}: {first['msg']}"
                await self._problem(Problem("validation_error", detail, status=422))
            except WebSocketDisconnect:
                raise
            except Exception as error:
                problem = problems.of_exception(error)
                if problem is None:
                    logger.exception("a message on a WebSocket failed")
                    problem = Problem("internal_error", "Something went wrong on our side.", status=500)
                await self._problem(problem)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _handle(self, said: Say | Follow | Resume | Ping) -> None:
        await self._state.rate_limiter.check(self._caller, self._socket)
        if isinstance(said, Ping):
            async with self._sending:
                await _send(self._socket, "pong", None, {})
        elif isinstance(said, Say):
            await self._say(said)
        elif isinstance(said, Follow):
            await self._follow(said.conversation_id)
        else:
            await self._resume(said)

    async def _say(self, said: Say) -> None:
        self._caller.require_conversation(said.conversation_id)
        async with self._state.database.tx(self._caller.organization_id) as tx:
            accepted = await accept(
                tx,
                said.conversation_id,
                said.content,
                context=said.context,
                multitask=said.multitask,
                place=self._state.runner.place,
            )
        begin(self._state, accepted)
        if said.conversation_id not in self._followed:  # else its follower sends the turn already
            events = self._state.subscriber.turn(self._caller.organization_id, accepted.turn_id)
            self._stream(said.conversation_id, of_turn(accepted.turn_id, events))

    async def _follow(self, conversation_id: UUID) -> None:
        self._caller.require_conversation(conversation_id)
        if conversation_id in self._followed:
            return
        async with self._state.database.tx(self._caller.organization_id) as tx:
            await service.get(tx, conversation_id)
        self._followed.add(conversation_id)
        events = self._state.subscriber.conversation(self._caller.organization_id, conversation_id)
        self._stream(conversation_id, events)

    async def _resume(self, said: Resume) -> None:
        last = last_event_id(said.last_event_id)
        if last is not None and last[0] != said.turn_id:
            raise Problem("validation_error", "last_event_id belongs to another turn.", status=422)
        async with self._state.database.tx(self._caller.organization_id) as tx:
            conversation_id = await tx.session.scalar(
                select(Turn.conversation_id).where(Turn.organization_id == tx.organization_id, Turn.id == said.turn_id)
            )
        if conversation_id is None:
            raise not_found("turn")
        self._caller.require_conversation(conversation_id)
        events: AsyncIterator[list[Event]] = self._state.subscriber.turn(
            self._caller.organization_id, said.turn_id, last[1] if last is not None else 0
        )
        self._stream(conversation_id, of_turn(said.turn_id, events))

    def _stream(self, conversation_id: UUID, batches: Batches) -> None:
        if len(self._tasks) >= MAX_FOLLOWED:
            raise Problem("too_many_streams", f"A connection follows {MAX_FOLLOWED} streams at most.", status=429)
        task = asyncio.create_task(self._pass_on(conversation_id, batches))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._state.streams.add(task)
        task.add_done_callback(self._state.streams.discard)

    async def _pass_on(self, conversation_id: UUID, batches: Batches) -> None:
        try:
            async for turn_id, events in batches:
                for event in events:
                    async with self._sending:
                        await _send(self._socket, event.type, conversation_id, event.data, f"{turn_id}:{event.n}")
        except (WebSocketDisconnect, RuntimeError):
            return  # the client is gone; the reader ends the connection

    async def _problem(self, problem: Problem) -> None:
        async with self._sending:
            await _send(self._socket, "error", None, problems.body(problem, PATH))
