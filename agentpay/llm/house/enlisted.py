"""A list of goods, a line each: what stands there is ordered, whatever each line was taken for by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.refs import named
from agentpay.llm.house.talk import Talk

_MARK = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+(?=\w)")
_COUNT = re.compile(r"^\s*\d{1,3}\s?(?:x|×)?\s+[a-z]", re.I)
_LEADS = re.compile(r":\s*$|\b(?:list|need|order|want|following|restock)\W*$", re.I)
_OF_GOODS = frozenset(
    {"product_search", "recommendation", "availability", "provide_details", "add_to_cart", "change_cart", "other"}
    | {"product_details", "negotiation", "price_question"}
)
_DETAILS = frozenset({"emails", "phone", "name", "address", "shipping_method", "postal_code", "codes", "order_numbers"})
_MANNERS = frozenset({"greeting", "thanks", "goodbye"})


def from_list(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """The clauses of a list as orders, without what only leads up to it."""
    lines = [line for line in talk.turn.text.split("\n") if line.strip()]
    items = [line for line in lines if _MARK.match(line) or _COUNT.match(line)]
    if len(items) < 2 or any("?" in line for line in items):
        return acts
    lead = "\n".join(lines[: lines.index(items[0])])
    if lead and "?" in lead:
        return acts
    kept: list[ActView] = []
    for act in acts:
        if any(act.text in line for line in items):
            kept.append(_ordered(act))
        elif act.intent in _MANNERS or not (lead and act.text in lead and _LEADS.search(lead)):
            kept.append(act)
    return kept if any(act.intent == "add_to_cart" for act in kept) else acts


def _ordered(act: ActView) -> ActView:
    if act.intent not in _OF_GOODS or set(act.entities) & _DETAILS or not (named(act) or act.entities.get("category")):
        return act
    return replace(act, intent="add_to_cart", confidence=max(act.confidence, 0.75))
