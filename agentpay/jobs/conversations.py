"""What other parts of the shop have to tell a conversation."""

from __future__ import annotations

from uuid import UUID

from procrastinate import App
from procrastinate import JobContext as QueueContext

from agentpay.commerce import carts, checkouts, orders
from agentpay.conversations import reminders, service
from agentpay.conversations.turns.announce import Announcement, announce, store_announcement
from agentpay.conversations.turns.approvals import expire_due
from agentpay.conversations.turns.broker import Broker
from agentpay.jobs.context import services
from agentpay.jobs.retry import Backoff
from agentpay.nodes.announcements import cart_reminder, payment_update
from agentpay.store.tables import Agent, Organization


async def tell_of_payment(
    context: QueueContext, *, organization_id: str, conversation_id: str, checkout_id: str
) -> None:
    """Post how a payment ended into its conversation, once an outcome (CONTRACT §4: a paid order posts a message)."""
    at = services(context)
    broker: Broker = at.extra["broker"]
    async with at.database.tx(UUID(organization_id)) as tx:
        checkout = await checkouts.get(tx, UUID(checkout_id), base_url=at.base_url)
        order = await orders.get(tx, checkout.order_id) if checkout.order_id is not None else None
    text, blocks = payment_update(checkout, order)
    await announce(
        at.database,
        broker,
        UUID(organization_id),
        UUID(conversation_id),
        kind="payment",
        message=Announcement(text, blocks, agent="payment"),
        stage="paid" if order is not None else None,
        once=f"payment:{checkout_id}:{context.job.id}",  # a job that runs again is the same occasion
    )


async def expire_approvals(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """What the shop did not answer in time ends, and its customer hears of it."""
    at = services(context)
    broker: Broker = at.extra["broker"]
    async with at.database.session() as session:
        expired = await expire_due(session)
    for item in expired:
        text = f"I'm sorry, nobody could decide on this in time: {item.summary}. Please ask again if you still want it."
        await announce(
            at.database,
            broker,
            item.organization_id,
            item.conversation_id,
            kind="approval",
            message=Announcement(text, agent="support"),
            once=f"expired:{item.approval_id}",
        )


async def remind_of_carts(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Who left a cart is reminded of it once, as long after their last turn as the agent's rules say."""
    at = services(context)
    broker: Broker = at.extra["broker"]
    async with at.database.session() as session:
        found = await reminders.due(session)
    for left in found:
        async with at.database.tx(left.organization_id) as tx:
            if not await reminders.still_due(tx, left):
                continue
            agent = await tx.session.get_one(Agent, left.agent_id)
            shop = await tx.session.get_one(Organization, left.organization_id)
            cart = await carts.for_conversation(tx, left.conversation_id)
            text, blocks = cart_reminder(agent, shop.name, cart, seed=left.conversation_id.int)
            message = Announcement(text, blocks, agent="sales")
            told = await store_announcement(
                tx, left.conversation_id, kind="system", message=message, once=reminders.OCCASION
            )
        if told is not None:
            broker.announce(left.conversation_id)


async def tell(context: QueueContext, *, organization_id: str, conversation_id: str, event: str) -> None:
    """Webhooks about a conversation that a tool changed."""
    async with services(context).database.tx(UUID(organization_id)) as tx:
        await service.tell(tx, event, UUID(conversation_id))


def register(app: App) -> None:
    persistent = Backoff(first=0.5, longest=600.0, attempts=50)
    app.task(name="conversation.tell", pass_context=True, retry=persistent)(tell)
    app.task(name="conversation.payment_update", pass_context=True, priority=10, retry=persistent)(tell_of_payment)
    app.periodic(cron="* * * * * */15")(
        app.task(name="conversation.remind_of_carts", pass_context=True)(remind_of_carts)
    )
    app.periodic(cron="* * * * *")(app.task(name="conversation.expire_approvals", pass_context=True)(expire_approvals))
