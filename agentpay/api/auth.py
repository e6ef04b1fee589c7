"""Who is calling: secret keys, publishable keys, client tokens (CONTRACT §2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from starlette.requests import HTTPConnection

from agentpay.errors import Problem
from agentpay.store import keys
from agentpay.store.session import Database

CallerKind = Literal["secret", "publishable", "client"]

CACHE_SECONDS = 1.0
"""A revoked key may still be let in for this long; a busy one costs a query a second, not a query a request."""
_CACHE_SIZE = 10_000

# First matching prefix decides. A key's scopes: "*", a name, or "name:read" for GET alone.
_SCOPES = (
    ("/v1/agent/conversations", "conversations"),
    ("/v1/agent/tools", "tools"),
    ("/v1/agent/knowledge", "knowledge"),
    ("/v1/approvals", "approvals"),
    ("/v1/agents", "agents"),
    ("/v1/products", "catalog"),
    ("/v1/articles", "catalog"),
    ("/v1/discounts", "catalog"),
    ("/v1/shipping-zones", "catalog"),
    ("/v1/customers", "customers"),
    ("/v1/carts", "checkouts"),
    ("/v1/checkouts", "checkouts"),
    ("/v1/sandbox", "checkouts"),
    ("/v1/orders", "orders"),
    ("/v1/refunds", "orders"),
    ("/v1/returns", "orders"),
    ("/v1/webhook-endpoints", "webhooks"),
)
SCOPES = frozenset(scope for _, scope in _SCOPES)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from. `id` is the key's or token's; `conversation_id` is set for a client token alone."""

    id: UUID
    kind: CallerKind
    organization_id: UUID
    scopes: frozenset[str] = frozenset({"*"})
    allowed_origins: tuple[str, ...] = ()
    conversation_id: UUID | None = None
    expires_at: datetime | None = None

    @property
    def idempotency_scope(self) -> str:
        """One caller's idempotency keys never meet another's."""
        return f"{self.kind}:{self.id}"

    def require_scope(self, scope: str, *, write: bool) -> None:
        """Raises Problem 403 `forbidden` where a secret key was not given `scope`."""
        if "*" in self.scopes or scope in self.scopes or (not write and f"{scope}:read" in self.scopes):
            return
        raise Problem("forbidden", f"This key lacks the scope {scope}.", status=403)

    def require_conversation(self, conversation_id: UUID) -> None:
        """A client token opens its own conversation alone: Problem 404 `not_found` for any other."""
        if self.kind == "client" and self.conversation_id != conversation_id:
            raise Problem("not_found", "There is no such conversation.", status=404)


def unauthorized(detail: str, code: str = "unauthorized") -> Problem:
    return Problem(code, detail, status=401)


class Authenticator:
    """Turns a bearer key into a Caller, remembering the answer for a second; who asks meanwhile waits for the same look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[bytes, tuple[float, asyncio.Task[Caller | Problem]]] = {}

    async def authenticate(self, bearer: str) -> Caller:
        """Raises Problem 401 `unauthorized` or `key_revoked`."""
        hashed = keys.digest(bearer)
        now = time.monotonic()
        known = self._cache.get(hashed)
        if known is None or known[0] < now:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            known = (now + CACHE_SECONDS, asyncio.create_task(self._look_up(bearer)))
            self._cache[hashed] = known
        try:
            found = known[1].result() if known[1].done() else await asyncio.shield(known[1])
        except Exception:
            if self._cache.get(hashed) is known:  # a look that failed tells nothing of the key
                del self._cache[hashed]
            raise
        if isinstance(found, Problem):
            raise Problem(found.code, found.detail, status=found.status)
        if found.expires_at is not None and found.expires_at < datetime.now(UTC):
            raise unauthorized("This client token has expired: open the conversation again.", "token_expired")
        return found

    async def _look_up(self, bearer: str) -> Caller | Problem:
        unknown = unauthorized("This key is not known.")
        if bearer.startswith(keys.CLIENT_PREFIX):
            async with self._database.session() as session:
                token = await keys.find_client_token(session, bearer)
            if token is None:
                return unknown
            return Caller(
                token.id,
                "client",
                token.organization_id,
                conversation_id=token.conversation_id,
                expires_at=token.expires_at,
            )
        if not bearer.startswith(tuple(keys.PREFIXES.values())):
            return unknown
        async with self._database.session() as session:
            key = await keys.find_key(session, bearer)
            if key is None:
                return unknown
            if key.revoked_at is not None:
                return unauthorized("This key was revoked.", "key_revoked")
            await keys.touch_key(session, key)
        kind: CallerKind = "secret" if key.kind == "secret" else "publishable"
        return Caller(
            key.id,
            kind,
            key.organization_id,
            frozenset(key.scopes),
            tuple(origin.lower() for origin in key.allowed_origins),
        )


def bearer_of(connection: HTTPConnection) -> str:
    """The bearer key of a request. Raises Problem 401 `unauthorized`."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise unauthorized("Send a key: `Authorization: Bearer ap_sk_…`.")
    return key


def authorize(connection: HTTPConnection, caller: Caller, allowed: Iterable[CallerKind]) -> None:
    """Whether this kind of caller, with these scopes and from this origin, may come here. Raises Problem 403 `forbidden`."""
    if caller.kind not in allowed:
        raise Problem("forbidden", f"A {caller.kind} key may not do this: use a secret key.", status=403)
    if caller.kind == "secret":
        path = connection.scope["path"]
        scope = next((name for prefix, name in _SCOPES if path.startswith(prefix)), "*")
        write = connection.scope.get("method", "GET") not in ("GET", "HEAD")
        caller.require_scope("approvals" if path.endswith("/resume") else scope, write=write)
    elif caller.kind == "publishable":
        check_origin(connection, caller)


def check_origin(connection: HTTPConnection, caller: Caller) -> None:
    """A publishable key lies open in a page: browsers may use it only from its allowed origins, or from our own pages."""
    origin = connection.headers.get("origin", "").lower().rstrip("/")
    if not origin or "*" in caller.allowed_origins or origin in caller.allowed_origins:
        return
    if origin.partition("://")[2] == connection.headers.get("host", "").lower():
        return
    raise Problem("forbidden", "This key may not be used from this origin.", status=403)
