"""Several goods in one clause: "one of those in M, the book bag, and a grey cap"; each part with the words that stand in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.numbers import COUNT, number
from agentpay.llm.house.refs import stems, stems_of

_COUNT = r"\d{1,3}(?= ?x\b| [a-z])|an?|the|one|two|three|four|five|six|seven|eight|nine|ten|twelve|some"
_JOINT = re.compile(rf"\s*(?:[,.;]\s*(?:and |plus |also )?|\s(?:and|plus|&)\s+)(?=(?:{_COUNT})\b)", re.I)
_COUNTED = re.compile(rf"^\W*(?:\w+\W+){{0,6}}?(?P<n>{COUNT})\b", re.I)
_SHORT = 2
"""A name has a longer word: "chairs no. 7" is one name."""
_BACK = re.compile(r"\b(?:of )?(?:those|them|these|it|that one|this one)\b", re.I)
_WORD = re.compile(r"[\w'’.-]+")


def parted(act: ActView) -> list[ActView]:
    """A clause for each part that names goods of its own; the clause itself where no more than one does."""
    query = str(act.entities.get("product_query") or "")
    if (
        act.intent != "add_to_cart"
        or not query
        or act.entities.get("ordinals")
        or set(act.entities) & {"amount", "price_max"}
    ):
        return [act]
    parts = [part for part in _JOINT.split(act.text) if part.strip()]
    if len(parts) < 2:
        return [act]
    found = [_of_part(act, query, part) for part in parts]
    called = [one for one in found if one is not None]
    if any("product_query" not in one.entities for one in called[1:]):
        return [act]  # "proving baskets, the oval one": which of them
    own = [one for one in called if one.entities.get("product_query")]
    if len(called) != len(parts) or not own or len({one.entities.get("product_query") for one in called}) < len(called):
        return [act]
    return called


def _of_part(act: ActView, query: str, part: str) -> ActView | None:
    """The clause of one part; None where it says neither what nor which."""
    words = stems(part)
    options = {name: value for name, value in act.entities.get("options", {}).items() if _stands(str(value), part)}
    for name, values in act.entities.get("also", {}).items():
        here = [value for value in values if _stands(str(value), part)]
        options |= {name: here[-1]} if here else {}
    own = stems_of(options.values()) - stems(query)
    name = " ".join(
        word for word in _WORD.findall(query) if stems(word) and stems(word) <= words and not stems(word) <= own
    )
    entities: dict[str, Any] = {"options": options} if options else {}
    if any(len(word) > _SHORT and word.isalpha() for word in stems(name)):
        entities["product_query"] = name
    elif _BACK.search(part) or options:
        entities["pronoun"] = True
    else:
        return None
    if (counted := _COUNTED.match(part)) is not None and not _stands_in_value(counted["n"], options):
        entities["quantity"] = number(counted["n"])
    return replace(act, text=part.strip(), entities=entities)


def _stands(value: str, part: str) -> bool:
    return bool(stems(value)) and stems(value) <= stems(part)


def _stands_in_value(count: str, options: dict[str, Any]) -> bool:
    return any(count in stems(str(value)) for value in options.values())
