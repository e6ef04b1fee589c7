# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Splitting a message into clauses: what is wanted first, what then, what else."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from agentpay.intents.entities.spans import Span
from agentpay.intents.words import word_set

_ABBREVIATION = re.compile(
    r"(?:\b(?:st|ave|apt|no|nr|mr|mrs|ms|dr|vs|e\.g|i\.e|approx|max|min|str|bldg|ste|inc|ltd|co|oz|ft|in|pcs|vol|ca|etc|jr|sr)|\b[A-Z])$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|[;\n]+|\s-{1,2}\s|\.{2,}|:\s(?=(?i:please|can|i|add|give)\b)")
_VERB = (
    r"add|put|remove|delete|drop|take|get|give|gimme|send|ship|deliver|use|apply|redeem|try|show|find|tell|make|change|update|switch|swap|exchange|replace|cancel|return"
    r"|refund|check|track|compare|recommend|suggest|empty|clear|start|pay|charge|buy|order|purchase|throw(?= (?:in|it|them|that|this|an?|the|some|another|me|one|two|three|\d|out|away)\b)|include|set|keep|let|lemme|proceed|checkout|reserve|explain|help|call|connect"
    r"|transfer|reduce|increase|leave|scrap|forget|skip|go|grab|ditch|bring|link|place|complete|finish|finalize|wrap|email|text|also|credit|hand|escalate|toss|bump|pack|book|stick|pop|chuck|bung|lose|bin|stop|hold|say|read|ring|post|sign"
)
_SUBJECT = (
    r"(?:i|we|you|it|they|he|she|u)(?:'(?:ll|d|m|ve|re|s))?\s+[a-z]|(?!id\s+\d{4})i'?(?:ll|d|m|ve)\s|(?:it|that|this)(?:'s| is| was)\s|(?:can|could|would|will|should|do|does|did|is|are|r|was|were|has|have|may|might|shall)"
    r"\s+(?:i|you|u|ya|we|it|they|either|the|that|this|there|my|your|any|someone|somebody|he|she)\b|(?:how|what|where|when|why|who|which)(?:'?s|'re)?\b|(?:(?:my|the)\s+)?(?:usual|same|saved|normal|home) address\b|(?:my|the)\s+(?:e-?mail|name|address|phone|number|card|payment|order|package|parcel|zip|code)\b"
    r"|there(?:'s| is| are)\s|(?:can|could|may|should|will|would|must|do|does)\s+(?:\w+\s+){1,4}?(?:be|come|have|need|fit|work|get|cost|last)\b|(?:any|got any)\s|the payment|payment link|checkout\b|no\s+(?:need|thanks)|don'?t\b|please\s|pls\s|thanks\b|thank you|wanna\s|gimme\s|let'?s\s|lemme\s|i'll\b|idk\b"
    r"|(?:standard|express|expedited|overnight|priority|economy|next[- ]day)\s+(?:shipping|delivery|is|please|to)\b|ready to\b|(?:with\s+)?(?:shipping|delivery)\s+to\b|then\s|also\s|nothing else|that'?s\s|here'?s\s"
)
_COUNT = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|a couple(?: of)?|a dozen|another|half a dozen|an extra|a few)"
_NOT_COUNTED = (
    r"(?:kgs?|kilos?|g|lbs?|oz|cm|mm|m|inch(?:es)?|ft|ml|l|gb|tb|mb|w|v|hours?|days?|weeks?|months?|years?|percent|euros?|dollars?|bucks?|in|or|and|to|stars?"
    r"|please|pls|then|but|thanks|for|of(?! the )|x)\b"
)
_MEASURE = r"\d{1,4}(?:[.,]\d+)?[\s-]?(?:kg|kilos?|g|lbs?|oz|cm|mm|m|inch|ft|ml|l|lit(?:re|er)s?|gb|tb|w|v)\b"
"""What may stand between a count and the thing: "two 50 l bags"."""
_STARTER = re.compile(
    rf"(?:(?:then|also|please|pls|just|now|maybe|finally|and|n|so|actually|kindly|instead|first|still|next)\s+)*(?:(?:{_VERB})\b(?!-)|{_SUBJECT})",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    rf"(?:then |also |maybe |plus |only |just )?{_COUNT}\s+(?:[x×]\s+)?(?:{_MEASURE}\s+)?(?!{_NOT_COUNTED}|(?:packs?|pairs?|pcs|pieces?|units?|boxes|bags?|bottles?|sets?|skeins?|hanks?|rolls?|spools?|reels?|tins?|cans?|jars?|tubes?|copies|slices|crates?)\W*$)[^\W\d_]",
    re.IGNORECASE,
)
_COUNTED_IN = re.compile(rf"{_COUNT}\s+in\s+(?:size\s+)?\w", re.IGNORECASE)
_DETERMINED = re.compile(
    r"(?:also )?(?:a|an|the|some|that|this|those|my)\s+(?:[^\W\d_]|\d{1,4}[\s-]?[a-z]+\s+[^\W\d_])", re.IGNORECASE
)
_JOINT = re.compile(
    r"\s*,\s*(?:and then|and also|but also|and|then|also|but|or|so|plus|n|&)\s+|\s*,\s*|\s+(?:and then|and also|and|then|also|but also|but|plus|n|&|so)\s+|\s+or(?: else)?\s+(?=(?:i|we)(?:'ll|'m|\s+will|\s+won't)\s)|\s+\+\s+|\s+(?=(?:please|pls)\s+(?:send|ship|add|remove|cancel)\b)",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"^(?:\W|\b(?:ok|please|pls|also|then|actually|and|now|yes|just|hi|hello|hey)\b)*(?:add|put|remove|drop|delete|throw in|order|buy|(?:can |could |may )?(?:i|we)(?:'ll| will|'d| would)?\s+(?:like|have|take|get|want|buy|order|grab)|i want|i wanna|give me|gimme|get me|take|return|exchange)\b",
    re.IGNORECASE,
)
_ONE_OF_A_LIST = re.compile(
    r"^(?:\W|\b(?:hi|hello|hey|ok|so|just|please)\b)*(?:an?|the)\s+[^\W\d_]+(?:\s+\w+){0,5}$", re.IGNORECASE
)
"""A sentence that begins like a shopping list: "a ukulele, a stand and two picks"."""
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
_ANOTHER = re.compile(r"an?\s+[A-Z0-9]|\d", 0)
"""After a counted item "and a Gram scale" is a further one by its name, where "and a lid" may be a part of the first."""
_WISH = re.compile(r"^\W*(?:(?:ok|hi|hello|hey|so|just|please|and|also)\W+)*(?:(?:i|we)\s+)?need\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:an?|the|some|your|another)\s+(?=[^\W\d_]|\d)", re.IGNORECASE)
_ONLY_THAT = re.compile(
    r"^(?:\W|\b(?:ok|okay|yes|great|lovely|fine|please|i'?ll|i|will|take|have|want|add|get|me|give)\b)*(?:that|this|it|them|those|these|both|the (?:first|second|third|last))(?: one| two)?\W*$",
    re.IGNORECASE,
)
"""Nothing but what was shown or offered: "okay, that one"."""
_HAS_PARTS = re.compile(r"\b(?:with|without|that has|between|for (?:my|the|a|an|his|her|our|their))\b", re.IGNORECASE)
_MEASURED = re.compile(r"\d")
_ALTERNATIVES = frozenset({"or", "but", "so"})
_ITEM_END = re.compile(r",|\s+(?:and|plus|n|&|\+)\s+|[.!?;]")
_ITEM_IN = re.compile(r"\s(?:in|x\d)\b")
_MOST_OF_AN_ITEM = 6
_WORDS = re.compile(r"[^\W_]+")
_RESTRICTIVE = re.compile(r"\b(?:with|for|without|that has|between|(?<!'d )(?<!would )like)\b", re.IGNORECASE)
_NO_SPLIT_BEFORE = re.compile(
    r"\b(?:how|want|like|need|going|try|trying|able|wanna|please|(?<!up )to|can you|could you|would you|difference between|and|or|which|whether)\s*$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:[\s,;:.!?&\-\"'(]|\b(?:and|then|but|so|plus)\b(?=\s))+", re.IGNORECASE)
