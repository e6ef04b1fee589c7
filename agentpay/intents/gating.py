"""
Regular expressions that are tried only on texts that may hold a match.

From an expression's syntax tree follows what every match of it must hold: one of some few letters in a row. What a text holds
is read once for all expressions, and most of them need not be tried then. The idea is RE2's prefilter (Cox, 2010); results are
those of `re` itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from sys import maxsize
from typing import Any

_MOST_STRINGS = 96
"""Of more strings than that none is followed any further."""
_MOST_NEEDS, _DEAREST = 3, 0.7
"""So many conditions an expression, each fulfilled by an estimated share of all texts of that at most."""
_REMEMBERED, _REMEMBERED_WORDS = 512, 8192
_USUAL = (
    " hi can i you have the this that it is in for and to do does did how much what which when where would could will be are"
    " my me a please get want need with on of one not no if your order there any thanks at it's don't just from was were has"
    " had been some about out up so or but then like "
)
"""Words of every other message: their letters in a row tell little."""
_COMMON = frozenset(_USUAL[i : i + 3] for i in range(len(_USUAL) - 2))
_LETTERS = dict(
    zip("etaoinshrdlucmfywgpbvkxjqz", (0.95, *[0.85] * 9, *[0.6] * 6, *[0.4] * 5, 0.2, *[0.05] * 4), strict=True)
)
_MARKS = {" ": 1.0, "?": 0.4, ",": 0.3, ".": 0.3, "'": 0.3, "-": 0.1}
_FOLDED = str.maketrans({"ſ": "s", "ı": "i", "\u0307": ""})
"""Letters that `re` takes for ASCII ones without regard to case, and `str.lower` does not."""
_DIGITS = "0123456789"

_bits: dict[frozenset[str], int] = {}
_grams: dict[str, int] = {}
"""Three letters in a row, or a single one → the conditions that they fulfil, a bit each."""
_known = 0
"""How many conditions there are; what was read of a text before there were so many says nothing of the later ones."""


class Gated:
    """A compiled expression with the methods of `re.Pattern` that are used here, and their results."""

    __slots__ = ("_needs", "_pattern", "flags", "pattern")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern, self.flags = pattern, flags
        self._pattern = re.compile(pattern, flags)
        self._needs = _register(_needs(_parser.parse(pattern, flags)))

    def _may_match(self, text: str) -> bool:
        return _holds(text, _known) & self._needs == self._needs

    def search(self, text: str, start: int = 0, end: int = maxsize) -> re.Match[str] | None:
        if _holds(text, _known) & self._needs != self._needs:
            return None
        return self._pattern.search(text, start, end)

    def match(self, text: str, start: int = 0, end: int = maxsize) -> re.Match[str] | None:
        return self._pattern.match(text, start, end) if self._may_match(text) else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._pattern.fullmatch(text) if self._may_match(text) else None

    def finditer(self, text: str, start: int = 0, end: int = maxsize) -> Iterator[re.Match[str]]:
        if _holds(text, _known) & self._needs != self._needs:
            return iter(())
        return self._pattern.finditer(text, start, end)

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
        return self._pattern.sub(replacement, text, count) if self._may_match(text) else text


def each_match(patterns: Iterable[Gated], text: str) -> Iterator[re.Match[str]]:
    """The matches of each of the expressions in turn; what the text holds is asked once."""
    held = _holds(text, _known)
    for one in patterns:
        if held & one._needs == one._needs:
            yield from one._pattern.finditer(text)


def holdings(text: str) -> int:
    """What `AnyOf.within` wants to know of a text."""
    return _holds(text, _known)


class AnyOf:
    """An expression of many alternatives, of which those alone are tried that the text may hold."""

    __slots__ = ("_each", "flags", "pattern")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern, self.flags = pattern, flags
        self._each = [
            (_register(_needs(_parser.parse(one, flags))), re.compile(one, flags)) for one in _alternatives(pattern)
        ]

    def within(self, text: str, held: int | None = None) -> bool:
        """Whether there is a match; `held` are the text's `holdings`, where several expressions are asked for it."""
        held = _holds(text, _known) if held is None else held
        for needs, one in self._each:  # noqa: SIM110 - a generator costs as much as the expressions
            if held & needs == needs and one.search(text):
                return True
        return False

    def sub(self, replacement: Callable[[re.Match[str]], str], text: str) -> str:
        """As `re.sub`: of the alternatives that match first the earlier, then on from its end. No match may be empty."""
        held = _holds(text, _known)
        near = [
            (match.start(), place, match, one)
            for place, (needs, one) in enumerate(self._each)
            if held & needs == needs and (match := one.search(text))
        ]
        pieces: list[str] = []
        position = 0
        while near:
            start, _, match, _ = min(near, key=lambda found: found[:2])
            pieces += [text[position:start], replacement(match)]
            position = match.end()
            near = [
                (again.start(), place, again, one)
                for _, place, last, one in near
                if (again := last if last.start() >= position else one.search(text, position))
            ]
        return "".join([*pieces, text[position:]])


def _alternatives(pattern: str) -> list[str]:
    """The expression's outermost alternatives."""
    found, depth, begun, place = [], 0, 0, 0
    while place < len(pattern):
        match pattern[place]:
            case "\\":
                place += 1
            case "[":
                place = pattern.index("]", place + (3 if pattern[place + 1 : place + 2] == "^" else 2))
            case "(":
                depth += 1
            case ")":
                depth -= 1
            case "|" if depth == 0:
                found.append(pattern[begun:place])
                begun = place + 1
        place += 1
    return [*found, pattern[begun:]]


