"""`agentpay eval all`: units in workers, kept and gone on with, tried again, and none of it reaching the outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from agentpay.errors import StartupError
from agentpay.evals import all_command, offline
from agentpay.evals.cli import eval_app
from agentpay.evals.comparing import differences
from agentpay.evals.html import write_html, write_summary
from agentpay.evals.report import Suite, timeless
from agentpay.evals.suites import keeping, registry
from agentpay.evals.suites.keeping import Kept, fingerprint
from agentpay.evals.suites.protocol import Terms
from agentpay.evals.suites.running import plan, run
from agentpay.evals.suites.thresholds import bounds, held
from tests.conftest import shared
from tests.evals.made_up_suites import Coins, Empty, GoesOut, HalfClosed
from tests.evals.processes import alive, working_in

SHORT = ("scenarios", "intents")
FILES = ("report.json", "report.html", "summary.md")


@pytest.fixture(autouse=True)
def _nobody_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is the same all the while, whoever works on it meanwhile."""
    monkeypatch.setattr(keeping, "program", lambda: "this one")


def go(folder: Path, *kinds: Any, terms: Terms = Terms(), repeat: int = 1, resume: bool = False) -> list[Suite]:
    kept = Kept(folder)
    kept.begin(fingerprint(terms, repeat=repeat), resume=resume)
    planned = plan([kind.name for kind in kinds], terms)
    return run(planned, terms, kept, repeat=repeat, parallel=2, show=lambda *_: None)


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(eval_app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit | StartupError), result.exception
    return result.exit_code, result.output + str(result.exception or "")


def test_the_same_seed_gives_the_same_and_another_one_others(tmp_path: Path) -> None:
    first, second, other = (
        go(tmp_path / name, Coins, terms=Terms(seed=seed)) for name, seed in (("a", 1), ("b", 1), ("c", 3))
    )
    assert first == second
    assert [case.id for case in first[0].results] == ["copper/1", "copper/2", "silver/1", "silver/2"]
    assert [case.detail for case in first[0].results] != [case.detail for case in other[0].results]
    assert first[0].figures == {"thrown": 4}


def test_a_run_goes_on_with_what_has_ended_and_with_nothing_else(tmp_path: Path) -> None:
    terms = Terms(scratch=tmp_path)
    first = go(tmp_path / "out", Coins, terms=terms)
    (tmp_path / "out/parts/tests.evals.made_up_suites:Coins/silver.0.json").unlink()
    assert go(tmp_path / "out", Coins, terms=terms, resume=True) == first
    assert sorted((tmp_path / "thrown").read_text().splitlines()) == ["copper 1", "silver 1", "silver 1"]
    go(tmp_path / "out", Coins, terms=terms)  # without --resume all of it is done again
    assert len((tmp_path / "thrown").read_text().splitlines()) == 5


@pytest.mark.parametrize(("other", "named"), [(Terms(seed=2), "seed"), (Terms(size="full"), "size")])
def test_another_run_is_not_mixed_in(tmp_path: Path, other: Terms, named: str) -> None:
    go(tmp_path, Coins)
    with pytest.raises(StartupError, match=f"another {named}"):
        go(tmp_path, Coins, terms=other, resume=True)


def test_tries_are_of_other_people_and_all_have_to_pass(tmp_path: Path) -> None:
    (suite,) = go(tmp_path, Coins, repeat=4)
    tries = [go(tmp_path / str(n), Coins, terms=Terms().attempt(n))[0].results for n in range(4)]
    for number, case in enumerate(suite.results):
        assert case.attempts == [each[number].passed for each in tries]
        assert case.passed == all(case.attempts)
    assert suite.figures is not None
    hats = suite.figures["pass^k"]
    assert hats["1"] == pytest.approx(sum(sum(case.attempts) for case in suite.results) / 16)
    assert hats["4"] == pytest.approx(sum(bool(case.passed) for case in suite.results) / 4)


def test_a_suite_without_data_or_cases_is_named_and_not_good(tmp_path: Path) -> None:
    suites = go(tmp_path, Coins, Empty, terms=Terms(model="openai:x"))
    assert [(suite.problem, suite.cases, suite.good) for suite in suites] == [
        ("Nobody has such coins.", 0, False),
        ("Nobody has such coins.", 0, False),
    ]
    (empty,) = go(tmp_path, Empty)
    assert (empty.problem, empty.good) == ("It has no case.", False)
    assert go(tmp_path, Empty, terms=Terms(size="fast")) == []


def test_a_unit_that_cannot_be_run_is_said_and_the_others_count(tmp_path: Path) -> None:
    (suite,) = go(tmp_path, HalfClosed)
    assert suite.problem == "silver: The service did not come up."
    assert [case.id for case in suite.results] == ["copper/1", "copper/2"]
    assert not suite.good


