"""Finding and comparing products; whether they are there and what they cost."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.harm import told_of
from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles
from agentpay.llm.house.asking import ask_which, show
from agentpay.llm.house.facts import content, sharing, sharing_words
from agentpay.llm.house.needing import without_add_ons
from agentpay.llm.house.picking import ANEW, chosen_among_shown
from agentpay.llm.house.purposes import asks_for_goods, asks_for_size, for_whom, interest, used_for
from agentpay.llm.house.putting import put
from agentpay.llm.house.refs import kind, named, spoken_of, stems, stems_in_order
from agentpay.llm.house.rereading import tells
from agentpay.llm.house.several import each_named, show_each
from agentpay.llm.house.talk import Ask, Plan, Talk

UNKNOWN = ("product_not_found", "ambiguous_product")
"""What tools answer to words that name no product, or several."""
_NARROWING = ("price_min", "price_max", "brand", "category", "attributes", "options", "sort")
_ORDERING = re.compile(
    r"\b(?:please|pls|plz)\W*$|\b(?:i want|i'?d like|i would like|i'?ll have|give me|gimme|get me|need)\b", re.I
)
_ARTICLES = frozenset({"the", "a", "an"})
_FOR_WHOM = re.compile(r"\s+for (?:my|our|his|her|their|the|an?|me|us|mum|mom|dad)\b.*$", re.I)
_PLEASE = re.compile(r"\b(?:please|pls|plz)\W*$", re.I)
_ASKING = re.compile(
    r"\?|\b(?:show|find|search|looking|look for|recommend|suggest|something|anything|any|some|do you|have you|got|which|what|list"
    r"|browse|see|cheap\w*)\b",
    re.I,
)
_CHILD = re.compile(
    r"\b(?:child\w*|kids?|toddlers?|bab(?:y|ies)|niece|nephew|(?:grand)?(?:son|daughter)|boy|girl"
    r"|(?:[1-9]|1[0-2])[- ]?(?:years?|yrs?)[- ]?olds?)\b",
    re.I,
)
_LOOKING = re.compile(
    r"\b(?:just|only) (?:having a |taking a )?(?:look\w*|brows\w*)\b|\bhav\w+ a (?:quick )?look (?:a?round)?|\bwhat can you show\b",
    re.I,
)
_FEW_WORDS = 3
"""So many words name a thing: "garden hoses?"."""
_NEED = re.compile(
    r"\b(?:something|anything|what would|ideas?|suggestions?|needs?|help|what (?:have|do) (?:you|u)|suitable)\b", re.I
)
_STORIES = frozenset({"recommendation", "product_search", "other", "greeting"})
_WHAT_COULD = re.compile(r"\bwhat (?:else )?(?:can|could|should|would|shall|might) (?:we|i|they|he|she|one)\b", re.I)
"""Asks what to do; what stands behind it is a deed, and no name."""
_STORY = 4
"""More words of content than that say more than what a thing is called."""
_TELLING = 2
"""So many words of content tell of a need."""
_GUESSED = 0.65
"""How sure a clause is at most that no rule knew."""
_BUDGET = frozenset({"price_min", "price_max"})
"""What says nothing of the goods."""
_ANYTHING = re.compile(r"\b(?:any|some|every)thing\b|\bones?\b", re.I)


def search(talk: Talk, act: ActView) -> Plan:
    """What the shop's pages advise where a size is asked for, else a search of its goods."""
    if act.intent in ("recommendation", "product_search") and asks_for_size(act.text, talk.turn.text):
        outcome = yield Ask("search_knowledge", {"query": act.text})
        if passages := outcome.result.get("passages", []):
            talk.say_text(passages[0]["text"])
            talk.say("policy_source", title=passages[0]["title"])
            return
    yield from _search(talk, act)


