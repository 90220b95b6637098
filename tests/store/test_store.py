from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.diag import StoreError
from skvm.store import NullStore, held_lock, open_store, write_aside
from skvm.store.connection import Connection
from skvm.testing.conformance import StoreSuite
from skvm.testing.conformance.store import StoreLike, event


class TestSqlite(StoreSuite):
    def make(self, folder: Path) -> AbstractContextManager[StoreLike]:
        return open_store(folder)


class TestMemory(StoreSuite):
    durable = False

    def make(self, folder: Path) -> AbstractContextManager[StoreLike]:
        return nullcontext(NullStore())


@given(st.binary(max_size=2000))
def test_any_bytes_round_trip(data: bytes) -> None:
    store = NullStore()
    assert store.blobs.get(store.blobs.put(data)) == data


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    open_store(home).close()
    assert (home.stat().st_mode & 0o777, (home / "state.sqlite").stat().st_mode & 0o777) == (0o700, 0o600)
    names = [r[0] for r in sqlite3.connect(home / "state.sqlite").execute("SELECT name FROM migrations")]
    assert names == ["0001 runs and events", "0002 records"]


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    home = tmp_path / "shared"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    open_store(home).close()
    assert home.stat().st_mode & 0o777 == 0o755


def test_a_damaged_blob_is_absent(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        digest = store.blobs.put(b"right")
        path = tmp_path / "objects" / digest[7:9] / digest[9:]
        path.write_bytes(b"wrong")
        with pytest.raises(KeyError):
            store.blobs.get(digest)


def test_a_damaged_database_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path)
    assert caught.value.exit_code == 3 and "damaged" in caught.value.line()


def test_home_below_a_file_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        open_store(tmp_path / "file" / "home")


def test_a_read_only_home_is_one_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError):
        open_store(tmp_path)


def test_write_aside_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_aside(target, b"after")
    assert target.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_stores_nothing_of_the_event(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.journal.append(event(1))
        with store._db.use() as db:
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="full") as caught:
            store.journal.append(event(2, big="x" * 1_000_000))
        assert caught.value.exit_code == 3
        assert [e.seq for e in store.journal.read("r")] == [1]


CHILD = """
import sys
from pathlib import Path
from skvm.plan import Event, EventKind
from skvm.store import open_store
home, name = Path(sys.argv[1]), sys.argv[2]
with open_store(home) as store:
    for seq in range(1, 101):
        store.journal.append(Event(run=name, seq=seq, time=0.0, kind=EventKind.DIAG, data={"by": name}))
        store.blobs.save("t", f"{name}-{seq:03}", seq)
    store.blobs.put(b"shared" * 1000)
"""


def test_eight_processes_on_one_store(tmp_path: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), f"r{n}"], stderr=subprocess.PIPE) for n in range(8)
    ]
    errors = [child.communicate()[1].decode() for child in children]
    assert [child.returncode for child in children] == [0] * 8, errors
    with open_store(tmp_path) as store:
        for n in range(8):
            found = store.journal.read(f"r{n}")
            assert [e.seq for e in found] == list(range(1, 101))
            assert {e.data["by"] for e in found} == {f"r{n}"}
        assert len(list(store.blobs.records("t"))) == 800


def test_a_forked_child_opens_its_own_connection(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from skvm.plan import Event, EventKind
from skvm.store import open_store
store = open_store(Path(sys.argv[1]))
store.journal.append(Event(run="r", seq=1, time=0.0, kind=EventKind.DIAG))
child = os.fork()
store.journal.append(Event(run="r", seq=2 if child else 3, time=0.0, kind=EventKind.DIAG))
if child:
    os.waitpid(child, 0)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    with open_store(tmp_path) as store:
        assert [e.seq for e in store.journal.read("r")] == [1, 2, 3]


def test_locks_exclude(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, store.lock("work folder /x"):
        with pytest.raises(StoreError, match="in use"), held_lock(tmp_path, "work folder /x"):
            pass
        with held_lock(tmp_path, "another"):
            pass
    with held_lock(tmp_path, "work folder /x"):
        pass


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "state.sqlite") as db:
        db.execute("INSERT INTO migrations VALUES ('0099 what is to come')")
    db.close()
    with pytest.raises(StoreError, match="written by a newer skvm"):
        open_store(tmp_path)


def test_a_disk_that_fills_while_the_store_is_made_is_named(tmp_path: Path) -> None:
    def fills(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE t (a)")
        db.execute("ROLLBACK")  # as SQLite does by itself
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StoreError, match="disk is full") as caught:
        Connection(tmp_path / "s.sqlite", (("one", fills),))
    assert caught.value.help == "free some space"
