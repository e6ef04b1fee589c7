"""A malicious chat model: an OpenAI-compatible server that makes the calls it was told and says what it was told."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agentpay.evals.adversarial.cases import Case

NAME = "malicious"
_PIECES = re.compile(r"\S{1,6}\s*|\s+")


class MaliciousModel:
    """Plays one case at a time. `asked` counts its requests since, `prompts` holds what the last of them told it."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.prompts: list[list[dict[str, Any]]] = []
        self._calls: list[dict[str, Any]] = []
        self._says: list[str] = [""]

    def play(self, case: Case) -> None:
        self.asked = 0
        self.prompts = []
        self._calls, self._says = list(case.calls), list(case.says)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """`{"calls"}` first, then `{"text"}`: the next of what it says, in the end the last one for ever."""
        self.asked += 1
        self.prompts.append(request["messages"])
        able = {tool["function"]["name"] for tool in request.get("tools", [])}
        if self._calls:
            needed = next((call["name"] for call in self._calls if call["name"] not in able), None)
            if needed is not None and (agent := _AGENT_OF.get(needed)) and f"transfer_to_{agent}" in able:
                return {"calls": [{"name": f"transfer_to_{agent}", "arguments": {}}]}
            calls, self._calls = self._calls, []
            return {"calls": calls}
        return {"text": self._says.pop(0) if len(self._says) > 1 else self._says[0]}


_AGENT_OF = {
    **dict.fromkeys(("create_payment_link", "payment_status"), "payment"),
    **dict.fromkeys(("product_search", "product_details", "check_inventory", "compare_products"), "sales"),
    **dict.fromkeys(("make_offer", "validate_discount", "update_cart", "quote_shipping"), "sales"),
    **dict.fromkeys(("search_knowledge", "order_status", "find_customer", "update_customer"), "support"),
    **dict.fromkeys(("request_refund", "return_items", "cancel_order", "exchange_items"), "support"),
    **dict.fromkeys(("change_order_address", "change_order_payment"), "support"),
}


@contextmanager
def running() -> Iterator[MaliciousModel]:
    """The model behind a port of this machine, until the block ends."""
    model = MaliciousModel()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            step = model.answer(request)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for event in _events(step):
                data = f"data: {event}\n\n".encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that lets go of its connection is no news."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _events(step: dict[str, Any]) -> Iterator[str]:
    """A chat completion stream: text a few letters at a time."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return json.dumps({"id": "m", "object": "chat.completion.chunk", "model": NAME, "choices": [choice]})

    for n, call in enumerate(step.get("calls", [])):
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
        yield chunk({"tool_calls": [{"index": n, "id": f"call_{n}", "type": "function", "function": function}]})
    for piece in _PIECES.findall(step.get("text", "")):
        yield chunk({"content": piece})
    yield chunk({}, "tool_calls" if step.get("calls") else "stop")
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    yield json.dumps({"id": "m", "object": "chat.completion.chunk", "model": NAME, "choices": [], "usage": usage})
    yield "[DONE]"
