"""Where webhooks may go: a merchant's URL must not make this service call into its own network (SSRF; DESIGN §5).

A name is resolved once for each attempt, every address it has is checked, and the connection goes to an address that was
checked: a name that points elsewhere a moment later (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

import httpx

from agentpay.errors import Problem

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) → addresses. Raises OSError where the name has none."""

MAX_URL_CHARS = 2000
RESOLVE_SECONDS = 5.0
_LOWEST_FREE_PORT = 1024
"""Below it only the ports of HTTP itself: mail, shells and the like are no webhooks."""

_IPv6 = ipaddress.IPv6Address
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TUNNELS = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
"""6to4 and Teredo carry an IPv4 address of anybody's choice inside."""
_RELAY = ipaddress.IPv4Network("192.88.99.0/24")


class AddressRefused(Exception):
    """The name leads to an address that webhooks may not reach."""


def check_url(url: str, *, allow_private: bool) -> httpx.URL:
    """The URL, parsed. Raises Problem 422 `webhook_url_invalid`: scheme, credentials, port. Plain http is for private networks."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _invalid("This is not a URL.") from None
    if parsed.scheme != "https" and not (allow_private and parsed.scheme == "http"):
        raise _invalid("A webhook URL begins with https://.")
    if not parsed.host or len(url) > MAX_URL_CHARS:
        raise _invalid("A webhook URL names a host and has at most 2000 characters.")
    if parsed.userinfo:
        raise _invalid("A webhook URL holds no user name or password: verify the signature instead.")
    if parsed.fragment:
        raise _invalid("A webhook URL has no #fragment.")
    port = port_of(parsed)
    if not 0 < port < 65536 or (port < _LOWEST_FREE_PORT and port not in (80, 443)):
        raise _invalid("A webhook URL's port is 443, 80, or one from 1024 on.")
    return parsed


def port_of(url: httpx.URL) -> int:
    return url.port if url.port is not None else {"https": 443, "http": 80}[url.scheme]


async def resolve(host: str, port: int) -> list[str]:
    """The system's own resolver, in the order it prefers."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked(url: httpx.URL, *, allow_private: bool, resolver: Resolver) -> list[str]:
    """The addresses behind a URL, all of them public unless `allow_private`.

    Raises AddressRefused where one is not (one bad address spoils the name), OSError where the name has none.
    """
    addresses = await resolver(url.raw_host.decode(), port_of(url))
    if not addresses:
        raise OSError("the name has no address")
    if not allow_private and not all(is_public(address) for address in addresses):
        raise AddressRefused
    return addresses


async def check_endpoint(url: str, *, allow_private: bool, resolver: Resolver = resolve) -> str:
    """What a new endpoint's URL must pass; every attempt looks again. A name that does not exist yet may be given.

    Raises Problem 422 `webhook_url_invalid`, `webhook_url_forbidden`.
    """
    parsed = check_url(url, allow_private=allow_private)
    try:
        await checked(parsed, allow_private=allow_private, resolver=resolver)
    except AddressRefused:
        raise Problem(
            "webhook_url_forbidden", "This URL leads to a private or reserved address, which webhooks may not reach."
        ) from None
    except (OSError, UnicodeError):
        pass  # not known (yet): deliveries will say so
    return url


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet: IPv4, IPv6, and IPv4 inside IPv6 (mapped, NAT64)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, _IPv6):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
        if parsed not in _GLOBAL_UNICAST or any(parsed in network for network in _TUNNELS):
            return False
    elif parsed in _RELAY:
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


def _invalid(detail: str) -> Problem:
    return Problem("webhook_url_invalid", detail)
