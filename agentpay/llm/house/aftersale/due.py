"""What is due, and until when: money that comes back, and the time there is to send something back."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, general
from agentpay.llm.house.aftersale import reading
from agentpay.llm.house.aftersale.clauses import asks_state
from agentpay.llm.house.orders import status
from agentpay.llm.house.talk import Ask, Plan, Talk

_STILL_OPEN = re.compile(r"\bstill\b|\bno (?:refund|money)\b|n't\b|\bnot\b", re.I)
_HOW_MUCH = re.compile(r"\bhow much\b|\b(?:all|full|whole|everything|every penny|part)\b", re.I)
_WHEN = re.compile(r"\b(?:when|how (?:long|soon|quick\w*|fast|many))\b", re.I)
_HAVE_I = re.compile(r"\b(?:have|got|is|do|can)\b.{0,20}\b(?:i|we|me|us|left|time)\b", re.I)
"""Of "how long": the time there is for it."""


def money_due(talk: Talk, act: ActView) -> Plan:
    """When money comes: what the shop's pages say of it, and how the order that is spoken of stands."""
    if (yield from _time_left(talk, act)):
        return
    of_sum = _HOW_MUCH.search(act.text) is not None and _WHEN.search(act.text) is None
    known = talk.verified and (asks_state(act) or (of_sum and talk.order is not None))
    passages = [] if known else (yield from articles.passages_for(act.text))
    if passages:
        articles.quote(talk, passages[0])
    own = talk.order is not None or talk.verified or act.entities.get("order_numbers")
    if own or (act.intent == "refund" and general.speaks_of_own(talk.turn.text)):
        yield from status(talk, act)
        if _STILL_OPEN.search(act.text) and not talk.expecting:
            talk.offer_human("pass_it_on")
    elif not passages:
        talk.offer_human("policy_unknown", about=act.text)


def _time_left(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "How long have I got to send the coat from order 7 back?": until when that order's goods can come back."""
    number = (act.entities.get("order_numbers") or [talk.order])[0]
    if act.intent not in ("return", "exchange") or number is None or not (talk.verified and _HAVE_I.search(act.text)):
        return False
    outcome = yield Ask("order_status", {"order_number": number})
    state = outcome.result["possible"]["returns" if act.intent == "return" else "exchange"] if outcome.ok else {}
    if not state.get("until"):
        return False
    talk.order = number
    items = outcome.result["possible"]["items"]
    kept = [item for item in reading.named_items(act.text, items) or items if not item["returnable"]]
    if kept:
        talk.say_text(kept[0]["reason"] or "")
    else:
        day = datetime.fromisoformat(state["until"])
        key = "window_open" if state["ok"] else "window_over"
        talk.say(key, number=number, kind=act.intent, reason=f"{day:%B} {day.day}, {day.year}")
    return True
