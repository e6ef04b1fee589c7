# ruff: noqa: E501 (a regular expression is read in one piece)
"""Questions in general terms: about the shop's rules, and of no order or thing of one's own. Its pages answer them,
before anybody is asked who they are."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, signing_up
from agentpay.llm.house.aftersale.answering import ASKS_FIRST, HOW_IT_WORKS
from agentpay.llm.house.aftersale.settling import said_in_words
from agentpay.llm.house.aftersale.trouble import is_amiss
from agentpay.llm.house.facts import content
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Talk

_ABOUT_AN_ORDER = frozenset({"return", "exchange", "refund", "cancel_order"})
_MAY_CONCERN_ONE = _ABOUT_AN_ORDER | {"change_order", "order_status", "account", "complaint"}
_OWN = re.compile(
    r"\b(?:refund|reimburse|compensate) (?:me|us)\b|\b(?:my|mine|our|ours|this|these|those)\b|#\s?\d|\border (?:number |no\.? )?\d"
    r"|\bthe (?:order|parcel|package|delivery|shipment|refund|money|label|tracking|courier|status|payment|goods|items?)\b",
    re.I,
)
_EXPLETIVE = re.compile(
    r"\bis it (?:possible|ok|okay|allowed|free)\b|\bhow (?:does|do|would) (?:it|that|this) work\b", re.I
)
_SUPPOSES = re.compile(
    r"\bwhat if\b|\bif (?:i|we)\b|(?:^|[.!?] )\W*(?:so |and |but )?(?:say|let'?s say|suppose|supposing|imagine|assuming)\b,? (?:that )?(?:the|my|i|i've|we|it|he|she|a|an|somebody|someone)\b",
    re.I,
)
_POINTS = re.compile(r"\b(?:it|them|they|that)\b", re.I)
_ANY = re.compile(
    r"\b(?:an?|any\w*|some(?:thing|one|body|times)?|things?|items|goods|stuff|orders|products|articles|purchases|parcels|people|you guys)\b",
    re.I,
)
"""What is spoken of is one of many: a pronoun behind it points back to that."""
_DONE = re.compile(
    r"\b(?:i|we)(?:'ve| have)? (?:\w+ )?(?:ordered|bought|paid|got|received|sent|returned|placed|made)\b", re.I
)
_OF_ANY = re.compile(r"\b(?:an?|any\w*|something|things?|items) (?:[\w-]+ ){0,3}(?:that |which )?(?:i|we)\b", re.I)
_AFTER = re.compile(r"\b(?:after|when|once|if|before|until) (?:i|we)\b", re.I)
_ASKS = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|hi|hello|hey|also|well|please|just wondering|(?:a )?(?:quick|one|another) question|before i buy|something else)\W+)*"
    r"(?:(?:can|could|would) you (?:please )?(?:tell|explain)\b|tell me\b|i(?:'d| would) like to know|i(?:'m| am)? wonder\w*|i wanted to ask"
    r"|until|till|by when|what|when|how|who|where|which|why|do|does|is|are|will|can|could|may|must|should|am)\b",
    re.I,
)
_WISHES = re.compile(
    r"\b(?:i(?:'d| would) like to (?!know|ask|understand)|i want to (?!know|ask|understand)|i need to|please|let me|cancel (?:it|that)|help me|for me)\b",
    re.I,
)
_TERMS = re.compile(
    r"\b(?:until|till|by) when\b|\bwhen (?:do|does|must|should|will|can) (?!you (?:send|ship|deliver))|\bhow (?:long|late|many (?:\w+ )?days|soon)\b|\b(?:time limit|deadline|last day)\b"
    r"|\bwhat (?:if|happens)\b|\b(?:policy|policies|rules?|terms|conditions)\b|\bhow (?:do|does|would) (?:an? |the |your )?(?:\w+ )?(?:work|run)s?\b"
    r"|\bhow does (?:it|that|this) work\b|\bwho (?:pays|covers|bears)\b|\bis it possible\b|\b(?:is|are) there\b"
    r"|\bdo you (?:ever |also |even )?(?:sell|share|keep|store|use|have|offer|accept|allow|take|give|charge|refund|exchange|replace|collect|track)\b"
    r"|\bhow (?:do|can|could|would|should|might) (?:i|we|one)\b|\bdo (?:i|we) (?:get|need|have to)\b|\b(?:do|will) you (?:\w+ )?(?:send|give)(?: me| us)? (?:an?\b|any\b|\w+ numbers)",
    re.I,
)
_MAY_I = re.compile(r"^\W*(?:\w+\W+){0,3}?(?:can|could|may|is it possible|am i able|do you)\b", re.I)
_MAY_I_THEN = re.compile(r"\b(?:can|could|may) (?:i|we|it|they)\b", re.I)
_LIMIT = re.compile(r"\b(?:limits?|maximum|max|how heavy|heaviest|weight)\b", re.I)
_COVERED = re.compile(r"\b(?:warrant\w*|guarant\w*)\b", re.I)
_REMEDY = re.compile(r"\b(?:an?|the) (?:new|other|replacement|refund)\b|\b(?:another|my money|money back)\b", re.I)
_PAPERS = re.compile(r"\b(?:invoices?|receipts?|proof of purchase)\b(?! address)", re.I)
_DATA = re.compile(r"\b(?:data|information|info|privacy|details|conversations?|chats?)\b", re.I)
_ASKS_OF_DATA = re.compile(r"^\W*(?:\w+\W+){0,4}?(?:what|how|where|who|why|which|do|does|are|is)\b", re.I)
_IF_ORDERED = re.compile(r"\b(?:if|when|once) (?:i|we) (?:\w+ )?(?:order|buy|pay|place)\b", re.I)
_WHAT_IF = re.compile(r"\bwhat (?:happens|if|would happen)\b|\b(?:happens|becomes?) (?:to|of|with)\b", re.I)
_CHANGES_DATA = re.compile(r"\b(?:change|update|correct|delet\w*|eras\w*|remov\w*|wrong|new|export|send me)\b", re.I)
_ONE_THING = re.compile(
    r"\bthe (?!(?:items?|things?|products?|goods|orders?|postage|shipping|delivery|fees?|costs?|label|window|policy|limit|price|difference"
    r"|rest|same|original|box|packaging|tags?|money|refund|return)\b)[a-z]",
    re.I,
)
_GOES_ON = re.compile(r"\b(?:the|my) money\b|\binstead\b|\bstill\b", re.I)
_TOPIC = re.compile(
    r"(?:\b(?:policy|policies|rules?)(?: (?:is|are))? (?:on|about|for|regarding|with|of)|\bhow does (?:it|that|this) work with|\b(?:need|have|should i|do i|want|like) (?:to )?know (?:with|about|on)"
    r"|\bquestions? (?:about|on|regarding))\s+(?:your |the |an? )?(?P<strong>[^.?!:;]{3,70})"
    r"|\b(?:tell me|say|hear|learn|know|info\w*|explain)(?: me| us)?(?: a (?:bit|little))?(?: something| more| anything)? (?:about|on)\s+(?:your |the )?(?P<weak>[^.?!:;]{3,70})"
    r"|\b(?:what(?:'s| is)|have|find|see|got|is there|need|want) (?:your|the|an?) (?P<policy>[^.?!:;]{3,40}?) (?:policy|rules?|guide|chart|table)\b"
    r"|\bhow do (?:the|your) (?P<kind>sizes?) (?:run|work|fit|come)\b",
    re.I,
)
_PRICE_MATCH = re.compile(r"\bprice[- ]?match\w*|\bmatch (?:\w+ )?prices?\b", re.I)
_WHO_PAYS = re.compile(
    r"\bwho(?:'d|'ll|'s)? (?:\w+ ){0,2}?(?:pays?|paying|cover\w*|bears?)\b|\bdo i (?:have to )?pay (?:for )?(?:the )?(?:return|way back)\b",
    re.I,
)
_POSTAGE = re.compile(r"\b(?:postage|label|shipping|delivery)\b", re.I)
_GUESSED = frozenset(
    {
        "recommendation",
        "product_search",
        "product_details",
        "availability",
        "other",
        "return",
        "exchange",
        "order_status",
    }
)
_UNSURE, _SURE, _HALF = 0.7, 0.9, 0.5
_FURTHER = re.compile(
    r"(?:\b(?:and|also|plus|or)\b|[?.!;,-])\s*(?=(?P<asked>(?:how (?:long|many|much|soon|do|does|can)|(?:do|would|will) (?:you|ye|yas?|u|yous)|do (?:i|we)|can (?:i|we|you|it)|is (?:there|it)|are (?:there|you)"
    r"|what(?:'s|s| is| are| if| happens)|when|where|who)\b[^.?!;]{6,120}))",
    re.I,
)
"""A question behind another one."""
_SAY_NOTHING = stems("problem matter issue ok okay fine thing question")
_COMES_BACK = frozenset({"return", "exchange"})
WHAT_NOW = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|then|well|right)\W+)*what (?:are (?:my|our|the) options|happens|now|next|do (?:i|we) do|can (?:i|we|you) do|will you do"
    r"|are you going to do)\b",
    re.I,
)
_MUST_COME_BACK = re.compile(
    r"\b(?:do|must|should|shall|would|need|have) (?:i|we)\b[^.?!]{0,20}\b(?:send|post|return|bring|ship|mail|give|take)\b"
    r"|\b(?:do|would|will) you (?:need|want) (?:it|them|the [\w ]{2,30}?) (?:back|returned)\b",
    re.I,
)
"""Asks whether something has to be sent back."""
_BIDS = frozenset({"amount", "percent", "amount_off"})
_OF_GOODS = frozenset({"product_details", "product_search", "recommendation", "availability", "price_question"})


def with_rules(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The acts with questions in general terms as what they are: for the shop's pages."""
    if any(_PRICE_MATCH.search(act.text) for act in acts):
        # "I saw it cheaper elsewhere, do you match prices?" haggles about nothing yet
        acts = [
            act
            for act in acts
            if act.intent != "negotiation" or set(act.entities) & _BIDS or _PRICE_MATCH.search(act.text)
        ]
    return [_as_meant(talk, act) for act in acts]


