from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_kit import Run, ScriptedModel, artifact, chain, code, finish, reply, run, step

from skvm.diag import TargetError
from skvm.ir import Effects, Hazard
from skvm.plan import Edge, EventKind, Executor, ExecutorKind, TargetInfo
from skvm.ports import ModelReply, ModelRequest


def edge(before: str, after: str) -> Edge:
    return Edge(before=before, after=after, hazard=Hazard.DECLARED_ORDER)


def spans(one: Run) -> dict[str, tuple[int, int]]:
    """seq of start and end of each node."""
    starts = {e.node: e.seq for e in one.events if e.kind is EventKind.NODE_START}
    return {n: (starts[n], next(e.seq for e in one.events if e.kind is EventKind.NODE_END and e.node == n)) for n in starts}


def statuses(one: Run) -> dict[str, str]:
    assert one.outcome is not None
    return {r.id: r.status for r in one.outcome.steps}


def test_independent_steps_meet(tmp_path: Path) -> None:
    """Each answers only when the other was asked: in sequence this never ends."""
    met = {"a": anyio.Event(), "b": anyio.Event()}

    async def script(request: ModelRequest) -> ModelReply:
        met[request.tag.step].set()
        for event in met.values():
            await event.wait()
        return finish()

    one = run(artifact([step("a"), step("b")]), tmp_path, ScriptedModel(script))
    assert one.outcome is not None and one.outcome.exit_code == 0


def test_no_barrier(tmp_path: Path) -> None:
    """b2 depends on b1 only: it must run while a1 is still waiting for it."""
    b2_ran = anyio.Event()

    async def script(request: ModelRequest) -> ModelReply:
        if request.tag.step == "a1":
            await b2_ran.wait()
        if request.tag.step == "b2":
            b2_ran.set()
        return finish()

    nodes = [step("a1"), step("b1"), step("a2"), step("b2")]
    one = run(artifact(nodes, (edge("a1", "a2"), edge("b1", "b2"))), tmp_path, ScriptedModel(script))
    assert one.outcome is not None and one.outcome.status == "done"


def test_conflicting_effects_never_overlap_even_without_an_edge(tmp_path: Path) -> None:
    inside: list[str] = []
    most = 0

    async def script(request: ModelRequest) -> ModelReply:
        nonlocal most
        inside.append(request.tag.step)
        most = max(most, len(inside))
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        inside.remove(request.tag.step)
        return finish()

    nodes = [step(f"s{n}", effects=Effects(writes=("out.txt",))) for n in range(6)]
    run(artifact(nodes), tmp_path, ScriptedModel(script))
    assert most == 1
    most = 0
    free = [step(f"s{n}", effects=Effects(writes=(f"out{n}.txt",))) for n in range(6)]
    run(artifact(free), tmp_path, ScriptedModel(script))
    assert most == 6
    most = 0
    said = artifact(nodes, parallel=(tuple(n.id for n in nodes),))
    run(said, tmp_path, ScriptedModel(script))
    assert most == 6, "the author said that they may"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_any_graph_runs_in_order(seed: int) -> None:
    import tempfile

    draw = random.Random(seed)
    names = [f"n{i}" for i in range(draw.randint(1, 20))]
    edges = tuple(edge(p, name) for i, name in enumerate(names) for p in draw.sample(names[:i], min(i, draw.randint(0, 2))))
    shuffled = [step(n) for n in names]
    draw.shuffle(shuffled)

    async def script(request: ModelRequest) -> ModelReply:
        for _ in range(draw.randint(0, 4)):
            await anyio.lowlevel.checkpoint()
        return finish()

    with tempfile.TemporaryDirectory() as home:
        one = run(artifact(shuffled, edges), Path(home), ScriptedModel(script))
    assert one.outcome is not None and one.outcome.status == "done"
    where = spans(one)
    assert set(where) == set(names)
    assert all(where[e.before][1] < where[e.after][0] for e in edges)


