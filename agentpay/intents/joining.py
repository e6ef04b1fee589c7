# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Putting the acts of a message together: what belongs to one wish is joined, what means nothing beside it is dropped."""

from __future__ import annotations

import re

from agentpay.intents.deciding import FILLER, MANNERS, YES_MEANS
from agentpay.intents.entities.counting import PRONOUN
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.text import normalise
from agentpay.intents.types import Act, Dialogue, Entities, Understanding

_AFTER_SALE = frozenset({I.ORDER_STATUS, I.CANCEL_ORDER, I.CHANGE_ORDER, I.RETURN, I.EXCHANGE, I.REFUND})
_BOUGHT = re.compile(r"\b(?:i|we)(?:'ve| have)? (?:\w+ )?(?:ordered|bought|purchased|received|got)\b", re.IGNORECASE)
_WAVE = re.compile(
    r"^\W*(?:forget|never ?mind|nvm|drop|skip|scratch)\W*(?:it|that|about it|about that)?\W*$", re.IGNORECASE
)
STATES = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|well|ok)\W+)*(?:(?:my|our|his|her)\s+\w+(?:'s|\s+(?:is|are|has|have|was|just|loves?|likes?|started|starts|turns|wants?|needs?))\b"
    r"|i(?:'m| am)\s+(?:an?|new|just|starting|going|planning|getting|moving)\b|i(?:'ve| have)\s+(?!got\s+\$)|we(?:'re| are|'ve| have)\b|(?:he|she|they)\b|it(?:'s| is) (?:for|his|her|my)\b)",
    re.IGNORECASE,
)
"""A statement about somebody, of which nothing is asked."""
_A_QUESTION = re.compile(
    r"^\W*(?:(?:and|also|then|so|or|plus) )*(?:how|what(?! if)|when|where|which|who|do|does|is|are|can|could|may|will|would)\b(?! about)",
    re.IGNORECASE,
)
TELLS = re.compile(
    r"^\W*(?:(?:and|so|but|because|cause|cos|as|since|hi|hiya|hello|hey|ok|well|hold on|wait)\W+)*"
    r"(?:i|we|he|she|they|you|(?:my|our|his|her|their) \w+)(?:'?(?:ve|s|re|m|d|ll))? "
    r"(?!(?:\w+ )?(?:wants?|needs?|likes?|love|take|have|get|order|buy|wish|prefer|look|looking|after|think|thinking|go|add|put|send)\b)"
    r"\w",
    re.IGNORECASE,
)
"""Somebody did, is or says something, other than to wish for it."""
OF_PEOPLE = re.compile(
    r"^\W*(?:(?:and|so|but|oh|hi|hey)\W+)*(?:(?:\d{1,2}|an?|one|two|three|four|five|six|some|more|another|extra|new|our|my|the|of)\s+)*"
    r"(?:guys|lads|men|women|girls|boys|people|colleagues|workers|staff|guests|friends|kids|children|visitors|employees|students|pupils)\s+\w",
    re.IGNORECASE,
)
"""So many people did something: "two more guys hired today"."""
_MAY_I = re.compile(r"^\W*(?:and |then |so )*(?:can|could|may|do|am|would|will) (?:i|we|you)\b", re.IGNORECASE)


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


_CANCEL_IT = re.compile(r"\bcancel (?:it|that|this|them|those)\b", re.IGNORECASE)


def _about_an_order(acts: list[Act]) -> list[Act]:
    """ "I ordered a pen, has it shipped? Order 12, my e-mail is …": all of it is about that order."""
    asked = next((act for act in acts if act.intent in _AFTER_SALE), None)
    if asked is None:
        return acts
    kept: list[Act] = []
    for act in acts:
        given = set(act.entities.model_dump(exclude_defaults=True))
        if act.intent is I.PROVIDE_DETAILS and given and given <= {"emails", "phone", "name"}:
            asked.entities.emails = list(dict.fromkeys([*asked.entities.emails, *act.entities.emails]))
            asked.entities.name = asked.entities.name or act.entities.name
            asked.entities.phone = asked.entities.phone or act.entities.phone
        elif act.intent is I.PROVIDE_DETAILS and asked.intent is I.CHANGE_ORDER and act.entities.address:
            # "Ship 4711 to my aunt, 7 Cedar Ln, …": where the order shall go
            asked.entities = Understanding(acts=[asked, act]).entities
        elif act.intent not in {I.PRODUCT_SEARCH, I.OTHER, I.ADD_TO_CART} or not _BOUGHT.search(act.text):
            kept.append(act)
        else:
            asked.entities.dates = list(dict.fromkeys([*asked.entities.dates, *act.entities.dates]))
    return kept


def _cancelling(acts: list[Act]) -> list[Act]:
    """ "I ordered a pen but changed my mind, could you cancel it?": a wish about an order, no question for the rule."""
    if not any(_BOUGHT.search(act.text) for act in acts):
        return acts
    return [
        act.model_copy(update={"intent": I.CANCEL_ORDER})
        if act.intent in {I.POLICY, I.REMOVE_FROM_CART} and _CANCEL_IT.search(act.text)
        else act
        for act in acts
    ]


_TO_IT = re.compile(r"\b(?:to|on|onto|in|into|with) (?:it|that|that order|my order|the order)\W*$", re.IGNORECASE)


_INTO_CART = re.compile(
    r"\b(?:in|into|to) (?:my |the |our )?(?:shopping )?(?:cart|basket|bag|trolley)\b", re.IGNORECASE
)


_AS_BEFORE = re.compile(
    r"\b(?:again|re-?order\w*|same|had|bought|got|like (?:in|last|the)|repeat|as (?:in|last))\b", re.IGNORECASE
)
"""What was ordered once is wanted once more: a new purchase."""


_ELSEWHERE = re.compile(
    r"\b(?:instead|rather|redirect\w*|re-?route\w*|(?:send|ship|deliver|forward) (?:it|that|this|them|the (?:order|parcel|package))|new address|moved)\b",
    re.IGNORECASE,
)


def _of_support(dialogue: Dialogue) -> bool:
    """Whether an address can only be for an order that was placed: support is spoken to, nothing lies in the cart."""
    return dialogue.agent == "support" and not dialogue.cart_items and dialogue.asked_for not in _WHERE


_WHERE = frozenset({"address", "country", "postal_code"})


def _of_the_order(acts: list[Act], dialogue: Dialogue) -> list[Act]:
    """ "I only need one in order 12, can you change it?": with an empty cart, what is changed is the order."""
    numbers = [number for act in acts for number in act.entities.order_numbers]
    named = bool(numbers) and not any(_AS_BEFORE.search(act.text) for act in acts)
    acts = [
        act.model_copy(update={"intent": I.CHANGE_ORDER})
        if act.intent is I.PROVIDE_DETAILS
        and act.entities.address is not None
        and (named or (_ELSEWHERE.search(act.text) and _of_support(dialogue)))
        else act
        for act in acts
    ]
    spoken_of = any(act.entities.order_numbers or act.intent is I.CHANGE_ORDER for act in acts)
    if dialogue.cart_items or not (spoken_of or dialogue.stage in {"paid", "after_sales"}):
        return acts
    return [
        act.model_copy(update={"intent": I.CHANGE_ORDER})
        if act.intent in {I.CHANGE_CART, I.REMOVE_FROM_CART}
        or (act.intent is I.ADD_TO_CART and (named or _TO_IT.search(act.text)) and not _INTO_CART.search(act.text))
        else act
        for act in acts
    ]


def two_rules(one: Act, other: Act) -> bool:
    """ "How long is the guarantee, and do you take PayPal?": each a question for a rule of its own."""
    asked = all(act.intent is I.POLICY and _A_QUESTION.match(act.text) for act in (one, other))
    return asked and one.text != other.text and not PRONOUN.within(other.text)


def _rules_asked(acts: list[Act]) -> list[Act]:
    """ "What if it doesn't fit, can I return it?" asks for one rule; nothing is to be sent back yet."""
    kept: list[Act] = []
    for act in acts:
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.intent is I.POLICY
            and act.intent in {I.RETURN, I.REFUND, I.EXCHANGE, I.POLICY}
            and not act.entities.order_numbers
            and _MAY_I.search(act.text)
            and not two_rules(last, act)
        ):
            both = Understanding(acts=[last, act]).entities
            kept[-1] = last.model_copy(update={"text": f"{last.text}, {act.text}", "entities": both})
        else:
            kept.append(act)
    return kept


