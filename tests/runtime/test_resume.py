from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Gate, Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step
from test_controls import loop, over
from test_solid import OnlyA, solid

from skvm.diag import StoreError, UsageError
from skvm.ir import EffectClass
from skvm.plan import Event, EventKind, SolidCall
from skvm.ports import Offer
from skvm.runtime import SystemClock
from skvm.runtime.run import new_run_id
from skvm.runtime.state.record import Recorder
from skvm.runtime.state.redact import Redactor
from skvm.store import NullStore, open_store

CANNOT = reply(call("finish", values={}, summary="", status="cannot", reason="no"))


class Cut(Run):
    """Nothing is journalled after the event that `at` names, as in a crash."""

    at: tuple[str, str] = ("", "")

    async def go(self, art: Any, model: Any = None, **more: Any) -> Any:
        journal = self.store.journal
        append = journal.append
        dead = False

        def dying(*events: Event) -> None:
            nonlocal dead
            for event in events:
                if dead:
                    raise StoreError("the journal is gone")
                append(event)
                dead = (event.kind.value, event.node) == self.at

        journal.append = dying
        try:
            return await super().go(art, model, **more)
        finally:
            journal.append = append


def crash(tmp_path: Path, store: Any, art: Any, model: Any, at: tuple[str, str], **more: Any) -> str:
    one = Cut(tmp_path, store=store)
    one.at = at
    assert anyio.run(lambda: one.go(art, model, **more)).exit_code == 3
    return str(one.events[-1].run)


def started(one: Run) -> list[tuple[str, str]]:
    return [(e.node, e.scope) for e in one.events if e.kind is EventKind.NODE_START]


