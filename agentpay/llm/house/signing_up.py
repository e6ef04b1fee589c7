# ruff: noqa: E501 (a regular expression is read in one piece)
"""Whether buying needs an account."""

from __future__ import annotations

import re

from agentpay.llm.brain import ActView
from agentpay.llm.house import articles
from agentpay.llm.house.talk import Ask, Plan, Talk

_SIGNING_UP = re.compile(
    r"\b(?:need|have to|must|required?|necessary|without|do i|should i)\b[^.?!]{0,25}(?<!my )(?<!the )\b(?:account|sign(?:ing)? up|log(?:ging)? ?in|register(?! (?:for|my|the|an?|it|them)\b))\b(?! details)"
    r"|\b(?:as a guest|guest check-?out)\b",
    re.I,
)
_OF_ACCOUNTS = re.compile(r"\b(?:accounts?|guests?|sign(?:ing)? up|register\w*)\b", re.I)


def asks(text: str) -> bool:
    """ "Do I have to make an account for it?": whether buying needs one, and nothing of one's own."""
    return _SIGNING_UP.search(text) is not None


def told(talk: Talk, act: ActView) -> Plan:
    """Whether an account is needed: what a page says of it, else that nothing here asks for one."""
    passages = (yield Ask("search_knowledge", {"query": act.text[:400]})).result.get("passages", [])
    page = next((one for one in passages if _OF_ACCOUNTS.search(f"{one['title']} {one['text']}")), None)
    if page is not None:
        articles.quote(talk, page)
    else:
        talk.say("no_account_needed")
