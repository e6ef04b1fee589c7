# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Order numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from agentpay.intents.entities.numerals import DIGIT
from agentpay.intents.entities.places import country_codes, country_of_city, regions_of
from agentpay.intents.entities.spans import Span, free
from agentpay.intents.gating import Gated
from agentpay.intents.words import word_set

_ORDER_WORD = r"(?:orders?|purchase|invoice|parcel|package|shipment|booking|reference|bestellung|commande|pedido)"
_MARKED_ORDER = re.compile(
    rf"(?<!\bmin )(?<!minimum )\b{_ORDER_WORD}(?:['’]s)?\s*(?:(?:number|no|nr|num|id|ref(?:erence)?)\b\.?\s*)?(?:is|was|:|=)?\s*#?\s?\(?(?P<id>[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*)(?![\w@])",
    re.IGNORECASE,
)
_HASH_ORDER = re.compile(r"(?<![\w&])#\s?(?P<id>[A-Za-z]{0,4}-?\d[\dA-Za-z-]{2,})(?!\w)")
_SHAPE_ORDER = re.compile(
    r"(?<![\w#/-])(?P<id>[A-Z]{1,6}(?:-\d{2,}){1,3}|[A-Z]{1,6}(?:[/_-]\d{2,}){2,3}|[A-Z]{1,6}[/_]\d{4,}|[A-Z]{1,4}\d{4,}|[A-Z]\d{3,})(?![\w/-])"
)
_DIVIDED_NUMBER = re.compile(r"(?<![\w#/.,+-])(?P<id>\d{4}-\d{2,5})(?![\w/-]|[.,]\d)")
"""Digits alone, a year or a series first: "2024-7802"."""
_FREE_NUMBER = re.compile(
    r"(?<![\w.,#$€£¤+/'-])(?<!\d )(?P<id>[1-9]\d{4,6}[A-Z]?)(?![\w-]|[.,:]\d|\s?(?:[€$£¤%]|(?:eur|usd|gbp|chf|sek|nok|dkk|pln|zl|zł|kr|yen|rand|rs|rupees|inr|euros?|dollars?|pounds?|francs?|bucks|people|ml|mm|cm|g|kg|km|miles|btu|mah|lumens?|words|steps|rpm|hours|each|total)\b|\s\d))",
    re.IGNORECASE,
)
"""A number of five digits and more that no price, place or measure stands beside."""
_SAYS_A_PRICE = re.compile(
    r"\b(?:min(?:imum)? order|take|pay|paid|offer|do|say|give|at|price|than|under|over|above|below|around|budget|max|up to|till|until|spend|costs?|charged?|rs|only|last|final|match|deal|worth|have|of|between|another|"
    r"to|in|zip|pin|plz|post ?code|postcode|call|ring|phone|tel|text|mobile|cell|room|unit|flat|model|art(?:icle)?|ref(?:erence)?|serial|version|gate|door|bic|vat|po)(?: (?:code|no|number|nr|is|:))*\.?\s*$",
    re.IGNORECASE,
)
"""Before a number that is something else."""
_BESIDE_A_PLACE = re.compile(r"(?:^|\s)(?:[A-ZÀ-Þ][\w'’-]{2,})[,\s]\s*$")
_AT_THE_BEGINNING = re.compile(r"(?:^|[.!?]\s+)\W*[\w']+[,\s]\s*$")
_SPACED_CAPITALS = re.compile(r"(?<![\w#@.-])(?P<id>(?P<letters>(?!MOQ\b)[A-Z]{2,3}) \d{5,6})(?![\w-])")
_OF_A_CODE = re.compile(
    r"\b(?:codes?|coupons?|vouchers?|promos?|gutschein\w*|discount|expired|newsletter|\w*code|off)\b", re.IGNORECASE
)
_LIKE_A_CODE = re.compile(r"[A-Z]{4,}-\d{1,4}$")
"""A word with a short number behind a dash is a code where codes are spoken of: "SPRING-15"."""
_LONG = re.compile(r"\d{5}|\d{4}.*\d{2}|[/_].*\d|-.*-")
"""Forms that models of goods hardly have."""
_OF_IT = re.compile(
    r"\b(?:to|on|in|of|for|from|with|my|about|is|are|cancel|track|return|refund|change|stop|where'?s|has|did|hold|(?:post|send|shipp|dispatch|deliver|cancell)ing)\s+$",
    re.IGNORECASE,
)
_PLAIN_NUMBER = re.compile(
    r"\b(?:(?:track|cancel|return|refund|exchange|about|status of|where(?:'?s| is)|regarding|re:?)\s+(?:my\s+|the\s+)?|(?:order\s+)?(?:number|no|nr|num)\.?\s?(?:is\s+)?)#?(?P<id>\d{4,12})(?![\w.,-]*\d|\s?(?:€|\$|£|eur|usd|euros?|dollars?|pounds?))",
    re.IGNORECASE,
)
"""A bare number that is treated as an order is."""
_STANDING_NUMBER = re.compile(
    r"(?:^\W*|[.!?,;:]\s+|\(|\b(?:add|put|slip|pop|squeeze|include|fit)\b[^.,;?!]{1,40}?\b(?:to|in|into|onto|on)\s+|\b(?:into|onto|need|want|get|got|has|have|is|was|did|for|of|on|about|with|and|my|stop|cancel|send|ship|cut|hold|split|nix|chase|swap|leave)\s+)(?P<id>\d{5,8})(?![\w.,-]*\d|\s?(?:€|\$|£|%|\w+ (?:street|st|road|rd|ave|avenue)\b|eur|usd|euros?|dollars?|pounds?|people|ml|mm|g|km|miles)\b)",
    re.IGNORECASE,
)
"""Five digits and more, where no place and no price is spoken of: "has 70410 shipped?"."""
_TREATED_NUMBER = Gated(
    r"\b(?:has|have|is|did|can|could|will|should|must)\s+(?P<a>\d{4,8})(?=\s+(?:(?:not|still|already|even|please|also)\s+)*(?:been \w+ed|gone|left|ship(?:ped)?|sent|go (?:to|out)|going (?:to|out)|come|arrived?|dispatched|packed|delivered|on (?:its|the) way|be (?:sent|changed|moved|stopped|cancell?ed|delivered|billed|split|held|shipped|redirected|posted))\b)"
    r"|(?:^|[.!?,;:]\s|\b(?:please|you|ye|to|just|and)\s)\W*(?:bill|invoice|amend|edit|redirect|reroute|undo|combine|merge|expedite|correct|change)\s+(?P<b>\d{4,8})(?=\s+(?:from|to (?!\d)|for|with|and|before|please)\b)"
    r"|(?:^|[.!?]\s)\W*(?P<c>\d{4,8})(?=\s+(?:(?:was |is |has been |got )?(?:ordered|placed|bought) (?:by|twice|in)|(?:has|had)\s+(?!(?:a|an|the|your|got)\b)\w+ \w+[^.?!]*\b(?:instead|wrong|not)\b|should (?:have|be|go)|needs (?:to|an?|the)|shouldn'?t|never (?:came|arrived|left|showed|turned)|hasn'?t|went to|was meant)\b)",
    re.IGNORECASE,
)
"""Four digits and more of which is said what is said of an order alone: "can 66151 go to my office?", "5524 ordered by my toddler"."""
_PLACE_ASKED = frozenset({"address", "shipping_address", "postal_code", "shipping", "phone"})
_OF_MINE = re.compile(r"\b(?:in|on|to|of|from|my|our|about)\s+$", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiouy]")
_PLAIN_SHAPE = re.compile(r"[A-Z]{2,3}\d{4,7}$")
_UNDONE = re.compile(r"\b(?:storno|annul|scrap|undo)\b", re.IGNORECASE)
_NEVER_A_PRICE = re.compile(
    r"\b(?:change|anything|something|left|date|put|item|part|delivery) (?:in|to|of)\s*$", re.IGNORECASE
)
_OTHER_NUMBER = re.compile(
    r"\b(?:loyalty|member(?:ship)?|customer|card|purchase order|p\.?o|account|serial|article|phone|model|tracking)\s+(?:number|no|nr|id)\.?(?: is)?\s*:?\s*#?$",
    re.IGNORECASE,
)
_A_YEAR = re.compile(r"(?:19|20)\d\d")
_TO_A_PLACE = re.compile(
    r"\b(?:postage|shipping|zip|pin|postal|postcode|eircode|deliver(?:y|ed)?\s+(?:to|for|cost)|ship(?:ped)? to|send (?:it|this|one|them) to|i live|i'?m in|phone|call|ring|code)\b",
    re.IGNORECASE,
)
_ABOUT_A_NUMBER = re.compile(
    r"\b(?:return|shipped|cancel\w*|wrong|name|address|refund\w*|charged|late|where|gone|porch|driver|one piece|packed|posted|dispatched|left yet|before (?:it|that|they) (?:goes?|leaves?|ships?)|do(?:n'?t| not) (?:send|ship|post)|gift (?:note|message))\b|(?<![\w.,])(?<!\d )[1-9]\d{5}(?![\w.,]*\d)",
    re.IGNORECASE,
)
_TO_AN_ORDER = re.compile(r"\b(?:to|on|in|onto|from)\s+$", re.IGNORECASE)
_NUMBER_ALONE = re.compile(
    r"^\W*(?:(?:hi|hello|hey|good \w+|ok|so|yes|it'?s|please|my)\W+)*[a-z]{1,4}-\d{4,}(?:\W+(?:please|pls|thanks))?\W*$",
    re.IGNORECASE,
)
"""A message that is nothing else."""
_SHAPE_ORDER_LOWER = re.compile(r"(?<![\w#-])(?P<id>[A-Za-z]{1,4}-\d{3,})(?![\w-])")
_SPACED = re.compile(
    r"(?<![\w#@.-])(?P<id>(?!(?:in|to|for|of|on|off|be|at|by|from|and|or|the|my|it|is|was|has|did|no|nr|num|id|ref|am|pm|eur|usd|gbp|chf|max|min|top|size|flat|unit|apt|room|year|a|i|po|box|zip|pin|need|want|get|got|ship|send|sent|take|add|with|that|this|when|also|but|so|now|your|our|had|have|not|new|old|just|only|all|can|does|if|how|why)\b)[A-Za-z]{2,4}\s\d{4,8})(?!\s?(?:ml|mm|cm|g|kg|km|w|mah)\b)(?![\w-])",
    re.IGNORECASE,
)
"""Written with a space, as it is said aloud: "os 90127"."""
_AFTER_SALES = re.compile(
    rf"\b({_ORDER_WORD}|order(?:ed|ing)|paid|charged|sent|dispatch\w*|track(?:ing)?|money|refund|return|cancel|exchange|deliver(?:y|ed)|shipped|arrived?|received?|status|where|bought|from)\b",
    re.IGNORECASE,
)
_ABOUT_GOODS = re.compile(
    r"\b(?:add|put|buy|cart|basket|bag|how much|price|in stock|do (?:you|u) (?:have|sell)|looking for|take|want)\b",
    re.IGNORECASE,
)
_ASKS_FOR_GOODS = re.compile(
    r"\b(?:buy|how much|price|in stock|do (?:you|u) (?:have|sell)|have (?:you|u)|got (?:the|any|an?)|looking for|cart|basket|bag|compatible|work with|fit)\b",
    re.IGNORECASE,
)
"""Beside these letters and digits are rather a model of goods."""
_COUNTED = re.compile(r"\s+(?:more\s+)?[^\W\d_]{2,}")
_AFTER_NUMBER = word_set(
    "left been gone got shipped arrived came go come should shouldn't needs never isn't wasn't can could will is was has have and please pls from to for not yet of where when still which that did in it on i hasn't"
)


