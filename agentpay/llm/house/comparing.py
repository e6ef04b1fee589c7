"""Products side by side."""

from __future__ import annotations

import re
from collections.abc import Generator

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import describe
from agentpay.llm.house.asking import not_resolved, show
from agentpay.llm.house.products import UNKNOWN, search
from agentpay.llm.house.refs import among
from agentpay.llm.house.stock import availability
from agentpay.llm.house.talk import Ask, Plan, Talk

_AND = re.compile(r"\s*(?:,|\band\b|\bor\b|\bvs\.?|\bversus\b|\bwith\b|\bagainst\b|\bto\b|&)\s*", re.I)

_COMPARES = re.compile(r"\b(?:compar\w*|differ\w*|versus|vs|than|better|best|between|or)\b", re.I)
_WHICH = re.compile(r"^\W*(?:(?:and|so|ok|but|well|then)\W+)*(?:which|what)\b", re.I)
_OTHER_ONE = re.compile(r"\bthe (?:\w+er|other) ones?\b", re.I)
"""Another variant of what is spoken of: "and the smaller one?"."""


_OF_A_KIND = re.compile(r"\b(?:differen\w+|compar\w*)\b.*\b(?:your|the|these|all)\b(?: \w+){0,3}? \w+s\W*$", re.I)
_BETWEEN = re.compile(r"^.*\bbetween (?:the |your |an? )?", re.I)
_COUNTED = re.compile(r"^\W*(?:the |your |these |all )*(?:\d|two|three|four|both) (?:of )?", re.I)
_MOST = 3


def compare(talk: Talk, act: ActView) -> Plan:
    references = _compared(talk, act)
    if len(references) == 1 and _OF_A_KIND.search(act.text):
        found = yield Ask("product_search", {"query": _COUNTED.sub("", references[0]), "limit": _MOST})
        products = found.result.get("products", [])
        if len(products) == 1 and len(products[0]["variants"]) > 1:
            show(talk, products, "compared_one")
            return
        references = [product["external_id"] for product in products] or references
    if len(references) < 2 and talk.focus is not None and _OTHER_ONE.search(act.text):
        yield from availability(talk, act)
        return
    if len(references) < 2 and _compares(act) and (yield from _variants_told(talk, *references)):
        return
    if len(references) < 2 and references and not _compares(act):
        yield from search(talk, act)  # "a weekender which is water resistant": one thing is looked for
        return
    if len(references) < 2:
        talk.say("compare_needed")
        talk.expect("compare")
        return
    outcome = yield Ask("compare_products", {"products": references[:5]})
    unknown = not outcome.ok and outcome.result["error"]["code"] in UNKNOWN
    if unknown and talk.focus is not None and (yield from _variants_told(talk)):
        return  # "is the large or the small better?", of the lamp that is spoken of
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="details")
        return
    products = outcome.result["products"]
    if len({product["external_id"] for product in products}) == 1:
        yield from _variants_told(talk, products[0]["external_id"])
        return
    facts = [
        (
            min((describe.fact(name, value)[0] for value in values), key=len),
            [describe.fact(name, value)[1] for value in values],
        )
        for name, values in outcome.result["attributes"].items()
    ]
    rows = [
        ["", *(product["title"] for product in products)],
        ["Price", *(describe.price(talk, product) for product in products)],
        ["In stock", *("yes" if describe.stocked(product) else "no" for product in products)],
        *([name, *values] for name, values in facts),
    ]
    table = [f"| {' | '.join(row)} |" for row in rows]
    table.insert(1, "|" + "---|" * len(rows[0]))
    talk.say_text("\n".join(table))
    talk.focus = None
    talk.say("ask_which")
    talk.expect("choice")


def _variants_told(talk: Talk, reference: str | None = None) -> Generator[Ask, ToolOutcome, bool]:
    """Whether one product in several variants was meant ("the magpie, 15 or 40?"), and what its own text says of them is told."""
    product = reference or (talk.focus or {}).get("product")
    outcome = (yield Ask("product_details", {"product": product})) if product else None
    if outcome is None or not outcome.ok or len(outcome.result["product"]["variants"]) < 2:
        return False
    found = outcome.result["product"]
    for text in (found["description"], found.get("conversational_description") or ""):
        talk.say_text(text)
    show(talk, [found], "compared_one")
    return True


def _compares(act: ActView) -> bool:
    """Whether a clause says that it compares; "a bag which is waterproof" does not, "which one is lighter?" does."""
    return _COMPARES.search(act.text) is not None or _WHICH.match(act.text) is not None


def _compared(talk: Talk, act: ActView) -> list[str]:
    shown = talk.turn.shown
    if (ordinals := act.entities.get("ordinals")) and len(ordinals) > 1:
        return [shown[n - 1]["external_id"] for n in ordinals if 0 < n <= len(shown)]
    query = act.entities.get("product_query")
    names = [_BETWEEN.sub("", name) for name in act.entities.get("compared", [])]
    if not names and query:
        names = [name for name in _AND.split(query) if name]
    if len(names) == 1 and talk.focus is not None and _compares(act):
        names.append(talk.focus["product"])
    elsewhere = len(names) == 1 and not among(names[0], shown) and not _compares(act)
    if len(names) < 2 and len(shown) >= 2 and not elsewhere:
        return [product["external_id"] for product in shown[:3]]
    return names
