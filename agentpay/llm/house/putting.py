"""Into the cart, or why not and what is open."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import OSA

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, describe
from agentpay.llm.house.asking import not_resolved, offer_others
from agentpay.llm.house.choosing import counted_by, named_variant, spoken_tokens
from agentpay.llm.house.facts import content
from agentpay.llm.house.lines import product_of, spoken_of_line
from agentpay.llm.house.matching import product_matching, variant_matching
from agentpay.llm.house.numbers import NUMBERS, number
from agentpay.llm.house.refs import having, kind, spoken_of, spoken_of_before, stems, stems_in_order
from agentpay.llm.house.talk import Ask, Plan, Talk

_IT = re.compile(r"\b(?:it|that|this|them|these|those)\b", re.I)
BESIDE = 0.4
"""How sure a clause is of goods that were found beside details of a purchase: "20 kg litter to 3 Park Lane"."""
_WORD = re.compile(r"[^\W_]+")
_FEW = 2
"""A name of fewer words is not guessed at."""
_SHORT = 4
"""Letters from which on a word with one slip is still that word, where the others of the name are right."""
_OF_WHAT = re.compile(r"\s(?:of|for|from|with|before|to|on|in)\s", re.I)
"""Behind what is wanted, of which kind: "samples of the linens"."""
_A_FEW = 4
_HOLDS = re.compile(
    r"\b(?:packs?|packets?|sets?|boxe?s?|trays?|bundles?|counts?|pieces?|sheets?|pcs|bags?|cartons?|cases?|rolls?)\b",
    re.I,
)
"""An option that tells how many a pack holds."""
_SO_MANY_PACKS = re.compile(
    rf"\b(?P<n>an?|\d{{1,2}}|{'|'.join(sorted(NUMBERS))}) (?:packs?|packets?|sets?|box(?:es)?|trays?|bundles?|bags?|cartons?|cases?)\b",
    re.I,
)
_PURPOSE = re.compile(
    r"^(?P<goods>.*?)[,;]?\s+(?:for|to suit|to go (?:with|on|in)|as) (?:an?|the|my|our|his|her|their|this|that|some|\w+)\b",
    re.I,
)
_MAY_I = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|then|hi)\W+)*(?:can|could|may|do|does|is|are|will|would) (?:i|we|you|it|there)\b",
    re.I,
)
_ONES = re.compile(r"\bthe [\w' -]+ ones?\b", re.I)
_GOES_ON = frozenset({"negotiation", "discount", "checkout"})
_AND = re.compile(r"\s*(?:,|\band\b|&|\bplus\b)\s*", re.I)


def put(talk: Talk, act: ActView, ref: dict[str, Any], quantity: int, *, otherwise: Plan | None = None) -> Plan:
    """Add to the cart, or say why not and ask for what is open. `otherwise`: what is done where the shop knows no such name."""
    if "product" not in ref and "options" in ref and (meant := (yield from _coming_so(ref["options"]))) is not None:
        ref = {**ref, "product": meant}
    if "product" not in ref:
        talk.say("product_needed")
        kept = {"options": ref["options"]} if "options" in ref else {}
        talk.expect("product", then="add", quantity=quantity, **kept)
        return
    outcome = yield Ask("update_cart", {"action": "add", **ref, "quantity": quantity})
    told = (outcome.result["changed"] if outcome.ok else outcome.result["error"]).get("options") or {}
    if (packs := _packs(talk, act, told, quantity)) is not None:
        yield from _so_many_packs(talk, ref, outcome, packs)
        return
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.goes_with += changed.get("goes_with", [])
        talk.say("added", quantity=changed["quantity"], what=describe.what(changed["title"], changed["options"]))
        spoken_of(talk, {"external_id": product_of(talk, changed, ref), "title": changed["title"]}, changed)
        talk.say_total()
        return
    error = outcome.result["error"]
    parts = _AND.split(ref["product"])
    points = _ONES.search(act.text) is not None  # "just the bare one": what is told beside it names none
    whole = replace(act, text=talk.turn.text) if talk.asked_for == "confirm_add" and not points else act
    row = None
    if error["code"] == "variant_required":
        row = named_variant(act, ref, error["candidates"]) or named_variant(whole, ref, error["candidates"])
        row = row or variant_matching(talk, act.text, error["candidates"])
    if error["code"] == "variant_not_found":
        row = _said_besides(act, error["candidates"])
    if row is not None:
        said = act.entities.get("quantity") is not None
        yield from put(
            talk, act, {"product": row["external_id"]}, (counted_by(act, row["options"]) or 1) if said else quantity
        )
    elif error["code"] == "out_of_stock":
        yield from too_few(talk, ref, error, quantity)
    elif (
        error["code"] == "ambiguous_product"
        and (fits := product_matching(talk, act.text, error["candidates"])) is not None
        and fits["external_id"] != ref["product"]
    ):
        yield from put(talk, act, {**ref, "product": fits["external_id"]}, quantity)
    elif (
        error["code"] == "ambiguous_product"
        and (titled := _titled_so(act, ref["product"], error["candidates"])) is not None
        and titled != ref["product"]
    ):
        yield from put(talk, act, {**ref, "product": titled}, quantity)
    elif (
        error["code"] == "ambiguous_product"
        and (headed := _headed_so(ref["product"], error["candidates"])) is not None
        and headed != ref["product"]
    ):
        yield from put(talk, act, {**ref, "product": headed}, quantity)
    elif (
        error["code"] == "ambiguous_product"
        and (before := spoken_of_before(talk, error["candidates"])) is not None
        and before["product"] != ref["product"]
    ):
        meant = before["product"] if ref.get("options") else before.get("variant") or before["product"]
        yield from put(talk, act, {**ref, "product": meant}, quantity)
    elif error["code"] == "product_not_found" and 1 < len(parts) <= 4 and all(parts):
        for n, part in enumerate(parts):  # "two secateurs and gauntlets": the number stands before the first
            yield from put(talk, act, {**ref, "product": part}, 1 if n else quantity)
    elif (
        error["code"] == "product_not_found"
        and _MAY_I.match(act.text)
        and (
            (yield from articles.headed(talk, ref["product"]))
            or (yield from articles.headed(talk, _OF_WHAT.split(ref["product"])[0]))
        )
    ):
        return  # "can I pre-order it?": no goods, but something the shop's pages tell of
    elif error["code"] == "product_not_found" and otherwise is not None:
        yield from otherwise
    elif error["code"] == "product_not_found" and (spelt := (yield from _spelt_so(ref["product"]))) is not None:
        yield from put(talk, act, {**ref, "product": spelt}, quantity)
    elif (
        error["code"] == "product_not_found"
        and (shorter := _without_purpose(act, ref["product"])) is not None
        and shorter != ref["product"]
    ):
        yield from put(talk, act, {**ref, "product": shorter}, quantity)
    elif error["code"] == "product_not_found" and (row := (yield from _value_of_it(talk, ref["product"]))) is not None:
        yield from put(talk, act, {"product": row["external_id"]}, quantity)
    elif error["code"] == "product_not_found" and (line := _meant_by_slip(talk, act, ref["product"])) is not None:
        not_twice(talk, line)
    elif error["code"] == "product_not_found" and act.confidence <= BESIDE:
        return  # words beside an address that were taken for goods
    else:
        yield from not_resolved(
            talk, outcome, act, then="add", quantity=quantity, product=ref["product"], options=ref.get("options", {})
        )


def _coming_so(options: dict[str, str]) -> Generator[Ask, ToolOutcome, str | None]:
    """The only product that comes so: "four tubes of titanium white"."""
    outcome = yield Ask("product_search", {"query": " ".join(options.values()), "options": options, "limit": 3})
    fitting = [one for one in outcome.result.get("products", []) if having(one["variants"], options)]
    return str(fitting[0]["external_id"]) if len(fitting) == 1 else None


def _packs(talk: Talk, act: ActView, options: dict[str, Any], quantity: int) -> int | None:
    """How many packs are meant where what was taken for how many is what a pack holds: "72 of them in red, one pack"."""
    own = act.entities.get("quantity")
    if own is None or int(own) != quantity or quantity < _A_FEW:
        return None
    held = [name for name, value in options.items() if str(quantity) in spoken_tokens(str(value))]
    if not any(_HOLDS.search(f"{name} {options[name]}") for name in held):
        return None
    if spoken_tokens(talk.turn.text).count(str(quantity)) != 1:
        return None
    counted = _SO_MANY_PACKS.search(talk.turn.text)
    return number(counted["n"]) if counted is not None else 1


def _so_many_packs(talk: Talk, ref: dict[str, Any], outcome: ToolOutcome, packs: int) -> Plan:
    """The cart with so many packs of what was put in, or could not be put in, by what they hold."""
    if outcome.ok:
        before = {line["variant_external_id"]: line["quantity"] for line in talk.turn.cart.get("items", [])}
        variant = outcome.result["changed"]["external_id"]
        outcome = yield Ask(
            "update_cart", {"action": "set", "variant": variant, "quantity": before.get(variant, 0) + packs}
        )
    else:
        outcome = yield Ask("update_cart", {"action": "add", **ref, "quantity": packs})
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.say("added", quantity=packs, what=describe.what(changed["title"], changed["options"]))
        spoken_of(talk, {"external_id": product_of(talk, changed, ref), "title": changed["title"]}, changed)
        talk.say_total()
    else:
        yield from too_few(talk, ref, outcome.result["error"], packs)


def _headed_so(name: str, candidates: list[dict[str, Any]]) -> str | None:
    """The only one of several that is what the name ends in: "the brolga awning" is no wall for one."""
    words = stems_in_order(name)
    fitting = [
        one for one in candidates if words and words[-1] == kind(one["title"]) and set(words) <= stems(one["title"])
    ]
    return str(fitting[0]["external_id"]) if len(fitting) == 1 else None


def _without_purpose(act: ActView, name: str) -> str | None:
    """The name without what stands behind "for" in the clause: "eight Trek rucksacks for a school trip"."""
    found = _PURPOSE.search(act.text)
    if found is None:
        return None
    kept = [word for word in name.split() if word.casefold() in found["goods"].casefold()]
    return " ".join(kept) if 0 < len(kept) < len(name.split()) else None


def _value_of_it(talk: Talk, name: str) -> Generator[Ask, ToolOutcome, dict[str, Any] | None]:
    """The only variant of what is spoken of that has the whole name as a value: "32 then", of a blazer that is sold out in 30."""
    if talk.focus is None or len(name.split()) > _FEW or not any(c.isdigit() for c in name):
        return None
    outcome = yield Ask("check_inventory", {"product": talk.focus["product"]})
    if outcome.ok and len(outcome.result["variants"]) < _FEW:
        outcome = yield Ask("check_inventory", {"product": outcome.result["product"]["external_id"]})
    rows = outcome.result["variants"] if outcome.ok else []
    said = spoken_tokens(name)
    fitting = [row for row in rows if any(said == spoken_tokens(str(value)) for value in row["options"].values())]
    return fitting[0] if len(fitting) == 1 else None


def _said_besides(act: ActView, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The one row of a value that was said beside one there is not: "the large one, 8 x 10", of rugs told by their sides."""
    said = [{name: value} for name, values in act.entities.get("also", {}).items() for value in values]
    fitting = [having(rows, option) for option in said]
    return fitting[0][0] if len(fitting) == 1 and len(fitting[0]) == 1 else None


