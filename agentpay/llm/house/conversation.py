"""The plan of a turn: answers to what was asked first, then each clause in the order in which it has to be done."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import (
    buying,
    checkout,
    comparing,
    details,
    general,
    orders,
    pricing,
    products,
    reopening,
    service,
    stock,
    upselling,
)
from agentpay.llm.house.aftersale import serving
from agentpay.llm.house.aftersale.answering import agrees_and_asks, goes_on, is_aside
from agentpay.llm.house.aftersale.task import KINDS, of_memory
from agentpay.llm.house.asking import chosen_variant
from agentpay.llm.house.bargaining import as_haggling
from agentpay.llm.house.each import means_each
from agentpay.llm.house.referring import grounded
from agentpay.llm.house.refs import is_superlative, named
from agentpay.llm.house.talk import Ask, Plan, Talk

Handler = Callable[[Talk, ActView], Plan]

HANDLERS: dict[str, Handler] = {
    "product_search": products.search,
    "recommendation": products.search,
    "product_details": details.details,
    "product_comparison": comparing.compare,
    "availability": stock.availability,
    "price_question": stock.price,
    "add_to_cart": buying.add,
    "change_cart": buying.change,
    "remove_from_cart": buying.remove,
    "view_cart": pricing.view,
    "discount": pricing.discount,
    "negotiation": pricing.negotiate,
    "shipping_quote": pricing.shipping,
    "provide_details": checkout.details,
    "checkout": checkout.checkout,
    "payment_problem": checkout.payment_problem,
    "order_status": orders.status,
    "policy": service.policy,
    "complaint": service.complaint,
    "human": service.human,
    "greeting": service.greeting,
    "thanks": service.thanks,
    "goodbye": service.goodbye,
    "other": service.other,
}

# A cart is put right before it is priced, priced before it is paid; a wish for a person comes before all else.
_ORDER = {"human": 0, "remove_from_cart": 2, "change_cart": 2, "add_to_cart": 2, "negotiation": 3, "discount": 3}
_ORDER |= dict.fromkeys(("product_search", "recommendation", "product_details", "availability", "price_question"), 2)
_ORDER |= {"provide_details": 4, "checkout": 6}
_WANTED = re.compile(r"\b(?:please|pls|one|take|i'?ll|want)\b", re.I)
_MAY_HAVE = re.compile(r"\b(?:can|could|may) (?:i|we) (?:please |just )?(?:have|get|buy|order)\b", re.I)
_PAYS = re.compile(r"\b(?:buy|purchase|order|pay)\b", re.I)
_ASKS_ABOUT = frozenset({"availability", "price_question", "product_details"})
_FILLER = re.compile(
    r"^\W*(?:ok(?:ay)?|well|so|hm+|oh|right|fine|alright|great|cool|good|now|then|and|um+|uh|fair enough|very well"
    r"|understood|got it|i see|makes sense|no problem|no worries|(?:no\W+)?(?:leave (?:it|that)|never ?mind|forget (?:it|that)"
    r"|scratch that))\W*$",
    re.I,
)
_ASKS_HOW = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi)\W+)*(?:(?:when|how) )?(?:do|does|did|will|would) (?:i|we|they|it)\b(?! (?:like|love) )",
    re.I,
)
_GIVES = frozenset({"email", "address", "country", "order_number", "variant", "product", "code"})
_OF_GOODS = frozenset({"add_to_cart", "product_search", "recommendation", "availability", "product_details"})
_OWN_ORDERS = re.compile(r"\bmy (?:\w+ )?orders\b|\b(?:order|confirmation) (?:number|no\b|id\b)", re.I)
_CHOOSES_SHIPPING = frozenset({"change_cart", "add_to_cart", "product_search", "other"})
_TELLS_SHIPPING = frozenset({"shipping_quote", "policy", "price_question", "view_cart"})
_SENT_TO = re.compile(r"\b(?:ship|deliver|send|post|mail|dispatch)\w*\b", re.I)
_MAY_MEAN_EACH = frozenset({"add_to_cart", "other", "product_search", "recommendation"})
_VAGUE = frozenset({"availability", "product_search", "product_details", "other"})
_ABOUT_ORDERS = frozenset({*KINDS, "order_status", "provide_details", "human", "complaint"})
_CERTAIN = 0.95
_GUESS = 0.65
"""How sure the rules are of an order that nobody put as one ("the second one …")."""
_QUESTIONS = frozenset({"product_details", "policy"})
"""Two of them about one thing are two questions: "how tall is it and how long does it take to put together?"."""
_MANNERS = ("goodbye", "thanks", "greeting", "other")
_SMALL_TALK = frozenset(_MANNERS)


_CONFIRMED: dict[str, Handler] = {
    "confirm_handoff": service.human,
    "confirm_add": buying.add,
    "confirm_checkout": checkout.checkout,
    "confirm_offer": pricing.negotiate,
    "confirm_upsell": upselling.show_them,
}
"""What a yes to the assistant's question does."""


