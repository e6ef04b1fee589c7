"""The checkout's state machine against a model of it: chance changes, pays, delays, repeats and ends checkouts of one shop.

What Postgres says is looked at after every step; a trigger notes each change of status, so that none passes unseen.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import select, text

from agentpay.commerce import checkouts, inventory
from agentpay.commerce.checkout_inputs import CheckoutInput, CheckoutPatch
from agentpay.commerce.payments import inbound
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.registry import Providers
from agentpay.commerce.payments.sandbox import cards
from agentpay.errors import Problem
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Agent, InboundEvent, Organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.commerce.till import ADDRESS

T = TypeVar("T")

BASE = "https://shop.example"
STOCK = {"jacket": 5, "sock": 3}
PRICES = {"jacket": 18900, "sock": 1337, "card": 2500}
"""The gift card neither ships nor runs out."""
CAP = 2
ALLOWED = {
    ("open", "confirming"),
    ("confirming", "confirmed"),
    ("confirming", "open"),
    ("confirmed", "open"),
    ("confirming", "succeeded"),
    ("confirmed", "succeeded"),
    ("open", "expired"),
    ("open", "cancelled"),
}
PAYING = ("confirming", "confirmed")
REFUSALS = {
    "create": {"out_of_stock", "discount_invalid"},
    "change": {"out_of_stock", "discount_invalid"},
    "begin": {"out_of_stock", "checkout_changed", "discount_used_up", "discount_used_up_for_customer"},
}
OUTSIDE_CA = ADDRESS
TAXED = ADDRESS | {"city": "Fresno", "region": "CA", "postal_code": "93701"}
NOTE_CHANGES = """
CREATE TABLE status_changes (checkout_id uuid, was text, became text);
CREATE FUNCTION note_status() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO status_changes VALUES (NEW.id, OLD.status, NEW.status); RETURN NEW; END';
CREATE TRIGGER note_status AFTER UPDATE OF status ON checkouts
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION note_status()
"""

items = st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 3), min_size=1, max_size=2)
emails = st.sampled_from(["dana@shopper.example", "kim@shopper.example"])
codes = st.sampled_from([None, "TRAIL10", "TRAIL10", "trail10", "NOSUCH"])
addresses = st.sampled_from([OUTSIDE_CA, TAXED, TAXED, None])
options = st.sampled_from([None, "us-standard", "us-express"])
pick = st.integers(0, 999)


@dataclass
class Modelled:
    """What the model knows of a checkout. `payment`: how the current attempt's payment stands at the processor."""

    id: UUID
    lines: dict[str, int]
    address: dict[str, str] | None
    status: str = "open"
    payment: str | None = None
    reference: str = ""

    @property
    def ships(self) -> bool:
        return any(name != "card" for name in self.lines)


@dataclass
class World:
    """The database and the loop that every example runs in."""

    runner: asyncio.Runner
    database: Database
    providers: Providers
    steps: Counter[str] = field(default_factory=Counter)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


