"""A category's shop is opened, its buyers come, a few at a time, and all that the service sent is looked through."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from agentpay.evals.negotiation import shop
from agentpay.evals.negotiation.buyers import Buyer, buyers
from agentpay.evals.negotiation.histories import Product
from agentpay.evals.negotiation.leaks import Catalogue, Sighting, in_body, in_log
from agentpay.evals.negotiation.listening import Endpoint, Tap, endpoint
from agentpay.evals.negotiation.talking import Played, play
from agentpay.evals.scenarios.client import Mode, ServiceClient
from agentpay.evals.service import RunningService, own_service

_AT_ONCE = 6
"""Conversations under way with one service."""
_PAYING = 5
"""Every so many-th buyer pays for what was agreed."""
_ENVIRONMENT = {"AGENTPAY_WEBHOOK_ALLOW_PRIVATE": "true"}
Advance = Callable[[Played], None]


@dataclass(slots=True)
class Category:
    """What came of one category's shop: its buyers, and floors seen in webhooks and logs."""

    name: str
    played: list[Played] = field(default_factory=list)
    overheard: list[Sighting] = field(default_factory=list)
    webhooks: int = 0
    log_lines: int = 0


def run(
    name: str,
    products: Sequence[Product],
    *,
    count: int,
    seed: int,
    advance: Advance,
    stop: Event,
    model: str = "house",
    agent: Mapping[str, Any] | None = None,
    data: Path | None = None,
) -> Category:
    """All buyers of one category, against a service of its own; no more of them come once `stop` is set.

    `agent`: settings that the shop's agent is given. Raises StartupError.
    """
    rng = random.Random(f"{seed}:{name}")
    crowd = [buyer for product in products for buyer in buyers(product, count, rng)]
    rng.shuffle(crowd)
    with tempfile.TemporaryDirectory(prefix="agentpay-eval-") as folder:
        file = shop.write(Path(folder), name, products)
        options: dict[str, Any] = {"model": model, "agent": agent, "seed": seed, "data": data}
        with own_service(file, environment=_ENVIRONMENT, **options) as service:
            address = (service.base_url, service.secret_key)
            found = asyncio.run(play_all(name, crowd, Catalogue(products), *address, advance=advance, stop=stop))
            _read_log(found, service, Catalogue(products))
    return found


async def play_all(
    name: str,
    crowd: Sequence[Buyer],
    catalogue: Catalogue,
    base_url: str,
    secret_key: str,
    *,
    advance: Advance,
    stop: Event,
) -> Category:
    """The buyers in their order, a few at a time, half of them reading streams; and the webhooks that went out meanwhile."""
    found = Category(name)
    waiting = list(enumerate(crowd))[::-1]

    async def work(mode: Mode) -> None:
        tap = Tap()
        async with ServiceClient(base_url, secret_key, mode=mode, transport=tap) as client:
            while waiting and not stop.is_set():
                number, buyer = waiting.pop()
                result = await play(client, tap, buyer, catalogue, pays=number % _PAYING == 0)
                found.played.append(result)
                advance(result)

    async with endpoint() as hooks:
        async with ServiceClient(base_url, secret_key) as client:
            await client.hook(hooks.url)
        async with asyncio.TaskGroup() as group:
            for n in range(_AT_ONCE):
                group.create_task(work("sse" if n % 2 else "json"))
        await hooks.quiet()
        _read_webhooks(found, hooks, catalogue)
    return found


def _read_webhooks(found: Category, hooks: Endpoint, catalogue: Catalogue) -> None:
    """A webhook tells of a product; prices that any of its buyers named are no secret of the shop's."""
    named: dict[str, set[int]] = {}
    for played in found.played:
        named.setdefault(played.buyer.product.external_id, set()).update(played.buyer.named)
    found.webhooks = len(hooks.bodies)
    for body in hooks.bodies:
        for product in catalogue.shown_in(body):
            found.overheard += in_body(body, product, catalogue, named.get(product.external_id, ()))


def _read_log(found: Category, service: RunningService, catalogue: Catalogue) -> None:
    for line in service.log.read_text(errors="replace").splitlines():
        found.log_lines += 1
        for product in catalogue.products:
            found.overheard += in_log(line, product, catalogue)