def converse(talk: Talk) -> Plan:
    turn = talk.turn
    if turn.concern is not None:
        yield from service.concern(talk, turn.concern)
        return
    if turn.escalate is not None or service.wants_person(talk):
        yield from service.human(talk, _asking(turn.acts))
        return
    if service.is_foreign(talk):
        yield from service.foreign(talk)
        return
    task = of_memory(talk)
    intents = [act.intent for act in turn.acts]
    answer = {"accepts": turn.accepts, "declines": turn.declines}
    if task is not None and goes_on(turn.memory, intents, turn.text, **answer):
        yield from serving.go_on(talk, task)
        return
    if task is not None and agrees_and_asks(turn.memory, intents, turn.text, **answer):
        yield from serving.go_on(talk, task)
        for act in turn.acts:
            if act.intent not in _SMALL_TALK:
                yield from _handler(talk, act)(talk, act)
        return
    refused = task is not None and serving.refuses(task, turn.text)
    if refused:
        talk.say("left_as_it_is")
    acts = sorted(
        _merged([grounded(talk, act) for act in serving.settled(_without_fillers(turn.acts))]),
        key=lambda act: _ORDER.get(act.intent, 3 if act.intent not in _SMALL_TALK else 1),
    )
    acts = [replace(act, intent="other") if act.intent == "human" and service.asks_who(act) else act for act in acts]
    if any(act.intent == "human" for act in acts):
        yield from service.human(talk, _asking(acts))
        return
    acts = general.with_rules(talk, acts)
    acts = as_haggling(talk, _taking_the_offer(talk, acts))
    if any(serving.calls_off(talk, act) for act in acts):
        talk.say("left_as_it_is")
        acts = [act for act in acts if not serving.calls_off(talk, act)]
    acts = [act for act in _with_orders(talk, acts) if not (_only_a_rate(act) and _ASKS_HOW.match(act.text))]
    if refused:
        acts = [act for act in acts if act.intent not in KINDS and not serving.negates(act)]
    wishes = [
        act
        for act in serving.settled(turn.acts)
        if act.intent in KINDS
        and not (refused or general.asks_the_rule(talk, act) or serving.asks_when(act) or serving.calls_off(talk, act))
    ]
    if wishes:
        wishes += [act for act in turn.acts if act not in wishes and serving.belongs(talk, act)]
        acts = [act for act in acts if act not in wishes and not serving.belongs(talk, act)]
        acts = [act for act in acts if act.intent != "complaint"]  # what they want done about it is what helps
    answered = yield from _answer(talk)
    spoken_to = _most_telling(acts) if all(act.intent in _SMALL_TALK for act in acts) else None
    for act in acts:
        if (
            act.intent in _SMALL_TALK
            and (answered or (len(acts) > 1 and act is not spoken_to))
            and act.intent != "greeting"
        ):
            continue
        if (yield from general.told_by_title(talk, act)):
            continue
        yield from _handler(talk, act)(talk, act)
    if wishes:
        yield from serving.begin(talk, wishes)
    if any(_sent_where(talk, act) for act in acts) and not any(act.intent in _TELLS_SHIPPING for act in acts):
        yield from pricing.shipping(talk, next(act for act in acts if _sent_where(talk, act)))
    if checkout.wants_link(talk) and not any(act.intent == "checkout" for act in acts):
        yield from checkout.link(talk)
    yield from pricing.volunteer(talk, acts)
    yield from reopening.take_up(talk, acts)
    upselling.suggest(talk)
    if task is not None and not wishes and is_aside(turn.memory, [act.intent for act in acts] or intents):
        serving.ask_again(talk, task)
    if talk.silent:
        talk.say("not_understood")


def _most_telling(acts: Sequence[ActView]) -> ActView | None:
    """Of manners alone what is answered: "perfect, thank you, bye" is a goodbye."""
    return min(acts, key=lambda act: _MANNERS.index(act.intent), default=None)


