# ruff: noqa: E501 (a regular expression is read in one piece)
"""Questions about the shop, small talk, complaints and people."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, buying, checkout, complaining, free_delivery, pricing, sending, signing_up
from agentpay.llm.house.aftersale.reading import named_items
from agentpay.llm.house.details import details, told_by_goods
from agentpay.llm.house.facts import content, sharing_words
from agentpay.llm.house.general import WHAT_NOW, asks, sends_back
from agentpay.llm.house.languages import NAMES, YES
from agentpay.llm.house.orders import PAPERS, status
from agentpay.llm.house.products import search
from agentpay.llm.house.purposes import asks_for_goods
from agentpay.llm.house.refs import named, stems, target
from agentpay.llm.house.talk import Ask, Plan, Talk
from agentpay.llm.house.tidying import FILLER

_LOOKS_FOR = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|so|and|well|hm+|then|fine)\W+)*(?:what|which|anything|something)(?:'s|s)? (?!is\b|are\b|was\b|about\b|do\b|does\b|did\b|if\b|the\b|time\b)\w+ ",
    re.I,
)
_WHO = re.compile(
    r"\b(who are you|your name|are you (a |an )?(bot|robot|ai|human|real|person|machine)|am i talking to)\b", re.I
)
_WISHED_FOR = re.compile(
    r"\b(?:want|need|like to|let me|can i|could i|may i|get me|give me|connect|transfer|put me|please|prefer|rather|instead)\b",
    re.I,
)
_SENDING = re.compile(r"\b(?:ship|deliver|send|post|mail)\w*\b", re.I)
_GETS_TO = re.compile(
    r"\b(?:it|this|that|they|them|these|those|everything) (?:\w+ )?(?:get|go|come|arrive|reach|be)\b", re.I
)
_HOW_MANY = re.compile(r"\bhow (?:many|much) (?!(?:is|are|does|do|for|days?|weeks?|months?|years?|time)\b)[a-z]+", re.I)
_OF_THE_SHOP = re.compile(
    r"\b(?:(?:phone|telephone|contact|customer service) (?:number|line|details)|(?:call|ring|phone|e-?mail) you|showrooms?|branch(?:es)?|premises|opening (?:hours|times)"
    r"|(?:a |your |the )(?:physical |real |actual |high street )?(?:shop|store|office|warehouse)(?! (?:credit|page|policy))|inst?al?ments?|lay-?(?:by|away)|in (?:two|three|four) (?:goes|parts|payments))\b",
    re.I,
)
_CONTACT = re.compile(r"\b(?:phone|telephone|contact|call|ring|e-?mail|customer service)\b", re.I)
_SENDING_BACK = re.compile(r"\breturn|\bback\b|\brefund", re.I)
_HOW_TO = re.compile(
    r"^\W*(?:(?:and|so|ok|hi)\W+)*(?:how (?:do|should|can|would|to|often)|what(?:'s| is) the best way)\b", re.I
)
_ABOUT_IT = re.compile(r"\b(?:it|they|them|this|that|these|those)\b", re.I)
_SOMEONE = re.compile(
    r"\b(?:get|give|put|bring|send|fetch|find|let|want|need|speak|talk|connect|transfer)\b[^.?!]*\b(?:someone|somebody|anyone|person|human|manager|boss|supervisor|colleague|staff)\b",
    re.I,
)
_WENT_THROUGH = re.compile(
    r"\b(?:did|has|is) (?:it|that|this|everything)\b.*\b(?:work|worked|go through|gone through|went through)\b", re.I
)
_ARRIVES = re.compile(
    r"\b(?:it|they|that|everything)\b.*\b(?:come|arrive|get here|be here|reach|turn up|be delivered|ship)\b", re.I
)
_WHY = re.compile(r"^\W*(?:(?:but|and|oh|hm+)\W+)*(?:why(?: not| is that| can'?t (?:i|you|we))?|how come)\W*$", re.I)
_SMALL_TALK = frozenset({"greeting", "thanks", "goodbye", "other"})
_GIVEN = frozenset({"emails", "address", "country", "name", "order_numbers"})
_SURE = 0.9
_GUESSED = 0.65
"""How sure the rules are of a search that no rule names."""
_A_GUESS = 0.5
_MORE_SAID = 8
"""Characters beside a clause that may say what it is about."""
_SENDS = re.compile(r"\b(?:sen[dt]\w*|post\w*|ship\w*|return\w*|bring|take\w*|back|labels?|parcels?|box\w*)\b", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_DICTATED = 0.9
"""Just so sure are the rules of an attempt to dictate prices or roles; a head's `other` may be surer, and is not one."""


