"""`agentpay conversations export ID --scenario`: any conversation as a scenario that passes on the shop's store file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.conversations import service
from agentpay.errors import Problem
from agentpay.evals.export.expecting import Following
from agentpay.evals.export.history import Known, known
from agentpay.evals.export.learning import Surroundings, learn, tag
from agentpay.evals.export.masking import Leak, Mask, texts_in
from agentpay.evals.export.transcript import Exchange, exchanges, orders_seen
from agentpay.store.session import Tx
from agentpay.store.tables import (
    Payment,
    PriceOffer,
    Variant,
)

_CARDS = {"0002": "decline", "3155": "three_d_secure", "0077": "delayed"}
"""Which of the sandbox's cards was used, by its last digits (CONTRACT §4, Sandbox)."""


@dataclass(slots=True)
class Exported:
    """The scenario in the form of a scenario file's entry, and what could not be carried over, a sentence each."""

    scenario: dict[str, Any]
    lacking: list[str] = field(default_factory=list)


async def export(tx: Tx, conversation_id: UUID, *, names: Mapping[UUID, str] | None = None) -> Exported:
    """
    The conversation as a scenario, personal data masked.

    `names`: variants' external ids where the store file names them otherwise than the shop. Raises Problem 404, and 422
    `not_exportable` where a scenario cannot say how it began, or a value would stay that cannot be masked.
    """
    conversation = await service.get(tx, conversation_id)
    if conversation.forked_from is not None:
        raise _unfit("It is a fork: it began with another conversation's cart and state.")
    talk, lacking = _expressible(await exchanges(tx, conversation))
    if not any(one.turn.kind == "message" for one in talk):
        raise _unfit("Nothing was said by a customer in it.")
    mask = (await Surroundings.load(tx)).mask(conversation)
    introduced = await learn(tx, conversation, talk, mask)
    names = {**await _variant_names(tx), **(names or {})}
    before = await known(tx, conversation, orders_seen(talk), introduced, names, mask)
    steps, end = await _steps(tx, talk, before, names, mask, lacking)
    scenario: dict[str, Any] = {"id": f"conversation-{tag(conversation)}"}
    if before.given:
        scenario["given"] = before.given
    if before.customer:
        scenario["customer"] = before.customer
    scenario |= {"turns": steps, "finally": end}
    try:
        mask.require_none_left([*texts_in(before.given), *texts_in(before.customer), *_said(steps)])
    except Leak as leak:
        raise _unfit(f"A customer's {leak.kind} is written in it in a way that cannot be masked.") from None
    return Exported(scenario, [*lacking, *before.lacking])


def _unfit(detail: str) -> Problem:
    return Problem("not_exportable", f"This conversation cannot be made a scenario. {detail}", status=422)


def _said(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    return [step["say"] for step in steps if "say" in step]


def _expressible(talk: list[Exchange]) -> tuple[list[Exchange], list[str]]:
    """The turns up to where something happened that a scenario has no word for, and what that was."""
    taken: list[Exchange] = []
    with_a_person = False
    for exchange in talk:
        kind = exchange.turn.kind
        asked = any(name == "handoff_to_human" for name, _ in exchange.results())
        if kind == "message" and with_a_person and exchange.replies:
            return taken, ["A person gave the conversation back to the agents: it ends there."]
        if kind == "message" and not exchange.replies and not with_a_person and exchange.turn.status == "completed":
            return taken, ["A person took the conversation over without having been asked: it ends there."]
        with_a_person = with_a_person or asked or kind == "human"
        taken.append(exchange)
    lacking = ["What a person of the shop wrote is left out."] if any(one.turn.kind == "human" for one in talk) else []
    return taken, lacking


async def _variant_names(tx: Tx) -> dict[UUID, str]:
    rows = await tx.session.execute(
        select(Variant.id, Variant.external_id).where(Variant.organization_id == tx.organization_id)
    )
    return {identifier: name for identifier, name in rows if name}


async def _steps(
    tx: Tx, talk: list[Exchange], before: Known, names: Mapping[UUID, str], mask: Mask, lacking: list[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    offers = await tx.session.scalars(
        select(PriceOffer)
        .where(PriceOffer.organization_id == tx.organization_id)
        .where(PriceOffer.conversation_id == talk[0].turn.conversation_id)
    )
    rooms = {offer.id: (offer.list_price - offer.floor) * offer.quantity for offer in offers}
    following = Following(names, rooms, lambda order: before.orders.get(str(order["number"])))
    made: set[str] = set()
    steps: list[dict[str, Any]] = []
    for exchange in talk:
        match exchange.turn.kind:
            case "message" if exchange.written:
                expect = following.message(exchange)
                if any(re.search(rf"(?<!\w){re.escape(number)}(?!\w)", exchange.written) for number in made):
                    lacking.append(
                        f"Turn {len(steps) + 1} names an order made in the conversation: its number is new each time."
                    )
                    expect = {}
                step: dict[str, Any] = {"say": mask.text(exchange.written)}
            case "approval" if exchange.approval is not None:
                expect = following.message(exchange)
                step = {"approve": exchange.approval.status == "approved"}
            case "payment":
                card = await _card(tx, exchange, following)
                expect = following.payment(exchange)
                step = {"pay": card}
            case _:
                continue
        if (order := exchange.block("order")) is not None and order["number"] not in before.orders:
            made.add(order["number"])
        steps.append({**step, **({"expect": expect} if expect else {})})
    return steps, following.end()


async def _card(tx: Tx, exchange: Exchange, following: Following) -> str:
    """How the buyer paid: refused, or with the sandbox's card of that kind; any other payment that came through is a success."""
    if exchange.block("order") is None:
        return "decline"
    if following.checkout is None:
        return "success"
    last4 = await tx.session.scalar(
        select(Payment.method["last4"].astext)
        .where(Payment.organization_id == tx.organization_id, Payment.checkout_id == UUID(following.checkout["id"]))
        .where(Payment.status == "succeeded", Payment.processor == "sandbox")
        .order_by(Payment.id.desc())
        .limit(1)
    )
    return _CARDS.get(last4 or "", "success")
