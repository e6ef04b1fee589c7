"""One attempt over the network: to a checked address, with the name kept for the Host header and for TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import httpx

from agentpay import __version__
from agentpay.commerce.webhooks import addresses
from agentpay.commerce.webhooks.addresses import AddressRefused, Resolver
from agentpay.errors import Problem

KEPT_BYTES = 2_000
"""How much of an answer is read and kept for the log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `error`: None for a 2xx, else a stable word; `status`: the answer's, where there was one."""

    status: int | None = None
    body: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def gone(self) -> bool:
        """410: the receiver asks for no more (Standard Webhooks)."""
        return self.status == 410


@lru_cache(maxsize=1)
def default_tls() -> ssl.SSLContext:
    """Reading the certificate authorities takes longer than a request: once a process."""
    return httpx.create_ssl_context(trust_env=False)


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_seconds: float,
    allow_private: bool,
    resolver: Resolver = addresses.resolve,
    tls: ssl.SSLContext | None = None,
) -> Outcome:
    """POST JSON; never raises for what the receiver does. Redirects are not followed, proxies not used.

    Errors: `url_refused`, `address_refused`, `name_not_resolved`, `connection_failed`, `timeout`, `answer_invalid`,
    `redirect_refused`, `status_not_2xx`.
    """
    try:
        async with asyncio.timeout(timeout_seconds):  # of the whole: a slow drip ends too
            target = addresses.check_url(url, allow_private=allow_private)
            found = await addresses.checked(target, allow_private=allow_private, resolver=resolver)
            return await _post_to(found, target, body, headers, timeout_seconds, tls or default_tls())
    except TimeoutError:
        return Outcome(error="timeout")
    except Problem:
        return Outcome(error="url_refused")
    except AddressRefused:
        return Outcome(error="address_refused")
    except (OSError, UnicodeError):
        return Outcome(error="name_not_resolved")


async def _post_to(
    found: list[str], url: httpx.URL, body: bytes, headers: Mapping[str, str], seconds: float, tls: ssl.SSLContext
) -> Outcome:
    sent = {
        **headers,
        "host": url.netloc.decode(),
        "content-type": "application/json",
        "user-agent": f"AgentPay/{__version__}",
        "accept-encoding": "identity",
    }
    async with httpx.AsyncClient(verify=tls, timeout=seconds, trust_env=False, follow_redirects=False) as client:
        for address in found:
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=sent,
                extensions={"sni_hostname": url.raw_host.decode()},  # also the name that the certificate must have
            )
            try:
                answer = await client.send(request, stream=True)
            except httpx.ConnectError:
                continue  # the next address, as browsers do
            except httpx.TimeoutException:
                return Outcome(error="timeout")
            except httpx.NetworkError:
                return Outcome(error="connection_failed")
            except httpx.HTTPError:
                return Outcome(error="answer_invalid")
            try:
                return _judge(answer.status_code, await _beginning(answer))
            finally:
                await answer.aclose()
    return Outcome(error="connection_failed")


async def _beginning(answer: httpx.Response) -> str:
    kept = b""
    try:
        async for chunk in answer.aiter_raw():
            kept += chunk[: KEPT_BYTES - len(kept)]
            if len(kept) >= KEPT_BYTES:
                break
    except httpx.HTTPError:
        pass  # the status has been given; it is what counts
    return kept.decode(errors="replace").replace("\x00", "�")


def _judge(status: int, body: str) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status, body)
    return Outcome(status, body, "redirect_refused" if 300 <= status < 400 else "status_not_2xx")
