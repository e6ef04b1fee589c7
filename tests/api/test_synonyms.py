"""A shop's own other names over HTTP: set, found by, refused where they are none, another shop's left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import make_organization
from tests.serving import Service

PATH = "/v1/agent/knowledge/synonyms"
SEARCH = "/v1/agent/knowledge/search"


def names(client: httpx.Client, query: str) -> list[str]:
    return [item["title"] for item in client.post(SEARCH, json={"query": query, "kinds": ["product"]}).json()["items"]]


async def test_synonyms_are_set_and_found_by(service: Service) -> None:
    for title in ("Merino beanie", "Trail smartphone"):
        body = {"title": title, "variants": [{"price": 2900, "stock": 3}]}
        assert service.client.post("/v1/products", json=body).status_code == 201
    assert service.client.get(PATH).json() == {"groups": []}
    assert names(service.client, "tuque") == names(service.client, "handy bone") == []
    answer = service.client.put(PATH, json={"groups": [["Tuque", "beanie", " beanie "], ["Handy  bone", "smartphone"]]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"groups": [["tuque", "beanie"], ["handy bone", "smartphone"]]}
    assert service.client.get(PATH).json() == answer.json()
    assert names(service.client, "tuque") == ["Merino beanie"]
    assert names(service.client, "a handy bone") == ["Trail smartphone"], "a phrase stands for a word"
    _, other, _ = await make_organization(service.database)
    theirs = service.client.get(PATH, headers={"authorization": f"Bearer {other}"})
    assert theirs.json() == {"groups": []}
    assert service.client.put(PATH, json={"groups": []}).json() == {"groups": []}
    assert names(service.client, "tuque") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"groups": [["alone"]]},
        {"groups": [["same", "Same "]]},
        {"groups": [["beanie", "--"]]},
        {"groups": [["beanie", ""]]},
        {"groups": [["beanie", "x" * 61]]},
        {"groups": [["beanie", 5]]},
        {"groups": [[f"name{n}" for n in range(21)]]},
        {"groups": [["a", "b"]] * 501},
        {"groups": [["a", "b"]], "more": 1},
    ],
)
def test_what_is_no_group_is_refused(service: Service, body: dict[str, Any]) -> None:
    assert service.client.put(PATH, json=body).status_code == 422


def test_only_the_merchant_may(stub: Service, other_client: Callable[..., httpx.Client]) -> None:
    widget = other_client(stub.publishable_key, origin="https://shop.example")
    assert widget.get(PATH).status_code == 403
    assert widget.put(PATH, json={"groups": []}).status_code == 403
