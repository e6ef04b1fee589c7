# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""Statements about somebody, of which nothing is asked: "my daughter takes up the piano"."""

from __future__ import annotations

import re

from agentpay.intents.taxonomy import IntentName as I
from agentpay.intents.types import Act

STATES = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|well|ok)\W+)*(?:(?:my|our|his|her)\s+\w+(?:'s|\s+(?:is|are|has|have|was|just|loves?|likes?|started|starts|turns|wants?|needs?))\b"
    r"|i(?:'m| am)\s+(?:an?|new|just|starting|going|planning|getting|moving)\b|i(?:'ve| have)\s+(?!got\s+\$)|we(?:'re| are|'ve| have)\b|(?:he|she|they)\b|it(?:'s| is) (?:for|his|her|my)\b)",
    re.IGNORECASE,
)
"""A statement about somebody, of which nothing is asked."""
TELLS = re.compile(
    r"^\W*(?:(?:and|so|but|because|cause|cos|as|since|hi|hiya|hello|hey|ok|well|hold on|wait)\W+)*"
    r"(?:i|we|he|she|they|you|(?:my|our|his|her|their) \w+)(?:'?(?:ve|s|re|m|d|ll))? "
    r"(?!(?:\w+ )?(?:wants?|needs?|likes?|love|take|have|get|order|buy|wish|prefer|look|looking|after|think|thinking|go|add|put|send)\b)"
    r"\w",
    re.IGNORECASE,
)
"""Somebody did, is or says something, other than to wish for it."""
OF_PEOPLE = re.compile(
    r"^\W*(?:(?:and|so|but|oh|hi|hey)\W+)*(?:(?:\d{1,2}|an?|one|two|three|four|five|six|some|more|another|extra|new|our|my|the|of)\s+)*"
    r"(?:guys|lads|men|women|girls|boys|people|colleagues|workers|staff|guests|friends|kids|children|visitors|employees|students|pupils)\s+\w",
    re.IGNORECASE,
)
"""So many people did something: "two more guys hired today"."""


def without_statements(acts: list[Act]) -> list[Act]:
    """ "My daughter takes up the piano. Something under $200?": the first says why, the second what."""
    wishes = [act for act in acts if act.intent in {I.PRODUCT_SEARCH, I.RECOMMENDATION} and not _tells(act)]
    return [act for act in acts if not _tells(act)] if wishes else acts


def _tells(act: Act) -> bool:
    """Whether it is a mere statement about somebody, of which nothing is asked."""
    bare = set(act.entities.model_dump(exclude_defaults=True)) <= {
        "product_query",
        "category",
        "pronoun",
        "quantity",
        "attributes",
    }
    return act.intent is I.PRODUCT_SEARCH and act.confidence <= 0.65 and bare and STATES.match(act.text) is not None
