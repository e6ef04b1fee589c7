"""Teaching MiniLM our intents: low-rank changes of its upper layers, learnt from the head's training set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentpay.intents.trained.commerce import clause_labels, heard_in
from agentpay.intents.trained.joins import with_joins
from agentpay.intents.trained.layers import Layer, embeddings
from agentpay.intents.trained.training_set import Example
from agentpay.llm.minilm import DIMENSION, MiniLM
from agentpay.llm.minilm_weights import KINDS, LAYERS, Weights

if TYPE_CHECKING:
    from agentpay.intents.trained.adaptation import Factors, Matrix

ADAPTED_LAYERS, RANK, EPOCHS = 3, 16, 2
"""The upper half of the layers. What was tried, and what it gained: docs/intents.md."""
_JOINS = 8000
"""Messages joined of two that take part, at most one beside three others."""
_LONGEST = 48
_TOKENS, _LEAST, _MOST = 640, 8, 48
"""Tokens a step, and at least and at most so many messages."""
_RATE, _HEAD_RATE, _DECAY = 1e-3, 0.05 / 12, 0.01
_WARMING = 150
_SHARPNESS = np.float32(12)
_CLAUSE = 0.5
"""What a clause counts beside a message."""


@dataclass(frozen=True, slots=True)
class _Row:
    tokens: list[int]
    parts: list[tuple[float, Matrix, Matrix]]
    """How much each counts, its mean over the tokens, and its intents: the message, then its clauses."""


def adapt(examples: Sequence[Example], encoder: MiniLM, progress: Callable[[str, int, int], None]) -> Factors:
    """The changes that make the means of messages and of clauses tell their intents; about 6 minutes of processor time."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # how sums are divided among threads changes their last bits
        return _adapted(examples, encoder, progress)


def _adapted(examples: Sequence[Example], encoder: MiniLM, progress: Callable[[str, int, int], None]) -> Factors:
    chance = np.random.default_rng(0)
    weights = Weights(encoder.content())
    rows, intents = _rows(examples, encoder, chance)
    upper = [Layer(weights, LAYERS - ADAPTED_LAYERS + n, RANK, chance) for n in range(ADAPTED_LAYERS)]
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_length[len(row.tokens)].append(place)
    states = _lower(weights, rows, by_length, progress)
    columns = np.zeros((DIMENSION, intents), np.float32)
    bias = np.full(intents, -3, np.float32)
    learnt = [columns, bias, *(values for layer in upper for kind in KINDS for values in layer.factors[kind])]
    rates = [_HEAD_RATE, 0.05] + [_RATE] * (len(learnt) - 2)
    means, squares = [np.zeros_like(one) for one in learnt], [np.zeros_like(one) for one in learnt]
    batches = [batch for _ in range(EPOCHS) for batch in _batches(by_length, chance)]
    for done, batch in enumerate(batches, 1):
        slopes = _slopes(
            [rows[place] for place in batch], np.stack([states[place] for place in batch]), upper, columns, bias
        )
        pace = min(1, done / _WARMING) * max(0.02, 1 - done / len(batches))
        for place, (values, slope) in enumerate(zip(learnt, slopes, strict=True)):
            means[place] += np.float32(0.1) * (slope - means[place])
            squares[place] += np.float32(0.002) * (slope * slope - squares[place])
            move = (means[place] / (1 - 0.9**done)) / (np.sqrt(squares[place] / (1 - 0.998**done)) + 1e-8)
            decay = _DECAY * values if place > 1 else 0
            values -= np.float32(rates[place] * pace) * (move + decay).astype(np.float32)
        progress("Learning", done, len(batches))
    return {
        (LAYERS - ADAPTED_LAYERS + number, kind): layer.factors[kind]
        for number, layer in enumerate(upper)
        for kind in KINDS
    }


