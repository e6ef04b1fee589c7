"""The sandbox's buyer: does what a person would do on the hosted page, then waits for the webhook (CONTRACT §4, Sandbox)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce import checkout_rows
from agentpay.commerce.payments.paying import Attempt, Paying
from agentpay.commerce.payments.sandbox import cards
from agentpay.errors import Problem, not_found
from agentpay.store.queue import is_pending
from agentpay.store.session import Database
from agentpay.store.tables import Checkout, InboundEvent

CardName = Literal["success", "decline", "three_d_secure", "delayed"]

WAIT_SECONDS = 15.0
MESSAGE_SECONDS = 3.0
_PAUSE = 0.02
_LONGEST_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class BuyerResult:
    """How the checkout stands once the payment's webhook was handled. `failure`: {"code", "message"}."""

    checkout_id: UUID
    status: str
    order_id: UUID | None
    failure: dict[str, Any] | None


async def pay_as_buyer(
    database: Database, paying: Paying, *, organization_id: UUID, url: str, card: CardName
) -> BuyerResult:
    """Pay the checkout at `url` with a test card, approving 3-D Secure. A decline is a result, not a problem.

    Problems: `not_found` (404), `not_sandbox` (409), and those of `Paying.start`. Where the webhook is not handled within
    15 s the result says how things stand then.
    """
    checkout = await _by_url(database, organization_id, url)
    if checkout.provider != "sandbox":
        raise Problem("not_sandbox", "This checkout is paid with a real payment provider.", status=409)
    expiry = f"12/{(datetime.now(UTC).year + 3) % 100:02d}"
    attempt = await paying.pay_by_card(
        organization_id, checkout.id, cards.parse(cards.CARD_OF[card], expiry, "123"), seen_total=checkout.total
    )
    if attempt.payment.status == "requires_action":
        attempt = await paying.authenticate(organization_id, checkout.id, approved=True)
    await webhook_handled(database, attempt)
    await _conversation_told(database, organization_id, checkout.id)
    return await _result(database, organization_id, checkout.id)


async def _by_url(database: Database, organization_id: UUID, url: str) -> Checkout:
    before, _, token = urlsplit(url).path.rstrip("/").rpartition("/")
    async with database.tx(organization_id) as tx:
        checkout = await tx.session.scalar(
            select(Checkout).where(Checkout.organization_id == organization_id, Checkout.token == token)
        )
    if checkout is None or not before.endswith("/pay"):
        raise not_found("checkout")
    return checkout


async def webhook_handled(database: Database, attempt: Attempt, *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until the attempt's event was handled, at most `seconds`; by polling, as any process may handle it."""
    deadline = time.monotonic() + seconds
    pause = _PAUSE
    while attempt.webhook_id is not None and time.monotonic() < deadline:
        async with database.tx(attempt.organization_id) as tx:
            handled = await tx.session.scalar(
                select(InboundEvent.handled_at).where(
                    InboundEvent.organization_id == attempt.organization_id,
                    InboundEvent.source == "sandbox",
                    InboundEvent.external_id == attempt.webhook_id,
                )
            )
        if handled is not None:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)  # a crowd that waits must not keep the workers from their jobs


async def _conversation_told(database: Database, organization_id: UUID, checkout_id: UUID) -> None:
    """A moment's patience, so that who pays and then reads the conversation finds the message there."""
    deadline = time.monotonic() + MESSAGE_SECONDS
    pause = _PAUSE
    while time.monotonic() < deadline:
        async with database.tx(organization_id) as tx:
            if not await is_pending(tx, "conversation.payment_update", checkout_id=str(checkout_id)):
                return
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _result(database: Database, organization_id: UUID, checkout_id: UUID) -> BuyerResult:
    async with database.tx(organization_id) as tx:
        checkout = await checkout_rows.find(tx, checkout_id)
        order_id = (await checkout_rows.orders_of(tx, [checkout_id])).get(checkout_id)
    return BuyerResult(checkout_id, checkout.status, order_id, checkout.failure)
