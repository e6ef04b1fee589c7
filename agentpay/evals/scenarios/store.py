"""What the checks need from the store file itself: floors are nowhere to be had over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agentpay.commerce.importing.reading import load


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """By variant external id: the product's external id, and the floor in minor units where there is one."""

    product_of: dict[str, str]
    floors: dict[str, int]


def load_facts(path: Path) -> StoreFacts:
    """Raises `commerce.importing.ImportProblems` where the file is not sound."""
    variants = [(product.external_id, variant) for product in load(path).store.products for variant in product.variants]
    return StoreFacts(
        product_of={variant.external_id: product for product, variant in variants},
        floors={variant.external_id: variant.floor for _, variant in variants if variant.floor is not None},
    )