def unheard(talk: Talk) -> list[ActView]:
    """ "Do you take PayPal, and how long have I got to bring things back?", read as one question: the further ones of the message."""
    heard = [act.text.casefold() for act in talk.turn.acts]
    if not any(act.intent == "policy" for act in talk.turn.acts):
        return []
    found = (match["asked"].strip() for match in _FURTHER.finditer(talk.turn.text))
    return [
        ActView("policy", _SURE, asked, {})
        for asked in found
        if articles.is_topic(asked) and not any(asked.casefold() in text or text in asked.casefold() for text in heard)
    ]


def with_asides(acts: Sequence[ActView]) -> list[ActView]:
    """ "My wifi is 5ghz only, is that a problem?", beside a question about the shop: what a guess took for goods is asked of
    the pages, too, and what names nothing is no search."""
    if not any(act.intent == "policy" for act in acts):
        return list(acts)
    guessed = [act for act in acts if act.intent in _OF_GOODS and act.confidence < _HALF]
    kept = [act for act in acts if act not in guessed]
    return [*kept, *(replace(act, intent="policy", entities={}) for act in guessed if content(act.text) - _SAY_NOTHING)]


def _as_meant(talk: Talk, act: ActView) -> ActView:
    if (
        (talk.order is not None or talk.complained)
        and act.intent in ("view_cart", "policy")
        and WHAT_NOW.match(act.text)
    ):
        return replace(act, intent="other")  # what comes of the order that was just spoken of
    covered = act.intent == "order_status" and _COVERED.search(act.text) and is_amiss(talk.turn.text)
    if covered or asks_whether_back(talk, act):
        return replace(act, intent="complaint")  # what the pages say of damaged goods, not of returns or orders
    return replace(act, intent="policy") if asks_the_rule(talk, act) else act


