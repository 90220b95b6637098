"""permissions: what the skill may touch at run time. Default deny: only what its own text shows is granted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from skvm.compile.unit import Pass, Unit
from skvm.ir import Force, NeedKind
from skvm.plan import Grant, Permissions, StepNode
from skvm.source import Span

Kind = Literal["read", "write", "host", "env", "exec"]

_NEEDS: dict[NeedKind, Kind] = {NeedKind.HOST: "host", NeedKind.ENV: "env", NeedKind.BIN: "exec"}

WORK = "./"
"""The work folder as a whole: granted to steps whose places are not known."""


@dataclass(frozen=True)
class PermissionsPass(Pass):
    """Grants with the spans they rest on, and what the author forbids."""

    id: ClassVar[str] = "permissions"
    summary: ClassVar[str] = "what may be read, written, reached and run"
    needs: ClassVar[tuple[str, ...]] = ("nodes", "effects")
    gives: ClassVar[tuple[str, ...]] = ("permissions",)

    def run(self, unit: Unit) -> Unit:
        """The unit with its permission manifest."""
        table: dict[tuple[Kind, str], list[tuple[str | None, Span]]] = {}
        for need in unit.program.needs:
            kind = _NEEDS.get(need.kind)
            if kind is not None:
                table.setdefault((kind, need.name), []).append((need.step, need.span))
        for node in unit.nodes:
            if isinstance(node, StepNode):
                for name in _places(node.effects.reads, node.effects.top):
                    table.setdefault(("read", name), []).append((node.id, node.span))
                for name in _places(node.effects.writes, node.effects.top):
                    table.setdefault(("write", name), []).append((node.id, node.span))
        grants = tuple(_grant(kind, name, table[kind, name]) for kind, name in sorted(table))
        forbidden = tuple(dict.fromkeys(c.text for c in unit.program.constraints if c.force is Force.MUST_NOT))
        return replace(unit, permissions=Permissions(grants=grants, forbidden=forbidden))


def _places(places: tuple[str, ...], top: bool) -> tuple[str, ...]:
    if top or "**" in places:
        return (WORK,)
    return tuple(p for p in places if ":" not in p)


def _grant(kind: Kind, name: str, shown: list[tuple[str | None, Span]]) -> Grant:
    steps = tuple(dict.fromkeys(step for step, _ in shown if step is not None))
    return Grant(kind=kind, name=name, steps=steps, spans=tuple(dict.fromkeys(span for _, span in shown)))