def find_orders(
    text: str,
    title_words: Collection[str],
    taken: Sequence[Span] = (),
    asked_for: str | None = None,
    *,
    many_digits: bool = False,
) -> list[Span]:
    """Order numbers: by a word like "order" before them, by "#", by shape (letters, dash, digits), or as a long number that is
    nothing else; `many_digits`: prices have as many in the shop's currency, so that such a number needs a word of orders."""
    if not DIGIT.search(text) or (asked_for in _PLACE_ASKED and text.strip(" .!").isdigit()):
        return []
    found: list[Span] = []

    def add(match: re.Match[str]) -> None:
        start, end = match.span("id")
        if start > 0 and text[start - 1] == "#":
            start -= 1
        if free([*taken, *found], start, end) and not _OTHER_NUMBER.search(text[:start]):
            found.append(Span(start, end, "order", match.group("id")))

    for match in _MARKED_ORDER.finditer(text):
        number = match.group("id")
        if not any(c.isdigit() for c in number) or number.lower() in title_words:
            continue
        marked = "#" in match.group() or re.search(r"(?i)number|\bno\b|\bnr\b|\bid\b|ref", match.group()) is not None
        counted = _COUNTED.match(text, match.end("id"))
        if number.isdigit() and not marked:
            if len(number) < 3 or (
                len(number) < 5
                and counted
                and counted.group().split()[0].lower() not in _AFTER_NUMBER
                and not _OF_MINE.search(text[: match.start()])
            ):
                continue
        elif not marked and len(number) < 4:
            continue
        add(match)
    for match in _HASH_ORDER.finditer(text):
        add(match)
    about_orders = asked_for == "order_number" or _AFTER_SALES.search(text) is not None
    for match in _SHAPE_ORDER.finditer(text):
        number = match.group("id")
        if _LIKE_A_CODE.match(number) and _OF_A_CODE.search(text):
            continue
        if number.lower() in title_words or not _like_an_order(text, match, about_orders=about_orders):
            continue
        parts = re.split(r"[-/_]", number.lower())
        if all(part in title_words for part in parts) and not about_orders:
            continue
        add(match)
    if about_orders or _PLAIN_NUMBER.match(text):
        for match in _PLAIN_NUMBER.finditer(text):
            add(match)
    for match in _TREATED_NUMBER.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        if not _A_YEAR.fullmatch(text, start, end) and free([*taken, *found], start, end):
            found.append(Span(start, end, "order", text[start:end]))
    if about_orders or _ABOUT_A_NUMBER.search(text):
        for match in _STANDING_NUMBER.finditer(text):
            sentence = (
                re.split(r"[.!?]\s", text[: match.start("id")])[-1] + re.split(r"[.!?]", text[match.end("id") :])[0]
            )
            if not _TO_A_PLACE.search(sentence):
                add(match)
    if about_orders or _NUMBER_ALONE.match(text):
        for match in _SHAPE_ORDER_LOWER.finditer(text):
            if match.group("id").lower() not in title_words:
                add(match)
    else:
        for match in _SHAPE_ORDER_LOWER.finditer(text):
            stands = _OF_IT.search(text[: match.start()]) or not text[: match.start()].strip(" ,.!?:")
            if stands and len(re.findall(r"\d", match["id"])) >= 4 and match["id"].lower() not in title_words:
                add(match)
    if about_orders or _NUMBER_ALONE.match(text):
        for match in _SPACED.finditer(text):
            letters, digits = match["id"].lower().split()
            if match["id"][0].islower() and len(letters) > 2 and _VOWEL.search(letters):
                continue  # a word: "push 663121"
            if letters not in title_words and digits not in title_words and not _TO_A_PLACE.search(text):
                add(match)
    for match in _SPACED_CAPITALS.finditer(text):
        letters = match["letters"]
        if not regions_of(letters) and letters not in country_codes() and letters.lower() not in title_words:
            add(match)
    if (about_orders or _ABOUT_A_NUMBER.search(text) or _UNDONE.search(text)) and not _TO_A_PLACE.search(text):
        for match in _DIVIDED_NUMBER.finditer(text):
            add(match)
    if not (many_digits and not about_orders) and asked_for not in _PLACE_ASKED | {"variant"}:
        for match in _FREE_NUMBER.finditer(text):
            if _means_nothing_else(text, match.start("id"), match.end("id")) and match["id"] not in title_words:
                add(match)
    if asked_for == "order_number" and not found:
        for match in re.finditer(r"(?<![\w@.])(?P<id>(?=[\w-]*\d[\w-]*\d[\w-]*\d)[A-Za-z0-9][\w-]{2,})(?![\w@])", text):
            add(match)
            break
    return found


