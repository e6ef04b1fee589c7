"""What a clause refers to: by name, by place in what was shown, or by "it"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.sizes import LETTERS, same
from agentpay.llm.house.talk import Talk
from agentpay.money import digits
from agentpay.naming import besides_the_name

_WORD = re.compile(r"[a-z0-9]+")
_IN_ES = ("ches", "shes", "sses", "xes")
"""Plurals of two letters: pouches, brushes, glasses, boxes."""
_SUPERLATIVE = re.compile(r"\b(?:(cheap\w*|least expensive|lowest)|most expensive|dearest|priciest)\b", re.I)
_POINTS = re.compile(
    r"(?<!\bfor )(?<!\bfits )(?<!\bfit )(?<!\bwith )\b(?:it|that|this|them|these|those|both)\b(?!')(?=\W*(?P<next>\w+)?)",
    re.I,
)
"""Not what something is for or goes with: "strings for it"."""
_WHOLE = re.compile(r"(?<![\w.,])[$€£]?(\d{1,6})(?![\w%]|[.,]\d)")
_TRAILS = re.compile(
    r"(?:\W+(?:actually|though|tho|not \d+|obviously|of course))+\W*$|\s+(?:because|cos|cause|cuz|since)\b.*$", re.I
)
"""What stands behind a name and belongs to none."""
SAYS_WHICH = frozenset(
    {"one", "s", "fine", "other", "middle", "medium", "cheap", "cheaper", "cheapest", "big", "bigger", "biggest", "large",
     "larger", "largest", "small", "smaller", "smallest", "little", "tall", "taller", "short", "shorter", "long", "longer"}
)  # fmt: skip
"""Words that say which of several is meant, and never what."""
PRICED = frozenset({"amount", "price_max", "percent", "amount_off"})
"""What a clause may say of a price it wants."""
_COUNTED_IN = re.compile(r"(?:pairs?|sets?|packs?|packets?|pieces?|units?)", re.I)
_ANOTHER = re.compile(r"\b(?:other|another|different|smaller|bigger|larger|cheaper|else)\b", re.I)
_SAME = re.compile(r"\b(that|this|the same|same)\s+(size|colou?r|one|kind|model|version)\b", re.I)


_REMEMBERED = 4
"""So many products that were spoken of are kept in mind."""


def target(talk: Talk, act: ActView) -> dict[str, Any]:
    """{"product"?, "options"?} as tools take them. No "product": nothing was named and nothing was spoken of."""
    entities = act.entities
    options = dict(entities.get("options", {}))
    query = named(act)
    shown = talk.turn.shown
    if (ordinals := entities.get("ordinals")) and (product := _at(shown, ordinals[0])) is not None:
        return _with(product["external_id"], _as_searched(talk, product, options))
    if query:
        known = among(query, shown)
        if len(known) > 1:
            known = [product for product in known if product["title"].casefold() == query.casefold()]
        if len(known) == 1:
            wished = besides_the_name(query, known[0]["title"], options)
            return _with(known[0]["external_id"], _as_searched(talk, known[0], wished))
        return _with(query, options)
    if (place := _SUPERLATIVE.search(act.text)) and len(shown) > 1:
        ranked = sorted(shown, key=lambda product: product["price_min"])
        return _with(ranked[0 if place[1] else -1]["external_id"], options)
    if talk.focus is not None and undecided(talk, act):
        return _with(None, options)
    if talk.focus is not None:
        if (line := _line_coming_so(talk, options)) is not None:
            return _with(line["product_external_id"], overlaid(line["options"], options))
        other = _only_other_with(talk, options)
        return _with(other or talk.focus["product"], options if other else _carried(talk, act, options))
    if len(shown) == 1:
        return _with(shown[0]["external_id"], options)
    fitting = [product for product in shown if options and _has(product, options)]
    if len(fitting) == 1:
        return _with(fitting[0]["external_id"], options)
    lines = talk.cart.get("items", [])
    if len(lines) == 1 and not shown:
        return _with(lines[0]["product_external_id"] or lines[0]["variant_external_id"], options)
    return _with(None, options)


def _line_coming_so(talk: Talk, options: dict[str, str]) -> dict[str, Any] | None:
    """ "Is sunburst in as well?", with strings put in last: the only line of the cart that has such an option, where those have none."""
    lines = [line for line in talk.cart.get("items", []) if line["product_external_id"]]
    names = {name.casefold() for name in options}
    fitting = [line for line in lines if names and names <= {name.casefold() for name in line["options"]}]
    spoken = (talk.focus or {}).get("product")
    own = [line for line in lines if spoken in (line["product_external_id"], line["variant_external_id"])]
    return fitting[0] if len(fitting) == 1 and own and fitting[0] not in own else None


def _only_other_with(talk: Talk, options: dict[str, str]) -> str | None:
    """ "In charcoal, please": the only product of the last list that comes so, where the one spoken of does not."""
    shown = talk.turn.shown
    if not options or all(product["external_id"] != (talk.focus or {}).get("product") for product in shown):
        return None
    fitting = [product for product in shown if _has(product, options)]
    named_so = [product for product in fitting if _has_named(product, options)]
    focus = (talk.focus or {}).get("product")
    if named_so and all(product["external_id"] != focus for product in named_so):
        fitting = named_so  # "two blacks", of ink: a printer that comes in black is not meant
    other = fitting[0]["external_id"] if len(fitting) == 1 else None
    return None if other is None or other == (talk.focus or {}).get("product") else str(other)


def priced(talk: Talk, text: str) -> str | None:
    """The product of the last list that is named by its price: "80 quid is steep", of one at 79.99."""
    said = {int(number) for number in _WHOLE.findall(text)}
    unit = 10 ** digits(talk.turn.currency)
    meant = {
        product["external_id"]
        for product in talk.turn.shown
        if said & {product["price_min"] // unit, -(-product["price_min"] // unit)}
    }
    return meant.pop() if len(meant) == 1 else None


def is_superlative(act: ActView) -> bool:
    """ "the cheapest", "which is cheaper", "the most expensive one"."""
    return _SUPERLATIVE.search(act.text) is not None


def undecided(talk: Talk, act: ActView) -> list[dict[str, Any]]:
    """Several products of the last list that "the black one" can mean; empty where one is meant, or none was shown."""
    options = act.entities.get("options", {})
    if not act.entities.get("pronoun") or not options or named(act):
        return []
    fitting = [product for product in talk.turn.shown if _has(product, options)]
    if talk.focus is not None:
        # "Two blacks of those", of ink: the printer spoken of, which comes in black, is not meant
        fitting = [product for product in fitting if _has_named(product, options)]
        focus = talk.focus["product"]
        if all(product["external_id"] != focus for product in talk.turn.shown) or any(
            product["external_id"] == focus for product in fitting
        ):
            return []
    return fitting if len(fitting) > 1 else []


def named(act: ActView) -> str | None:
    """The product's name in the clause, with the brand where that was taken apart from it."""
    query = _TRAILS.sub("", act.entities.get("product_query") or "") or None
    if query and query.casefold() in {str(value).casefold() for value in act.entities.get("options", {}).values()}:
        query = None  # "black then": the colour, not a product of that name
    if query and act.entities.get("options") and _COUNTED_IN.fullmatch(query):
        query = None  # "a pair for the HiLux": what they are counted in
    if query and stems(query) <= SAYS_WHICH:
        query = None  # "and the big one?"
    brand = act.entities.get("brand")
    if query and brand and brand.casefold() not in query.casefold():
        return f"{brand} {query}"
    return query or brand


