"""A store file is read with its lines, and everything wrong with it is said at once."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from agentpay.commerce.importing import ImportProblems, file_digest, load
from tests.conftest import shared

HEAD = "organization: {slug: shop, name: Shop, currency: USD}\n"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def write(folder: Path, text: str, name: str = "store.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ImportProblems) as refused:
        load(path, now=NOW)
    return [str(problem) for problem in refused.value.problems]


def test_every_bad_row_is_named_by_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + """\
products:
  - external_id: a
    title: A
    colour: red
    variants:
      - {external_id: a-1, price: 139.00}
      - external_id: a-2
        price: 100
        floor: 120
  - external_id: b
    variants: []
tax_rates:
  - {country: XX, basis_points: 10001}
""",
    )
    assert problems(path) == [
        "line 5: products.0.colour: unknown key",
        "line 7: products.0.variants.0.price: input should be a valid integer",
        "line 8: products.0.variants.1: floor must not be above price",
        "line 11: products.1.title: field required",
        "line 12: products.1.variants: list should have at least 1 item after validation, not 0",
        "line 14: tax_rates.0.country: XX is no country: use ISO 3166-1 alpha-2 codes such as US or DE",
        "line 14: tax_rates.0.basis_points: input should be less than or equal to 10000",
    ]


def test_a_key_given_twice_and_text_that_is_no_yaml(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "articles:\n  - external_id: a\n    title: A\n    title: B\n    body: c\n")
    assert problems(path) == ["line 5: articles.0.title: is given twice"]
    assert problems(write(tmp_path, "organization: {slug: [\n"))[0].startswith("line 2: this is not YAML")
    assert problems(write(tmp_path, "- 1\n")) == [
        "line 1: a store file is a mapping with `organization`, `products` and so on"
    ]
    assert "cannot be read" in problems(tmp_path / "missing.yaml")[0]


def test_words_that_yaml_takes_for_something_else_stay_words(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + """\
products:
  - external_id: 7
    title: Shoe
    attributes: {waterproof: no, drop_mm: 6.0, sizes: [41, 42]}
    variants: [{external_id: v, price: 100, options: {size: 42}}]
shipping_zones:
  - {name: North, countries: [NO, SE]}
customers:
  - {external_id: c, email: A@B.example, addresses: [{line1: x, city: y, postal_code: 01234, country: US}]}
""",
    )
    store = load(path).store
    assert store.products[0].external_id == "7"
    assert store.products[0].attributes == {"waterproof": "no", "drop_mm": 6, "sizes": [41, 42]}
    assert store.products[0].variants[0].options == {"size": "42"}
    assert store.shipping_zones[0].countries == ["NO", "SE"]
    assert store.customers[0].addresses[0].postal_code == "01234"
    assert store.customers[0].email == "a@b.example"


def test_times_may_be_relative(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + """\
discounts:
  - {code: a, type: fixed, amount: 100, starts_at: "-13d", ends_at: "+2h"}
  - {code: b, type: fixed, amount: 100, starts_at: 2026-01-02, ends_at: "2026-03-01T12:00:00+02:00"}
""",
    )
    first, second = load(path, now=NOW).store.discounts
    assert (first.code, first.starts_at, first.ends_at) == ("A", NOW - timedelta(days=13), NOW + timedelta(hours=2))
    assert second.starts_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert second.ends_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (
        "is no time"
        in problems(write(tmp_path, HEAD + "discounts: [{code: a, type: fixed, amount: 1, ends_at: soon}]"))[0]
    )


def test_a_products_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "products: {file: products.jsonl.gz}\n")
    assert problems(path) == ["line 2: products.file: there is no file products.jsonl.gz"]
    row = {"external_id": "a", "title": "A", "variants": [{"external_id": "a", "price": 1}]}
    lines = [orjson.dumps(row), b"", b"{oops", orjson.dumps({**row, "external_id": "b", "size": 1})]
    (tmp_path / "products.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines)))
    found = problems(path)
    assert found[0].startswith("products.jsonl.gz line 3: this is not JSON")
    assert found[1] == "products.jsonl.gz line 4: size: unknown key"
    (tmp_path / "products.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines[:2])))
    loaded = load(path)
    assert [product.title for product in loaded.store.products] == ["A"]
    assert loaded.digest == file_digest(path)
    assert "beside the store file" in problems(write(tmp_path, HEAD + "products: {file: ../x.jsonl}\n"))[0]


def test_the_digest_follows_both_files(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "products:\n  file: p.jsonl\n")
    row = {"external_id": "a", "title": "A", "variants": [{"external_id": "a", "price": 1}]}
    (tmp_path / "p.jsonl").write_bytes(orjson.dumps(row))
    before = file_digest(path)
    assert before == load(path).digest
    (tmp_path / "p.jsonl").write_bytes(orjson.dumps({**row, "title": "B"}))
    assert file_digest(path) != before


def test_the_example_store_and_a_gzipped_one(tmp_path: Path) -> None:
    example = shared("stores/example.yaml")
    assert len(load(example).store.products) == 4
    packed = tmp_path / "store.yaml.gz"
    packed.write_bytes(gzip.compress(example.read_bytes()))
    assert load(packed).store == load(example).store


def test_a_wording_that_could_not_be_said_is_refused(tmp_path: Path) -> None:
    agent = 'agent: {name: Nora, templates: {greeting: "Hi {captain}"}}\n'
    assert problems(write(tmp_path, HEAD + agent)) == [
        "line 2: agent.templates: Template 'greeting' is not given captain."
    ]
    several = 'agent: {name: Nora, templates: {greeting: ["Hi{name}!", "Hello!"], goodbye: Bye}}\n'
    read = load(write(tmp_path, HEAD + several), now=NOW).store.agent
    assert read is not None
    assert read.templates == {"greeting": ["Hi{name}!", "Hello!"], "goodbye": "Bye"}
