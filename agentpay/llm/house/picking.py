"""A choice among what was shown ("the cheapest one?", "which would you take?"), and what goes with what was spoken of."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.asking import show
from agentpay.llm.house.refs import is_superlative, target
from agentpay.llm.house.talk import Ask, Plan, Talk

ANEW = re.compile(
    r"\b(?:anything|everything|all|else|other|different|products?|shop|store|you (?:have|sell|got))\b", re.I
)
"""A new search, though it says no more than a price or a colour."""
_YOURS = re.compile(r"\b(?:you|your|best|better|favou?rite|choose|pick|decide)\b", re.I)
_GOES_WITH = re.compile(
    r"\b(?:goe?s?|pairs?|match(?:es)?|fits?|combines?) (?:\w+ )?(?:with|to) (?:it|this|that|them|these|those)\b"
    r"|\baccessor\w+ for (?:it|this|that|them)\b",
    re.I,
)


def chosen_among_shown(talk: Talk, act: ActView) -> Plan | None:
    """The plan for a choice among what was shown ("the cheapest one?", "which would you take?") or for what goes with it."""
    shown = talk.turn.shown
    if _GOES_WITH.search(act.text) and "price_max" not in act.entities and (talk.focus or talk.cart.get("items")):
        return _goes_with(talk)
    if len(shown) < 2 or set(act.entities) & {"options", "price_max", "price_min", "category", "brand", "attributes"}:
        return None
    if is_superlative(act) and not ANEW.search(act.text):
        return _pick(talk, target(talk, act)["product"], "found_one")
    if act.intent == "recommendation" and _YOURS.search(act.text):
        return _pick(talk, (talk.focus or {}).get("product") or shown[0]["external_id"], "my_pick")
    return None


def _pick(talk: Talk, product: str, key: str) -> Plan:
    outcome = yield Ask("product_details", {"product": product})
    if outcome.ok:
        show(talk, [outcome.result["product"]], key)
    else:
        talk.say_text(outcome.result["error"]["message"])


def _goes_with(talk: Talk) -> Plan:
    """Other products of the category of what was spoken of, or of what is in the cart."""
    lines = talk.cart.get("items", [])
    about = (talk.focus or {}).get("product") or lines[-1]["product_external_id"]
    had = {about, *(line["product_external_id"] for line in lines)}
    outcome = yield Ask("product_details", {"product": about})
    product = outcome.result.get("product", {})
    found: list[dict[str, Any]] = []
    for wanted in ({"query": product.get("title", "")}, {"query": "", "category": product.get("category") or ""}):
        if len(found) < 3 and any(wanted.values()):
            answer = yield Ask("product_search", wanted)
            new = [one for one in answer.result.get("products", []) if one["external_id"] not in had]
            found += [one for one in new if all(one["external_id"] != other["external_id"] for other in found)]
    if found:
        show(talk, found[:3], "goes_with", title=product.get("title", ""))
    else:
        talk.say("goes_with_nothing", title=product.get("title", ""))
