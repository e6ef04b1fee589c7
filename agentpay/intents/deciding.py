# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Which intent a clause has: the table of rules first, then what the dialogue and the entities say."""

from __future__ import annotations

import re

from agentpay.intents.entities.extract import ClauseReading
from agentpay.intents.patterns import match_rules
from agentpay.intents.segment import IS_WANTED, Clause
from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act, Dialogue, Entities

DETAILS = ("address", "emails", "phone", "name", "shipping_method")
PLACE = ("country", "region", "postal_code")
MANNERS = frozenset({I.GREETING, I.THANKS, I.GOODBYE})
YES_MEANS = {
    "confirm_offer": I.NEGOTIATION, "offer": I.NEGOTIATION, "counter_offer": I.NEGOTIATION, "checkout": I.CHECKOUT,
    "confirm_checkout": I.CHECKOUT, "payment": I.CHECKOUT, "add_to_cart": I.ADD_TO_CART, "confirm_add": I.ADD_TO_CART,
    "product": I.ADD_TO_CART, "variant": I.ADD_TO_CART, "shipping": I.PROVIDE_DETAILS, "address": I.PROVIDE_DETAILS,
    "email": I.PROVIDE_DETAILS, "confirm_cancel": I.CANCEL_ORDER, "confirm_return": I.RETURN, "confirm_refund": I.REFUND,
    "confirm_exchange": I.EXCHANGE, "confirm_change": I.CHANGE_ORDER, "handoff": I.HUMAN, "confirm_handoff": I.HUMAN,
}  # fmt: skip
_CHANGES = frozenset({I.CHANGE_CART, I.REMOVE_FROM_CART, I.ADD_TO_CART})
_ABOUT_GOODS = _CHANGES | {I.PRODUCT_SEARCH, I.PRODUCT_DETAILS, I.AVAILABILITY}
OF_GOODS = _ABOUT_GOODS | {I.PRICE_QUESTION, I.RECOMMENDATION, I.PRODUCT_COMPARISON, I.NEGOTIATION}
_AFTER = frozenset({"paid", "after_sales"})
_MEANT = re.compile(r"\bi mean(?:t)?\b")
_MONEY = re.compile(r"\b(?:have|get|want|need|give me) (?:my|the) money\b(?! (?:for|to) (?:buy|pay|it|this|that))")
_OTHER_ADDRESS = re.compile(
    r"\b(?:an?other|different|new|other) address\b(?! (?:on|in|for|of) (?:my|the) (?:account|profile))"
)
_CANCEL_IT = re.compile(r"\bcancel (?:it|that|this|them|those)\b")
_ANSWERS_ORDER = {"order_number", "order"}
FILLER = re.compile(
    r"^(?:ok|yes|no|well|actually|sorry|hmm+|oh|um|uh|fine|great|perfect|cool|sure|right|so|and|then|also|please|good|nice|awesome|sweet|brilliant|wonderful|excellent|super|neat|wow|alright|all right|wait|hold on|hang on|one (?:sec|second|moment)|(?:just )?(?:an?|one|two|another|other|quick|stupid|silly|dumb|daft) (?:(?:quick|more|last|other|silly|stupid|small|little) )*(?:questions?|things?|q)(?: for you)?(?: maybe)?|(?:a )?(?:couple of )?quick (?:ones?|questions?)|nothing(?: else| more| today)|done(?: deal)?|excuse me|sorry (?:to|for) (?:bother|bothering|disturb|disturbing|trouble|interrupt|interrupting) (?:you|u)(?: again)?|i hope you (?:are well|can help)"
    r"|sounds good|of course|i see|got it|understood|no worries|no problem|lol|haha|wow|deal|go ahead|go on|do it|definitely|absolutely|exactly|correct|thanks|not really|just|amazing|lovely|(?:this is |it is )?(?:the |my )?(?:second|third|fourth|fifth|last) time (?:i|we) (?:am |are |have )?(?:write|writing|written|ask|asking|asked|call|calling|called|tell|telling|say|saying)(?: (?:to|you|this|now|today))*|that works|i accept|let us do (?:that|it|this)|where is it|i agree|agreed|that is (?:fine|good|great|ok|perfect|right|correct)|do (?:that|so)|never mind|now|hi|hello|hey|there| )*$"
)
_BOUGHT = re.compile(
    r"\b(?:ordered|order|bought|purchased|received|arrived|got|came|delivered|my last)\b|\btoo (?:big|small|tight|large|long|short)\b"
)
_NAMED_WANT = re.compile(r"\bi (?:want|would like|would love)\b|\b(?:i am|looking) (?:to|for)\b")
_ASKS = re.compile(r"\b(?:add|another|also|too|as well)\b|\?")
_THE_OTHER = re.compile(r"\bthe \w+ ones?\b|\banother one\b")
_ONE_CAN = re.compile(
    r"^(?:so |that |and |then )*(?:one|two|both|each|some|the other) (?:can|could|will|would|may|might|goes|stays) "
)
_NO_THING = re.compile(
    r"^(?:(?:ok|actually|but|and|so|sorry|then|just|well|please|oh) )*no (?!thanks|problem|worries|idea|need|longer|way|hurry|rush|not|one)(?:more )?\w+(?: \w+){0,2}$"
)
_PLEASE = re.compile(r"\bplease\b")
_BARE_SUM = re.compile(
    r"^(?:(?:ok|yes|no|fine|well|then|final|last|make it|say|let us say) )*\d{2,6}(?: (?:then|is fine|is ok|ok|final|last|please|deal|cash|and (?:i|we) .*))*$"
)
"""A price without a currency where one is being bargained about: "ok 1750 then"."""
_THAT_ONE = re.compile(
    r"^(?:(?:ok|yes|then|so|oh|just|only) )*(?:(?:the|that|this) (?:\w+ )?one|(?:the|those|these) (?:\w+ )?ones|that|those|these|this)(?: then| please)*$"
)
"""Nothing but which of what was shown."""
_ARTICLE = re.compile(r"^(?:an?|the) ")
_LIMIT = re.compile(r"\b(?:max|maximum|limit|tops|final|best|most|budget|highest)\b")
_SOMETHING = re.compile(r"\b(?:something|anything)\b")
_HAVE = re.compile(r"\b(?:have|got|carry|stock|sell|any)\b")


