"""Files that two steps write although nothing reads them in between: the order is kept, and the author is told."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.compile.unit import Unit
from skvm.diag import CODES, Diagnostic
from skvm.ir import Effects
from skvm.ir.effects import may_alias, plain
from skvm.plan import StepNode

_PATTERN = frozenset("*?[{<$~")


def written_twice(unit: Unit) -> Iterator[Diagnostic]:
    """SKV504 at each step that writes a named file again; arms that exclude each other do not count."""
    steps = [n for n in unit.nodes if isinstance(n, StepNode)]
    last: dict[str, int] = {}
    for at, node in enumerate(steps):
        touched = _effects(unit, node)
        for place in filter(_is_file, touched.writes):
            before = last.get(plain(place))
            last[plain(place)] = at
            if before is None or _apart(unit, steps[before], node):
                continue
            between = (_effects(unit, step) for step in steps[before + 1 : at + 1])
            if not any(e.top or any(may_alias(place, read) for read in e.reads) for e in between):
                code = CODES["SKV504"]
                text = f"{steps[before].id} and {node.id} write {place}, and nothing reads it between them"
                yield Diagnostic(code.number, code.severity, text, node.span, ("they are kept in order",))


def _effects(unit: Unit, node: StepNode) -> Effects:
    found = unit.effects.get(node.id)
    return found.effects if found is not None else Effects(top=True)


def _is_file(place: str) -> bool:
    return not _PATTERN & set(place) and "." in place.rsplit("/", 1)[-1] and ":" not in place


def _apart(unit: Unit, one: StepNode, two: StepNode) -> bool:
    """Do they lie in different arms of one branch?"""
    arms = {n.parent: n.arm for n in unit.around(one)}
    return any(n.arm != arms[n.parent] for n in unit.around(two) if n.parent in arms)
