"""Turns of the house model, with one client: its text is its own, so load.py, which checks the fake model's, cannot drive it."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from agentpay.evals.bench.profile import Bench, Results
from agentpay.evals.service import RunningService, own_service

MESSAGES = {
    "without a search": ("hello", "thanks, that is kind", "what can you do for me?"),
    "with a search": ("do you have a mug?",),
}
CONVERSATIONS = 10


@dataclass(frozen=True, slots=True)
class HouseTurns:
    """First text, whole turn and processor time; in milliseconds."""

    name: str = "house"
    help: str = "turns of the house model, one client"
    figures: tuple[str, ...] = ("ttft_p50", "ttft_p95", "tot_p50", "srv_cpu_ms")

    def run(self, bench: Bench) -> Results:
        with own_service(bench.store, data=bench.data) as service:
            rows = [asyncio.run(_measure(service, label, bench.repetitions)) for label in MESSAGES]
        return Results({"agentpay, house": rows}, {})


async def _measure(service: RunningService, label: str, repetitions: int) -> dict[str, Any]:
    process = psutil.Process(service.pid)
    firsts: list[float] = []
    totals: list[float] = []
    headers = {"Authorization": f"Bearer {service.secret_key}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=service.base_url, headers=headers, timeout=30) as client:
        for _ in range(2):  # connections, compiled statements
            await _converse(client, MESSAGES[label])
        before = process.cpu_times()
        for _ in range(CONVERSATIONS * repetitions):
            for first, total in await _converse(client, MESSAGES[label]):
                firsts.append(first)
                totals.append(total)
        after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return {
        "label": label,
        "turns": len(totals),
        "ttft_p50": round(statistics.median(firsts), 2),
        "ttft_p95": round(statistics.quantiles(firsts, n=20)[-1], 2),
        "tot_p50": round(statistics.median(totals), 2),
        "srv_cpu_ms": round(1000 * spent / len(totals), 2),
    }


async def _converse(client: httpx.AsyncClient, messages: tuple[str, ...]) -> list[tuple[float, float]]:
    """One conversation: milliseconds to the first text and to the end of each turn."""
    opened = await client.post("/v1/agent/conversations", json={}, headers={"Accept": "application/json"})
    opened.raise_for_status()
    times: list[tuple[float, float]] = []
    for content in messages:
        started = time.perf_counter()
        first = 0.0
        path = f"/v1/agent/conversations/{opened.json()['id']}/messages"
        async with client.stream("POST", path, json={"content": content}) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if not first and line == "event: message.delta":
                    first = time.perf_counter() - started
        times.append((1000 * first, 1000 * (time.perf_counter() - started)))
    return times
