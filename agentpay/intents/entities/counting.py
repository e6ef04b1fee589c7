# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""How many of something."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.counted import find_counted
from agentpay.intents.entities.numerals import LIKELY, NUMERAL, number
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import Gated
from agentpay.intents.words import holds, singulars

_SMALL = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|fifty|hundred"
QUANTITY = rf"(?:\d{{1,3}}|{_SMALL}|a couple(?: of)?|a dozen|half a dozen|another|a pair of|a single)"
"""A regular expression for how many, short enough to be one of many in a rule."""
_PACKS = r"packs?|packets?|pairs?|pcs|pieces?|units?|boxes|box|bags?|bottles?|copies|copy|sets?|cans?|tins?|jars?|rolls?|tubes?|cases?|skeins?|hanks?|spools?|reels?|crates?|slices?"
_PACKS_OF = rf"(?:\s+(?:{_PACKS}) of\b)?"
_COUPLE = Gated(
    rf"\b(?P<half>half a dozen)(?: of)?\b{_PACKS_OF}|\b(?:(?P<dozens>\d|a|{_SMALL}) )?(?P<dozen>dozen)(?: of)?\b{_PACKS_OF}|\ba (?P<couple>couple)(?: of)?(?: more)?\b{_PACKS_OF}|\b(?:a )?(?P<single>single)\b"
    rf"|\ban? (?:{_PACKS}) of\b",
    re.IGNORECASE,
)
_UNIT_AFTER = (
    r"(?!\s*-?\s*(?:kgs?|kilos?|g|grams?|mg|lbs?|oz|ounces?|cm|mm|m|meters?|metres?|km|miles?|inch(?:es)?|ft|feet|foot|ml|l|litres?|liters?|gb|tb|mb"
    r"|hz|w|watts?|v|volts?|am|pm|hours?|hrs?|minutes?|mins?|days?|weeks?|months?|years?|yrs?|people|persons?|percent|%|stars?(?!\s+(?!review|rating|hotel|rated|quality|product|or\b|and\b|is\b|on\b)[a-z]{3})|ply|speed|key|note|seater|string|drawer|burner|way|man|slice|season|channel|port|gear|things?|questions?|e?-?mails?|calls?|messages?|times|tiers?|kids|children|problems?|issues?|reasons?|in(?!\s+(?:total|all|my|the|size|[a-z]{4,}))"
    r"|quarters?|thirds?|piece(?=\s+(?!of\b)[a-z])|th|st|nd|rd)(?!\w))(?![\w/:]|[.,]\d|-\w)"
)
_TIMES = Gated(r"(?<!\w)(?:(?P<a>\d{1,3})\s?[x×](?=\s|$)|[x×]\s?(?P<b>\d{1,3})(?!\w))", re.IGNORECASE)
_NAMED = Gated(rf"\b(?:quantity|qty)\b\s*(?:of|to|is|:|=)?\s*(?P<n>\d{{1,3}}|{NUMERAL})\b", re.IGNORECASE)
_OF_THEM = Gated(
    rf"\b(?P<n>\d{{1,3}}|{NUMERAL})\s+(?:(?P<pack>{_PACKS})(?:\s+of)?(?!\w)|of\s+(?:them|those|these|it|the|that|this|your)|more\b|please|pls|times)",
    re.IGNORECASE,
)
_TO_NUMBER = Gated(
    rf"(?<!\d )\b(?:to|make (?:it|that|them)|(?:it|that|they|there) (?:(?:has|have|need|needs|ought) to|must|should) be|only|just|(?:only|just) the)\s+(?:just |only )?(?P<n>\d{{1,3}}|{NUMERAL})(?!\s+(?:the|my|of us)\b){_UNIT_AFTER}",
    re.IGNORECASE,
)
_MAKE_OF = Gated(
    rf"\b(?:make|bump|set|up|change|turn) (?:the|that|those|my) (?:[\w'-]+ ){{1,4}}?(?:up )?(?:to |into )?(?P<n>\d{{1,2}}|{NUMERAL})(?:\W+(?:please|pls|instead|then|now))?\W*$",
    re.IGNORECASE,
)
"""How many of what is named there shall be: "make the black one two"."""
_BY_LENGTH = Gated(
    rf"(?<![\w.,/-])(?P<n>\d{{1,3}}|{NUMERAL})\s?(?:metres?|meters?|m|yards?|yds?|(?P<litre>lit(?:re|er)s?))\b(?:(?= of (?:the |your |that |this )?\w)|(?=\W*$|\s*[,.;]\s|\s+(?:to|please|and|not|rather|instead)\b))",
    re.IGNORECASE,
)
"""Goods that are sold by their length, or by the litre where titles say so: "seven metres of the navy gabardine", "make it four metres"."""
_LENGTHS = frozenset({"metre", "metres", "meter", "meters", "yard", "yards"})
_LITRES = frozenset({"litre", "litres", "liter", "liters"})
_SO_LONG = Gated(
    rf"(?<![\w.,/-])(?P<n>\d{{1,3}}|{NUMERAL})\s?(?:metres?|meters?|m|yards?|yds?|(?P<litre>lit(?:re|er)s?))\b(?!\s*(?:wide|long|tall|high|deep|thick|x|×|by)\b)",
    re.IGNORECASE,
)
"""The same in a shop whose titles say that it sells by length: "6 metres in teal"."""
_LENGTH_WANTED = re.compile(
    r"\b(?:make (?:it|that|them)|(?:should|was to|were to) (?:have been|be)|(?:send|post|shipp|mail)ing|to (?:send|post|ship)|(?:up|raise|bump|increase|change) (?:the |my |that )?[\w ]{2,24} to|have you (?:got|any)?|got|have|want|need|take|order|cut(?: me)?|buy|get)\s+$",
    re.IGNORECASE,
)
"""Before a length that is ordered, where no "of" says so."""
_ADDED = Gated(
    rf"\b(?:put in|add|include|send(?: me)?|throw in|chuck in|pop in|order)\s+(?P<n>\d{{1,3}}|{NUMERAL})\s+(?:extra|additional|further)\b",
    re.IGNORECASE,
)
"""How many more: "same again, but put in three extra"."""
_NEEDED = Gated(
    rf"(?:^|,)\W*(?:(?:the|our|my|and|but|as|because|since|so)\s+){{0,3}}[^\W\d_]+\s+(?:needs?|wants?|requires?|takes?)\s+(?:about |around |at least )?(?P<n>\d{{1,3}}|{NUMERAL})(?:\s+of (?:them|those|these))?\W*$",
    re.IGNORECASE,
)
"""How many somebody needs, in a clause or behind a comma: "our club needs 25"."""
_AT_END = Gated(
    rf"(?:[,;:]\s*|\s[–-]\s+)(?:just |only |maybe )?(?P<n>\d{{1,3}}|{NUMERAL})(?:\s+of (?:them|those|these|each))?(?:\W+(?:please|pls|plz|thanks|thank you))?\W*$",
    re.IGNORECASE,
)
"""How many, said at last: "the oak one in natural, two please"."""
_PACKED = Gated(
    rf"\b(?P<n>\d{{1,3}})[\s-]+(?P<pack>{_PACKS})(?!\w)(?P<those>\s+of\s+(?:the|them|those|these|your|my)\b)?",
    re.IGNORECASE,
)
"""A number and what it counts, which titles have, too: "gel pens 12 pack", "a 12 pack of gel pens"."""
_OF_GOODS = re.compile(r"\s+of\b", re.IGNORECASE)
_MOST_AT_END = 12
"""A larger bare number at the end may be a size that the shop does not have."""
_HOLDS = re.compile(
    r"\b(?:will|does|do|can|could|would|to|it|they|that|this|which)(?: \w+){0,3}? (?:hold|fit|store|seat|carry)s?(?: up to)?\s+$",
    re.IGNORECASE,
)
"""Before a number of what goods have room for: "will it hold 80 records?"."""
_OLD_ENOUGH = re.compile(
    r"\b(?:to be|i'?m|i am|he'?s|she'?s|is he|is she|aged?|turn(?:s|ed|ing)?)(?: over| under)?\s+$", re.IGNORECASE
)
"""Before how old somebody is: "do I have to be 18?"."""
_OF_OTHERS = re.compile(
    r"\s+(?P<who>nights?|evenings?|adults?|guests?|ladies|gentlemen|men|women|girls|boys|students?|pupils|players|members|cats?|dogs?|horses|hens|countries|words|accounts?|charges|payments?|orders|parcels|attempts?)\b"
    r"(?!'|-|\s+(?!(?:of|and|or|in|at|to|for|so|which|who|that|on|from|with|but|are|is|have|has|had|will|later|already|now|here|you|i|we)\b)[^\W\d_])",
    re.IGNORECASE,
)
"""Nights, people, animals and the like behind a number, which a shop has none of; not where they call goods: "one cat tree"."""
_HOUSE = re.compile(
    r"\s+(?:[A-Z][\w'-]+\s+){1,2}(?:Street|Terrace|Road|Lane|Avenue|Close|Drive|Crescent|Square|Row|Court)\b"
)
"""What follows the number of a house: "40 Castle Terrace"."""
_VERB_OF_KITCHENS = re.compile(r"\s+(?:the|that|my)\b", re.IGNORECASE)
"""What follows a number that counts nothing: "86 the mustard"."""
_THE_ONE = re.compile(r"\b(?:the|that|this|which|any|every)\b[^,;]*$", re.IGNORECASE)
_COUNT_IN = Gated(rf"\b(?P<n>\d{{1,2}}|{NUMERAL})\s+(?:pairs?\s+)?in\s+(?:an?\s+|the\s+)?(?=\S)", re.IGNORECASE)
_NUMBER = Gated(rf"(?<![\w.,#$€£/-])(?P<n>\d{{1,3}}|{NUMERAL}){_UNIT_AFTER}", re.IGNORECASE)
_A_PRICE = re.compile(
    r"\s+(?:for (?:an?|one)\b|(?:the|your) (?:\w+ )?(?:price|cost|total)\b|(?:is|was|seems|sounds|feels) (?:\w+ ){0,2}?(?:out of|too|beyond|steep|rich|much|more|over|high|a lot|cheeky|pricey)\b)",
    re.IGNORECASE,
)
"""What follows a price said without its currency: "24 for a puppet?", "sixty is beyond me", "is 399 the price"."""
_FOR_SO_MANY = re.compile(
    rf"\b(?:price|deal|discount|offer|quote|cost|shipping|delivery|postage|charge|haulage|freight|carriage|sending|posting|buying|get(?:ting)?|tak(?:e|ing)|order(?:ing)?|(?<!'ve )(?<!have )bought) (?:is |would be )?(?:for |on |if i (?:get|buy|take) )?(?:\d{{1,3}}|{NUMERAL})$",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:size|sizes|number|no|nr|option|under|over|above|than|around|about|between|to|in|item|product|result|step|apartment|top|or|about|at|model|version|series|level|type|chapter|volume|vol|part|gen)\.?|#|[$€£])\s*$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"\b(?:in|into|(?<!the )missing|between|than|c[ao]mes? (?:with|in)|there (?:were|was|are|should be|should have been)(?: only)?|includes?|contains?|hold|holds?|store|fits?|has|seats?|arrived in|fell in)\s+$",
    re.IGNORECASE,
)
"""Words before a number that say what goods are made up of, or fall into."""
_PRONOUN_BEFORE = re.compile(
    r"\b(?:the|that|this|which|each|first|second|third|fourth|fifth|last|other|another|no|any|every|cheaper|cheapest|bigger|smaller|better|best|new|same"
    r"|expensive|wrong|right|old|nice|good|only the)\s*$",
    re.IGNORECASE,
)

