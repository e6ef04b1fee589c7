# ruff: noqa: E501 (a regular expression is read in one piece)
"""Clauses that share what only one of them says: a noun, a deed, or the reason for what is done in the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.lines import MORE, spoken_of_line
from agentpay.llm.house.numbers import COUNT, number
from agentpay.llm.house.refs import named, stems, without_name
from agentpay.llm.house.talk import Talk

_TAKES_OUT = re.compile(
    r"\b(?:remov\w*|tak\w+|delet\w*|drop\w*|los\w+|rid|without|cancel\w*|out|off|forget|scrap|ditch|minus|skip|empty|clear|leave"
    r"|no longer|don'?t (?:want|need)|not|no more|less|fewer|put (?:it|that|them) back)\b",
    re.I,
)
_BACK_AND_MORE = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|great|sounds good|i'?ll (?:take|have)|i (?:want|take)|add|please|then)\W+)*"
    r"(?P<back>(?:(?P<n>one|two|three|\d{1,2}) of )?(?:it|that|this|those|these|them)(?: one)?)\s+(?:and|plus|&)\s+"
    r"(?P<more>(?!it\b|that\b|this\b|them\b)[^?]+)$",
    re.I,
)
_FURTHER = re.compile(r"^[\s.,;!]*\b(?:and|plus|also)\s+(?:also\s+)?(?P<more>[^?]+)$", re.I)
_COUNTED = re.compile(r"^\W*(?P<n>an?|the|some|\d{1,2}|one|two|three|four|five|six)\s+(?=\w)", re.I)
_COUNTS = frozenset({"two", "three", "four", "five", "six"})
_COUNTED_IN = re.compile(r"^(?P<n>\d{1,2}|one|two|three|four|five|six) (?:in|of) (?:size )?\S+$", re.I)
_SO_MANY = frozenset({"add_to_cart", "product_search"})
_SO_MANY_OF = re.compile(
    rf"^(?P<n>{COUNT}) of (?:the|your|those|them|these) (?P<name>.*?)(?: for .*)?$",
    re.I,
)
_BACK = re.compile(
    r"\b(?:put|add|bring|pop|throw|stick) (?:it|them|that|those|the \w+) back\b|\bre-?add (?:it|them|that)\b",
    re.I,
)
_ONE_OF_THEM = re.compile(
    r"^\W*(?:(?:no|actually|then|so|ok(?:ay)?|rather|better|maybe|make (?:it|that)|i'?ll (?:take|have)|give me|can i have|let'?s (?:do|take))\W+)*"
    r"(?:the|an?) (?:[\w.,]+ ){1,3}(?:ones?|size|version)(?: then| please| instead)*\W*$",
    re.I,
)
_REFUSES = re.compile(
    r"\bno\b|\bnah\b|\bnope\b|n'?t (?:fit|work|do|suit|like|go)\b|\btoo \w+|\bnot (?:that|right|quite|the)\b|\bon second\b|\bwrong\b|\bactually\b",
    re.I,
)
_ADDS_IT = re.compile(
    r"^\W*(?:(?:and|then|please|just|ok|can you|could you)\W+)*(?:add|put|pop|stick|throw|chuck) (?:it|them|those|that|these|this)\b(?: (?:in|to|into)(?: (?:my|the) \w+)?)?(?: please| pls| for me)*\W*$",
    re.I,
)
_THEM = re.compile(r"\b(?:it|them|that|those|these)\b", re.I)
_VAGUE = frozenset({"remove_from_cart", "other", "add_to_cart", "product_search", "recommendation", "availability"})


def coordinated(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses, each with what it takes from its neighbours."""
    if (instead := _in_its_place(talk, acts)) is not None:
        return [instead]
    acts = [one for act in acts for one in _split_apart(talk, _counting(_put_back(talk, act)), acts)]
    acts = _with_the_noun(talk, _without_reasons(talk, _one_wish(acts)))
    return [one for act in acts for one in _back_and_more(talk, act)]


def _put_back(talk: Talk, act: ActView) -> ActView:
    """ "No sorry, put them back": what was taken out last comes in again."""
    gone = talk.removed
    if gone is None or not _BACK.search(act.text) or act.intent not in _VAGUE | {"change_cart"}:
        return act
    if any(line["variant_external_id"] == gone["product"] for line in talk.cart.get("items", [])):
        return act
    return replace(act, intent="add_to_cart", entities={"product_query": gone["product"], "quantity": gone["quantity"]})


def _counting(act: ActView) -> ActView:
    """ "I really need three": a number that was taken for a name."""
    if act.intent in _SO_MANY and (some := _SO_MANY_OF.match(named(act) or "")) is not None:
        own = {**act.entities, "product_query": some["name"], "quantity": number(some["n"])}
        return replace(act, entities=own)  # "5 of the Big Night In hampers", taken for a name
    if (counted := _COUNTED_IN.match(named(act) or "")) is not None:  # "2 in 0.5"
        bare = without_name(act)
        own = {key: value for key, value in bare.entities.items() if key != "pronoun"}
        return replace(bare, entities={**own, "quantity": number(counted["n"])})
    name = (named(act) or "").casefold()
    if name not in _COUNTS or act.entities.get("quantity"):
        return act
    bare = without_name(act)
    return replace(bare, entities={**bare.entities, "quantity": number(name)})


