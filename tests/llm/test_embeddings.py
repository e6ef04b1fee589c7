"""Texts become the same unit vectors, with or without a cache; a file that is not the known one is refused."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import SecretStr

from agentpay.errors import StartupError
from agentpay.llm import minilm as local
from agentpay.llm.embedder import Embedder, EmbeddingsUnavailable
from agentpay.llm.embeddings import CachedEmbeddings, OpenAIEmbedder, make_embeddings
from agentpay.settings import Settings
from agentpay.store.embedded import Embedded
from agentpay.store.redis import connect

if TYPE_CHECKING:
    from agentpay.llm.embedder import Vectors

TEXTS = ["a waterproof jacket", "rain coat", "espresso machine", "a much longer text about a machine that makes coffee"]


class Counting(Embedder):
    """A model whose vectors depend on the text alone, and that counts what it was asked."""

    def __init__(self, model: str = "counting") -> None:
        self.model = model
        self.dimension = 3
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        rows = np.array([[len(text), sum(map(ord, text)) % 97, 1] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_similar_texts_are_close_and_order_is_kept() -> None:
    vectors = local.minilm().encode(TEXTS)
    assert vectors.shape == (4, local.DIMENSION)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > 0.5 > likeness[0, 2]
    assert likeness[2, 3] > 0.5
    alone = np.stack([local.minilm().encode([text])[0] for text in TEXTS])
    assert ((alone * vectors).sum(axis=1) > 0.98).all(), "a text's vector hardly depends on its company"


async def test_the_model_answers_langchains_interface_off_the_loop() -> None:
    model = local.minilm()
    bulk, query = await asyncio.gather(model.aembed_documents(TEXTS[:2]), model.aembed_query(TEXTS[0]))
    assert len(bulk) == 2
    assert np.dot(bulk[0], query) > 0.98
    assert (await model.aencode([])).shape == (0, local.DIMENSION)


@pytest.mark.parametrize("name", ["tokenizer", "model"])
def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    package, path, _ = local._FILES[name]
    monkeypatch.setitem(local._FILES, name, (package, path, "0" * 64))
    local._tokenizer.cache_clear()  # the process's own has been read by a test before
    with pytest.raises(EmbeddingsUnavailable, match="sha256"):
        local.MiniLM().load()


async def test_the_cache_answers_by_model_and_content(servers: Embedded) -> None:
    redis = connect(servers.redis_url)
    first = Counting("one")
    cached = CachedEmbeddings(first, redis)
    fresh = await cached.aencode(["x", "yy", "x"])
    assert first.asked == ["x", "yy"]
    again = await cached.aencode(["yy", "zzz", "x"])
    assert first.asked == ["x", "yy", "zzz"]
    assert np.array_equal(again[[2, 0]], fresh[:2]), "the same to the last bit, cached or not"
    other = Counting("two")
    await CachedEmbeddings(other, redis).aencode(["x"])
    assert other.asked == ["x"], "another model has other vectors"
    await redis.aclose()


async def test_without_redis_everything_is_computed() -> None:
    gone = connect("redis://127.0.0.1:1/0")
    model = Counting()
    cached = CachedEmbeddings(model, gone)
    assert (await cached.aencode(["x"])).shape == (1, 3)
    assert (await cached.aencode(["x"])).shape == (1, 3)
    assert model.asked == ["x", "x"]
    await gone.aclose()


class _Endpoint(BaseHTTPRequestHandler):
    seen: list[dict[str, Any]]
    status: int

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        type(self).seen.append({"path": self.path, "key": self.headers["authorization"], **body})
        rows = [{"object": "embedding", "index": n, "embedding": [3.0, 4.0]} for n in range(len(body["input"]))]
        content = json.dumps({"object": "list", "data": rows, "model": "m", "usage": {}}).encode()
        self.send_response(type(self).status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[str, type[_Endpoint]]]:
    handler = type("Handler", (_Endpoint,), {"seen": [], "status": 200})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", handler
    server.shutdown()


async def test_an_openai_compatible_endpoint(endpoint: tuple[str, type[_Endpoint]]) -> None:
    url, handler = endpoint
    settings = Settings(
        embeddings="openai:some-model",
        embeddings_base_url=url,
        openai_api_key=SecretStr("key"),
        model_max_retries=0,
    )
    model = make_embeddings(settings)
    assert isinstance(model, OpenAIEmbedder)
    vectors = await model.aencode(["a", "b"])
    assert np.allclose(vectors, [[0.6, 0.8]] * 2)
    assert (model.model, model.dimension) == ("openai:some-model", 2)
    seen = handler.seen[0]
    assert (seen["path"], seen["key"], seen["model"]) == ("/v1/embeddings", "Bearer key", "some-model")
    assert seen["input"] == ["a", "b"], "texts, not token numbers"
    handler.status = 500
    with pytest.raises(EmbeddingsUnavailable):
        await model.aencode(["a"])


def test_settings_name_a_model_or_none() -> None:
    assert make_embeddings(Settings(embeddings="none")) is None
    assert make_embeddings(Settings(embeddings="local")) is local.minilm()
    for wrong in (Settings(embeddings="word2vec"), Settings(embeddings="openai:m", openai_api_key=None)):
        with pytest.raises(StartupError, match="AGENTPAY_EMBEDDINGS"):
            make_embeddings(wrong)
