"""The embedded servers, with real processes: who starts them, who joins, who stops them, and what is said when they cannot."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from agentpay.errors import StartupError
from agentpay.settings import Settings
from agentpay.store import embedded
from agentpay.store.embedded.account import service_account

AS_ROOT = os.geteuid() == 0
NOBODY = 65534

# A process that uses the servers until its stdin ends: argv is the data folder and the user id to become, if any.
# What it needs is imported before, because the interpreter may lie where that user cannot go.
USER_PROCESS = """
import encodings.idna, json, os, sys
from pathlib import Path
from agentpay.errors import StartupError
from agentpay.store import embedded
if len(sys.argv) > 2:
    os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
try:
    servers = embedded.start(Path(sys.argv[1]))
except StartupError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(2)
print(json.dumps({"database_url": servers.database_url, "redis_url": servers.redis_url}), flush=True)
sys.stdin.read()
servers.close()
"""


class UserProcess:
    """Another process that started or joined the servers of a folder."""

    def __init__(self, data_dir: Path, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_PROCESS, str(data_dir), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def said(self) -> dict[str, str]:
        assert self.process.stdout is not None
        answer: dict[str, str] = json.loads(self.process.stdout.readline())
        return answer

    def leave(self) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.leave()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that other accounts can reach, which pytest's own are not. Whatever still runs in it is stopped."""
    base = Path(tempfile.mkdtemp(prefix="agentpay-test-"))
    base.chmod(0o755)
    yield base / "data"
    if (base / "data" / "servers").exists():
        embedded.start(base / "data").close()
    shutil.rmtree(base)


@pytest.fixture
def another() -> Iterator[Callable[..., UserProcess]]:
    """Makes user processes that end with the test."""
    made: list[UserProcess] = []

    def make(data_dir: Path, *args: str) -> UserProcess:
        made.append(UserProcess(data_dir, *args))
        return made[-1]

    yield make
    for user in made:
        if user.process.poll() is None:
            user.kill()


@pytest.fixture(scope="module")
def running() -> Iterator[embedded.Embedded]:
    """Servers to aim right and wrong URLs at."""
    base = Path(tempfile.mkdtemp(prefix="agentpay-test-"))
    base.chmod(0o755)
    with embedded.start(base / "data") as servers:
        yield servers
    shutil.rmtree(base)


