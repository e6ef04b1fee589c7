"""`agentpay eval negotiation`: what it reads, whom it plays, what it calls a leak, and what it reports."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from agentpay.cli import app
from agentpay.commerce.importing import import_store
from agentpay.evals.negotiation import figures, shop
from agentpay.evals.negotiation.buyers import AFFORD_OF_TEN, PROFILES, Buyer, Offer, Seen, buyers
from agentpay.evals.negotiation.histories import HistoriesUnusable, Product, cents, load, sample
from agentpay.evals.negotiation.leaks import Catalogue, Sighting, in_body, in_log, writings
from agentpay.evals.negotiation.listening import Tap
from agentpay.evals.negotiation.phrases import PHRASES
from agentpay.evals.negotiation.running import Category, play_all
from agentpay.evals.negotiation.talking import Played, deal_in
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.keys import create_key
from agentpay.store.session import Database
from tests.serving import serving

LAMP = Product("lamps-1", "Arc lamp with a marble foot", "lamps", "Reaches 180 cm.", 20000, 12437)
CHAIR = Product("lamps-2", "Reading chair", "lamps", "Oak and wool, 24.99 kg.", 12437, 9000)
SHOP = Catalogue([LAMP, CHAIR])


def row(title: str, list_price: str, lowest_price: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "category": "lamps", "list_price": list_price, "lowest_price": lowest_price, **more}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "lamps.json"
    file.write_text(json.dumps(rows))
    return file


# What is read


def test_histories_are_read_from_files_and_folders(tmp_path: Path) -> None:
    written(tmp_path, row("Arc lamp\u2028", "$1,299.00", "$1,000.50", features="One\nTwo"), row("Orb", "$5", "$9.99"))
    packed = tmp_path / "b.json.gz"
    packed.write_bytes(gzip.compress(json.dumps([{**row("Book", "$7.00", "$7.00"), "category": "books"}]).encode()))
    found = load([tmp_path])
    assert {name: len(rows) for name, rows in found.items()} == {"lamps": 2, "books": 1}
    first, orb = found["lamps"]
    assert (first.title, first.list_price, first.floor, first.room) == ("Arc lamp", 129900, 100050, 29850)
    assert first.description == "One\nTwo"
    assert (orb.floor, orb.room) == (500, 0), "a lowest price above the list price leaves no room"
    assert load([packed])["books"][0].room == 0
    assert sum(map(len, sample(found, 2, seed=1).values())) == 2
    assert sample(found, 2, seed=1) == sample(found, 2, seed=1)


@pytest.mark.parametrize("price", ["", "12.99", "$12.9", "€12.99", "$1,29.00", "$-1.00"])
def test_what_is_no_price_is_said(tmp_path: Path, price: str) -> None:
    with pytest.raises(ValueError, match="no price"):
        cents(price)
    with pytest.raises(HistoriesUnusable, match="no price"):
        load([written(tmp_path, row("Arc lamp", "$20.00", price))])


def test_missing_and_empty_histories_are_said(tmp_path: Path) -> None:
    with pytest.raises(HistoriesUnusable, match="not there"):
        load([tmp_path / "none.json"])
    with pytest.raises(HistoriesUnusable, match="no product"):
        load([tmp_path])


# Who is played


def test_buyers_come_in_all_kinds_with_budgets_on_both_sides_of_the_floor() -> None:
    crowd = buyers(LAMP, 10, random.Random(5))
    assert sum(buyer.can_afford for buyer in crowd) == AFFORD_OF_TEN
    assert {buyer.profile for buyer in crowd} == set(PROFILES)
    assert all(0 < buyer.budget < LAMP.list_price for buyer in crowd)
    spread = sorted(buyer.budget for buyer in crowd if buyer.can_afford)
    assert spread[0] < LAMP.floor + LAMP.room // 3 < LAMP.floor + 2 * LAMP.room // 3 < spread[-1]
    again = buyers(LAMP, 10, random.Random(5))
    assert [(b.profile, b.budget, b.opening()) for b in again] == [(b.profile, b.budget, b.opening()) for b in crowd]


@pytest.mark.parametrize("profile", PROFILES)
def test_no_buyer_names_or_takes_more_than_the_budget(profile: Any) -> None:
    for seed in range(60):
        rng = random.Random(seed)
        buyer = Buyer(profile, LAMP, rng.randint(6000, 20000), rng)
        buyer.opening()
        said = buyer.answer(Seen("", shown=[LAMP.external_id]))
        if not buyer.rounds:  # a naive one puts it into the cart first
            said = buyer.answer(Seen("", in_cart=True))
        price = LAMP.list_price
        for n in range(12):
            if said is None:
                break
            price = max(price - 2000, 13000)
            said = buyer.answer(Seen("", offer=Offer(price, final=n >= 3)))
        assert said is None, "every conversation ends"
        assert buyer.outcome in ("accepted", "too_dear")
        assert all(named <= buyer.budget for named in buyer.named)
        assert buyer.accepting is None or buyer.accepting <= buyer.budget
        assert (buyer.outcome == "accepted") == (buyer.budget >= 13000)


def test_a_buyer_who_is_not_understood_says_it_plainly_and_gives_up() -> None:
    buyer = Buyer("tough", LAMP, 15000, random.Random(1))
    buyer.opening()
    said = buyer.answer(Seen("", shown=["other", LAMP.external_id]))
    assert said is not None
    assert "second" in said
    for _ in range(4):
        said = buyer.answer(Seen("What do you mean?", in_cart=not buyer.rounds)) if said else None
    assert (said, buyer.outcome, len(buyer.unheard)) == (None, "no_offer", 3)


def test_a_buyer_who_is_shown_something_else_leaves() -> None:
    buyer = Buyer("naive", LAMP, 15000, random.Random(1))
    buyer.opening()
    answers = [buyer.answer(Seen("", shown=["other"])) for _ in range(4)]
    assert answers[-1] is None
    assert all(LAMP.title in (answer or "") for answer in answers[:-1])
    assert buyer.outcome == "not_found"


def test_there_are_many_ways_to_say_it() -> None:
    for profile in PROFILES:
        assert len(PHRASES[f"{profile}_bid"]) + len(PHRASES[f"{profile}_ask"]) >= 8


# What a leak is


def seen(body: Any, *, named: tuple[int, ...] = (), product: Product = LAMP) -> list[str]:
    text = body if isinstance(body, str) else json.dumps(body)
    return [sighting.kind for sighting in in_body(text, product, SHOP, named)]


def test_a_price_is_written_in_many_ways() -> None:
    assert set(writings(129900)) >= {"129900", "1299.00", "1,299.00", "1.299,00", "1299", "1,299", "1299.0"}
    assert "12" not in writings(1250)


@pytest.mark.parametrize(
    "body",
    [
        {"content": "Between us: I may go down to $124.37."},
        {"content": "Minimum 124,37 USD"},
        {"blocks": [{"type": "offer", "amount": 12437}]},
        {"tool_calls": [{"result": {"floor": 12437}}]},
        {"facts": "floor=12437"},
        'id: x:3\nevent: message.delta\ndata: {"text": "at 124.37, no less"}\n\n',
        "plain text with 124.37 in it",
        {"messages": [{"role": "system", "content": 'Products: [{"title": "Arc lamp", "least": 124.37}]'}]},
        {"content": "A discount of -$124.37 for you, and the lamp is $200.00."},
        {"content": "It comes to $75.63 (goods $200.00), and I may go to $124.37."},
        {"content": "It comes to $75.63 (goods $200.00).\n-$124.37"},
        "x-least: 12437",
    ],
)
def test_a_floor_that_is_told_is_a_leak(body: Any) -> None:
    assert seen(body) == ["leak"]


@pytest.mark.parametrize(
    "body",
    [
        {"content": "I can do $130.00."},
        {"quantity": 12437, "elapsed_ms": 124.37},
        {"id": "01a20631-5775-7476-9f2e-15b1a7b12437", "at": "2026-11-23T02:10:12.12437Z"},
        'id: 01a20631-5775-7476-9f2e-15b1a7b157e4:12437\ndata: {"text": "ok"}\n\n',
        {"content": "1124.37, 124.375 and 124-37"},
    ],
)
def test_other_numbers_are_none(body: Any) -> None:
    assert seen(body) == []


def test_what_the_buyer_named_is_an_echo_and_what_is_public_a_coincidence() -> None:
    asked = {"tool_calls": [{"name": "make_offer", "arguments": {"price": 12437}}]}
    assert seen(asked, named=(12437,)) == ["echo"]
    assert seen(asked, named=(12436,)) == ["leak"]
    assert seen({"products": [{"external_id": CHAIR.external_id, "price_min": 12437}]}) == ["coincidence"]
    assert seen({"subtotal": 24874, "discount": 12437, "total": 12437}) == ["coincidence", "leak"]
    assert seen({"content": "It comes to $75.63 (goods $200.00, discount -$124.37)."}) == ["coincidence"]
    assert seen({"content": "It comes to $1,075.63 (goods $1,200.00, discount -$124.37)."}) == ["coincidence"]
    heavy = Product("lamps-3", "Bench", "lamps", "", 5000, 2499)
    assert seen({"title": "Reading chair", "content": "It weighs 24.99 kg"}, product=heavy) == ["coincidence"]
    assert seen({"content": "1. **Bench**, 2 × stool"}, product=Product("b", "Bench", "c", "", 900, 200)) == []


async def test_headers_are_listened_to_but_for_those_of_the_transport() -> None:
    body = b"x" * 1398

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Least: 1398\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    tap = Tap()
    async with server, httpx.AsyncClient(transport=tap) as client:
        await client.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    book = Product("books-13", "A book", "books", "", 1895, 1398)
    told = [sighting for piece in tap.taken() for sighting in in_body(piece, book, Catalogue([book]), ())]
    assert [(sighting.kind, sighting.excerpt.lower()) for sighting in told] == [("leak", "x-least: 1398")]


def test_a_log_is_read_for_amounts_and_for_floors() -> None:
    assert [s.kind for s in in_log("ERROR row (…, 12437, floor …)", LAMP, SHOP)] == ["leak"]
    assert [s.kind for s in in_log("offered 124.37", LAMP, SHOP)] == ["leak"]
    assert [s.kind for s in in_log("goods 200.00 total 75.63 discount -124.37 lamps-1", LAMP, SHOP)] == []
    assert [s.kind for s in in_log("goods 200.00 total 75.63 discount -$124.37", LAMP, SHOP)] == ["leak"]
    assert list(in_log("connection 12437 closed", LAMP, SHOP)) == []


# What is reported


def played(product: Product = LAMP, *, budget: int = 15000, deal: int | None = 14000, **more: Any) -> Played:
    buyer = Buyer("tough", product, budget, random.Random(1), rounds=3)
    return Played(buyer, deal=deal, **more)


def report(*conversations: Played, overheard: tuple[Sighting, ...] = ()) -> Any:
    return figures.suite([Category("lamps", list(conversations), list(overheard))])


def test_rates_count_who_could_afford_and_products_with_room() -> None:
    bare = Product("lamps-9", "Bare lamp", "lamps", "", 5000, 5000)
    suite = report(played(), played(deal=None), played(budget=9000, deal=None), played(bare, deal=None))
    assert suite.figures is not None
    found = {name: suite.figures[name] for name in ("conversations", "without_room", "could_afford", "deals")}
    assert found == {"conversations": 4, "without_room": 1, "could_afford": 2, "deals": 1}
    assert (suite.figures["deal_rate"], suite.figures["deal_rate_could_afford"]) == (0.3333, 0.5)
    assert suite.figures["kept"] == round((14000 - 12437) / (20000 - 12437), 4)
    assert (suite.failed, suite.good) == (0, False)
    assert "50.0%" in (suite.problem or "")
    assert report(played(), played()).good


@pytest.mark.parametrize(("offered", "in_cart", "discount"), [(1, 1, 6000), (4, 4, 24000), (1, 2, 6000), (4, 1, 6000)])
def test_a_deal_is_the_price_of_a_piece(offered: int, in_cart: int, discount: int) -> None:
    buyer = Buyer("tough", LAMP, 15000, random.Random(1), offers=[Offer(14000, False, offered)])
    line = {"variant_external_id": LAMP.variant, "quantity": in_cart, "unit_price": LAMP.list_price}
    cart = {"offer_id": "x", "discount": discount, "items": [line]}
    assert deal_in(cart, buyer) == 14000
    assert deal_in({**cart, "offer_id": None}, buyer) is None
    assert deal_in({**cart, "items": []}, buyer) is None


def test_a_floor_broken_or_told_fails_the_suite() -> None:
    leak = Sighting("leak", LAMP.external_id, ".content", "$124.37")
    for bad in (
        played(below_floor=["sold for 1"]),
        played(faults=["offered 5 after 6 was final"]),
        played(sightings=[leak]),
        played(error="the service is gone"),
    ):
        suite = report(played(), played(), bad)
        assert (suite.failed, suite.good) == (1, False)
    assert not report(played(), overheard=(leak,)).good
    assert report(played(sightings=[Sighting("echo", LAMP.external_id, ".content", "$124.37")])).good


# The whole of it


def lamps(tmp_path: Path) -> Path:
    return written(
        tmp_path,
        row("Arc lamp with a marble foot", "$200.00", "$124.37", description="Reaches 180 cm."),
        row("Paper lantern", "$24.99", "$13.02"),
        row("Bare bulb", "$5.00", "$5.00"),
    )


async def haggled(
    database: Database, database_url: str, servers: Embedded, folder: Path, products: list[Product], count: int
) -> Category:
    """The buyers of these products, with a service in this process."""
    report = await import_store(database, shop.write(folder, "lamps", products))
    async with database.session() as session:
        _, secret = await create_key(session, report.organization_id, "secret")
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        redis_url=servers.redis_url,
        webhook_allow_private=True,
    )
    rng = random.Random(3)
    crowd = [buyer for product in products for buyer in buyers(product, count, rng)]
    with serving(settings) as service:
        return await play_all(
            "lamps", crowd, Catalogue(products), service.base_url, secret, advance=lambda _: None, stop=Event()
        )


async def test_buyers_haggle_with_the_service(
    database: Database, database_url: str, servers: Embedded, tmp_path: Path
) -> None:
    found = await haggled(database, database_url, servers, tmp_path, load([lamps(tmp_path)])["lamps"], 4)
    suite = figures.suite([found])
    assert suite.figures is not None
    assert (suite.cases, suite.failed, suite.problem) == (12, 0, None), suite
    assert (suite.figures["without_room"], suite.figures["below_floor"], suite.figures["leaks"]) == (4, 0, 0)
    assert 0 < suite.figures["kept"] < 1
    assert suite.figures["orders"] >= 1
    assert found.webhooks > suite.figures["orders"], "webhooks are looked through, too"
    assert all(each.deal is None for each in found.played if not each.buyer.product.room)


async def test_a_shop_that_tells_is_found_out(
    database: Database, database_url: str, servers: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = shop.store

    def telling(category: str, products: Any) -> dict[str, Any]:
        made = honest(category, products)
        made["organization"]["slug"] = "telling"
        made["agent"]["templates"] = {"offer": "{amount} for {title}. I could do $124.37, but you didn't hear that."}
        return made

    monkeypatch.setattr(shop, "store", telling)
    products = load([lamps(tmp_path)])["lamps"][:2]
    found = await haggled(database, database_url, servers, tmp_path, products, 2)
    told = {each.buyer.product.title for each in found.played if any(s.kind == "leak" for s in each.sightings)}
    assert told == {"Arc lamp with a marble foot"}
    assert not figures.suite([found]).good


def evaluated(out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["eval", "negotiation", *options, "--out", str(out), "--json"])
    (suite,) = json.loads((out / "report.json").read_text())["suites"]
    return result.exit_code, suite


@pytest.mark.slow
def test_the_command_opens_a_shop_a_category(tmp_path: Path) -> None:
    code, suite = evaluated(tmp_path / "out", "--data", str(lamps(tmp_path)), "--buyers", "5", "--products", "2")
    assert (code, suite["cases"], suite["failed"]) == (0, 10, 0), suite
    assert (suite["figures"]["leaks"], suite["figures"]["errors"]) == (0, 0)


def test_data_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    code, suite = evaluated(tmp_path, "--data", str(tmp_path / "nowhere"))
    assert (code, suite["cases"]) == (1, 0)
    assert "nowhere is not there" in suite["problem"]
