"""Sentences with their intents: our own as a shop's service reads them, public ones with the method of the trained head."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from agentpay.evals.data import INTENTS
from agentpay.evals.intents import OUTSIDE, Sentence, predict, read_sentences
from agentpay.evals.report import Case
from agentpay.evals.suites.protocol import Advance, Outcome, Terms, Unit

if TYPE_CHECKING:
    from agentpay.intents.types import Understanding, Vocabulary

_OWN = "own"
_ROWS, _SHOPS = "unseen_november_second.jsonl", "unseen_november_second_shops.yaml"
_PUBLIC = {"clinc": "clinc150", "banking": "banking77"}
_MANNERS = frozenset({"greeting", "thanks", "goodbye"})
"""Beside a wish they do not count."""
_SHOTS, _ASKED = 10, 4
"""Rows an intent that a sample learns from, and is asked."""
_FAST_OWN = 3
"""Every so many-th of our own sentences is in the fast part."""


class Intents:
    name = "intents"

    def missing(self, terms: Terms) -> str | None:
        if terms.size == "fast":
            return None
        absent = [name for name in _PUBLIC.values() if terms.datasets is None or not (terms.datasets / name).is_dir()]
        where = terms.datasets or "a folder of public data sets (--datasets)"
        return f"{where} has no {', '.join(absent)}." if absent else None

    def units(self, terms: Terms) -> list[Unit]:
        own = tuple(id for id, _ in _own_rows(terms))
        found = [Unit(_OWN, own, 10 + len(own) * 0.02)]
        if terms.size != "fast":
            for name in _PUBLIC:
                train, asked = _public_rows(name, terms)
                cases = tuple(f"{name}/{n:05d}" for n in range(len(asked)))
                found.append(Unit(name, cases, 10 + (len(train) + len(asked)) * 0.01))
        return found

    def run(self, unit: Unit, terms: Terms, advance: Advance) -> Outcome:
        return _own(terms, advance) if unit.id == _OWN else _public(unit, terms, advance)

    def figures(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for outcome in outcomes:
            name = outcome.cases[0].id.partition("/")[0]
            inside = [case for case in outcome.cases if case.detail["intents"] != [OUTSIDE]]
            outside = [case for case in outcome.cases if case.detail["intents"] == [OUTSIDE]]
            found[f"{name}_accuracy"] = _share(inside)
            if outside:
                found[f"{name}_oos_recall"] = _share(outside)
            if name == _OWN:
                found |= {"confusion": _confusion(outcome.cases), "tiers": outcome.partial["tiers"]}
        return found


def _own(terms: Terms, advance: Advance) -> Outcome:
    from agentpay.intents.rules import RuleClassifier
    from agentpay.intents.tiers import TieredClassifier
    from agentpay.intents.trained import commerce
    from agentpay.intents.trained.adaptation import reader
    from agentpay.intents.types import Dialogue, Vocabulary

    loaded = yaml.safe_load((INTENTS / _SHOPS).read_text("utf-8"))
    shops: dict[str, Vocabulary] = {name: Vocabulary.model_validate(shop) for name, shop in loaded.items()}
    classifier = TieredClassifier(RuleClassifier(), lambda _: commerce.shipped(), reader(), None)
    tiers: Counter[str] = Counter()

    async def work() -> list[Case]:
        cases = []
        for id, row in _own_rows(terms):
            said = await classifier.understand(row["text"], shops[row["shop"]], Dialogue(**row.get("state", {})))
            tiers[said.tier] += 1
            cases.append(_own_case(id, row, said))
            advance(id)
        return cases

    return Outcome(asyncio.run(work()), {"tiers": dict(sorted(tiers.items()))})


def _own_case(id: str, row: dict[str, Any], said: Understanding) -> Case:
    """Passed: every intent of the message was found, whatever else was."""
    found = [intent.name.value for intent in said.intents]
    left = list(found)
    complete = True
    for choice in row["intents"]:
        if choice.endswith("?"):
            continue
        hit = next((name for name in choice.split("|") if name in left), None)
        complete = complete and hit is not None
        if hit is not None:
            left.remove(hit)
    detail: dict[str, Any] = {"text": row["text"], "shop": row["shop"], "intents": row["intents"], "found": found}
    return Case(id, complete, {**detail, "tier": said.tier, "extra": [name for name in left if name not in _MANNERS]})


def _own_rows(terms: Terms) -> list[tuple[str, dict[str, Any]]]:
    lines = (INTENTS / _ROWS).read_text("utf-8").splitlines()
    rows = [(f"{_OWN}/{n:05d}", json.loads(line)) for n, line in enumerate(lines)]
    return rows[::_FAST_OWN] if terms.size == "fast" else rows


def _public(unit: Unit, terms: Terms, advance: Advance) -> Outcome:
    train, asked = _public_rows(unit.id, terms)
    predicted = predict(train, asked, lambda _doing, _done, _of: None)
    cases = []
    for id, row, guess in zip(unit.cases, asked, predicted, strict=True):
        cases.append(Case(id, row.intent == guess, {"text": row.text, "intents": [row.intent], "found": [guess]}))
        advance(id)
    return Outcome(cases)


def _public_rows(name: str, terms: Terms) -> tuple[list[Sentence], list[Sentence]]:
    """What is learnt from, and what is asked: a part that is set aside. The same rows in every run."""
    assert terms.datasets is not None, "`missing` has looked"
    folder = terms.datasets / _PUBLIC[name]

    def read(file: str) -> list[Sentence]:
        return read_sentences(folder / file, labelled=True)

    if name == "clinc":
        train, asked = read("train.jsonl.gz"), read("val.jsonl.gz")
        if terms.size != "full":
            train, asked = list(_first(train, _SHOTS)), list(_first(asked, _ASKED))
    else:
        few = read("train_10shot.jsonl.gz")
        known = {row.text for row in few}
        train, asked = few, [row for row in read("train.jsonl.gz") if row.text not in known]
        if terms.size != "full":
            asked = list(_first(asked, _ASKED))
    return train, asked


def _first(rows: Sequence[Sentence], count: int) -> Iterator[Sentence]:
    """The first rows of each intent; of what is outside all of them ten times as many, as it is no intent among others."""
    seen: Counter[str | None] = Counter()
    for row in rows:
        seen[row.intent] += 1
        if seen[row.intent] <= count * (10 if row.intent == OUTSIDE else 1):
            yield row


def _confusion(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """Messages of one wish: what it was, and what was found first."""
    pairs: Counter[tuple[str, str]] = Counter()
    for case in cases:
        wanted = [choice for choice in case.detail["intents"] if not choice.endswith("?")]
        if len(wanted) != 1:
            continue
        found = [name for name in case.detail["found"] if name not in _MANNERS] or case.detail["found"] or ["none"]
        choices = wanted[0].split("|")
        pairs[next((name for name in choices if name in found), choices[0]), _pick(found, choices.__contains__)] += 1
    table: dict[str, dict[str, int]] = {}
    for (wanted_one, found_one), count in sorted(pairs.items()):
        table.setdefault(wanted_one, {})[found_one] = count
    return table


def _pick(found: Sequence[str], right: Callable[[str], bool]) -> str:
    return next(filter(right, found), found[0])


def _share(cases: Sequence[Case]) -> float | None:
    return round(sum(bool(case.passed) for case in cases) / len(cases), 4) if cases else None
