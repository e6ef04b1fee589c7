"""Outbound webhooks: `emit` in the transaction of a change; jobs sign it and bring it to the shop's endpoints."""

from agentpay.commerce.webhooks.outbox import emit, emit_many, listening

__all__ = ["emit", "emit_many", "listening"]
