"""The cart: what goes in, what goes out, what is in it."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe
from agentpay.llm.house.asking import chosen_product, chosen_variant, not_resolved
from agentpay.llm.house.counted import without_unit
from agentpay.llm.house.each import lines_meant, means_each, variants_meant
from agentpay.llm.house.referring import referred
from agentpay.llm.house.refs import among, having, named, overlaid, spoken_of, stems, target, undecided
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Plan, Talk
from agentpay.naming import besides_the_name

_INSTEAD = re.compile(
    r"\b(?:instead|rather|swap\w*|replace\w*|switch\w*|change|exchange|wait|on second thoughts?|after all|prefer)\b",
    re.I,
)
_EACH = re.compile(
    r"\b(?:one|two|\d+) of each\b|\beach of (?:them|those|these)\b|\ball (?:of them|three|four|five)\b", re.I
)
_SO_MANY = re.compile(r"\bwill do\b|\b(?:need|rather|prefer|make|only|just|enough)\b", re.I)
_NUMBER_ALONE = re.compile(r"^\W*(?:\d{1,3}|two|three|four|five|six)(?:\W+(?:please|pls|then))?\W*$", re.I)
_THE_ONE_WITH = re.compile(
    r"^\W*(?:(?:i'?ll (?:take|have)|i (?:want|take)|ok|please|and) )*the one (?:with|that|in|of)\b", re.I
)
_IT = re.compile(r"\b(?:it|that|this|them|these|those)\b", re.I)
_FOR = re.compile(r"\s+(?:for|with|to|against|by)\s+(?:the\s+|an?\s+)?", re.I)
_MORE = re.compile(r"\b(?:more|another|again|also|too|as well|extra|second)\b", re.I)
_BESIDES = re.compile(
    r"^\W*(?:(?:oh|ok(?:ay)?|yes|great|good|perfect|thanks)\W+)*(?:and|also|plus|then also|and also)\W+(?:also\W+)?",
    re.I,
)
_BEGINNING = 12
_CHANGES = re.compile(
    r"\b(?:make|change|swap|switch|replace|set|only|rather|instead|reduce|remove|drop|without|not|how|what|which|when|where|do|does|is|are|can|could)\b",
    re.I,
)
_FURTHER = re.compile(r"\b(?:plus|also|add|and|too|as well)\b", re.I)
_MOST_AT_ONCE = 5
_AND = re.compile(r"\s*(?:,|\band\b|&|\bplus\b)\s*", re.I)


def add(talk: Talk, act: ActView) -> Plan:
    """Put what was named, chosen or just spoken of into the cart."""
    act = yield from without_unit(talk, act)
    if rows := (yield from variants_meant(talk, act)):
        yield from _put_each(talk, act, rows)
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
            yield from put(talk, act, {**target(talk, act), "product": product["external_id"]}, _quantity(talk, act))
        return
    if (line := _counted_anew(talk, act)) is not None:
        yield from _set(talk, act, {"variant": line["variant_external_id"]}, int(act.entities["quantity"]))
        return
    if (line := in_cart_already(talk, act)) is not None:
        _not_twice(talk, line)
        return
    pending = talk.pending if talk.asked_for in ("variant", "product") else {}
    ref = target(talk, act)
    if talk.asked_for == "variant" and not anew and not act.entities.get("ordinals"):
        ref = {"product": pending["product"], "options": overlaid(pending.get("options", {}), ref.get("options", {}))}
    elif talk.asked_for == "product" and (chosen := chosen_product(talk, act)):
        options = {**pending.get("options", {}), **ref.get("options", {})}
        ref = {"product": chosen, **({"options": options} if options else {})}
    elif len(meant := referred(talk, act) or ([] if "product" in ref else undecided(talk, act))) > 1:
        kept = {"quantity": _quantity(talk, act), "options": act.entities.get("options", {})}
        talk.say("which_product", candidates=describe.listing([product["title"] for product in meant[:5]], "or"))
        candidates = [{key: product[key] for key in ("external_id", "title")} for product in meant[:5]]
        talk.expect("product", then="add", candidates=candidates, **kept)
        return
    other = anew and talk.asked_for == "variant" and not stems(named(act) or "") <= stems(pending.get("title") or "")
    yield from put(talk, act, ref, int(act.entities.get("quantity") or 1) if other else _quantity(talk, act))


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
            yield from put(talk, act, {"product": row["external_id"]}, _quantity(talk, act))


def _counted_anew(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The one line of the cart of which "three of the dripper will do" says how many it shall be."""
    said = _SO_MANY.search(act.text) or (talk.asked_for is None and _NUMBER_ALONE.match(act.text))
    if not act.entities.get("quantity") or act.entities.get("options") or not said:
        return None
    lines = [line for line in talk.cart.get("items", []) if line["variant_external_id"]]
    if (name := named(act)) is not None:
        lines = among(name, lines)
    else:
        focus = (talk.focus or {}).get("product")
        lines = [line for line in lines if focus in (line["product_external_id"], line["variant_external_id"])]
    return lines[0] if len(lines) == 1 and _MORE.search(act.text) is None else None


