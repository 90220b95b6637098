"""Steps that run at the same time may write only what their text shows; one that does more runs alone, now and later."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runtime_kit import FakeSandbox, Run, ScriptedModel, artifact, call, chain, code, finish, reply, run, step
from test_resume_controls import Cut

from skvm.diag import SandboxError
from skvm.ir import TOP, EffectClass, Effects, Hazard, conflict
from skvm.plan import Artifact, Edge, EventKind, Plan
from skvm.ports import ModelReply, ModelRequest, SandboxRequest, SandboxResult
from skvm.runtime.state.overlap import TABLE, Overlap
from skvm.runtime.work.writable import DENIED, covered, may_write, write_grants
from skvm.store import NullBlobs, NullStore

A, B = Effects(writes=("out/a.txt",)), Effects(writes=("out/b.txt",))


def pair(**more: Any) -> Artifact:
    return artifact([step("a", effects=A, **more), step("b", effects=B, **more)])


class Meeting:
    """`a` makes its calls in order, each until it works; `b` answers after `a` has been told its last one, so they overlap."""

    simulated = False

    def __init__(self, rows: list[ModelReply], overlap: bool = True) -> None:
        self.rows, self.overlap = rows, overlap
        self.asked = anyio.Event()
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        if request.tag.step == "b":
            if self.overlap:
                await self.asked.wait()
                await anyio.sleep(0.05)
            return finish()
        good = {m.call_id for m in request.messages if m.role == "tool" and not m.content.startswith("error")}
        made = {(c.name, c.arguments) for m in request.messages for c in m.calls if c.id in good}
        left = [r for r in self.rows if (r.calls[0].name, r.calls[0].arguments) not in made]
        if len(left) <= 1:
            self.asked.set()
        return left[0] if left else finish(by="a")

    async def close(self) -> None:
        return None


def write(path: str) -> ModelReply:
    return reply(call("write_file", path=path, content="x"))


def times(one: Run, node: str) -> list[tuple[int, int]]:
    """(seq of start, seq of end) of each attempt at a node."""
    starts = [e.seq for e in one.events if e.node == node and e.kind is EventKind.NODE_START]
    return list(zip(starts, [e.seq for e in one.events if e.node == node and e.kind is EventKind.NODE_END], strict=True))


def notes(one: Run) -> list[str]:
    return [e.data["message"] for e in one.events if e.kind is EventKind.DIAG and e.data["code"] == "overlap"]


def done(one: Run) -> bool:
    assert one.outcome is not None
    return one.outcome.exit_code == 0


def test_declared_places_are_free(tmp_path: Path) -> None:
    one = run(pair(), tmp_path, Meeting([write("out/a.txt")]))
    assert done(one) and not notes(one)
    (a,), (b,) = times(one, "a"), times(one, "b")
    assert a[0] < b[1] and b[0] < a[1], "they overlap"


def test_a_stray_file_ends_the_overlap_now_and_later(tmp_path: Path) -> None:
    store = NullStore()
    one = run(pair(), tmp_path, Meeting([write("out/a.txt"), write("notes.txt")]), store=store)
    assert done(one)
    first, second = times(one, "a")
    (b,) = times(one, "b")
    assert b[0] < first[1] < b[1] < second[0], "denied beside b, then alone after it"
    (note,) = notes(one)
    assert "would write notes.txt" in note and "never beside b" in note
    assert one.outcome is not None and {o.path for o in one.outcome.outputs} == {"out/a.txt", "notes.txt"}
    assert [r.id for r in one.outcome.steps] == ["b", "a"] and one.outcome.values["a"] == {"by": "a"}
    later = run(pair(), tmp_path, Meeting([write("out/a.txt"), write("notes.txt")], overlap=False), store=store)
    assert done(later) and not notes(later)
    (a,), (b,) = times(later, "a"), times(later, "b")
    assert a[1] < b[0] or b[1] < a[0], "from then on one after the other"
    assert [v["run"] for _, v in store.blobs.records(TABLE)] == [one.outcome.run]


def test_a_changed_step_is_trusted_again(tmp_path: Path) -> None:
    store = NullStore()
    run(pair(), tmp_path, Meeting([write("notes.txt")]), store=store)
    edited = [step("a", effects=A), step("b", effects=B).model_copy(update={"key": "sha256:other"})]
    one = run(artifact(edited), tmp_path, Meeting([write("out/a.txt")]), store=store)
    (a,), (b,) = times(one, "a"), times(one, "b")
    assert done(one) and a[0] < b[1] and b[0] < a[1]


def test_what_has_happened_is_not_repeated(tmp_path: Path) -> None:
    """An edit was made before the denied call: the step goes on alone with what is done, instead of starting over."""
    edit = reply(call("edit_file", path="out/a.txt", old="x", new="xx"))
    one = run(pair(), tmp_path, Meeting([write("out/a.txt"), edit, write("notes.txt")]))
    assert done(one) and len(notes(one)) == 1
    assert one.outcome is not None and (one.outcome.work / "out/a.txt").read_text() == "xx"
    edits = [e for e in one.events if e.kind is EventKind.TOOL_INTENT and e.data["tool"] == "edit_file"]
    assert len(edits) == 1


@pytest.mark.parametrize("effects", [TOP, A])
def test_a_step_that_nobody_can_meet_has_the_whole_folder(tmp_path: Path, effects: Effects) -> None:
    edges = chain("a", "b") if effects is A else ()
    nodes = [step("a", effects=effects), step("b", effects=B)]
    one = run(artifact(nodes, edges), tmp_path, ScriptedModel({"a": [write("notes.txt"), finish()]}))
    assert done(one) and not notes(one) and len(times(one, "a")) == 1


def test_the_author_may_say_so(tmp_path: Path) -> None:
    nodes = [step("a", effects=A), step("b", effects=B)]
    one = run(artifact(nodes, parallel=(("a", "b"),)), tmp_path, ScriptedModel({"a": [write("notes.txt"), finish()]}))
    assert done(one) and not notes(one)


class Denying(FakeSandbox):
    """Refuses what the grants do not cover, as a sandbox does; `echo x > FILE` is all it understands."""

    async def run(self, request: SandboxRequest) -> SandboxResult:
        self.requests.append(request)
        target = (request.cwd / request.argv[-1].split("> ")[-1]).resolve()
        allowed = request.grants.write
        if allowed is not None and not any(target == p or p in target.parents for p in allowed):
            return SandboxResult(exit_code=1, stdout=b"", stderr=b"sh: cannot create x: Permission denied")
        target.parent.mkdir(exist_ok=True)
        target.write_text("x\n")
        return SandboxResult(exit_code=0, stdout=b"", stderr=b"")


def commands(effect: EffectClass, path: str = "other.txt", **more: Any) -> Artifact:
    return artifact([code("a", f"echo x > {path}", effects=A, effect_class=effect, **more), step("b", effects=B)])


def test_a_stated_command_is_narrowed_and_run_again(tmp_path: Path) -> None:
    sandbox = Denying()
    one = run(commands(EffectClass.IDEMPOTENT), tmp_path, sandbox=sandbox)
    assert done(one) and len(notes(one)) == 1 and "`echo x > other.txt` was refused" in notes(one)[0]
    assert one.outcome is not None
    assert [r.grants.write for r in sandbox.requests] == [(one.outcome.work.resolve() / "out/a.txt",), None]
    assert [r.executor for r in one.outcome.steps if r.id == "a"] == ["code"]


def test_an_effectful_command_is_not_run_again(tmp_path: Path) -> None:
    """It was stopped halfway: a model sees what came of it and goes on; without a model the step has failed."""
    model = ScriptedModel({"a": [write("other.txt"), finish()]})
    sandbox = Denying()
    one = run(commands(EffectClass.EFFECTFUL), tmp_path, model, sandbox=sandbox)
    assert done(one) and len(sandbox.requests) == 1
    asked = [r for r in model.requests if r.tag.step == "a"]
    assert any("Permission denied" in m.content for m in asked[0].messages)
    assert not asked[-1].messages[-1].content.startswith("error"), "alone it may write the file"
    two = artifact([code("a", "echo x > other.txt", effects=A), code("b", "echo x > out/b.txt", effects=B)])
    two = artifact([n.model_copy(update={"effect_class": EffectClass.EFFECTFUL}) for n in two.plan.nodes])
    alone = run(
        two.model_copy(update={"target": two.target.model_copy(update={"model": ""})}), tmp_path, name="", sandbox=Denying()
    )
    assert alone.outcome is not None and alone.outcome.exit_code == 4 and "was refused" in alone.outcome.reason


def test_a_new_file_that_another_step_reads_is_noticed_afterwards(tmp_path: Path) -> None:
    class Lax(Denying):
        async def run(self, request: SandboxRequest) -> SandboxResult:
            return await super().run(request.model_copy(update={"grants": request.grants.model_copy(update={"write": None})}))

    store = NullStore()
    nodes = [code("a", "echo x > seen.txt", effects=A), step("b", effects=Effects(reads=("seen.txt",)))]
    one = run(artifact(nodes), tmp_path, sandbox=Lax(), store=store)
    assert done(one) and len(notes(one)) == 1 and "it wrote seen.txt" in notes(one)[0]
    again = run(artifact(nodes), tmp_path, sandbox=Lax(), store=store)
    (a,), (b,) = times(again, "a"), times(again, "b")
    assert not notes(again) and (a[1] < b[0] or b[1] < a[0])


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_real_sandbox_refuses_the_place(tmp_path: Path, name: str) -> None:
    from skvm.adapters.sandboxes import choose_sandbox

    async def chosen() -> Any:
        try:
            return await choose_sandbox(name)
        except SandboxError as error:
            return error

    sandbox = anyio.run(chosen)
    if isinstance(sandbox, SandboxError):
        pytest.skip(f"{name} does not prove itself here: {sandbox.message}")
    nodes = [
        code("z", "mkdir -p out", effects=TOP),
        code("a", "echo x > other.txt", effects=A, effect_class=EffectClass.IDEMPOTENT, shell=True),
        code("c", "echo x > out/b.txt", effects=B, effect_class=EffectClass.IDEMPOTENT, shell=True),
    ]
    one = run(artifact(nodes, (*chain("z", "a"), *chain("z", "c"))), tmp_path, sandbox=sandbox)
    assert done(one), one.outcome
    assert len(notes(one)) == 1 and "other.txt" in notes(one)[0]
    assert one.outcome is not None and {o.path for o in one.outcome.outputs} == {"other.txt", "out/b.txt"}


@pytest.mark.parametrize("effectful", [False, True])
def test_cut_off_anywhere_and_resumed(tmp_path: Path, effectful: bool) -> None:
    """After each event in turn: the resumed run ends as the unbroken one, and an edit happens once."""
    edit = [reply(call("edit_file", path="out/a.txt", old="x", new="xx"))] if effectful else []
    rows = [write("out/a.txt"), *edit, write("notes.txt")]
    whole = run(pair(), tmp_path / "whole", Meeting(rows))
    assert whole.outcome is not None
    for last in range(1, len(whole.events)):
        store, home = NullStore(), tmp_path / str(last)
        work = tmp_path / f"work{last}"
        work.mkdir()
        cut = Cut(home, store=store)
        cut.last = last
        anyio.run(lambda cut=cut, work=work: cut.go(pair(), Meeting(rows), workdir=work))
        kept = store.journal.runs()[0].run
        rest = run(pair(), home, Meeting(rows, overlap=False), store=store, resume=kept)
        assert rest.outcome is not None
        if rest.outcome.status == "in_doubt":
            continue  # cut between an edit's intent and its result, with nothing to read back
        assert done(rest), (last, rest.outcome.reason)
        assert (work / "out/a.txt").read_text() == ("xx" if effectful else "x") and (work / "notes.txt").exists(), last


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_partners_are_the_unordered_steps_that_do_not_conflict(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 7))
    ids = [f"n{i}" for i in range(count)]
    links = data.draw(st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda p: p[0] < p[1])))
    every = [TOP, Effects(), A, B, Effects(reads=("out/",)), Effects(writes=("*",))]
    effects = [data.draw(st.sampled_from(every)) for _ in ids]
    edges = tuple(Edge(before=ids[i], after=ids[j], hazard=Hazard.DECLARED_ORDER) for i, j in sorted(links))
    nodes = [step(n, effects=e) for n, e in zip(ids, effects, strict=True)]
    shuffled = data.draw(st.permutations(nodes))
    overlap = Overlap(Plan(nodes=tuple(shuffled), edges=edges), lambda one, two: False, NullBlobs())
    reach = {(i, j) for i, j in links}
    for k in range(count):
        reach |= {(i, j) for i in range(count) for j in range(count) if (i, k) in reach and (k, j) in reach}
    for i, name in enumerate(ids):
        expected = {
            ids[j]
            for j in range(count)
            if j != i and (i, j) not in reach and (j, i) not in reach
            and not effects[i].top and not effects[j].top and conflict(effects[i], effects[j]) is None
        }  # fmt: skip
        assert {n.id for n in overlap.partners(name)} == expected
        assert overlap.possible(name) == bool(expected)


def test_blocks_and_recovery_count(tmp_path: Path) -> None:
    from test_controls import branch

    nodes = [
        branch("B", ("x", None), ("y", None)),
        step("x", parent="B", arm=0),
        step("y", parent="B", arm=1),
        step("f"),
        step("r", recover_of="f"),
        step("last"),
    ]
    edges = (*chain("f", "r", "last"), *chain("B", "last"))
    overlap = Overlap(Plan(nodes=tuple(nodes), edges=edges), lambda one, two: False, NullBlobs())
    assert {n: sorted(p.id for p in overlap.partners(n)) for n in ("x", "y", "f", "r", "last")} == {
        "x": ["f", "r"], "y": ["f", "r"], "f": ["x", "y"], "r": ["x", "y"], "last": [],
    }  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "a/b.txt", "./d/", "d/*.md", "*.md", "**", "../x", "/etc/x", "user:", "l/x", "env:K"]), max_size=4
    )
)
def test_grants_stay_inside_and_cover_the_places(places: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        (work / "l").symlink_to("/etc")
        grants = write_grants(work, places)
        assert grants is None or all(g != work and g.is_relative_to(work) for g in grants)
        for name in ("a", "a/b.txt", "d/x", "d/n.md", "n.md"):
            if covered(name, places) and grants is not None:
                assert any((work / name).is_relative_to(g) for g in grants), (name, places)


def test_links_inside_are_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    os.symlink("../other", tmp_path / "out" / "away")
    assert may_write(tmp_path, "out/x", ("out/",))
    assert not may_write(tmp_path, "out/away/x", ("out/",))
    assert not may_write(tmp_path, "x", ("user:", "out/"))


@pytest.mark.parametrize(
    "text",
    [
        "bash: line 1: x: Permission denied",
        "cp: cannot create regular file 'x': Read-only file system",
        "PermissionError: [Errno 13] Permission denied: 'x'",
        "Error: EROFS: read-only file system, open 'x'",
        "mv: cannot move 'a' to 'b': Device or resource busy",
    ],
)
def test_words_of_a_refusal(text: str) -> None:
    assert DENIED.search(text)
    assert not DENIED.search("KeyError: 'permission'")
