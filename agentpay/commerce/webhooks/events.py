"""The events there are, and the filters that choose among them."""

from __future__ import annotations

from collections.abc import Iterable

EVENT_TYPES: tuple[str, ...] = (
    "conversation.created",
    "conversation.handed_off",
    "conversation.closed",
    "checkout.created",
    "checkout.updated",
    "checkout.confirmed",
    "checkout.succeeded",
    "checkout.expired",
    "checkout.cancelled",
    "order.created",
    "order.updated",
    "order.paid",
    "order.cancelled",
    "order.shipped",
    "order.delivered",
    "order.refunded",
    "refund.created",
    "refund.succeeded",
    "refund.failed",
    "return.requested",
    "return.received",
    "return.refunded",
    "return.refused",
    "product.indexed",
    "webhook_endpoint.disabled",
)

TEST = "webhook_endpoint.test"
"""What `POST /v1/webhook-endpoints/{id}/test` sends to that endpoint alone, whatever its filters."""

_FILTERS = frozenset({"*", *EVENT_TYPES, *(f"{name.partition('.')[0]}.*" for name in EVENT_TYPES)})


def check_filter(value: str) -> str:
    """An event type, `order.*` or `*`, as it is. Raises ValueError for what could never match."""
    if value not in _FILTERS:
        raise ValueError(f"there is no event {value!r}")
    return value


def matches(filters: Iterable[str], type_: str) -> bool:
    """Whether one of the filters lets the event through; none at all let everything through."""
    family = f"{type_.partition('.')[0]}.*"
    chosen = set(filters)
    return not chosen or not chosen.isdisjoint({"*", type_, family})
