"""Reads a conversation's record from the service's own database: nothing that the service says over HTTP goes into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from agentpay.evals.graders.nodes import agents_of, visits
from agentpay.evals.graders.record import FinalState, Record, Shop, ToolCall, Turn

_ORDER = """
  SELECT jsonb_build_object('id', o.id, 'external_id', o.external_id, 'number', o.number, 'status', o.status,
    'fulfillment_status', o.fulfillment_status, 'tracking', o.tracking, 'shipping_address', o.shipping_address,
    'note', o.note, 'subtotal', o.subtotal, 'discount', o.discount, 'shipping', o.shipping, 'tax', o.tax,
    'tax_included', o.tax_included, 'total', o.total, 'refunded', o.refunded, 'currency', o.currency,
    'discount_code', o.discount_code, 'placed_at', o.placed_at, 'shipped_at', o.shipped_at,
    'delivered_at', o.delivered_at, 'cancelled_at', o.cancelled_at,
    'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('variant_external_id', v.external_id,
        'product_external_id', p.external_id, 'title', l.title, 'options', l.options, 'quantity', l.quantity,
        'unit_price', l.unit_price, 'line_total', l.unit_price * l.quantity, 'discount', l.discount, 'floor', v.floor)
        ORDER BY l.position), '[]')
      FROM order_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
      WHERE l.order_id = o.id)) AS data
  FROM orders o WHERE o.organization_id = c.organization_id AND {which} ORDER BY o.placed_at, o.id
"""
_TOUCHED = "(o.conversation_id = c.id OR o.customer_id = c.customer_id OR o.external_id = ANY(%(orders)s))"
_STATE = f"""
SELECT
  jsonb_build_object('status', c.status, 'stage', c.stage, 'active_agent', c.active_agent, 'created_at', c.created_at)
    AS conversation,
  (SELECT jsonb_build_object('currency', g.currency, 'support_email', g.support_email, 'policies', g.policies,
      'rules', a.rules, 'model', a.model) FROM organizations g, agents a WHERE g.id = c.organization_id AND a.id = c.agent_id)
    AS shop,
  (SELECT jsonb_build_object('discount_code', k.discount_code, 'items',
      (SELECT coalesce(jsonb_agg(jsonb_build_object('variant_external_id', v.external_id, 'product_external_id',
          p.external_id, 'quantity', l.quantity) ORDER BY l.id), '[]')
        FROM cart_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
        WHERE l.cart_id = k.id)) FROM carts k WHERE k.conversation_id = c.id) AS cart,
  ARRAY(SELECT jsonb_build_object('id', k.id, 'status', k.status, 'purpose', k.purpose, 'discount_code', k.discount_code,
      'customer', jsonb_build_object('email', k.email, 'name', k.name), 'shipping_address', k.shipping_address,
      'shipping_option', k.shipping_option, 'note', k.note, 'subtotal', k.subtotal, 'discount', k.discount,
      'shipping', k.shipping, 'tax', k.tax, 'tax_included', k.tax_included, 'total', k.total, 'currency', k.currency,
      'commitment_level', k.commitment_level, 'failure', k.failure,
      'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('variant_external_id', v.external_id,
          'product_external_id', p.external_id, 'quantity', l.quantity, 'unit_price', l.unit_price,
          'line_total', l.unit_price * l.quantity, 'discount', l.discount, 'floor', v.floor) ORDER BY l.position), '[]')
        FROM checkout_lines l JOIN variants v ON v.id = l.variant_id JOIN products p ON p.id = v.product_id
        WHERE l.checkout_id = k.id))
    FROM checkouts k WHERE k.organization_id = c.organization_id AND k.conversation_id = c.id ORDER BY k.created_at, k.id)
    AS checkouts,
  ARRAY({_ORDER.format(which="o.conversation_id = c.id")}) AS orders,
  ARRAY({_ORDER.format(which=f"o.conversation_id IS DISTINCT FROM c.id AND {_TOUCHED}")}) AS known_orders,
  ARRAY(SELECT jsonb_build_object('order', o.number, 'amount', r.amount, 'status', r.status, 'automatic', r.automatic,
      'adjustment', r.adjustment, 'during', r.created_at >= c.created_at)
    FROM refunds r JOIN orders o ON o.id = r.order_id
    WHERE r.organization_id = c.organization_id AND {_TOUCHED} ORDER BY r.created_at, r.id) AS refunds,
  ARRAY(SELECT jsonb_build_object('order', o.number, 'kind', r.kind, 'status', r.status, 'created_at', r.created_at,
      'products', (SELECT coalesce(jsonb_agg(jsonb_build_object('external_id', p.external_id, 'category', p.category)), '[]')
        FROM return_lines rl JOIN order_lines l ON l.id = rl.order_line_id JOIN variants v ON v.id = l.variant_id
          JOIN products p ON p.id = v.product_id WHERE rl.return_id = r.id))
    FROM returns r JOIN orders o ON o.id = r.order_id WHERE r.conversation_id = c.id ORDER BY r.created_at, r.id) AS returns,
  ARRAY(SELECT jsonb_build_object('variant', v.external_id, 'quantity', f.quantity, 'list_price', f.list_price,
      'floor', f.floor, 'amount', f.amount, 'rule', f.rule, 'status', f.status)
    FROM price_offers f JOIN variants v ON v.id = f.variant_id WHERE f.conversation_id = c.id ORDER BY f.created_at, f.id)
    AS offers,
  ARRAY(SELECT jsonb_build_object('kind', w.kind, 'status', w.status) FROM approvals w WHERE w.conversation_id = c.id
    ORDER BY w.created_at, w.id) AS approvals,
  (SELECT coalesce(jsonb_object_agg(v.external_id, jsonb_build_object('on_hand', i.on_hand, 'reserved', i.reserved, 'held',
      (SELECT coalesce(sum(quantity), 0) FROM reservations h WHERE h.variant_id = v.id AND h.state = 'held'))), '{{}}')
    FROM inventory i JOIN variants v ON v.id = i.variant_id
    WHERE i.organization_id = c.organization_id AND (v.external_id = ANY(%(variants)s)
      OR v.id IN (SELECT l.variant_id FROM cart_lines l JOIN carts k ON k.id = l.cart_id WHERE k.conversation_id = c.id)
      OR v.id IN (SELECT l.variant_id FROM checkout_lines l JOIN checkouts k ON k.id = l.checkout_id
        WHERE k.conversation_id = c.id))) AS stock
