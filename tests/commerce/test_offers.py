"""Price offers on a real PostgreSQL: who gets which price, for how long, and how often."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from agentpay.commerce import carts, offers
from agentpay.commerce.haggling import Room, room_for
from agentpay.commerce.lines import of_variants
from agentpay.commerce.offers import OfferDecision
from agentpay.commerce.pricing import half_up
from agentpay.commerce.reserve import margins, offers_secret
from agentpay.commerce.rules import AgentRules
from agentpay.errors import Problem
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import MoneyDecision, Order, PriceOffer, Product, Variant
from tests.commerce import shop
from tests.numbers import stands

RULES = AgentRules(max_discount_percent=15, allow_dynamic_pricing=True)
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Talk:
    """A conversation about one shoe: list price 139.00, floor 119.00."""

    def __init__(self, tx: Tx, conversation_id: UUID, variant_id: UUID, customer_id: UUID | None) -> None:
        self.tx, self.conversation_id, self.variant_id, self.customer_id = tx, conversation_id, variant_id, customer_id

    @classmethod
    async def open(cls, tx: Tx, *, floor: int | None = 11900, dynamic: bool = True, known: bool = False) -> Talk:
        variant_id = await shop.variant(tx, "shoe", price=13900, floor=floor, dynamic=dynamic)
        customer_id = await shop.customer(tx, "kai@shopper.example") if known else None
        return cls(tx, await shop.conversation(tx, customer_id=customer_id), variant_id, customer_id)

    async def ask(self, asked: int | None = None, *, rules: AgentRules = RULES, **more: Any) -> OfferDecision:
        return await offers.decide(
            self.tx,
            **{
                "conversation_id": self.conversation_id,
                "customer_id": self.customer_id,
                "variant_id": self.variant_id,
                "quantity": 1,
                "asked": asked,
                "rules": rules,
                "hesitation_signals": 0,
                "cart_subtotal": 13900,
                "now": NOW,
                **more,
            },
        )

    async def product(self) -> Product:
        of_variant = select(Product).join(Variant, Variant.product_id == Product.id)
        return (await self.tx.session.scalars(of_variant.where(Variant.id == self.variant_id))).one()

    async def room(self, floor: int = 11900, rules: AgentRules = RULES) -> Room:
        product = await self.product()
        return room_for(
            13900,
            floor,
            rules,
            margins(await offers_secret(self.tx), product.external_id or str(product.id), 13900, floor),
        )

    async def rounds(self) -> list[int]:
        """What the shoe is offered at to somebody who asks for far less: 45 % of the way, 60 % of the rest, the rest."""
        end = (await self.room()).end
        first = 13900 - half_up((13900 - end) * 45, 100)
        return [first, first - half_up((first - end) * 60, 100), end]


async def rules_recorded(tx: Tx) -> list[tuple[str, bool]]:
    rows = await tx.session.execute(
        select(MoneyDecision.rule, MoneyDecision.allowed)
        .where(MoneyDecision.organization_id == tx.organization_id)
        .order_by(MoneyDecision.id)
    )
    return [(row.rule, row.allowed) for row in rows]


@pytest.mark.parametrize(
    ("rules", "floor", "dynamic", "rule"),
    [
        (AgentRules(), 11900, True, "allow_dynamic_pricing"),
        (AgentRules(max_discount_percent=15), 11900, True, "allow_dynamic_pricing"),
        (RULES, 11900, False, "product.allow_dynamic_pricing"),
        (RULES, None, True, "variant.floor"),
        (AgentRules(allow_dynamic_pricing=True), 11900, True, "max_discount_percent"),
        (RULES, 13900, True, "floor"),
    ],
)
async def test_nothing_is_given_away_unless_every_rule_allows(
    database: Database, organization_id: UUID, rules: AgentRules, floor: int | None, dynamic: bool, rule: str
) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx, floor=floor, dynamic=dynamic)
        decision = await talk.ask(9000, rules=rules)
        assert (decision.kind, decision.offer, decision.reason) == ("refuse", None, "not_negotiable")
        assert await rules_recorded(tx) == [(rule, False)]


async def test_rounds_shrink_and_a_final_offer_is_final(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        first, second, last = await talk.rounds()
        said = [await talk.ask(9000) for _ in range(5)]
        assert [(each.kind, each.offer and each.offer.amount, each.final) for each in said] == [
            ("offer", first, False),
            ("offer", second, False),
            ("offer", last, True),
            ("hold", last, True),
            ("hold", last, True),
        ]
        assert 11980 <= last <= 12060  # 4 to 8 % of the room above the floor
        assert said[3].offer is not None
        assert said[2].offer is not None
        assert said[3].offer.id == said[2].offer.id
        statuses = await tx.session.scalars(
            select(PriceOffer.status).where(PriceOffer.variant_id == talk.variant_id).order_by(PriceOffer.id)
        )
        assert list(statuses) == ["withdrawn", "withdrawn", "proposed"]
        assert await rules_recorded(tx) == [("floor", True)] * 3 + [("rounds", False)] * 2


async def test_the_floor_is_in_no_answer_and_no_record(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        said = [await talk.ask(asked) for asked in (1, None, 11899, 11900, None)]
        assert not stands(11900, json.dumps([each.offer.model_dump(mode="json") for each in said if each.offer]))
        assert not stands(11900, repr(said))
        details = await tx.session.scalars(
            select(MoneyDecision.details).where(MoneyDecision.organization_id == organization_id)
        )
        assert not any("floor" in each for each in details)


async def test_asking_for_the_floor_gets_what_asking_for_less_gets(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        answers = []
        for asked in (11899, 11900, 11901):
            talk.conversation_id = await shop.conversation(tx)
            said = [await talk.ask(each) for each in (9000, 9000, asked, asked)]
            answers.append([(each.kind, each.reason, each.final, each.offer and each.offer.amount) for each in said])
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][-1][3] == (await talk.room()).end


async def test_sizes_at_one_price_end_at_one_price(database: Database, organization_id: UUID) -> None:
    """Margins of their own would tell the floor they share to whoever asks for all of them."""
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        other = Variant(
            organization_id=organization_id,
            product_id=(await talk.product()).id,
            price=13900,
            floor=11900,
            currency="USD",
        )
        tx.session.add(other)
        await tx.session.flush()
        first = [await talk.ask(9000) for _ in range(3)]
        talk.variant_id = other.id
        second = [await talk.ask(9000) for _ in range(3)]
        assert [each.offer and each.offer.amount for each in first] == [
            each.offer and each.offer.amount for each in second
        ]


async def test_a_person_is_asked_for_nothing_that_would_tell_the_floor(
    database: Database, organization_id: UUID
) -> None:
    rules = RULES.model_copy(update={"max_discount_percent": 5, "approval_discount_percent": 50})
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        room = await talk.room(rules=rules)
        assert room.approval > 11900
        kinds = []
        for asked in (11899, 11900, room.approval - 1, room.approval):
            talk.conversation_id = await shop.conversation(tx)
            kinds.append((await talk.ask(asked, rules=rules)).kind)
        assert kinds == ["offer", "offer", "offer", "needs_approval"]


async def test_a_floor_that_rises_under_an_offer_is_not_told(database: Database, organization_id: UUID) -> None:
    """Neither by the next offer, nor by what a cart costs that had the old one."""
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        cart_id = await carts.cart_id_of(tx, talk.conversation_id)
        await carts.add(tx, cart_id, talk.variant_id, 1)
        now = datetime.now(UTC)
        for _ in range(3):
            last = await talk.ask(9000, now=now)
        assert last.offer is not None
        await offers.accept(tx, last.offer.id)
        assert (await carts.set_offer(tx, cart_id, last.offer.id)).total == last.offer.amount
        await tx.session.execute(update(Variant).where(Variant.id == talk.variant_id).values(floor=13000))
        cart = await carts.get(tx, cart_id)
        assert (cart.offer_id, cart.total) == (None, 13900)
        again = await talk.ask(9000, now=now)
        assert again.offer is not None
        assert again.offer.amount == (await talk.room(13000)).end > 13000


async def test_asking_at_list_price_or_above_an_offer_gives_nothing_more(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        for asked in (13900, 99999):
            decision = await talk.ask(asked)
            assert (decision.kind, decision.offer, decision.reason) == ("hold", None, "list_price")
        first = await talk.ask(13500)
        assert first.offer is not None
        assert (first.reason, first.offer.amount) == ("asked_met", 13500)
        again = await talk.ask(13600)
        assert again.offer is not None
        assert (again.kind, again.offer.id) == ("hold", first.offer.id)


async def test_an_unasked_offer_waits_for_its_trigger(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        triggered = RULES.model_copy(update={"triggers": RULES.triggers.model_copy(update={"hesitation_signals": 3})})
        assert (await talk.ask(requested=False, hesitation_signals=9)).reason == "no_trigger"
        assert (await talk.ask(requested=False, hesitation_signals=2, rules=triggered)).kind == "hold"
        assert (await talk.ask(requested=False, hesitation_signals=3, rules=triggered)).kind == "offer"


async def test_strategies_look_at_the_cart_and_at_paid_orders(database: Database, organization_id: UUID) -> None:
    rules = AgentRules.model_validate(
        {
            "max_discount_percent": 14,
            "allow_dynamic_pricing": True,
            "strategies": {
                "cart_value_discount": {"min_cart": 20000, "discount_percent": 10},
                "repeat_customer": {"orders_threshold": 2, "discount_percent": 3},
            },
        }
    )
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx, floor=10000, known=True)
        for number, status in enumerate(["paid", "partially_refunded", "cancelled"]):
            tx.session.add(
                Order(
                    organization_id=organization_id,
                    number=str(number),
                    customer_id=talk.customer_id,
                    status=status,
                    subtotal=0,
                    total=0,
                    currency="USD",
                    placed_at=NOW,
                )
            )
        await tx.session.flush()
        first = await talk.ask(9000, rules=rules)
        assert first.offer is not None
        assert first.offer.amount == 13483
        talk.conversation_id = await shop.conversation(tx)
        first = await talk.ask(9000, rules=rules, cart_subtotal=20000)
        assert first.offer is not None
        assert first.offer.amount == 12510
        assert await rules_recorded(tx) == [
            ("strategies.repeat_customer", True),
            ("strategies.cart_value_discount", True),
        ]


async def test_between_the_limits_a_person_is_asked_once(database: Database, organization_id: UUID) -> None:
    rules = RULES.model_copy(update={"max_discount_percent": 5, "approval_discount_percent": 10})
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        waiting = await talk.ask(12600, rules=rules)
        assert waiting.offer is not None
        assert (waiting.kind, waiting.offer.status, waiting.offer.amount) == (
            "needs_approval",
            "pending_approval",
            12600,
        )
        assert (await talk.ask(12600, rules=rules)).reason == "pending"
        with pytest.raises(Problem):
            await offers.accept(tx, waiting.offer.id, now=NOW)
        granted = await offers.approve(tx, waiting.offer.id, now=NOW)
        assert granted.status == "proposed"
        with pytest.raises(Problem):
            await offers.approve(tx, waiting.offer.id, now=NOW)
        with pytest.raises(Problem):
            await offers.decline(tx, waiting.offer.id)
        assert (await talk.ask(None, rules=rules)).final is True
        assert (await offers.accept(tx, waiting.offer.id, now=NOW)).status == "accepted"


async def test_who_bids_more_than_what_waits_is_answered_by_the_agent(
    database: Database, organization_id: UUID
) -> None:
    rules = RULES.model_copy(update={"max_discount_percent": 5, "approval_discount_percent": 10})
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        waiting = await talk.ask(12600, rules=rules)
        assert (await talk.ask(12500, rules=rules)).reason == "pending"
        more, met = await talk.ask(13000, rules=rules), await talk.ask(13400, rules=rules)
        assert waiting.offer is not None
        assert more.offer is not None
        assert met.offer is not None
        assert (more.kind, met.kind, met.offer.status) == ("offer", "offer", "proposed")
        assert 13205 <= met.offer.amount < more.offer.amount  # what the agent may give alone
    async with database.tx(organization_id) as tx:
        await offers.approve(tx, waiting.offer.id, now=NOW)
    async with database.tx(organization_id) as tx:
        talk.tx = tx
        taken = await offers.open_offer(tx, talk.conversation_id, now=NOW)
        assert taken is not None
        assert taken.id == waiting.offer.id
        again = await talk.ask(13000, rules=rules)
        assert again.offer is not None
        assert again.offer.id == waiting.offer.id


async def test_what_a_person_declined_is_not_asked_again(database: Database, organization_id: UUID) -> None:
    rules = RULES.model_copy(update={"max_discount_percent": 5, "approval_discount_percent": 10})
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        waiting = await talk.ask(12600, rules=rules)
        assert waiting.offer is not None
        assert (await offers.decline(tx, waiting.offer.id)).status == "declined"
        after = await talk.ask(12600, rules=rules)
        assert after.offer is not None
        assert after.kind == "offer"
        assert after.offer.amount >= 13205  # what the agent may give alone


@pytest.mark.parametrize("asked", [11899, 12509, 1])
async def test_below_the_floor_or_the_persons_limit_nobody_is_asked(
    database: Database, organization_id: UUID, asked: int
) -> None:
    rules = RULES.model_copy(update={"max_discount_percent": 5, "approval_discount_percent": 10})
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        assert (await talk.ask(asked, rules=rules)).kind == "offer"


async def test_an_accepted_offer_is_used_once_by_its_owner(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx, known=True)
        other = await shop.customer(tx, "eve@shopper.example")
        first, second = await talk.ask(9000), await talk.ask(9000)
        assert first.offer is not None
        assert second.offer is not None
        with pytest.raises(Problem) as withdrawn:
            await offers.accept(tx, first.offer.id, now=NOW)
        assert withdrawn.value.code == "offer_invalid"
        for _ in range(2):
            assert (await offers.accept(tx, second.offer.id, now=NOW)).status == "accepted"
        opened = await offers.open_offer(tx, talk.conversation_id, now=NOW)
        assert opened is not None
        assert opened.id == second.offer.id
        lines = await of_variants(tx, {talk.variant_id: 1})
        owner: dict[str, Any] = {"conversation_id": talk.conversation_id, "customer_id": talk.customer_id}
        price = await offers.verify(tx, second.offer.id, **owner, lines=lines, now=NOW)
        assert (price.amount, price.quantity) == ((await talk.rounds())[1], 1)
        elsewhere = await shop.conversation(tx, customer_id=other)
        for wrong in (
            {**owner, "conversation_id": elsewhere},
            {**owner, "conversation_id": None},
            {**owner, "now": NOW + offers.VALID_FOR},
            {**owner, "lines": []},
        ):
            with pytest.raises(Problem):
                await offers.verify(tx, second.offer.id, **{"lines": lines, "now": NOW, **wrong})
        above = price.amount + 1
        await tx.session.execute(update(Variant).where(Variant.id == talk.variant_id).values(floor=above))
        risen = await of_variants(tx, {talk.variant_id: 1})
        with pytest.raises(Problem):
            await offers.verify(tx, second.offer.id, **owner, lines=risen, now=NOW)
        assert [await offers.use(tx, second.offer.id) for _ in range(2)] == [True, False]
        with pytest.raises(Problem):
            await offers.accept(tx, second.offer.id, now=NOW)


async def test_an_expired_offer_is_renewed_at_its_price_and_a_bought_one_starts_anew(
    database: Database, organization_id: UUID
) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        end = (await talk.room()).end
        for _ in range(3):
            last = await talk.ask(9000)
        later = NOW + offers.VALID_FOR
        renewed = await talk.ask(9000, now=later)
        assert renewed.offer is not None
        assert last.offer is not None
        assert renewed.offer.id != last.offer.id
        assert (renewed.kind, renewed.offer.amount, renewed.final) == ("offer", end, True)
        more = await talk.ask(9000, now=later, quantity=2)
        assert more.offer is not None
        assert (more.offer.amount, more.offer.quantity) == (end, 2)
        await offers.accept(tx, more.offer.id, now=later)
        assert await offers.use(tx, more.offer.id)
        fresh = await talk.ask(9000, now=later)
        assert fresh.offer is not None
        assert fresh.offer.amount == (await talk.rounds())[0]


async def test_offers_past_their_time_expire_but_not_while_being_paid_with(
    database: Database, organization_id: UUID
) -> None:
    after = NOW + offers.VALID_FOR + timedelta(seconds=1)
    async with database.session() as session:
        await offers.expire_due(session, now=after)  # what other tests left
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        first = await talk.ask(9000)
        assert first.offer is not None
        await offers.accept(tx, first.offer.id, now=NOW)
        await shop.checkout(tx, offer_id=first.offer.id, status="confirming")
        second = Talk(tx, await shop.conversation(tx), talk.variant_id, None)
        assert (await second.ask(9000)).kind == "offer"
    async with database.session() as session:
        assert await offers.expire_due(session, now=NOW) == 0
        assert await offers.expire_due(session, now=after) == 1
        assert await offers.expire_due(session, now=after) == 0
    async with database.tx(organization_id) as tx:
        assert (await offers.get(tx, first.offer.id)).status == "accepted"
        assert await offers.use(tx, first.offer.id)


async def test_a_cart_takes_the_accepted_offer(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        cart_id = await carts.cart_id_of(tx, talk.conversation_id)
        await carts.add(tx, cart_id, talk.variant_id, 1)
        first = (await talk.rounds())[0]
        made = await talk.ask(12100, now=datetime.now(UTC))
        assert made.offer is not None
        await offers.accept(tx, made.offer.id)
        view = await carts.set_offer(tx, cart_id, made.offer.id)
        assert (view.subtotal, view.discount, view.total) == (13900, 13900 - first, first)


async def test_foreign_and_unknown_things_are_not_found(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)
        made = await talk.ask(9000)
        assert made.offer is not None
    async with database.tx(new_id()) as tx:
        talk.tx = tx
        for call in (talk.ask(9000), offers.get(tx, made.offer.id), offers.accept(tx, made.offer.id, now=NOW)):
            with pytest.raises(Problem) as refused:
                await call
            assert refused.value.status == 404
        assert await offers.use(tx, made.offer.id) is False


async def test_two_decisions_at_once_are_two_rounds(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        talk = await Talk.open(tx)

    async def ask() -> None:
        async with database.tx(organization_id) as tx:
            await Talk(tx, talk.conversation_id, talk.variant_id, None).ask(9000)

    await asyncio.gather(*(ask() for _ in range(6)))
    async with database.tx(organization_id) as tx:
        amounts = await tx.session.scalars(
            select(PriceOffer.amount).where(PriceOffer.variant_id == talk.variant_id).order_by(PriceOffer.round)
        )
        assert list(amounts) == await Talk(tx, talk.conversation_id, talk.variant_id, None).rounds()
        open_ones = await tx.session.scalar(
            select(func.count()).where(PriceOffer.variant_id == talk.variant_id, PriceOffer.status == "proposed")
        )
        assert open_ones == 1
        await tx.session.execute(
            update(Product).where(Product.organization_id == organization_id).values(status="archived")
        )
        assert (await Talk(tx, talk.conversation_id, talk.variant_id, None).ask(9000)).kind == "refuse"


async def test_where_a_code_leaves_no_room_no_better_price_is_made(database: Database, organization_id: UUID) -> None:
    async with database.tx(organization_id) as tx:
        decided = await (await Talk.open(tx)).ask(at_floor=True)
    assert (decided.kind, decided.reason, decided.offer, decided.final) == ("refuse", "at_floor", None, True)
