"""LangGraph's checkpoints in Postgres, in the stock saver's tables: one statement a checkpoint, behind the turn's fence.

What differs from AsyncPostgresSaver: no lock (it holds one around every access, even over a pool), one statement where
it takes a pipeline of many, and no thread for a millisecond of serialising. A run of the turn engine names its `Run` in
its config (`configurable`), which chooses what is stored and when.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncCursor
from psycopg.rows import DictRow, dict_row

from agentpay.store.session import Direct, DirectPool

RUN = "run"
"""Key of a `Run` in a config's `configurable`."""
IN_TRANSCRIPT = "messages"
"""The channel that the transcript holds already: it is empty in the checkpoint of an ended turn."""

_BLOBS = """
  INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
  SELECT %(thread)s, %(ns)s, channel, version, type, blob
  FROM unnest(%(channels)s::text[], %(versions)s::text[], %(types)s::text[], %(blobs)s::bytea[])
    AS changed (channel, version, type, blob)
  {where}
  ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING
"""
_CHECKPOINT = """
  INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
  SELECT %(thread)s, %(ns)s, %(checkpoint_id)s, %(parent)s, %(checkpoint)s::jsonb, %(metadata)s::jsonb
  {where}
  ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id)
  DO UPDATE SET checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata
"""
_PLAIN = f"WITH blobs AS ({_BLOBS}) {_CHECKPOINT}".format(where="")
# FOR SHARE: whoever takes the turn over waits for this statement, or this statement finds the turn taken
_FENCED = (
    "WITH fence AS (SELECT FROM turns WHERE id = %(turn)s AND lease_token = %(token)s FOR SHARE), "
    f"blobs AS ({_BLOBS}) {_CHECKPOINT}"
).format(where="WHERE EXISTS (SELECT FROM fence)")


def part_of(statement: str) -> str:
    """The insertion of a held checkpoint (`Run.held`) as parts of a WITH, done where its part `statement` has a row."""
    where = f"WHERE EXISTS (SELECT FROM {statement})"
    return f"blobs AS ({_BLOBS}), checkpoint AS ({_CHECKPOINT})".format(where=where)


class FenceLost(Exception):
    """The turn belongs to another process: its checkpoint was not stored."""


@dataclass(slots=True)
class Run:
    """How the checkpoints of one run are stored.

    `held`: not before the end of the turn, and then in its statement (`part_of`), which has a fence of its own.
    Otherwise each at once, if `token` is still the turn's.
    """

    turn_id: UUID
    token: UUID
    hold: bool
    held: dict[str, Any] | None = None
    """The statement's parameters of the last checkpoint, once there is one."""
    loaded: tuple[CheckpointTuple | None] | None = None
    """What the run begins from, where it was read together with other things (`Saver.load`)."""


