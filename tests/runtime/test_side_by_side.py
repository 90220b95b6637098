"""Batches and sub-tasks in a run."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import SPAN, FakeSandbox, Run, ScriptedModel, artifact, chain, code, finish, run, step

from skvm.ir import Effects
from skvm.plan import BatchNode, EventKind, Output, TaskNode, Together
from skvm.ports import ModelReply, ModelRequest, SandboxRequest, SandboxResult
from skvm.runtime.agent import act
from skvm.runtime.work.snapshot import Inventory, take
from skvm.source import digest_text

WHY = Together(basis="proved", reason="made so", span=SPAN)


def base(id: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "key": digest_text(id), "title": id, "span": SPAN, "together": WHY, **more}


def statuses(one: Any) -> dict[str, str]:
    return {row.id: row.status for row in one.outcome.steps}


def test_calls_of_a_batch_are_in_flight_at_the_same_time_and_end_each_for_itself(tmp_path: Path) -> None:
    meeting, seen = anyio.Event(), set()

    async def answer(request: ModelRequest) -> ModelReply:
        seen.add(request.tag.step)
        if {"a", "b"} <= seen:
            meeting.set()
        if request.tag.step in ("a", "b"):
            await meeting.wait()  # would wait for ever if one call came after the other
        return finish(me=request.tag.step)

    nodes = [
        BatchNode(**base("B")),
        step("a", parent="B"),
        step("b", parent="B"),
        code("c", "echo c", parent="B"),
        step("after", inputs=("$step.a.values", "$step.b.values", "$step.c.values")),
    ]
    model = ScriptedModel(answer)
    one = run(artifact(nodes, chain("B", "after")), tmp_path, model, deadline=20.0)
    assert statuses(one) == {"a": "done", "b": "done", "c": "done", "after": "done"}
    told = model.requests[-1].messages[1].content
    assert 'a.values: {"me": "a"}' in told and 'b.values: {"me": "b"}' in told and '"stdout": "c"' in told


def tasks(**more: Any) -> list[Any]:
    gives = (Output(name="n", required=True),)
    return [
        TaskNode(**base("T1", takes=("$task",), gives=gives)),
        step("a", parent="T1"),
        step("b", parent="T1", inputs=("$step.a.values",), **more),
        TaskNode(**base("T2", takes=("$task",))),
        step("c", parent="T2"),
        step("after", inputs=("$step.T1.values.n", "$step.c.values")),
    ]


EDGES = (*chain("T1", "after"), *chain("T2", "after"), *chain("a", "b"))


def test_sub_tasks_run_side_by_side_and_hand_back_what_their_contract_names(tmp_path: Path) -> None:
    meeting, seen = anyio.Event(), set()

    async def answer(request: ModelRequest) -> ModelReply:
        seen.add(request.tag.step)
        if {"b", "c"} <= seen:
            meeting.set()
        if request.tag.step in ("b", "c"):
            await meeting.wait()
        return finish(**({"n": 7} if request.tag.step == "b" else {"x": 1}))

    model = ScriptedModel(answer)
    one = run(artifact(tasks(), EDGES), tmp_path, model, deadline=20.0)
    assert statuses(one) == {"a": "done", "b": "done", "c": "done", "after": "done"}
    assert "T1.values.n: 7" in model.requests[-1].messages[1].content


def test_a_sub_task_that_does_not_give_what_it_must_fails_the_run(tmp_path: Path) -> None:
    one = run(artifact(tasks(), EDGES), tmp_path, ScriptedModel({"b": [finish(m=1)]}))
    assert one.outcome is not None and one.outcome.exit_code == 4
    assert "did not give n" in one.outcome.reason and "after" not in statuses(one)


def test_a_step_that_reads_past_the_contract_is_refused_before_it_runs(tmp_path: Path) -> None:
    nodes = [step("first"), *tasks()]
    nodes[3] = step("b", parent="T1", inputs=("$step.first.values",))
    edges = (*chain("first", "T1"), *chain("first", "T2"), *EDGES)
    one = run(artifact(nodes, edges), tmp_path, ScriptedModel())
    assert one.outcome is not None and one.outcome.exit_code == 2
    assert "T1: it reads $step.first.values, which its contract does not let in" in one.outcome.reason
    assert statuses(one) == {"first": "done", "c": "cancelled"}


def test_declared_parallel_steps_in_boxes_are_still_waived(tmp_path: Path) -> None:
    """Two sub-tasks that may touch anything overlap where the plan says that they stand side by side."""
    meeting, seen = anyio.Event(), set()

    async def answer(request: ModelRequest) -> ModelReply:
        seen.add(request.tag.step)
        if {"a", "c"} <= seen:
            meeting.set()
        await meeting.wait()
        return finish()

    top = Effects(top=True)
    nodes = [
        TaskNode(**base("T1")),
        step("a", parent="T1", effects=top),
        TaskNode(**base("T2")),
        step("c", parent="T2", effects=top),
    ]
    one = run(artifact(nodes, (), parallel=(("T1", "T2"),)), tmp_path, ScriptedModel(answer), deadline=20.0)
    assert statuses(one) == {"a": "done", "c": "done"}


def test_a_file_of_a_step_that_ended_meanwhile_is_not_this_one_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that looks around second is held there until the first one has written and ended."""
    turns, looked, ended = itertools.count(), threading.Event(), threading.Event()

    def held(root: Path) -> Inventory:
        inventory = take(root)
        if next(turns) == 1:
            looked.set()
            assert ended.wait(20)
        return inventory

    class Patient(FakeSandbox):
        async def run(self, request: SandboxRequest) -> SandboxResult:
            assert await anyio.to_thread.run_sync(looked.wait, 20)
            return await super().run(request)

    class Told(Run):
        def emit(self, event: Any) -> None:
            super().emit(event)
            if event.kind is EventKind.NODE_END:
                ended.set()

    monkeypatch.setattr(act, "take", held)
    nodes = [code(id, f"touch {id}.txt", effects=Effects(writes=(f"{id}.txt",))) for id in ("a", "b")]
    one = Told(tmp_path)
    anyio.run(lambda: one.go(artifact(nodes), ScriptedModel(), sandbox=Patient(), deadline=30.0))
    wrote = {e.node: [file["path"] for file in e.data["result"]["files"]] for e in one.events if e.kind is EventKind.NODE_END}
    assert wrote == {"a": ["a.txt"], "b": ["b.txt"]}