def policy(talk: Talk, act: ActView) -> Plan:
    how_to = _HOW_TO.match(act.text) is not None
    if act.entities.get("attributes") and not how_to and "product" in target(talk, act):
        yield from details(talk, act)
        return
    if (name := named(act)) is not None and asks_for_goods(act.text):
        found = (yield Ask("product_search", {"query": name, "limit": 3})).result.get("products", [])
        if any(stems(name) <= stems(one["title"]) for one in found):
            yield from search(talk, act)  # "do you do gift cards?"
            return
    sent = _SENDING.search(act.text) or _SENDING.search(talk.turn.text) or _GETS_TO.search(act.text)
    # "And to an address in Manchester, standard?"
    where = act.entities.get("shipping_method") or (talk.asked_for == "shipping" and named(act) is None)
    if act.entities.get("country") and (sent or where) and not _SENDING_BACK.search(talk.turn.text):
        yield from sending.shipping(talk, act)
        return
    if free_delivery.asks(act.text) and not _SENDING_BACK.search(act.text):
        yield from sending.shipping(talk, act)
        return
    if (not talk.silent and not content(act.text)) or articles.is_told(talk, act):
        return  # "… and how long?", of what was just told
    if PAPERS.search(act.text) and any(one.entities.get("order_numbers") for one in talk.turn.acts):
        talk.offer_human("by_a_person", about=act.text)
        return
    if talk.order is not None and talk.focus is None and _ARRIVES.search(act.text):
        yield from status(talk, act)  # "will it still come in two days?"
        if pages := (yield from articles.passages_for("shipping and delivery")):
            articles.quote(talk, pages[0])
        return
    if (
        _HOW_MANY.search(act.text)
        and named(act) is not None
        and not articles.is_topic(act.text)
        and (yield from told_by_goods(talk, act))
    ):
        return  # "how many skeins does the cardigan take?"
    if signing_up.asks(act.text):
        yield from signing_up.told(talk, act)
        return
    it = talk.focus["title"] if talk.focus is not None and _ABOUT_IT.search(act.text) else ""
    passages = yield from articles.passages_for(act.text, it)
    if not passages and it:
        passages = yield from articles.passages_for(act.text.rpartition(",")[2])
    if not passages and it and len(talk.recent) > 1:
        # "Do you tune it first?", of the guitar that a bag was put in with
        kind = (talk.recent[1].get("title") or "").rpartition(" ")[2]
        found = yield from articles.passages_for(f"{' '.join(sorted(content(act.text)))} {kind}")
        passages = [one for one in found if stems(kind) <= stems(one["text"])]
    passages = yield from articles.asked_on(talk, talk.turn.text if len(talk.turn.acts) == 1 else act.text, passages)
    if not passages and len(talk.turn.text) > len(act.text) + _MORE_SAID:
        passages = yield from articles.passages_for(talk.turn.text)  # "what if I don't like it, can I send it back?"
    of_it = sends_back(talk) and act.intent == "policy" and not _answered(act.text, passages)
    if of_it and not any(articles.tells_of_returns(one) for one in passages[:1]):
        passages = (yield from articles.passages_for("returns")) or passages  # "who do I send it to?"
    if talk.order is not None and _SENDING_BACK.search(act.text) and (yield from _not_returnable(talk, act)):
        return
    if passages:
        articles.quote(talk, passages[0])
    elif talk.focus is not None and _ABOUT_IT.search(act.text):
        yield from details(talk, act)
    elif how_to and (yield from articles.headed_by_kind(talk, act)):
        return
    elif _OF_THE_SHOP.search(act.text) and not act.entities.get("category"):
        talk.offer_human("policy_unknown", about=act.text)
        if _CONTACT.search(act.text) and talk.turn.support_email:
            talk.say("handover_mail", email=talk.turn.support_email)
    elif asks_for_goods(act.text):
        yield from search(talk, act)  # read as a question for the shop's pages, but they have no answer
    elif named(act) is not None and act.confidence < _SURE:
        yield from details(talk, act)
    elif PAPERS.search(act.text) or any(one.entities.get("order_numbers") for one in talk.turn.acts):
        talk.offer_human("by_a_person", about=act.text)
    elif not (yield from told_by_goods(talk, act)) and not (_only_why(talk, act) or _in_passing(talk, act)):
        talk.offer_human("policy_unknown", about=act.text)