def test_a_connection_to_the_outside_fails_the_run(tmp_path: Path) -> None:
    with all_command._guarded(tmp_path / "tries", "house") as tried:
        (suite,) = go(tmp_path / "out", GoesOut)
    assert suite.cases == 4
    assert tried is not None
    assert [line.split(" (")[0] for line in tried] == ["connect 192.0.2.1:443"] * 2  # one a unit, in workers
    network = all_command._network(tried)
    assert not network.good
    assert "192.0.2.1" in json.dumps(asdict(network))
    assert offline.VARIABLE not in os.environ


def test_a_service_is_guarded_too(tmp_path: Path) -> None:
    """What `own_service` starts runs as this module: names are not looked up, addresses not reached, this machine is."""
    code = (
        "import socket, urllib.request; from agentpay.evals import offline; offline.guard()\n"
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()).close()\n"
        "for url in ('https://api.openai.com/', 'http://[2001:db8::1]/'):\n"
        "    try: urllib.request.urlopen(url, timeout=1)\n"
        "    except OSError as error: print(type(error.reason).__name__)\n"
    )
    tries = tmp_path / "tries"
    environment = {**os.environ, offline.VARIABLE: str(tries), "no_proxy": "*"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.stdout.split() == ["WentOutside", "WentOutside"], ran.stderr
    assert [line.split(" (")[0] for line in offline.tries(tries)] == [
        "look up api.openai.com",
        "look up 2001:db8::1",
    ]


def test_a_model_elsewhere_may_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agentpay.settings import get_settings

    for address, guarded in (("https://models.example/v1", False), ("http://127.0.0.1:9/v1", True)):
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        get_settings.cache_clear()
        with all_command._guarded(tmp_path / "tries", "openai:some") as tried:
            assert (tried is not None) == guarded
    monkeypatch.undo()
    get_settings.cache_clear()


def test_every_threshold_is_of_a_suite_and_can_be_missed() -> None:
    import tomllib

    file = Path(registry.__file__).with_name("thresholds.toml")
    assert set(tomllib.loads(file.read_text())) <= set(registry.NAMES)
    suite = Suite("x", 4, 3, 1, figures={"rate": 0.5, "deep": {"leaks": 1}})
    assert [bound["met"] for bound in held(suite, {"passed": 0.75, "rate": 0.5, "deep.leaks": {"most": 1}})] == [
        True
    ] * 3
    assert [bound["met"] for bound in held(suite, {"passed": 0.8, "rate": 0.6, "deep.leaks": {"most": 0}})] == [
        False
    ] * 3
    assert held(suite, {"not measured": 1.0}) == []
    assert bounds("nobody's", "sample") == {"passed": 1.0}


def test_a_suite_is_held_to_its_thresholds_not_to_every_case() -> None:
    suite = Suite("x", 4, 3, 1)
    assert not suite.good
    suite.thresholds = held(suite, {"passed": 0.75})
    assert suite.good
    suite.thresholds = held(suite, {"passed": 0.8})
    assert not suite.good


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "sceneries"], "no suite sceneries"),
        (["--full", "--fast"], "one or the other"),
        (["--shop", "x"], "--agent-version"),
        (["--against", "nowhere"], "does not exist"),
        (["--against", __file__], "no report"),
        (["--datasets", "nowhere"], "no folder"),
        (["--model", "openai:x"], "OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_run_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    code, output = invoke("all", "--out", str(tmp_path), *options)
    assert code != 0
    assert said in output


def test_missing_data_fails_the_whole_run(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    code, output = invoke(
        "all",
        "--out",
        str(tmp_path / "out"),
        "--only",
        "tau2",
        "--only",
        "negotiation",
        "--datasets",
        str(tmp_path / "data"),
    )
    assert code == 1
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert [suite["name"] for suite in report["suites"]] == ["tau2", "negotiation", "network"]
    assert "tau2_retail has no" in report["suites"][0]["problem"]
    assert "no price history" in report["suites"][1]["problem"]
    assert (report["run"]["seed"], report["run"]["size"]) == (1, "sample")
    assert "tau2" in output
    assert (tmp_path / "out/report.html").exists()
    assert (tmp_path / "out/summary.md").exists()


def test_of_suites_that_were_left_out_nothing_is_gone(tmp_path: Path) -> None:
    case = {"id": "one", "passed": True}
    suites = [{"name": name, "results": [case]} for name in ("scenarios", "tau2", "network")]
    (tmp_path / "before.json").write_text(json.dumps({"suites": suites}))
    (tmp_path / "data").mkdir()
    options = ["--only", "tau2", "--datasets", str(tmp_path / "data"), "--against", str(tmp_path / "before.json")]
    invoke("all", "--out", str(tmp_path / "out"), *options)
    compared = json.loads((tmp_path / "out/report.json").read_text())["comparison"]["suites"]
    assert {suite["name"]: suite["gone"] for suite in compared} == {"tau2": ["one"], "network": ["one"]}


def _alone() -> list[str]:
    """The command before another that runs it where there is no network but this machine; skips where that cannot be had."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip")
    options = "-n" if os.getuid() == 0 else "-rn"
    if subprocess.run(["unshare", options, "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        pytest.skip("needs to be allowed network namespaces")
    return ["unshare", options, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_it_needs_no_network(tmp_path: Path) -> None:
    """What is native code's business, too: in a network namespace there is nothing to reach."""
    command = [*_alone(), sys.executable, "-m", "agentpay", "eval", "all", "--fast", "--out", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_that_is_told_to_end_closes_its_shops_keeps_what_has_ended_and_goes_on(
    tmp_path: Path, scratch: Path
) -> None:
    out = tmp_path / "out"
    only = [word for suite in SHORT for word in ("--only", suite)]
    command = [sys.executable, "-m", "agentpay", "eval", "all", "--fast", *only, "--out", str(out)]
    running = subprocess.Popen([*command, "--data", str(scratch)], stderr=subprocess.PIPE, text=True)
    while not (list(out.glob("parts/*/*.json")) and working_in(scratch)):
        assert running.poll() is None, "it ended before a unit had, with a shop still open"
        time.sleep(0.2)
    kept = {part: part.stat().st_mtime_ns for part in out.glob("parts/*/*.json")}
    running.terminate()
    said = running.communicate()[1]
    assert (running.returncode, "--resume" in said, "Traceback" in said) == (130, True, False), said
    assert working_in(scratch) == []
    assert list(scratch.iterdir()) == []
    assert not (out / "report.json").exists()
    subprocess.run([*command, "--resume"], check=False)
    assert {part: part.stat().st_mtime_ns for part in kept} == kept
    suites = json.loads((out / "report.json").read_text())["suites"]
    assert [suite["name"] for suite in suites] == [*SHORT, "network"]
    assert all(suite["cases"] and "problem" not in suite for suite in suites)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_that_is_killed_leaves_nothing_running(tmp_path: Path, scratch: Path) -> None:
    """Workers, services and embedded servers: none of them can be told, all of them notice."""
    command = [sys.executable, "-m", "agentpay", "eval", "all", "--fast", "--only", "scenarios", "--out", str(tmp_path)]
    running = subprocess.Popen([*command, "--data", str(scratch)], stderr=subprocess.DEVNULL)
    while not any("postgres" in process.name() for process in working_in(scratch)):
        assert running.poll() is None, "it ended before a shop was open"
        time.sleep(0.2)
    workers = psutil.Process(running.pid).children()
    running.kill()
    running.wait()
    gone = time.monotonic() + 120
    while (left := [*working_in(scratch), *filter(alive, workers), *scratch.iterdir()]) and time.monotonic() < gone:
        time.sleep(0.2)
    assert left == []


@pytest.fixture
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="agentpay-tests-") as folder:
        os.chmod(folder, 0o755)  # as root the servers run as another account, which pytest's own folders keep out
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_same_seed_gives_the_same_bytes_but_for_times_and_another_one_others(tmp_path: Path) -> None:
    """Of report.json without its times, and of the page and the summary that are made of that."""
    written = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        command = [sys.executable, "-m", "agentpay", "eval", "all", "--fast", "--seed", str(seed)]
        subprocess.run([*command, "--out", str(tmp_path / name)], capture_output=True, check=False)
        report = timeless(json.loads((tmp_path / name / "report.json").read_text()))
        (tmp_path / name / "report.json").write_text(json.dumps(report, indent=2))
        write_html(tmp_path / name)
        write_summary(tmp_path / name)
        written.append({file: (tmp_path / name / file).read_bytes() for file in FILES})
    first, again, other = written
    assert differences(json.loads(first["report.json"]), json.loads(again["report.json"])) == []
    assert first == again
    one, two = (_transcripts(run["report.json"], "simulated") for run in (first, other))
    assert one.keys() == two.keys(), "cases are the same for every seed"
    assert sum(one[id] != two[id] for id in one) > len(one) / 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_another_seed_brings_buyers_who_haggle_otherwise(tmp_path: Path) -> None:
    shared("data/amazon_history_price")
    runs = []
    for name, seed in (("a", 1), ("b", 2)):
        command = [sys.executable, "-m", "agentpay", "eval", "all", "--only", "negotiation", "--seed", str(seed)]
        subprocess.run([*command, "--out", str(tmp_path / name)], capture_output=True, check=False)
        runs.append(_transcripts((tmp_path / name / "report.json").read_bytes(), "negotiation"))
    one, two = runs
    assert one.keys() == two.keys()
    assert sum(one[id] != two[id] for id in one) > len(one) / 2


def _transcripts(report: bytes, suite: str) -> dict[str, list[str]]:
    """What was said, by case."""
    found = next(each for each in json.loads(report)["suites"] if each["name"] == suite)
    return {case["id"]: said for case in found["results"] if (said := case["detail"].get("transcript"))}