class CheckoutMachine(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Modelled] = []

    # Steps

    @initialize()
    def open_shop(self) -> None:
        self.world.run(self._open_shop())

    @precondition(lambda self: len(self.known) < 4)
    @rule(lines=items, email=emails, code=codes, address=addresses, option=options)
    def create(
        self, lines: dict[str, int], email: str, code: str | None, address: dict[str, str] | None, option: str | None
    ) -> None:
        fields = {"customer": {"email": email}, "discount_code": code, "shipping_address": address}
        data = CheckoutInput.model_validate({"items": self._items(lines), "shipping_option": option, **fields})

        async def do() -> UUID:
            async with self.world.database.tx(self.shop_id) as tx:
                return (await checkouts.create(tx, data, base_url=BASE)).id

        made = self._try("create", do)
        if isinstance(made, UUID):
            assert code != "NOSUCH"
            self.known.append(Modelled(made, dict(lines), address))
        self._check()

    @precondition(lambda self: self.known)
    @rule(which=pick, change=st.one_of(
        st.fixed_dictionaries({"lines": items}),
        st.fixed_dictionaries({"discount_code": codes}),
        st.fixed_dictionaries({"shipping_address": addresses}),
        st.fixed_dictionaries({"shipping_option": options}),
    ))  # fmt: skip
    def change(self, which: int, change: dict[str, Any]) -> None:
        one = self._mostly(which, "open")
        fields = {"items": self._items(change["lines"])} if "lines" in change else change
        patch = CheckoutPatch.model_validate(fields)

        async def do() -> bool:
            async with self.world.database.tx(self.shop_id) as tx:
                await checkouts.update(tx, one.id, patch, base_url=BASE)
                return True

        done = self._try("change", do, only_open=one)
        if done is True:
            one.lines = dict(change.get("lines", one.lines))
            one.address = change.get("shipping_address", one.address)
        self._check()

    @precondition(lambda self: self.known)
    @rule(which=pick, card=st.sampled_from(["success", "success", "decline", "three_d_secure", "delayed"]))
    def pay(self, which: int, card: str) -> None:
        one = self._mostly(which, "open")
        number = cards.parse(cards.CARD_OF[card], "12/40", "123")

        async def do() -> str:
            attempt = await self.paying.pay_by_card(self.shop_id, one.id, number)
            return attempt.payment.id

        paid = self._try("begin", do, only_open=one, incomplete=one.ships and one.address is None)
        if isinstance(paid, str):
            one.reference = paid
            one.payment = {"success": "succeeded", "decline": "failed", "three_d_secure": "requires_action"}.get(
                card, "processing"
            )
            one.status = {"decline": "open", "three_d_secure": "confirming"}.get(card, "confirmed")
        self._check()

    @precondition(lambda self: self.known)
    @rule(which=pick)
    def walk_away_from_the_card_form(self, which: int) -> None:
        """A payment is opened, and no card comes: the process died, or the buyer left."""
        one = self._mostly(which, "open")

        async def do() -> str:
            return (await self.paying.start(self.shop_id, one.id)).payment.id

        begun = self._try("begin", do, only_open=one, incomplete=one.ships and one.address is None)
        if isinstance(begun, str):
            one.reference, one.payment, one.status = begun, "requires_payment", "confirming"
        self._check()

    @precondition(lambda self: any(one.payment == "requires_action" for one in self.known))
    @rule(which=pick, approved=st.booleans())
    def authenticate(self, which: int, approved: bool) -> None:
        one = self._pick(which, lambda each: each.payment == "requires_action")
        self.world.run(self.paying.authenticate(self.shop_id, one.id, approved=approved))
        one.payment, one.status = ("succeeded", "confirmed") if approved else ("failed", "open")
        self._check()

    @precondition(lambda self: any(one.payment == "processing" for one in self.known))
    @rule(which=pick)
    def settle(self, which: int) -> None:
        one = self._pick(which, lambda each: each.payment == "processing")
        self.world.run(self.world.providers.sandbox.settle(self.shop_id, one.reference))
        one.payment = "succeeded"
        self._check()

    @precondition(lambda self: any(one.payment for one in self.known))
    @rule(which=pick)
    def webhook(self, which: int) -> None:
        """Any that was ever sent: in time, late, before earlier ones, or again."""
        told = self.world.run(self._deliver(which))
        if told is not None:
            self._told(*told)
        self._check()

    @precondition(lambda self: any(one.status in PAYING for one in self.known))
    @rule(which=pick)
    def reconcile(self, which: int) -> None:
        """An hour later, so that whoever has not paid will not."""
        self._reconcile(self._pick(which, lambda each: each.status in PAYING))
        self._check()

    @precondition(lambda self: self.known)
    @rule(which=pick, how=st.sampled_from(["time", "cancel", "hold", "hold swept"]))
    def something_ends(self, which: int, how: str) -> None:
        """One rule for what is rarer than paying."""
        if how == "time":
            self.time_passes(which)
        elif how == "cancel":
            self.cancel(which)
        else:
            self.world.run(self._run_out(self._pick(which), swept=how == "hold swept"))
        self._check()

    def time_passes(self, which: int) -> None:
        one = self._mostly(which, *PAYING, "succeeded", "cancelled")
        self.world.run(self._expire(one))
        one.status = "expired" if one.status == "open" else one.status

    def cancel(self, which: int) -> None:
        """Mostly what has ended or is being paid, or nobody would ever come to pay."""
        one = self._mostly(which, *PAYING, "succeeded", "expired", "cancelled")

        async def do() -> bool:
            async with self.world.database.tx(self.shop_id) as tx:
                await checkouts.cancel(tx, one.id, base_url=BASE)
                return True

        done = self._try("cancel", do, only_open=None if one.status == "cancelled" else one)
        one.status = "cancelled" if done is True else one.status

    def teardown(self) -> None:
        """The end of the day: what is still under way ends by itself, and all books agree."""
        if not hasattr(self, "shop_id"):
            return
        for one in self.known:
            if one.payment == "processing":
                self.world.run(self.world.providers.sandbox.settle(self.shop_id, one.reference))
                one.payment = "succeeded"
            if one.status in PAYING:
                self._reconcile(one)
        self._check()
        self.world.run(self._looked_at(self._books_agree))

    # What the model does

    def _told(self, reference: str, event: str) -> None:
        """A webhook moves the checkout whose attempt it tells of, while that is not over."""
        for one in self.known:
            if one.reference == reference and one.status in PAYING and event == "payment_intent.succeeded":
                one.status = "succeeded"
                self.world.steps["paid"] += 1

    def _reconcile(self, one: Modelled) -> None:
        self.world.run(self._ask_provider(one))
        if one.payment == "succeeded":
            one.status = "succeeded"
            self.world.steps["paid"] += 1
        elif one.payment in ("requires_payment", "requires_action"):
            one.payment, one.status = "cancelled", "open"

    def _pick(self, which: int, fits: Callable[[Modelled], bool] = lambda _: True) -> Modelled:
        fitting = [one for one in self.known if fits(one)] or self.known
        return fitting[which % len(fitting)]

    def _mostly(self, which: int, *statuses: str) -> Modelled:
        """Three times out of four one for which the step is meant."""
        return self._pick(which, lambda one: one.status in statuses or which % 4 == 0)

    def _items(self, lines: dict[str, int]) -> list[dict[str, Any]]:
        return [{"variant_id": str(self.variants[name]), "quantity": quantity} for name, quantity in lines.items()]

    def _try(
        self,
        kind: str,
        do: Callable[[], Coroutine[Any, Any, T]],
        *,
        only_open: Modelled | None = None,
        incomplete: bool = False,
    ) -> T | str | None:
        """Its result; None where it was refused, as it must be: `only_open` has ended or is being paid, or is `incomplete`."""
        try:
            done = self.world.run(do())
        except Problem as problem:
            self.world.steps[f"{kind}: {problem.code}"] += 1
            code = problem.code
        else:
            self.world.steps[kind] += 1
            assert only_open is None or only_open.status == "open"
            assert not incomplete
            return done
        if only_open is not None and only_open.status != "open":
            assert code == "checkout_not_open"
        elif incomplete:
            assert code == "checkout_incomplete"
        else:
            assert code in REFUSALS[kind]
        return None

    # What the shop does

    async def _open_shop(self) -> None:
        self.shop_id = new_id()
        database = self.world.database
        self.paying = Paying(database, self.world.providers, base_url=BASE)
        async with database.session() as session:
            session.add(Organization(id=self.shop_id, slug=f"shop-{self.shop_id}", name="Shop", currency="USD"))
            await session.flush()
            session.add(Agent(organization_id=self.shop_id, name="Nora", is_default=True))
        async with database.tx(self.shop_id) as tx:
            await zones(tx)
            self.variants = {
                name: await shop.variant(tx, name, price=price, stock=STOCK.get(name), requires_shipping=name != "card")
                for name, price in PRICES.items()
            }
            await shop.discount(tx, "TRAIL10", max_redemptions=CAP, max_redemptions_per_customer=1)

    async def _deliver(self, which: int) -> tuple[str, str] | None:
        async with self.world.database.session() as session:
            sent = list(
                await session.scalars(
                    text(
                        "SELECT args FROM procrastinate_jobs WHERE task_name = 'sandbox.deliver_webhook'"
                        " AND args ->> 'organization_id' = :shop ORDER BY id"
                    ),
                    {"shop": str(self.shop_id)},
                )
            )
        if not sent:
            return None
        told = sent[which % len(sent)]
        created = datetime.fromisoformat(told["created"])
        payment, event, kind = told["payment_id"], told["event_id"], told["event_type"]
        providers = self.world.providers
        body, headers = await providers.sandbox.webhook(self.shop_id, payment, event, kind, created, None)
        new = await inbound.receive(self.world.database, providers, "sandbox", headers, body)
        self.world.steps[f"webhook: {kind}, {'new' if new else 'again'}"] += 1
        async with self.world.database.tx(self.shop_id) as tx:
            found = await tx.session.scalar(
                select(InboundEvent.id).where(
                    InboundEvent.organization_id == self.shop_id, InboundEvent.external_id == event
                )
            )
            assert found is not None
            await inbound.handle(tx, providers, found)
        return payment, kind

    async def _ask_provider(self, one: Modelled) -> None:
        async with self.world.database.session() as session:
            attempt = await session.scalar(text("SELECT attempt FROM checkouts WHERE id = :id"), {"id": one.id})
        assert attempt is not None
        self.world.steps["reconcile"] += 1
        await self.paying.reconcile(self.shop_id, one.id, attempt, datetime.now(UTC) - timedelta(hours=1))

    async def _expire(self, one: Modelled) -> None:
        async with self.world.database.session() as session:
            await session.execute(
                text("UPDATE checkouts SET expires_at = now() - interval '1 second' WHERE id = :id"), {"id": one.id}
            )
        async with self.world.database.session() as session:
            await checkouts.expire_due(session)
        async with self.world.database.session() as session:
            await inventory.expire_due(session)
        self.world.steps[f"time: {one.status}"] += 1

    async def _run_out(self, one: Modelled, *, swept: bool) -> None:
        async with self.world.database.session() as session:
            await session.execute(
                text("UPDATE reservations SET expires_at = now() - interval '1 second' WHERE checkout_id = :id"),
                {"id": one.id},
            )
        if swept:
            async with self.world.database.session() as session:
                await inventory.expire_due(session)

    # What must be true

    def _check(self) -> None:
        self.world.run(self._looked_at(self._invariants))

    async def _rows(self, query: str) -> list[Any]:
        return list(await self.look.execute(text(query), {"shop": self.shop_id}))

    async def _looked_at(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with self.world.database.session() as self.look:
            await work()

    async def _invariants(self) -> None:
        found = {row.id: row for row in await self._rows("SELECT * FROM checkouts WHERE organization_id = :shop")}
        assert {row.id: row.status for row in found.values()} == {one.id: one.status for one in self.known}
        await self._only_allowed_changes()
        await self._totals_balance(found)
        await self._stock_adds_up()
        await self._codes_add_up()
        orders = await self._rows("SELECT checkout_id, total FROM orders WHERE organization_id = :shop")
        sold = {row.id: row.total for row in found.values() if row.status == "succeeded"}
        assert sorted((row.checkout_id, row.total) for row in orders) == sorted(sold.items())
        charged = await self._rows(
            "SELECT reference, count(*) FROM sandbox_payments"
            " WHERE organization_id = :shop AND status IN ('succeeded', 'processing') GROUP BY reference HAVING count(*) > 1"
        )
        assert charged == []

    async def _only_allowed_changes(self) -> None:
        changes = await self._rows(
            "SELECT was, became FROM status_changes JOIN checkouts ON id = checkout_id WHERE organization_id = :shop"
        )
        assert {(row.was, row.became) for row in changes} <= ALLOWED

    async def _totals_balance(self, found: dict[UUID, Any]) -> None:
        lines = await self._rows("SELECT * FROM checkout_lines WHERE organization_id = :shop")
        names = {identifier: name for name, identifier in self.variants.items()}
        for one in self.known:
            row, mine = found[one.id], [line for line in lines if line.checkout_id == one.id]
            assert {names[line.variant_id]: line.quantity for line in mine} == one.lines
            assert row.subtotal == sum(PRICES[name] * quantity for name, quantity in one.lines.items())
            assert row.discount == sum(line.discount for line in mine)
            assert row.discount == (0 if row.discount_id is None else (row.subtotal * 1000 + 5000) // 10000)
            assert row.total == row.subtotal - row.discount + row.shipping + row.tax
            assert row.tax == (sum(line.tax for line in mine))
            assert (row.tax > 0) == (one.address == TAXED)
            assert row.shipping == 0 or (one.ships and one.address is not None)
            assert all(line.discount <= line.unit_price * line.quantity and line.tax >= 0 for line in mine)

    async def _stock_adds_up(self) -> None:
        stock = await self._rows(
            "SELECT variant_id, on_hand, reserved,"
            " (SELECT coalesce(sum(quantity), 0) FROM reservations r WHERE r.variant_id = i.variant_id"
            "  AND state = 'held') AS held,"
            " (SELECT coalesce(sum(quantity), 0) FROM order_lines l WHERE l.variant_id = i.variant_id) AS sold"
            " FROM inventory i WHERE organization_id = :shop"
        )
        initial = {self.variants[name]: units for name, units in STOCK.items()}
        for row in stock:
            assert row.reserved == row.held
            assert row.on_hand == initial[row.variant_id] - row.sold
        holding = await self._rows(
            "SELECT DISTINCT checkout_id FROM reservations WHERE organization_id = :shop AND state = 'held'"
        )
        status = {one.id: one.status for one in self.known}
        assert {status[row.checkout_id] for row in holding} <= {"open", *PAYING}
        must = {one.id for one in self.known if one.status in PAYING and one.ships}
        assert must <= {row.checkout_id for row in holding}, "who pays has the goods"

    async def _codes_add_up(self) -> None:
        taken = await self._rows(
            "SELECT r.state, c.status, c.customer_id FROM discount_redemptions r JOIN checkouts c ON c.id = r.checkout_id"
            " WHERE r.organization_id = :shop AND r.state <> 'released'"
        )
        [counted] = await self._rows("SELECT redeemed FROM discounts WHERE organization_id = :shop")
        uses = await self._rows("SELECT customer_id, redeemed FROM discount_uses WHERE organization_id = :shop")
        assert counted.redeemed == len(taken) <= CAP
        assert {row.customer_id: row.redeemed for row in uses if row.redeemed} == Counter(
            row.customer_id for row in taken
        )
        assert all(row.redeemed <= 1 for row in uses)
        for row in taken:
            assert row.status in (PAYING if row.state == "held" else ("succeeded",))

    async def _books_agree(self) -> None:
        assert not [one for one in self.known if one.status in PAYING]
        orders = await self._rows("SELECT checkout_id::text, total FROM orders WHERE organization_id = :shop")
        ledger = await self._rows(
            "SELECT checkout_id::text, amount FROM payments WHERE organization_id = :shop AND status = 'succeeded'"
        )
        taken = await self._rows(
            "SELECT reference, amount FROM sandbox_payments WHERE organization_id = :shop AND status = 'succeeded'"
        )
        assert sorted(map(tuple, orders)) == sorted(map(tuple, ledger)) == sorted(map(tuple, taken))
        assert await self._rows("SELECT id FROM refunds WHERE organization_id = :shop") == []


@pytest.fixture
def runner() -> Any:
    with asyncio.Runner() as opened:
        yield opened


def test_chance_never_leaves_the_state_machine(make_database: Callable[[], str], runner: asyncio.Runner) -> None:
    async def open_world() -> World:
        database = Database(make_database())
        async with database.session() as session:
            for statement in NOTE_CHANGES.split(";\nCREATE"):
                await session.execute(text(statement if "CREATE TABLE" in statement else f"CREATE{statement}"))
        return World(runner, database, Providers(database, Settings(_env_file=None)))  # type: ignore[call-arg]

    world = runner.run(open_world())
    try:
        run_state_machine_as_test(
            type("Machine", (CheckoutMachine,), {"world": world}),
            settings=settings(
                max_examples=30,
                stateful_step_count=15,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],  # fifteen steps are read as they are; making them fewer takes minutes
            ),
        )
        steps = "\n".join(f"{count:5} {step}" for step, count in sorted(world.steps.items()))
        for seen in ("create", "change", "begin", "begin: checkout_not_open", "reconcile", "paid"):
            assert world.steps[seen], f"chance never came there:\n{steps}"
        print(f"\n{steps}")  # noqa: T201 - for `pytest -s`
    finally:
        runner.run(world.database.close())
