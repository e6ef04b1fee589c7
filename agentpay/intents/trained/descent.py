"""Training linear classifiers, one an intent, all at once: a fraction of the time that one after another takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

EPOCHS = 16
_ROWS, _RATE = 256, 0.02
"""Rows a step, and the first step's rate."""
_MARGIN = 1.0
"""Inverse regularisation, as a support vector machine's C; of 0.3, 0.5, 1, 2, 4 and 8 the best on messages not learnt."""


def one_vs_rest(
    dense: Matrix, sparse: Any, wanted: NDArray[np.bool_], step: Callable[[], None], seed: int = 0
) -> tuple[Matrix, Matrix, Matrix]:
    """
    Columns of the dense features, columns of the sparse ones (a CSR matrix) and a bias, for each of the classes.

    Least squared hinge loss, the support vector machine's, by Adam in steps of falling size; the same rows make the same result.
    `wanted` is (rows, classes); `step` is called once an epoch.
    """
    rows, classes = wanted.shape
    signs = np.where(wanted, 1, -1).astype(np.float32)
    parameters: list[Matrix] = [
        np.zeros((dense.shape[1], classes), np.float32),
        np.zeros((sparse.shape[1], classes), np.float32),
        np.full(classes, -0.9, np.float32),
    ]
    first = [np.zeros_like(one) for one in parameters]
    second = [np.zeros_like(one) for one in parameters]
    decay = np.float32(1 / (_MARGIN * rows))
    chance = np.random.default_rng(seed)
    total, done = EPOCHS * -(-rows // _ROWS), 0
    for _ in range(EPOCHS):
        order = chance.permutation(rows)
        for start in range(0, rows, _ROWS):
            here = order[start : start + _ROWS]
            near, far, sign = dense[here], sparse[here], signs[here]
            missing = np.maximum(0, 1 - sign * (near @ parameters[0] + far @ parameters[1] + parameters[2]))
            slope = np.float32(-2 / len(here)) * sign * missing
            slopes = [near.T @ slope + decay * parameters[0], far.T @ slope + decay * parameters[1], slope.sum(axis=0)]
            done += 1
            rate = _RATE * max(0.01, 1 - done / total)
            for one, by, mean, square in zip(parameters, slopes, first, second, strict=True):
                mean += np.float32(0.1) * (by - mean)
                square += np.float32(0.001) * (by * by - square)
                scale = np.sqrt(square / (1 - 0.999**done)) + 1e-8
                one -= (rate / (1 - 0.9**done) * mean / scale).astype(np.float32)
        step()
    return parameters[0], parameters[1], parameters[2]
