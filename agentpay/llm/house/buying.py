"""The cart, the buyer's details, and the way to the payment link."""

from __future__ import annotations

from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe, orders
from agentpay.llm.house.products import not_resolved
from agentpay.llm.house.refs import among, named, spoken_of, target
from agentpay.llm.house.talk import Ask, Plan, Talk

_DETAILS = {"email": "your e-mail address", "name": "your name", "phone_number": "your phone number",
            "shipping_address": "your address", "shipping_option": "your shipping choice"}  # fmt: skip
_MISSING = {"email": "your e-mail address", "shipping_address": "the shipping address (street, postcode, city, country)",
            "shipping_option": "the shipping option you'd like", "name": "your name"}  # fmt: skip


def add(talk: Talk, act: ActView) -> Plan:
    if (
        talk.asked_for == "confirm_add"
        and not named(act)
        and not act.entities.get("ordinals")
        and "product" in talk.pending
    ):
        yield from add_pending(talk)
        return
    pending = talk.pending if talk.asked_for in ("variant", "product") else {}
    ref = target(talk, act)
    if talk.asked_for == "variant" and not named(act) and not act.entities.get("ordinals"):
        ref = {"product": pending["product"], "options": {**pending.get("options", {}), **ref.get("options", {})}}
    elif talk.asked_for == "product" and (chosen := _chosen(talk, act)):
        ref = {"product": chosen, "options": {**pending.get("options", {}), **ref.get("options", {})}}
    quantity = act.entities.get("quantity") or pending.get("quantity") or 1
    yield from put(talk, act, ref, quantity)


def put(talk: Talk, act: ActView, ref: dict[str, Any], quantity: int) -> Plan:
    """Add to the cart, or say why not and ask for what is open."""
    if "product" not in ref:
        talk.say("product_needed")
        talk.expect(
            "product", then="add", quantity=quantity, **({"options": ref["options"]} if "options" in ref else {})
        )
        return
    outcome = yield Ask("update_cart", {"action": "add", **ref, "quantity": quantity})
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.say("added", quantity=quantity, what=describe.what(changed["title"], changed["options"]))
        spoken_of(talk, {"external_id": ref["product"], "title": changed["title"]}, changed)
        talk.say_total()
        return
    error = outcome.result["error"]
    if error["code"] == "out_of_stock":
        yield from _too_few(talk, ref, error)
        return
    yield from not_resolved(
        talk, outcome, act, then="add", quantity=quantity, product=ref["product"], options=ref.get("options", {})
    )


def add_pending(talk: Talk) -> Plan:
    """Yes to "shall I put it in your cart?"."""
    pending = talk.pending
    act = next((act for act in talk.turn.acts), ActView("add_to_cart", 1.0, talk.turn.text))
    options = {**pending.get("options", {}), **act.entities.get("options", {})}
    quantity = act.entities.get("quantity") or pending.get("quantity") or 1
    yield from put(talk, act, {"product": pending["product"], **({"options": options} if options else {})}, quantity)


def change(talk: Talk, act: ActView) -> Plan:
    """ "Make it three", "size L instead"."""
    lines = talk.cart.get("items", [])
    quantity, options = act.entities.get("quantity"), act.entities.get("options", {})
    if talk.asked_for in ("variant", "product") and talk.pending.get("then") == "add":
        yield from add(talk, act)
        return
    if not lines:
        yield from add(talk, act)
        return
    ref = _cart_ref(talk, act)
    if quantity is None and not options:
        talk.say_text(describe.cart_lines(talk))
        talk.say("product_needed")
        return
    action = "set" if quantity is not None else "replace"
    outcome = yield Ask("update_cart", {"action": action, **ref, **({"quantity": quantity} if quantity else {})})
    if outcome.ok:
        changed = outcome.result["changed"]
        talk.say("set", quantity=changed["quantity"], what=describe.what(changed["title"], changed["options"]))
        talk.say_total()
        return
    error = outcome.result["error"]
    if error["code"] == "out_of_stock":
        yield from _too_few(talk, ref, error)
    elif error["code"] == "not_in_cart" and act.entities.get("product_query"):
        yield from add(talk, act)
    else:
        yield from _not_in_cart(talk, act, error) or not_resolved(
            talk, outcome, act, then="add", quantity=quantity or 1
        )


