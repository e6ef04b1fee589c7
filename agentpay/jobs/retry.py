"""How failed jobs are tried again."""

from __future__ import annotations

import random

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job


class Backoff(BaseRetryStrategy):
    """Exponential, with jitter: `first` seconds, then twice as long each time up to `longest`, `attempts` times in all."""

    def __init__(self, *, first: float = 0.5, longest: float = 600.0, attempts: int = 20) -> None:
        self.first, self.longest, self.attempts = first, longest, attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        if job.attempts + 1 >= self.attempts:
            return None
        seconds = min(self.first * 2**job.attempts, self.longest) * random.uniform(0.8, 1.2)
        return RetryDecision(retry_in={"milliseconds": int(seconds * 1000)})
