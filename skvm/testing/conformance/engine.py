"""What every engine must do, shown with a scripted model and effects that can be counted."""
# ruff: noqa: D102 - test names say what they show

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest

from skvm.diag import StoreError, UsageError
from skvm.plan import Artifact, Event, EventKind
from skvm.ports import Engine, Gatekeeper, Job, ModelReply, ModelRequest
from skvm.runtime import RunOutcome
from skvm.runtime.work.workspace import run_folder
from skvm.testing.engine_plays import (
    FILES,
    PLAYS,
    VALUES,
    Ear,
    Everybody,
    Part,
    Script,
    chain,
    done,
    endless_script,
    gated,
    made,
    plan_of,
    play,
    say,
    step,
    whole,
    whole_script,
    writes,
)

PATIENCE = 60
"""Seconds after which something that should end is called hanging; nothing is timed."""

SENT = (EventKind.TOOL_INTENT, EventKind.TOOL_RESULT)


class EngineSuite:
    """The contract of `skvm.ports.Engine` as tests.

    A subclass says `factory`: `module:name` of what makes an engine from a home folder, importable in a process of its own.
    """

    factory: ClassVar[str]

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "home"

    def with_engine(self, home: Path, use: Callable[[Any], Awaitable[Any]]) -> Any:
        """What `use` makes of a fresh engine over this home folder."""

        async def main() -> Any:
            engine = made(self.factory, home)
            try:
                with anyio.fail_after(PATIENCE):
                    return await use(engine)
            finally:
                with anyio.CancelScope(shield=True):
                    await engine.close()

        return anyio.run(main)

    async def carry(
        self, engine: Engine, home: Path, run: str, plan: Artifact, script: Script, *, again: bool = False, **more: Any
    ) -> RunOutcome:
        """One job to its end."""
        outcomes: list[RunOutcome] = []

        async def work(job: Job) -> str:
            outcomes.append(await play(engine.storage, home, job, plan, script, **more))
            return outcomes[-1].status

        await engine.carry(Job(run=run, again=again), work)
        (outcome,) = outcomes
        return outcome

    def carried(self, home: Path, run: str, plan: Artifact, script: Script, **more: Any) -> RunOutcome:
        """One job to its end on an engine of its own."""

        async def use(engine: Engine) -> RunOutcome:
            return await self.carry(engine, home, run, plan, script, **more)

        outcome: RunOutcome = self.with_engine(home, use)
        return outcome

    def journal(self, home: Path, run: str) -> tuple[Event, ...]:
        """What is in the journal of a run."""

        async def use(engine: Engine) -> tuple[Event, ...]:
            return engine.storage.journal.read(run)

        events: tuple[Event, ...] = self.with_engine(home, use)
        return events

    def other_process(self, home: Path, **part: Any) -> subprocess.Popen[str]:
        """A process that does a part; see `Part`."""
        words = Part(factory=self.factory, home=str(home), **part).model_dump_json()
        argv = [sys.executable, "-m", "skvm.testing.engine_plays", words]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def killed(self, home: Path, run: str, dies: str) -> None:
        """A run whose process dies right after an event."""
        with self.other_process(home, run=run, dies=dies) as process:
            _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL, errors

    def check_whole(self, outcome: RunOutcome, work: Path, in_doubt: bool) -> None:
        """Nothing lost, nothing done twice; an effect that was begun and whose end nobody saw is asked about."""
        if in_doubt:
            assert (outcome.status, outcome.exit_code) == ("in_doubt", 4), outcome.reason
            assert "mail.log" in outcome.reason
            return
        assert (outcome.status, outcome.exit_code) == ("done", 0), outcome.reason
        assert {path.name: path.read_text() for path in work.iterdir()} == FILES
        assert outcome.values == VALUES

    def test_it_says_its_name_and_keeps_to_the_port(self, home: Path) -> None:
        async def use(engine: Engine) -> None:
            assert isinstance(engine, Engine)
            assert engine.name

        self.with_engine(home, use)

    def test_steps_keep_their_order(self, home: Path) -> None:
        ear = Ear()
        plan = plan_of([step(id) for id in "abcde"], chain(*"abcde"))
        outcome = self.carried(home, "run", plan, _finishes, ear=ear)
        assert outcome.status == "done"
        rows = [(e.kind, e.node) for e in ear.events if e.kind in (EventKind.NODE_START, EventKind.NODE_END)]
        assert rows == [(kind, id) for id in "abcde" for kind in (EventKind.NODE_START, EventKind.NODE_END)]

    def test_independent_steps_run_at_the_same_time(self, home: Path) -> None:
        asked: list[str] = []

        async def script(request: ModelRequest) -> ModelReply:
            if not asked:
                met.append(anyio.Event())
            asked.append(request.tag.step)
            if len(asked) == 3:
                met[0].set()
            await met[0].wait()  # nobody is answered before all three have asked
            return done()

        met: list[anyio.Event] = []
        outcome = self.carried(home, "run", plan_of([step("a"), step("b"), step("c")]), script)
        assert outcome.status == "done" and sorted(asked) == ["a", "b", "c"]

    def test_a_failure_ends_the_run_and_leaves_what_was_done(self, home: Path) -> None:
        async def script(request: ModelRequest) -> ModelReply:
            if request.tag.step == "bad":
                return say("finish", values={}, summary="", status="cannot", reason="no way")
            return await endless_script(request)

        plan = plan_of([writes("first", "a.txt"), step("bad"), step("after")], chain("first", "bad", "after"))
        outcome = self.carried(home, "run", plan, script)
        assert (outcome.status, outcome.exit_code) == ("failed", 4)
        assert [(o.path, (outcome.work / o.path).read_text()) for o in outcome.outputs] == [("a.txt", "first")]
        assert "no way" in outcome.reason
        assert self.journal(home, "run")[-1].kind is EventKind.RUN_END

    def test_a_deadline_ends_the_run_and_leaves_what_was_done(self, home: Path) -> None:
        plan, script = PLAYS["endless"]
        outcome = self.carried(home, "run", plan(), script, deadline=2)
        assert (outcome.status, outcome.exit_code) == ("limit", 4), outcome.reason
        assert (outcome.work / "a.txt").read_text() == "first"

    def test_a_gate_that_nobody_answers_waits_and_the_run_goes_on_later(self, home: Path) -> None:
        ear = Ear()
        parked = self.carried(home, "run", gated(), endless_script)
        assert (parked.status, parked.exit_code) == ("waiting", 4)
        assert not (parked.work / "mail.log").exists()
        gate: Gatekeeper = Everybody()
        outcome = self.carried(home, "run", gated(), endless_script, again=True, gate=gate, ear=ear)
        assert (outcome.status, outcome.run) == ("done", "run")
        assert (outcome.work / "mail.log").read_text() == "sent\n"
        assert not [e for e in ear.events if e.node == "first" and e.kind is EventKind.MODEL_CALL], (
            "done steps are not repeated"
        )

    @pytest.mark.parametrize("dies", ["run.start:", "tool.intent:send", "tool.result:send"])
    def test_killed_and_taken_up_again(self, home: Path, dies: str) -> None:
        self.killed(home, "run", dies)

        async def use(engine: Engine) -> tuple[tuple[Event, ...], RunOutcome]:
            begun = engine.storage.journal.read("run")
            return begun, await self.carry(engine, home, "run", whole(), whole_script, again=True)

        begun, outcome = self.with_engine(home, use)
        _without_holes(begun)
        self.check_whole(outcome, run_folder(home, "run") / "work", _in_doubt(begun))

    def test_two_runs_at_once_never_mix(self, home: Path) -> None:
        async def use(engine: Engine) -> dict[str, RunOutcome]:
            outcomes: dict[str, RunOutcome] = {}
            turn = anyio.Event()

            async def one(run: str) -> None:
                async def script(request: ModelRequest) -> ModelReply:
                    if request.tag.step == "last":
                        if run == "first":
                            await turn.wait()  # ends only after the other one has begun its last step
                        turn.set()
                        if any(m.role == "tool" for m in request.messages):
                            return done(run=run)
                        return say("write_file", path="last.txt", content=run)
                    return await whole_script(request)

                outcomes[run] = await self.carry(engine, home, run, whole(), script)

            async with anyio.create_task_group() as group:
                for run in ("first", "second"):
                    group.start_soon(one, run)
            return outcomes

        outcomes: dict[str, RunOutcome] = self.with_engine(home, use)
        for run, outcome in outcomes.items():
            assert (outcome.run, outcome.status) == (run, "done"), outcome.reason
            assert outcome.work == run_folder(home, run) / "work"
            assert (outcome.work / "last.txt").read_text() == run == outcome.values["last"]["run"]
            assert (outcome.work / "mail.log").read_text() == "sent\n"
            events = self.journal(home, run)
            _without_holes(events)

    def test_a_run_has_one_owner(self, home: Path) -> None:
        async def use(engine: Engine) -> None:
            began, go = anyio.Event(), anyio.Event()

            async def script(request: ModelRequest) -> ModelReply:
                began.set()
                await go.wait()
                return done()

            async with anyio.create_task_group() as group:
                group.start_soon(self.carry, engine, home, "run", plan_of([step("a")]), script)
                await began.wait()
                with pytest.raises(StoreError):
                    await self.carry(engine, home, "run", plan_of([step("a")]), _finishes)
                with pytest.raises(StoreError):
                    await self.carry(engine, home, "run", plan_of([step("a")]), _finishes, again=True)
                go.set()

        self.with_engine(home, use)
        events = self.journal(home, "run")
        assert [e.data.get("status") for e in events if e.kind is EventKind.RUN_END] == ["done"]

    def test_the_result_is_that_of_the_runtime_alone(self, home: Path, tmp_path: Path) -> None:
        from skvm.store import open_store

        async def alone() -> RunOutcome:
            with open_store(tmp_path / "alone") as store:
                return await play(store, tmp_path / "alone", Job(run="run"), whole(), whole_script)

        expected, got = anyio.run(alone), self.carried(home, "run", whole(), whole_script)
        assert _essence(got) == _essence(expected)
        self.check_whole(got, got.work, in_doubt=False)

    def test_what_the_work_raises_goes_on_to_the_caller(self, home: Path) -> None:
        async def use(engine: Engine) -> None:
            async def work(job: Job) -> str:
                raise UsageError("nothing to do", where=job.run)

            with pytest.raises(UsageError, match="nothing to do"):
                await engine.carry(Job(run="run"), work)

        self.with_engine(home, use)

    def test_a_cancellation_ends_the_work_at_once(self, home: Path) -> None:
        async def use(engine: Engine) -> None:
            with anyio.CancelScope() as scope:

                async def script(request: ModelRequest) -> ModelReply:
                    if request.tag.step == "stuck":
                        scope.cancel()
                    return await endless_script(request)

                with suppress(StoreError):
                    await self.carry(engine, home, "run", PLAYS["endless"][0](), script)
            assert scope.cancelled_caught

        self.with_engine(home, use)
        last = self.journal(home, "run")[-1]
        assert (last.kind, last.data["status"]) == (EventKind.RUN_END, "cancelled")


