"""Questions about one product: all of it, or one thing."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from agentpay import harm
from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import advising, articles, describe, general
from agentpay.llm.house.asking import ask_which, not_resolved, show, suggest
from agentpay.llm.house.facts import Answer, answering, asks_for_a_measure, content, is_general, sharing
from agentpay.llm.house.orders import status
from agentpay.llm.house.products import UNKNOWN, search
from agentpay.llm.house.refs import spoken_of, stems, target
from agentpay.llm.house.talk import Ask, Plan, Talk

_MOST_TOLD = 2
_THE = re.compile(r"\b(?:the|that|your) (?P<name>[a-z][\w-]*(?: [a-z][\w-]*)?)\W*$", re.I)
_OF_THE_SHOP = re.compile(
    r"\b(?:you|your|yours|shop|store|site|website|account|orders?|payments?|refunds?|delivery|shipping|parcels?)\b",
    re.I,
)
"""Asks of what no product tells."""
_TWO = re.compile(r"\band (?:how|what|when|which|who|is|are|does|do|can|will|has|have)\b", re.I)
"""Two questions in one: "how tall is it and how long does it take to put together?"."""


def details(talk: Talk, act: ActView) -> Plan:
    """What the shop's data says of a product. Words that name none are about the one spoken of: "can the covers be washed?"."""
    ref = target(talk, act)
    if "product" not in ref and act.entities.get("pronoun") and talk.order is not None:
        yield from status(talk, act)  # "does it include the chocolate?", of the order that is spoken of
        return
    if "product" not in ref and act.entities.get("pronoun") and (yield from articles.told_by_page(talk, act.text)):
        return  # "and how often do they need soap?", of what a page was quoted on
    if "product" not in ref and act.entities.get("pronoun"):
        ask_which(talk, "details")
        return
    if "product" not in ref:
        yield from search(talk, act)
        return
    question = _question(_with_reason(talk, act))
    outcome = yield Ask("product_details", {"product": ref["product"], **question})
    if not outcome.ok and (yield from general.told_by_title(talk, act, no_goods=True)):
        return
    if (
        not outcome.ok
        and outcome.result["error"]["code"] == "product_not_found"
        and (name := definite(act.text, ref["product"]))
    ):
        outcome = yield Ask("product_details", {"product": name, **question})
    focus = (talk.focus or {}).get("product") or named_beside(talk, act)
    if not outcome.ok and outcome.result["error"]["code"] in UNKNOWN and focus not in (None, ref["product"]):
        outcome = yield Ask("product_details", {"product": focus, **question})
    if not outcome.ok and outcome.result["error"]["code"] == "ambiguous_product" and ref.get("options"):
        # "The 120 litre Lagoon", of a tank and a cabinet of that name: the one that comes so
        found = yield Ask("check_inventory", ref)
        if found.ok and found.result["variants"]:
            spoken_of(talk, found.result["product"], found.result["variants"][0])
            outcome = yield Ask("product_details", {"product": found.result["product"]["external_id"], **question})
    if not outcome.ok and "?" in talk.turn.text and (yield from articles.told(talk, act)):
        return
    if not outcome.ok:
        yield from not_resolved(talk, outcome, act, then="details")
        return
    product = outcome.result["product"]
    variant = _variant_spoken_of(talk, product)
    spoken_of(talk, product, variant)
    asked = "?" in talk.turn.text or asks_for_a_measure(act.text)
    named_alone = not asked and set() < content(act.text) <= stems(product["title"])
    if (named_alone or is_general(act.text)) and not act.entities.get("attributes"):
        _all_of_it(talk, product)
        return
    whole = _with_reason(talk, act)
    answer = answer_of(whole, outcome)
    answer = answer if whole is act else replace(answer, polar=False)
    if warned := harm.warnings(product["description"] or "", talk.turn.text):
        answer = replace(answer, sentences=list(dict.fromkeys([*warned, *answer.sentences]))[: _MOST_TOLD + 1])
    if advising.asks_which(act.text) and advising.suited(talk.turn.text, product)[0]:
        show(talk, [product], "found_one")
        return
    if answer.facts or answer.sentences:
        tell(talk, product, answer)
    elif (yield from _told_elsewhere(talk, act, product)):
        return
    else:
        _say_unknown(talk, product)
    _and_now(talk, product)


