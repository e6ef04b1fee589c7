"""The buyer's details, and the way to the payment link."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import buying, describe, orders, places, postcodes, sending
from agentpay.llm.house.talk import Ask, Plan, Talk

_DETAILS = {"email": "your e-mail address", "name": "your name", "phone_number": "your phone number",
            "shipping_address": "your address", "shipping_option": "your shipping choice"}  # fmt: skip
_MISSING = {"email": "your e-mail address", "shipping_address": "the shipping address (street, postcode, city, country)",
            "shipping_option": "the shipping option you'd like", "name": "your name"}  # fmt: skip

_USUAL_ADDRESS = re.compile(
    r"\b(?:usual|saved|same|stored|home|default|regular|normal)\b[^.?!]*\baddress\b"
    r"|\baddress\b[^.?!]*\b(?:on file|you have|as (?:before|usual|always)|last time)\b",
    re.I,
)


_POSTCODE = re.compile(r"\b(?:post ?code|postal code|zip|eircode|pin code|plz)\b", re.I)
_LINK = re.compile(r"\b(?:pay(?:ment)? )?link\b|\bcheck(?: me)? ?out\b|\bpay now\b", re.I)


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
    elif talk.asked_for == "postal_code" and "address" in talk.pending:
        given["shipping_address"] = {**talk.pending["address"], "postal_code": entities.get("postal_code") or ""}
    elif (mended := _with_postcode(talk, act)) is not None:
        given["shipping_address"] = mended
    elif given and means_usual_address(act):
        given["saved_address"] = True
    if _asks_postcode(talk, given.get("shipping_address")):
        return
    if (yield from _is_left_out(talk, given.get("shipping_address"))):
        return
    numbers = entities.get("order_numbers")
    bought = talk.cart.get("items") or talk.checkout is not None
    if talk.pending.get("verify") and given and set(given) <= {"name", "phone_number"} and not bought:
        yield from orders.status(talk, act)  # a name proves nothing, and is not noted as the customer's
        return
    told = talk.complained if emails and not bought else None
    if told is not None and told["numbers"] and set(given) == {"email"}:
        yield from orders.status(talk, replace(act, entities={**entities, "order_numbers": told["numbers"]}))
        return
    if (talk.pending.get("verify") and (emails or numbers)) or (numbers and not set(given) - {"email"}):
        yield from orders.status(talk, act)
        return
    if not given and (entities.get("country") or entities.get("postal_code")):
        yield from sending.shipping(talk, act)
        return
    if not given and talk.turn.accepts and talk.cart.get("items"):
        talk.say("ready")
        talk.expect("confirm_checkout")
        return
    if not given and means_usual_address(act):
        yield from usual_address(talk)
        return
    if not given and talk.order is not None and not bought:
        talk.offer_human("by_a_person", about=f"Order {talk.order}: {act.text}")
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
        talk.say(
            "noted",
            details=describe.listing(
                [_DETAILS["shipping_address" if key == "saved_address" else key] for key in given]
            ),
        )
        if talk.cart.get("items"):
            talk.say("ready")
            talk.expect("confirm_checkout")


def _with_postcode(talk: Talk, act: ActView) -> dict[str, Any] | None:
    """The address that was given, with the postcode that is put right: "sorry, the postcode is CA3 8TZ, not TX"."""
    before, postcode = talk.contact.get("shipping_address"), act.entities.get("postal_code")
    if not isinstance(before, dict) or not postcode or not _POSTCODE.search(act.text):
        return None
    country = act.entities.get("country")
    return {**before, "postal_code": postcode} if country in (None, before.get("country")) else None


def _asks_postcode(talk: Talk, address: dict[str, Any] | None) -> bool:
    """Whether the address's postcode is asked for: once, since who does not know it may still buy."""
    if address is None or talk.asked_for == "postal_code" or not postcodes.lacks(address):
        return False
    talk.say("address_postcode", address=f"{address['line1']}, {address['city']}")
    talk.expect("postal_code", address=address, wants_link=_link_follows(talk) or bool(talk.pending.get("wants_link")))
    return True


def _is_left_out(talk: Talk, address: dict[str, Any] | None) -> Generator[Ask, ToolOutcome, bool]:
    """Whether the shop's pages say that it does not deliver where the address lies; then it is said, and not noted."""
    part = places.part_of(address) if address is not None else None
    if part is None:
        return False
    pages = yield Ask("search_knowledge", {"query": f"delivery to {part}"})
    left_out = places.leaves_out(pages.result.get("passages", []), part, surely=True)
    if left_out is None:
        return False
    talk.say_text(left_out[0])
    talk.say("policy_source", title=left_out[1])
    talk.expect("address", **{**talk.pending, "wants_link": _link_follows(talk)})
    return True


def means_usual_address(act: ActView) -> bool:
    """ "Ship it to my usual address": one that is on file, not one that is given."""
    return "?" not in act.text and _USUAL_ADDRESS.search(act.text) is not None


def usual_address(talk: Talk) -> Plan:
    outcome = yield Ask("set_customer_details", {"saved_address": True})
    if not outcome.ok:
        talk.say_text(outcome.result["error"]["message"])
        talk.expect("address", **talk.pending)
        return
    if talk.pending.get("wants_link"):
        yield from link(talk)
        return
    talk.say("noted", details=_DETAILS["shipping_address"])
    if talk.cart.get("items"):
        talk.say("ready")
        talk.expect("confirm_checkout")


def checkout(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    yield from link(talk)


def link(talk: Talk) -> Plan:
    """The payment link, or everything that is missing for it in one question."""
    if not talk.cart.get("items") and talk.asked_for == "confirm_add" and "product" in talk.pending:
        # Who pays for what was just offered takes it
        yield from buying.add_pending(talk, talk.turn.acts[0])
        if talk.expecting:
            return
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


_NO_OTHER_YES = (None, "confirm_checkout", "shipping", "country", "postal_code")
"""What may have been asked when a yes beside an address means the order."""


def wants_link(talk: Talk) -> bool:
    """The customer asked for the link before, and now gave what was missing."""
    asked = bool(talk.pending.get("wants_link")) or (_LINK.search(talk.turn.text) and "?" not in talk.turn.text)
    # "Go ahead, 27 Abbey Street, Dublin": whoever agrees and says where to has decided
    agreed = talk.turn.accepts and talk.asked_for in _NO_OTHER_YES and bool(talk.cart.get("items"))
    asked = asked or (agreed and any(act.entities.get("address") for act in talk.turn.acts))
    return bool(asked) and any(act.intent == "provide_details" for act in talk.turn.acts) and not talk.expecting


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
