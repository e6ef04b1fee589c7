# ruff: noqa: E501 (a regular expression or a list of words is read in one piece)
"""What a person's name looks like, and the titles before it, which are no part of it."""

from __future__ import annotations

import re

PART = r"[A-ZÀ-ÖØ-Þ][\w'’À-ÿ.-]*"
PARTICLE = r"(?:van|von|de|der|den|la|di|da|del|bin|binti|al|le|ten|ter|zu|dos|das|du)"
TITLE = (
    r"(?:(?:mr|mrs|ms|miss|mx|dr|prof|professor|madam|mdm|messrs|herr|herrn|frau|fam(?=\.)|mme|mlle|monsieur|madame|m(?=\.)|mevr|mevrouw|dhr|hr(?=\.)|sr(?=\.)|sra|srta|fr(?=\.)|br(?=\.)"
    r"|rev|reverend|pastor(?: emeritus)?|smt|shri|shrimati|adv(?=\.)|col(?=\.)|capt|maj(?=\.)|gen(?=\.)|lt(?=\.)|sgt|er(?=\.)|ing(?=\.)|dipl(?=\.))\b\.?(?:\s*\((?:retd|ret)\.?\))?\s+)+"
)
"""Before a name, any number of them: "Herr Dr. ", "Col. (Retd) "."""
_TITLED = re.compile(rf"^(?:{TITLE})(?P<name>\S.*)$", re.IGNORECASE)
_NAME = re.compile(rf"^(?!The\b){PART}(?:\s+{PARTICLE})*(?:\s+(?:{PARTICLE}\s+)*{PART}){{1,3}}$")
_TITLED_NAME = re.compile(rf"^(?!The\b){PART}(?:\s+(?:{PARTICLE}\s+)*{PART}){{0,3}}$")


def without_title(name: str) -> str:
    """ "Mrs Jean Pargeter" → "Jean Pargeter"; "Mr" by itself stays."""
    titled = _TITLED.match(name)
    return titled["name"] if titled else name


def person(words: str, *, titled: bool = False) -> str | None:
    """The name of a person, if the words are nothing else; `titled`: only with a title before it."""
    match = _TITLED.match(words.strip())
    if match is not None:
        name = match["name"].strip(" .")
        return name if _TITLED_NAME.match(name) else None
    if titled or not _NAME.match(words.strip()):
        return None
    return words.strip()
