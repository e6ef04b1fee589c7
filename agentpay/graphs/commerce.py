"""The graph of a turn:

START → understand → supervisor → sales | support | payment → remember → END

A specialist loops over model and tools, and may hand the turn to another with `Command(goto=…)`, at most three times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from agentpay.graphs.state import Input
from agentpay.nodes.payment import payment
from agentpay.nodes.remember import remember
from agentpay.nodes.sales import sales
from agentpay.nodes.state import State
from agentpay.nodes.supervisor import supervisor
from agentpay.nodes.support import support
from agentpay.nodes.understand import understand
from agentpay.tools.context import Context

Node = Callable[..., Any]


def build_graph(
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    store: BaseStore | None = None,
    *,
    context_schema: type[Any] = Context,
    wrap: Callable[[Node], Node] = lambda node: node,
) -> CompiledStateGraph[State, Any, Input, State]:
    """The compiled graph. Studio and LangGraph Server bring their own checkpointer: they get it without one. `store`
    keeps what is known of customers across conversations (store/facts.py); they bring their own of that, too.

    `wrap` lets Studio give the nodes their context (graphs/studio.py); the service hands it to the run.
    """
    graph: StateGraph[State, Any, Input, State] = StateGraph(State, context_schema=context_schema, input_schema=Input)
    specialists = ("sales", "support", "payment")
    graph.add_node("understand", wrap(understand))
    graph.add_node("supervisor", wrap(supervisor), destinations=specialists)
    for name, node in zip(specialists, (sales, support, payment), strict=True):
        others = tuple(other for other in specialists if other != name)
        graph.add_node(name, wrap(node), destinations=(*others, "remember"))
    graph.add_node("remember", wrap(remember))
    graph.add_edge(START, "understand")
    graph.add_edge("understand", "supervisor")
    graph.add_edge("remember", END)
    return graph.compile(checkpointer=checkpointer, store=store, name="commerce")
