"""Words that goods are counted in, where they stand alone: "8 balls", of wool whose description gives metres a ball."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.numbers import UNITS
from agentpay.llm.house.refs import among, stems, target
from agentpay.llm.house.talk import Ask, Talk

_UNITS = re.compile(UNITS, re.I)


def without_unit(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, ActView]:
    """The clause without a name that is but what the shop counts the goods before the customer in, as their description says."""
    query = act.entities.get("product_query")
    known = [*talk.turn.shown, *talk.cart.get("items", [])]
    if not query or not act.entities.get("quantity") or not _UNITS.fullmatch(query) or among(query, known):
        return act
    kept = {key: value for key, value in act.entities.items() if key not in ("product_query", "category")}
    bare = replace(act, entities={**kept, "pronoun": True})
    product = target(talk, bare).get("product")
    if product is None:
        return act
    outcome = yield Ask("product_details", {"product": product})
    told = outcome.result["product"] if outcome.ok else {}
    written = f"{told.get('description') or ''} {' '.join(map(str, (told.get('attributes') or {}).values()))}"
    return bare if stems(query) <= stems(written) else act
