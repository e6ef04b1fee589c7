"""Carts as clients write them: by the shop's external ids, and whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from agentpay.commerce import carts, catalog
from agentpay.commerce.checkout_inputs import ItemInput
from agentpay.errors import Problem
from agentpay.store.session import Tx


async def variant_of(tx: Tx, item: ItemInput) -> UUID:
    """The variant meant. Problem 422 `variant_unknown`."""
    if item.variant_id is not None:
        return item.variant_id
    found = await catalog.variants_by_external_id(tx, [item.variant_external_id or ""])
    if not found:
        raise Problem("variant_unknown", f"There is no variant {item.variant_external_id}.")
    return next(iter(found.values())).id


async def put(tx: Tx, cart_id: UUID, items: Sequence[ItemInput]) -> None:
    """Make these all that the cart holds; a variant named twice is one line. Problems as `carts.add`."""
    wanted: Counter[UUID] = Counter()
    for item in items:
        wanted[await variant_of(tx, item)] += item.quantity
    held = [line.variant_id for line in (await carts.state(tx, cart_id)).lines]
    for variant_id in held:
        if variant_id not in wanted:
            await carts.set_quantity(tx, cart_id, variant_id, 0)
    for variant_id, quantity in wanted.items():
        await carts.set_quantity(tx, cart_id, variant_id, quantity)
