"""Runs turns as tasks of this process, detached from the requests that asked for them."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from agentpay.conversations.turns import lease as leases
from agentpay.conversations.turns.accept import Place, started_data
from agentpay.conversations.turns.broker import Broker, SignalKind
from agentpay.conversations.turns.engine import Engine, seen_before
from agentpay.conversations.turns.events import split
from agentpay.conversations.turns.failure import cancelled, failed
from agentpay.conversations.turns.finish import Result, finish
from agentpay.conversations.turns.insist import AWAY, insist
from agentpay.conversations.turns.lease import Lease, LeaseLost
from agentpay.conversations.turns.log import TurnLog
from agentpay.settings import Settings
from agentpay.store.away import unreachable
from agentpay.store.session import Database
from agentpay.tools.execute import TurnTaken

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
SWEEP_TURNS = 100
"""Most turns that one look takes over; while there are more, the next look follows at once."""
RETRY_SECONDS = 0.5
"""Pause before a heartbeat that did not reach the database is sent again."""
WIND_DOWN_SECONDS = 10.0
"""How long a cancelled run may take to let go of what it was doing."""


@dataclass(eq=False, slots=True)
class Run:
    """A turn that runs here. `work` is the engine's task, which may be cancelled; `task` the whole, which may not."""

    lease: Lease
    log: TurnLog
    task: asyncio.Task[None] | None = None
    work: asyncio.Task[Result] | None = None
    cancelling: bool = False
    handing_over: bool = False


OnEnd = Callable[[str, float, float | None, list[dict[str, Any]]], None]
"""Told of each turn that ended here: status, seconds, seconds to its first text, its tool calls."""


