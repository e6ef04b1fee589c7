"""Which line of the cart is meant: by place, by name, by its options, what was just spoken of, or the only one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.facts import content
from agentpay.llm.house.refs import among, having, named, stems
from agentpay.llm.house.talk import Talk
from agentpay.naming import besides_the_name

_SO_MANY = re.compile(r"\bwill do\b|\bactually\W*$|\b(?:need|rather|prefer|make|only|just|enough)\b", re.I)
_NUMBER_ALONE = re.compile(r"^\W*(?:\d{1,3}|two|three|four|five|six)(?:\W+(?:please|pls|then))?\W*$", re.I)
MORE = re.compile(r"\b(?:more|another|again|also|too|as well|extra|second)\b", re.I)
_SAYS_WHICH = re.compile(r"\bin\b|\d[.,]\d|\bsize\b", re.I)
_SHORTENED = 4
"""So many letters of a word say which line of a cart is meant."""
_NO_OTHER = frozenset({"pronoun", "amount", "amount_off", "percent", "currency", "codes", "price_max"})
"""What a clause may say without naming anything more than lies in the cart."""
_OPEN = frozenset({"variant", "product", "choice", "confirm_add"})
"""Questions that are answered by goods."""
_MENDS = frozenset({"change_cart", "remove_from_cart"})
_FURTHER = re.compile(r"\b(?:plus|also|add|and|too|as well)\b", re.I)


def spoken_of_line(talk: Talk) -> dict[str, Any] | None:
    """The line of the cart that was spoken of last, or the only one."""
    lines: list[dict[str, Any]] = talk.cart.get("items", [])
    focus = talk.focus or {}
    for line in lines:
        if line["variant_external_id"] and line["variant_external_id"] in (focus.get("variant"), focus.get("product")):
            return line
    of_product = [line for line in lines if focus and line["product_external_id"] == focus.get("product")]
    if len(of_product) == 1:
        return of_product[0]
    return lines[0] if len(lines) == 1 else None


def cart_ref(talk: Talk, act: ActView) -> dict[str, Any]:
    """The line of the cart that is meant: by place, by name, what was just spoken of, or the only one."""
    lines = talk.cart.get("items", [])
    options = act.entities.get("options", {})
    extra = {"options": options} if options else {}
    if (ordinals := act.entities.get("ordinals")) and 0 < abs(ordinals[0]) <= len(lines):
        line = lines[ordinals[0] - 1 if ordinals[0] > 0 else ordinals[0]]
        return {"product": line["variant_external_id"] or line["variant_id"], **extra}
    if query := named(act):
        known = among(query, [{"title": line["title"], "line": line} for line in lines])
        known = known or _begun_with(query, lines)
        titles = {entry["line"]["product_external_id"] for entry in known}
        if len(titles) == 1 and titles != {None}:
            wished = besides_the_name(query, known[0]["title"], options)
            return {"product": titles.pop(), **({"options": wished} if wished else {})}
        return {"product": query, **extra}
    spoken = (talk.focus or {}).get("variant")
    meant = with_options_named(lines, options)
    if meant and all(line["variant_external_id"] != spoken for line in meant):
        spoken = None  # what was spoken of has no such option
    if spoken and any(line["variant_external_id"] == spoken for line in lines):
        product = next(line for line in lines if line["variant_external_id"] == spoken)
        return {"product": product["product_external_id"] or spoken, **(extra or {"options": product["options"]})}
    if len(lines) == 1:
        return {"product": lines[0]["product_external_id"] or lines[0]["variant_external_id"], **extra}
    if len(fitting := with_options_named(lines, options)) == 1:
        return {"product": fitting[0]["product_external_id"] or fitting[0]["variant_external_id"], **extra}
    return extra


def _begun_with(query: str, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines in whose titles each word of a name begins one: "the choc", of chocolates."""
    words = stems(query)
    short = all(len(word) >= _SHORTENED for word in words)
    return [
        {"title": line["title"], "line": line}
        for line in lines
        if words and short and all(any(own.startswith(word) for own in stems(line["title"])) for word in words)
    ]


