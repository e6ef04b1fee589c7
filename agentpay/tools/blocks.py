"""Blocks: typed data for the customer's screen, made by tools from the store, never markup from a model (CONTRACT §3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel


def block(type: str, shape: BaseModel) -> dict[str, Any]:
    """A block that shows one resource."""
    return {"type": type, **shape.model_dump(mode="json")}


def product_list(products: Iterable[BaseModel]) -> dict[str, Any]:
    return {"type": "product_list", "products": [product.model_dump(mode="json") for product in products]}
