"""environment: what the machine must have, out of the needs of the program. What is present is never looked at here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import Need, NeedKind, Origin
from skvm.plan import EnvironmentNeed, PlanNode, StepNode

_WHY = {
    Origin.PROSE: "named in the text",
    Origin.INLINE: "named in the text",
    Origin.FENCE: "used in a code block",
    Origin.SCRIPT: "used in a bundled script",
    Origin.FRONT_MATTER: "declared in the front matter",
}
_DECLARABLE = (NeedKind.BIN, NeedKind.ENV, NeedKind.PIP, NeedKind.NPM)


@dataclass(frozen=True)
class EnvironmentPass(Pass):
    """The manifest: one entry per kind and name, with everything that shows it."""

    id: ClassVar[str] = "environment"
    summary: ClassVar[str] = "executables, packages, variables, hosts, files and skills that are needed"
    needs: ClassVar[tuple[str, ...]] = ("program", "nodes")
    gives: ClassVar[tuple[str, ...]] = ("environment", "nodes", "diagnostics")

    def run(self, unit: Unit) -> Unit:
        """The unit with its manifest, and with variables and hosts on the steps that cite them."""
        table: dict[tuple[str, str], list[Need]] = {}
        for need in unit.program.needs:
            table.setdefault((need.kind.value, need.name), []).append(need)
        environment = tuple(_entry(kind, name, table[kind, name]) for kind, name in sorted(table))
        declares = any(n.declared for n in environment)
        found = [_undeclared(table[n.kind, n.name][0]) for n in environment if declares and _wants(n)]
        cited = {kind: _by_step(unit, kind) for kind in (NeedKind.ENV, NeedKind.HOST)}

        def change(node: PlanNode) -> PlanNode:
            if not isinstance(node, StepNode):
                return node
            env = tuple(sorted({*node.env, *cited[NeedKind.ENV].get(node.id, ())}))
            return node.model_copy(update={"env": env, "hosts": tuple(sorted(cited[NeedKind.HOST].get(node.id, ())))})

        diagnostics = (*unit.diagnostics, *found)
        return replace(unit.with_nodes(change), environment=environment, diagnostics=diagnostics)


def _entry(kind: str, name: str, needs: list[Need]) -> EnvironmentNeed:
    return EnvironmentNeed(
        kind=kind,
        name=name,
        version=next((n.version for n in needs if n.version), ""),
        why=", ".join(dict.fromkeys(_WHY[n.origin] for n in needs)),
        declared=any(n.declared for n in needs),
        steps=tuple(dict.fromkeys(n.step for n in needs if n.step is not None)),
        spans=tuple(dict.fromkeys(n.span for n in needs)),
    )


def _by_step(unit: Unit, kind: NeedKind) -> dict[str, set[str]]:
    """Names by step. A variable that no step names may be wanted by any of them when the skill lists no procedure."""
    table: dict[str, set[str]] = {}
    steps = [n.id for n in unit.nodes if isinstance(n, StepNode)]
    for need in unit.program.needs:
        if need.kind is kind:
            for step in [need.step] if need.step is not None and need.step in steps else steps:
                table.setdefault(step, set()).add(need.name)
    return table


def _wants(need: EnvironmentNeed) -> bool:
    return not need.declared and need.kind in _DECLARABLE


def _undeclared(need: Need) -> Diagnostic:
    code = CODES["SKV601"]
    return Diagnostic(code.number, code.severity, f"{need.kind.value} {need.name} is used but not declared", need.span)
