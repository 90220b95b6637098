"""Limits hold. Nothing here asserts a wall time: a run that ignored its limit would hang until the test's own time limit."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step

from skvm.diag import LimitHit, StoreError, TargetError, UsageError
from skvm.plan import EventKind
from skvm.ports import ModelReply, ModelRequest
from skvm.runtime import RunPorts, RunRequest, execute, opening
from skvm.store import NullStore, open_store


async def hang(request: ModelRequest) -> ModelReply:
    await anyio.sleep_forever()
    raise AssertionError


def kinds(one: Run) -> list[str]:
    return [e.kind.value for e in one.events]


def end(one: Run) -> tuple[str, int]:
    assert one.outcome is not None
    return one.outcome.status, one.outcome.exit_code


def test_no_answer_before_the_deadline_is_the_targets_failure(tmp_path: Path) -> None:
    one = run(artifact([step("a")]), tmp_path, ScriptedModel(hang), deadline=0.2, started=time.monotonic())
    assert end(one) == ("failed", 3)
    assert one.outcome is not None and "no answer from the model before the deadline of 0.2 s" in one.outcome.reason
    assert isinstance(one.outcome.error, TargetError)
    assert kinds(one)[-2:] == ["limit.hit", "run.end"]


def test_a_step_cut_off_on_the_way_to_its_first_question_got_no_answer(tmp_path: Path) -> None:
    """What a cold start takes before a question is out is no failure of the run: the model has not answered."""

    async def slow_to_prove() -> Any:
        await anyio.sleep_forever()

    more = {"sandbox": slow_to_prove, "solid": object(), "deadline": 0.2, "started": time.monotonic()}
    one = run(artifact([step("a")]), tmp_path, **more)
    assert end(one) == ("failed", 3) and "model.call" not in kinds(one)
    assert one.outcome is not None and isinstance(one.outcome.error, TargetError)
    assert "no answer from the model before the deadline of 0.2 s; it was not asked yet" in one.outcome.error.line()


def test_a_command_that_outlasts_the_deadline_is_the_runs_own_limit(tmp_path: Path) -> None:
    one = run(artifact([code("c", "sleep 30"), step("a")], chain("c", "a")), tmp_path, deadline=0.5, started=time.monotonic())
    assert end(one) == ("limit", 4)


@pytest.mark.parametrize(("nodes", "kind"), [([step("a")], TargetError), ([code("c", "true")], LimitHit)])
def test_a_deadline_that_passes_while_starting(tmp_path: Path, nodes: list[Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match="before the first step"):
        run(artifact(nodes), tmp_path, deadline=0.0, started=time.monotonic())


def test_a_deadline_says_how_the_target_failed_last(tmp_path: Path) -> None:
    """Refusals in passing until the time is up: the reason names the last one, on one line."""
    answers = iter([TargetError("server\nanswered 500", kind="outage", transient=True)])

    async def script(request: ModelRequest) -> ModelReply:
        for error in answers:
            raise error
        return await hang(request)

    one = run(artifact([step("a")]), tmp_path, ScriptedModel(script), deadline=1.2, started=time.monotonic())
    assert end(one) == ("failed", 3)
    assert one.outcome is not None and one.outcome.error is not None
    assert one.outcome.reason.endswith("before the deadline of 1.2 s; last: server answered 500")
    assert one.outcome.error.line().count("\n") == 0


def test_a_run_without_an_answer_costs_nothing(tmp_path: Path) -> None:
    one = run(artifact([code("a", "true")]), tmp_path)
    assert one.outcome is not None and one.outcome.totals.model_calls == 0 and one.outcome.totals.cost == 0.0


def test_a_deadline_after_answers_is_an_own_limit(tmp_path: Path) -> None:
    async def script(request: ModelRequest) -> ModelReply:
        return finish(x=1) if request.tag.step == "a" else await hang(request)

    one = run(
        artifact([step("a"), step("b")], chain("a", "b")),
        tmp_path,
        ScriptedModel(script),
        deadline=0.3,
        started=time.monotonic(),
    )
    assert end(one) == ("limit", 4)
    assert one.outcome is not None and one.outcome.values == {"a": {"x": 1}}
    assert {r.id: r.status for r in one.outcome.steps} == {"a": "done", "b": "cancelled"}


def test_a_deadline_that_passed_before_the_start(tmp_path: Path) -> None:
    model = ScriptedModel()
    with pytest.raises(TargetError, match="no answer from the model"):
        run(artifact([step("a")]), tmp_path, model, deadline=0.5, started=time.monotonic() - 10)
    assert not model.requests


def test_a_deadline_ends_a_command(tmp_path: Path) -> None:
    one = run(artifact([code("a", "sleep 1000")]), tmp_path, deadline=0.3, started=time.monotonic())
    assert end(one) == ("limit", 4)


def test_a_deadline_ends_a_hopeless_pattern(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * 40 + "b\n")
    model = ScriptedModel({"a": [reply(call("search", pattern="(a+)+$")), finish()]})
    one = run(
        artifact([step("a")]),
        tmp_path / "h",
        model,
        deadline=0.6,
        started=time.monotonic(),
        files={"a.txt": tmp_path / "a.txt"},
    )
    assert end(one) == ("limit", 4)


def test_a_deadline_leaves_blocked_threads_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skvm.runtime.tools import files

    def block(*_: Any) -> str:
        time.sleep(30)
        return ""

    monkeypatch.setattr(files, "read_file", block)
    model = ScriptedModel({"a": [reply(call("read_file", path="x"))]})
    one = run(artifact([step("a")]), tmp_path, model, deadline=0.3, started=time.monotonic())
    assert end(one) == ("limit", 4)


def test_a_steps_own_limit(tmp_path: Path) -> None:
    one = run(artifact([step("a", timeout=0.1), step("b")], chain("a", "b")), tmp_path, ScriptedModel(hang))
    assert end(one) == ("limit", 4)
    assert one.outcome is not None and "own limit of 0.1 s" in one.outcome.reason


def test_tokens_never_pass_the_limit(tmp_path: Path) -> None:
    async def script(request: ModelRequest) -> ModelReply:
        assert request.max_tokens is not None
        count = sum((len(m.content) + 3) // 4 for m in request.messages)
        await anyio.lowlevel.checkpoint()
        return reply(
            call("list_directory", path=f"p{len(request.messages)}"), prompt=count, completion=min(100, request.max_tokens)
        )

    nodes = [step(f"s{n}") for n in range(4)]
    one = run(artifact(nodes), tmp_path, ScriptedModel(script), max_tokens=9000)
    assert end(one) == ("limit", 4)
    assert one.outcome is not None and "tokens" in one.outcome.reason
    assert 0 < one.outcome.totals.tokens <= 9000


def test_a_token_limit_below_the_first_prompt(tmp_path: Path) -> None:
    model = ScriptedModel()
    one = run(artifact([step("a")]), tmp_path, model, max_tokens=20)
    assert end(one) == ("limit", 4) and not model.requests


def test_calls_at_once_share_a_token_limit(tmp_path: Path) -> None:
    """Two that fit only one after the other wait for each other instead of failing."""

    async def script(request: ModelRequest) -> ModelReply:
        await anyio.lowlevel.checkpoint()
        return finish()

    one = run(artifact([step("a"), step("b")]), tmp_path, ScriptedModel(script), max_tokens=3500)
    assert end(one) == ("done", 0)


def test_cost(tmp_path: Path) -> None:
    rows = [reply(call("read_file", path=f"f{n}"), cost=0.4) for n in range(9)]
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": rows}), max_cost=1.0)
    assert end(one) == ("limit", 4)
    unknown = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [reply(text="x", cost=None)]}), max_cost=1.0)
    assert end(unknown) == ("failed", 2)


def test_tool_calls_are_limited(tmp_path: Path) -> None:
    rows = [reply(call("read_file", path=f"f{n}")) for n in range(9)]
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": rows}), calls=3)
    assert end(one) == ("limit", 4)
    assert kinds(one).count("tool.intent") == 3


def test_transient_errors_are_tried_again(tmp_path: Path) -> None:
    busy = TargetError("too many", kind="rate", transient=True, retry_after=0.0)
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [busy, busy, finish()]}))
    assert end(one) == ("done", 0)
    retries = [e.data for e in one.events if e.kind is EventKind.RETRY]
    assert [(r["kind"], r["attempt"], r["wait"]) for r in retries] == [("rate", 1, 0.0), ("rate", 2, 0.0)]
    gone = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [busy]}), attempts=3)
    assert end(gone) == ("failed", 3) and kinds(gone).count("model.call") == 3
    refused = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [TargetError("no", kind="auth")]}))
    assert end(refused) == ("failed", 3) and kinds(refused).count("model.call") == 1


def test_a_retry_that_would_miss_the_deadline_is_not_waited_for(tmp_path: Path) -> None:
    busy = TargetError("too many", kind="rate", transient=True, retry_after=3600.0)
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [busy]}), deadline=60.0, started=time.monotonic())
    assert end(one) == ("failed", 3)


def test_unknown_models_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    def unknown(name: str) -> Any:
        raise UsageError(f"unknown model {name}")

    store = NullStore()
    request = RunRequest(artifact=artifact([step("a")]), model="nope")
    with pytest.raises(UsageError):
        anyio.run(execute, request, RunPorts(model_for=unknown, journal=store.journal, blobs=store.blobs), tmp_path / "home")
    assert not (tmp_path / "home").exists() and store.journal.runs() == ()


def test_commands_without_a_sandbox_are_refused(tmp_path: Path) -> None:
    one = run(artifact([code("a", "echo x")]), tmp_path, sandbox=None)
    assert end(one) == ("failed", 3)
    assert one.outcome is not None and "sandbox" in one.outcome.reason


def test_a_full_store_ends_the_run_with_3(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    full = []

    class Filling(Run):
        def emit(self, event: Any) -> None:
            super().emit(event)
            if event.kind is EventKind.MODEL_CALL and not full:
                full.append(True)
                with store._db.use() as db:
                    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")

    one = Filling(tmp_path, store=store)
    model = ScriptedModel({"a": [reply(call("write_file", path="f", content="x" * 1_000_000)), finish()]})
    anyio.run(one.go, artifact([step("a")]), model)
    assert end(one) == ("failed", 3)
    assert one.outcome is not None and "full" in one.outcome.reason
    assert not (one.outcome.work / "f").exists(), "no effect without its intent in the journal"


def test_cancelling_from_outside_is_journalled(tmp_path: Path) -> None:
    one = Run(tmp_path)

    async def main() -> None:
        with anyio.move_on_after(0.2):
            await one.go(artifact([step("a")]), ScriptedModel(hang))

    anyio.run(main)
    assert one.events[-1].kind is EventKind.RUN_END and one.events[-1].data["status"] == "cancelled"


CHILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import anyio
from runtime_kit import *
async def hang(request):
    print("asked", flush=True)
    await anyio.sleep_forever()
home = Path(sys.argv[1])
art = artifact([step("a"), code("b", "sleep 1000")])
one = run(art, home, ScriptedModel(hang), store=durable(home), signals=True)
print(one.outcome.status, flush=True)
sys.exit(one.outcome.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    here = str(Path(__file__).parent)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), here], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "asked\n"
    os.kill(child.pid, number)
    out, _ = child.communicate()
    assert (out.strip(), child.returncode) == ("cancelled", 130)
    with open_store(tmp_path) as store:
        (row,) = store.journal.runs()
        last = store.journal.read(row.run)[-1]
    assert row.status == "cancelled" and last.data == {"status": "cancelled", "exit_code": 130, "reason": "interrupted"}


def test_one_work_folder_has_one_run(tmp_path: Path) -> None:
    from skvm.diag import StoreError

    work = tmp_path / "work"
    one = Run(tmp_path / "home")
    other = Run(tmp_path / "home")

    async def script(request: ModelRequest) -> ModelReply:
        with pytest.raises(StoreError, match="in use"):
            await other.go(artifact([step("a")]), workdir=work)
        return reply(call("write_file", path="x", content="y")) if len(request.messages) < 3 else finish()

    outcome = anyio.run(lambda: one.go(artifact([step("a")]), ScriptedModel(script), workdir=work))
    assert outcome.status == "done" and (work / "x").read_text() == "y"


def test_the_repr_of_an_outcome_does_not_grow_with_the_run(tmp_path: Path) -> None:
    ids = [f"s{i}" for i in range(40)]
    script = {id: [finish(found="V" * 500)] for id in ids}
    outcome = run(artifact([step(id) for id in ids], chain(*ids)), tmp_path, ScriptedModel(script)).outcome
    assert outcome is not None and len(outcome.steps) == 40 and len(outcome.values) == 40
    assert len(repr(outcome)) < 1000


def test_a_disk_that_is_full_before_the_first_event_is_told_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(opening, "take", full)
    with pytest.raises(StoreError, match="No space left on device") as caught:
        run(artifact([step("a")]), tmp_path, ScriptedModel({}))
    assert "free space" in caught.value.help and str(tmp_path) in caught.value.where
    assert list((tmp_path / "runs").iterdir()) == []
