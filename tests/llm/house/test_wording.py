"""The house model's sentences: tones, the merchant's own wordings, other languages."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.errors import Problem
from agentpay.llm.house import templates
from agentpay.llm.house.languages import NAMES
from agentpay.llm.house.tones import EMOJI, SHORT_WITHOUT, TONES
from tests.llm.house.turns import act, play, product, turn, variant

GREETING = act("greeting", "hi")
FOREIGN = {
    "de": "Hallo, ich suche eine Jacke",
    "es": "Hola, quiero una chaqueta",
    "fr": "Bonjour, je cherche une veste",
    "it": "Buongiorno, vorrei una giacca",
    "nl": "Goedendag, ik zoek een jas",
    "pt": "Olá, quero um casaco",
}


@pytest.mark.parametrize("tone", TONES)
def test_a_tone_says_the_same_things_with_the_same_fields(tone: str) -> None:
    for key, texts in TONES[tone].items():
        plain = set().union(*(templates.placeholders(text) for text in templates.sentences()[key]))
        assert texts, key
        for text in texts:
            assert templates.placeholders(text) <= plain | templates.ALWAYS, (key, text)
    assert set(EMOJI) | SHORT_WITHOUT <= set(templates.sentences())


def test_the_tone_is_heard() -> None:
    said = {tone: play(turn(GREETING, tone=tone)).text for tone in ("neutral", "friendly", "formal", "playful")}
    assert len(set(said.values())) == 4
    assert said["formal"].startswith("Good day")


def test_wordings_vary_between_turns_and_not_within_one() -> None:
    assert len({play(turn(act("thanks", "thanks"), seed=seed)).text for seed in range(4)}) > 1


def test_emoji_only_where_they_are_wanted_and_not_in_the_merchants_own_words() -> None:
    assert not play(turn(GREETING)).text.endswith("👋")
    assert play(turn(GREETING, emoji=True)).text.endswith("👋")
    assert play(turn(GREETING, emoji=True, templates={"greeting": "Ahoy!"})).text == "Ahoy!"


def test_a_merchant_may_give_several_wordings() -> None:
    own = {"greeting": ["Ahoy!", "Yo ho!"]}
    assert {play(turn(GREETING, templates=own, seed=seed)).text for seed in range(4)} == {"Ahoy!", "Yo ho!"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"greting": "Hi"}, "unknown_template"),
        ({"greeting": "Hi {captain}"}, "unknown_placeholder"),
        ({"greeting": ["Hi", "Hi {captain}"]}, "unknown_placeholder"),
        ({"greeting": "Hi {name"}, "invalid_template"),
        ({"greeting": "Hi }"}, "invalid_template"),
        ({"greeting": "Hi {}"}, "invalid_template"),
        ({"greeting": "Hi {shop.__class__}"}, "invalid_template"),
        ({"greeting": "Hi {shop!r}"}, "invalid_template"),
        ({"greeting": "Hi {name:>999999999}"}, "invalid_template"),
        ({"link": "Pay {total} now!"}, "missing_placeholder"),
    ],
)
def test_what_cannot_be_said_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as refused:
        templates.check(given)
    assert refused.value.code == code
    assert refused.value.extra["template"] in given


def test_every_sentence_of_ours_would_pass_as_a_merchants() -> None:
    templates.check({key: list(texts) for key, texts in templates.sentences().items()})


@pytest.mark.parametrize("code", NAMES)
def test_other_languages_are_answered_in_them(code: str) -> None:
    said = FOREIGN[code]
    played = play(turn(act("greeting", said), text=said, language=code))
    assert played.calls == []
    assert "Ada" in played.text
    assert "Shop" in played.text
    again = play(turn(act("other", said, 0.3), text=said, language=code, stage="discovery"))
    assert "Ada" not in again.text
    assert again.text != played.text


def test_a_yes_in_their_language_brings_a_person_who_is_told_which() -> None:
    asked = play(turn(act("greeting", FOREIGN["fr"]), text=FOREIGN["fr"], language="fr"))
    yes = turn(act("product_search", "oui", 0.35, product_query="oui"), text="oui, merci", memory=asked.memory)
    handed = play(yes, handoff_to_human=lambda _: (True, {}))
    assert handed.calls == [("handoff_to_human", {"reason": f"French: {FOREIGN['fr']}"})]
    assert handed.text.startswith("Une personne de notre équipe")


def test_english_after_another_language_is_just_served() -> None:
    asked = play(turn(act("greeting", FOREIGN["nl"]), text=FOREIGN["nl"], language="nl"))
    found = play(
        turn(act("product_search", "a jacket", product_query="jacket"), memory=asked.memory),
        product_search=lambda _: (True, {"products": []}),
    )
    assert found.calls[0] == ("product_search", {"query": "jacket"})


def test_a_foreign_name_or_address_is_no_language() -> None:
    place = "Calle de la Luna 5, 28013 Madrid, por favor"
    given = act("other", place, address={"line1": "Calle de la Luna 5", "city": "Madrid"}, country="ES")
    memory = {"asked_for": "address", "pending": {}}
    played = play(
        turn(given, text=place, language="es", memory=memory), set_customer_details=lambda _: (True, {"details": {}})
    )
    assert "inglés" not in played.text


def test_a_merchant_may_speak_another_language_better() -> None:
    own = {"other_language_de": "Moin! Auf Englisch bitte."}
    said = FOREIGN["de"]
    assert (
        play(turn(act("greeting", said), text=said, language="de", templates=own)).text == "Moin! Auf Englisch bitte."
    )


def test_how_much_is_told_of_what_was_found() -> None:
    lamp = {**product("lamp", "Lamp", variant("lamp-1")), "description": "It is bright. It is small. It is red."}
    search = act("product_search", "a lamp", product_query="lamp")
    said = {
        verbosity: play(turn(search, verbosity=verbosity), product_search=lambda _: (True, {"products": [lamp]})).text
        for verbosity in ("short", "medium", "long")
    }
    assert ["bright" in text for text in said.values()] == [False, True, True]
    assert ["small" in text for text in said.values()] == [False, False, True]
    assert not any("red" in text for text in said.values())
