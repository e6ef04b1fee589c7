"""Holds a conversation again and compares: `agentpay conversations replay`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from agentpay.api.listening import listen
from agentpay.api.routers.turns import begin
from agentpay.api.server import make_server
from agentpay.api.state import AppState
from agentpay.commerce.rules import AgentRules
from agentpay.conversations.turns.accept import accept
from agentpay.errors import Problem, StartupError
from agentpay.evals.replay.original import Said, Step, said
from agentpay.evals.replay.scratch import Start, copy_shop, set_agent
from agentpay.settings import Settings
from agentpay.store import embedded
from agentpay.store.keys import create_key
from agentpay.store.migrate import migrate

PATH = "/v1/agent/conversations"
STATE = ("status", "stage", "active_agent", "hesitation_signals")
_POLL_SECONDS = 0.05
_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Change:
    """What the conversation is held with instead; None: as it was."""

    model: str | None = None
    rules: AgentRules | None = None
    agent_version: int | None = None
    """A version that the agent has; model and rules go before its own."""


async def replay(
    settings: Settings, source_url: str, start: Start, steps: list[Step], original: dict[str, Any], change: Change
) -> dict[str, Any]:
    """Hold it again over a scratch copy of the shop, which is gone afterwards.

    Answers `{"conversation_id", "model", "agent_version", "turns": [{"turn_id", "kind", "content", "original", "replayed", "differs"}],
    "final": {"original", "replayed", "differs"}}`; `replayed` is null with a `skipped` where a turn could not be held again.
    """
    with tempfile.TemporaryDirectory(prefix="agentpay-replay-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # as root the embedded servers run as an account that a private folder keeps out
        with embedded.start(Path(folder) / "data") as servers:
            await asyncio.to_thread(_prepare, source_url, servers.database_url, start, change)
            scratch = settings.model_copy(
                update={
                    "database_url": servers.database_url,
                    "redis_url": servers.redis_url,
                    "data_dir": Path(folder) / "data",
                    "public_url": None,
                    "host": "127.0.0.1",
                    "worker_in_process": True,
                    "sandbox_settle_seconds": 0.0,
                }
            )
            async with _serving(scratch) as (state, base_url):
                async with state.database.session() as session:
                    _, key = await create_key(session, start.organization_id, "secret")
                headers = {"authorization": f"Bearer {key}"}
                async with httpx.AsyncClient(
                    base_url=base_url, headers=headers, timeout=_TIMEOUT, trust_env=False
                ) as client:
                    turns = [await _again(state, client, start, step) for step in steps]
                    final = (await client.get(f"{PATH}/{start.id}")).json()
    states = [state_of(view) for view in (original, final)]
    return {
        "conversation_id": str(start.id),
        "model": change.model,
        "agent_version": change.agent_version,
        "turns": turns,
        "final": {"original": states[0], "replayed": states[1], "differs": differences(*states)},
    }


def _prepare(source_url: str, scratch_url: str, start: Start, change: Change) -> None:
    migrate(scratch_url)
    copy_shop(source_url, scratch_url, start)
    set_agent(scratch_url, start.agent_id, version=change.agent_version, model=change.model, rules=change.rules)


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[tuple[AppState, str]]:
    """The whole service, worker included, at a free port of this machine."""
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        ready = asyncio.Event()
        server = make_server(settings.model_copy(update={"port": port}), ready.set)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not server.started:
                raise StartupError("The copy of the shop could not be served; the log above says why.")
            yield server.config.app.state.agentpay, f"http://127.0.0.1:{port}"  # type: ignore[union-attr]
        finally:
            waiting.cancel()
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


async def _again(state: AppState, client: httpx.AsyncClient, start: Start, step: Step) -> dict[str, Any]:
    replayed: Said | None = None
    skipped: str | None = None
    try:
        replayed = await _DO[step.kind](state, client, start, step)
    except (Problem, Skipped) as refused:
        skipped = refused.detail
    shown: dict[str, Any] = {"turn_id": str(step.turn_id), "kind": step.kind, "content": step.content}
    shown |= {"original": asdict(step.said), "replayed": asdict(replayed) if replayed else None}
    shown["differs"] = differences(shown["original"], shown["replayed"]) if replayed else []
    return {**shown, "skipped": skipped}


class Skipped(Exception):
    """A turn that cannot be held again, since what it answers did not happen this time."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


