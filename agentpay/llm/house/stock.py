"""Whether a product can be had, in which variants, and what it costs."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import articles, describe
from agentpay.llm.house.asking import not_resolved, offer_others, suggest
from agentpay.llm.house.choosing import chosen_product, told_apart
from agentpay.llm.house.products import UNKNOWN, search, which
from agentpay.llm.house.refs import points_back, spoken_of, target, undecided
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Plan, Talk

_POINTS = re.compile(r"\b(?:it|its|they|them|that|this|these|those)\b", re.I)


def availability(talk: Talk, act: ActView) -> Plan:
    if several := undecided(talk, act):
        talk.say("which_product", candidates=describe.listing([product["title"] for product in several], "or"))
        talk.expect("product", then="details", candidates=several, options=act.entities["options"])
        return
    ref = target(talk, act)
    if talk.asked_for == "product" and (chosen := chosen_product(talk, act)):
        ref = {**ref, "product": chosen}
    if "product" not in ref:
        yield from which(talk, act)
        return
    outcome = yield Ask("check_inventory", {**ref, **_quantity(act)})
    if not outcome.ok and (meant := instead(talk, act, ref, outcome.result["error"]["code"])):
        outcome = yield Ask("check_inventory", {**ref, **_quantity(act), "product": meant})
    if not outcome.ok and outcome.result["error"]["code"] in UNKNOWN and act.entities.get("category"):
        # "Space on the workshop in June": the only one of its kind
        kind = {"query": "", "category": act.entities["category"]}
        found = (yield Ask("product_search", kind)).result.get("products", [])
        if len(found) == 1:
            outcome = yield Ask("check_inventory", {"product": found[0]["external_id"], **_quantity(act)})
    if not outcome.ok:
        if outcome.result["error"]["code"] in UNKNOWN and act.entities.get("product_query"):
            yield from search(talk, act)
            return
        yield from not_resolved(talk, outcome, act, then="details")
        return
    _stock(talk, ref.get("options", {}), narrowed(act, outcome.result), act.entities.get("quantity"))


def narrowed(act: ActView, result: dict[str, Any]) -> dict[str, Any]:
    """What check_inventory tells of the one variant that a size or a word of its own means: "and the big one?"."""
    rows = result["variants"]
    row = (by_size(act.text, rows) or told_apart(act.text, rows)) if len(rows) > 1 else None
    if row is None:
        return result
    others = [one for one in rows if one is not row and one["in_stock"]]
    return {**result, "variants": [row], "in_stock": row["in_stock"], "alternatives": [] if row["in_stock"] else others}


def price(talk: Talk, act: ActView) -> Plan:
    ref = target(talk, act)
    if "product" not in ref and (yield from articles.told_price(talk)):
        return  # "what does it cost?", of what a page was quoted on
    if "product" not in ref:
        yield from which(talk, act)
        return
    outcome = yield Ask("check_inventory", ref)
    if not outcome.ok and (meant := instead(talk, act, ref, outcome.result["error"]["code"])):
        outcome = yield Ask("check_inventory", {**ref, "product": meant})
    if not outcome.ok:
        name = act.entities.get("product_query")
        if (
            name
            and outcome.result["error"]["code"] in UNKNOWN
            and (yield from articles.told_cost(talk, act.text, name))
        ):
            return  # "how much is engraving?"
        if name:
            yield from search(talk, act)
        else:
            yield from not_resolved(talk, outcome, act, then="details")
        return
    result = narrowed(act, outcome.result)
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


def instead(talk: Talk, act: ActView, ref: dict[str, Any], code: str) -> str | None:
    """The product spoken of, where the words of a clause name none and it points back: "which fabrics does it come in?"."""
    if code not in UNKNOWN or talk.focus is None or not (_POINTS.search(act.text) or points_back(talk, act)):
        return None
    return str(talk.focus["product"]) if talk.focus["product"] != ref.get("product") else None


def _stock(talk: Talk, options: dict[str, str], result: dict[str, Any], quantity: int | None) -> None:
    product, rows, others = result["product"], result["variants"], result["alternatives"]
    available = [row for row in rows if row["in_stock"]]
    wanted = describe.options(options)
    spoken_of(talk, product, rows[0] if len(rows) == 1 else None)
    if len(rows) != 1 and talk.focus is not None:
        talk.focus["options"] = options  # "what about yellow in that size?" goes on from what was asked for
    if not rows:
        talk.say("not_made", title=product["title"], wanted=wanted or "that")
        offer_others(talk, product, others, options, quantity)
    elif not result["in_stock"]:
        name = describe.what(product["title"], rows[0]["options"]) if len(rows) == 1 else product["title"]
        if available:
            left = available[0]["available"]
            talk.say("only_left", left=left, what=name, more=left)
            talk.expect("confirm_add", product=available[0]["external_id"], quantity=left)
            return
        talk.say("out_of_stock", what=name)
        offer_others(talk, product, others, options, quantity)
    elif len(available) == 1:
        row = available[0]
        spoken_of(talk, product, row)
        key = "in_stock_few" if row["available"] is not None and row["available"] <= describe.FEW else "in_stock"
        talk.say(
            key, what=describe.what(row["title"], row["options"]), price=talk.money(row["price"]), left=row["available"]
        )
        suggest(talk, row["external_id"])
    else:
        talk.say("in_stock_several", title=product["title"], variants=describe.variants(talk, available))
        _expect_one_of(talk, product, available, options)


def _expect_one_of(talk: Talk, product: dict[str, Any], rows: list[dict[str, Any]], wanted: dict[str, str]) -> None:
    choices = [{key: row[key] for key in ("external_id", "options", "price")} for row in rows]
    talk.expect(
        "variant", then="add", product=product["external_id"], title=product["title"], candidates=choices, wanted=wanted
    )


def _quantity(act: ActView) -> dict[str, int]:
    return {"quantity": act.entities["quantity"]} if act.entities.get("quantity") else {}
