"""Goods by the names of a store file: the one that an exported scenario will be run with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from agentpay.commerce.importing import ImportProblems
from agentpay.commerce.importing.reading import load
from agentpay.errors import StartupError
from agentpay.store.session import Tx
from agentpay.store.tables import Product, Variant


class Naming:
    """Raises StartupError where the file cannot be used."""

    def __init__(self, store: Path) -> None:
        try:
            self._store = load(store).store
        except ImportProblems as error:
            raise StartupError(f"{store} cannot be used:\n{error}") from None
        self._name = store.name

    async def variants(self, tx: Tx) -> dict[UUID, str]:
        """External ids in the file by the shop's ids: of the same external id, else of the same SKU, else of title and options."""
        rows = [(product, variant) for product in self._store.products for variant in product.variants]
        known = {variant.external_id for _, variant in rows}
        by_sku = {variant.sku: variant.external_id for _, variant in rows if variant.sku}
        by_title = {_called(product.title, variant.options): variant.external_id for product, variant in rows}
        found: dict[UUID, str] = {}
        for identifier, external_id, sku, options, title in await tx.session.execute(
            select(Variant.id, Variant.external_id, Variant.sku, Variant.options, Product.title)
            .join(Product, (Product.organization_id == Variant.organization_id) & (Product.id == Variant.product_id))
            .where(Variant.organization_id == tx.organization_id)
        ):
            named = external_id if external_id in known else by_sku.get(sku) or by_title.get(_called(title, options))
            if named is not None:
                found[identifier] = named
        return found

    def unknown(self, scenario: Mapping[str, Any]) -> list[str]:
        """A sentence for each variant that the scenario names and the file does not have."""
        known = {variant.external_id for product in self._store.products for variant in product.variants}
        named = {item["variant"] for order in scenario.get("given", {}).get("orders", []) for item in order["items"]}
        for expect in [*(step.get("expect", {}) for step in scenario["turns"]), scenario["finally"]]:
            named |= set(expect.get("cart") or ())
        return [f"{self._name} has no variant {name}." for name in sorted(named - known)]


def _called(title: str, options: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return title.casefold(), tuple(sorted((name.casefold(), str(value).casefold()) for name, value in options.items()))