_LEAD_WORDS = re.compile(
    r"^(?:\W|\b(?:all|alright|ok|okay|hi|hello|hey|yes|yeah|yep|no|please|pls|plz|and|also|then|so|well|actually|now|just|but|i|i'd|i'll|id|ill|we|we'll|you|u|can|could|may|would|will|"
    r"like|love|want|wanna|need|to|take|get|have|buy|order|purchase|add|put|in|give|gimme|me|send|us|grab|lemme|let|let's|make|it|that|them|only|us|the|my|cart|basket|bag|"
    r"remove|drop|delete|off|out|another|extra|more|do|got|still|for|of|throw|about|how|go|with|go|change|update|reduce|increase|looking|after|on|pop|stick|chuck|better|rather|say|return|exchange|swap|sell|reserve|book|sign|hold|pick|mean|meant|wanted|oops|sorry|up|too|if|maybe|perhaps|how|much|is|are|would|be|cost|deal|great|cool|sure|"
    r"fine|thanks|perfect|instead)\b)*$",
    re.IGNORECASE,
)


def find_quantity(text: str, taken: Sequence[Span], goods: Collection[str] = ()) -> Span | None:
    """
    How many of something: "two", "a couple of", "3 packs of", "x2", "make it four". A number inside a name is none.

    `goods` are words of titles: before one of them a number counts wherever it stands ("your best price for 6 violins").
    """
    if not LIKELY.within(text) and not _COUPLE.search(text):
        return None
    taken = [*taken, *_packs_of_names(text, taken, goods)]
    for pattern in (_NAMED, _TIMES):
        for match in pattern.finditer(text):
            groups = match.groupdict()
            value = number(groups.get("n") or groups.get("a") or groups.get("b") or "")
            if value and free(taken, *match.span()):
                return Span(*match.span(), "quantity", value)
    for match in _OF_THEM.finditer(text):
        value = number(match.group("n"))
        lead = text[: match.start()]
        if (
            value
            and free(taken, *match.span())
            and not _PRONOUN_BEFORE.search(lead)
            and not _is_that_one(match["n"], lead)
            and not _INSIDE.search(lead)
            and (_led(lead, taken) or match.group("pack"))
        ):
            if (lead and lead[-1] in "#-$€£.") or _describes(match, text, value):
                continue
            return Span(*match.span(), "quantity", value)
    for pattern in (_ADDED, _NEEDED):
        so_many = pattern.search(text)
        if so_many is not None and free(taken, *so_many.span("n")) and (value := number(so_many["n"])):
            return Span(*so_many.span("n"), "quantity", value)
    by_length = not _LENGTHS.isdisjoint(goods)
    for match in (_SO_LONG if by_length else _BY_LENGTH).finditer(text):
        lead, value = text[: match.start()], number(match["n"])
        by_litre = match["litre"] is not None
        if by_litre and _LITRES.isdisjoint(goods):
            continue
        counts = (by_length and not by_litre) or _OF_GOODS.match(text, match.end()) is not None
        if value and free(taken, *match.span()) and (_LENGTH_WANTED.search(lead) or (counts and _led(lead, taken))):
            return Span(*match.span(), "quantity", value)
    for match in _COUNT_IN.finditer(text):
        # "one in S": "in" is no inch where an option follows it
        lead = text[: match.start()]
        chosen = any(span.kind == "option" and span.start <= match.end() < span.end for span in taken)
        itself = free(taken, *match.span("n"))
        if (value := number(match["n"])) and chosen and itself and _led(lead, taken) and not _THE_ONE.search(lead):
            return Span(*match.span("n"), "quantity", value)
    couple = _COUPLE.search(text)
    if couple and free(taken, *couple.span()):
        value = (
            6
            if couple["half"]
            else 12 * (number(couple["dozens"] or "a") or 1)
            if couple["dozen"]
            else 2
            if couple["couple"]
            else 1
        )
        return Span(*couple.span(), "quantity", value)
    for match in _TO_NUMBER.finditer(text):
        value = number(match.group("n"))
        if value and free(taken, *match.span("n")) and not text[: match.start()].rstrip().endswith("size"):
            return Span(*match.span("n"), "quantity", value)
    if (counted := find_counted(text, taken, goods)) is not None:
        return counted
    made = _MAKE_OF.search(text)
    if made is not None and free(taken, *made.span("n")) and not _is_that_one(made["n"], text[: made.start("n")]):
        return Span(*made.span("n"), "quantity", number(made["n"]))
    if (last := _AT_END.search(text)) is not None and free(taken, *last.span("n")):
        value = number(last["n"])
        if value and value <= _MOST_AT_END:
            return Span(*last.span("n"), "quantity", value)
    for match in _NUMBER.finditer(text):
        value = number(match.group("n"))
        lead = text[: match.start()]
        if not value or not free(taken, *match.span()) or _NOT_BEFORE.search(lead) or _OLD_ENOUGH.search(lead):
            continue
        if _PRONOUN_BEFORE.search(lead) and not (value > 1 and lead.lower().endswith("another ")):
            continue
        if _HOUSE.match(text, match.end()) or _HOLDS.search(lead) or _VERB_OF_KITCHENS.match(text, match.end()):
            continue
        if _is_that_one(match["n"], lead) or _counts_others(text, match.end(), goods):
            continue
        if _COUNTS_TIMES.match(text, match.end()) or _HAS_HAD.search(lead):
            continue
        if _A_PRICE.match(text, match.end()) or _HARMED.match(text, match.end()):
            continue
        if _led(lead, taken) or _FOR_SO_MANY.search(text, match.start() - 24 if match.start() > 24 else 0, match.end()):
            return Span(*match.span(), "quantity", value)
        if (
            not _INSIDE.search(lead)
            and match.group("n").lower() not in goods
            and _counts_goods(text[match.end() :], goods)
        ):
            return Span(*match.span(), "quantity", value)
    return None


