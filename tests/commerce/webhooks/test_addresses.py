"""Where webhooks may go, and that they go where it was checked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agentpay.commerce.webhooks import addresses, endpoints, sending
from agentpay.commerce.webhooks.addresses import Resolver, is_public
from agentpay.commerce.webhooks.shapes import EndpointInput
from agentpay.errors import Problem
from tests.commerce.webhooks.conftest import Hooks
from tests.commerce.webhooks.receiver import Receiver, receiving


def answers(*rounds: list[str]) -> tuple[Resolver, list[str]]:
    """A resolver that answers each round once, and then fails the test; and what it was asked."""
    left, asked = list(rounds), []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0)

    return resolve, asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "192.88.99.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/hook",
        "http://shop.example/hook",
        "ftp://shop.example/hook",
        "file:///etc/passwd",
        "gopher://shop.example",
        "https://",
        "https:///hook",
        "https://user@shop.example/hook",
        "https://user:pass@shop.example/hook",
        "https://shop.example:22/hook",
        "https://shop.example:25/hook",
        "https://shop.example:0/hook",
        "https://shop.example:99999/hook",
        "https://shop.example/hook#part",
        "https://shop.example/\nhook",
        "https://[::1",
        "https://shop.example/" + "a" * 2000,
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(Problem) as refused:
        addresses.check_url(url, allow_private=False)
    assert (refused.value.status, refused.value.code) == (422, "webhook_url_invalid")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example:8443/hook?a=1",
        "https://bücher.example/",
        "https://[2606:4700::1]/x",
    ],
)
def test_urls_that_may_be(url: str) -> None:
    assert addresses.check_url(url, allow_private=False).scheme == "https"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "192.168.0.10",
        "[fd00::1]",
    ],
)
async def test_the_ways_to_write_an_address_at_home(hooks: Hooks, host: str) -> None:
    """With the system's own resolver, which reads more notations than one would think."""
    async with hooks.database.tx(hooks.organization_id) as tx:
        with pytest.raises(Problem) as refused:
            await endpoints.create(tx, EndpointInput(url=f"https://{host}/hook"), allow_private=False)
    assert refused.value.code in ("webhook_url_forbidden", "webhook_url_invalid")
    assert (await sending.post(f"https://{host}/", b"", {}, timeout_seconds=5, allow_private=False)).error in (
        "address_refused",
        "url_refused",
    )


@pytest.mark.parametrize("found", [["10.0.0.7"], ["1.1.1.1", "127.0.0.1"], ["2606:4700::1", "fd00::1"]])
async def test_a_name_that_leads_home_is_refused_at_creation(hooks: Hooks, found: list[str]) -> None:
    resolver, _ = answers(found)
    async with hooks.database.tx(hooks.organization_id) as tx:
        with pytest.raises(Problem) as refused:
            await endpoints.create(
                tx, EndpointInput(url="https://shop.example/hook"), allow_private=False, resolver=resolver
            )
    assert (refused.value.status, refused.value.code) == (422, "webhook_url_forbidden")


async def test_a_name_that_does_not_exist_yet_may_be_given(hooks: Hooks) -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror

    async with hooks.database.tx(hooks.organization_id) as tx:
        made = await endpoints.create(
            tx, EndpointInput(url="https://soon.example/hook"), allow_private=False, resolver=nothing
        )
    await hooks.emit("order.paid", id="1")
    [job] = await hooks.jobs()
    outcome = await hooks.run(job, resolver=nothing, webhook_allow_private=False)
    assert outcome is not None
    assert outcome.error == "name_not_resolved"
    assert (await hooks.stored(made.id)).failures == 1


async def test_a_name_that_moved_home_since_is_refused_at_delivery(hooks: Hooks, receiver: Receiver) -> None:
    """DNS rebinding between creation and delivery: the receiver stands for something of ours."""
    resolver, asked = answers(["93.184.215.14"], ["127.0.0.1"])
    async with hooks.database.tx(hooks.organization_id) as tx:
        await endpoints.create(
            tx,
            EndpointInput(url=f"https://rebind.example:{receiver.port}/hook"),
            allow_private=False,
            resolver=resolver,
        )
    await hooks.emit("order.paid", id="1")
    [job] = await hooks.jobs()
    outcome = await hooks.run(job, resolver=resolver, webhook_allow_private=False)
    assert outcome is not None
    assert (outcome.error, receiver.got, asked) == ("address_refused", [], ["rebind.example"] * 2)


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """Rebinding between check and connect: the name is asked once, and whatever connects is given an address."""
    resolver, asked = answers(["127.0.0.1"])
    loop = asyncio.get_running_loop()
    known = loop.getaddrinfo

    async def numbers_only(host: Any, *rest: Any, **options: Any) -> Any:
        ipaddress.ip_address(host)  # ValueError for a name
        return await known(host, *rest, **options)

    monkeypatch.setattr(loop, "getaddrinfo", numbers_only, raising=False)
    url = f"http://shop.example:{receiver.port}/deep/hook?x=1"
    outcome = await sending.post(
        url, b"{}", {"webhook-id": "1"}, timeout_seconds=5, allow_private=True, resolver=resolver
    )
    assert outcome.ok, outcome
    assert asked == ["shop.example"]
    [got] = receiver.got
    assert (got.headers["host"], got.path) == (f"shop.example:{receiver.port}", "/deep/hook")


async def test_the_next_address_is_tried(receiver: Receiver) -> None:
    resolver, _ = answers(["127.0.0.3", "127.0.0.1"])  # nobody listens at the first
    url = f"http://shop.example:{receiver.port}/"
    assert (await sending.post(url, b"{}", {}, timeout_seconds=5, allow_private=True, resolver=resolver)).ok


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for shop.example that signs itself, and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="cryptography makes the test's certificate")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    ("host", "trusted", "ok"),
    [("shop.example", True, True), ("other.example", True, False), ("shop.example", False, False)],
)
async def test_tls_is_verified_by_the_name(certificate: tuple[Path, Path], host: str, trusted: bool, ok: bool) -> None:
    cert, key = certificate
    tls = ssl.create_default_context(cafile=str(cert)) if trusted else None
    async with receiving(ssl_certfile=str(cert), ssl_keyfile=str(key)) as receiver:
        resolver, _ = answers(["127.0.0.1"])
        outcome = await sending.post(
            f"https://{host}:{receiver.port}/hook",
            b"{}",
            {},
            timeout_seconds=5,
            allow_private=True,
            resolver=resolver,
            tls=tls,
        )
        assert outcome.ok is ok, outcome
        assert len(receiver.got) == ok
        if not ok:
            assert outcome.error == "connection_failed"


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    async with receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        resolver, _ = answers(["127.0.0.1"])
        url = f"http://shop.example:{receiver.port}/"
        assert (await sending.post(url, b"{}", {}, timeout_seconds=5, allow_private=True, resolver=resolver)).ok
        assert (len(proxy.got), len(receiver.got)) == (0, 1)


async def test_a_resolver_that_hangs_is_a_timeout() -> None:
    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    resolver: Callable[[str, int], Awaitable[list[str]]] = never
    outcome = await sending.post(
        "https://shop.example/", b"", {}, timeout_seconds=0.2, allow_private=False, resolver=resolver
    )
    assert outcome.error == "timeout"
