"""The support agent: orders, policies, complaints, and people."""

from __future__ import annotations

from langgraph.runtime import Runtime
from langgraph.types import Command

from agentpay.nodes.specialist import Goto, specialist
from agentpay.nodes.state import State
from agentpay.tools.context import Context


async def support(state: State, runtime: Runtime[Context]) -> Command[Goto]:
    return await specialist("support", state, runtime)