class QueueEngineSuite(EngineSuite):
    """The contract of `skvm.ports.QueueEngine` as tests, on top of that of every engine."""

    def served(self, home: Path, until: Callable[[tuple[Event, ...]], bool], run: str = "run") -> tuple[Event, ...]:
        """What the journal of a run holds when `until` is content with it, while this process serves."""

        async def use(engine: Any) -> tuple[Event, ...]:
            stop = anyio.Event()

            async def work(job: Job) -> str:
                plan, script = PLAYS[job.text]
                return (await play(engine.storage, home, job, plan(), script)).status

            async with anyio.create_task_group() as group:
                group.start_soon(engine.serve, work, stop, anyio.Event())
                events = await seen(engine, run, until)
                stop.set()
            return events

        events: tuple[Event, ...] = self.with_engine(home, use)
        return events

    def put(self, home: Path, run: str, text: str = "whole") -> None:
        """A job into the queue."""

        async def use(engine: Any) -> None:
            await engine.put(Job(run=run, text=text))

        self.with_engine(home, use)

    def test_a_queued_run_is_done_by_who_serves(self, home: Path) -> None:
        self.put(home, "run")
        assert self.journal(home, "run") == ()
        events = self.served(home, over)
        assert events[-1].data["status"] == "done"
        assert {p.name: p.read_text() for p in (run_folder(home, "run") / "work").iterdir()} == FILES

    @pytest.mark.parametrize("dies", ["tool.result:first", "tool.intent:send"])
    def test_a_run_whose_process_was_killed_is_taken_over(self, home: Path, dies: str) -> None:
        self.killed(home, "run", dies)
        events = self.served(home, over)
        ends = [i for i, e in enumerate(events) if f"{e.kind.value}:{e.node}" == dies]
        begun = events[: ends[0] + 1]
        _without_holes(events)
        assert events[-1].data["status"] == ("in_doubt" if _in_doubt(begun) else "done")
        work = run_folder(home, "run") / "work"
        if _in_doubt(begun):
            assert not (work / "mail.log").exists(), "an effect in doubt is not done by who takes over"
        else:
            assert {p.name: p.read_text() for p in work.iterdir()} == FILES

    def test_a_queued_run_can_be_cancelled(self, home: Path) -> None:
        self.put(home, "run")
        self.put(home, "next")

        async def use(engine: Any) -> tuple[bool, bool]:
            return await engine.cancel("run"), await engine.cancel("unknown")

        assert self.with_engine(home, use) == (True, False)
        self.served(home, over, "next")
        assert self.journal(home, "run") == ()

    def test_a_running_run_can_be_cancelled_from_elsewhere(self, home: Path) -> None:
        with self.other_process(home, run="run", text="endless") as process:

            async def use(engine: Any) -> None:
                await seen(engine, "run", lambda events: any(e.node == "stuck" for e in events))
                assert await engine.cancel("run")
                await seen(engine, "run", over)

            try:
                self.with_engine(home, use)
                process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        assert self.journal(home, "run")[-1].data["status"] == "cancelled"
        assert (run_folder(home, "run") / "work" / "a.txt").read_text() == "first"


