"""τ²-bench's retail database (`{"products", "users", "orders"}`, maps by id) as a shop (CONTRACT §1, `import --format tau2`).

No windows and no approval limits; stored methods are charged; an order is changed, returned or exchanged once, as that
benchmark's policy has it. Ids become external ids. A variant that is not `available` has a stock of 0, the others are not
counted. Orders have no dates there: those of a user follow one another by the hour.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from agentpay.commerce.importing.models import StoreFile
from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import Loaded

SLUG = "tau2-retail"
NO_LIMIT = 10**12
_FIRST_ORDER = datetime(2024, 1, 1, tzinfo=UTC)
_COUNTRIES = {"USA": "US"}
_METHODS = {"credit_card": "card", "paypal": "paypal", "gift_card": "gift_card"}
_STATES = {
    "pending": ("paid", "unfulfilled"),
    "processed": ("paid", "shipped"),
    "delivered": ("paid", "delivered"),
    "cancelled": ("cancelled", "unfulfilled"),
}


def read(path: Path | str) -> dict[str, Any]:
    """The database as it stands in the file (JSON, may be gzipped). Raises ImportProblems where it is none."""
    path = Path(path)
    try:
        content = path.read_bytes()
        data = orjson.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImportProblems([ImportProblem(0, "", f"{path.name} cannot be read: {reason}")]) from error
    if not isinstance(data, dict) or not all(
        isinstance(data.get(name), dict) for name in ("products", "users", "orders")
    ):
        raise ImportProblems([ImportProblem(1, "", "a τ² database is a mapping with `products`, `users` and `orders`")])
    return data


def load_tau2(path: Path | str) -> Loaded:
    """The shop of a τ² database. Raises ImportProblems with every bad row."""
    data = read(path)
    try:
        made = {
            "organization": {
                "slug": SLUG,
                "name": "τ² retail",
                "currency": "USD",
                "policies": {"charge_saved_methods": True, "single_change": True},
            },
            "agent": {"name": "Tau", "rules": {"auto_refund_limit": NO_LIMIT}},
            "products": [_product(row) for row in data["products"].values()],
            "customers": [_customer(row) for row in data["users"].values()],
            "orders": [
                _order(data["orders"][number], user, place)
                for user in data["users"].values()
                for place, number in enumerate(user["orders"])
            ],
        }
        store = StoreFile.model_validate(made, context={"now": _FIRST_ORDER})
    except (KeyError, TypeError, AttributeError) as error:
        raise ImportProblems([ImportProblem(0, "", f"a row lacks something: {error!r}")]) from error
    except ValidationError as error:
        raise ImportProblems(
            [ImportProblem(0, ".".join(map(str, found["loc"])), found["msg"]) for found in error.errors()]
        ) from error
    return Loaded(store, {}, hashlib.sha256(orjson.dumps(data)).hexdigest())


def cents(dollars: float) -> int:
    """Decimal dollars as minor units; float noise is rounded away."""
    return round(dollars * 100)


def address(row: dict[str, Any]) -> dict[str, Any]:
    """A τ² address as ours."""
    return {
        "line1": row["address1"],
        "line2": row["address2"] or None,
        "city": row["city"],
        "region": row["state"] or None,
        "postal_code": row["zip"],
        "country": _COUNTRIES.get(row["country"], row["country"]),
    }


def their_address(ours: dict[str, Any]) -> dict[str, Any]:
    """The way back from `address`."""
    names = {code: name for name, code in _COUNTRIES.items()}
    return {
        "address1": ours["line1"],
        "address2": ours["line2"] or "",
        "city": ours["city"],
        "country": names.get(ours["country"], ours["country"]),
        "state": ours["region"] or "",
        "zip": ours["postal_code"],
    }


def _product(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "external_id": row["product_id"],
        "title": row["name"],
        "variants": [
            {
                "external_id": variant["item_id"],
                "options": variant["options"],
                "price": cents(variant["price"]),
                "stock": None if variant["available"] else 0,
            }
            for variant in row["variants"].values()
        ],
    }


def _customer(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "external_id": row["user_id"],
        "email": row["email"],
        "name": f"{row['name']['first_name']} {row['name']['last_name']}",
        "addresses": [address(row["address"])],
        "payment_methods": [_method(method) for method in row["payment_methods"].values()],
    }


def _method(row: dict[str, Any]) -> dict[str, Any]:
    made = {"external_id": row["id"], "type": _METHODS[row["source"]]}
    if row.get("brand"):
        made["brand"] = row["brand"]
    if row.get("last_four"):
        made["last4"] = row["last_four"]
    if row["source"] == "gift_card":
        made["balance"] = cents(row["balance"])
    return made


def _order(row: dict[str, Any], user: dict[str, Any], place: int) -> dict[str, Any]:
    status, fulfillment = _STATES[row["status"]]
    paid_with = row["payment_history"][0]["payment_method_id"]
    numbers = [number for each in row["fulfillments"] for number in each["tracking_id"]]
    return {
        "external_id": row["order_id"],
        "customer": row["user_id"],
        "placed_at": (_FIRST_ORDER + timedelta(hours=place)).isoformat(),
        "status": status,
        "fulfillment_status": fulfillment,
        "payment": {"method": _METHODS[user["payment_methods"][paid_with]["source"]], "reference": paid_with},
        "items": [
            {"variant": item["item_id"], "quantity": 1, "unit_price": cents(item["price"])} for item in row["items"]
        ],
        "shipping_address": address(row["address"]),
        **({"tracking": {"number": numbers[0]}} if numbers else {}),
    }