def asks_the_rule(talk: Talk, act: ActView) -> bool:
    """ "Can I send coffee beans back if I don't like them?", "until when can I cancel an order?", "do you sell my data?"."""
    if _PRICE_MATCH.search(act.text) and not set(act.entities) & _BIDS and _ASKS.match(act.text):
        return True
    if act.intent == "change_order" and _PAPERS.search(act.text):
        return True
    if sends_back(talk) and act.intent in _GUESSED and act.confidence < _UNSURE and ASKS_FIRST.match(act.text):
        return True  # "do I post the old one first?"
    if act.intent == "shipping_quote" and (
        _WHO_PAYS.search(act.text) or (sends_back(talk) and _POSTAGE.search(act.text))
    ):
        return True
    if act.intent == "shipping_quote" and _LIMIT.search(act.text) and not act.entities.get("country"):
        return True  # "what's the limit for express"
    if asks_whether_back(talk, act):
        return True
    if act.intent == "order_status" and _COVERED.search(act.text):
        return True  # "is the filter I bought still under warranty?"
    if act.intent == "order_status" and _IF_ORDERED.search(act.text):
        return True  # "if I order by noon, does it go out today?"
    if _goes_on_from_proposal(talk, act):
        return False
    if act.intent not in _MAY_CONCERN_ONE or any(one.entities.get("order_numbers") for one in talk.turn.acts):
        return False
    whole = talk.turn.text
    if act.intent in _ABOUT_AN_ORDER and is_amiss(whole) and not _SUPPOSES.search(whole) and talk.verified:
        return False  # "one bottle leaks, can I get a replacement?"
    if talk.complained and act.intent in _ABOUT_AN_ORDER and (_POINTS.search(act.text) or _REMEDY.search(act.text)):
        return False  # "can I have a refund for it?", "or a new pair?", of what was just complained of
    if act.intent == "order_status" and talk.order is not None and act.confidence >= _SURE:
        return False  # "when will the first one ship?", after orders were told of
    if HOW_IT_WORKS.search(act.text):
        return True
    if act.intent == "account" and signing_up.asks(act.text):
        return True
    if act.intent == "account" and _WHAT_IF.search(act.text):
        return True  # "what happens to my data if I close my account?"
    if act.intent == "account":
        return (
            _DATA.search(act.text) is not None
            and _ASKS_OF_DATA.match(act.text) is not None
            and _CHANGES_DATA.search(act.text) is None
        )
    if talk.order is not None and _GOES_ON.search(act.text):
        return False  # "can I have the money back instead?", of the order that was just spoken of
    if speaks_of_own(act.text) or _WISHES.search(act.text) or not (_ASKS.match(act.text) or "?" in whole):
        return False
    if _TERMS.search(act.text) or (not content(act.text) and len(talk.turn.acts) > 1):
        return True
    if talk.verified and _ONE_THING.search(act.text):
        return False  # "can I swap the boots for a 44?", of somebody whose orders are known
    supposes = _SUPPOSES.search(whole) is not None and _MAY_I_THEN.search(whole) is not None
    return act.intent in _ABOUT_AN_ORDER and (supposes or _MAY_I.search(act.text) is not None)


