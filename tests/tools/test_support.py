"""Support after the sale: whose order it is, what the agent may do alone, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from agentpay.commerce.rules import AgentRules
from agentpay.graphs.context import load_context
from agentpay.graphs.services import build_services
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.session import Database
from agentpay.store.tables import Approval, Conversation, Customer, Order, OrderLine, Turn
from agentpay.tools.context import Context
from agentpay.tools.execute import Call, Outcome, execute
from tests.commerce import after, shop
from tests.tools.conftest import Silent

WRITES = (
    ("cancel_order", {}),
    ("change_order_address", {"address": {**after.ADDRESS, "line1": "1 New St"}}),
    ("change_order_items", {"changes": [{"product": "tee", "to": {"options": {"size": "l"}}}]}),
    ("change_order_payment", {"payment_method": "visa"}),
    ("return_items", {}),
    ("exchange_items", {"items": [{"product": "tee", "to": {"options": {"size": "l"}}}]}),
    ("request_refund", {}),
)


@dataclass
class Desk:
    """A customer with an order that has not left (`NEW-1`) and one that was delivered (`OLD-1`), and a conversation."""

    database: Database
    organization_id: UUID
    customer_id: UUID
    conversation_id: UUID
    base: Context
    calls: int = 0

    async def call(self, name: str, arguments: dict[str, Any], context: Context | None = None) -> Outcome:
        self.calls += 1
        return await execute(context or self.base, "support", Call(f"c{self.calls}", name, arguments, self.calls, 0))

    async def order(self, number: str) -> Order:
        async with self.database.tx(self.organization_id) as tx:
            found = await tx.session.scalar(
                select(Order).where(Order.organization_id == self.organization_id, Order.number == number)
            )
            assert found is not None
            return found

    def allowing(self, **rules: int) -> None:
        self.base.agent = replace(self.base.agent, rules=AgentRules(**rules))


@pytest.fixture
async def desk(database: Database, organization_id: UUID) -> Desk:
    async with database.tx(organization_id) as tx:
        customer_id = await shop.customer(tx, "lena@trail.example")
        tee = await after.product(tx, "tee", {"m": 2000, "l": 2500})
        await after.method(tx, customer_id, "visa")
        recently = datetime.now(UTC) - timedelta(days=2)
        common = {"customer_id": customer_id}
        await after.order(tx, [(tee["m"], 2, 2000)], number="NEW-1", **common)
        await after.order(tx, [(tee["m"], 2, 2000)], number="OLD-1", delivered=recently, **common)
        await tx.session.execute(
            update(OrderLine)
            .where(OrderLine.organization_id == organization_id)
            .values(title="Tee", options={"size": "m"})
        )
        conversation_id = await shop.conversation(tx, customer_id=customer_id)
    return await _desk(database, organization_id, customer_id, conversation_id)


async def _desk(database: Database, organization_id: UUID, customer_id: UUID, conversation_id: UUID) -> Desk:
    turn_id = new_id()
    async with database.tx(organization_id) as tx:
        tx.session.add(Turn(id=turn_id, organization_id=organization_id, conversation_id=conversation_id))
    context = await load_context(
        build_services(Settings(_env_file=None), database),  # type: ignore[call-arg]
        Silent(),
        organization_id=organization_id,
        conversation_id=conversation_id,
        turn_id=turn_id,
        base_url=after.BASE,
    )
    return Desk(database, organization_id, customer_id, conversation_id, context)


def code(outcome: Outcome) -> str | None:
    return None if outcome.ok else str(outcome.result["error"]["code"])


@pytest.mark.parametrize(
    ("name", "arguments"), [*WRITES, ("order_status", {}), ("find_customer", {}), ("update_customer", {"name": "X"})]
)
async def test_nobody_unknown_learns_or_changes_anything(desk: Desk, name: str, arguments: dict[str, Any]) -> None:
    async with desk.database.tx(desk.organization_id) as tx:
        conversation_id = await shop.conversation(tx)
    anonymous = await _desk(desk.database, desk.organization_id, desk.customer_id, conversation_id)
    given = {**arguments, "order_number": "NEW-1"} if name not in ("find_customer", "update_customer") else arguments
    outcome = await anonymous.call(name, given)
    assert code(outcome) == "verification_required"
    assert outcome.blocks == []


@pytest.mark.parametrize(("name", "arguments"), WRITES)
async def test_somebody_elses_order_is_no_order(desk: Desk, name: str, arguments: dict[str, Any]) -> None:
    async with desk.database.tx(desk.organization_id) as tx:
        other = await shop.customer(tx, "other@trail.example")
        conversation_id = await shop.conversation(tx, customer_id=other)
    foreign = await _desk(desk.database, desk.organization_id, other, conversation_id)
    for number in ("NEW-1", "OLD-1", "NONE-1"):
        assert code(await foreign.call(name, {**arguments, "order_number": number})) == "order_not_found"
    assert (await desk.order("NEW-1")).status == "paid"


async def test_number_and_email_verify_and_nothing_else_does(desk: Desk) -> None:
    async with desk.database.tx(desk.organization_id) as tx:
        conversation_id = await shop.conversation(tx)
        await tx.session.execute(update(Customer).where(Customer.id == desk.customer_id).values(name="Lena Hart"))
    talk = await _desk(desk.database, desk.organization_id, desk.customer_id, conversation_id)
    for given in (
        {"email": "a@b.example"},
        {"order_number": "NEW-1"},
        {"name": "Lena Hart", "postal_code": "97201"},
    ):
        assert code(await talk.call("find_customer", given)) == "verification_required"
    wrong = {"email": "other@trail.example", "order_number": "NEW-1"}
    assert code(await talk.call("find_customer", wrong)) == "verification_failed"
    found = await talk.call("find_customer", {"email": "A@b.example", "order_number": "#new 1"})
    assert found.ok
    assert [method["name"] for method in found.result["customer"]["payment_methods"]] == ["visa"]
    assert {order["number"] for order in found.result["orders"]} == {"NEW-1", "OLD-1"}
    # Whoever opened the conversation did not vouch for this
    assert code(await talk.call("update_customer", {"email": "mine@trail.example"})) == "session_required"
    # One conversation is about one customer
    assert code(await talk.call("find_customer", {"email": "other@trail.example"})) == "customer_not_found"
    assert code(await talk.call("find_customer", {"name": "Somebody Else"})) == "customer_not_found"


async def test_cancelling_gives_all_of_it_back_once(desk: Desk) -> None:
    done = await desk.call("cancel_order", {"order_number": "NEW-1", "reason": "by mistake"})
    assert done.ok
    assert done.result["order"]["status"] == "cancelled"
    assert sum(refund["amount"] for refund in done.result["refunds"]) == 4000
    assert [block["type"] for block in done.blocks] == ["order"]
    assert (await desk.order("NEW-1")).details["cancel_reason"] == "by mistake"
    assert code(await desk.call("cancel_order", {"order_number": "NEW-1"})) == "order_not_cancellable"
    assert code(await desk.call("cancel_order", {"order_number": "OLD-1"})) == "order_not_cancellable"


async def test_a_cancellation_tells_what_it_gives_back_itself(desk: Desk) -> None:
    desk.allowing(auto_refund_limit=1500)
    before = await desk.call("request_refund", {"order_number": "NEW-1", "amount": 500})
    assert before.result["status"] == "done"
    done = await desk.call("cancel_order", {"order_number": "NEW-1"})
    order = done.result["order"]
    assert sum(refund["amount"] for refund in done.result["refunds"]) == order["total"] - 500


async def test_which_order_is_asked_where_there_are_several(desk: Desk) -> None:
    outcome = await desk.call("cancel_order", {})
    assert code(outcome) == "order_required"
    assert set(outcome.result["error"]["candidates"]) == {"NEW-1", "OLD-1"}


async def test_a_dearer_change_is_a_payment_link_of_this_conversation(desk: Desk) -> None:
    change = {"product": "the tee", "quantity": 1, "to": {"options": {"size": "L"}}}
    done = await desk.call("change_order_items", {"order_number": "NEW-1", "changes": [change]})
    assert done.ok
    assert (done.result["status"], done.result["difference"]) == ("waits_for_payment", 500)
    assert [block["type"] for block in done.blocks] == ["order", "checkout"]
    assert done.result["checkout"]["conversation_id"] == str(desk.conversation_id)
    async with desk.database.tx(desk.organization_id) as tx:
        latest = await tx.session.scalar(
            select(Conversation.checkout_id).where(Conversation.id == desk.conversation_id)
        )
    assert str(latest) == done.result["checkout"]["id"]
    assert (await desk.order("NEW-1")).total == 4000, "nothing changes before it is paid"


async def test_a_change_beyond_the_agents_limit_waits_for_a_person(desk: Desk) -> None:
    desk.allowing(auto_change_limit=1000)
    change = {"product": "tee", "to_quantity": 1}
    asked = await desk.call("change_order_items", {"order_number": "NEW-1", "changes": [change]})
    assert asked.ok
    assert asked.interrupt is not None
    assert (asked.interrupt["kind"], asked.interrupt["payload"]["amount"]) == ("order_change", 2000)
    assert (await desk.order("NEW-1")).total == 4000, "nothing has been changed"
    await _approve(desk, asked)
    done = await execute(_granted(desk, asked), None, Call("a", *await _stored(desk, asked), 0, 0))
    assert done.ok
    assert (await desk.order("NEW-1")).total == 2000


async def test_small_refunds_are_given_and_larger_ones_wait(desk: Desk) -> None:
    desk.allowing(auto_refund_limit=1500)
    small = await desk.call("request_refund", {"order_number": "OLD-1", "amount": 1000})
    assert (small.ok, small.result["status"], small.interrupt) == (True, "done", None)
    # The limit is an order's: 1000 have been given
    asked = await desk.call("request_refund", {"order_number": "OLD-1", "amount": 1000, "reason": "a hole"})
    assert asked.interrupt is not None
    assert asked.interrupt["kind"] == "refund"
    assert [block["type"] for block in asked.blocks] == ["approval"]
    assert (await desk.order("OLD-1")).refunded == 1000
    await _approve(desk, asked)
    done = await execute(_granted(desk, asked), None, Call("a", *await _stored(desk, asked), 0, 0))
    assert done.ok
    assert (await desk.order("OLD-1")).refunded == 2000
    too_much = await desk.call("request_refund", {"order_number": "OLD-1", "amount": 2001})
    assert code(too_much) == "refund_exceeds_paid"


async def test_money_goes_back_to_my_card_where_that_is_how_it_was_paid(desk: Desk) -> None:
    """Nothing is stored of this customer: the card is the one of the payment; a PayPal account there is none."""
    async with desk.database.tx(desk.organization_id) as tx:
        customer_id = await shop.customer(tx, "guest@trail.example")
        sock = await after.product(tx, "sock", {"one": 1000})
        recently = datetime.now(UTC) - timedelta(days=2)
        await after.order(tx, [(sock["one"], 3, 1000)], number="CARD-1", delivered=recently, customer_id=customer_id)
        conversation_id = await shop.conversation(tx, customer_id=customer_id)
    guest = await _desk(desk.database, desk.organization_id, customer_id, conversation_id)
    guest.allowing(auto_refund_limit=100_000)
    for n, said in enumerate(("card", "my credit card"), 1):
        given = await guest.call("request_refund", {"order_number": "CARD-1", "amount": 1000, "payment_method": said})
        assert (given.ok, given.result["order"]["refunded"]) == (True, 1000 * n)
    for unknown in ("paypal", "card 4242", "the other card", "credit_card_9"):
        asked = {"order_number": "CARD-1", "payment_method": unknown}
        assert code(await guest.call("request_refund", asked)) == "payment_method_unknown"
        assert code(await guest.call("return_items", asked)) == "payment_method_unknown"
    assert (await guest.call("return_items", {"order_number": "CARD-1", "payment_method": "card"})).ok


async def test_returns_follow_the_window_and_name_items_in_the_customers_words(desk: Desk) -> None:
    some = await desk.call("return_items", {"order_number": "OLD-1", "items": [{"product": "tees", "quantity": 1}]})
    assert some.ok
    assert (some.result["return"]["amount"], some.result["return"]["status"]) == (2000, "requested")
    rest = await desk.call("return_items", {"order_number": "OLD-1"})
    assert [item["quantity"] for item in rest.result["return"]["items"]] == [1]
    assert code(await desk.call("return_items", {"order_number": "OLD-1"})) == "already_returned"
    assert (
        code(await desk.call("return_items", {"order_number": "OLD-1", "items": [{"product": "lamp"}]}))
        == "not_in_order"
    )
    assert code(await desk.call("return_items", {"order_number": "NEW-1"})) == "order_not_delivered"


async def test_goods_outside_the_window_are_refused_and_so_is_their_money(desk: Desk) -> None:
    desk.allowing(auto_refund_limit=100_000)
    async with desk.database.tx(desk.organization_id) as tx:
        await after.policies(tx, return_window_days=1, exchange_window_days=1)
    assert code(await desk.call("return_items", {"order_number": "OLD-1"})) == "return_window_over"
    swap = [{"product": "tee", "to": {"options": {"size": "l"}}}]
    assert code(await desk.call("exchange_items", {"order_number": "OLD-1", "items": swap})) == "exchange_window_over"
    assert code(await desk.call("request_refund", {"order_number": "OLD-1"})) == "return_window_over"
    told = (await desk.call("order_status", {"order_number": "OLD-1"})).result["possible"]
    assert (told["returns"]["ok"], told["returns"]["code"]) == (False, "return_window_over")


async def test_only_a_signed_in_customer_changes_the_email_address(desk: Desk) -> None:
    given = {"email": "new@trail.example"}
    desk.base.vouched = False
    assert code(await desk.call("update_customer", given)) == "session_required"
    desk.base.vouched = True
    async with desk.database.tx(desk.organization_id) as tx:
        await shop.customer(tx, "taken@trail.example")
    assert code(await desk.call("update_customer", {"email": "taken@trail.example"})) == "email_unavailable"
    assert (await desk.call("update_customer", given)).result["customer"]["email"] == "new@trail.example"
    assert code(await desk.call("update_customer", given)) == "nothing_to_change"


async def test_status_tells_what_is_possible_and_what_it_comes_to(desk: Desk) -> None:
    told = (await desk.call("order_status", {"order_number": "OLD-1"})).result
    possible = told["possible"]
    assert (possible["returns"]["ok"], possible["before_it_leaves"]["ok"]) == (True, False)
    assert possible["refundable"] == 4000
    (item,) = possible["items"]
    assert (item["returnable"], item["amount"]) == (2, 4000)
    assert [(other["options"], other["price"]) for other in item["alternatives"]] == [({"size": "l"}, 2500)]
    assert [other["number"] for other in told["other_orders"]] == ["NEW-1"]
    assert "floor" not in str(told)


async def _approve(desk: Desk, asked: Outcome) -> None:
    assert asked.interrupt is not None
    async with desk.database.tx(desk.organization_id) as tx:
        await tx.session.execute(
            update(Approval).where(Approval.id == UUID(asked.interrupt["id"])).values(status="approved")
        )


def _granted(desk: Desk, asked: Outcome) -> Context:
    assert asked.interrupt is not None
    return replace(desk.base, approval_id=UUID(asked.interrupt["id"]))


async def _stored(desk: Desk, asked: Outcome) -> tuple[str, dict[str, Any]]:
    assert asked.interrupt is not None
    async with desk.database.tx(desk.organization_id) as tx:
        stored = await tx.session.scalar(select(Approval.tool_call).where(Approval.id == UUID(asked.interrupt["id"])))
    return stored["name"], stored["arguments"]
