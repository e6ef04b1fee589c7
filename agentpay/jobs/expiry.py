"""What time does by itself: holds, checkouts and offers run out, and what was forgotten is taken up again."""

from __future__ import annotations

from procrastinate import App
from procrastinate import JobContext as QueueContext

from agentpay.commerce import checkouts, inventory, offers
from agentpay.commerce.payments import inbound
from agentpay.jobs.context import services


async def expire(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Checkouts first, so that their stock is swept with them; each kind in its own transaction."""
    database = services(context).database
    async with database.session() as session:
        await checkouts.expire_due(session)
    async with database.session() as session:
        await inventory.expire_due(session)
    async with database.session() as session:
        await offers.expire_due(session)


async def take_up(context: QueueContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    async with services(context).database.session() as session:
        await inbound.enqueue_forgotten(session)


def register(app: App) -> None:
    app.periodic(cron="* * * * * */15")(app.task(name="expiry.expire", pass_context=True)(expire))
    app.periodic(cron="* * * * *")(app.task(name="expiry.take_up", pass_context=True)(take_up))
