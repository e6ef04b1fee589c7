"""Paying a checkout: `confirming` is committed first, then the provider is asked, then the answer is recorded (DESIGN §5).

The provider is called outside any transaction and with the key `checkout:{id}:{attempt}`, so a crash at any point is
mended by asking again: the job `payments.reconcile`, enqueued with `confirming`, does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from agentpay.commerce import change_links, checkout_events, checkout_rows, checkouts, customers, discounts, offers
from agentpay.commerce.checkout_totals import reprice
from agentpay.commerce.payments import settle
from agentpay.commerce.payments.protocol import (
    CheckoutRequest,
    PaymentChanged,
    ProviderError,
    ProviderPayment,
    ProviderRefused,
)
from agentpay.commerce.payments.registry import Providers
from agentpay.commerce.payments.sandbox.cards import Card
from agentpay.errors import Problem
from agentpay.store.queue import enqueue
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Checkout

RECONCILE_AFTER = timedelta(seconds=10)
"""How long a payment may stay unanswered before the provider is asked about it."""
ACTION_TIMEOUT = timedelta(minutes=15)
"""How long a buyer may take for the 3-D Secure step."""
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment under way. `webhook_id` is the provider's event about it, where one was sent."""

    organization_id: UUID
    checkout_id: UUID
    payment: ProviderPayment
    webhook_id: str | None = None


class Paying:
    """What a buyer does to a checkout. `base_url`: where buyers reach this service, without a trailing slash."""

    def __init__(self, database: Database, providers: Providers, *, base_url: str) -> None:
        self._database = database
        self._providers = providers
        self._base_url = base_url

    async def start(self, organization_id: UUID, checkout_id: UUID, *, seen_total: int | None = None) -> Attempt:
        """Confirm the checkout and open a payment for it at its provider. `seen_total`: what the buyer was shown.

        Problems: `checkout_not_open`, `checkout_changed` (extra `total`: the price moved, look again), `out_of_stock`,
        `offer_invalid`, the code's (409), `checkout_incomplete` (422, extra `missing`), `payment_refused` (422, extra
        `reason`: it will never be taken like this), `payment_provider_unknown` (404), `payment_provider_unavailable` (503).
        """
        request, name = await self._confirm(organization_id, checkout_id, seen_total)
        try:
            payment = await self._providers.get(name).create_checkout(request)
        except ProviderError:
            raise Problem(
                "payment_provider_unavailable", "The payment could not be started; it is tried again.", status=503
            ) from None
        except ProviderRefused as refused:
            await self._refused(request, refused)
            raise Problem("payment_refused", refused.failure.message, reason=refused.failure.code) from None
        await self._refer(organization_id, checkout_id, request.idempotency_key, payment)
        return Attempt(organization_id, checkout_id, payment)

    async def pay_by_card(
        self, organization_id: UUID, checkout_id: UUID, card: Card, *, seen_total: int | None = None
    ) -> Attempt:
        """The sandbox's card form: start, charge, note the answer. The order itself comes with the webhook."""
        started = await self.start(organization_id, checkout_id, seen_total=seen_total)
        answer = await self._providers.sandbox.submit_card(organization_id, started.payment.id, card)
        await self._note(organization_id, checkout_id, answer.payment)
        return Attempt(organization_id, checkout_id, answer.payment, answer.event_id)

    async def authenticate(self, organization_id: UUID, checkout_id: UUID, *, approved: bool) -> Attempt:
        """The sandbox's 3-D Secure step. Problem 409 `no_authentication_pending`."""
        async with self._database.tx(organization_id) as tx:
            checkout = await checkout_rows.find(tx, checkout_id)
            reference = checkout.provider_reference
        if checkout.status != "confirming" or checkout.provider != "sandbox" or reference is None:
            raise Problem("no_authentication_pending", "There is nothing to confirm here.", status=409)
        answer = await self._providers.sandbox.authenticate(organization_id, reference, approved=approved)
        await self._note(organization_id, checkout_id, answer.payment)
        return Attempt(organization_id, checkout_id, answer.payment, answer.event_id)

    async def reconcile(self, organization_id: UUID, checkout_id: UUID, attempt: int, began: datetime) -> None:
        """Ask the provider about an attempt that was left without an answer, and bring the shop in line with it."""
        async with self._database.tx(organization_id) as tx:
            checkout = await checkout_rows.find(tx, checkout_id)
            request = self._request(tx, checkout, began)
        if checkout.status not in ("confirming", "confirmed") or checkout.attempt != attempt:
            return
        provider = self._providers.get(checkout.provider)
        if checkout.provider_reference is None:
            try:
                payment = await provider.create_checkout(request)  # the same key: answers the payment there is
            except ProviderRefused as refused:
                await self._refused(request, refused)
                return
            await self._refer(organization_id, checkout_id, request.idempotency_key, payment)
        else:
            payment = await provider.retrieve(organization_id, checkout.provider_reference)
        age = datetime.now(UTC) - began
        allowed = ACTION_TIMEOUT if payment.status == "requires_action" or payment.redirect_url else RECONCILE_AFTER
        if payment.status in ("requires_payment", "requires_action") and age >= allowed:
            payment = await provider.expire(organization_id, payment.id)
        async with self._database.tx(organization_id) as tx:
            await settle.apply(tx, provider.name, PaymentChanged(checkout_id, payment))
            if payment.status in ("requires_payment", "requires_action", "processing"):
                await _reconcile_later(tx, checkout_id, attempt, began, min(max(age, RECONCILE_AFTER), LONGEST_PAUSE))

    async def _confirm(
        self, organization_id: UUID, checkout_id: UUID, seen_total: int | None
    ) -> tuple[CheckoutRequest, str]:
        """`open → confirming`, once however many try: the row is locked, and only an open one passes.

        Prices, code, offer and shipping are those of this moment. A total the buyer has not seen is stored, but not charged.
        """
        now = datetime.now(UTC)
        try:
            async with self._database.tx(organization_id) as tx:
                checkout = await checkout_rows.lock(tx, checkout_id)
                checkout_rows.require_open(checkout, now)
                self._providers.get(checkout.provider)  # nothing is confirmed that nobody here could carry out
                shown = checkout.total if seen_total is None else seen_total
                await _price_now(tx, checkout, now)
                changed = checkout.total != shown
                if not changed:
                    await _take(tx, checkout, now)
                request = self._request(tx, checkout, now)
        except IntegrityError as error:
            if "uq_checkouts_offer" in str(error.orig):  # another checkout is being paid with this offer
                raise offers.offer_invalid() from None
            raise
        if changed:
            raise Problem(
                "checkout_changed",
                "The total has changed since this checkout was last shown.",
                status=409,
                total=request.amount,
                previous_total=shown,
                currency=request.currency,
            )
        return request, checkout.provider

    async def _refer(self, organization_id: UUID, checkout_id: UUID, key: str, payment: ProviderPayment) -> None:
        """Remember which payment the attempt is. Where the attempt is over meanwhile, nothing may be charged for it."""
        async with self._database.tx(organization_id) as tx:
            checkout = await checkout_rows.lock(tx, checkout_id)
            current = checkout.status == "confirming" and _key(checkout) == key
            if current:
                checkout.provider_reference = payment.id
                return
        raise Problem("checkout_not_open", "This payment attempt is over.", status=409, checkout_status=checkout.status)

    async def _note(self, organization_id: UUID, checkout_id: UUID, payment: ProviderPayment) -> None:
        async with self._database.tx(organization_id) as tx:
            checkout = await checkout_rows.find(tx, checkout_id)
            await settle.apply(tx, checkout.provider, PaymentChanged(checkout_id, payment), place_order=False)

    async def _refused(self, request: CheckoutRequest, refused: ProviderRefused) -> None:
        """The attempt is over before it has a payment: the checkout is open again, and says why."""
        payment = ProviderPayment(
            id=request.idempotency_key,
            status="cancelled",
            amount=request.amount,
            currency=request.currency,
            failure=refused.failure,
        )
        await self._refer(request.organization_id, request.checkout_id, request.idempotency_key, payment)
        await self._note(request.organization_id, request.checkout_id, payment)

    def _request(self, tx: Tx, checkout: Checkout, began: datetime) -> CheckoutRequest:
        return CheckoutRequest(
            organization_id=tx.organization_id,
            checkout_id=checkout.id,
            idempotency_key=_key(checkout),
            began=began,
            amount=checkout.total,
            currency=checkout.currency,
            return_url=checkout_rows.url_of(checkout, self._base_url),
            email=checkout.email,
        )


