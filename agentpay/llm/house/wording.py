"""The house model's sentences. Several wordings a key; fields in braces are filled in (saying.py)."""

from __future__ import annotations

from agentpay.llm.house.aftersale.sentences import SENTENCES

WORDINGS: dict[str, list[str]] = {
    "greeting": [
        "Hi{name}! I'm {assistant} from {shop}. What are you looking for today?",
        "Hello{name}, {assistant} from {shop} here. How can I help?",
    ],
    "small_talk": [
        "All well here, thank you for asking! What can I do for you?",
        "Can't complain, thanks! What can I do for you?",
    ],
    "thanks": ["You're welcome! Anything else I can help with?", "My pleasure. Is there anything else?"],
    "goodbye": ["Goodbye, and thanks for stopping by!", "Take care, see you soon!"],
    "not_understood": [
        "I'm not sure I got that. I can find products, put an order together, or look after an order you have placed. "
        "What would you like?",
        "Sorry, I didn't quite follow. Tell me what you're looking for, or ask about an order.",
    ],
    "not_dictated": [
        "Prices and rules come from the shop, I can't change them. Is there something I can find for you?"
    ],
    "who_i_am": ["I'm {assistant}, the automatic assistant of {shop}. I can bring in a person whenever you like."],
    "declined": ["No problem. What would you like instead?", "All right. Is there anything else I can help with?"],
    "found_one": ["Here's what fits:", "I'd suggest this one:"],
    "found_some": ["Here's what I found:", "These fit:", "Here are a few that fit:"],
    "found_near": ["This may be what you need:", "Perhaps this helps:"],
    "found_shop": ["Here's a look at what we have:"],
    "found_over_budget": ["I don't have anything like that for {budget}. The closest we have:"],
    "found_without": ["I don't have exactly that; these come closest:"],
    "my_pick": ["I'd go for this one:", "My pick of these:"],
    "goes_with": ["These go with {title}:"],
    "needed_is": ["That would be **{title}**, {price}."],
    "needs_nothing": ["The shop's data names nothing else that {title} would need."],
    "ask_add_both": ["Shall I put both in your cart?"],
    "goes_with_nothing": ["I have nothing in particular to go with {title}."],
    "found_nothing": [
        "I'm sorry, we don't have {query}. Tell me what you need it for and I'll see what could do the job.",
        "Sorry, we don't carry {query}. Is there anything else I can look for?",
    ],
    "ask_add": ["Shall I put it in your cart?", "Would you like to add it to your cart?"],
    "ask_add_again": ["And {title}: shall I put it in your cart?"],
    "in_cart_already": ["{what} is in your cart already. Shall I get your payment link ready?"],
    "upsell": [
        "By the way, {suggestion} would go well with it. Shall I show you?",
        "The shop suggests {suggestion} to go with it. Would you like to have a look?",
    ],
    "ask_which": ["Would you like to know more about one of them?", "Does one of these suit you?"],
    "which_product": ["Which one do you mean: {candidates}?"],
    "product_needed": ["Which product do you mean?", "Which product would that be?"],
    "compared_one": ["Here is how they differ:"],
    "compare_needed": ["Which products shall I compare? Name two or three of them."],
    "no_such_product": ["I'm sorry, we don't have {query}.", "Sorry, I don't find {query} in our shop."],
    "in_stock": ["Yes, {what} is in stock, at {price}.", "Yes, we have {what}, {price}."],
    "in_stock_few": [
        "Yes, {what} is in stock at {price}, only {left} left.",
        "Yes, {what}, {price}. There are {left} left.",
    ],
    "in_stock_several": ["{title} is in stock: {variants}.", "We have {title} in stock: {variants}."],
    "out_of_stock": ["I'm sorry, {what} is out of stock right now.", "Sorry, {what} is sold out at the moment."],
    "not_made": ["{title} doesn't come in {wanted}."],
    "in_stock_instead": ["In stock: {variants}."],
    "only_left": ["Only {left} of {what} left in stock. Shall I put {more} in your cart?"],
    "all_in_cart": ["We only have {left} of {what}, and it is all in your cart already."],
    "that_is": ["{what} is in stock, at {price}."],
    "comes_as": ["It comes as {variants}."],
    "price_is": ["{what} is {price}.", "{what} costs {price}."],
    "attribute_is": ["{title}, {name}: {value}."],
    "attribute_yes": ["Yes. {title}, {name}: yes."],
    "attribute_no": ["No. {title}, {name}: no."],
    "attribute_untold": ["The shop's data says nothing about that for {title}."],
    "attribute_unknown": ["The shop's data says nothing about that for {title}. What it does say:"],
    "link_updated": ["I've updated your order: it comes to {total}{parts} now. The payment link is the same: {url}"],
    "added": ["Added {quantity} × {what} to your cart.", "Done: {quantity} × {what} is in your cart."],
    "set": ["Your cart now has {quantity} × {what}.", "Changed to {quantity} × {what}."],
    "removed": ["I've taken {what} out of your cart.", "{what} is out of your cart."],
    "reduced": ["Your cart now has {quantity} × {what}."],
    "cleared": ["Your cart is empty now."],
    "not_in_cart": ["{what} is not in your cart."],
    "which_line": ["Which one do you mean: {candidates}?"],
    "cart_empty": ["Your cart is empty. What are you looking for?"],
    "cart_left": [
        "Your cart is still here: {what}, {total}. Shall I get your payment link ready, or is there something I can answer?"
    ],
    "cart_total": ["Cart total: {total}."],
    "variant_needed": [
        "Which one would you like? {title}: {variants}.",
        "{title}: there is {variants}. Which one shall it be?",
    ],
    "variant_again": ["And which {title} shall it be? There is {variants}."],
    "usual_size": ["You usually take {size}: shall it be that one?", "Shall it be your usual {size}?"],
    "variant_missing": ["{title} doesn't come in {wanted}. There is {variants}. Which one would you like?"],
    "code_takes": ["{code} takes {discount} off. Your cart is {total} now."],
    "code_applied": ["{code} ({description} off) takes {discount} off. Your cart is {total} now."],
    "code_waits": [
        "{code} is valid ({description} off). It takes effect as soon as something it covers is in your cart."
    ],
    "code_replaced": ["It takes the place of {before}: a cart has one code."],
    "code_was_better": [
        "It takes the place of {before}: a cart has one code. {before} took more off, so tell me if you'd rather keep it."
    ],
    "code_capped": ["It stops there: the rest of the code does not apply to these items."],
    "code_refused": ["I can't apply {code}: {reason}"],
    "code_needed": ["If you have a discount code, tell me and I'll apply it."],
    "offer": [
        "I can do {amount} each for {title} instead of {list_price}. Do we have a deal?",
        "For you: {title} at {amount} instead of {list_price}. Would you like it at that price?",
    ],
    "offer_final": ["{amount} for {title}, and that is as far as I can go. Shall we do it?"],
    "offer_asked": ["That needs a colleague's approval. I've asked; you'll hear here."],
    "offer_refused": [
        "I can't go lower on {title}. At {list_price} it's yours whenever you like.",
        "{list_price} is the price for {title}; I have no room there, sorry.",
    ],
    "offer_which": ["I can see about the price once I know which one it is."],
    "offer_lowest": ["With {code} that is as low as it goes, sorry: {total}."],
    "offer_and_code": ["{code} comes off that, too."],
    "offer_fixed": ["The price of {title} is fixed; I have no room there, sorry."],
    "offer_stands": [
        "That price stands: {amount} each for {quantity} × {what} in your cart. Shall I get the payment link?"
    ],
    "offer_accepted": ["Deal! {title} at {amount} each. Your cart is {total} now."],
    "offer_gone": ["That offer is no longer open. Shall I see what I can do now?"],
    "offer_product": ["For which product would you like a better price?"],
    "shipping_options": ["Shipping to {country}: {options}."],
    "free_from": ["Delivery is free with {rates}."],
    "free_always": ["Delivery is free with {rates}, whatever you order."],
    "free_never": ["There is always something to pay for shipping{where}."],
    "shipping_of": ["Shipping {what} to {country}: {options}."],
    "shipping_unfit": ["{name} is not possible for that: its weight or value is beyond what {name} takes."],
    "shipping_too_heavy": ["We can't send that to {country}: it is more than any of our carriers takes there."],
    "shipping_none": ["I'm sorry, we don't ship to {country}."],
    "shipping_not_needed": ["Nothing in your cart needs shipping; it comes by e-mail."],
    "shipping_country": ["Which country should it go to?"],
    "noted": ["Thanks, I've noted {details}."],
    "email_invalid": ["That e-mail address doesn't look right. Could you check it?"],
    "address_country": ["Which country is that address in?"],
    "address_postcode": ["And what is the postcode of {address}?"],
    "ready": ["Just say when you're ready to pay."],
    "missing_one": ["One thing is still open for your payment link: {missing}. Could you give me that?"],
    "missing": ["To get your payment link ready I need {missing}."],
    "link": ["Your order comes to {total}{parts}. You can pay here: {url}"],
    "link_failed": ["I can't make the payment link yet: {reason}"],
    "payment_open": ["Your payment hasn't come through yet, and nothing was charged. You can pay here: {url}"],
    "payment_failed": [
        "The payment was declined, and nothing was charged. You can try again, with another card too: {url}"
    ],
    "payment_pending": [
        "Your payment is on its way; the bank has not settled it yet. I'll write here when it is through."
    ],
    "payment_done": ["Your payment of {total} came through. Your order number is {number}."],
    "payment_over": ["That payment link is no longer open, and nothing was charged. Shall I make a new one?"],
    "payment_none": ["No payment has been started here yet."],
    "order_is": ["Order {number}: {status}."],
    "order_tracking": ["It's on its way with {carrier}, tracking number {tracking}."],
    "order_delivered": ["It was delivered on {date}."],
    "order_not_shipped": ["It has not shipped yet."],
    "order_unknown": ["I can't find order {number} on your account."],
    "order_none": ["I don't see any orders on your account."],
    "verify": [
        "So that orders stay private I need two things: the order number and the e-mail address it was placed with."
    ],
    "verify_number": ["Thanks. And what is the order number?"],
    "verify_email": ["To look that up I need the e-mail address the order was placed with."],
    "verify_failed": ["That order number and e-mail address don't belong together. Could you check both?"],
    "by_a_person": [
        "I can't do that myself, but a colleague can. Shall I pass you on?",
        "That's something a colleague has to do. Shall I hand you over?",
    ],
    "policy_unknown": ["I don't find anything about that in our shop's pages. Shall I ask a colleague?"],
    "no_account_needed": ["You don't need an account to buy here; your e-mail address is enough."],
    "policy_source": ["({title})"],
    "sorry": ["I'm sorry about that.", "I'm sorry to hear that."],
    "offer_human": ["Would you like to talk to a person?"],
    "concern_self_harm": [
        "I'm really sorry that you're feeling this way. I'm only a shop's assistant, but you don't have to be alone with "
        "this: please call your local emergency number or a crisis line now, or talk to someone you trust. "
        "Shall I also bring in a person from our team?"
    ],
    "concern_threat": [
        "I can't go on with a conversation like this. If something went wrong with your order, a colleague can look into "
        "it with you. Would you like to talk to a person?"
    ],
    "concern_abuse": [
        "I'd like to help, and I can do that best if we stay friendly. Tell me what went wrong, or shall I bring in a "
        "colleague?"
    ],
    "concern_others_data": [
        "I can only talk about your own orders and details; what belongs to other people stays private. "
        "Is there something of yours I can look up?"
    ],
    "handed_over": [
        "I've handed you over to a colleague. They'll write to you here.",
        "A colleague takes over now and will write to you here.",
    ],
    "escalated": [
        "I'm not getting anywhere with this, so I've handed you over to a colleague. They'll write to you here.",
        "I'd better bring in a colleague for this. They'll write to you here.",
    ],
    "handover_mail": ["You can also write to {email}."],
    "tool_failed": ["Something went wrong on our side just now. Please try again in a moment."],
    "other_language": ["I'm sorry, I can only help in English here. What are you looking for?"],
}
WORDINGS |= SENTENCES
