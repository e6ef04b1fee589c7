# ruff: noqa: E501 (a regular expression is read in one piece)
"""Models that were taken for an attribute of what is named: they are a part of the name, "T380 toner"."""

from __future__ import annotations

import re
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.refs import stems

_FOR = re.compile(
    r"\b(?:for|fits?|fitting|with|in|into|on|my|our|own|has|have|goes (?:in|into|with)|suits?|to suit)\W+(?:(?:an?|the|my|our|his|her)\W+)?(?:\w+\W+){0,2}$",
    re.I,
)
_NAMES = frozenset(
    {"add_to_cart", "change_cart", "remove_from_cart", "product_details", "price_question", "product_comparison"}
)


def with_model(act: ActView) -> ActView:
    """The clause with a name that has the model again; as it is where the model is what something is for."""
    query = str(act.entities.get("product_query") or "")
    if act.intent not in _NAMES:
        return act
    for value in act.entities.get("attributes", {}).values():
        model = str(value)
        if not _is_model(model) or model.casefold() in query.casefold():
            continue
        found = re.search(rf"(?<![\w-]){re.escape(model)}(?![\w-])", act.text, re.I)
        if found is None or _FOR.search(act.text[: found.start()]):
            continue
        attributes = {name: own for name, own in act.entities["attributes"].items() if own != value}
        own = {key: one for key, one in act.entities.items() if key not in ("attributes", "pronoun")}
        name = (
            f"{model} {query}".strip() if _stands_before(act.text, found.end(), query) else f"{query} {model}".strip()
        )
        return replace(
            act, entities={**own, **({"attributes": attributes} if attributes else {}), "product_query": name}
        )
    return act


def _is_model(value: str) -> bool:
    """ "L380", "W20": letters and digits in one word."""
    return value.isalnum() and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _stands_before(text: str, end: int, query: str) -> bool:
    return not query or bool(stems(query) & stems(text[end:]))
