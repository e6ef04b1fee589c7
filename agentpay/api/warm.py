"""What the first turn would otherwise wait for, done before the service says that it is ready."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

from langchain_core.messages import HumanMessage

from agentpay.graphs.commerce import build_graph
from agentpay.graphs.context import load_context
from agentpay.graphs.state import turn_input
from agentpay.llm.brain import HOUSE
from agentpay.store.ids import new_id
from agentpay.tools.context import Services

logger = logging.getLogger(__name__)

SHOPS = 4
"""Shops whose words are loaded: those with the latest conversations."""
LONGEST_SECONDS = 2.0
COLLECTED = (10_000, 10, 10)
"""The collector's thresholds: a turn makes some thousand objects, and nearly all of them end by themselves."""
_LATEST = """
SELECT o.id FROM organizations o WHERE EXISTS (SELECT FROM agents a WHERE a.organization_id = o.id AND a.is_default)
ORDER BY (SELECT max(c.id::text) FROM conversations c WHERE c.organization_id = o.id) DESC NULLS LAST, o.id
LIMIT %s
"""


async def warm_up(services: Services) -> None:
    """A greeting in each of the shops, answered by the house model to nobody. Bounded; what fails here fails nothing else."""
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            async with services.database.direct() as connection:
                rows = await (await connection.execute(_LATEST, (SHOPS,))).fetchall()
            graph = build_graph()
            for row in rows:
                await _greet(graph, services, row["id"])
    except TimeoutError:
        logger.info("warming up was cut short after %g s", LONGEST_SECONDS)
    except Exception:
        logger.warning("warming up failed", exc_info=True)
    # What is there now stays: the collector need not look through it again with every turn
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


async def _greet(graph: Any, services: Services, organization_id: UUID) -> None:
    context = await load_context(
        services, _Nobody(), organization_id=organization_id, conversation_id=None, base_url=""
    )
    context.agent = replace(context.agent, model=HOUSE)
    await graph.ainvoke(turn_input(new_id(), [HumanMessage("Hello", id=str(new_id()))]), context=context)


class _Nobody:
    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Nobody listens."""
