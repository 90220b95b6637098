"""bind: who does each step. A command that is fully stated runs as it stands; a question to the user goes to a person;
everything else goes to the target's model, with the probability that it holds what the step needs.

With a pool of several targets the assignment will be the exact cheapest one; with one target there is nothing to choose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.capability import Gap, Requirement, Verdict, judge, product
from skvm.compile.commands import Providers, direct_command, slug
from skvm.compile.commands import Verdict as Direct
from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import ActType, Program
from skvm.plan import Binding, BranchNode, Command, Executor, ExecutorKind, LoopNode, MapNode, PlanNode, Requires, StepNode

_GAP_CODES = {Verdict.WEAK: "SKV401", Verdict.MISSING: "SKV401", Verdict.NOT_OFFERED: "SKV403"}


@dataclass(frozen=True)
class BindPass(Pass):
    """Executors, gaps and probabilities."""

    id: ClassVar[str] = "bind"
    summary: ClassVar[str] = "who does each step, and why"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "effects", "requirements")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "gaps", "bindings", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with an executor and a binding for every step."""
        needs: dict[str, list[Requirement]] = {}
        for requirement in unit.requirements:
            if requirement.step is not None:
                needs.setdefault(requirement.step, []).append(requirement)
        have = _Provided(unit)
        nodes: list[PlanNode] = []
        bindings: list[Binding] = []
        gaps: list[Gap] = []
        for node in unit.nodes:
            if not isinstance(node, StepNode):
                nodes.append(node)
                continue
            judged = [judge(r, unit.request.profile) for r in needs.get(node.id, ())]
            direct = have.direct(node)
            made, binding = _bound(unit, node, judged, direct)
            nodes.append(made)
            bindings.append(binding)
            if made.executor.kind is ExecutorKind.MODEL:
                gaps += [g for g in judged if g.verdict is not Verdict.MET]
            have.after(made)
        found = tuple(_diagnostic(unit, gap) for gap in merged(gaps) if gap.verdict in _GAP_CODES)
        unmeasured = _unmeasured(unit, gaps)
        return replace(
            unit,
            nodes=tuple(nodes),
            bindings=tuple(bindings),
            gaps=merged(gaps),
            diagnostics=(*unit.diagnostics, *found, *unmeasured),
        )