def without_name(act: ActView) -> ActView:
    """The clause as if it named no product: "change it to the L, he's grown" names none."""
    kept = {key: value for key, value in act.entities.items() if key not in ("product_query", "brand", "category")}
    return replace(act, entities={**kept, "pronoun": True})


def points_back(talk: Talk, act: ActView) -> bool:
    """Whether a clause speaks of what was spoken of, or of what lies in the cart, whatever else it says: not "that hoover"."""
    name = stems(named(act) or "")
    points = any(not stems(match["next"] or "") & name for match in _POINTS.finditer(act.text))
    elsewhere = bool(name) and not name & stems(act.text)  # "argh. just one then": an outcry, and no name
    return (points or elsewhere or bool(name and act.entities.get("pronoun"))) and (
        talk.focus is not None or bool(talk.cart.get("items"))
    )


def among(query: str, products: Any) -> list[dict[str, Any]]:
    """Which of the products, as they were shown, have every word of `query` in their titles."""
    words = stems(query)
    return [product for product in products if words and words <= stems(product["title"])]


def stems(text: str) -> set[str]:
    """Words without their plural: enough to compare a name with a title that was just shown."""
    return {_singular(word) for word in _WORD.findall(text.casefold())}


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith(_IN_ES):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def stems_in_order(text: str) -> list[str]:
    return [next(iter(stems(word)), "") for word in re.findall(r"[^\W_]+", text)]


