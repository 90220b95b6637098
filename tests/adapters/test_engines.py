"""Both engines pass the suite: in this process, and DBOS on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
from postgres_server import programs, server

from skvm.adapters import databases
from skvm.adapters.databases import checked_url, sqlite_module
from skvm.diag import StoreError, UsageError
from skvm.plan import EventKind
from skvm.ports import Job, ModelReply, ModelRequest, Storage
from skvm.runtime.work.workspace import run_folder
from skvm.testing.conformance import EngineSuite, QueueEngineSuite, StoreSuite
from skvm.testing.engine_plays import FILES, whole, whole_script

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres'"
HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", HERE)
    monkeypatch.delenv("SKVM_ENGINE_URL", raising=False)


class TestLocal(EngineSuite):
    factory = "engine_factories:local"


class TestDbosOnSqlite(QueueEngineSuite):
    factory = "engine_factories:dbos"

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("dbos", reason="the extra dbos is not installed")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a database `clean` in which DBOS and the store have made their tables."""
    pytest.importorskip("dbos", reason="the extra dbos is not installed")
    bin = programs()
    if bin is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    with server(bin) as url:
        sql(url, "CREATE DATABASE clean")
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(HERE)
            patch.setenv("SKVM_ENGINE_URL", f"{url}/clean")
            TestPostgres().put(tmp_path_factory.mktemp("clean"), "first")
        sql(url, "TRUNCATE dbos.workflow_status CASCADE", "clean")
        yield url


class TestPostgres(QueueEngineSuite, StoreSuite):
    """One class, so that one process starts the server. Each test has a database of its own, copied from `clean`."""

    factory = "engine_factories:dbos"
    numbers = count()

    # The same code as on SQLite, whatever the database.
    test_steps_keep_their_order = None
    test_independent_steps_run_at_the_same_time = None
    test_a_failure_ends_the_run_and_leaves_what_was_done = None
    test_a_deadline_ends_the_run_and_leaves_what_was_done = None
    test_what_the_work_raises_goes_on_to_the_caller = None
    test_it_says_its_name_and_keeps_to_the_port = None
    test_killed_and_taken_up_again = None
    test_a_cancellation_ends_the_work_at_once = None

    @pytest.fixture(autouse=True)
    def database(self, postgres: str, importable: None, monkeypatch: pytest.MonkeyPatch) -> str:
        name = f"skvm{next(self.numbers)}"
        sql(postgres, f"CREATE DATABASE {name} TEMPLATE clean")
        monkeypatch.setenv("SKVM_ENGINE_URL", f"{postgres}/{name}")
        return f"{postgres}/{name}"

    def test_two_workers_of_which_one_is_killed(self, home: Path) -> None:
        """Four runs; the first worker dies in the middle of one, the second finishes all. Nothing twice, nothing lost."""
        runs = ["one", "two", "three", "four"]
        for run in runs:
            self.put(home, run)
        with self.other_process(home, do="serve", dies="tool.result:first") as dying:
            _, errors = dying.communicate(timeout=60)
        assert dying.returncode == -signal.SIGKILL, errors
        begun = [run for run in runs if self.journal(home, run)]
        assert len(begun) == 1, "a worker takes one run at a time"
        with self.other_process(home, do="serve") as other:
            try:
                assert other.stdout is not None
                ended = [json.loads(other.stdout.readline()) for _ in runs]
            finally:
                other.kill()
        assert {row["run"]: row["status"] for row in ended} == dict.fromkeys(runs, "done")
        for run in runs:
            events = self.journal(home, run)
            assert [e.seq for e in events] == list(range(1, len(events) + 1))
            assert sum(e.kind is EventKind.TOOL_INTENT and e.node == "send" for e in events) == 1
            assert {p.name: p.read_text() for p in (run_folder(home, run) / "work").iterdir()} == FILES

    def test_a_lost_session_ends_the_run_and_it_can_be_taken_up_again(self, home: Path, database: str) -> None:
        async def script(request: ModelRequest) -> ModelReply:
            if request.tag.step == "last":
                sql(database.rpartition("/")[0], END_SESSIONS)
            return await whole_script(request)

        outcome = self.carried(home, "run", whole(), script)
        assert (outcome.status, outcome.exit_code) == ("failed", 3)
        assert outcome.error is not None and "\n" not in outcome.error.line()
        outcome = self.carried(home, "run", whole(), whole_script, again=True)
        self.check_whole(outcome, outcome.work, in_doubt=False)

    def test_a_worker_that_must_look_dead_to_others_ends(self, home: Path, database: str) -> None:
        async def use(engine: Any) -> None:
            ready = anyio.Event()

            async def lose() -> None:
                await ready.wait()
                sql(database.rpartition("/")[0], END_SESSIONS)

            async def work(job: Job) -> str:
                raise AssertionError("the queue is empty")

            async with anyio.create_task_group() as group:
                group.start_soon(lose)
                with pytest.raises(StoreError, match="others take over"):
                    await engine.serve(work, anyio.Event(), ready)

        self.with_engine(home, use)

    def make(self, folder: Path) -> AbstractContextManager[Any]:
        from skvm.adapters.postgres import PostgresStore

        return closing(PostgresStore(os.environ["SKVM_ENGINE_URL"], folder))

    def test_a_lock_has_one_holder(self, home: Path) -> None:
        with self.make(home) as one, self.make(home) as two:
            assert isinstance(one, Storage)
            with one.lock("run r"):
                assert one.holds("run r") and not two.holds("run r")
                for store in (one, two):
                    with pytest.raises(StoreError, match="in use"), store.lock("run r", timeout=0.1):
                        raise AssertionError
                with two.lock("run s"):
                    pass
            with two.lock("run r"):
                pass

    def test_a_lock_is_free_when_its_session_dies(self, home: Path) -> None:
        with self.make(home) as one, self.make(home) as two, one.lock("run r"):
            one.close()  # as when the process is killed: the server sees the session end
            with two.lock("run r", timeout=10):
                pass

    def test_a_database_that_is_not_there_is_one_plain_error(self, home: Path, database: str) -> None:
        from skvm.adapters.postgres import PostgresStore

        with pytest.raises(StoreError, match="nowhere") as caught:
            PostgresStore(database.rpartition("/")[0].replace("@", ":secret@") + "/nowhere", home)
        assert "\n" not in caught.value.line() and "secret" not in caught.value.line()


