"""Sets of words, written as a line of text."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text that are divided by white space."""
    return frozenset(text.split())
