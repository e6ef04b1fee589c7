"""The sandbox's buyer, for tests and demonstrations."""

from __future__ import annotations

from agentpay.api import problems
from agentpay.api.deps import CallerDep, StateDep, TxDep
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.after_sales import (
    DisputeIn,
    DisputeView,
    FaultsIn,
    FaultsView,
    SandboxRefundIn,
    SandboxRefundView,
)
from agentpay.api.schemas.commerce import SandboxPayIn, SandboxPayView
from agentpay.commerce.payments.buyer import pay_as_buyer
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.sandbox import by_hand, faults

router = ApiRouter(prefix="/v1/sandbox", tags=["sandbox"])

_BY_HAND = problems.responses(404, 409)


@router.post("/pay", summary="Pay a checkout as its buyer would", responses=problems.responses(404, 409, 503))
async def pay(body: SandboxPayIn, state: StateDep, caller: CallerDep) -> SandboxPayView:
    """Answers after the payment's webhook was handled. 3-D Secure is approved; a decline is a 200 with `failure`."""
    paying = Paying(state.database, state.providers, base_url=state.base_url)
    result = await pay_as_buyer(
        state.database, paying, organization_id=caller.organization_id, url=body.url, card=body.card
    )
    return SandboxPayView.model_validate(result)


@router.get("/faults", summary="What goes wrong with the sandbox's webhooks", responses=problems.responses())
async def show_faults(tx: TxDep) -> FaultsView:
    return FaultsView.model_validate(await faults.get(tx))


@router.put("/faults", summary="Make the sandbox's webhooks fail", responses=problems.responses(409))
async def put_faults(body: FaultsIn, tx: TxDep) -> FaultsView:
    """For tests of what a shop does then. Events that are kept back now are sent."""
    return FaultsView.model_validate(await faults.put(tx, faults.Shares(**body.model_dump())))


@router.post("/disputes", status_code=202, summary="Dispute a charge as its buyer would", responses=_BY_HAND)
async def open_dispute(body: DisputeIn, state: StateDep, caller: CallerDep) -> DisputeView:
    """The sandbox tells of it by a webhook, which notes it on the order."""
    made = await by_hand.dispute(
        state.database,
        state.providers.sandbox,
        organization_id=caller.organization_id,
        order_id=body.order_id,
        reason=body.reason,
    )
    return DisputeView.model_validate(made)


@router.post("/refunds", status_code=202, summary="Refund a charge in the sandbox's dashboard", responses=_BY_HAND)
async def refund_by_hand(body: SandboxRefundIn, state: StateDep, caller: CallerDep) -> SandboxRefundView:
    """Behind the shop's back: the sandbox tells of it by a webhook, which brings it to the order."""
    made = await by_hand.refund(
        state.database,
        state.providers.sandbox,
        organization_id=caller.organization_id,
        order_id=body.order_id,
        amount=body.amount,
    )
    return SandboxRefundView.model_validate(made)
