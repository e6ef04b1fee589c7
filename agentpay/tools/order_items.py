"""From the words that name an item to a line of a placed order, and to the variant it shall become."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from agentpay.commerce import catalog
from agentpay.commerce.after_sale_shapes import VariantInput
from agentpay.commerce.shapes import LineView, OrderView
from agentpay.errors import Problem
from agentpay.knowledge.lookup import title_matches
from agentpay.store.session import Tx
from agentpay.tools.resolve import fitting, variant_facts
from agentpay.tools.tool import Arguments


class Item(Arguments):
    """An item of the order: by variant, or by product and options, as the customer said them."""

    variant: str | None = Field(None, max_length=200, description="External id of the variant in the order.")
    product: str | None = Field(None, max_length=200, description="Name or external id of the product in the order.")
    options: dict[str, str] = Field({}, description='Which one, e.g. {"color": "blue"}.')
    quantity: int | None = Field(None, ge=1, le=10_000, description="Default: all of it in the order.")

    @model_validator(mode="after")
    def _names_something(self) -> Item:
        if self.variant is None and self.product is None and not self.options:
            raise ValueError("name the item by variant, product or options")
        return self


class Replacement(Arguments):
    """Another variant of the same product."""

    variant: str | None = Field(None, max_length=200, description="External id of the new variant, where known.")
    options: dict[str, str] = Field({}, description="Only what changes; the other options stay.")

    @model_validator(mode="after")
    def _names_something(self) -> Replacement:
        if self.variant is None and not self.options:
            raise ValueError("name the new variant by its id or by options")
        return self


def line_of(order: OrderView, item: Item) -> LineView:
    """The line that is meant. Problems: 404 `not_in_order`, `ambiguous_item` (with `candidates`)."""
    lines = {line.variant_id: line for line in order.items}
    found = list(lines.values())
    if item.variant is not None:
        found = [line for line in found if item.variant in (line.variant_external_id, str(line.variant_id))]
    elif item.product is not None:
        exact = [line for line in found if item.product in (line.product_external_id, line.variant_external_id)]
        matches = title_matches(item.product, [line.title for line in found])
        found = exact or [line for line, fits in zip(found, matches, strict=True) if fits]
    if item.options:
        found = [found[n] for n in fitting([line.options for line in found], item.options)]
    if not found:
        raise Problem(
            "not_in_order", f"Order {order.number} does not hold that.", status=404, items=_facts(order.items)
        )
    if len(found) > 1:
        raise Problem("ambiguous_item", "Several items of the order fit.", candidates=_facts(found))
    return found[0]


def held(order: OrderView, line: LineView) -> int:
    """Units of the variant in the order, over all its lines."""
    return sum(each.quantity for each in order.items if each.variant_id == line.variant_id)


async def replacement(tx: Tx, line: LineView, to: Replacement) -> VariantInput:
    """The variant that shall take the line's place.

    Problems: `variant_unknown`; `variant_not_found` and `variant_required`, with `candidates` of the same product.
    """
    if to.variant is not None:
        row = await catalog.variant(tx, to.variant)
        if row is None:
            raise Problem("variant_unknown", f"There is no variant {to.variant}.", status=404)
        return VariantInput(variant_id=row.id)
    current = await catalog.variant(tx, str(line.variant_id))
    assert current is not None, "an order's line has a variant"
    names = {name.casefold(): name for name in line.options}
    wanted = {**line.options, **{names.get(name.casefold(), name): value for name, value in to.options.items()}}
    rows = [
        row for row in (await catalog.variants_of(tx, [current.product_id])).get(current.product_id, []) if row.active
    ]
    meant = [rows[n] for n in fitting([row.options for row in rows], wanted)]
    if len(meant) != 1:
        missing = not meant
        raise Problem(
            "variant_not_found" if missing else "variant_required",
            f"{line.title} does not come like that."
            if missing
            else f"{line.title} comes in several variants like that.",
            product={"external_id": line.product_external_id, "title": line.title},
            candidates=[variant_facts(row) for row in (meant or rows) if row.id != line.variant_id],
        )
    return VariantInput(variant_id=meant[0].id)


def _facts(lines: list[LineView]) -> list[dict[str, Any]]:
    return [
        {"variant": line.variant_external_id, "title": line.title, "options": line.options, "quantity": line.quantity}
        for line in lines
    ]
