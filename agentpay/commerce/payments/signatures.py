"""Webhook signatures in Stripe's format: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, several v1 allowed.

Source: https://docs.stripe.com/webhooks#verify-manually
"""

from __future__ import annotations

import hashlib
import hmac
import time

from agentpay.commerce.payments.protocol import SignatureError

TOLERANCE_SECONDS = 300


def sign(secret: str, body: bytes, *, timestamp: int | None = None) -> str:
    """The header's value for a body sent now."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    return f"t={timestamp},v1={_digest(secret, timestamp, body)}"


def verify(secret: str, body: bytes, header: str | None, *, now: float | None = None) -> None:
    """Raises SignatureError unless one of the signatures is right and the time is within the tolerance."""
    timestamp, signatures = _parse(header)
    if abs((time.time() if now is None else now) - timestamp) > TOLERANCE_SECONDS:
        raise SignatureError("The signature's time is outside the tolerance.")
    expected = _digest(secret, timestamp, body).encode()
    if not any(hmac.compare_digest(expected, given.encode()) for given in signatures):
        raise SignatureError("The signature does not match.")


def _digest(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _parse(header: str | None) -> tuple[int, list[str]]:
    pairs = [part.strip().split("=", 1) for part in (header or "").split(",") if "=" in part]
    times = [value for key, value in pairs if key == "t" and value.isascii() and value.isdigit()]
    signatures = [value for key, value in pairs if key == "v1"]
    if not times or not signatures or len(times[0]) > 12:
        raise SignatureError("The signature header is missing or malformed.")
    return int(times[0]), signatures
