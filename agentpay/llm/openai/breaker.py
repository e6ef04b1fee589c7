"""A model that failed several times in a row is not waited for in every turn."""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed; after `failures` in a row open for `seconds`; then half-open: one call tries, and decides for all."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._trying = False

    def admit(self) -> bool:
        """Whether a call may be made now. One that was admitted ends with `succeeded`, `failed` or `abandoned`."""
        if self._failures < self._limit:
            return True
        if self._trying or self._clock() < self._open_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._trying = False

    def failed(self) -> None:
        self._failures += 1
        self._trying = False
        self._open_until = self._clock() + self._seconds

    def abandoned(self) -> None:
        """The call was cancelled: it says nothing about the model."""
        self._trying = False
