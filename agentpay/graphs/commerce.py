"""The graph of a turn:

START → understand → supervisor → sales | support | payment → remember → END

A specialist loops over model and tools, and may hand the turn to another with `Command(goto=…)`, at most three times.
"""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agentpay.graphs.state import Input
from agentpay.nodes.payment import payment
from agentpay.nodes.remember import remember
from agentpay.nodes.sales import sales
from agentpay.nodes.state import State
from agentpay.nodes.supervisor import supervisor
from agentpay.nodes.support import support
from agentpay.nodes.understand import understand
from agentpay.tools.context import Context


def build_graph(
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> CompiledStateGraph[State, Context, Input, State]:
    """The compiled graph. Studio and LangGraph Server bring their own checkpointer: they get it without one."""
    graph = StateGraph(State, context_schema=Context, input_schema=Input)
    graph.add_node("understand", understand)
    graph.add_node("supervisor", supervisor)
    graph.add_node("sales", sales)
    graph.add_node("support", support)
    graph.add_node("payment", payment)
    graph.add_node("remember", remember)
    graph.add_edge(START, "understand")
    graph.add_edge("understand", "supervisor")
    graph.add_edge("remember", END)
    return graph.compile(checkpointer=checkpointer, name="commerce")
