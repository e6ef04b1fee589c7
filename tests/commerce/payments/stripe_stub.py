"""A small Stripe: Checkout Sessions and refunds, as strict about requests as its documentation, with signed webhooks.

localstripe knows no Checkout Sessions. Amounts are Stripe's minor units.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentpay.commerce.payments.signatures import sign
from agentpay.store.ids import new_id

API_KEY = "sk_test_stub"
WEBHOOK_SECRET = "whsec_stripe_stub"
LEAST = {"usd": 50}

CREATE = {
    "mode",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "adaptive_pricing[enabled]",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "success_url",
    "cancel_url",
}
REFUND = {"payment_intent", "amount"}


class Refusal(Exception):
    def __init__(self, status: int, code: str, kind: str = "invalid_request_error") -> None:
        self.status, self.code, self.kind = status, code, kind


@dataclass
class StripeStub:
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Method, path, headers and form of every request."""
    keys: dict[str, tuple[dict[str, str], dict[str, Any]]] = field(default_factory=dict)
    down: bool = False
    """True: it does the work, and then breaks before it answers."""

    def routes(self) -> list[Route]:
        return [
            Route("/v1/checkout/sessions", self._handler(self._create), methods=["POST"]),
            Route("/v1/checkout/sessions/{id}", self._handler(self._session), methods=["GET"]),
            Route("/v1/checkout/sessions/{id}/expire", self._handler(self._expire), methods=["POST"]),
            Route("/v1/payment_intents/{id}", self._handler(self._intent), methods=["GET"]),
            Route("/v1/refunds", self._handler(self._refund), methods=["POST"]),
            Route("/v1/refunds", self._handler(self._refunds), methods=["GET"]),
        ]

    # What a buyer does on Stripe's page; each answers the event that Stripe sends of it.

    def pay(self, session_id: str) -> dict[str, Any]:
        session = self.sessions[session_id]
        assert session["status"] == "open"
        session |= {"status": "complete", "payment_status": "paid", "url": None, "payment_intent": f"pi_{new_id().hex}"}
        return self.event("checkout.session.completed", session)

    def begin(self, session_id: str) -> dict[str, Any]:
        """Pay with a method whose money comes later."""
        event = self.pay(session_id)
        self.sessions[session_id]["payment_status"] = "unpaid"
        event["data"]["object"]["payment_status"] = "unpaid"
        return event

    def settle(self, session_id: str) -> dict[str, Any]:
        self.sessions[session_id]["payment_status"] = "paid"
        return self.event("checkout.session.async_payment_succeeded", self.sessions[session_id])

    def fail(self, session_id: str) -> dict[str, Any]:
        return self.event("checkout.session.async_payment_failed", self.sessions[session_id])

    def run_out(self, session_id: str) -> dict[str, Any]:
        self.sessions[session_id] |= {"status": "expired", "url": None}
        return self.event("checkout.session.expired", self.sessions[session_id])

    def refund_by_hand(self, session_id: str, amount: int) -> dict[str, Any]:
        """What the merchant does in Stripe's dashboard."""
        session = self.sessions[session_id]
        return self.event("refund.created", self._give(session["payment_intent"], amount, {}))

    @staticmethod
    def event(kind: str, subject: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": f"evt_{new_id().hex}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": json.loads(json.dumps(subject))},
        }

    @staticmethod
    def signed(event: Mapping[str, Any], secret: str = WEBHOOK_SECRET) -> tuple[dict[str, str], bytes]:
        body = json.dumps(event).encode()
        return {"stripe-signature": sign(secret, body), "content-type": "application/json"}, body

    def _handler(self, action: Any) -> Any:
        async def handle(request: Request) -> Response:
            form = {key: str(value) for key, value in (await request.form()).items()}
            self.seen.append((request.method, request.url.path, dict(request.headers), form))
            try:
                if request.headers.get("authorization") != f"Bearer {API_KEY}":
                    raise Refusal(401, "invalid_api_key")
                answer = self._once(request, form, action)
            except Refusal as refusal:
                error = {"type": refusal.kind, "code": refusal.code, "message": "No."}
                return JSONResponse({"error": error}, refusal.status)
            if self.down and request.method == "POST":
                return JSONResponse({"error": {"type": "api_error"}}, 500, {"stripe-should-retry": "false"})
            return JSONResponse(answer)

        return handle

    def _once(self, request: Request, form: dict[str, str], action: Any) -> dict[str, Any]:
        key = request.headers.get("idempotency-key")
        if request.method != "POST" or key is None:
            return dict(action(request, form))
        if key in self.keys:
            before, answer = self.keys[key]
            if before != form:
                raise Refusal(400, "", "idempotency_error")
            return answer
        answer = dict(action(request, form))
        self.keys[key] = (form, json.loads(json.dumps(answer)))
        return answer

    def _create(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        metadata = _known(form, CREATE, "metadata", "payment_intent_data[metadata]")
        amount, currency = (
            int(form["line_items[0][price_data][unit_amount]"]),
            form["line_items[0][price_data][currency]"],
        )
        life = int(form["expires_at"]) - time.time()
        if form["mode"] != "payment" or form["line_items[0][quantity]"] != "1" or not 1800 <= life <= 86400:
            raise Refusal(400, "parameter_invalid")
        if not re.fullmatch("[a-z]{3}", currency) or not form["success_url"].startswith("http"):
            raise Refusal(400, "parameter_invalid")
        if amount < LEAST.get(currency, 0):
            raise Refusal(400, "amount_too_small")
        identifier = f"cs_test_{new_id().hex}"
        self.sessions[identifier] = {
            "id": identifier,
            "object": "checkout.session",
            "amount_total": amount,
            "currency": currency,
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "payment_method_types": ["card"],
            "metadata": metadata,
            "expires_at": int(form["expires_at"]),
            "url": f"https://checkout.stripe.example/c/pay/{identifier}",
        }
        return self.sessions[identifier]

    def _session(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        found = self.sessions.get(request.path_params["id"])
        if found is None:
            raise Refusal(404, "resource_missing")
        if request.query_params.get("expand[0]") != "payment_intent" or found["payment_intent"] is None:
            return found
        paid = found["payment_status"] == "paid"
        intent = {
            "id": found["payment_intent"],
            "object": "payment_intent",
            "status": "succeeded" if paid else "processing",
        }
        return found | {"payment_intent": intent}

    def _intent(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        identifier = request.path_params["id"]
        for session in self.sessions.values():
            if session["payment_intent"] == identifier:
                # Stripe copies what was given as payment_intent_data[metadata]
                return {"id": identifier, "object": "payment_intent", "metadata": session["metadata"]}
        raise Refusal(404, "resource_missing")

    def _expire(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        found = self._session(request, form)
        if found["status"] != "open":
            raise Refusal(400, "resource_not_open")
        self.sessions[found["id"]] |= {"status": "expired", "url": None}
        return self.sessions[found["id"]]

    def _refund(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        return self._give(form["payment_intent"], int(form["amount"]), _known(form, REFUND, "metadata"))

    def _give(self, intent: str, amount: int, metadata: dict[str, str]) -> dict[str, Any]:
        paid = sum(s["amount_total"] for s in self.sessions.values() if s["payment_intent"] == intent)
        given = sum(r["amount"] for r in self.refunds if r["payment_intent"] == intent)
        if given + amount > paid:
            raise Refusal(400, "charge_already_refunded" if given == paid else "amount_too_large")
        currency = next(s["currency"] for s in self.sessions.values() if s["payment_intent"] == intent)
        refund = {
            "id": f"re_{new_id().hex}",
            "object": "refund",
            "amount": amount,
            "currency": currency,
            "payment_intent": intent,
            "status": "succeeded",
            "metadata": metadata,
        }
        self.refunds.append(refund)
        return refund

    def _refunds(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        wanted = request.query_params["payment_intent"]
        found = [refund for refund in self.refunds if refund["payment_intent"] == wanted]
        return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": found}


def _known(form: dict[str, str], names: set[str], *maps: str) -> dict[str, str]:
    """The first map's entries; a parameter nobody knows is refused, as Stripe does."""
    for name in form:
        if name not in names and not any(name.startswith(f"{prefix}[") for prefix in maps):
            raise Refusal(400, "parameter_unknown")
    return {name[len(maps[0]) + 1 : -1]: value for name, value in form.items() if name.startswith(f"{maps[0]}[")}