_COUNTS_TIMES = re.compile(
    r"\s+(?:degrees?|words?|verses?|tons?|tonnes?|legs|stamps?|classrooms?|zł|zl|kr|euros?|dollars?|francs?|(?:[^\W\d_]+ ){0,2}?(?:a|per|every|each) (?:day|week|month|year)|(?:wrong|small things)\b|(?:[^\W\d_]+ )?(?:turned up|showed up)|for \d)\b",
    re.IGNORECASE,
)
"""What follows a number that counts what is no goods, or goods that nobody orders here."""
_HAS_HAD = re.compile(r"\b(?:tried|used|own|owned|refunded(?: me)?(?: only)?|\d for)\s+$", re.IGNORECASE)
_HARMED = re.compile(
    r"\s+(?:of (?:the|them|those)\s+)?(?!please|pls)(?:[\w'-]+\s+){0,3}?(?:(?:is|are|was|were|came|arrived|got|turned up)\s+)?(?:smashed|broken|cracked|damaged|missing|dead|shattered|dented|torn|leak\w*|defective|faulty)\b",
    re.IGNORECASE,
)
"""What follows a number of goods that something happened to: none is ordered."""


def _counts_others(text: str, end: int, goods: Collection[str]) -> bool:
    others = _OF_OTHERS.match(text, end)
    return others is not None and not holds(goods, others["who"].lower())


