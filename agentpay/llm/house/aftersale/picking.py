"""Which items of an order are meant, and what they shall become; asks where that is not clear."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.aftersale import counting, reading, wished
from agentpay.llm.house.aftersale.answering import sure_already
from agentpay.llm.house.aftersale.finding import ask
from agentpay.llm.house.aftersale.saying import what
from agentpay.llm.house.aftersale.task import Task
from agentpay.llm.house.talk import Talk

ANOTHER = re.compile(r"\b(?:other|another|different|bigger|big|biggest|smaller|small|larger|large|next size)\b", re.I)
_ONE_OF_SOME = re.compile(r"\b(?:one|a single|two|some|both) (?:of (?:the|my|those) )?(?!of\b)[a-z]+\b", re.I)
Swap = tuple[dict[str, Any], int, dict[str, Any]]
"""(item, units, the variant they become)."""


def picked(talk: Talk, task: Task, found: dict[str, Any], key: str) -> list[tuple[dict[str, Any], int]] | None:
    """(item, units) that are meant of those that can come back."""
    everything = found["possible"]["items"]
    text = words_of(task, everything)
    several = len(everything) > 1
    meant = wished.meant(text, everything)
    if everything and len(meant.kept) == len(everything):
        talk.say("left_as_it_is")
        return None
    left = [item for item in everything if item["returnable"] and not (several and item in meant.kept)]
    named = meant.items if several else []
    if named and not any(item["returnable"] for item in named):
        refuse(talk, named[0]["reason"], found["order"])
        return None
    if not left:
        kept = next((item["reason"] for item in everything if item["reason"]), None)
        refuse(talk, kept, found["order"])
        return None
    chosen = [item for item in named if item["returnable"]]
    if not chosen and not wished.wants_all(text):
        chosen = reading.placed(text, left) or several_of(text, left)
    if wished.wants_all(text) and len(chosen) in (0, len(everything)):
        chosen, named = left, named or [item for item in everything if not item["returnable"]]
    if not chosen and len(left) == 1:
        chosen = left
    if not chosen:
        talk.say(key, number=found["order"]["number"], items=describe.listing([what(item) for item in left]))
        ask(talk, task, "items", "order_items")
        return None
    if named:
        for missing in reading.not_held(talk.turn.text, everything):
            talk.say("not_in_order", what=missing, number=found["order"]["number"])
    for item in named:
        if not item["returnable"]:
            talk.say_text(item["reason"] or f"{what(item)} cannot be sent back.")
    return [(item, units_of(task, text, item, everything, only=len(chosen) == 1)) for item in chosen]


def several_of(text: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """ "One ball came full of knots": a word for a thing that no title has, and one item only of which there are several."""
    several = [item for item in items if item["quantity"] > 1]
    return several if len(several) == 1 and _ONE_OF_SOME.search(text) and reading.not_named(text, items) else []


def words_of(task: Task, items: list[dict[str, Any]]) -> str:
    """What was said of the items; after a correction ("no, only the socks") the last words that name any."""
    if task.corrected:
        for words in reversed(task.words):
            meant = wished.meant(words, items)
            if meant.items or reading.placed(words, items) or wished.wants_all(words):
                return words
            if meant.kept:
                break  # "no, the socks I'll keep": the rest is as it was said before
    return task.text


def units_of(task: Task, text: str, item: dict[str, Any], items: list[dict[str, Any]], *, only: bool) -> int:
    """How many of it come back: as it was counted last, else all of it."""
    most = int(item["returnable"])
    if most == 1:
        return most
    if only and task.corrected and (anew := counting.only_so_many(task.words[-1])) is not None:
        return min(anew, most)
    if only and (missing := counting.short_by(text, int(item["quantity"]))) is not None:
        return min(missing, most)
    for words in reversed(task.words):
        if (units := wished.units(words, item, items)) is not None:
            return min(units, most) or most
    said = counting.units_of(wished.wish_of(text), most) if only and not wished.wants_all(text) else None
    return said or most


def swaps_of(talk: Talk, task: Task, found: dict[str, Any]) -> list[Swap] | None:
    """(item, units, what it becomes) for each clause that names an item, and what it shall be instead."""
    everything = found["possible"]["items"]
    stays = wished.meant(task.text, everything).kept
    pool = [item for item in everything if (task.kind == "items" or item["returnable"]) and item not in stays]
    clauses = [words for words in task.words if words]
    meant = reading.named_items(reading.split_into(" ".join(clauses))[0], everything) if len(everything) > 1 else []
    meant = [item for item in meant if item not in stays] if pool else meant  # "… and the socks can stay"
    if not pool or (meant and not any(item in pool for item in meant)):
        kept = (meant or everything or [{"reason": None}])[0]
        refuse(talk, kept["reason"], found["order"])
        return None
    swaps: dict[str, Swap] = {}
    for words in clauses:
        before, _ = reading.split_into(words)
        for item in reading.named_items(before, pool) or (reading.named_items(words, pool) if len(pool) > 1 else []):
            if len(meant := _buyable(reading.becomes(words, item))) == 1:
                swaps[item["variant_external_id"]] = (item, _swapped(words, item, task), meant[0])
    if swaps:
        return list(swaps.values())
    text = " ".join(clauses)
    chosen = reading.named_items(text, pool) or reading.placed(text, pool)
    if len(pool) == 1:
        chosen = pool
    if len(chosen) != 1:
        by_target = [item for item in chosen or pool if _buyable(reading.becomes(text, item))]
        chosen = by_target if len(by_target) == 1 else chosen
    if len(chosen) != 1:
        talk.say(
            "exchange_which", number=found["order"]["number"], items=describe.listing([what(item) for item in pool])
        )
        ask(talk, task, "items", "order_items")
        return None
    return _target(talk, task, chosen[0], text)


def _target(talk: Talk, task: Task, item: dict[str, Any], text: str) -> list[Swap] | None:
    """What the one item becomes, or the question for it."""
    if not item["alternatives"]:
        refuse(talk, f"{item['title']} comes in no other variant.", None)
        return None
    meant = reading.becomes(task.words[-1], item) or reading.becomes(text, item)
    sold = _buyable(meant)
    if len(sold) == 1:
        return [(item, _swapped(text, item, task), sold[0])]
    offered = sold or _buyable(item["alternatives"])
    if meant and not sold:
        talk.say("out_of_stock", what=describe.what(item["title"], meant[0]["options"]))
    if not offered:
        refuse(talk, f"No other variant of {item['title']} is in stock.", None)
        return None
    named = bool(reading.title_words(item["title"]) & reading.said_words(text)) and not sure_already(talk.turn.text)
    if len(offered) == 1 and not meant and (ANOTHER.search(text) or named):
        return [(item, _swapped(text, item, task), offered[0])]  # there is one other only, and a yes is asked for
    rows = [{**row, "title": item["title"]} for row in offered]
    task.offered = describe.options(offered[0]["options"]) if len(offered) == 1 else ""
    talk.say("exchange_to", what=what(item), variants=describe.variants(talk, rows))
    ask(talk, task, "to", "order_items")
    return None


def _buyable(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in variants if row["available"] is None or row["available"] > 0]


def _swapped(text: str, item: dict[str, Any], task: Task) -> int:
    most = item["quantity"] if task.kind == "items" else item["returnable"]
    said = counting.units_of(reading.split_into(text)[0], most) if most > 1 else None
    return int(said or most)


def refuse(talk: Talk, reason: str | None, order: dict[str, Any] | None) -> None:
    talk.say_text(reason or "That cannot be sent back.")
    talk.offer_human(order=order)
