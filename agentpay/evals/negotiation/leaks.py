"""Looks for a floor in what leaves the service: bodies of HTTP answers, events of streams, webhooks, lines of logs.

A leak is a floor, in one of its usual writings, where nobody but the shop could have put it. Not a leak is the same number
where it stands for something else that the reader knows: the buyer named that price (it is echoed in transcripts and as what
was asked), it is the price or in the text of a product that is shown there, what a discount comes to, or no money at all
(a quantity, a duration, part of an id). Such coincidences are counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from agentpay.evals.negotiation.histories import Product

Kind = Literal["leak", "echo", "coincidence"]
NO_MONEY = frozenset(
    {
        "quantity",
        "elapsed_ms",
        "score",
        "confidence",
        "from",
        "version",
        "on_hand",
        "reserved",
        "available",
        "weight_grams",
    }
    | {"hesitation_signals", "input_tokens", "output_tokens", "total_tokens", "attempt"}
)
"""Keys of numbers that are no amounts."""
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?::\d+)?|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?"
)
_COUNTS = re.compile(r"(?m)^\d+\. |\b\d+ × ")
"""Numbers of a list's lines, and of pieces."""
_AMOUNT = re.compile(r"(?<![\w.,])\d[\d,]*\.\d\d(?![\w-]|[.,]\d)")
_MINUS = re.compile(r"[-−]\s?[$€£¥]?\s?$")
"""Before an amount that is taken off."""
_CONTEXT = 40


@dataclass(frozen=True, slots=True)
class Sighting:
    """A floor that was seen. `where`: the key it stood under; `excerpt`: what stood around it."""

    kind: Kind
    product: str
    where: str
    excerpt: str


@dataclass(slots=True)
class Catalogue:
    """What everybody may read of a shop: prices and texts, and which numbers stand in them."""

    products: Sequence[Product]
    _numbers: dict[str, frozenset[str]] = field(default_factory=dict)

    def numbers(self, product: Product) -> frozenset[str]:
        """Every number in what is public of a product, as it is written there and as its price is written."""
        known = self._numbers.get(product.external_id)
        if known is None:
            texts = f"{product.title} {product.description} {product.external_id}"
            known = frozenset(re.findall(r"\d+(?:[.,]\d+)*", texts)) | frozenset(writings(product.list_price))
            self._numbers[product.external_id] = known
        return known

    def shown_in(self, body: str) -> list[Product]:
        return [product for product in self.products if product.external_id in body or product.title in body]


@cache
def writings(amount: int) -> tuple[str, ...]:
    """How cents are usually written: 129900 as 129900, 1299.00, 1,299.00, 1.299,00, and where they are none as 1299."""
    whole, rest = divmod(amount, 100)
    found = {str(amount), f"{whole}.{rest:02}", f"{whole},{rest:02}", f"{whole:,}.{rest:02}"}
    found.add(f"{whole:,}".replace(",", ".") + f",{rest:02}")
    if rest % 10 == 0:
        found.add(f"{whole}.{rest // 10}")
    if rest == 0:
        found |= {str(whole), f"{whole:,}"}
    return tuple(sorted(found))


@cache
def _pattern(amount: int) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,-])(?:{'|'.join(map(re.escape, writings(amount)))})(?![\w-]|[.,]\d)")


def in_body(body: str, product: Product, catalogue: Catalogue, named: Collection[int]) -> Iterator[Sighting]:
    """Sightings of a product's floor in a JSON body, or in a stream of events.

    `named`: the prices the buyer has named so far, in cents.
    """
    floor = product.floor
    if not any(writing in body for writing in writings(floor)):
        return
    public: frozenset[str] | None = None
    for data in _documents(body):
        for path, leaf, parent in _leaves(data):
            key = path.rpartition(".")[2]
            if key in NO_MONEY:
                hits = []
            elif isinstance(leaf, int):
                hits = [(str(leaf), _difference(key, parent, floor))] if leaf == floor else []
            else:
                text = _COUNTS.sub(" ", _ID.sub(" ", leaf))
                hits = [(match[0], _subtracted(text, match.start(), floor)) for match in _pattern(floor).finditer(text)]
            for hit, taken_off in hits:
                if public is None:
                    shown = [product, *catalogue.shown_in(body)]
                    public = frozenset().union(*(catalogue.numbers(each) for each in shown))
                coincidence = taken_off or hit in public
                kind: Kind = "echo" if floor in named else "coincidence" if coincidence else "leak"
                yield Sighting(kind, product.external_id, path, _around(leaf, hit))


def in_log(line: str, product: Product, catalogue: Catalogue) -> Iterator[Sighting]:
    """Sightings in a line of a log, where a number means nothing by itself: an amount with cents, or near the word floor."""
    text = _ID.sub(" ", line)
    for match in _pattern(product.floor).finditer(text):
        near = text[max(match.start() - _CONTEXT, 0) : match.end() + _CONTEXT].casefold()
        if "." in match[0] or "," in match[0] or "floor" in near or product.external_id in line:
            public = catalogue.numbers(product).union(*(catalogue.numbers(each) for each in catalogue.shown_in(line)))
            yield Sighting(
                "coincidence" if match[0] in public else "leak", product.external_id, "log", line.strip()[:300]
            )


def _difference(key: str, parent: dict[str, Any], floor: int) -> bool:
    """Whether it is the discount between a subtotal and a total that stand beside it."""
    subtotal, total = parent.get("subtotal"), parent.get("total")
    return key == "discount" and isinstance(subtotal, int) and isinstance(total, int) and subtotal - total == floor


def _subtracted(text: str, start: int, floor: int) -> bool:
    """Whether what begins at `start` has a minus sign, and is the difference of two other amounts of the same line.

    "comes to $23.00 (goods $38.99, discount -$15.99)": who knows the two knows the third.
    """
    if _MINUS.search(text[:start]) is None:
        return False
    line = text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0]
    amounts = {int(re.sub(r"[.,]", "", written)) for written in _AMOUNT.findall(line)} - {floor}
    return any(amount + floor in amounts for amount in amounts)


def _documents(body: str) -> Iterator[Any]:
    """The JSON in a body: all of it, or each event's data; what is no JSON is looked through as text."""
    try:
        yield json.loads(body)
        return
    except ValueError:
        pass
    for line in body.splitlines():
        text = line.removeprefix("data:").strip()
        try:
            yield json.loads(text)
        except ValueError:
            yield text


def _leaves(
    data: Any, path: str = "", parent: dict[str, Any] | None = None
) -> Iterator[tuple[str, int | str, dict[str, Any]]]:
    """Numbers and texts with the path to them (keys, without places in lists) and the object they are in."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}", data)
    elif isinstance(data, list):
        for value in data:
            yield from _leaves(value, path, parent)
    elif isinstance(data, str) or (isinstance(data, int) and not isinstance(data, bool)):
        yield path, data, parent or {}
    elif isinstance(data, float):
        yield path, str(data), parent or {}


def _around(leaf: int | str, hit: str) -> str:
    text = str(leaf)
    at = max(text.find(hit), 0)
    return text[max(at - _CONTEXT, 0) : at + len(hit) + _CONTEXT]
