"""A small LangSmith over real HTTP: the routes that its client uses here, kept in memory, every request noted."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import zstandard

NOW = "2026-03-01T10:00:00+00:00"


@dataclass
class LangSmith:
    """What it was told. `bodies` is all that came in, decoded, to look for what must not."""

    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    broken: bool = False
    """Whether every request is answered with an error."""
    url: str = ""

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Requests that change a dataset or its examples."""
        return [
            (method, path)
            for method, path in self.requests
            if method != "GET" and ("datasets" in path or "examples" in path)
        ]


def _parts(body: bytes, content_type: str) -> dict[str, Any]:
    """The parts of a multipart body by name; JSON ones decoded."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found: dict[str, Any] = {}
    for part in message.get_payload():  # type: ignore[union-attr]
        name = re.search(r'name="?([^";]+)', str(part["Content-Disposition"]))  # type: ignore[index]
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        assert name is not None
        assert isinstance(content, bytes)
        found[name[1]] = json.loads(content)
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: LangSmith

    def log_message(self, *_: Any) -> None:
        """Tests are told by what came in."""

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> Any:
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self.headers.get("Content-Encoding"):
            case "zstd":
                content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
            case "gzip":
                content = gzip.decompress(content)
        self.state.bodies.append(content.decode(errors="replace"))
        kind = self.headers.get("Content-Type") or ""
        if kind.startswith("multipart/"):
            return _parts(content, kind)
        return json.loads(content) if content else None

    def _handle(self) -> None:
        address = urlsplit(self.path)
        path, query = address.path.rstrip("/"), parse_qs(address.query)
        body = self._body()
        self.state.requests.append((self.command, path))
        assert self.headers.get("x-api-key") == "lsv2_test"
        if self.state.broken and path != "/info":
            return self._answer(400, {"detail": "no such workspace"})
        return self._route(path, query, body)

    def _route(self, path: str, query: dict[str, list[str]], body: Any) -> None:
        state = self.state
        match [self.command, *path.strip("/").split("/")]:
            case ["GET", "info"]:
                config = {"use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_000_000}
                config |= {"scale_up_nthreads_limit": 4, "scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4}
                flags = {"dataset_examples_multipart_enabled": True, "examples_multipart_enabled": True}
                self._answer(200, {"version": "0.12.0", "batch_ingest_config": config, "instance_flags": flags})
            case ["GET", "settings"]:
                self._answer(200, {"id": str(uuid4()), "display_name": "Test", "created_at": NOW})
            case ["GET", "datasets"]:
                self._answer(200, [row for row in state.datasets.values() if row["name"] in query["name"]])
            case ["POST", "datasets"]:
                row = {**body, "id": str(uuid4()), "created_at": NOW, "example_count": 0}
                state.datasets[row["id"]] = row
                self._answer(200, row)
            case ["GET", "datasets", id]:
                self._answer(200, state.datasets[id])
            case ["GET", "examples"]:
                rows = [row for row in state.examples.values() if row["dataset_id"] in query["dataset"]]
                start = int(query.get("offset", ["0"])[0])
                self._answer(200, rows[start : start + int(query.get("limit", ["100"])[0])])
            case ["POST" | "PATCH", "v1", "platform", "datasets", dataset, "examples"]:
                ids = [name for name in body if "." not in name]
                for id in ids:
                    row = state.examples.setdefault(
                        id, {"id": id, "dataset_id": dataset, "created_at": NOW, "modified_at": NOW}
                    )
                    row["metadata"] = body[id].get("metadata")
                    row |= {key: body[f"{id}.{key}"] for key in ("inputs", "outputs") if f"{id}.{key}" in body}
                self._answer(201, {"count": len(ids), "example_ids": ids})
            case ["DELETE", "examples"]:
                for id in query["example_ids"]:
                    del state.examples[id]
                self._answer(200, {})
            case ["POST", "sessions"]:
                row = {**body, "id": body.get("id") or str(uuid4()), "tenant_id": str(uuid4()), "start_time": NOW}
                state.sessions[row["id"]] = row
                self._answer(200, row)
            case ["PATCH", "sessions", id]:
                state.sessions[id] |= {key: value for key, value in body.items() if value is not None}
                self._answer(200, state.sessions[id])
            case ["POST", "runs", "multipart"]:
                for name, value in body.items():
                    kind, id, *more = name.split(".")
                    if kind == "feedback":
                        state.feedback.append(value)
                    else:
                        row = state.runs.setdefault(id, {})
                        row |= {more[0]: value} if more else value
                self._answer(202, {})
            case ["POST", "feedback"]:
                state.feedback.append(body)
                self._answer(200, {**body, "created_at": NOW, "modified_at": NOW})
            case _:
                self._answer(404, {"detail": f"{self.command} {path}"})

    do_GET = do_POST = do_PATCH = do_DELETE = _handle


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client's connections stay open


@contextmanager
def running_langsmith() -> Iterator[LangSmith]:
    state = LangSmith()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
