"""How likely a message has an intent: the head's scores of it and of its clauses beside the rules' verdicts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.rules import Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

WEIGHTS = np.asarray(
    [0.68, 1.04, 0.45, 0.22, 0.71, 0.67, 0.5, 0.83, 1.37, 0.53, -0.42, 0.17, 0.04, -0.45, -0.35, -0.64, 2.28],
    np.float32,
)
BIAS = -1.30
"""A logistic regression's, fitted on messages whose shops and conversations the training set of its head lacked."""
FLOOR = 0.5
"""Below it lay the best intent of 7 in 100 of those messages."""
_SURE = 0.9


def features(
    classes: Sequence[str], whole: Matrix, clauses: Matrix, heard: Sequence[Heard], replies: Collection[int]
) -> Matrix:
    """(intents, 17): what speaks for each intent, in the order of `WEIGHTS`."""
    order = np.argsort(-whole)
    best, second = order[0], order[1]
    top = np.zeros(len(classes), np.float32)
    top[best] = 1
    next_top = np.zeros(len(classes), np.float32)
    next_top[second] = 1
    gap = whole - np.where(top > 0, whole[second], whole[best])
    ranked = np.sort(clauses, axis=1)
    ahead = np.where(clauses == ranked[:, -1:], clauses - ranked[:, -2:-1], clauses - ranked[:, -1:]).max(axis=0)
    leads = (ahead > 0).astype(np.float32)
    spoken = clauses.argmax(axis=0)
    # Two intents that the same clause speaks for are two readings of it
    rival = (spoken == spoken[best]) * (1 - top)
    said, sure, replied = (np.zeros(len(classes), np.float32) for _ in range(3))
    for clause in heard:
        place = classes.index(clause.intent.value)
        said[place] = 1
        sure[place] = max(sure[place], float(clause.confidence >= _SURE))
        replied[place] = max(replied[place], float(clause.start in replies))
    several = float(len(heard) > 1)
    other = np.asarray([name == "other" for name in classes], np.float32)
    found: Matrix = np.stack(
        [
            whole, gap, top, next_top, clauses.max(axis=0), ahead, leads, said, sure, replied, said * leads,
            np.full(len(classes), several), several * leads, several * said, several * rival, sure * top, other,
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip
    return found


def weigh(
    classes: Sequence[str], whole: Matrix, clauses: Matrix, heard: Sequence[Heard], replies: Collection[int] = ()
) -> Matrix:
    """(intents,): how likely each is among the message's."""
    odds = features(classes, whole, clauses, heard, replies) @ WEIGHTS + np.float32(BIAS)
    likely: Matrix = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return likely
