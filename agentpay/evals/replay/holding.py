"""Holds a conversation turn by turn over HTTP and notes what each turn did, for another run to be set beside it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from agentpay.evals.masking import masked
from agentpay.evals.replay.original import said
from agentpay.evals.replay.replaying import state_of
from agentpay.evals.scenarios.client import ServiceClient, ServiceError
from agentpay.evals.scenarios.models import Scenario, Step

_ANNOUNCE_SECONDS = 10.0
_POLL_SECONDS = 0.05
_MONEY = ("status", "subtotal", "discount", "shipping", "tax", "total")


@dataclass(slots=True)
class Held:
    """
    One turn. `kept`: what a recording keeps, JSON and the same in every run of the same service: `agent`, `intent`, `tools`
    (a failed one with "!" behind it), `text` (without links, ids, days), `state`; or `skipped`, why it could not be held.
    """

    kept: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)
    elapsed_ms: float | None = None
    """None where it was no message to the agents."""


async def hold(client: ServiceClient, scenario: Scenario) -> list[Held]:
    """Every step of it. Raises ServiceError where the conversation cannot be opened; what a step cannot do is that step's."""
    customer = scenario.customer.model_dump(exclude_none=True) if scenario.customer else None
    conversation_id = await client.open(customer)
    heard: set[str] = set()
    turns = []
    for step in scenario.turns:
        turns.append(await _turn(client, conversation_id, step, heard))
        heard |= {message["id"] for message in turns[-1].messages}
    return turns


async def _turn(client: ServiceClient, conversation_id: str, step: Step, heard: set[str]) -> Held:
    began = time.monotonic()
    elapsed: float | None = None
    try:
        if step.say is not None:
            reply = await client.say(conversation_id, step.say)
            elapsed = round((time.monotonic() - began) * 1000, 1)
            messages = [reply.message] if reply.message is not None else []
        elif step.pay is not None:
            messages = await _pay(client, conversation_id, step.pay, heard)
        else:
            messages = await _approve(client, conversation_id, approved=bool(step.approve))
        state = await _state(client, conversation_id)
    except ServiceError as error:
        return Held({"skipped": masked(str(error))})
    last = said(messages[-1] if messages else None)
    tools = [tool for message in messages for tool in said(message).tools]
    kept = {"agent": last.agent, "intent": last.intent, "tools": tools, "text": masked(last.text), "state": state}
    return Held(kept, messages, elapsed)


async def _pay(client: ServiceClient, conversation_id: str, card: str, heard: set[str]) -> list[dict[str, Any]]:
    """Pays, and waits for the message that the service posts of it."""
    checkout_id = (await client.conversation(conversation_id))["checkout_id"]
    if checkout_id is None:
        raise ServiceError("There is no checkout to pay.")
    before = heard | {message["id"] for message in await client.messages(conversation_id)}
    await client.pay((await client.checkout(checkout_id))["url"], card)
    deadline = time.monotonic() + _ANNOUNCE_SECONDS
    while True:
        fresh = [one for one in await client.messages(conversation_id) if one["id"] not in before]
        if fresh or time.monotonic() > deadline:
            return fresh
        await asyncio.sleep(_POLL_SECONDS)


async def _approve(client: ServiceClient, conversation_id: str, *, approved: bool) -> list[dict[str, Any]]:
    waiting = (await client.conversation(conversation_id))["interrupts"]
    if not waiting:
        raise ServiceError("Nothing waits for a person.")
    reply = await client.resume(conversation_id, waiting[-1], approved=approved)
    return [reply.message] if reply.message is not None else []


async def _state(client: ServiceClient, conversation_id: str) -> dict[str, Any]:
    """Of the conversation, its latest checkout, and the order that became of it."""
    view = await client.conversation(conversation_id)
    state = state_of(view)
    if view["checkout_id"] is not None:
        checkout = await client.checkout(view["checkout_id"])
        state["checkout"] = {name: checkout[name] for name in _MONEY}
        if checkout["order_id"] is not None:
            order = await client.order(checkout["order_id"])
            state["order"] = {name: order[name] for name in (*_MONEY, "refunded")}
    return state
