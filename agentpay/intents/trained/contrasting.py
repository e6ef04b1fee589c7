"""Teaching MiniLM's upper layers a handful of examples an intent: those of one are drawn together, those of others apart.

Supervised contrastive learning (Khosla et al., 2020) of low-rank changes, beside a softmax over a learnt direction an intent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.trained.layers import Layer
from agentpay.llm.embedder import unit
from agentpay.llm.minilm import DIMENSION
from agentpay.llm.minilm_weights import KINDS, LAYERS, Weights

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]
    Places: TypeAlias = NDArray[np.int64]

TAUGHT_LAYERS = 2
_RANK, _BATCH = 16, 64
_READINGS, _MOST_PASSES = 5000, 6
"""About so many examples are read in all, which bounds the time to about a minute and a half; each at most so often."""
_RATE, _DECAY, _WARMING = 1e-3, 0.01, 0.1
_SHARPNESS, _CLOSENESS, _CONTRAST = np.float32(20), np.float32(0.1), np.float32(3)
"""Of the softmax over intents; temperature of the contrast; its weight. Chosen on BANKING77's training sentences outside the ten."""
_TOGETHER = 4
"""Examples of an intent that a batch holds side by side, so that there is something to draw together."""
_HIDDEN = np.float32(-1e9)


class Contrasted:
    """The taught layers; `vectors` of texts by their states below them."""

    def __init__(self, weights: Weights, chance: np.random.Generator) -> None:
        first = LAYERS - TAUGHT_LAYERS
        self.layers = [Layer(weights, first + number, _RANK, chance) for number in range(TAUGHT_LAYERS)]

    def vectors(self, below: Sequence[Matrix]) -> Matrix:
        """(texts, 2, dimension): the mean over each text's tokens, and the greatest of each dimension."""
        found = np.empty((len(below), 2, DIMENSION), np.float32)
        order = sorted(range(len(below)), key=lambda place: len(below[place]))
        for start in range(0, len(order), _BATCH):
            here = order[start : start + _BATCH]
            states, shares = self.read([below[place] for place in here])
            found[here, 0] = np.einsum("nt,ntd->nd", shares, states)
            found[here, 1] = np.where(shares[:, :, None] > 0, states, -np.inf).max(axis=1)
        return found

    def read(self, below: Sequence[Matrix]) -> tuple[Matrix, Matrix]:
        """(texts, tokens of the longest, dimension), and (texts, tokens): what each token counts in its text's mean."""
        longest = max(map(len, below))
        states = np.zeros((len(below), longest, DIMENSION), np.float32)
        shares = np.zeros((len(below), longest), np.float32)
        for row, one in enumerate(below):
            states[row, : len(one)] = one
            shares[row, : len(one)] = 1 / len(one)
        hidden = np.where(shares > 0, np.float32(0), _HIDDEN)
        for layer in self.layers:
            states = layer.forward(states, hidden)
        return states, shares


def passes(rows: int) -> int:
    """How often each of so many examples is read."""
    return int(np.clip(round(_READINGS / rows), 1, _MOST_PASSES))


