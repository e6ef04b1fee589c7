"""A working till for tests of payments: the sandbox, a job worker, and a real HTTP server for its webhooks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uvicorn
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agentpay.commerce import checkouts, orders
from agentpay.commerce.checkout_inputs import CheckoutInput
from agentpay.commerce.payments import inbound
from agentpay.commerce.payments.buyer import BuyerResult, CardName, pay_as_buyer
from agentpay.commerce.payments.paying import Paying
from agentpay.commerce.payments.registry import Providers
from agentpay.commerce.shapes import CheckoutView, OrderView
from agentpay.conversations.turns.broker_memory import MemoryBroker
from agentpay.errors import Problem
from agentpay.jobs.app import run_worker
from agentpay.jobs.context import JobContext
from agentpay.settings import Settings
from agentpay.store.session import Database
from agentpay.store.tables import Checkout, Inventory, SandboxPayment

ADDRESS = {"line1": "12 Elm St", "city": "Portland", "region": "OR", "postal_code": "97201", "country": "US"}


@dataclass
class Till:
    database: Database
    providers: Providers
    base_url: str
    paying: Paying
    deliver: bool = True
    """False: webhooks are lost, as on a network that is down."""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Every webhook that came in, for tests that send it again."""

    async def buy(self, organization_id: UUID, items: dict[UUID, int], **fields: Any) -> CheckoutView:
        """An open checkout of variants of which none ships, unless an address is given."""
        data = CheckoutInput.model_validate(
            {"items": [{"variant_id": str(v), "quantity": q} for v, q in items.items()], **fields}
        )
        async with self.database.tx(organization_id) as tx:
            return await checkouts.create(tx, data, base_url=self.base_url)

    async def pay(self, organization_id: UUID, checkout: CheckoutView, card: CardName = "success") -> BuyerResult:
        return await pay_as_buyer(
            self.database, self.paying, organization_id=organization_id, url=checkout.url, card=card
        )

    async def checkout(self, organization_id: UUID, checkout_id: UUID) -> CheckoutView:
        async with self.database.tx(organization_id) as tx:
            return await checkouts.get(tx, checkout_id, base_url=self.base_url)

    async def order_of(self, organization_id: UUID, checkout_id: UUID) -> OrderView:
        shown = await self.checkout(organization_id, checkout_id)
        assert shown.order_id is not None
        async with self.database.tx(organization_id) as tx:
            return await orders.get(tx, shown.order_id)

    async def stock(self, organization_id: UUID, variant_id: UUID) -> tuple[int, int]:
        """On hand and reserved."""
        async with self.database.tx(organization_id) as tx:
            row = (await tx.session.execute(select(Inventory).where(Inventory.variant_id == variant_id))).scalar_one()
            return row.on_hand, row.reserved

    async def books(self, organization_id: UUID) -> list[SandboxPayment]:
        """The processor's side of it, oldest first."""
        async with self.database.tx(organization_id) as tx:
            rows = await tx.session.scalars(
                select(SandboxPayment)
                .where(SandboxPayment.organization_id == organization_id)
                .order_by(SandboxPayment.id)
            )
            return list(rows)

    async def change(self, organization_id: UUID, checkout_id: UUID, **values: Any) -> None:
        """Put a checkout into a state that takes long to reach."""
        async with self.database.tx(organization_id) as tx:
            row = await tx.session.get_one(Checkout, checkout_id)
            for name, value in values.items():
                setattr(row, name, value)


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = 20.0) -> Any:
    """The condition's first true answer."""
    for _ in range(int(seconds / 0.02)):
        answer = await condition()
        if answer:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to pass")


@asynccontextmanager
async def open_till(database: Database, *, settle_seconds: float = 0.3) -> AsyncIterator[Till]:
    settings = Settings(sandbox_settle_seconds=settle_seconds)
    providers = Providers(database, settings)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    till = Till(database, providers, base_url, Paying(database, providers, base_url=base_url))

    async def webhook(request: Request) -> Response:
        if not till.deliver:
            return Response(status_code=503)
        body = await request.body()
        till.received.append((dict(request.headers), body))
        try:
            await inbound.receive(database, providers, request.path_params["provider"], request.headers, body)
        except Problem as problem:
            return Response(problem.code, problem.status)
        return Response(status_code=202)

    app = Starlette(routes=[Route("/v1/webhooks/{provider}", webhook, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    stop = asyncio.Event()
    context = JobContext(database, settings, base_url, providers, extra={"broker": MemoryBroker()})
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    working = asyncio.create_task(run_worker(context, stop=stop))
    try:
        yield till
    finally:
        stop.set()
        server.should_exit = True
        await asyncio.gather(serving, working)
