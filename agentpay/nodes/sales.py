"""The sales agent: finds products, answers about them, fills the cart, negotiates within the rules."""

from __future__ import annotations

from langgraph.runtime import Runtime
from langgraph.types import Command

from agentpay.nodes.specialist import Goto, specialist
from agentpay.nodes.state import State
from agentpay.tools.context import Context


async def sales(state: State, runtime: Runtime[Context]) -> Command[Goto]:
    return await specialist("sales", state, runtime)
