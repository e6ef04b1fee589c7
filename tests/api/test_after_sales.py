"""Carts, order changes, returns, refunds, disputes and faults over real HTTP, with a worker in the process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from agentpay.settings import Settings
from agentpay.store.session import Database
from tests.api.conftest import make_organization
from tests.commerce import after, shop
from tests.commerce.test_checkouts import zones
from tests.commerce.till import ADDRESS
from tests.serving import serving, stub_engine


class Shop:
    """`client` sends the secret key."""

    def __init__(self, client: httpx.Client, publishable: str, sizes: dict[str, UUID], order_id: UUID) -> None:
        self.client, self.publishable, self.sizes, self.old_order = client, publishable, sizes, order_id

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.client.post(path, json=body, headers=headers)

    def bought(self, card: str = "success", **fields: Any) -> dict[str, Any]:
        made = self.post(
            "/v1/checkouts",
            {"items": [{"variant_external_id": "shirt-m", "quantity": 2}], "shipping_address": ADDRESS, **fields},
        ).json()
        paid = self.post("/v1/sandbox/pay", {"url": made["url"], "card": card}).json()
        return dict(self.client.get(f"/v1/orders/{paid['order_id']}").json()) if paid["order_id"] else made


@pytest.fixture(scope="module")
async def served(settings: Settings, database: Database) -> AsyncIterator[Shop]:
    organization_id, secret, publishable = await make_organization(database)
    async with database.tx(organization_id) as tx:
        await zones(tx)
        sizes = await after.product(tx, "shirt", {"m": 6000, "l": 6500, "s": 5000}, stock=500)
        await shop.discount(tx, "TEN")
        await after.policies(tx, return_window_days=30, exchange_window_days=30)
        customer = await shop.customer(tx, "http@b.example")
        await after.method(tx, customer, "gift", "gift_card", 0)
        now = datetime.now(UTC)
        order_id = await after.order(
            tx, [(sizes["m"], 3, 6000)], customer_id=customer, placed_at=now, delivered=now - timedelta(days=1)
        )
    with serving(settings.model_copy(update={"worker_in_process": True}), stub_engine) as running:
        headers = {"authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=running.base_url, headers=headers, timeout=30, trust_env=False) as client:
            yield Shop(client, publishable, sizes, order_id)


def until(condition: Callable[[], Any]) -> Any:
    for _ in range(500):
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def test_a_cart_is_filled_changed_and_emptied(served: Shop) -> None:
    key = {"idempotency-key": str(uuid4())}
    made = served.post("/v1/carts", {"items": [{"variant_external_id": "shirt-m", "quantity": 2}]}, **key)
    assert made.status_code == 201, made.text
    assert (made.json()["subtotal"], made.json()["discount_code"]) == (12000, None)
    again = served.post("/v1/carts", {"items": [{"variant_external_id": "shirt-m", "quantity": 2}]}, **key)
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    url = f"/v1/carts/{made.json()['id']}"
    line = served.post(f"{url}/lines", {"variant_id": str(served.sizes["s"]), "quantity": 1}).json()
    assert [item["variant_external_id"] for item in line["items"]] == ["shirt-m", "shirt-s"]
    coded = served.client.patch(url, json={"discount_code": "ten"}).json()
    assert (coded["discount_code"], coded["discount"], coded["total"]) == ("TEN", 1700, 15300)
    wrong = served.client.patch(url, json={"discount_code": "nothing"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "discount_invalid")
    fewer = served.client.put(f"{url}/lines/{served.sizes['m']}", json={"quantity": 1}).json()
    assert fewer["subtotal"] == 11000
    gone = served.client.delete(f"{url}/lines/{served.sizes['m']}").json()
    assert [item["variant_external_id"] for item in gone["items"]] == ["shirt-s"]
    plain = served.client.patch(url, json={"discount_code": None, "items": []}).json()
    assert (plain["items"], plain["total"], plain["discount_code"]) == ([], 0, None)
    assert served.client.get(url).json() == plain
    short = served.post(f"{url}/lines", {"variant_external_id": "shirt-m", "quantity": 9999})
    assert (short.status_code, short.json()["code"]) == (409, "out_of_stock")
    assert served.client.delete(f"{url}/lines").json()["items"] == []
    for body in ({"items": [{"variant_external_id": "none", "quantity": 1}]}, {"price": 1}, {"discount_code": "none"}):
        assert served.post("/v1/carts", body).status_code == 422
    assert served.client.get(f"/v1/carts/{uuid4()}").status_code == 404
    assert served.post("/v1/carts").json()["items"] == []
    listed = served.client.get("/v1/carts", params={"limit": 1}).json()
    assert len(listed["items"]) == 1
    assert listed["next_cursor"] is not None
    older = served.client.get("/v1/carts", params={"limit": 1, "cursor": listed["next_cursor"]}).json()
    assert older["items"][0]["id"] != listed["items"][0]["id"]


def test_an_order_is_changed_by_link_then_returned(served: Shop) -> None:
    order = served.bought()
    url = f"/v1/orders/{order['id']}"
    body = {"changes": [{"variant_external_id": "shirt-m", "quantity": 1, "to": {"variant_external_id": "shirt-l"}}]}
    dearer = served.post(f"{url}/items", body).json()
    assert (dearer["difference"], dearer["order"]["total"], dearer["checkout"]["total"]) == (500, 12000, 500)
    page = httpx.get(dearer["checkout"]["url"], trust_env=False)
    assert (page.status_code, "Pay $5.00" in page.text) == (200, True)
    paid = served.post("/v1/sandbox/pay", {"url": dearer["checkout"]["url"]}).json()
    assert (paid["status"], paid["order_id"]) == ("succeeded", order["id"])
    assert served.client.get(url).json()["total"] == 12500
    near = ADDRESS | {"line1": "77 Pine St"}
    moved = served.post(f"{url}/address", {"shipping_address": near})
    assert (moved.json()["order"]["shipping_address"]["line1"], moved.json()["checkout"]) == ("77 Pine St", None)
    refused = served.post(f"{url}/payment-method", {"payment_method": "visa"})
    assert (refused.status_code, refused.json()["code"]) == (409, "saved_methods_not_charged")
    assert [each["amount"] for each in served.client.get(f"{url}/payments").json()["items"]] == [12000, 500]
    item = {"variant_external_id": "shirt-l", "quantity": 1}
    early = served.post("/v1/returns", {"order_id": order["id"], "items": [item]})
    assert (early.status_code, early.json()["code"]) == (409, "order_not_delivered")
    served.post(f"{url}/fulfilments", {"status": "delivered"})
    late = served.post(f"{url}/items", body)
    assert (late.status_code, late.json()["code"]) == (409, "order_not_changeable")
    key = {"idempotency-key": str(uuid4())}
    asked = served.post("/v1/returns", {"order_id": order["id"], "items": [item], "reason": "too big"}, **key)
    assert asked.status_code == 201, asked.text
    assert (asked.json()["status"], asked.json()["amount"], asked.json()["kind"]) == ("requested", 6500, "return")
    twice = served.post("/v1/returns", {"order_id": order["id"], "items": [item], "reason": "too big"}, **key)
    assert twice.headers["idempotent-replayed"] == "true"
    received = served.post(f"/v1/returns/{asked.json()['id']}/receive").json()
    assert (received["status"], received["refunds"][0]["amount"]) == ("refunded", 6500)
    listed = served.client.get("/v1/returns", params={"order_id": order["id"]}).json()
    assert [row["id"] for row in listed["items"]] == [asked.json()["id"]]
    until(lambda: served.client.get(f"/v1/returns/{asked.json()['id']}").json()["refunds"][0]["status"] == "succeeded")
    rest = served.post("/v1/refunds", {"order_id": order["id"]}).json()
    assert (rest["amount"], sum(each["amount"] for each in rest["refunds"])) == (rest["refunds"][0]["amount"], 6000)
    assert served.client.get(url).json()["status"] == "refunded"


def test_an_exchange_and_a_refund_to_a_gift_card(served: Shop) -> None:
    item = {"variant_external_id": "shirt-m", "quantity": 1}
    body = {"order_id": str(served.old_order), "items": [item | {"to": {"variant_external_id": "shirt-s"}}]}
    asked = served.post("/v1/returns", body | {"payment_method": "gift"})
    assert asked.status_code == 201, asked.text
    assert (asked.json()["kind"], asked.json()["difference"]) == ("exchange", -1000)
    assert asked.json()["items"][0]["exchange"]["variant_external_id"] == "shirt-s"
    done = served.post(f"/v1/returns/{asked.json()['id']}/receive").json()
    assert (done["status"], done["refunds"][0]["destination"]["reference"]) == ("refunded", "gift")
    given = served.post("/v1/refunds", {"order_id": str(served.old_order), "amount": 5, "payment_method": "gift_card"})
    assert given.json()["destination"]["reference"] == "gift"
    other = served.post("/v1/returns", {"order_id": str(served.old_order), "items": [item]}).json()
    refused = served.post(f"/v1/returns/{other['id']}/refuse", {"reason": "worn"}).json()
    assert (refused["status"], refused["refusal"]) == ("refused", "worn")
    assert served.post(f"/v1/returns/{other['id']}/receive").json()["code"] == "return_refused"
    mixed = {"order_id": str(served.old_order), "items": [item, body["items"][0]]}  # type: ignore[index]
    for wrong in (mixed, {"order_id": str(served.old_order), "items": []}, {"items": [item]}):
        assert served.post("/v1/returns", wrong).status_code == 422
    assert served.post(f"/v1/returns/{uuid4()}/receive").status_code == 404
    assert served.client.get("/v1/returns", params={"limit": 1}).json()["next_cursor"] is not None


@pytest.mark.parametrize("quantity", ["2", True, 2.0, 0, -1, 10_001])
def test_a_quantity_is_a_whole_number_and_nothing_like_it(served: Shop, quantity: object) -> None:
    cart = served.post("/v1/carts", {"items": [{"variant_external_id": "shirt-m", "quantity": 1}]}).json()
    line = f"/v1/carts/{cart['id']}/lines/{cart['items'][0]['variant_id']}"
    item = {"variant_external_id": "shirt-m", "quantity": quantity}
    order = str(served.old_order)
    answers = [
        served.post("/v1/returns", {"order_id": order, "items": [item]}),
        served.post("/v1/returns", {"order_id": order, "items": [{**item, "to": {"variant_external_id": "shirt-l"}}]}),
        served.post(f"/v1/orders/{order}/items", {"changes": [item]}),
        served.post(f"/v1/carts/{cart['id']}/lines", item),
    ]
    if quantity != 0:  # which takes out a line, or all units
        answers.append(served.client.put(line, json={"quantity": quantity}))
        change = {"variant_external_id": "shirt-m", "to_quantity": quantity}
        answers.append(served.post(f"/v1/orders/{order}/items", {"changes": [change]}))
    assert [answer.status_code for answer in answers] == [422] * len(answers)


def test_a_dispute_is_noted_on_its_payment(served: Shop) -> None:
    order = served.bought()
    opened = served.post("/v1/sandbox/disputes", {"order_id": order["id"], "reason": "fraudulent"})
    assert opened.status_code == 202, opened.text

    def noted() -> Any:
        return served.client.get(f"/v1/orders/{order['id']}/payments").json()["items"][0]["dispute"]

    dispute = until(noted)
    assert dispute == {"id": opened.json()["id"], "amount": 12000, "currency": "USD", "reason": "fraudulent"}
    foreign = served.post("/v1/sandbox/disputes", {"order_id": str(served.old_order)})
    assert (foreign.status_code, foreign.json()["code"]) == (409, "not_sandbox")


def test_a_refund_in_the_sandboxs_dashboard_reaches_the_order(served: Shop) -> None:
    order = served.bought()
    made = served.post("/v1/sandbox/refunds", {"order_id": order["id"], "amount": 2000})
    assert (made.status_code, made.json()["amount"]) == (202, 2000), made.text

    def known() -> Any:
        return served.client.get("/v1/refunds", params={"order_id": order["id"]}).json()["items"]

    (refund,) = until(known)
    assert (refund["amount"], refund["status"], refund["reason"]) == (
        2000,
        "succeeded",
        "refunded at the payment provider",
    )
    shown = served.client.get(f"/v1/orders/{order['id']}").json()
    assert (shown["status"], shown["refunded"]) == ("partially_refunded", 2000)
    over = served.post("/v1/sandbox/refunds", {"order_id": order["id"], "amount": 10001})
    assert (over.status_code, over.json()["code"]) == (409, "refund_exceeds_paid")
    for amount in (True, "5", 0):
        wrong = served.post("/v1/sandbox/refunds", {"order_id": order["id"], "amount": amount})
        assert wrong.status_code == 422


@pytest.mark.parametrize(
    "faults", [{"duplicate": 100}, {"delay": 100, "delay_seconds": 0.3}, {"reorder": 100, "delay_seconds": 0.3}]
)
def test_payments_survive_the_faults_of_webhooks(served: Shop, faults: dict[str, Any]) -> None:
    put = served.client.put("/v1/sandbox/faults", json=faults)
    assert put.status_code == 200
    assert served.client.get("/v1/sandbox/faults").json() == put.json()
    try:
        order = served.bought()
        assert (order["status"], order["total"]) == ("paid", 12000)
        assert len(served.client.get(f"/v1/orders/{order['id']}/payments").json()["items"]) == 1
    finally:
        served.client.put("/v1/sandbox/faults", json={})


def test_faults_need_a_secret_key_and_shares_of_a_hundred(served: Shop) -> None:
    assert served.client.put("/v1/sandbox/faults", json={"drop": 101}).status_code == 422
    headers = {"authorization": f"Bearer {served.publishable}", "origin": "https://shop.example"}
    for path in ("/v1/sandbox/faults", "/v1/returns", f"/v1/orders/{served.old_order}/payments"):
        assert served.client.get(path, headers=headers).status_code == 403