def test_a_failure_cancels_siblings_and_leaves_partial_results(tmp_path: Path) -> None:
    started = anyio.Event()

    async def script(request: ModelRequest) -> ModelReply:
        if request.tag.step == "slow":
            started.set()
            await anyio.sleep_forever()
        if request.tag.step == "bad":
            await started.wait()
            return reply_cannot()
        return finish(x=1)

    nodes = [step("first"), step("slow"), step("bad"), step("after")]
    edges = (edge("first", "slow"), edge("first", "bad"), edge("slow", "after"))
    one = run(artifact(nodes, edges), tmp_path, ScriptedModel(script))
    assert one.outcome is not None
    assert (one.outcome.status, one.outcome.exit_code) == ("failed", 4)
    assert "bad: it is not possible" in one.outcome.reason
    assert statuses(one) == {"first": "done", "slow": "cancelled", "bad": "cannot"}
    assert one.outcome.values == {"first": {"x": 1}}
    assert one.kinds()[-1] == "run.end"


def reply_cannot() -> ModelReply:
    from runtime_kit import call

    return reply(call("finish", values={}, summary="", status="cannot", reason="it is not possible"))


def test_optional_steps_may_fail(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [reply_cannot()]})
    one = run(artifact([step("a", optional=True), step("b")], chain("a", "b")), tmp_path, model)
    assert one.outcome is not None and one.outcome.status == "done"
    assert statuses(one) == {"a": "cannot", "b": "done"}


def test_recovery_runs_only_after_failure_and_before_successors(tmp_path: Path) -> None:
    nodes = [step("a"), step("b"), step("r", recover_of="a"), step("c")]
    edges = chain("a", "b", "r", "c")
    good = run(artifact(nodes, edges), tmp_path, ScriptedModel())
    assert statuses(good) == {"a": "done", "b": "done", "r": "skipped", "c": "done"}
    bad = run(artifact(nodes, edges), tmp_path, ScriptedModel({"a": [reply_cannot()]}))
    assert bad.outcome is not None and bad.outcome.status == "done"
    where = spans(bad)
    assert where["a"][1] < where["r"][0] < where["r"][1] < where["b"][0] < where["c"][0]
    both = run(artifact(nodes, edges), tmp_path, ScriptedModel({"a": [reply_cannot()], "r": [reply_cannot()]}))
    assert both.outcome is not None and both.outcome.status == "failed"
    assert statuses(both) == {"a": "cannot", "r": "cannot"}


def test_an_error_of_the_target_ends_the_run_with_3(tmp_path: Path) -> None:
    model = ScriptedModel({"a": [TargetError("the key was refused", kind="auth", help="set the key")]})
    one = run(artifact([step("a"), step("b")]), tmp_path, model)
    assert one.outcome is not None
    assert (one.outcome.status, one.outcome.exit_code) == ("failed", 3)
    assert "the key was refused; set the key" in one.outcome.reason
    assert isinstance(one.outcome.error, TargetError)


def test_a_backend_that_breaks_its_contract_is_no_traceback(tmp_path: Path) -> None:
    one = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": [KeyError("choices")]}))
    assert one.outcome is not None and one.outcome.exit_code == 3
    assert "the backend failed" in one.outcome.reason


def test_the_journal_has_the_cause_before_the_effect(tmp_path: Path) -> None:
    from runtime_kit import call

    model = ScriptedModel({"a": [reply(call("write_file", path="x", content="y")), finish()]})
    seen: list[tuple[str, bool]] = []

    class Watch(Run):
        def emit(self, event: Any) -> None:
            super().emit(event)
            work = next(self.home.glob("runs/*/work"), None)
            seen.append((event.kind.value, work is not None and (work / "x").exists()))

    one = Watch(tmp_path)
    anyio.run(one.go, artifact([step("a")]), model)
    intent = next(i for i, (kind, _) in enumerate(seen) if kind == "tool.intent")
    assert seen[intent] == ("tool.intent", False)
    assert seen[intent + 1] == ("tool.result", True)
    assert [k for k, _ in seen] == [
        "run.start", "node.start", "model.call", "model.reply", "tool.intent", "tool.result",
        "model.call", "model.reply", "node.end", "run.end",
    ]  # fmt: skip
    assert [e.seq for e in one.events] == list(range(1, len(one.events) + 1))
    assert one.store.journal.read(one.events[0].run) == tuple(one.events)


