"""A shop of one category, as a store file: its agent may go down to the floors, and nobody has to be asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentpay.evals.negotiation.histories import CURRENCY, Product


def store(category: str, products: Sequence[Product]) -> dict[str, Any]:
    """The store file's content (CONTRACT §5). Nothing is shipped, so that a sale needs no address."""
    return {
        "organization": {"slug": f"negotiation-{category}"[:80], "name": "The Bargain House", "currency": CURRENCY},
        "agent": {"name": "Nora", "rules": {"max_discount_percent": 100, "allow_dynamic_pricing": True}},
        "products": [_row(product) for product in products],
    }


def write(folder: Path, category: str, products: Sequence[Product]) -> Path:
    """Writes the store file below `folder`; answers where. JSON is YAML, too."""
    file = folder / f"{category}.yaml"
    file.write_text(json.dumps(store(category, products), ensure_ascii=False))
    return file


def _row(product: Product) -> dict[str, Any]:
    return {
        "external_id": product.external_id,
        "title": product.title,
        "category": product.category,
        "description": product.description,
        "allow_dynamic_pricing": True,
        "variants": [
            {
                "external_id": product.variant,
                "price": product.list_price,
                "floor": product.floor,
                "requires_shipping": False,
            }
        ],
    }