def _one_wish(acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "The hose reel costs £1, put it in my cart", "I'd like the ink one, can you put it in my basket?": what is named first and pointed at next is wanted once."""
    pointed = [act for act in acts if act.intent == "add_to_cart" and act.entities.get("pronoun") and named(act)]
    kept: list[ActView] = []
    for act in acts:
        again = [one for one in pointed if named(one) == named(act) and one is not act]
        if again and act.intent == "product_search":
            continue
        if act in pointed and any(_of_the_same(act, one) for one in kept):
            continue
        if _ADDS_IT.match(act.text) and _only_points(act) and any(one.intent == "add_to_cart" for one in kept):
            continue  # "3 in oat instead, add those"
        kept.append(act)
    return kept


def _of_the_same(act: ActView, before: ActView) -> bool:
    """Whether a clause wants no more than the one before it did: the same goods, no further number of them."""
    mine, other = ({key: one.entities.get(key) for key in ("product_query", "options")} for one in (act, before))
    counted = (act.entities.get("quantity") or 1) not in (1, before.entities.get("quantity"))
    return before.intent == "add_to_cart" and mine == other and not counted and MORE.search(act.text) is None


def _split_apart(talk: Talk, act: ActView, acts: Sequence[ActView]) -> list[ActView]:
    """ "Do the 90s in oak instead. And 3 neutral bulbs", read as one: each half with the words that stand in it."""
    name, text = named(act), talk.turn.text
    start = text.find(act.text)
    rest = text[start + len(act.text) :] if start >= 0 else ""
    further = _FURTHER.match(rest)
    if act.intent != "change_cart" or len(acts) > 1 or name is None or further is None:
        return [act]
    if not stems(name) <= stems(further["more"]) or stems(name) & stems(act.text):
        return [act]
    options = act.entities.get("options", {})
    here = {key: value for key, value in options.items() if _tokens(value) & _tokens(act.text)}
    there = {key: value for key, value in options.items() if key not in here}
    bare = without_name(act)
    kept = {key: value for key, value in bare.entities.items() if key not in ("options", "quantity")}
    more: dict[str, Any] = {"product_query": name, "quantity": _count(further["more"])}
    return [
        replace(bare, entities={**kept, **({"options": here} if here else {})}),
        ActView("add_to_cart", act.confidence, further["more"], {**more, **({"options": there} if there else {})}),
    ]


def _count(goods: str) -> int:
    """3 of "3 neutral bulbs", 1 of "some sleeves" and of goods without a count."""
    counted = _COUNTED.match(goods)
    return number(counted["n"]) if counted else 1


def _tokens(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\d+|[a-z]+", text.casefold())}


def _without_reasons(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "Remove the expansion, he's got it already", "my friend had to drop out, it's just one place": why, and takes nothing else out."""
    lines = talk.cart.get("items", [])
    takes_out = [act for act in acts if act.intent == "remove_from_cart"]
    if lines and any(act.intent == "change_cart" for act in acts):
        nothing = [act for act in takes_out if (name := named(act)) and not any(stems(name) & stems(line["title"]) for line in lines)]  # fmt: skip
        acts = [act for act in acts if act not in nothing]
    # "I don't need the gloves, take them out"
    again = [act for act in takes_out[1:] if named(takes_out[0]) and _only_points(act)]
    acts = [act for act in acts if act not in again]
    said = [act for act in takes_out if _TAKES_OUT.search(act.text)]
    if len(takes_out) < 2 or not said:
        return acts
    return [act for act in acts if act not in takes_out or act in said]


def _only_points(act: ActView) -> bool:
    return set(act.entities) <= {"pronoun"} and _THEM.search(act.text) is not None


def _in_its_place(talk: Talk, acts: Sequence[ActView]) -> ActView | None:
    """ "No, that won't fit my table. The middle one": another variant of what was just put in, and nothing taken out besides."""
    line = spoken_of_line(talk)
    if line is None or not line.get("options") or talk.asked_for in ("variant", "product") or len(acts) > 2:
        return None
    chosen = [act for act in acts if act.intent in _VAGUE and _ONE_OF_THEM.match(act.text)]
    others = [act for act in acts if act not in chosen]
    if len(chosen) != 1 or any(_is_named(act, line) or not _turns_down(act) for act in others):
        return None
    if not (others or _REFUSES.search(talk.turn.text)):
        return None
    wish = without_name(chosen[0])
    return replace(wish, intent="change_cart", text=f"{wish.text} instead")


def _turns_down(act: ActView) -> bool:
    """ "That won't fit my table", whatever it was taken for."""
    return act.intent == "remove_from_cart" or (act.intent in _VAGUE and _REFUSES.search(act.text) is not None)


def _is_named(act: ActView, line: dict[str, object]) -> bool:
    name = named(act)
    return name is not None and name.casefold() in str(line["title"]).casefold()


def _with_the_noun(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "An amethyst and two jade dice sets": what is said last is what both are; "the red and the blue mug"."""
    found = list(acts)
    for n in range(len(found) - 2, -1, -1):
        act, after = found[n], found[n + 1]
        options, others = act.entities.get("options", {}), after.entities.get("options", {})
        if act.intent != "add_to_cart" or after.intent != act.intent or named(act) or not named(after):
            continue
        if talk.focus is None and options and set(options) == set(others) and options != others:
            own = {key: value for key, value in act.entities.items() if key != "pronoun"}
            found[n] = replace(act, entities={**own, "product_query": after.entities["product_query"]})
    return found


def _back_and_more(talk: Talk, act: ActView) -> list[ActView]:
    """ "One of those and some sleeves": what is spoken of, and something else."""
    said = _BACK_AND_MORE.match(act.text) if act.intent == "add_to_cart" else None
    if said is None or named(act) is None or talk.focus is None or act.entities.get("options"):
        return [act]
    back = {"pronoun": True, "quantity": number(said["n"] or "one")}
    more = {key: value for key, value in act.entities.items() if key not in ("quantity", "pronoun")}
    quantity = _count(said["more"])
    return [
        replace(act, text=said["back"], entities=back),
        replace(act, text=said["more"], entities={**more, **({"quantity": quantity} if quantity > 1 else {})}),
    ]
