"""Codes, negotiation and shipping prices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, buying
from agentpay.llm.house.asking import not_resolved
from agentpay.llm.house.lines import named_in
from agentpay.llm.house.products import search
from agentpay.llm.house.putting import put
from agentpay.llm.house.refs import among, is_superlative, priced, target
from agentpay.llm.house.sending import shipping
from agentpay.llm.house.stock import price
from agentpay.llm.house.talk import Ask, Plan, Talk

UNKNOWN = ("product_not_found", "ambiguous_product")
"""What tools answer to words that name no product."""
_OF_A_CODE = re.compile(
    r"^\W*(?:(?:so|and|ok(?:ay)?|wait|hm+|but|sorry)\W+)*(?:(?:does|did|is|was) )?(?:that|this|it)\b", re.I
)
"""Asks what a code has done: "does that mean 20% off?"."""
_ABOUT_PRICES = ("negotiation", "discount", "checkout")
_SAME_CODE = re.compile(
    r"\b(?:the|that|this|my|same|said) (?:\w+ )?(?:codes?|coupons?|vouchers?|promo)\b"
    r"|\b(?:try|use|apply|enter|redeem|check) (?:it|that|this|the same)\b",
    re.I,
)
"""Said of a code that was named before: "try the code again"."""
_TO_GIVE = re.compile(
    r"\b(?:gift (?:cards?|vouchers?|certificates?)"
    r"|(?:give|gift|buy|get|send|present|sell|want|like)\b(?! (?:me )?(?:a |my )?(?:discount|code))[^.?!]{0,40}\bvouchers?"
    r"|do (?:you|u|ya)(?: guys)? (?:do|sell|stock)\b[^.?!]{0,20}\bvouchers?)\b(?! codes?)",
    re.I,
)
"""A voucher that is bought for somebody, not one that takes something off."""
_TAKES_ANY = re.compile(
    r"\b(?:whatever|best)\b[^?]*(?:\?\s*)?\b(?:i'?ll (?:take|have) (?:it|them|that|those|one)|i accept|(?:it'?s|that'?s) a deal)\b"
    r"|\b(?:i'?ll (?:take|have) (?:it|them|that|those)|i accept) (?:at|for) (?:whatever|the best|your best)\b",
    re.I,
)
"""Says yes beforehand to the best price there is."""
_PAST_OFFERS = ("paid", "after_sales", "handed_off")


def discount(talk: Talk, act: ActView) -> Plan:
    codes = act.entities.get("codes", [])
    if not codes and talk.code is not None and _SAME_CODE.search(act.text):
        codes = [talk.code]
    if not codes:
        if _TO_GIVE.search(act.text):
            yield from search(
                talk, replace(act, intent="recommendation", entities={"product_query": "gift card voucher"})
            )
            return
        if talk.turn.negotiable and talk.cart.get("items"):
            yield from negotiate(talk, act)
            return
        if "?" in talk.turn.text and (yield from articles.told(talk, act)):
            return
        talk.say("code_needed")
        talk.expect("code")
        return
    for code in codes:
        talk.code = code
        before, took = talk.cart.get("discount_code"), talk.cart.get("discount", 0)
        outcome = yield Ask("validate_discount", {"code": code})
        result = outcome.result
        if not outcome.ok:
            talk.say("code_refused", code=code.upper(), reason=result["error"]["message"])
            if not talk.expecting and not talk.pending.get("wants_link"):
                talk.expect("code")
        elif result["waits_for_items"] or not talk.cart.get("items"):
            talk.say("code_waits", code=result["code"], description=result["description"])
        else:
            talk.total_is_said()
            discount_told = talk.money(result["discount"])
            talk.say(
                "code_takes" if result["description"] == discount_told else "code_applied",
                code=result["code"],
                description=result["description"],
                discount=discount_told,
                total=talk.money(result["cart"]["total"]),
            )
            if result["capped"]:
                talk.say("code_capped")
            if before and before != result["code"]:
                key = "code_was_better" if took > result["discount"] else "code_replaced"
                talk.say(key, before=before)


def negotiate(talk: Talk, act: ActView) -> Plan:
    if _takes_it(talk, act):
        yield from accept(talk)
        return
    rebate = set(act.entities) & {"percent", "amount_off"} and "?" in talk.turn.text and _OF_A_CODE.match(act.text)
    if rebate and talk.cart.get("discount_code") and talk.turn.offer is None:
        yield from discount(talk, replace(act, entities={"codes": [talk.cart["discount_code"]]}))
        return
    arguments: dict[str, Any] = {"action": "propose"}
    lines = talk.cart.get("items", [])
    if is_superlative(act) and not lines and len(talk.turn.shown) > 1:
        yield from price(talk, act)  # "which is cheaper?" asks about the list, it does not haggle
        return
    ref = target(talk, act) if act.entities.get("product_query") or len(lines) != 1 else {}
    if (line := named_in(act.text, lines)) is not None and not act.entities.get("options"):
        ref = {
            "variant": line["variant_external_id"] or line["variant_id"]
        }  # "a bit off the camera", of two things in the cart
    elif talk.turn.offer is not None and not act.entities.get("product_query"):
        # "No, $200 is my max": the answer to an offer is about what was offered
        ref = {"variant": talk.turn.offer["variant_external_id"]}
    elif not lines and not act.entities.get("product_query") and (variant := (talk.focus or {}).get("variant")):
        ref = {"variant": variant}
    elif not ref and lines:
        ref = {"variant": lines[0]["variant_external_id"] or lines[0]["variant_id"]}
    elif (spoken := _in_cart(talk, ref, lines)) is not None:
        ref = {"variant": spoken}
    if (
        talk.focus is None
        and not lines
        and (known := priced(talk, talk.turn.text))
        and not among(ref.get("product", ""), talk.turn.shown)
    ):
        ref = {"product": known}
    if "product" not in ref and "variant" not in ref:
        talk.say("offer_product")
        talk.expect("product", then="offer")
        return
    arguments |= ref
    if act.entities.get("quantity"):
        arguments["quantity"] = act.entities["quantity"]
    if (proposed := _proposed(act, lines, arguments.get("variant"))) is not None:
        arguments["price"] = proposed
    outcome = yield Ask("make_offer", arguments)
    if not outcome.ok and outcome.result["error"]["code"] in UNKNOWN and (meant := _spoken_of(talk, lines)):
        # "A little lower?" names nothing the shop has: what is haggled about is what was spoken of
        kept = {key: value for key, value in arguments.items() if key not in ("product", "variant", "options")}
        outcome = yield Ask("make_offer", {**kept, **meant})
    if not outcome.ok and outcome.result["error"]["code"] == "variant_required":
        yield from _offer_for_which(talk, act, outcome)
        return
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="offer")
        return
    if outcome.result["decision"] == "offer" and "price" not in arguments and _TAKES_ANY.search(talk.turn.text):
        yield from accept(talk)  # "whatever your best price is, I'll take it"
        return
    if _pays_the_price(talk, outcome.result, arguments):
        yield from put(talk, act, {"product": outcome.result["variant"]}, act.entities.get("quantity") or 1)
        return
    _answer(talk, outcome)


def _pays_the_price(talk: Talk, result: dict[str, Any], arguments: dict[str, Any]) -> bool:
    """ "One voucher for 25 pounds", which costs that: an order, and no bid."""
    asked = "?" in talk.turn.text or arguments.get("price", 0) < result["list_price"]
    has = any(result["variant"] == line["variant_external_id"] for line in talk.cart.get("items", []))
    return not asked and not has and result["offer"] is None


def _offer_for_which(talk: Talk, act: ActView, outcome: ToolOutcome) -> Plan:
    """A price is made for one variant: which it shall be is asked, and the wish kept until that is in the cart."""
    if not talk.turn.negotiable:
        talk.say("offer_fixed", title=outcome.result["error"]["product"]["title"])
        return
    talk.say("offer_which")
    wish = {key: act.entities[key] for key in ("amount", "amount_off", "percent", "quantity") if key in act.entities}
    quantity = talk.pending.get("quantity") or act.entities.get("quantity") or 1
    yield from not_resolved(talk, outcome, act, then="add", quantity=quantity, price_wish=wish)


def volunteer(talk: Talk, acts: Sequence[ActView]) -> Plan:
    """An offer nobody asked for, once a customer has hesitated as often as the agent's rules say; else nothing."""
    turn = talk.turn
    trigger = turn.hesitation_trigger
    if not turn.hesitation or trigger is None or turn.hesitation_signals < trigger or not turn.negotiable:
        return
    if turn.offer is not None or turn.stage in _PAST_OFFERS or any(act.intent in _ABOUT_PRICES for act in acts):
        return
    meant = _spoken_of(talk, talk.cart.get("items", []))
    if meant is None:
        return
    outcome = yield Ask("make_offer", {"action": "volunteer", **meant})
    if outcome.ok and outcome.result["decision"] == "offer":
        _answer(talk, outcome)


