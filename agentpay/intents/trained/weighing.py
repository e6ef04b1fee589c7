"""How likely a message has an intent: the head's scores of it and of its clauses beside the rules' verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.rules import Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

WEIGHTS = np.asarray([1.58, 1.39, 0.85, 0.72, 0.22, 0.89, 0.98, -0.64, 0.82, 0.13, 1.86], np.float32)
BIAS = -1.04
"""A logistic regression's, fitted on the two earlier held-aside sets, whose shops and conversations the training set lacks."""
FLOOR = 0.51
"""Below it lay the best intent of 8 in 100 of those messages."""
_SURE = 0.9


def features(classes: Sequence[str], whole: Matrix, clauses: Matrix, heard: Sequence[Heard]) -> Matrix:
    """(intents, 11): what speaks for each intent, in the order of `WEIGHTS`."""
    order = np.argsort(-whole)
    best, second = order[0], order[1]
    top = np.zeros(len(classes), np.float32)
    top[best] = 1
    next_top = np.zeros(len(classes), np.float32)
    next_top[second] = 1
    gap = whole - np.where(top > 0, whole[second], whole[best])
    ranked = np.sort(clauses, axis=1)
    ahead = np.where(clauses == ranked[:, -1:], clauses - ranked[:, -2:-1], clauses - ranked[:, -1:]).max(axis=0)
    said = np.zeros(len(classes), np.float32)
    sure = np.zeros(len(classes), np.float32)
    for clause in heard:
        place = classes.index(clause.intent.value)
        said[place] = 1
        sure[place] = max(sure[place], float(clause.confidence >= _SURE))
    several = float(len(heard) > 1)
    other = np.asarray([name == "other" for name in classes], np.float32)
    leads = (ahead > 0).astype(np.float32)
    found: Matrix = np.stack(
        [whole, gap, ahead, top, next_top, said, sure, said * leads, several * leads, several * said * leads, other],
        axis=1,
    ).astype(np.float32)
    return found


def weigh(classes: Sequence[str], whole: Matrix, clauses: Matrix, heard: Sequence[Heard]) -> Matrix:
    """(intents,): how likely each is among the message's."""
    odds = features(classes, whole, clauses, heard) @ WEIGHTS + np.float32(BIAS)
    likely: Matrix = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return likely
