"""`/v1/agents`: validated, versioned, effective from the next turn, and nothing lost between two writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from agentpay.tools.registry import TOOLS
from tests.commerce import shop
from tests.serving import BASE, Service


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def made(service: Service, **settings: Any) -> dict[str, Any]:
    answer = service.client.post("/v1/agents", json={"name": "Ada", **settings})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def numbers(service: Service, agent: dict[str, Any]) -> list[int]:
    return [item["version"] for item in service.client.get(f"/v1/agents/{agent['id']}/versions").json()["items"]]


@pytest.mark.parametrize(
    ("wrong", "refusal", "names"),
    [
        ({"tools": ["handoff_to_human", "print_money"]}, "unknown_tool", {"unknown": ["print_money"]}),
        ({"tools": ["product_search"]}, "tool_required", {"missing": ["handoff_to_human"]}),
        ({"templates": {"greting": "Hi"}}, "unknown_template", {"template": "greting"}),
        ({"templates": {"greeting": "Hi {captain}"}}, "unknown_placeholder", {"unknown": ["captain"]}),
        ({"templates": {"greeting": ["Hi", "Hi {name"]}}, "invalid_template", {"template": "greeting"}),
        ({"templates": {"link": "Pay {total} now"}}, "missing_placeholder", {"missing": ["url"]}),
        ({"model": "openai:gpt-4.1"}, "model_unavailable", {"model": "openai:gpt-4.1"}),
        ({"model": "gpt-4.1"}, "validation_error", {}),
        ({"templates": {"greeting": []}}, "validation_error", {}),
        ({"templates": {"greeting": ""}}, "validation_error", {}),
        ({"rules": {"max_discount_percent": 30, "approval_discount_percent": 10}}, "validation_error", {}),
        ({"temperature": 1}, "validation_error", {}),
    ],
)
def test_what_cannot_be_used_is_refused(
    service: Service, wrong: dict[str, Any], refusal: str, names: dict[str, Any]
) -> None:
    agent = made(service)
    for answer in (
        service.client.post("/v1/agents", json={"name": "B", **wrong}),
        service.client.patch(f"/v1/agents/{agent['id']}", json=wrong),
    ):
        assert code(answer) == (422, refusal)
        assert {name: answer.json()[name] for name in names} == names
    assert numbers(service, agent) == [1]


def test_each_change_is_a_version_and_one_can_go_back(service: Service) -> None:
    agent = made(service, rules={"max_discount_percent": 10})
    url = f"/v1/agents/{agent['id']}"
    service.client.patch(url, json={"personality": {"tone": "formal"}, "templates": {"thanks": ["Ta.", "Cheers."]}})
    service.client.patch(url, json={"rules": {"max_discount_percent": 20}, "tools": ["handoff_to_human"]})
    service.client.patch(url, json={"rules": {"max_discount_percent": 20}})  # says nothing new
    assert numbers(service, agent) == [3, 2, 1]
    first, second = (service.client.get(f"{url}/versions/{n}").json() for n in (1, 2))
    assert (first["rules"]["max_discount_percent"], first["personality"]["tone"], first["tools"]) == (
        10,
        "neutral",
        None,
    )
    assert (second["personality"]["tone"], second["templates"]) == ("formal", {"thanks": ["Ta.", "Cheers."]})
    back = service.client.post(f"{url}/versions/1/restore").json()
    assert back["version"] == 4
    for name in ("name", "personality", "rules", "model", "templates", "tools"):
        assert back[name] == agent[name], name
    assert numbers(service, agent) == [4, 3, 2, 1]
    assert service.client.post(f"{url}/versions/4/restore").json()["version"] == 4
    page = service.client.get(f"{url}/versions", params={"limit": 3}).json()
    rest = service.client.get(f"{url}/versions", params={"limit": 3, "cursor": page["next_cursor"]}).json()
    assert [item["version"] for item in page["items"] + rest["items"]] == [4, 3, 2, 1]
    assert rest["next_cursor"] is None
    for missing in ("9", "0", "99999999999", "one"):
        assert code(service.client.get(f"{url}/versions/{missing}")) == (404, "not_found")
        assert code(service.client.post(f"{url}/versions/{missing}/restore")) == (404, "not_found")
    spare = made(service)
    assert code(service.client.get(f"/v1/agents/{spare['id']}/versions/4")) == (404, "not_found")


def test_if_match(service: Service) -> None:
    agent = made(service)
    url = f"/v1/agents/{agent['id']}"
    tag = service.client.get(url).headers["etag"]
    assert tag == '"1"'
    changed = service.client.patch(url, json={"name": "Bea"}, headers={"if-match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    stale = service.client.patch(url, json={"name": "Cleo"}, headers={"if-match": tag})
    assert code(stale) == (412, "version_mismatch")
    assert stale.json()["version"] == 2
    assert code(service.client.post(f"{url}/versions/1/restore", headers={"if-match": tag})) == (
        412,
        "version_mismatch",
    )
    assert code(service.client.patch(url, json={"name": "D"}, headers={"if-match": '"abc"'})) == (
        412,
        "version_mismatch",
    )
    assert service.client.get(url).json()["name"] == "Bea"
    assert service.client.patch(url, json={"name": "Eve"}, headers={"if-match": "*"}).json()["version"] == 3


def test_writers_at_once_lose_nothing(service: Service) -> None:
    agent = made(service)
    url = f"/v1/agents/{agent['id']}"
    bodies: list[dict[str, Any]] = [
        {"name": "Zoe"},
        {"personality": {"tone": "playful"}},
        {"rules": {"max_discount_percent": 7}},
        {"templates": {"goodbye": "Bye."}},
        {"tools": sorted(TOOLS)},
        {"model": "house"},
    ]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: service.client.patch(url, json=body), bodies))
    assert sorted(answer.json()["version"] for answer in answers) == [2, 3, 4, 5, 6, 7]
    now = service.client.get(url).json()
    assert (now["name"], now["personality"]["tone"], now["rules"]["max_discount_percent"]) == ("Zoe", "playful", 7)
    assert (now["templates"], now["tools"], now["model"]) == ({"goodbye": "Bye."}, sorted(TOOLS), "house")
    with ThreadPoolExecutor(6) as pool:
        again = list(
            pool.map(lambda n: service.client.patch(url, json={"name": f"N{n}"}, headers={"if-match": '"7"'}), range(6))
        )
    assert sorted(answer.status_code for answer in again) == [200, 412, 412, 412, 412, 412]
    assert numbers(service, agent) == [8, 7, 6, 5, 4, 3, 2, 1]


def test_the_next_turn_has_the_new_settings_and_says_so(service: Service) -> None:
    agent = made(service, templates={"greeting": "Ahoy!"})
    talk = service.conversation(agent_id=agent["id"])
    assert service.client.get(f"{BASE}/{talk}").json()["agent_version"] == 1
    first = service.say(talk, "hello")
    assert (first["message"]["content"], first["agent_version"]) == ("Ahoy!", 1)
    service.client.patch(f"/v1/agents/{agent['id']}", json={"templates": {"greeting": "Yo ho from {shop}!"}})
    second = service.say(talk, "hello")
    assert (second["message"]["content"], second["agent_version"]) == ("Yo ho from Shop!", 2)
    assert service.client.get(f"{BASE}/{talk}").json()["agent_version"] == 2
    for turn in (first, second):
        shown = service.client.get(f"{BASE}/{talk}/turns/{turn['turn_id']}").json()
        assert shown["agent_version"] == turn["agent_version"]


async def test_agents_without_a_tool_do_not_use_it_and_offer_a_person(service: Service) -> None:
    async with service.database.tx(service.organization_id) as tx:
        await shop.variant(tx, "kettle", price=4900, stock=5)
    agent = made(service, tools=sorted(set(TOOLS) - {"update_cart"}))
    talk = service.conversation(agent_id=agent["id"])
    assert service.say(talk, "do you have a kettle?")["message"]["tool_calls"]
    refused = service.say(talk, "add it to my cart")["message"]
    assert "update_cart" not in [call["name"] for call in refused["tool_calls"]]
    assert "colleague" in refused["content"]
    assert service.say(talk, "yes please")["message"]["blocks"][0]["type"] == "handoff"


def test_the_sentences_are_listed_with_what_can_be_filled_in(service: Service) -> None:
    listed: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    while True:
        params = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = service.client.get("/v1/agents/templates", params=params).json()
        listed |= {item["key"]: item for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed["greeting"]["placeholders"] == ["assistant", "name", "shop"]
    assert {"other_language_de", "handed_over_pt"} <= set(listed)
    assert made(service, templates={key: item["wordings"] for key, item in listed.items()})["version"] == 1