class TurnRunner:
    """The turns of one process, and its part in finding those that nobody runs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        broker: Broker,
        engine: Engine,
        *,
        on_end: OnEnd | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._broker = broker
        self._engine = engine
        self._on_end = on_end
        self._runs: dict[UUID, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"

    # What requests call

    @property
    def place(self) -> Place | None:
        """Where a new turn may start: here, while there is room."""
        if self._stopping or len(self._runs) >= self._settings.turn_capacity:
            return None
        return Place(self.owner, self._settings.turn_lease_seconds, self._engine.read)

    def launch(self, lease: Lease) -> TurnLog:
        """Run a turn that was leased to this process, from its start."""
        log = self._broker.open(lease.turn_id, lease.conversation_id, attempt=lease.attempt)
        self._start(lease, log)
        return log

    def wake(self, conversation_id: UUID) -> None:
        """A turn of this conversation waits: take it here or let another process know."""
        self._broker.signal("queued", conversation_id)
        self._spawn(self._take_next(conversation_id))

    def cancel(self, turn_id: UUID) -> None:
        """End a turn wherever it runs; its row already says so, so that no message needs to arrive."""
        if not self._cancel_here(turn_id):
            self._broker.signal("cancel", turn_id)

    # Life

    async def start(self) -> None:
        await self._broker.start(self._signalled)
        self._spawn(self._heartbeat_forever())
        self._spawn(self._sweep_forever())

    async def drain(self, seconds: float | None = None) -> None:
        """Take no more turns, give those that run time to end (`turn_drain_seconds`), hand over the rest."""
        self._stopping = True
        seconds = self._settings.turn_drain_seconds if seconds is None else seconds
        runs = [run.task for run in self._runs.values() if run.task is not None]
        if runs:
            await asyncio.wait(runs, timeout=seconds)
        rest = list(self._runs.values())
        for run in rest:
            run.handing_over = True
            if run.work is not None:
                run.work.cancel()
        if rest:
            await asyncio.wait([run.task for run in rest if run.task is not None], timeout=WIND_DOWN_SECONDS)

    async def stop(self) -> None:
        """After `drain`: end what is left."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.stop()

    # Finding turns

    def _signalled(self, kind: SignalKind, id: UUID) -> None:
        if kind == "queued":
            self._spawn(self._take_next(id))
        else:
            self._cancel_here(id)

    async def _take_next(self, conversation_id: UUID) -> None:
        place = self.place
        if place is None:
            return
        try:
            lease = await leases.claim_next(self._database, conversation_id, place.owner, place.seconds)
        except AWAY as error:
            logger.warning("a queued turn could not be claimed: %s", type(error).__name__)  # the sweep finds it
            return
        if lease is not None:
            self.launch(lease)

    async def _sweep_forever(self) -> None:
        """Finds what nobody signalled: turns of dead processes, and queued turns that nobody took."""
        while True:
            more = False
            try:
                more = await self._sweep()
            except AWAY as error:
                logger.warning("no sweep for turns: %s", type(error).__name__)
            except Exception:  # whatever it was, turns of dead processes must be found
                logger.exception("no sweep for turns")
            await asyncio.sleep(0 if more else SWEEP_SECONDS)

    async def _sweep(self) -> bool:
        """Whether there may be more that this process has room for."""
        place = self.place
        if place is None:
            return False
        most = min(self._settings.turn_capacity - len(self._runs), SWEEP_TURNS)
        expired, waiting = await leases.unclaimed(self._database, most)
        taken = await leases.take_expired(self._database, place.owner, place.seconds, most) if expired else []
        for lease in taken:
            self._spawn(self._take_over(lease))
        for conversation_id in waiting:
            await self._take_next(conversation_id)
        return bool(taken) and len(taken) == most

    async def _take_over(self, lease: Lease) -> None:
        mine = self._runs.get(lease.turn_id)
        if mine is not None:  # our own lease ran out while this process hung
            self._drop(mine)
        earlier = await self._broker.take_over(lease.turn_id, lease.attempt)
        kept = split(lease.kept or [])
        if len(kept) > len(earlier):
            earlier = kept
        log = self._broker.open(lease.turn_id, lease.conversation_id, attempt=lease.attempt, earlier=earlier)
        logger.info("turn %s taken over, attempt %d", lease.turn_id, lease.attempt)
        self._start(lease, log)

    async def _heartbeat_forever(self) -> None:
        while True:
            pause = self._settings.turn_heartbeat_seconds
            try:
                await self._heartbeat()
            except AWAY as error:
                logger.warning("no heartbeat for %d turns: %s", len(self._runs), type(error).__name__)
                pause = min(pause, RETRY_SECONDS)
            except Exception:  # without heartbeats every turn of this process would be taken from it
                logger.exception("no heartbeat for %d turns", len(self._runs))
            await asyncio.sleep(pause)

    async def _heartbeat(self) -> None:
        runs = list(self._runs.values())
        if not runs:
            return
        held = await leases.renew(self._database, [run.lease for run in runs], self._settings.turn_lease_seconds)
        for run in runs:
            if self._runs.get(run.lease.turn_id) is not run:
                continue  # ended meanwhile
            if run.lease.turn_id not in held:
                self._drop(run)
            elif held[run.lease.turn_id]:
                self._cancel_here(run.lease.turn_id)

    # Running

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _start(self, lease: Lease, log: TurnLog) -> None:
        run = Run(lease, log)
        self._runs[lease.turn_id] = run
        run.task = asyncio.create_task(self._run(run), name=f"turn {lease.turn_id}")
        self._tasks.add(run.task)
        run.task.add_done_callback(self._tasks.discard)

    def _cancel_here(self, turn_id: UUID) -> bool:
        run = self._runs.get(turn_id)
        if run is None:
            return False
        run.cancelling = True
        if run.work is not None:
            run.work.cancel()
        return True

    def _drop(self, run: Run) -> None:
        """The turn is another process's: what is done here does not count."""
        run.log.lose()
        if run.work is not None:
            run.work.cancel()

    async def _run(self, run: Run) -> None:
        lease, log = run.lease, run.log
        started = asyncio.get_running_loop().time()
        try:
            if not seen_before(log.events):
                log.emit("turn.started", started_data(lease.turn_id, lease.conversation_id, lease.message_id))
            result = await self._work(run)
            if result is None or log.lost:
                await insist(lambda: leases.give_back(self._database, lease), f"turn {lease.turn_id}, given back,")
                log.lose()
                return
            ended = await insist(lambda: finish(self._database, lease, log, result), f"the end of turn {lease.turn_id}")
        except LeaseLost:
            logger.warning("turn %s was taken by another process", lease.turn_id)
            log.lose()
            return
        except Exception:
            # Nothing could be stored: the lease runs out and the turn is taken up again, here or elsewhere
            logger.exception("turn %s could not be ended", lease.turn_id)
            log.lose()
            return
        finally:
            if self._runs.get(lease.turn_id) is run:
                del self._runs[lease.turn_id]
        log.close(ended.last, ended.answer)
        if self._on_end is not None:
            first = None if log.first_text_at is None else log.first_text_at - started
            calls = result.reply.tool_calls if result.reply is not None else []
            self._on_end(result.status, asyncio.get_running_loop().time() - started, first, calls)
        if ended.more:
            await self._take_next(lease.conversation_id)

    async def _work(self, run: Run) -> Result | None:
        """How the run ended; None where it is handed over to another process."""
        lease, log = run.lease, run.log
        if lease.attempt > self._settings.turn_max_attempts:
            return failed(lease, log, "turn_abandoned", "The turn was interrupted too often.")
        if run.cancelling:
            return cancelled(lease, log)
        run.work = asyncio.create_task(self._engine.run(lease, log), name=f"graph {lease.turn_id}")
        await asyncio.wait({run.work}, timeout=self._settings.turn_timeout_seconds)
        timed_out = not run.work.done()
        if timed_out:
            run.work.cancel()
        if not run.work.done():
            await asyncio.wait({run.work}, timeout=WIND_DOWN_SECONDS)
        if not run.work.done():
            return failed(lease, log, "turn_timeout", "The turn took too long.")
        if not run.work.cancelled() and run.work.exception() is None:
            return run.work.result()
        if run.handing_over or log.lost:
            return None
        if run.cancelling:
            return cancelled(lease, log)
        if timed_out:
            return failed(lease, log, "turn_timeout", "The turn took too long.")
        error = None if run.work.cancelled() else run.work.exception()
        if isinstance(error, TurnTaken):
            return None
        if error is not None and unreachable(error) and lease.attempt < self._settings.turn_max_attempts:
            # What was under way may have been done or not: the next attempt finds out, and nothing is done twice
            logger.warning("turn %s is worked through again: the database was lost", lease.turn_id)
            return None
        logger.error("turn %s failed", lease.turn_id, exc_info=error)
        return failed(lease, log, "turn_failed", "The turn failed.")