def asks_whether_back(talk: Talk, act: ActView) -> bool:
    """ "It came broken, do I have to send it back for a refund?", and no wish of that in so many words beside it."""
    if act.intent not in _ABOUT_AN_ORDER | {"policy"} or not is_amiss(talk.turn.text):
        return False
    if _MUST_COME_BACK.search(act.text):
        return True
    asked = act.intent != "policy" and _MUST_COME_BACK.search(talk.turn.text) is not None
    return asked and not said_in_words(act.intent, act.text)


def _goes_on_from_proposal(talk: Talk, act: ActView) -> bool:
    """ "Or can I get a new pair?", while their return waits for a yes: of these, and not the rule."""
    task = talk.pending.get("task") or {}
    proposed = task.get("asked") in ("confirm", "start") and task.get("kind") in ("return", "exchange", "refund")
    other = act.intent in {"return", "exchange", "refund"} - {task.get("kind")} and act.confidence >= _UNSURE
    terms = _TERMS.search(act.text) or _SUPPOSES.search(talk.turn.text) or HOW_IT_WORKS.search(act.text)
    return proposed and other and not terms


def asks(text: str) -> bool:
    """Whether a clause begins like a question."""
    return _ASKS.match(text) is not None


def sends_back(talk: Talk) -> bool:
    """Whether something that is to come back is spoken of."""
    task = talk.pending.get("task") or {}
    return (talk.turn.memory.get("served") or {}).get("intent") in _COMES_BACK or task.get("kind") in _COMES_BACK


def speaks_of_own(text: str) -> bool:
    """Whether something of the customer's own is spoken of: "my cup", "the parcel", "it", but no "something … it"."""
    text = _EXPLETIVE.sub(" ", text)
    if _OWN.search(text):
        return True
    general, pointing = _ANY.search(text), _POINTS.search(text)
    if pointing and not _SUPPOSES.search(text) and (general is None or general.start() > pointing.start()):
        return True
    done = _DONE.search(text)
    return done is not None and not (_OF_ANY.search(text[: done.end()]) or _AFTER.search(text[: done.end()]))


def told_by_title(talk: Talk, act: ActView, *, no_goods: bool = False) -> Generator[Ask, ToolOutcome, bool]:
    """
    "What's your policy on price match?", "tell me something about damaged items": the page that is headed so.

    `no_goods`: what is asked about is no product, as "tell me about …" mostly is.
    """
    found = _TOPIC.search(act.text)
    if (
        found is None
        or (found["weak"] and act.intent in _OF_GOODS and not no_goods)
        or speaks_of_own(found["strong"] or found["weak"] or "")
    ):
        return False
    about = found["strong"] or found["weak"] or found["policy"] or found["kind"]
    wanted = content(about)
    if not wanted:
        return False
    passages = (yield Ask("search_knowledge", {"query": about})).result.get("passages", [])
    headed = next((passage for passage in passages if wanted <= stems(passage["title"])), None)
    if headed is not None:
        articles.quote(talk, headed)
    return headed is not None