def _rows(examples: Sequence[Example], encoder: MiniLM, chance: np.random.Generator) -> tuple[list[_Row], int]:
    """The messages, some of the joined ones among them, and how many intents they have."""
    messages = with_joins(examples)
    joined = chance.choice(np.arange(len(examples), len(messages)), min(_JOINS, len(examples) // 3), False)
    chosen = [*messages[: len(examples)], *(messages[int(place)] for place in joined)]
    classes = sorted({name for one in chosen for name in one.names})
    rows: list[_Row] = []
    for one in chosen:
        norm, heard = heard_in(one.text)
        tokens, places = encoder.tokens(norm)
        tokens, places = tokens[:_LONGEST], places[:_LONGEST]
        every = np.full(len(tokens), 1 / len(tokens), np.float32)
        parts = [(1.0, every, _labels(one.names, classes))]
        start = 0
        for clause, names in zip(heard, clause_labels(one, heard), strict=False):
            end = start + len(clause.norm.removesuffix(" ?"))
            inside = (places[:, 0] >= start) & (places[:, 1] <= end) & (places[:, 1] > places[:, 0])
            if inside.any():
                parts.append((_CLAUSE, (inside / inside.sum()).astype(np.float32), _labels(names, classes)))
            start = end + 1
        rows.append(_Row(tokens, parts))
    return rows, len(classes)


def _labels(names: Sequence[str], classes: Sequence[str]) -> Matrix:
    return np.asarray([name in names for name in classes], np.float32)


def _lower(
    weights: Weights, rows: Sequence[_Row], by_length: dict[int, list[int]], progress: Callable[[str, int, int], None]
) -> list[Matrix]:
    """What the layers that stay as they are make of each row, in half precision."""
    layers = [Layer(weights, number) for number in range(LAYERS - ADAPTED_LAYERS)]
    found: list[Matrix] = [np.empty(0, np.float32)] * len(rows)
    done = 0
    for length, places in sorted(by_length.items()):
        size = max(1, 2 * _TOKENS // length)
        for start in range(0, len(places), size):
            here = places[start : start + size]
            states = embeddings(weights, np.asarray([rows[place].tokens for place in here], np.int64))
            for layer in layers:
                states = layer.forward(states)
            for place, one in zip(here, states, strict=True):
                found[place] = one.astype(np.float16)
            done += len(here)
            progress("Reading", done, len(rows))
    return found


def _batches(by_length: dict[int, list[int]], chance: np.random.Generator) -> list[list[int]]:
    """Rows of one length each, so that nothing is padded, in a new order."""
    found: list[list[int]] = []
    for length, places in by_length.items():
        order = [places[int(place)] for place in chance.permutation(len(places))]
        size = max(_LEAST, min(_MOST, _TOKENS // length))
        found += [order[start : start + size] for start in range(0, len(order), size)]
    return [found[int(place)] for place in chance.permutation(len(found))]


def _slopes(
    rows: Sequence[_Row], states: Matrix, layers: Sequence[Layer], columns: Matrix, bias: Matrix
) -> list[Matrix]:
    """The slopes of a batch's logistic loss by the columns, the bias and every factor, the latter's of length 1 at most."""
    states = states.astype(np.float32)
    for layer in layers:
        states = layer.forward(states)
    owners = np.asarray([place for place, row in enumerate(rows) for _ in row.parts])
    counts = np.asarray([part[0] for row in rows for part in row.parts], np.float32)
    shares = np.stack([part[1] for row in rows for part in row.parts])
    wanted = np.stack([part[2] for row in rows for part in row.parts])
    vectors = np.einsum("pt,ptd->pd", shares, states[owners])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / lengths
    missing = 1 / (1 + np.exp(-(_SHARPNESS * unit @ columns + bias))) - wanted
    by_score = (missing * counts[:, None] / len(rows)).astype(np.float32)
    by_unit = _SHARPNESS * by_score @ columns.T
    by_vector = (by_unit - unit * (by_unit * unit).sum(axis=1, keepdims=True)) / lengths
    by_state = np.zeros_like(states)
    np.add.at(by_state, owners, shares[:, :, None] * by_vector[:, None, :])
    for layer in reversed(layers):
        by_state = layer.backward(by_state)
    factors = [slope for layer in layers for kind in KINDS for slope in layer.slopes[kind]]
    whole = np.sqrt(sum(float((slope * slope).sum()) for slope in factors))
    return [
        _SHARPNESS * unit.T @ by_score,
        by_score.sum(axis=0),
        *(slope / np.float32(max(1.0, whole)) for slope in factors),
    ]
