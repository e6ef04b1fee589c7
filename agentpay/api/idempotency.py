"""`Idempotency-Key`: a POST that is sent twice is done once (CONTRACT §2).

A key is claimed in a transaction of its own, so that a second request sees it at once; the answer is stored in the
transaction of the work itself, so that either both are there or neither. A claim of a process that died ends by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.api import problems
from agentpay.api.auth import Caller
from agentpay.errors import Problem
from agentpay.store.session import Database, Tx
from agentpay.store.tables import IdempotencyKey

LIFETIME = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
MAX_KEY_CHARS = 255
_KEPT_HEADERS = ("location", "content-type")
_NOT_KEPT = frozenset({401, 403, 404, 413, 415, 429})
"""Refusals that come before the work: a request sent again is judged again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a key: the turn it started, or the answer it got, or neither while it is in flight."""

    turn_id: UUID | None
    status: int | None
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Secret:
    """A member of an answer that is shown once and stored as a hash alone (CONTRACT §2): `issue` makes another one.

    `issue(database, caller, body)` answers null where there was none.
    """

    field: str
    issue: Callable[[Database, Caller, dict[str, Any]], Awaitable[Any]]


def key_of(request: Request) -> str | None:
    """The request's key. Raises Problem 422 `validation_error` where it is empty or too long."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key.strip()) <= MAX_KEY_CHARS:
        raise Problem("validation_error", f"An Idempotency-Key has 1 to {MAX_KEY_CHARS} characters.", status=422)
    return key


async def fingerprint(request: Request) -> bytes:
    """Method, path and body: what must be the same for an answer to be given again."""
    head = f"{request.method} {request.scope['path']}\n".encode()
    return hashlib.sha256(head + await request.body()).digest()


async def claim(
    session: AsyncSession, caller: Caller, request: Request, key: str, *, turn_id: UUID | None = None
) -> Stored | None:
    """Take the key for this request (None), or answer what is known of it.

    Raises Problem 422 `idempotency_key_reused` where the key came with another request.
    """
    now = datetime.now(UTC)
    wanted = await fingerprint(request)
    table = IdempotencyKey
    ours = {"organization_id": caller.organization_id, "scope": caller.idempotency_scope, "key": key}
    values = {
        "method": request.method,
        "path": request.scope["path"],
        "request_hash": wanted,
        "response_status": None,
        "response_headers": {},
        "response_body": None,
        "turn_id": turn_id,
        "locked_until": now + CLAIM,
        "expires_at": now + LIFETIME,
    }
    abandoned = and_(table.response_status.is_(None), table.turn_id.is_(None), table.locked_until < now)
    same = table.request_hash == wanted
    statement = (
        insert(table)
        .values(**ours, **values)
        .on_conflict_do_update(
            index_elements=["organization_id", "scope", "key"],
            set_=values,
            where=or_(table.expires_at < now, and_(abandoned, same)),
        )
        .returning(table.id)
    )
    if await session.scalar(statement) is not None:
        return None
    row = await session.scalar(select(table).filter_by(**ours))
    if row is None:  # released between the two statements
        raise in_flight()
    if row.request_hash != wanted:
        raise Problem("idempotency_key_reused", "This Idempotency-Key came with another request before.", status=422)
    return Stored(row.turn_id, row.response_status, dict(row.response_headers), row.response_body or b"")


def in_flight() -> Problem:
    return Problem("idempotency_key_in_flight", "The first request with this Idempotency-Key is not done.", status=409)


def replay(stored: Stored) -> Response:
    """The stored answer. Raises Problem 409 `idempotency_key_in_flight` while there is none."""
    if stored.status is None:
        raise in_flight()
    headers = {**stored.headers, "Idempotent-Replayed": "true"}
    return Response(stored.body, stored.status, headers)


async def once(
    database: Database,
    caller: Caller,
    request: Request,
    handler: Callable[[Request], Awaitable[Response]],
    secret: Secret | None = None,
) -> Response:
    """Run the handler unless its answer is stored already. `secret` is left out of what is stored."""
    key = key_of(request)
    assert key is not None, "the route looks for the header first"
    async with database.session() as session:
        stored = await claim(session, caller, request, key)
    if stored is not None:
        again = replay(stored)
        return again if secret is None else await _with_secret(database, caller, again, secret)
    try:
        response = await handler(request)
    except Exception as error:
        problem = None if isinstance(error, RequestValidationError) else problems.of_exception(error)
        if problem is None or problem.status >= 500 or problem.status in _NOT_KEPT:
            await _release(database, caller, key)
        else:
            async with database.session() as session:
                await _store(session, caller, key, problems.response(problem, request.scope["path"]))
        raise
    tx = request.scope.get("agentpay.tx")
    if isinstance(tx, Tx):
        await _store(tx.session, caller, key, response, secret)
        return response
    async with database.session() as session:
        await _store(session, caller, key, response, secret)
    return response


async def _with_secret(database: Database, caller: Caller, stored: Response, secret: Secret) -> Response:
    """The stored answer with a new secret in the place of the one that was not stored."""
    body = orjson.loads(bytes(stored.body))
    if stored.status_code >= 400 or secret.field not in body:
        return stored
    body[secret.field] = await secret.issue(database, caller, body)
    headers = {name: value for name, value in stored.headers.items() if name != "content-length"}
    return Response(orjson.dumps(body, default=str, option=orjson.OPT_UTC_Z), stored.status_code, headers)


async def _store(
    session: AsyncSession, caller: Caller, key: str, response: Response, secret: Secret | None = None
) -> None:
    content = bytes(response.body)
    if secret is not None and response.status_code < 400:
        content = orjson.dumps({**orjson.loads(content), secret.field: None})
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    await session.execute(
        update(IdempotencyKey)
        .filter_by(organization_id=caller.organization_id, scope=caller.idempotency_scope, key=key)
        .values(response_status=response.status_code, response_headers=headers, response_body=content)
    )


async def _release(database: Database, caller: Caller, key: str) -> None:
    async with database.session() as session:
        await session.execute(
            delete(IdempotencyKey).filter_by(
                organization_id=caller.organization_id, scope=caller.idempotency_scope, key=key
            )
        )
