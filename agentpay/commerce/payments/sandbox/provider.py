"""The sandbox as a payment provider. Its books are `sandbox_payments`; each call is a transaction of the sandbox's own.

A change and the webhook that tells of it are one transaction: the job `sandbox.deliver_webhook` sends it over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agentpay.commerce.payments.protocol import (
    Capabilities,
    CheckoutRequest,
    DisputeOpened,
    Failure,
    InboundWebhook,
    ProviderError,
    ProviderEvent,
    ProviderPayment,
    ProviderRefund,
    RefundRequest,
)
from agentpay.commerce.payments.sandbox import cards, events
from agentpay.commerce.payments.signatures import sign, verify
from agentpay.store.ids import new_id
from agentpay.store.queue import enqueue
from agentpay.store.secrets import service_secret
from agentpay.store.session import Database, Tx
from agentpay.store.tables import SandboxPayment

SIGNATURE_HEADER = "sandbox-signature"
SECRET_NAME = "sandbox_webhook"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the card page is told: the payment now, and the id of the webhook that was sent about it, if one was."""

    payment: ProviderPayment
    event_id: str | None = None


class SandboxProvider:
    """Implements `PaymentProvider`; `submit_card`, `authenticate` and `settle` are what its hosted page and clock call."""

    name = "sandbox"

    def __init__(self, database: Database, *, settle_seconds: float = 5.0, webhook_secret: str | None = None) -> None:
        self._database = database
        self._settle_after = timedelta(seconds=settle_seconds)
        self._secret = webhook_secret

    def capabilities(self) -> Capabilities:
        return Capabilities(hosted_form=True, delayed_settlement=True, disputes=True)

    async def create_checkout(self, request: CheckoutRequest) -> ProviderPayment:
        async with self._database.tx(request.organization_id) as tx:
            await tx.session.execute(
                insert(SandboxPayment)
                .values(
                    id=new_id(),
                    organization_id=request.organization_id,
                    idempotency_key=request.idempotency_key,
                    reference=str(request.checkout_id),
                    amount=request.amount,
                    refunded=0,
                    currency=request.currency,
                )
                .on_conflict_do_nothing()
            )
            row = await tx.session.scalar(
                select(SandboxPayment).where(
                    SandboxPayment.organization_id == request.organization_id,
                    SandboxPayment.idempotency_key == request.idempotency_key,
                )
            )
            if row is None:
                raise ProviderError("The sandbox has this idempotency key under another organization.")
            return events.payment_of(row)

    async def retrieve(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        async with self._locked(organization_id, payment_id) as (_, row):
            return events.payment_of(row)

    async def expire(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        async with self._locked(organization_id, payment_id) as (tx, row):
            if row.status in ("requires_payment", "requires_action"):
                row.status = "cancelled"
                await self._announce(tx, row, "payment_intent.canceled")
            return events.payment_of(row)

    async def refund(self, request: RefundRequest) -> ProviderRefund:
        async with self._locked(request.organization_id, request.charge_id) as (tx, row):
            for earlier in row.refunds:
                if earlier["key"] == request.idempotency_key:
                    return ProviderRefund(id=earlier["id"], status="succeeded", amount=earlier["amount"])
            if row.status != "succeeded" or row.refunded + request.amount > row.amount:
                failure = Failure("refund_refused", "The payment has not that much left to refund.")
                return ProviderRefund(id="", status="failed", amount=request.amount, failure=failure)
            given, _ = await self._give(tx, row, request.amount, request.idempotency_key, str(request.refund_id))
            return given

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> InboundWebhook:
        verify(await self.secret(), body, headers.get(SIGNATURE_HEADER))
        try:
            payload: dict[str, Any] = json.loads(body)
            return InboundWebhook(
                id=str(payload["id"]),
                type=str(payload["type"]),
                organization_id=UUID(payload["data"]["object"]["metadata"]["organization_id"]),
                payload=payload,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("The body is not an event of the sandbox.") from error

    def parse_event(self, payload: Mapping[str, Any]) -> ProviderEvent | None:
        return events.parse(payload)

    async def close(self) -> None:
        """It has no connections of its own."""

    # What a buyer does on the hosted page, and what time does.

    async def submit_card(self, organization_id: UUID, payment_id: str, card: cards.Card) -> Answer:
        """Charge a card. Only a payment that still waits for one takes it; else it is answered as it is."""
        async with self._locked(organization_id, payment_id) as (tx, row):
            if row.status != "requires_payment":
                return Answer(events.payment_of(row))
            row.card = card.as_json()
            match card.behaviour:
                case "succeed":
                    row.status, event = "succeeded", "payment_intent.succeeded"
                case "three_d_secure":
                    row.status = "requires_action"
                    return Answer(events.payment_of(row))
                case "delayed":
                    row.status, event = "processing", "payment_intent.processing"
                    row.settles_at = datetime.now(UTC) + self._settle_after
                    await enqueue(
                        tx,
                        "sandbox.settle",
                        schedule_at=row.settles_at,
                        organization_id=str(organization_id),
                        payment_id=payment_id,
                    )
                case other:
                    row.status, event = "failed", "payment_intent.payment_failed"
                    row.failure = (cards.DECLINED if other else cards.TEST_CARD_REQUIRED).as_json()
            return Answer(events.payment_of(row), await self._announce(tx, row, event))

    async def authenticate(self, organization_id: UUID, payment_id: str, *, approved: bool) -> Answer:
        """The end of the 3-D Secure step."""
        async with self._locked(organization_id, payment_id) as (tx, row):
            if row.status != "requires_action":
                return Answer(events.payment_of(row))
            if approved:
                row.status, event = "succeeded", "payment_intent.succeeded"
            else:
                row.status, event = "failed", "payment_intent.payment_failed"
                row.failure = cards.AUTHENTICATION_FAILED.as_json()
            return Answer(events.payment_of(row), await self._announce(tx, row, event))

    async def settle(self, organization_id: UUID, payment_id: str) -> None:
        """The money of a delayed payment has come."""
        async with self._locked(organization_id, payment_id) as (tx, row):
            if row.status == "processing":
                row.status = "succeeded"
                await self._announce(tx, row, "payment_intent.succeeded")

    async def refund_by_hand(
        self, organization_id: UUID, charge_id: str, amount: int | None
    ) -> tuple[ProviderRefund, str] | None:
        """A refund that nobody asked for through us, `amount` or all that is left; with its event's id. None: not that much."""
        async with self._locked(organization_id, charge_id) as (tx, row):
            wanted = row.amount - row.refunded if amount is None else amount
            if row.status != "succeeded" or not 0 < wanted <= row.amount - row.refunded:
                return None
            return await self._give(tx, row, wanted, None, None)

    async def dispute(self, organization_id: UUID, charge_id: str, reason: str) -> tuple[DisputeOpened, str] | None:
        """The buyer disputes what is left of a charge; answers the dispute and the event's id. None: nothing is left."""
        async with self._locked(organization_id, charge_id) as (tx, row):
            amount = row.amount - row.refunded
            if row.status != "succeeded" or not amount:
                return None
            opened = DisputeOpened(charge_id, events.dispute_id(row.id), amount, row.currency, reason)
            told = {"amount": amount, "reason": reason}
            return opened, await self._announce(tx, row, events.DISPUTE_CREATED, dispute=told)

    async def webhook(
        self,
        organization_id: UUID,
        payment_id: str,
        event_id: str,
        event_type: str,
        created: datetime,
        refund_id: str | None,
        dispute: Mapping[str, Any] | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a webhook to be sent now."""
        async with self._locked(organization_id, payment_id) as (_, row):
            refund = next((entry for entry in row.refunds if entry["id"] == refund_id), None)
            body = json.dumps(events.build(row, event_id, event_type, created, refund, dispute)).encode()
        return body, {"content-type": "application/json", SIGNATURE_HEADER: sign(await self.secret(), body)}

    async def secret(self) -> str:
        """The signing secret: the setting's, else one made at first use and kept in the database."""
        if self._secret is None:
            self._secret = f"whsec_{await service_secret(self._database, SECRET_NAME)}"
        return self._secret

    async def _give(
        self, tx: Tx, row: SandboxPayment, amount: int, key: str | None, refund_id: str | None
    ) -> tuple[ProviderRefund, str]:
        """`refund_id` is ours, None where we did not ask for it. Answers the refund and the event that tells of it."""
        given = ProviderRefund(id=f"re_{new_id().hex}", status="succeeded", amount=amount)
        row.refunds = [*row.refunds, {"key": key, "id": given.id, "refund_id": refund_id, "amount": amount}]
        row.refunded += amount
        return given, await self._announce(tx, row, events.REFUND_UPDATED, refund_id=given.id)

    @asynccontextmanager
    async def _locked(self, organization_id: UUID, reference: str) -> AsyncIterator[tuple[Tx, SandboxPayment]]:
        try:
            identifier = events.row_id(reference)
        except ValueError:
            raise ProviderError("That is no id of the sandbox.") from None
        async with self._database.tx(organization_id) as tx:
            row = await tx.session.scalar(
                select(SandboxPayment)
                .where(SandboxPayment.organization_id == organization_id, SandboxPayment.id == identifier)
                .with_for_update()
            )
            if row is None:
                raise ProviderError("The sandbox has no such payment.")
            yield tx, row

    async def _announce(
        self,
        tx: Tx,
        row: SandboxPayment,
        event_type: str,
        *,
        refund_id: str | None = None,
        dispute: Mapping[str, Any] | None = None,
    ) -> str:
        await tx.session.flush()
        event_id = f"evt_{new_id().hex}"
        await enqueue(
            tx,
            "sandbox.deliver_webhook",
            organization_id=str(row.organization_id),
            payment_id=events.payment_id(row.id),
            event_id=event_id,
            event_type=event_type,
            created=datetime.now(UTC).isoformat(),
            refund_id=refund_id,
            dispute=dispute,
        )
        return event_id