class Saver(AsyncPostgresSaver):
    """Any number of turns use it at once: each call takes a connection of the pool."""

    def __init__(self, pool: DirectPool) -> None:
        super().__init__(pool)
        self._pool = pool

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        async with self._pool.connection() as connection:
            if pipeline:
                async with connection.pipeline(), connection.cursor(binary=True, row_factory=dict_row) as cursor:
                    yield cursor
            else:
                async with connection.cursor(binary=True, row_factory=dict_row) as cursor:
                    yield cursor

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Raises FenceLost where the config's `Run` is no longer the turn's."""
        run: Run | None = config["configurable"].get(RUN)
        values = self._values(config, checkpoint, metadata, new_versions, ended=run is not None and run.hold)
        if run is not None and run.hold:
            run.held = values
        else:
            await self._store(values, run)
        return {
            "configurable": {
                "thread_id": values["thread"],
                "checkpoint_ns": values["ns"],
                "checkpoint_id": checkpoint["id"],
            }
        }

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        if config["configurable"].get(RUN) is not None:
            # A node's result is in the checkpoint after it. A turn taken over before that runs the node again, and
            # finds what its tools did (tools/execute.py); errors and interrupts have no such place
            writes = [write for write in writes if write[0] in WRITES_IDX_MAP]
        if writes:
            await super().aput_writes(config, writes, task_id, task_path)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        configurable = config["configurable"]
        run: Run | None = configurable.get(RUN)
        if run is not None and run.loaded is not None:
            (found,), run.loaded = run.loaded, None
            return found
        async with self._pool.connection() as connection:
            thread, ns = configurable["thread_id"], configurable.get("checkpoint_ns", "")
            found = await self.load(connection, thread, ns, get_checkpoint_id(config))
        if found is not None and found.checkpoint["v"] < 4:  # of an older LangGraph: its pending sends lie elsewhere
            return await super().aget_tuple(config)
        return found

    async def load(
        self, connection: Direct, thread: str, ns: str = "", checkpoint_id: str | None = None
    ) -> CheckpointTuple | None:
        """A checkpoint, or the last one of a thread. In a pipeline of the connection's it waits for no round trip of its own."""
        where = "WHERE thread_id = %s AND checkpoint_ns = %s"
        where += " AND checkpoint_id = %s" if checkpoint_id else " ORDER BY checkpoint_id DESC LIMIT 1"
        values = (thread, ns, *((checkpoint_id,) if checkpoint_id else ()))
        async with connection.cursor(binary=True, row_factory=dict_row) as cursor:
            await cursor.execute(self.SELECT_SQL + where, values)
            row = await cursor.fetchone()
        return self._tuple(row) if row is not None else None

    def _tuple(self, row: DictRow) -> CheckpointTuple:
        place = {"thread_id": row["thread_id"], "checkpoint_ns": row["checkpoint_ns"]}
        parent = row["parent_checkpoint_id"]
        checkpoint: Checkpoint = row["checkpoint"]
        inline = checkpoint.get("channel_values") or {}
        return CheckpointTuple(
            {"configurable": {**place, "checkpoint_id": row["checkpoint_id"]}},
            {**checkpoint, "channel_values": {**inline, **self._load_blobs(row["channel_values"])}},
            row["metadata"],
            {"configurable": {**place, "checkpoint_id": parent}} if parent else None,
            self._load_writes(row["pending_writes"]),
        )

    def _values(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
        *,
        ended: bool,
    ) -> dict[str, Any]:
        """The parameters of the statement. Plain values lie within the checkpoint, all others as blobs, as in the stock saver."""
        inline: dict[str, Any] = {}
        blobs: list[tuple[str, str, str, bytes]] = []
        for channel, value in checkpoint["channel_values"].items():
            if ended and channel == IN_TRANSCRIPT:
                value = []  # not nothing: LangGraph would look for it in all checkpoints before
            if value is None or isinstance(value, str | int | float | bool):
                inline[channel] = value
            elif channel in new_versions:
                blobs.append((channel, str(new_versions[channel]), *self.serde.dumps_typed(value)))
        configurable = config["configurable"]
        stored = {**checkpoint, "channel_values": inline}
        return {
            "thread": configurable["thread_id"],
            "ns": configurable.get("checkpoint_ns", ""),
            "checkpoint_id": checkpoint["id"],
            "parent": configurable.get("checkpoint_id"),
            "checkpoint": orjson.dumps(stored, default=str).decode(),
            "metadata": orjson.dumps(get_serializable_checkpoint_metadata(config, metadata), default=str).decode(),
            "channels": [blob[0] for blob in blobs],
            "versions": [blob[1] for blob in blobs],
            "types": [blob[2] for blob in blobs],
            "blobs": [blob[3] for blob in blobs],
        }

    async def _store(self, values: dict[str, Any], run: Run | None) -> None:
        async with self._pool.connection() as connection:
            if run is None:
                await connection.execute(_PLAIN, values)
                return
            cursor = await connection.execute(_FENCED, {**values, "turn": run.turn_id, "token": run.token})
            if cursor.rowcount == 0:
                raise FenceLost
