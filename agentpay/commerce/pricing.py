"""Totals in integers: pure functions from lines, a code, an offer, shipping and a tax rule to every cent (CONTRACT §4).

All amounts are minor units of one currency. Halves round up. Nothing here reads the database or the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

BASIS = 10_000
"""Basis points in a whole."""


@dataclass(frozen=True, slots=True)
class PricingLine:
    """One line at list price. `floor` is the lowest price per unit; None: a code may go to zero, an offer is impossible."""

    variant_id: UUID
    product_external_id: str | None
    category: str | None
    quantity: int
    unit_price: int
    floor: int | None = None
    taxable: bool = True

    @property
    def list_total(self) -> int:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What a discount code takes off. Empty `products` and `categories`: every line is eligible, else either may match."""

    type: Literal["percentage", "fixed"]
    basis_points: int = 0
    amount: int = 0
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferPrice:
    """A negotiated price per unit of one variant, for `quantity` units at most."""

    variant_id: UUID
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class TaxRule:
    """`included`: prices and shipping contain the tax. Else it comes on top of goods, and of shipping where `shipping`."""

    basis_points: int
    included: bool = False
    shipping: bool = False


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """A line's share: `discount` is offer and code together, `tax` is on the line after discount."""

    variant_id: UUID
    discount: int
    tax: int
    offer_discount: int
    code_discount: int


@dataclass(frozen=True, slots=True)
class Totals:
    """`total = subtotal - discount + shipping + (0 if tax_included else tax)`; `tax` is the lines' plus `shipping_tax`.

    `capped`: a floor kept the code from taking all that it would.
    """

    subtotal: int
    discount: int
    shipping: int
    tax: int
    tax_included: bool
    total: int
    lines: list[LineAmounts]
    capped: bool
    code_discount: int
    offer_discount: int
    shipping_tax: int

    @property
    def goods(self) -> int:
        """Goods after discounts: what shipping bounds look at."""
        return self.subtotal - self.discount


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator for non-negative integers, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Splits `amount` in proportion to `weights` by largest remainder; the parts sum to `amount` exactly.

    Ties go to the earlier weight. With `amount <= sum(weights)` no part exceeds its weight. All weights 0: all parts 0.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def allocate_within(amount: int, weights: Sequence[int], rooms: Sequence[int]) -> list[int]:
    """As `allocate`, but no part exceeds its room: what a full line cannot take goes to the others where possible."""
    parts = [0] * len(weights)
    open_lines = [i for i, weight in enumerate(weights) if weight > 0 and rooms[i] > 0]
    left = amount
    while left > 0 and open_lines:
        shares = dict(zip(open_lines, allocate(left, [weights[i] for i in open_lines]), strict=True))
        full = [i for i in open_lines if shares[i] >= rooms[i]]
        for i in full or open_lines:
            parts[i] = min(shares[i], rooms[i])
            left -= parts[i]
        open_lines = [i for i in open_lines if i not in full] if full else []
    return parts


def in_category(category: str | None, prefix: str) -> bool:
    """Whether a category path lies at or under `prefix`: "Clothing" holds "Clothing > Jackets", not "Clothing care"."""
    path = [part.strip().casefold() for part in (category or "").split(">")]
    start = [part.strip().casefold() for part in prefix.split(">")]
    return path[: len(start)] == start


def is_eligible(rule: CodeRule, line: PricingLine) -> bool:
    """Whether the code may take something off this line (CONTRACT §5, discounts)."""
    if not rule.products and not rule.categories:
        return True
    return line.product_external_id in rule.products or any(
        in_category(line.category, prefix) for prefix in rule.categories
    )


def _offer_discounts(lines: Sequence[PricingLine], offer: OfferPrice | None) -> list[int]:
    """What the offer takes off each line; a floor that has risen since bounds it."""
    discounts = [0] * len(lines)
    units = offer.quantity if offer else 0
    for i, line in enumerate(lines):
        if offer is None or line.variant_id != offer.variant_id or units <= 0:
            continue
        covered = min(units, line.quantity)
        discounts[i] = covered * max(line.unit_price - max(offer.amount, line.floor or 0), 0)
        units -= covered
    return discounts


def _code_discounts(
    lines: Sequence[PricingLine], rule: CodeRule | None, after_offer: Sequence[int]
) -> tuple[list[int], bool]:
    """What the code takes off each line, and whether a floor kept it from taking all of it.

    A percentage is taken of the eligible sum, half up, and spread by largest remainder; each line then stops at its
    floor. A fixed amount is taken once, never more than the eligible sum; what a floor holds back goes to other lines.
    """
    if rule is None:
        return [0] * len(lines), False
    weights = [left if is_eligible(rule, line) else 0 for line, left in zip(lines, after_offer, strict=True)]
    rooms = [max(weight - (line.floor or 0) * line.quantity, 0) for line, weight in zip(lines, weights, strict=True)]
    eligible = sum(weights)
    if rule.type == "percentage":
        wanted = half_up(eligible * min(rule.basis_points, BASIS), BASIS)
        parts = [min(part, room) for part, room in zip(allocate(wanted, weights), rooms, strict=True)]
    else:
        wanted = min(rule.amount, eligible)
        parts = allocate_within(wanted, weights, rooms)
    return parts, sum(parts) < wanted


def tax_on(amount: int, rule: TaxRule | None) -> int:
    """Tax in (`included`) or on top of an amount, half up."""
    if rule is None:
        return 0
    return half_up(amount * rule.basis_points, BASIS + rule.basis_points if rule.included else BASIS)


def compute(
    lines: Sequence[PricingLine],
    discount: CodeRule | None = None,
    offer: OfferPrice | None = None,
    shipping_amount: int = 0,
    tax_rule: TaxRule | None = None,
) -> Totals:
    """The totals of CONTRACT §4. The offer comes first, the code applies to what is left, a floor bounds both together."""
    offered = _offer_discounts(lines, offer)
    after_offer = [line.list_total - off for line, off in zip(lines, offered, strict=True)]
    coded, capped = _code_discounts(lines, discount, after_offer)
    amounts = [
        LineAmounts(
            variant_id=line.variant_id,
            discount=by_offer + by_code,
            tax=tax_on(line.list_total - by_offer - by_code, tax_rule) if line.taxable else 0,
            offer_discount=by_offer,
            code_discount=by_code,
        )
        for line, by_offer, by_code in zip(lines, offered, coded, strict=True)
    ]
    included = tax_rule is not None and tax_rule.included
    shipping_tax = tax_on(shipping_amount, tax_rule) if tax_rule and (tax_rule.included or tax_rule.shipping) else 0
    subtotal = sum(line.list_total for line in lines)
    taken = sum(line.discount for line in amounts)
    tax = sum(line.tax for line in amounts) + shipping_tax
    return Totals(
        subtotal=subtotal,
        discount=taken,
        shipping=shipping_amount,
        tax=tax,
        tax_included=included,
        total=subtotal - taken + shipping_amount + (0 if included else tax),
        lines=amounts,
        capped=capped,
        code_discount=sum(coded),
        offer_discount=sum(offered),
        shipping_tax=shipping_tax,
    )
