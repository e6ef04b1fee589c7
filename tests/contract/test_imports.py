"""CONTRACT §4 and §5: what an import makes of a store file."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentpay.commerce.importing import ImportProblems, import_store
from agentpay.settings import Settings
from agentpay.store.session import Database
from tests.contract.client import Client, balances
from tests.contract.conftest import open_shop
from tests.serving import serving

STORE = Path(__file__).with_name("shop.yaml")


@pytest.fixture(scope="module")
async def fennel(settings: Settings, database: Database) -> AsyncIterator[Client]:
    organization_id, secret, _ = await open_shop(database, STORE)
    with serving(settings) as running, Client(running.base_url, secret) as client:
        client.organization_id = organization_id
        yield client


def order(shop: Client, external_id: str) -> dict[str, Any]:
    found = shop.only("/v1/orders", external_id=external_id)
    assert balances(found)
    return found


def days_ago(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)) / timedelta(days=1)


def test_refunded_without_an_amount_means_the_total(fennel: Client) -> None:
    found = order(fennel, "P-REFUNDED")
    assert (found["status"], found["total"], found["refunded"]) == ("refunded", 9500, 9500)
    assert days_ago(found["placed_at"]) == pytest.approx(20, abs=0.1)
    assert days_ago(found["delivered_at"]) == pytest.approx(13, abs=0.1)


def test_partly_refunded(fennel: Client) -> None:
    found = order(fennel, "P-PARTLY")
    assert (found["status"], found["total"], found["refunded"]) == ("partially_refunded", 6667, 667)
    assert (found["fulfillment_status"], found["delivered_at"]) == ("shipped", None)


def test_taxes_of_past_orders_are_as_given(fennel: Client) -> None:
    on_top = order(fennel, "P-TAXED")
    assert (on_top["subtotal"], on_top["discount"], on_top["shipping"]) == (1500, 100, 300)
    assert (on_top["tax"], on_top["tax_included"], on_top["total"]) == (120, False, 1820)
    assert on_top["placed_at"] == "2026-03-01T10:00:00Z"
    contained = order(fennel, "P-INCLUDED")
    assert (contained["tax"], contained["tax_included"], contained["total"]) == (303, True, 1900)
    assert order(fennel, "P-REFUNDED")["tax"] == 0


def test_addresses(fennel: Client) -> None:
    assert order(fennel, "P-REFUNDED")["shipping_address"]["line1"] == "Weg 1"
    assert order(fennel, "P-TAXED")["shipping_address"]["city"] == "Lyon"
    assert order(fennel, "P-INCLUDED")["shipping_address"] is None


def test_states(fennel: Client) -> None:
    assert order(fennel, "P-PENDING")["status"] == "pending"
    assert order(fennel, "P-CANCELLED")["status"] == "cancelled"
    assert {found["number"] for found in fennel.got("/v1/orders", limit=100)["items"]} >= {"P-PENDING"}


def test_past_orders_leave_the_stock_alone(fennel: Client) -> None:
    assert fennel.stock("lamp-a", "lamp")["on_hand"] == 500
    assert fennel.stock("bulb-1", "bulb")["on_hand"] == 500


def test_earlier_uses_of_codes(fennel: Client) -> None:
    codes = {code["code"]: code for code in fennel.got("/v1/discounts", limit=100)["items"]}
    assert (codes["SPENT"]["redeemed"], codes["LASTONE"]["redeemed"], codes["ONCE"]["redeemed"]) == (3, 2, 1)
    assert days_ago(codes["GONE"]["ends_at"]) == pytest.approx(1, abs=0.1)


def test_a_past_order_is_cancelled_through_the_imported_provider(fennel: Client) -> None:
    taxed = order(fennel, "P-TAXED")
    cancelled = fennel.made(f"/v1/orders/{taxed['id']}/cancel", status=200)
    assert (cancelled["status"], cancelled["refunded"]) == ("cancelled", 1820)
    (refund,) = fennel.got("/v1/refunds", order_id=taxed["id"])["items"]
    assert (refund["amount"], refund["status"]) == (1820, "succeeded")


async def test_importing_again_keeps_stock_and_uses(fennel: Client, database: Database) -> None:
    fennel.bought(("rare-1", 1), shipping_address={"line1": "a", "city": "b", "postal_code": "1", "country": "FR"})
    assert fennel.stock("rare-1", "rare")["on_hand"] == 1
    again = await import_store(database, STORE)
    assert not any(counts.created for counts in again.counts.values())
    assert fennel.stock("rare-1", "rare")["on_hand"] == 1
    await import_store(database, STORE, reset_stock=True)
    assert fennel.stock("rare-1", "rare")["on_hand"] == 2


async def test_zipped_and_with_a_file_of_products(fennel: Client, database: Database, tmp_path: Path) -> None:
    import orjson

    store = yaml.safe_load(STORE.read_text())
    store["products"][0]["title"] = "Desk lamp, new"
    with gzip.open(tmp_path / "products.jsonl.gz", "wb") as file:
        file.write(b"".join(orjson.dumps(product) + b"\n" for product in store["products"]))
    store["products"] = {"file": "products.jsonl.gz"}
    (tmp_path / "shop.yaml.gz").write_bytes(gzip.compress(yaml.safe_dump(store).encode()))
    report = await import_store(database, tmp_path / "shop.yaml.gz")
    assert report.organization_id == fennel.organization_id
    assert fennel.only("/v1/products", external_id="lamp")["title"] == "Desk lamp, new"


async def test_every_bad_row_is_told_by_its_line_and_nothing_is_loaded(
    fennel: Client, database: Database, tmp_path: Path
) -> None:
    text = STORE.read_text().replace("title: Rare vase", "title: Rarer vase")
    text = text.replace("price: 199, stock: 500", 'price: "a lot", stock: 500').replace("code: TEN,", "kode: TEN,")
    text = text.replace('customer: c-2, placed_at: "-2h"', 'customer: c-9, placed_at: "-2h"')
    bad = tmp_path / "bad.yaml"
    bad.write_text(text)
    with pytest.raises(ImportProblems) as refused:
        await import_store(database, bad)
    lines = {problem.line for problem in refused.value.problems}
    expected = {n for n, line in enumerate(text.splitlines(), 1) if "a lot" in line or "kode" in line}
    assert expected <= lines
    assert fennel.only("/v1/products", external_id="rare")["title"] == "Rare vase"
