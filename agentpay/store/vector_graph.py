"""The graph (HNSW index) of a model's products: how it is named, and built after a bulk load."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

M = 24
EF_CONSTRUCTION = 128
"""With 16 and 64 a million vectors are built in half the time, and a walk twice as wide finds as much (docs/search.md)."""
BUILD_MEMORY_MB = 2048
"""The graph of a million vectors is built within it; one that does not fit is built several times slower."""
BUILD_WORKERS = 2
PARALLEL_FROM = 100_000
"""Vectors from which on workers help the one that builds."""
_MODEL = re.compile(r"[\w.:/@+-]{1,200}")


async def build(connection: AsyncConnection, model: str, dimension: int, many: int) -> None:
    """Build the graph unless it is there; one process at a time. One that a crash left half built is built anew."""
    name = {"name": index_name(model)}
    if not await connection.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), name):
        return
    try:
        memory = min(BUILD_MEMORY_MB, 64 + many * (dimension * 2 + 800) // 2**20)
        await connection.execute(text(f"SET maintenance_work_mem = '{memory}MB'"))
        for workers in (BUILD_WORKERS if many >= PARALLEL_FROM else 0, 0):
            valid = await connection.scalar(
                text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), name
            )
            if valid:
                return
            if valid is False:
                await connection.execute(text(f"DROP INDEX CONCURRENTLY {index_name(model)}"))
            await connection.execute(text(f"SET max_parallel_maintenance_workers = {workers}"))
            try:
                await connection.execute(text(graph(model, dimension)))
            except OperationalError:  # a container's /dev/shm is too small for workers to share the graph
                if not workers:
                    raise
    finally:
        await connection.execute(text("RESET maintenance_work_mem"))
        await connection.execute(text("RESET max_parallel_maintenance_workers"))
        await connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), name)


def graph(model: str, dimension: int) -> str:
    """SQL: the index of a model's products. Articles are few, and compared one by one."""
    return (
        f"CREATE INDEX CONCURRENTLY {index_name(model)} ON embeddings"
        f" USING hnsw ((embedding::halfvec({dimension})) halfvec_cosine_ops) WITH (m = {M}, ef_construction ="
        f" {EF_CONSTRUCTION}) WHERE model = '{checked(model)}' AND product_id IS NOT NULL"
    )


def index_name(model: str) -> str:
    return f"ix_embeddings_graph_{hashlib.sha256(model.encode()).hexdigest()[:12]}"


def checked(model: str) -> str:
    """The model's name as it may stand in a statement: a partial index is used only where its literal is seen."""
    if not _MODEL.fullmatch(model):
        raise ValueError(f"not a model's name: {model!r}")
    return model.replace(":", "\\:")
