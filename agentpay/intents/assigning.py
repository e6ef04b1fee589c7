"""Which clause of a message has which of the intents that the head found in the whole of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentpay.intents.deciding import FILLER, OF_GOODS, PLEASANTRY
from agentpay.intents.ordered import two_rules
from agentpay.intents.rules import Heard, Parsed
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.telling import STATES
from agentpay.intents.types import Act, Entities, Understanding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIKELY = 0.25
"""From this likelihood on an intent is taken to be in the message; more find all of them, and more that are not there."""
_ALONE = 0.5
"""How likely a further intent must be that no clause is left for."""
CONFIRMED = 0.4
"""How far the words alone must put the rules' intent before any other to confirm it."""
_SURE = 0.9
_OF_NO_GOODS = frozenset({I.DISCOUNT, I.PROVIDE_DETAILS, I.CHECKOUT, I.SHIPPING_QUOTE, I.VIEW_CART})
"""Wishes that name no goods: a clause that does is not one of them."""
_JOINTS = ("and", "plus", "also", "then", "but", "n", "or")
"""A clause without any of these wants one thing, of which two intents are but two readings."""
_CONCEIVABLE = 0.15
_HARDLY = 0.05
_BESIDES = re.compile(r"\b(?:and|plus|also)\W+\Z", re.IGNORECASE)
_AND_ALSO = re.compile(r"(?:oh|ok|yes|great|lovely)?\W*(?:and|plus|also)\b", re.IGNORECASE)
_ONLY_A_NUMBER = re.compile(
    r"^(?:(?:it is|this is|that is|my|the|for|of|on|under|order|number|no|nr|ref|reference) )*<order>(?: \?)?$"
)
"""A clause that says which order: whatever it sounds like, it wants nothing by itself, least of all to cancel one."""
_NEAR = 0.6
_HEARD = 0.4
"""What a rule's verdict is worth beside the words' scores of a clause."""
_LIKELIER = 0.5
"""What the message's likelihood of an intent is worth beside them."""
_GOOD, _GUESSED = 0.8, 0.65
_GOODS = frozenset({I.ADD_TO_CART, I.PRODUCT_SEARCH})
_CAME = re.compile(
    r"\b(?:sent|got|came|come|received|arrived|delivered|have|has|too|gave|wrong|in the (?:box|parcel))\b",
    re.IGNORECASE,
)
_WANTED = re.compile(r"\b(?:need|want|wanted|order(?:ed)?|like|should|meant|exchange|swap)\b", re.IGNORECASE)
_NAMED = frozenset({I.ADD_TO_CART, I.PRODUCT_SEARCH, I.CHANGE_CART, I.REMOVE_FROM_CART, I.AVAILABILITY})
"""What a bare name may be said for, where nothing is asked."""
_READINGS = ((I.REFUND, I.RETURN), (I.RECOMMENDATION, I.PRODUCT_COMPARISON))
"""A wish, and what sounds like a second one beside it: "I don't want to wait for a return, refund me"."""
_TELLING = frozenset({I.ADD_TO_CART, I.COMPLAINT})
"""What a few words that ask hardly are: "and the Wren?"."""
ASKS = re.compile(
    r"(?:how|what|when|where|which|who|why|does|do|is|are|can|could|will|would|should|has|have) (?!about\b)",
    re.IGNORECASE,
)
"""How a question begins, also where no mark ends it."""
_ASKS_ABOUT = frozenset({I.PRODUCT_DETAILS, I.POLICY, I.PRICE_QUESTION})
"""What the clause that asks says best: "a friend told me about your kit. Does it come with needles?"."""
_MANNERS = frozenset({I.GREETING, I.THANKS, I.GOODBYE})
_MANNERS_WORDS, _PLEASANT_WORDS = 4, 8
_OF_WHAT_CAME = frozenset({I.EXCHANGE, I.CHANGE_ORDER, I.CHANGE_CART, I.COMPLAINT, I.RETURN, I.REFUND})
"""Of these one of two values is what is there, the other what is wanted; else both are."""
_LISTED = frozenset({I.ADD_TO_CART, I.CHANGE_CART, I.REMOVE_FROM_CART, I.PRODUCT_SEARCH, I.AVAILABILITY})
"""Of these a message may well hold several; of any other, two clauses are one wish."""


