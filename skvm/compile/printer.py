"""Text form of a unit for `--print-after`: one line per node and edge, stable, for people and for diffs."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.capability import Path
from skvm.compile.unit import Unit
from skvm.plan import BatchNode, BranchNode, DelegateNode, GateNode, LoopNode, MapNode, PlanNode, StepNode, TaskNode


def unit_text(unit: Unit) -> str:
    """All that is known so far: nodes indented below their parents, then edges, gaps and bindings."""
    lines = [f"skill {unit.program.skill.name} program {unit.program.digest[:19]}"]
    depth: dict[str | None, int] = {None: 0}
    for node in unit.nodes:
        depth[node.id] = depth.get(node.parent, 0) + 1
        lines.append("  " * depth[node.id] + _line(node))
    lines += [f"edge {e.before} -> {e.after} {e.hazard.value}{f' ({e.detail})' if e.detail else ''}" for e in unit.edges]
    lines += [f"requires {r.step or '*'} {r.primitive} {r.level.value}: {r.reason}" for r in unit.requirements]
    lines += [f"purpose {p.about}: {' | '.join(_path(path) for path in p.paths)}" for p in unit.purposes]
    lines += [f"gap {g.primitive} {g.required.value} {g.verdict.value} in {', '.join(g.steps) or '*'}" for g in unit.gaps]
    lines += [f"bind {b.step} {b.executor} {b.target} because {b.reason}" for b in unit.bindings]
    lines += [f"edit {e.step} {e.transform} for {e.primitive} {e.required.value}: {e.what}" for e in unit.edits]
    lines += [f"needs {n.kind} {n.name}" for n in unit.environment]
    lines += [f"grant {g.kind} {g.name}" for g in unit.permissions.grants]
    if unit.critical_path:
        lines.append("critical path " + " -> ".join(unit.critical_path))
    return "\n".join(lines)


def _path(path: Path) -> str:
    return f"{path.title} ({', '.join(f'{n.primitive} {n.level.value}' for n in path.needs) or 'nothing'})"


def _line(node: PlanNode) -> str:
    head = f"{node.kind} {node.id}"
    if node.arm is not None:
        head += f" arm {node.arm}"
    return " ".join([head, *_details(node), "-", node.title])


def _details(node: PlanNode) -> Iterator[str]:
    match node:
        case StepNode():
            yield f"[{node.executor.kind.value}]"
            yield f"({_effects(node)})"
            if node.command is not None:
                yield f"`{node.command.text.strip().splitlines()[0] if node.command.text.strip() else ''}`"
        case BranchNode():
            yield " | ".join(a.condition for a in node.arms)
            if node.preferred is not None:
                yield f"arm {node.preferred} unless the task says {' or '.join(node.unless) or 'otherwise'}"
        case LoopNode():
            yield f"at most {node.bound}{'' if node.bound_stated else ' (assumed)'} until {node.until or '-'}"
        case MapNode() | BatchNode() | TaskNode():
            yield from _beside(node)
        case DelegateNode():
            yield node.skill
        case GateNode():
            yield node.question


def _beside(node: MapNode | BatchNode | TaskNode) -> Iterator[str]:
    """What a node that runs things at the same time says of itself."""
    if isinstance(node, MapNode):
        yield f"over {node.over}{' in parallel' if node.parallel else ''}"
        return
    yield node.together.basis
    if isinstance(node, TaskNode):
        yield f"takes {' '.join(node.takes) or '-'} gives {' '.join(o.name for o in node.gives) or '-'}"


def _effects(node: StepNode) -> str:
    effects = node.effects
    if effects.top:
        return "anything"
    parts = [
        *(f"r:{p}" for p in effects.reads),
        *(f"w:{p}" for p in effects.writes),
        *(["external"] if effects.external else []),
    ]
    return " ".join(parts) or "pure"