def _search(talk: Talk, act: ActView) -> Plan:
    """Search; where nothing fits, without the budget, then without options, then by category; else an honest no."""
    wanted = {key: act.entities[key] for key in _NARROWING if key in act.entities}
    query = act.entities.get("product_query") or ""
    # Recognised in the query's own words, which search weighs better than a filter does
    category = wanted.pop("category", None) if query else None
    if not query and (among_shown := chosen_among_shown(talk, act)) is not None:
        yield from among_shown
        return
    if not query and wanted and talk.searched and not ANEW.search(act.text):
        query, wanted = talk.searched.get("query", ""), {**_without(talk.searched, "query", "sort"), **wanted}
    need = for_whom(talk.turn.text)
    liked = interest(talk.turn.text)
    if liked is not None and (act.intent == "recommendation" or not query):
        query, category = liked, None
    if not query and not wanted:
        query = "" if act.intent == "recommendation" or looks_around(act) else act.text
    tries: list[tuple[str, dict[str, Any]]] = [("found", {"query": query, **wanted})]
    if (name := _with_features(act, query)) is not None:
        tries.insert(0, ("titled", {"query": name, **_without(wanted, "attributes")}))
    if need:
        tries.append(("suited", _without(wanted, "attributes", "options", "category")))
    if (deed := used_for(act.text)) is not None:
        tries[:0] = [("found", {"query": f"tool to {deed}"}), ("found", {"query": deed})]
    budget = wanted.get("price_max")
    if budget is not None:
        tries.append(
            ("over_budget", {"query": query, **_without(wanted, "price_min", "price_max"), "sort": "price_asc"})
        )
    if category is not None:
        tries.append(("found", {"query": "", **_without(wanted, "options"), "category": category}))
    loosened = _without(wanted, "attributes", "options", "price_min", "price_max")
    if loosened != wanted and (query or loosened):
        tries.append(("without", {"query": query, **loosened}))
    if category is not None and budget is not None:
        tries.append(("over_budget", {"query": "", "category": category, "sort": "price_asc"}))
    if act.intent == "recommendation" or looks_around(act):
        tries += [("found", {"query": word}) for word in ("children", "kids") if _CHILD.search(act.text)]
    if (story := _story(talk, act)) is not None:
        narrowed = _without(wanted, "attributes", "options", "category", "sort")
        near = {**narrowed, "query": story, "loosely": True, "limit": 3}
        # Where nothing is named, what is told says more than the whole shop does
        says_more = not query and (not wanted or (set(wanted) <= _BUDGET and len(content(story)) > _STORY))
        tries.insert(0 if says_more else len(tries), ("near", near))
    if act.intent == "recommendation" or looks_around(act) or (budget is not None and _ANYTHING.search(act.text)):
        tries.append(("shop", _without(wanted, "attributes", "options", "category")))
    if len(names := each_named(act, query)) > 1 and (yield from show_each(talk, names)):
        return
    minded = told_of(talk.turn.text)
    if minded and act.intent == "recommendation" and (yield from _harmless(talk, wanted, minded)):
        return
    if minded:
        need = {**need, "harmless_to": minded}
    unfiltered: tuple[dict[str, Any], list[dict[str, Any]]] = ({}, [])
    for found_by, arguments in tries:
        outcome = yield Ask("product_search", {**arguments, **need})
        products = outcome.result.get("products", [])
        if found_by == "found" and _of_another_kind(query, products, unfiltered[1]):
            arguments, products = unfiltered
        by_name = [product for product in products if stems(arguments.get("query", "")) <= stems(product["title"])]
        if found_by == "titled":
            unfiltered, products, found_by = (arguments, products), by_name, "found"
        elif found_by == "found" and by_name and len(stems(query)) > 1 and not _of_several(query, by_name):
            products = by_name  # "the halden 8 knife": what all the words stand in the title of
        if not products or (found_by == "suited" and not outcome.result.get("suited")):
            continue
        called = any(content(query) & stems(one["title"]) for one in products) and not _WHAT_COULD.search(act.text)
        if need and not called and not outcome.result.get("suited"):
            # "We're four, what could we play?": what is for four goes before what is merely called so
            whole = yield Ask("product_search", {**_without(wanted, "attributes", "options", "category"), **need})
            outcome = whole if whole.result.get("suited") else outcome
            products = outcome.result.get("products", [])
        if outcome.result.get("suited"):
            products, found_by = without_add_ons(products), "found"
        if found_by == "found" and (wanted_one := _ordered(act, products)) is not None:
            yield from _order(talk, act, wanted_one)
        elif found_by == "found" and _asks_for_a_thing(act) and _not_that(query, products, outcome.result):
            show(talk, products[:3], "found_without")
        elif found_by == "found":
            talk.searched = arguments
            if budget is not None and category is not None and len(products) == 1:
                # "A cordless drill under $150": what else of that kind the money buys is worth a look
                others = yield Ask("product_search", {**arguments, "query": "", "category": category})
                had = products[0]["external_id"]
                products = [*products, *(one for one in others.result.get("products", []) if one["external_id"] != had)]
            options = act.entities.get("options") or _cheapest(arguments, products)
            show(talk, products, "found_one" if len(products) == 1 else "found_some", options)
        elif found_by == "near":
            talk.searched = None
            products = sorted(products, key=lambda one: -sharing(talk.turn.text, one))
            show(talk, products, "found_near", act.entities.get("options"))
            spoken_of(talk, products[0])  # the nearest: what "it" is meant of, until another one is chosen
        elif found_by == "shop":
            show(talk, products, "found_shop")
        elif found_by == "over_budget":
            show(talk, products[:3], "found_over_budget", budget=talk.money(budget or 0))
        else:
            show(talk, products[:3], "found_without")
        return
    talk.searched = None
    if len(talk.turn.acts) > 1 and act.confidence <= _GUESSED and not asks(act):
        return  # a story beside the wish: "a friend told me about your shop"
    if act.intent != "policy" and "?" in talk.turn.text and (yield from articles.told(talk, act)):
        return
    talk.say("found_nothing", query=named(act) or "anything like that")