_CHOICE = re.compile(r"\b(?:compare|difference|better|vs|versus|which)\b", re.IGNORECASE)


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
        listed = _new_item(before, after, match.group(), going_on=going_on) or (
            not question
            and (
                _named_item(before, after, match.group(), goods, going_on=going_on)
                or _further_goods(before, after, match.group(), goods)
            )
        )
        if listed or _starts_anew(before, after, match.group()):
            cuts.append((match.start(), match.end(), listed))
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
    if match is None:
        return "," in joint and before.strip(" ,.!").lower() in _INTERJECTIONS
    if _NO_SPLIT_BEFORE.search(before) and not ("," in joint and before.rstrip().lower().endswith("please")):
        return False
    if (
        "," not in joint
        and joint.strip().lower() == "so"
        and re.search(r"\b(?:is|are|not|how|much|be)\s*$", before, re.IGNORECASE)
    ):
        return False
    first = match.group().split()[0].lower()
    rest = after[match.end() :]
    if first in _VERB_OR_NOUN and re.match(
        r"(?:\s*(?:$|[,.!?]|is\b|was\b|policy|of\b|options?\b|bags?\b|for\b(?!\s+me)|cards?\b))", rest
    ):
        return first == "checkout" or ("," in joint and first in {"pay", "order"})
    if first == "which" and re.search(r"\b(?:or|vs\.?|versus)\b", before, re.IGNORECASE):
        return False  # "the tent or the tarp, which is lighter?" is one comparison
    return not (
        re.match(r"(?:what|which|who|where|when|how|why)", first)
        and "," not in joint
        and re.search(r"\b(?:know|see|tell me|understand|about|check)\s*$", before)
    )


