"""bind: who does each step. A command that is fully stated runs as it stands; a question to the user goes to a person;
everything else goes to a model: the cheapest of the target and its pool that holds what the step needs (see `routes`), with
the probability that it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.capability import Gap, Verdict, product
from skvm.compile.commands import Verdict as Direct
from skvm.compile.provided import Provided
from skvm.compile.routes import Candidate, Router
from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import ActType, Program
from skvm.plan import Assignment, Binding, Executor, ExecutorKind, PlanNode, Requires, StepNode
from skvm.source import Span

_GAP_CODES = {Verdict.WEAK: "SKV401", Verdict.MISSING: "SKV401", Verdict.NOT_OFFERED: "SKV403"}


@dataclass(frozen=True)
class BindPass(Pass):
    """Executors, gaps and probabilities."""

    id: ClassVar[str] = "bind"
    version: ClassVar[int] = 2
    summary: ClassVar[str] = "who does each step, and why"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "effects", "requirements", "edges")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "gaps", "bindings", "assignment", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with an executor and a binding for every step."""
        direct = _directly(unit)
        persons = {step for step in direct if direct[step].command is None and _asks_only(unit.program, step)}
        does = {step: "code" for step, found in direct.items() if found.command is not None} | dict.fromkeys(persons, "person")
        picked, assignment = Router(unit, frozenset(direct) - set(does), does).assign()
        nodes: list[PlanNode] = []
        bindings: list[Binding] = []
        for node in unit.nodes:
            if isinstance(node, StepNode):
                node, binding = _bound(unit, node, direct[node.id], picked.get(node.id))
                bindings.append(binding)
            nodes.append(node)
        gaps = merged([gap for step in picked for gap in _gaps(unit, picked[step])])
        found = (*_diagnostics(unit, gaps), *_limits(unit, assignment))
        return replace(
            unit,
            nodes=tuple(nodes),
            bindings=tuple(bindings),
            gaps=gaps,
            assignment=assignment,
            diagnostics=(*unit.diagnostics, *found),
        )


def _directly(unit: Unit) -> dict[str, Direct]:
    """For each step, may its command run as stated?"""
    have = Provided(unit)
    out: dict[str, Direct] = {}
    for node in unit.nodes:
        if isinstance(node, StepNode):
            out[node.id] = have.direct(node)
            have.after(node)
    return out


def _bound(unit: Unit, node: StepNode, direct: Direct, candidate: Candidate | None) -> tuple[StepNode, Binding]:
    if candidate is not None:
        return _model(unit, node, direct, candidate)
    requires = tuple(Requires(primitive=r.primitive, level=r.level) for r in unit.needs.get(node.id, ()))
    if direct.command is not None:
        return _code(node, direct, requires, str(unit.request.target))
    made = node.model_copy(update={"requires": requires, "executor": Executor(kind=ExecutorKind.PERSON)})
    return made, Binding(
        step=node.id,
        executor="person",
        reason="only asks the user",
        probability=1.0,
        alternatives=(f"model: {direct.reason}",),
    )


def _model(unit: Unit, node: StepNode, direct: Direct, candidate: Candidate) -> tuple[StepNode, Binding]:
    judged = candidate.judged
    target = str(candidate.processor.target)
    probability, unproved = holds(judged)
    made = node.model_copy(
        update={
            "requires": tuple(Requires(primitive=g.primitive, level=g.required) for g in judged),
            "executor": Executor(kind=ExecutorKind.MODEL, target=target),
            "unproved": unproved,
        }
    )
    return made, Binding(
        step=node.id,
        executor="model",
        target=target,
        reason=_reason(judged, unproved),
        probability=probability,
        unproved=unproved,
        alternatives=(f"code: {direct.reason}",),
    )


def _code(node: StepNode, direct: Direct, requires: tuple[Requires, ...], target: str) -> tuple[StepNode, Binding]:
    command = direct.command
    assert command is not None  # the caller asked
    env = tuple(sorted(r.removeprefix("$env.") for r in command.placeholders.values() if r.startswith("$env.")))
    made = node.model_copy(
        update={"requires": requires, "executor": Executor(kind=ExecutorKind.CODE), "command": command, "env": env}
    )
    return made, Binding(
        step=node.id,
        executor="code",
        reason=direct.reason,
        probability=1.0,
        alternatives=(f"model {target}: not needed, and it takes over when the command cannot run",),
    )