def _harmless(talk: Talk, wanted: dict[str, Any], minded: list[str]) -> Generator[Ask, ToolOutcome, bool]:
    """ "A plant that won't poison my cats": what is near to all that is told and is said to do them no harm."""
    narrowed = _without(wanted, "attributes", "options", "category", "sort")
    near = {**narrowed, "query": talk.turn.text[:400], "loosely": True, "limit": 3, "harmless_to": minded}
    outcome = yield Ask("product_search", near)
    products = outcome.result.get("products", [])
    if not products or not outcome.result.get("suited"):
        return False
    show(talk, products, "found_one" if len(products) == 1 else "found_some")
    return True


def _of_another_kind(query: str, filtered: list[dict[str, Any]], unfiltered: list[dict[str, Any]]) -> bool:
    """ "A bluetooth headset": where no headset is known to be bluetooth, a telephone that is one is none."""
    wanted = content(query)
    of_the_kind = [any(wanted & content(one["title"]) for one in found) for found in (filtered, unfiltered)]
    return bool(filtered) and of_the_kind == [False, True]


def _not_that(query: str, products: list[dict[str, Any]], result: dict[str, Any]) -> bool:
    """Whether what was found is not what was asked for: oil paints, where no paint says that it is oil."""
    if result.get("only_mentioned"):
        return True
    own = [f"{one['title']} {one['description']} {' '.join(_values(one))}" for one in products]
    held = [sharing_words(query, text) for text in own]
    words = content(query)
    return len(words) > 1 and any(held) and bool(words - {word for one in held for word in one})


def _values(product: dict[str, Any]) -> set[str]:
    return {str(value) for row in product["variants"] for value in row["options"].values()}


def _of_several(query: str, titled: list[dict[str, Any]]) -> bool:
    """ "Coffee grinders": a kind of goods in the plural, which their titles do not have, asks for all of them."""
    last = query.casefold().split()[-1].strip(",.?!")
    plural = last.endswith("s") and not last.endswith("ss")
    return plural and not any(last in product["title"].casefold().split() for product in titled)


def _story(talk: Talk, act: ActView) -> str | None:
    """What is told of a need, whole: "my dog is 13 and stiff in the hips, she needs something comfy to sleep on"."""
    told = act.intent == "recommendation" or _NEED.search(talk.turn.text) is not None
    told = told or (len(content(talk.turn.text)) > _STORY and not asks_for_goods(act.text))
    if _asks_for_a_thing(act) or not told:
        return None
    wishes = (
        one
        for one in talk.turn.acts
        if act.text not in one.text and one.intent in ("product_search", "recommendation") and not tells(one)
    )
    if any(set(one.entities) & set(_NARROWING) for one in wishes):
        return None  # what is wanted stands in a clause of its own: "I've got 200 bucks, something with light keys?"
    of_goods = all(one.intent in _STORIES or act.text in one.text for one in talk.turn.acts)
    text = talk.turn.text if of_goods else act.text
    return text[:400] if len(content(text)) >= _TELLING else None


