"""MiniLM taught our intents: what is learnt follows the loss's slope, and goes into the model's file as it was learnt."""

from __future__ import annotations

import numpy as np
import pytest

from agentpay.intents.trained import adaptation, adapting
from agentpay.intents.trained.layers import Layer, embeddings
from agentpay.llm.minilm import MiniLM, minilm
from agentpay.llm.minilm_weights import KINDS, LAYERS, Weights

TEXT = "do you have the blue one in 43 ?"


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(minilm().content())


def test_the_layers_are_minilm(weights):
    tokens, _ = minilm().tokens(TEXT)
    states = embeddings(weights, np.asarray([tokens]))
    for number in range(LAYERS):
        states = Layer(weights, number).forward(states)
    assert np.abs(states[0] - minilm().read([TEXT])[0][1]).max() < 1e-4


def test_slopes_are_those_of_the_loss(weights):
    chance = np.random.default_rng(3)
    layer = Layer(weights, 5, 2, chance)
    for first, second in layer.factors.values():
        second += 0.01 * chance.standard_normal(second.shape).astype(np.float32)
        assert first.shape[1] == second.shape[0] == 2
    states, slope = (chance.standard_normal((2, 5, 384)).astype(np.float32) for _ in range(2))
    layer.forward(states)
    layer.backward(slope)
    slopes = dict(layer.slopes)

    def loss() -> float:
        return float((layer.forward(states).astype(np.float64) * slope).sum())

    for kind in KINDS:
        for part in (0, 1):
            values, place = layer.factors[kind][part], (1, 1)
            kept = float(values[place])
            values[place] = kept + 0.01
            above = loss()
            values[place] = kept - 0.01
            below = loss()
            values[place] = kept
            assert (above - below) / 0.02 == pytest.approx(float(slopes[kind][part][place]), rel=0.1, abs=0.01)


def test_what_was_learnt_is_put_into_the_file(tmp_path):
    few = [("where is my parcel", ("order_status",)), ("any mugs", ("product_search",)), ("hi", ("greeting",))] * 4
    factors = adapting.adapt(few, minilm(), lambda *_: None)
    adaptation.save(factors, tmp_path / "learnt.npz")
    stored = adaptation.load(tmp_path / "learnt.npz")
    assert sorted(stored) == [(layer, kind) for layer in (3, 4, 5) for kind in sorted(KINDS)]
    changed = MiniLM("test", lambda content: adaptation.apply(content, stored))
    moved = np.abs(changed.read([TEXT])[0][1] - minilm().read([TEXT])[0][1]).mean()
    assert moved > 0
    # Nothing else is changed: without factors the file says the same
    assert (
        np.abs(MiniLM("same", lambda c: adaptation.apply(c, {})).read([TEXT])[0][1] - minilm().read([TEXT])[0][1]).max()
        == 0
    )