def _means_nothing_else(text: str, start: int, end: int) -> bool:
    """Whether a long number is neither a price nor a place's: "when will come 104398?", "30102 left your warehouse?"."""
    before = text[:start]
    sentence = re.split(r"[.!?]\s", before)[-1] + re.split(r"[.!?]", text[end:])[0]
    if _TO_A_PLACE.search(sentence) or (_SAYS_A_PRICE.search(before) and not _NEVER_A_PRICE.search(before)):
        return False
    beside = _BESIDE_A_PLACE.search(before) is not None and _AT_THE_BEGINNING.search(before) is None
    word = re.search(r"([^\W\d_]+)\s+$", before)
    after = re.match(r"\s+([A-ZÀ-Þ][^\W\d_]{2,})", text[end:])
    state = word is not None and word[1].isupper() and regions_of(word[1])
    return not (beside or after or state or (word is not None and country_of_city(word[1]) is not None))


def _like_an_order(text: str, match: re.Match[str], *, about_orders: bool) -> bool:
    """Whether what has the shape of an order number stands like one, where a model of a product may have it, too."""
    number = match.group("id")
    divided = not number.isalnum()
    if about_orders:
        return True
    if len(re.findall(r"\d", number)) < (2 if divided else 4):
        return False
    before, after = text[: match.start()], text[match.end() :]
    stands_alone = (
        re.search(r"(?:^|[.!?:;]\s)\W*$", before) is not None and re.match(r"\W*(?:$|[.!?])", after) is not None
    )
    of_an_order = stands_alone or _TO_AN_ORDER.search(before) or not _ABOUT_GOODS.search(text)
    if of_an_order and _PLAIN_SHAPE.match(number) and not _ASKS_FOR_GOODS.search(text):
        return True
    if divided and len(re.findall(r"\d", number)) >= 4 and not _ASKS_FOR_GOODS.search(text):
        return True
    if divided and len(re.findall(r"\d", number)) >= 4 and (stands_alone or _TO_AN_ORDER.search(before)):
        return True
    if _ABOUT_GOODS.search(text) and not _ABOUT_A_NUMBER.search(text):
        return _LONG.search(number) is not None and _OF_IT.search(text[: match.start()]) is not None
    return divided or _LONG.search(number) is not None or _OF_IT.search(text[: match.start()]) is not None
