"""What support says, by key (see phrasing.py)."""

from __future__ import annotations

SENTENCES: dict[str, list[str]] = {
    "order_which": ["Which order do you mean: {orders}?"],
    "ask_yes": ["Shall I do that?", "Is that right? A yes is enough and I'll do it."],
    "ask_yes_all": ["Shall I do all of that?"],
    "left_as_it_is": ["All right, I've left everything as it is.", "No problem, nothing has been changed."],
    "cancel_ask": [
        "Order {number} ({what}) has not shipped yet. If I cancel it, {amount} goes back to {method}. This cannot be undone."
    ],
    "cancel_ask_free": ["Order {number} ({what}) has not shipped yet, so I can cancel it. This cannot be undone."],
    "cancel_impossible": ["I can't cancel order {number}: {reason}."],
    "return_instead": ["You can return it, though: just tell me if you'd like that for order {number}."],
    "return_later": ["Once it has arrived you can return it; just write to me then."],
    "change_impossible": ["I can't change order {number} any more: {reason}."],
    "return_which": ["Order {number} holds {items}. What would you like to send back?"],
    "return_ask": [
        "I'll register the return of {what} from order {number}. As soon as it has arrived with us, {amount} goes back to {method}."
    ],
    "exchange_which": ["Order {number} holds {items}. Which of them would you like to exchange?"],
    "exchange_to": ["What would you like instead of {what}? There is {variants}."],
    "exchange_ask": ["I'll exchange {what} (order {number}), {money}."],
    "items_ask": ["I'll change order {number}: {what}, {money}."],
    "swap_same": ["at the same price"],
    "swap_more": ["which costs {amount} more: you get a payment link for the difference"],
    "swap_more_method": ["which costs {amount} more, for your {method}"],
    "swap_less": ["which costs {amount} less: the difference goes back to {method}"],
    "change_which": ["Order {number} holds {items}. Which of them do you mean?"],
    "count_none": ["I'll take {what} out of order {number}. About {amount} goes back to you."],
    "count_less": ["I'll change order {number} to {units} × {what}. About {amount} goes back to you."],
    "count_more": ["I'll change order {number} to {units} × {what}, which costs about {amount} more."],
    "counts": ["I'll change order {number} to {what}."],
    "count_back": [" ({amount} less)"],
    "count_costs": [" ({amount} more)"],
    "not_added": [
        "I can't put anything further into order {number} now that it is placed; it would be an order of its own."
    ],
    "payment_which": [
        "Order {number} was paid with {method}. Which of your stored payment methods shall be charged instead?"
    ],
    "payment_ask": ["I'll charge {amount} for order {number} to your {method}, and what was paid before goes back."],
    "refund_nothing": ["Everything that was paid for order {number} has been given back already."],
    "refund_which": ["Order {number} holds {items}. Which of them is it about, or is it all of it?"],
    "refund_ask": ["I'll refund {amount} of order {number} to {method}."],
    "refund_ask_for": ["I'll refund {amount} for {what} of order {number} to {method}."],
    "not_sent_yet": ["Order {number} has not shipped yet, so there is nothing to send back."],
    "not_arrived_yet": ["Order {number} has not been delivered yet. Once it has arrived, tell me and I'll see to it."],
    "window_over": ["I'm sorry, the {kind} window for order {number} closed on {reason}, so I can't do that myself."],
    "not_returnable_now": ["I'm sorry, that isn't possible for order {number}: {reason}"],
    "order_number_please": ["Which order is it, then? Please give me its number."],
    "address_which": ["Where should order {number} go? Please give me the street, city, postcode and country."],
    "needs_a_colleague": ["That needs a colleague's approval. I've asked; you'll hear here."],
    "cancelled": ["Order {number} is cancelled. {amount} goes back the way it was paid."],
    "cancelled_free": ["Order {number} is cancelled."],
    "refunded": ["Done: {amount} of order {number} is on its way back to you."],
    "return_made": [
        "The return of {what} from order {number} is registered. {amount} goes back to you when it has arrived with us."
    ],
    "exchange_made": ["The exchange of {what} from order {number} is registered; the new item is set aside for you."],
    "pay_difference": ["Please pay the difference of {amount} here: {url}"],
    "difference_later": ["The difference of {amount} is charged when the old item has arrived with us."],
    "difference_back": ["The difference of {amount} goes back to you when the old item has arrived with us."],
    "difference_charged": ["{amount} more has been charged."],
    "difference_given": ["{amount} goes back to you."],
    "change_waits": ["The change of order {number} costs {amount} more. It is made as soon as that is paid: {url}"],
    "address_changed": ["Order {number} goes to {address} now."],
    "payment_changed": ["Order {number} is paid with that method now; what was paid before goes back."],
    "items_changed": ["Order {number} is changed. It comes to {total} now."],
    "not_done": ["I couldn't do that: {reason}"],
    "account_address": ["What is your new address? Please give me the street, city, postcode and country."],
    "account_changed": ["I've changed {details}. Orders you have placed keep theirs."],
    "account_same": ["That is what we have on file already."],
    "order_items": ["It holds {items}, {total} in all."],
    "orders_besides": ["Besides it there is {orders}."],
    "order_paid_with": ["Order {number} was paid with {method}; that is where money for it goes back."],
    "all_set": ["All set. Is there anything else I can help with?", "Good, that's done. Anything else?"],
    "order_refunded": ["{amount} of it has been given back."],
    "return_under_way": ["Registered for it: {kind} of {what} ({status})."],
    "not_in_order": ["I don't see {what} in order {number}."],
    "task_again": ["And shall I go ahead with the {what} of order {number}?"],
    "task_again_all": ["And shall I go ahead with what I proposed?"],
}
