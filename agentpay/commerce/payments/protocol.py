"""What AgentPay asks of a payment provider (DESIGN §5). Amounts are integer minor units of `currency`.

Every call talks to somebody else's server: make it outside any transaction that holds locks. Every call that moves
money carries an idempotency key, so that it can be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
from uuid import UUID

PaymentStatus = Literal["requires_payment", "requires_action", "processing", "succeeded", "failed", "cancelled"]
RefundStatus = Literal["pending", "succeeded", "failed"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do. `hosted_form`: our own page takes the card; else the buyer is sent to `redirect_url`."""

    hosted_form: bool
    partial_refunds: bool = True
    delayed_settlement: bool = False
    expires: bool = True
    """`expire` closes a payment nobody made yet; without it the provider's own time limit does, and only that."""
    exact_partial_refunds: bool = True
    """False: what is given back of a taxed payment may be a minor unit less, as the provider works the tax out itself."""
    disputes: bool = False
    """Its events tell of disputes."""
    saved_methods: bool = False
    """It is a `ChargesSavedMethods` too."""


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """`idempotency_key` is `checkout:{id}:{attempt}`: the same key answers the same payment, never a second one."""

    organization_id: UUID
    checkout_id: UUID
    idempotency_key: str
    amount: int
    currency: str
    return_url: str
    email: str | None = None
    description: str = ""
    began: datetime | None = None
    """When the attempt began: the same however often the request is repeated."""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A method the buyer stored with the provider, in the provider's ids."""

    id: str
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it was not paid: a stable code (`card_declined`, `authentication_failed`) and a sentence for the buyer."""

    code: str
    message: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider sees it now. `charge_id` names the movement of money, and is what refunds refer to."""

    id: str
    status: PaymentStatus
    amount: int
    currency: str
    charge_id: str | None = None
    refunded: int = 0
    method: dict[str, Any] = field(default_factory=dict)
    """{"type": "card", "brand", "last4"}; never a number."""
    failure: Failure | None = None
    redirect_url: str | None = None
    """Where the buyer goes to pay, with providers that host their own page."""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """`idempotency_key` is `refund:{refund id}`."""

    organization_id: UUID
    refund_id: UUID
    idempotency_key: str
    charge_id: str
    amount: int
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    id: str
    status: RefundStatus
    amount: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class InboundWebhook:
    """A verified event: authentic, not yet understood. `id` is the provider's, unique per event."""

    id: str
    type: str
    organization_id: UUID
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PaymentChanged:
    """An event about a payment of a checkout."""

    checkout_id: UUID
    payment: ProviderPayment


@dataclass(frozen=True, slots=True)
class RefundChanged:
    """An event about a refund of ours."""

    refund_id: UUID
    refund: ProviderRefund


@dataclass(frozen=True, slots=True)
class RefundMade:
    """An event about a refund that was made at the provider, not asked for by us. `charge_id` as in the ledger."""

    charge_id: str
    refund: ProviderRefund


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """An event about a buyer who disputes a charge with their bank. `id` is the provider's, of the dispute."""

    charge_id: str
    id: str
    amount: int
    currency: str
    reason: str


ProviderEvent = PaymentChanged | RefundChanged | RefundMade | DisputeOpened


class ProviderError(Exception):
    """The provider could not be reached or could not answer; the same call may be made again."""


class ProviderRefused(Exception):
    """The provider will never take this payment as it is (an amount below its least, a currency it has not)."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class SignatureError(Exception):
    """A webhook that the provider did not sign, or signed too long ago."""


class UnrelatedEvent(Exception):
    """An authentic webhook about something that AgentPay did not start: nothing is to be done, nor tried again."""


class PaymentProvider(Protocol):
    """Implementations are shared by all organizations of a process and keep no state of a payment."""

    @property
    def name(self) -> str:
        """As in `organizations.payment_provider`, `payments.processor` and `/v1/webhooks/{name}`."""

    def capabilities(self) -> Capabilities: ...

    async def create_checkout(self, request: CheckoutRequest) -> ProviderPayment:
        """Start a payment, or answer as it is now the one started under this key. Raises ProviderError, ProviderRefused."""

    async def retrieve(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        """The payment as it is now. Raises ProviderError."""

    async def expire(self, organization_id: UUID, payment_id: str) -> ProviderPayment:
        """Make sure it cannot be paid any more, if it was not; answers as it then is: `cancelled`, or what came first.

        Where `capabilities().expires` is false it is answered as it is, open or not.
        """

    async def refund(self, request: RefundRequest) -> ProviderRefund:
        """Give money back, once a key. A refusal is `status: failed`. Raises ProviderError."""

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> InboundWebhook:
        """Raises SignatureError; UnrelatedEvent; ValueError where an authentic body is no event at all; ProviderError."""

    def parse_event(self, payload: Mapping[str, Any]) -> ProviderEvent | None:
        """What a stored event says; None: nothing of interest."""

    async def close(self) -> None:
        """Let go of connections. Nothing may be asked afterwards."""


@runtime_checkable
class ChargesSavedMethods(Protocol):
    """What a provider with `capabilities().saved_methods` can do besides."""

    async def charge_saved(self, request: CheckoutRequest, method: SavedMethod) -> ProviderPayment:
        """Charge a stored method now, once a key. A decline, or a bank that asks for the buyer, is `status: failed`.

        Raises ProviderError, ProviderRefused.
        """