def accept(talk: Talk) -> Plan:
    outcome = yield Ask("make_offer", {"action": "accept"})
    if not outcome.ok:
        talk.say("offer_gone")
        talk.expect("offer_again")
        return
    offer = outcome.result["offer"]
    total = talk.money(outcome.result["cart"]["total"])
    talk.total_is_said()
    talk.say("offer_accepted", title=offer["title"], amount=talk.money(offer["amount"]), total=total)


def view(talk: Talk, act: ActView) -> Plan:
    """The cart; with what it costs to send where a country is named: "what's the total with shipping to France?"."""
    yield from buying.view(talk, act)
    if act.entities.get("country"):
        yield from shipping(talk, act)


def _answer(talk: Talk, outcome: ToolOutcome) -> None:
    result = outcome.result
    offer = result["offer"]
    list_price = talk.money(result["list_price"])
    talk.focus = {"product": result["variant"], "title": result["title"]}
    if offer is not None and result["decision"] in ("offer", "hold"):
        key = "offer_final" if result["final"] else "offer"
        talk.say(key, title=result["title"], amount=talk.money(offer["amount"]), list_price=list_price)
        if talk.cart.get("discount") and talk.cart["discount_code"] and len(talk.cart["items"]) == 1:
            talk.say("offer_and_code", code=talk.cart["discount_code"])
        talk.expect("confirm_offer")
    elif result["decision"] == "needs_approval" or result.get("reason") == "pending":
        talk.say("offer_asked")
    elif result.get("reason") == "at_floor":
        talk.say("offer_lowest", code=talk.cart["discount_code"], total=talk.money(talk.cart["total"]))
    else:
        talk.say("offer_refused", title=result["title"], list_price=list_price)


