"""The command line as processes: help, refusals in one sentence, imports, keys, conversations."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from agentpay.cli import app
from agentpay.errors import StartupError
from agentpay.store.embedded import Embedded

SHOP = """\
organization: {{slug: {slug}, name: Tiny, currency: EUR}}
agent: {{name: Ada}}
products:
  - external_id: mug
    title: Enamel mug
    variants:
      - {{external_id: mug-blue, price: 1200, stock: 3}}
articles:
  - {{external_id: returns, title: Returns, body: Thirty days.}}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def agentpay(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One run of the program, with these settings and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AGENTPAY_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "agentpay", *map(str, arguments)],
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def run(tmp_path: Path, servers: Embedded, database_url: str) -> Run:
    """Runs over this file's database."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return agentpay(
            *arguments, cwd=tmp_path, AGENTPAY_DATABASE_URL=database_url, AGENTPAY_REDIS_URL=servers.redis_url
        )

    return call


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("agentpay: ")
    assert lines[0].endswith(".")
    return lines[0]


COMMANDS = (
    "demo",
    "serve",
    "worker",
    "migrate",
    "import",
    "index",
    "keys create",
    "keys list",
    "keys revoke",
    "conversations show",
    "conversations export",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example_and_the_common_options(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert f"Example: agentpay {command}" in result.output
    assert "--data DIR" in result.output
    assert "--json" in result.output


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, agentpay.cli\n"
        "print([name for name in ('fastapi', 'langgraph', 'pydantic', 'sqlalchemy', 'yaml') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert found.stdout.strip() == "[]"
    assert "Start with: agentpay demo" in agentpay("--help", cwd=tmp_path).stdout


def test_what_is_set_wrong_is_one_sentence(tmp_path: Path) -> None:
    sentence = refused(agentpay("migrate", cwd=tmp_path, AGENTPAY_DATABASE_URL="postgresql://me:hush@127.0.0.1:1/no"))
    assert "AGENTPAY_DATABASE_URL" in sentence
    assert "hush" not in sentence
    assert "AGENTPAY_PORT" in refused(agentpay("demo", cwd=tmp_path, AGENTPAY_PORT="eighty"))
    assert "'gpt'" in refused(agentpay("demo", "--model", "gpt", cwd=tmp_path))
    assert "OPENAI_API_KEY" in refused(agentpay("demo", "--model", "openai:gpt", cwd=tmp_path))
    assert not (tmp_path / ".agentpay").exists()


def test_a_taken_port_and_a_data_folder_that_cannot_be(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} on 127.0.0.1 is taken" in refused(agentpay("demo", "--port", port, cwd=tmp_path))
        assert port in refused(agentpay("serve", "--port", port, cwd=tmp_path))
    (tmp_path / "file").write_text("")
    for command in ("demo", "migrate"):
        sentence = refused(agentpay(command, "--data", "file/data", cwd=tmp_path, AGENTPAY_PORT="0"))
        assert str(tmp_path / "file") in sentence
        assert "--data" in sentence


def test_a_store_file_with_bad_rows_imports_nothing(run: Run, tmp_path: Path) -> None:
    slug = f"bad-{uuid4()}"
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP.format(slug=slug).replace("price: 1200", "price: -5").replace("body:", "text:"))
    result = run("import", file)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith("line 7: products.0.variants.0.price: ")
    assert any(line.startswith("line 9: articles.0.") for line in lines)
    assert lines[-1].startswith("Nothing was imported")
    assert "no shop" in refused(run("index", "--status", "--organization", slug))
    problems = json.loads(run("import", file, "--json").stdout)["problems"]
    assert problems[0]["line"] == 7
    assert problems[0]["path"] == "products.0.variants.0.price"
    missing = run("import", tmp_path / "none.yaml")
    assert missing.returncode == 2
    assert "none.yaml cannot be read" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_shop_is_imported_indexed_and_given_keys(
    run: Run, tmp_path: Path, servers: Embedded, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within this process, which has everything loaded; the last command is one of its own."""
    slug = f"tiny-{uuid4()}"
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP.format(slug=slug))
    monkeypatch.chdir(tmp_path)
    environment = {"AGENTPAY_DATABASE_URL": database_url, "AGENTPAY_REDIS_URL": servers.redis_url}

    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)

    def answer(*arguments: str | Path) -> Any:
        result = call(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    first = answer("import", file)
    assert first["changed"]
    assert first["counts"]["products"]["created"] == 1
    again = answer("import", file)
    assert not again["changed"]
    assert again["organization_id"] == first["organization_id"]

    shop = ("--organization", slug)
    assert answer("index", "--status", *shop) == {"complete": False, "indexed": 0, "pending": 2, "failed": 0}
    assert answer("index", *shop) == {"complete": True, "indexed": 2, "pending": 0, "failed": 0}

    made = answer("keys", "create", "--name", "backend", "--scope", "orders:read", *shop)
    assert made["key"].startswith("ap_sk_")
    assert made["scopes"] == ["orders:read"]
    page = answer("keys", "create", "--kind", "publishable", "--origin", "https://shop.example", *shop)
    assert page["key"].startswith("ap_pk_")
    listed = call("keys", "list", *shop).stdout
    assert made["id"] in listed
    assert made["key"] not in listed
    assert answer("keys", "revoke", made["id"], *shop) == {"id": made["id"], "revoked": True}
    states = {item["id"]: item["revoked_at"] is not None for item in answer("keys", "list", *shop)["items"]}
    assert states == {made["id"]: True, page["id"]: False}
    assert call("keys", "create", "--scope", "everything", *shop).exit_code == 2
    assert isinstance(call("conversations", "show", made["id"], *shop).exception, StartupError)
    exported = call("conversations", "export", *shop)
    assert (exported.stdout, exported.stderr) == ("", "0 conversations.\n")
    assert "no key" in refused(run("keys", "revoke", made["id"], *shop))


def test_the_worker_and_the_api_end_cleanly_when_told_to(tmp_path: Path, servers: Embedded, database_url: str) -> None:
    for command in (["worker"], ["serve", "--port", "0"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "agentpay", *command, "--json"],
            cwd=tmp_path,
            env=os.environ | {"AGENTPAY_DATABASE_URL": database_url, "AGENTPAY_REDIS_URL": servers.redis_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["pid"] == process.pid
        process.terminate()
        assert process.wait(timeout=60) == 0
        assert "Traceback" not in process.communicate()[1]
