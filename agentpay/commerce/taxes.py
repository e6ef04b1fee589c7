"""Which tax rate an address falls under (CONTRACT §4): a region's rate beats its country's."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import pycountry
from sqlalchemy import select

from agentpay.commerce.pricing import TaxRule
from agentpay.store.session import Tx
from agentpay.store.tables import TaxRate


def _plain(name: str) -> str:
    """Capitals without accents, single blanks."""
    letters = unicodedata.normalize("NFKD", " ".join(name.split()))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).upper()


@lru_cache(maxsize=4096)
def region_code(country: str, region: str) -> str:
    """A region as its ISO 3166-2 part in capitals: "California", "us-ca" and "ca" are all "CA" in the US; accents do not matter.

    What ISO does not know comes back in capitals as written.
    """
    written = _plain(region)
    short = written.removeprefix(f"{country}-")
    subdivisions = pycountry.subdivisions.get(country_code=country) or []  # type: ignore[no-untyped-call]
    for subdivision in subdivisions:
        if _plain(subdivision.name) == written:
            return str(subdivision.code).split("-", 1)[1]
    return short


async def rule_for(tx: Tx, country: str | None, region: str | None = None) -> TaxRule | None:
    """The rate for an address; None without an address or in a country without a rate: then tax is 0."""
    if not country:
        return None
    country = country.upper()
    rows = await tx.session.execute(
        select(TaxRate.region, TaxRate.basis_points, TaxRate.included, TaxRate.shipping).where(
            TaxRate.organization_id == tx.organization_id, TaxRate.country == country
        )
    )
    by_region = {
        region_code(country, row.region) if row.region else None: TaxRule(row.basis_points, row.included, row.shipping)
        for row in rows
    }
    wanted = region_code(country, region) if region and region.strip() else None
    return by_region.get(wanted) or by_region.get(None)