_ENOUGH = re.compile(
    r"(?:\b(?:is|are|will be|would be)|'s) (?:\w+ )?(?:enough|plenty|sufficient|all (?:i|we) need)\b|\b(?:one|two|three|four) enough\b"
)
_IN_TOTAL = re.compile(r"\b(?:in (?:total|all)|altogether|all told)(?: please| then| now)*$")
"""So many of what lies in the cart, said as the whole."""
_SUITS_BETTER = re.compile(
    r"\b(?:goes|go|looks?|suits?|matches|match|fits?|works?|is|are|would be|would look)(?: \w+){0,2}? (?:better|nicer|best|more like it)\b|^(?:(?:no|wait|actually|oh|hmm+|sorry|ok) )*(?:the )?\w+ \w+s(?: \w+)? better\b|\b(?:prefer|like|love)(?: the| an?)? \w+(?: \w+)? (?:better|more)\b"
)
_EACH_IN = re.compile(
    r"^(?:(?:ok|okay|yes|and|then|please|so|well|i will (?:take|have)|i would like|just|also|fine|great|make it) )*(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|another) (?:pairs? )?in (?:an? )?(?:the |size )?\w+"
)
"""How many, and in which option, of what was just spoken of: "one in S"."""
_OF_EACH = re.compile(
    r"^(?:(?:ok|okay|yes|and|then|please|so|well|nice|great|good|lovely|perfect|i will (?:take|have)|i would like|give me|can i (?:have|get)|just|also|fine) )*"
    r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}) (?:of|in|for) (?:each|every)\b(?! other)"
)
""" "Five in each colour", of what was just spoken of."""
_COSTS = re.compile(r"\b(?:how much|costs?|prices?|charge|extra|pay|what would|what is)\b")
_PUTS = re.compile(r"^(?:(?:please|can you|could you|just|also|and|then|ok) )*(?:put|pop|stick|throw|chuck|place)\b")
_THERE_IN = re.compile(
    r"\b(?:is|are|was) (?:it|they|this|that|these|those|one) (?:still |also )?(?:there|here|in|made in|around)\b"
)
_MAY_I = re.compile(
    r"^(?:(?:and|so|hi|hello|hey|ok|but|also) )*(?:can|could|may|am|might) (?:i|we) (?!(?:also |please |just |still )?(?:see|get|have|buy|order|find|browse|look|try|add|take|pay|use|ask|know|grab|pick|choose|swap|change|combine|return|cancel|go)\b)\w+"
)
_AND_CODE = re.compile(
    r"^(?!.*\b(?:use|apply|redeem|try|work|works|valid|count|counts|have|got)\b).* (?:and|with|plus)(?: (?:my|the|an?))?(?: (?:discount|promo|coupon|voucher))?(?: code)? <code>(?: (?:please|then|thanks|too))*$"
)
"""A code named beside goods, as the last thing."""
PLEASANTRY = re.compile(
    r"^(?:what an? |such an? |it is (?:an? )?|is (?:it )?not it an? )?(?:lovely|nice|beautiful|gorgeous|glorious|great|fine|wonderful|sunny|rainy|grey|gray|cold|warm|hot|busy|happy)(?: and \w+)? (?:day|morning|afternoon|evening|weather|weekend|summer|winter|spring|autumn|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b"
)
"""Small talk that opens a conversation."""


