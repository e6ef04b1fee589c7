# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Splitting a message into clauses: what is wanted first, what then, what else."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agentpay.intents.entities.spans import Span
from agentpay.intents.items import further_goods, named_item, new_item
from agentpay.intents.words import word_set

_ABBREVIATION = re.compile(
    r"(?:\b(?:st|ave|apt|no|nr|mr|mrs|ms|dr|vs|e\.g|i\.e|approx|max|min|str|bldg|ste|inc|ltd|co|oz|ft|(?<=\d )in|pcs|vol|ca|etc|jr|sr)|\b[A-Z])$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"[.!?]+[\"')\]]*(?=\s|$)|[;\n]+|\s-{1,2}\s|\.{2,}|:\s(?=(?i:please|can|i|add|give|one|two|three|four|five|six|an?|the|some|\d{1,3} ?x?)\s)|\s\(?[1-9a-d]\)\s"
)
_VERB = (
    r"add|put|remove|delete|drop|take|get|give|gimme|send|ship|deliver|use|apply|redeem|try|show|find|tell|make|change|update|switch|swap|exchange|replace|cancel|return"
    r"|refund|check|track|compare|recommend|suggest|empty|clear|start|pay|charge|buy|order|purchase|throw(?= (?:in|it|them|that|this|an?|the|some|another|me|one|two|three|\d|out|away)\b)|include|set|keep|let|lemme|proceed|checkout|reserve|explain|help|call|connect"
    r"|transfer|reduce|increase|leave|scrap|forget|skip|go|grab|ditch|bring|link|place|complete|finish|finalize|wrap|email|text|also|credit|hand|escalate|toss|bump|pack|book|stick|pop|chuck|bung|lose|bin|stop|hold|say|read|ring|post|sign|re-?(?:order|book|send|ship|issue)|advise|inform|confirm"
)
_SUBJECT = (
    r"(?:i|we|you|it|they|he|she|u)(?:'(?:ll|d|m|ve|re|s))?\s+[a-z]|(?!id\s+\d{4})i'?(?:ll|d|m|ve)\s|(?:it|that|this)(?:'s| is| was)\s|(?:can|could|would|will|should|do|does|did|is|are|r|was|were|has|have|may|might|shall)"
    r"\s+(?:i|you|u|ya|we|it|they|either|the|that|this|there|my|your|any|someone|somebody|he|she)\b|(?:how|what|where|when|why|who|which)(?:'?s|'re)?\b|(?:(?:my|the)\s+)?(?:usual|same|saved|normal|home) address\b|(?:my|the)\s+(?:e-?mail|name|address|phone|number|card|payment|order|package|parcel|zip|code)\b"
    r"|there(?:'s| is| are)\s|(?:can|could|may|should|will|would|must|do|does)\s+(?:\w+\s+){1,4}?(?:be|come|have|need|fit|work|get|cost|last)\b|(?:any|got any)\s|the payment|payment link|checkout\b|no\s+(?:need|thanks)|don'?t\b|please\s|pls\s|thanks\b|thank you|wanna\s|gimme\s|let'?s\s|lemme\s|i'll\b|idk\b"
    r"|(?:standard|express|expedited|overnight|priority|economy|next[- ]day)\s+(?:shipping|delivery|is|please|to)\b|ready to\b|(?:with\s+)?(?:shipping|delivery)\s+to\b|(?:going |heading |off |on )?straight to (?:the )?(?:payment|checkout|pay|till)\b|then\s|also\s|nothing else|that'?s\s|here'?s\s|otherwise\s|if (?:so|not|yes)\b|no\s+(?:[a-z'-]+\s+){1,4}(?:are|is) there\b"
)
_STARTER = re.compile(
    rf"(?:(?:then|also|please|pls|just|now|maybe|finally|and|n|so|actually|kindly|instead|rather|first|still|next)\s+)*(?:(?:{_VERB})\b(?!-)|{_SUBJECT})",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|ok|and|also|sorry|please|kindly)\W+)*(?:how|what|when|where|which|who|why|is|are|does|do|did|can|could|will|would|has|have|should|may|any)\b(?!.*\b(?:that|which|who)\b)",
    re.IGNORECASE | re.DOTALL,
)
_ASKS_ON = re.compile(
    r"(?:is|are|was|were|does|do|did|can|could|will|would|has|have)\s+\w|comes?\s+in\b|got (?:it|one|them|any)\b"
    r"|(?:at|by|for|from|in|since|till|to|until|with)\s+(?:what|which|how|when|whom)\b",
    re.IGNORECASE,
)
"""Behind a question another one begins with a verb, whatever is asked about: "how heavy is the Mini, and is lime in"."""
_CONDITION = re.compile(r"if\W+(?:not|so|yes|no|it|they|that|there|i|we|you)\b", re.IGNORECASE)
"""Behind "and" what is wanted in some case: "is it in stock, and if so put one by"."""
_WHETHER = re.compile(r"\b(?:know|wonder\w*|ask|check|see|tell|if)\b", re.IGNORECASE)
_PRICE_TOO = re.compile(
    r"(?:the\s+)?(?:prices?|costs?|postage)(?:\s+(?:of|for|per|to)\s+\w+)?(?:\s+(?:please|pls|too|also|then))?\W*$",
    re.IGNORECASE,
)
_SET_APART = re.compile(r"\b(?:differ\w*|compar\w*|between|both|same|about|on|of)\b", re.IGNORECASE)
_JOINT = re.compile(
    r"\s*,\s*(?:and then|and also|but also|and|then|also|but|or|so|plus|n|&)\s+|\s*,(?!(?<=\d,)\d{3}\b)\s*|\s+(?:and then|and also|and|then|also|but also|but|plus|(?-i:n)|&|so)\s+|\s+or(?: else)?\s+(?=(?:i|we)(?:'ll|'m|\s+will|\s+won't)\s)|\s+\+\s+|\s+(?=(?:please|pls)\s+(?:send|ship|add|remove|cancel)\b)",
    re.IGNORECASE,
)
IS_WANTED = re.compile(
    r"(?:that|this|it|those|these|they)(?:'?s|'?re| is| are| would be)(?: exactly| just)? (?:the ones?|what|which) (?:i|we|im)\b.{0,30}",
    re.IGNORECASE,
)
"""Said of what was just named: "that's the one I want"."""
IS_ASKED_FOR = re.compile(
    r"(?:(?:is|are) there|(?:do|would) (?:you|u) (?:have|sell|carry|stock)|(?:have you |you )?got)(?: here)? (?:something|anything|one|ones|any) like (?:that|it|this|those|these)",
    re.IGNORECASE,
)
"""Asked of what was just named: "is there something like that?"."""
_NO_SPLIT_BEFORE = re.compile(
    r"\b(?:how|want|like|need|going|try|trying|able|wanna|please|(?<!up )to|can you|could you|would you|difference between|and|or|which|whether)\s*$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:[\s,;:.!?&\-\"'(]|\b(?:and|then|but|so|plus|if (?:so|yes|not))\b(?=[\s,]))+", re.IGNORECASE)
