"""MiniLM's upper layers taught a handful of examples: intents move apart, padding changes nothing, and the same is learnt each time."""

from __future__ import annotations

import numpy as np
import pytest

from agentpay.intents.trained.contrasting import TAUGHT_LAYERS, Contrasted, contrast
from agentpay.intents.trained.placing import Placing
from agentpay.llm.embedder import unit
from agentpay.llm.minilm import MiniLM
from agentpay.llm.minilm_weights import Weights

LOST = ["my card is gone", "I cannot find my card anywhere at all today", "the card was stolen", "lost it"]
LATE = ["my card is not here", "I am still waiting for my card to come in the post", "the card never came", "late"]


@pytest.fixture(scope="module")
def deep() -> MiniLM:
    return MiniLM(depth=TAUGHT_LAYERS + 1)


@pytest.fixture(scope="module")
def weights(deep) -> Weights:
    return Weights(deep.content())


@pytest.fixture(scope="module")
def below(deep):
    return [layers[TAUGHT_LAYERS] for _, layers in deep.layers([*LOST, *LATE])]


def apart(vectors) -> float:
    """How much more alike two texts of one intent are than two of both."""
    vectors = unit(vectors[:, 0] - vectors[:, 0].mean(axis=0))
    similar = vectors @ vectors.T
    return float(similar[:4, :4].mean() + similar[4:, 4:].mean() - 2 * similar[:4, 4:].mean())


def test_layers_are_those_of_each_text_alone(deep):
    (numbers, layers), *_ = deep.layers(["lost it", LATE[1]])
    alone_numbers, alone = deep.states(["lost it"])[0]
    assert (numbers == alone_numbers).all()
    assert len(layers) == TAUGHT_LAYERS + 1
    assert np.abs(layers[0] - alone).max() < 1e-4


def test_untaught_layers_make_minilms_vectors(deep, weights, below):
    found = Contrasted(weights, np.random.default_rng(0)).vectors(below)
    for row, text in enumerate([*LOST, *LATE]):
        states = deep.states([text])[0][1]
        assert np.abs(found[row, 0] - states.mean(axis=0)).max() < 1e-4
        assert np.abs(found[row, 1] - states.max(axis=0)).max() < 1e-4


def test_examples_of_one_intent_are_drawn_together(weights, below):
    owners = np.asarray([0] * 4 + [1] * 4)
    before = Contrasted(weights, np.random.default_rng(0)).vectors(below)
    after = contrast(below, owners, 2, weights).vectors(below)
    assert apart(after) > apart(before) + 0.1
    assert (contrast(below, owners, 2, weights).vectors(below) == after).all()


def test_each_view_counts_the_same():
    views = np.random.default_rng(0).standard_normal((5, 2, 3)).astype(np.float32)
    far = views * np.asarray([1, 1000], np.float32)[:, None]
    placing, placing_far = Placing.of(views), Placing.of(far)
    assert np.abs(placing.vectors(views) - placing_far.vectors(far)).max() < 1e-5
    assert np.linalg.norm(placing.vectors(views), axis=1) == pytest.approx(1, abs=1e-5)