def _proposed(act: ActView, lines: list[dict[str, Any]], variant: str | None) -> int | None:
    """What the customer would pay for one: "$90", or so much or so many percent off what the cart has it at."""
    line = next((line for line in lines if variant in (line["variant_external_id"], line["variant_id"])), None)
    if (amount := act.entities.get("amount") or act.entities.get("price_max")) is not None:
        pieces = act.entities.get("quantity") or (line["quantity"] if line else 1)
        # "$90 for both": more than one costs is meant for all of them
        return int(amount) // pieces if line and amount > line["unit_price"] else int(amount)
    if line is None:
        return None
    if off := act.entities.get("amount_off"):
        return max(0, int(line["unit_price"]) - int(off))
    if percent := act.entities.get("percent"):
        return int(line["unit_price"]) * (100 - min(int(percent), 100)) // 100
    return None


def _takes_it(talk: Talk, act: ActView) -> bool:
    """A yes, unless it comes with a price of the customer's own: "OK, I'll take it for $90" repeats an offer of $90."""
    offer = talk.turn.offer
    if offer is None or not talk.turn.accepts or {"amount_off", "percent"} & set(act.entities):
        return False
    named = act.entities.get("amount")
    return named is None or int(named) in (offer["amount"], offer["amount"] * offer["quantity"])


def _in_cart(talk: Talk, ref: dict[str, Any], lines: list[dict[str, Any]]) -> str | None:
    """The cart's line that is talked about, so that an offer is for what is being bought."""
    spoken = (talk.focus or {}).get("variant")
    for line in lines:
        if line["variant_external_id"] and line["variant_external_id"] == spoken and "options" not in ref:
            return str(line["variant_external_id"])
    fitting = [line for line in lines if ref.get("product") in (line["product_external_id"], line["title"])]
    return str(fitting[0]["variant_external_id"]) if len(fitting) == 1 and fitting[0]["variant_external_id"] else None


def _spoken_of(talk: Talk, lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    if len(lines) == 1:
        return {"variant": lines[0]["variant_external_id"] or lines[0]["variant_id"]}
    if talk.focus is not None:
        return {"product": talk.focus.get("variant") or talk.focus["product"]}
    return None
