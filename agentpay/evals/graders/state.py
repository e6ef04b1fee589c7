"""What a conversation came to: its rows are sound by themselves, and are what the scenario says they must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agentpay.evals.graders.protocol import Grade, verdict
from agentpay.evals.graders.record import FinalState, Record
from agentpay.evals.scenarios.checks import Observation, balance, check
from agentpay.evals.scenarios.models import Expect

_IN_ROWS = ("cart", "stage", "status", "interrupts", "checkout", "order", "orders", "stock", "floor_kept")
"""The checks of a scenario that look at rows; totals of a cart are computed, not stored."""


class SoundState:
    """Money adds up, no stock is lost, refunds are what the order says: whatever the conversation was about."""

    def grade(self, record: Record) -> Sequence[Grade]:
        return [verdict("state_sound", list(_unsound(record.state)))]


class WantedState:
    """`finally` of the scenario, held against the database."""

    def grade(self, record: Record) -> Sequence[Grade]:
        chosen = Expect(**{name: getattr(record.wanted.finally_, name) for name in _IN_ROWS})
        if not chosen.model_fields_set - {name for name in _IN_ROWS if getattr(chosen, name) is None}:
            return []
        state = record.state
        for name in ("checkout", "order"):
            rows = state.checkouts if name == "checkout" else state.orders
            setattr(chosen, name, _stored(getattr(chosen, name), rows[-1] if rows else None))
        seen = Observation(
            conversation={**state.conversation, "cart": state.cart, "interrupts": _waiting(state)},
            checkout=state.checkouts[-1] if state.checkouts else None,
            order=state.orders[-1] if state.orders else None,
            orders={name: state.order(name) for name in chosen.orders or ()},
            placed=state.orders,
            stock={name: row["on_hand"] - row["reserved"] for name, row in state.stock.items()},
        )
        if chosen.stock is not None:  # a variant whose stock is not counted has no row
            seen.stock |= dict.fromkeys(name for name in chosen.stock if name not in seen.stock)
        return [verdict("state_wanted", [str(found) for found in check(chosen, seen, record.wanted.facts)])]


def _stored(expected: dict[str, Any] | None, row: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without the fields that are no column (`url`, `agent_context`)."""
    if expected is None or row is None:
        return expected
    return {key: value for key, value in expected.items() if key in row}


def _waiting(state: FinalState) -> list[dict[str, Any]]:
    return [row for row in state.approvals if row["status"] == "open"]


def _unsound(state: FinalState) -> Iterator[str]:
    for kind, rows in (("checkout", state.checkouts), ("order", [*state.orders, *state.known_orders])):
        for n, row in enumerate(rows, 1):
            name = f"order {row['number']}" if kind == "order" else f"checkout {n}"
            for mismatch in balance(name, row):
                yield str(mismatch)
    for row in (*state.orders, *state.known_orders):
        if row["refunded"] > row["total"]:
            yield f"order {row['number']}: {row['refunded']} refunded of {row['total']}"
        if row["status"] == "refunded" and row["refunded"] != row["total"]:
            yield f"order {row['number']} is refunded, but {row['refunded']} of {row['total']}"
    made: dict[str, int] = {}
    for refund in state.refunds:
        if refund["status"] == "succeeded" and not refund["adjustment"]:
            made[refund["order"]] = made.get(refund["order"], 0) + refund["amount"]
    for row in state.orders:  # past ones may have been imported with money given back
        if row["refunded"] != made.get(row["number"], 0):
            yield f"order {row['number']}: {row['refunded']} refunded, its refunds make {made.get(row['number'], 0)}"
    for variant, row in state.stock.items():
        if row["on_hand"] < 0 or row["reserved"] < 0 or row["reserved"] > row["on_hand"]:
            yield f"stock of {variant}: {row['on_hand']} on hand, {row['reserved']} reserved"
        if row["reserved"] != row["held"]:
            yield f"stock of {variant}: {row['reserved']} reserved, reservations hold {row['held']}"
