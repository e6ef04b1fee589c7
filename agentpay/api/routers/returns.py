"""Returns and exchanges of delivered goods (CONTRACT §4)."""

from __future__ import annotations

from uuid import UUID

from agentpay.api import pagination, problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.after_sales import RefuseIn, ReturnIn
from agentpay.api.schemas.base import Page
from agentpay.commerce import exchanges, return_rows, returns
from agentpay.commerce.after_sale_shapes import ReturnStatus, ReturnView

router = ApiRouter(prefix="/v1/returns", tags=["returns"])


@router.post("", status_code=201, summary="Ask for a return or an exchange", responses=problems.responses(404, 409))
async def create(body: ReturnIn, tx: TxDep, state: StateDep) -> ReturnView:
    """Accepted within the shop's window. An exchange that costs more has a `checkout` to be paid first, unless a stored
    method is named and the shop's policy lets it be charged."""
    reason, method = body.reason, body.payment_method
    if body.exchanges:
        return await exchanges.request(
            tx, body.order_id, body.exchanges, reason=reason, method=method, base_url=state.base_url
        )
    return await returns.request(tx, body.order_id, body.items, reason=reason, method=method, base_url=state.base_url)


@router.get("", summary="List returns, the newest first", responses=problems.responses())
async def list_returns(
    tx: TxDep,
    state: StateDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    order_id: UUID | None = None,
    status: ReturnStatus | None = None,
) -> Page[ReturnView]:
    rows = await return_rows.list_(
        tx,
        base_url=state.base_url,
        limit=limit + 1,
        before=pagination.id_behind(cursor),
        order_id=order_id,
        status=status,
    )
    return pagination.page_of(rows, limit)


@router.get("/{return_id}", summary="Show a return", responses=problems.responses(404))
async def show(return_id: UUID, tx: TxDep, state: StateDep) -> ReturnView:
    return await returns.get(tx, return_id, base_url=state.base_url)


@router.post("/{return_id}/receive", summary="Say that the goods are back", responses=problems.responses(404, 409))
async def receive(return_id: UUID, tx: TxDep, state: StateDep) -> ReturnView:
    """They are in stock again, and what was paid for them is given back; of an exchange, the difference."""
    return await returns.receive(tx, return_id, base_url=state.base_url)


@router.post("/{return_id}/refuse", summary="Refuse a return", responses=problems.responses(404, 409))
async def refuse(return_id: UUID, tx: TxDep, state: StateDep, body: RefuseIn | None = None) -> ReturnView:
    return await returns.refuse(tx, return_id, base_url=state.base_url, reason=body.reason if body else "")