def contrast(
    below: Sequence[Matrix], owners: Places, intents: int, weights: Weights, step: Callable[[], None] = lambda: None
) -> Contrasted:
    """
    Learns from the examples' states below the taught layers, (tokens, dimension) each; `step` is called once a pass.

    `owners` are the places of the examples' intents, each of which has one at least. The same examples make the same changes.
    """
    from threadpoolctl import threadpool_limits

    chance = np.random.default_rng(0)
    taught = Contrasted(weights, chance)
    untaught = unit(taught.vectors(below)[:, 0])
    centre = untaught.mean(axis=0)
    aims: Matrix = unit(np.stack([unit(untaught - centre)[owners == owner].mean(axis=0) for owner in range(intents)]))
    learnt = [aims, *(values for layer in taught.layers for kind in KINDS for values in layer.factors[kind])]
    means, squares = [np.zeros_like(one) for one in learnt], [np.zeros_like(one) for one in learnt]
    each = passes(len(below))
    total, done = each * -(-len(below) // _BATCH), 0
    with threadpool_limits(1):  # how sums are divided among threads changes their last bits
        for _ in range(each):
            order = _in_groups(owners, intents, chance)
            for start in range(0, len(order), _BATCH):
                here = order[start : start + _BATCH]
                slopes = _slopes(taught, [below[int(place)] for place in here], owners[here], centre, aims)
                done += 1
                pace = min(1.0, done / (_WARMING * total)) * max(0.02, 1 - done / total)
                for place, (values, slope) in enumerate(zip(learnt, slopes, strict=True)):
                    means[place] += np.float32(0.1) * (slope - means[place])
                    squares[place] += np.float32(0.002) * (slope * slope - squares[place])
                    move = (means[place] / (1 - 0.9**done)) / (np.sqrt(squares[place] / (1 - 0.998**done)) + 1e-8)
                    rate, decay = (_RATE, _DECAY * values) if place else (2 * _RATE, 0)
                    values -= np.float32(rate * pace) * (move + decay).astype(np.float32)
            step()
    return taught


def _in_groups(owners: Places, intents: int, chance: np.random.Generator) -> Places:
    """All examples in a new order, those of an intent in groups."""
    groups: list[Places] = []
    for owner in range(intents):
        own = chance.permutation(np.flatnonzero(owners == owner))
        groups += [own[start : start + _TOGETHER] for start in range(0, len(own), _TOGETHER)]
    return np.concatenate([groups[int(place)] for place in chance.permutation(len(groups))])


def _slopes(taught: Contrasted, below: Sequence[Matrix], owners: Places, centre: Matrix, aims: Matrix) -> list[Matrix]:
    """The slopes of a batch's loss by the intents' directions and by every factor, the latter's of length 1 at most."""
    states, shares = taught.read(below)
    vectors = np.einsum("nt,ntd->nd", shares, states)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    placed = vectors / lengths
    shifted = placed - centre
    distances = np.linalg.norm(shifted, axis=1, keepdims=True)
    turned = shifted / distances
    sizes = np.linalg.norm(aims, axis=1, keepdims=True)
    towards = aims / sizes
    missing = _softmax(_SHARPNESS * turned @ towards.T)
    missing[np.arange(len(below)), owners] -= 1
    missing *= _SHARPNESS / len(below)
    by_towards = missing.T @ turned
    by_turned = missing @ towards + _contrast_slope(turned, owners)
    by_shifted = (by_turned - turned * (by_turned * turned).sum(axis=1, keepdims=True)) / distances
    by_vector = (by_shifted - placed * (by_shifted * placed).sum(axis=1, keepdims=True)) / lengths
    by_state = (shares[:, :, None] * by_vector[:, None, :]).astype(np.float32)
    for layer in reversed(taught.layers):
        by_state = layer.backward(by_state)
    factors = [slope for layer in taught.layers for kind in KINDS for slope in layer.slopes[kind]]
    whole = np.sqrt(sum(float((slope * slope).sum()) for slope in factors))
    by_aims: Matrix = (by_towards - towards * (by_towards * towards).sum(axis=1, keepdims=True)) / sizes
    return [by_aims, *(slope / np.float32(max(1.0, whole)) for slope in factors)]


def _contrast_slope(turned: Matrix, owners: Places) -> Matrix:
    """By the vectors: an example's similarity to the others of its intent against that to all of the batch."""
    similar = turned @ turned.T / _CLOSENESS
    np.fill_diagonal(similar, _HIDDEN)
    same = (owners[:, None] == owners[None, :]).astype(np.float32)
    np.fill_diagonal(same, 0)
    others = same.sum(axis=1, keepdims=True)
    wrong = np.where(others > 0, _softmax(similar) - same / np.maximum(others, 1), 0)
    wrong *= _CONTRAST / _CLOSENESS / len(owners)
    slope: Matrix = ((wrong + wrong.T) @ turned).astype(np.float32)
    return slope


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return shares
