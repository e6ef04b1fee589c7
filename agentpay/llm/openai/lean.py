"""A ChatOpenAI that reads its stream itself.

Of a turn's time the openai SDK and langchain's chunks take two thirds: a pydantic object for each token, twice. Here the
network's bytes become text in one step, and one AIMessage in the end. Callbacks, tool calls, usage, retries, timeouts
and errors are kept (docs/decisions/0005-what-a-turn-costs.md).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from agentpay.llm.openai import payload
from agentpay.llm.openai.stream import BrokenStream, StreamReader

Sink = Callable[[str], None]
_RETRIED = frozenset({408, 409, 429})
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0


class RequestFailed(Exception):
    """The server could not be reached, refused, or fell silent. Quotes neither prompt nor key."""

    def __init__(self, reason: str, status_code: int | None = None) -> None:
        super().__init__(reason)
        self.status_code = status_code


class LeanChatOpenAI(ChatOpenAI):
    """`ainvoke(messages, sink=…)` hands the text to `sink` as it arrives and answers the whole message.

    Belongs to the event loop it is first used in. `aclose` lets its connections go.
    """

    silence_seconds: float = 20.0
    """Longest wait for the next event, and for a connection."""
    _session: aiohttp.ClientSession | None = PrivateAttr(default=None)
    _heads: dict[tuple[str, ...], bytes] = PrivateAttr(default_factory=dict)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        sink: Sink | None = None,
        tools: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Raises RequestFailed, BrokenStream. Tools of the same names must be the same tools."""
        if stop is not None or kwargs:
            raise TypeError("only messages, tools and sink are taken here")
        head = self._head(tools or [])
        content = payload.body(
            head, messages, "developer" if self.model_name.startswith(("o1", "o3", "o4")) else "system"
        )
        reader = StreamReader()
        async with self._answer(content) as chunks:
            loop = asyncio.get_running_loop()
            heard_at = loop.time()
            async for data in chunks:
                text = reader.feed(data)
                if reader.heard:
                    heard_at = loop.time()
                elif loop.time() - heard_at > self.silence_seconds:
                    raise RequestFailed("silence")
                if text:
                    if sink is not None:
                        sink(text)
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(text)
                if reader.done:
                    break
        message = reader.message()
        return ChatResult(generations=[ChatGeneration(message=message)], llm_output={"model_name": self.model_name})

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _head(self, tools: list[dict[str, Any]]) -> bytes:
        names = tuple(tool["function"]["name"] for tool in tools)
        if names not in self._heads:
            given: dict[str, Any] = {"tools": tools} if tools else {}
            self._heads[names] = payload.head(
                self._get_request_payload([], stream=True, stream_options={"include_usage": True}, **given)
            )
        return self._heads[names]

    @asynccontextmanager
    async def _answer(self, content: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
        """The answer's bytes, each within `silence_seconds`. What passes is asked again: nothing was said yet."""
        session = self._opened()
        retries = self.max_retries or 0
        answering = False
        for attempt in range(retries + 1):
            try:
                async with session.post(self._url, data=content) as response:
                    if response.status == 200:
                        answering = True
                        yield response.content.iter_any()
                        return
                    pause = _pause(attempt, response.headers.get("Retry-After"))
                    passing = response.status in _RETRIED or response.status >= 500
                    if not passing or attempt == retries or pause > self.silence_seconds:
                        raise RequestFailed("the server refused", response.status)
            except TimeoutError:  # not asked again: a customer waits
                raise RequestFailed("silence") from None
            except aiohttp.ClientError as error:
                if answering:
                    raise BrokenStream("the stream broke off") from None
                if attempt == retries:
                    raise RequestFailed(type(error).__name__) from None
                pause = _pause(attempt, None)
            await asyncio.sleep(pause)

    @property
    def _url(self) -> str:
        return f"{(self.openai_api_base or 'https://api.openai.com/v1').rstrip('/')}/chat/completions"

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
            if isinstance(self.openai_api_key, SecretStr):
                headers["Authorization"] = f"Bearer {self.openai_api_key.get_secret_value()}"
            if self.openai_organization:
                headers["OpenAI-Organization"] = self.openai_organization
            self._session = aiohttp.ClientSession(
                # The certificates that the SDK's client would trust; as many connections as there are turns
                connector=aiohttp.TCPConnector(limit=0, ssl=httpx.create_ssl_context(), keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self.silence_seconds, sock_read=self.silence_seconds
                ),
                headers=headers,
                proxy=_proxy(self._url),
                read_bufsize=2**18,
            )
        return self._session


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for `url`. Found once: aiohttp's `trust_env` asks two threads at each request."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds until the next attempt: what the server asks for, else doubling, with a quarter of chance in it."""
    if retry_after is not None and retry_after.strip().isdigit():
        return float(retry_after)
    return float(min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.75, 1.0))
