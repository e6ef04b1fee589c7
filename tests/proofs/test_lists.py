"""Every REST list answers its last page as fast as its first, whatever lies before it. Times are printed, not asserted."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from agentpay.store import cursors
from agentpay.store.embedded import Embedded
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.proofs.big_shop import CONVERSATION, ROWS, fill, row_id
from tests.proofs.killable import Processes
from tests.proofs.market import figures

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

LIMIT = 20
TIMES = 25
MOST = 3.0
"""How many times the first page's time the last page may take."""

LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "/v1/agents": ("agents", {}),
    "/v1/articles": ("articles", {}),
    "/v1/discounts": ("discounts", {}),
    "/v1/shipping-zones": ("shipping_zones", {}),
    "/v1/webhook-endpoints": ("webhook_endpoints", {}),
    "/v1/webhook-endpoints/{endpoint_id}/deliveries": ("webhook_deliveries", {"status": "failed"}),
    "/v1/products": ("products", {"status": "draft"}),
    "/v1/customers": ("customers", {}),
    "/v1/agent/conversations": ("conversations", {"status": "closed"}),
    "/v1/agent/conversations/{conversation_id}/messages": ("messages", {}),
    "/v1/approvals": ("approvals", {}),
    "/v1/carts": ("carts", {}),
    "/v1/checkouts": ("checkouts", {"status": "cancelled"}),
    "/v1/orders": ("orders", {"status": "partially_refunded"}),
    "/v1/refunds": ("refunds", {"status": "failed"}),
    "/v1/returns": ("returns", {"status": "refused"}),
}
"""Each list, the table behind it, and a filter that every second row fits."""
OTHERS = {
    "/v1/agent/tools": "as long as the program has tools",
    "/v1/agent/conversations/{conversation_id}/snapshots": "as long as one conversation has turns",
}
FROM_THE_OLDEST = {"approvals": 0, "agents": 1}
"""Lists sorted the other way, and how many rows come after the numbered ones (the shop's own agent)."""


@pytest.fixture(scope="module")
async def client(
    servers: Embedded, database_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    organization_id, secret, _ = await make_organization(database)
    began = time.monotonic()
    await fill(database, organization_id)
    figures(f"{sum(ROWS.values()):,} rows written in {time.monotonic() - began:.0f} s")
    folder: Path = tmp_path_factory.mktemp("lists")
    processes = Processes(database_url, servers.redis_url, folder, worker_apart=True)
    processes.start("serve")
    headers = {"authorization": f"Bearer {secret}"}
    try:
        async with httpx.AsyncClient(
            base_url=processes.base_url, headers=headers, timeout=60, trust_env=False
        ) as opened:
            await processes.ready(opened)
            yield opened
    finally:
        processes.stop()


def path_of(route: str) -> str:
    number = str(row_id(CONVERSATION))
    return route.replace("{endpoint_id}", number).replace("{conversation_id}", number)


async def before_the_last_page(database: Database, route: str, first: dict[str, Any], step: int) -> str:
    """The cursor behind which `LIMIT` rows are left: what walking there would have answered. `step`: every how many-th row fits."""
    table = LISTS[route][0]
    if table == "messages":  # sorted by the places of turn and message
        async with database.session() as session:
            row = (
                await session.execute(
                    text(
                        "SELECT turns.position, messages.position FROM messages JOIN turns ON turns.id = turn_id"
                        " ORDER BY 1 DESC, 2 DESC OFFSET :rest LIMIT 1"
                    ),
                    {"rest": LIMIT},
                )
            ).one()
        return cursors.encode(list(row))
    if table in FROM_THE_OLDEST:
        number = ROWS[table] + FROM_THE_OLDEST[table] - LIMIT
    else:
        number = LIMIT * step + 1
    return cursors.encode([str(row_id(number))])


async def fetch(client: httpx.AsyncClient, path: str, query: dict[str, Any]) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    answer = await client.get(path, params=query)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.text
    return answer.json(), took


async def compare(client: httpx.AsyncClient, database: Database, route: str, query: dict[str, str]) -> float:
    """The last page's time as a multiple of the first's: medians of requests that take turns."""
    path, step = path_of(route), 2 if query else 1
    wanted = {"limit": LIMIT, **query}
    first, _ = await fetch(client, path, wanted)
    assert (len(first["items"]), first["next_cursor"] is None) == (LIMIT, False)
    at_the_end = wanted | {"cursor": await before_the_last_page(database, route, first, step)}
    last, _ = await fetch(client, path, at_the_end)
    assert (len(last["items"]), last["next_cursor"]) == (LIMIT, None)
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in last["items"]}
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(TIMES):
        times[0].append((await fetch(client, path, wanted))[1])
        times[1].append((await fetch(client, path, at_the_end))[1])
    one, other = (statistics.median(each) for each in times)
    rows = ROWS[LISTS[route][0]]
    shown = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    figures(
        f"{route + shown:62} {rows:7,} rows: first {one * 1000:6.1f} ms, last {other * 1000:6.1f} ms, x {other / one:.2f}"
    )
    return other / one


async def test_the_last_page_takes_what_the_first_takes(client: httpx.AsyncClient, database: Database) -> None:
    document = (await client.get("/openapi.json")).json()
    routes = {
        route
        for route, methods in document["paths"].items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", []))
    }
    assert routes == set(LISTS) | set(OTHERS), "a new list belongs here too"
    ratios = {}
    for route, (_, query) in LISTS.items():
        ratios[route] = await compare(client, database, route, {})
        if query:
            ratios[f"{route} {query}"] = await compare(client, database, route, query)
    slow = {route: round(ratio, 1) for route, ratio in ratios.items() if ratio > MOST}
    assert not slow