def _answered(text: str, passages: list[dict[str, Any]]) -> bool:
    """Whether the best page has most of what a question names besides sending things: "how long does an opened jar keep?"."""
    wanted = content(_SENDS.sub(" ", text))
    return bool(passages and wanted) and 2 * len(sharing_words(" ".join(wanted), _whole(passages[0]))) > len(wanted)


def _whole(passage: dict[str, Any]) -> str:
    return f"{passage['title']} {passage['text']}"


def _only_why(talk: Talk, act: ActView) -> bool:
    """ "Need a present by tonight, have you something you can e-mail?": why goods are wanted, which were found."""
    wish = any(one.intent in ("product_search", "recommendation") for one in talk.turn.acts if one is not act)
    return wish and talk.expected in ("confirm_add", "choice") and not asks(act.text)


def _in_passing(talk: Talk, act: ActView) -> bool:
    """ "Stupid question maybe, …": a guess at a clause that asks nothing, beside others that were answered."""
    return not talk.silent and act.confidence < _A_GUESS and not asks(act.text)


def _not_returnable(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "Can the chocolates be returned?", of an order that is spoken of and holds them: as its own rules say."""
    outcome = yield Ask("order_status", {"order_number": talk.order})
    items = outcome.result["possible"]["items"] if outcome.ok else []
    kept = [item for item in named_items(act.text, items) if not item["returnable"] and item["reason"]] if items else []
    for item in kept:
        talk.say_text(item["reason"])
    return bool(kept)


def _why(talk: Talk, intent: str) -> Plan:
    """ "Why not?", after something could not be done: what the shop's pages say of it."""
    passages = yield from articles.passages_for(intent.replace("_", " "))
    if passages:
        articles.quote(talk, passages[0])
    talk.offer_human()


def concern(talk: Talk, found: str) -> Plan:
    """A calm word, and a person; what else the message wants waits."""
    talk.say(f"concern_{found}")
    if found != "others_data":
        talk.expect("confirm_handoff", reason=found.replace("_", " "))
    yield from ()


def human(talk: Talk, act: ActView) -> Plan:
    reason = talk.pending.get("reason") if talk.asked_for == "confirm_handoff" else None
    outcome = yield Ask("handoff_to_human", {"reason": str(reason or act.text)[:500]})
    if not outcome.ok:
        talk.say("tool_failed")
        return
    if talk.turn.escalate and talk.turn.angry:
        talk.say("sorry")
    language = talk.pending.get("language") if talk.asked_for == "confirm_handoff" else None
    talk.say("handed_over" if language is None else f"handed_over_{language}")
    if talk.turn.support_email:
        talk.say("handover_mail", email=talk.turn.support_email)


def asks_who(act: ActView) -> bool:
    """ "Am I talking to a machine?": a question to the assistant, and no wish for a person."""
    return _WHO.search(act.text) is not None and _WISHED_FOR.search(act.text) is None


def is_foreign(talk: Talk) -> bool:
    """Whether the message is in a language other than English, and nothing but its words says what is wanted."""
    if talk.turn.language == "en" or (talk.turn.stage != "greeting" and len(talk.turn.text.split()) < 2):
        return False  # who has been talking English may well say "gracias"
    if talk.asked_for is not None and any(set(act.entities) & _GIVEN for act in talk.turn.acts):
        return False  # the address of somebody in Madrid, not Spanish
    return all(
        act.intent in _SMALL_TALK
        or (act.intent == "product_search" and act.confidence <= _GUESSED and set(act.entities) <= {"product_query"})
        for act in talk.turn.acts
    )


def foreign(talk: Talk) -> Plan:
    """In the customer's own language: who this is, that English helps, and that a person can take over."""
    code = talk.turn.language
    if code not in NAMES:
        talk.say("other_language")
    else:
        key = "other_language" if talk.turn.stage == "greeting" else "other_language_again"
        talk.offer_human(f"{key}_{code}", about=f"{NAMES[code]}: {talk.turn.text}", language=code)
    yield from ()


def wants_person(talk: Talk) -> bool:
    """A yes to whether a person shall take over: in their language, or by saying who they want instead of us."""
    if talk.asked_for == "confirm_handoff" and _SOMEONE.search(talk.turn.text) and not talk.turn.declines:
        return True
    words = _WORD.findall(talk.turn.text.casefold())
    return talk.asked_for == "confirm_handoff" and "language" in talk.pending and bool(words) and words[0] in YES


def greeting(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    if talk.silent and all(one.intent in _SMALL_TALK for one in talk.turn.acts):
        first = (talk.turn.customer_name or "").split(" ")[0]
        talk.say("greeting", name=f" {first}" if first else "")
    yield from ()


def thanks(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    talk.say("thanks")
    yield from ()


def goodbye(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001
    talk.say("goodbye")
    yield from ()


def other(talk: Talk, act: ActView) -> Plan:
    """Not clear by itself: perhaps it answers what was asked, or names a product."""
    asked, entities = talk.asked_for, act.entities
    if checkout.means_usual_address(act):
        yield from checkout.usual_address(talk)
    elif asked in ("variant", "product") and talk.pending.get("then") == "add":
        yield from buying.add(talk, act)
    elif talk.turn.declines and not entities:
        talk.say("declined")
    elif asked == "product" and talk.pending.get("then") == "offer":
        yield from pricing.negotiate(talk, act)
    elif asked == "country" and entities.get("country") and "address" not in talk.pending:
        yield from sending.shipping(talk, act)
    elif asked == "postal_code" and "address" in talk.pending:
        yield from checkout.details(talk, act)
    elif asked == "code" and entities.get("codes"):
        yield from pricing.discount(talk, act)
    elif set(entities) & _GIVEN:
        yield from checkout.details(talk, act)
    elif entities.get("product_query"):
        yield from search(talk, act)
    elif asked == "email":
        talk.say("email_invalid")
        talk.expect("email", **talk.pending)
    elif talk.checkout is not None and _WENT_THROUGH.search(act.text):
        yield from checkout.payment_problem(talk, act)
    elif talk.turn.accepts and (talk.turn.memory.get("served") or {}).get("done"):
        talk.say("all_set")  # a yes to what has been done already
    elif (served := talk.turn.memory.get("served")) and _WHY.match(act.text):
        yield from _why(talk, str(served["intent"]))
    elif all(FILLER.match(word) for word in talk.turn.text.split()):
        talk.say("anything_else")
    elif _WHO.search(act.text):
        talk.say("who_i_am")
    elif talk.complained is not None and WHAT_NOW.match(act.text):
        talk.say("ways_out")
        talk.offer_human(about=f"{talk.complained['text']} {act.text}")
    elif talk.order is not None and WHAT_NOW.match(act.text):
        talk.offer_human(about=f"Order {talk.order}: {act.text}")
    elif act.confidence == _DICTATED:
        talk.say("not_dictated")
    elif talk.turn.angry:
        yield from complaining.complaint(talk, act)
    elif "?" in talk.turn.text and (yield from articles.told(talk, act)):
        return
    elif _LOOKS_FOR.match(act.text) and len(content(act.text)) > 0:
        yield from search(talk, replace(act, intent="recommendation"))  # "what goes on a barbecue"
    elif asked == "confirm_handoff" and "reason" in talk.pending and "language" not in talk.pending:
        talk.say("pass_it_on")  # "oh go on, who will know", after a no: there is nothing to add to that
        talk.expect("confirm_handoff", **talk.pending)
    else:
        talk.say("not_understood")