def _without_background(acts: list[Act]) -> list[Act]:
    """ "My daughter takes up the piano. Something under $200?": the first says why, the second what."""
    wishes = [act for act in acts if act.intent in {I.PRODUCT_SEARCH, I.RECOMMENDATION} and not _tells(act)]
    return [act for act in acts if not _tells(act)] if wishes else acts


def _tells(act: Act) -> bool:
    """Whether it is a mere statement about somebody, of which nothing is asked."""
    bare = set(act.entities.model_dump(exclude_defaults=True)) <= {
        "product_query",
        "category",
        "pronoun",
        "quantity",
        "attributes",
    }
    return act.intent is I.PRODUCT_SEARCH and act.confidence <= 0.65 and bare and STATES.match(act.text) is not None


def _without_waves(acts: list[Act]) -> list[Act]:
    """ "Forget it, empty the cart": a wave of the hand beside what is really wanted."""
    if len(acts) < 2:
        return acts
    kept = [act for act in acts if not (act.intent is I.REMOVE_FROM_CART and _WAVE.match(act.text))]
    return kept or acts


_ANOTHER = re.compile(
    r"\b(?:exchang\w*|swap\w*|replac\w*|another|instead|new|different|other|next|bigger|smaller|larger|size up|send|post|ship|need|want|like|get|have)\b|\?",
    re.IGNORECASE,
)


def _without_reasons(acts: list[Act]) -> list[Act]:
    """ "It's too small for him, can I send it back?": why it goes back asks for no other one."""
    if not any(act.intent in {I.RETURN, I.REFUND} for act in acts):
        return acts
    kept = [act for act in acts if act.intent is not I.EXCHANGE or act.entities.options or _ANOTHER.search(act.text)]
    reasons = [act for act in acts if act not in kept]
    for act in kept if reasons else ():
        if act.intent in {I.RETURN, I.REFUND} and not act.entities.product_query:
            act.entities = Understanding(acts=[act, *reasons]).entities
            break
    return kept


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
    acts = _about_an_order(_cancelling(_corrected(_chosen_and_why(_without_conditions(acts)))))
    acts = _without_waves(_without_background(_rules_asked(_chosen_before(acts))))
    acts = _without_reasons(_of_the_order(acts, dialogue))
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
