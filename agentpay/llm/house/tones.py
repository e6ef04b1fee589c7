"""Sentences in the agent's tone (`personality.tone`), by key; what is not here is said as wording.py has it.

`neutral` has the plain wordings alone.
"""

from __future__ import annotations

FORMAL: dict[str, list[str]] = {
    "greeting": ["Good day{name}. I am {assistant} of {shop}. How may I help you?"],
    "small_talk": ["Very well, thank you for asking. How may I help you?"],
    "thanks": ["You are welcome. May I help you with anything else?", "It was a pleasure. Is there anything else?"],
    "goodbye": ["Goodbye, and thank you for your visit.", "Thank you for your visit. Goodbye."],
    "not_understood": [
        "I am afraid I did not understand that. I can find products, prepare an order, or look after an order you have "
        "placed. What would you like?",
        "I am sorry, I did not follow. Please tell me what you are looking for, or ask about an order.",
    ],
    "declined": ["Very well. What would you prefer instead?", "Certainly. May I help you with anything else?"],
    "found_some": ["These products fit:", "I can offer you the following:"],
    "found_one": ["This product fits:", "I would suggest the following:"],
    "found_nothing": [
        "I am sorry, we do not have {query}. If you tell me what you need it for, I shall gladly look for something suitable.",
        "I am sorry to say that we do not carry {query}. May I look for something else?",
    ],
    "ask_add": ["May I put it in your cart?", "Would you like me to add it to your cart?"],
    "ask_which": ["Would you like to know more about one of them?", "Is one of these suitable?"],
    "added": ["I have added {quantity} × {what} to your cart.", "{quantity} × {what} is now in your cart."],
    "offer_accepted": ["Agreed: {title} at {amount} each. Your cart comes to {total} now."],
    "offer": [
        "I can offer you {title} at {amount} each instead of {list_price}. Is that agreeable to you?",
        "{title} would be {amount} each for you instead of {list_price}. Would you like it at that price?",
    ],
    "sorry": ["I am sorry for the inconvenience.", "I am very sorry to hear that."],
    "offer_human": ["Would you like to speak to a member of our staff?"],
    "handed_over": ["I have passed you on to a colleague, who will write to you here."],
    "ready": ["Please tell me when you would like to pay."],
    "tool_failed": ["I am sorry, something went wrong on our side. Please try again in a moment."],
}
PLAYFUL: dict[str, list[str]] = {
    "greeting": ["Hey{name}! {assistant} here, at your service at {shop}. What are you looking for?"],
    "thanks": ["You're welcome! What's next?", "My pleasure! Anything else on your list?"],
    "goodbye": ["Bye for now, come back soon!", "Bye, and see you soon!"],
    "not_understood": [
        "Sorry, that one went over my head. I can find products, put an order together, or look after one you've placed. "
        "What shall it be?",
        "Sorry, you've lost me there. Tell me what you're looking for, or ask about an order.",
    ],
    "declined": ["No worries! What would you like instead?", "Fair enough! Anything else I can dig up?"],
    "found_some": ["Look what I found:", "Ta-da, these fit:"],
    "found_one": ["Look what I found:", "How about this one:"],
    "ask_add": ["Shall I pop it in your cart?", "Into the cart with it?"],
    "ask_which": ["Does one of them make you smile?", "Which one catches your eye?"],
    "added": ["Done! {quantity} × {what} is in your cart.", "Into your cart it goes: {quantity} × {what}."],
    "offer_accepted": ["It's a deal! {title} at {amount} each. Your cart is {total} now."],
}
FRIENDLY: dict[str, list[str]] = {
    "greeting": [
        "Hi{name}, lovely to have you here! I'm {assistant} from {shop}. What are you looking for?",
        "Hello{name}, nice to see you! I'm {assistant} from {shop}. How can I help?",
    ],
    "thanks": [
        "You're very welcome! Anything else I can do for you?",
        "My pleasure, happy to help! Is there anything else?",
    ],
    "goodbye": ["Goodbye, it was lovely talking to you!", "Take care, and see you soon!"],
    "offer_human": ["Would you like to talk to one of my colleagues?"],
}
TONES = {"formal": FORMAL, "playful": PLAYFUL, "friendly": FRIENDLY}

EMOJI = {
    "greeting": "👋",
    "thanks": "😊",
    "goodbye": "👋",
    "added": "🛒",
    "offer_accepted": "🤝",
    "payment_done": "🎉",
}
"""Put behind our own sentences where the agent's personality has `emoji`; a merchant's own say it themselves."""
SHORT_WITHOUT = frozenset({"ask_which", "policy_source", "ready"})
"""What an agent with `verbosity: short` leaves out."""
