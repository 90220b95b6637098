"""What exists before a step runs: whether its stated command can run as it stands."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.compile.commands import Providers, Verdict, direct_command, slug
from skvm.compile.unit import Unit
from skvm.plan import BatchNode, BranchNode, LoopNode, MapNode, PlanNode, StepNode, TaskNode


class Provided:
    """Files and values that exist before a step: declared inputs, the bundle, what earlier steps make."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.places: dict[str, str] = {}
        self.values: dict[str, str] = {}
        for slot in unit.program.slots:
            if slot.direction == "in" and slot.pattern:
                for name in (slot.name, slot.pattern):
                    self.places[name] = f"$file.{name}"

    def direct(self, node: StepNode) -> Verdict:
        """May this step run as stated?"""
        step = self.unit.program.step_by_id.get(node.id)
        if step is None:
            return Verdict(None, "stands for the whole skill")
        return direct_command(self.unit.program, self.unit.source, step, self.have(node))

    def have(self, node: StepNode) -> Providers:
        """What a command of this step may be bound to."""
        around = [type(box) for box in self._around(node) if not isinstance(box, BatchNode | TaskNode)]
        return Providers(self.places, self.values, MapNode in around, around[:1] == [BranchNode], around[:1] == [LoopNode])

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


def before(unit: Unit, node: StepNode) -> Providers:
    """What exists before one step of a unit."""
    found = Provided(unit)
    for other in unit.nodes:
        if other.id == node.id:
            break
        if isinstance(other, StepNode):
            found.after(other)
    return found.have(node)
