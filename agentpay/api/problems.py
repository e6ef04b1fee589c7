"""Every error as RFC 9457 problem details with a stable `code`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException
from starlette.responses import Response

from agentpay.api.schemas.base import ProblemBody
from agentpay.errors import Problem

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


def body(problem: Problem, instance: str) -> dict[str, Any]:
    """Problem details as a dict; `instance` is the path that refused."""
    try:
        title = HTTPStatus(problem.status).phrase
    except ValueError:
        title = "Error"
    return {
        "type": "about:blank",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": instance,
        **problem.extra,
    }


def response(problem: Problem, instance: str, headers: dict[str, str] | None = None) -> Response:
    headers = dict(headers or {})
    if problem.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="agentpay"')
    content = orjson.dumps(body(problem, instance), default=str)
    return Response(content, problem.status, headers, media_type=MEDIA_TYPE)


def validation(error: RequestValidationError) -> Problem:
    """422 `validation_error` with a list of what is wrong; a path that is no id is simply not found."""
    if any(item["loc"] and item["loc"][0] == "path" for item in error.errors()):
        return Problem("not_found", "There is no such thing here.", status=404)
    errors = [
        {"loc": [str(part) for part in item["loc"]], "message": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    where = ".".join(errors[0]["loc"]) if errors else "the request"
    detail = f"{where}: {errors[0]['message']}" if errors else "The request is not valid."
    return Problem("validation_error", detail, status=422, errors=errors)


def of_exception(error: Exception) -> Problem | None:
    """The problem that an exception stands for; None for what nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return validation(error)
    if isinstance(error, HTTPException):
        detail = error.detail if isinstance(error.detail, str) else HTTPStatus(error.status_code).phrase
        return Problem(_CODES.get(error.status_code, "error"), detail, status=error.status_code)
    if isinstance(error, IntegrityError):
        return Problem("conflict", "This contradicts something that is stored already.", status=409)
    if isinstance(error, DataError):
        return Problem("validation_error", "A value is out of range or cannot be stored.", status=422)
    lost = isinstance(error, OperationalError | psycopg.OperationalError | PoolExhausted | PoolTimeout)
    if lost or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return Problem("unavailable", "The database does not answer; try again soon.", status=503)
    return None


async def handle(request: Request, error: Exception) -> Response:
    """FastAPI's handler for all of them."""
    problem = of_exception(error)
    path = request.scope["path"]
    if problem is None:
        logger.error("%s %s failed", request.scope.get("method", "WS"), path, exc_info=error)
        problem = Problem("internal_error", "Something went wrong on our side.", status=500)
    elif problem.status >= 500:
        logger.warning("%s %s: %s", request.scope.get("method", "WS"), path, type(error).__name__)
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException) and error.headers:
        headers.update(error.headers)
    if "retry_after" in problem.extra:
        headers["Retry-After"] = str(problem.extra["retry_after"])
    if problem.status == 503:
        headers.setdefault("Retry-After", "2")
    return response(problem, path, headers)


def install(app: FastAPI) -> None:
    kinds = (Problem, RequestValidationError, HTTPException, IntegrityError, DataError, OperationalError, DBAPIError)
    for kind in (*kinds, psycopg.OperationalError, PoolExhausted, PoolTimeout, Exception):
        app.add_exception_handler(kind, handle)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says about errors: `responses=problems.responses(404, 409)`; 401, 403 and 422 come of themselves."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": ProblemBody,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in sorted({401, 403, 422, *statuses})
    }