def with_options_named(lines: list[dict[str, Any]], options: dict[str, str]) -> list[dict[str, Any]]:
    """The lines that come in what is wanted of them: "the 20 litre one instead" means what has a volume."""
    names = {name.casefold() for name in options}
    return [line for line in lines if names and names <= {name.casefold() for name in line["options"]}]


def line_of(lines: list[dict[str, Any]], ref: dict[str, Any]) -> dict[str, Any] | None:
    """A line of the product that `ref` names by its id; None where it names none of the cart."""
    return next((line for line in lines if ref.get("product") and ref["product"] == line["product_external_id"]), None)


def lines_of(lines: list[dict[str, Any]], line: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in lines if one["product_external_id"] == line["product_external_id"]]


def line_with(lines: list[dict[str, Any]], options: dict[str, str]) -> dict[str, Any] | None:
    """The one line of the cart that has these options."""
    fitting = having(lines, options) if options else []
    return fitting[0] if len(fitting) == 1 else None


def number_of_them(lines: list[dict[str, Any]], ref: dict[str, Any]) -> str | None:
    """ "Make the bits 10": the option whose number can only be how many, since what is meant has no such option."""
    meant = [line for line in lines if line["product_external_id"] == ref.get("product")]
    known = {name.casefold() for line in meant for name in line["options"]}
    for name, value in ref.get("options", {}).items():
        if meant and name.casefold() not in known and value.isdigit() and 0 < int(value) <= 999:
            return str(name)
    return None


def counted_anew(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The one line of the cart of which "three of the dripper will do" says how many it shall be."""
    said = bool(_SO_MANY.search(act.text) or (talk.asked_for is None and _NUMBER_ALONE.match(act.text)))
    before = talk.turn.text.partition(act.text)[0]
    mends = any(one.intent in _MENDS and one.text in before for one in talk.turn.acts)
    said = said or (mends and named(act) is not None)  # "make the hose a 10 m one. and 3 fluids", of two in the cart
    if not act.entities.get("quantity") or act.entities.get("options") or not said:
        return None
    lines = [line for line in talk.cart.get("items", []) if line["variant_external_id"]]
    if (name := named(act)) is not None:
        lines = among(name, lines)
    else:
        focus = (talk.focus or {}).get("product")
        lines = [line for line in lines if focus in (line["product_external_id"], line["variant_external_id"])]
    return lines[0] if len(lines) == 1 and MORE.search(act.text) is None else None


def counted_after(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The line that this message itself has put in or changed, of which a later clause says no more than how many:
    "make it the large one. and two of them", "chalk instead, I really need three"."""
    line, own = spoken_of_line(talk), set(act.entities)
    if line is None or not act.entities.get("quantity") or own - {"quantity", "pronoun"}:
        return None
    if MORE.search(act.text) or _SAYS_WHICH.search(act.text):
        return None
    return line if line not in talk.turn.cart.get("items", []) else None


def named_in(text: str, lines: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one line whose title has more of a clause's words than any other's: "a bit off the camera"."""
    said = content(text)
    shared = [len(said & stems(line["title"])) for line in lines]
    best = max(shared, default=0)
    return lines[shared.index(best)] if best and shared.count(best) == 1 else None


def in_cart_already(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The line of the cart that "I take it" and "sold!" are said of: to add it once more has to be said."""
    bare = set(act.entities) <= _NO_OTHER and MORE.search(act.text) is None
    line = spoken_of_line(talk)
    if not bare or line is None or talk.asked_for in _OPEN:
        return None
    focus = talk.focus or {}
    ids = (line["variant_external_id"], line["variant_id"], line["product_external_id"])
    return line if focus.get("variant") in ids or focus.get("product") in ids else None


def names_more(act: ActView, lines: list[dict[str, Any]]) -> bool:
    """Whether further goods are named, of which the cart has none."""
    query = named(act)
    return query is not None and _FURTHER.search(act.text) is not None and not among(query, lines)


def product_of(talk: Talk, changed: dict[str, Any], ref: dict[str, Any]) -> str:
    """The product of a variant that was just put into the cart; how it was named, where the cart does not say."""
    line = next(
        (line for line in talk.cart.get("items", []) if line["variant_external_id"] == changed["external_id"]), None
    )
    return str((line or {}).get("product_external_id") or ref.get("product") or changed["external_id"])