def _asks_only(program: Program, step: str) -> bool:
    """Is asking the user all that the step does?"""
    acts = program.acts_of(step)
    return bool(acts) and all(a.type is ActType.REQUEST for a in acts) and any(_user(a.object, a.target) for a in acts)


def _user(*words: str | None) -> bool:
    return any(w and any(name in w.lower() for name in ("user", "human", "owner", "person")) for w in words)


def holds(judged: Sequence[Gap]) -> tuple[float | None, bool]:
    """(product of the probabilities that are known, is any of them unknown); None when none is known."""
    known = [g.probability for g in judged if g.probability is not None]
    unproved = any(g.verdict is Verdict.UNMEASURED for g in judged)
    if any(g.verdict is Verdict.NOT_OFFERED for g in judged):
        return 0.0, unproved
    if not known:
        return (None, unproved) if judged else (1.0, False)
    return product(known), unproved


def _reason(judged: Sequence[Gap], unproved: bool) -> str:
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


def _gaps(unit: Unit, candidate: Candidate) -> Iterator[Gap]:
    """What the chosen target does not surely hold; its name is given where it is not the plan's own."""
    target = candidate.processor.target
    name = "" if target == unit.request.target else str(target)
    for gap in candidate.judged:
        if gap.verdict is not Verdict.MET:
            yield gap.model_copy(update={"target": name}) if name else gap


def merged(gaps: list[Gap]) -> tuple[Gap, ...]:
    """One gap per primitive, level and target, with all its steps and spans, in catalogue-free order of these."""
    table: dict[tuple[str, int, str], Gap] = {}
    for gap in gaps:
        key = (gap.primitive, gap.required.rank, gap.target)
        seen = table.get(key)
        if seen is None:
            table[key] = gap
        else:
            steps = tuple(dict.fromkeys((*seen.steps, *gap.steps)))
            spans = tuple(dict.fromkeys((*seen.spans, *gap.spans)))
            table[key] = seen.model_copy(update={"steps": steps, "spans": spans})
    return tuple(table[k] for k in sorted(table))


def _diagnostics(unit: Unit, gaps: tuple[Gap, ...]) -> Iterator[Diagnostic]:
    for gap in gaps:
        if gap.verdict in _GAP_CODES:
            yield _diagnostic(unit, gap)
    for target in dict.fromkeys(gap.target for gap in gaps):
        yield from _unmeasured(unit, target, [g for g in gaps if g.target == target and g.verdict is Verdict.UNMEASURED])


def _diagnostic(unit: Unit, gap: Gap) -> Diagnostic:
    code = CODES[_GAP_CODES[gap.verdict]]
    measured = f"measured {gap.measured.value}" if gap.measured else "not measured"
    held = f", held with probability {gap.probability:.2f}" if gap.probability is not None else ""
    name = gap.target or unit.request.target
    text = f"{name} is {gap.verdict.value.replace('_', ' ')} in {gap.primitive} {gap.required.value}"
    return Diagnostic(
        code.number, code.severity, f"{text} ({measured}{held})", gap.spans[0], (f"steps: {', '.join(gap.steps)}",)
    )


def _unmeasured(unit: Unit, target: str, missing: list[Gap]) -> Iterator[Diagnostic]:
    if missing:
        code = CODES["SKV402"]
        names = ", ".join(dict.fromkeys(g.primitive for g in missing))
        text = f"{target or unit.request.target} was never measured for {names}"
        yield Diagnostic(code.number, code.severity, text, missing[0].spans[0], ("unproved, not a gap: nothing is edited",))


def _limits(unit: Unit, assignment: Assignment | None) -> Iterator[Diagnostic]:
    """SKV404 where no choice keeps what was asked."""
    if assignment is None or assignment.kept:
        return
    code, asked = CODES["SKV404"], assignment.limits
    rows = (
        ("success of at least {}", asked.success),
        ("{} s on the longest path", asked.wall),
        ("{} models", asked.models),
    )
    words = ", ".join(text.format(f"{value:g}") for text, value in rows if value is not None)
    best = max((point.success for point in assignment.front), default=assignment.totals.success)
    text = f"no choice among {', '.join(assignment.pool)} keeps the limits: {words}"
    notes = (
        f"bound without them: success {assignment.totals.success:.3f}, {assignment.totals.seconds:g} s",
        f"surest: {best:.3f}",
    )
    yield Diagnostic(code.number, code.severity, text, Span(unit.program.main, 0, 0), notes)
