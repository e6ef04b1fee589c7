"""How a customer's sentence gets onto the screen: in lower case, with typos, in slang. What must be exact stays exact."""

from __future__ import annotations

import random
import re
from collections.abc import Collection

from agentpay.evals.simulated.people import Person
from agentpay.evals.simulated.saying import say

_SLANG = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "thanks": "thx", "want to": "wanna", "going to": "gonna",
    "because": "cuz", "okay": "ok", "give me": "gimme", "do not know": "dunno", "really": "rly", "people": "ppl",
    "tomorrow": "tmrw", "message": "msg", "quantity": "qty", "got to": "gotta", "Hello": "yo", "for you": "4 u",
}  # fmt: skip
_EXACT = re.compile(
    r"\S+@\S+|https?://\S+|\b(?=\w*\d)[\w.,/#-]+|\b[A-Z]{2,}\w*|\$\S+"  # addresses, links, numbers, codes, amounts
)
_TYPO_SHARE = 0.09
"""Of the longer words of somebody who types carelessly."""


def typed(person: Person, text: str, keep: Collection[str] = ()) -> str:
    """The sentence as this customer types it. `keep`: parts that are copied, not typed (addresses, names of people)."""
    habits = person.habits
    if "slang" in habits:
        for word, short in _SLANG.items():
            text = re.sub(rf"\b{word}\b", short, text)
    if "typos" in habits:
        text = _with_typos(person.rng, text, keep)
    if "no_punctuation" in habits:
        text = re.sub(r"(?<!\d)[.!?,;:](?= |$)|(?<=\d)[.!?,;](?= |$)", "", text)
    if "lower_case" in habits:
        text = _lower(text)
    return text


def dressed(person: Person, text: str, *, first: bool) -> str:
    """What moods add to a sentence: a greeting at the beginning, a little story, a please."""
    rng = person.rng
    if first:
        if person.mood == "chatty" or ("verbose" in person.habits and rng.random() < 0.5):
            text = f"{say(rng, 'chat')} {text}"
        if person.mood in ("friendly", "chatty") or (person.mood == "matter-of-fact" and rng.random() < 0.4):
            text = f"{say(rng, 'hello')} {text}"
    if "polite" in person.habits and "please" not in text.casefold() and text[-1:] in ".?" and rng.random() < 0.3:
        text = f"{text} {rng.choice(('Thanks!', 'Thank you!', 'Thanks in advance.'))}"
    return text


def _lower(text: str) -> str:
    """E-mail addresses and codes come out the same either way; that is up to the shop."""
    return text.lower()


def _with_typos(rng: random.Random, text: str, keep: Collection[str]) -> str:
    exact = {word for part in keep for word in part.split()}

    def slip(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < 5 or word in exact or _EXACT.fullmatch(word) or rng.random() > _TYPO_SHARE:
            return word
        at = rng.randrange(1, len(word) - 2)
        kind = rng.randrange(3)
        if kind == 0:  # two letters change places
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if kind == 1:  # one is left out
            return word[:at] + word[at + 1 :]
        return word[:at] + word[at] + word[at:]  # one comes twice

    return re.sub(r"(?<![\w@.-])[A-Za-zéüöäß]+(?![\w@-])", slip, text)
