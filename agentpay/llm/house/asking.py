"""Questions back to the customer, and products shown for them to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import advising, describe
from agentpay.llm.house.refs import having, spoken_of
from agentpay.llm.house.talk import Ask, Plan, Talk


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
            _ask_variant(talk, act, error, then, pending)
        case "product_not_found" if query := act.entities.get("product_query"):
            found = yield Ask("product_search", {"query": query, "limit": 3})
            if products := found.result.get("products", []):
                show(talk, products, "found_without")
            else:
                talk.say("no_such_product", query=query)
        case "product_not_found" | "product_required":
            talk.say("product_needed")
            talk.expect("product", then=then, **pending)
        case "product_unavailable":
            talk.say_text(error["message"])
        case "tool_failed" | "tool_timeout":
            talk.say("tool_failed")
        case _:
            talk.say_text(error["message"])


def _ask_variant(talk: Talk, act: ActView, error: dict[str, Any], then: str, pending: dict[str, Any]) -> None:
    product = error["product"]
    rows = [row for row in error["candidates"] if row["in_stock"]]
    spoken_of(talk, product)
    if not rows:
        talk.say("out_of_stock", what=product["title"])
        return
    missing = error["code"] == "variant_not_found"
    if not missing and len(rows) == 1 and then == "add":
        _offer_last(talk, product, rows[0], pending)
        return
    wanted = pending.get("options", {}) or act.entities.get("options", {})
    talk.asking()
    if missing:
        told = describe.variants(talk, rows, instead_of=wanted)
        talk.say("variant_missing", title=product["title"], wanted=describe.options(wanted) or "that", variants=told)
    else:
        talk.say("variant_needed", title=product["title"], variants=describe.variants(talk, rows))
    # A value that not all of them have was no wish: it is a word of the name
    shared = {
        name: value
        for name, value in pending.get("options", {}).items()
        if not missing and len(having(error["candidates"], {name: value})) == len(error["candidates"])
    }
    kept = {**pending, "options": shared} if "options" in pending else pending
    choices = [{key: row[key] for key in ("external_id", "options", "price")} for row in rows]
    if (usual := usual_variant(talk, rows)) is not None:
        talk.say("usual_size", size=describe.options(usual["options"]))
        kept = {**kept, "usual": usual["external_id"]}
    asked = {"product": product["external_id"], "title": product["title"], "candidates": choices, "wanted": wanted}
    talk.expect("variant", then=then, **{**kept, **asked})


def _offer_last(talk: Talk, product: dict[str, Any], row: dict[str, Any], pending: dict[str, Any]) -> None:
    """Which one, where a single one is left, is no question: whether it shall be that one is."""
    spoken_of(talk, product, row)
    talk.say("that_is", what=describe.what(product["title"], row["options"]), price=talk.money(row["price"]))
    talk.say("ask_add")
    talk.expect(
        "confirm_add", product=row["external_id"], title=product["title"], quantity=pending.get("quantity") or 1
    )


def usual_variant(talk: Talk, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The only one in a size the customer is known to take. It is offered; the customer chooses."""
    sizes = {str(size).casefold() for size in talk.turn.facts.get("sizes", [])}
    fitting = [row for row in rows if sizes & {str(value).casefold() for value in row["options"].values()}]
    return fitting[0] if len(fitting) == 1 else None


def show(
    talk: Talk, products: list[dict[str, Any]], key: str, options: dict[str, str] | None = None, **values: Any
) -> None:
    """A list of products, numbered where there are several, and the question that goes with it.

    `options` are those that were asked for: of a single product they say which variants are meant.
    """
    talk.say(key, **values)
    numbers = [n if len(products) > 1 else None for n in range(1, len(products) + 1)]
    talk.say_text("\n".join(describe.product_line(talk, n, p) for n, p in zip(numbers, products, strict=True)))
    if len(products) > 1:
        talk.focus = None
        talk.say("ask_which")
        talk.expect("choice")
        return
    _show_one(talk, products[0], options or {})


def _show_one(talk: Talk, product: dict[str, Any], options: dict[str, str]) -> None:
    suited, why = advising.suited(talk.turn.text, product) if not options else ([], "")
    talk.say_text(why)
    fitting = suited or having(product["variants"], options) or product["variants"]
    spoken_of(talk, product, fitting[0] if len(fitting) == 1 else None)
    if len(fitting) != 1 and talk.focus is not None:
        talk.focus["options"] = options
    rows = [{**row, "title": product["title"]} for row in fitting if row["available"] is None or row["available"] > 0]
    if not rows:
        if describe.stocked(product):
            talk.say("out_of_stock", what=describe.what(product["title"], fitting[0]["options"]))
            others = [one for one in product["variants"] if one["available"] is None or one["available"] > 0]
            offer_others(talk, product, [{**row, "title": product["title"]} for row in others], options)
        return
    if len(rows) > 1:
        talk.say("comes_as", variants=describe.variants(talk, rows))
        suggest(talk, product["external_id"])
    else:
        if len(product["variants"]) > 1:
            talk.say(
                "that_is", what=describe.what(product["title"], rows[0]["options"]), price=talk.money(rows[0]["price"])
            )
        suggest(talk, rows[0]["external_id"])


def offer_others(
    talk: Talk, product: dict[str, Any], rows: list[dict[str, Any]], wanted: dict[str, str], quantity: int | None = None
) -> None:
    """The variants there are in place of the one that is not; which of them is asked, and for how many it was."""
    if not rows:
        return
    talk.say("in_stock_instead", variants=describe.variants(talk, rows, instead_of=wanted))
    choices = [{key: row[key] for key in ("external_id", "options", "price")} for row in rows]
    about = {"product": product["external_id"], "title": product["title"], "candidates": choices, "wanted": wanted}
    talk.expect("variant", then="add", **about, **({"quantity": quantity} if quantity else {}))


def suggest(talk: Talk, product: str) -> None:
    """ "Shall I put it in your cart?", unless it is there. What was offered before it in the same reply stays offered."""
    if not in_cart(talk, product):
        talk.asking()
        talk.say("ask_add")
        before = [one for one in talk.offered if one != product]
        title = (talk.focus or {}).get("title")
        talk.expect(
            "confirm_add",
            product=product,
            **({"title": title} if title else {}),
            **({"also": before} if before else {}),
        )


def in_cart(talk: Talk, product: str) -> bool:
    """Whether the cart holds a product or variant of that external id."""
    return any(
        product in (line["product_external_id"], line["variant_external_id"]) for line in talk.cart.get("items", [])
    )


def ask_which(talk: Talk, then: str) -> None:
    """Ask which product is meant: by name, where a few were shown."""
    shown = list(talk.turn.shown)
    if 1 < len(shown) <= 5:
        talk.say("which_product", candidates=describe.listing([product["title"] for product in shown], "or"))
        talk.expect(
            "product", then=then, candidates=[{key: one[key] for key in ("external_id", "title")} for one in shown]
        )
        return
    talk.say("product_needed")
    talk.expect("product", then=then)
