"""Goals of customers who want to know something, or to see something."""

from __future__ import annotations

import re
from typing import Any

from agentpay.evals.simulated.descriptions import describe, shows, written
from agentpay.evals.simulated.goals import Draw, Final, Goal, Kind, every, told
from agentpay.evals.simulated.hearing import Seen
from agentpay.evals.simulated.naming import chosen, kind_of
from agentpay.evals.simulated.people import country_name, not_served
from agentpay.evals.simulated.reading import words
from agentpay.evals.simulated.wishes import Chat, Human, Look, Told, denied
from agentpay.evals.simulated.world import Item, World


def nothing_bought(final: Final) -> list[str]:
    return ["something was ordered"] if final.placed else []


# What is looked for


def find(draw: Draw) -> Goal:
    what, fits, _ = describe(draw)
    look = Look(name="looking", fits=fits, what=what, fact=lambda seen: shows(draw.world, seen, fits))
    return Goal(
        [look],
        every(told([look]), nothing_bought),
        f"See {what}; one of {', '.join(sorted(fits))} fits.",
        check_is_state=False,
    )


def browse(draw: Draw) -> Goal:
    world, rng = draw.world, draw.rng
    categories = sorted({item.product.category for item in world.items if item.product.category})
    wishes: list[Any] = []
    if rng.random() < 0.4 or not categories:
        wishes.append(
            Told(
                name="browsing",
                question=lambda me: me.say("browse"),
                fact=lambda seen: bool(seen.shown) or "?" in seen.text,
            )
        )
    for category in rng.sample(categories, k=min(len(categories), rng.choice((1, 2)))):
        wishes.append(_category(world, category))
    leaving = Chat(name="leaving", speech=lambda me: me.say("leave"))
    return Goal(
        [*wishes, leaving], every(told(wishes), nothing_bought), "Look around, buy nothing.", check_is_state=False
    )


def _category(world: World, category: str) -> Told:
    inside = {id for id, items in world.by_product.items() if (items[0].product.category or "").startswith(category)}
    kind, parent = kind_of(category), category.split(">")[0].strip().lower()
    if ">" in category and (
        kind in ("accessories", "classes", "sets", "other", "small things") or not kind.endswith(("s", "ware"))
    ):
        kind = f"{parent.rstrip('s')} {kind}" if kind.endswith("s") else f"{kind} {parent}"
    return Told(
        name="browsing",
        question=lambda me: me.say("browse_kind", kind=kind),
        fact=lambda seen: bool(seen.shown & inside),
    )


# What is asked about a product


def price(draw: Draw) -> Goal:
    world, item = draw.world, draw.rng.choice(draw.world.plentiful)
    items = world.by_product[item.product.external_id]
    exact = bool(item.options) and draw.rng.random() < 0.5
    amounts = [item.price] if exact else sorted({each.price for each in items if not each.sold_out})
    facts = [written(world, amount) for amount in (amounts[0], amounts[-1])]
    wish = Told(
        name="fact",
        question=lambda me: me.say("price", what=me.wanted(item, options=exact) if exact else me.the(item)),
        fact=lambda seen: any(re.search(fact, seen.text) for fact in facts),
    )
    return Goal(
        [wish], every(told([wish]), nothing_bought), f"Hear what {_exactly(item, exact)} costs.", check_is_state=False
    )


def stock(draw: Draw) -> Goal:
    """Half of them ask for what is sold out, where something is."""
    world, rng = draw.world, draw.rng
    gone = [item for item in world.items if item.sold_out]
    item = rng.choice(gone) if gone and rng.random() < 0.5 else rng.choice(world.plentiful)

    def fact(seen: Seen) -> bool:
        gone = re.search(
            r"sold out|out of stock|n't (?:have|any)|not (?:available|in stock)|unavailable|no longer|don't have",
            seen.text,
            re.I,
        )
        there = re.search(r"in stock|available|yes|we have|here's|\d", seen.text, re.I)
        return gone is not None if item.sold_out else there is not None and gone is None

    def ask(me: Any) -> str:
        bare = f"{me.names.product(me.rng, item)}" + (f" in {chosen(me.rng, item)}" if item.options else "")
        return str(me.say("stock", what=f"the {bare}", bare=bare))

    wish = Told(name="fact", question=ask, fact=fact)
    so = "sold out" if item.sold_out else "in stock"
    return Goal(
        [wish],
        every(told([wish]), nothing_bought),
        f"Hear whether {_exactly(item, True)} is in stock (it is {so}).",
        check_is_state=False,
    )


def compare(draw: Draw) -> Goal:
    world, rng = draw.world, draw.rng
    item = rng.choice([each for each in world.plentiful if _rivals(world, each)])
    other = rng.choice(_rivals(world, item))
    prices = [
        [written(world, each.price) for each in world.by_product[one.product.external_id]] for one in (item, other)
    ]
    both = {item.product.external_id, other.product.external_id}
    wish = Told(
        name="fact",
        question=lambda me: me.say("compare", what=me.the(item), other=me.the(other)),
        fact=lambda seen: (
            both <= seen.shown or all(any(re.search(fact, seen.text) for fact in facts) for facts in prices)
        ),
    )
    return Goal(
        [wish],
        every(told([wish]), nothing_bought),
        f"Compare {item.product.title} with {other.product.title}.",
        check_is_state=False,
    )


def _rivals(world: World, item: Item) -> list[Item]:
    """Other products of its category, one variant each."""
    category = item.product.category
    return [
        items[0]
        for id, items in world.by_product.items()
        if id != item.product.external_id and category and items[0].product.category == category
    ]


