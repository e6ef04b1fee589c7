"""A conversation through the graph, in this process: what a turn does, without HTTP and queues."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from agentpay.conversations.service import CustomerClaim, Opening, open_conversation
from agentpay.conversations.turns.engine import Graph
from agentpay.graphs.commerce import build_graph
from agentpay.graphs.context import load_context
from agentpay.graphs.state import turn_input
from agentpay.store.ids import new_id
from agentpay.store.tables import Turn
from agentpay.tools.context import Services

_BASE_URL = "http://shop.invalid"
_WINDOW = 40


class Silent:
    """A sink: nobody follows these turns."""

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Events go nowhere; the final state has everything."""


@cache
def _graph() -> Graph:
    """One for all conversations of this process; what they remember ends with it."""
    return build_graph(InMemorySaver())


class Chat:
    """A conversation that is vouched for: of the customer with this external id."""

    def __init__(self, services: Services, organization_id: UUID, conversation_id: UUID) -> None:
        self._services = services
        self._organization_id = organization_id
        self._id = conversation_id
        self._transcript: list[AnyMessage] = []
        self.replies: list[dict[str, Any]] = []

    @classmethod
    async def open(cls, services: Services, organization_id: UUID, external_id: str) -> Chat:
        """Raises Problem where the shop has no agent."""
        opening = Opening(customer=CustomerClaim(external_id=external_id))
        async with services.database.tx(organization_id) as tx:
            conversation = await open_conversation(tx, opening, vouched=True)
        return cls(services, organization_id, conversation.id)

    async def say(self, text: str) -> dict[str, Any]:
        """A turn; answers its reply as CONTRACT §2 has a message, with `handed_off` and `degraded` beside it."""
        turn_id = new_id()
        async with self._services.database.tx(self._organization_id) as tx:
            tx.session.add(Turn(id=turn_id, organization_id=self._organization_id, conversation_id=self._id))
        context = await load_context(
            self._services,
            Silent(),
            organization_id=self._organization_id,
            conversation_id=self._id,
            turn_id=turn_id,
            base_url=_BASE_URL,
        )
        self._transcript.append(HumanMessage(text))
        config: RunnableConfig = {"configurable": {"thread_id": str(self._id)}}
        final = await _graph().ainvoke(
            turn_input(turn_id, self._transcript[-_WINDOW:]),
            config,
            context=context,
            durability="exit",
        )
        reply = {
            **final["reply"],
            "handed_off": final.get("handed_off", False),
            "degraded": final.get("degraded", False),
        }
        self._transcript.append(AIMessage(reply["content"]))
        self.replies.append(reply)
        return reply
