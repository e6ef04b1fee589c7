"""Bringing what people type into one form: quotes, slang, contractions, typing errors of key words."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from agentpay.intents.entities.spans import Span
from agentpay.intents.words import word_set

MAX_CHARS = 2000
"""Longer messages are read up to here; nothing a shopper asks needs more."""

_CHARACTERS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "´": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "–": "-",
        "—": "-",
        "\u00a0": " ",
        "\t": " ",
        "\r": " ",
    }
)
WORD = re.compile(r"[^\W_]+(?:['.&+-][^\W_]+)*", re.UNICODE)
_NORM_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[?]", re.UNICODE)

_EXPANSIONS = {
    "i'm": "i am", "im": "i am", "i'll": "i will", "i'd": "i would", "i've": "i have", "ive": "i have",
    "we'll": "we will", "we'd": "we would", "we're": "we are", "we've": "we have",
    "you're": "you are", "you've": "you have", "you'll": "you will", "they're": "they are",
    "it's": "it is", "it'll": "it will", "that's": "that is", "thats": "that is", "that'll": "that will",
    "what's": "what is", "whats": "what is", "where's": "where is", "wheres": "where is", "who's": "who is",
    "how's": "how is", "hows": "how is", "when's": "when is", "whens": "when is", "there's": "there is",
    "here's": "here is", "heres": "here is", "let's": "let us", "lets": "let us", "how'd": "how did",
    "don't": "do not", "dont": "do not", "doesn't": "does not", "doesnt": "does not", "didn't": "did not",
    "didnt": "did not", "can't": "can not", "cant": "can not", "cannot": "can not", "won't": "will not",
    "wont": "will not", "isn't": "is not", "isnt": "is not", "aren't": "are not", "arent": "are not",
    "wasn't": "was not", "wasnt": "was not", "haven't": "have not", "havent": "have not",
    "hasn't": "has not", "hasnt": "has not", "hadn't": "had not", "wouldn't": "would not",
    "wouldnt": "would not", "couldn't": "could not", "couldnt": "could not", "shouldn't": "should not",
    "gimme": "give me", "lemme": "let me", "wanna": "want to", "gonna": "going to", "gotta": "have to",
    "u": "you", "r": "are", "ur": "your", "ya": "you", "y'all": "you", "pls": "please", "plz": "please",
    "plss": "please", "pleas": "please", "thx": "thanks", "tnx": "thanks", "thnx": "thanks", "ty": "thanks", "tysm": "thanks",
    "tks": "thanks", "ta": "thanks", "hw": "how", "nvm": "never mind", "nevermind": "never mind", "abt": "about",
    "wat": "what", "wut": "what", "wht": "what", "hv": "have", "hav": "have", "k": "ok", "kk": "ok",
    "okay": "ok", "okey": "ok", "yep": "yes", "yeah": "yes", "yup": "yes", "yea": "yes", "ye": "yes",
    "yess": "yes", "aye": "yes", "nope": "no", "nah": "no", "naw": "no", "rn": "right now", "cn": "can",
    "shud": "should", "wud": "would", "cud": "could", "sth": "something", "smth": "something", "cuz": "because",
    "coz": "because", "bcoz": "because", "n": "and", "w": "with", "b4": "before", "msg": "message", "addy": "address",
    "gf": "girlfriend", "bf": "boyfriend", "qty": "quantity", "colour": "color", "colours": "colors",
    "e-mail": "email", "mail": "email", "whatcha": "what do you", "watcha": "what do you", "imma": "i will",
    "ima": "i will", "ok": "ok", "howmuch": "how much", "alot": "a lot", "dat": "that", "da": "the", "teh": "the",
    "wanted": "want", "tix": "tickets", "prob": "problem", "info": "info", "delivry": "delivery", "srsly": "seriously",
    "pics": "photos", "pic": "photo", "cld": "could", "wld": "would", "yrs": "years", "bday": "birthday",
    "yuo": "you", "yuor": "your", "hvae": "have", "wnat": "want", "adn": "and", "taht": "that", "waht": "what", "whta": "what",
    "jsut": "just", "cna": "can", "plese": "please", "thnaks": "thanks", "helo": "hello",
    "moin": "hello", "hej": "hello", "servus": "hello", "ahoy": "hello", "howzit": "hello",
    "hullo": "hello", "diffrence": "difference",
    "reccomend": "recommend", "recomend": "recommend", "recieve": "receive", "recieved": "received",
}  # fmt: skip

KEY_WORDS = word_set("""
    return returns returned refund refunds refunded cancel cancelled exchange replace order orders ordered parcel package
    delivery deliver delivered shipping shipped tracking track arrive arrived checkout payment paying discount coupon promo
    voucher available availability recommend recommendation suggest cheapest cheaper expensive basket remove delete address
    change update account password warranty policy compare comparison difference between receive received broken damaged
    defective human representative manager complaint looking searching please thanks hello goodbye quantity instead
    transaction declined charged price budget stock would should could waterproof everything another customer support
    """)
_COMMON = word_set("""
    chance charge charger charged fund bucket packages ordering retain borders border older prices pride rice sock socks
    stack stocks stock cheaper prince trick tracks tracker truck trackpad carrier human humans women deliverer delivers
    shopping shaping stripping chipping whipping sipping clipping casket baskets gasket jacket packet pocket racket rocket
    compact company compared replay replaced address dress addresses account amount mount count payments discounts
    shield cooking booking hooking locking cook looked police polite promos primo gasket remover removed moved update
    dated dates thank think thinks shell hallo jello change orange arranged range exchanged prize priced spice slice
    cord card cards broke brother would wood mold gold cold world could cloud should shoulder shouldn't cancer candle
    manage managed mango changed changes tickets ticket
    """)


def clean(text: str) -> str:
    """The text with typographic characters replaced one for one, so that offsets stay true; cut at `MAX_CHARS`."""
    plain = text[:MAX_CHARS].translate(_CHARACTERS)
    return plain if plain.isprintable() else "".join(c if c.isprintable() or c == "\n" else " " for c in plain)


_BEGINNING = {letter: sorted(key for key in KEY_WORDS if key[0] == letter) for letter in {key[0] for key in KEY_WORDS}}
_ENDING = {end: sorted(key for key in KEY_WORDS if key[1:] == end) for end in {key[1:] for key in KEY_WORDS}}
"""Key words by their first letter, and by all but that: of a slip the one or the other is right."""


@lru_cache(maxsize=8192)
def correct(word: str) -> str:
    """A key word for a word one slip away from it ("refnud" → "refund"); any other word as it is."""
    if len(word) < 5 or word in KEY_WORDS or word in _COMMON or not word.isalpha():
        return word
    limit = 2 if len(word) >= 9 else 1
    best, best_distance = word, limit + 1
    for key in (*_BEGINNING.get(word[0], ()), *_ENDING.get(word[1:], ())):
        if abs(len(key) - len(word)) > limit:
            continue
        if word.startswith(key) or word + "s" == key or key + "d" == word or word + "d" == key or key + "r" == word:
            continue
        distance = OSA.distance(word, key, score_cutoff=limit)
        if distance < best_distance:
            best, best_distance = key, distance
    return best


def expand(word: str) -> str:
    """A lower-cased word with slang and contractions written out."""
    return _EXPANSIONS.get(word, word)


def normalise(text: str, spans: Sequence[Span] = (), keep: Collection[str] = ()) -> str:
    """
    Lower-cased words in one form, recognised spans as `<kind>`, of punctuation only "?".

    `keep` are words that are never taken for a typing error (the shop's own).
    """
    pieces: list[str] = []
    position = 0
    for span in sorted(spans, key=lambda s: s.start):
        if span.start < position:
            continue
        pieces.extend(_words(text[position : span.start], keep))
        pieces.append(f"<{span.kind}>")
        position = span.end
    pieces.extend(_words(text[position:], keep))
    joined = " ".join(pieces)
    return _ILL.sub("i will ", joined, count=1)


_ILL = re.compile(r"^ill (?=take|have|get|buy|pay|go|grab|order|think|be)")


def _words(text: str, keep: Collection[str]) -> list[str]:
    words: list[str] = []
    for match in _NORM_TOKEN.finditer(text.lower()):
        word = match.group()
        expanded = _EXPANSIONS.get(word)
        if expanded is not None:
            words.append(expanded)
        elif word.endswith("'s"):
            words.append(word[:-2])
        elif word in keep:
            words.append(word)
        else:
            words.append(correct(word))
    return words
