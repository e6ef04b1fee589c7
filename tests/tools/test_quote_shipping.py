"""`quote_shipping` for goods that are not in the cart."""

from __future__ import annotations

from uuid import UUID

from agentpay.store.session import Database
from agentpay.store.tables import ShippingRate, ShippingZone
from agentpay.tools.context import Context
from agentpay.tools.quote_shipping import QuoteShipping, run
from tests.commerce import shop


async def test_goods_beside_the_cart_are_weighed_with_it(
    database: Database, organization_id: UUID, context: Context
) -> None:
    async with database.tx(organization_id) as tx:
        await shop.variant(tx, "anvil", price=9000, weight_grams=4000)
        zone = ShippingZone(organization_id=organization_id, name="Home", countries=["GB"])
        tx.session.add(zone)
        await tx.session.flush()
        for name, amount, least, most in (("light", 500, None, 5000), ("heavy", 1200, 5001, 9000)):
            tx.session.add(
                ShippingRate(organization_id=organization_id, zone_id=zone.id, external_id=name, name="Standard",
                             amount=amount, currency="USD", min_weight_grams=least, max_weight_grams=most)
            )  # fmt: skip
        await tx.session.flush()
        one = await run(context, tx, QuoteShipping(country="GB", product="anvil"))
        two = await run(context, tx, QuoteShipping(country="GB", product="anvil", quantity=2))
        three = await run(context, tx, QuoteShipping(country="GB", product="anvil", quantity=3))
    assert [[option["amount"] for option in quote.data["options"]] for quote in (one, two, three)] == [
        [500],
        [1200],
        [],
    ]
    assert (two.data["goods"]["external_id"], two.data["goods"]["quantity"]) == ("anvil-v", 2)
