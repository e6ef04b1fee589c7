"""Questions about the shop, small talk, complaints and people."""

from __future__ import annotations

import re

from agentpay.llm.brain import ActView
from agentpay.llm.house import buying, checkout, pricing
from agentpay.llm.house.details import details
from agentpay.llm.house.products import search
from agentpay.llm.house.refs import target
from agentpay.llm.house.talk import Ask, Plan, Talk

_WHO = re.compile(
    r"\b(who are you|your name|are you (a |an )?(bot|robot|ai|human|real|person|machine)|am i talking to)\b", re.I
)
_SENDING = re.compile(r"\b(?:ship|deliver|send|post|mail)\w*\b", re.I)
_ABOUT_IT = re.compile(r"\b(?:it|they|them|this|that|these|those)\b", re.I)
_TOPICS = tuple(
    (re.compile(rf"\b(?:{asked})", re.I), topic)
    for asked, topic in (
        (r"return|send\w* (?:\w+ )*back|give (?:\w+ )*back|bring (?:\w+ )*back", "returns"),
        (r"refund|money back", "refunds"),
        (r"exchang|swap", "exchange"),
        (r"warrant|guarant", "warranty"),
        (r"ship|deliver|arriv|dispatch", "shipping and delivery"),
        (r"pay\b|paying|payment|invoice|installment", "payment"),
    )
)
"""What a question is about, where its own words find nothing."""
_WENT_THROUGH = re.compile(
    r"\b(?:did|has|is) (?:it|that|this|everything)\b.*\b(?:work|worked|go through|gone through|went through)\b", re.I
)
DICTATED = 0.9
"""How sure the rules are of an attempt to dictate prices or roles: such a clause is `other`, and certain."""


def policy(talk: Talk, act: ActView) -> Plan:
    if act.entities.get("attributes") and "product" in target(talk, act):
        yield from details(talk, act)
        return
    if act.entities.get("country") and _SENDING.search(act.text):
        yield from pricing.shipping(talk, act)
        return
    outcome = yield Ask("search_knowledge", {"query": act.text})
    passages = outcome.result.get("passages", [])
    if not passages and (topic := next((topic for asked, topic in _TOPICS if asked.search(act.text)), None)):
        # Told in other words than the shop's: what the question is about will do
        outcome = yield Ask("search_knowledge", {"query": topic})
        passages = outcome.result.get("passages", [])
    if not passages and talk.focus is not None and _ABOUT_IT.search(act.text):
        yield from details(talk, act)
        return
    if not passages:
        talk.say("policy_unknown")
        talk.expect("confirm_handoff", reason=act.text[:300])
        return
    talk.say_text(passages[0]["text"])
    talk.say("policy_source", title=passages[0]["title"])


def complaint(talk: Talk, act: ActView) -> Plan:
    talk.say("sorry")
    talk.say("offer_human")
    talk.expect("confirm_handoff", reason=act.text[:300])
    yield from ()


def human(talk: Talk, act: ActView) -> Plan:
    reason = talk.pending.get("reason") if talk.asked_for == "confirm_handoff" else None
    outcome = yield Ask("handoff_to_human", {"reason": str(reason or act.text)[:500]})
    if not outcome.ok:
        talk.say("tool_failed")
        return
    talk.say("handed_over")
    if talk.turn.support_email:
        talk.say("handover_mail", email=talk.turn.support_email)


def greeting(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    if len(talk.turn.acts) == 1:
        first = (talk.turn.customer_name or "").split(" ")[0]
        talk.say("greeting", name=f" {first}" if first else "")
    yield from ()


def thanks(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    talk.say("thanks")
    yield from ()


def goodbye(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    talk.say("goodbye")
    yield from ()


def other(talk: Talk, act: ActView) -> Plan:
    """Not clear by itself: perhaps it answers what was asked, or names a product."""
    asked, entities = talk.asked_for, act.entities
    if checkout.means_usual_address(act):
        yield from checkout.usual_address(talk)
    elif asked in ("variant", "product") and talk.pending.get("then") == "add":
        yield from buying.add(talk, act)
    elif talk.turn.declines and not entities:
        talk.say("declined")
    elif asked == "product" and talk.pending.get("then") == "offer":
        yield from pricing.negotiate(talk, act)
    elif asked == "country" and entities.get("country") and "address" not in talk.pending:
        yield from pricing.shipping(talk, act)
    elif asked == "code" and entities.get("codes"):
        yield from pricing.discount(talk, act)
    elif set(entities) & {"emails", "address", "country", "name", "order_numbers"}:
        yield from checkout.details(talk, act)
    elif entities.get("product_query"):
        yield from search(talk, act)
    elif asked == "email":
        talk.say("email_invalid")
        talk.expect("email", **talk.pending)
    elif talk.checkout is not None and _WENT_THROUGH.search(act.text):
        yield from checkout.payment_problem(talk, act)
    elif _WHO.search(act.text):
        talk.say("who_i_am")
    elif act.confidence >= DICTATED:
        talk.say("not_dictated")
    else:
        talk.say("not_understood")
