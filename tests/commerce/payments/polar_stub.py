"""A small Polar: checkouts, orders with the tax inside, and refunds before tax, as its server computes them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import time
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from polar.v2026_10 import outputs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentpay.store.ids import new_id

ACCESS_TOKEN = "polar_oat_stub"
PRODUCT_ID = "11111111-1111-4111-8111-111111111111"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of Polar's stub").decode()
CREATE = {
    "products",
    "prices",
    "currency",
    "allow_discount_codes",
    "customer_email",
    "success_url",
    "return_url",
    "metadata",
}
REFUND = {"order_id", "reason", "amount", "revoke_benefits", "metadata"}


def blank(model: Any) -> dict[str, Any]:
    """An object of the SDK's model with nothing in it, in JSON."""
    hints = typing.get_type_hints(model)
    return {item.name: _nothing(hints[item.name]) for item in dataclasses.fields(model)}


def _nothing(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if type(None) in arguments else _nothing(arguments[0])
    if origin is typing.Literal:
        return arguments[0]
    if dataclasses.is_dataclass(hint):
        return blank(hint)
    return {} if origin is dict else [] if origin is list else hint()


@dataclass
class PolarStub:
    tax_percent: int = 0
    """Tax inside the total."""
    checkouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    down: bool = False
    """True: it does the work, and then breaks before it answers."""

    def routes(self) -> list[Route]:
        return [
            Route("/v1/checkouts/", self._handler(self._create), methods=["POST"]),
            Route("/v1/checkouts/", self._handler(self._checkouts), methods=["GET"]),
            Route("/v1/checkouts/{id}", self._handler(self._checkout), methods=["GET"]),
            Route("/v1/orders/", self._handler(self._orders), methods=["GET"]),
            Route("/v1/orders/{id}", self._handler(self._order), methods=["GET"]),
            Route("/v1/refunds/", self._handler(self._refund), methods=["POST"]),
            Route("/v1/refunds/", self._handler(self._refunds), methods=["GET"]),
        ]

    # What a buyer does on Polar's page; each answers the event that Polar sends of it.

    def pay(self, checkout_id: str) -> dict[str, Any]:
        checkout = self.checkouts[checkout_id]
        assert checkout["status"] == "open"
        checkout["status"] = "succeeded"
        total = checkout["total_amount"]
        tax = round(total * self.tax_percent / (100 + self.tax_percent))
        order = blank(outputs.Order) | {
            "id": str(new_id()),
            "created_at": _now(),
            "status": "paid",
            "paid": True,
            "subtotal_amount": total,
            "net_amount": total - tax,
            "tax_amount": tax,
            "total_amount": total,
            "refundable_amount": total - tax,
            "refundable_tax_amount": tax,
            "currency": checkout["currency"],
            "checkout_id": checkout_id,
            "metadata": checkout["metadata"],
        }
        self.orders[order["id"]] = order
        return self.event("order.paid", order)

    def begin(self, checkout_id: str) -> dict[str, Any]:
        self.checkouts[checkout_id]["status"] = "confirmed"
        return self.event("checkout.updated", self.checkouts[checkout_id])

    def settle(self, checkout_id: str) -> dict[str, Any]:
        self.checkouts[checkout_id]["status"] = "open"
        return self.pay(checkout_id)

    def fail(self, checkout_id: str) -> dict[str, Any]:
        self.checkouts[checkout_id]["status"] = "failed"
        return self.event("checkout.updated", self.checkouts[checkout_id])

    def run_out(self, checkout_id: str) -> dict[str, Any]:
        self.checkouts[checkout_id]["status"] = "expired"
        return self.event("checkout.expired", self.checkouts[checkout_id])

    def refund_by_hand(self, checkout_id: str, amount: int) -> dict[str, Any]:
        """What the merchant does in Polar's dashboard."""
        (order,) = [order for order in self.orders.values() if order["checkout_id"] == checkout_id]
        return self.event("refund.created", self._give(order, amount, "other", {}))

    @staticmethod
    def event(kind: str, subject: Mapping[str, Any]) -> dict[str, Any]:
        data = json.loads(json.dumps(subject))
        return {"type": kind, "timestamp": _now(), "api_version": "2026-10", "data": data}

    @staticmethod
    def signed(event: Mapping[str, Any], secret: str = WEBHOOK_SECRET) -> tuple[dict[str, str], bytes]:
        """Standard Webhooks: an id and a time beside the signature over all three."""
        body, identifier, now = json.dumps(event).encode(), f"msg_{new_id().hex}", str(int(time.time()))
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{identifier}.{now}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": identifier,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            "content-type": "application/json",
        }, body

    def _handler(self, action: Any) -> Any:
        async def handle(request: Request) -> Response:
            body = await request.body()
            given = json.loads(body) if body else {}
            self.seen.append((request.method, request.url.path, dict(request.headers), given))
            if request.headers.get("authorization") != f"Bearer {ACCESS_TOKEN}":
                return JSONResponse({"error": "invalid_token"}, 401)
            answer = action(request, given)
            if self.down and request.method == "POST":
                return JSONResponse({"error": "InternalServerError"}, 500)
            return (
                answer
                if isinstance(answer, Response)
                else JSONResponse(answer, 201 if request.method == "POST" else 200)
            )

        return handle

    def _create(self, request: Request, given: dict[str, Any]) -> Any:
        prices = given.get("prices", {}).get(PRODUCT_ID, [])
        if set(given) - CREATE or given.get("products") != [PRODUCT_ID] or len(prices) != 1:
            return _invalid("body")
        price = prices[0]
        if price["amount_type"] != "fixed" or price["tax_behavior"] != "inclusive" or given["allow_discount_codes"]:
            return _invalid("prices")
        if price["price_currency"] == "usd" and price["price_amount"] < 50:
            return _invalid("price_amount")
        identifier = str(new_id())
        self.checkouts[identifier] = blank(outputs.Checkout) | {
            "id": identifier,
            "created_at": _now(),
            "status": "open",
            "url": f"https://polar.example/checkout/{identifier}",
            "amount": price["price_amount"],
            "net_amount": price["price_amount"],
            "total_amount": price["price_amount"],
            "currency": price["price_currency"],
            "product_id": PRODUCT_ID,
            "customer_email": given.get("customer_email"),
            "success_url": given["success_url"],
            "return_url": given["return_url"],
            "metadata": given["metadata"],
        }
        return self.checkouts[identifier]

    def _checkouts(self, request: Request, given: dict[str, Any]) -> Any:
        newest = sorted(self.checkouts.values(), key=lambda checkout: str(checkout["created_at"]), reverse=True)
        wanted = request.query_params.get("product_id")
        return _page(request, [checkout for checkout in newest if checkout["product_id"] == wanted])

    def _checkout(self, request: Request, given: dict[str, Any]) -> Any:
        found = self.checkouts.get(request.path_params["id"])
        return found or JSONResponse({"error": "ResourceNotFound", "detail": "Not found"}, 404)

    def _orders(self, request: Request, given: dict[str, Any]) -> Any:
        wanted = request.query_params["checkout_id"]
        return _page(request, [order for order in self.orders.values() if order["checkout_id"] == wanted])

    def _order(self, request: Request, given: dict[str, Any]) -> Any:
        found = self.orders.get(request.path_params["id"])
        return found or JSONResponse({"error": "ResourceNotFound", "detail": "Not found"}, 404)

    def _refund(self, request: Request, given: dict[str, Any]) -> Any:
        order = self.orders.get(given["order_id"])
        if set(given) - REFUND or order is None or given["amount"] < 1:
            return _invalid("body")
        if order["refundable_amount"] == 0:
            return JSONResponse({"error": "RefundedAlready", "detail": "Refunded."}, 403)
        if given["amount"] > order["refundable_amount"]:
            return _invalid("amount")
        return self._give(order, given["amount"], given["reason"], given["metadata"])

    def _give(self, order: dict[str, Any], amount: int, reason: str, metadata: dict[str, Any]) -> dict[str, Any]:
        whole = amount == order["refundable_amount"]
        tax = order["refundable_tax_amount"] if whole else round(amount * (order["tax_amount"] / order["net_amount"]))
        order["refundable_amount"] -= amount
        order["refundable_tax_amount"] -= tax
        order["refunded_amount"] += amount
        order["refunded_tax_amount"] += tax
        refund = blank(outputs.Refund) | {
            "id": str(new_id()),
            "created_at": _now(),
            "status": "succeeded",
            "reason": reason,
            "amount": amount,
            "tax_amount": tax,
            "currency": order["currency"],
            "order_id": order["id"],
            "metadata": metadata,
        }
        self.refunds.append(refund)
        return refund

    def _refunds(self, request: Request, given: dict[str, Any]) -> Any:
        wanted = request.query_params["order_id"]
        return _page(request, [refund for refund in self.refunds if refund["order_id"] == wanted])


def _page(request: Request, items: list[dict[str, Any]]) -> dict[str, Any]:
    limit, page = int(request.query_params.get("limit", 10)), int(request.query_params.get("page", 1))
    pages = max(1, -(-len(items) // limit))
    shown = items[(page - 1) * limit : page * limit]
    return {"items": shown, "pagination": {"total_count": len(items), "max_page": pages}}


def _invalid(where: str) -> JSONResponse:
    error = {"loc": ["body", where], "msg": "Not valid", "type": "value_error"}
    return JSONResponse({"error": "RequestValidationError", "detail": [error]}, 422)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
