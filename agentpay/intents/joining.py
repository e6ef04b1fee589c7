# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Putting the acts of a message together: what belongs to one wish is joined, what means nothing beside it is dropped."""

from __future__ import annotations

import re

from agentpay.intents.deciding import FILLER, MANNERS, YES_MEANS
from agentpay.intents.entities.pointing import PRONOUN
from agentpay.intents.ordered import about_an_order, cancelling, of_the_order, rules_asked, without_reasons
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.telling import without_statements
from agentpay.intents.text import normalise
from agentpay.intents.types import Act, Dialogue, Entities, Understanding

_WAVE = re.compile(
    r"^\W*(?:forget|never ?mind|nvm|drop|skip|scratch)\W*(?:it|that|about it|about that)?\W*$", re.IGNORECASE
)


def distribute(acts: list[Act]) -> list[Act]:
    """ "Two coats, one in M and one in L" are two coats, not four."""
    for i, act in enumerate(acts):
        whole = act.entities
        if act.intent is not I.ADD_TO_CART or not whole.product_query or (whole.quantity or 0) < 2:
            continue
        parts = []
        for part in acts[i + 1 :]:
            own = part.entities
            if (
                part.intent is not I.ADD_TO_CART
                or not own.pronoun
                or own.product_query != whole.product_query
                or not own.options
            ):
                break
            parts.append(part)
        if parts and sum(part.entities.quantity or 1 for part in parts) == whole.quantity:
            return acts[:i] + acts[i + 1 :]
    return acts


def _chosen_before(acts: list[Act]) -> list[Act]:
    """ "Amber is fine, I'll take two": the first says which, the second how many."""
    kept: list[Act] = []
    for act in acts:
        last, own = kept[-1] if kept else None, act.entities
        if (
            last is not None
            and last.intent in {I.AVAILABILITY, I.CHANGE_CART, I.ADD_TO_CART}
            and set(last.entities.model_dump(exclude_defaults=True)) - {"pronoun"} == {"options"}
            and not PRONOUN.within(last.text)
            and all(own.options.get(name, value) == value for name, value in last.entities.options.items())
            and act.intent is I.ADD_TO_CART
            and own.pronoun
            and not own.product_query
            and not own.ordinals
        ):
            own.options = {**last.entities.options, **own.options}
            kept[-1] = act
        else:
            kept.append(act)
    return kept


def _without_waves(acts: list[Act]) -> list[Act]:
    """ "Forget it, empty the cart": a wave of the hand beside what is really wanted."""
    if len(acts) < 2:
        return acts
    kept = [act for act in acts if not (act.intent is I.REMOVE_FROM_CART and _WAVE.match(act.text))]
    return kept or acts


_IF_SO = re.compile(
    r"\bif (?:so|yes|it (?:is|does|works)|they (?:are|do|work)|you (?:do|have|can)|there (?:is|are|'s)|that'?s (?:ok|possible))\W*$",
    re.IGNORECASE,
)
_ASKING = frozenset({I.AVAILABILITY, I.PRODUCT_DETAILS, I.PRICE_QUESTION, I.PRODUCT_SEARCH, I.POLICY, I.SHIPPING_QUOTE})


def _without_conditions(acts: list[Act]) -> list[Act]:
    """ "Is sunburst in, I'd swap if so": what depends on the answer is not done yet."""
    if not any(act.intent in _ASKING for act in acts):
        return acts
    return [act for act in acts if act.intent in _ASKING or not _IF_SO.search(act.text)] or acts


_BETTER_SO = re.compile(
    r"^\W*(?:because |as |since |cos )?(?:it|they|that|those|these)(?:'s|'re| is| are| would be|'d be| looks?| seems?)(?: \w+){0,2}? (?:\w{3,}er|more \w+|better|nicer)\b",
    re.IGNORECASE,
)
_ONE_OF_IT = re.compile(
    r"^\W*(?:just |only )?(?:one|1)\W*(?:please|pls|thanks|thank you|then|will do)?\W*$", re.IGNORECASE
)
_CHOOSING = frozenset({I.ADD_TO_CART, I.CHANGE_CART, I.PRODUCT_SEARCH, I.RECOMMENDATION})


def _chosen_and_why(acts: list[Act]) -> list[Act]:
    """ "I'd rather have the folding one, it is easier to carry. One please": a choice, why, and how many."""
    kept: list[Act] = []
    for act in acts:
        before = next((one for one in reversed(kept) if one.intent in _CHOOSING and one.entities.product_query), None)
        if before is not None and act.intent is not I.OTHER and _BETTER_SO.search(act.text):
            continue
        if before is not None and act.entities.ordinals == [1] and _ONE_OF_IT.match(act.text):
            before.entities.quantity, before.intent = before.entities.quantity or 1, I.ADD_TO_CART
            continue
        kept.append(act)
    return kept


