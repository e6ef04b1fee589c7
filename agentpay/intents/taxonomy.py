"""The intents AgentPay tells apart. Names are stable: scenarios, events and evaluations use them."""

from __future__ import annotations

from enum import StrEnum


class IntentName(StrEnum):
    """What a clause of a customer's message wants; each with an example."""

    PRODUCT_SEARCH = "product_search"  # "do you have waterproof jackets under $200"
    PRODUCT_DETAILS = "product_details"  # "tell me more about the second one"
    PRODUCT_COMPARISON = "product_comparison"  # "which is better, the Squall or the Ridge?"
    AVAILABILITY = "availability"  # "is the blue one in stock in 43?"
    PRICE_QUESTION = "price_question"  # "how much is the Squall jacket?"
    RECOMMENDATION = "recommendation"  # "what would you recommend for a gift?"
    ADD_TO_CART = "add_to_cart"  # "I'll take two", "add it to my basket"
    CHANGE_CART = "change_cart"  # "make it three", "size L instead"
    REMOVE_FROM_CART = "remove_from_cart"  # "drop the socks", "empty my cart"
    VIEW_CART = "view_cart"  # "what's in my cart?"
    DISCOUNT = "discount"  # "apply code TRAIL10", "any promo codes?"
    NEGOTIATION = "negotiation"  # "too expensive, would you do $90?", "I accept your offer"
    SHIPPING_QUOTE = "shipping_quote"  # "how much is shipping to Germany?"
    PROVIDE_DETAILS = "provide_details"  # "ship to 12 Elm St …", "my email is …", "express please"
    CHECKOUT = "checkout"  # "I'm ready to pay", "send me the payment link"
    PAYMENT_PROBLEM = "payment_problem"  # "my card was declined", "did my payment go through?"
    ORDER_STATUS = "order_status"  # "where is my order NT-1001?"
    CANCEL_ORDER = "cancel_order"
    CHANGE_ORDER = "change_order"  # address, items or payment of a placed order
    RETURN = "return"  # "I want to send these back" (an action; asking for the rule is policy)
    EXCHANGE = "exchange"
    REFUND = "refund"
    ACCOUNT = "account"  # "change my email"
    POLICY = "policy"  # "can I return worn shoes?", "do you ship to Canada?", opening hours, warranty
    COMPLAINT = "complaint"
    HUMAN = "human"  # "let me talk to a person"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    OTHER = "other"


SALES = frozenset(
    {
        IntentName.PRODUCT_SEARCH,
        IntentName.PRODUCT_DETAILS,
        IntentName.PRODUCT_COMPARISON,
        IntentName.AVAILABILITY,
        IntentName.PRICE_QUESTION,
        IntentName.RECOMMENDATION,
        IntentName.ADD_TO_CART,
        IntentName.CHANGE_CART,
        IntentName.REMOVE_FROM_CART,
        IntentName.VIEW_CART,
        IntentName.DISCOUNT,
        IntentName.NEGOTIATION,
        IntentName.SHIPPING_QUOTE,
        IntentName.GREETING,
    }
)
PAYMENT = frozenset({IntentName.CHECKOUT, IntentName.PAYMENT_PROBLEM, IntentName.PROVIDE_DETAILS})
SUPPORT = frozenset(
    {
        IntentName.ORDER_STATUS,
        IntentName.CANCEL_ORDER,
        IntentName.CHANGE_ORDER,
        IntentName.RETURN,
        IntentName.EXCHANGE,
        IntentName.REFUND,
        IntentName.ACCOUNT,
        IntentName.POLICY,
        IntentName.COMPLAINT,
        IntentName.HUMAN,
    }
)
