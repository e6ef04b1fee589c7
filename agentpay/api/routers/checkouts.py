"""Checkouts: a purchase on its way, with the page where the buyer pays at its `url`."""

from __future__ import annotations

from uuid import UUID

from agentpay.api import pagination, problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.pagination import Cursor, Limit
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Page
from agentpay.commerce import checkouts
from agentpay.commerce.checkout_inputs import CheckoutInput, CheckoutPatch
from agentpay.commerce.shapes import CheckoutStatus, CheckoutView

router = ApiRouter(prefix="/v1/checkouts", tags=["checkouts"])


@router.post("", status_code=201, summary="Create a checkout", responses=problems.responses(404, 409))
async def create(body: CheckoutInput, tx: TxDep, state: StateDep) -> CheckoutView:
    """Totals are the server's. The stock is held for a while; what is missing to pay may be given later."""
    return await checkouts.create(tx, body, base_url=state.base_url)


@router.get("", summary="List checkouts, the newest first", responses=problems.responses())
async def list_checkouts(
    tx: TxDep,
    state: StateDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    status: CheckoutStatus | None = None,
    conversation_id: UUID | None = None,
) -> Page[CheckoutView]:
    rows = await checkouts.list_(
        tx,
        base_url=state.base_url,
        limit=limit + 1,
        before=pagination.id_behind(cursor),
        status=status,
        conversation_id=conversation_id,
    )
    return pagination.page_of(rows, limit)


@router.get("/{checkout_id}", summary="Show a checkout", responses=problems.responses(404))
async def show(checkout_id: UUID, tx: TxDep, state: StateDep) -> CheckoutView:
    return await checkouts.get(tx, checkout_id, base_url=state.base_url)


@router.patch("/{checkout_id}", summary="Change an open checkout", responses=problems.responses(404, 409))
async def change(checkout_id: UUID, body: CheckoutPatch, tx: TxDep, state: StateDep) -> CheckoutView:
    return await checkouts.update(tx, checkout_id, body, base_url=state.base_url)


@router.post("/{checkout_id}/cancel", summary="Cancel an open checkout", responses=problems.responses(404, 409))
async def cancel(checkout_id: UUID, tx: TxDep, state: StateDep) -> CheckoutView:
    return await checkouts.cancel(tx, checkout_id, base_url=state.base_url)