def in_cart_already(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The line of the cart that "I take it" is said of: to add it once more has to be said."""
    bare = act.entities.get("pronoun") and set(act.entities) == {"pronoun"} and _MORE.search(act.text) is None
    line = _spoken_of_line(talk)
    if not bare or line is None or talk.asked_for is not None:
        return None
    focus = talk.focus or {}
    ids = (line["variant_external_id"], line["variant_id"])
    return line if focus.get("variant") in ids or focus.get("product") in ids else None


def _not_twice(talk: Talk, line: dict[str, Any]) -> None:
    name, offer = describe.what(line["title"], line["options"]), talk.turn.offer
    if offer is not None and offer["variant_external_id"] == line["variant_external_id"]:
        talk.say("offer_stands", quantity=line["quantity"], what=name, amount=talk.money(offer["amount"]))
        talk.expect("confirm_checkout")
        return
    talk.say("in_cart_already", what=name)
    talk.expect("confirm_checkout")


def goes_on_buying(talk: Talk, act: ActView) -> bool:
    """ "And the 80 cm one", "plus two oat": what was bought last was not all; nothing of it is to be changed."""
    line = _spoken_of_line(talk)
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
    yield from put(talk, act, {"product": chosen_variant(talk, act)}, _quantity(talk, act))


def put(talk: Talk, act: ActView, ref: dict[str, Any], quantity: int) -> Plan:
    """Add to the cart, or say why not and ask for what is open."""
    if "product" not in ref:
        talk.say("product_needed")
        kept = {"options": ref["options"]} if "options" in ref else {}
        talk.expect("product", then="add", quantity=quantity, **kept)
        return
    outcome = yield Ask("update_cart", {"action": "add", **ref, "quantity": quantity})
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.goes_with += changed.get("goes_with", [])
        talk.say("added", quantity=changed["quantity"], what=describe.what(changed["title"], changed["options"]))
        spoken_of(talk, {"external_id": _product_of(talk, changed, ref), "title": changed["title"]}, changed)
        talk.say_total()
        return
    error = outcome.result["error"]
    parts = _AND.split(ref["product"])
    if error["code"] == "variant_required" and (row := _only_one(act, ref, error["candidates"])) is not None:
        yield from put(talk, act, {"product": row["external_id"]}, quantity)
    elif error["code"] == "out_of_stock":
        yield from _too_few(talk, ref, error)
    elif error["code"] == "product_not_found" and (line := _meant_by_slip(talk, act, ref["product"])) is not None:
        _not_twice(talk, line)
    elif error["code"] == "product_not_found" and 1 < len(parts) <= 4 and all(parts):
        for part in parts:
            yield from put(talk, act, {**ref, "product": part}, quantity)
    else:
        yield from not_resolved(
            talk, outcome, act, then="add", quantity=quantity, product=ref["product"], options=ref.get("options", {})
        )


def _meant_by_slip(talk: Talk, act: ActView, product: str) -> dict[str, Any] | None:
    """The line of the cart that "I'll oder that" is said of: a single word the shop does not know names nothing there."""
    slip = product.isalpha() and _IT.search(act.text) is not None
    return _spoken_of_line(talk) if slip else None


def _only_one(act: ActView, ref: dict[str, Any], candidates: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The variant in stock that the clause's own words name, or the only one left of those that are as it was wanted."""
    rows = [row for row in candidates if row["in_stock"]]
    said = stems(act.text)
    named_rows = [
        row
        for row in rows
        if any(
            words and words <= said
            for words in map(_letters, besides_the_name(ref["product"], row["title"], row["options"]).values())
        )
    ]
    if len(named_rows) == 1 and len(rows) > 1:
        return named_rows[0]
    wished = bool(ref.get("options")) or bool(named_rows)
    return rows[0] if len(rows) == 1 and wished else None


def _letters(value: str) -> set[str]:
    """The words of an option's value; none where it has numbers, which a clause may mean otherwise."""
    return set() if any(c.isdigit() for c in value) else {word for word in stems(value) if len(word) > 2}


def add_pending(talk: Talk, act: ActView) -> Plan:
    """Yes to "shall I put it in your cart?", perhaps with how many or which."""
    pending = talk.pending
    options = {**pending.get("options", {}), **act.entities.get("options", {})}
    for product in pending.get("also", []):
        yield from put(talk, act, {"product": product}, 1)
    yield from put(
        talk, act, {"product": pending["product"], **({"options": options} if options else {})}, _quantity(talk, act)
    )


def change(talk: Talk, act: ActView) -> Plan:
    """ "Make it three", "size L instead"."""
    lines = talk.cart.get("items", [])
    if (talk.asked_for in ("variant", "product") and talk.pending.get("then") == "add") or not lines:
        yield from add(talk, act)
        return
    if (pair := _one_for_another(lines, act)) is not None:
        yield from _swap(talk, act, *pair)
        return
    if act.entities.get("quantity") and (each := lines_meant(talk, act)):
        for one in each:
            yield from _set(talk, act, {"variant": one["variant_external_id"]}, int(act.entities["quantity"]))
        return
    besides = goes_on_buying(talk, act) and not act.entities.get("instead_of")
    if besides or (means_each(act.text) and talk.focus is not None):
        yield from add(talk, act)
        return
    ref = _cart_ref(talk, act)
    if (line := _line_with(lines, act.entities.get("instead_of", {}))) is not None:
        ref = {"variant": line["variant_external_id"], "options": act.entities["options"]}
    options = dict(ref.get("options", {}))
    quantity = act.entities.get("quantity")
    if quantity is None and (meant := _number_of_them(lines, ref)) is not None:
        quantity = int(options.pop(meant))
        ref = {**ref, "options": options}
    if quantity is None and not act.entities.get("options") and _names_more(act, lines):
        yield from add(talk, act)  # "plus the train and the tracks": nothing that is there
        return
    if quantity is None and not act.entities.get("options"):
        talk.say_text(describe.cart_lines(talk))
        talk.say("product_needed")
        return
    line = _line_of(lines, ref)
    if quantity is not None and line is not None and options and not having(_lines_of(lines, line), options):
        # No line is like that: it comes beside what is there where each is counted, else in its place
        if sum(_counts_which(one) for one in talk.turn.acts) > 1:
            wished = overlaid(line["options"], options)
            yield from put(talk, act, {"product": line["product_external_id"], "options": wished}, quantity)
        else:
            yield from _set(talk, act, ref, quantity, action="replace")
        return
    yield from _set(talk, act, ref, quantity)


def _names_more(act: ActView, lines: list[dict[str, Any]]) -> bool:
    """Whether further goods are named, of which the cart has none."""
    query = named(act)
    return query is not None and _FURTHER.search(act.text) is not None and not among(query, lines)


def _counts_which(act: ActView) -> bool:
    """ "One red", of "sorry, one red and one black"."""
    of_cart = act.intent in ("change_cart", "add_to_cart")
    return bool(of_cart and act.entities.get("quantity") and act.entities.get("options"))


def _line_of(lines: list[dict[str, Any]], ref: dict[str, Any]) -> dict[str, Any] | None:
    """A line of the product that `ref` names by its id; None where it names none of the cart."""
    return next((line for line in lines if ref.get("product") and ref["product"] == line["product_external_id"]), None)


def _lines_of(lines: list[dict[str, Any]], line: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in lines if one["product_external_id"] == line["product_external_id"]]


def _set(talk: Talk, act: ActView, ref: dict[str, Any], quantity: int | None, *, action: str | None = None) -> Plan:
    """So many of a line of the cart, or, without a number, another variant of it."""
    action = action or ("set" if quantity is not None else "replace")
    outcome = yield Ask("update_cart", {"action": action, **ref, **({"quantity": quantity} if quantity else {})})
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.say("set", quantity=changed["quantity"], what=describe.what(changed["title"], changed["options"]))
        spoken_of(talk, {"external_id": _product_of(talk, changed, ref), "title": changed["title"]}, changed)
        talk.say_total()
        return
    error = outcome.result["error"]
    if error["code"] == "out_of_stock":
        yield from _too_few(talk, ref, error)
    elif error["code"] == "not_in_cart" and act.entities.get("product_query"):
        yield from _swap(talk, act)
    elif not _not_in_cart(talk, act, error):
        yield from not_resolved(talk, outcome, act, then="add", quantity=quantity or 1)


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
    goes = goes or (_spoken_of_line(talk) if _INSTEAD.search(act.text) else None)
    before = {line["variant_external_id"] for line in talk.cart.get("items", [])}
    quantity = int(act.entities.get("quantity") or (goes or {}).get("quantity") or 1)
    options = act.entities.get("options", {})
    ref = {"product": comes, **({"options": options} if options else {})} if comes else target(talk, act)
    yield from put(talk, act, ref, quantity)
    came = {line["variant_external_id"] for line in talk.cart.get("items", [])} - before
    if goes is None or not came:
        return
    outcome = yield Ask(
        "update_cart", {"action": "remove", "variant": goes["variant_external_id"] or goes["variant_id"]}
    )
    if outcome.ok:
        talk.say("removed", what=describe.what(goes["title"], goes["options"]), quantity=0)
        talk.say_total()


def _spoken_of_line(talk: Talk) -> dict[str, Any] | None:
    """The line of the cart that was spoken of last, or the only one."""
    lines: list[dict[str, Any]] = talk.cart.get("items", [])
    focus = talk.focus or {}
    for line in lines:
        if line["variant_external_id"] and line["variant_external_id"] in (focus.get("variant"), focus.get("product")):
            return line
    of_product = [line for line in lines if focus and line["product_external_id"] == focus.get("product")]
    if len(of_product) == 1:
        return of_product[0]
    return lines[0] if len(lines) == 1 else None


def remove(talk: Talk, act: ActView) -> Plan:
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
    outcome = yield Ask("update_cart", {"action": "remove", **_cart_ref(talk, act), **extra})
    if outcome.ok:
        changed = outcome.result["changed"]
        name = describe.what(changed["title"], changed["options"])
        talk.say("reduced" if changed["quantity"] else "removed", what=name, quantity=changed["quantity"])
        talk.say_total()
        if not changed["quantity"] and talk.focus is not None and talk.focus["title"] == changed["title"]:
            talk.focus = None  # what was taken out is not what "it" means from now on
    elif not _not_in_cart(talk, act, outcome.result["error"]):
        yield from not_resolved(talk, outcome, act, then="remove")


def view(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001 - every handler has the same signature
    yield Ask("view_cart")
    if not talk.cart["items"]:
        talk.say("cart_empty")
        return
    talk.say_text(describe.cart_lines(talk))
    talk.say_total()


def _quantity(talk: Talk, act: ActView) -> int:
    return int(act.entities.get("quantity") or talk.pending.get("quantity") or 1)


def _product_of(talk: Talk, changed: dict[str, Any], ref: dict[str, Any]) -> str:
    """The product of a variant that was just put into the cart; how it was named, where the cart does not say."""
    line = next(
        (line for line in talk.cart.get("items", []) if line["variant_external_id"] == changed["external_id"]), None
    )
    return str((line or {}).get("product_external_id") or ref.get("product") or changed["external_id"])


def _number_of_them(lines: list[dict[str, Any]], ref: dict[str, Any]) -> str | None:
    """ "Make the bits 10": the option whose number can only be how many, since what is meant has no such option."""
    meant = [line for line in lines if line["product_external_id"] == ref.get("product")]
    known = {name.casefold() for line in meant for name in line["options"]}
    for name, value in ref.get("options", {}).items():
        if meant and name.casefold() not in known and value.isdigit() and 0 < int(value) <= 999:
            return str(name)
    return None


def _line_with(lines: list[dict[str, Any]], options: dict[str, str]) -> dict[str, Any] | None:
    """The one line of the cart that has these options."""
    fitting = having(lines, options) if options else []
    return fitting[0] if len(fitting) == 1 else None


def _cart_ref(talk: Talk, act: ActView) -> dict[str, Any]:
    """The line of the cart that is meant: by place, by name, what was just spoken of, or the only one."""
    lines = talk.cart.get("items", [])
    options = act.entities.get("options", {})
    extra = {"options": options} if options else {}
    if (ordinals := act.entities.get("ordinals")) and 0 < abs(ordinals[0]) <= len(lines):
        line = lines[ordinals[0] - 1 if ordinals[0] > 0 else ordinals[0]]
        return {"product": line["variant_external_id"] or line["variant_id"], **extra}
    if query := named(act):
        known = among(query, [{"title": line["title"], "line": line} for line in lines])
        titles = {entry["line"]["product_external_id"] for entry in known}
        if len(titles) == 1 and titles != {None}:
            wished = besides_the_name(query, known[0]["title"], options)
            return {"product": titles.pop(), **({"options": wished} if wished else {})}
        return {"product": query, **extra}
    spoken = (talk.focus or {}).get("variant")
    meant = _with_options_named(lines, options)
    if meant and all(line["variant_external_id"] != spoken for line in meant):
        spoken = None  # what was spoken of has no such option
    if spoken and any(line["variant_external_id"] == spoken for line in lines):
        product = next(line for line in lines if line["variant_external_id"] == spoken)
        return {"product": product["product_external_id"] or spoken, **(extra or {"options": product["options"]})}
    if len(lines) == 1:
        return {"product": lines[0]["product_external_id"] or lines[0]["variant_external_id"], **extra}
    if len(fitting := _with_options_named(lines, options)) == 1:
        return {"product": fitting[0]["product_external_id"] or fitting[0]["variant_external_id"], **extra}
    return extra


def _with_options_named(lines: list[dict[str, Any]], options: dict[str, str]) -> list[dict[str, Any]]:
    """The lines that come in what is wanted of them: "the 20 litre one instead" means what has a volume."""
    names = {name.casefold() for name in options}
    return [line for line in lines if names and names <= {name.casefold() for name in line["options"]}]


def _too_few(talk: Talk, ref: dict[str, Any], error: dict[str, Any]) -> Plan:
    left, held = error.get("available") or 0, error.get("in_cart") or 0
    name = describe.what(error.get("title") or "it", error.get("options") or {})
    if left > 0 and held >= left:
        talk.say("all_in_cart", left=left, what=name)
        return
    if left > 0:
        talk.say("only_left", left=left, what=name, more=left - held)
        talk.expect("confirm_add", **ref, quantity=left - held)
        return
    outcome = yield Ask("check_inventory", {key: ref[key] for key in ("product", "options") if key in ref})
    result = outcome.result if outcome.ok else {}
    if outcome.ok:
        spoken_of(talk, result["product"])
    talk.say("out_of_stock", what=name)
    if others := result.get("alternatives"):
        wanted = error.get("options") or {}
        talk.say("in_stock_instead", variants=describe.variants(talk, others, instead_of=wanted))
        choices = [{key: row[key] for key in ("external_id", "options", "price")} for row in others]
        about = {"product": result["product"]["external_id"], "title": result["product"]["title"]}
        talk.expect("variant", then="add", **about, candidates=choices, wanted=wanted)


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
