"""A query as terms: what it names, what merely describes, and what says nothing about a product at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

WORD = re.compile(r"[^\W_]+(?:['’.&+/_-][^\W_]+)*", re.UNICODE)
MAX_TERMS = 20
"""Longer queries are read up to here: nobody names a product in more words, and each term costs a lookup."""

_FILLER = """
    a an the and or of to in on at by from is are was were be been being am do does did done have has had having can could would should will
    shall may might must i me my mine we us our you your yours he she they them their it its this that these those there here what
    which who whom whose when where why how not no nor so than then too very just only also any some anything something nothing
    everything all each every both few more most other such own same as if but because while about into over again further once
    sell sells sold carry carries stock offer offers buy buying purchase purchasing order ordering get got getting want wants wanted wanting
    need needs needed looking look find finding search searching show showing see give tell know recommend recommends
    recommendation recommendations     suggest suggestion suggestions
    please thanks thank hi hello hey ok okay yes sure maybe like liked prefer really actually currently
    available availability help let lets im ive id ill dont doesnt whats thats theres product products item items thing things stuff
    shop store website site catalog catalogue option options kind kinds type types sort sorts one ones piece pieces pair pairs lot lots bit
    already still yet ever even around between under below above less cost costs price priced prices pricing cheaper cheapest
    budget dollars dollar usd euro euros eur bucks max maximum min minimum up out now today much many go going make makes made use using
    happen happens possible able someone somebody people person wondering question add put cart basket
"""
FILLER = frozenset(_FILLER.split())
"""Words around a request: they never decide what fits."""
_ALSO_GOODS = frozenset({"basket", "cart"})
_NOT_GOODS_AFTER = frozenset({"to", "in", "into", "from", "of", "my", "the", "your", "our", "this"})
"""A laundry basket is one; the basket that something is put into is none."""

_SOFT = """
    good great best better nice fine cool cheap affordable inexpensive expensive premium quality top perfect ideal lightweight light
    heavy comfortable comfy durable sturdy reliable popular new newest latest modern simple easy beautiful pretty cute fancy stylish
    favourite favorite small large big huge tiny long short warm soft fast quick strong powerful everyday daily decent proper
    suitable useful practical versatile different similar another extra basic classic day days week weeks take takes time
    size sizes sized colour colours color colors
"""
SOFT = frozenset(_SOFT.split())
"""Words that praise or describe loosely: covered is better, uncovered is no reason to find nothing."""

_BREAKS = "for with without in under over below above from by to that which who when while during on at between against"
BREAKS = frozenset(_BREAKS.split())
"""What the head of a request stands before: "jacket | for biking"."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    word: tuple(other for other in group if other != word)
    for group in (
        ("delivery", "shipping"),
        ("deliver", "ship"),
        ("delivered", "shipped"),
        ("arrive", "delivery", "shipping"),
        ("arrives", "delivery", "shipping"),
        ("refund", "return", "money back"),
        ("refunds", "returns"),
        ("refunded", "returned"),
        ("sneaker", "shoe"),
        ("sneakers", "shoes"),
        ("trainers", "shoes"),
        ("tv", "television"),
        ("tvs", "televisions"),
        ("telly", "television"),
        ("cellphone", "smartphone", "cell phone", "mobile phone"),
        ("earphones", "headphones", "earbuds"),
        ("earbuds", "earphones", "headphones"),
        ("fridge", "refrigerator"),
        ("hoover", "vacuum cleaner"),
        ("couch", "sofa"),
        ("trousers", "pants"),
        ("sweater", "jumper", "pullover"),
        ("tee", "t-shirt"),
        ("tshirt", "t-shirt"),
        ("mug", "cup"),
        ("colour", "color"),
        ("grey", "gray"),
        ("warranty", "guarantee"),
        ("contact", "reach"),
        ("voucher", "gift card"),
        ("international", "abroad", "worldwide"),
        ("abroad", "international"),
        ("overseas", "international"),
        ("volt", "v"),
        ("volts", "v"),
        ("watt", "w"),
        ("watts", "w"),
        ("litre", "liter", "l"),
        ("litres", "liters", "l"),
        ("kilo", "kg"),
        ("kilos", "kg"),
    )
    for word in group
    if " " not in word
}
"""Other words for the same thing, within shopping."""


@dataclass(frozen=True, slots=True)
class Term:
    """One content word. A soft one is nice to find, but no reason to find nothing."""

    word: str
    head: bool = False
    """The word that says what kind of thing is asked for ("kayak" in "red kayak")."""
    soft: bool = False
    context: bool = False
    """Said of what it is for ("insects" in "macro lens for insects"), which the shop need not know."""
    others: tuple[str, ...] = ()
    """Other names for it."""
    corrected: str | None = None
    """The shop's own word that it is a slip of."""
    joined: tuple[str, ...] = ()
    """The same with the word beside it, written as one."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The ways it may be written in the shop."""
        return (self.word, *self.joined, *self.others, *((self.corrected,) if self.corrected else ()))

    @property
    def tsquery(self) -> str:
        """Any of its forms, as PostgreSQL's `to_tsquery` reads it; a form of several words is a phrase."""
        return " | ".join("'" + form.replace("'", " ") + "'" for form in self.forms)


def words(text: str) -> list[str]:
    """The lower-cased words of a text; "RR-42-BL" and "t-shirt" are one each."""
    return [match.group().lower().replace("’", "'") for match in WORD.finditer(text)]


def content_terms(text: str) -> list[Term]:
    """
    The words of a query that a product or an article can answer to, each once, with the head marked.

    The head is the last firm word of the first part that has one: "jacket" in "a red jacket for biking".
    """
    firm: list[str] = []
    context: set[str] = set()
    soft: list[str] = []
    head: str | None = None
    last: str | None = None
    before: str | None = None
    for word in words(text):
        goods = word in _ALSO_GOODS and before not in _NOT_GOODS_AFTER
        before = word
        if word in BREAKS and last is not None and head is None:
            head = last
        bare = word.removesuffix("'s")
        if (bare in FILLER and not goods) or word in BREAKS or _is_contraction(word):
            continue
        if bare in SOFT or bare.isdecimal():
            soft.append(bare)
            continue
        if head is not None and bare not in firm:
            context.add(bare)
        firm.append(bare)
        last = bare
    head = head or last
    ordered = _unique(firm)[:MAX_TERMS]
    terms = [Term(word, head=word == head, context=word in context) for word in ordered]
    return terms + [Term(word, soft=True) for word in _unique(soft)[: MAX_TERMS - len(terms)]]


def with_synonyms(term: Term) -> Term:
    """The term with its other names."""
    return replace(term, others=(*term.others, *SYNONYMS.get(term.word, ())))


def _is_contraction(word: str) -> bool:
    """I'm, you've, don't."""
    stem, apostrophe, _ = word.partition("'")
    return bool(apostrophe) and (stem in FILLER or word.endswith("n't"))


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
