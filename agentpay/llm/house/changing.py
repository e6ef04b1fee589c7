# ruff: noqa: E501 (a regular expression is read in one piece)
"""The cart put right: other numbers, other variants, one thing for another, something out of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe
from agentpay.llm.house.asking import not_resolved
from agentpay.llm.house.buying import add, goes_on_buying
from agentpay.llm.house.choosing import counted_by
from agentpay.llm.house.each import lines_meant, means_each
from agentpay.llm.house.lines import (
    cart_ref,
    line_of,
    line_with,
    lines_of,
    named_in,
    names_more,
    number_of_them,
    spoken_of_line,
)
from agentpay.llm.house.numbers import number
from agentpay.llm.house.putting import put, set_quantity, tell_set, too_few
from agentpay.llm.house.refs import (
    SAYS_WHICH,
    among,
    having,
    named,
    overlaid,
    points_back,
    spoken_of,
    stems,
    target,
    without_name,
)
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Plan, Talk
from agentpay.llm.house.varying import INSTEAD, of_that_number, other_variant

_FOR_ONE = re.compile(
    r"\b(?:just|only) (?:me|myself|for (?:me|one)|one (?:of us|person|place|spot|seat|ticket))\b", re.I
)
"""How many it shall be now: "my friend can't come, just me"."""
_ONLY_THE = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|ouch|hm+|then|no|fine|well|actually|oh|so|make it)\W+)*(?:just|only|leave (?:just|only)) (?:the|that) [\w' -]{2,40}?(?: then| please| pls)*\W*$",
    re.I,
)
_SOME_OF = re.compile(
    r"\b(?P<n>one|two|three|four|five|\d{1,2}) of (?:them|those|these|(?:the|my) (?P<name>[\w' -]{2,30}))\b", re.I
)
_KEEPS = re.compile(r"^\W*(?:and |but )?(?:keep|leave) the (?:other|rest)\b", re.I)
_NAMED_INSTEAD = re.compile(r"^\W*(?:(?:no|ok(?:ay)?|then|hm+|actually)\W+)*(?:the )?[\w-]+ ones? instead\W*$", re.I)
_GOES_WITHOUT = re.compile(r"\b(?:no|not|without|don'?t (?:want|need)|won'?t (?:want|need))\b", re.I)
_FOR = re.compile(r"\s+(?:for|with|to|against|by)\s+(?:the\s+|an?\s+)?", re.I)


def change(talk: Talk, act: ActView) -> Plan:
    """ "Make it three", "size L instead"."""
    lines = talk.cart.get("items", [])
    if act.entities.get("instead_of") and _KEEPS.match(act.text) and _SOME_OF.search(talk.turn.text):
        # "Make one of the butters unscented, keep the other rose", read by what is kept
        own = {key: value for key, value in act.entities.items() if key != "instead_of"}
        act = replace(act, text=talk.turn.text, entities={**own, "options": act.entities["instead_of"]})
    if (talk.asked_for in ("variant", "product") and talk.pending.get("then") == "add") or not lines:
        yield from add(talk, act)
        return
    if (pair := _one_for_another(lines, act)) is not None:
        going, comes = pair
        if stems(comes) <= SAYS_WHICH:  # "the teapot for the bigger one"
            yield from _in_size(talk, act, going)
            return
        yield from _swap(talk, act, going, comes)
        return
    if _elsewhere_named(act, lines):
        yield from _swap(talk, act)  # "hob one instead"
        return
    if act.entities.get("quantity") and (each := lines_meant(talk, act)):
        for one in each:
            yield from set_quantity(talk, one, int(act.entities["quantity"]))
        return
    besides = goes_on_buying(talk, act) and not act.entities.get("instead_of")
    if besides or (means_each(act.text) and talk.focus is not None):
        yield from add(talk, act)
        return
    if (only := only_this(act.text, lines)) is not None:
        yield from _keep(talk, only, lines)
        return
    if (some := _some_of_them(talk, act)) is not None:
        yield from _turn_into(talk, act, *some)
        return
    if not act.entities.get("quantity") and _FOR_ONE.search(act.text):
        act = replace(act, entities={**act.entities, "quantity": 1})
    ref = cart_ref(talk, act)
    if (line := line_with(lines, act.entities.get("instead_of", {}))) is not None:
        ref = {"variant": line["variant_external_id"], "options": act.entities.get("options", {})}
    options = dict(ref.get("options", {}))
    quantity = act.entities.get("quantity")
    meant = number_of_them(lines, ref) if quantity is None else None
    spoken = line_of(lines, ref) if meant and INSTEAD.search(talk.turn.text) else None
    if meant and spoken and (other := (yield from of_that_number(talk, spoken, int(options[meant])))):
        # "My teacher said 12, swap it": a size 12 where there is one, before a dozen
        yield from _set(talk, act, {"variant": spoken["variant_external_id"], "options": other}, None, action="replace")
        return
    if meant is not None:
        quantity = int(options.pop(meant))
        ref = {**ref, "options": options}
    if quantity is None and not act.entities.get("options") and names_more(act, lines):
        yield from add(talk, act)  # "plus the train and the tracks": nothing that is there
        return
    if quantity is None and not act.entities.get("options") and (other := (yield from other_variant(talk, act))):
        yield from _set(talk, act, other, counted_by(act, {}), action="replace")
        return
    if quantity is None and not act.entities.get("options"):
        talk.say_text(describe.cart_lines(talk))
        talk.say("product_needed")
        return
    line = line_of(lines, ref)
    if quantity is not None and line is not None and (other := (yield from of_that_number(talk, line, quantity))):
        yield from _set(talk, act, {"variant": line["variant_external_id"], "options": other}, None, action="replace")
        return
    if quantity is not None and line is not None and options and not having(lines_of(lines, line), options):
        # No line is like that: it comes beside what is there where each is counted, else in its place
        if sum(_counts_which(one) for one in talk.turn.acts) > 1:
            wished = overlaid(line["options"], options)
            yield from put(talk, act, {"product": line["product_external_id"], "options": wished}, quantity)
        else:
            yield from _set(talk, act, ref, quantity, action="replace")
        return
    yield from _set(talk, act, ref, quantity)


def only_this(text: str, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The line of several that "just the lame then" leaves in the cart."""
    if len(lines) < 2 or not _ONLY_THE.match(text):
        return None
    return named_in(text, lines)


