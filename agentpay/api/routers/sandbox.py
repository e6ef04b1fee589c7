"""The sandbox's buyer, for tests and demonstrations."""

from __future__ import annotations

from agentpay.api import problems
from agentpay.api.deps import CallerDep, StateDep
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.commerce import SandboxPayIn, SandboxPayView
from agentpay.commerce.payments.buyer import pay_as_buyer
from agentpay.commerce.payments.paying import Paying

router = ApiRouter(prefix="/v1/sandbox", tags=["sandbox"])


@router.post("/pay", summary="Pay a checkout as its buyer would", responses=problems.responses(404, 409, 503))
async def pay(body: SandboxPayIn, state: StateDep, caller: CallerDep) -> SandboxPayView:
    """Answers after the payment's webhook was handled. 3-D Secure is approved; a decline is a 200 with `failure`."""
    paying = Paying(state.database, state.providers, base_url=state.base_url)
    result = await pay_as_buyer(
        state.database, paying, organization_id=caller.organization_id, url=body.url, card=body.card
    )
    return SandboxPayView.model_validate(result)
