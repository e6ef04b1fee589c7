# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Yes and no, hesitation, anger, language."""

from __future__ import annotations

import re

from agentpay.intents.gating import AnyOf
from agentpay.intents.words import word_set

_YES = re.compile(
    r"^(?:(?:ok|oh|well|hmm|great|perfect|fine|alright|all right|cool|please|hi|and|um|so|awesome|nice|good|lovely|that is|it is)[\s,.!]*)*"
    r"(?:yes|go on then|sure|absolutely|definitely|of course|deal|agreed|sounds (?:good|great|fine|perfect|ok)|(?:that |it |this )?(?:works|will do)(?: for me)?|go ahead|do (?:it|that|so)|please do"
    r"|i (?:accept|agree|(?:will )?take (?:it|that|them|your offer|the offer|the deal))|let us (?:do (?:it|that|this)|go)|why not|by all means|correct|right|exactly|confirm(?:ed)?|fair enough|i am in|you have a deal|that is (?:fine|right|correct|ok|good|perfect|great)|looks good|yes please|perfect|great|fine|ok|indeed|cool|done|affirmative|good|alright|all right|awesome|si|oui|ja)\b"
)
_NO_LEAD = re.compile(
    r"^(?:(?:ok|oh|well|hmm|um|sorry|hi|actually|thanks|ah)[\s,.!]*)*(?:no|not (?:really|now|yet|today|interested|anymore|for me)|never(?: mind)?|do not (?:do|want) (?:it|that|this)|i (?:do not|would not) (?:want|think|need)|i am not interested|i (?:will|would) pass|pass|no thanks|no thank you|forget it|i decline|negative|nein|non|rather not|i would rather not|stop|cancel that|i am good|i am ok|too expensive)\b"
)
_NOT_YES = re.compile(
    r"^(?!(?:ok |yes |yep |great |perfect |right )*(?:that|it|this) is (?:right|correct|it|fine|ok|good|great|perfect|so)\b)(?:ok|right|good|great|cool|fine|perfect|done|alright|all right|nice|awesome|well)?\s*(?:[a-z]+\s)?(?:how|what|where|when|which|why|do(?!\W*$| (?:it|that|this|so|them|all)\b)|does|is|are|can|could)\b"
)
_AGREED = re.compile(
    r"^(?:(?:ok|okay|alright|great|fine|cool|perfect) )*(?:it is a )?(?:deal|agreed|done deal|i accept|i will take it)\b"
)
"""A yes whatever is asked behind it: "deal, where do I pay?"."""
_WEAK_YES = re.compile(r"^(?:ok|right|good|great|cool|fine|perfect|alright|all right|awesome|done|correct|si|ja|oui)\b")
_FAREWELL = re.compile(
    r"\b(?:bye|goodbye|see (?:you|ya)|have a (?:nice|good|great) \w+|that (?:is|will be) all|nothing else)\b"
)
"""What makes an "ok" before it no yes."""
_FIRST_SIGN = re.compile(r"[.,!;?\n-]")

