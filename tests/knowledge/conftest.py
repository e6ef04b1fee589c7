"""A small shop for searching: the trail shop of the shared example, in rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from agentpay.store.ids import new_id
from agentpay.store.session import Database, Tx
from agentpay.store.tables import Article, Inventory, Organization, Product, ShippingRate, ShippingZone, Variant

RETURNS = (
    "Unworn items can be returned within 30 days of delivery for a full refund. Worn shoes can be returned within 14 days"
    " if they do not fit. Return shipping is free in the United States. Refunds reach the card in 5 to 10 days."
    " Gift cards cannot be returned."
)
SHIPPING = "Orders placed before 2 pm Eastern leave the same day. Standard takes 3 to 5 working days, express 1 to 2."


def _variant(tx: Tx, product: Product, sku: str, price: int, stock: int | None, **options: str) -> list[object]:
    variant = Variant(
        id=new_id(),
        organization_id=tx.organization_id,
        product_id=product.id,
        external_id=sku.lower() + "-x",
        sku=sku,
        options=options,
        price=price,
        currency="USD",
    )
    rows: list[object] = [variant]
    if stock is not None:
        rows.append(Inventory(organization_id=tx.organization_id, variant_id=variant.id, on_hand=stock))
    return rows


async def stock_the_shop(tx: Tx) -> None:
    """Five products (one archived, one sold out) and two articles."""
    organization = tx.organization_id

    def product(external_id: str, title: str, category: str, description: str = "", **fields: object) -> Product:
        return Product(
            id=new_id(),
            organization_id=organization,
            external_id=external_id,
            title=title,
            category=category,
            description=description,
            **fields,
        )

    shoe = product(
        "shoe-ridge",
        "Ridge Runner trail shoe",
        "Footwear > Trail running",
        "Light trail shoe with a grippy lug sole and a rock plate.",
        brand="Kestrel",
        attributes={"surface": "trail", "waterproof": "no", "drop_mm": 6},
    )
    jacket = product(
        "jacket-squall",
        "Squall waterproof running jacket",
        "Clothing > Jackets",
        "Three-layer shell with taped seams and a hood that stays put.",
        brand="Kestrel",
        attributes={"waterproof": "yes", "material": "nylon"},
    )
    socks = product(
        "socks-merino", "Merino running socks, 3 pairs", "Clothing > Socks", "Cushioned.", brand="Fell & Co"
    )
    card = product("giftcard-50", "Gift card 50", "Gift cards", "Sent by e-mail.")
    poles = product("poles", "Carbon running poles", "Gear > Poles", "Folding poles.", brand="Fell & Co")
    gone = product("kayak-old", "Sea kayak", "Boats", "A red kayak.", status="archived")
    tx.session.add_all([shoe, jacket, socks, card, poles, gone])
    await tx.session.flush()
    rows = [
        *_variant(tx, shoe, "RR-42-BL", 13900, 7, size="42", color="blue"),
        *_variant(tx, shoe, "RR-43-BL", 13900, 0, size="43", color="blue"),
        *_variant(tx, shoe, "RR-43-RD", 13900, 3, size="43", color="red"),
        *_variant(tx, jacket, "SQ-M", 18900, 4, size="M", color="black"),
        *_variant(tx, jacket, "SQ-L", 17900, 2, size="L", color="black"),
        *_variant(tx, socks, "SO-M", 2900, 120, size="M"),
        *_variant(tx, card, "GC-50", 5000, None),
        *_variant(tx, poles, "PO-1", 9900, 0),
        *_variant(tx, gone, "KA-1", 99900, 1),
    ]
    tx.session.add_all([row for row in rows if isinstance(row, Variant)])
    await tx.session.flush()
    tx.session.add_all([row for row in rows if not isinstance(row, Variant)])
    tx.session.add_all(
        [
            Article(
                organization_id=organization,
                external_id="returns",
                title="Returns and refunds",
                kind="policy",
                body=RETURNS,
            ),
            Article(organization_id=organization, external_id="shipping", title="Shipping times", body=SHIPPING),
        ]
    )
    zone = ShippingZone(id=new_id(), organization_id=organization, name="US", countries=["US", "CA"])
    tx.session.add(zone)
    await tx.session.flush()
    tx.session.add(
        ShippingRate(
            organization_id=organization, zone_id=zone.id, external_id="s", name="Standard", amount=700, currency="USD"
        )
    )


@pytest.fixture(scope="module")
async def shop(database: Database) -> UUID:
    """The organization of a stocked shop, shared by the tests of one file."""
    identifier = new_id()
    async with database.session() as session:
        session.add(Organization(id=identifier, slug=f"shop-{identifier}", name="Trail", currency="USD"))
    async with database.tx(identifier) as tx:
        await stock_the_shop(tx)
    return identifier


@pytest.fixture
async def tx(database: Database, shop: UUID) -> AsyncIterator[Tx]:
    async with database.tx(shop) as unit:
        yield unit
