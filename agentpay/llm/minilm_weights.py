"""The weights inside MiniLM's ONNX file: read as floats, and written back changed, without the onnx package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float32]

LAYERS = 6
KINDS = ("query", "key", "value", "attended", "widened", "narrowed")
"""A layer's matrices, in the order in which the file holds them."""
_GRAPH, _INITIALIZER, _DIMENSIONS, _TYPE, _NAME, _RAW = 7, 5, 1, 2, 8, 9
"""Field numbers of ONNX's protocol buffers: ModelProto.graph, GraphProto.initializer, TensorProto.dims and so on."""
_FLOAT, _INT8 = 1, 3
_LEVELS = 127


class Weights:
    """The tensors of the file; matrices are int8 with a scale a column (a row, of embeddings)."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._places: dict[str, tuple[int, int]] = {}
        self._tensors: dict[str, NDArray[np.generic]] = {}
        graph = next(value for field, value in _fields(content, 0, len(content)) if field == _GRAPH)
        assert isinstance(graph, tuple)
        for field, value in _fields(content, *graph):
            if field == _INITIALIZER and isinstance(value, tuple):
                self._read(*value)
        numbered = sorted(
            (name.removesuffix("_q") for name in self._tensors if name.startswith("val_") and name.endswith("_q")),
            key=lambda name: int(name.removeprefix("val_")),
        )
        if len(numbered) != LAYERS * len(KINDS):
            raise ValueError(f"{len(numbered)} matrices are not those of MiniLM's {LAYERS} layers")
        self._matrices = {
            (number // len(KINDS), KINDS[number % len(KINDS)]): name for number, name in enumerate(numbered)
        }

    def _read(self, start: int, end: int) -> None:
        shape: list[int] = []
        name, kind, raw = "", 0, (0, 0)
        for field, value in _fields(self._content, start, end):
            if field == _DIMENSIONS and isinstance(value, int):
                shape.append(value)
            elif field == _TYPE and isinstance(value, int):
                kind = value
            elif isinstance(value, tuple) and field == _NAME:
                name = self._content[slice(*value)].decode()
            elif isinstance(value, tuple) and field == _RAW:
                raw = value
        if kind in (_FLOAT, _INT8):
            self._places[name] = raw
            values = np.frombuffer(self._content[slice(*raw)], np.float32 if kind == _FLOAT else np.int8)
            self._tensors[name] = values.reshape(shape)

    def tensor(self, name: str) -> Matrix:
        """A tensor by its name, as floats."""
        if (packed := self._tensors.get(f"{name}_q")) is not None:
            floats: Matrix = packed.astype(np.float32) * self._tensors[f"{name}_scale"].astype(np.float32)
            return floats
        return self._tensors[name].astype(np.float32)

    def packed(self, name: str) -> tuple[NDArray[np.int8], Matrix]:
        """A tensor as the file holds it, and its scales. Raises KeyError where it is not packed."""
        return self._tensors[f"{name}_q"].astype(np.int8), self._tensors[f"{name}_scale"].astype(np.float32)

    def packed_matrix(self, layer: int, kind: str) -> tuple[NDArray[np.int8], Matrix]:
        return self.packed(self._matrices[layer, kind])

    def matrix(self, layer: int, kind: str) -> Matrix:
        """(inputs, outputs): one of a layer's matrices."""
        return self.tensor(self._matrices[layer, kind])

    def changed(self, changes: Mapping[tuple[int, str], Matrix]) -> bytes:
        """The file with what `changes` holds added to its matrices, rounded to int8 as the file's own."""
        content = bytearray(self._content)
        for (layer, kind), change in changes.items():
            name = self._matrices[layer, kind]
            full = self.matrix(layer, kind) + change
            scale = (np.abs(full).max(axis=0, keepdims=True) / _LEVELS).astype(np.float32)
            rounded = np.clip(np.round(full / scale), -_LEVELS, _LEVELS).astype(np.int8)
            for tensor, values in ((f"{name}_q", rounded), (f"{name}_scale", scale)):
                start, end = self._places[tensor]
                content[start:end] = values.tobytes()
        return bytes(content)


def _fields(content: bytes, start: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """Field numbers of a message with their values: integers, or where the bytes of the value lie."""
    while start < end:
        key, start = _varint(content, start)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, start = _varint(content, start)
            yield field, value
        elif wire == 2:
            length, start = _varint(content, start)
            yield field, (start, start + length)
            start += length
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
            yield field, (start, start + length)
            start += length
        else:
            raise ValueError(f"wire type {wire} is none of protocol buffers'")


def _varint(content: bytes, start: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[start]
        start += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, start
