"""Which language a message is in."""

from __future__ import annotations

import pytest

from agentpay.intents.signals import language


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Ich brauche einen Regenmantel"),
        ("de", "Guten Morgen, gibt es das auch in rot?"),
        ("es", "Buenas tardes, ¿tenéis zapatos?"),
        ("fr", "Combien coûte la livraison en France ?"),
        ("fr", "J'ai besoin d'un manteau"),
        ("it", "Buongiorno"),
        ("it", "Ho bisogno di scarpe"),
        ("nl", "Kan ik met iemand spreken?"),
        ("nl", "Goedemorgen"),
        ("pt", "Olá"),
        ("pt", "Preciso de um casaco"),
        ("en", "the de luxe edition of les miserables please"),
        ("en", "add the La Sportiva to my cart"),
        ("en", "ciao"),
        ("en", "Can I return die cast cars?"),
        ("en", "do you have el diablo hot sauce"),
        ("en", "I need a la carte menus, un peu de tout"),
    ],
)
def test_language(code: str, text: str) -> None:
    assert language(text) == code
