# ruff: noqa: E501 (a regular expression is read in one piece)
"""What clauses mean by what stands beside them, by what was asked before and by what lies in the cart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house import advising, changing, products
from agentpay.llm.house.aftersale.task import KINDS
from agentpay.llm.house.bargaining import OTHER_SHOP
from agentpay.llm.house.completing import completed
from agentpay.llm.house.coordinating import coordinated
from agentpay.llm.house.enlisted import from_list
from agentpay.llm.house.models import with_model
from agentpay.llm.house.numbers import number
from agentpay.llm.house.parting import parted
from agentpay.llm.house.putting import BESIDE
from agentpay.llm.house.refs import PRICED, among, is_superlative, named
from agentpay.llm.house.rereading import reread
from agentpay.llm.house.talk import Talk
from agentpay.llm.house.told import without_told

_ASKS_ABOUT = frozenset({"availability", "price_question", "product_details"})
_SENT_TO = re.compile(r"\b(?:ship|deliver|send|post|mail|dispatch)\w*\b", re.I)
_PARCEL = re.compile(
    r"\b(?:ship|deliver|send|sent|post|mail|dispatch|courier|freight|parcel|carriage|haulage|express|standard)\w*|\bget (?:it|them|one|this|that) to\b",
    re.I,
)
_OF_GOODS = frozenset({"add_to_cart", "product_search", "recommendation", "availability", "product_details"})
_WISHES = frozenset({"product_search", "recommendation", "add_to_cart"})
_UNSURE = 0.6
"""Below it a complaint or a wish about an order, beside a wish for goods, is a guess."""
_UNSURE_IN_A_CART = 0.75
"""The same of changes, while goods lie in the cart and no order was spoken of."""
_THREATENS = re.compile(r"^\W*(?:or |else )*(?:i'?ll|i will|i am going to|i'?m going to|we'?ll)\b", re.I)
_SEARCHED_BY = frozenset({"price_min", "price_max", "attributes", "sort"})
_BARE_ASK = re.compile(
    r"^\W*(?:so |and |but )?(?:(?:got |have you |do you have )?(?:any|some) (?:\w+ )?(?:ideas?|suggestions?|recommendations?|tips|thoughts|advice)"
    r"|what (?:would|do|should|can|might|could) (?:you|i|we|u)? ?(?:\w+ )?(?:recommend|suggest|advise|start|take|get|pick|choose|buy|go|help|work|do)(?: (?:with|for|first|me|us|him|her))?"
    r"|what (?:have you|do you|you|have u|do u) (?:got|have|sell|stock)(?: for (?:that|it|this))?|(?:can|could) you (?:help|recommend|suggest)(?: (?:me|us|something|anything|one))?)\W*$",
    re.I,
)
"""Asks for advice and says nothing of what on: that stands in the clause beside it."""
_STATED = re.compile(
    r"\b(?:like|love|want|need|looking|after|hoping|thinking|interested|keen|plan\w*|start\w*|get into)\b", re.I
)
_AND_ANOTHER = re.compile(
    r"^\W*(?:(?:hm+|ok(?:ay)?|so|oh|right|alright|thanks|cool|great|i see|fine)\W+)*(?:and|(?:and )?(?:what|how) about)\s+"
    r"(?:for |with |of )?(?:the |your |that |those )?[^?!.,]{2,50}\?\W*$",
    re.I,
)
_BOUGHT_HERE = re.compile(
    r"\b(?:order\w*|parcel|package|delivered|delivery|arrived?|received|sent me|came|refund|return|replace\w*|you (?:sold|sent|lot)|from you|your (?:site|shop|store))\b",
    re.I,
)
_MAY_ASK_AGAIN = frozenset(
    {"availability", "product_search", "product_details", "price_question", "recommendation", "other"}
)
_POINTS = re.compile(r"\b(?:it|they|that one|this one|that|this|those|these|them)\b", re.I)
_WITH_CODE = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|hi|hello|hey|please|and|the|an?|i want|i'?d like|i'?ll (?:take|have))\W+)*(?P<goods>[^\W\d_][\w' -]{2,60}?)"
    r"\W+(?:with|using|and use|plus) (?:the |my |a |your )?(?:(?:discount |promo )?(?:code|coupon|voucher)\b|\w+ (?:code|coupon|voucher)\b)",
    re.I,
)
_ONE_AT = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|perfect|great|yes|lovely|good|fine|then|just|i'?ll (?:take|have))\W+)*(?P<n>\d{1,2}|an?|one|two|three|four|five|six) (?:ones? )?(?:for|at) [$€£]? ?\d+(?:[.,]\d\d)?(?: (?:pounds?|quid|dollars?|bucks?|euros?))?(?=[.,;!?]|\s|$)",
    re.I,
)
_CHANGES = frozenset({"change_order", "exchange"})
_INTO_CART = re.compile(r"\b(?:in|into|to) (?:my|the|our) (?:shopping )?(?:cart|basket|trolley)\b", re.I)
_ME_AND = re.compile(r"\bfor (?:me|us|myself) (?:and|plus) (?:my|an?|our)(?: \w+)? \w+", re.I)
_CHOOSES = re.compile(
    r"\bones?\b.*\b(?:will do|is fine|please|pls|works?)\b|\b(?:take|have|go (?:for|with)|get|add)\b", re.I
)
_TRIES_AGAIN = re.compile(r"\btry (?:it |that |the code )?(?:once )?(?:again|once more)\b", re.I)
_SWAPS = re.compile(r"\b(?:swap|switch|change|replace|exchange|make)\b", re.I)
_FAULT = re.compile(r"\btoo [a-z]+\b|\b(?:says?|reckons?|thinks?)\b", re.I)
"""What is wrong with what lies in the cart, or who says so."""
_INSTEAD = re.compile(r"\binstead\W*$", re.I)
_DETAILS = frozenset({"address", "shipping_method", "emails", "phone", "name", "postal_code"})
_OF_A_PURCHASE = frozenset({"email", "address", "country", "order_number", "variant", "product", "code"})


def as_meant(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The clauses as they were meant where each was read by itself: by what stands beside it, and by what was asked before."""
    lines = talk.cart.get("items", [])
    if len(lines) > 1 and changing.only_this(talk.turn.text, lines) is not None:
        return [ActView("change_cart", 0.9, talk.turn.text)]  # "ouch. just the lame then"
    acts = without_told(talk, from_list(talk, [one for act in acts for one in parted(with_model(act))]))
    acts = _asked_of_one(talk, reread(talk, acts))
    acts = _asked_of_another(talk, [_for_two(_of_this_purchase(talk, act, acts)) for act in acts])
    if len(acts) > 1:
        acts = [act for act in acts if act.intent != "provide_details" or act.entities] or acts
    acts = completed(talk, acts)
    acts = coordinated(talk, _without_guesses(talk, _with_its_subject(_taken_at_its_price(talk, acts))))
    acts = _tried_again(talk, acts)
    return _ordered_together(talk, [one for act in acts for one in _with_goods(talk, act)])