def sql(url: str, statement: str, database: str = "postgres") -> None:
    import psycopg

    with psycopg.connect(f"{url}/{database}", autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:////a/b.sqlite", ("sqlite:////a/b.sqlite", False)),
        ("sqlite:///b.sqlite", ("sqlite:///b.sqlite", False)),
        ("postgresql://u:p@h:1/d", ("postgresql://u:p@h:1/d", True)),
        ("postgres://h/d?sslmode=require", ("postgresql://h/d?sslmode=require", True)),
        ("postgresql+psycopg://h/d", ("postgresql://h/d", True)),
    ],
)
def test_addresses_of_databases(given: str, expected: tuple[str, bool]) -> None:
    assert checked_url(given) == expected


@pytest.mark.parametrize(
    "given", ["", "x", "mysql://h/d", "postgresql://h", "sqlite://", "sqlite://host/x", "http://h/d", "/a/b"]
)
def test_other_addresses_are_refused_without_showing_them(given: str) -> None:
    with pytest.raises(UsageError, match="address of a database") as caught:
        checked_url(given)
    assert "postgresql://USER@HOST/DATABASE" in caught.value.line()


def test_an_old_sqlite_is_replaced_or_said_to_be_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqlite_module((3, 11), (3, 40, 1)) is None
    assert sqlite_module((3, 12), (3, 42, 0)) is None
    monkeypatch.setattr(databases, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"SQLite 3\.40\.1 .* too old for DBOS.*") as caught:
        sqlite_module((3, 12), (3, 40, 1))
    assert "pip install 'skvm[dbos]'" in caught.value.line()
    newer, package = ModuleType("pysqlite3.dbapi2"), ModuleType("pysqlite3")
    package.dbapi2 = newer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pysqlite3", package)
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", newer)
    monkeypatch.setattr(databases, "find_spec", lambda name: object())
    assert sqlite_module((3, 13), (3, 40, 1)) is newer