def decide(norm: str, clause: Clause, reading: ClauseReading, dialogue: Dialogue, before: list[Act]) -> tuple[I, float]:
    """The intent of a clause in normal form, and how sure it is; `before` are the acts of the clauses before it."""
    entities = reading.entities
    if _ONE_CAN.match(norm):
        entities.quantity = None
        return I.OTHER, 0.3  # "two of those, so one can be in the wash"
    matched = match_rules(norm)
    if matched and matched[0] is I.DISCOUNT and entities.codes:
        rest = match_rules(
            re.sub(
                r"\b(?:and |with |use |apply |using |the |my |promo |discount |coupon |voucher |code )*<code>", "", norm
            ).strip()
        )
        listing = clause.listed and before and before[-1].intent in {I.ADD_TO_CART, I.CHANGE_CART}
        if listing and entities.product_query:
            return I.ADD_TO_CART, 0.9  # "…, one pair of gloves, code GREEN5": the item, and a code with it
        if (
            rest
            and rest[0] in {I.ADD_TO_CART, I.CHANGE_CART, I.CHECKOUT}
            and (entities.product_query or rest[0] is I.CHECKOUT)
        ):
            return rest
        if rest is None and entities.product_query and reading.known_words and _AND_CODE.search(norm):
            return I.ADD_TO_CART, 0.9  # "the kettle in black and hello10, please"
        return matched
    if (told := _told_by_the_cart(norm, clause, reading, dialogue)) is not None:
        return told
    if _MONEY.search(norm):
        return I.REFUND, 0.85
    if dialogue.stage in _AFTER and not dialogue.cart_items and _OTHER_ADDRESS.search(norm):
        return I.CHANGE_ORDER, 0.85
    if entities.order_numbers and entities.address and (matched is None or matched[0] is I.PROVIDE_DETAILS):
        return I.CHANGE_ORDER, 0.9
    if matched and matched[0] is I.PROVIDE_DETAILS:
        rest = match_rules(re.sub(r"<(?:address|email|phone|name)>", "", norm).strip())
        if rest and (
            (rest[0] is I.ADD_TO_CART and entities.product_query) or rest[0] in {I.CHECKOUT, I.ACCOUNT, I.ORDER_STATUS}
        ):
            return rest
        # "Just one cat tree, standard, to 1 Park Row, Leeds": goods, and where they go
        plain = rest is None or rest[0] in {I.PROVIDE_DETAILS, I.CHANGE_CART}
        counted = entities.quantity or (not dialogue.cart_items and (entities.options or _ARTICLE.match(norm)))
        goods = entities.product_query and reading.known_words and not clause.question
        if plain and goods and counted and dialogue.stage not in _AFTER:
            return (I.CHANGE_CART if rest and dialogue.cart_items and rest[0] is I.CHANGE_CART else I.ADD_TO_CART), 0.85
        return matched
    goes_on = clause.listed and before and before[-1].intent not in MANNERS | {I.OTHER}
    goes_on = goes_on and not before[-1].entities.everything  # "clear everything, then one tent": a new beginning
    if goes_on and (matched is None or matched[0] in {I.PRODUCT_SEARCH, I.ADD_TO_CART}):
        changed = before[-1].intent is I.CHANGE_CART and before[-1].entities.pronoun and entities.product_query
        # "Make it two, and a lid": other goods than what is changed
        return I.ADD_TO_CART if changed else before[-1].intent, min(before[-1].confidence, 0.9)
    if matched is None or (matched[0] in {I.PRODUCT_DETAILS, I.COMPLAINT} and FILLER.match(norm)):
        return _guess(norm, clause, reading, dialogue)
    return _adjust(matched, norm, reading, dialogue)


