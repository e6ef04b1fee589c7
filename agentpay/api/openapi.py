"""The OpenAPI document: what every route shares is added here, once, instead of at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from fastapi import APIRouter, FastAPI

from agentpay.api import problems
from agentpay.api.routing import ApiRoute

KEY = "key"
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Sent again with the same body, the stored answer comes back with `Idempotent-Replayed: true`.",
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "examples": ["0198f7a2-6c1e-7b11-8d55-3f0a54f0c9aa:12"]},
    "description": "Only what came after this event.",
}
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "examples": ["respond-async"]},
    "description": "`respond-async`: answer 202 at once, with `Location`.",
}

STREAM = "text/event-stream"
EVENTS = (
    "turn.started",
    "intent",
    "agent",
    "tool.started",
    "tool.finished",
    "message.delta",
    "message.discarded",
    "ui",
    "approval.required",
    "message.completed",
    "turn.completed",
    "error",
)
"""CONTRACT §2, Events."""
_EVENT = {
    "type": "object",
    "title": "StreamedEvent",
    "description": "One frame of a stream. Comments come between them as heartbeats.",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9a-f-]{36}:[1-9][0-9]*$", "description": "<turn_id>:<n>"},
        "event": {"type": "string", "enum": list(EVENTS)},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}


def install(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make `app.openapi()` answer the completed document. `routers`: the app's."""
    made = app.openapi
    keyed = {
        (route.path_format, method.lower())
        for router in routers
        for route in router.routes
        if isinstance(route, ApiRoute)
        for method in route.methods or ()
    }

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(made(), keyed)
        assert app.openapi_schema is not None, "FastAPI keeps what it made"
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], keyed: Set[tuple[str, str]]) -> None:
    schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes[KEY] = {"type": "http", "scheme": "bearer", "description": "`ap_sk_…`, `ap_pk_…` or a client token."}
    document["components"]["schemas"]["StreamedEvent"] = _EVENT
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) in keyed:
                _keyed(path, method, operation)
            if "requestBody" in operation:
                for status, answer in problems.responses(400, 413, 415).items():
                    operation["responses"].setdefault(str(status), {k: v for k, v in answer.items() if k != "model"})
            for answer in operation["responses"].values():
                if problems.MEDIA_TYPE in answer.get("content", {}):
                    answer["content"] = {problems.MEDIA_TYPE: answer["content"][problems.MEDIA_TYPE]}
                if STREAM in answer.get("content", {}):
                    answer["content"][STREAM]["schema"] = {"$ref": "#/components/schemas/StreamedEvent"}


def _keyed(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["security"] = [{KEY: []}]
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(_IDEMPOTENCY)
        # a key that is in flight; text and JSON without fields are refused as elsewhere
        for status, answer in problems.responses(400, 409, 413, 415).items():
            operation["responses"].setdefault(str(status), {k: v for k, v in answer.items() if k != "model"})
    if path.endswith(("/messages", "/resume")) and method == "post":
        parameters.append(_PREFER)
    if path.endswith("/events"):
        parameters.append(_LAST_EVENT_ID)
