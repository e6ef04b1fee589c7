"""Any OpenAI-compatible chat model as a brain, through `langchain-openai`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import orjson
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, SystemMessage, ToolCall
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI

from agentpay.llm.brain import BrainRequest, ModelUnavailable, ToolSpec, Writer
from agentpay.settings import Settings

_CONNECTIONS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)


class OpenAIBrain:
    """Streams a chat model. Silence longer than `model_timeout_seconds`, an HTTP error that outlasts the retries, a stream
    that breaks off and tool arguments that are no JSON are all `ModelUnavailable`.

    Belongs to the event loop it is first used in: its connections are kept between calls.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.name = f"openai:{model}"
        self._silence = settings.model_timeout_seconds
        # A client of its own: langchain-openai's default one is shared by every loop and service of the process
        self._http = httpx.AsyncClient(timeout=settings.model_timeout_seconds, limits=_CONNECTIONS)
        self._model = ChatOpenAI(
            model=model,
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            timeout=settings.model_timeout_seconds,
            max_retries=settings.model_max_retries,
            stream_usage=True,
            http_async_client=self._http,
        )
        self._bound: dict[tuple[str, ...], Runnable[LanguageModelInput, AIMessage]] = {}

    async def respond(self, request: BrainRequest, write: Writer) -> AIMessage:
        model = self._with_tools(request.tools)
        messages = [SystemMessage(request.system), *request.messages]
        chunks: list[AIMessageChunk] = []
        try:
            async for chunk in self._chunks(model.astream(messages)):
                if isinstance(chunk, AIMessageChunk):
                    if text := chunk.text:
                        write(text)
                    chunks.append(chunk)
        except Exception as error:  # whatever a provider or its client throws, the house model answers the customer
            # Its message may quote the prompt or the key, so only its kind is told
            status = getattr(error, "status_code", None)
            raise ModelUnavailable(f"{type(error).__name__}{f' {status}' if status else ''}") from error
        return _checked(chunks)

    async def close(self) -> None:
        await self._http.aclose()

    async def _chunks(self, stream: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
        """The stream's chunks, each within `model_timeout_seconds` of the one before."""
        iterator = stream.__aiter__()
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    chunk = await anext(iterator)
            except StopAsyncIteration:
                return
            yield chunk

    def _with_tools(self, tools: Sequence[ToolSpec]) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with these tools. An agent's tools do not change, so each set is put together once."""
        names = tuple(tool.name for tool in tools)
        if names not in self._bound:
            self._bound[names] = self._model.bind_tools([_function(tool) for tool in tools]) if tools else self._model
        return self._bound[names]


def _function(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def _checked(chunks: list[AIMessageChunk]) -> AIMessage:
    """The whole answer. Raises ModelUnavailable where it is none."""
    if not chunks:
        raise ModelUnavailable("the stream ended without an answer")
    whole = add_ai_message_chunks(chunks[0], *chunks[1:])
    if not whole.response_metadata.get("finish_reason"):
        raise ModelUnavailable("the stream broke off")
    calls = _calls(whole)
    if not whole.text and not calls:
        raise ModelUnavailable("an empty answer")
    return AIMessage(
        content=whole.text,
        tool_calls=calls,
        usage_metadata=whole.usage_metadata,
        response_metadata=whole.response_metadata,
        id=whole.id,
    )


def _calls(whole: AIMessageChunk) -> list[ToolCall]:
    """The tool calls, read strictly: langchain completes broken JSON, and half of the arguments is another call."""
    calls: list[ToolCall] = []
    for chunk in whole.tool_call_chunks:
        name = chunk["name"]
        try:
            arguments = orjson.loads(chunk["args"] or "{}")
        except orjson.JSONDecodeError:
            raise ModelUnavailable(f"tool arguments that are no JSON: {name}") from None
        if not name or not isinstance(arguments, dict):
            raise ModelUnavailable(f"a tool call that is none: {name}")
        calls.append(ToolCall(name=name, args=arguments, id=chunk["id"], type="tool_call"))
    return calls