@dataclass(frozen=True, slots=True)
class Judged:
    classes: list[str]
    likely: dict[I, float]
    clauses: NDArray[np.float32]
    """(clauses, intents)"""
    replies: frozenset[int] = frozenset()
    """Where the clauses begin that rules understand as replies to what was said or shown."""

    @property
    def best(self) -> I:
        """The likeliest; manners and small talk only where nothing else is likely."""
        names = [name for name, likely in self.likely.items() if likely >= LIKELY and name not in _MANNERS | {I.OTHER}]
        return max(names or self.likely, key=lambda name: self.likely[name])

    def only(self, clause: Heard) -> I:
        """What a message of one clause wants: a sure rule's verdict, unless another is far likelier; nor is a verdict given
        up for small talk where the clause names goods or replies, nor a good one for a guess. A bare name wants goods."""
        if clause.bare and self.best not in (OF_GOODS if clause.norm.endswith(" ?") else _NAMED):
            return clause.intent
        if clause.norm.endswith(" ?") and self.best in _TELLING and self.likely[self.best] < _ALONE:
            asked = max(set(self.likely) - _TELLING - _MANNERS - {I.OTHER}, key=lambda name: self.likely[name])
            return I.AVAILABILITY if clause.bare and self.likely[asked] < LIKELY else asked
        near = self.likely[clause.intent] >= max(LIKELY, _NEAR * self.likely[self.best])
        if near and clause.confidence >= _SURE:
            return clause.intent
        about = clause.start in self.replies or (clause.goods and clause.confidence >= _GUESSED)
        manners = self.best in _MANNERS and clause.intent not in _MANNERS | {I.OTHER}  # "M?", when no L is left
        small_talk = (self.best is I.OTHER or manners) and about
        guess = self.likely[self.best] < _ALONE and clause.confidence >= _GOOD
        return clause.intent if (small_talk or guess) and self.perhaps(clause) else self.best

    def perhaps(self, clause: Heard) -> bool:
        """Whether the rules' verdict is not out of the question."""
        return clause.start in self.replies or self.likely[clause.intent] >= _HARDLY

    def wished(self) -> set[I]:
        """The intents of the message: manners and small talk beside a wish are none."""
        found = {name for name, likely in self.likely.items() if likely >= LIKELY} | {self.best}
        for wish, reading in _READINGS:
            if self.best is wish and self.likely[reading] < _ALONE:
                found.discard(reading)
        found = (found - _MANNERS) or found
        return (found - {I.OTHER}) or found

    def confirms(self, row: int, clause: Heard) -> bool:
        """Whether the rules are sure of the clause, its words agree, and the message as a whole does not speak against it."""
        likely = self.likely[clause.intent] >= _CONCEIVABLE
        return (
            likely and clause.confidence >= _SURE and ahead(self.clauses[row], self.classes, clause.intent) >= CONFIRMED
        )

    def outgrows(self, row: int, clause: Heard) -> bool:
        """ "Hiya is the rug in navy": a greeting that a wish follows in one breath."""
        said = I(self.classes[int(self.clauses[row].argmax())])
        words = _PLEASANT_WORDS if PLEASANTRY.match(clause.norm) else _MANNERS_WORDS
        return len(clause.norm.split()) > words and said not in _MANNERS | {I.OTHER}

    def goods(self, row: int, clause: Heard) -> I | None:
        """How the clause asks for goods, where rules and its words both say that it does: "a voucher please, I'd like to pay"."""
        best = I(self.classes[int(self.clauses[row].argmax())])
        if (
            clause.intent not in _GOODS
            or best not in _GOODS
            or clause.confidence < _GUESSED
            or max(self.likely[name] for name in _GOODS) < _CONCEIVABLE
        ):
            return None
        return clause.intent if clause.confidence >= _SURE else best

    def meant(self, row: int, clause: Heard, names: Iterable[I]) -> I:
        """The one of the intents for which the clause speaks most; that the rules heard it counts."""
        return max(
            names,
            key=lambda name: (
                self.speaks(row, name) + _HEARD * (name is clause.intent) + _LIKELIER * self.likely[name],
                name,
            ),
        )

    def speaks(self, clause: int, intent: I) -> float:
        return float(self.clauses[clause, self.classes.index(intent.value)])


