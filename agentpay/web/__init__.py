"""The page to talk to the shop: plain HTML, CSS and ES modules, read once and served from memory."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).with_name("static")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PLACE = b"{{assets}}"
"""Where index.html wants the versioned folder of the other files."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `etag` is quoted, as the header wants it."""

    body: bytes
    gzipped: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every file of the page by its name. `version` changes with any of them, so an address that holds it never goes stale."""

    index: Asset
    files: dict[str, Asset]
    version: str


def load(folder: Path = STATIC) -> Assets:
    """Read the page's files. Modules import each other relatively, so one version in the folder's address covers all."""
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
    digest = hashlib.sha256()
    for name, body in contents.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
    version = digest.hexdigest()[:12]
    index = contents.pop("index.html").replace(_PLACE, f"/static/{version}".encode())
    files = {name: _asset(body, Path(name).suffix) for name, body in contents.items()}
    return Assets(_asset(index, ".html"), files, version)


def _asset(body: bytes, suffix: str) -> Asset:
    return Asset(body, gzip.compress(body, mtime=0), _TYPES[suffix], f'"{hashlib.sha256(body).hexdigest()[:16]}"')
