"""MiniLM as an ONNX graph of our own: a sixth of the nodes of the file's, and words kept in int8 as they are there.

Written without the onnx package: it is some seventy nodes of nine kinds.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentpay.llm.minilm_weights import KINDS, LAYERS, Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADS = 12
BLOCK = 128
"""Inputs that share a scale where they are rounded: wider blocks are faster, narrower ones finer."""
_EPSILON = 1e-12
_AS_INT8 = 4
"""MatMulNBits' accuracy level that rounds inputs, too."""
_OPSET, _CONTRIBUTED, _IR_VERSION = 17, "com.microsoft", 8
_FLOAT, _UINT8, _INT8, _INT32, _INT64 = 1, 2, 3, 6, 7
_TYPES = {"f": _FLOAT, "u": _UINT8, "i": _INT8}
"""ONNX's numbers of types, by numpy's kinds: the weights hold no other integers than of eight bits."""


def graph(content: bytes, positions: int, *, rounded: bool, depth: int = 1) -> bytes:
    """
    The model in `content` (MiniLM's file, or a changed one) for texts of up to `positions` tokens.

    `rounded`: states are rounded to int8 before they are multiplied, in half the processor time and a quarter of the memory,
    and cosines to the file's own vectors are .999. That is nothing to the intents (docs/intents.md), but a shop's ranking
    lost .015 nDCG@10 by it (docs/search.md).

    Inputs, all (texts, tokens): `ids` and `places` (0, 1, 2 …) int64, `mask` int32. Outputs: `states`, (texts, tokens, 384),
    and those of the layers before the last one, the nearest first, of `depth` layers in all.
    """
    weights = Weights(content)
    made = _Graph(rounded)
    embedded, scales = weights.packed("inner.embeddings.word_embeddings.weight")
    places = weights.tensor("inner.embeddings.position_embeddings.weight")[:positions]
    made.node("Gather", [made.tensor("words", embedded), "ids"], "words_q")
    made.node("Cast", ["words_q"], "words_f", to=_FLOAT)
    made.node("Gather", [made.tensor("word_scales", scales), "ids"], "word_scale")
    made.node("Mul", ["words_f", "word_scale"], "word")
    kind = weights.tensor("inner.embeddings.token_type_embeddings.weight")[0]  # there is but one kind of text here
    made.node("Gather", [made.tensor("all_places", places + kind), "places"], "place")
    state = made.normed(weights, "inner.embeddings.LayerNorm", ["word", "place"], "embedded")
    states: list[str] = []
    for layer in range(LAYERS):
        state = _layer(made, weights, layer, state)
        states.append(state)
    return made.model(
        inputs=[("ids", _INT64, 2), ("places", _INT64, 2), ("mask", _INT32, 2)],
        outputs=[(name, _FLOAT, 3) for name in states[: -depth - 1 : -1]],
    )


def _layer(made: _Graph, weights: Weights, layer: int, state: str) -> str:
    inside = f"inner.encoder.layer.{layer}."

    def product(kind: str, of: str) -> str:
        return made.product(*weights.packed_matrix(layer, kind), of, f"{layer}.{kind}")

    queries_keys_values = [product(kind, state) for kind in KINDS[:3]]
    biases = np.concatenate([weights.tensor(f"{inside}attention.self.{kind}.bias") for kind in KINDS[:3]])
    heads = made.node(
        "MultiHeadAttention",
        [*queries_keys_values, made.tensor(f"{layer}.biases", biases), "mask"],
        f"{layer}.heads",
        num_heads=HEADS,
    )
    attended = made.normed(
        weights, f"{inside}attention.output.LayerNorm", [product("attended", heads), state], f"{layer}.attention",
        bias=f"{inside}attention.output.dense.bias",
    )  # fmt: skip
    bias = made.tensor(f"{layer}.widened.bias", weights.tensor(f"{inside}intermediate.dense.bias"))
    widened = made.node("BiasGelu", [product("widened", attended), bias], f"{layer}.gelu")
    last = "states" if layer == LAYERS - 1 else f"{layer}.states"
    return made.normed(
        weights, f"{inside}output.LayerNorm", [product("narrowed", widened), attended], last,
        bias=f"{inside}output.dense.bias",
    )  # fmt: skip


