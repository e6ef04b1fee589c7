# ruff: noqa: E501 (a regular expression is read in one piece)
"""How likely a message has an intent: the head's scores of it and of its clauses beside the rules' verdicts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.rules import Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

WEIGHTS = np.asarray(
    [
        1.01, 0.39, 0.69, 0.27, 0.24, 1.28, 0.21, 1.18, 0.49, 0.62, -0.46, -0.06, -0.4, -0.73, -0.12, 0.23, 1.01,
        -0.1, -0.06, -0.11, -0.61, 0.49, 0.32, -0.43, 0.04, 0.44, 0.34, 0.16, 0.72, 0.31, -0.28, 0.84,
    ],
    np.float32,
)  # fmt: skip
BIAS = -0.98
"""A logistic regression's, fitted on messages whose shops and conversations the training set of its head lacked."""
FLOOR = 0.6
"""Below it lay the best intent of 5 in 100 of those messages."""
_SURE, _GOOD = 0.9, 0.7
_SHARPNESS = np.float32(2)
_OF_CLAUSES = 8
"""How many of the features are of clauses read by themselves."""
_ASKS = re.compile(
    r"^(?:(?:and|also|then|but|so|ok|please|hi|hello|first|now|just|kindly|could you|can you|would you|i would like to|i want to|let us|i will) )*"
    r"(?:how|what|when|where|which|who|why|is|are|was|were|do|does|did|can|could|would|will|may|might|shall|should|has|have|had|any|got|am|i (?:will|would|want|need|take)"
    r"|let me|add|put|take|remove|drop|cancel|stop|send|ship|show|tell|use|apply|swap|change|make|get|give|find|track|return|refund|exchange|replace|pay|call|connect|deliver"
    r"|order|buy|compare|recommend|suggest|need|want|stick|delete|update|hold|leave|price|cost)\b| \?$|\bplease\b"
)
"""A clause that asks or bids; one that tells explains another's wish."""


def features(
    classes: Sequence[str],
    whole: Matrix,
    clauses: Matrix,
    alone: Matrix,
    heard: Sequence[Heard],
    replies: Collection[int],
) -> Matrix:
    """(intents, 32): what speaks for each intent, in the order of `WEIGHTS`."""
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

    asking = np.asarray([_ASKS.search(clause.norm) is not None for clause in heard], np.float32)
    tops = clauses == clauses.max(axis=1, keepdims=True)
    agreed = [[name == clause.intent.value and clause.confidence >= _GOOD for name in classes] for clause in heard]
    wishes = several * float(asking.sum() > 1)
    asked: Matrix = several * (asking[:, None] * tops).max(axis=0)
    in_clauses: Matrix = several * (asking[:, None] * np.stack([_shares(scores) for scores in clauses])).max(axis=0)
    both: Matrix = several * (asking[:, None] * np.asarray(agreed, np.float32)).max(axis=0)
    found: Matrix = np.stack(
        [
            whole, gap, top, next_top, clauses.max(axis=0), ahead, leads, said, sure, replied, said * leads,
            np.full(len(classes), several), several * leads, several * said, several * rival, sure * top, other,
            asked, in_clauses, both, _shares(whole), wishes * asked, wishes * both, asked * both,
            *_by_themselves(int(best), clauses, alone, asking),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip
    return found


def _by_themselves(best: int, clauses: Matrix, alone: Matrix, asking: Matrix) -> list[Matrix]:
    """What clauses say that are read without their company, which draws a second wish to the first; nothing of a single one."""
    if len(alone) < 2:
        return [np.zeros(alone.shape[1], np.float32)] * _OF_CLAUSES
    shares, in_company = (np.stack([_shares(scores) for scores in of]) for of in (alone, clauses))
    tops = alone == alone.max(axis=1, keepdims=True)
    # The clauses but the one that speaks most for the message's best intent
    others = np.arange(len(alone)) != clauses[:, best].argmax()
    return [
        shares.max(axis=0),
        (asking[:, None] * shares).max(axis=0),
        tops.any(axis=0),
        shares[others].max(axis=0),
        (asking[others, None] * shares[others]).max(axis=0),
        alone.max(axis=0),
        np.sqrt(shares * in_company).max(axis=0),
        (asking[:, None] * tops).max(axis=0) * float(asking.sum() > 1),
    ]


def _shares(scores: Matrix) -> Matrix:
    """(intents,): how a softmax divides 1 among them."""
    powers = np.exp(_SHARPNESS * (scores - scores.max()))
    shares: Matrix = powers / powers.sum()
    return shares


def weigh(
    classes: Sequence[str],
    whole: Matrix,
    clauses: Matrix,
    alone: Matrix,
    heard: Sequence[Heard],
    replies: Collection[int] = (),
) -> Matrix:
    """(intents,): how likely each is among the message's; `clauses` are read in their company, `alone` by themselves."""
    odds = features(classes, whole, clauses, alone, heard, replies) @ WEIGHTS + np.float32(BIAS)
    likely: Matrix = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return likely
