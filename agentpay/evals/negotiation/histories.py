"""Price histories as a negotiation: the list price opens, the lowest price ever is the seller's floor."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CURRENCY = "USD"
_PRICE = re.compile(r"^\$(\d{1,3}(?:,\d{3})*|\d+)(?:\.(\d{2}))?$")


class HistoriesUnusable(Exception):
    """No price histories can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its prices in cents. `floor` is never above `list_price`; where they are equal there is no room."""

    external_id: str
    title: str
    category: str
    description: str
    list_price: int
    floor: int

    @property
    def variant(self) -> str:
        return f"{self.external_id}-v"

    @property
    def room(self) -> int:
        return self.list_price - self.floor


def cents(written: str) -> int:
    """Cents of a price as the histories write it ("$1,299.99"). Raises ValueError."""
    match = _PRICE.match(written.strip())
    if match is None:
        raise ValueError(f"{written!r} is no price in dollars")
    return int(match[1].replace(",", "")) * 100 + int(match[2] or 0)


def load(places: Sequence[Path]) -> dict[str, list[Product]]:
    """Products by category, of files or of folders of files (JSON, may be gzipped). Raises HistoriesUnusable."""
    found: dict[str, list[Product]] = {}
    for file in _files(places):
        for row in _rows(file):
            try:
                product = _product(row, len(found.get(row["category"], [])))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise HistoriesUnusable(f"{file}: {str(row)[:80]}: {error}") from error
            found.setdefault(product.category, []).append(product)
    if not found:
        raise HistoriesUnusable(f"{', '.join(map(str, places))}: no product.")
    return found


def sample(histories: dict[str, list[Product]], size: int, seed: int) -> dict[str, list[Product]]:
    """So many products of all categories by lot; the shops they stand in are sampled with them."""
    every = [product for products in histories.values() for product in products]
    drawn = set(random.Random(seed).sample(range(len(every)), min(size, len(every))))
    kept: dict[str, list[Product]] = {}
    for place, product in enumerate(every):
        if place in drawn:
            kept.setdefault(product.category, []).append(product)
    return kept


def _files(places: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for place in places:
        if not place.exists():
            raise HistoriesUnusable(f"{place} is not there.")
        files += sorted([*place.glob("*.json"), *place.glob("*.json.gz")]) if place.is_dir() else [place]
    return files


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        raw = file.read_bytes()
        rows = json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)
    except (OSError, ValueError) as error:
        raise HistoriesUnusable(f"{file} cannot be read: {error}") from error
    if not isinstance(rows, list):
        raise HistoriesUnusable(f"{file} is no list of products.")
    return rows


def _product(row: dict[str, Any], number: int) -> Product:
    list_price, lowest = cents(row["list_price"]), cents(row["lowest_price"])
    category = row["category"]
    return Product(
        external_id=f"{category}-{number + 1}",
        title=_line(row["title"])[:500],
        category=category,
        description=_text(row),
        list_price=list_price,
        floor=min(lowest, list_price),
    )


def _text(row: dict[str, Any]) -> str:
    features = row.get("features") or ""
    parts = [row.get("description") or "", *(features if isinstance(features, list) else features.splitlines())]
    return "\n".join(line for part in parts if (line := _line(part)))


def _line(text: str) -> str:
    """One line, without what no store file may hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