def _key(checkout: Checkout) -> str:
    return f"checkout:{checkout.id}:{checkout.attempt}"


async def _price_now(tx: Tx, checkout: Checkout, now: datetime) -> None:
    lines = await checkout_rows.sale_lines(tx, checkout.id)
    if any(not line.sellable for line in lines):
        raise Problem("variant_unavailable", "An item of this checkout is no longer for sale.", status=409)
    if checkout.purpose == change_links.PURPOSE:  # its total was agreed
        await change_links.require_waiting(tx, checkout)
        return
    missing = await checkouts.missing_of(tx, checkout, lines)
    if missing:
        raise Problem("checkout_incomplete", "Some details are missing before this can be paid.", missing=missing)
    await reprice(tx, checkout, lines, now=now)


async def _take(tx: Tx, checkout: Checkout, now: datetime) -> None:
    """Stock and code for this attempt, and the promise to look after it."""
    if checkout.customer_id is None and checkout.email is not None:
        checkout.customer_id = (await customers.buyer(tx, checkout.email, checkout.name)).id
    await checkouts.keep_hold(tx, checkout, now)
    if checkout.discount_id is not None:
        await discounts.hold(
            tx, checkout.id, discount_id=checkout.discount_id, customer_id=checkout.customer_id, now=now
        )
    checkout.status = "confirming"
    checkout.commitment_level = "committed"
    checkout.attempt += 1
    checkout.failure = None
    checkout.provider_reference = None
    await tx.session.flush()
    await checkout_events.emit(tx, "checkout.updated", checkout)
    await _reconcile_later(tx, checkout.id, checkout.attempt, now, RECONCILE_AFTER)


async def _reconcile_later(tx: Tx, checkout_id: UUID, attempt: int, began: datetime, after: timedelta) -> None:
    await enqueue(
        tx,
        "payments.reconcile",
        schedule_at=datetime.now(UTC) + after,
        organization_id=str(tx.organization_id),
        checkout_id=str(checkout_id),
        attempt=attempt,
        began=began.isoformat(),
    )


async def by_token(database: Database, token: str) -> Checkout | None:
    """The checkout behind a hosted page's URL, of whichever organization; None for an unknown token."""
    async with database.session() as session:
        found: Checkout | None = await session.scalar(select(Checkout).where(Checkout.token == token))
        return found