async def _message(state: AppState, client: httpx.AsyncClient, start: Start, step: Step) -> Said:
    """Under the id that the turn had: the house model chooses among its wordings by it."""
    async with state.database.tx(start.organization_id) as tx:
        accepted = await accept(tx, start.id, step.content, turn_id=step.turn_id, place=state.runner.place)
    begin(state, accepted)
    answer = await client.get(f"{PATH}/{start.id}/turns/{step.turn_id}/events")  # ends with the turn
    answer.raise_for_status()
    found = await _messages(client, start)
    return said(found[-1]) if found[-1]["role"] == "assistant" else Said()


async def _human(state: AppState, client: httpx.AsyncClient, start: Start, step: Step) -> Said:  # noqa: ARG001
    answer = await client.post(f"{PATH}/{start.id}/messages", json={"content": step.content, "author": "human"})
    if answer.status_code == 409:
        raise Skipped("A person of the shop wrote here; this time the agents still have the conversation.")
    answer.raise_for_status()
    return Said()


async def _approval(state: AppState, client: httpx.AsyncClient, start: Start, step: Step) -> Said:  # noqa: ARG001
    assert step.approval is not None, "the step is an answer to one"
    kind, approved, note = step.approval
    interrupts = (await client.get(f"{PATH}/{start.id}")).json()["interrupts"]
    asked = next((one for one in interrupts if one["kind"] == kind), None)
    if asked is None:
        raise Skipped(f"A {kind.replace('_', ' ')} was answered here; this time nobody was asked.")
    value = {"approved": approved, **({"note": note} if note else {})}
    body = {"interrupt_id": asked["id"], "value": value}
    answer = await client.post(f"{PATH}/{start.id}/turns/{asked['turn_id']}/resume", json=body)
    answer.raise_for_status()
    return said(answer.json()["message"])


async def _payment(state: AppState, client: httpx.AsyncClient, start: Start, step: Step) -> Said:  # noqa: ARG001
    """The buyer pays, or is refused, in the sandbox as they did."""
    checkout_id = (await client.get(f"{PATH}/{start.id}")).json()["checkout_id"]
    checkout = (await client.get(f"/v1/checkouts/{checkout_id}")).json() if checkout_id else {}
    if checkout.get("status") != "open":
        raise Skipped("The customer paid here; this time there is nothing to pay.")
    card = "decline" if "declined" in step.said.text else "success"
    before = await _count(client, start)
    paid = await client.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": card})
    if paid.status_code != 200:
        raise Skipped(f"The customer paid here; this time: {paid.json().get('detail', '')}")
    for _ in range(int(_TIMEOUT / _POLL_SECONDS)):  # a job posts the message
        if await _count(client, start) > before:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return said((await _messages(client, start))[-1])


async def _messages(client: httpx.AsyncClient, start: Start) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (
            await client.get(
                f"{PATH}/{start.id}/messages", params={"limit": 100, **({"cursor": cursor} if cursor else {})}
            )
        ).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def _count(client: httpx.AsyncClient, start: Start) -> int:
    return len(await _messages(client, start))


_DO = {"message": _message, "human": _human, "approval": _approval, "payment": _payment}


def state_of(view: dict[str, Any]) -> dict[str, Any]:
    """What of a conversation is compared at its end."""
    cart = view["cart"]
    lines = [f"{line['quantity']} × {line['variant_external_id'] or line['title']}" for line in cart["items"]]
    bought = {"has_checkout": view["checkout_id"] is not None, "open_approvals": len(view["interrupts"])}
    return {
        **{name: view[name] for name in STATE},
        "cart": lines,
        "discount_code": cart["discount_code"],
        "cart_total": cart["total"],
        **bought,
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of what is not the same, in the order of the first."""
    return [name for name in one if one[name] != other[name]]
