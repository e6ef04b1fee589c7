"""What a customer answers when the shop asks back: from what they know and want, the most specific question first."""

from __future__ import annotations

from agentpay.evals.simulated.hearing import Ask, Seen
from agentpay.evals.simulated.naming import chosen, difference
from agentpay.evals.simulated.paying import CheckOut
from agentpay.evals.simulated.people import country_name
from agentpay.evals.simulated.wishes import Human, Voice, Wish


def answer(me: Voice, wish: Wish, seen: Seen) -> tuple[Ask, str] | None:
    """The question that is answered, and the answer; None where nothing was asked that the customer would answer."""
    for ask in seen.asks:
        text = _to(ask, me, wish, seen)
        if text is not None:
            return ask, text
    return None


def _to(ask: Ask, me: Voice, wish: Wish, seen: Seen) -> str | None:
    person, also = me.person, set(seen.asks)
    match ask:
        case "confirm":
            agreed = wish.agrees(seen)
            if agreed is None:
                return None
            return me.say("yes") if agreed else _no_rather(me, wish, seen)
        case "human":
            return me.say("yes") if isinstance(wish, Human) else None
        case "order_number" | "which_order":
            if wish.order is None:
                return None
            if "email" in also and not person.signed_in:
                person.told.add("email")
                return me.say("give_order_email", number=wish.order.number, email=wish.order.email)
            return me.say("give_order", number=wish.order.number)
        case "email" | "address" if isinstance(wish, CheckOut):
            return _details(me, wish, also)
        case "email" if wish.order is not None:
            person.told.add("email")
            return me.say("give_email", email=wish.order.email)
        case "address":
            address = wish.address
            return me.say("give_address", address=me.address(address)) if address is not None else None
        case "country":
            return me.say(
                "give_country", country=country_name(wish.country or (wish.address or person.address).country, me.rng)
            )
        case "shipping_option":
            return me.say("give_option", option=wish.option) if wish.option is not None else None
        case "name":
            return me.say("give_name", name=person.name)
        case "reason":
            return me.say("reason_is", reason=wish.reason) if wish.reason else None
        case "variant" | "instead":
            item = wish.wants(ask, seen)
            if item is None:
                return None
            if item.product.title.casefold() in seen.text.casefold() and item.options:
                old = wish.wants("order_item", seen)
                if ask == "instead" and old is not None and old != item:
                    return me.say("variant_is", choice=difference(item, old)[0])
                return me.say("variant_is", choice=chosen(me.rng, item))
            return me.say("insist", what=f"the {item.product.title}")
        case "product" | "order_item":
            item = wish.wants("order_item", seen)
            return None if item is None else me.say("insist", what=f"the {item.product.title}")
    return None


def _no_rather(me: Voice, wish: Wish, seen: Seen) -> str:
    what = []
    item = wish.wants("order_item", seen)
    if item is not None:
        what.append(f"the {item.product.title}")
    if wish.order is not None:
        what.append(f"order {wish.order.number}")
    return me.say("no_rather", what=" from ".join(what)) if what else me.say("no")


def _details(me: Voice, wish: CheckOut, also: set[Ask]) -> str | None:
    """For a new order: all that was asked for, or one after the other."""
    person, parts = me.person, []
    if "email" in also and "email" not in person.told:
        person.told.add("email")
        parts.append(me.say("give_email", email=person.email))
        if "address" in also and wish.ships and person.chance(0.45):  # one thing at a time
            return parts[0]
    if "address" in also and wish.ships:
        person.told.add("address")
        parts.append(me.say("give_address", address=me.address(wish.address or person.address)))
    if not parts and "email" in also:
        parts.append(me.say("give_email", email=person.email))
    return ", ".join(part.rstrip(".") for part in parts) or None