def _titled_so(act: ActView, name: str, candidates: list[dict[str, Any]]) -> str | None:
    """The only one of several whose title has all words of a name but the maker's: "the sieve set from Lund"."""
    words = content(name) - stems(str(act.entities.get("brand") or ""))
    fitting = [one for one in candidates if words and words <= stems(one["title"])]
    return str(fitting[0]["external_id"]) if len(fitting) == 1 and len(candidates) > 1 else None


def _spelt_so(name: str) -> Generator[Ask, ToolOutcome, str | None]:
    """The only product whose title has all words of a name but for a slip in a short one: "a glas vase"."""
    words = [word for word in _WORD.findall(name.casefold()) if len(word) > 2]
    if len(words) < _FEW:
        return None
    found = (yield Ask("product_search", {"query": name, "limit": 3})).result.get("products", [])
    fitting = [one for one in found if all(_slips(word, _WORD.findall(one["title"].casefold())) for word in words)]
    return str(fitting[0]["external_id"]) if len(fitting) == 1 else None


def _slips(word: str, title: list[str]) -> bool:
    alike = (own for own in title if own[0] == word[0] and min(len(own), len(word)) >= _SHORT)
    return stems(word) <= stems(" ".join(title)) or any(OSA.distance(word, own, score_cutoff=1) <= 1 for own in alike)