_HESITATION = (
    ("price", AnyOf(r"\b(?:too|very|so|bit|quite|pretty|rather|really|little) (?:expensive|pricey|pricy|steep|costly|overpriced|high)\b|\btoo much\b|\b(?:expensive|pricey|overpriced)\b|\b(?:can|could) not afford\b|\bover (?:my )?budget\b|\bout of my (?:budget|price range)\b|\bcheaper\b|\ba lot of money\b|\bcosts? (?:so|too) much\b|\bnot worth\b|\bexpensive\b")),
    ("delay", AnyOf(r"\b(?:think about it|think it over|sleep on it|maybe later|not (?:now|today|yet|right now)|later|another time|come back|get back to you|next (?:week|month|time)|wait (?:until|till|for)|need (?:some )?time|not ready|let me (?:think|see)|after payday|in a (?:bit|while|few days))\b")),
    ("doubt", AnyOf(r"\b(?:not sure|unsure|(?:do not|dont) know if|hesitat\w*|hmm+|uncertain|i doubt|not convinced|second thoughts|is it (?:really )?worth|worth it|worried|on the fence|idk|not so sure|i guess|do i (?:really )?need|undecided|can not decide|risky|maybe|what if)\b")),
    ("comparison", AnyOf(r"\b(?:(?:saw|seen|found|get|buy|sells?|have) (?:it|this|them|the same|one|that)?\s?(?:\w+ ){0,3}(?:cheaper|for less|elsewhere|on amazon|on ebay|at another)|elsewhere|competitor\w*|other (?:shops?|stores?|sites?|websites?)|another (?:shop|store|site)|amazon|ebay|look(?:ing)? around|shop around|compar(?:e|ing) prices)\b")),
)  # fmt: skip
_ANGRY = AnyOf(
    r"\b(?:useless|terrible|awful|worst|horrible|ridiculous|unacceptable|scam\w*|fed up|furious|pathetic|joke|disgust\w*|garbage|crap|bullshit|shit\w*|fuck\w*|wtf|stupid|idiots?|hate|sick of|angry|pissed|outrage\w*|lawyer|sue you|rip ?off|incompetent|rubbish|damn|fraud\w*|appalling)\b"
)
_LANGUAGES = {
    "es": word_set(
        "el la los las de que y en un una por con para es está hola quiero tiene tienen cuánto cuanto cuesta gracias mi pedido dónde donde necesito una talla busco por favor puedo puede hablar persona alguien envío talla zapatos buenas buenos días tardes muy algo tenéis comprar hay"
    ),
    "fr": word_set(
        "le la les des je vous est une un et pour avec dans bonjour combien où ma mon commande merci avez voudrais cherche je suis taille s'il plaît votre c'est pas j'ai besoin d'un d'une du livraison coûte salut bonsoir parler quelqu'un personne peux pouvez acheter vous chaussures cette mes est-ce"
    ),
    "de": word_set(
        "der die das und ich ist ein eine für mit wo meine mein bestellung haben sie hallo danke möchte suche wie viel kostet nicht bitte lieferung nach größe auf von zu brauche brauchen einen einem keine kann können gibt es wann warum menschen sprechen guten morgen abend versand kaufen schuhe ihr euch mir bitte gerne"
    ),
    "pt": word_set(
        "o os as um uma de que e em para com não olá quero onde está meu minha pedido obrigado obrigada quanto custa você tem tamanho por favor preciso posso falar pessoa alguém envio bom dia boa tarde noite gostaria comprar vocês têm sapatos minhas uns"
    ),
    "it": word_set(
        "il lo gli che e un una per con non ciao vorrei dove è mio mia ordine grazie quanto costa avete taglia cerco sono di favore questo ho bisogno posso parlare persona qualcuno spedizione buongiorno buonasera salve comprare vorrei scarpe del della mie delle"
    ),
    "nl": word_set(
        "de het een en ik is van voor met waar mijn bestelling hebben jullie hallo bedankt wil hoeveel kost niet maat zoek graag alstublieft dit op kan iemand spreken mens goedemorgen goedendag goedemiddag verzending kopen schoenen jas nodig heb een mijn kunt jullie wanneer"
    ),
    "en": word_set(
        "the a an and i is you to for with where my order have do hello thanks want how much not please size of it in can what me this that on your are need looking"
    ),
}
_SPOKEN_IN = {
    word: [code for code, known in _LANGUAGES.items() if word in known]
    for word in frozenset().union(*_LANGUAGES.values())
}
_GREETINGS = {
    "hola": "es", "gracias": "es", "buenas": "es", "bonjour": "fr", "bonsoir": "fr", "salut": "fr", "merci": "fr", "danke": "de",
    "moin": "de", "servus": "de", "salve": "it", "buongiorno": "it", "buonasera": "it", "grazie": "it", "olá": "pt",
    "obrigado": "pt", "obrigada": "pt", "bedankt": "nl", "goedemorgen": "nl", "goedendag": "nl", "goedemiddag": "nl", "goedenavond": "nl",
}  # fmt: skip
"""Words that a message may consist of, and that one language alone has. "Hallo" is German and Dutch, and English enough."""
_LANGUAGE_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def accepts(norm: str) -> bool:
    """Whether a message in normal form begins with a yes, or is one."""
    if not (match := _YES.match(norm)):
        return False
    if _NO_LEAD.match(norm) or (_WEAK_YES.match(norm) and _FAREWELL.search(norm)):
        return False
    if _WEAK_YES.match(norm) and match.end() < len(norm) and len(norm.split()) > 3:
        strong = re.search(
            r"\b(?:yes|sure|deal|accept|agree|(?:take|add|buy) (?:it|that|them|your|the offer)|go ahead|do it|sounds good|works|is (?:fine|ok|good|great))\b",
            norm,
        )
        return strong is not None and "?" not in norm.split(strong.group())[0] and not _NOT_YES.match(norm)
    return _AGREED.match(norm) is not None or not _NOT_YES.match(norm)


def nods(text: str) -> bool:
    """Whether the message is a thumb up or the like."""
    return text.strip(" !.\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff") in {
        "\U0001f44d",
        "\u2705",
        "\U0001f44c",
        "\U0001f64c",
    }


def declines(norm: str) -> bool:
    """Whether a message in normal form begins with a no, or is one."""
    return _NO_LEAD.match(norm) is not None and not re.match(r"^no (?:problem|worries|rush|idea|way to|issue)\b", norm)


def hesitation(norm: str) -> list[str]:
    """Signals of wavering, each once: price, delay, doubt, comparison."""
    return [name for name, pattern in _HESITATION if pattern.within(norm)]


def angry(norm: str, text: str) -> bool:
    """Strong words, or a message that shouts."""
    letters = [c for c in text if c.isalpha()] if "!" in text else []
    shouting = len(letters) >= 16 and sum(c.isupper() for c in letters) > 0.8 * len(letters)
    return shouting or _ANGRY.within(norm)


def language(text: str) -> str:
    """ISO 639-1 code by function words; English where nothing else is clearly stronger."""
    words = _LANGUAGE_WORD.findall(text.lower())
    if len(words) < 2:
        return _GREETINGS.get(words[0], "en") if words else "en"
    scores = dict.fromkeys(_LANGUAGES, 0)
    for word in words:
        for code in _SPOKEN_IN.get(word, ()):
            scores[code] += 1
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    return best if best != "en" and scores[best] >= 2 and scores[best] > scores["en"] else "en"
