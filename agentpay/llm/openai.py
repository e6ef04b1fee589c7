"""Any OpenAI-compatible chat model as a brain, through `langchain-openai`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, SystemMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI

from agentpay.llm.brain import BrainRequest, ModelUnavailable, ToolSpec, Writer
from agentpay.settings import Settings

log = logging.getLogger(__name__)


class OpenAIBrain:
    """Streams a chat model. Silence longer than `model_timeout_seconds`, an HTTP error that outlasts the retries, a stream
    that breaks off and tool arguments that are no JSON are all `ModelUnavailable`."""

    def __init__(self, model: str, settings: Settings) -> None:
        self.name = f"openai:{model}"
        self._silence = settings.model_timeout_seconds
        self._model = ChatOpenAI(
            model=model,
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            timeout=settings.model_timeout_seconds,
            max_retries=settings.model_max_retries,
            stream_usage=True,
        )

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        model = self._with_tools(list(request.tools))
        messages = [SystemMessage(request.system), *request.messages]
        whole: AIMessageChunk | None = None
        try:
            async for chunk in self._chunks(model.astream(messages)):
                if isinstance(chunk, AIMessageChunk):
                    if text := chunk.text:
                        write(text)
                    whole = chunk if whole is None else whole + chunk
        except asyncio.CancelledError:
            raise
        except (
            Exception
        ) as error:  # whatever a provider or its client throws, the customer gets an answer from the house model
            raise ModelUnavailable(f"{type(error).__name__}: {str(error)[:200]}") from error
        return self._checked(whole)

    async def _chunks(self, stream: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
        iterator = stream.__aiter__()
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    chunk = await anext(iterator)
            except StopAsyncIteration:
                return
            yield chunk

    def _with_tools(self, tools: list[ToolSpec]) -> Runnable[LanguageModelInput, AIMessage]:
        return self._model.bind_tools(
            [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
                }
                for t in tools
            ]
        )

    def _checked(self, whole: AIMessageChunk | None) -> AIMessage:
        if whole is None:
            raise ModelUnavailable("the stream ended without an answer")
        if whole.invalid_tool_calls:
            names = ", ".join(str(call.get("name")) for call in whole.invalid_tool_calls)
            raise ModelUnavailable(f"tool arguments that are no JSON: {names}")
        if not whole.response_metadata.get("finish_reason"):
            raise ModelUnavailable("the stream broke off")
        if not whole.text and not whole.tool_calls:
            raise ModelUnavailable("an empty answer")
        return AIMessage(
            content=whole.text,
            tool_calls=whole.tool_calls,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
            id=whole.id,
        )
