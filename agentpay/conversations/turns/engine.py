"""What works a turn through: the graph, fed from the transcript, or a stored call that was approved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from agentpay.conversations.messages import window
from agentpay.conversations.turns.events import Event
from agentpay.conversations.turns.finish import Reply, Result, StateChange
from agentpay.conversations.turns.lease import Lease
from agentpay.conversations.turns.log import TurnLog
from agentpay.conversations.turns.partial import end_dangling, partial
from agentpay.store.checkpoints import RUN, FenceLost, Run, Saver
from agentpay.store.session import Database, Direct
from agentpay.tools.execute import TurnTaken

Durability = Literal["auto", "step"]
"""When the graph's state is stored. `step`: after each node. `auto`: with the end of the turn, in its transaction; what must
not be lost before that is stored where it happens (a tool's call before it runs, its result with its effects)."""
WINDOW_MESSAGES = 20
MAX_CHECKPOINTS_BACK = 60


class Engine(Protocol):
    """Works one turn through, emitting into the log. Cancelled by cancelling its task."""

    async def run(self, lease: Lease, log: TurnLog) -> Result: ...

    async def read(self, lease: Lease, connection: Direct) -> Any:
        """What a turn begins with, so that its acceptance can bring it along (`Lease.begun`)."""
        ...


class Graph(Protocol):
    """What a compiled LangGraph graph offers and a turn needs."""

    @property
    def checkpointer(self) -> Any: ...

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Any: ...

    async def aget_state(self, config: RunnableConfig) -> Any: ...


class RunContext(Protocol):
    """What the engine itself reads of a run's context."""

    @property
    def stage(self) -> str: ...

    @property
    def agent_version(self) -> int: ...


ReadContext = Callable[[Lease, Direct], Coroutine[Any, Any, Any]]
LoadContext = Callable[[Lease, TurnLog, Any], Awaitable[RunContext]]
RunApproved = Callable[[Lease, TurnLog], Awaitable[Result]]
MakeInput = Callable[[UUID, Sequence[AnyMessage], str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a turn begins with: what its context is made of, the transcript's last messages, the last checkpoint."""

    context: Any
    messages: list[AnyMessage]
    summary: str
    checkpoint: CheckpointTuple | None


class GraphEngine:
    """Runs the graph for messages, and `approved` for answered approvals.

    `read_context` reads what `load_context` makes the run's context of; `make_input` makes the graph's input from the
    transcript's last messages, this turn's at their end: the transcript is the truth, the checkpoint holds the dialogue.
    """

    def __init__(
        self,
        graph: Graph,
        database: Database,
        *,
        load_context: LoadContext,
        read_context: ReadContext | None = None,
        make_input: MakeInput,
        approved: RunApproved | None = None,
        window_messages: int = WINDOW_MESSAGES,
        durability: Durability = "auto",
    ) -> None:
        self._graph = graph
        self._database = database
        self._load_context = load_context
        self._read_context = read_context
        self._make_input = make_input
        self._approved = approved
        self._window_messages = window_messages
        self._durability = durability

    async def run(self, lease: Lease, log: TurnLog) -> Result:
        if lease.kind == "approval":
            assert self._approved is not None, "an engine whose graph asks for approvals runs them"
            return await self._approved(lease, log)
        run = Run(lease.turn_id, lease.token, hold=self._durability == "auto")
        configurable: dict[str, Any] = {"thread_id": str(lease.conversation_id), RUN: run}
        config: RunnableConfig = {
            "configurable": configurable,
            "metadata": {"turn_id": str(lease.turn_id), "attempt": lease.attempt},
        }
        begin = self._begin(lease, log, run) if lease.attempt == 1 else self._resume(lease, log, config)
        context, input = await begin
        try:
            final = await self._graph.ainvoke(
                input, config, context=context, durability="exit" if run.hold else "async"
            )
        except FenceLost:
            raise TurnTaken from None
        result = result_of(final, context.stage)
        result.agent_version = context.agent_version
        result.checkpoint = run
        return result

    async def read(self, lease: Lease, connection: Direct) -> Begun:
        """All that a turn begins with; through a pipeline in one round trip, also that of its acceptance."""
        try:
            async with asyncio.TaskGroup() as reads:
                context = reads.create_task(self._context(connection, lease))
                transcript = reads.create_task(self._window(connection, lease))
                checkpoint = reads.create_task(self._load(connection, lease))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        messages, summary = transcript.result()
        return Begun(context.result(), messages, summary, checkpoint.result())

    async def _begin(self, lease: Lease, log: TurnLog, run: Run) -> tuple[RunContext, dict[str, Any] | None]:
        begun: Begun | None = lease.begun
        if begun is None:
            async with self._database.direct() as connection, connection.pipeline():
                begun = await self.read(lease, connection)
        run.loaded = (begun.checkpoint,)
        context = await self._load_context(lease, log, begun.context)
        return context, self._make_input(lease.turn_id, begun.messages, begun.summary)

    async def _resume(
        self, lease: Lease, log: TurnLog, config: RunnableConfig
    ) -> tuple[RunContext, dict[str, Any] | None]:
        """After a crash: on from the last checkpoint (no input), or anew from what was there before the turn."""
        async with self._database.direct() as connection:
            read = await self._context(connection, lease)
            messages, summary = await self._window(connection, lease)
        context = await self._load_context(lease, log, read)
        if await self._continues(lease, log, config):
            return context, None
        config["configurable"] |= await self._before(lease, config)
        return context, self._make_input(lease.turn_id, messages, summary)

    async def _context(self, connection: Direct, lease: Lease) -> Any:
        return await self._read_context(lease, connection) if self._read_context is not None else None

    async def _window(self, connection: Direct, lease: Lease) -> tuple[list[AnyMessage], str]:
        return await window(
            connection, lease.organization_id, lease.conversation_id, lease.turn_id, self._window_messages
        )

    async def _load(self, connection: Direct, lease: Lease) -> CheckpointTuple | None:
        saver: Saver = self._graph.checkpointer
        return await saver.load(connection, str(lease.conversation_id))

    async def _continues(self, lease: Lease, log: TurnLog, config: RunnableConfig) -> bool:
        """Whether the last checkpoint is this turn's, unfinished, and says what the customer has seen of it.

        What was streamed after it does not stand: it is discarded, and the turn starts over (tools that ran do not).
        """
        end_dangling(log, "interrupted", "This was cut short and is taken up again.")
        seen = partial(log.events)
        state = await self._graph.aget_state(config)
        ours = bool(state.next) and state.metadata is not None and state.metadata.get("turn_id") == str(lease.turn_id)
        reply = state.values.get("reply") or {} if ours else {}
        same = reply.get("message_id") == seen.message_id and (reply.get("content") or "") == seen.content
        if ours and same and len(reply.get("blocks") or []) == len(seen.blocks):
            return True
        if seen.message_id is not None:
            log.emit("message.discarded", {"message_id": seen.message_id, "reason": "interrupted"})
        log.began = len(log.events)
        return False

    async def _before(self, lease: Lease, config: RunnableConfig) -> dict[str, str]:
        """The checkpoint the turn began from: what its earlier attempt changed in the dialogue must not count twice."""
        async for found in self._graph.checkpointer.alist(config, limit=MAX_CHECKPOINTS_BACK):
            if found.metadata.get("turn_id") != str(lease.turn_id):
                return {"checkpoint_id": found.config["configurable"]["checkpoint_id"]}
        # The conversation's first turn began from nothing
        await self._graph.checkpointer.adelete_thread(str(lease.conversation_id))
        return {}


def result_of(final: dict[str, Any], stage_before: str) -> Result:
    """The graph's final state as the result of a turn."""
    said = final["reply"]
    reply: Reply | None = None
    if said["message_id"] is not None:
        reply = Reply(
            id=UUID(said["message_id"]),
            content=said["content"],
            agent=said["agent"],
            blocks=said["blocks"],
            intent=said["intent"],
            tool_calls=said["tool_calls"],
        )
    approvals = final.get("approvals") or []
    return Result(
        status="interrupted" if approvals else "completed",
        reply=reply,
        state=StateChange(
            stage_before=stage_before,
            stage=final.get("stage") or stage_before,
            active_agent=final.get("active_agent") or "sales",
            hesitation_signals=final.get("hesitation") or 0,
            failed_turns=final.get("failed_turns") or 0,
            summary=final.get("summary"),
        ),
        interrupts=approvals,
        usage=dict(final.get("usage") or {}),
        degraded=bool(final.get("degraded")),
    )


def seen_before(events: Sequence[Event]) -> bool:
    """Whether an earlier attempt has told followers that the turn started."""
    return any(event.type == "turn.started" for event in events)