def _with_features(act: ActView, query: str) -> str | None:
    """The name in which a feature's word stands before the noun: "an infuser basket" besides a basket with an infuser."""
    for feature in act.entities.get("attributes", {}):
        name = f"{feature.replace('_', ' ')} {query}"
        if query and name.casefold() in act.text.casefold():
            return name
    return None


def which(talk: Talk, act: ActView) -> Plan:
    """Nothing was named and nothing spoken of: "how much is it?" is asked back, all else is looked for."""
    if act.entities.get("pronoun") and not set(act.entities) & {
        "options",
        "attributes",
        "category",
        "brand",
        "price_max",
    }:
        ask_which(talk, "details")
        return
    yield from search(talk, act)


def _ordered(act: ActView, products: list[dict[str, Any]]) -> dict[str, Any] | None:
    """ "The Squall jacket please", "I want a Heron pen": the product that was named, where it is wanted; None where that is not sure.

    The clause holds the whole name, or, where nothing else was found, no word that the name does not have.
    """
    query = act.entities.get("product_query")
    if not query or act.intent != "product_search" or _ASKING.search(act.text) or not _ORDERING.search(act.text):
        return None
    words, said = _called(act, query), stems(act.text)
    whole = [product for product in products if stems(product["title"]) - _ARTICLES <= said]
    if len(whole) == 1:
        return whole[0]
    if len(products) != 1:
        return None
    title = [word for word in stems_in_order(products[0]["title"]) if word not in _ARTICLES]
    by_name = title[0] in words and (len(words) > 1 or title[0] != kind(products[0]["title"]))
    sure = by_name or (len(words) > 1 and _PLEASE.search(act.text)) or set(act.entities) & {"options", "quantity"}
    return products[0] if words and words <= set(title) and sure else None


def _called(act: ActView, query: str) -> set[str]:
    """The words of the name: not for whom it is, and not the rest of an option, as in "right-handed"."""
    rest = {
        part
        for value in act.entities.get("options", {}).values()
        for joined in re.findall(rf"\b{re.escape(str(value))}-\w+", act.text, re.I)
        for part in stems(joined)
    }
    return stems(_FOR_WHOM.sub("", query)) - rest


def _asks_for_a_thing(act: ActView) -> bool:
    """ "Do you have garden hoses?": not "anything for the garden"."""
    bare = len(act.text.split()) <= _FEW_WORDS and act.intent == "product_search"
    return (asks_for_goods(act.text) or bare) and not act.entities.get("attributes") and not _ANYTHING.search(act.text)


def looks_around(act: ActView) -> bool:
    """ "I'm just having a look, what can you show me?"."""
    return _LOOKING.search(act.text) is not None and named(act) is None


def asks(act: ActView) -> bool:
    """Whether a clause asks to see or find rather than names what is wanted."""
    return _ASKING.search(act.text) is not None


def _order(talk: Talk, act: ActView, product: dict[str, Any]) -> Plan:
    options = act.entities.get("options", {})
    ref = {"product": product["external_id"], **({"options": options} if options else {})}
    yield from put(talk, act, ref, int(act.entities.get("quantity") or 1))


def _cheapest(arguments: dict[str, Any], products: list[dict[str, Any]]) -> dict[str, str] | None:
    """ "Your cheapest paper?", of one that comes in three sizes: the smallest price says which."""
    if arguments.get("sort") != "price_asc" or len(products) != 1 or not products[0]["variants"]:
        return None
    rows = sorted(products[0]["variants"], key=lambda row: row["price"])
    lone = len(rows) > 1 and rows[0]["price"] < rows[1]["price"]
    return dict(rows[0]["options"]) if lone else None


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in names}
