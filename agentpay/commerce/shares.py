"""What units of an order's line were paid for, and what they become in another variant: pure functions, integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agentpay.commerce.pricing import half_up

TaxOf = Callable[[int, int, int], int]
"""(new net, old net, old tax) → the tax in or on the new net, all in minor units."""


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line as it was paid: `discount` and `tax` are the whole line's. `id` is None for one that is not stored yet."""

    id: UUID | None
    variant_id: UUID
    quantity: int
    unit_price: int
    discount: int
    tax: int

    @property
    def net(self) -> int:
        return self.unit_price * self.quantity - self.discount

    def paid(self, *, tax_included: bool) -> int:
        return self.net + (0 if tax_included else self.tax)

    def as_json(self) -> dict[str, Any]:
        return {
            "variant_id": str(self.variant_id),
            "quantity": self.quantity,
            "unit_price": self.unit_price,
            "discount": self.discount,
            "tax": self.tax,
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """Units that left a line before, and the discount and tax they took with them."""

    quantity: int = 0
    discount: int = 0
    tax: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """What units become: a variant at today's price. `floor` bounds it with the discount that is carried over."""

    variant_id: UUID
    unit_price: int
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """`quantity` units of a variant become `to_quantity` units of the target; without a target, of the same variant."""

    variant_id: UUID
    quantity: int
    to: Target
    to_quantity: int


def share(whole: int, units: int, quantity: int, *, taken: int = 0, given: int = 0) -> int:
    """The part of `whole` that belongs to `quantity` more of `units`, when `taken` of them got `given` before.

    However the units are taken, the parts of all of them sum to `whole` exactly.
    """
    return max(half_up(whole * (taken + quantity), units) - given, 0)


def part_of(line: PaidLine, quantity: int, taken: Taken | None = None) -> PaidLine:
    """`quantity` units of the line with their shares, beside those that left it before."""
    taken = taken or Taken()
    return replace(
        line,
        quantity=quantity,
        discount=share(line.discount, line.quantity, quantity, taken=taken.quantity, given=taken.discount),
        tax=share(line.tax, line.quantity, quantity, taken=taken.quantity, given=taken.tax),
    )


def without(line: PaidLine, part: PaidLine) -> PaidLine:
    """The line when a part of it has gone."""
    return replace(
        line,
        quantity=line.quantity - part.quantity,
        discount=line.discount - part.discount,
        tax=line.tax - part.tax,
    )


def become(parts: Sequence[PaidLine], to: Target, quantity: int, tax_of: TaxOf) -> PaidLine:
    """The new line that paid units become. Their discount comes along as an amount, as far as price and floor allow.

    So the difference is that of the prices. Units beyond those that were paid for have no discount.
    """
    units, discount = sum(part.quantity for part in parts), sum(part.discount for part in parts)
    carried = share(discount, units, min(quantity, units))
    room = max(to.unit_price - (to.floor or 0), 0) * quantity
    net, tax = sum(part.net for part in parts), sum(part.tax for part in parts)
    return _line(to, quantity, min(carried, room), net, tax, tax_of)


def rearrange(lines: Sequence[PaidLine], changes: Sequence[Change], tax_of: TaxOf) -> list[PaidLine] | None:
    """The lines after all changes, each in its place; None where a change takes more units than there are.

    A change never touches what another one made: two variants can be swapped for each other.
    """
    places: list[list[PaidLine]] = [[line] for line in lines]
    for change in changes:
        mine = [place for place in places if place[0].variant_id == change.variant_id and place[0].quantity]
        if not mine or change.quantity > sum(place[0].quantity for place in mine):
            return None
        if change.to.variant_id != change.variant_id:
            parts = _take(mine, change.quantity)
            if change.to_quantity:
                mine[0].append(become(parts, change.to, change.to_quantity, tax_of))
        elif change.to_quantity > change.quantity:  # further units, taxed like those there are
            line = mine[0][0]
            more = change.to_quantity - change.quantity
            mine[0].append(_line(change.to, more, 0, line.net, line.tax, tax_of))
        else:
            _take(mine, change.quantity - change.to_quantity)
    return [line for place in places for line in place if line.quantity]


def _take(places: Sequence[list[PaidLine]], quantity: int) -> list[PaidLine]:
    """Take units out of the lines, the first ones first."""
    parts = []
    for place in places:
        part = part_of(place[0], min(quantity, place[0].quantity))
        if part.quantity:
            place[0] = without(place[0], part)
            parts.append(part)
            quantity -= part.quantity
    return parts


def _line(to: Target, quantity: int, discount: int, old_net: int, old_tax: int, tax_of: TaxOf) -> PaidLine:
    tax = tax_of(to.unit_price * quantity - discount, old_net, old_tax)
    return PaidLine(None, to.variant_id, quantity, to.unit_price, discount, tax)