def wanted_by_name(intent: I, confidence: float, clause: Clause, entities: Entities) -> tuple[I, float]:
    """What a clause wants that is nothing but the name of goods, whatever else the words may mean: the goods."""
    if intent in OF_GOODS:
        wanted = intent is I.PRODUCT_SEARCH and IS_WANTED.search(clause.text)
        return (I.ADD_TO_CART, 0.95) if wanted else (intent, confidence)
    if intent is I.POLICY and not (entities.options or entities.quantity):
        return intent, confidence  # "gift wrapping?" may be a service, "one gift wrapping in green" is none
    return (I.ADD_TO_CART, 0.9) if entities.quantity else (I.PRODUCT_SEARCH, 0.8)


def _told_by_the_cart(norm: str, clause: Clause, reading: ClauseReading, dialogue: Dialogue) -> tuple[I, float] | None:
    """What things in the cart, or shown just now, make of words that say little by themselves."""
    entities = reading.entities
    if clause.question or entities.order_numbers or dialogue.stage in _AFTER:
        return None
    if dialogue.cart_items and entities.options and entities.instead_of and not _ASKS.search(norm):
        return I.CHANGE_CART, 0.95  # "changed my mind: the beans in whole bean, not espresso"
    if dialogue.cart_items and entities.product_query and reading.known_words and _NO_THING.match(norm):
        return I.REMOVE_FROM_CART, 0.93  # "actually no stand"
    if dialogue.cart_items and entities.quantity and _ENOUGH.search(norm):
        return I.CHANGE_CART, 0.95
    if dialogue.cart_items and entities.quantity and "quantity" in entities.instead_of:
        return I.CHANGE_CART, 0.95  # "take two of the hooks, not four"
    if dialogue.cart_items and entities.quantity and _IN_TOTAL.search(norm):
        return I.CHANGE_CART, 0.95
    if dialogue.cart_items and entities.options and _SUITS_BETTER.search(norm):
        entities.product_query, entities.pronoun = None, True  # "ochre goes better with my sofa": no sofa is wanted
        return I.CHANGE_CART, 0.95
    if _OF_EACH.match(norm) and entities.quantity and not entities.product_query:
        entities.pronoun = True
        return I.ADD_TO_CART, 0.9
    if _EACH_IN.match(norm) and entities.quantity and entities.options and not entities.product_query:
        entities.pronoun = True
        return I.ADD_TO_CART, 0.9
    return None


