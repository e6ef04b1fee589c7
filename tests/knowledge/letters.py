"""A model that knows letters, and another shop, for tests of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from sqlalchemy import text

from agentpay.knowledge.semantic import Semantic
from agentpay.llm.embedder import Embedder, EmbeddingsUnavailable
from agentpay.settings import Settings
from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Organization, Product

if TYPE_CHECKING:
    from agentpay.llm.embedder import Vectors


def unit(*values: float) -> Any:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


async def other_shop(database: Database) -> tuple[UUID, UUID]:
    organization, product = new_id(), new_id()
    async with database.session() as session:
        session.add(Organization(id=organization, slug=f"o-{organization}", name="Other", currency="USD"))
        await session.flush()
        session.add(Product(id=product, organization_id=organization, title="Secret thing", external_id="secret"))
    return organization, product


async def product(tx: Tx, external_id: str) -> UUID:
    found = await tx.session.scalar(
        text("SELECT id FROM products WHERE organization_id = :org AND external_id = :name"),
        {"org": tx.organization_id, "name": external_id},
    )
    assert isinstance(found, UUID)
    return found


class Letters(Embedder):
    """A text is the counts of its letters."""

    dimension = 26

    def __init__(self, model: str) -> None:
        self.model = model
        self.asked = 0
        self.broken = False

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise EmbeddingsUnavailable("gone")
        self.asked += len(texts)
        rows = np.array([[1 + t.lower().count(chr(97 + n)) for n in range(26)] for t in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def semantic_of(model: Letters, *others: Letters) -> Semantic:
    semantic = Semantic(Settings(embeddings="none"))
    semantic.current = model
    semantic._known = {m.model: m for m in (model, *others)}
    return semantic
