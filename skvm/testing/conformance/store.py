"""What every store must do: a journal that keeps order and gives a number once, bytes by their content, records by table."""
# ruff: noqa: D102 - test names say what they show

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest

from skvm.diag import StoreError
from skvm.plan import Event, EventKind
from skvm.ports import QUEUED, Blobs, Journal, RunRow

THREADS, EVENTS = 8, 40


class StoreLike(Protocol):
    """A journal and blobs that belong together."""

    @property
    def journal(self) -> Journal: ...

    @property
    def blobs(self) -> Blobs: ...


def event(seq: int, run: str = "r", **data: Any) -> Event:
    """One event of a run."""
    return Event(run=run, seq=seq, time=seq / 10, kind=EventKind.DIAG, node="S1.s1", data=data)


def row(run: str, started: str = "2026-01-01T00:00:00Z") -> RunRow:
    """One run as it is opened."""
    return RunRow(run=run, skill="s", plan="p", model="m", mode="plan", status="running", started=started)


class StoreSuite(ABC):
    """The contracts of `skvm.ports.Journal` and `skvm.ports.Blobs` as tests.

    A subclass says `make`. `durable` is False for a store that forgets all when it is closed.
    """

    durable = True

    @abstractmethod
    def make(self, folder: Path) -> AbstractContextManager[StoreLike]:
        """The store of this folder, opened; a context that closes it."""

    def test_implements_the_ports(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            assert isinstance(store.journal, Journal)
            assert isinstance(store.blobs, Blobs)

    def test_events_come_back_in_order(self, tmp_path: Path) -> None:
        odd: dict[str, Any] = {"text": "\u00e4", "surrogate": "\ud800", "nested": {"a": [1, None, 1.5]}}
        with self.make(tmp_path / "home") as store:
            for seq in (1, 2, 3):
                store.journal.append(event(seq, **odd))
            store.journal.append(event(1, run="other"))
            found = store.journal.read("r")
            assert [e.seq for e in found] == [1, 2, 3]
            assert found[0] == event(1, **odd)
            assert store.journal.read("unknown") == ()

    def test_a_number_is_given_once(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            store.journal.append(event(1))
            with pytest.raises(StoreError):
                store.journal.append(event(1, other=True))
            assert store.journal.read("r") == (event(1),)

    def test_events_are_written_together_or_not_at_all(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            store.journal.append(event(1), event(2), event(3))
            with pytest.raises(StoreError):
                store.journal.append(event(4), event(5), event(3, other=True))
            assert store.journal.read("r") == (event(1), event(2), event(3))

    def test_runs_newest_first(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            for number in range(5):
                store.journal.open_run(row(f"run{number}", f"2026-01-0{number + 1}T00:00:00Z"))
            store.journal.close_run("run3", "done", 1.5)
            assert [r.run for r in store.journal.runs(2)] == ["run4", "run3"]
            assert store.journal.runs(2)[1].status == "done"
            with pytest.raises(StoreError):
                store.journal.open_run(row("run3"))

    def test_a_queued_run_begins_once(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            store.journal.open_run(row("r").model_copy(update={"status": QUEUED}))
            store.journal.open_run(row("r", "2026-02-02T00:00:00Z"))
            assert store.journal.runs() == (row("r", "2026-02-02T00:00:00Z"),)
            with pytest.raises(StoreError):
                store.journal.open_run(row("r"))

    def test_bytes_by_content(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            for data in (b"data", b"", bytes(range(256)) * 300):
                digest = store.blobs.put(data)
                assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}" == store.blobs.put(data)
                assert store.blobs.get(digest) == data
            for absent in (f"sha256:{'0' * 64}", "sha256:../../etc/passwd", "md5:0", "x"):
                with pytest.raises(KeyError):
                    store.blobs.get(absent)

    def test_records_by_table(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            for key in ("b", "a", "c"):
                store.blobs.save("t", key, {"key": key, "odd": "\ud800"})
            store.blobs.save("t", "a", {"key": "new"})
            store.blobs.save("other", "a", 1)
            store.blobs.drop("t", "c")
            store.blobs.drop("t", "never")
            assert [key for key, _ in store.blobs.records("t")] == ["a", "b"]
            assert store.blobs.load("t", "a") == {"key": "new"}
            assert store.blobs.load("t", "b") == {"key": "b", "odd": "\ud800"}
            assert store.blobs.load("t", "c") is None

    def test_records_may_change_while_they_are_read(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            for key in "abc":
                store.blobs.save("t", key, key)
            for key, _ in store.blobs.records("t"):
                store.blobs.drop("t", key)
            assert list(store.blobs.records("t")) == []

    def test_a_generation_that_stayed_means_that_no_record_changed(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store, self.make(tmp_path / "home") as other:
            changes = [partial(store.blobs.save, "t", "k", 1), partial(store.blobs.drop, "t", "k")]
            changes += [partial(other.blobs.save, "t", "k", 2), partial(other.blobs.drop, "t", "k")] if self.durable else []
            for change in changes:
                before = store.blobs.generation()
                assert before == store.blobs.generation()
                change()
                assert before is None or before != store.blobs.generation()

    def test_what_is_kept_is_not_shared(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:
            value = {"list": [1]}
            store.blobs.save("t", "k", value)
            value["list"].append(2)
            loaded = store.blobs.load("t", "k")
            assert loaded == {"list": [1]}
            loaded["list"].append(3)
            assert store.blobs.load("t", "k") == {"list": [1]}

    def test_threads_share_one_store(self, tmp_path: Path) -> None:
        with self.make(tmp_path / "home") as store:

            def work(name: str) -> None:
                for seq in range(1, EVENTS + 1):
                    store.journal.append(event(seq, run=name))

            threads = [threading.Thread(target=work, args=(f"r{n}",)) for n in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for n in range(THREADS):
                assert [e.seq for e in store.journal.read(f"r{n}")] == list(range(1, EVENTS + 1))

    def test_survives_reopening(self, tmp_path: Path) -> None:
        if not self.durable:
            pytest.skip("this store keeps nothing")
        with self.make(tmp_path / "home") as store:
            store.journal.open_run(row("r"))
            store.journal.append(event(1))
            digest = store.blobs.put(b"x")
            store.blobs.save("t", "k", [1])
        with self.make(tmp_path / "home") as store:
            assert store.journal.read("r") == (event(1),)
            assert store.blobs.get(digest) == b"x"
            assert store.blobs.load("t", "k") == [1]
            assert [r.run for r in store.journal.runs()] == ["r"]
