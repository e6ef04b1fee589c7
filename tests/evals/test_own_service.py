"""An evaluation's own service: gone with its block, and with whoever opened it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.evals.processes import working_in

SHOP = {
    "organization": {"slug": "orphan", "name": "Orphan", "currency": "USD"},
    "products": [{"external_id": "mug", "title": "Mug", "variants": [{"external_id": "mug", "price": 900}]}],
}
OPENED = """
import sys, time
from pathlib import Path
from agentpay.evals.service import own_service
with own_service(Path(sys.argv[1]), data=Path(sys.argv[2])) as service:
    print("open", flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_service_ends_with_an_evaluation_that_is_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="agentpay-tests-") as folder:
        os.chmod(folder, 0o755)  # as root the servers run as another account, which pytest's own folders keep out
        store, data = Path(folder) / "shop.yaml", Path(folder) / "data"
        store.write_text(json.dumps(SHOP))
        command = [sys.executable, "-c", OPENED, str(store), str(data)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as opener:
            try:
                assert opener.stdout is not None
                assert opener.stdout.readline() == "open\n"
                names = {process.name() for process in working_in(data)}
                assert {"postgres", "valkey-server"} <= names, names
            finally:
                opener.kill()
        until = time.monotonic() + 60
        while (left := [*working_in(data), *data.iterdir()]) and time.monotonic() < until:
            time.sleep(0.1)
        assert left == []
