"""Lists: "two mugs, one in blue, and a lid, please" goes on with what was begun."""

from __future__ import annotations

import re

from agentpay.intents.segment import Clause
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act, Entities

_GUESSED = 0.65
"""How sure a search is that no rule names, but words of the shop."""
_POLITE = re.compile(r"\b(?:please|pls|plz)\W*$", re.IGNORECASE)


def completes(clause: Clause, act: Act, before: list[Act]) -> bool:
    """Whether the clause only says how many, or which, of what the one before put into the cart; if so it is joined to that."""
    said, own = before[-1] if before else None, act.entities
    if not (clause.listed and said):
        return False
    last = said.entities
    if said.intent is I.PRODUCT_SEARCH and act.intent is I.PRODUCT_SEARCH and _only_which(own, last):
        last.options, last.also = {**last.options, **own.options}, {**own.also, **last.also}
        return True
    if said.intent is not I.ADD_TO_CART:
        return False
    if _only_which(own, last):
        last.options, last.also = {**last.options, **own.options}, {**own.also, **last.also}
        return True
    if act.intent is I.PROVIDE_DETAILS and own.quantity and last.quantity is None:
        last.quantity, last.options = own.quantity, {**own.options, **last.options}
        own.quantity, own.options = None, {}
    if act.intent is not I.ADD_TO_CART:
        return False
    repeated = own.pronoun and own.product_query == last.product_query
    if not (repeated and last.product_query and last.quantity is None) or any(
        own.options.get(k, v) != v for k, v in last.options.items()
    ):
        return False
    last.quantity, last.options = own.quantity, {**last.options, **own.options}
    return True


def order_listed(acts: list[Act], clause: Clause) -> None:
    """ "A ukulele, a stand and two packs of picks, please": what is counted in a bare list is wanted, and so is the rest of it.

    As is what a bare list names with its size or colour: "the jacket in M and the gloves in L".
    """
    if len(acts) < 2 or clause.question or any(act.intent is not I.PRODUCT_SEARCH for act in acts):
        return
    ordered = any(act.entities.quantity or _POLITE.search(act.text) for act in acts)
    chosen = all(act.entities.product_query and act.entities.options for act in acts)
    if acts[0].confidence <= _GUESSED and (ordered or chosen):
        for act in acts:
            act.intent, act.confidence = I.ADD_TO_CART, 0.8


def _only_which(own: Entities, last: Entities) -> bool:
    """ "two ovens, 6 quart, cream": nothing but further options of what was named before, none of them another's."""
    said = own.model_dump(exclude_defaults=True).keys() <= {"options", "also", "pronoun", "product_query", "category"}
    named = last.product_query and own.product_query in (None, last.product_query)
    clash = any(own.options.get(name, value) != value for name, value in last.options.items())
    return bool(said and own.options and named and own.quantity is None and not clash)