class _Provided:
    """Files and values that exist before a step: declared inputs, the bundle, what earlier steps make."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.places: dict[str, str] = {}
        self.values: dict[str, str] = {}
        for slot in unit.program.slots:
            if slot.direction == "in" and slot.pattern:
                for name in (slot.name, slot.pattern):
                    self.places[name] = f"$file.{name}"

    def direct(self, node: StepNode) -> Direct:
        """May this step run as stated?"""
        step = self.unit.program.step_by_id.get(node.id)
        if step is None:
            return Direct(None, "stands for the whole skill")
        around = [type(box) for box in self._around(node)]
        have = Providers(self.places, self.values, MapNode in around, around[:1] == [BranchNode], around[:1] == [LoopNode])
        return direct_command(self.unit.program, self.unit.source, step, have)

    def _around(self, node: PlanNode) -> Iterator[PlanNode]:
        """Boxes around a node, innermost first."""
        box = self.unit.node_by_id.get(node.parent or "")
        while box is not None:
            yield box
            box = self.unit.node_by_id.get(box.parent or "")

    def after(self, node: StepNode) -> None:
        """What this step makes exists from here on."""
        for output in node.outputs:
            if output.path is not None:
                self.places.setdefault(output.path, f"$step.{node.id}.files")
            else:
                self.values[slug(output.name)] = f"$step.{node.id}.values.{output.name}"
        for place in node.effects.writes:
            self.places.setdefault(place, f"$step.{node.id}.files")


def _bound(unit: Unit, node: StepNode, judged: list[Gap], direct: Direct) -> tuple[StepNode, Binding]:
    requires = tuple(Requires(primitive=g.primitive, level=g.required) for g in judged)
    base = {"requires": requires}
    if direct.command is not None:
        return _code(node, direct.command, direct.reason, base, str(unit.request.target))
    if _asks_only(unit.program, node.id):
        made = node.model_copy(update={**base, "executor": Executor(kind=ExecutorKind.PERSON)})
        return made, Binding(
            step=node.id,
            executor="person",
            reason="only asks the user",
            probability=1.0,
            alternatives=(f"model: {direct.reason}",),
        )
    target = str(unit.request.target)
    probability, unproved = holds(judged)
    made = node.model_copy(update={**base, "executor": Executor(kind=ExecutorKind.MODEL, target=target), "unproved": unproved})
    reason = _reason(judged, unproved)
    alternatives = (f"code: {direct.reason}",)
    return made, Binding(
        step=node.id,
        executor="model",
        target=target,
        reason=reason,
        probability=probability,
        unproved=unproved,
        alternatives=alternatives,
    )


def _code(node: StepNode, command: Command, reason: str, base: Mapping[str, object], target: str) -> tuple[StepNode, Binding]:
    env = tuple(sorted(r.removeprefix("$env.") for r in command.placeholders.values() if r.startswith("$env.")))
    made = node.model_copy(update={**base, "executor": Executor(kind=ExecutorKind.CODE), "command": command, "env": env})
    binding = Binding(
        step=node.id,
        executor="code",
        reason=reason,
        probability=1.0,
        alternatives=(f"model {target}: not needed, and it takes over when the command cannot run",),
    )
    return made, binding


def _asks_only(program: Program, step: str) -> bool:
    """Is asking the user all that the step does?"""
    acts = program.acts_of(step)
    return bool(acts) and all(a.type is ActType.REQUEST for a in acts) and any(_user(a.object, a.target) for a in acts)


def _user(*words: str | None) -> bool:
    return any(w and any(name in w.lower() for name in ("user", "human", "owner", "person")) for w in words)


def holds(judged: list[Gap]) -> tuple[float | None, bool]:
    """(product of the probabilities that are known, is any of them unknown); None when none is known."""
    known = [g.probability for g in judged if g.probability is not None]
    unproved = any(g.verdict is Verdict.UNMEASURED for g in judged)
    if any(g.verdict is Verdict.NOT_OFFERED for g in judged):
        return 0.0, unproved
    if not known:
        return (None, unproved) if judged else (1.0, False)
    return product(known), unproved


def _reason(judged: list[Gap], unproved: bool) -> str:
    if not judged:
        return "needs no measured capability"
    weak = [g for g in judged if g.verdict in (Verdict.WEAK, Verdict.MISSING, Verdict.NOT_OFFERED)]
    if weak:
        rows = ", ".join(f"{g.primitive} {g.required.value} ({g.verdict.value.replace('_', ' ')})" for g in weak)
        return f"no executor without a model; below what it needs: {rows}"
    if unproved:
        rows = ", ".join(g.primitive for g in judged if g.verdict is Verdict.UNMEASURED)
        return f"no executor without a model; never measured: {rows}"
    return "holds " + ", ".join(f"{g.primitive} {g.required.value}" for g in judged)


def merged(gaps: list[Gap]) -> tuple[Gap, ...]:
    """One gap per primitive and level, with all its steps and spans, in catalogue-free order of name and level."""
    table: dict[tuple[str, int], Gap] = {}
    for gap in gaps:
        key = (gap.primitive, gap.required.rank)
        seen = table.get(key)
        if seen is None:
            table[key] = gap
        else:
            steps = tuple(dict.fromkeys((*seen.steps, *gap.steps)))
            spans = tuple(dict.fromkeys((*seen.spans, *gap.spans)))
            table[key] = seen.model_copy(update={"steps": steps, "spans": spans})
    return tuple(table[k] for k in sorted(table))


def _diagnostic(unit: Unit, gap: Gap) -> Diagnostic:
    code = CODES[_GAP_CODES[gap.verdict]]
    measured = f"measured {gap.measured.value}" if gap.measured else "not measured"
    held = f", held with probability {gap.probability:.2f}" if gap.probability is not None else ""
    text = f"{unit.request.target} is {gap.verdict.value.replace('_', ' ')} in {gap.primitive} {gap.required.value}"
    return Diagnostic(
        code.number, code.severity, f"{text} ({measured}{held})", gap.spans[0], (f"steps: {', '.join(gap.steps)}",)
    )


def _unmeasured(unit: Unit, gaps: list[Gap]) -> tuple[Diagnostic, ...]:
    missing = [g for g in merged(gaps) if g.verdict is Verdict.UNMEASURED]
    if not missing:
        return ()
    code = CODES["SKV402"]
    names = ", ".join(dict.fromkeys(g.primitive for g in missing))
    text = f"{unit.request.target} was never measured for {names}"
    return (Diagnostic(code.number, code.severity, text, missing[0].spans[0], ("unproved, not a gap: nothing is edited",)),)
