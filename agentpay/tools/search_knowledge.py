"""Answers from the shop's own articles."""

from __future__ import annotations

from pydantic import Field

from agentpay.knowledge.search import search
from agentpay.store.session import Tx
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class SearchKnowledge(Arguments):
    query: str = Field(min_length=1, max_length=400, description="The customer's question.")
    limit: int = Field(3, ge=1, le=10)


async def run(context: Context, tx: Tx, arguments: SearchKnowledge) -> ToolResult:
    hits = await search(tx, arguments.query, limit=arguments.limit, kinds=("article",))
    passages = [
        {"external_id": hit.external_id, "title": hit.title, "text": hit.snippet, "score": hit.score} for hit in hits
    ]
    return ToolResult({"passages": passages})


TOOL = Tool(
    name="search_knowledge",
    description="The shop's policies and answers: returns, shipping times, warranty, care. Quote what it answers, nothing else.",
    arguments=SearchKnowledge,
    run=run,
    agents=frozenset({"sales", "support"}),
)
