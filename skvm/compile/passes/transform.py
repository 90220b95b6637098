"""transform: edits of steps, and of choices between ways, whose target is measured below what they need (see
`skvm.compile.transforms`). No gap, no edit.

The author's text stays byte for byte: what is added is a separate part of a step's slice, and what a step was before is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.transforms import TRANSFORMS, Edited, Transform, edit_step
from skvm.compile.transforms.detour import OtherPath, Steered, steer
from skvm.compile.unit import Pass, Unit
from skvm.diag import CODES, Diagnostic, UsageError
from skvm.plan import Binding, BranchNode, Edit, Original, StepNode

NONE = "none"


@dataclass(frozen=True)
class TransformPass(Pass):
    """Edits for measured gaps. `at_most`: gaps per step that are helped, heaviest first. `only`: names of transforms, all by
    default, `none` for none.
    """

    id: ClassVar[str] = "transform"
    summary: ClassVar[str] = "edits of steps whose target is measured below what they need"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "requirements", "purposes", "bindings", "edges")
    gives: ClassVar[tuple[str, ...]] = ("nodes", "bindings", "edits", "originals", "diagnostics")
    at_most: int = 4
    only: str = ""

    def run(self, unit: Unit) -> Unit:
        """The unit with its edits, made anew where it has some already; raises UsageError for an unknown name in `only`."""
        unit = _taken_back(unit)
        chosen = self.chosen()
        steered = _steered(unit) if any(t.id == OtherPath.id for t in chosen) else {}
        found = {node.id: edit_step(unit, node, chosen, self.at_most) for node in unit.nodes if isinstance(node, StepNode)}
        made = {step: edited for step, edited in found.items() if edited.edits}
        before = {binding.step: binding for binding in unit.bindings}
        refused = [_refusal(unit, row.step, row.transform, row.loss) for edited in found.values() for row in edited.refused]
        changed = {step: edited.node for step, edited in made.items()} | {id: row.node for id, row in steered.items()}
        return replace(
            unit.with_nodes(lambda node: changed.get(node.id, node)),
            bindings=tuple(_bound(made[b.step], b) if b.step in made else b for b in unit.bindings),
            edits=tuple(_edits(unit, made, steered)),
            originals=tuple(_originals(unit, before, made, steered)),
            diagnostics=(*unit.diagnostics, *(d for d in refused if d not in unit.diagnostics)),
        )

    def chosen(self) -> tuple[Transform, ...]:
        """The transforms of `only`."""
        names = [name for name in self.only.replace("+", " ").split() if name != NONE]
        unknown = set(names) - {t.id for t in TRANSFORMS}
        if unknown:
            known = ", ".join(t.id for t in TRANSFORMS)
            raise UsageError(
                f"no transform is called {', '.join(sorted(unknown))}", where="--passes", help=f"transforms: {known}"
            )
        return tuple(t for t in TRANSFORMS if (not self.only or t.id in names))


def _taken_back(unit: Unit) -> Unit:
    before = {item.node.id: item for item in unit.originals}
    if not before:
        return unit
    bindings = tuple(before[b.step].binding or b if b.step in before else b for b in unit.bindings)
    return replace(
        unit.with_nodes(lambda node: before[node.id].node if node.id in before else node),
        bindings=bindings,
        edits=(),
        originals=(),
    )


def _steered(unit: Unit) -> dict[str, Steered]:
    """Branches between ways of a purpose that prefer an arm."""
    found = {node.id: steer(unit, node) for node in unit.nodes if isinstance(node, BranchNode)} if unit.purposes else {}
    return {id: row for id, row in found.items() if row is not None}


def _edits(unit: Unit, made: Mapping[str, Edited], steered: Mapping[str, Steered]) -> Iterator[Edit]:
    for node in unit.nodes:
        if node.id in made:
            yield from made[node.id].edits
        elif node.id in steered:
            yield steered[node.id].edit


def _originals(
    unit: Unit, before: Mapping[str, Binding], made: Mapping[str, Edited], steered: Mapping[str, Steered]
) -> Iterator[Original]:
    for node in unit.nodes:
        if isinstance(node, StepNode) and node.id in made:
            yield Original(node=node, binding=before.get(node.id) if made[node.id].what else None)
        elif isinstance(node, BranchNode) and node.id in steered:
            yield Original(node=node)


def _bound(edited: Edited, binding: Binding) -> Binding:
    if not edited.what:
        return binding
    gap = edited.edits[0]
    target = binding.target
    return Binding(
        step=binding.step,
        executor=edited.node.executor.kind.value,
        reason=f"{edited.what}, because {target} does not hold {gap.primitive} {gap.required.value}",
        probability=1.0,
        alternatives=(f"model {target}: {binding.reason}",),
    )


def _refusal(unit: Unit, step: str, transform: str, loss: str) -> Diagnostic:
    code = CODES["SKV405"]
    text = f"{step}: {transform} was not done: it would lose {loss}"
    return Diagnostic(code.number, code.severity, text, unit.node_by_id[step].span)