def _new_item(before: str, after: str, joint: str, *, going_on: bool) -> bool:
    """Whether a further "quantity + noun" of a list begins: "2 mugs, 3 plates and the teapot"; `going_on` where `before` is one."""
    if joint.strip().lower().endswith(("but", "so", "or")) and not _COUNTED.match(after):
        return False
    if _CHOICE.search(before):
        return False
    if _COUNTED.match(after) or _COUNTED_IN.match(after):
        return not re.search(r"\b(?:between|from|under|over|sizes)\s+\S+$", before, re.IGNORECASE)
    return bool(
        _DETERMINED.match(after)
        and (
            going_on
            or _LISTING.match(before)
            or _ONE_OF_A_LIST.match(before)
            or _COUNTED.match(_LEADING.sub("", before))
        )
        and not (
            _RESTRICTIVE.search(before) and not (_COUNTED.match(_LEADING.sub("", before)) and _ANOTHER.match(after))
        )
        and "," not in joint[1:]
    )


def _named_item(before: str, after: str, joint: str, goods: Collection[str], *, going_on: bool) -> bool:
    """Whether a further item of a shopping list begins by its bare name: "a 10kg litter x2, cat fountain in white"."""
    wished = _LISTING.match(before) or _WISH.match(before)
    if "," not in joint or joint.strip(" ,").lower() in _ALTERNATIVES:
        return False
    last = _WORDS.findall(before)[-1:]
    bare = bool(last) and _of_goods(last[0].lower(), goods) and not _HAS_PARTS.search(before)
    if not (going_on or wished or bare):
        return False
    words = [word.lower().strip(".!") for word in re.split(_ITEM_END, after, maxsplit=1)[0].split()]
    if not 0 < len(words) <= _MOST_OF_AN_ITEM or not any(
        _of_goods(word.lower(), goods) for word in _WORDS.findall(before)
    ):
        return False
    if len(words) > 1 and _of_goods(words[-1], goods) and _MEASURED.match(words[0]):
        return True  # "square stone, 14 inch peel"
    if not (going_on or wished):
        return False
    if len(words) == 1:
        return words[0].endswith("s") and _of_goods(words[0], goods)  # "…, padded" goes on about what was named
    return _of_goods(words[0], goods) or (_ITEM_IN.search(" ".join(words)) is not None and _of_goods(words[1], goods))


def _further_goods(before: str, after: str, joint: str, goods: Collection[str]) -> bool:
    """Whether other goods are named after "and" or "plus": "cleaning kit and a 49mm nd filter", "that one plus the charcoal bar"."""
    if joint.strip(" ,").lower() in _ALTERNATIVES or _CHOICE.search(before) or _HAS_PARTS.search(before):
        return False
    article = _ARTICLE.match(after)
    if article is None and joint.strip(" ,").lower() != "plus":
        return False
    words = re.split(_ITEM_END, after[article.end() if article else 0 :], maxsplit=1)[0].split()[:_MOST_OF_AN_ITEM]
    named = any(_of_goods(word.lower().strip(".!"), goods) for word in words)
    begun = _WORDS.findall(_LEADING.sub("", before))
    told = _ONLY_THAT.search(before) or (
        len(begun) <= _MOST_OF_AN_ITEM and any(_of_goods(word.lower(), goods) for word in begun[-4:])
    )
    return named and bool(told)


def _of_goods(word: str, goods: Collection[str]) -> bool:
    return len(word) > 2 and (word in goods or word.removesuffix("s") in goods)


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


_INTERJECTIONS = word_set("""
    ok okay k yes yeah yep yup no nope nah hi hello hey fine great cool thanks perfect sure deal actually well sorry nvm hmm oh alright please awesome sweet brilliant lovely wonderful excellent super neat nice wow
    """) | {
    "hi there", "hello there", "hey there", "no thanks", "no thank you", "yes please", "sounds good", "thank you", "never mind", "good morning",
    "good evening", "good afternoon", "all right", "ok then", "ok great", "ok thanks", "that works",
}  # fmt: skip
_VERB_OR_NOUN = word_set(
    "return refund order ship check change set use charge pack text exchange credit book link place delivery show clear checkout wrap"
)
