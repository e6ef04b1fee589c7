# ruff: noqa: E501 (a regular expression is read in one piece)
"""Trouble with what a customer has: told as a fact of something owned, whatever its words were taken for.

Router and plan ask the same. A question whether something breaks or fits, and words of who is choosing, tell of none.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_BROKEN = (
    r"broken|damaged|defect\w*|faulty|cracked|chipped|torn|ripped|dented|scratched|bent|snapped|smashed|shattered|frayed|warped|crooked"
    r"|stained|mou?ldy|rusty|leaking|dead|loose|missing|dried out|the wrong (?:\w+ )?(?:one|item|size|colou?r|thing)"
)
_AMISS = re.compile(
    rf"\b(?:is|are|was|were|'s|'re|came|comes|arrived|got|has|have|had|with|turned up)\b(?!n't| not\b)(?: (?!not\b|no\b)[\w'-]+){{0,5}}? (?:{_BROKEN})\b"
    r"|\b(?:has|have|had|with|full of|there'?s|there (?:is|are|was|were)) (?:\w+ ){0,2}?(?:holes?|flaws?|defects?|faults?|cracks?|dents?|scratch(?:es)?|stains?|a leak|a tear|tears|a chip|chips)\b"
    r"|(?:n'?t|\bnot|\bnever) \w+ (?:properly|right|well|correctly|at all|any ?more)\b|\b(?:died|wilted|withered)\b"
    r"|\b(?:broke|snapped|cracked|tore|ripped|leaks|leaked|leaking|flicker(?:s|ed|ing)|rattl(?:es|ed|ing)|drip(?:s|ped|ping)|wobbl(?:es|ed|ing)|overheat(?:s|ed|ing)|(?:packed|conked|gave) (?:up|in|out)|shrank|shrunk|faded|peeled|fell (?:apart|off|out|to bits|to pieces)|came (?:off|apart|loose|undone)|(?:stopped|quit) (?:working|charging))\b"
    r"|\b(?:won'?t|doesn'?t|don'?t|didn'?t|does not|do not|did not|will not|no longer|isn'?t|aren'?t) (?:\w+ )?(?:work\w*|turn(?:ing)? on|switch on|charg\w*|clos\w*|open|start|stick|stay\w*|hold(?: (?:air|water|a charge))?|complete)\b"
    r"|\bonly (?:one|two|half|part|some|\d+)(?: of (?:it|them|the \w+))? (?:arrived|came|turned up|was (?:in|inside|there))\b|\b(?:was|were)(?: not|n'?t) in (?:the|my) (?:box|parcel|package|bag)\b"
    r"|\byou(?:'ve| have)? sent (?:me |us )?(?!.{0,30}\bback\b)[^.?!]{2,40}[, ](?:i|we)(?:'d| had)? (?:ordered|asked for|wanted)\b|\binstead of (?:the|what) [^.?!]{0,30}\b(?:i|we) (?:ordered|asked)\b"
    r"|\bmissing (?:from|a|the|some|its|one|two|three|parts?|pieces?|screws?)\b",
    re.I,
)
_ILL_FITTING = re.compile(
    r"\b(?:doesn'?t|don'?t|didn'?t|does not|do not|did not|won'?t) (?:\w+ )?fit\b|\b(?:is|are|was|were|'s|'re) (?:\w+ )?too (?:small|big|large|tight|loose|short|long|narrow|wide)\b|\bpinch(?:es|ed)?\b|\bwrong size\b",
    re.I,
)
_OWNED = re.compile(
    r"\b(?:i|we)(?:'ve| have|'d| had)? (?:\w+ )?(?:bought|ordered|received|got|purchased)\b|\b(?:my|our|the|both|one of (?:the|my)|you (?:sent|shipped)|arrived|came)\b|\bthere(?:'s| is| are| was| were)\b",
    re.I,
)
_BOUGHT = re.compile(
    r"\b(?:i|we)(?:'ve| have|'d| had)? (?:\w+ )?(?:bought|ordered|received|purchased)\b|\b(?:arrived|you (?:sent|shipped))\b|\bfrom (?:you|order)\b",
    re.I,
)
_CHOOSES = re.compile(
    r"^\W*(?:(?:hi|hello|hey|so|and|but|ok)\W+)*(?:is|are|do|does|did|will|would|could|should|what|which|how|if|when|why|have you|got)\b"
    r"|\b(?:looking for|recommend\w*|suggest\w*|do you (?:have|sell|stock|carry)|have you (?:got|any)|something|anything|what if|if (?:it|they|the|i)\b|would (?:it|they)"
    r"|(?:i|we)(?:'d| would)? (?:need|want|like|am after|'m after|wish)|i'?ll take|can i (?:get|buy|have|order)|cheaper|for sale)\b",
    re.I,
)
_OF_ITS_WAY = re.compile(
    r"\b(?:where|when|track\w*|arriv\w*|deliver\w*|parcels?|packages?|missing|lost|late|status|wait\w*|ship\w*|sent|com(?:e|ing))\b|\?",
    re.I,
)
"""Where an order is, and no trouble with what came."""
_TAKEN_FOR = frozenset(
    {"product_search", "product_details", "product_comparison", "availability", "recommendation", "price_question", "other", "negotiation"}
    | {"policy", "greeting", "thanks", "discount", "payment_problem"}
)  # fmt: skip
_FALSELY = frozenset({"product_search", "product_details", "product_comparison", "availability", "recommendation", "negotiation"}) | {
    "policy", "other", "price_question", "payment_problem",
}  # fmt: skip


def told_of(intents: Collection[str], text: str, *, shopping: bool) -> str | None:
    """
    What a message is about that tells of trouble with something owned: `complaint`, or `exchange` where it does not fit.

    `shopping`: goods are being chosen, so that "too big" is said of them unless something bought is spoken of. None: it
    tells of none, or was read as what it is.
    """
    if set(intents) == {"order_status"}:  # "the lamp stopped charging. It's KX-5 I think"
        told = _AMISS.search(text) and _OWNED.search(text) and not _OF_ITS_WAY.search(text)
        return "complaint" if told else None
    if not set(intents) <= _TAKEN_FOR or not set(intents) & _FALSELY or _CHOOSES.search(text):
        return None
    if not (_BOUGHT if shopping else _OWNED).search(text):
        return None
    if _AMISS.search(text):
        return "complaint"
    return "exchange" if _ILL_FITTING.search(text) else None


def is_amiss(text: str) -> bool:
    """Whether a thing is said to be broken, not to work, or to lack something."""
    return _AMISS.search(text) is not None


def is_no_good(text: str) -> bool:
    """Whether a thing is said to be amiss, or not to fit."""
    return is_amiss(text) or _ILL_FITTING.search(text) is not None
