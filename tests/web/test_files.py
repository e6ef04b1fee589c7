"""The page's files and its session, as any client gets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from agentpay import web
from agentpay.evals.service import RunningService

CONVERSATIONS = "/v1/agent/conversations"


@pytest.fixture
def http(demo_shop: RunningService) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo_shop.base_url, trust_env=False, timeout=30) as client:
        yield client


def opened(http: httpx.Client) -> dict[str, Any]:
    answer = http.post("/web/session", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_the_page_allows_no_inline_code_and_holds_no_key(http: httpx.Client) -> None:
    page = http.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "ap_" not in page.text
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|https?://", page.text)


def test_every_file_the_page_names_is_there_for_good(http: httpx.Client) -> None:
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', http.get("/").text)
    assert {name.rpartition("/")[2] for name in named} >= {"app.css", "app.js", "favicon.svg"}
    for name in named:
        file = http.get(name)
        assert file.status_code == 200, name
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["x-content-type-options"] == "nosniff"


def test_modules_import_what_there_is_and_fetch_from_nowhere_else() -> None:
    files = web.load().files
    for name, asset in files.items():
        if name.endswith(".js"):
            source = asset.body.decode()
            assert "innerHTML" not in source
            assert all(module in files for module in re.findall(r'from "\./([^"]+)"', source)), name


def test_a_file_is_asked_for_again_only_when_it_changed(http: httpx.Client) -> None:
    first = http.get("/static/app.js")
    assert first.headers["cache-control"] == "no-cache"
    again = http.get("/static/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/static/app.js", headers={"If-None-Match": '"other"'}).status_code == 200
    assert http.get("/static/app.js", headers={"Accept-Encoding": "identity"}).text == first.text


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/..%2f__init__.py", "/static/1/2/3"])
def test_nothing_else_is_served(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_a_version_changes_with_any_file(tmp_path: Any) -> None:
    for name in ("index.html", "app.js"):
        (tmp_path / name).write_text("{{assets}}")
    before = web.load(tmp_path)
    (tmp_path / "app.js").write_text("changed")
    after = web.load(tmp_path)
    assert before.version != after.version
    assert after.index.body == f"/static/{after.version}".encode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_other_pages_open_no_session(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.post("/web/session", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_session_talks_in_its_own_conversation_alone(http: httpx.Client) -> None:
    mine, other = opened(http), opened(http)
    assert mine["shop"]["name"] == "Lantern Street"
    assert mine["shop"]["assistant"] == "Maren"
    assert 2 <= len(mine["shop"]["suggestions"]) <= 6
    key = {"Authorization": f"Bearer {mine['client_token']}"}
    assert http.get(f"{CONVERSATIONS}/{mine['conversation_id']}", headers=key).status_code == 200
    assert http.get(f"{CONVERSATIONS}/{other['conversation_id']}", headers=key).status_code == 404
    assert http.get("/v1/orders", headers=key).status_code == 403
    said = http.post(f"{CONVERSATIONS}/{mine['conversation_id']}/messages", json={"content": "hello"}, headers=key)
    assert said.json()["message"]["role"] == "assistant"