_PLEASE = re.compile(r"\b(?:please|pls|then|too|instead)\W*$", re.IGNORECASE)
_SET_BEFORE = re.compile(
    r"^\W*(?:(?:and|but|so|ooh?|ok(?:ay)?|hm+|oh|what about|how about|now)\W+)*(?:the|that|this|your|my|those|these)\s+[\w'-]+(?:\s[\w'-]+){0,4}$",
    re.IGNORECASE,
)
_ASKED_OF_IT = re.compile(
    r"(?:is|are|was|were|can|could|does|do|did|will|would|has|have|how|what|which)\b(?:\s\w+){0,3}?\s(?:it|they|them|that one|this one|those)\b",
    re.IGNORECASE,
)
"""A thing is named, and then asked about: "and the Ferry backpack, is that one waterproof?"."""
_INTERJECTIONS = word_set("""
    ok okay k yes yeah yep yup no nope nah hi hello hey fine great cool thanks perfect sure deal actually well sorry nvm hmm oh alright please awesome sweet brilliant lovely wonderful excellent super neat nice wow
    """) | {
    "hi there", "hello there", "hey there", "no thanks", "no thank you", "yes please", "sounds good", "thank you", "never mind", "good morning",
    "good evening", "good afternoon", "all right", "ok then", "ok great", "ok thanks", "that works",
}  # fmt: skip
_VERB_OR_NOUN = word_set(
    "return refund order ship check change set use charge pack text exchange credit book link place delivery show clear checkout wrap"
)