def ahead(words: NDArray[np.float32], classes: list[str], intent: I) -> float:
    """How far the words' scores, (intents,), put an intent before any other."""
    place = classes.index(intent.value)
    return float(words[place] - max(words[:place].max(initial=-9), words[place + 1 :].max(initial=-9)))


Further = dict[I, float]
"""Intents of the message that no clause is left for."""


def assign(
    judged: Judged, heard: Sequence[Heard], settled: frozenset[int]
) -> tuple[dict[int, tuple[I, float]], Further]:
    """
    What to tell the rules: an intent for each clause, by where it begins, whose own verdict is not among the message's.

    `settled` are clauses that keep the rules' verdict whatever the message is about.
    """
    wished = judged.wished()
    several = len(heard) > 1
    verdicts: dict[int, I] = {}
    open_rows: list[int] = []
    for row, clause in enumerate(heard):
        if _kept(judged, heard, row, settled) or (several and judged.confirms(row, clause)):
            verdicts[row] = clause.intent
        elif several and _wanted_beside(judged, clause):
            verdicts[row] = max(_GOODS, key=lambda name: (judged.speaks(row, name), name))
        elif several and (goods := judged.goods(row, clause)) is not None:
            verdicts[row] = goods
        elif several and _ONLY_A_NUMBER.match(clause.norm):
            verdicts[row] = judged.best
        else:
            named = wished & OF_GOODS if clause.bare else wished
            verdicts[row] = judged.meant(row, clause, named or {clause.intent}) if several else judged.only(clause)
            open_rows.append(row)
    if not several:
        wished = wished if wished & set(verdicts.values()) else set(verdicts.values())
    missing = sorted(wished - set(verdicts.values()), key=lambda name: -judged.likely[name])
    further: Further = {}
    for name in missing:
        spare = [row for row in open_rows if list(verdicts.values()).count(verdicts[row]) > 1]
        if spare:
            verdicts[max(spare, key=lambda row: judged.speaks(row, name))] = name
        elif not set(verdicts.values()) & wished and open_rows:
            verdicts[max(open_rows, key=lambda row: judged.speaks(row, name))] = name
        elif judged.likely[name] >= _ALONE and any(
            f" {joint} " in clause.norm for clause in heard for joint in _JOINTS
        ):
            further[name] = judged.likely[name]
    told = {
        heard[row].start: (name, max(judged.likely[name], heard[row].confidence if row not in open_rows else 0.0))
        for row, name in verdicts.items()
        if name is not heard[row].intent
    }
    return told, further


def _kept(judged: Judged, heard: Sequence[Heard], row: int, settled: frozenset[int]) -> bool:
    """What conversation or a list makes plain, goods that are surely bought, and what says nothing beside a wish."""
    clause = heard[row]
    list_begins = row + 1 < len(heard) and heard[row + 1].listed
    manners = clause.intent in _MANNERS and not judged.outgrows(row, clause)
    aside = len(heard) > 1 and (manners or FILLER.match(clause.norm.removesuffix(" ?")) is not None)
    buys = clause.intent is I.ADD_TO_CART and clause.confidence >= _SURE and not clause.norm.endswith(" ?")
    # "The multitool please, and I have a code": an address or a code beside goods does not take their place
    beside = len(heard) > 1 or judged.best in _OF_NO_GOODS
    bought = buys and beside and (clause.goods or (clause.counted and judged.likely[I.ADD_TO_CART] >= _CONCEIVABLE))
    listed = (clause.listed or list_begins) and judged.perhaps(clause)
    return clause.start in settled or listed or aside or bought