def _meant_by_slip(talk: Talk, act: ActView, product: str) -> dict[str, Any] | None:
    """The line of the cart that "I'll oder that" is said of: a single word the shop does not know names nothing there."""
    slip = product.isalpha() and _IT.search(act.text) is not None
    return spoken_of_line(talk) if slip else None


def not_twice(talk: Talk, line: dict[str, Any]) -> None:
    """Say that it is in the cart; nothing where another clause goes on with what is there: "what's your best price? I'll take it"."""
    if any(act.intent in _GOES_ON for act in talk.turn.acts):
        return
    name, offer = describe.what(line["title"], line["options"]), talk.turn.offer
    if offer is not None and offer["variant_external_id"] == line["variant_external_id"]:
        talk.say("offer_stands", quantity=line["quantity"], what=name, amount=talk.money(offer["amount"]))
        talk.expect("confirm_checkout")
        return
    talk.say("in_cart_already", what=name)
    talk.expect("confirm_checkout")


def too_few(talk: Talk, ref: dict[str, Any], error: dict[str, Any], quantity: int | None = None) -> Plan:
    left, held = error.get("available") or 0, error.get("in_cart") or 0
    name = describe.what(error.get("title") or "it", error.get("options") or {})
    if left > 0 and held >= left:
        talk.say("all_in_cart", left=left, what=name)
        return
    if left > 0:
        talk.say("only_left", left=left, what=name, more=left - held)
        wished: dict[str, Any] = {"wished": quantity} if quantity else {}
        if error.get("options") and "options" not in ref and "variant" not in ref:
            wished["options"] = error["options"]
        talk.expect("confirm_add", **ref, quantity=left - held, held=held, **wished)
        return
    outcome = yield Ask("check_inventory", {key: ref[key] for key in ("product", "options") if key in ref})
    result = outcome.result if outcome.ok else {}
    if outcome.ok:
        spoken_of(talk, result["product"])
    talk.say("out_of_stock", what=name)
    if others := result.get("alternatives"):
        offer_others(talk, result["product"], others, ref.get("options") or error.get("options") or {}, quantity)


def quantity_of(talk: Talk, act: ActView) -> int:
    return int(act.entities.get("quantity") or talk.pending.get("quantity") or 1)


def set_quantity(talk: Talk, line: dict[str, Any], quantity: int) -> Plan:
    """So many of a line of the cart."""
    outcome = yield Ask("update_cart", {"action": "set", "variant": line["variant_external_id"], "quantity": quantity})
    if outcome.ok:
        tell_set(talk, outcome.result["changed"], {})
    elif outcome.result["error"]["code"] == "out_of_stock":
        yield from too_few(talk, {"product": line["variant_external_id"]}, outcome.result["error"])
    else:
        talk.say_text(outcome.result["error"]["message"])


def tell_set(talk: Talk, changed: dict[str, Any], ref: dict[str, Any]) -> None:
    """How many of what the cart holds now, and that this is spoken of."""
    talk.say("set", quantity=changed["quantity"], what=describe.what(changed["title"], changed["options"]))
    spoken_of(talk, {"external_id": product_of(talk, changed, ref), "title": changed["title"]}, changed)
    talk.say_total()
