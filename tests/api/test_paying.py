"""Checkouts, orders and the hosted page through real HTTP, with a worker in the process."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from agentpay.settings import Settings
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.commerce import shop
from tests.commerce.test_checkouts import zones
from tests.commerce.till import ADDRESS
from tests.numbers import stands
from tests.serving import Running, serving, stub_engine

GOOD = {"card_number": "4242 4242 4242 4242", "expiry": "12/40", "cvc": "123"}


class Shop:
    def __init__(self, running: Running, organization_id: UUID, secret: str, variant_id: UUID) -> None:
        self.organization_id = organization_id
        self.variant_id = variant_id
        headers = {"authorization": f"Bearer {secret}"}
        self.api = httpx.Client(base_url=running.base_url, headers=headers, timeout=30, trust_env=False)
        self.buyer = httpx.Client(timeout=30, trust_env=False)

    def checkout(self, **fields: object) -> dict[str, object]:
        items = [{"variant_id": str(self.variant_id), "quantity": 1}]
        answer = self.api.post("/v1/checkouts", json={"items": items, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def status(self, checkout_id: object) -> dict[str, object]:
        return self.api.get(f"/v1/checkouts/{checkout_id}").json()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
async def paying(settings: Settings, database: Database) -> AsyncIterator[Shop]:
    organization_id, secret, _ = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        variant_id = await shop.variant(tx, "jacket", price=18900, stock=50)
        await shop.discount(tx, "TRAIL10")
    with serving(settings.model_copy(update={"worker_in_process": True}), stub_engine) as running:
        yield Shop(running, organization_id, secret, variant_id)


def test_the_example_is_bought_by_the_sandboxs_buyer(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS, discount_code="TRAIL10", customer={"email": "d@s.example"})
    assert (made["subtotal"], made["discount"], made["total"], made["status"]) == (18900, 1890, 17010, "open")
    declined = paying.api.post("/v1/sandbox/pay", json={"url": made["url"], "card": "decline"})
    assert declined.status_code == 200
    assert declined.json()["status"] == "open"
    assert declined.json()["failure"]["code"] == "card_declined"
    assert declined.json()["order_id"] is None
    key = {"idempotency-key": str(uuid4())}
    paid = paying.api.post("/v1/sandbox/pay", json={"url": made["url"], "card": "success"}, headers=key)
    assert paid.json() == {
        "checkout_id": made["id"],
        "status": "succeeded",
        "order_id": paid.json()["order_id"],
        "failure": None,
    }
    again = paying.api.post("/v1/sandbox/pay", json={"url": made["url"], "card": "success"}, headers=key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (paid.json(), "true")
    order = paying.api.get(f"/v1/orders/{paid.json()['order_id']}").json()
    assert (order["status"], order["total"], order["checkout_id"]) == ("paid", 17010, made["id"])
    listed = paying.api.get("/v1/orders", params={"number": order["number"]}).json()
    assert listed == {"items": [order], "next_cursor": None}
    refund = paying.api.post("/v1/refunds", json={"order_id": order["id"], "amount": 10})
    assert (refund.status_code, refund.json()["amount"]) == (201, 10)
    cancelled = paying.api.post(f"/v1/orders/{order['id']}/cancel").json()
    assert (cancelled["status"], cancelled["refunded"]) == ("cancelled", 17010)
    assert sorted(
        r["amount"] for r in paying.api.get("/v1/refunds", params={"order_id": order["id"]}).json()["items"]
    ) == [
        10,
        17000,
    ]
    too_late = paying.api.post(f"/v1/orders/{order['id']}/fulfilments", json={"status": "shipped"})
    assert (too_late.status_code, too_late.json()["code"]) == (409, "order_not_fulfillable")


def test_the_page_takes_a_card(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS | {"city": "<script>alert(1)</script>"}, discount_code="TRAIL10")
    url = str(made["url"])
    page = paying.buyer.get(url)
    assert page.status_code == 200
    assert "-$18.90" in page.text
    assert "Pay $170.10" in page.text
    assert "&lt;script&gt;" in page.text
    assert re.search(r'name="card_number"', page.text)
    assert "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["x-content-type-options"]) == ("no-store", "nosniff")
    for wrong, field in (
        (GOOD | {"card_number": "4242 4242 4242 4241"}, "card number"),
        (GOOD | {"expiry": "01/20"}, "expired"),
        (GOOD | {"cvc": "1"}, "security code"),
        ({}, "card number"),
    ):
        refused = paying.buyer.post(url, data=wrong)
        assert (refused.status_code, field in refused.text) == (422, True)
        assert not stands(4242, refused.text.replace("4242 4242 4242 4242", ""))
    declined = paying.buyer.post(url, data=GOOD | {"card_number": "4000000000000002"}, follow_redirects=True)
    assert "The card was declined." in declined.text
    paid = paying.buyer.post(url, data=GOOD, follow_redirects=True)
    assert "Thank you" in paid.text
    shown = paying.status(made["id"])
    assert shown["status"] == "succeeded"
    once_more = paying.buyer.post(url, data=GOOD)
    assert once_more.status_code == 409
    assert "Thank you" in paying.buyer.get(url).text


def test_the_three_d_secure_step(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS)
    url = str(made["url"])
    card = GOOD | {"card_number": "4000 0025 0000 3155"}
    step = paying.buyer.post(url, data=card, follow_redirects=True)
    assert "Approve" in step.text
    failed = paying.buyer.post(url, data={"step": "three_d_secure", "action": "fail"}, follow_redirects=True)
    assert "could not be authenticated" in failed.text
    paying.buyer.post(url, data=card)
    approved = paying.buyer.post(url, data={"step": "three_d_secure", "action": "approve"}, follow_redirects=True)
    assert "Thank you" in approved.text


def test_a_late_payment_is_said_to_be_processed(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS)
    page = paying.buyer.post(str(made["url"]), data=GOOD | {"card_number": "4000000000000077"}, follow_redirects=True)
    assert "being processed" in page.text
    assert paying.status(made["id"])["status"] == "confirmed"


def test_the_page_asks_for_what_is_missing(paying: Shop) -> None:
    made = paying.checkout()
    url = str(made["url"])
    assert 'name="line1"' in paying.buyer.get(url).text
    early = paying.buyer.post(url, data=GOOD)
    assert early.status_code == 422
    form = {"step": "details", "email": "a@b.example", **ADDRESS}
    nowhere = paying.buyer.post(url, data=form | {"country": "br"})
    assert (nowhere.status_code, "We do not ship to BR" in nowhere.text) == (422, True)
    wrong = paying.buyer.post(url, data=form | {"email": "nobody"})
    assert (wrong.status_code, "email" in wrong.text) == (422, True)
    filled = paying.buyer.post(url, data=form, follow_redirects=True)
    assert 'name="card_number"' in filled.text
    assert paying.status(made["id"])["customer"] == {"email": "a@b.example", "name": None}


def test_a_changed_total_is_shown_before_it_is_charged(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS)
    answer = paying.buyer.post(str(made["url"]), data=GOOD | {"total": "1"})
    assert (answer.status_code, "total has changed" in answer.text) == (409, True)
    assert paying.status(made["id"])["status"] == "open"


def test_unknown_and_ended_links(paying: Shop) -> None:
    made = paying.checkout(shipping_address=ADDRESS)
    base = str(made["url"]).rsplit("/", 1)[0]
    assert paying.buyer.get(f"{base}/nothing").status_code == 404
    assert paying.buyer.post(f"{base}/nothing", data=GOOD).status_code == 404
    assert paying.api.post(f"/v1/checkouts/{made['id']}/cancel").json()["status"] == "cancelled"
    assert "was cancelled" in paying.buyer.get(str(made["url"])).text
    assert paying.api.post("/v1/sandbox/pay", json={"url": made["url"]}).json()["code"] == "checkout_not_open"
    assert paying.api.post("/v1/sandbox/pay", json={"url": "https://elsewhere.example/"}).status_code == 404


def test_bodies_are_checked(paying: Shop) -> None:
    item = {"variant_id": str(paying.variant_id), "quantity": 1}
    for body in (
        {},
        {"items": []},
        {"items": [item | {"price": 1}]},
        {"items": [item | {"quantity": 0}]},
        {"items": [item], "total": 1},
        {"items": [item], "shipping_address": {"line1": "x"}},
        {"items": [{"variant_external_id": "nothing", "quantity": 1}]},
    ):
        answer = paying.api.post("/v1/checkouts", json=body)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
    short = paying.api.post("/v1/checkouts", json={"items": [item | {"quantity": 1000}]})
    assert (short.status_code, short.json()["code"]) == (409, "out_of_stock")
    foreign = paying.api.get(f"/v1/checkouts/{uuid4()}")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert paying.api.get("/v1/checkouts", params={"limit": 1}).json()["next_cursor"] is not None


def test_a_list_is_walked_by_its_cursor(paying: Shop) -> None:
    made = {str(paying.checkout()["id"]) for _ in range(3)}
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, "status": "open"} | ({"cursor": cursor} if cursor else {})
        page = paying.api.get("/v1/checkouts", params=params).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def test_forged_webhooks_are_refused_over_http(paying: Shop) -> None:
    answer = paying.buyer.post(
        str(paying.api.base_url.join("/v1/webhooks/sandbox")), content=b"{}", headers={"sandbox-signature": "t=1,v1=00"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
