"""A store file as text → checked rows that remember their lines."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import ValidationError

from agentpay.commerce.importing.models import ProductRow, ProductsFile, StoreFile
from agentpay.commerce.importing.problems import ImportProblem, ImportProblems

Path_ = tuple[str | int, ...]
Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and how much there is (0: unknown)."""

MAX_NODES = 5_000_000
MAX_DEPTH = 40
MAX_REPORTED = 1000
"""Problems after which reading stops: nobody reads more."""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StoreLoader(_Base):  # type: ignore[misc]
    """YAML where `NO` is Norway, `01234` a postcode and 12:30 a text: only true and false are booleans, no octals."""


StoreLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")
    ]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
StoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
StoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))


@dataclass(slots=True)
class Loaded:
    """A store file that is sound in itself; what it refers to is checked against it and the database (`checking.py`)."""

    store: StoreFile
    lines: dict[Path_, int]
    digest: str
    products_file: str | None = None
    product_lines: list[int] = field(default_factory=list)

    def problem(self, path: Path_, message: str) -> ImportProblem:
        """A problem at a path such as ("orders", 0, "customer"), with its line."""
        if self.products_file and len(path) > 1 and path[0] == "products" and isinstance(path[1], int):
            return ImportProblem(self.product_lines[path[1]], _dotted(path[2:]), message, self.products_file)
        return ImportProblem(line_of(self.lines, path), _dotted(path), message)


def load(path: Path | str, *, now: datetime | None = None, progress: Progress | None = None) -> Loaded:
    """
    Read and check a store file (YAML, gzipped or not).

    Relative times count from `now` (default: this moment). Raises `ImportProblems` with every bad row.
    """
    path = Path(path)
    context = {"now": now or datetime.now(UTC)}
    content = _read(path)
    digest = hashlib.sha256(content)
    data, lines, problems = _parse(content)
    products = data.get("products")
    streamed: list[ProductRow] = []
    product_lines: list[int] = []
    name: str | None = None
    if isinstance(products, dict):
        data = {**data, "products": []}
        source = _products_path(path, products, lines, problems)
        if source is not None:
            name = source.name
            digest.update(source.read_bytes())
            streamed, product_lines = _stream(source, context, problems, progress)
    try:
        store = StoreFile.model_validate(data, context=context)
    except ValidationError as error:
        problems += [ImportProblem(line_of(lines, loc), _dotted(loc), message) for loc, message in _errors(error)]
    if problems:
        raise ImportProblems(problems[:MAX_REPORTED])
    if name is not None:
        store.products = streamed
    return Loaded(store, lines, digest.hexdigest(), name, product_lines)


def file_digest(path: Path | str) -> str:
    """
    The sha256 of a store file and its products file: equal to `organizations.import_digest` where nothing changed.

    Raises `ImportProblems` where the file cannot be read.
    """
    path = Path(path)
    content = _read(path)
    digest = hashlib.sha256(content)
    found = re.search(
        rb"(?m)^products:\s*\{\s*file:\s*[\"']?([^\"'}\s]+)|^products:\s*\n\s+file:\s*[\"']?([^\"'\s]+)", content
    )
    if found:
        other = path.parent / (found[1] or found[2]).decode()
        if other.is_file():
            digest.update(other.read_bytes())
    return digest.hexdigest()


def read_raw(path: Path) -> dict[str, Any]:
    """A store file's mapping as it is written, unchecked. Raises `ImportProblems` where it is no YAML mapping."""
    data, _, problems = _parse(_read(path))
    if problems:
        raise ImportProblems(problems)
    return data


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImportProblems([ImportProblem(0, "", f"{path.name} cannot be read: {reason}")]) from error


