"""A plan with every control node, cut off after each of its events in turn: the resumed run ends as the unbroken one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from runtime_kit import Gate, Run, ScriptedModel, artifact, call, chain, code, finish, reply, step
from test_controls import branch, gate, loop, over

from skvm.diag import StoreError
from skvm.ir import EffectClass
from skvm.plan import Artifact, Event, EventKind
from skvm.ports import ModelReply, ModelRequest
from skvm.store import NullStore


def plan() -> Artifact:
    nodes = [
        step("a"),
        branch("B", ("yes", None), ("no", None)),
        step("x", parent="B", arm=0),
        step("y", parent="B", arm=1),
        loop("L", 3, "it is enough"),
        step("s", parent="L"),
        code("count", "bash -c 'echo x >> count.log'", parent="L", effect_class=EffectClass.IDEMPOTENT),
        over("M", "$step.a.values.rows"),
        step("m", parent="M", inputs=("$item",)),  # writes what its effects do not show: each denied once, then alone
        gate("G"),
        step("f"),
        step("r", recover_of="f"),
        step("end", inputs=("$step.m.values.item", "$step.s.values.n")),
    ]
    edges = (*chain("a", "B", "L", "G", "f", "r", "end"), *chain("a", "M", "end"), *chain("s", "count"))
    return artifact(nodes, edges)


async def script(request: ModelRequest) -> ModelReply:
    """A pure function of the request."""
    await anyio.lowlevel.checkpoint()
    tag, text = request.tag, request.messages[1].content
    if tag.question == "branch":
        return reply(call("choose", arm="yes"))
    if tag.question == "until":
        return reply(call("choose", met=tag.scope == "1"))
    if tag.step == "a":
        return finish(rows=["p", "q", "r"])
    if tag.step == "f":
        return reply(call("finish", values={}, summary="", status="cannot", reason="as planned"))
    if tag.step == "m":
        item = text.split("Current item: ")[1].split("\n")[0]
        done = any(m.role == "tool" for m in request.messages)
        return finish(item=item) if done else reply(call("write_file", path=f"{item}.txt", content=item))
    return finish(n=tag.scope, seen=text.split("Results of earlier steps:\n")[-1] if tag.step == "end" else "")


class Cut(Run):
    """A journal that dies after event number `last`."""

    last = 0

    async def go(self, art: Artifact, model: Any = None, **more: Any) -> Any:
        journal, dead = self.store.journal, False
        append = journal.append

        def dying(*events: Event) -> None:
            nonlocal dead
            for event in events:
                if dead:
                    raise StoreError("the journal is gone")
                append(event)
                dead = event.seq == self.last

        journal.append = dying
        try:
            return await super().go(art, model, **more)
        finally:
            journal.append = append


def whole(home: Path) -> Run:
    one = Run(home, store=NullStore())
    anyio.run(lambda: one.go(plan(), ScriptedModel(script), gate=Gate({"G": True})))
    return one


def seen(one: Run) -> tuple[Any, ...]:
    assert one.outcome is not None
    files = {p.name: p.read_text() for p in one.outcome.work.glob("*.txt")}
    ran = sorted({(r.id, r.scope, r.status) for r in one.outcome.steps if r.status != "skipped"})
    return one.outcome.status, one.outcome.values, files, ran


def test_the_unbroken_run(tmp_path: Path) -> None:
    one = whole(tmp_path)
    status, values, files, ran = seen(one)
    assert status == "done" and set(files) == {"p.txt", "q.txt", "r.txt"}
    assert 'm.values.item: ["p", "q", "r"]' in values["end"]["seen"] and "s.values.n: 1" in values["end"]["seen"]
    assert ("r", "", "done") in ran and ("f", "", "cannot") in ran


def test_cut_after_every_event(tmp_path: Path) -> None:
    first = whole(tmp_path / "whole")
    expected = seen(first)
    for last in range(1, len(first.events)):
        home = tmp_path / str(last)
        one = Cut(home, store=NullStore())
        one.last = last
        died = anyio.run(lambda one=one: one.go(plan(), ScriptedModel(script), gate=Gate({"G": True})))
        assert (died.status, died.exit_code) == ("failed", 3)
        name = one.events[0].run
        before = one.store.journal.read(name)
        rest = Run(home, store=one.store)
        anyio.run(lambda rest=rest, name=name: rest.go(plan(), ScriptedModel(script), gate=Gate({"G": True}), resume=name))
        status, values, files, ran = seen(rest)
        assert (status, values, files) == expected[:3], f"cut after event {last}: {before[-1]}"
        assert set(ran) <= set(expected[3])
        ended = {(e.node, e.scope) for e in before if e.kind is EventKind.NODE_END and e.data["result"]["status"] == "done"}
        again = {(e.node, e.scope) for e in rest.events if e.kind is EventKind.NODE_START}
        assert not ended & again, "what is finished is not done again"