def stems_of(values: Iterable[object]) -> set[str]:
    """The stems of all these values, of options and the like."""
    return {word for value in values for word in stems(str(value))}


def kind(title: str) -> str:
    """The kind of thing that a title ends in before what it comes with: a machine, of "Magpie sewing machine, 120 stitches"."""
    words = [
        word for word in stems_in_order(re.split(r"[,(:]| with | for ", title)[0]) if word.isalpha() and len(word) > 1
    ]
    return words[-1] if words else ""


def spoken_of(talk: Talk, product: dict[str, Any], variant: dict[str, Any] | None = None) -> None:
    """Note what the talk is about now."""
    talk.focus = {"product": product["external_id"], "title": product["title"]}
    if variant is not None:
        talk.focus |= {"variant": variant["external_id"], "options": variant["options"]}
    others = [one for one in talk.recent if one["product"] != product["external_id"]]
    talk.recent = [talk.focus, *others][:_REMEMBERED]


def spoken_of_before(talk: Talk, candidates: Any) -> dict[str, Any] | None:
    """Of several products that a name may mean the only one that was spoken of, as `focus`."""
    ids = {one["external_id"] for one in candidates}
    meant = [one for one in talk.recent if one["product"] in ids]
    return meant[0] if len(meant) == 1 else None


def _as_searched(talk: Talk, product: dict[str, Any], options: dict[str, str]) -> dict[str, str]:
    """A list that a blue one was looked for in was shown for the blue ones: "add the first" needs no colour said again."""
    wished = {**(talk.searched or {}).get("options", {}), **options}
    return wished if wished != options and _has(product, wished) else options


def _carried(talk: Talk, act: ActView, options: dict[str, str]) -> dict[str, str]:
    """ "What about the red one in that size?": what was not said anew stays as it was spoken of."""
    assert talk.focus is not None
    before = talk.focus.get("options") or {}
    if _ANOTHER.search(act.text):
        return options
    if not before or not (act.entities.get("pronoun") or options or _SAME.search(act.text)):
        return options
    return overlaid(before, options)


def overlaid(before: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """Options as they were spoken of, with what is said anew: a size replaces a size, whatever the shop calls either."""
    names = {name.casefold() for name in said}
    sized = any(value.casefold() in LETTERS for value in said.values())
    kept = {
        name: value
        for name, value in before.items()
        if name.casefold() not in names and not (sized and value.casefold() in LETTERS)
    }
    return {**kept, **said}


def _with(product: str | None, options: dict[str, str]) -> dict[str, Any]:
    return {**({"product": product} if product else {}), **({"options": options} if options else {})}


def _at(items: Any, place: int) -> dict[str, Any] | None:
    index = place - 1 if place > 0 else len(items) + place
    return items[index] if 0 <= index < len(items) else None


def having(variants: Any, options: dict[str, str]) -> list[dict[str, Any]]:
    """The variants with the wanted options: those whose values are just these, else those whose values have their words."""
    for like in (same, lambda own, value: stems(value) <= stems(own)):
        fitting = [
            variant
            for variant in variants
            if all(any(like(str(own), value) for own in variant["options"].values()) for value in options.values())
        ]
        if fitting:
            return fitting
    return []


def _has_named(product: dict[str, Any], options: dict[str, str]) -> bool:
    """Whether a product has options of just these names."""
    own = {name.casefold() for variant in product["variants"] for name in variant["options"]}
    return {name.casefold() for name in options} <= own


def _has(product: dict[str, Any], options: dict[str, str]) -> bool:
    return bool(having(product["variants"], options))
