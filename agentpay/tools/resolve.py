"""From the words that name a product to a variant of the shop.

A model passes what the customer said ("Squall jacket", "RR-42-BL", size L); only the store decides what that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agentpay.commerce import catalog
from agentpay.commerce.catalog import VariantRow
from agentpay.errors import Problem
from agentpay.knowledge.lookup import Match, lookup, title_matches
from agentpay.naming import besides_the_name
from agentpay.store.session import Tx

_WORD = re.compile(r"[^\W_]+")
_SIZES = {
    "extra small": "xs",
    "small": "s",
    "medium": "m",
    "large": "l",
    "extra large": "xl",
    "x-large": "xl",
    "2xl": "xxl",
}
"""Sizes by either of their names."""
_MARGIN = 0.12
"""A best match this far before the next is meant; closer ones are asked about."""
_MOST_CANDIDATES = 6


async def resolve_product(
    tx: Tx, reference: str, options: dict[str, str] | None = None, *, surely: bool = False
) -> list[VariantRow]:
    """The variants on sale of the product that `reference` names; `surely`: none that it names badly will do.

    Problems: `product_not_found`; `ambiguous_product` with `candidates` [{"external_id", "title"}].
    """
    matches = await lookup(tx, reference, limit=_MOST_CANDIDATES + 2)
    if surely:
        matches = [match for match in matches if not match.strange]
    if not matches:
        raise Problem("product_not_found", f"The shop has no product called “{reference}”.", status=404)
    close = [
        match for match in matches if match.score >= matches[0].score - _MARGIN and match.exact == matches[0].exact
    ]
    if len(close) > 1:
        titled = title_matches(reference, [match.title for match in close])
        whole = [match for match, fits in zip(close, titled, strict=True) if fits]
        close = whole if len(whole) == 1 else close  # "the Tarn mixer" is the one titled so, not all that Tarn makes
    by_product = await catalog.variants_of(tx, [match.product_id for match in close])
    if len(close) > 1 and options:
        # "the blue one in 43" may itself say which of two products is meant
        close = [
            m
            for m in close
            if matching(by_product.get(m.product_id, []), besides_the_name(reference, m.title, options))
        ] or close
    if len(close) > 1:
        raise Problem(
            "ambiguous_product",
            f"“{reference}” could be several products.",
            candidates=[_candidate(match, by_product.get(match.product_id, [])) for match in close[:_MOST_CANDIDATES]],
        )
    rows = by_product.get(close[0].product_id, [])
    if not rows:
        raise Problem("product_unavailable", f"{close[0].title} cannot be bought at the moment.", status=409)
    return rows


async def resolve_variant(
    tx: Tx,
    *,
    product: str | None = None,
    variant: str | None = None,
    options: dict[str, str] | None = None,
    surely: bool = False,
) -> VariantRow:
    """The one variant that is meant; `surely` as in `resolve_product`.

    Problems, beside those of `resolve_product`: `variant_required` (several fit) and `variant_not_found` (none has these
    options), both with `product` and `candidates`; `product_required`.
    """
    if variant is not None:
        row = await catalog.variant(tx, variant)
        if row is not None and row.active:
            return row
        if product is None:
            product = variant
    if product is None:
        raise Problem("product_required", "Say which product is meant.")
    exact = await catalog.variant(tx, product)
    if exact is not None and exact.active and not options:
        return exact
    rows = await resolve_product(tx, product, options, surely=surely)
    options = besides_the_name(product, rows[0].title, options or {})
    if len(rows) == 1 and not contradicts(rows[0], options or {}):
        return rows[0]
    meant = matching(rows, options or {})
    if len(meant) == 1:
        return meant[0]
    code = "variant_required" if meant else "variant_not_found"
    detail = f"{rows[0].title} comes in several variants." if meant else f"{rows[0].title} does not come like that."
    raise Problem(
        code,
        detail,
        product={"external_id": rows[0].product_external_id, "title": rows[0].title},
        candidates=[variant_facts(row) for row in (meant or rows)],
    )


def variant_facts(row: VariantRow) -> dict[str, Any]:
    """What may be told of a variant: never its floor."""
    return {
        "external_id": row.external_id or str(row.id),
        "title": row.title,
        "options": row.options,
        "price": row.price,
        "currency": row.currency,
        "available": row.available,
        "in_stock": row.available is None or row.available > 0,
    }


def fitting(options: Sequence[Mapping[str, str]], wanted: Mapping[str, str], title: str = "") -> list[int]:
    """Which of a product's variants fit, by place: exactly, else by the words of a value ("green": "forest green")."""
    wanted = _about(options, wanted, title)
    exact = [n for n, own in enumerate(options) if _fits(own, wanted, _same)]
    return exact or [n for n, own in enumerate(options) if _fits(own, wanted, _says)]


def _about(options: Sequence[Mapping[str, str]], wanted: Mapping[str, str], title: str) -> dict[str, str]:
    """What of the wish is about this product: a shop's option values are words, too, that stand in names ("hand" grinder)
    or were said of a neighbour ("filters for 2-4 cups and a scale in white"). Where nothing of it is, all of it stands."""
    names = {name.casefold() for own in options for name in own}
    values = [value for own in options for value in own.values()]
    titled = set(_WORD.findall(title.casefold()))
    about, foreign = {}, {}
    for name, value in wanted.items():
        had = any(_same(own, value) or _says(own, value) for own in values)
        if had or (name.casefold() in names and not set(_WORD.findall(value.casefold())) <= titled):
            about[name] = value
        elif not set(_WORD.findall(value.casefold())) <= titled:
            foreign[name] = value
    return about or foreign


def _fits(own: Mapping[str, str], wanted: Mapping[str, str], like: Callable[[str, str], bool]) -> bool:
    """Each wanted value is like that of the option of that name, or, where the variant has no such option, like any."""
    named = {name.casefold(): value for name, value in own.items()}
    for name, value in wanted.items():
        candidates = [named[name.casefold()]] if name.casefold() in named else list(named.values())
        if not any(like(candidate, value) for candidate in candidates):
            return False
    return True


def _same(own: str, wanted: str) -> bool:
    return _SIZES.get(own.casefold(), own.casefold()) == _SIZES.get(wanted.casefold(), wanted.casefold())


def _says(own: str, wanted: str) -> bool:
    words = set(_WORD.findall(wanted.casefold()))
    return bool(words) and words <= set(_WORD.findall(own.casefold()))


def contradicts(row: VariantRow, options: dict[str, str]) -> bool:
    """A product with a single variant may lack an option altogether; it contradicts only one that it has otherwise."""
    own = {key.casefold(): text for key, text in row.options.items()}
    options = _about([row.options], options, row.title)
    return any(
        name.casefold() in own and not (_same(own[name.casefold()], value) or _says(own[name.casefold()], value))
        for name, value in options.items()
    )


def matching(rows: Sequence[VariantRow], options: Mapping[str, str]) -> list[VariantRow]:
    """The variants that have the wanted options."""
    title = rows[0].title if rows else ""
    return [rows[n] for n in fitting([row.options for row in rows], options, title)]


def _candidate(match: Match, rows: list[VariantRow]) -> dict[str, Any]:
    return {
        "external_id": match.external_id or str(match.product_id),
        "title": match.title,
        "price_min": min((row.price for row in rows), default=None),
    }
