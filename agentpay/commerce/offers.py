"""Price offers: computed by the agent's rules, never by a model (CONTRACT §4, offers and floors).

`decide` is here, what it looks at in `offer_facts`, the arithmetic in `haggling` and `reserve`, what becomes of an offer in
`offer_states`. What a floor is never leaves: reasons and views say that a price stands, not why (docs/negotiation.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import update

from agentpay.commerce import decisions
from agentpay.commerce import offer_facts as facts
from agentpay.commerce.haggling import MAX_ROUNDS, Room, Strategy, best_strategy, propose, room_for
from agentpay.commerce.lines import MAX_QUANTITY
from agentpay.commerce.offer_facts import APPROVAL, Item
from agentpay.commerce.offer_states import (
    VALID_FOR,
    accept,
    approve,
    decline,
    expire_due,
    get,
    keeps_floor,
    offer_invalid,
    open_offer,
    price,
    stands,
    use,
    verify,
    view,
)
from agentpay.commerce.reserve import margins, offers_secret
from agentpay.commerce.rules import AgentRules
from agentpay.commerce.shapes import OfferView
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import PriceOffer

__all__ = [
    "VALID_FOR",
    "OfferDecision",
    "accept",
    "approve",
    "decide",
    "decline",
    "expire_due",
    "get",
    "keeps_floor",
    "offer_invalid",
    "open_offer",
    "price",
    "stands",
    "use",
    "verify",
]

Kind = Literal["offer", "hold", "refuse", "needs_approval"]
Reason = Literal[
    "offered",
    "asked_met",
    "standing",
    "final",
    "list_price",
    "not_negotiable",
    "no_trigger",
    "pending",
    "approval",
    "at_floor",
]


@dataclass(frozen=True, slots=True)
class OfferDecision:
    """What the agent may say. `offer`: a new proposal. `hold`: what stands stands (`offer`, or the list price where None).
    `refuse`: this item is not negotiable. `needs_approval`: the offer waits for a person.

    `final`: no better price will come. `reason` may be told to the customer.
    """

    kind: Kind
    offer: OfferView | None
    reason: Reason
    final: bool


async def decide(
    tx: Tx,
    *,
    conversation_id: UUID,
    customer_id: UUID | None,
    variant_id: UUID,
    quantity: int,
    asked: int | None,
    rules: AgentRules,
    hesitation_signals: int,
    cart_subtotal: int,
    now: datetime | None = None,
    requested: bool = True,
    at_floor: bool = False,
    turn_id: UUID | None = None,
    valid_for: timedelta = VALID_FOR,
) -> OfferDecision:
    """Decides on a better price per unit for `quantity` units, and stores the decision with its rule.

    `asked`: the price per unit the customer named, None where none was. `requested=False`: nobody asked, the agent means to
    offer by itself; then `triggers.hesitation_signals` must be set and reached. `at_floor`: the code in the cart leaves no
    room under it. `cart_subtotal`: the cart at list prices.
    `customer_id`: a vouched customer; paid orders count for `strategies.repeat_customer`.
    While an offer waits for a person, who bids more than that is answered with what the agent may give alone.
    Problems: 404 `not_found`, 422 `quantity_invalid`.
    """
    now = now or datetime.now(UTC)
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Problem("quantity_invalid", f"A quantity is a whole number from 1 to {MAX_QUANTITY}.")
    item = await facts.item(tx, conversation_id, variant_id)
    talk = _Talk(tx, item, conversation_id, customer_id, quantity, asked, turn_id, now, valid_for)
    refused = facts.refusal(item, rules)
    if refused is not None:
        return await talk.answer("refuse", "not_negotiable", refused, final=True)
    if at_floor:
        return await talk.answer("refuse", "at_floor", "floor", final=True)
    trigger = rules.triggers.hesitation_signals
    if not requested and (trigger is None or hesitation_signals < trigger):
        return await talk.answer("hold", "no_trigger", "triggers.hesitation_signals")
    if asked is not None and asked >= item.price:
        return await talk.answer("hold", "list_price", "list_price")

    history = await facts.history(tx, conversation_id, variant_id)
    pending = next((o for o in history if o.status == "pending_approval" and o.expires_at > now), None)
    if pending is not None and (asked is None or asked <= pending.amount):
        return await talk.answer("hold", "pending", APPROVAL, offer=pending)
    own = [o for o in history if facts.counts(o)]
    # What a person granted is the last word, also where the agent made a dearer offer while they were asked
    last = next((o for o in own if o.rule == APPROVAL), own[0] if own else None)
    floor = item.floor or 0
    room = room_for(item.price, floor, rules, margins(await offers_secret(tx), item.product, item.price, floor))
    declined = any(o.status == "declined" for o in history)
    within = asked is not None and room.approval <= asked < min(room.limit, last.amount if last else room.limit)
    if asked is not None and within and not declined and pending is None:
        made = await talk.make(asked, last.round if last else 1, APPROVAL, final=True, status="pending_approval")
        return await talk.answer("needs_approval", "approval", APPROVAL, offer=made)
    if room.limit >= item.price:
        return await talk.answer("refuse", "not_negotiable", room.limit_rule, final=True)
    if last is not None and (
        last.final
        or last.round >= MAX_ROUNDS
        or last.amount <= room.end
        or (asked is not None and asked >= last.amount)
    ):
        return await talk.stand_by(last, room)
    repeat = rules.strategies.repeat_customer
    paid_orders = await facts.paid_orders(tx, customer_id) if last is None and repeat is not None else 0
    return await talk.next_round(own, room, best_strategy(rules, cart_subtotal=cart_subtotal, paid_orders=paid_orders))


@dataclass(frozen=True, slots=True)
class _Talk:
    """One decision in the making: who asks for what, and how the answer is stored."""

    tx: Tx
    item: Item
    conversation_id: UUID
    customer_id: UUID | None
    quantity: int
    asked: int | None
    turn_id: UUID | None
    now: datetime
    valid_for: timedelta

    async def next_round(self, own: Sequence[PriceOffer], room: Room, strategy: Strategy | None) -> OfferDecision:
        """A proposal one round further than the last of `own` (newest first)."""
        last = own[0] if own else None
        previous = min(last.amount, room.list_price) if last else room.list_price
        before = next((o.amount for o in own if last and o.round < last.round), room.list_price)
        proposal = propose(
            room,
            round_number=last.round + 1 if last else 1,
            previous=previous,
            last_concession=max(before - previous, 0),
            asked=self.asked,
            strategy=strategy,
        )
        if last is not None and proposal.amount >= previous:
            return await self.stand_by(last, room)
        if proposal.amount >= previous:
            return await self.answer("hold", "list_price", proposal.rule)
        made = await self.make(proposal.amount, last.round + 1 if last else 1, proposal.rule, final=proposal.final)
        met = self.asked is not None and proposal.amount == self.asked
        return await self.answer("offer", "asked_met" if met else "offered", proposal.rule, offer=made)

    async def stand_by(self, last: PriceOffer, room: Room) -> OfferDecision:
        """No further concession: the last offer stands, made anew where it has lapsed or was for another quantity."""
        reason: Reason = "final" if last.final else "standing"
        bound = room.approval if last.rule == APPROVAL else room.limit
        if (
            last.status in ("proposed", "accepted")
            and last.expires_at > self.now
            and last.quantity == self.quantity
            and last.amount >= bound
        ):
            return await self.answer("hold", reason, "rounds", offer=last)
        amount = last.amount if last.amount >= room.limit else room.end
        if amount >= room.list_price:
            return await self.answer("hold", "list_price", room.limit_rule, final=True)
        made = await self.make(amount, last.round, room.limit_rule, final=last.final)
        return await self.answer("offer", reason, room.limit_rule, offer=made)

    async def make(
        self, amount: int, round_number: int, rule: str, *, final: bool, status: str = "proposed"
    ) -> PriceOffer:
        """Stores an offer; a proposal replaces the open proposals for this variant."""
        if status == "proposed":
            await self.tx.session.execute(
                update(PriceOffer)
                .where(
                    PriceOffer.organization_id == self.tx.organization_id,
                    PriceOffer.conversation_id == self.conversation_id,
                    PriceOffer.variant_id == self.item.id,
                    PriceOffer.status == "proposed",
                )
                .values(status="withdrawn")
                .execution_options(synchronize_session=False)
            )
        offer = PriceOffer(
            id=new_id(),
            organization_id=self.tx.organization_id,
            conversation_id=self.conversation_id,
            customer_id=self.customer_id,
            variant_id=self.item.id,
            quantity=self.quantity,
            list_price=self.item.price,
            floor=self.item.floor,
            amount=amount,
            asked=self.asked,
            currency=self.item.currency,
            round=round_number,
            final=final,
            rule=rule,
            status=status,
            expires_at=self.now + self.valid_for,
        )
        self.tx.session.add(offer)
        await self.tx.session.flush()
        return offer

    async def answer(
        self, kind: Kind, reason: Reason, rule: str, *, offer: PriceOffer | None = None, final: bool = False
    ) -> OfferDecision:
        """The decision, recorded. `details` name no floor."""
        final = final or (offer is not None and offer.final)
        await decisions.record(
            self.tx,
            "offer",
            kind == "offer",
            rule,
            conversation_id=self.conversation_id,
            turn_id=self.turn_id,
            amount=offer.amount if offer else None,
            currency=self.item.currency,
            details={
                "kind": kind,
                "reason": reason,
                "variant_id": str(self.item.id),
                "quantity": self.quantity,
                "asked": self.asked,
                "list_price": self.item.price,
                "offer_id": str(offer.id) if offer else None,
                "round": offer.round if offer else None,
            },
        )
        shown = view(offer, self.item.title, self.item.external_id) if offer else None
        return OfferDecision(kind=kind, offer=shown, reason=reason, final=final)
