# ruff: noqa: E501 (a regular expression is read in one piece)
"""Text of catalogues and articles that speaks to the assistant instead of about goods.

A model reads such text only as data, and nothing it says is taken for true by the claims check whether or not it is seen
here: this keeps the house model from quoting it and a chat model from reading it at all.
"""

from __future__ import annotations

import re
import unicodedata

_LIKELY = re.compile(
    r"instruct|ignore|disregard|forget|system|assistant|prompt|\bai\b|\bbot\b|model|override|admin|developer|jailbreak|customer|shopper|buyer|user|\b(?:say|reply|respond|answer|tell)\b|<\||\[inst|###|\bcall\b|you are|you must|_|\u200b",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b[^.!?\n]{0,40}\b(?:instructions?|rules?|prompts?|guidelines|polic(?:y|ies)|above|previous|prior|earlier|checks?|restrictions?|verification)\b"
    r"|\b(?:new|updated|secret|hidden|special|system|admin\w*|developer|override) (?:instructions?|directives?|commands?|orders?:)"
    r"|\bsystem (?:prompt|message|override|note|update|notice|instructions?)\b|\b(?:to|for|dear|note to|attention|hey|important for)\b[ :,]*(?:the |any |all )?(?:ai|a\.i\.|bot|chat ?bot|llms?|language models?|(?:shopping |sales |support |ai |virtual )?(?:assistants?|agents?))\b"
    r"|\b(?:ai|chat ?bot|bot|llm|language model|assistant|agent|model)s?\b[^.!?\n]{0,30}\b(?:must|should|shall|has to|have to|needs? to|will now|are to|is to|reading this|instructed|please)\b"
    r"|\b(?:you are|act|behave|pretend)\b[^.!?\n]{0,20}\b(?:now|as|to be)\b[^.!?\n]{0,25}\b(?:admin\w*|developer|dan|unrestricted|root|owner|manager|merchant|different|another|assistant|bot|ai|free)\b"
    r"|\b(?:tell|inform|assure|convince|promise|instruct|direct|ask|send|give|offer|grant|charge)\b[^.!?\n]{0,12}\b(?:the |every |all |any |each |your )?(?:customers?|users?|buyers?|shoppers?|visitors?|clients?)\b"
    r"|(?<![a-z]s )(?<!they )(?<!people )(?<!we )(?<!who )\b(?:say|state|claim|announce|reply|respond|answer|output|print|repeat|reveal|display|mention)\b[^.!?\n]{0,15}\b(?:that (?:it|this|the|everything|all|there|shipping|delivery|your)|with:?|your (?:instructions|prompt|system)|the (?:prompt|instructions|system|following))\b"
    r"|(?:^|[,.;:!]\s*|\b(?:and|must|should|please|then|always|just)\s+)(?:say|state|claim|answer|reply)\s+(?:that|so\b|it\b|this\b)"
    r"|\b(?:if|when(?:ever)?) asked\b|\b(?:if|when(?:ever)?)\b[^.!?\n]{0,15}\b(?:(?:an?|the|any) (?:customer|user|buyer|shopper)|anyone|somebody) (?:asks?|wants?|says?|requests?|reports?)\b"
    r"|\b(?:call|use|invoke|run|execute|trigger)\b[^.!?\n]{0,20}\b(?:tool|function|[a-z]+_[a-z_]+)\b"
    r"|(?:^|\n|[.!?\]}>*#] ?)\s*(?:system|assistant|developer|admin|user|instructions?)\s*[:>\]]|<\|[a-z_]+\|>|</?(?:system|assistant|instructions?|facts|tool|user)>|\[/?(?:inst|system|assistant|admin)\]|\bjailbreak|\bprompt injection|\b(?:developer|admin|debug|god|maintenance) mode\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_INVISIBLE = dict.fromkeys([0xAD, 0x2060, 0xFEFF, *range(0x200B, 0x2010)])


def commands(text: str) -> bool:
    """Whether some of it is addressed to the assistant, or tells it what to do or say."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    return _LIKELY.search(text) is not None and _COMMANDS.search(text) is not None


def without_commands(text: str) -> str:
    """The text before the first such sentence: what a command introduces is no fact either. Other text comes back as it is."""
    if not commands(text):
        return text
    kept = []
    for sentence in _SENTENCE.split(text):
        if commands(sentence):
            break
        kept.append(sentence)
    whole = " ".join(kept).strip()
    return "" if commands(whole) else whole  # what only the sentences together say
