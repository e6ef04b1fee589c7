"""What the shop has noted of a customer."""

from __future__ import annotations

import re
from typing import Any

from agentpay.llm.house import describe, postcodes
from agentpay.llm.house.aftersale.finding import ask, unverified, verified
from agentpay.llm.house.aftersale.task import Task
from agentpay.llm.house.talk import Ask, Plan, Talk

_NAMES = {"email": "your e-mail address", "phone_number": "your phone number", "name": "your name",
          "address": "your default address"}  # fmt: skip

_NAMED = re.compile(r"\b(?:to|is|it'?s|be)\s+(?P<name>[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+){1,3})\W*$")


def account(talk: Talk, task: Task) -> Plan:
    """Change what is given. What an account is besides (a login, deletion) is for a person."""
    if not talk.verified:
        if not (yield from verified(talk, task)):
            return
        if not talk.verified:
            unverified(talk, task)
            return
    if task.address is not None and asks_more_of(talk, task, task.address):
        return
    given = _given(talk, task)
    if not given:
        if "address" in task.text.casefold() and "mail" not in task.text.casefold():
            talk.say("account_address")
            ask(talk, task, "address", "address")
            return
        talk.offer_human("by_a_person")
        return
    outcome = yield Ask("update_customer", given)
    if outcome.ok:
        talk.served = {"intent": "account", "done": True}
        if "address" in given:
            talk.served["address"] = given["address"]
        talk.say("account_changed", details=describe.listing([_NAMES[name] for name in given]))
    elif outcome.result["error"]["code"] == "nothing_to_change":
        talk.say("account_same")
    else:
        talk.say("not_done", reason=outcome.result["error"]["message"])
        talk.offer_human()


def asks_more_of(talk: Talk, task: Task, address: dict[str, Any]) -> bool:
    """Whether the country of an address is asked for, or, once, the postcode that its country needs."""
    if not address.get("country"):
        talk.say("address_country")
        ask(talk, task, "country", "country")
        return True
    if task.asked != "postal_code" and postcodes.lacks(address):
        talk.say("address_postcode", address=f"{address['line1']}, {address['city']}")
        ask(talk, task, "postal_code", "postal_code")
        return True
    return False


def _given(talk: Talk, task: Task) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for act in talk.turn.acts:
        entities = act.entities
        for ours, theirs in (("name", "name"), ("phone_number", "phone")):
            if entities.get(theirs):
                given[ours] = entities[theirs]
        if (emails := entities.get("emails")) and task.asked != "verify":
            given["email"] = emails[-1]
    if (called := _NAMED.search(talk.turn.text)) and "name" in talk.turn.text.casefold():
        given["name"] = called["name"]
    if task.address is not None:
        given["address"] = task.address
    return given
