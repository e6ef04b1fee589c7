"""CONTRACT §4: whose orders are shown to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client import CONVERSATIONS, Client


@pytest.fixture
def widget(shop: Client) -> tuple[Client, str]:
    opener = Client(shop.address, shop.publishable_key)
    opened = opener.made(CONVERSATIONS, {"customer": {"email": "dana@shopper.example", "external_id": "c-1001"}})
    opener.close()
    return Client(shop.address, opened["client_token"]["token"]), opened["id"]


def shown(answer: dict[str, Any]) -> list[str]:
    return [block["number"] for block in answer["message"]["blocks"] if block["type"] == "order"]


@pytest.mark.parametrize("claim", [{"external_id": "c-1001"}, {"email": "dana@shopper.example"}])
def test_vouched_for(shop: Client, claim: dict[str, str]) -> None:
    talk = shop.opened(customer=claim)
    answer = shop.say(talk, "where is my order NT-1001?")
    assert shown(answer) == ["NT-1001"]
    assert "1Z999AA10123456784" in answer["message"]["content"] + str(answer["message"]["blocks"])


def test_a_widgets_word_is_not_enough(widget: tuple[Client, str]) -> None:
    client, talk = widget
    assert shown(client.say(talk, "where is my order NT-1001?")) == []
    assert client.conversation(talk)["customer"] is None
    answer = client.say(talk, "my email is someone@else.example and the order is NT-1001")
    assert shown(answer) == []
    assert "1Z999AA10123456784" not in str(answer)
    client.close()


def test_number_and_e_mail_verify(widget: tuple[Client, str]) -> None:
    client, talk = widget
    client.say(talk, "where is my order?")
    client.say(talk, "NT-1001, dana@shopper.example")
    assert client.conversation(talk)["customer"]["external_id"] == "c-1001"
    assert shown(client.say(talk, "where is my order NT-1001?")) == ["NT-1001"]
    client.close()


def test_e_mail_alone_never_owns_an_old_order(widget: tuple[Client, str]) -> None:
    client, talk = widget
    for words in ("my email is dana@shopper.example", "show me my orders", "what did I order last?"):
        answer = client.say(talk, words)
        assert "NT-1001" not in str(answer)
    assert client.conversation(talk)["customer"] is None
    client.close()


def test_others_orders_do_not_exist(shop: Client) -> None:
    talk = shop.opened(customer={"email": "stranger@shopper.example"})
    answer = shop.say(talk, "where is my order NT-1001?")
    assert shown(answer) == []
    assert "1Z999AA10123456784" not in str(answer)