def remove(talk: Talk, act: ActView) -> Plan:
    if act.entities.get("everything") and not act.entities.get("product_query"):
        yield Ask("update_cart", {"action": "clear"})
        talk.say("cleared")
        return
    if not talk.cart.get("items"):
        talk.say("cart_empty")
        return
    quantity = act.entities.get("quantity")
    outcome = yield Ask(
        "update_cart",
        {"action": "remove", **_cart_ref(talk, act), **({"quantity": quantity} if quantity else {})},
    )
    if outcome.ok:
        changed = outcome.result["changed"]
        name = describe.what(changed["title"], changed["options"])
        talk.say("reduced" if changed["quantity"] else "removed", what=name, quantity=changed["quantity"])
        talk.say_total()
        return
    yield from _not_in_cart(talk, act, outcome.result["error"]) or not_resolved(talk, outcome, act, then="remove")


def view(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001 - every handler has the same signature
    yield Ask("view_cart")
    if not talk.cart["items"]:
        talk.say("cart_empty")
        return
    talk.say_text(describe.cart_lines(talk))
    talk.say_total()


def details(talk: Talk, act: ActView) -> Plan:
    """Note what the buyer gives. An order that waits for it goes on by itself."""
    entities = act.entities
    given: dict[str, Any] = {}
    if emails := entities.get("emails"):
        given["email"] = emails[0]
    for ours, theirs in (("name", "name"), ("phone_number", "phone"), ("shipping_option", "shipping_method")):
        if entities.get(theirs):
            given[ours] = entities[theirs]
    if address := entities.get("address"):
        if not address.get("country"):
            talk.say("address_country")
            talk.expect("country", address=address, wants_link=_link_follows(talk))
            return
        given["shipping_address"] = address
    elif talk.asked_for == "country" and entities.get("country") and "address" in talk.pending:
        given["shipping_address"] = {**talk.pending["address"], "country": entities["country"]}
    if talk.pending.get("verify") and (emails or entities.get("order_numbers")):
        yield from orders.status(talk, act)
        return
    if not given:
        talk.say("not_understood")
        return
    outcome = yield Ask("set_customer_details", given)
    if not outcome.ok:
        error = outcome.result["error"]
        talk.say("email_invalid") if error["code"] == "email_invalid" else talk.say_text(error["message"])
        return
    if _link_follows(talk):
        return
    if (made := outcome.result.get("checkout")) is not None:
        parts = describe.checkout_parts(talk, made)
        talk.say("link_updated", total=talk.money(made["total"]), parts=parts, url=made["url"])
    else:
        talk.say("noted", details=describe.listing([_DETAILS[key] for key in given]))
        if talk.cart.get("items"):
            talk.say("ready")
            talk.expect("confirm_checkout")


def checkout(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    yield from link(talk)


def link(talk: Talk) -> Plan:
    """The payment link, or everything that is missing for it in one question."""
    if not talk.cart.get("items"):
        talk.say("cart_empty")
        return
    outcome = yield Ask("create_payment_link")
    if outcome.ok:
        made = outcome.result["checkout"]
        parts = describe.checkout_parts(talk, made)
        talk.total_is_said()
        talk.say("link", total=talk.money(made["total"]), parts=parts, url=made["url"])
        return
    error = outcome.result["error"]
    if error["code"] == "checkout_incomplete":
        names = [
            name for name in error["missing"] if name != "shipping_option" or "shipping_address" not in error["missing"]
        ]
        missing = describe.listing([_MISSING.get(name, name.replace("_", " ")) for name in names])
        talk.say("missing_one" if len(names) == 1 else "missing", missing=missing)
        asked = "address" if "shipping_address" in names else names[0] if names else "details"
        talk.expect(asked, wants_link=True)
        return
    if error["code"] in ("tool_failed", "tool_timeout"):
        talk.say("tool_failed")
        return
    talk.say("link_failed", reason=error["message"])
    if error["code"] in ("country_not_served", "shipping_unavailable"):
        talk.expect("address", wants_link=True)


def wants_link(talk: Talk) -> bool:
    """The customer asked for the link before, and now gave what was missing."""
    return (
        bool(talk.pending.get("wants_link"))
        and any(act.intent == "provide_details" for act in talk.turn.acts)
        and not talk.expecting
    )


def payment_problem(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    outcome = yield Ask("payment_status")
    if not outcome.ok:
        talk.say("payment_none")
        return
    found, order = outcome.result["checkout"], outcome.result["order"]
    if order is not None:
        talk.say("payment_done", total=talk.money(order["total"]), number=order["number"])
    elif found["status"] in ("confirming", "confirmed"):
        talk.say("payment_pending")
    elif found["status"] == "open":
        talk.say("payment_failed" if found["failure"] else "payment_open", url=found["url"])
    else:
        talk.say("payment_over")
        talk.expect("confirm_checkout")


def _link_follows(talk: Talk) -> bool:
    return wants_link(talk) or any(act.intent == "checkout" for act in talk.turn.acts)


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
            return {"product": titles.pop(), **extra}
        return {"product": query, **extra}
    spoken = (talk.focus or {}).get("variant")
    if spoken and any(line["variant_external_id"] == spoken for line in lines):
        product = next(line for line in lines if line["variant_external_id"] == spoken)
        return {"product": product["product_external_id"] or spoken, **(extra or {"options": product["options"]})}
    if len(lines) == 1:
        return {"product": lines[0]["product_external_id"] or lines[0]["variant_external_id"], **extra}
    return extra


def _chosen(talk: Talk, act: ActView) -> str | None:
    """The candidate that answers "which one do you mean?"."""
    candidates = talk.pending.get("candidates", [])
    if (ordinals := act.entities.get("ordinals")) and 0 < abs(ordinals[0]) <= len(candidates):
        chosen = candidates[ordinals[0] - 1 if ordinals[0] > 0 else ordinals[0]]
        return str(chosen["external_id"])
    known = among(named(act) or "", candidates)
    return str(known[0]["external_id"]) if len(known) == 1 else None


def _too_few(talk: Talk, ref: dict[str, Any], error: dict[str, Any]) -> Plan:
    left = error.get("available") or 0
    title = error.get("title") or "it"
    if left > 0:
        talk.say("only_left", left=left, what=title)
        talk.expect("confirm_add", **ref, quantity=left)
        return
    outcome = yield Ask("check_inventory", {key: ref[key] for key in ("product", "options") if key in ref})
    result = outcome.result if outcome.ok else {}
    name = result.get("product", {}).get("title", title)
    if outcome.ok:
        spoken_of(talk, result["product"])
    row = next(iter(result.get("variants", [])), None)
    talk.say("out_of_stock", what=describe.what(name, row["options"]) if row else name)
    if others := result.get("alternatives"):
        talk.say("in_stock_instead", variants=describe.variants(others))


def _not_in_cart(talk: Talk, act: ActView, error: dict[str, Any]) -> list[Ask] | None:
    """Says it where the cart is the matter; None where it is not."""
    if error["code"] == "not_in_cart":
        talk.say("not_in_cart", what=named(act) or "That")
        return []
    if error["code"] == "ambiguous_line":
        names = [describe.what(line["title"], line["options"]) for line in error["candidates"]]
        talk.say("which_line", candidates=describe.listing(names, "or"))
        return []
    return None
