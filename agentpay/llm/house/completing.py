# ruff: noqa: E501 (a regular expression is read in one piece)
"""Clauses that only complete the one before them: how many of it, which of it, for whom it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe
from agentpay.llm.house.asking import suggest
from agentpay.llm.house.choosing import spoken_tokens, told_apart
from agentpay.llm.house.each import means_each
from agentpay.llm.house.numbers import UNITS, number
from agentpay.llm.house.refs import SAYS_WHICH, named, spoken_of, stems, stems_of
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Plan, Talk

_N = r"(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_HOW_MANY = re.compile(
    rf"^\W*(?:(?:and|so|just|only|say|like|please|(?P<anew>make (?:it|that|them)|no))\W+|(?:i|we)(?:'?ll| will|'?d) (?:take|have|need|like|want)\s+|(?:i|we) (?:need|want)\s+)*"
    rf"{_N}(?:\s+(?:of (?:them|those|these|it|that)|x|{UNITS}))?(?:\W+(?:please|pls|plz|thanks|only|then|anyway|too|as well|will do|in total|(?:is|are) (?:fine|enough|plenty)))*\W*$",
    re.I,
)
"""Nothing but a number: "two of them", "just one please", "one bunch"."""
_EACH = re.compile(rf"^\W*{_N}(?: of)? each(?: of (?:them|those|these))?(?:\W+(?:please|pls|thanks|then))*\W*$", re.I)
_PUT_SO_MANY = re.compile(
    rf"^\W*(?:(?:and|so|just|please|then|can you|could you)\W+)*(?:add|put|pop|stick|throw|chuck|bung|get|give|order)(?: me| us)? {_N}(?:\s+of (?:them|those|these))?(?:\s+(?:in|into|to|on)\b[\w ]{{0,24}})?(?:\W+(?:please|pls|then|for me|thanks))*\W*$",
    re.I,
)
"""How many of what was just said are to go in: "black then. pop one in the basket"."""
_WHOSE = re.compile(
    r"^\W*(?:(?:and|because|cause|cos|since|as)\s+)*(?:one|two|three|both|all|the other|another|the (?:first|second|third|rest|others?)|it|they|that|those|these)"
    r"(?:\s+(?:ones?|of (?:them|those|these)))?(?:'s|'re|\s+is|\s+are|\s+will be|\s+goes|\s+go|\s+would be)\s+(?:(?:just|only|both|all|meant)\s+)*(?:for|to|an? (?:gift|present)|as an?)\b(?! how| what)",
    re.I,
)
"""Whom what is wanted is for: "one is for my neighbour"."""
_FOR_ONE = re.compile(r"\b(\d{1,2}|one|two|three|four|five) (?:is |are )?for (?!free\b|now\b)", re.I)
_FOR_EACH = re.compile(
    r"^\W*(?:\d{1,2}|one|two|three|four|five) (?:is |are )?for [\w' ]{2,30}?(?:,| and| plus| &)+ (?:\d{1,2}|one|two|three|four|five) (?:is |are )?for [\w' ]{2,30}$",
    re.I,
)
_SEVERAL = 2
_AND = frozenset({"and", "the", "in", "one", "a", "also", "plus"})
_ALSO = re.compile(r"(?:\band|\bplus|&|\balso)\s*$", re.I)
_COUNTS = frozenset({"provide_details", "product_comparison"})
_OF_GOODS = frozenset({"add_to_cart", "change_cart", "product_search", "recommendation", "other", "availability"})
_SEEKS = frozenset({"product_search", "recommendation"})
_DEEDS = re.compile(
    r"\b(?:please|pls|plz|take|want|have|get|give|need|add|buy|order|go (?:for|with)|put|pop|stick|throw|i'd like)\b|\?",
    re.I,
)
_WHICH = re.compile(
    r"^\W*(?:(?:and|maybe|ideally|preferably|but|rather)\s+)*(?:in\s+|(?:the|a|an)\s+(?=[\w.,-]+(?:\s[\w.,-]+)?\s+(?:ones?|kind|version|size)\b))",
    re.I,
)
_POINTS_ONLY = frozenset({"pronoun", "also", "options", "product_query", "category"})


def completed(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses, each with what those behind it say of it: "the purple then, two of them, one is for my neighbour"."""
    kept: list[ActView] = []
    for act in acts:
        before = kept[-1] if kept else None
        if (
            act.intent in _OF_GOODS
            and _WHOSE.match(act.text)
            and any(one.intent in _OF_GOODS for one in acts if one is not act)
        ):
            continue
        if before is not None and (shared := _for_each(before, act)) is not None:
            kept[-1] = shared
        elif before is not None and (listed := _values_of_each(before, act)) is not None:
            kept[-1] = listed
        elif before is not None and (counted := _counted(talk, before, act)) is not None:
            kept[-1] = counted
        elif before is not None and "?" not in talk.turn.text and _is_value_of(before, act):
            options = {**before.entities.get("options", {}), **act.entities["options"]}
            kept[-1] = replace(before, intent="add_to_cart", entities={**before.entities, "options": options})
        elif before is not None and before.intent in _SEEKS and act.entities.get("options") and only_which(act):
            options = {**act.entities["options"], **before.entities.get("options", {})}
            kept[-1] = replace(before, entities={**before.entities, "options": options})
        else:
            kept.append(act)
    return kept


