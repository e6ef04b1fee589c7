"""CONTRACT §3 and §4: checkouts and what they cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agentpay.settings import Settings
from agentpay.store.session import Database
from tests.contract.client import ADDRESS, CHECKOUT, LINE, Client, balances, has, refused, utc, uuid7
from tests.contract.conftest import open_shop
from tests.serving import serving

BONN = {"line1": "Weg 1", "city": "Bonn", "postal_code": "53111", "country": "DE"}
LYON = {"line1": "Gare 1", "city": "Lyon", "postal_code": "69001", "country": "FR"}
OSLO = {"line1": "Gate 1", "city": "Oslo", "postal_code": "0150", "country": "NO"}


def in_us(region: str | None) -> dict[str, Any]:
    return {"line1": "Main 1", "city": "Town", "region": region, "postal_code": "90001", "country": "US"}


def in_canada(region: str) -> dict[str, Any]:
    return {"line1": "Rue 1", "city": "Town", "region": region, "postal_code": "H2X 1Y4", "country": "CA"}


@pytest.fixture(scope="module")
async def fennel(settings: Settings, database: Database) -> AsyncIterator[Client]:
    """A client of the shop beside this file."""
    organization_id, secret, _ = await open_shop(database, Path(__file__).with_name("shop.yaml"))
    with serving(settings) as running, Client(running.base_url, secret) as client:
        client.organization_id = organization_id
        yield client


def amounts(checkout: dict[str, Any]) -> dict[str, Any]:
    assert balances(checkout)
    return {name: checkout[name] for name in ("subtotal", "discount", "shipping", "tax", "total")}


def test_a_checkout(fennel: Client) -> None:
    body = {
        "items": [{"variant_external_id": "lamp-a", "quantity": 2}, {"variant_external_id": "bulb-1", "quantity": 1}],
        "customer": {"email": "Buyer@Shopper.example", "name": "Bea"},
        "shipping_address": {**BONN, "line2": "2nd floor", "region": "NW"},
        "shipping_option": "de-standard",
        "discount_code": "ten",
        "note": "ring twice",
        "metadata": {"cart": "77"},
    }
    made = fennel.made("/v1/checkouts", body)
    has(made, CHECKOUT)
    assert set(made) == CHECKOUT
    for line in made["items"]:
        assert set(line) == LINE
    assert uuid7(made["id"])
    assert utc(made["expires_at"])
    assert made["url"].startswith(f"{fennel.address}/")
    assert (made["status"], made["discount_code"], made["note"]) == ("open", "TEN", "ring twice")
    assert made["customer"] == {"email": "buyer@shopper.example", "name": "Bea"}
    assert made["shipping_address"] == {**BONN, "line2": "2nd floor", "region": "NW"}
    assert made["shipping_option"] == {"external_id": "de-standard", "name": "Standard", "amount": 500}
    assert made["commitment_level"] in ("browsing", "considering", "committed", "authorized")
    nothing = ("offer_id", "conversation_id", "failure", "order_id")
    assert [made[name] for name in nothing] == [None] * 4
    # 10 % of 6865 is 687, half up; the floor of the lamps keeps one of it
    assert (made["subtotal"], made["discount"], made["shipping"]) == (6865, 686, 500)
    assert (made["tax_included"], made["currency"]) == (True, "EUR")
    assert balances(made)
    assert fennel.got(f"/v1/checkouts/{made['id']}") == made
    assert fennel.got("/v1/checkouts", limit=1)["items"] == [made]


def test_the_least_a_checkout_needs(fennel: Client) -> None:
    made = fennel.checkout(("bulb-1", 1))
    missing = ("customer", "shipping_address", "shipping_option", "note", "discount_code")
    assert [made[name] for name in missing] == [None] * 5
    assert amounts(made) == {"subtotal": 199, "discount": 0, "shipping": 0, "tax": 0, "total": 199}


def test_by_variant_id(fennel: Client) -> None:
    variant = fennel.only("/v1/products", external_id="bulb")["variants"][0]
    made = fennel.made("/v1/checkouts", {"items": [{"variant_id": variant["id"], "quantity": 3}]})
    assert (made["items"][0]["variant_external_id"], made["items"][0]["quantity"]) == ("bulb-1", 3)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"quantity": 1}],
        [{"variant_external_id": "bulb-1"}],
        [{"variant_external_id": "bulb-1", "quantity": 0}],
        [{"variant_external_id": "bulb-1", "quantity": 1.5}],
        [{"variant_external_id": "bulb-1", "variant_id": "01890000-0000-7000-8000-000000000000", "quantity": 1}],
        [{"variant_external_id": "nothing", "quantity": 1}],
        [{"variant_id": "01890000-0000-7000-8000-000000000000", "quantity": 1}],
    ],
)
def test_bad_items(fennel: Client, items: list[dict[str, Any]]) -> None:
    refused(fennel.post("/v1/checkouts", json={"items": items}), 422)


def test_every_field_is_changed_by_patch(fennel: Client) -> None:
    talk = fennel.opened()
    made = fennel.checkout(("bulb-1", 1))
    path = f"/v1/checkouts/{made['id']}"

    def patched(**fields: Any) -> dict[str, Any]:
        answer = fennel.patch(path, json=fields)
        assert answer.status_code == 200, answer.text
        assert balances(answer.json())
        assert answer.json()["url"] == made["url"]
        return dict(answer.json())

    assert patched(items=[{"variant_external_id": "lamp-b", "quantity": 2}])["subtotal"] == 13334
    assert patched(customer={"email": "a@b.example"})["customer"] == {"email": "a@b.example", "name": None}
    assert patched(shipping_address=BONN)["shipping_option"]["external_id"] == "de-standard-free"
    assert patched(shipping_option="Standard")["shipping"] == 0
    assert patched(discount_code="HALF")["shipping_option"]["external_id"] == "de-standard"
    assert patched(discount_code=None)["discount"] == 0
    assert patched(note="careful")["note"] == "careful"
    assert patched(conversation_id=talk)["conversation_id"] == talk
    assert fennel.conversation(talk)["checkout_id"] == made["id"]
    assert patched(metadata={"a": 1})["note"] == "careful"
    assert patched(shipping_address=None)["tax"] == 0
    assert patched()["subtotal"] == 13334
    refused(fennel.patch(path, json={"items": None}), 422, "validation_error")
    refused(fennel.patch(path, json={"status": "succeeded"}), 422, "validation_error")
    cancelled = fennel.made(f"{path}/cancel", status=200)
    assert cancelled["status"] == "cancelled"
    refused(fennel.patch(path, json={"note": "late"}), 409, "checkout_not_open")


def test_a_conversation_that_is_not_there(fennel: Client) -> None:
    body = {
        "items": [{"variant_external_id": "bulb-1", "quantity": 1}],
        "conversation_id": "01890000-0000-7000-8000-000000000000",
    }
    refused(fennel.post("/v1/checkouts", json=body), 404, "not_found")


def test_stock_is_held_and_given_back(fennel: Client) -> None:
    one = fennel.checkout(("rare-1", 2))
    assert fennel.stock("rare-1", "rare") == {"on_hand": 2, "reserved": 2, "available": 0}
    other = {"items": [{"variant_external_id": "rare-1", "quantity": 1}]}
    refused(fennel.post("/v1/checkouts", json=other), 409, "out_of_stock")
    fennel.made(f"/v1/checkouts/{one['id']}/cancel", status=200)
    assert fennel.stock("rare-1", "rare") == {"on_hand": 2, "reserved": 0, "available": 2}


# Taxes


@pytest.mark.parametrize(
    ("items", "address", "code", "tax", "included"),
    [
        # contained: half up, per line, of goods after discount, and of shipping
        ([("lamp-a", 1)], BONN, None, 532 + 80, True),
        ([("lamp-a", 1), ("bulb-1", 1)], BONN, None, 532 + 32 + 80, True),
        ([("lamp-a", 1)], BONN, "FIVER", 479 + 80, True),  # 3333 - 333: the floor is 3000
        # on top of goods after discount, shipping free of it
        ([("lamp-b", 1)], in_us("CA"), None, 483, False),
        ([("lamp-b", 1)], in_us("California"), None, 483, False),
        ([("lamp-b", 1)], in_us("ca"), "TEN", 435, False),
        ([("lamp-b", 1)], in_us("NY"), None, 0, False),
        ([("lamp-b", 1)], in_us(None), None, 0, False),
        # shipping is taxed where the rate says so; a region's rate beats its country's
        ([("lamp-b", 1)], in_canada("ON"), None, 333 + 100, False),
        ([("lamp-b", 1)], in_canada("QC"), None, 999 + 300, False),
        # no rate for the country, nothing that ships
        ([("lamp-b", 1)], LYON, None, 0, False),
        ([("course-1", 1)], in_us("CA"), None, 363, False),
        ([("course-1", 1)], None, None, 0, False),
    ],
)
def test_taxes(
    fennel: Client,
    items: list[tuple[str, int]],
    address: dict[str, Any] | None,
    code: str | None,
    tax: int,
    included: bool,
) -> None:
    made = fennel.checkout(*items, shipping_address=address, discount_code=code)
    assert (made["tax"], made["tax_included"]) == (tax, included)
    assert balances(made)


# Shipping


def test_shipping_bounds(fennel: Client) -> None:
    """The cheapest rate of the chosen name whose bounds fit: goods after discounts, weight of what ships."""

    def option(*items: tuple[str, int], **fields: Any) -> str:
        made = fennel.checkout(*items, shipping_address=BONN, **fields)
        assert made["shipping"] == made["shipping_option"]["amount"]
        return str(made["shipping_option"]["external_id"])

    assert option(("lamp-b", 1)) == "de-standard"
    assert option(("lamp-b", 2)) == "de-standard-free"
    assert option(("lamp-b", 2), shipping_option="de-standard") == "de-standard-free"
    assert option(("lamp-b", 2), discount_code="HALF") == "de-standard"
    assert option(("lamp-b", 3)) == "de-freight"
    assert option(("lamp-b", 1), ("course-1", 1)) == "de-standard-free"
    body = {
        "items": [{"variant_external_id": "lamp-b", "quantity": 3}],
        "shipping_address": BONN,
        "shipping_option": "de-standard",
    }
    refused(fennel.post("/v1/checkouts", json=body), 422, "shipping_option_unavailable")
    refused(fennel.post("/v1/checkouts", json={**body, "shipping_option": "na-air"}), 422)
    refused(fennel.post("/v1/checkouts", json={**body, "shipping_option": "nothing"}), 422)


def test_countries_that_are_not_served(fennel: Client) -> None:
    body = {"items": [{"variant_external_id": "bulb-1", "quantity": 1}], "shipping_address": OSLO}
    problem = refused(fennel.post("/v1/checkouts", json=body), 422, "country_not_served")
    assert "NO" in problem["detail"] or "Norway" in problem["detail"]
    quote = fennel.tool("quote_shipping", fennel.opened(), country="NO")["result"]
    assert (quote["served"], quote["options"]) == (False, [])
    refused(fennel.post("/v1/checkouts", json={**body, "shipping_address": {**OSLO, "country": "Norway"}}), 422)


def test_digital_items_need_no_address(fennel: Client) -> None:
    made = fennel.checkout(("course-1", 2), customer={"email": "d@s.example"})
    assert amounts(made) == {"subtotal": 10002, "discount": 0, "shipping": 0, "tax": 0, "total": 10002}
    assert fennel.pay(made)["status"] == "succeeded"


# Codes


@pytest.mark.parametrize(
    ("items", "code", "discount"),
    [
        ([("lamp-b", 1)], "TEN", 667),
        ([("lamp-b", 1)], "tEn", 667),
        ([("lamp-b", 1), ("bulb-1", 1)], "TEN", 687),
        ([("lamp-b", 1)], "FIVER", 500),
        ([("lamp-b", 2), ("bulb-1", 3)], "FIVER", 500),  # once an order, whatever is in it
        ([("bulb-1", 1)], "FIVER", 199),  # never below zero
        ([("lamp-b", 1)], "HUGE", 6667),
        ([("lamp-a", 1)], "HALF", 333),  # the floor caps it
        ([("lamp-a", 2)], "HUGE", 666),
        ([("lamp-a", 1), ("lamp-b", 1)], "HALF", 333 + 3333),
        ([("bulb-1", 2), ("lamp-b", 1)], "BULBS", 199),  # the eligible lines alone
        ([("lamp-b", 1), ("bulb-1", 1)], "LAMPS", 700),
        ([("lamp-a", 1), ("lamp-b", 1)], "LAMPS", 700),
        ([("lamp-b", 2)], "BIG", 1333),
        ([("lamp-b", 1)], "TODAY", 667),
        ([("lamp-b", 1)], "LASTONE", 100),
    ],
)
def test_codes(fennel: Client, items: list[tuple[str, int]], code: str, discount: int) -> None:
    made = fennel.checkout(*items, discount_code=code)
    assert (made["discount"], made["discount_code"]) == (discount, code.upper())
    assert balances(made)
    talk = fennel.opened()
    for variant, quantity in items:
        fennel.tool("update_cart", talk, action="add", variant=variant, quantity=quantity)
    fennel.tool("validate_discount", talk, code=code)
    cart = fennel.conversation(talk)["cart"]
    assert (cart["discount"], cart["discount_code"]) == (discount, code.upper())
    assert cart["total"] == cart["subtotal"] - discount


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("NOSUCH", "unknown"),
        ("GONE", "expired"),
        ("SOON", "not_started"),
        ("SPENT", "used_up"),
        ("BIG", "min_subtotal"),
        ("LAMPS", "not_eligible"),
    ],
)
def test_codes_that_do_not_apply(fennel: Client, code: str, reason: str) -> None:
    body = {"items": [{"variant_external_id": "bulb-1", "quantity": 1}], "discount_code": code}
    problem = refused(fennel.post("/v1/checkouts", json=body), 422, "discount_invalid")
    assert problem["reason"]
    assert problem["detail"]


def test_caps(fennel: Client) -> None:
    """`redeemed` counts earlier uses; the last one is taken by whoever pays first; a cancelled payment takes none."""

    def ready(email: str, code: str) -> dict[str, Any]:
        return fennel.checkout(("course-1", 1), customer={"email": email}, discount_code=code)

    first, second = ready("three@s.example", "LASTONE"), ready("four@s.example", "LASTONE")
    assert fennel.pay(first, "decline")["failure"]["code"] == "card_declined"
    assert fennel.only("/v1/discounts", code="LASTONE")["redeemed"] == 2
    assert fennel.pay(first)["status"] == "succeeded"
    assert fennel.only("/v1/discounts", code="LASTONE")["redeemed"] == 3
    answer = fennel.post("/v1/sandbox/pay", json={"url": second["url"], "card": "success"})
    assert answer.status_code in (409, 422), answer.text
    assert fennel.got(f"/v1/checkouts/{second['id']}")["status"] == "open"
    # a customer's own cap: c-1 has used it before, c-2 may once
    body = {
        "items": [{"variant_external_id": "course-1", "quantity": 1}],
        "customer": {"email": "ONE@shopper.example"},
        "discount_code": "once",
    }
    refused(fennel.post("/v1/checkouts", json=body), 422, "discount_invalid")
    assert fennel.pay(ready("two@shopper.example", "ONCE"))["status"] == "succeeded"
    body["customer"] = {"email": "two@shopper.example"}
    refused(fennel.post("/v1/checkouts", json=body), 422, "discount_invalid")


def test_one_code_an_order(fennel: Client) -> None:
    talk = fennel.opened()
    fennel.tool("update_cart", talk, action="add", variant="lamp-b", quantity=1)
    fennel.tool("validate_discount", talk, code="FIVER")
    fennel.tool("validate_discount", talk, code="TEN")
    cart = fennel.conversation(talk)["cart"]
    assert (cart["discount_code"], cart["discount"]) == ("TEN", 667)


def test_a_floor_bounds_code_and_offer_together(fennel: Client) -> None:
    talk = fennel.opened()
    fennel.tool("update_cart", talk, action="add", variant="lamp-a", quantity=1)
    offered = fennel.tool("make_offer", talk, variant="lamp-a", price=3000)["result"]
    assert offered["decision"] == "offer"
    assert 3000 <= offered["offer"]["amount"] < 3333
    fennel.tool("make_offer", talk, action="accept")
    told = fennel.tool("validate_discount", talk, code="HALF")["result"]
    assert told["capped"] is True
    cart = fennel.conversation(talk)["cart"]
    assert (cart["total"], cart["offer_id"]) == (3000, offered["offer"]["id"])


@pytest.mark.parametrize("variant", ["lamp-b", "bulb-1"])
def test_what_is_not_negotiable(fennel: Client, variant: str) -> None:
    """Without a floor, or without `allow_dynamic_pricing` on the product, there is no offer."""
    talk = fennel.opened()
    fennel.tool("update_cart", talk, action="add", variant=variant, quantity=1)
    answer = fennel.tool("make_offer", talk, variant=variant, price=150)["result"]
    assert (answer["decision"], answer["offer"]) == ("refuse", None)


def test_the_example_of_the_scenarios(shop: Client) -> None:
    made = shop.checkout(("jacket-squall-m", 2), shipping_address=ADDRESS, discount_code="trail10")
    assert amounts(made) == {"subtotal": 37800, "discount": 3780, "shipping": 0, "tax": 0, "total": 34020}