def _elsewhere_named(act: ActView, lines: list[dict[str, Any]]) -> bool:
    """Whether a clause names nothing that is in the cart, and wants it in place of what is: "the hob one instead"."""
    name = named(act)
    plain = not set(act.entities) & {"options", "quantity", "pronoun"}
    return plain and name is not None and _NAMED_INSTEAD.match(act.text) is not None and not among(name, lines)


def _in_size(talk: Talk, act: ActView, line: dict[str, Any]) -> Plan:
    outcome = yield Ask("check_inventory", {"product": line["product_external_id"]})
    row = by_size(f"{act.text} one", outcome.result.get("variants", [])) if outcome.ok else None
    if row is None:
        yield from _set(talk, act, {"product": line["product_external_id"]}, None, action="replace")
        return
    yield from _set(
        talk, act, {"variant": line["variant_external_id"], "options": row["options"]}, None, action="replace"
    )


def _keep(talk: Talk, kept: dict[str, Any], lines: list[dict[str, Any]]) -> Plan:
    for line in lines:
        if line is kept:
            continue
        outcome = yield Ask(
            "update_cart", {"action": "remove", "variant": line["variant_external_id"] or line["variant_id"]}
        )
        if outcome.ok:
            talk.say("removed", what=describe.what(line["title"], line["options"]), quantity=0)
    spoken_of(talk, {"external_id": kept["product_external_id"], "title": kept["title"]},
              {"external_id": kept["variant_external_id"], "options": kept["options"]})  # fmt: skip
    talk.say_total()


def _some_of_them(talk: Talk, act: ActView) -> tuple[dict[str, Any], int] | None:
    """ "Make one of them mustard": the line, and how many of it shall be otherwise."""
    found = _SOME_OF.search(act.text)
    if found is None or not act.entities.get("options"):
        return None
    line = named_in(found["name"], talk.cart["items"]) if found["name"] else spoken_of_line(talk)
    if line is None:
        return None
    units = number(found["n"])
    return (line, units) if 0 < units < line["quantity"] else None


def _turn_into(talk: Talk, act: ActView, line: dict[str, Any], number: int) -> Plan:
    """So many of a line come as another variant; the others stay."""
    before = talk.cart["items"]
    wished = overlaid(line["options"], act.entities["options"])
    yield from put(talk, act, {"product": line["product_external_id"], "options": wished}, number)
    if talk.cart["items"] != before:
        yield from set_quantity(talk, line, line["quantity"] - number)


def _counts_which(act: ActView) -> bool:
    """ "One red", of "sorry, one red and one black"."""
    of_cart = act.intent in ("change_cart", "add_to_cart")
    return bool(of_cart and act.entities.get("quantity") and act.entities.get("options"))


def _set(talk: Talk, act: ActView, ref: dict[str, Any], quantity: int | None, *, action: str | None = None) -> Plan:
    """So many of a line of the cart, or, without a number, another variant of it."""
    action = action or ("set" if quantity is not None else "replace")
    outcome = yield Ask("update_cart", {"action": action, **ref, **({"quantity": quantity} if quantity else {})})
    if outcome.ok:
        tell_set(talk, outcome.result["changed"], ref)
        return
    error = outcome.result["error"]
    if error["code"] == "out_of_stock":
        yield from too_few(talk, ref, error)
    elif error["code"] == "not_in_cart" and act.entities.get("product_query"):
        yield from _swap(talk, act)
    elif error["code"] == "product_not_found" and _of_the_cart(talk, act):
        yield from change(talk, without_name(act))
    elif not _not_in_cart(talk, act, error):
        yield from not_resolved(talk, outcome, act, then="add", quantity=quantity or 1)


