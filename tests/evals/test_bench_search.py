"""`agentpay bench search`, small: a shop grows, is found in, and every figure is told."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from agentpay.cli import app

STORE = """
organization: {slug: pencil-shop, name: Pencil Shop, currency: USD}
agent: {name: Pia}
products:
  - {external_id: pencil, title: Graphite pencil, brand: Lume, variants: [{external_id: p-1, price: 200, stock: 5}]}
  - {external_id: brush, title: Round hair brush, brand: Lume, variants: [{external_id: b-1, price: 900, stock: 5}]}
  - {external_id: ink, title: Black drawing ink, variants: [{external_id: i-1, price: 700, stock: 0}]}
"""


def test_a_small_shop_grows_and_is_measured(tmp_path: Path) -> None:
    store = tmp_path / "store.yaml"
    store.write_text(STORE)
    options = ["--store", str(store), "--sizes", "3,12", "--out", str(tmp_path / "out"), "--json"]
    result = CliRunner().invoke(app, ["bench", "search", *options])
    assert result.exit_code == 0, result.output
    small, large = json.loads(result.stdout)["results"]["agentpay"]
    assert (small["products"], large["products"]) == (3, 12)
    for row in (small, large):
        assert row["recall_10"] == 1.0, "so few are compared one by one"
        assert row["vectors_p95"] > 0 < row["hybrid_p95"]
        assert row["database_mb"] > 1 < row["postgres_mb"]
    assert {"half of the prices", "in stock"} <= large["by_filter"].keys()
    assert json.loads((tmp_path / "out" / "search.json").read_text())["profile"] == "search"


def test_vectors_alone(tmp_path: Path) -> None:
    store = tmp_path / "store.yaml"
    store.write_text(STORE)
    options = ["--store", str(store), "--sizes", "6", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["bench", "vectors", *options])
    assert result.exit_code == 0, result.output
    assert "hybrid" not in result.stdout
    (row,) = json.loads((tmp_path / "out" / "vectors.json").read_text())["results"]["agentpay"]
    assert (row["products"], row["recall_10"]) == (6, 1.0)


def test_sizes_are_numbers(tmp_path: Path) -> None:
    for sizes in ("many", "0", "-5"):
        result = CliRunner().invoke(app, ["bench", "search", "--sizes", sizes, "--out", str(tmp_path)])
        assert result.exit_code == 2
