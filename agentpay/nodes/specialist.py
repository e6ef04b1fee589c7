"""The loop that every specialist runs: model ⇄ tools, until there is a reply or the turn belongs to somebody else."""

from __future__ import annotations

import logging
from typing import Any, Literal

import orjson
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import Command

from agentpay.errors import StartupError
from agentpay.llm.brain import Brain, BrainRequest, ModelUnavailable, ToolSpec, TurnView
from agentpay.llm.house.phrasing import phrase
from agentpay.nodes import escalation
from agentpay.nodes.asked import correction, with_summary
from agentpay.nodes.claims import LEAK, Gate, Grounds, grounds_of, secrets_of
from agentpay.nodes.prompts import instructions, system_prompt
from agentpay.nodes.redact import for_model, to_be_said
from agentpay.nodes.speech import Speech
from agentpay.nodes.state import Reply, State, changed
from agentpay.nodes.view import turn_view
from agentpay.tools.context import Context
from agentpay.tools.execute import Call, Outcome, execute, plan, planned, refused
from agentpay.tools.registry import AGENTS, SPECS, TOOLS
from agentpay.tools.tool import AgentName

log = logging.getLogger(__name__)

Goto = Literal["sales", "support", "payment", "remember"]
MAX_HANDOFFS = 3
"""Handoffs between agents in a turn; after that a person takes over (DESIGN §4)."""
TRANSFER = "transfer_to_"
_ONCE = {"update_cart": {"add"}, "make_offer": {"propose"}}
"""Calls of which each does more of the same; one message of a customer means them once."""


def transfers(agent: AgentName) -> list[ToolSpec]:
    """The handoffs a model may choose. They are the graph's own, not tools of the shop: they never reach a customer."""
    return [
        ToolSpec(f"{TRANSFER}{other}", f"Hand this turn to the {other} agent.", {"type": "object", "properties": {}})
        for other in AGENTS
        if other != agent
    ]


OFFERED: dict[str, list[ToolSpec]] = {agent: [*SPECS[agent], *transfers(agent)] for agent in AGENTS}
"""What each agent's model may call."""


