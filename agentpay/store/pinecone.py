"""Vectors in Pinecone: a namespace an organization, so that no query can reach another's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from agentpay.errors import StartupError
from agentpay.settings import Settings
from agentpay.store.session import Database, Tx
from agentpay.store.vectors import Kind, Narrowing, Near, Passage

if TYPE_CHECKING:
    from agentpay.store.vectors import Vector

T = TypeVar("T")

UPSERTED = 100
"""Vectors a request: 2 MB is the most Pinecone takes."""
DELETED = 1000
CHUNKS = {"product": 2, "article": 64}
"""The most passages an owner has: what is left of a longer version is deleted by these ids."""
MOST = 10_000


class PineconeVectors:
    """Writes go out before the caller's transaction commits: one that is rolled back is written again with the next run.

    Pinecone shows a write after some seconds; words find a new product meanwhile. What is found is looked up in
    PostgreSQL by who searches, under the same organization and all filters, so a stale vector shows nothing.
    """

    keeps_facets = True

    def __init__(self, settings: Settings) -> None:
        if settings.pinecone_api_key is None or settings.pinecone_host is None:
            raise StartupError("AGENTPAY_VECTORS=pinecone needs PINECONE_API_KEY and AGENTPAY_PINECONE_HOST.")
        try:
            from pinecone import Pinecone
        except ImportError:
            raise StartupError("AGENTPAY_VECTORS=pinecone needs `pip install agentpay[pinecone]`.") from None
        client = Pinecone(api_key=settings.pinecone_api_key.get_secret_value())
        self._index: Any = client.Index(host=settings.pinecone_host)

    async def hashes(self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID]) -> dict[UUID, list[str]]:
        ids = [_id(model, kind, owner, chunk) for owner in owners for chunk in range(2)]
        found: dict[UUID, dict[int, str]] = {}
        for some in _parts(ids, UPSERTED):
            answer = await asyncio.to_thread(self._index.fetch, ids=some, namespace=_namespace(tx))
            for vector in answer.vectors.values():
                metadata = vector.metadata
                found.setdefault(UUID(metadata["owner"]), {})[int(metadata["chunk"])] = metadata["content_hash"]
        return {owner: [chunks[n] for n in sorted(chunks)] for owner, chunks in found.items()}

    async def replace(
        self, tx: Tx, model: str, kind: Kind, owners: Sequence[UUID], passages: Sequence[Passage]
    ) -> None:
        namespace = _namespace(tx)
        vectors: list[dict[str, Any]] = [
            {
                "id": _id(model, kind, passage.owner_id, passage.chunk),
                "values": [float(value) for value in passage.vector],
                "metadata": {
                    **passage.facets,
                    "model": model,
                    "kind": kind,
                    "owner": str(passage.owner_id),
                    "chunk": passage.chunk,
                    "content_hash": passage.content_hash,
                    **({"content": passage.content} if kind == "article" else {}),
                },
            }
            for passage in passages
        ]
        for some in _parts(vectors, UPSERTED):
            await asyncio.to_thread(self._index.upsert, vectors=some, namespace=namespace)
        written = {vector["id"] for vector in vectors}
        gone = [_id(model, kind, owner, chunk) for owner in owners for chunk in range(CHUNKS[kind])]
        for ids in _parts([id for id in gone if id not in written], DELETED):
            await asyncio.to_thread(self._index.delete, ids=ids, namespace=namespace)

    async def nearest(
        self,
        tx: Tx,
        model: str,
        kind: Kind,
        vector: Vector,
        *,
        limit: int,
        narrowing: Narrowing | None = None,
        also: Sequence[UUID] = (),
    ) -> list[Near]:
        facets = [{name: condition} for name, condition in narrowing.facets.items()] if narrowing is not None else []
        found = await self._query(tx, model, kind, vector, limit, facets)
        known = {near.owner_id for near in found}
        rest = [str(owner) for owner in also if owner not in known]
        return found + (
            await self._query(tx, model, kind, vector, len(rest), [{"owner": {"$in": rest}}]) if rest else []
        )

    async def _query(
        self, tx: Tx, model: str, kind: Kind, vector: Vector, limit: int, further: list[dict[str, Any]]
    ) -> list[Near]:
        conditions: list[dict[str, Any]] = [{"model": {"$eq": model}}, {"kind": {"$eq": kind}}, *further]
        answer = await asyncio.to_thread(
            self._index.query,
            namespace=_namespace(tx),
            vector=[float(value) for value in vector],
            top_k=min(limit * 2, MOST),
            filter={"$and": conditions},
            include_metadata=True,
        )
        found: dict[UUID, Near] = {}
        for match in answer.matches:
            owner = UUID(match.metadata["owner"])
            if owner not in found:
                content = str(match.metadata.get("content", ""))
                found[owner] = Near(owner, float(match.score), int(match.metadata["chunk"]), content)
        return list(found.values())[:limit]

    async def keep_only(self, tx: Tx, model: str) -> None:
        await asyncio.to_thread(self._index.delete, filter={"model": {"$ne": model}}, namespace=_namespace(tx))

    async def optimise(self, database: Database, model: str) -> None:
        """Pinecone does so by itself."""


def _namespace(tx: Tx) -> str:
    return str(tx.organization_id)


def _id(model: str, kind: Kind, owner: UUID, chunk: int) -> str:
    return f"{model}#{kind}#{owner}#{chunk}"


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
