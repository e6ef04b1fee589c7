"""What narrows a search beside its words (CONTRACT §2, knowledge search), as SQL over `products p`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from agentpay.store.vectors import Narrowing

AttributeValue = str | int | float | bool


class SearchFilters(BaseModel):
    """All given ones must hold. Prices are minor units of the shop's currency; texts compare without case."""

    model_config = ConfigDict(extra="forbid")

    price_max: int | None = Field(None, ge=0, le=10**15, strict=True)
    price_min: int | None = Field(None, ge=0, le=10**15, strict=True)
    brand: str | None = Field(None, max_length=200)
    category: str | None = Field(None, max_length=400)
    """A whole path, the beginning of one, or one of its steps: "Footwear", "Footwear > Trail running", "Trail running"."""
    in_stock: StrictBool | None = None
    attributes: dict[str, AttributeValue] = Field(default_factory=dict, max_length=20)
    """Attributes of the product or options of a variant on sale; numbers compare as text."""

    @property
    def empty(self) -> bool:
        return self == SearchFilters()


AVAILABLE = "(i.variant_id IS NULL OR i.on_hand - i.reserved > 0)"
INVENTORY_JOIN = "LEFT JOIN inventory i ON i.organization_id = v.organization_id AND i.variant_id = v.id"


def conditions(filters: SearchFilters | None) -> tuple[str, dict[str, Any]]:
    """A SQL condition over `products p` (starting with AND, or empty) and its parameters.

    Prices, stock and options must hold of one and the same variant: a blue 43 that is sold out is not in stock because a
    red one is.
    """
    if filters is None or filters.empty:
        return "", {}
    clauses: list[str] = []
    params: dict[str, Any] = {}
    on_sale = (
        f"SELECT 1 FROM variants v {INVENTORY_JOIN}"
        " WHERE v.organization_id = p.organization_id AND v.product_id = p.id AND NOT v.archived"
    )
    variant = variant_conditions(filters)
    if variant:
        clauses.append(f"EXISTS ({on_sale}{variant})")
    if filters.in_stock is False:
        clauses.append(f"NOT EXISTS ({on_sale}{variant} AND {AVAILABLE})")
    for name, value in (("price_min", filters.price_min), ("price_max", filters.price_max)):
        if value is not None:
            params[name] = value
    if filters.brand is not None:
        clauses.append("lower(p.brand) = :brand")
        params["brand"] = filters.brand.strip().lower()
    if filters.category is not None:
        clauses.append("strpos(' > ' || lower(p.category) || ' > ', :category) > 0")
        steps = [step.strip().lower() for step in filters.category.split(">")]
        params["category"] = " > " + " > ".join(steps) + " > "
    for n, (name, attribute) in enumerate(filters.attributes.items()):
        params[f"attribute{n}"] = name.strip().lower()
        params[f"values{n}"] = _texts(attribute)
    return " AND " + " AND ".join(clauses), params


def narrowing(filters: SearchFilters | None) -> Narrowing:
    """The filters for a vector store: all of them as SQL, and of what Pinecone's metadata holds brand, category, prices."""
    sql, parameters = conditions(filters)
    facets: dict[str, Any] = {}
    if filters is not None:
        if filters.brand is not None:
            facets["brand"] = {"$eq": filters.brand.strip().lower()}
        if filters.category is not None:
            facets["categories"] = {"$in": [filters.category.split(">")[-1].strip().lower()]}
        if filters.price_max is not None:
            facets["price_min"] = {"$lte": filters.price_max}
        if filters.price_min is not None:
            facets["price_max"] = {"$gte": filters.price_min}
    if filters is None:
        return Narrowing(sql, parameters, facets)
    outline = [
        (filters.brand, "f.brand = :brand"),
        (filters.price_min, "f.price >= :price_min"),
        (filters.price_max, "f.price <= :price_max"),
    ]
    told = "".join(f" AND {clause}" for value, clause in outline if value is not None)
    return Narrowing(sql, parameters, facets, told)


def variant_conditions(filters: SearchFilters | None) -> str:
    """What one variant `v` (stock `i`) of product `p` must hold, each starting with AND; parameters are `conditions`'."""
    if filters is None:
        return ""
    clauses: list[str] = []
    if filters.price_min is not None:
        clauses.append("v.price >= :price_min")
    if filters.price_max is not None:
        clauses.append("v.price <= :price_max")
    if filters.in_stock:
        clauses.append(AVAILABLE)
    for n in range(len(filters.attributes)):
        same = f"lower(a.key) = :attribute{n} AND lower(x.value) = ANY(:values{n})"
        values = (
            "CROSS JOIN LATERAL jsonb_array_elements_text("
            "CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) END) AS x(value)"
        )
        clauses.append(
            f"(EXISTS (SELECT 1 FROM jsonb_each(p.attributes) a {values} WHERE {same})"
            f" OR EXISTS (SELECT 1 FROM jsonb_each(v.options) a {values} WHERE {same}))"
        )
    return "".join(f" AND {clause}" for clause in clauses)


def _texts(value: AttributeValue) -> list[str]:
    """The texts a stored value may have to equal this one: 6 and 6.0 are one number, true is also "yes"."""
    if isinstance(value, bool):
        return ["true", "yes"] if value else ["false", "no"]
    if isinstance(value, float) and value.is_integer():
        return [str(int(value)), str(value)]
    return [str(value).strip().lower()]
