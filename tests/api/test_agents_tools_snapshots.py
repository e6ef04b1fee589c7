"""Agents, direct tool calls, snapshots."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx

from agentpay.tools.registry import TOOLS
from tests.serving import BASE, Service


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_agents(stub: Service) -> None:
    client = stub.client
    made = client.post("/v1/agents", json={"name": "Ada", "external_id": "ada", "rules": {"max_discount_percent": 10}})
    assert made.status_code == 201
    agent: dict[str, Any] = made.json()
    assert (agent["version"], agent["is_default"], agent["rules"]["auto_refund_limit"]) == (1, False, 0)
    url = f"/v1/agents/{agent['id']}"
    changed = client.patch(url, json={"personality": {"tone": "playful", "emoji": True}}).json()
    assert (changed["version"], changed["personality"]["tone"], changed["name"]) == (2, "playful", "Ada")
    assert client.patch(url, json={"name": "Ada"}).json()["version"] == 2
    assert [a["id"] for a in client.get("/v1/agents", params={"external_id": "ada"}).json()["items"]] == [agent["id"]]
    assert code(client.post("/v1/agents", json={"name": "Other", "external_id": "ada"})) == (409, "conflict")
    for bad in (
        {"name": ""},
        {"name": "a", "rules": {"max_discount_percent": 101}},
        {"name": "a", "rules": {"max_discount_percent": 20, "approval_discount_percent": 10}},
        {"name": "a", "rules": {"generosity": 1}},
        {"name": "a", "personality": {"tone": "rude"}},
        {"name": "a", "model": "something"},
    ):
        assert code(client.post("/v1/agents", json=bad)) == (422, "validation_error")
    assert code(client.patch(url, json={"name": None})) == (422, "validation_error")
    default = next(a for a in client.get("/v1/agents").json()["items"] if a["is_default"])
    assert code(client.delete(f"/v1/agents/{default['id']}")) == (409, "default_agent")
    assert client.patch(url, json={"is_default": True}).json()["is_default"] is True
    assert client.get(f"/v1/agents/{default['id']}").json()["is_default"] is False
    client.patch(f"/v1/agents/{default['id']}", json={"is_default": True})
    stub.conversation(agent_id=agent["id"])
    assert code(client.delete(url)) == (409, "agent_in_use")
    spare = client.post("/v1/agents", json={"name": "Spare"}).json()["id"]
    assert client.delete(f"/v1/agents/{spare}").status_code == 204
    assert code(client.get(f"/v1/agents/{spare}")) == (404, "not_found")


def test_tools_are_listed_with_their_schemas(stub: Service) -> None:
    items = stub.client.get("/v1/agent/tools").json()["items"]
    assert {item["name"] for item in items} == set(TOOLS)
    for item in items:
        assert item["parameters"]["type"] == "object"
        assert item["description"]


def test_tools_directly(stub: Service) -> None:
    conversation = stub.conversation()
    seen = stub.client.post("/v1/agent/tools/view_cart/invoke", json={"conversation_id": conversation})
    assert seen.status_code == 200, seen.text
    assert seen.json()["status"] == "ok"
    nowhere = stub.client.post("/v1/agent/tools/view_cart/invoke", json={"conversation_id": str(uuid4())})
    assert code(nowhere) == (404, "not_found")
    assert code(stub.client.post("/v1/agent/tools/view_cart/invoke", json={})) == (422, "conversation_required")
    assert code(stub.client.post("/v1/agent/tools/fly/invoke", json={})) == (404, "not_found")
    bad = stub.client.post("/v1/agent/tools/product_search/invoke", json={"arguments": {"nonsense": 1}})
    assert code(bad) == (422, "invalid_arguments")


def test_snapshots(stub: Service) -> None:
    conversation = stub.conversation(metadata={"a": 1})
    turns = [stub.say(conversation, f"say {n}")["turn_id"] for n in range(3)]
    url = f"{BASE}/{conversation}/snapshots"
    items: list[dict[str, Any]] = []
    for _ in range(50):  # the last checkpoint is written beside the answer
        items = stub.client.get(url).json()["items"]
        if len(items) == 3:
            break
        time.sleep(0.05)
    assert [item["turn_id"] for item in items] == turns[::-1]
    second = items[1]
    labelled = stub.client.patch(f"{url}/{second['id']}", json={"label": "before the deal"})
    assert labelled.json()["label"] == "before the deal"
    assert [item["label"] for item in stub.client.get(url).json()["items"]] == [None, "before the deal", None]
    made = stub.client.post(f"{url}/{second['id']}/fork")
    assert made.status_code == 201, made.text
    fork = made.json()
    assert (fork["metadata"], fork["checkout_id"], fork["interrupts"]) == ({"a": 1}, None, [])
    contents = [m["content"] for m in stub.client.get(f"{BASE}/{fork['id']}/messages").json()["items"]]
    assert contents == ["say 0", "say 0", "say 1", "say 1"]
    assert stub.say(fork["id"], "another way")["message"]["content"] == "another way"
    assert len(stub.client.get(f"{BASE}/{conversation}/messages").json()["items"]) == 6
    assert code(stub.client.post(f"{url}/{uuid4()}/fork")) == (404, "not_found")


def test_approvals_without_any(stub: Service) -> None:
    assert stub.client.get("/v1/approvals").json() == {"items": [], "next_cursor": None}
    conversation = stub.conversation()
    turn = stub.say(conversation, "hi")["turn_id"]
    answer = {"interrupt_id": str(uuid4()), "value": {"approved": True}}
    assert code(stub.client.post(f"{BASE}/{conversation}/turns/{turn}/resume", json=answer)) == (404, "not_found")


def test_openapi_is_complete(stub: Service) -> None:
    document = stub.client.get("/openapi.json").json()
    assert f"{BASE}/{{conversation_id}}/messages" in document["paths"]
    post = document["paths"][f"{BASE}/{{conversation_id}}/messages"]["post"]
    assert "text/event-stream" in post["responses"]["200"]["content"]
    assert "application/problem+json" in post["responses"]["422"]["content"]
    assert post["requestBody"]["content"]["application/json"]["schema"]
