"""`make_offer`: what the agent may say of a price, and what it says by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update

from agentpay.store.session import Database
from agentpay.store.tables import Agent, PriceOffer, Variant
from agentpay.tools.make_offer import MakeOffer, run
from agentpay.tools.tool import ToolResult
from tests.commerce import shop
from tests.numbers import stands
from tests.tools.conftest import MakeContext

RULES = {"max_discount_percent": 30, "allow_dynamic_pricing": True}


async def make(
    database: Database,
    organization_id: UUID,
    make_context: MakeContext,
    rules: dict[str, Any],
    *calls: dict[str, Any],
    hesitation: int = 0,
) -> list[ToolResult]:
    """Calls about a lamp at 100.00 with a floor of 81.37, one after the other."""
    async with database.tx(organization_id) as tx:
        if not await tx.session.scalar(
            select(exists().where(Variant.organization_id == organization_id, Variant.floor == 8137))
        ):
            await shop.variant(tx, "lamp", price=10000, floor=8137, dynamic=True)
        await tx.session.execute(update(Agent).where(Agent.organization_id == organization_id).values(rules=rules))
    context = await make_context()
    context.hesitation_signals = hesitation
    settings = context.services.settings.model_copy(update={"offer_ttl_minutes": 30})
    context.services = replace(context.services, settings=settings)
    made = []
    for call in calls:
        async with database.tx(organization_id) as tx:
            made.append(await run(context, tx, MakeOffer(variant="lamp", **call)))
    return made


async def test_what_waits_for_a_person_is_not_shown_as_an_offer(
    database: Database, organization_id: UUID, make_context: MakeContext
) -> None:
    rules = {**RULES, "max_discount_percent": 5, "approval_discount_percent": 30}
    asked, again = await make(database, organization_id, make_context, rules, {"price": 9000}, {"price": 9000})
    assert asked.data["decision"] == "needs_approval"
    assert (again.data["decision"], again.data["reason"], again.data["offer"]) == ("hold", "pending", None)
    assert again.blocks == []
    async with database.tx(organization_id) as tx:
        statuses = await tx.session.scalars(
            select(PriceOffer.status).where(PriceOffer.organization_id == organization_id)
        )
        assert list(statuses) == ["pending_approval"]


async def test_an_offer_is_volunteered_when_the_rules_say_so_and_not_before(
    database: Database, organization_id: UUID, make_context: MakeContext
) -> None:
    rules = {**RULES, "triggers": {"hesitation_signals": 3}}
    volunteer = {"action": "volunteer"}
    early = await make(database, organization_id, make_context, rules, volunteer, hesitation=2)
    assert (early[0].data["decision"], early[0].data["reason"], early[0].blocks) == ("hold", "no_trigger", [])
    due = await make(database, organization_id, make_context, rules, volunteer, hesitation=3)
    assert due[0].data["decision"] == "offer"
    untold = await make(database, organization_id, make_context, RULES, volunteer, hesitation=9)
    assert untold[0].data["reason"] == "no_trigger"


async def test_an_offer_holds_as_long_as_the_operator_says(
    database: Database, organization_id: UUID, make_context: MakeContext
) -> None:
    (made,) = await make(database, organization_id, make_context, RULES, {"price": 5000})
    expires = datetime.fromisoformat(made.data["offer"]["expires_at"])
    assert timedelta(minutes=29) < expires - datetime.now(UTC) <= timedelta(minutes=30)


async def test_no_result_and_no_block_holds_the_floor(
    database: Database, organization_id: UUID, make_context: MakeContext
) -> None:
    prices = (5000, 8136, 8137, None, 8137, 1)
    results = await make(database, organization_id, make_context, RULES, *({"price": price} for price in prices))
    told = json.dumps([[result.data, result.blocks] for result in results], default=str)
    assert not stands(8137, told)
    assert "81.37" not in told
    assert results[-1].data["final"] is True