def _told_elsewhere(talk: Talk, act: ActView, product: dict[str, Any]) -> Generator[Ask, ToolOutcome, bool]:
    """Whether what a product's data does not tell is told of another one that was spoken of, or by the shop's pages."""
    named_so = act.entities.get("product_query")
    if named_so and not stems(named_so) <= stems(product["title"]) and (yield from _told_of_recent(talk, act, product)):
        return True
    return (yield from articles.told_of(talk, act.text, product["title"]))


def _told_of_recent(talk: Talk, act: ActView, product: dict[str, Any]) -> Generator[Ask, ToolOutcome, bool]:
    """ "How long between coats?", after a paint and a roller: of what was spoken of before the one that says nothing of it."""
    for before in talk.recent:
        if before["product"] == product["external_id"]:
            continue
        outcome = yield Ask("product_details", {"product": before["product"], **_question(act)})
        told = outcome.result["product"] if outcome.ok else {}
        if outcome.ok and sharing(act.text, told):
            answer = answer_of(act, outcome)
            if answer.facts or answer.sentences:
                tell(talk, told, answer)
                return True
    return False


def definite(text: str, tried: str) -> str | None:
    """What a question is about, by its article, where more than that was `tried`: "how long's the peel"."""
    found = _THE.search(text)
    return found["name"] if found and found["name"].casefold() != tried.casefold() else None


def _with_reason(talk: Talk, act: ActView) -> ActView:
    """The clause with what is said before it: "my nan is allergic to nuts, can she eat the cake?" asks of nuts; and with what is
    asked behind it: "a friend told me of your mitten kit. Does it come with needles?"."""
    before, _, after = talk.turn.text.partition(act.text)
    if len(talk.turn.acts) > 1:
        return act
    asked = after if "?" in after and "?" not in act.text and len(content(after)) > 1 else ""
    before = before if len(content(before)) > 1 else ""
    return replace(act, text=f"{before}{act.text}{asked}") if before or asked else act


def named_beside(talk: Talk, act: ActView) -> str | None:
    """What another clause of the message speaks of: "what's the warranty on the pip, and how long does a charge last?"."""
    found = (_THE.search(one.text) for one in talk.turn.acts if one is not act and one.text != act.text)
    return next((match["name"] for match in found if match), None)


def _question(act: ActView) -> dict[str, str]:
    """What the tool shall look for in the product's own sentences; nothing where all of it is asked for."""
    return {} if is_general(act.text) else {"question": act.text[:400]}


def answer_of(act: ActView, outcome: ToolOutcome) -> Answer:
    """What the product's data says in the question's words, else the sentences that are nearest to it in meaning."""
    product = outcome.result["product"]
    answer, nearest = answering(act.text, product), outcome.result.get("nearest", [])
    if answer.facts and nearest and _TWO.search(act.text):
        also = [one["text"] for one in nearest if one["attribute"] is None]
        return Answer(answer.facts, list(dict.fromkeys([*answer.sentences, *also])), answer.polar)
    if answer.facts and answer.polar and not any(value.casefold() in ("yes", "no") for _, value in answer.facts):
        # "Can it be played alone?" and "players: 1-4": what comes nearest to a yes or no goes with it
        also = [one["text"] for one in nearest if one["attribute"] is None][:1]
        return Answer(answer.facts, list(dict.fromkeys([*answer.sentences, *also])), answer.polar)
    if answer.facts or answer.measured or not nearest:
        return answer
    known = product.get("attributes") or {}
    if (name := nearest[0]["attribute"]) in known:
        return Answer([describe.fact(name, known[name])], answer.sentences, answer.polar)
    told = [one["text"] for one in nearest if one["attribute"] is None]
    return Answer([], list(dict.fromkeys([*told, *answer.sentences]))[:_MOST_TOLD], answer.polar)


