"""The LangSmith client: a real one where a key is set, else one that reaches nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn

import requests
from langsmith import Client
from langsmith.schemas import Feedback

from agentpay.evals.experiments.asking import check_langsmith

_PATIENCE = 60.0
"""Seconds."""


class NothingGoesOut(requests.adapters.BaseAdapter):
    """In the place of a connection: whatever of langsmith's would reach out all the same fails here."""

    def send(self, *_: Any, **__: Any) -> NoReturn:
        raise requests.ConnectionError("there is no LangSmith key, and nothing is sent")

    def close(self) -> None:
        """There is nothing to close."""


class SilentClient(Client):
    """Runs and feedback stay where they are made (`aevaluate(upload_results=False)` hands them over all the same)."""

    def __init__(self) -> None:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, NothingGoesOut())
        super().__init__(
            "https://nowhere.invalid",
            api_key="none",
            session=session,
            auto_batch_tracing=False,
            info={},
            tracing_mode="langsmith",
        )

    def create_run(self, *_: Any, **__: Any) -> None:
        return

    def update_run(self, *_: Any, **__: Any) -> None:
        return

    def batch_ingest_runs(self, *_: Any, **__: Any) -> None:
        return

    def multipart_ingest(self, *_: Any, **__: Any) -> None:
        return

    def create_feedback(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        return


class RealClient(Client):
    """LANGSMITH_API_KEY and LANGSMITH_ENDPOINT say which. `on_error` is told what could not be sent in the background.

    Raises StartupError where there is no key.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        check_langsmith(asked=True)
        super().__init__(tracing_error_callback=on_error, tracing_mode="langsmith")
        self._given = 0
        self._more = threading.Condition()

    def create_feedback(self, *args: Any, **options: Any) -> Feedback:
        try:
            return super().create_feedback(*args, **options)
        finally:
            with self._more:
                self._given += 1
                self._more.notify_all()

    def settle(self, feedback: int) -> bool:
        """Waits until so much feedback was given, from aevaluate's threads that nobody else waits for, and all is sent.

        Answers whether it came to that within `_PATIENCE`.
        """
        with self._more:
            given = self._more.wait_for(lambda: self._given >= feedback, timeout=_PATIENCE)
        self.flush(_PATIENCE)
        return given and not (self.tracing_queue and self.tracing_queue.unfinished_tasks)