def _parse(content: bytes) -> tuple[dict[str, Any], dict[Path_, int], list[ImportProblem]]:
    loader = StoreLoader(content)
    try:
        node = loader.get_single_node()
        lines: dict[Path_, int] = {}
        problems: list[ImportProblem] = []
        if node is not None:
            _index(node, (), lines, problems)
        data = None if node is None or problems else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ImportProblems(
            [ImportProblem(mark.line + 1 if mark else 0, "", f"this is not YAML: {error.problem or error.context}")]
        ) from error
    except yaml.YAMLError as error:
        raise ImportProblems([ImportProblem(0, "", f"this is not YAML: {error}")]) from error
    finally:
        loader.dispose()
    if problems:
        raise ImportProblems(problems)
    if not isinstance(data, dict):
        raise ImportProblems(
            [ImportProblem(1, "", "a store file is a mapping with `organization`, `products` and so on")]
        )
    return data, lines, []


def _index(node: yaml.Node, path: Path_, lines: dict[Path_, int], problems: list[ImportProblem]) -> None:
    """Note the line of every value (of a mapping's: of its key), and keys that are given twice."""
    if len(path) > MAX_DEPTH or len(lines) > MAX_NODES:
        raise ImportProblems(
            [ImportProblem(node.start_mark.line + 1, _dotted(path[:6]), "the file is nested too deeply")]
        )
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            _index(item, (*path, n), lines, problems)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in lines and key.tag != "tag:yaml.org,2002:merge":
                problems.append(ImportProblem(key.start_mark.line + 1, _dotted(inner), "is given twice"))
            lines[inner] = key.start_mark.line + 1
            _index(value, inner, lines, problems)


def _products_path(
    path: Path, products: dict[str, Any], lines: dict[Path_, int], problems: list[ImportProblem]
) -> Path | None:
    line = line_of(lines, ("products",))
    try:
        name = ProductsFile.model_validate(products).file
    except ValidationError as error:
        problems += [
            ImportProblem(line_of(lines, ("products", *loc)), _dotted(("products", *loc)), message)
            for loc, message in _errors(error)
        ]
        return None
    source = (path.parent / name).resolve()
    if not source.is_relative_to(path.parent.resolve()):
        problems.append(ImportProblem(line, "products.file", "must be beside the store file or in a folder below it"))
    elif not source.is_file():
        problems.append(ImportProblem(line, "products.file", f"there is no file {name}"))
    else:
        return source
    return None


def _stream(
    source: Path, context: dict[str, Any], problems: list[ImportProblem], progress: Progress | None
) -> tuple[list[ProductRow], list[int]]:
    rows: list[ProductRow] = []
    numbers: list[int] = []
    try:
        for number, line in enumerate(_lines(source), 1):
            if not line.strip():
                continue
            if len(problems) >= MAX_REPORTED:
                break
            try:
                rows.append(ProductRow.model_validate(orjson.loads(line), context=context))
                numbers.append(number)
            except orjson.JSONDecodeError as error:
                problems.append(ImportProblem(number, "", f"this is not JSON: {error}", source.name))
            except ValidationError as error:
                problems += [
                    ImportProblem(number, _dotted(loc), message, source.name) for loc, message in _errors(error)
                ]
            if progress is not None and number % 500 == 0:
                progress("reading", number, 0)
    except (OSError, EOFError) as error:
        problems.append(ImportProblem(0, "", f"cannot be read: {error}", source.name))
    return rows, numbers


def _lines(source: Path) -> Iterator[bytes]:
    with source.open("rb") as stream:
        if source.suffix == ".gz":
            with gzip.open(stream) as unpacked:
                yield from unpacked
        else:
            yield from stream


def _errors(error: ValidationError) -> Iterator[tuple[Path_, str]]:
    for found in error.errors(include_url=False, include_input=False):
        message = found["msg"]
        if found["type"] == "extra_forbidden":
            message = "unknown key"
        elif found["type"] == "value_error":
            message = message.removeprefix("Value error, ")
        else:
            message = message[:1].lower() + message[1:]
        yield tuple(found["loc"]), message


def line_of(lines: dict[Path_, int], path: Sequence[str | int]) -> int:
    """The line of a path, or of the nearest thing around it that the file has."""
    whole = tuple(path)
    while whole and whole not in lines:
        whole = whole[:-1]
    return lines.get(whole, 1)


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in path if part != "[key]")