def test_finished_steps_keep_their_results(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    art = artifact([step("a"), step("b", inputs=("$step.a.values.x",))], chain("a", "b"))
    model = ScriptedModel({"a": [finish(x=41)], "b": [CANNOT]})
    one = run(art, tmp_path, model, store=store)
    assert one.outcome is not None and one.outcome.status == "failed"
    two = run(art, tmp_path, model2 := ScriptedModel(), store=store, resume=one.outcome.run)
    assert two.outcome is not None and two.outcome.status == "done"
    assert started(two) == [("b", "")] and "a.values.x: 41" in model2.requests[0].messages[1].content
    assert two.outcome.totals.model_calls == 3, "what the first part spent counts"
    assert [r.id for r in two.outcome.steps] == ["a", "b"]
    events = store.journal.read(one.outcome.run)
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert all(a.time <= b.time for a, b in pairwise(events))
    three = run(art, tmp_path, model3 := ScriptedModel(), store=store, resume=one.outcome.run)
    assert three.outcome is not None and three.outcome.status == "done" and not model3.requests


def test_a_conversation_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    art = artifact([step("a")])
    rows = [reply(call("write_file", path="f", content="1")), reply(call("read_file", path="f")), finish(done=True)]
    name = crash(tmp_path, store, art, ScriptedModel({"a": list(rows)}), ("tool.result", "a"))
    two = run(art, tmp_path, model := ScriptedModel({"a": rows[1:]}), store=store, resume=name)
    assert two.outcome is not None and two.outcome.values == {"a": {"done": True}}
    assert len(model.requests) == 2
    assert [m.role for m in model.requests[0].messages] == ["system", "user", "assistant", "tool"]
    assert [e.data["tool"] for e in two.events if e.kind is EventKind.TOOL_INTENT] == ["read_file"]
    assert [o.path for o in two.outcome.outputs] == ["f"]


def solid_of(*calls: dict[str, Any]) -> OnlyA:
    return OnlyA(Offer(code=solid(*(SolidCall(tool="write_file", args={}, effect="idempotent") for _ in calls))), list(calls))


def test_code_promoted_meanwhile_does_not_take_over_from_a_model(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    rows = [reply(call("write_file", path="f", content="model's")), finish(done=True)]
    name = crash(tmp_path, store, artifact([step("a")]), ScriptedModel({"a": list(rows)}), ("tool.result", "a"))
    book = solid_of({"path": "f", "content": "code's"}, {"path": "g", "content": "x"})
    two = run(artifact([step("a")]), tmp_path, ScriptedModel({"a": rows[1:]}), store=store, resume=name, solid=book)
    assert two.outcome is not None and two.outcome.values == {"a": {"done": True}}
    assert [r.executor for r in two.outcome.steps] == ["model"] and [o.path for o in two.outcome.outputs] == ["f"]
    assert (two.outcome.work / "f").read_text() == "model's"


@pytest.mark.parametrize("at", ["tool.intent", "tool.result"])
@pytest.mark.parametrize("later", ["the same", "another", "none", "turned off"])
def test_what_code_began_is_ended_by_it_or_told_to_a_model(tmp_path: Path, later: str, at: str) -> None:
    store = open_store(tmp_path)
    art = artifact([step("a")])
    first = {"path": "f", "content": "code's"}
    book = solid_of(first, {"path": "g", "content": "x"})
    name = crash(tmp_path, store, art, ScriptedModel(), (at, "a"), solid=book)
    offers = {
        "the same": solid_of(first, {"path": "g", "content": "x"}),
        "another": solid_of({"path": "f", "content": "other"}, {"path": "g", "content": "y"}),
        "none": OnlyA(None),
        "turned off": None,
    }
    two = run(art, tmp_path, model := ScriptedModel({"a": [finish(seen=1)]}), store=store, resume=name, solid=offers[later])
    assert two.outcome is not None and two.outcome.status == "done"
    assert (two.outcome.work / "f").read_text() == "code's"
    if later == "the same":
        assert two.outcome.values == {"a": {"x": 1}} and not model.requests
        return
    assert two.outcome.values == {"a": {"seen": 1}} and not (two.outcome.work / "g").exists()
    shown = model.requests[0].messages[2:]
    assert [json.loads(c.arguments) for m in shown for c in m.calls] == [first] and shown[-1].role == "tool"


def test_a_conversation_after_code_goes_on_after_it_without_the_code(tmp_path: Path) -> None:
    """Code wrote f and was handed back, the model wrote g: resumed without any code, f is not taken for the model's call."""
    store = open_store(tmp_path)
    art = artifact([step("a")])
    book = solid_of({"path": "f", "content": "code's"}, {"path": "h"})  # the second one cannot be made
    rows = [reply(call("write_file", path="g", content="model's")), finish(done=True)]
    one = run(art, tmp_path / "whole", whole := ScriptedModel({"a": list(rows)}), solid=book)
    assert one.outcome is not None and [o.path for o in one.outcome.outputs] == ["f", "g"]
    book = solid_of({"path": "f", "content": "code's"}, {"path": "h"})
    name = crash(tmp_path, store, art, ScriptedModel({"a": list(rows)}), ("model.reply", "a"), solid=book)
    two = run(art, tmp_path, model := ScriptedModel({"a": rows[1:]}), store=store, resume=name, solid=OnlyA(None))
    assert two.outcome is not None and [o.path for o in two.outcome.outputs] == ["f", "g"]
    assert (two.outcome.work / "g").read_text() == "model's"
    assert model.requests[0].messages == whole.requests[1].messages


@pytest.mark.parametrize(
    ("effect", "status"),
    [(EffectClass.PURE, "done"), (EffectClass.IDEMPOTENT, "done"), (EffectClass.EFFECTFUL, "in_doubt")],
)
def test_a_command_that_was_begun(tmp_path: Path, effect: EffectClass, status: str) -> None:
    store = open_store(tmp_path)
    art = artifact([code("a", "bash -c 'echo x >> log'", effect_class=effect)])
    name = crash(tmp_path, store, art, None, ("tool.intent", "a"))
    two = run(art, tmp_path, store=store, resume=name, yes=True, gate=Gate({"a": True}))
    assert two.outcome is not None and two.outcome.status == status, "--yes never approves an effect in doubt"
    if status == "in_doubt":
        assert two.outcome.exit_code == 4 and "not known" in two.outcome.reason
        assert any(e.data.get("code") == "SKV701" for e in two.events)
        again = run(art, tmp_path, store=store, resume=name, gate=Gate({"a": True}))
        assert again.outcome is not None and again.outcome.status == "done"
        refused = run(art, tmp_path, store=store, resume=name)
        assert refused.outcome is not None and refused.outcome.status == "done", "it is finished now"


@pytest.mark.parametrize("happened", [False, True])
def test_an_edit_is_read_back(tmp_path: Path, happened: bool) -> None:
    store = open_store(tmp_path)
    (tmp_path / "f.txt").write_text("one")
    art = artifact([step("a")])
    rows = [reply(call("edit_file", path="f.txt", old="one", new="one one")), finish()]
    name = crash(
        tmp_path, store, art, ScriptedModel({"a": list(rows)}), ("tool.intent", "a"), files={"f.txt": tmp_path / "f.txt"}
    )
    work = tmp_path / "runs" / name / "work"
    if happened:
        (work / "f.txt").write_text("one one")
    two = run(art, tmp_path, ScriptedModel({"a": rows[1:]}), store=store, resume=name, files={"f.txt": tmp_path / "f.txt"})
    assert two.outcome is not None and two.outcome.status == "done"
    assert (work / "f.txt").read_text() == "one one"


def test_map_items_and_choices_are_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path / "home")
    data = {}
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
        data[name] = tmp_path / name
    nodes = [over("M", "*.csv", False), step("s", parent="M"), step("j", inputs=("$step.s.values.n",))]
    art = artifact(nodes, chain("M", "j"))

    async def script(request: Any) -> Any:
        if request.tag.step == "s" and len(request.messages) == 2:
            return reply(call("write_file", path=f"new{len(seen)}.csv", content="x"))
        seen.append(request.tag.step)
        return finish(n=len(seen))

    seen: list[str] = []
    name = crash(tmp_path / "home", store, art, ScriptedModel(script), ("node.end", "s"), files=data)
    two = run(art, tmp_path / "home", ScriptedModel(script), store=store, resume=name)
    assert two.outcome is not None and two.outcome.status == "done"
    assert [scope for node, scope in started(two) if node == "s"] == ["M[b.csv]"], "new files are not new items"
    assert two.outcome.values["j"] == {"n": 3}


def test_iterations_that_are_over_stay_over(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    nodes = [loop("L", 4, "ok", "$step.s.values.ok"), step("s", parent="L")]
    art = artifact(nodes)
    model = ScriptedModel({"s": [CANNOT, finish(ok=False), finish(ok=True)]})
    name = crash(tmp_path, store, art, model, ("branch.choose", "L"))
    rest = run(art, tmp_path, model, store=store, resume=name)
    assert rest.outcome is not None and rest.outcome.status == "done"
    assert started(rest) == [("s", "L[2]")]


def test_what_was_recovered_is_not_tried_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    nodes = [step("a"), step("r", recover_of="a"), step("b")]
    art = artifact(nodes, chain("a", "r", "b"))
    model = ScriptedModel({"a": [CANNOT], "b": [CANNOT]})
    one = run(art, tmp_path, model, store=store)
    assert one.outcome is not None and one.outcome.status == "failed"
    two = run(art, tmp_path, store=store, resume=one.outcome.run)
    assert two.outcome is not None and two.outcome.status == "done" and started(two) == [("b", "")]


def test_wrong_runs_and_plans(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(UsageError, match="no such run"):
        run(artifact([step("a")]), tmp_path, store=store, resume="20260101-nothing")
    one = run(artifact([step("a")]), tmp_path, store=store)
    assert one.outcome is not None
    with pytest.raises(UsageError, match="another plan"):
        run(artifact([step("b")]), tmp_path, store=store, resume=one.outcome.run)


def test_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert [i[:22] for i in ids] == sorted(i[:22] for i in ids)


def test_a_recorder_stores_nothing_it_could_not_number() -> None:
    class Full(NullStore):
        pass

    store = Full()
    recorder = Recorder("r", store.journal, (), SystemClock(), Redactor({}))
    recorder.emit(EventKind.DIAG, {"code": "a"})
    append, store.journal.append = store.journal.append, _full  # type: ignore[method-assign]
    with pytest.raises(OSError):
        recorder.emit(EventKind.DIAG, {"code": "b"})
    store.journal.append = append  # type: ignore[method-assign]
    recorder.emit(EventKind.DIAG, {"code": "c"})
    assert [(e.seq, e.data["code"]) for e in store.journal.read("r")] == [(1, "a"), (2, "c")]


def test_events_that_announce_nothing_are_written_with_the_next_one_or_at_the_next_turn() -> None:
    store, told = NullStore(), Told()
    written: list[list[int]] = []
    append = store.journal.append

    def note(*events: Event) -> None:
        append(*events)
        written.append([e.seq for e in events])

    store.journal.append = note  # type: ignore[method-assign]

    async def main() -> None:
        recorder = Recorder("r", store.journal, (told,), SystemClock(), Redactor({}))
        recorder.emit(EventKind.NODE_END, {})
        recorder.emit(EventKind.NODE_START, {})
        assert not written and not told.seen, "shown only when it is written"
        recorder.emit(EventKind.TOOL_INTENT, {})
        recorder.emit(EventKind.NODE_END, {})
        assert written == [[1, 2, 3]]
        await anyio.lowlevel.checkpoint()
        recorder.emit(EventKind.NODE_START, {})
        recorder.flush()
        recorder.flush()

    anyio.run(main)
    assert written == [[1, 2, 3], [4], [5]]
    assert told.seen == [1, 2, 3, 4, 5]


def test_what_could_not_be_written_is_held_until_it_can(tmp_path: Path) -> None:
    store = NullStore()

    def full(*events: Event) -> None:
        raise StoreError("full")

    async def main() -> None:
        recorder = Recorder("r", store.journal, (), SystemClock(), Redactor({}))
        recorder.emit(EventKind.NODE_START, {}, "a")
        append, store.journal.append = store.journal.append, full  # type: ignore[method-assign]
        await anyio.lowlevel.checkpoint()
        with pytest.raises(StoreError):
            recorder.emit(EventKind.MODEL_CALL, {}, "lost")
        store.journal.append = append  # type: ignore[method-assign]
        recorder.emit(EventKind.RUN_END, {}, "b")

    anyio.run(main)
    assert [(e.seq, e.node) for e in store.journal.read("r")] == [(1, "a"), (2, "b")]


class Told:
    """Numbers of events as they are shown."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def emit(self, event: Event) -> None:
        self.seen.append(event.seq)


def _full(*events: Event) -> None:
    raise OSError(28, "No space left on device")