def _sent_where(talk: Talk, act: ActView) -> bool:
    """ "Two of the blue ones, can you send it to Oslo?": goods, and with them the question whether they are sent there."""
    asked = act.intent in _OF_GOODS and act.entities.get("country") and not act.entities.get("address")
    return bool(asked) and "?" in talk.turn.text and _SENT_TO.search(talk.turn.text) is not None


def _with_orders(talk: Talk, acts: list[ActView]) -> list[ActView]:
    """Whoever names an order hears of it, also where the clause that names it was read as a question of another kind."""
    about = [act for act in acts if act.intent in _ABOUT_ORDERS]
    if about:
        return acts
    numbers = [number for act in acts for number in act.entities.get("order_numbers", [])]
    if not numbers or talk.asked_for in ("order_number", "email"):
        return acts
    text = next(act.text for act in acts if act.entities.get("order_numbers"))
    return [ActView("order_status", _GUESS, text, {"order_numbers": numbers}), *acts]


def _only_a_rate(act: ActView) -> bool:
    return act.intent == "provide_details" and set(act.entities) <= {"shipping_method"}


def _handler(talk: Talk, act: ActView) -> Handler:
    """What serves a clause: its intent's, unless the conversation says that it chooses, orders or asks of delivery."""
    if (
        act.intent == "provide_details"
        and talk.asked_for not in _GIVES
        and set(act.entities) - {"pronoun"} == {"order_numbers"}
    ):
        return orders.status  # "her order MF-501, which address do you have?" gives no details of a purchase
    if act.intent == "add_to_cart" and _ASKS_HOW.match(act.text):
        return service.policy  # "do I get my tickets by post?" orders none
    if serving.asks_when(act):
        return serving.money_due
    if act.intent in _MAY_MEAN_EACH and means_each(act.text) and (talk.focus or talk.asked_for == "variant"):
        return buying.add  # "five in each colour", "both please"
    if _chooses(talk, act):
        return buying.choose
    if _takes_as_offered(talk, act):
        return buying.add_pending
    if act.intent in _OF_GOODS and _OWN_ORDERS.search(act.text):
        return orders.status  # "can you give me the order number?"
    if act.intent in _CHOOSES_SHIPPING and act.entities.get("shipping_method") and named(act) is None:
        return checkout.details  # "make it standard"
    if act.intent == "add_to_cart" and _PAYS.search(act.text) and buying.in_cart_already(talk, act) is not None:
        return checkout.checkout  # "OK, I'll buy it"
    if act.intent in ("other", "view_cart") and products.looks_around(act):
        return products.search
    if _orders(talk, act):
        return buying.add
    if act.intent == "complaint" and talk.asked_for in _GIVES and not talk.turn.angry and act.confidence < _CERTAIN:
        return service.other  # what was asked for, in words that say it badly
    if act.intent == "price_question" and named(act) is None and _elsewhere(talk, act):
        return pricing.shipping
    if act.intent in _VAGUE and named(act) is None and talk.asked_for == "shipping" and act.entities.get("country"):
        return pricing.shipping  # "what about the UK?"
    return HANDLERS[act.intent]


def _elsewhere(talk: Talk, act: ActView) -> bool:
    """Whether "what does it cost?" is about sending it: a country is named, or was asked for or about."""
    if act.entities.get("country"):
        return True
    if any(one.intent == "shipping_quote" for one in talk.turn.acts) and act.entities.get("pronoun"):
        return True
    return talk.asked_for == "shipping" and any(one.entities.get("country") for one in talk.turn.acts)


def _asking(acts: Sequence[ActView]) -> ActView:
    """The clause in which a person was asked for, else the first."""
    return next((act for act in acts if act.intent == "human"), acts[0])


def _taking_the_offer(talk: Talk, acts: list[ActView]) -> list[ActView]:
    """ "Deal, add it", "Yes, I take it": taking an offer puts it into the cart at its price; nothing is bought besides."""
    offer = talk.turn.offer
    if offer is None or not talk.turn.accepts:
        return acts
    bare = [act for act in acts if act.intent == "add_to_cart" and not named(act) and not act.entities.get("quantity")]
    focus = (talk.focus or offer).values()
    meant = offer["variant_external_id"] in focus or offer["title"] in focus
    if any(act.intent == "negotiation" for act in acts):
        taking = None
    elif bare and offer.get("status") != "accepted" and meant:
        taking = bare[0]
    else:
        return acts
    kept = [act for act in acts if act is taking or act not in bare]
    return [replace(act, intent="negotiation") if act is taking else act for act in kept]