_WHAT = frozenset({"what", "whats", "what's", "how", "hows", "how's"})


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the message, by its place in it; `listed` where it goes on with a list the clause before began."""

    start: int
    end: int
    text: str
    listed: bool = False
    question: bool = False


def segment(text: str, spans: Sequence[Span] = (), goods: Collection[str] = ()) -> list[Clause]:
    """Clauses in order; never divides a span. A message without words yields one clause, its whole text.

    `goods` are words of titles, by which a shopping list is divided that counts nothing: "a leash, dog bed in grey, treats".
    """
    protected = [(span.start, span.end) for span in spans]
    clauses: list[Clause] = []
    for start, end, question in _sentences(text, protected):
        clauses.extend(_split(text, start, end, question, protected, goods))
    return _with_what_they_are(text, clauses) or [Clause(0, len(text), text)]


def _with_what_they_are(text: str, clauses: Sequence[Clause]) -> list[Clause]:
    """ "The glass tumblers in clear, that's the one I want" is one clause: the second half only says that they are wanted, or asked for."""
    kept: list[Clause] = []
    for clause in clauses:
        last = kept[-1] if kept else None
        text_of_it = clause.text.strip()
        if last is not None and not last.question and not clause.question and IS_WANTED.fullmatch(text_of_it):
            kept[-1] = Clause(last.start, clause.end, text[last.start : clause.end], last.listed)
        elif last is not None and IS_ASKED_FOR.fullmatch(text_of_it):
            kept[-1] = Clause(last.start, last.end, last.text, last.listed, question=True)
        else:
            kept.append(clause)
    return kept


def _inside(protected: Sequence[tuple[int, int]], position: int) -> bool:
    return any(start < position < end for start, end in protected)


def _sentences(text: str, protected: Sequence[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    found: list[tuple[int, int, bool]] = []
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        mark = match.group()
        if _inside(protected, match.start()) or _inside(protected, match.end() - 1):
            continue
        if (
            mark == "."
            and _ABBREVIATION.search(text[begin : match.start()])
            and match.end() < len(text)
            and (
                not re.match(r"\s+[A-Z]\w+\s+[a-z]", text[match.end() : match.end() + 40])
                or text[match.start() - 1].isupper()
            )
        ):
            continue
        found.append((begin, match.start(), "?" in mark))
        begin = match.end()
    found.append((begin, len(text), False))
    return [(s, e, q) for s, e, q in found if any(c.isalnum() for c in text[s:e])]


def _split(
    text: str,
    start: int,
    end: int,
    question: bool,
    protected: Sequence[tuple[int, int]],
    goods: Collection[str] = (),
) -> list[Clause]:
    cuts: list[tuple[int, int, bool]] = []
    begin = start
    for match in _JOINT.finditer(text, start, end):
        if match.start() <= begin or _inside(protected, match.start()) or _inside(protected, match.end()):
            continue
        before, after = text[begin : match.start()], text[match.end() : end]
        going_on = bool(cuts) and cuts[-1][2]
        listed = new_item(before, after, match.group(), going_on=going_on) or (
            not question
            and (
                named_item(before, after, match.group(), goods, going_on=going_on)
                or further_goods(before, after, match.group(), goods)
            )
        )
        if listed or _starts_anew(before, after, match.group()):
            # "Forget the lid, but two more packs": what stands behind "but" is not done to both
            cuts.append((match.start(), match.end(), listed and "but" not in match.group().lower()))
            begin = match.end()
    clauses: list[Clause] = []
    begin, listed = start, False
    for cut_start, cut_end, next_listed in [*cuts, (end, end, False)]:
        clause = _clause(text, begin, cut_start, listed, question and cut_end == end)
        if clause:
            clauses.append(clause)
        begin, listed = cut_end, next_listed
    return clauses


def _starts_anew(before: str, after: str, joint: str) -> bool:
    if not any(c.isalnum() for c in before):
        return False
    match = _STARTER.match(after)
    if match is None and "and" in joint.lower() and _goes_on_asking(before, after):
        return True
    if match is None:
        return "," in joint and before.strip(" ,.!").lower() in _INTERJECTIONS
    if "," in joint and _SET_BEFORE.match(before) and not _PLEASE.search(before) and _ASKED_OF_IT.match(after):
        return False
    if _NO_SPLIT_BEFORE.search(before) and not (joint.strip() and before.rstrip().lower().endswith("please")):
        return False
    if (
        "," not in joint
        and joint.strip().lower() == "so"
        and re.search(r"\b(?:is|are|not|how|much|be|if)\s*$", before, re.IGNORECASE)
    ):
        return False
    first = match.group().split()[0].lower()
    rest = after[match.end() :]
    if first in _VERB_OR_NOUN and re.match(
        r"(?:\s*(?:$|[,.!?]|is\b|was\b|policy|of\b|options?\b|bags?\b|for\b(?!\s+me)|cards?\b))", rest
    ):
        return first == "checkout" or ("," in joint and first in {"pay", "order"})
    compares = first == "which" or (first in _WHAT and re.search(r"\bdiff", rest))
    if compares and re.search(r"\b(?:or|vs\.?|versus)\b", before, re.IGNORECASE):
        return False  # "the tent or the tarp, which is lighter?" is one comparison
    return not (
        re.match(r"(?:what|which|who|where|when|how|why)", first)
        and "," not in joint
        and re.search(r"\b(?:know|see|tell me|understand|about|check)\s*$", before)
    )


def _goes_on_asking(before: str, after: str) -> bool:
    """Whether behind "and" a second question, a condition or the price begins."""
    if _ASKS_ON.match(after):
        return _ASKS.match(before) is not None
    if _CONDITION.match(after):
        return _WHETHER.search(before) is None
    return _PRICE_TOO.match(after) is not None and not _SET_APART.search(before)


def _clause(text: str, start: int, end: int, listed: bool, question: bool) -> Clause | None:
    lead = _LEADING.match(text[start:end])
    if lead and lead.end() < end - start:
        start += lead.end()
    while end > start and text[end - 1] in " ,;:-&\n":
        end -= 1
    piece = text[start:end]
    if not any(c.isalnum() for c in piece):
        return None
    return Clause(start, end, piece, listed, question)
