"""What sending costs: of the cart, or of the goods that a question names: "how much is shipping to Boston for one Otto?"."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe, free_delivery
from agentpay.llm.house.numbers import number
from agentpay.llm.house.places import leaves_out, place_named
from agentpay.llm.house.refs import named, spoken_of, stems
from agentpay.llm.house.talk import Ask, Plan, Talk
from agentpay.money import country_name

_NAMED = re.compile(
    r"\b(?:for|of|send(?:ing)?|ship(?:ping)?|post(?:ing)?|deliver(?:ing)?)\s+(?P<n>an?|the|one|two|three|four|five|six|\d{1,2})\s+"
    r"(?!(?:orders?|parcels?|packages?|stuff|goods|items?|things?|lot|cart|basket|total|whole|first|second|last|same|one|uk|us|eu|world|cost|price)\b)"
    r"(?P<name>\w[\w' -]{2,60}?)(?=\s+(?:to|in|for|from|into|by|express|standard)\b|[,?.!]|$)",
    re.I,
)
_GOES_ON = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|then|hm+)\W+)*(?:(?:what )?if|(?:what|how) about|for|with)\b", re.I
)

_AND_ANOTHER = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|so|oh|right|hm+|cool|thanks|great)\W+)*(?:and|(?:and )?(?:what|how) about)\s+(?:for )?"
    r"(?:an?|one|the|two|three|\d+)\s+[^?!.,]{2,50}\?\W*$",
    re.I,
)
_ASKS_FOR = re.compile(r"\b(?:any chance|possible|can|could|is there|do you|would|what about|how about)\b", re.I)
_VAGUE = frozenset({"policy", "other", "availability", "product_search", "provide_details", "exchange"})
_OF_GOODS = frozenset(
    {"product_search", "product_details", "availability", "price_question", "recommendation", "shipping_quote"}
)


def asks_on(talk: Talk, act: ActView) -> bool:
    """ "And if I take two?", "and a piano?", after what one of them costs to send."""
    if talk.asked_for != "shipping" and talk.sent_to is None:
        return False
    if act.intent in _VAGUE and act.entities.get("country") and not act.entities.get("address") and named(act) is None:
        return True  # "and to Manchester?"
    if "product" not in talk.pending:
        return False
    return (bool(act.entities.get("quantity")) and _GOES_ON.match(act.text) is not None) or _of_another(talk, act)


def asks_method(talk: Talk, act: ActView) -> bool:
    """ "Any chance of express?", after what sending costs: asked, not chosen."""
    return (
        talk.sent_to is not None
        and act.intent == "provide_details"
        and bool(act.entities.get("shipping_method"))
        and ("?" in talk.turn.text or _ASKS_FOR.search(act.text) is not None)
        and set(act.entities) <= {"shipping_method", "pronoun", "also"}
    )


def _of_another(talk: Talk, act: ActView) -> bool:
    bare = len(talk.turn.acts) == 1 and _AND_ANOTHER.match(talk.turn.text) is not None
    return bare and act.intent in _OF_GOODS and named(act) is not None


def _goods(talk: Talk, act: ActView) -> dict[str, Any]:
    """What is to be sent besides the cart, as `quote_shipping` takes it: what is named, else what was asked about last."""
    options = act.entities.get("options", {})
    wished: dict[str, Any] = {"options": options} if options else {}
    if found := _NAMED.search(act.text):
        name = found["name"].rpartition(" of ")[2]  # "a 50 litre bag of compost"
        return {"product": name, **wished, "quantity": int(act.entities.get("quantity") or number(found["n"]))}
    if asks_on(talk, act) and _of_another(talk, act):
        return {"product": named(act), **wished, "quantity": int(act.entities.get("quantity") or 1)}
    if asks_on(talk, act):
        kept: dict[str, Any] = {key: talk.pending[key] for key in ("product", "options") if key in talk.pending}
        number_of_it = int(act.entities.get("quantity") or talk.pending.get("quantity") or 1)
        return {**kept, "quantity": number_of_it} if kept else {}
    return {}


def shipping(talk: Talk, act: ActView) -> Plan:
    known = (talk.contact.get("shipping_address") or {}).get("country")
    address = act.entities.get("address") or {}
    said = (one.entities.get("country") for one in talk.turn.acts)
    country = act.entities.get("country") or address.get("country") or next(filter(None, said), None) or known
    country = country or talk.sent_to
    if (yield from free_delivery.told(talk, act, country)):
        return
    place = place_named(act, country_name(country)) if country else None
    if place is not None:
        # A part of a country that is served may be left out by the shop's own pages
        pages = yield Ask("search_knowledge", {"query": f"delivery to {place}"})
        if (left_out := leaves_out(pages.result.get("passages", []), place)) is not None:
            talk.say_text(left_out[0])
            talk.say("policy_source", title=left_out[1])
            return
    goods = _goods(talk, act)
    where = {"country": country} if country else {}
    outcome = yield Ask("quote_shipping", {**where, **goods})
    if not outcome.ok and goods and outcome.result["error"]["code"] == "variant_required":
        # Black or white weighs the same
        goods = {"product": outcome.result["error"]["candidates"][0]["external_id"], "quantity": goods["quantity"]}
        outcome = yield Ask("quote_shipping", {**where, **goods})
    if not outcome.ok and goods and outcome.result["error"]["code"] != "country_required":
        goods, outcome = {}, (yield Ask("quote_shipping", where))
    if not outcome.ok:
        if outcome.result["error"]["code"] == "country_required":
            talk.say("shipping_country")
            talk.expect("country")
        else:
            talk.say_text(outcome.result["error"]["message"])
        return
    quote = outcome.result
    talk.sent_to = quote.get("country") or country
    if sent := quote.get("goods"):
        spoken_of(talk, {"external_id": sent["product_external_id"], "title": sent["title"]}, sent)
    if not quote["requires_shipping"]:
        talk.say("shipping_not_needed")
    elif not quote["served"] or not quote["options"]:
        heavy = quote["served"] and (sent or quote.get("cart_is_empty") is False)
        talk.say("shipping_too_heavy" if heavy else "shipping_none", country=quote["country_name"])
        if talk.expected in (None, "shipping"):
            talk.expect("shipping", **goods)
    else:
        options = "; ".join(_option(talk, option) for option in quote["options"])
        if asked := next((name for name in quote.get("unfit", []) if stems(name) <= stems(talk.turn.text)), None):
            talk.say("shipping_unfit", name=asked, country=quote["country_name"])
        if sent:
            number = f"{sent['quantity']} × " if sent["quantity"] > 1 else ""
            name = f"{number}{describe.what(sent['title'], sent['options'])}"
            talk.say("shipping_of", what=name, country=quote["country_name"], options=options)
        else:
            talk.say("shipping_options", country=quote["country_name"], options=options)
        if talk.expected in (None, "shipping"):
            talk.expect("shipping", **goods)


def _option(talk: Talk, option: dict[str, Any]) -> str:
    amount = talk.money(option["amount"]) if option["amount"] else "free"
    low, high = option["min_days"], option["max_days"]
    unit = "day" if high == 1 else "days"
    days = "" if high is None else f", {high} {unit}" if low in (None, high) else f", {low} to {high} {unit}"
    return f"{describe.options({'name': option['name']})} {amount}{days}"