def _for_each(before: ActView, act: ActView) -> ActView | None:
    """The clause before with how many it takes for all who get one: "the beard oil. one for him and one for my brother"."""
    if before.intent != "add_to_cart" or act.intent not in _OF_GOODS | _COUNTS or before.entities.get("quantity"):
        return None
    if not _FOR_EACH.match(act.text) or act.entities.get("options"):
        return None
    total = sum(number(found[1]) for found in _FOR_ONE.finditer(act.text))
    return replace(before, entities={**before.entities, "quantity": total})


def _values_of_each(before: ActView, act: ActView) -> ActView | None:
    """ "One each of the bottles: cyan, magenta": which of them each means."""
    options, also = act.entities.get("options", {}), act.entities.get("also", {})
    values = [*options.values(), *(value for more in also.values() for value in more)]
    if before.intent != "add_to_cart" or not means_each(before.text) or len(values) < _SEVERAL:
        return None
    said = stems(act.text) - _AND
    if not said <= stems_of(values):
        return None
    return replace(before, entities={**before.entities, "values": values})


def _counted(talk: Talk, before: ActView, act: ActView) -> ActView | None:
    """The clause before with the number that this one says; None where it says more, or of something else."""
    chosen = before.entities.get("options") or before.entities.get("ordinals") or _DEEDS.search(before.text)
    found = _HOW_MANY.match(act.text) or (_PUT_SO_MANY.match(act.text) if chosen else None)
    found = found or (_EACH.match(act.text) if before.entities.get("also") else None)
    changed = before.intent == "change_cart" and bool(before.entities.get("options"))
    if found is None or act.intent not in _OF_GOODS | _COUNTS or not (before.intent == "add_to_cart" or changed):
        return None
    further = set(act.entities) - {"quantity", "pronoun", "product_query", "category"}
    if any(act.entities[key] != before.entities.get(key) for key in further):
        return None
    text = talk.turn.text
    place = text.find(act.text)
    if place > 0 and _ALSO.search(text[:place]) and not act.entities.get("pronoun"):
        return None  # "the pens and a box": something else
    has = before.entities
    if not (named(before) or has.get("options") or has.get("ordinals") or has.get("pronoun")):
        return None
    if found.groupdict().get("anew") and any(token[0].isdigit() for token in spoken_tokens(before.text)):
        return None  # "a tray of six, no, make it twelve": which, and not how many
    count = int(act.entities.get("quantity") or number(found["n"]))
    if has.get("quantity") not in (None, count) and not found.groupdict().get("anew"):
        return None
    return replace(before, entities={**has, "quantity": count})


def _is_value_of(before: ActView, act: ActView) -> bool:
    """Whether a clause is no more than a value of what the one before counts: "three of the Grand Selection, 48 pieces"."""
    own = stems_of(act.entities.get("options", {}).values())
    return (
        before.intent in ("product_search", "add_to_cart")
        and bool(before.entities.get("quantity"))
        and named(before) is not None
        and act.intent == "add_to_cart"
        and set(act.entities) <= _POINTS_ONLY
        and bool(own)
        and not set(act.entities["options"]) & set(before.entities.get("options", {}))
        and stems(act.text) - _AND <= own
    )


def only_which(act: ActView) -> bool:
    """Whether a clause says no more than which: "the long ones", "in blue"."""
    name = stems(named(act) or "")
    own = stems_of(act.entities.get("options", {}).values())
    return (
        act.intent in _OF_GOODS
        and set(act.entities) <= _POINTS_ONLY
        and name <= SAYS_WHICH | own
        and _WHICH.match(act.text) is not None
        and _DEEDS.search(act.text) is None
    )


def narrows(talk: Talk, act: ActView) -> bool:
    """Whether a clause says which of what this very reply has found and offered; nothing is ordered by that."""
    return talk.expected == "confirm_add" and talk.focus is not None and only_which(act)


def narrow(talk: Talk, act: ActView) -> Plan:
    """Offer the variant that is meant in place of the product."""
    assert talk.focus is not None
    focus = talk.focus
    outcome = yield Ask("check_inventory", {"product": focus["product"]})
    rows = outcome.result.get("variants", []) if outcome.ok else []
    row = by_size(act.text, rows) or told_apart(act.text, rows) if len(rows) > 1 else None
    if row is None or not row.get("in_stock", True):
        return
    talk.answered_already()
    spoken_of(talk, {"external_id": focus["product"], "title": focus["title"]}, dict(row))
    talk.say("that_is", what=describe.what(focus["title"], row["options"]), price=talk.money(row["price"]))
    suggest(talk, str(row["external_id"]))
