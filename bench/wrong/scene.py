"""A request walked through a plan with the reference function in the model's place; every step is a moment to judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bench.wrong.machine import Machine
from skvm.adapters.simulation.oracle import Call, Done, Query, Result, SolutionOracle
from skvm.plan import (
    Artifact,
    BranchNode,
    CallRecord,
    ExecutorKind,
    FileResult,
    GateNode,
    GuardContext,
    LoopNode,
    MapNode,
    PlanNode,
    StepNode,
    StepResult,
    StepStatus,
)
from skvm.ports import StepContext
from skvm.runtime.agent.code import bind
from skvm.runtime.session import Graph
from skvm.runtime.state.board import Board, Missing
from skvm.runtime.state.redact import Redactor
from skvm.runtime.state.scope import TOP_SCOPE, Scope
from skvm.source import digest_bytes

NOTHING = Done()


@dataclass(frozen=True)
class Reference:
    """What the reference function did: `end` None when it could not work with what it found."""

    calls: tuple[CallRecord, ...]
    end: Done | None


@dataclass(frozen=True)
class Moment:
    """A step that a model would do now."""

    node: StepNode
    context: StepContext
    reference: Reference


@dataclass
class Scene:
    """One skill. `guards`: what guards looked at when the step was learned, by step key."""

    artifact: Artifact
    module: Any
    machine: Machine
    guards: dict[str, GuardContext]
    graph: Graph = field(init=False)
    redact: Redactor = field(init=False)

    def __post_init__(self) -> None:
        self.graph = Graph(self.artifact.plan)
        self.redact = Redactor(self.machine.env)

    def moments(self, task: str, files: dict[str, bytes], run: str) -> Iterator[Moment]:
        """All steps of a request in plan order; ends early where the reference function cannot go on."""
        self.machine.prepare(files)
        named = {name: name for name in files}
        walk = _Walk(self, Board(task, named, dict(self.machine.env), self.graph.maps), run, files)
        walk.oracle = SolutionOracle(self.module, task, named)
        yield from walk.block(None, None, TOP_SCOPE)


@dataclass
class _Walk:
    scene: Scene
    board: Board
    run: str
    files: dict[str, bytes]
    oracle: SolutionOracle = field(init=False)
    stopped: bool = False

    def block(self, parent: str | None, arm: int | None, scope: Scope) -> Iterator[Moment]:
        for node in self.scene.graph.body(parent, arm):
            if self.stopped:
                return
            yield from self.one(node, scope)

    def one(self, node: PlanNode, scope: Scope) -> Iterator[Moment]:
        if isinstance(node, StepNode):
            yield from self.step(node, scope)
        elif isinstance(node, BranchNode):
            arm = self.arm(node, scope)
            if arm is not None:
                yield from self.block(node.id, arm, scope)
        elif isinstance(node, LoopNode):
            for index in range(max(1, node.bound)):
                yield from self.block(node.id, None, scope.iteration(node.id, index))
                if self.stopped or self.chosen(node.id, ("yes", "no"), scope.iteration(node.id, index)):
                    return
        elif isinstance(node, MapNode):
            found = sorted(p.relative_to(self.scene.machine.work).as_posix() for p in self.scene.machine.work.glob(node.over))
            scopes = [scope.of_item(node.id, item, str(n)) for n, item in enumerate(found)]
            self.board.arrange(scopes)
            for inside in scopes:
                yield from self.block(node.id, None, inside)
        elif not isinstance(node, GateNode):
            yield from self.block(node.id, None, scope)

    def arm(self, node: BranchNode, scope: Scope) -> int | None:
        labels = tuple(arm.label or arm.condition for arm in node.arms)
        answer = self.chosen(node.id, (*labels, "none"), scope)
        return labels.index(answer) if answer in labels else None

    def chosen(self, id: str, options: tuple[str, ...], scope: Scope) -> Any:
        try:
            return self.oracle.choice(self.query(id, scope, options))
        except (OSError, ValueError, KeyError):
            self.stopped = True
            return None

    def query(self, id: str, scope: Scope, options: tuple[str, ...] = ()) -> Query:
        index = next((int(key) for node, key in reversed(scope.parts) if node not in self.scene.graph.maps), None)
        work = str(self.scene.machine.work)
        return Query("step", id, scope.item, index, workdir=work, options=options)

    def step(self, node: StepNode, scope: Scope) -> Iterator[Moment]:
        done = self.by_command(node, scope) if node.executor.kind in (ExecutorKind.CODE, ExecutorKind.SCRIPT) else None
        if done is None:
            context = self.context(node, scope)
            reference, wrote = self.perform(node, scope)
            yield Moment(node, context, reference)
            if reference.end is None:
                self.stopped = True
                return
            end = reference.end
            done = self.result(end.values, end.summary, reference.calls, wrote)
        self.board.put(node.id, scope, done)

    def by_command(self, node: StepNode, scope: Scope) -> StepResult | None:
        if node.command is None:
            return None
        try:
            text = bind(SimpleNamespace(board=self.board), node.command, scope).text  # type: ignore[arg-type]
        except (Missing, ValueError):
            return None
        record, wrote = self.scene.machine.run("execute_command", {"command": text})
        values = {"exit_code": record.exit_code, "stdout": (record.stdout or "").strip()}
        return self.result(values, f"ran `{text}`", (record,), wrote) if record.ok else None

    def result(self, values: dict[str, Any], summary: str, calls: tuple[CallRecord, ...], wrote: list[str]) -> StepResult:
        made = tuple(FileResult(path=p, sha256="", size=0) for p in sorted(set(wrote)))
        values = self.scene.redact.value(values)
        return StepResult(status=StepStatus.DONE, summary=summary, values=values, calls=calls, files=made)

    def perform(self, node: StepNode, scope: Scope) -> tuple[Reference, list[str]]:
        calls: list[CallRecord] = []
        wrote: list[str] = []
        script = self.oracle.script(self.query(node.id, scope))
        end: Done | None = None
        try:
            wanted = next(script) if script is not None else None
            while script is not None and wanted is not None:
                batch = wanted if isinstance(wanted, list) else [wanted]
                results = [self.call(c, calls, wrote) for c in batch]
                wanted = script.send(results if isinstance(wanted, list) else results[0])
        except StopIteration as stop:
            end = stop.value if isinstance(stop.value, Done) else NOTHING
        except Exception:
            end = None
        return Reference(tuple(calls), end), wrote

    def call(self, call: Call, calls: list[CallRecord], wrote: list[str]) -> Result:
        record, new = self.scene.machine.run(call.tool, call.args)
        redact = self.scene.redact
        shown = {"result": redact.text(record.result), "stdout": redact.text(record.stdout) if record.stdout else record.stdout}
        record = record.model_copy(update=shown)
        calls.append(record)
        wrote += new
        return Result(record.result)

    def context(self, node: StepNode, scope: Scope) -> StepContext:
        seen: dict[str, Any] = {}
        for reference in node.inputs:
            if reference.startswith("$step."):
                try:
                    seen[reference] = self.board.resolve(reference, scope)
                except Missing:
                    continue
        guard = self.scene.guards.get(node.key, GuardContext(slice_digest=""))
        digests = {name: digest_bytes(data) for name, data in self.files.items()}
        return StepContext(
            skill=self.scene.artifact.source.name,
            run=self.run,
            node=node,
            scope=scope.path,
            task=self.board.task,
            files=dict(self.board.files),
            values=self.board.values(scope),
            item=scope.item,
            seen=seen,
            guard=guard.model_copy(update={"files": digests, "inputs": {}, "holes": {}}),
        )
