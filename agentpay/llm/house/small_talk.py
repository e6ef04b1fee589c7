# ruff: noqa: E501 (a regular expression is read in one piece)
"""How somebody does, and the weather: answered in a word, never searched for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentpay.llm.brain import ActView
from agentpay.llm.house.talk import Talk

_DAY = r"(?:day|morning|afternoon|evening|night|week(?:end)?|monday|tuesday|wednesday|thursday|friday|saturday|sunday|shift|work)"
_ASKED = re.compile(
    r"^\W*(?:(?:hi|hey|hello|yo|so|and|well|ok(?:ay)?|morning|evening|afternoon|there|mate|first)\W+)*"
    rf"(?:how(?:'?s| is| has| was|s)? (?:it going|things(?: going)?|she going|life|business|tricks|everything(?: going)?|you(?:rself)?\b|(?:your|the|ur) (?:\w+ )?{_DAY}(?: been| going)?)"
    r"|how (?:are|r) (?:you|u|ya|things|we)\b(?! (?:going to|able|sending|shipping|getting|so|planning|delivering|supposed))|how (?:ya|you|u) (?:going|doin\w*|keeping)|how (?:do you do|goes it|you doin\w*)|what'?s up\b(?! with)|wh?ass?up|sup\b|how'?ve you been)"
    r"(?:[^?.!,;\d]{0,40})\W*$",
    re.I,
)
"""Asks how the assistant does: "how's life in the shoe business"."""
_CHATS = re.compile(
    rf"^\W*(?:(?:long|busy|quiet|slow|rough|hard|good|nice|tough|crazy|hectic) (?:\w+ )?{_DAY}(?: (?:so far|today|for you|there))?"
    rf"|(?:happy|merry|lovely|beautiful|nice|gorgeous|miserable|awful) (?:{_DAY}|weather|holidays|new year|christmas|easter)(?: [\w' ]{{0,36}})?"
    r"|(?:i )?hope (?:you|your|ur|ya|all|everyone|everything|it)\b(?!.*\b(?:help|refund|order|parcel|answer|tell|can|sort|send|replace)\b)[^?]*"
    r"|(?:are )?(?:you|u) (?:ok(?:ay)?|al?right|well|good|busy|having a (?:good|nice) \w+)|(?:have you )?been busy(?: today)?"
    r"|(?:good )?(?:morning|evening|afternoon)|hi(?:ya)?(?: \w+)?|hey(?: \w+)?|g'?day(?: \w+)?|hello(?: \w+)?|yo|lol|ha(?:ha)*|there|mate)(?: (?:today|there|mate|lol|ha(?:ha)*))*\W*$",
    re.I,
)
_WEATHER = re.compile(
    r"^(?!.*\b(?:coats?|boots?|jackets?|need|want|order|parcel|looking|tents?|buy|keep\w*)\b)[^?]{0,60}\b(?:in the shade|degrees|raining|rain(?:s|ed|y)?|pouring|snow\w*|sunny|sunshine|freezing|boiling|scorching|chilly|weather|soft day|(?:hot|cold|warm|wet|grey|windy) (?:today|here|outside|out there|day))\b[^?]{0,40}$",
    re.I,
)
"""What the weather is like, of somebody who asks how one does."""
_PIECES = re.compile(r"[.!?;\n]+|,\s*")


def only_chats(text: str) -> bool:
    """Whether a message is small talk throughout, a bare greeting aside."""
    pieces = [piece for piece in _PIECES.split(text) if re.search(r"\w", piece)]
    return any(_ASKED.match(piece) for piece in pieces) and all(
        _is_small(piece) or _WEATHER.match(piece) for piece in pieces
    )


def without(acts: Sequence[ActView], text: str) -> list[ActView]:
    """The clauses without those that are small talk, whatever they were taken for; all of them where nothing else is said."""
    small = [piece.strip() for piece in _PIECES.split(text) if _is_small(piece)]
    kept = [act for act in acts if not any(act.text.strip(" .!?,;") in piece for piece in small) or not act.text]
    return kept or [ActView("greeting", 1.0, text, {})]


def answer(talk: Talk) -> None:
    talk.say("small_talk")


def _is_small(piece: str) -> bool:
    return _ASKED.match(piece) is not None or _CHATS.match(piece) is not None