class Specialist:
    """One turn's work of one agent. Holds what changes while it works; `run` answers where the graph goes next."""

    def __init__(self, agent: AgentName, state: State, context: Context) -> None:
        self.agent = agent
        self.state = state
        self.context = context
        self.reply: Reply = {**state["reply"], "agent": agent}
        self.new: list[AnyMessage] = []
        self.step = state.get("step", 0)
        self.degraded = state.get("degraded", False)
        self.usage = dict(state.get("usage", {}))
        self.showing = list(state.get("showing", []))
        self.memory = dict(state.get("memory", {}))
        self.approvals = list(state.get("approvals", []))
        self.handed_off = state.get("handed_off", False)
        self.in_vain = False
        self.speech = Speech(context.sink, self.reply)
        trouble = state.get("trouble", {})
        trouble = trouble if trouble.get("turn") == state.get("turn_id") else {}
        self.failed: list[str] = list(trouble.get("failed", []))
        self.corrected = bool(trouble.get("corrected"))
        self._correction: list[AnyMessage] = []
        self._stored: dict[str, Call] = {}

    async def run(self) -> Command[Goto]:
        while True:
            message = await self._next_message()
            self.new.append(message)
            if not message.tool_calls:
                await self._count_failure(lost=bool(message.additional_kwargs.get("lost")))
                return self._go("remember")
            target = await self._act(message)
            if target is not None:
                return target

    async def _next_message(self) -> AIMessage:
        self.step += 1
        if self.context.attempt > 1 and (calls := await planned(self.context, self.step)):
            return self._decided(calls)
        brain = self._brain()
        self.speech.begin_step()
        try:
            message = await self._answer(brain)
        except ModelUnavailable as failure:
            log.warning("model %s unavailable, the next one takes over: %s", brain.name, failure)
            self.failed.append(brain.name)
            self.speech.discard("model_unavailable")
            return await self._next_message()
        if message is None:
            return await self._next_message()
        self._correction = []
        if not message.tool_calls:
            # What an earlier turn of the house model had asked for is not open any more
            self.memory = dict(message.additional_kwargs.get("memory", {}))
        return message

    async def _answer(self, brain: Brain) -> AIMessage | None:
        """The brain's message, its text sent as far as it stands; None where its claims call for another one.

        The house model says what tools answered. What a chat model says is checked first (DESIGN §4, claims).
        """
        if brain is self.context.services.brains.house:
            return await brain.respond(self._request(), self.speech.write)
        secrets = secrets_of(*(text for agent in AGENTS for text in instructions(agent)))
        shop = self.context.organization
        words = await self.context.services.vocabularies.get(shop.id, shop.catalog_version)
        gate = Gate(self.speech.write, lambda: self._grounds(words.title_words), secrets)
        message = await brain.respond(self._request(), gate.write)
        gate.finish()
        for key, value in (message.usage_metadata or {}).items():
            if isinstance(value, int):
                self.usage[key] = self.usage.get(key, 0) + value
        if any(secrets.told_in(call["args"]) for call in message.tool_calls):
            gate.refused = [LEAK]  # what a tool is called with is seen by whoever follows
            message = message.model_copy(update={"tool_calls": []})
        if not gate.refused:
            return message
        log.warning("model %s claimed what no tool said: %d claims", brain.name, len(gate.refused))
        if message.tool_calls:  # it speaks again when it knows what they answer
            return message.model_copy(update={"content": gate.sent})
        if gate.sent:
            self.speech.discard("unsupported_claim")
        if self.corrected:
            self.degraded = True
        else:
            self.corrected = True
            self._correction = correction(self.step, message.text, gate.refused)
        return None

    def _grounds(self, goods: frozenset[str]) -> Grounds:
        return grounds_of(self.context, self.state.get("messages", []), self.reply, goods)

    def _decided(self, calls: list[Call]) -> AIMessage:
        """What was decided before a crash is not decided again: the stored calls, or the handoff to who made them.

        Steps between here and there only read; what they found is asked for again where it is needed.
        """
        names = [call.name for call in calls]
        able = [agent for agent in AGENTS if all(name in TOOLS and agent in TOOLS[name].agents for name in names)]
        if able and self.agent not in able:
            tool_calls = [{"id": f"call_{self.step}", "name": f"{TRANSFER}{able[0]}", "args": {}}]
        else:
            self.step = calls[0].step
            self._stored = {call.id: call for call in calls}
            tool_calls = [{"id": call.id, "name": call.name, "args": call.arguments} for call in calls]
        return AIMessage("", tool_calls=tool_calls, response_metadata={"model_name": self._brain().name})

    def _brain(self) -> Brain:
        """The agent's model, the second one where that failed, and the house model, which always ends: also where the
        calls or tokens of a turn are used up, and for what no model is asked about."""
        services = self.context.services
        house, settings = services.brains.house, services.settings
        if self.degraded or self.state.get("concern") or self.state.get("escalate"):
            return house
        for name in (self.context.agent.model, settings.model_fallback):
            if not name or name in self.failed:
                continue
            try:
                chosen = services.brains.get(name)
            except StartupError as error:  # set for this agent after the service had started
                log.warning("a model cannot be used: %s", error)
                self.failed.append(name)
                continue
            if chosen is house:
                return house
            spent = (
                self.step > settings.max_model_calls or self.usage.get("total_tokens", 0) >= settings.max_turn_tokens
            )
            if not spent and chosen.name not in self.failed:
                return chosen
        self.degraded = True
        return house

    def _may(self, tool: str) -> bool:
        return tool.startswith(TRANSFER) or self.context.agent.may_use(tool)

    def _request(self) -> BrainRequest:
        messages = [*self.state.get("messages", []), *self.new]
        return BrainRequest(
            system=system_prompt(self.agent, self.context, self.state),
            messages=[*with_summary(self.state, messages), *self._correction],
            tools=[spec for spec in OFFERED[self.agent] if self._may(spec.name)],
            turn=self._view(messages),
        )

    def _view(self, messages: list[AnyMessage]) -> TurnView:
        return turn_view(self.agent, self.context, self.state, messages, list(self.state.get("shown", [])))

    async def _act(self, message: AIMessage) -> Command[Goto] | None:
        """Run the calls of a message; answers where to go when one of them ends this agent's part of the turn."""
        calls = [
            self._stored.get(call["id"] or "")
            or Call(call["id"] or f"call_{self.step}_{n}", call["name"], call["args"], self.step, n)
            for n, call in enumerate(message.tool_calls)
        ]
        await plan(self.context, [call for call in calls if not call.name.startswith(TRANSFER)])
        target: AgentName | None = None
        for call in calls:
            if call.name.startswith(TRANSFER):
                named = _agent_named(call.name.removeprefix(TRANSFER))
                possible = named is not None and named != self.agent and target in (None, named)
                target = named if possible else target
                self.new.append(
                    ToolMessage(
                        "transferred" if possible else "This turn cannot go there.",
                        tool_call_id=call.id,
                        name=call.name,
                        status="success" if possible else "error",
                    )
                )
            else:
                await self._call(call)
        if self.approvals or (target is None):
            return None
        return await self._transfer(target)

    async def _call(self, call: Call) -> None:
        sink = self.context.sink
        sink.emit("tool.started", {"call_id": call.id, "name": call.name, "arguments": call.arguments})
        outcome = self._repeated(call) or await execute(self.context, self.agent, call)
        status = "ok" if outcome.ok else "error"
        sink.emit(
            "tool.finished",
            {
                "call_id": call.id,
                "name": call.name,
                "status": status,
                "result": outcome.result,
                "elapsed_ms": outcome.elapsed_ms,
            },
        )
        self.reply["tool_calls"].append(
            {
                "id": call.id,
                "name": call.name,
                "arguments": call.arguments,
                "status": status,
                "result": outcome.result,
            }
        )
        self._show(outcome)
        result = to_be_said(outcome.result)
        self.new.append(
            ToolMessage(
                orjson.dumps(for_model(result), default=str).decode(),
                tool_call_id=call.id,
                name=call.name,
                status="success" if outcome.ok else "error",
                artifact=result,
            )
        )

    def _repeated(self, call: Call) -> Outcome | None:
        """Refuses what a chat model that goes in circles asks for again: the same addition, the same haggling."""
        by_house = self._brain() is self.context.services.brains.house
        if by_house or call.arguments.get("action", "propose") not in _ONCE.get(call.name, ()):
            return None
        for before in self.reply["tool_calls"]:
            if (before["name"], before["arguments"], before["status"]) == (call.name, call.arguments, "ok"):
                return refused(call, "already_done", "This very call has run in this turn; its result stands.")
        return None

    def _show(self, outcome: Outcome) -> None:
        for block in outcome.blocks:
            self.speech.show(block)
            if block["type"] == "product_list":
                self.showing = [_remembered(product) for product in block["products"]]
            elif block["type"] == "product":
                self.showing = [_remembered(block)]
            elif block["type"] == "handoff":
                self.handed_off = True
        if outcome.interrupt is not None:
            self.approvals.append(outcome.interrupt)
            self.context.sink.emit("approval.required", outcome.interrupt)

    async def _transfer(self, target: AgentName) -> Command[Goto]:
        handoffs = self.state.get("handoffs", 0) + 1
        if handoffs > MAX_HANDOFFS:
            await self._give_to_person("agents passed the turn around")
            return self._go("remember")
        self.context.sink.emit("agent", {"agent": target, "previous": self.agent, "reason": "handoff"})
        return self._go(target, handoffs=handoffs)

    async def _count_failure(self, *, lost: bool) -> None:
        """After so many turns in a row that came to nothing (rules.escalation) a person takes over."""
        patience = self.context.agent.rules.escalation.failed_turns
        self.in_vain = escalation.came_to_nothing(self.reply, lost=lost)
        if self.in_vain and self.context.failed_turns + 1 >= patience and not self.handed_off:
            await self._give_to_person(f"{patience} messages in a row came to nothing")

    async def _give_to_person(self, reason: str) -> None:
        await self._call(Call(f"call_{self.step}_human", "handoff_to_human", {"reason": reason}, self.step, 99))
        if self.handed_off:
            self.speech.begin_step()
            self.speech.write(phrase("escalated", self._view([*self.state.get("messages", []), *self.new]), {}))

    def _go(self, goto: Goto, *, handoffs: int | None = None) -> Command[Goto]:
        update: dict[str, Any] = {
            "messages": self.new,
            "reply": self.reply,
            "memory": self.memory,
            "contact": self.context.contact,
        }
        update |= changed(
            self.state,
            {
                "step": self.step,
                "degraded": self.degraded,
                "usage": self.usage,
                "showing": self.showing,
                "approvals": self.approvals,
                "handed_off": self.handed_off,
                "failed": self.in_vain,
                "active_agent": self.agent if goto == "remember" else goto,
            },
        )
        if handoffs is not None:
            update["handoffs"] = handoffs
        if self.failed or self.corrected:
            update["trouble"] = {
                "turn": self.state.get("turn_id"),
                "failed": self.failed,
                "corrected": self.corrected,
            }
        return Command(goto=goto, update=update)


def _agent_named(name: str) -> AgentName | None:
    return next((agent for agent in AGENTS if agent == name), None)


def _remembered(product: dict[str, Any]) -> dict[str, Any]:
    """What "the second one" and "in that size" need of a product that was shown."""
    return {
        "external_id": product["external_id"],
        "title": product["title"],
        "price_min": product["price_min"],
        "variants": [{"external_id": v["external_id"], "options": v["options"]} for v in product["variants"][:60]],
    }


async def specialist(agent: AgentName, state: State, runtime: Runtime[Context]) -> Command[Goto]:
    """The turn of `agent`; nothing while a person has the conversation."""
    if escalation.is_silent(runtime.context):
        return Command(goto="remember")
    return await Specialist(agent, state, runtime.context).run()
