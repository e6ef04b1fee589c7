"""What our intents taught MiniLM: small changes of its upper layers, put into its weights when it is loaded for the head."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentpay.llm.embedder import EmbeddingsUnavailable
from agentpay.llm.minilm import MODEL, MiniLM
from agentpay.llm.minilm_weights import Weights

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]
    Factors: TypeAlias = Mapping[tuple[int, str], tuple[Matrix, Matrix]]
    """By layer and kind of matrix two factors, (inputs, rank) and (rank, outputs), whose product is added to it."""

FILE = Path(__file__).parents[1] / "data" / "adaptation.npz"
ADAPTED = f"{MODEL}+intents-2"
"""The name of the vectors that the adapted model makes: search's own are of another, and so were those of earlier changes."""


def apply(content: bytes, factors: Factors) -> bytes:
    """MiniLM's file with the changes in it."""
    return Weights(content).changed({place: first @ second for place, (first, second) in factors.items()})


def save(factors: Factors, path: Path = FILE) -> None:
    """Half precision, compressed; the same factors make the same bytes."""
    written = io.BytesIO()
    arrays = {
        f"{layer}.{kind}.{part}": values.astype(np.float16)
        for (layer, kind), pair in sorted(factors.items())
        for part, values in zip("ab", pair, strict=True)
    }
    np.savez_compressed(written, **arrays)  # type: ignore[arg-type]
    path.write_bytes(written.getvalue())


def load(path: Path = FILE) -> Factors:
    """Raises OSError or ValueError where the file is missing or is none."""
    with np.load(path, allow_pickle=False) as stored:
        parts = {name: stored[name].astype(np.float32) for name in stored.files}
    found: dict[tuple[int, str], tuple[Matrix, Matrix]] = {}
    for name in parts:
        layer, kind, part = name.split(".")
        if part == "a":
            found[int(layer), kind] = parts[name], parts[f"{layer}.{kind}.b"]
    return found


def _with_the_shipped_changes(content: bytes) -> bytes:
    try:
        return apply(content, load())
    except (OSError, ValueError, KeyError) as error:
        raise EmbeddingsUnavailable(f"{FILE} cannot be put into MiniLM: {error}") from error


@lru_cache(maxsize=1)
def reader() -> MiniLM:
    """The process's own adapted MiniLM, which heads read messages by; beside search's, about 50 MB once it is loaded."""
    return MiniLM(ADAPTED, _with_the_shipped_changes, rounded=True)