def query(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def is_running(data_dir: Path, name: str) -> bool:
    with open(data_dir / "servers" / f"{name}.alive", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def refuses(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((address.hostname or "", address.port or 0)) != 0


def test_the_last_to_leave_stops_the_servers(data_dir: Path, another: Callable[..., UserProcess]) -> None:
    first = embedded.start(data_dir)
    second = another(data_dir)
    urls = second.said()
    assert urls == {"database_url": first.database_url, "redis_url": first.redis_url}
    first.close()
    first.close()  # once is enough, twice does no harm
    assert query(urls["database_url"], "SELECT current_setting('data_directory')") == str(data_dir / "postgres")
    assert redis.Redis.from_url(urls["redis_url"]).ping()
    second.leave()
    assert refuses(urls["database_url"])
    assert refuses(urls["redis_url"])
    assert not is_running(data_dir, "postgres")
    assert not is_running(data_dir, "valkey")


def test_servers_survive_the_kill_of_their_only_user(data_dir: Path, another: Callable[..., UserProcess]) -> None:
    user = another(data_dir)
    urls = user.said()
    query(urls["database_url"], "CREATE TABLE kept AS SELECT 42 AS answer")
    redis.Redis.from_url(urls["redis_url"]).set("kept", "42")
    server = postmaster(data_dir)
    # Not its children, and out of reach of its terminal's Ctrl-C.
    assert os.getsid(server) not in (os.getsid(user.process.pid), os.getsid(0))
    assert os.getpgid(server) not in (os.getpgid(user.process.pid), os.getpgid(0))
    status = Path(f"/proc/{server}/status")
    if status.exists():
        assert f"PPid:\t{user.process.pid}\n" not in status.read_text()
    user.kill()
    assert is_running(data_dir, "postgres")
    assert is_running(data_dir, "valkey")

    with embedded.start(data_dir) as servers:
        assert postmaster(data_dir) == server  # joined, no second one
        assert servers.database_url == urls["database_url"]
        assert query(servers.database_url, "SELECT answer FROM kept") == 42
    # The killed process does not count: leaving stopped them, and what they held is on the disk.
    assert not is_running(data_dir, "postgres")
    assert not is_running(data_dir, "valkey")
    with embedded.start(data_dir) as servers:
        assert query(servers.database_url, "SELECT answer FROM kept") == 42
        assert redis.Redis.from_url(servers.redis_url).get("kept") == b"42"


def test_two_that_start_at_once_share_one_server(data_dir: Path, another: Callable[..., UserProcess]) -> None:
    users = [another(data_dir) for _ in range(3)]
    answers = [user.said() for user in users]
    assert "database_url" in answers[0]
    assert answers.count(answers[0]) == 3
    log = (data_dir / "servers" / "postgres.log").read_text()
    assert log.count("ready to accept connections") == 1
    for user in users:
        assert is_running(data_dir, "postgres")
        user.leave()
    assert not is_running(data_dir, "postgres")


def test_a_forked_child_does_not_take_the_servers_away(data_dir: Path) -> None:
    with embedded.start(data_dir, need_redis=False) as servers:
        with pytest.raises(RuntimeError, match="need_redis"):
            _ = servers.redis_url
        child = os.fork()
        if child == 0:
            servers.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert query(servers.database_url, "SELECT 1") == 1
        assert not (data_dir / "valkey").exists()


def test_after_a_power_cut_a_recycled_process_id_is_not_believed(data_dir: Path) -> None:
    with embedded.start(data_dir, need_redis=False) as servers:
        query(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(data_dir), signal.SIGKILL)
        while is_running(data_dir, "postgres"):
            pass
    account = service_account(data_dir)
    # Same account as the server: PostgreSQL would take this process for itself.
    other = subprocess.Popen(["sleep", "60"], **(account.spawn_options() if account else {}))
    try:
        status = data_dir / "postgres" / "postmaster.pid"
        lines = status.read_text().splitlines()
        status.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        with embedded.start(data_dir, need_redis=False) as servers:
            assert query(servers.database_url, "SELECT answer FROM kept") == 42
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_port_taken_meanwhile_is_replaced_and_a_lost_password_renewed(data_dir: Path) -> None:
    with embedded.start(data_dir) as servers:
        before = servers.database_url, servers.redis_url
        query(servers.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with embedded.start(data_dir) as servers:
        assert (servers.database_url, servers.redis_url) == before  # kept while it is free
    taken = [("127.0.0.1", urlsplit(url).port or 0) for url in before]
    with socket.create_server(taken[0]), socket.create_server(taken[1]), embedded.start(data_dir) as servers:
        assert urlsplit(servers.database_url).port != urlsplit(before[0]).port
        assert urlsplit(servers.redis_url).port != urlsplit(before[1]).port
        assert query(servers.database_url, "SELECT answer FROM kept") == 42
    shutil.rmtree(data_dir / "servers")
    with embedded.start(data_dir) as servers:
        assert urlsplit(servers.database_url).password != urlsplit(before[0]).password
        assert query(servers.database_url, "SELECT answer FROM kept") == 42


def test_only_loopback_with_a_password(running: embedded.Embedded) -> None:
    assert query(running.database_url, "SHOW listen_addresses") == "127.0.0.1"
    methods = "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"
    assert query(running.database_url, methods) == "scram-sha-256"
    client = redis.Redis.from_url(running.redis_url)
    assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert client.config_get("append*sync") == {"appendfsync": "everysec"}
    without_password = redis.Redis(port=urlsplit(running.redis_url).port or 0, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.AuthenticationError):
        without_password.ping()


def test_the_database_is_utf8_on_every_machine_and_logs_no_values(data_dir: Path) -> None:
    with embedded.start(data_dir, need_redis=False) as servers:
        assert urlsplit(servers.database_url).path == "/agentpay"
        assert query(servers.database_url, "SELECT lower('ÄÖÜ') || current_setting('server_encoding')") == "äöüUTF8"
        assert query(servers.database_url, "SHOW max_connections") == "200"
        assert query(servers.database_url, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1
        query(servers.database_url, "CREATE TABLE people (mail text UNIQUE)")
        query(servers.database_url, "INSERT INTO people VALUES ('jane@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            query(servers.database_url, "INSERT INTO people VALUES ('jane@example.com')")
    assert "jane@" not in (data_dir / "servers" / "postgres.log").read_text()


def test_a_very_long_path_with_odd_characters_works(data_dir: Path) -> None:
    deep = data_dir / ("long " * 30) / 'it\'s "quoted" $HOME' / ("x" * 150)
    with embedded.start(deep) as servers:
        assert query(servers.database_url, "SELECT 1") == 1
        assert redis.Redis.from_url(servers.redis_url).ping()


def test_passwords_are_for_the_owner_only(data_dir: Path) -> None:
    with embedded.start(data_dir):
        for name in ("servers", "servers/postgres.json", "servers/valkey.json", "postgres", "valkey/valkey.conf"):
            assert stat.S_IMODE((data_dir / name).stat().st_mode) & 0o077 == 0, name


@pytest.mark.parametrize("need", [{"need_redis": False}, {"need_postgres": False}])
def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, need: dict[str, bool]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartupError, match=r"^The data folder .*/file/data cannot be used: Not a directory .*--data"):
        embedded.start(tmp_path / "file" / "data", **need)


def test_a_folder_that_cannot_be_written_is_one_sentence(data_dir: Path, another: Callable[..., UserProcess]) -> None:
    data_dir.mkdir()
    data_dir.chmod(0o555)
    said = another(data_dir, *([str(NOBODY)] if AS_ROOT else [])).said()
    assert said["error"].startswith(f"The data folder {data_dir} cannot be used: Permission denied")


def test_data_of_another_major_version_is_one_sentence(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartupError, match="holds data of PostgreSQL 16, but this AgentPay runs PostgreSQL 18"):
        embedded.start(data_dir)
    shutil.rmtree(data_dir)


def test_a_server_that_dies_at_start_gives_its_reason(data_dir: Path) -> None:
    embedded.start(data_dir, need_redis=False).close()
    control = data_dir / "postgres" / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    with pytest.raises(StartupError, match=r"embedded PostgreSQL did not start on .*: .*pg_control") as raised:
        embedded.start(data_dir, need_redis=False)
    assert "\n" not in str(raised.value)
    control.with_suffix(".away").rename(control)


@pytest.mark.skipif(not AS_ROOT, reason="needs root, to become another user")
def test_an_ordinary_user_runs_them_and_root_may_join(data_dir: Path, another: Callable[..., UserProcess]) -> None:
    data_dir.mkdir()
    os.chown(data_dir, NOBODY, NOBODY)
    user = another(data_dir, str(NOBODY))
    said = user.said()
    if "cannot" in said.get("error", ""):
        pytest.skip(f"the package is installed where user {NOBODY} cannot go")
    assert (data_dir / "postgres").stat().st_uid == NOBODY
    with embedded.start(data_dir) as servers:
        assert servers.database_url == said["database_url"]
        user.leave()
        assert query(servers.database_url, "SELECT 1") == 1
    # What root started there stays usable to the folder's owner.
    shutil.rmtree(data_dir / "servers")
    embedded.start(data_dir).close()
    assert {path.stat().st_uid for path in data_dir.rglob("*")} == {NOBODY}
    again = another(data_dir, str(NOBODY))
    assert "database_url" in again.said()
    again.leave()


@pytest.mark.skipif(not AS_ROOT, reason="needs root, whose servers run as another account")
def test_root_keeps_its_private_folders_closed(data_dir: Path) -> None:
    private = data_dir.parent / "private"
    private.mkdir(mode=0o700)
    with embedded.start(private / "data") as servers:
        assert query(servers.database_url, "SELECT 1") == 1
        process = Path(f"/proc/{postmaster(private / 'data')}")
        assert process.stat().st_uid != 0
        first = (private / "data" / "postgres").resolve()
    with embedded.start(private / "data"):
        assert (private / "data" / "postgres").resolve() == first
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    for name in ("postgres", "valkey"):
        shutil.rmtree((private / "data" / name).resolve())
    with pytest.raises(StartupError, match="is missing: restore it, or remove the link"):
        embedded.start(private / "data")


def settings(data_dir: Path, **values: str) -> Settings:
    return Settings(data_dir=data_dir, **values, _env_file=None)  # type: ignore[arg-type, call-arg]


def test_named_servers_are_used_and_nothing_is_started(running: embedded.Embedded, tmp_path: Path) -> None:
    chosen = settings(tmp_path / "d", database_url=running.database_url, redis_url=running.redis_url)
    with embedded.resolve(chosen) as servers:
        assert (servers.database_url, servers.redis_url) == (running.database_url, running.redis_url)
    assert not (tmp_path / "d").exists()
    assert query(running.database_url, "SELECT 1") == 1  # closing leaves others' servers alone


def test_what_is_not_named_is_embedded(running: embedded.Embedded, data_dir: Path) -> None:
    with embedded.resolve(settings(data_dir, database_url=running.database_url, redis_url="")) as servers:
        assert servers.database_url == running.database_url
        assert servers.redis_url != running.redis_url
        assert redis.Redis.from_url(servers.redis_url).ping()
        assert not (data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("setting", "make", "says"),
    [
        ("database_url", lambda pg, _: pg.replace("agentpay:", "agentpay:S3cret"), "password authentication failed"),
        ("database_url", lambda pg, _: pg.replace("/agentpay", "/nowhere"), "nowhere"),
        ("database_url", lambda _, __: "postgresql://u:S3cret@127.0.0.1:1/x", "Connection refused"),
        ("database_url", lambda _, __: "postgresql://u:S3cret@localhost:1/x", "refused"),
        ("database_url", lambda _, __: "postgresql://u:S3cret@no.invalid/x", "no.invalid"),
        ("database_url", lambda _, __: "mysql://u:S3cret@127.0.0.1/x", "is not a libpq URL"),
        ("database_url", lambda _, __: "postgresql+psycopg://u:S3cret@127.0.0.1/x", "is not a libpq URL"),
        ("redis_url", lambda _, r: r.replace("redis://:", "redis://:S3cret"), "refuses this user name and password"),
        ("redis_url", lambda _, r: f"redis://127.0.0.1:{urlsplit(r).port}", "refuses this user name and password"),
        ("redis_url", lambda _, __: "redis://:S3cret@127.0.0.1:1/0", "refused"),
        ("redis_url", lambda _, __: "http://:S3cret@127.0.0.1:1/0", "is not a URL like redis://"),
        ("redis_url", lambda _, __: "redis://:S3cret@127.0.0.1:99999/0", "is not a URL like redis://"),
        ("redis_url", lambda _, __: "redis://:S3cret@127.0.0.1:1/0?pass=S3cret", "is not a URL like redis://"),
        ("redis_url", lambda pg, _: f"redis://:S3cret@127.0.0.1:{urlsplit(pg).port}/0", "cannot be used"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_the_password(
    running: embedded.Embedded, tmp_path: Path, setting: str, make: Callable[[str, str], str], says: str
) -> None:
    url = make(running.database_url, running.redis_url)
    with pytest.raises(StartupError) as raised:
        embedded.resolve(settings(tmp_path / "d", **{setting: url}))
    sentence = str(raised.value)
    assert sentence.startswith(f"AGENTPAY_{setting.upper()} ")
    assert says in sentence
    assert "S3cret" not in sentence
    assert "\n" not in sentence
    assert not (tmp_path / "d").exists()
