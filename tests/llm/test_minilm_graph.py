"""Our graph of MiniLM gives the vectors of its file, rounded or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest

from agentpay.llm.minilm import MAX_TOKENS, MiniLM, minilm

TEXTS = [
    "webcam",
    "where is my order MH-702? it still hasn't arrived",
    "A walnut desk with two drawers and a steel frame; 120 by 60 cm, delivered in parts. " * 2,
    "word " * (MAX_TOKENS + 20),
]


def vectors_by_the_files_own_graph(texts: Sequence[Sequence[int]]) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(minilm().content(), options, providers=["CPUExecutionProvider"])
    rows = []
    for tokens in texts:
        ids = np.asarray([tokens], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = session.run(None, inputs)[0][0].mean(axis=0)
        rows.append(mean / np.linalg.norm(mean))
    return np.stack(rows)


@pytest.mark.parametrize(("rounded", "least"), [(False, 0.99999), (True, 0.999)])
def test_vectors_are_those_of_the_file_alone_and_together(rounded: bool, least: float) -> None:
    model = MiniLM(rounded=rounded)
    tokens = [model.tokens(text)[0] for text in TEXTS]
    assert len(tokens[3]) == MAX_TOKENS
    right = vectors_by_the_files_own_graph(tokens)
    together = model.encode(TEXTS)
    alone = np.stack([model.encode([text])[0] for text in TEXTS])
    assert ((together * right).sum(axis=1) > least).all()
    assert ((alone * right).sum(axis=1) > least).all()