async def seen(engine: Engine, run: str, until: Callable[[tuple[Event, ...]], bool]) -> tuple[Event, ...]:
    """The journal of a run as soon as `until` is content with it."""
    while not until(events := engine.storage.journal.read(run)):  # noqa: ASYNC110 - another process may be writing it
        await anyio.sleep(0.05)
    return events


def over(events: tuple[Event, ...]) -> bool:
    """Has the run ended?"""
    return bool(events) and events[-1].kind is EventKind.RUN_END


def _without_holes(events: tuple[Event, ...]) -> None:
    assert [e.seq for e in events] == list(range(1, len(events) + 1)), "nothing of the journal is lost or written twice"


def _in_doubt(seen: tuple[Event, ...]) -> bool:
    """Was the effect that cannot be asked about begun and not seen to end?"""
    return [e.kind for e in seen if e.node == "send" and e.kind in SENT] == [EventKind.TOOL_INTENT]


def _essence(outcome: RunOutcome) -> dict[str, Any]:
    """All of an outcome that does not depend on where and how fast it came about."""
    rows = sorted((s.id, s.executor, s.status, s.model_calls, s.tokens) for s in outcome.steps)
    return {
        "status": outcome.status,
        "outputs": outcome.outputs,
        "steps": rows,
        "values": outcome.values,
        "calls": outcome.totals.model_calls,
        "tokens": outcome.totals.tokens,
    }


async def _finishes(request: ModelRequest) -> ModelReply:
    return done()
