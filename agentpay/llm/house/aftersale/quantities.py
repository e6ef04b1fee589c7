# ruff: noqa: E501 (a regular expression is read in one piece)
"""Other quantities of what an order holds: fewer, more, none of it."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.aftersale import counting, reading, wished
from agentpay.llm.house.aftersale.finding import ask
from agentpay.llm.house.aftersale.picking import words_of
from agentpay.llm.house.aftersale.saying import named as named_units
from agentpay.llm.house.aftersale.saying import what
from agentpay.llm.house.aftersale.task import Step, Task
from agentpay.llm.house.numbers import number
from agentpay.llm.house.talk import Talk

DROPS = re.compile(
    r"\b(?:remove|drop|take (?:\w+ )*(?:out|off)|delete|leave out|without|cancel|don'?t want|do not want|no longer want|don'?t need)\b",
    re.I,
)
_MORE = re.compile(r"\b(?:add|another|more|extra|additional)\b", re.I)
_MAKE_IT = re.compile(
    r"\b(?:make (?:it|that|them|(?:(?:my|the|this) )?(?:order )?#?[\w-]*\d[\w-]*)|to|quantity (?:of |to )?|(?:just|only)(?: (?:need|want|take|keep|have))?|(?:need|want|keep)(?=\s+\w+\s+(?:\w+\s+)?only\b))\s+(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\b(?!\s*(?:[a-z]+ )?(?:st|street|rd|road|ave))",
    re.I,
)
_INSTEAD_OF = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})(?:\s+[a-z][\w'-]*){0,4}?,?\s+(?:instead of|rather than|not)\s+"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3})\b",
    re.I,
)
"""So many, not so many: "one jacket instead of two"."""
_BEFORE = re.compile(
    r"\b(?:instead of|rather than|not)\s+(?P<n>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b", re.I
)
_ADDS = re.compile(
    r"\b(?:add|another|more|extra|additional)\b(?:\s+(?:in|on|to it))?\s+(?:(?:an?|the|another|more|extra|additional|some|one|two|three|four|five|six|\d+|of|pairs?|packs?)\s+)*(?P<what>[a-z][\w'-]+)(?P<more>(?: [a-z][\w'-]+){0,2})",
    re.I,
)
_THAT_ONE = re.compile(r"\b(?:the|that|this)\s+(?:other |same |first |second |last )?one\b", re.I)
"""Stands for an order as well as for an item: it counts nothing."""
_ONE_OF = re.compile(r"\b(?:one|two|three|four|five|\d{1,2}|some) of\b", re.I)
_MOST_COUNTED = 9
_SAME = frozenset(
    {"one", "ones", "of", "please", "pls", "then", "too", "as", "to", "it", "them", "that", "those", "these"}
)
"""What follows "another" where it is of what the order holds."""


def other_quantities(talk: Talk, task: Task, found: dict[str, Any]) -> list[tuple[dict[str, Any], int]] | None:
    """(item, units from now on) of "remove the gloves", "make it two", "add another one". None: no such wish, or something was asked instead."""
    pool = found["possible"]["items"]
    clauses = [
        words
        for words in task.words
        if wants_other_quantity(words) and not any(other != words and other in words for other in task.words)
    ]
    if len(clauses) > 1 and not task.corrected:  # "two bottles instead of three, and drop the lamp"
        each = [_of_clause(talk, task, found, words) for words in clauses]
        if all(each):
            return list(
                {item["variant_external_id"]: (item, units) for one in each if one for item, units in one}.values()
            )
    return _of_clause(talk, task, found, words_of(task, pool))


def wants_other_quantity(text: str) -> bool:
    """Whether fewer, more or none of something is wanted."""
    return any(verb.search(text) for verb in (DROPS, _MORE, _INSTEAD_OF, _MAKE_IT))


def _of_clause(talk: Talk, task: Task, found: dict[str, Any], words: str) -> list[tuple[dict[str, Any], int]] | None:
    order, pool = found["order"], found["possible"]["items"]
    text = counting.without_measures(counting.without_values(words, pool))
    instead = _INSTEAD_OF.search(text)
    drop, more, exact = DROPS.search(text), _MORE.search(text), instead or _MAKE_IT.search(text)
    drop, more = (None, None) if instead else (drop, more)
    if exact and _names_a_variant(exact[1], text, pool):
        exact = instead = None  # "change them to 43": a size, no number of boots
    if not (drop or more or exact):
        return _so_many_will_do(text, pool)
    if more and not drop and _adds_another(text, task.text, pool):
        talk.say("not_added", number=order["number"])
        talk.offer_human("offer_human", order=order)
        return None
    chosen = wished.meant(text, pool).items or (pool if len(pool) == 1 else _of_so_many(text, pool))
    counts = {place: counting.counted(text, item, pool) for place, item in enumerate(chosen)}
    if not chosen or (len(chosen) > 1 and not drop and None in counts.values()):
        if drop or not reading.alternatives(task.text, pool[0]):
            talk.say("change_which", number=order["number"], items=describe.listing([what(item) for item in pool]))
            ask(talk, task, "items", "order_items")
        return None
    only = len(chosen) == 1
    changed = []
    for place, item in enumerate(chosen):
        said = wished.units(text, item, pool) or (
            counting.units_of(wished.wish_of(text), 999) if only else counts[place]
        )
        if drop:
            units = item["quantity"] - (said if said and said < item["quantity"] else item["quantity"])
        elif more:
            units = item["quantity"] + (said or 1)
        elif only and exact is not None:
            units = number(exact[1])
        else:
            units = counts[place] or 0
        changed.append((item, units))
    return changed


def _names_a_variant(said: str, text: str, pool: list[dict[str, Any]]) -> bool:
    """Whether a number is what another variant is called, and its option is spoken of or it is too many to be a count."""
    return any(
        str(value) == said and (name.casefold() in text.casefold() or number(said) > _MOST_COUNTED)
        for item in pool
        for other in item["alternatives"]
        for name, value in other["options"].items()
    )


def _so_many_will_do(text: str, pool: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]] | None:
    """ "One flask is enough": fewer of what is named than there are, and nothing else of it shall be otherwise."""
    named = wished.meant(text, pool).items
    if len(named) != 1 or _ONE_OF.search(text) or reading.alternatives(text, named[0]):
        return None
    said = counting.counted(text, named[0], pool)
    return [(named[0], said)] if said and said < named[0]["quantity"] else None


def change(talk: Talk, task: Task, order: dict[str, Any], changed: list[tuple[dict[str, Any], int]]) -> Step:
    """The call that makes it so, and what it comes to."""
    difference = sum((units - item["quantity"]) * item["unit_price"] for item, units in changed)
    amount = talk.money(abs(difference))
    if len(changed) == 1:
        item, units = changed[0]
        key = "count_none" if not units else "count_less" if difference < 0 else "count_more"
        says = talk.sentence(key, what=what(item), number=order["number"], units=units, amount=amount)
    else:
        told = describe.listing([_told(talk, item, units) for item, units in changed])
        says = talk.sentence("counts", what=told, number=order["number"])
    changes = [
        {"variant": item["variant_external_id"], "quantity": item["quantity"], "to_quantity": units}
        for item, units in changed
    ]
    return Step("change_order_items", {"order_number": order["number"], "changes": changes, **task.by_method}, says)


def _told(talk: Talk, item: dict[str, Any], units: int) -> str:
    difference = (units - item["quantity"]) * item["unit_price"]
    key = "count_back" if difference < 0 else "count_costs"
    money = talk.sentence(key, amount=talk.money(abs(difference))) if difference else ""
    return f"{units} × {what(item)}{money}" if units else f"no {what(item)}{money}"


def without(talk: Talk, task: Task, found: dict[str, Any], part: list[tuple[dict[str, Any], int]]) -> Step:
    """ "Cancel just the table": (item, units) that go; the rest of the order stays."""
    order = found["order"]
    amount = talk.money(sum(units * item["unit_price"] for item, units in part))
    changes = [
        {"variant": item["variant_external_id"], "quantity": item["quantity"], "to_quantity": item["quantity"] - units}
        for item, units in part
    ]
    task.kind = "items"
    says = talk.sentence("count_none", what=named_units(part), number=order["number"], units=0, amount=amount)
    return Step("change_order_items", {"order_number": order["number"], "changes": changes, **task.by_method}, says)


def part_of(task: Task, items: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """What of an order shall go where not all of it shall: "cancel just the table", "no, only one of them"; else nothing."""
    text = task.text
    if task.corrected and len(items) == 1 and (units := counting.only_so_many(task.words[-1])) is not None:
        return [(items[0], units)] if units < items[0]["quantity"] else []
    part = wished.only_part(text, items)
    if not part and not wished.means_order(text):  # "cancel one of the teas", "one pair of socks and one flask"
        named = items if len(items) == 1 else wished.meant(text, items).items
        counts = [(item, wished.units(_THAT_ONE.sub(" ", text), item, items) or item["quantity"]) for item in named]
        return counts if any(units < item["quantity"] for item, units in counts) else []
    return [(item, min(wished.units(text, item, items) or item["quantity"], item["quantity"])) for item in part]


def _of_so_many(text: str, pool: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """ "Two bottles instead of three": the only item there are three of."""
    found = _BEFORE.search(text)
    had = [item for item in pool if found and item["quantity"] == number(found["n"])]
    return had if len(had) == 1 else []


def _adds_another(text: str, whole: str, pool: list[dict[str, Any]]) -> bool:
    """Whether what shall be added is something the order does not hold: another product, or another variant."""
    found = _ADDS.search(text)
    if any(reading.alternatives(whole, item) for item in pool):
        return True
    if found is None or found["what"].casefold() in _SAME:
        return False
    return not reading.named_items(f"the {found['what']}{found['more']}", pool)