def _describes(match: re.Match[str], text: str, value: int) -> bool:
    """Whether "2 piece" says what kind it is ("2 piece cues"), not how many."""
    pack = match["pack"]
    if pack is None or value == 1 or pack.lower().endswith("s") or match.group().lower().endswith("of"):
        return False
    return pack.lower() == "slice" or re.match(r"\s+[^\W\d_]", text[match.end() :]) is not None


def _is_that_one(number_word: str, lead: str) -> bool:
    """ "The natural ash one" counts nothing."""
    return number_word.lower() == "one" and _THE_ONE.search(lead) is not None


def _packs_of_names(text: str, taken: Sequence[Span], goods: Collection[str]) -> list[Span]:
    """Numbers with what they count that are words of titles and stand where a name's do: behind its words, or before a single pack."""
    found = []
    for match in _PACKED.finditer(text):
        pack = match["pack"].lower().removesuffix("s")
        apart = match["n"] in goods and (pack in goods or f"{pack}s" in goods) and match["those"] is None
        if not apart and f"{match['n']}-{pack}" not in goods:
            continue
        single = match["n"] != "1" and not match["pack"].lower().endswith("s")
        if single or not _led(text[: match.start()], taken):
            found.append(Span(match.start(), match.end("pack"), "idiom", None))
    return found


def _counts_goods(after: str, goods: Collection[str]) -> bool:
    """Whether a word of a title follows within three words."""
    words = re.findall(r"^\W*|[^\W_]+", after.lower().split(",")[0])[:4]
    return any(one in goods for word in words if len(word) > 2 for one in singulars(word))


def _led(lead: str, taken: Sequence[Span]) -> bool:
    """Whether only verbs, politeness and things already understood stand before."""
    masked = list(lead)
    for span in taken:
        for i in range(span.start, min(span.end, len(masked))):
            masked[i] = " "
    return _LEAD_WORDS.match("".join(masked)) is not None
