"""Webhooks about checkouts."""

from __future__ import annotations

from agentpay.commerce import checkout_rows, webhooks
from agentpay.commerce.shapes import CheckoutView
from agentpay.store.session import Tx
from agentpay.store.tables import Checkout


async def emit(tx: Tx, event: str, checkout: Checkout) -> None:
    """The checkout as it stands now. Its `url` is stored as a path; who delivers knows where buyers reach the shop."""

    async def shown() -> CheckoutView:
        return await checkout_rows.view(tx, checkout, base_url="")

    await webhooks.emit(tx, event, shown)
