"""The plan of a turn: answers to what was asked first, then each clause in the order in which it has to be done."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import (
    articles,
    buying,
    checkout,
    general,
    orders,
    pricing,
    reopening,
    sending,
    service,
    small_talk,
    upselling,
    wondering,
)
from agentpay.llm.house.aftersale import clauses, following, placed, serving, trouble
from agentpay.llm.house.aftersale.answering import agrees_and_asks, goes_on, is_aside
from agentpay.llm.house.aftersale.settling import settled
from agentpay.llm.house.aftersale.task import KINDS, of_memory
from agentpay.llm.house.bargaining import agreed, as_haggling, sealed
from agentpay.llm.house.choosing import says_which
from agentpay.llm.house.completing import narrow, narrows
from agentpay.llm.house.handling import Handler, handler
from agentpay.llm.house.meaning import as_meant, note_question
from agentpay.llm.house.referring import grounded
from agentpay.llm.house.refs import named
from agentpay.llm.house.talk import Ask, Plan, Talk
from agentpay.llm.house.tidying import merged, only_a_rate, taking_the_offer, with_orders, without_fillers

# A cart is put right before it is priced, priced before it is paid; a wish for a person comes before all else.
_ORDER = {"human": 0, "remove_from_cart": 2, "change_cart": 2, "add_to_cart": 2, "negotiation": 3, "discount": 3}
_ORDER |= dict.fromkeys(("product_search", "recommendation", "product_details", "availability", "price_question"), 2)
_ORDER |= {"provide_details": 4, "checkout": 6}
_ASKS_HOW = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi)\W+)*(?:(?:when|how) )?(?:do|does|did|will|would) (?:i|we|they|it)\b(?! (?:like|love) )",
    re.I,
)
_AND_THAT = re.compile(
    r"^\W*(?:and|(?:and )?(?:what|how) about)(?: (?:for|with|on|if it'?s))? (?:the |an? |my |your )?"
    r"[\w'-]+(?: [\w'-]+){0,2}\W*$",
    re.I,
)
_OF_GOODS = frozenset({"add_to_cart", "product_search", "recommendation", "availability", "product_details"})
_MAY_ASK_ON = frozenset({"product_details", "availability", "price_question", "policy", "other"})
_TELLS_SHIPPING = frozenset({"shipping_quote", "policy", "price_question", "view_cart"})
_SENT_TO = re.compile(r"\b(?:ship|deliver|send|post|mail|dispatch)\w*\b", re.I)
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
    turn = talk.turn = sealed(talk.turn)
    if turn.concern is not None:
        yield from service.concern(talk, turn.concern)
        return
    if turn.escalate is not None or service.wants_person(talk):
        yield from service.human(talk, _asking(turn.acts))
        return
    if service.is_foreign(talk):
        yield from service.foreign(talk)
        return
    if small_talk.only_chats(turn.text):
        small_talk.answer(talk)
        return
    task = of_memory(talk)
    intents = [act.intent for act in turn.acts]
    shopping = bool(turn.shown or talk.focus or talk.cart.get("items"))
    amiss = trouble.told_of(intents, turn.text, shopping=shopping)
    heard = (
        [_whole(talk, amiss)]
        if amiss
        else [
            *(
                clauses.of_that_order(talk, clauses.with_question(talk, act))
                for act in as_meant(talk, small_talk.without(turn.acts, turn.text))
            ),
            *clauses.unheard(talk),
            *general.unheard(talk),
        ]
    )
    answer = {"accepts": turn.accepts, "declines": turn.declines}
    if following.asks_again(turn.memory, intents, turn.text) and (yield from following.ask_again(talk)):
        return
    if talk.verified and following.sums_up(turn.memory, intents, turn.text, shopping=shopping):
        yield from orders.status(talk, ActView("order_status", 1.0, turn.text))
        return
    if task is not None and following.agrees_and_wishes(task, turn.text, **answer):
        yield from following.do_and_go_on(talk, task)
        return
    if task is not None and goes_on(turn.memory, intents, turn.text, **answer):
        yield from serving.go_on(talk, task)
        return
    if task is not None and agrees_and_asks(turn.memory, intents, turn.text, **answer):
        yield from serving.go_on(talk, task)
        for act in turn.acts:
            if act.intent not in _SMALL_TALK:
                yield from handler(talk, act)(talk, act)
        return
    if task is None or task.asked == "more":
        heard = yield from placed.as_placed(talk, heard)
    refused = task is not None and clauses.refuses(task, turn.text)
    if refused:
        talk.say("left_as_it_is")
    acts = sorted(
        merged([grounded(talk, act) for act in settled(without_fillers(heard), turn.text)]),
        key=lambda act: _ORDER.get(act.intent, 3 if act.intent not in _SMALL_TALK else 1),
    )
    acts = [replace(act, intent="other") if act.intent == "human" and service.asks_who(act) else act for act in acts]
    if any(act.intent == "human" for act in acts):
        yield from service.human(talk, _asking(acts))
        return
    acts = general.with_rules(talk, general.with_asides(acts))
    acts = agreed(talk, as_haggling(talk, taking_the_offer(talk, acts)))
    if any(clauses.done_already(talk, act) for act in acts):
        talk.say("all_set")
        heard = [act for act in heard if not clauses.done_already(talk, act)]
        acts = [act for act in acts if not clauses.done_already(talk, act)]
    if any(clauses.calls_off(talk, act) for act in acts):
        talk.say("left_as_it_is")
        acts = [act for act in acts if not clauses.calls_off(talk, act)]
    acts = [act for act in with_orders(talk, acts) if not (only_a_rate(act) and _ASKS_HOW.match(act.text))]
    if refused:
        acts = [act for act in acts if act.intent not in KINDS and not clauses.negates(act)]
    wishes = [
        act
        for act in settled(heard, turn.text)
        if act.intent in KINDS
        and not (refused or general.asks_the_rule(talk, act) or clauses.asks_when(act) or clauses.calls_off(talk, act))
    ]
    if wishes:
        wishes += [act for act in heard if act not in wishes and clauses.belongs(talk, act)]
        acts = [act for act in acts if act not in wishes and not clauses.belongs(talk, act)]
        acts = clauses.beside(talk, acts)
    answered = yield from _answer(talk)
    spoken_to = _most_telling(acts) if all(act.intent in _SMALL_TALK for act in acts) else None
    for act in acts:
        if (
            act.intent in _SMALL_TALK
            and (answered or (len(acts) > 1 and act is not spoken_to))
            and act.intent != "greeting"
        ):
            continue
        if says_which(talk, act):
            talk.answered_already()
            yield from buying.choose(talk, act)
        elif narrows(talk, act):
            yield from narrow(talk, act)
        elif (yield from _told_on_the_page(talk, act)):
            continue
        elif not ((yield from general.told_by_title(talk, act)) or (yield from wondering.told(talk, act))):
            yield from handler(talk, act)(talk, act)
            note_question(talk, act)
    if wishes:
        yield from serving.begin(talk, wishes)
    if any(_sent_where(talk, act) for act in acts) and not any(act.intent in _TELLS_SHIPPING for act in acts):
        yield from sending.shipping(talk, next(act for act in acts if _sent_where(talk, act)))
    if checkout.wants_link(talk) and not any(act.intent == "checkout" for act in acts):
        yield from checkout.link(talk)
    yield from pricing.volunteer(talk, acts)
    yield from reopening.take_up(talk, acts)
    upselling.suggest(talk)
    if task is not None and not wishes and is_aside(turn.memory, [_as_aside(act) for act in acts] or intents):
        serving.ask_again(talk, task)
    if talk.silent:
        talk.say("not_understood")
    if talk.lost and not talk.expecting and talk.asked_for == "confirm_handoff":
        talk.say("pass_it_on")  # "I bought it two months ago", of what a colleague was offered for
        talk.expect("confirm_handoff", **talk.pending)


def _most_telling(acts: Sequence[ActView]) -> ActView | None:
    """Of manners alone what is answered: "perfect, thank you, bye" is a goodbye."""
    return min(acts, key=lambda act: _MANNERS.index(act.intent), default=None)


def _sent_where(talk: Talk, act: ActView) -> bool:
    """ "Two of the blue ones, can you send it to Oslo?": goods, and with them the question whether they are sent there."""
    asked = act.intent in _OF_GOODS and act.entities.get("country") and not act.entities.get("address")
    return bool(asked) and "?" in talk.turn.text and _SENT_TO.search(talk.turn.text) is not None


def _of_the_page(talk: Talk, act: ActView) -> bool:
    """Whether a question that names no product may be about the page that was quoted just before."""
    return act.intent in _MAY_ASK_ON and named(act) is None and talk.focus is None


def _told_on_the_page(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """Whether it asks on about the page that was quoted just before, and that page tells it."""
    if _asks_on_the_page(talk, act):
        if (yield from articles.told_by_page(talk, act.text)):
            return True
        return act.intent == "policy" and (yield from articles.told_again(talk))
    return _of_the_page(talk, act) and (yield from articles.told_on(talk, act))


def _asks_on_the_page(talk: Talk, act: ActView) -> bool:
    """ "And the battery?", right after the page on warranties was quoted, while no product is spoken of."""
    alone = len(talk.turn.acts) == 1 and talk.focus is None and not talk.turn.shown
    return alone and act.intent in _OF_GOODS | {"policy"} and _AND_THAT.match(talk.turn.text) is not None


def _as_aside(act: ActView) -> str:
    return "policy" if clauses.asks_when(act) else act.intent


def _whole(talk: Talk, intent: str) -> ActView:
    """The message as one act."""
    entities = {key: value for act in talk.turn.acts for key, value in act.entities.items()}
    return ActView(intent, 0.9, talk.turn.text, entities)


def _asking(acts: Sequence[ActView]) -> ActView:
    """The clause in which a person was asked for, else the first."""
    return next((act for act in acts if act.intent == "human"), acts[0])


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
