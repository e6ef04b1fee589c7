"""What endpoints ask for. Every resource's router looks like this:

    router = ApiRouter(prefix="/v1/orders", tags=["orders"])

    @router.get("/{order_id}", responses=problems.responses(404))
    async def get(order_id: UUID, tx: TxDep) -> OrderView: ...

`ApiRouter` (api/routing.py) authenticates, lets secret keys in alone unless `@allow(...)` says otherwise, checks scopes,
refuses other content types than JSON, and keeps `Idempotency-Key`. `TxDep` is the request's unit of work for the caller's
organization: committed after the endpoint returned and before the answer leaves, rolled back on any error.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from agentpay.api.auth import Caller
from agentpay.api.state import AppState
from agentpay.store.session import Tx


def current_state(connection: HTTPConnection) -> AppState:
    """The services of this process."""
    state = connection.app.state.agentpay
    assert isinstance(state, AppState)
    return state


def current_caller(connection: HTTPConnection) -> Caller:
    """Who asks; ApiRoute has authenticated them."""
    caller = connection.scope["agentpay.caller"]
    assert isinstance(caller, Caller)
    return caller


async def transaction(request: Request) -> AsyncIterator[Tx]:
    """The request's unit of work."""
    async with current_state(request).database.tx(current_caller(request).organization_id) as tx:
        request.scope["agentpay.tx"] = tx
        yield tx


async def _state(connection: HTTPConnection) -> AppState:
    """A coroutine: FastAPI sends a plain function to a thread."""
    return current_state(connection)


async def _caller(connection: HTTPConnection) -> Caller:
    return current_caller(connection)


StateDep = Annotated[AppState, Depends(_state)]
CallerDep = Annotated[Caller, Depends(_caller)]
TxDep = Annotated[Tx, Depends(transaction, scope="function")]
