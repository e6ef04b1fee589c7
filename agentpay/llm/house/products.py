"""Finding, describing and comparing products."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import describe
from agentpay.llm.house.refs import named, spoken_of, target, undecided
from agentpay.llm.house.talk import Ask, Plan, Talk

_NARROWING = ("price_min", "price_max", "brand", "category", "attributes", "options", "sort")
_AND = re.compile(r"\s*(?:,|\band\b|\bor\b|\bvs\.?|\bversus\b|\bwith\b|\bagainst\b|\bto\b|&)\s*", re.I)


def search(talk: Talk, act: ActView) -> Plan:
    """Search; where nothing fits, once without the budget, once without attributes and options; else an honest no."""
    wanted = {key: act.entities[key] for key in _NARROWING if key in act.entities}
    query = act.entities.get("product_query") or ""
    if query:
        wanted.pop(
            "category", None
        )  # recognised in the query's own words, which search weighs better than a filter does
    if not query and not wanted:
        query = "" if act.intent == "recommendation" else act.text
    outcome = yield Ask("product_search", {"query": query, **wanted})
    products = outcome.result.get("products", [])
    if products:
        _show(talk, products, "found_one" if len(products) == 1 else "found_some")
        return
    budget = wanted.get("price_max")
    if budget is not None:
        outcome = yield Ask(
            "product_search", {"query": query, **_without(wanted, "price_min", "price_max"), "sort": "price_asc"}
        )
        if products := outcome.result.get("products", []):
            _show(talk, products[:3], "found_over_budget", budget=talk.money(budget))
            return
    loosened = _without(wanted, "attributes", "options", "price_min", "price_max")
    if loosened != wanted and (query or loosened):
        outcome = yield Ask("product_search", {"query": query, **loosened})
        if products := outcome.result.get("products", []):
            _show(talk, products[:3], "found_without")
            return
    talk.say("found_nothing", query=named(act) or "anything like that")


def details(talk: Talk, act: ActView) -> Plan:
    ref = target(talk, act)
    if "product" not in ref:
        yield from search(talk, act)
        return
    outcome = yield Ask("product_details", {"product": ref["product"]})
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="details")
        return
    product = outcome.result["product"]
    spoken_of(talk, product)
    lines = [f"**{product['title']}**, {describe.price(talk, product)}", product["description"]]
    if facts := product.get("attributes"):
        lines.append(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
    in_stock = [v for v in product["variants"] if v["available"] is None or v["available"] > 0]
    if len(product["variants"]) > 1 and in_stock:
        lines.append(f"In stock: {describe.variants([{**v, 'title': product['title']} for v in in_stock])}.")
    talk.say_text("\n\n".join(line for line in lines if line))
    if in_stock:
        talk.say("ask_add")
        talk.expect("confirm_add", product=product["external_id"])
    else:
        talk.say("out_of_stock", what=product["title"])


def compare(talk: Talk, act: ActView) -> Plan:
    references = _compared(talk, act)
    if len(references) < 2:
        talk.say("compare_needed")
        talk.expect("compare")
        return
    outcome = yield Ask("compare_products", {"products": references[:5]})
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="details")
        return
    products = outcome.result["products"]
    rows = [
        ["", *(product["title"] for product in products)],
        ["Price", *(describe.price(talk, product) for product in products)],
        ["In stock", *("yes" if describe.stocked(product) else "no" for product in products)],
        *([name.replace("_", " "), *values] for name, values in outcome.result["attributes"].items()),
    ]
    table = [f"| {' | '.join(row)} |" for row in rows]
    table.insert(1, "|" + "---|" * len(rows[0]))
    talk.say_text("\n".join(table))
    talk.say("ask_which")


def availability(talk: Talk, act: ActView) -> Plan:
    if several := undecided(talk, act):
        talk.say("which_product", candidates=describe.listing([product["title"] for product in several], "or"))
        talk.expect("product", then="details", candidates=several, options=act.entities["options"])
        return
    ref = target(talk, act)
    if "product" not in ref:
        yield from search(talk, act)
        return
    outcome = yield Ask("check_inventory", {**ref, **_quantity(act)})
    if not outcome.ok:
        if outcome.result["error"]["code"] in ("product_not_found", "ambiguous_product") and act.entities.get(
            "product_query"
        ):
            yield from search(talk, act)
            return
        yield from not_resolved(talk, outcome, act, then="details")
        return
    _stock(talk, act, outcome.result)


def price(talk: Talk, act: ActView) -> Plan:
    ref = target(talk, act)
    if "product" not in ref:
        yield from search(talk, act)
        return
    outcome = yield Ask("check_inventory", ref)
    if not outcome.ok:
        if act.entities.get("product_query"):
            yield from search(talk, act)
        else:
            yield from not_resolved(talk, outcome, act, then="details")
        return
    result = outcome.result
    rows = result["variants"] or result["alternatives"]
    if not rows:
        talk.say("out_of_stock", what=result["product"]["title"])
        return
    amounts = sorted({row["price"] for row in rows})
    shown = talk.money(amounts[0]) if len(amounts) == 1 else f"{talk.money(amounts[0])} to {talk.money(amounts[-1])}"
    name = describe.what(rows[0]["title"], rows[0]["options"]) if len(rows) == 1 else result["product"]["title"]
    spoken_of(talk, result["product"], rows[0] if len(rows) == 1 else None)
    talk.say("price_is", what=name, price=shown)
    if not result["in_stock"]:
        talk.say("out_of_stock", what=name)


def attribute(talk: Talk, act: ActView) -> Plan:
    """ "Is it dishwasher safe?": what the product's own data says, of what is being spoken of."""
    ref = target(talk, act)
    outcome = yield Ask("product_details", {"product": ref["product"]})
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="details")
        return
    product = outcome.result["product"]
    spoken_of(talk, product)
    known = {name: product["attributes"][name] for name in act.entities["attributes"] if name in product["attributes"]}
    for name, value in known.items():
        talk.say("attribute_is", title=product["title"], name=name.replace("_", " "), value=value)
    if not known:
        talk.say("attribute_unknown", title=product["title"])
        talk.say_text(product["description"])