def _of_the_cart(talk: Talk, act: ActView) -> bool:
    """Whether a clause with a name that the shop does not know is about the cart: "he's grown, make it the L"."""
    return named(act) is not None and (points_back(talk, act) or _FOR_ONE.search(act.text) is not None)


def _one_for_another(lines: list[dict[str, Any]], act: ActView) -> tuple[dict[str, Any], str] | None:
    """ "Swap the mat for the blanket": the line that goes, and the name of what comes."""
    query = named(act) or ""
    for joint in _FOR.finditer(query):
        now, then = query[: joint.start()], query[joint.end() :]
        going = among(now, lines)
        if len(going) == 1 and then and not stems(then) <= stems(going[0]["title"]):
            return going[0], then
    return None


def _swap(talk: Talk, act: ActView, goes: dict[str, Any] | None = None, comes: str | None = None) -> Plan:
    """ "The leather one instead": another product comes in for the one that was spoken of, which goes once the other is there."""
    goes = goes or (spoken_of_line(talk) if INSTEAD.search(act.text) else None)
    before = {line["variant_external_id"] for line in talk.cart.get("items", [])}
    quantity = int(act.entities.get("quantity") or (goes or {}).get("quantity") or 1)
    options = act.entities.get("options", {})
    ref = {"product": comes, **({"options": options} if options else {})} if comes else target(talk, act)
    no_such = []

    def otherwise() -> Plan:
        no_such.append(ref)
        yield from change(talk, without_name(act))

    yield from put(
        talk, act, ref, quantity, otherwise=otherwise() if comes is None and _of_the_cart(talk, act) else None
    )
    if no_such:
        return
    came = {line["variant_external_id"] for line in talk.cart.get("items", [])} - before
    if goes is None or not came:
        return
    outcome = yield Ask(
        "update_cart", {"action": "remove", "variant": goes["variant_external_id"] or goes["variant_id"]}
    )
    if outcome.ok:
        talk.say("removed", what=describe.what(goes["title"], goes["options"]), quantity=0)
        talk.say_total()


def remove(talk: Talk, act: ActView) -> Plan:
    """Out of the cart. "No vase then", where none is in it, beside something else, takes nothing out and needs no answer."""
    name = named(act)
    if (
        name is not None
        and len(talk.turn.acts) > 1
        and _GOES_WITHOUT.search(act.text)
        and named_in(act.text, talk.cart.get("items", [])) is None
    ):
        return
    if act.entities.get("everything") and not act.entities.get("product_query"):
        yield Ask("update_cart", {"action": "clear"})
        talk.say("cleared")
        talk.focus = None
        return
    if not talk.cart.get("items"):
        talk.say("cart_empty")
        return
    quantity = act.entities.get("quantity")
    extra = {"quantity": quantity} if quantity else {}
    had = talk.cart["items"]
    spoken = spoken_of_line(talk)
    if quantity and named(act) is None and spoken is not None and len(had) > 1 and quantity > spoken["quantity"]:
        # "Drop the three colours", of which one was spoken of last: which lines are meant is asked
        talk.say(
            "which_line",
            candidates=describe.listing([describe.what(one["title"], one["options"]) for one in had], "or"),
        )
        return
    outcome = yield Ask("update_cart", {"action": "remove", **cart_ref(talk, act), **extra})
    if outcome.ok:
        changed = outcome.result["changed"]
        name = describe.what(changed["title"], changed["options"])
        talk.say("reduced" if changed["quantity"] else "removed", what=name, quantity=changed["quantity"])
        talk.say_total()
        if not changed["quantity"]:
            left = {line["variant_external_id"] for line in talk.cart["items"]}
            gone = next((line for line in had if line["variant_external_id"] not in left), None)
            talk.removed = gone and {"product": gone["variant_external_id"], "quantity": gone["quantity"]}
        if not changed["quantity"] and talk.focus is not None and talk.focus["title"] == changed["title"]:
            talk.focus = None  # what was taken out is not what "it" means from now on
    elif outcome.result["error"]["code"] == "not_in_cart" and _of_the_cart(talk, act):
        yield from remove(talk, without_name(act))
    elif not _not_in_cart(talk, act, outcome.result["error"]):
        yield from not_resolved(talk, outcome, act, then="remove")


def _not_in_cart(talk: Talk, act: ActView, error: dict[str, Any]) -> bool:
    """Says it where the cart is the matter; answers whether it was."""
    if error["code"] == "not_in_cart":
        talk.say("not_in_cart", what=f"“{query}”" if (query := named(act)) else "That")
        return True
    if error["code"] == "ambiguous_line":
        names = [describe.what(line["title"], line["options"]) for line in error["candidates"]]
        talk.say("which_line", candidates=describe.listing(names, "or"))
        return True
    return False