def told_by_goods(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """A question of which no page tells, by a product's own data: the one it names by words of its title, else the one spoken of.

    "Can I play whispers on my own?" Of a product that was clearly named it is said, too, that its data does not tell.
    """
    meant = yield from _asked_about(talk, act)
    product_id = meant["external_id"] if meant is not None else (talk.focus or {}).get("product")
    if product_id is None:
        return False
    outcome = yield Ask("product_details", {"product": product_id, **_question(act)})
    answer = answer_of(act, outcome) if outcome.ok else Answer([], [], False)
    told = bool(answer.facts or answer.sentences)
    if not told and (meant is None or not outcome.ok or not _clearly(act.text, meant["title"])):
        return False
    product = outcome.result["product"]
    spoken_of(talk, product, _variant_spoken_of(talk, product))
    if told:
        tell(talk, product, answer)
    else:
        _say_unknown(talk, product)
    _and_now(talk, product)
    return True


def _asked_about(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, dict[str, Any] | None]:
    """The product before the customer, else of the shop, whose title has more of the question's words than any other's."""
    wanted = content(act.text)
    focus = [{"external_id": talk.focus["product"], "title": talk.focus["title"]}] if talk.focus else []
    before = {one["external_id"]: one for one in (*talk.turn.shown, *focus)}
    known = _titled(wanted, list(before.values()))
    if known is not None or not wanted or (_OF_THE_SHOP.search(act.text) and not asks_for_a_measure(act.text)):
        return known
    asked = {"query": " ".join(sorted(wanted)), "limit": 5, "loosely": True}
    found = (yield Ask("product_search", asked)).result.get("products", [])
    if asks_for_a_measure(act.text) and len(found) == 1:
        return dict(found[0])
    return _titled(wanted, found)


def _titled(wanted: set[str], products: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    shared = [len(wanted & stems(product["title"])) for product in products]
    best = max(shared, default=0)
    return products[shared.index(best)] if best and shared.count(best) == 1 else None


def _clearly(text: str, title: str) -> bool:
    """Whether half of a title's words stand in the text: "is there a gift wrapping service?" does not name a gift card."""
    own = content(title)
    return 2 * len(own & stems(text)) > len(own)


def _all_of_it(talk: Talk, product: dict[str, Any]) -> None:
    lines = [f"**{product['title']}**, {describe.price(talk, product)}", product["description"]]
    if facts := product.get("attributes"):
        lines.append(", ".join(": ".join(describe.fact(name, value)) for name, value in facts.items()))
    rows = _in_stock(product)
    if len(product["variants"]) > 1 and rows:
        lines.append(f"In stock: {describe.variants(talk, [{**row, 'title': product['title']} for row in rows])}.")
    talk.say_text("\n\n".join(line for line in lines if line))
    _and_now(talk, product)


def _say_unknown(talk: Talk, product: dict[str, Any]) -> None:
    """That the shop's data does not tell, and what it does tell."""
    talk.say("attribute_unknown" if product["description"] else "attribute_untold", title=product["title"])
    talk.say_text(product["description"])


def tell(talk: Talk, product: dict[str, Any], answer: Answer) -> None:
    for name, value in answer.facts:
        told = value.casefold()
        key = f"attribute_{told}" if answer.polar and told in ("yes", "no") else "attribute_is"
        talk.say(key, title=product["title"], name=name, value=value)
    talk.say_text(" ".join(answer.sentences))


def _and_now(talk: Talk, product: dict[str, Any]) -> None:
    if _in_stock(product):
        suggest(talk, (talk.focus or {}).get("variant") or product["external_id"])
    else:
        talk.say("out_of_stock", what=product["title"])


def _in_stock(product: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in product["variants"] if row["available"] is None or row["available"] > 0]


def _variant_spoken_of(talk: Talk, product: dict[str, Any]) -> dict[str, Any] | None:
    """The variant the talk is about stays it while its product is asked about."""
    spoken = (talk.focus or {}).get("variant")
    return next((row for row in product["variants"] if row["external_id"] == spoken), None)
