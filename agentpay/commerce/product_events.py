"""Webhooks about products."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from agentpay.commerce import products, webhooks
from agentpay.commerce.shapes import ProductResource
from agentpay.store.session import Tx


async def indexed(tx: Tx, product_ids: Sequence[UUID]) -> None:
    """`product.indexed` for each: from now on search finds it as it stands."""

    async def shown() -> list[ProductResource]:
        return await products.get_products(tx, product_ids)

    await webhooks.emit_many(tx, "product.indexed", shown)
