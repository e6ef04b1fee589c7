"""Products, variants, carts and checkouts in words, from what tools answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentpay.llm.house.talk import Talk

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_TOLD = {"short": 0, "medium": 1, "long": 2}
"""How many sentences of a product's description a list quotes, by the agent's verbosity."""
_UNITS = {"w": "W", "kw": "kW", "v": "V", "ah": "Ah", "mah": "mAh", "nm": "Nm", "hz": "Hz", "gb": "GB", "tb": "TB", "mb": "MB",
          "mm": "mm", "cm": "cm", "m": "m", "km": "km", "g": "g", "grams": "g", "kg": "kg", "lb": "lb", "oz": "oz", "ml": "ml",
          "l": "l", "liters": "l", "litres": "l", "lm": "lm", "min": "min", "minutes": "minutes", "hours": "hours",
          "inches": "inches", "ft": "ft", "gsm": "gsm", "years": "years", "months": "months",
          "weeks": "weeks", "days": "days", "percent": "%"}  # fmt: skip
FEW = 3
"""From this many units down the number left is worth saying."""


def options(values: Mapping[str, Any]) -> str:
    """{"size": "43", "color": "blue"} → "size 43, blue"; "" without options. A bare number says what it is of."""
    return ", ".join(f"{_name(name)} {value}" if str(value).isdigit() else str(value) for name, value in values.items())


def _name(name: str) -> str:
    return name.lower() if name.istitle() else name


def what(title: str, values: Mapping[str, Any]) -> str:
    """A variant by name: "Squall jacket (M, black)"."""
    return f"{title} ({options(values)})" if values else title


def sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE.split(text.strip()) if sentence]


def price(talk: Talk, product: dict[str, Any]) -> str:
    low, high = product["price_min"], product["price_max"]
    return talk.money(low) if low == high else f"{talk.money(low)} to {talk.money(high)}"


def stocked(product: dict[str, Any]) -> bool:
    return any(variant["available"] is None or variant["available"] > 0 for variant in product["variants"])


def fact(name: str, value: Any) -> tuple[str, str]:
    """An attribute as its name and its value: ("blade_mm", 190) → ("blade", "190 mm")."""
    words = name.replace("_", " ").split()
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    unit = _UNITS.get(words[-1].casefold()) if len(words) > 1 else None
    if unit is not None and text.replace(".", "").replace(",", "").isdigit():
        return " ".join(words[:-1]), f"{text} {unit}"
    return " ".join(words), text


def product_line(talk: Talk, number: int | None, product: dict[str, Any]) -> str:
    """A line of a list: name, price, why, and whether it is sold out."""
    head = f"{number}. " if number is not None else ""
    note = "" if stocked(product) else " (out of stock)"
    told = " ".join(sentences(product["description"] or "")[: _TOLD[talk.turn.verbosity]])
    reason = f": {told}" if told else ""
    return f"{head}**{product['title']}**, {price(talk, product)}{note}{reason}"


def variants(
    talk: Talk, rows: Sequence[dict[str, Any]], most: int = 8, *, instead_of: Mapping[str, Any] | None = None
) -> str:
    """ "M, black; L, black and 3 more": what all have in common is left out, prices are told where they differ.

    `instead_of`: the options that were wanted; what all have otherwise than that is said.
    """
    wanted = {name.casefold(): str(value).casefold() for name, value in (instead_of or {}).items()}
    shared = {
        name
        for name in _shared([row["options"] for row in rows])
        if wanted.get(name.casefold()) in (None, str(rows[0]["options"][name]).casefold())
    }
    priced = len({row["price"] for row in rows}) > 1
    names: dict[str, None] = {}
    for row in rows:
        name = options({name: value for name, value in row["options"].items() if name not in shared}) or row["title"]
        names[f"{name} ({talk.money(row['price'])})" if priced else name] = None
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return "; ".join(list(names)[:most]) + more


def _shared(options_of: Sequence[Mapping[str, Any]]) -> set[str]:
    """The options in which several variants do not differ."""
    if len(options_of) < 2:
        return set()
    return {name for name, value in options_of[0].items() if all(own.get(name) == value for own in options_of[1:])}


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


def address(given: Mapping[str, Any]) -> str:
    """A postal address in one line: "7 Elm Hill, NR3 1HN Norwich, GB"."""
    place = " ".join(part for part in (given.get("postal_code"), given["city"]) if part)
    return ", ".join(part for part in (given["line1"], given.get("line2"), place, given.get("country")) if part)
