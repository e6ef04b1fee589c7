"""Any OpenAI-compatible chat model as a brain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.runnables.config import ensure_config, get_async_callback_manager_for_config

from agentpay.llm.brain import BrainRequest, ModelUnavailable, ToolSpec, Writer
from agentpay.llm.openai.breaker import CircuitBreaker
from agentpay.llm.openai.lean import LeanChatOpenAI
from agentpay.settings import Settings


class OpenAIBrain:
    """Streams a chat model. Silence longer than `model_timeout_seconds`, an HTTP error that outlasts the retries, a stream
    that breaks off and tool arguments that are no JSON are all `ModelUnavailable`; so is every call for a while after
    `model_breaker_failures` of them in a row.

    Belongs to the event loop it is first used in: its connections are kept between calls.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.name = f"openai:{model}"
        self._model = LeanChatOpenAI(
            model=model,
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            silence_seconds=settings.model_timeout_seconds,
            max_retries=settings.model_max_retries,
        )
        self._breaker = CircuitBreaker(settings.model_breaker_failures, settings.model_breaker_seconds)
        self._tools: dict[tuple[str, ...], list[dict[str, Any]]] = {}

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        if not self._breaker.admit():
            raise ModelUnavailable("it failed several times in a row and is left alone for a while")
        try:
            message = await self._ask([SystemMessage(request.system), *request.messages], request.tools, write)
        except Exception as error:  # whatever a provider or its client throws, the house model answers the customer
            self._breaker.failed()
            # Only what we know is told: a message of the client's may quote the prompt or the key
            status = getattr(error, "status_code", None)
            said = str(error) if type(error).__module__.startswith(__package__ or "") else type(error).__name__
            raise ModelUnavailable(f"{said}{f' ({status})' if status else ''}") from error
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        if not message.content and not message.tool_calls:
            raise ModelUnavailable("an empty answer")
        return message

    async def close(self) -> None:
        await self._model.aclose()

    async def _ask(self, messages: list[BaseMessage], tools: Sequence[ToolSpec], write: Writer) -> AIMessage:
        functions = self._functions(tools)
        if get_async_callback_manager_for_config(ensure_config()).handlers:  # a tracer, or LangGraph's `messages` mode
            said = False

            def heard(text: str) -> None:
                nonlocal said
                said = True
                write(text)

            message: BaseMessage = await self._model.ainvoke(messages, sink=heard, tools=functions)
            if not said and message.text:  # it was streamed to the callbacks by langchain's own path
                write(message.text)
        else:
            result = await self._model._agenerate(messages, sink=write, tools=functions)
            message = result.generations[0].message
        assert isinstance(message, AIMessage)
        return message

    def _functions(self, tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
        """Tools as the API takes them. An agent's tools do not change, so each set is put together once."""
        names = tuple(tool.name for tool in tools)
        if names not in self._tools:
            self._tools[names] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
                }
                for tool in tools
            ]
        return self._tools[names]
