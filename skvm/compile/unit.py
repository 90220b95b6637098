"""What passes work on: the program, and the plan as far as it is made. Immutable; a pass answers with a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from skvm.capability import Gap, Purpose, Requirement
from skvm.compile.request import CompileRequest
from skvm.diag import Diagnostic
from skvm.ir import EffectClass, Effects, Program
from skvm.plan import Artifact, Assignment, Binding, Edge, Edit, EnvironmentNeed, Original, Permissions, PlanNode
from skvm.source import SkillSource

N = TypeVar("N", bound=PlanNode)


@dataclass(frozen=True)
class StepEffects:
    """Effects of one step. `closed`: all it reads and writes is named, nothing comes from what was said before.

    `apart`: it is done once per file and its placeholders stand for that file, so that what it touches is named.
    `literal`: it is closed by its commands alone, not by a reading of prose. `item`: it is one of several things looked at
    under headings of their own ("Check 3", "CRM, if connected"), so only a plain reference ties it to its neighbours.
    """

    effects: Effects
    kind: EffectClass
    closed: bool = False
    literal: bool = False
    item: bool = False
    apart: bool = False


@dataclass(frozen=True)
class Unit:
    """One compilation in progress. Field names are the facts that passes need and give."""

    program: Program
    source: SkillSource
    request: CompileRequest
    nodes: tuple[PlanNode, ...] = ()
    effects: Mapping[str, StepEffects] = field(default_factory=lambda: MappingProxyType({}))
    requirements: tuple[Requirement, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    gaps: tuple[Gap, ...] = ()
    bindings: tuple[Binding, ...] = ()
    assignment: Assignment | None = None
    edits: tuple[Edit, ...] = ()
    originals: tuple[Original, ...] = ()
    edges: tuple[Edge, ...] = ()
    environment: tuple[EnvironmentNeed, ...] = ()
    permissions: Permissions = field(default_factory=Permissions)
    critical_path: tuple[str, ...] = ()
    parallel: tuple[tuple[str, ...], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    artifact: Artifact | None = None

    @cached_property
    def needs(self) -> dict[str, tuple[Requirement, ...]]:
        """Requirements by the step that needs them."""
        table: dict[str, list[Requirement]] = {}
        for requirement in self.requirements:
            if requirement.step is not None:
                table.setdefault(requirement.step, []).append(requirement)
        return {step: tuple(rows) for step, rows in table.items()}

    @cached_property
    def node_by_id(self) -> dict[str, PlanNode]:
        """Plan nodes by id."""
        return {n.id: n for n in self.nodes}

    @cached_property
    def children(self) -> dict[str | None, tuple[PlanNode, ...]]:
        """Nodes by parent id, in plan order."""
        table: dict[str | None, list[PlanNode]] = {}
        for node in self.nodes:
            table.setdefault(node.parent, []).append(node)
        return {k: tuple(v) for k, v in table.items()}

    @cached_property
    def _leaving(self) -> dict[str, list[Edge]]:
        """Edges by where they begin."""
        table: dict[str, list[Edge]] = {}
        for edge in self.edges:
            table.setdefault(edge.before, []).append(edge)
        return table

    def around(self, node: PlanNode) -> list[PlanNode]:
        """A node and the blocks it lies in, innermost first."""
        row = [node]
        while row[-1].parent is not None:
            row.append(self.node_by_id[row[-1].parent])
        return row

    def ends(self, node: str, side: str) -> list[str]:
        """First (`side` before) or last (`after`) leaves of a node: those that no edge inside leads to, or away from."""
        below = self.children.get(node, ())
        if not below:
            return [node]
        inside = {c.id for c in below}
        within = [e for c in below for e in self._leaving.get(c.id, ()) if e.after in inside]
        met = {e.after if side == "before" else e.before for e in within}
        return [leaf for child in below if child.id not in met for leaf in self.ends(child.id, side)]

    def with_nodes(self, change: Callable[[PlanNode], PlanNode], **more: Any) -> Unit:
        """The same unit with each node replaced by `change(node)`."""
        return replace(self, nodes=tuple(change(n) for n in self.nodes), **more)

    def text_of(self, step: str) -> str:
        """Verbatim text of a step of the program; the whole main file for the id of a step that stands for the skill."""
        found = self.program.step_by_id.get(step)
        return found.text if found is not None else self.source.main.text


class Pass:
    """One transformation. Subclasses are frozen dataclasses; their fields are the options of the pipeline text.

    `needs`, `gives`: names of `Unit` fields. `effects`: what it touches outside the unit, empty for all that ship.
    `idempotent`: running it twice equals running it once.
    """

    id: ClassVar[str] = ""
    version: ClassVar[int] = 1
    summary: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()
    effects: ClassVar[tuple[str, ...]] = ()
    idempotent: ClassVar[bool] = True

    def run(self, unit: Unit) -> Unit:
        """The unit after this pass. Never raises for anything a skill can contain."""
        raise NotImplementedError
