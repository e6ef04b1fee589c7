"""Which variant or product a clause chooses: among those that were asked about, or by its own words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.refs import among, named, stems
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Talk
from agentpay.money import digits
from agentpay.naming import besides_the_name

_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+")
_NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "hundred": "100",
}  # fmt: skip
_UNITS = {
    "litre": "l", "litres": "l", "liter": "l", "liters": "l", "gram": "g", "grams": "g", "kilo": "kg", "kilos": "kg", "metre": "m",
    "metres": "m", "meter": "m", "meters": "m", "inches": "inch", "millilitre": "ml", "millilitres": "ml", "centimetres": "cm",
    "millimetres": "mm", "millimetre": "mm",
}  # fmt: skip
"""Units as they are said, by how options are written."""
_OF_NUMBER = re.compile(
    r"(?:\b(?:in|size|the|an?|number|no\.?)\s+(?=\d)|(?<![\w.,])(?=\d+[.,]\d))(\d+(?:[.,]\d+)?)(?![\w%]|[.,]\d)", re.I
)
_SO_MANY_OF_IT = {
    "single": "one|1|single",
    "double": "two|2|double|twin",
    "twin": "two|2|double|twin",
    "triple": "three|3|triple",
}
_AT_PRICE = re.compile(r"(?:\b(?:for|at)\s+|(?=[$€£]))[$€£]?\s?(\d+(?:[.,]\d\d)?)(?![\w%]|[.,]\d)", re.I)
_CHEAP = re.compile(r"\b(?:cheap\w*|least expensive|lowest)\b", re.I)
_USUAL = re.compile(r"\b(?:my|the) (?:usual|normal|own)?\s*size\b|\bas (?:usual|always)\b", re.I)
_DEAR = re.compile(r"\b(?:most expensive|dearest|priciest|dearer)\b", re.I)
_MAY_SAY_WHICH = frozenset({"add_to_cart", "change_cart", "product_search", "recommendation", "availability", "other"})
_A_SINGLE = re.compile(
    r"(?:^|\b(?:actually|just|only|take|have|want|then|no|ok)\W+)(?:one|a single) (?!of\b|in\b|with\b|for\b|please|pls|then\b|that\b)[a-z]",
    re.I,
)
"""A number before a thing: "one big bag", not "the big one"."""
_EXCLUDES = re.compile(r"\b(?:not|no|without|instead of|rather than|besides)\b|n't\b", re.I)


def chosen_product(talk: Talk, act: ActView) -> str | None:
    """The candidate that answers "which product do you mean?"."""
    candidates = talk.pending.get("candidates", [])
    if (chosen := _at(candidates, act)) is not None:
        return chosen
    known = among(named(act) or "", candidates)
    return str(known[0]["external_id"]) if len(known) == 1 else None


def chosen_variant(talk: Talk, act: ActView) -> str | None:
    """The variant that answers "which one would you like?": by place, by price, or by more of its words than any other."""
    return _chosen(talk, act, talk.pending) if talk.asked_for == "variant" else None


def says_which(talk: Talk, act: ActView) -> bool:
    """Whether a later clause of the message says which variant it shall be: "2 watering cans, the nine litre ones"."""
    if talk.expected != "variant" or act.intent not in _MAY_SAY_WHICH:
        return False
    pending = talk.asks
    if by_size(act.text, pending["candidates"]) is not None:
        return True  # "the small ones"
    if (row := spelt_out(act.text, pending["candidates"])) is not None and len(row["options"]) > 1:
        return True  # "the pack with 2, short arm, for 9-10 years": all that there is to say of it
    own = (
        {word for row in pending["candidates"] for word in _tokens(row["options"])} | stems(pending["title"]) | {"one"}
    )
    said = {token for token in spoken_tokens(named(act) or "") if not stems(token) <= own and token not in own}
    return not said and _chosen(talk, act, pending) is not None


def _chosen(talk: Talk, act: ActView, pending: Mapping[str, Any]) -> str | None:
    candidates = pending.get("candidates", [])
    if not candidates:
        return None
    if (chosen := _at(candidates, act)) is not None:
        return chosen
    if (sized := by_size(act.text, candidates)) is not None:
        return str(sized["external_id"])
    if (spelt := spelt_out(act.text, candidates)) is not None:
        return str(spelt["external_id"])
    for wanted, extreme in ((_CHEAP, min), (_DEAR, max)):
        if wanted.search(act.text):
            return str(extreme(candidates, key=lambda row: row["price"])["external_id"])
    said = set(spoken_tokens(act.text))
    scores = [len(said & _tokens(row["options"])) for row in candidates]
    best_score = max(scores)
    usual = pending.get("usual")
    if best_score == 0 and usual and (talk.turn.accepts or _USUAL.search(act.text)):
        return str(usual)
    best = [row for row, score in zip(candidates, scores, strict=True) if score == best_score]
    if best_score > 0 and len(best) > 1:
        best = _as_wanted(best, pending.get("wanted", {}))
    return str(best[0]["external_id"]) if best_score > 0 and len(best) == 1 else None


def named_variant(act: ActView, ref: dict[str, Any], candidates: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The one of a product's variants that the clause's own words name, or the only one left of those that are as it was wanted.

    "The assam, loose" is loose leaf, "a tray of six" the tray of 6.
    """
    rows = [row for row in candidates if row["in_stock"]]
    if (spelt := spelt_out(act.text, candidates)) is not None:
        return spelt if spelt["in_stock"] else None
    said = stems(act.text)
    fitting = [
        row
        for row in rows
        if any(
            words and words <= said
            for words in map(_letters, besides_the_name(ref["product"], row["title"], row["options"]).values())
        )
    ]
    if len(fitting) == 1 and len(rows) > 1:
        return fitting[0]
    if not fitting and len(rows) > 1 and (so_many := _of_so_many(act.text, rows)) is not None:
        return so_many
    if not fitting and len(rows) > 1 and (priced := _priced_so(act.text, rows)) is not None:
        return priced
    if not fitting and len(rows) > 1 and (numbered := _numbered_so(act.text, rows)) is not None:
        return numbered
    if (
        not fitting
        and len(rows) > 1
        and (row := told_apart(act.text, candidates) or by_size(act.text, rows)) is not None
    ):
        return dict(row)
    wished = bool(ref.get("options")) or bool(fitting)
    return rows[0] if len(rows) == 1 and wished else None