def _adjust(matched: tuple[I, float], norm: str, reading: ClauseReading, dialogue: Dialogue) -> tuple[I, float]:
    """What the dialogue and the entities say about a rule's verdict."""
    intent, confidence = matched
    entities = reading.entities
    in_cart = dialogue.cart_items > 0 and dialogue.stage not in _AFTER
    if intent is I.EXCHANGE and in_cart and not (entities.order_numbers or _BOUGHT.search(norm)):
        return I.CHANGE_CART, 0.95  # nothing was bought yet: what is exchanged lies in the cart
    if (
        entities.order_numbers and intent in _ABOUT_GOODS
    ):  # no cart has a number: it is a placed order that is spoken of
        changes = confidence > 0.7 and intent in _CHANGES and not _MEANT.search(norm)
        return (I.CHANGE_ORDER, confidence) if changes else (I.ORDER_STATUS, 0.7)
    if (
        intent in {I.POLICY, I.PRICE_QUESTION}
        and (entities.shipping_method or (entities.country and intent is I.PRICE_QUESTION))
        and not entities.product_query
        and _COSTS.search(norm)
    ):
        return I.SHIPPING_QUOTE, 0.9
    if intent is I.PRODUCT_DETAILS and entities.options and not entities.product_query and _THERE_IN.search(norm):
        entities.pronoun = True
        return I.AVAILABILITY, 0.9
    if intent is I.CHANGE_CART and not dialogue.cart_items and _PUTS.match(norm) and entities.product_query:
        return I.ADD_TO_CART, confidence  # "put the X 80 and the Y in my cart": 80 is no number of them
    if intent is I.POLICY and dialogue.stage in _AFTER and _CANCEL_IT.search(norm):
        return I.CANCEL_ORDER, 0.9
    if intent in {I.RECOMMENDATION, I.PRODUCT_SEARCH} and reading.names_option and not entities.product_query:
        entities.pronoun = True
        return I.AVAILABILITY, 0.85
    named = any(word[0].isupper() for word in (entities.product_query or "").split()[:4])
    if intent is I.PRODUCT_SEARCH:
        if entities.shipping_method and not entities.product_query:
            return (I.SHIPPING_QUOTE if "?" in norm else I.PROVIDE_DETAILS), 0.8
        if entities.options and (named or entities.pronoun) and _HAVE.search(norm):
            return I.AVAILABILITY, 0.85
        if entities.options and named and _NAMED_WANT.search(norm):
            return I.ADD_TO_CART, 0.7
        if not entities.product_query and not (
            entities.attributes or entities.options or entities.price_max or entities.sort or entities.price_min
        ):
            confidence = 0.7
        if "?" in norm and not reading.known_words and not _HAVE.search(norm):
            confidence = min(confidence, 0.6)
    if (
        intent in {I.AVAILABILITY, I.PRODUCT_DETAILS, I.PRICE_QUESTION}
        and entities.shipping_method
        and not entities.product_query
    ):
        return I.SHIPPING_QUOTE, 0.75
    if intent is I.AVAILABILITY and not (
        entities.product_query or entities.pronoun or entities.options or entities.ordinals
    ):
        confidence = min(confidence, 0.7)
    if (
        intent is I.REMOVE_FROM_CART
        and re.search(r"\bcancel\b", norm)
        and (dialogue.cart_items == 0 or dialogue.stage in {"paid", "after_sales"})
    ):
        return I.CANCEL_ORDER, 0.7
    if intent in {I.ADD_TO_CART, I.CHANGE_CART}:
        nothing = not (
            entities.product_query or entities.pronoun or entities.ordinals or entities.options or entities.quantity
        )
        if (
            entities.shipping_method
            and not entities.product_query
            and entities.quantity is None
            and not entities.options
        ):
            return I.PROVIDE_DETAILS, 0.85
        if nothing:
            confidence = 0.45
    if (
        intent is I.RETURN
        and dialogue.stage not in {"paid", "after_sales"}
        and not entities.order_numbers
        and norm.endswith("?")
    ):
        confidence = min(confidence, 0.7)
    return intent, confidence


