"""Words of a shop or of the language: sets of them, and whether one is among them."""

from collections.abc import Container


def word_set(text: str) -> frozenset[str]:
    """The words of a text that are divided by white space."""
    return frozenset(text.split())


def holds(words: Container[str], word: str) -> bool:
    """Whether a word in small letters is among them, or what it may be the plural of by an s."""
    return word in words or word.removesuffix("s") in words


def singulars(word: str) -> tuple[str, ...]:
    """A word in small letters, and what it may be the plural of: "berries", "berrie", "berri", "berry"."""
    bare = (word, word.removesuffix("s"), word.removesuffix("es"))
    return (*bare, f"{word[:-3]}y") if word.endswith("ies") else bare