def _exactly(item: Item, options: bool) -> str:
    return item.product.title + (f" ({', '.join(map(str, item.options.values()))})" if options and item.options else "")


# What is asked about the shop


def shipping(draw: Draw) -> Goal:
    world, rng = draw.world, draw.rng
    country = rng.choice(world.countries[:1] * 2 + world.countries)
    wish = shipping_question(draw, country)
    return Goal(
        [wish],
        every(told([wish]), nothing_bought),
        f"Hear what delivery to {country_name(country)} costs.",
        check_is_state=False,
    )


def shipping_question(draw: Draw, country: str) -> Told:
    """Any of the country's rates is an answer."""
    world, place = draw.world, country_name(country, draw.rng)
    zone = world.zone(country)
    facts = [written(world, rate.amount) if rate.amount else "free" for rate in (zone.rates if zone else ())]
    return Told(
        name="shipping question",
        question=lambda me: me.say("ship_cost", place=place),
        fact=lambda seen: any(re.search(fact, seen.text, re.I) for fact in facts),
        country=country,
    )


def shipping_nowhere(draw: Draw) -> Goal:
    country = draw.rng.choice(not_served(draw.world.countries))
    place = country_name(country, draw.rng)
    wish = Told(
        name="shipping question",
        question=lambda me: me.say("ship_whether", place=place),
        fact=lambda seen: denied(seen.text) and "?" not in seen.question[-1:],
        country=country,
    )
    return Goal(
        [wish],
        every(told([wish]), nothing_bought),
        f"Hear that nothing is sent to {country_name(country)}.",
        check_is_state=False,
    )


_UNESCAPED = re.compile(r"\\(?=[ \-.])")


def topics(world: World) -> list[tuple[list[str], str]]:
    """Questions with the pattern of what answers them: an article must have it, and the question must be about that article."""
    found = []
    for entry in words("questions")["topics"]:
        for article in world.store.articles:
            if re.search(entry["title"], article.title, re.I) and (
                match := re.search(entry["fact"], article.body, re.I)
            ):
                found.append((entry["questions"], entry["fact"] if entry.get("loose") else re.escape(match[0])))
                break
    return found


def topic(draw: Draw) -> Goal:
    """A question of the bank, or one about an article by its title."""
    world, rng = draw.world, draw.rng
    known = topics(world)
    if known and (rng.random() < 0.7 or not world.store.articles):
        asked, fact = rng.choice(known)
        wish = Told(
            name="fact",
            question=lambda me: me.say("topic_question", question=me.rng.choice(asked)),
            fact=lambda seen: re.search(fact, seen.text, re.I) is not None,
        )
        brief = f"{asked[0]} (Answer: {_UNESCAPED.sub('', fact)})"
        return Goal([wish], every(told([wish]), nothing_bought), brief, check_is_state=False)
    article = rng.choice(world.store.articles)
    sentences = [_plain(sentence) for sentence in re.split(r"(?<=[.!?])\s+", article.body) if len(sentence) > 20]
    name = re.sub(r"^(?:which|what|how) .*", article.title.rstrip("?"), article.title, flags=re.I)
    wish = Told(
        name="fact",
        question=lambda me: me.say("topic", topic=name[0].lower() + name[1:].rstrip("?")),
        fact=lambda seen: any(sentence in _plain(seen.text) for sentence in sentences),
    )
    return Goal([wish], every(told([wish]), nothing_bought), f"Hear about: {article.title}", check_is_state=False)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def not_sold(draw: Draw) -> Goal:
    what = draw.rng.choice(absent(draw.world))
    wish = Told(name="fact", question=lambda me: me.say("not_sold", what=what), fact=lambda seen: denied(seen.text))
    return Goal(
        [wish],
        every(told([wish]), nothing_bought),
        f"Ask for {what}, which the shop does not have, and be told so.",
        servable=False,
        check_is_state=False,
    )


def absent(world: World) -> list[str]:
    """Things that nothing in the shop has a word of."""
    texts = [
        f"{item.product.title} {item.product.description} {item.product.category} {item.product.attributes}"
        for item in world.items
    ]
    had = set(re.findall(r"[a-z]+", " ".join(texts).casefold()))
    had |= {word.rstrip("s") for word in had}
    return [
        thing
        for thing in words("questions")["things"]
        if not any(
            word.rstrip("s") in had
            for word in re.findall(r"[a-z]+", thing)
            if word not in ("a", "an", "some", "for", "of")
        )
    ]


def human(draw: Draw) -> Goal:
    wish = Human(name="human")
    return Goal(
        [wish],
        lambda final: [] if final.conversation["status"] == "handed_off" else ["no person took over"],
        "Be handed over to a person.",
    )


KINDS = [
    Kind("find", 90, find, lambda world: bool(world.plentiful)),
    Kind("browse", 40, browse, lambda world: bool(world.items)),
    Kind("price", 30, price, lambda world: bool(world.plentiful)),
    Kind("stock", 40, stock, lambda world: bool(world.plentiful)),
    Kind("compare", 30, compare, lambda world: any(_rivals(world, item) for item in world.plentiful)),
    Kind("shipping", 35, shipping, lambda world: bool(world.countries)),
    Kind("shipping-nowhere", 20, shipping_nowhere, lambda world: bool(world.countries)),
    Kind("topic", 60, topic, lambda world: bool(world.store.articles)),
    Kind("not-sold", 35, not_sold, lambda world: bool(absent(world))),
    Kind("human", 25, human),
]
