"""Goals of customers who buy: carts that are put together, corrected and paid for, with codes and without."""

from __future__ import annotations

from collections.abc import Callable

from agentpay.commerce.importing.models import DiscountRow
from agentpay.evals.simulated.descriptions import describe, shows
from agentpay.evals.simulated.goals import Check, Draw, Final, Goal, Kind, every, told
from agentpay.evals.simulated.goals_asking import shipping_question
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.paying import Card, CheckOut, Haggle, Pay
from agentpay.evals.simulated.people import country_name
from agentpay.evals.simulated.wishes import Hold, Look, Speech, Told, UseCode, Voice, Wish
from agentpay.evals.simulated.world import Item, World

_FEW = (1, 1, 1, 1, 1, 2, 2, 3)


# Parts of goals


def some_item(draw: Draw, fits: Callable[[Item], bool] = lambda item: True) -> Item:
    return draw.rng.choice([item for item in draw.world.plentiful if fits(item)])


def known_or_not(draw: Draw) -> None:
    """Four of ten buyers are signed in; half of those the shop has an address of."""
    person = draw.person
    person.signed_in = draw.rng.random() < 0.4
    if person.signed_in and draw.rng.random() < 0.5:
        draw.world.knows(person)


def cart(draw: Draw, target: dict[Item, int], opening: Speech | None = None) -> Hold:
    rng = draw.rng
    vague = rng.random() < 0.3 and any(len(draw.world.by_product[item.product.external_id]) > 1 for item in target)
    return Hold(name="cart", target=target, opening=opening, vague=vague, at_once=rng.random() < 0.4)


def link(draw: Draw, target: dict[Item, int]) -> CheckOut:
    """The payment link; mostly with a kind of shipping in mind."""
    world, rng, person = draw.world, draw.rng, draw.person
    ships = any(item.variant.requires_shipping for item in target)
    option = None
    if ships:
        grams = sum(item.variant.weight_grams * count for item, count in target.items())
        subtotal = sum(item.price * count for item, count in target.items())
        names = list(world.rates(person.address.country, subtotal * 3 // 4, grams))
        option = rng.choice(names) if names and rng.random() < 0.6 else None
    return CheckOut(
        name="payment link",
        target=target,
        ships=ships,
        option=option,
        at_once=rng.random() < 0.35,
        address=person.address,
    )


def paid_for(target: dict[Item, int], more: Callable[[Final], list[str]] = lambda final: []) -> Check:
    """One paid order, of exactly this."""
    wanted = {item.id: count for item, count in target.items()}

    def check(final: Final) -> list[str]:
        if not final.placed:
            return ["nothing was ordered"]
        if len(final.placed) > 1:
            return [f"{len(final.placed)} orders were placed"]
        order = final.placed[0]
        unmet = [] if order.lines == wanted else [f"ordered {order.lines}, wanted {wanted}"]
        unmet += [] if order.status == "paid" else [f"the order is {order.status}"]
        return unmet + more(final)

    return check


def _sent_to(draw: Draw, target: dict[Item, int]) -> Callable[[Final], list[str]]:
    ships = any(item.variant.requires_shipping for item in target)
    address = draw.person.address

    def check(final: Final) -> list[str]:
        sent = final.placed[0].address
        if ships and not (
            _same(sent.get("line1"), address.line1)
            and _same(sent.get("postal_code"), address.postal_code)
            and sent.get("country") == address.country
        ):
            return [f"it goes to {sent}"]
        return []

    return check


def _same(one: object, other: str) -> bool:
    def plain(text: object) -> str:
        return "".join(letter for letter in str(text).casefold() if letter.isalnum())

    return plain(one) == plain(other)


def purchase(
    draw: Draw,
    target: dict[Item, int],
    before: list[Wish],
    brief: str,
    *,
    cards: tuple[Card, ...] = ("success",),
    more: Callable[[Final], list[str]] = lambda final: [],
    after: list[Wish] | None = None,
) -> Goal:
    """What comes first, then the link, the payment and what is asked after it."""
    checkout = link(draw, target)
    pay = Pay(
        name="payment",
        cards=list(cards),
        asks_after=draw.rng.random() < 0.5,
    )
    wishes = [*before, checkout, pay, *(after or [])]
    questions = [wish for wish in wishes if isinstance(wish, Told)]
    sent = _sent_to(draw, target)
    return Goal(
        wishes, every(paid_for(target, lambda final: sent(final) + more(final)), told(questions)), brief, buys=True
    )


def named(target: dict[Item, int]) -> str:
    return ", ".join(
        f"{count} × {item.product.title} {'/'.join(map(str, item.options.values()))}".strip()
        for item, count in target.items()
    )


def several(draw: Draw, count: int) -> dict[Item, int]:
    """Different products, of one shop bag."""
    target: dict[Item, int] = {}
    products: set[str] = set()
    while len(target) < count:
        item = some_item(draw)
        if item.product.external_id not in products:
            products.add(item.product.external_id)
            target[item] = draw.rng.choice(_FEW)
    return target


# Goals


def buy_one(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw): draw.rng.choice(_FEW)}
    return purchase(draw, target, [cart(draw, target)], f"Buy {named(target)}.")


def buy_several(draw: Draw) -> Goal:
    known_or_not(draw)
    target = several(draw, draw.rng.choice((2, 2, 3)))
    return purchase(draw, target, [cart(draw, target)], f"Buy {named(target)}.")


def buy_digital(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw, lambda item: not item.variant.requires_shipping): 1}
    return purchase(draw, target, [cart(draw, target)], f"Buy {named(target)}, which is not shipped.")


