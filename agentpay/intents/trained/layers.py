"""MiniLM's layers in numpy, forwards and backwards, with low-rank changes to be learnt (LoRA, Hu et al., 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentpay.llm.minilm import DIMENSION
from agentpay.llm.minilm_weights import KINDS, Weights

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]
    Factors: TypeAlias = dict[str, tuple[Matrix, Matrix]]

_HEADS = 12
_PER_HEAD = DIMENSION // _HEADS
_EPSILON = np.float32(1e-12)
_HALF, _DENSITY = np.float32(0.5), np.float32((2 * np.pi) ** -0.5)
_SCALE = np.float32(_PER_HEAD**-0.5)
_NAMES = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "attended": "attention.output.dense", "widened": "intermediate.dense", "narrowed": "output.dense",
}  # fmt: skip


def embeddings(weights: Weights, tokens: NDArray[np.int64]) -> Matrix:
    """(texts, tokens, dimension): what the first layer is given."""
    prefix = "inner.embeddings"
    states = (
        weights.tensor(f"{prefix}.word_embeddings.weight")[tokens]
        + weights.tensor(f"{prefix}.position_embeddings.weight")[: tokens.shape[1]]
        + weights.tensor(f"{prefix}.token_type_embeddings.weight")[0]
    )
    gain, shift = weights.tensor(f"{prefix}.LayerNorm.weight"), weights.tensor(f"{prefix}.LayerNorm.bias")
    return _normed(states, gain, shift)[0]


class Layer:
    """One layer; `factors` are the changes of its matrices, `slopes` theirs after `backward`."""

    def __init__(self, weights: Weights, number: int, rank: int = 0, chance: np.random.Generator | None = None) -> None:
        prefix = f"inner.encoder.layer.{number}"
        self._full = {kind: weights.matrix(number, kind) for kind in KINDS}
        self._bias = {kind: weights.tensor(f"{prefix}.{name}.bias") for kind, name in _NAMES.items()}
        self._norms = {
            name: (
                weights.tensor(f"{prefix}.{name}.LayerNorm.weight"),
                weights.tensor(f"{prefix}.{name}.LayerNorm.bias"),
            )
            for name in ("attention.output", "output")
        }
        self.factors: Factors = {}
        self.slopes: Factors = {}
        self._kept: dict[str, Any] = {}
        if rank and chance is not None:
            for kind, full in self._full.items():
                inputs, outputs = full.shape
                first = (chance.standard_normal((inputs, rank)) / np.sqrt(inputs)).astype(np.float32)
                self.factors[kind] = first, np.zeros((rank, outputs), np.float32)

    def forward(self, states: Matrix, hidden: Matrix | None = None) -> Matrix:
        """
        (texts, tokens, dimension) → the same; keeps what `backward` needs.

        `hidden`, (texts, tokens), is a very low number where a text has no token any more, and 0 elsewhere.
        """
        texts, tokens, _ = states.shape
        flat = states.reshape(-1, DIMENSION)
        query, key, value = (
            self._linear(kind, flat).reshape(texts, tokens, _HEADS, _PER_HEAD).transpose(0, 2, 1, 3)
            for kind in ("query", "key", "value")
        )
        shares: Matrix = (query @ key.transpose(0, 1, 3, 2)) * _SCALE
        if hidden is not None:
            shares += hidden[:, None, None, :]
        shares -= shares.max(axis=-1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed: Matrix = (shares @ value).transpose(0, 2, 1, 3).reshape(-1, DIMENSION)
        attended, first_norm = _normed(self._linear("attended", mixed) + flat, *self._norms["attention.output"])
        wide = self._linear("widened", attended)
        below = _error_function(wide)
        bent: Matrix = wide * _HALF * (1 + below)
        out, second_norm = _normed(self._linear("narrowed", bent) + attended, *self._norms["output"])
        self._kept |= {
            "query": query, "key": key, "value": value, "shares": shares, "wide": wide, "below": below,
            "norms": (first_norm, second_norm), "shape": (texts, tokens),
        }  # fmt: skip
        return out.reshape(states.shape)

    def backward(self, slope: Matrix) -> Matrix:
        """The loss's slope by what went in, from that by what came out."""
        kept = self._kept
        texts, tokens = kept["shape"]
        first_norm, second_norm = kept["norms"]
        out = _norm_slope(slope.reshape(-1, DIMENSION), second_norm, self._norms["output"][0])
        wide = kept["wide"]
        bent = _HALF * (1 + kept["below"]) + wide * np.exp(-_HALF * wide * wide) * _DENSITY
        attended = self._linear_slope("widened", self._linear_slope("narrowed", out) * bent) + out
        attended = _norm_slope(attended, first_norm, self._norms["attention.output"][0])
        mixed = self._linear_slope("attended", attended)
        mixed = mixed.reshape(texts, tokens, _HEADS, _PER_HEAD).transpose(0, 2, 1, 3)
        shares = kept["shares"]
        by_share = mixed @ kept["value"].transpose(0, 1, 3, 2)
        by_score = shares * (by_share - (by_share * shares).sum(axis=-1, keepdims=True)) * _SCALE
        found = attended
        for kind, part in (
            ("query", by_score @ kept["key"]),
            ("key", by_score.transpose(0, 1, 3, 2) @ kept["query"]),
            ("value", shares.transpose(0, 1, 3, 2) @ mixed),
        ):
            found = found + self._linear_slope(kind, part.transpose(0, 2, 1, 3).reshape(-1, DIMENSION))
        return found.reshape(texts, tokens, DIMENSION)

    def _linear(self, kind: str, states: Matrix) -> Matrix:
        out: Matrix = states @ self._full[kind] + self._bias[kind]
        if kind in self.factors:
            first, second = self.factors[kind]
            narrow = states @ first
            out += narrow @ second
            self._kept[f"into {kind}"] = states, narrow
        return out

    def _linear_slope(self, kind: str, slope: Matrix) -> Matrix:
        found: Matrix = slope @ self._full[kind].T
        if kind in self.factors:
            first, second = self.factors[kind]
            states, narrow = self._kept[f"into {kind}"]
            through = slope @ second.T
            self.slopes[kind] = states.T @ through, narrow.T @ slope
            found += through @ first.T
        return found


def _normed(states: Matrix, gain: Matrix, shift: Matrix) -> tuple[Matrix, tuple[Matrix, Matrix]]:
    centred = states - states.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _EPSILON)
    unit = centred * scale
    return unit * gain + shift, (unit, scale)


def _norm_slope(slope: Matrix, kept: tuple[Matrix, Matrix], gain: Matrix) -> Matrix:
    unit, scale = kept
    by_unit = slope * gain
    found: Matrix = scale * (
        by_unit - by_unit.mean(axis=-1, keepdims=True) - unit * (by_unit * unit).mean(axis=-1, keepdims=True)
    )
    return found


def _error_function(values: Matrix) -> Matrix:
    """Of the values over the root of 2, as the normal distribution has it."""
    from scipy.special import erf

    found: Matrix = erf(values * np.float32(0.5**0.5))
    return found