@lru_cache(maxsize=_REMEMBERED)
def _holds(text: str, known: int) -> int:
    """The conditions that a text fulfils, a bit each; `known` only keeps apart what was read before there were so many."""
    lowered = text.lower()
    if not text.isascii():
        lowered = lowered.translate(_FOLDED)
        lowered = "".join("0" if c.isdecimal() else c for c in lowered)
    words = lowered.split(" ")
    if "" in words[1:-1]:  # two spaces in a row are a condition's letters, too
        return _of_letters(lowered)
    found, last = 0, ""
    for word in words:
        found |= _of_word(word, known)
        if last and word:
            found |= _grams.get(f"{last} {word[0]}", 0)
        last = word[-1:]
    return found


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _of_word(word: str, known: int) -> int:  # noqa: ARG001
    """The same of a word between spaces, which texts share."""
    return _of_letters(f" {word} ")


def _of_letters(lowered: str) -> int:
    found = 0
    for one in set(lowered).union(map("".join, zip(lowered, lowered[1:], lowered[2:], strict=False))):
        found |= _grams.get(one, 0)
    return found


def _register(needs: Iterable[frozenset[str]]) -> int:
    """The conditions as bits, new ones added."""
    global _known
    whole = 0
    for need in needs:
        bit = _bits.get(need)
        if bit is None:
            bit = _bits[need] = 1 << len(_bits)
            for gram in need:
                _grams[gram] = _grams.get(gram, 0) | bit
        whole |= bit
    _known = len(_bits)
    return whole


def _needs(tree: Sequence[Any]) -> list[frozenset[str]]:
    """What a match of the tree must hold: of each of the sets one member at least, the rarest sets."""
    exact, found = _read(tree)
    if exact is not None:
        found = [*found, *_telling(exact)]
    rare = sorted({need for need in found if _share(need) <= _DEAREST}, key=lambda need: (_share(need), sorted(need)))
    return rare[:_MOST_NEEDS]


Exact = set[str] | None
"""All strings that a part of an expression may match; None where they are too many."""


def _read(tree: Sequence[Any]) -> tuple[Exact, list[frozenset[str]]]:
    """The strings that the whole tree may match, where they are few, and what a match must hold besides."""
    here: Exact = {""}
    found: list[frozenset[str]] = []
    followed = True
    for operation, argument in tree:
        strings, needed = _part(operation, argument)
        found += needed
        if here is not None and strings is not None and len(here) * len(strings) <= _MOST_STRINGS:
            here = {one + other for one in here for other in strings}
            continue
        followed = False
        if here is not None:
            found += _telling(here)
        here = strings
    if followed:
        return here, found
    if here is not None:
        found += _telling(here)
    return None, found


def _part(operation: Any, argument: Any) -> tuple[Exact, list[frozenset[str]]]:
    if operation is _constants.LITERAL:
        return {chr(argument).lower()}, []
    if operation in (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT):
        return {""}, []  # what stands before and behind it is as near as without it
    if operation is _constants.IN:
        return _one_of(argument), []
    if operation is _constants.SUBPATTERN:
        return _read(argument[3])
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        least, most, inner = argument
        strings, needed = _read(inner)
        if (least, most) == (0, 1) and strings is not None:
            return strings | {""}, []
        if least == 0:
            return None, []
        if strings is not None and least == most == 1:
            return strings, needed
        return None, [*needed, *(_telling(strings) if strings is not None else [])]
    if operation is _constants.BRANCH:
        return _either([_read(branch) for branch in argument[1]])
    return None, []


def _either(branches: Sequence[tuple[Exact, list[frozenset[str]]]]) -> tuple[Exact, list[frozenset[str]]]:
    if all(strings is not None and not needed for strings, needed in branches):
        whole = {one for strings, _ in branches for one in strings or ()}
        return (whole, []) if len(whole) <= _MOST_STRINGS else (None, _telling(whole))
    rarest: set[str] = set()
    for strings, needed in branches:
        choices = [*needed, *(_telling(strings) if strings is not None else [])]
        if not choices:
            return None, []
        rarest |= min(choices, key=lambda need: (_share(need), sorted(need)))
    return None, [frozenset(rarest)]


def _one_of(items: Sequence[Any]) -> Exact:
    found: set[str] = set()
    for operation, argument in items:
        if operation is _constants.LITERAL:
            found.add(chr(argument).lower())
        elif operation is _constants.RANGE and argument[1] - argument[0] < len(_DIGITS):
            found |= {chr(one).lower() for one in range(argument[0], argument[1] + 1)}
        elif operation is _constants.CATEGORY and argument is _constants.CATEGORY_DIGIT:
            found |= set(_DIGITS)
        else:
            return None
    return found


def _telling(strings: Iterable[str]) -> list[frozenset[str]]:
    """Of each string its rarest letters in a row; nothing where one of them is empty."""
    chosen: set[str] = set()
    for one in strings:
        if not one:
            return []
        # A letter that `str.lower` makes two of is no single one in a text
        grams = [one[i : i + 3] for i in range(len(one) - 2)] or [c for c in one if len(c.lower()) == 1]
        if not grams:
            return []
        chosen.add(min(grams, key=lambda gram: (_rarity(gram), gram)))
    return [frozenset(chosen)] if chosen else []


def _share(need: Collection[str]) -> float:
    """Roughly the share of texts that fulfil the condition."""
    lacking = 1.0
    for gram in need:
        lacking *= 1 - _rarity(gram)
    return 1 - lacking


@lru_cache(maxsize=4096)
def _rarity(gram: str) -> float:
    if len(gram) == 1:
        return 0.04 if gram.isdigit() else _LETTERS.get(gram, _MARKS.get(gram, 0.01))
    if gram in _COMMON:
        return 0.4
    return 0.02 if all((c in _LETTERS and _LETTERS[c] > 0.5) or c == " " for c in gram) else 0.008