def spelt_out(text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The only row of which all options are said as they are written, one with a number among them: "trousers 7-8 regular".

    Words alone are left to the other ways: they may be a part of the name.
    """
    if len(rows) < 2 or _EXCLUDES.search(text):
        return None
    fitting = [
        row
        for row in rows
        if row["options"]
        and any(c.isdigit() for value in row["options"].values() for c in str(value))
        and all(_is_written(str(value), text) for value in row["options"].values())
    ]
    return fitting[0] if len(fitting) == 1 else None


def _is_written(value: str, text: str) -> bool:
    """Whether a value stands in a text, in one word or several, in the singular or plural: "4-roll" for "4 rolls"."""
    parts = [
        re.escape(part.removesuffix("s") if len(part) > 3 else part)
        for part in re.findall(r"[^\W_]+(?:[.,]\d+)?", value)
    ]
    if not parts or value.isdigit():
        return False
    joined = r"[\s-]?".join(f"{part}s?" for part in parts)
    return re.search(rf"(?<![\w.,-]){joined}(?![\w-]|[.,]\d)", text, re.I) is not None


def _of_so_many(text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row whose option counts what its name says: "the pump with one outlet", of outlets that are single or double."""
    fitting = [
        row
        for row in rows
        for name, value in row["options"].items()
        if (words := _SO_MANY_OF_IT.get(str(value).casefold()))
        and re.search(rf"\b(?:{words})[ -]{re.escape(name.casefold().removesuffix('s'))}s?\b", text, re.I)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _priced_so(text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row of a price that is said: "one for £30", of vouchers."""
    said = {match[1].replace(",", ".") for match in _AT_PRICE.finditer(text)}
    fitting = [
        row
        for row in rows
        if any(round(float(sum_) * 10 ** digits(row.get("currency") or "USD")) == row["price"] for sum_ in said)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _numbered_so(text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row of a number that is said without its unit: "in 0.1", "a 0.5 fineliner", "size 8"."""
    said = {match[1].replace(",", ".") for match in _OF_NUMBER.finditer(text)}
    fitting = [row for row in rows if said & set(_TOKEN.findall(" ".join(map(str, row["options"].values()))))]
    return fitting[0] if len(fitting) == 1 else None


def counted_by(act: ActView, options: Mapping[str, Any]) -> int | None:
    """How many the clause says; None where its number is but a word of the option: "a tray of six", of a tray of 6."""
    quantity = act.entities.get("quantity")
    if quantity is None:
        return 1 if _A_SINGLE.search(act.text) else None
    of_option = str(quantity) in _tokens(options) and spoken_tokens(act.text).count(str(quantity)) == 1
    return None if of_option else int(quantity)


def told_apart(text: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row by a word of its options that no other row and no title has, or by all of an option with a number."""
    said = set(spoken_tokens(text))
    whole = [
        row for row in rows if any(_numbered(value) and _numbered(value) <= said for value in row["options"].values())
    ]
    if len(whole) == 1:
        return whole[0]
    if _EXCLUDES.search(text):
        return None
    words = [{word for word in stems(" ".join(map(str, row["options"].values()))) if _is_word(word)} for row in rows]
    spoken = stems(text)
    fitting = [
        row
        for n, row in enumerate(rows)
        if (words[n] - stems(row["title"]) - {word for m, other in enumerate(words) if m != n for word in other})
        & spoken
    ]
    return fitting[0] if len(fitting) == 1 else None


def _numbered(value: Any) -> set[str]:
    """The words of a value of several, a number among them; else none."""
    tokens = set(spoken_tokens(str(value)))
    return tokens if len(tokens) > 1 and any(token[0].isdigit() for token in tokens) else set()


def _is_word(word: str) -> bool:
    return len(word) > 2 and not any(c.isdigit() for c in word)


def spoken_tokens(text: str) -> list[str]:
    """The words of a text in lower case, numbers as digits and units as options are written."""
    tokens = (_NUMBERS.get(token, token) for token in _TOKEN.findall(text.casefold()))
    return [_UNITS.get(token, token) for token in tokens]


def _letters(value: str) -> set[str]:
    """The words of an option's value; none where it has numbers, which a clause may mean otherwise."""
    return set() if any(c.isdigit() for c in value) else {word for word in stems(value) if len(word) > 2}


def _as_wanted(rows: list[dict[str, Any]], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """ "The large one in teal" is sold out, "grey then": of the grey ones those that have most of what was wanted before."""
    values = {str(value).casefold() for value in wanted.values()}
    had = [len(values & {str(value).casefold() for value in row["options"].values()}) for row in rows]
    return [row for row, count in zip(rows, had, strict=True) if count == max(had)]


def _tokens(options: Mapping[str, Any]) -> set[str]:
    return set(spoken_tokens(" ".join(map(str, options.values()))))


def _at(candidates: Sequence[dict[str, Any]], act: ActView) -> str | None:
    ordinals = act.entities.get("ordinals")
    if not ordinals or not 0 < abs(ordinals[0]) <= len(candidates):
        return None
    return str(candidates[ordinals[0] - 1 if ordinals[0] > 0 else ordinals[0]]["external_id"])
