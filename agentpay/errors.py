"""The two kinds of error that carry their own words: one ends a command, the other answers a request."""

from __future__ import annotations

from typing import Any


class StartupError(Exception):
    """AgentPay cannot start as configured. The message is one clear sentence, free of secrets; the CLI prints it and exits 2."""


class Problem(Exception):
    """A refusal with a stable `code`. The API answers it as RFC 9457 problem details, tools return it as their error.

    `status` is the HTTP status; `detail` one sentence for a person; `extra` are further members of the answer
    (`{"available": 2}`), never secrets or floors.
    """

    def __init__(self, code: str, detail: str, *, status: int = 422, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.extra = extra


def not_found(what: str, reference: object = None) -> Problem:
    """404 `not_found`: no such thing in this organization; whether another has it is not told."""
    return Problem(
        "not_found", f"There is no such {what}.", status=404, **({"reference": str(reference)} if reference else {})
    )
