"""Answers from the shop's own articles."""

from __future__ import annotations

from pydantic import Field

from agentpay.commerce import articles
from agentpay.knowledge.hits import Hit
from agentpay.knowledge.search import search
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult

_SHORT = 400
"""Characters of an article that is told whole."""


class SearchKnowledge(Arguments):
    query: str = Field(min_length=1, max_length=400, description="The customer's question.")
    limit: int = Field(3, ge=1, le=10)


async def run(context: Context, tx: Tx, arguments: SearchKnowledge) -> ToolResult:
    hits = await search(
        tx, arguments.query, limit=arguments.limit, kinds=("article",), semantic=context.services.semantic
    )
    passages = [
        {"external_id": hit.external_id, "title": hit.title, "text": await _text(tx, hit), "score": hit.score}
        for hit in hits
    ]
    return ToolResult({"passages": passages})


async def _text(tx: Tx, hit: Hit) -> str:
    """The passage that answers; of a short article all of it, which says the rest as well."""
    body = (await articles.get(tx, hit.id)).body.strip()
    return body if len(body) <= _SHORT else hit.snippet


TOOL = Tool(
    name="search_knowledge",
    description="The shop's policies and answers: returns, shipping times, warranty, care. Quote what it answers, nothing else.",
    arguments=SearchKnowledge,
    run=run,
    agents=frozenset({"sales", "support"}),
)
