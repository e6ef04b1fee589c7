"""What the shop knows, searched."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from sqlalchemy import select

from agentpay.api import problems
from agentpay.api.deps import StateDep, TxDep
from agentpay.api.routing import ApiRouter
from agentpay.api.schemas.base import Body, View
from agentpay.commerce import synonyms
from agentpay.commerce.synonyms import SynonymGroups
from agentpay.knowledge.filters import SearchFilters
from agentpay.knowledge.hits import Kind
from agentpay.knowledge.search import search
from agentpay.store.tables import Organization

router = ApiRouter(prefix="/v1/agent/knowledge", tags=["knowledge"])


class SearchIn(Body):
    query: Annotated[str, Field(min_length=1, max_length=1000, examples=["waterproof jacket"])]
    limit: Annotated[int, Field(ge=1, le=100, strict=True)] = 10
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=2)] = Field(default=["product", "article"])
    filters: SearchFilters | None = None


class HitView(View):
    """`price` is the lowest of a variant that fits the filters, in minor units of `currency`; articles have neither."""

    kind: Kind
    id: UUID
    external_id: str | None
    title: str
    score: float
    snippet: str
    price: int | None = None
    currency: str | None = None

    @model_serializer(mode="wrap")
    def _without_price(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = handler(self)
        return shown if self.price is not None else {k: v for k, v in shown.items() if k not in ("price", "currency")}


class SearchOut(View):
    items: list[HitView]


@router.post("/search", summary="Search products and articles", responses=problems.responses())
async def search_knowledge(body: SearchIn, tx: TxDep, state: StateDep) -> SearchOut:
    """The best first; no items where nothing fits. Filters are about products: with any of them articles are left out."""
    hits = await search(
        tx,
        body.query,
        limit=body.limit,
        kinds=body.kinds,
        filters=body.filters,
        semantic=state.services.semantic,
    )
    currency = await tx.session.scalar(select(Organization.currency).where(Organization.id == tx.organization_id))
    return SearchOut(items=[HitView.model_validate({**dict(hit), "currency": currency}) for hit in hits])


class Synonyms(Body):
    """Groups of words or short phrases that mean the same in this shop."""

    groups: SynonymGroups


@router.get("/synonyms", summary="The shop's own other names", responses=problems.responses())
async def get_synonyms(tx: TxDep) -> Synonyms:
    return Synonyms.model_construct(groups=await synonyms.read(tx))


@router.put("/synonyms", summary="Set the shop's own other names", responses=problems.responses())
async def put_synonyms(body: Synonyms, tx: TxDep) -> Synonyms:
    """All of them at once; the next search knows them. A store file that has `organization.synonyms` sets them again."""
    await synonyms.replace(tx, body.groups)
    return body
