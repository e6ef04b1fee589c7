"""Training a head. scikit-learn and scipy are needed here alone, not where a head is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agentpay.intents.trained.alignment import Alignment
from agentpay.intents.trained.head import Head, Linear, Rejection
from agentpay.intents.trained.neighbours import Neighbours
from agentpay.intents.trained.ngrams import Vocabulary
from agentpay.intents.trained.whitened import Whitened

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agentpay.intents.trained.alignment import States

    Matrix = NDArray[np.float32]
    Places = NDArray[np.int64]

FEW = 20
"""Up to so many examples an intent (in the mean) they are compared one by one, too, and words say less."""
FOLDS = 3
LOST = 0.006
"""The share of rightly understood sentences that the threshold may reject; of what lies outside it then rejects what it can."""
_STEADINESS, _STEADINESS_OF_FEW = 60.0, 30.0
"""Inverse regularisation of the embedding's logistic regression; 20 and 60, 30 and 100 differ by little on both public sets."""
_WORDS_SHARE, _WORDS_SHARE_OF_FEW = 0.5, 0.2
"""Chosen, as all figures here, on CLINC150's validation part and on BANKING77's training sentences set aside."""
_MARGIN = 0.5
"""Inverse regularisation of the n-grams' support vector machine."""

Step = Callable[[], None]


def few(labels: Sequence[str]) -> bool:
    """Whether examples are so few that a head is given their token states."""
    return len(labels) <= FEW * len(set(labels))


def steps(labels: Sequence[str], *, outside: str = "oos") -> int:
    """How often `fit` calls its `step`."""
    return 1 + (FOLDS if labels.count(outside) >= FOLDS else 0)


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    vectors: Matrix,
    *,
    model: str,
    outside: str = "oos",
    states: Sequence[States] | None = None,
    at_most: int | None = None,
    step: Step = lambda: None,
) -> Head:
    """
    A head for the labels. Rows of the label `outside` teach it what to reject; fewer than `FOLDS` of them teach nothing.

    The threshold is chosen on sentences that the heads judging them have not seen: each third is set aside once, a head is
    trained on the rest, and the highest threshold that rejects at most `LOST` of the rightly understood ones is taken.
    Raises ValueError where there are not two intents.
    """
    inside = sorted(set(labels) - {outside})
    if len(inside) < 2:
        raise ValueError(f"a head needs two intents to tell apart, not {len(inside)}")
    rejects = labels.count(outside) >= FOLDS
    kept = [row for row, label in enumerate(labels) if rejects or label != outside]
    classes = [*inside, outside] if rejects else inside
    places = {label: place for place, label in enumerate(classes)}
    chosen, owners = [texts[row] for row in kept], np.asarray([places[labels[row]] for row in kept], np.int64)
    dense = np.asarray(vectors[kept], np.float32)

    scarce = few(labels)

    def trained(rows: Places) -> Head:
        here = [chosen[int(row)] for row in rows]
        vocabulary = Vocabulary.of(here, at_least=1 if scarce else 2, at_most=at_most)
        embedded, words = _linear(here, owners[rows], dense[rows], vocabulary, len(classes), scarce)
        step()
        share = _WORDS_SHARE_OF_FEW if scarce else _WORDS_SHARE
        return Head(model, classes, rejects, embedded, words, vocabulary, share)

    whole = trained(np.arange(len(chosen)))
    rejection = _rejection(trained, chosen, owners, dense, len(inside)) if rejects else None
    examples = owners < len(inside)
    aligned = whitened = near = None
    if scarce:
        whitened = Whitened.of(dense[examples], owners[examples], len(inside))
    else:
        near = Neighbours.of(dense[examples], owners[examples], len(inside))
    if states is not None:
        known = [states[row] for row, is_example in zip(kept, examples, strict=True) if is_example]
        aligned = Alignment.of(known, owners[examples], len(inside))
    return replace(whole, rejection=rejection, alignment=aligned, whitened=whitened, neighbours=near)


def _linear(
    texts: Sequence[str], owners: Places, vectors: Matrix, vocabulary: Vocabulary, classes: int, scarce: bool
) -> tuple[Linear, Linear]:
    """Both views, trained: the embedding's and the n-grams'."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    steadiness = _STEADINESS_OF_FEW if scarce else _STEADINESS
    regression = LogisticRegression(C=steadiness, max_iter=300).fit(vectors, owners)
    machine = LinearSVC(C=_MARGIN).fit(rows_of(vocabulary, texts), owners)
    return _spread(regression, classes), _spread(machine, classes)


def rows_of(vocabulary: Vocabulary, texts: Sequence[str]) -> Any:
    """The texts' n-grams as a sparse matrix."""
    from scipy.sparse import csr_matrix

    found = [vocabulary.weights(text) for text in texts]
    ends = np.concatenate([[0], np.cumsum([len(places) for places, _ in found])])
    return csr_matrix(
        (np.concatenate([weights for _, weights in found]), np.concatenate([places for places, _ in found]), ends),
        shape=(len(texts), len(vocabulary.places)),
    )


def _spread(fitted: Any, classes: int) -> Linear:
    """A fitted classifier's columns, one a class: of two scikit-learn keeps but one, and one that a fold lacks never wins."""
    coefficients: Matrix = np.asarray(fitted.coef_, np.float32)
    bias: Matrix = np.asarray(fitted.intercept_, np.float32)
    if len(coefficients) == 1:
        coefficients = (np.concatenate([-coefficients, coefficients]) / 2).astype(np.float32)
        bias = (np.concatenate([-bias, bias]) / 2).astype(np.float32)
    known = np.asarray(fitted.classes_)
    columns = np.zeros((coefficients.shape[1], classes), np.float32)
    spread = np.full(classes, -30.0, np.float32)
    columns[:, known], spread[known] = coefficients.T, bias
    return Linear(columns, spread)


def _rejection(
    trained: Callable[[Places], Head], texts: Sequence[str], owners: Places, vectors: Matrix, inside: int
) -> Rejection:
    """The detector of what lies outside, and its threshold, from sentences set aside."""
    from sklearn.linear_model import LogisticRegression

    signals = np.zeros((len(texts), 4), np.float32)
    right = np.zeros(len(texts), bool)
    parts = folds(owners)
    for fold in range(FOLDS):
        rest, aside = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
        logits, signals[aside] = trained(rest).views([texts[int(row)] for row in aside], vectors[aside])
        right[aside] = logits.argmax(axis=1) == owners[aside]
    is_inside = owners < inside
    mean, spread = signals.mean(axis=0), signals.std(axis=0) + 1e-6
    detector = LogisticRegression(class_weight="balanced").fit((signals - mean) / spread, is_inside)
    weights = (detector.coef_[0] / spread).astype(np.float32)
    bias = float(detector.intercept_[0] - (mean * weights).sum())
    scores = signals @ weights + np.float32(bias)
    judged = scores[is_inside & right]
    return Rejection(weights, bias, float(np.quantile(judged if len(judged) else scores[is_inside], LOST)))


def folds(owners: Places) -> Places:
    """A fold a row, so that each class is spread evenly; the same for the same labels."""
    parts = np.zeros(len(owners), np.int64)
    chance = np.random.default_rng(0)
    for owner in np.unique(owners):
        rows = chance.permutation(np.flatnonzero(owners == owner))
        parts[rows] = (np.arange(len(rows)) + owner) % FOLDS
    return parts
