"""CONTRACT §4, sandbox: the hosted page and `POST /v1/sandbox/pay` with each of the four cards; one order a checkout."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.client import ADDRESS, CARD, ORDER, Client, balances, eventually, has, refused, uuid7

ANSWER = {"checkout_id", "status", "order_id", "failure"}
DECLINED, SECURE, LATER = "4000 0000 0000 0002", "4000 0025 0000 3155", "4000 0000 0000 0077"


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    """Somebody who knows the URL and nothing else."""
    with httpx.Client(timeout=30, trust_env=False, follow_redirects=True) as client:
        yield client


def ready(shop: Client, **fields: Any) -> dict[str, Any]:
    given = {"customer": {"email": "buyer@shopper.example", "name": "Bea"}, "shipping_address": ADDRESS}
    return shop.checkout(("socks-merino-m", 2), **{**given, **fields})


def standing(shop: Client, checkout: dict[str, Any]) -> dict[str, Any]:
    return shop.got(f"/v1/checkouts/{checkout['id']}")


def bought(shop: Client, checkout: dict[str, Any]) -> dict[str, Any]:
    """The one order of a checkout that was paid."""
    now = standing(shop, checkout)
    assert (now["status"], now["failure"]) == ("succeeded", None)
    assert now["commitment_level"] == "authorized"
    orders = [o for o in shop.got("/v1/orders", limit=100)["items"] if o["checkout_id"] == checkout["id"]]
    assert [order["id"] for order in orders] == [now["order_id"]]
    order = orders[0]
    has(order, ORDER)
    assert uuid7(order["id"])
    assert (order["status"], order["fulfillment_status"], order["refunded"]) == ("paid", "unfulfilled", 0)
    for name in ("items", "subtotal", "discount", "shipping", "tax", "tax_included", "total", "currency", "note"):
        assert order[name] == now[name], name
    assert order["shipping_address"] == now["shipping_address"]
    assert order["number"]
    assert balances(order)
    return order


# POST /v1/sandbox/pay


def test_success(shop: Client) -> None:
    checkout = ready(shop, note="ring twice", discount_code="SOCKS5")
    before = shop.stock("socks-merino-m", "socks-merino")
    answer = shop.pay(checkout, "success")
    order = bought(shop, checkout)
    assert answer == {
        "checkout_id": checkout["id"],
        "status": "succeeded",
        "order_id": order["id"],
        "failure": None,
    }
    assert order["total"] == 5800 - 500 + 700
    after = shop.stock("socks-merino-m", "socks-merino")
    assert (after["on_hand"], after["available"]) == (before["on_hand"] - 2, before["available"])
    assert shop.only("/v1/discounts", code="SOCKS5")["redeemed"] == 1


def test_decline(shop: Client) -> None:
    checkout = ready(shop)
    answer = shop.pay(checkout, "decline")
    has(answer, ANSWER)
    assert (answer["checkout_id"], answer["status"], answer["order_id"]) == (checkout["id"], "open", None)
    assert answer["failure"]["code"] == "card_declined"
    now = standing(shop, checkout)
    assert (now["status"], now["failure"]["code"], now["order_id"]) == ("open", "card_declined", None)
    assert shop.pay(checkout, "success")["status"] == "succeeded"
    bought(shop, checkout)


def test_three_d_secure(shop: Client) -> None:
    checkout = ready(shop)
    answer = shop.pay(checkout, "three_d_secure")
    assert (answer["status"], answer["order_id"]) == ("succeeded", bought(shop, checkout)["id"])


def settled(shop: Client, checkout: dict[str, Any]) -> None:
    """Waits for as long as the payment is under way: on a busy machine its webhook comes late."""
    eventually(lambda: standing(shop, checkout)["status"] not in ("confirming", "confirmed"), seconds=60.0)
    assert standing(shop, checkout)["status"] == "succeeded"


def test_delayed(shop: Client) -> None:
    checkout = ready(shop)
    answer = shop.pay(checkout, "delayed")
    assert (answer["status"], answer["order_id"], answer["failure"]) == ("confirmed", None, None)
    settled(shop, checkout)
    bought(shop, checkout)


def test_default_card(shop: Client) -> None:
    checkout = ready(shop)
    assert shop.made("/v1/sandbox/pay", {"url": checkout["url"], "card": "success"}, status=200)["order_id"]


def test_paying_twice_is_paying_once(shop: Client) -> None:
    checkout = ready(shop)
    statuses: list[int] = []

    def pay() -> None:
        client = Client(shop.address, shop.key)
        statuses.append(client.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": "success"}).status_code)
        client.close()

    threads = [threading.Thread(target=pay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    order = bought(shop, checkout)
    again = shop.post("/v1/sandbox/pay", json={"url": checkout["url"], "card": "success"})
    assert again.status_code in (200, 409)
    assert bought(shop, checkout) == order


def test_what_cannot_be_paid(shop: Client) -> None:
    refused(shop.post("/v1/sandbox/pay", json={"url": f"{shop.address}/pay/nothing", "card": "success"}), 404)
    refused(shop.post("/v1/sandbox/pay", json={"url": ready(shop)["url"], "card": "gold"}), 422, "validation_error")
    refused(shop.post("/v1/sandbox/pay", json={"card": "success"}), 422, "validation_error")
    no_address = shop.checkout(("socks-merino-m", 1), customer={"email": "a@b.example"})
    answer = shop.post("/v1/sandbox/pay", json={"url": no_address["url"], "card": "success"})
    assert answer.status_code in (409, 422)
    no_email = shop.checkout(("socks-merino-m", 1), shipping_address=ADDRESS)
    answer = shop.post("/v1/sandbox/pay", json={"url": no_email["url"], "card": "success"})
    assert answer.status_code in (409, 422)
    cancelled = ready(shop)
    shop.made(f"/v1/checkouts/{cancelled['id']}/cancel", status=200)
    refused(shop.post("/v1/sandbox/pay", json={"url": cancelled["url"], "card": "success"}), 409)
    assert standing(shop, no_address)["status"] == standing(shop, no_email)["status"] == "open"


# The page


def test_the_page_has_the_form(shop: Client, browser: httpx.Client) -> None:
    checkout = ready(shop)
    page = browser.get(checkout["url"])
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r'name="(card_number|expiry|cvc)"', page.text) == ["card_number", "expiry", "cvc"]
    assert "Merino running socks" in page.text
    assert "$65.00" in page.text


def test_success_on_the_page(shop: Client, browser: httpx.Client) -> None:
    """A plain form post of the three fields, without anything from the page."""
    checkout = ready(shop)
    paid = browser.post(checkout["url"], data=CARD)
    assert paid.status_code == 200
    order = bought(shop, checkout)
    assert order["number"] in paid.text
    assert browser.post(checkout["url"], data=CARD).status_code in (200, 409)
    assert bought(shop, checkout) == order
    assert browser.get(checkout["url"]).status_code == 200


def test_decline_on_the_page(shop: Client, browser: httpx.Client) -> None:
    checkout = ready(shop)
    page = browser.post(checkout["url"], data={**CARD, "card_number": DECLINED})
    assert "declined" in page.text
    now = standing(shop, checkout)
    assert (now["status"], now["failure"]["code"]) == ("open", "card_declined")
    assert 'name="card_number"' in page.text
    browser.post(checkout["url"], data={**CARD, "card_number": "4242424242424242"})
    bought(shop, checkout)


@pytest.mark.parametrize("approve", [True, False])
def test_three_d_secure_on_the_page(shop: Client, browser: httpx.Client, approve: bool) -> None:
    checkout = ready(shop)
    page = browser.post(checkout["url"], data={**CARD, "card_number": SECURE})
    assert standing(shop, checkout)["status"] == "confirming"
    assert "three_d_secure" in page.text
    browser.post(checkout["url"], data={"step": "three_d_secure", "action": "approve" if approve else "cancel"})
    if approve:
        bought(shop, checkout)
    else:
        now = standing(shop, checkout)
        assert (now["status"], now["order_id"]) == ("open", None)
        assert now["failure"]["code"]


def test_delayed_on_the_page(shop: Client, browser: httpx.Client) -> None:
    checkout = ready(shop)
    browser.post(checkout["url"], data={**CARD, "card_number": LATER})
    assert standing(shop, checkout)["status"] in ("confirmed", "succeeded")
    settled(shop, checkout)
    bought(shop, checkout)


@pytest.mark.parametrize(
    "wrong", [{"card_number": "1234"}, {"card_number": "4242424242424241"}, {"expiry": "01/20"}, {"cvc": "x"}]
)
def test_mistakes_on_the_page_charge_nothing(shop: Client, browser: httpx.Client, wrong: dict[str, str]) -> None:
    checkout = ready(shop)
    page = browser.post(checkout["url"], data={**CARD, **wrong})
    assert page.status_code == 422
    assert 'name="card_number"' in page.text
    now = standing(shop, checkout)
    assert (now["status"], now["failure"]) == ("open", None)


def test_no_such_page(shop: Client, browser: httpx.Client) -> None:
    assert browser.get(f"{shop.address}/pay/nothing").status_code == 404
    assert browser.post(f"{shop.address}/pay/nothing", data=CARD).status_code == 404


def test_the_buyer_is_known_by_e_mail(shop: Client) -> None:
    """E-mail of a checkout identifies the buyer of the new order."""
    bought_ = shop.pay(ready(shop, customer={"email": "ida@shopper.example", "name": "Ida"}))
    ida = shop.only("/v1/customers", email="ida@shopper.example")
    assert ida["name"] == "Ida"
    assert [o["id"] for o in shop.got("/v1/orders", customer_id=ida["id"])["items"]] == [bought_["order_id"]]


def test_bad_webhooks_are_refused(shop: Client, browser: httpx.Client) -> None:
    for provider in ("sandbox", "nobody"):
        answer = browser.post(f"{shop.address}/v1/webhooks/{provider}", json={"type": "payment.succeeded"})
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("application/problem+json")
