"""The cart: what goes in, and what is in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe
from agentpay.llm.house.asking import ask_which
from agentpay.llm.house.choosing import chosen_product, chosen_variant, counted_by
from agentpay.llm.house.counted import without_unit
from agentpay.llm.house.each import variants_meant
from agentpay.llm.house.lines import counted_after, counted_anew, in_cart_already, spoken_of_line
from agentpay.llm.house.numbers import UNITS
from agentpay.llm.house.putting import not_twice, put, quantity_of, set_quantity
from agentpay.llm.house.referring import points_nowhere, referred
from agentpay.llm.house.refs import named, overlaid, points_back, stems, target, undecided, without_name
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Plan, Talk

_EACH = re.compile(
    r"\b(?:one|two|\d+) of each\b|\beach of (?:them|those|these)\b|\ball (?:of them|three|four|five)\b", re.I
)
_THE_ONE_WITH = re.compile(
    r"^\W*(?:(?:i'?ll (?:take|have)|i (?:want|take)|ok|please|and) )*the one (?:with|that|in|of)\b", re.I
)
_BESIDES = re.compile(
    r"^\W*(?:(?:oh|ok(?:ay)?|yes|great|good|perfect|thanks)\W+)*(?:and|also|plus|then also|and also)\W+(?:also\W+)?",
    re.I,
)
_BEGINNING = 12
_CHANGES = re.compile(
    r"\b(?:make|change|swap|switch|replace|set|only|rather|instead|reduce|remove|drop|without|not|how|what|which|when|where|do|does|is|are|can|could)\b",
    re.I,
)
_DEEDS = re.compile(
    r"\b(?:please|pls|plz|take|want|have|get|give|need|add|buy|order|go (?:for|with)|put|pop|stick|throw|like|both|another|more)\b",
    re.I,
)
"""What says that something is ordered."""
_UNIT_OF = re.compile(rf"\b{UNITS} of\b", re.I)
_MOST_AT_ONCE = 5


def add(talk: Talk, act: ActView) -> Plan:
    """Put what was named, chosen or just spoken of into the cart."""
    act = yield from without_unit(talk, act)
    if rows := (yield from variants_meant(talk, act)):
        yield from _put_each(talk, act, rows)
        return
    if act.entities.get("also") and (apart := _apart(talk, act)):
        for one in apart:
            yield from add(talk, one)
        return
    sized = talk.asked_for == "variant" and by_size(act.text, talk.pending.get("candidates", [])) is not None
    anew = named(act) is not None and not sized and not _THE_ONE_WITH.search(act.text)
    if not anew and chosen_variant(talk, act) is not None:
        yield from choose(talk, act)
        return
    if talk.asked_for == "confirm_add" and not anew and not act.entities.get("ordinals") and "product" in talk.pending:
        yield from add_pending(talk, act)
        return
    if len(several := _each_of_shown(talk, act)) > 1:
        for product in several:
            yield from put(talk, act, {**target(talk, act), "product": product["external_id"]}, quantity_of(talk, act))
        return
    if talk.asked_for == "choice" and points_nowhere(talk, act):
        ask_which(talk, "add")
        return
    if (line := counted_anew(talk, act) or counted_after(talk, act)) is not None:
        yield from set_quantity(talk, line, int(act.entities["quantity"]))
        return
    if (line := in_cart_already(talk, act)) is not None:
        not_twice(talk, line)
        return
    pending = talk.pending if talk.asked_for in ("variant", "product") else {}
    ref = target(talk, act)
    if talk.asked_for == "variant" and not anew and not act.entities.get("ordinals"):
        ref = {"product": pending["product"], "options": overlaid(pending.get("options", {}), ref.get("options", {}))}
    elif talk.asked_for == "product" and (chosen := chosen_product(talk, act)):
        options = {**pending.get("options", {}), **ref.get("options", {})}
        ref = {"product": chosen, **({"options": options} if options else {})}
    elif len(meant := referred(talk, act) or ([] if "product" in ref else undecided(talk, act))) > 1:
        kept = {"quantity": quantity_of(talk, act), "options": act.entities.get("options", {})}
        talk.say("which_product", candidates=describe.listing([product["title"] for product in meant[:5]], "or"))
        candidates = [{key: product[key] for key in ("external_id", "title")} for product in meant[:5]]
        talk.expect("product", then="add", candidates=candidates, **kept)
        return
    # What was just offered is meant, too, where words name nothing: "two places please, for my sister and me"
    offered = talk.asked_for == "confirm_add" and bool(act.entities.get("quantity"))
    offered = offered or (talk.asked_for == "variant" and chosen_variant(talk, act) is not None)
    offered = offered or counted_after(talk, without_name(act)) is not None
    offered = offered and not _names_goods_beside(talk, act)
    back = points_back(talk, act) and (_DEEDS.search(act.text) is not None or not _others_order(talk, act))
    otherwise = add(talk, without_name(act)) if anew and (back or offered) else None
    other = anew and talk.asked_for == "variant" and not stems(named(act) or "") <= stems(pending.get("title") or "")
    yield from put(
        talk, act, ref, int(act.entities.get("quantity") or 1) if other else quantity_of(talk, act), otherwise=otherwise
    )


def _names_goods_beside(talk: Talk, act: ActView) -> bool:
    """Whether a name that the shop does not know is of other goods than were offered: "2 boxes of choc", beside a plant."""
    ordered = [one for one in talk.turn.acts if one.intent == "add_to_cart"]
    return len(ordered) > 1 and (
        _UNIT_OF.search(act.text) is not None or not set(act.entities) <= {"quantity", "pronoun"}
    )


def _apart(talk: Talk, act: ActView) -> list[ActView]:
    """ "The 15 mm and the 6 mm": one clause for each value of the option of which several are named."""
    options: dict[str, str] = act.entities.get("options", {})
    several = [(name, values) for name, values in act.entities["also"].items() if name in options]
    if len(several) != 1:
        return []
    name, values = several[0]
    if not all(_joined(talk.turn.text, options[name], value) for value in values):
        return []  # "the 4 kg bag, I've got two of 2 kg already"
    kept = {key: value for key, value in act.entities.items() if key != "also"}
    return [replace(act, entities={**kept, "options": {**options, name: value}}) for value in (options[name], *values)]


def _joined(text: str, one: str, other: str) -> bool:
    """Whether two values are named together: "the 80 and the 240"."""
    first, second = (re.escape(str(value).split()[0]) for value in (one, other))
    between = r"\b[^.?!;]{0,20}?(?:,|&|\+|\band\b|\bplus\b|\bn\b)\s*(?:and )?(?:(?:the|an?|one|two|three|\d+)(?: in| of the)? )?"
    return any(
        re.search(rf"\b{a}{between}{b}\b", text, re.I) is not None for a, b in ((first, second), (second, first))
    )


def _others_order(talk: Talk, act: ActView) -> bool:
    """Whether another clause is the order: "my cousin can hold it, put one in" adds one."""
    return any(
        one.intent in ("add_to_cart", "change_cart") and one.text != act.text and _DEEDS.search(one.text)
        for one in talk.turn.acts
    )


def _each_of_shown(talk: Talk, act: ActView) -> list[dict[str, Any]]:
    """ "The first and the third", "both", "one of each": the products of the last list that are wanted."""
    shown = list(talk.turn.shown)
    ordinals = act.entities.get("ordinals", [])
    if len(ordinals) > 1:
        places = [place - 1 if place > 0 else len(shown) + place for place in ordinals]
        return [shown[place] for place in places if 0 <= place < len(shown)]
    each = act.entities.get("everything") or _EACH.search(act.text) is not None
    return shown if each and named(act) is None and 1 < len(shown) <= _MOST_AT_ONCE else []


def _put_each(talk: Talk, act: ActView, rows: list[dict[str, Any]]) -> Plan:
    """So many of each variant that can be had; the others are sold out."""
    for row in rows:
        if not row.get("in_stock", True):
            talk.say("out_of_stock", what=describe.what(row["title"], row["options"]))
        else:
            yield from put(talk, act, {"product": row["external_id"]}, quantity_of(talk, act))


def goes_on_buying(talk: Talk, act: ActView) -> bool:
    """ "And the 80 cm one", "plus two oat": what was bought last was not all; nothing of it is to be changed."""
    line = spoken_of_line(talk)
    begins = _BESIDES.match(talk.turn.text)
    return (
        begins is not None
        and talk.turn.text[begins.end() :].casefold().startswith(act.text[:_BEGINNING].casefold())
        and line is not None
        and "?" not in talk.turn.text
        and _CHANGES.search(act.text) is None
        and bool(named(act) or act.entities.get("options"))
    )


def choose(talk: Talk, act: ActView) -> Plan:
    """The variant that answers "which one would you like?", for what it was asked for."""
    chosen = chosen_variant(talk, act)
    options: dict[str, str] = next(
        (row["options"] for row in talk.pending["candidates"] if row["external_id"] == chosen), {}
    )
    counted = counted_by(act, options) or talk.pending.get("quantity") or 1
    yield from put(talk, act, {"product": chosen}, int(counted))


def add_pending(talk: Talk, act: ActView) -> Plan:
    """Yes to "shall I put it in your cart?", perhaps with how many or which."""
    pending = talk.pending
    options = {**pending.get("options", {}), **act.entities.get("options", {})}
    # "Then chalk instead", of which there may be as many as were wanted of the sage ones
    other = "wished" in pending and options != pending.get("options", {})
    number = int(pending["wished"]) if other and not act.entities.get("quantity") else quantity_of(talk, act)
    if (said := act.entities.get("quantity")) and 0 < pending.get("held", 0) < said:
        number = int(said) - int(pending["held"])  # "ok, 5 is fine", of which four are in the cart
    names = any(named(one) for one in talk.turn.acts)  # "I'll take the blanket, and the bed in small": each by itself
    for product in [] if names else pending.get("also", []):
        yield from put(talk, act, {"product": product}, 1)
    yield from put(talk, act, {"product": pending["product"], **({"options": options} if options else {})}, number)


def view(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001 - every handler has the same signature
    yield Ask("view_cart")
    if not talk.cart["items"]:
        talk.say("cart_empty")
        return
    talk.say_text(describe.cart_lines(talk))
    talk.say_total()