def not_resolved(talk: Talk, outcome: ToolOutcome, act: ActView, *, then: str, **pending: Any) -> Plan:
    """Say why a tool did not know which product is meant, and ask. `then` is what the answer will be used for."""
    error = outcome.result["error"]
    candidates = error.get("candidates", [])
    match error["code"]:
        case "ambiguous_product":
            titles = describe.listing([candidate["title"] for candidate in candidates[:5]], "or")
            talk.say("which_product", candidates=titles)
            talk.expect("product", then=then, candidates=candidates, **pending)
        case "variant_required" | "variant_not_found":
            product = error["product"]
            rows = [row for row in candidates if row["in_stock"]] or candidates
            spoken_of(talk, product)
            if error["code"] == "variant_not_found":
                wanted = describe.options(pending.get("options", {}) or act.entities.get("options", {})) or "that"
                talk.say("variant_missing", title=product["title"], wanted=wanted, variants=describe.variants(rows))
            else:
                talk.say("variant_needed", title=product["title"], variants=describe.variants(rows))
            kept = pending if error["code"] == "variant_required" else {**pending, "options": {}}
            talk.expect("variant", then=then, **{**kept, "product": product["external_id"]})
        case "product_not_found" if query := act.entities.get("product_query"):
            found = yield Ask("product_search", {"query": query, "limit": 3})
            if products := found.result.get("products", []):
                _show(talk, products, "found_without")
            else:
                talk.say("no_such_product", query=query)
        case "product_not_found":
            talk.say("product_needed")
        case "product_unavailable":
            talk.say_text(error["message"])
        case "product_required":
            talk.say("product_needed")
            talk.expect("product", then=then, **pending)
        case "tool_failed" | "tool_timeout":
            talk.say("tool_failed")
        case _:
            talk.say_text(error["message"])


def _show(talk: Talk, products: list[dict[str, Any]], key: str, **values: Any) -> None:
    talk.say(key, **values)
    numbers = [n if len(products) > 1 else None for n in range(1, len(products) + 1)]
    talk.say_text("\n".join(describe.product_line(talk, n, p) for n, p in zip(numbers, products, strict=True)))
    if len(products) > 1:
        talk.focus = None
        talk.say("ask_which")
        talk.expect("choice")
        return
    spoken_of(talk, products[0])
    if describe.stocked(products[0]):
        talk.say("ask_add")
        talk.expect("confirm_add", product=products[0]["external_id"])


def _stock(talk: Talk, act: ActView, result: dict[str, Any]) -> None:
    product, rows, others = result["product"], result["variants"], result["alternatives"]
    available = [row for row in rows if row["in_stock"]]
    wanted = describe.options(act.entities.get("options", {}))
    spoken_of(talk, product, rows[0] if len(rows) == 1 else None)
    if not rows:
        talk.say("not_made", title=product["title"], wanted=wanted or "that")
        if others:
            talk.say("in_stock_instead", variants=describe.variants(others))
    elif not result["in_stock"]:
        name = describe.what(product["title"], rows[0]["options"]) if len(rows) == 1 else product["title"]
        if available:
            talk.say("only_left", left=available[0]["available"], what=name)
            talk.expect("confirm_add", product=available[0]["external_id"], quantity=available[0]["available"])
            return
        talk.say("out_of_stock", what=name)
        if others:
            talk.say("in_stock_instead", variants=describe.variants(others))
    elif len(available) == 1:
        row = available[0]
        spoken_of(talk, product, row)
        key = "in_stock_few" if row["available"] is not None and row["available"] <= describe.FEW else "in_stock"
        talk.say(
            key, what=describe.what(row["title"], row["options"]), price=talk.money(row["price"]), left=row["available"]
        )
        talk.say("ask_add")
        talk.expect("confirm_add", product=row["external_id"])
    else:
        talk.say("in_stock_several", title=product["title"], variants=describe.variants(available))
        talk.expect("variant", then="add", product=product["external_id"])


def _compared(talk: Talk, act: ActView) -> list[str]:
    shown = talk.turn.shown
    if (ordinals := act.entities.get("ordinals")) and len(ordinals) > 1:
        return [shown[n - 1]["external_id"] for n in ordinals if 0 < n <= len(shown)]
    query = act.entities.get("product_query")
    names = list(act.entities.get("compared", [])) or ([name for name in _AND.split(query) if name] if query else [])
    if len(names) == 1 and talk.focus is not None:
        names.append(talk.focus["product"])
    if len(names) < 2 and len(shown) >= 2:
        return [product["external_id"] for product in shown[:3]]
    return names


def _quantity(act: ActView) -> dict[str, int]:
    return {"quantity": act.entities["quantity"]} if act.entities.get("quantity") else {}


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in names}