def _without_fillers(acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "Ok" and "well" beside something that is wanted say nothing, whatever they were taken for."""
    kept = [act for act in acts if not _FILLER.match(act.text)]
    return kept or acts


def _merged(acts: Sequence[ActView]) -> list[ActView]:
    """The clauses without repetitions; what is haggled about in two of them ("too expensive. would you do $90?") is one wish."""
    merged: list[ActView] = []
    for act in acts:
        same = next((one for one in merged if one.intent == act.intent), None)
        if same is not None and (act.intent == "negotiation" or _says_no_more(act, same)):
            merged[merged.index(same)] = replace(act, entities={**same.entities, **act.entities})
        else:
            merged.append(act)
    return _without_leads(merged)


def _without_leads(acts: Sequence[ActView]) -> list[ActView]:
    """Without clauses that only lead up to the one beside them.

    "The second one looks nice, does it come in green?" orders nothing; "gift cards, do you have those?" is one search.
    """
    if any(act.intent == "product_search" and named(act) for act in acts):
        # "I'm after a desk mat, what do you recommend?"
        acts = [act for act in acts if act.intent != "recommendation" or set(act.entities) - {"pronoun"}]
    asking = next((act for act in acts if act.intent in _ASKS_ABOUT and _points(act)), None)
    if asking is None:
        return list(acts)
    if any(act.intent in ("product_search", "recommendation") and named(act) for act in acts):
        return [act for act in acts if act is not asking]
    lead = next((act for act in acts if act.intent == "add_to_cart" and act.confidence <= _GUESS), None)
    if lead is None or not (ordinals := lead.entities.get("ordinals")):
        return list(acts)
    asked = replace(asking, entities={**asking.entities, "ordinals": ordinals})
    return [asked if act is asking else act for act in acts if act is not lead]


def _points(act: ActView) -> bool:
    """Whether a clause says no more of what it is about than "it" or "those"."""
    own = act.entities
    return bool(own.get("pronoun") and named(act) is None and not own.get("options") and not own.get("ordinals"))


def _says_no_more(one: ActView, other: ActView) -> bool:
    """ "Where's my parcel? Order NT-1001": one of two clauses holds all that is in both."""
    mine, theirs = one.entities, other.entities
    if one.intent == "order_status":
        return not (mine.get("order_numbers") and theirs.get("order_numbers")) or mine == theirs
    return mine == theirs and (one.intent not in _QUESTIONS or one.text.casefold() == other.text.casefold())


def _chooses(talk: Talk, act: ActView) -> bool:
    """Whether a clause that no rule knew answers "which one would you like?"."""
    vague = act.intent in ("other", "product_search", "recommendation", "availability") and "?" not in talk.turn.text
    vague = vague or (act.intent == "negotiation" and bool(act.entities.get("options")))  # "$25 please", of a gift card
    return vague and chosen_variant(talk, act) is not None


def _takes_as_offered(talk: Talk, act: ActView) -> bool:
    """ "I'd say black", to "shall I put it in your cart?"."""
    vague = act.intent in ("other", "product_search", "recommendation", "availability") and "?" not in talk.turn.text
    offered = talk.asked_for == "confirm_add" and "product" in talk.pending
    return vague and offered and bool(act.entities.get("options")) and named(act) is None


def _orders(talk: Talk, act: ActView) -> bool:
    """Whether what reads like a search is an order: "the cheaper one, please", "one gift card, I want to pay"."""
    if act.intent not in ("product_search", "recommendation"):
        return False
    if named(act) and act.entities.get("quantity") and _MAY_HAVE.search(act.text):
        return True  # "can I have 3 book bags?"
    if "?" in talk.turn.text:
        return False
    if named(act) and not products.asks(act) and buying.goes_on_buying(talk, act):
        return True  # "and the 60 cm needles"
    if named(act) and not products.asks(act) and any(other.intent == "checkout" for other in talk.turn.acts):
        return True  # "a gift card for $50, I'd like to pay now"
    known = talk.focus is not None or (is_superlative(act) and len(talk.turn.shown) > 1)
    return named(act) is None and known and _WANTED.search(act.text) is not None


def _answer(talk: Talk) -> Generator[Ask, ToolOutcome, bool]:
    """A yes or no to what the assistant asked. Answers whether that was all there was to say."""
    turn = talk.turn
    asked = talk.asked_for
    plain = all(act.intent in _SMALL_TALK for act in turn.acts)
    if not plain or asked is None:
        return False
    if turn.accepts and asked in _CONFIRMED:
        yield from _CONFIRMED[asked](talk, turn.acts[0])
        return True
    if turn.declines:
        talk.say("declined")
        return True
    return False
