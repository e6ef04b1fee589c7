"""What a product's own data says to a question about it: attributes first, then sentences of its description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agentpay.llm.house import describe
from agentpay.llm.house.numbers import NUMBERS
from agentpay.llm.house.refs import stems

_GENERAL = re.compile(
    r"\b(?:tell me|more about|details?|info\w*|describe|description|specs?|specifications?|show me|what(?:'s| is) (?:it|this|that)\b\W*$"
    r"|explain|learn more|know more|about the|about that)\b",
    re.I,
)
_MADE_OF = re.compile(r"\bmade (?:of|from|out of|with)\b|\bwhat material\b", re.I)
_POLAR = re.compile(r"^\W*(?:\w+\W+){0,3}?(?:is|are|does|do|can|could|has|have|will|would)\b", re.I)
_TURNS = re.compile(
    r"\b(?:allerg\w*|intoleran\w*|free|without|avoid\w*|not|no|n't|never"
    r"|(?:have|has|need|needs) to|must|by hand|(?:him|her|it|your|my)self|manually)\b",
    re.I,
)
"""Makes of "nuts: yes" no yes: "is it nut free?", "can she eat it, she is allergic to nuts?"."""
_SMALL = stems(
    """
    it this that they them these those the and for with from has have had does did can could will would are
    was were what which how who when where why any some one two first second third last come made make good
    really also many much too very about there here than then your you our not but get got use used work been
    being thing kind type product item like need
    """
)
_ASKS = {"heavy": "weight", "weigh": "weight", "weighs": "weight", "big": "size", "large": "size", "long": "length", "tall": "height",
         "high": "height", "wide": "width", "old": "age", "fabric": "material", "warm": "temperature", "loud": "noise",
         "fast": "speed", "written": "author", "wrote": "author", "makes": "brand", "make": "brand",
         "maker": "brand", "powerful": "power", "strong": "power"}  # fmt: skip
_BY_UNIT: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(asked, re.I), units, names)
    for asked, units, names in (
        (r"\bhow far\b|\bmileage\b", "km mile miles mi m", "range distance reach"),
        (r"\bhow heavy\b|\bweigh\w*\b", "kg g grams lb lbs oz", "weight"),
        (r"\bhow fast\b|\btop speed\b", "kmh mph", "speed"),
        (
            r"\bhow (?:much|many \w+)\b.*\b(?:hold|fit|take|carry|pack|go in)",
            "l liters litres ml cl",
            "volume capacity",
        ),
        (r"\bhow (?:tall|wide|high|deep|big|large|thick)\b", "cm mm m ft in inches", "length size dimensions"),
        (r"\bhow long (?:is|are)\b(?!.*\b(?:last|run|charge))", "cm mm m ft in inches", "length size dimensions"),
        (
            r"\bhow long\b.*\b(?:last|run|burn|work|go|charge|take|play|until|till|before|dry|keep|stay)",
            "h hours min minutes days months years",
            "runtime life duration",
        ),
        (r"\bhow old\b|\bwhat age\b|\byears? old\b|\byear[- ]olds?\b|\b(?:child|kid)(?:ren|s)? of \w+\b", "", "age"),
        (r"\bhow (?:often|frequently)\b", "", "frequency interval"),
        (r"\bhow (?:hot|warm|cold)\b", "c f", "temperature comfort"),
        (r"\bhow (?:powerful|strong|bright)\b", "w kw lm lux nm", "power output brightness"),
    )
)
"""What is asked for, the units its answer has (the end of an attribute's name, "range_km"), and the answer's own names."""
_UNIT_WORDS = frozenset(unit for _, units, _ in _BY_UNIT for unit in units.split())
_NUMERALS = "|".join(sorted(NUMBERS | {"twelve"}))
_MOST_FACTS = 3
_MOST_SENTENCES = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """`facts` are (name, value) as they are told; `polar` where a yes or no was asked for."""

    facts: list[tuple[str, str]]
    sentences: list[str]
    polar: bool
    measured: bool = False
    """The sentences hold such a number as was asked for."""


def content(text: str) -> set[str]:
    """The words of a question that say what it is about, without their plural."""
    return {word for word in stems(text) if len(word) > 2 and word not in _SMALL and word not in _ASKS}


def asks_for_a_measure(text: str) -> bool:
    """ "How long is it?", "how old must one be?": some number of a product's data."""
    return bool(_asked_by_unit(text)[1])


def is_general(text: str) -> bool:
    """Whether the whole product is asked about ("tell me more about it") rather than one thing of it."""
    return _GENERAL.search(text) is not None


def answering(text: str, product: dict[str, Any]) -> Answer:
    """What of `product` (with its `attributes`) answers the question; both empty where its data says nothing."""
    wanted = {word for word in stems(text) if len(word) > 2 and word not in _SMALL} - stems(product["title"])
    wanted |= {_ASKS[word] for word in wanted if word in _ASKS}
    if _MADE_OF.search(text):
        wanted |= {"material", "fabric"}
    units, names = _asked_by_unit(text)
    facts, covered = [], set()
    texts = [product.get("description") or "", product.get("conversational_description") or ""]
    known = {**(product.get("attributes") or {}), **({"brand": product["brand"]} if product.get("brand") else {})}
    for name, value in known.items():
        told = describe.fact(name, value)
        of_value = set() if told[1].casefold() in ("yes", "no") else stems(told[1])
        words = name.casefold().replace("_", " ").split()
        held = _held(wanted, stems(" ".join(words)) | of_value)
        fits = bool(names & set(words)) or (words[-1] in units and (len(words) > 1 or len(words[0]) > 2))
        if (
            held
            and not fits
            and told[1].casefold() not in ("yes", "no")
            and _says_another_thing(words, held, told[1], texts)
        ):
            continue
        if held or fits:
            facts.append((len(held) + 2 * fits, told))
            covered |= held
    facts.sort(key=lambda pair: -pair[0])
    left = wanted - covered
    ranked = [
        (len(held), sentence)
        for body in texts
        for sentence in describe.sentences(body)
        if (held := _held(left, stems(sentence)))
    ]
    ranked.sort(key=lambda pair: -pair[0])
    if not facts and (measured := [one for body in texts for one in describe.sentences(body) if _measures(units, one)]):
        return Answer([], measured[:_MOST_SENTENCES], polar=False, measured=True)
    turned = _TURNS.search(text)
    named = " ".join(told[0] for _, told in facts).casefold()
    return Answer(
        [told for _, told in facts[:_MOST_FACTS]],
        list(dict.fromkeys(sentence for _, sentence in ranked[:_MOST_SENTENCES])),
        _POLAR.match(text) is not None and (turned is None or turned.group().casefold() in named),
    )


def _says_another_thing(name: list[str], held: set[str], value: str, texts: list[str]) -> bool:
    """Whether but a part of an attribute's name is asked for, and the description speaks of that: "do they come with a vase?" is
    not answered by the vase life."""
    own = [word for word in name if word not in _UNIT_WORDS]
    if len(own) < 2 or all(_held(held, {word}) for word in stems(" ".join(own))) or _held(held, stems(value)):
        return False
    return any(_held(held, stems(sentence)) == held for body in texts for sentence in describe.sentences(body))


def sharing(text: str, product: dict[str, Any]) -> int:
    """How many words of content a text shares with what is said of a product: "tall, to read by" and "tall lamp for reading"."""
    return len(sharing_words(text, f"{product['title']} {product.get('description') or ''}"))


def sharing_words(text: str, other: str) -> set[str]:
    """The words of content of a text that another one has in some form."""
    return _held(content(text), stems(other))


def _asked_by_unit(text: str) -> tuple[set[str], set[str]]:
    """The units and the names of what "how far", "how heavy" and the like ask for."""
    meant = [(units, names) for asked, units, names in _BY_UNIT if asked.search(text)]
    return {unit for units, _ in meant for unit in units.split()}, {
        name for _, names in meant for name in names.split()
    }


def _measures(units: set[str], sentence: str) -> bool:
    return any(re.search(rf"(?:\d|\b(?:{_NUMERALS}))\s?{re.escape(unit)}\b", sentence, re.I) for unit in units)


def _held(wanted: set[str], own: set[str]) -> set[str]:
    return {word for word in wanted if any(_akin(word, other) for other in own)}


def _akin(one: str, other: str) -> bool:
    """Forms of one word: "washed" and "washable", "page" and "pages"."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and long.startswith(short[: max(4, len(short) - 2)]) and len(long) - len(short) <= 5