def test_a_listener_that_fails_harms_nothing(tmp_path: Path) -> None:
    class Bad(Run):
        def emit(self, event: Any) -> None:
            raise RuntimeError("no")

    one = Bad(tmp_path)
    outcome = anyio.run(one.go, artifact([step("a")]))
    assert outcome.status == "done"


@pytest.mark.parametrize("many", [200])
def test_many_runs_at_once_never_mix(tmp_path: Path, many: int) -> None:
    one = Run(tmp_path)
    art = artifact([code("a", "true"), step("b")], chain("a", "b"))

    class NoSandbox:
        name, version = "none", "0"

        async def run(self, request: Any) -> Any:
            from skvm.ports import SandboxResult

            await anyio.lowlevel.checkpoint()
            return SandboxResult(exit_code=0, stdout=str(request.cwd).encode(), stderr=b"")

        async def self_test(self) -> Any:
            raise NotImplementedError

    outcomes: list[Any] = []

    async def main() -> None:
        async def single(n: int) -> None:
            outcomes.append(await one.go(art, sandbox=NoSandbox(), task=f"task {n}"))

        async with anyio.create_task_group() as group:
            for n in range(many):
                group.start_soon(single, n)

    anyio.run(main)
    assert len({o.run for o in outcomes}) == many
    for outcome in outcomes:
        assert outcome.status == "done"
        assert outcome.values["a"]["stdout"] == str(outcome.work) and outcome.run in str(outcome.work)
        events = one.store.journal.read(outcome.run)
        assert [e.seq for e in events] == list(range(1, len(events) + 1)) and len(events) == 10


def test_a_bug_is_one_error_and_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skvm.diag import InternalError
    from skvm.runtime.agent import loop

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(loop, "decode", broken)
    for nodes in ([step("a")], [step("a"), step("b")]):
        one = run(artifact(nodes), tmp_path, ScriptedModel())
        assert one.outcome is not None and one.outcome.exit_code == 101
        assert isinstance(one.outcome.error, InternalError) and "ZeroDivisionError: oops" in one.outcome.reason
        assert one.kinds()[-1] == "run.end"


def test_a_circle_is_an_error_and_no_hang(tmp_path: Path) -> None:
    one = run(artifact([step("a"), step("b"), step("c")], (edge("b", "c"), edge("c", "b"))), tmp_path)
    assert one.outcome is not None and (one.outcome.status, one.outcome.exit_code) == ("failed", 2)
    assert "in a circle" in one.outcome.reason


def test_each_step_asks_the_model_it_is_bound_to(tmp_path: Path) -> None:
    asked: dict[str, str] = {}

    async def script(request: ModelRequest) -> ModelReply:
        asked[request.tag.step] = request.model
        return finish()

    def bound(target: str) -> Executor:
        return Executor(kind=ExecutorKind.MODEL, target=target)

    nodes = [step("own", executor=bound("m")), step("far", executor=bound("v/big@bare-agent")), step("none")]
    pool = (TargetInfo(model="v/big", harness="bare-agent"),)
    one = run(artifact(nodes, chain("own", "far", "none"), pool=pool), tmp_path, ScriptedModel(script), name="given")
    assert one.outcome is not None and one.outcome.exit_code == 0
    assert asked == {"own": "given", "far": "v/big", "none": "given"}