FROM conversations c WHERE c.id = %(conversation)s
"""
_TURNS = """
SELECT t.id::text, t.kind, t.status, t.events, t.usage,
  extract(epoch FROM t.finished_at - t.started_at)::float * 1000 AS milliseconds,
  (SELECT m.content FROM messages m WHERE m.id = t.message_id) AS said,
  ARRAY(SELECT jsonb_build_object('role', m.role, 'agent', m.agent, 'intent', m.intent, 'content', m.content,
      'blocks', m.blocks) FROM messages m WHERE m.turn_id = t.id AND m.role <> 'customer' ORDER BY m.position) AS replies
FROM turns t WHERE t.conversation_id = %(conversation)s ORDER BY t.position
"""
_CHECKPOINTS = """
SELECT metadata->>'turn_id' AS turn_id, checkpoint->'versions_seen' AS seen FROM checkpoints
WHERE thread_id = %(conversation)s::text AND checkpoint_ns = '' AND metadata->>'turn_id' IS NOT NULL ORDER BY checkpoint_id
"""
Connection = psycopg.AsyncConnection[dict[str, Any]]


class NoRecord(LookupError):
    """There is no such conversation."""


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[Connection]:
    """A connection that only reads."""
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row)
    async with connection:
        await connection.set_read_only(True)
        yield connection


async def read_record(
    connection: Connection, conversation_id: str, *, orders: Collection[str] = (), variants: Collection[str] = ()
) -> Record:
    """The record of a conversation. `orders` and `variants`: external ids that are of interest besides its own.

    Raises NoRecord.
    """
    values = {"conversation": conversation_id, "orders": list(orders), "variants": list(variants)}
    row = await (await connection.execute(_STATE, values)).fetchone()
    if row is None:
        raise NoRecord(conversation_id)
    turns = await (await connection.execute(_TURNS, values)).fetchall()
    checkpoints = await (await connection.execute(_CHECKPOINTS, values)).fetchall()
    agents = {turn["id"]: agents_of(turn["events"] or ()) for turn in turns}
    nodes = visits(((found["turn_id"], found["seen"]) for found in checkpoints), agents)
    shop = Shop(**row.pop("shop"))
    state = FinalState(**{**row, "cart": row["cart"] or {"discount_code": None, "items": []}})
    return Record(conversation_id, shop, [_turn(turn, nodes.get(turn["id"], [])) for turn in turns], state)


def _turn(row: dict[str, Any], nodes: list[str]) -> Turn:
    usage = {key: value for key, value in row["usage"].items() if isinstance(value, int)}
    took = row["milliseconds"]
    return Turn(
        row["id"],
        row["kind"],
        row["status"],
        row["said"],
        row["replies"],
        _calls(row["events"] or ()),
        nodes,
        usage,
        took,
    )


def _calls(events: Any) -> list[ToolCall]:
    """What was begun and has ended; a turn may tell more of it than its message, which it may not have."""
    done = {event["data"]["call_id"]: event["data"] for event in events if event["type"] == "tool.finished"}
    calls = []
    for event in events:
        if event["type"] == "tool.started" and (end := done.get(event["data"]["call_id"])) is not None:
            started = event["data"]
            calls.append(ToolCall(started["name"], started["arguments"], end["status"] == "ok", end["result"] or {}))
    return calls