def find_and_buy(draw: Draw) -> Goal:
    """Looks first, then takes the product the description was drawn from."""
    known_or_not(draw)
    what, fits, item = describe(draw)
    look = Look(name="looking", fits=fits, what=what, fact=lambda seen: shows(draw.world, seen, fits))
    target = {item: 1}

    def choose(me: Voice) -> str:
        return me.say("want", what=me.wanted(item, options=me.person.chance(0.7)))

    return purchase(draw, target, [look, cart(draw, target, choose)], f"Look for {what}, then buy {named(target)}.")


def shipping_first(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw, lambda item: item.variant.requires_shipping): 1}
    asks = shipping_question(draw, draw.person.address.country)
    asks.optional = True
    order: list[Wish] = [asks, cart(draw, target)] if draw.rng.random() < 0.5 else [cart(draw, target), asks]
    place = country_name(draw.person.address.country)
    return purchase(draw, target, order, f"Ask what delivery to {place} costs, then buy {named(target)}.")


def with_code(draw: Draw) -> Goal:
    known_or_not(draw)
    world, rng = draw.world, draw.rng
    code = rng.choice([code for code in world.store.discounts if world.usable(code) and _goods(world, code)])
    item = rng.choice(_goods(world, code))
    count = max(rng.choice((1, 1, 2)), -(-(code.min_subtotal or 0) // item.price))
    target = {item: count}
    use = UseCode(name="code", code=code.code, target=target)

    def taken_off(final: Final) -> list[str]:
        return [] if final.placed[0].discount > 0 else ["the code took nothing off"]

    return purchase(
        draw, target, [cart(draw, target), use], f"Buy {named(target)} with the code {code.code}.", more=taken_off
    )


def _goods(world: World, code: DiscountRow) -> list[Item]:
    """What a code can be used for without buying very many."""
    return [
        item
        for item in world.plentiful
        if world.covers(code, item) and item.price * 4 >= (code.min_subtotal or 0) and (item.variant.floor is None)
    ]


def dead_code(draw: Draw) -> Goal:
    """A code that is over; the customer buys all the same."""
    known_or_not(draw)
    world, rng = draw.world, draw.rng
    dead = [code.code for code in world.store.discounts if world.dead(code)]
    code = rng.choice([*dead, *dead, f"WELCOME{rng.randint(30, 70)}"])
    target = {some_item(draw): 1}
    use = UseCode(name="code", code=code, works=False, target=target, optional=True)

    def nothing_off(final: Final) -> list[str]:
        unmet = [] if use.heard else ["not told that the code is no good"]
        return unmet + (["the code took something off"] if final.placed[0].discount else [])

    return purchase(
        draw,
        target,
        [cart(draw, target), use],
        f"Try {code}, which is no good, then buy {named(target)}.",
        more=nothing_off,
    )


def haggle(draw: Draw) -> Goal:
    """Whoever can pay what the agent may give gets a deal; the others pay the list price after all."""
    known_or_not(draw)
    world, rng = draw.world, draw.rng
    item = rng.choice(world.negotiable)
    target = {item: 1}
    assert world.store.agent is not None, "somebody haggles for the shop"
    assert item.variant.floor is not None, "it can be negotiated"
    least = max(item.price * (100 - world.store.agent.rules.max_discount_percent) // 100, item.variant.floor)
    limit = least + (item.price - least) * rng.randint(60, 95) // 100
    wish = Haggle(name="haggling", item=item, limit=limit)

    def deal(final: Final) -> list[str]:
        paid = final.placed[0].subtotal - final.placed[0].discount
        return [] if paid <= limit else [f"paid {paid}, had {limit}"]

    return purchase(
        draw, target, [cart(draw, target), wish], f"Buy {named(target)} for {world.money(limit)} at most.", more=deal
    )


def declined(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw): 1}
    return purchase(
        draw,
        target,
        [cart(draw, target)],
        f"Buy {named(target)}; the first card is declined.",
        cards=("decline", "success"),
    )


def secure(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw): 1}
    return purchase(
        draw, target, [cart(draw, target)], f"Buy {named(target)} with 3-D Secure.", cards=("three_d_secure",)
    )


def delayed(draw: Draw) -> Goal:
    known_or_not(draw)
    target = {some_item(draw): 1}
    return purchase(
        draw,
        target,
        [cart(draw, target)],
        f"Buy {named(target)} with a payment that settles later.",
        cards=("delayed",),
    )


def asks_after(draw: Draw) -> Goal:
    """Pays, then wants to know whether it worked."""
    known_or_not(draw)
    target = {some_item(draw): 1}

    def fact(seen: Seen) -> bool:
        number = next((block.get("number") for block in seen.blocks if block["type"] == "order"), None)
        return (number is not None and str(number) in seen.text) or "order" in [block["type"] for block in seen.blocks]

    asks = Told(name="fact", question=lambda me: me.say("paid_follow_up"), fact=fact)
    return purchase(draw, target, [cart(draw, target)], f"Buy {named(target)}, then ask about the order.", after=[asks])


KINDS = [
    Kind("buy", 80, buy_one, lambda world: bool(world.plentiful)),
    Kind("buy-several", 55, buy_several, lambda world: len(world.by_product) > 4),
    Kind(
        "buy-digital",
        15,
        buy_digital,
        lambda world: any(not item.variant.requires_shipping for item in world.plentiful),
    ),
    Kind("find-and-buy", 45, find_and_buy, lambda world: bool(world.plentiful)),
    Kind("shipping-then-buy", 25, shipping_first, lambda world: bool(world.countries)),
    Kind(
        "buy-with-code",
        40,
        with_code,
        lambda world: any(world.usable(code) and _goods(world, code) for code in world.store.discounts),
    ),
    Kind("dead-code", 20, dead_code, lambda world: any(world.dead(code) for code in world.store.discounts)),
    Kind("haggle", 35, haggle, lambda world: bool(world.negotiable)),
    Kind("declined", 20, declined, lambda world: bool(world.plentiful)),
    Kind("secure", 10, secure, lambda world: bool(world.plentiful)),
    Kind("delayed", 8, delayed, lambda world: bool(world.plentiful)),
    Kind("buy-then-ask", 20, asks_after, lambda world: bool(world.plentiful)),
]
