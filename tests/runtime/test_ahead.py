"""Runs of solidified steps: read ahead, decided each at its turn; the journal is the same, whenever the run is cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step
from test_resume_controls import Cut

from skvm.ir import EffectClass
from skvm.jit import Book
from skvm.jit.prove.agreement import Tax
from skvm.jit.prove.ladder import Policy, StepRecord
from skvm.plan import Artifact, Event, EventKind, Executor, ExecutorKind, SolidState
from skvm.ports import Fusing, Offer, Refusal, StepContext
from skvm.store import NullStore

STEPS = ("a", "b", "c")
LEARNED = ("north", "south", "west", "east", "up", "down", "left", "front", "back")


def plan() -> Artifact:
    own = [step(id, inputs=("$task",), effect_class=EffectClass.IDEMPOTENT) for id in STEPS]
    return artifact(own, chain(*STEPS))


def model(task: str) -> ScriptedModel:
    name = task.split()[1]
    return ScriptedModel({id: [reply(call("write_file", path=f"{id}.txt", content=f"# {name}")), finish()] for id in STEPS})


def go(home: Path, store: Any, task: str, book: Any, kind: type[Run] = Run, last: int = 0, **more: Any) -> Run:
    one = kind(home, store=store)
    if isinstance(one, Cut):
        one.last = last
    anyio.run(lambda: one.go(plan(), model(task), solid=book, task=task, **more))
    return one


@pytest.fixture
def store(tmp_path: Path) -> NullStore:
    kept = NullStore()
    for task in LEARNED:
        go(tmp_path / "learning", kept, f"Name {task} please", Book(kept.blobs, UNTAXED))
    return kept


TASK = "Name place please"
UNTAXED = Policy(tax=Tax(slope=0.0, least=0.0))
"""Nothing is drawn to be checked, so that every run is served alike."""


class Seen(Book):
    """Remembers what was asked of it."""

    def __init__(self, *args: Any, ahead: bool = True) -> None:
        super().__init__(*args)
        self.asked: list[tuple[str, ...]] = []
        self.with_ahead = ahead
        self.before: Callable[[StepContext], None] = lambda context: None

    def ahead(self, keys: tuple[str, ...]) -> None:
        self.asked.append(keys)
        if self.with_ahead:
            super().ahead(keys)

    def lookup(self, context: StepContext) -> Offer | Refusal | None:
        self.before(context)
        return super().lookup(context)


def told(events: list[Event]) -> list[tuple[Any, ...]]:
    """Events without times and without the ids that are made of the run's."""
    rows = []
    for event in events:
        data = {
            k: v for k, v in event.data.items() if k not in ("seconds", "idempotency", "result", "run", "started", "totals")
        }
        rows.append((event.kind.value, event.node, event.scope, str(sorted(data)) if "run" in event.kind.value else str(data)))
    return rows


def test_the_steps_of_a_run_are_read_once_and_beside_the_first(tmp_path: Path, store: NullStore, monkeypatch: Any) -> None:
    book, keys = Seen(store.blobs, UNTAXED), [node.key for node in plan().plan.nodes]
    go(tmp_path / "one", store, TASK, book)
    assert isinstance(book, Fusing) and book.asked == [tuple(keys[1:])]
    ready, checked = Book(store.blobs, UNTAXED), []
    ready.ahead(tuple(keys))
    monkeypatch.setattr(StepRecord, "model_validate", lambda row: checked.append(row))
    assert [ready.record(key) is not None for key in keys] == [True] * 3
    assert not checked, "what was read ahead is not checked again"


def test_the_journal_is_that_of_steps_served_one_by_one(tmp_path: Path, store: NullStore) -> None:
    fused = go(tmp_path / "one", store, TASK, Seen(store.blobs, UNTAXED))
    plain = go(tmp_path / "two", store, TASK, Seen(store.blobs, UNTAXED, ahead=False))
    assert told(fused.events) == told(plain.events)
    assert fused.outcome is not None and plain.outcome is not None and fused.outcome.values == plain.outcome.values


def test_cut_after_every_event_it_goes_on_and_does_nothing_twice(tmp_path: Path, store: NullStore) -> None:
    whole = go(tmp_path / "whole", store, TASK, Book(store.blobs, UNTAXED))
    for last in range(1, len(whole.events)):
        home = tmp_path / str(last)
        cut = go(home, store, TASK, Book(store.blobs, UNTAXED), Cut, last)
        name = cut.events[0].run
        rest = go(home, store, TASK, Book(store.blobs, UNTAXED), resume=name)
        assert rest.outcome is not None and rest.outcome.status == "done", f"cut after event {last}"
        assert {p.name: p.read_text() for p in rest.outcome.work.glob("*.txt")} == {
            f"{id}.txt": f"# {TASK.split()[1]}" for id in STEPS
        }
        events = store.journal.read(name)
        ends = [e.data["call"] for e in events if e.kind is EventKind.TOOL_RESULT]
        assert sorted(set(ends)) == sorted(ends) and len(ends) == 3
        assert not rest.model.requests or last < len(whole.events) - 1


def test_what_was_read_ahead_does_not_serve_when_it_was_dropped_since(tmp_path: Path, store: NullStore) -> None:
    book = Seen(store.blobs, UNTAXED)

    def drop(context: StepContext) -> None:
        if context.node.id == "b":
            assert book.asked, "b was read ahead"
            other = Book(store.blobs, UNTAXED)
            for record in other.records():
                for version in record.versions if record.step_id == "b" else ():
                    other.change(version.id, SolidState.REJECTED, "a person said no")

    book.before = drop
    one = go(tmp_path / "one", store, TASK, book)
    assert one.outcome is not None and one.outcome.status == "done"
    assert [row.executor for row in one.outcome.steps] == ["solid", "model", "solid"]


def test_a_miss_hands_only_its_own_step_back(tmp_path: Path, store: NullStore) -> None:
    book = Seen(store.blobs, UNTAXED)
    fill = book.fill
    book.fill = lambda offer, context, *rest: None if context.node.id == "b" else fill(offer, context, *rest)  # type: ignore[method-assign]
    one = go(tmp_path / "one", store, TASK, book)
    assert one.outcome is not None
    assert [row.executor for row in one.outcome.steps] == ["solid", "model", "solid"]
    assert [e.node for e in one.events if e.kind is EventKind.GUARD_MISS] == ["b"]
    assert [r.tag.step for r in one.model.requests] == ["b", "b"]


def test_a_run_ends_where_no_model_does_a_step(tmp_path: Path, store: NullStore) -> None:
    class Ahead(Book):
        def ahead(self, keys: tuple[str, ...]) -> None:
            asked.append(keys)
            raise OSError("the disk is gone")

    asked: list[tuple[str, ...]] = []
    person = step("p", executor=Executor(kind=ExecutorKind.PERSON))
    for between in (code("p", "true"), person):
        own = [*plan().plan.nodes[:2], between, plan().plan.nodes[2]]
        one = run(
            artifact(own, chain("a", "b", "p", "c")),
            tmp_path / "x",
            model(TASK),
            store=store,
            solid=Ahead(store.blobs, UNTAXED),
            task=TASK,
        )
        assert one.outcome is not None and one.outcome.steps[0].executor == one.outcome.steps[1].executor == "solid"
        assert asked.pop(0) == (own[1].key,) and not asked
