"""Products, variants, carts and checkouts in words, from what tools answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentpay.llm.house.talk import Talk

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
FEW = 3
"""From this many units down the number left is worth saying."""


def options(values: dict[str, Any]) -> str:
    """{"size": "43", "color": "blue"} → "43, blue"; "" without options."""
    return ", ".join(str(value) for value in values.values())


def what(title: str, values: dict[str, Any]) -> str:
    """A variant by name: "Squall jacket (M, black)"."""
    return f"{title} ({options(values)})" if values else title


def first_sentence(text: str) -> str:
    return _SENTENCE.split(text.strip(), maxsplit=1)[0] if text else ""


def price(talk: Talk, product: dict[str, Any]) -> str:
    low, high = product["price_min"], product["price_max"]
    return talk.money(low) if low == high else f"{talk.money(low)} to {talk.money(high)}"


def stocked(product: dict[str, Any]) -> bool:
    return any(variant["available"] is None or variant["available"] > 0 for variant in product["variants"])


def product_line(talk: Talk, number: int | None, product: dict[str, Any]) -> str:
    """A line of a list: name, price, why, and whether it is sold out."""
    head = f"{number}. " if number is not None else ""
    note = "" if stocked(product) else " (out of stock)"
    reason = (
        f": {first_sentence(product['description'])}"
        if product["description"] and talk.turn.verbosity != "short"
        else ""
    )
    return f"{head}**{product['title']}**, {price(talk, product)}{note}{reason}"


def variants(rows: Sequence[dict[str, Any]], most: int = 8) -> str:
    """ "M, black; L, black and 3 more" """
    names = list(dict.fromkeys(options(row["options"]) or row["title"] for row in rows))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(names[:most]) + more


def listing(parts: Sequence[str], last: str = "and") -> str:
    """["a", "b", "c"] → "a, b and c"."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def cart_lines(talk: Talk) -> str:
    """The cart, a line an item, and what it comes to."""
    cart = talk.cart
    lines = [
        f"- {line['quantity']} × {what(line['title'], line['options'])}: {talk.money(line['line_total'])}"
        for line in cart["items"]
    ]
    if cart["discount"]:
        code = f" ({cart['discount_code']})" if cart["discount_code"] else ""
        lines.append(f"- Discount{code}: -{talk.money(cart['discount'])}")
    return "\n".join(lines)


def checkout_parts(talk: Talk, checkout: dict[str, Any]) -> str:
    """ " (goods $378.00, discount -$37.80, Standard shipping free)"; "" where the total says it all."""
    parts = []
    if checkout["discount"]:
        parts += [f"goods {talk.money(checkout['subtotal'])}", f"discount -{talk.money(checkout['discount'])}"]
    if option := checkout["shipping_option"]:
        amount = talk.money(checkout["shipping"]) if checkout["shipping"] else "free"
        name = option["name"] if "shipping" in option["name"].casefold() else f"{option['name']} shipping"
        parts.append(f"{name} {amount}")
    if checkout["tax"]:
        parts.append(f"{'including' if checkout['tax_included'] else 'plus'} {talk.money(checkout['tax'])} tax")
    return f" ({', '.join(parts)})" if parts else ""
