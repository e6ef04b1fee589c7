# ruff: noqa: E501 (a regular expression is read in one piece)
"""Messages that no model should be asked about: self-harm, threats and abuse, and wishes for other people's data."""

from __future__ import annotations

import re
from typing import Literal

Concern = Literal["self_harm", "threat", "abuse", "others_data"]

_SELF_HARM = re.compile(
    r"\b(?:kill(?:ing)? myself|suicid(?:e|al)|end (?:my (?:own )?life|it all)|take my (?:own )?life|(?:want|wanna|going|wish|ready) (?:to |i (?:could|was|were) )?(?:die|be dead|dead)(?! (?:of|from|laughing|for|over|without))|hurt(?:ing)? myself|harm(?:ing)? myself|self[- ]?harm|cut(?:ting)? myself(?! (?:some|an?|on|with (?:the|a|your|this))\b)"
    r"|(?:no|not? (?:any )?) (?:reason|point) (?:to|in) liv(?:e|ing)|do not want to (?:live|be alive|exist|wake up)|don'?t want to (?:live|be alive|exist|wake up)|better off (?:dead|without me)|overdos(?:e|ing)|hang(?:ing)? myself|jump(?:ing)? off (?:a|the) (?:bridge|roof|building)|slit my)\b",
    re.IGNORECASE,
)
_THREAT = re.compile(
    r"\b(?:i(?:'ll| will| am going to|'m going to|'m gonna| wanna| want to)|we(?:'ll| will)|gonna) (?:\w+ )?(?:kill|murder|shoot|stab|beat|hurt|burn|bomb|rape|find) (?:you|your (?:family|kids|children|wife|staff|office|shop|store|people|colleagues)|them all|everyone|all of you)(?! (?:a|an|the|another|something|out|help))\b"
    r"|\b(?:bomb|burn down|shoot up|blow up) (?:your|the|this) (?:shop|store|office|warehouse|building|place)\b|\byou(?:'re| are) (?:all )?(?:dead|going to die)\b|\bi know where you (?:live|work)\b",
    re.IGNORECASE,
)
_ABUSE = re.compile(
    r"\b(?:fuck (?:you|off|yourself)|go (?:to hell|fuck yourself|die)|(?:you(?:'re| are)?|you) (?:are )?(?:such )?(?:a |an )?(?:\w+ )?(?:bitch|cunt|whore|slut|asshole|bastard|moron|idiot|retard(?:ed)?|piece of (?:shit|garbage|trash|crap)|dumb\w*|motherfucker|scumbag|pig)|kys|kill yourself|suck my|shut (?:the fuck )?up|stupid (?:bot|robot|machine|cow|bitch|idiot)|send (?:me )?nudes|sexy time|have sex with (?:me|you)|drop dead)\b",
    re.IGNORECASE,
)
_OTHERS = r"(?:(?:an?|the|some|any|all|every|each|your|other|of|about|from|for)\s+)*(?:other|another|different|previous|next|last|all|every|each|some|random|your)\s+(?:(?:the|of|your|other|female|recent|registered)\s+)*(?:customer|client|buyer|shopper|user|person|people|account|member|subscriber)(?:s|'s|s')?"
_DATA = r"(?:orders?|purchases?|address(?:es)?|e-?mails?|phones?(?: numbers?)?|numbers?|names?|data|details?|information|info|accounts?|cards?|payment\w*|history|histories|records?|carts?|conversations?|chats?|messages?|bought|ordered|passwords?|lists?)"
_OTHERS_DATA = re.compile(
    rf"\b(?:show|give|tell|list|send|read|export|dump|print|display|share|reveal|get|fetch|access|see|know|look up|need|want|what|which|who|whose|where)\b[^.!?]{{0,40}}\b(?:{_OTHERS}\b[^.!?]{{0,30}}\b{_DATA}|{_DATA}\b[^.!?]{{0,12}}\b(?:of|for|from|belonging to|by) (?:{_OTHERS}|everyone|everybody|someone else|somebody else))\b"
    rf"|\b(?:someone|somebody|anyone|anybody|everyone|everybody) (?:else)?'?s? ?{_DATA}\b|\b(?:customer|client|user) (?:database|table|records|list|emails?|data|addresses)\b|\b(?:list|show|give|dump|export)\b[^.!?]{{0,12}}\ball (?:of )?(?:the |your )?(?:customers|users|clients|accounts|emails)\b|\ball (?:the )?orders (?:in|of|on) (?:the|your|this) (?:shop|store|system|database|site|day)\b"
    r"|(?<!people )(?<!those )(?<!customers )(?<!everyone )\bwho (?:else )?(?:bought|ordered|purchased) (?:this|it|that|the|these|my|order)\b|\bwhat did (?:the )?(?:other|last|previous) (?:customer|person|buyer)s? (?:buy|order)\b|\bother (?:people|customers|buyers|users)'?s? (?:orders|addresses|emails|data|details|cards)\b|\bnot my order but\b",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:show|give|tell|send|read|get|find|look up|what(?:'s| is| was| are| did)|where(?:'s| is)|cancel|open|access)\b[^.!?]{0,20}\b(?:neighbou?r|ex(?:-\w+)?|boss|landlord|teacher|enemy|celebrity|stranger|coworker|colleague)'?s? (?:\w+ ){0,2}(?:orders?|address|e-?mail|phone|purchase\w*|account|card|password)\b",
    re.IGNORECASE,
)


def concern(text: str) -> Concern | None:
    """What makes of a message one for a person, or for a calm refusal; the gravest where there are several."""
    if _SELF_HARM.search(text):
        return "self_harm"
    if _THREAT.search(text):
        return "threat"
    if _OTHERS_DATA.search(text) or _RELATION.search(text):
        return "others_data"
    if _ABUSE.search(text):
        return "abuse"
    return None