class _Graph:
    """Nodes and tensors, and their bytes as ONNX's protocol buffers want them; numbers of fields stand beside their names."""

    _OF_ONNX = frozenset({"Gather", "Cast", "Mul", "MatMul"})

    def __init__(self, rounded: bool) -> None:
        self._rounded = rounded
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def tensor(self, name: str, values: NDArray[Any]) -> str:
        shape = b"".join(_integer(1, size) for size in values.shape)  # dims
        kind = _integer(2, _TYPES[values.dtype.kind])  # data_type
        self._tensors.append(shape + kind + _text(8, name) + _bytes(9, values.tobytes()))  # name, raw_data
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: int | float) -> str:
        named = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)
        given = b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        self._nodes.append(named + given + _text(7, "" if operator in self._OF_ONNX else _CONTRIBUTED))  # domain
        return output

    def normed(self, weights: Weights, norm: str, added: Sequence[str], output: str, *, bias: str | None = None) -> str:
        """LayerNorm over the sum of two states, and of a bias."""
        parts = [f"{norm}.weight", f"{norm}.bias", *([bias] if bias is not None else [])]
        inputs = [*added, *(self.tensor(part, weights.tensor(part)) for part in parts)]
        return self.node("SkipLayerNormalization", inputs, output, epsilon=_EPSILON)

    def product(self, matrix: NDArray[np.int8], scales: NDArray[np.float32], of: str, name: str) -> str:
        """`of` times a matrix, (inputs, outputs), that has a scale an output."""
        if not self._rounded:
            return self.node("MatMul", [of, self.tensor(f"{name}.matrix", matrix * scales)], f"{name}.product")
        inputs, outputs = matrix.shape
        blocks = inputs // BLOCK
        unsigned = (matrix.T.astype(np.int16) + 128).astype(np.uint8).reshape(outputs, blocks, BLOCK)
        scale = np.repeat(scales.reshape(outputs, 1), blocks, axis=1)
        return self.node(
            "MatMulNBits",
            [of, self.tensor(f"{name}.matrix", unsigned), self.tensor(f"{name}.scales", scale)],
            f"{name}.product",
            K=inputs, N=outputs, bits=8, block_size=BLOCK, accuracy_level=_AS_INT8,
        )  # fmt: skip

    def model(self, inputs: Sequence[tuple[str, int, int]], outputs: Sequence[tuple[str, int, int]]) -> bytes:
        """The ModelProto; inputs and outputs are names, types and how many dimensions they have, of any size."""
        graph = b"".join(
            [
                *(_bytes(1, node) for node in self._nodes),
                _text(2, "minilm"),
                *(_bytes(5, tensor) for tensor in self._tensors),
                *(_bytes(11, _declared(*given)) for given in inputs),
                *(_bytes(12, _declared(*given)) for given in outputs),
            ]
        )
        versions = ((_OPSET, ""), (1, _CONTRIBUTED))
        opsets = b"".join(_bytes(8, _text(1, domain) + _integer(2, version)) for version, domain in versions)
        return _integer(1, _IR_VERSION) + _bytes(7, graph) + opsets


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _integer(3, value) + _integer(20, 2)  # i, type INT
    return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _integer(20, 1)  # f, type FLOAT


def _declared(name: str, kind: int, dimensions: int) -> bytes:
    """A ValueInfoProto: name, and type: tensor_type: elem_type, shape: dim: dim_param."""
    shape = b"".join(_bytes(1, _text(2, f"{name}_{number}")) for number in range(dimensions))
    return _text(1, name) + _bytes(2, _bytes(1, _integer(1, kind) + _bytes(2, shape)))


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _integer(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