def _guess(norm: str, clause: Clause, reading: ClauseReading, dialogue: Dialogue) -> tuple[I, float]:
    """No rule fits: what was asked for, else what the entities make likely."""
    entities = reading.entities
    asked = dialogue.asked_for
    if clause.question and entities.shipping_method and not (entities.address or entities.emails):
        return I.SHIPPING_QUOTE, 0.8
    if any(getattr(entities, name) for name in DETAILS):
        return I.PROVIDE_DETAILS, 0.9
    if asked in {"address", "shipping", "country", "postal_code"} and any(getattr(entities, name) for name in PLACE):
        return I.PROVIDE_DETAILS, 0.8
    if asked == "variant" and clause.question and entities.options and not entities.quantity:
        return I.AVAILABILITY, 0.7
    if asked == "confirm_add" and entities.options and not entities.product_query and not clause.question:
        return I.ADD_TO_CART, 0.7
    if asked == "variant" and (entities.options or entities.quantity or entities.ordinals):
        return I.ADD_TO_CART, 0.85
    if entities.order_numbers:
        return I.ORDER_STATUS, 0.7 if asked in _ANSWERS_ORDER else 0.6
    if dialogue.has_offer and not clause.question and _BARE_SUM.match(norm):
        return I.NEGOTIATION, 0.85
    names_no_product = not entities.product_query or _LIMIT.search(norm) is not None
    if reading.money is not None and (dialogue.has_offer or asked in YES_MEANS) and names_no_product:
        return I.NEGOTIATION, 0.8
    if reading.money is not None and re.search(r"\bprices?\b", norm):
        return I.NEGOTIATION, 0.6
    if PLEASANTRY.match(norm):
        return I.GREETING, 0.95
    if FILLER.match(norm):
        return I.OTHER, 0.3
    if clause.question and entities.pronoun and _THE_OTHER.search(norm):
        return I.AVAILABILITY, 0.5
    if entities.ordinals and entities.options and clause.question and not _PLEASE.search(norm):
        return I.AVAILABILITY, 0.75  # "second one in black?"
    if entities.ordinals:
        if entities.quantity:
            return I.ADD_TO_CART, 0.8
        return (
            (I.ADD_TO_CART, 0.65)
            if asked in {"product", "variant", "choice"} or "please" in norm
            else (I.PRODUCT_DETAILS, 0.5)
        )
    if entities.options and not entities.product_query:
        if clause.question:
            return I.AVAILABILITY, 0.6
        if entities.quantity and (not dialogue.cart_items or any(span.kind == "unit" for span in reading.spans)):
            return I.ADD_TO_CART, 0.75  # "8 balls of the moss one"
        return (
            (I.CHANGE_CART, 0.55)
            if dialogue.cart_items
            else (I.ADD_TO_CART if "please" in norm else I.AVAILABILITY, 0.5)
        )
    if dialogue.shown and not clause.question and _THAT_ONE.match(norm):
        entities.pronoun = True
        return I.ADD_TO_CART, 0.75
    if clause.question and _MAY_I.match(norm):
        return I.POLICY, 0.65  # "can I rent a drill by the day?": what the shop does, not what it sells
    if entities.quantity and (
        entities.product_query or entities.options or asked in {"quantity", "product", "confirm_add", "choice"}
    ):
        return I.ADD_TO_CART, 0.75 if reading.known_words else 0.5
    if (
        reading.known_words
        or entities.price_max
        or entities.sort
        or (entities.product_query and _SOMETHING.search(norm))
    ):
        return I.PRODUCT_SEARCH, 0.65
    if entities.product_query and asked in {"product", "need"} and len(norm.split()) <= 6:
        return I.PRODUCT_SEARCH, 0.6
    if entities.product_query and len(norm.split()) <= 3:
        return I.PRODUCT_SEARCH, 0.35
    return I.OTHER, 0.3