def _wanted_beside(judged: Judged, clause: Heard) -> bool:
    """ "One online lesson. Pay now": the message as a whole is about paying, the clause that names goods is not."""
    named = clause.goods and clause.intent in _GOODS and clause.confidence >= _GUESSED
    return named and not clause.norm.endswith(" ?") and judged.wished() <= _OF_NO_GOODS


def joined(
    understanding: Understanding,
    heard: Sequence[Heard],
    parsed: Parsed,
    told: Mapping[int, tuple[I, float]],
    further: Further,
) -> Understanding:
    """The acts with each wish once: what a background clause names belongs to the wish it explains."""
    starts = {clause.start for clause in heard}
    texts = {clause.text: clause.start for clause, _, _ in parsed.clauses if clause.start in starts}
    questions = {clause.text for clause, _, _ in parsed.clauses if clause.question or ASKS.match(clause.text)}
    besides = {
        clause.text
        for clause, _, _ in parsed.clauses
        if _BESIDES.search(parsed.cleaned, 0, clause.start) or _AND_ALSO.match(clause.text)
    }
    kept: list[Act] = []
    for act in understanding.acts:
        twin = next((one for one in kept if one.intent is act.intent), None)
        background = texts.get(act.text) in told
        if twin is not None and two_rules(twin, act):
            kept.append(act)
            continue
        single = act.intent not in _LISTED or background or texts.get(twin.text if twin else "") in told
        if twin is None or not single or _of_other_goods(act, twin, besides=act.text in besides):
            kept.append(act)
            continue
        asks = act.text in questions and twin.text not in questions
        asks = asks and (act.intent in _ASKS_ABOUT or STATES.match(twin.text) is not None)
        first, second = (act, twin) if asks or (texts.get(twin.text) in told and not background) else (twin, act)
        merged = first.model_copy(
            update={
                "entities": completed(first, second),
                "confidence": max(act.confidence, twin.confidence),
            }
        )
        kept[kept.index(twin)] = merged
    for name, likely in further.items():
        if all(act.intent is not name for act in kept):
            last = kept[-1]
            kept.append(
                Act(intent=name, confidence=likely, text=last.text, entities=last.entities.model_copy(deep=True))
            )
    return understanding.model_copy(update={"acts": kept})


def _of_other_goods(one: Act, other: Act, *, besides: bool) -> bool:
    """
    "The jacket in M and the gloves in L": whatever each is taken for, what it names must not be lost.

    Nor what was pointed at, where goods are named `besides`: "take it. plus the train".
    """
    mine, theirs = one.entities.product_query, other.entities.product_query
    if one.intent is I.ADD_TO_CART and other.entities.pronoun and not theirs and besides:
        return bool(mine)
    return one.intent in _LISTED and bool(mine) and bool(theirs) and mine != theirs


def completed(own: Act, other: Act) -> Entities:
    """
    The first's entities, and of the second's what it does not name.

    Of two values of one option the one that came is what the other is wanted instead of: "you sent M. I need L".
    """
    both = Understanding(acts=[own, other]).entities
    differ = {name for name, value in own.entities.options.items() if other.entities.options.get(name, value) != value}
    for name in differ - set(both.instead_of) if own.intent in _OF_WHAT_CAME else ():
        came = own if _CAME.search(own.text) and not _WANTED.search(own.text) else other
        wanted = other if came is own else own
        both.options[name], both.instead_of[name] = wanted.entities.options[name], came.entities.options[name]
        beside = [
            value for value in both.also.get(name, ()) if value not in (both.options[name], both.instead_of[name])
        ]
        both.also = {**both.also, name: beside} if beside else {key: both.also[key] for key in both.also if key != name}
    return both
