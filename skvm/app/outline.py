"""The outline: one JSON object that says what was understood of a skill, and the same as a tree for people.

Assembled from the program (what the text says) and the analysis of the compiler (order, effects, requirements).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from skvm.diag.render import visible
from skvm.ir import (
    ActType,
    BlockRole,
    ControlKind,
    EffectClass,
    LeafKind,
    Need,
    NeedKind,
    Program,
    Scope,
    SkillKind,
    Step,
)
from skvm.source import SkillSource, Span

if TYPE_CHECKING:
    from skvm.compile import Analysis

_TOOLS = (
    ("bins", NeedKind.BIN),
    ("pip", NeedKind.PIP),
    ("npm", NeedKind.NPM),
    ("apt", NeedKind.APT),
    ("env", NeedKind.ENV),
    ("hosts", NeedKind.HOST),
    ("files", NeedKind.FILE),
    ("skills", NeedKind.SKILL),
)
_WRITES = frozenset({ActType.WRITE, ActType.UPDATE_STATE})
_NO_FILE = frozenset({Scope.MEMORY, Scope.NETWORK})
_REMOTE = re.compile(
    r"(?a)\b(?:web[ _-]?(?:search|fetch)|search(?:es)? (?:the )?web|fetch(?:es)? (?:the )?(?:page|url|live|docs)|download"
    r"|upload|mcp|connectors?|online|publish(?:es|ing)?|(?:rest|http) api)\b|mcp__",
    re.IGNORECASE,
)
"""Words of a step that works over the network without naming a host."""

TEXT_WIDTH = 100
"""Characters of a rule or remark that the tree shows."""

_DESTRUCTIVE = ("rm ", "rm -", "drop ", "delete", "--force", "reset --hard", "truncate", "destroy", "purge")


def outline(program: Program, source: SkillSource, analysis: Analysis | None = None) -> dict[str, Any]:
    """The outline object: kind, scenes, steps with order, constraints, triggers, tools, requirements, effects.

    Lines are 1-based and inclusive. Without an analysis `after` is the declared order.
    """
    lines = source.main.lines

    def at(span: Span) -> list[int]:
        return [lines.line(span.start), lines.last_line(span.start, span.end)]

    after = after_of(program, analysis)
    return {
        "path": source.main.file,
        "name": program.skill.name,
        "kind": program.skill.kind.value,
        "has_procedure": program.skill.has_procedure,
        "scenes": [{"id": s.id, "lines": at(s.span), "title": s.title, "type": s.type.value} for s in program.scenes],
        "steps": [{**_step(program, s), "lines": at(s.span), "after": list(after[s.id])} for s in program.steps],
        "parallel": parallel_of(program, analysis, after, at),
        "sequential_only": [],
        "inputs": [s.name for s in program.slots if s.direction == "in" and s.step is None],
        "outputs": [s.name for s in program.slots if s.direction == "out" and s.step is None],
        "constraints": [{"lines": at(c.span), "force": c.force.value} for c in program.constraints],
        "triggers": [{"lines": at(t.span), "polarity": t.polarity.value} for t in program.triggers],
        "tools": {key: _names(program.needs, kind) for key, kind in _TOOLS},
        "requirements": _requirements(analysis, at),
        "effects": _effects(program),
        "note": "",
    }


def _step(program: Program, step: Step) -> dict[str, Any]:
    acts, controls = program.acts_of(step.id), program.controls_of(step.id)
    condition = next((c.condition for c in controls if c.kind is ControlKind.BRANCH and c.condition), None)
    return {
        "id": step.id,
        "scene": step.scene,
        "lines": [],
        "title": step.title,
        "acts": _unique(a.type.value for a in acts),
        "scopes": _unique(a.scope.value for a in acts),
        "after": [],
        "control": _unique(c.kind.value for c in controls if c.kind is not ControlKind.PARALLEL),
        "condition": condition,
        "reads": _unique(p for a in acts for p in a.reads),
        "writes": _unique(p for a in acts for p in a.writes),
    }


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _names(needs: tuple[Need, ...], kind: NeedKind) -> list[str]:
    return sorted({n.name for n in needs if n.kind is kind})


def _requirements(analysis: Analysis | None, at: Callable[[Span], list[int]]) -> list[dict[str, Any]]:
    """One row per primitive: the highest level any step needs, with the lines that show it."""
    best: dict[str, Any] = {}
    for need in analysis.requirements if analysis is not None else ():
        known = best.get(need.primitive)
        if known is None or need.level.rank > known.level.rank:
            best[need.primitive] = need
    return [
        {"primitive": p, "level": r.level.value, "lines": at(r.spans[0]) if r.spans else []} for p, r in sorted(best.items())
    ]


def _effects(program: Program) -> dict[str, bool]:
    """What following the main job does, by acts of the steps (all of the skill's where it has no steps) and its needs.

    A reference on a tool has its effects in the programs it shows, a skill that generates content in what it makes.
    """
    kinds = {n.kind for n in program.needs}
    acts = program.acts
    commands = " ".join((a.command or "").lower() for a in acts) + " "
    kind = program.skill.kind
    shows = kind is SkillKind.TOOL_REFERENCE and any(b.role in (BlockRole.COMMAND, BlockRole.PROGRAM) for b in program.blocks)
    makes = kind is SkillKind.CONTENT_GENERATION or (
        kind is not SkillKind.KNOWLEDGE and any(a.type is ActType.WRITE and a.scope not in _NO_FILE for a in acts)
    )
    return {
        "network": NeedKind.HOST in kinds
        or any(a.scope is Scope.NETWORK for a in acts)
        or any(_REMOTE.search(step.text) for step in program.steps),
        "writes_files": any(a.type in _WRITES and a.scope in (Scope.LOCAL_FS, Scope.CODEBASE) for a in acts)
        or any(a.writes for a in acts)
        or makes
        or shows,
        "executes": NeedKind.BIN in kinds or any(a.command for a in acts) or shows,
        "credentials": (NeedKind.ENV in kinds and _secret(program)) or any(a.scope is Scope.CREDENTIALS for a in acts),
        "destructive": any(word in commands for word in _DESTRUCTIVE)
        or any(a.effect is EffectClass.EFFECTFUL and a.object.lower().startswith("delet") for a in acts),
    }


def _secret(program: Program) -> bool:
    return any(
        n.kind is NeedKind.ENV and any(w in n.name.upper() for w in ("KEY", "TOKEN", "SECRET", "PASSWORD"))
        for n in program.needs
    )


def outline_text(
    program: Program,
    source: SkillSource,
    analysis: Analysis | None = None,
    style: Callable[[str, str], str] = lambda text, _role: text,
) -> str:
    """A tree with line numbers; `style(text, role)` colours a piece, roles: title, scene, step, dim, rule, warn."""
    data = outline(program, source, analysis)
    kind = data["kind"].replace("_", " ")
    head = f"{data['name']}: {kind}, " + (f"{len(data['steps'])} steps" if data["has_procedure"] else "no procedure")
    out = [style(visible(head), "title")]
    inside: dict[str, list[str]] = {}
    for step in data["steps"]:
        inside.setdefault(step["scene"], []).append(_step_line(step, style))
    for scene in data["scenes"]:
        out.append(style(f"  {_lines(scene)} {scene['id']} {scene['type']} ", "scene") + visible(scene["title"]))
        out += inside.get(scene["id"], ())
    rules = zip(data["constraints"], program.constraints, strict=True)
    out += _section("constraints", [f"{_lines(row)} {row['force']}: {_short(c.text)}" for row, c in rules], "rule", style)
    cues = zip(data["triggers"], program.triggers, strict=True)
    out += _section("triggers", [f"{_lines(row)} {row['polarity']}: {_short(t.text)}" for row, t in cues], "dim", style)
    tools = [f"{key}: {', '.join(names)}" for key, names in data["tools"].items() if names]
    out += _section("tools", tools, "dim", style)
    out += _section("requirements", [f"{r['primitive']} {r['level']}" for r in data["requirements"]], "dim", style)
    out += _section("not understood", _residual(program, source), "warn", style)
    return "\n".join(out) + "\n"


def _lines(row: dict[str, Any]) -> str:
    first, last = row["lines"]
    return f"{first:4d}-{last:<4d}" if last != first else f"{first:4d}     "


def _step_line(step: dict[str, Any], style: Callable[[str, str], str]) -> str:
    marks = " ".join(step["control"])
    after = f" after {', '.join(step['after'])}" if step["after"] else ""
    acts = " ".join(step["acts"])
    tail = " ".join(part for part in (acts, f"[{marks}]" if marks else "") if part)
    return f"    {_lines(step)} " + style(step["id"], "step") + f" {visible(step['title'])}" + style(f"  {tail}{after}", "dim")


def _section(name: str, rows: list[str], role: str, style: Callable[[str, str], str]) -> list[str]:
    return [style(f"  {name}", "scene"), *(f"    {style(visible(row), role)}" for row in rows)] if rows else []


def _short(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return visible(line if len(line) <= TEXT_WIDTH else line[: TEXT_WIDTH - 1] + "\u2026")


def _residual(program: Program, source: SkillSource) -> list[str]:
    """Text that no node claims, with its lines; what is only space and marks says nothing."""
    lines = source.main.lines
    rows = []
    for leaf in program.leaves:
        text = source.main.slice(leaf.span).strip()
        if leaf.kind in (LeafKind.RESIDUAL, LeafKind.OPAQUE) and any(c.isalnum() for c in text):
            raw = source.main.raw[leaf.span.start : leaf.span.end]
            start = leaf.span.start + len(raw) - len(raw.lstrip())
            row = {"lines": [lines.line(start), lines.last_line(start, leaf.span.end)]}
            rows.append(f"{_lines(row)} {_short(text)}")
    return rows


def after_of(program: Program, analysis: Analysis | None) -> dict[str, tuple[str, ...]]:
    """Direct predecessors of every step. Exclusive arms have no edge between them (decisions, "Program, order, export")."""
    if analysis is None:
        return declared_order(program)
    order = {step.id: at for at, step in enumerate(program.steps)}
    table: dict[str, set[str]] = {step.id: set() for step in program.steps}
    for edge in analysis.edges:
        table[edge.after].add(edge.before)
    return {step: tuple(sorted(before, key=order.__getitem__)) for step, before in table.items()}


def declared_order(program: Program) -> dict[str, tuple[str, ...]]:
    """The order of the text: a chain, in which arms that exclude each other share predecessor and successor."""
    arms = _arms(program)
    after: dict[str, tuple[str, ...]] = {}
    frontier: tuple[str, ...] = ()
    group: str | None = None
    fork: tuple[str, ...] = ()
    for step in program.steps:
        mine = arms.get(step.id)
        if mine is not None and mine == group:
            after[step.id] = fork
            frontier = (*frontier, step.id)
            continue
        after[step.id] = frontier
        group, fork, frontier = mine, frontier, (step.id,)
    return after


def _arms(program: Program) -> dict[str, str]:
    """Step to the group of arms it belongs to."""
    return {c.owner: c.group for c in program.controls if c.kind is ControlKind.BRANCH and c.group is not None}


def parallel_of(
    program: Program, analysis: Analysis | None, after: dict[str, tuple[str, ...]], at: Callable[[Span], list[int]]
) -> list[dict[str, Any]]:
    """Groups of steps that may overlap: those an author names, and steps that wait for exactly the same ones.

    Arms, ways that exclude each other and failure handlers never run at the same time.
    """
    out: list[dict[str, Any]] = []
    named: set[str] = set()
    for control in program.controls:
        if control.kind is ControlKind.PARALLEL and len(control.members) > 1:
            out.append({"steps": list(control.members), "explicit": True, "lines": at(control.span)})
            named.update(control.members)
    never = {*named, *_arms(program), *(analysis.handlers if analysis is not None else ())}
    ways = analysis.ways if analysis is not None else {}
    waiting: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for step in program.steps:
        if step.id not in never:
            waiting.setdefault((ways.get(step.id, ""), after[step.id]), []).append(step.id)
    spans = {step.id: step.span for step in program.steps}
    for steps in waiting.values():
        if len(steps) > 1:
            out.append({"steps": steps, "explicit": False, "lines": at(spans[steps[0]])})
    return out
