"""Expressions that are tried only where a text may hold a match find what `re` finds."""

import importlib
import pkgutil
import re

import pytest

import agentpay.intents
from agentpay.intents.gating import AnyOf, Gated
from tests.intents.held_aside import FIRST, SECOND_UNSEEN, rows


def _used() -> dict[str, Gated | AnyOf]:
    found: dict[str, Gated | AnyOf] = {}
    for module in pkgutil.walk_packages(agentpay.intents.__path__, "agentpay.intents."):
        if ".trained" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Gated | AnyOf):
                    found[f"{one.pattern} {one.flags} {name}"] = one
                elif hasattr(one, "pattern") and isinstance(one.pattern, AnyOf):
                    found[one.pattern.pattern] = one.pattern
    return found


def test_all_expressions_of_the_rules_find_what_they_would_find_alone():
    texts = [row["text"] for row in [*rows(SECOND_UNSEEN), *rows(FIRST)[::3]]]
    texts += [text.upper() for text in texts[::20]] + [text.lower().removesuffix("?") for text in texts[::3]]
    used = _used()
    assert len(used) > 100
    for one in used.values():
        plain = re.compile(one.pattern, one.flags)
        for text in texts:
            expected = plain.search(text)
            if isinstance(one, AnyOf):
                assert one.within(text) is (expected is not None), (one.pattern[:80], text)
            else:
                assert (match := one.search(text)) == expected or (
                    match and expected and match.span() == expected.span()
                )


@pytest.mark.parametrize(
    "pattern",
    [
        r"\b(?:cat|dog)s?\b|\bfish(?:es)? (?:tank|bowl)\b",
        r"(?:(?:no|not) )?(?:ship|send)\w* [a-z]{3,}",
        r"[$€£]\d+|\b(?!x)\d{2}%",
        r"(?<=on )sale|k.{0,3}ey",
        r"a+b{2,}|[x-z]q|[^a]ll",
    ],
)
def test_any_expression_finds_and_replaces_as_re_does(pattern: str):
    texts = [
        "two cats, no fishes bowl",
        "FISH TANK",
        "do not shipped it over",
        "ſhip it now",
        "$5 and 20% on sale",
        "aabb key ball",
        "",
        "x\u212aey xq",
    ]
    for text in texts:
        for flags in (0, re.IGNORECASE):
            plain, gated, any_of = re.compile(pattern, flags), Gated(pattern, flags), AnyOf(pattern, flags)
            spans = [match.span() for match in plain.finditer(text)]
            assert [match.span() for match in gated.finditer(text)] == spans
            assert any_of.within(text) is bool(spans)
            assert gated.sub("_", text) == any_of.sub(lambda _: "_", text) == plain.sub("_", text)
            assert (gated.match(text) is None) == (plain.match(text) is None)
