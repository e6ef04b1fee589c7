"""What the house model says in languages other than English: who it is, and how to go on. Overridden like any wording."""

from __future__ import annotations

NAMES = {"de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch", "pt": "Portuguese"}

_FIRST = {
    "de": "Guten Tag! Ich bin {assistant} von {shop}. Leider kann ich nur auf Englisch helfen. Schreiben Sie mir gern auf "
    "Englisch, oder soll ich Sie mit einem Menschen verbinden?",
    "es": "¡Hola! Soy {assistant}, de {shop}. Lo siento, solo puedo ayudarle en inglés. Escríbame en inglés si lo desea, "
    "¿o prefiere que le pase con una persona?",
    "fr": "Bonjour ! Je suis {assistant}, de {shop}. Je suis désolé, je ne peux vous aider qu'en anglais. Écrivez-moi en "
    "anglais si vous le souhaitez, ou préférez-vous parler à une personne ?",
    "it": "Buongiorno! Sono {assistant} di {shop}. Mi dispiace, posso aiutarla solo in inglese. Mi scriva pure in inglese, "
    "oppure preferisce parlare con una persona?",
    "nl": "Goedendag! Ik ben {assistant} van {shop}. Helaas kan ik alleen in het Engels helpen. Schrijf me gerust in het "
    "Engels, of zal ik u doorverbinden met een medewerker?",
    "pt": "Olá! Sou {assistant}, da {shop}. Lamento, só posso ajudar em inglês. Escreva-me em inglês, se quiser, ou "
    "prefere falar com uma pessoa?",
}
_AGAIN = {
    "de": "Auf Englisch kann ich Ihnen gleich weiterhelfen. Oder möchten Sie mit einem Menschen sprechen?",
    "es": "En inglés puedo ayudarle enseguida. ¿O prefiere hablar con una persona?",
    "fr": "En anglais, je peux vous aider tout de suite. Ou préférez-vous parler à une personne ?",
    "it": "In inglese posso aiutarla subito. Oppure preferisce parlare con una persona?",
    "nl": "In het Engels kan ik u meteen verder helpen. Of spreekt u liever een medewerker?",
    "pt": "Em inglês posso ajudar já. Ou prefere falar com uma pessoa?",
}
_HANDED_OVER = {
    "de": "Eine Kollegin oder ein Kollege übernimmt und schreibt Ihnen hier.",
    "es": "Una persona de nuestro equipo se encarga y le escribirá aquí.",
    "fr": "Une personne de notre équipe prend le relais et vous écrira ici.",
    "it": "Una persona del nostro team se ne occupa e le scriverà qui.",
    "nl": "Een medewerker neemt het over en schrijft u hier.",
    "pt": "Uma pessoa da nossa equipa assume e escreve-lhe aqui.",
}

FOREIGN: dict[str, list[str]] = {
    f"{key}_{code}": [text]
    for key, texts in (
        ("other_language", _FIRST),
        ("other_language_again", _AGAIN),
        ("handed_over", _HANDED_OVER),
    )
    for code, text in texts.items()
}
"""Sentences by key, as in wording.py: `other_language_de` is the first answer to who writes in German."""

YES = frozenset({"ja", "gern", "gerne", "sí", "si", "claro", "oui", "volontiers", "graag", "sim", "certo", "yes"})
"""How the question whether a person shall take over is answered with a yes: by the first word."""