def _asked_of_one(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "He's nine and wants to learn. Is the acacia ok for him?": asks of that one, for no other."""
    found = advising.asked_of(talk.turn.text)
    if (
        len(acts) != 1
        or acts[0].intent != "recommendation"
        or found is None
        or advising.POINTS.fullmatch(found["name"])
    ):
        return acts
    return [ActView("product_details", acts[0].confidence, found[0], {"product_query": found["name"]})]


def _asked_of_another(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "And the Wren?", after "how much weight can the heron hold?": the same question."""
    before = talk.turn.memory.get("question")
    if len(acts) == 1 and _asks_of_another_variant(talk, acts[0]):
        asked = (
            before["intent"] if isinstance(before, dict) and before["intent"] == "price_question" else "availability"
        )
        return [replace(acts[0], intent=asked)]
    if len(acts) != 1 or not isinstance(before, dict) or not _AND_ANOTHER.match(talk.turn.text):
        return acts
    act, name = acts[0], named(acts[0])
    if name is None or act.entities.get("options") or act.intent not in _MAY_ASK_AGAIN:
        return acts  # "what about yellow in that size?" stays with the product
    old = before.get("named")
    spoken = re.compile(re.escape(old), re.I) if old and old.casefold() in before["text"].casefold() else _POINTS
    text = spoken.sub(lambda _: name if spoken is not _POINTS else f"the {name}", before["text"], count=1)
    carried = {"options": before["options"]} if before.get("options") else {}
    return [replace(act, intent=before["intent"], text=text, entities={**act.entities, **carried})]


def _asks_of_another_variant(talk: Talk, act: ActView) -> bool:
    """ "And the 4 kg one?": asked, and nothing ordered, unless it answers which one it shall be."""
    which = bool(act.entities.get("options")) and set(act.entities) <= {"options", "pronoun", "also"}
    return (
        which
        and act.intent == "add_to_cart"
        and talk.asked_for != "variant"
        and _AND_ANOTHER.match(talk.turn.text) is not None
    )


def note_question(talk: Talk, act: ActView) -> None:
    """Keep what was asked of a product: it may be asked of another one next."""
    if act.intent in _ASKS_ABOUT:
        asked = {"intent": act.intent, "text": act.text, "named": named(act), "options": act.entities.get("options")}
        talk.question = {key: value for key, value in asked.items() if value}


def _for_two(act: ActView) -> ActView:
    """ "The class for me and my sister": two, and no sister's class."""
    found = _ME_AND.search(act.text)
    query = act.entities.get("product_query")
    if found is None or act.intent not in _WISHES or not query:
        return act
    people = set(found.group().casefold().split())
    name = " ".join(word for word in query.split() if word.casefold() not in people)
    number = {"quantity": 2} if act.intent == "add_to_cart" else {}
    return replace(act, entities={**number, **act.entities, "product_query": name}) if name else act


def _of_this_purchase(talk: Talk, act: ActView, acts: Sequence[ActView]) -> ActView:
    """ "Switch us to Wednesday", with goods in the cart and no order spoken of, means the cart. "One ball of moss, can you send it to New York?": what is guessed to be a wish about an order asks where it is sent."""
    if act.intent == "change_order" and named(act) and _INTO_CART.search(act.text):
        return replace(
            act, intent="add_to_cart"
        )  # "put a pair of sticks in the cart with it", after an order was told of
    if act.intent == "shipping_quote" and named(act) and _of_no_parcel(talk, act):
        return replace(act, intent="price_question")  # "how much to restring my acoustic"
    buying = talk.turn.stage in ("cart", "checkout") and talk.cart.get("items") and talk.order is None
    if (
        buying
        and act.intent == "change_order"
        and act.entities.get("address")
        and not act.entities.get("order_numbers")
    ):
        return replace(act, intent="provide_details")  # "wait, send it to 12 Rue Cler instead", before it is paid
    sent_to = act.entities.get("country") and not act.entities.get("address") and _SENT_TO.search(talk.turn.text)
    if buying and act.intent in _CHANGES and sent_to and not act.entities.get("options"):
        return replace(
            act, intent="shipping_quote"
        )  # "my brother lives in Osaka. Could you send them to Japan instead?"
    unsure = _UNSURE_IN_A_CART if buying and act.intent in _CHANGES else _UNSURE
    guessed = act.intent in KINDS and act.confidence < unsure and not act.entities.get("order_numbers")
    unknown = not talk.verified and not act.entities.get("order_numbers") and not talk.claimed
    if (guessed or unknown) and act.intent in _CHANGES and talk.cart.get("items") and talk.order is None:
        return replace(act, intent="change_cart")
    if not guessed or not act.entities.get("country") or not _SENT_TO.search(act.text):
        return act
    bought = any(one.intent in _OF_GOODS and one.confidence > act.confidence for one in acts)
    return replace(act, intent="shipping_quote") if bought else act


def _of_no_parcel(talk: Talk, act: ActView) -> bool:
    """Whether nothing is said of sending, nor of where to."""
    where = any(act.entities.get(key) for key in ("country", "region", "postal_code", "shipping_method", "address"))
    return not where and talk.asked_for != "shipping" and _PARCEL.search(talk.turn.text) is None


def _taken_at_its_price(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "The cheaper one will do me", of a list: chosen, not haggled for. And a code that is named is the code that was meant."""
    if any(act.intent == "remove_from_cart" for act in acts):
        # "Too much for my wrists, take it off again": why it goes
        acts = [act for act in acts if act.intent != "negotiation" or set(act.entities) & PRICED] or acts
    if any(act.intent == "negotiation" for act in acts):
        # "100, or I buy it somewhere else": nothing is bought here by that
        acts = [act for act in acts if act.intent not in _WISHES or not OTHER_SHOP.search(act.text)]
    if any(act.entities.get("codes") for act in acts):
        acts = [act for act in acts if act.intent != "discount" or act.entities.get("codes")]
    elif any(act.intent == "negotiation" for act in acts):
        # "Could you go lower? I'm a pensioner": one wish for one better price
        acts = [act for act in acts if act.intent != "discount"]
    acts = _said_why(_in_place_of(talk, acts))
    if any(act.intent == "change_cart" and named(act) for act in acts):
        # "89 quid is too much, the hob one instead": why it shall be another
        paid = {line["unit_price"] for line in talk.cart.get("items", [])}
        acts = [act for act in acts if act.intent != "negotiation" or act.entities.get("amount") not in paid]
    chooses = len(talk.turn.shown) > 1 and not talk.turn.offer and _CHOOSES.search(talk.turn.text)
    return [
        replace(act, intent="add_to_cart")
        if act.intent == "negotiation" and chooses and is_superlative(act) and not set(act.entities) & PRICED
        else act
        for act in acts
    ]


def _in_place_of(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "I've to carry it home, so can I have the 20 litre bag instead?": changes the line of that product; the first clause says why."""
    lines = talk.cart.get("items", [])
    instead = [
        act
        for act in acts
        if act.intent == "add_to_cart"
        and act.entities.get("options")
        and _INSTEAD.search(act.text)
        and (named(act) is None or among(named(act) or "", lines))
    ]
    if not instead or not lines:
        return acts
    changes = [replace(act, intent="change_cart") if act in instead else act for act in acts]
    return [
        act
        for act in changes
        if act.intent != "change_cart" or act.entities.get("options") or act.entities.get("quantity")
    ]


def _said_why(acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "The pattern says 5 mm, swap the needle for the 5 mm one": the same change twice, of which one is why."""
    changes = [act for act in acts if act.intent == "change_cart" and act.entities.get("options")]
    deeds = [act for act in changes if _SWAPS.search(act.text)]
    if len(deeds) != 1:
        return acts
    told = deeds[0].entities["options"]
    why = [
        act
        for act in acts
        if act is not deeds[0]
        and act.intent in _CHANGES | {"change_cart"}
        and (act.entities.get("options") in (None, told) or _FAULT.search(act.text))
        and not act.entities.get("quantity")
    ]
    return [act for act in acts if act not in why]


def _tried_again(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "Make it four packs and try again", after a code that was refused."""
    again = talk.asked_for == "code" and talk.code is not None and _TRIES_AGAIN.search(talk.turn.text) is not None
    if not again or any(act.intent == "discount" for act in acts):
        return list(acts)
    return [*acts, ActView("discount", 0.9, talk.turn.text, {"codes": [talk.code]})]


def _with_its_subject(acts: Sequence[ActView]) -> list[ActView]:
    """ "I'd love to get into film, what would you start with?": one wish for advice; nothing is ordered yet."""
    bare = [act for act in acts if act.intent in _WISHES and _BARE_ASK.match(act.text)]
    about = [act for act in acts if act not in bare and act.intent in _WISHES and not _orders_so_many(act)]
    if len(bare) != 1 or not about or (len(about) > 1 and about[-1] is not acts[acts.index(bare[0]) - 1]):
        return list(acts)
    subject = replace(about[-1], intent="recommendation")
    return [subject if act is about[-1] else act for act in acts if act not in bare]


def _orders_so_many(act: ActView) -> bool:
    own = act.entities
    chosen = own.get("quantity") or own.get("options") or own.get("ordinals") or own.get("pronoun")
    return act.intent == "add_to_cart" and (bool(chosen) or not _STATED.search(act.text))


def _without_guesses(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "They're shredding the sofa, what would help?": the trouble is why something is wanted; a threat beside a bid is no complaint."""
    acts = [act for act in acts if act.intent != "complaint" or not _THREATENS.match(act.text) or len(acts) == 1]
    acts = [act for act in acts if not _of_other_goods(talk, act, acts)]
    if talk.turn.angry or not any(act.intent in ("recommendation", "product_search") for act in acts):
        return list(acts)
    return [
        act
        for act in acts
        if act.intent != "complaint" or act.confidence >= _UNSURE or act.entities.get("order_numbers")
    ]


def _of_other_goods(talk: Talk, act: ActView, acts: Sequence[ActView]) -> bool:
    """ "That coat from the supermarket is a joke. Do you do a waterproof one?": a trouble with nothing that was bought here."""
    if act.intent != "complaint" or act.entities.get("order_numbers") or talk.order is not None or talk.turn.angry:
        return False
    seeks = any(one.intent in ("recommendation", "product_search", "availability") for one in acts)
    return seeks and not _BOUGHT_HERE.search(talk.turn.text)


def _with_goods(talk: Talk, act: ActView) -> list[ActView]:
    """ "20 kg litter next day to 3 Park Lane": details of a purchase, and the goods; "two places on the night workshop": goods."""
    own = act.entities
    if act.intent == "discount" and (bought := _bought_with_code(talk, act)) is not None:
        return [bought, act]
    if act.intent != "provide_details" or talk.asked_for in _OF_A_PURCHASE or own.get("order_numbers"):
        return [act]
    if (counted := _ONE_AT.match(act.text)) is not None and talk.focus is not None and not own.get("product_query"):
        # "One for £30. My mail is …", of what is spoken of
        return [ActView("add_to_cart", 0.9, counted[0], {"quantity": number(counted["n"]), "pronoun": True}), act]
    name = own.get("product_query") or str(own.get("category") or "").rpartition(" > ")[2]
    if talk.focus is not None and not own.get("product_query"):
        return [act]
    if not name or not (own.get("quantity") or own.get("options")):
        return [act]
    if any(one is not act and one.intent in ("add_to_cart", "change_cart") for one in talk.turn.acts):
        return [act]
    wanted: dict[str, Any] = {key: own[key] for key in ("quantity", "options") if key in own}
    goods = ActView("add_to_cart", BESIDE, act.text, {**wanted, "product_query": name})
    return [goods, act] if set(own) & _DETAILS else [replace(goods, confidence=act.confidence)]


def _bought_with_code(talk: Talk, act: ActView) -> ActView | None:
    """ "Navy gloves with the EASTER code": the goods, where they stand before the code."""
    found = _WITH_CODE.match(act.text)
    if found is None or "?" in talk.turn.text or not act.entities.get("codes") or products.asks(act):
        return None
    if any(one.intent in _OF_GOODS for one in talk.turn.acts):
        return None
    said = {word for value in act.entities.get("options", {}).values() for word in str(value).casefold().split()}
    name = " ".join(word for word in found["goods"].split() if word.casefold() not in said)
    wanted: dict[str, Any] = {key: act.entities[key] for key in ("quantity", "options") if key in act.entities}
    return ActView("add_to_cart", BESIDE, act.text, {**wanted, "product_query": name}) if name else None


def _ordered_together(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "Cleaning kit and a 49mm filter": a list of goods of which nothing is asked is an order of all of them."""
    listed = [act for act in acts if act.intent in ("product_search", "add_to_cart")]
    if any(named(act) is None for act in listed[1:]):
        return list(acts)  # "the hose reel costs £1, put it in my cart": the second says what to do with the first
    searches = [act for act in listed if act.intent == "product_search"]
    asked = "?" in talk.turn.text or any(act.intent == "recommendation" for act in acts)
    plain = all(named(act) and not products.asks(act) and not set(act.entities) & _SEARCHED_BY for act in searches)
    if len(listed) < 2 or not searches or asked or not plain:
        return list(acts)
    return [replace(act, intent="add_to_cart") if act in searches else act for act in acts]