_NO_WAIT = re.compile(
    r"^\W*(?:(?:oh|hmm*|sorry|ah|but)\W+)*(?:no|wait|actually|scratch that|or rather|hang on|hold on)\b", re.IGNORECASE
)


def _corrected(acts: list[Act]) -> list[Act]:
    """ "Put the oat one in. No wait, indigo hides stains better": one wish, in indigo."""
    kept: list[Act] = []
    for act in acts:
        last, own = kept[-1] if kept else None, act.entities
        guess = act.intent is I.OTHER or not own.product_query
        if (
            last is not None
            and last.intent in {I.ADD_TO_CART, I.CHANGE_CART}
            and own.options
            and set(own.options) <= set(last.entities.options)
            and guess
            and _NO_WAIT.match(act.text)
        ):
            last.entities.options = {**last.entities.options, **own.options}
        else:
            kept.append(act)
    return kept


_PLACED = frozenset({I.CHANGE_ORDER, I.PROVIDE_DETAILS, I.ACCOUNT})


def _told_apart(acts: list[Act]) -> list[Act]:
    """What means nothing by itself and belongs to a neighbour: "last one, add it", "the postcode is wrong, it's 8004"."""
    if len(acts) < 2:
        return acts
    kept: list[Act] = []
    places: list[int] = []
    for act, behind in zip(acts, [*acts[1:], None], strict=True):
        named = set(act.entities.model_dump(exclude_defaults=True)) - {"pronoun", "product_query"}
        last = kept[-1] if kept else None
        if (
            act.intent is I.OTHER
            and named == {"ordinals"}
            and behind is not None
            and behind.entities.ordinals in ([], act.entities.ordinals)
            and not behind.entities.product_query
            and behind.intent is not I.OTHER
        ):
            places = act.entities.ordinals
            continue
        if act.intent is I.OTHER and act.entities.postal_code and last is not None and last.intent in _PLACED:
            last.entities = Understanding(acts=[last, act]).entities
            continue
        if (
            last is not None
            and last.entities.quantity
            and named == {"instead_of"}
            and "quantity" in act.entities.instead_of
        ):
            last.entities.instead_of = {**last.entities.instead_of, **act.entities.instead_of}
            continue  # "two will do, I put five"
        if places and not act.entities.ordinals:
            act.entities.ordinals = places
        places = []
        kept.append(act)
    return kept


def tidy(acts: list[Act], text: str, dialogue: Dialogue, accepts: bool, declines: bool) -> list[Act]:
    """Drops manners and fillers beside something that matters, joins details, reads a bare yes by what was asked."""
    for act in acts:
        if act.intent is I.OTHER:
            act.entities.product_query = None
    acts = _told_apart(acts)
    acts = about_an_order(cancelling(_corrected(_chosen_and_why(_without_conditions(acts)))))
    acts = _without_waves(without_statements(rules_asked(_chosen_before(acts))))
    acts = without_reasons(of_the_order(acts, dialogue))
    matters = [act for act in acts if not (act.intent is I.OTHER and FILLER.match(normalise(act.text)))]
    if accepts and not declines and all(act.intent in MANNERS | {I.OTHER} for act in matters):
        meant = YES_MEANS.get(dialogue.asked_for or "") or (I.NEGOTIATION if dialogue.has_offer else None)
        if meant is not None:
            rest = [act for act in matters if act.intent is I.OTHER]
            return [
                Act(intent=meant, confidence=0.9, text=text, entities=Entities(pronoun=meant is I.ADD_TO_CART)),
                *rest,
            ]
    substantial = [act for act in matters if act.intent not in MANNERS]
    if any(act.intent is not I.OTHER for act in substantial):
        matters = [
            act for act in substantial if act.confidence > 0.3 or act.intent is not I.OTHER or len(act.text.split()) > 2
        ]
    elif not matters:
        guess = 0.5 if accepts or declines else 0.3
        return [Act(intent=I.OTHER, confidence=guess, text=text.strip() or text)]
    joined: list[Act] = []
    for act in matters:
        last = joined[-1] if joined else None
        if last and act.intent is I.PROVIDE_DETAILS and last.intent is I.PROVIDE_DETAILS:
            both = Understanding(acts=[last, act]).entities
            joined[-1] = Act(
                intent=I.PROVIDE_DETAILS,
                confidence=max(last.confidence, act.confidence),
                text=f"{last.text}. {act.text}",
                entities=both,
            )
        elif last and act.intent is I.OTHER and last.intent is I.OTHER and max(act.confidence, last.confidence) < 0.5:
            joined[-1] = last.model_copy(update={"text": f"{last.text}. {act.text}"})
        else:
            joined.append(act)
    return joined
