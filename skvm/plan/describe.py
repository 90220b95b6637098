"""Why a plan is as it is: bindings, gaps, edges, critical path, slack, what more workers would change.

An artifact comes in, data and text go out.
`style(text, role)` colours a word; roles are those of the command line: bold, dim, good, info, warning, error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from skvm.capability import Gap, Requirement
from skvm.diag import Severity
from skvm.ir import Hazard
from skvm.plan.artifact import Artifact
from skvm.plan.assignment import Binding
from skvm.plan.choice_text import choice_details, choice_lines
from skvm.plan.edits import Edit
from skvm.plan.graph import (
    DEEPEST,
    BatchNode,
    BranchNode,
    DelegateNode,
    Edge,
    GateNode,
    LoopNode,
    MapNode,
    PlanNode,
    StepNode,
    TaskNode,
)
from skvm.plan.paths_text import path_lines, path_rows
from skvm.plan.queue import Rate
from skvm.plan.timing import ESTIMATED, Timing
from skvm.plan.together_text import rate_rows, together_lines, together_rows
from skvm.source import LineIndex

Style = Callable[[str, str], str]

WORKERS = (1, 2, 4, 8, 16)

HAZARDS = {
    Hazard.READ_AFTER_WRITE: "reads what it writes",
    Hazard.WRITE_AFTER_READ: "writes what it reads",
    Hazard.WRITE_AFTER_WRITE: "writes what it writes",
    Hazard.EXTERNAL_ORDER: "both act outside the work folder",
    Hazard.UNKNOWN_EFFECT: "its effects are not known",
    Hazard.DECLARED_ORDER: "declared order",
    Hazard.VALUE: "uses its result",
    Hazard.GATE: "gate",
}
"""Hazards in words: what the later step does about the earlier one."""

VERDICTS = {"met": "good", "weak": "warning", "missing": "error", "not_offered": "error", "unmeasured": "info"}
ORDER = ("SKV210", "SKV504")
"""Notes on the order of steps that are shown beside the warnings; gaps have lines of their own."""
SHOWN_EDGES = 40
SHOWN_CITES = 3


def plain(text: str, role: str) -> str:
    """No colour."""
    del role
    return text


def explain_json(artifact: Artifact, rates: Sequence[Rate] = ()) -> dict[str, Any]:
    """Everything `skvm explain` shows, as data: seconds by estimate, 1-based lines. `rates`: limits that were asked about."""
    plan = artifact.plan
    timing = Timing(plan.nodes, plan.edges)
    line = _liner(artifact)
    rows = {row.id: row for row in timing.rows(timing.top)}
    span = timing.span(timing.top)
    starts = {n.id: n.span.start for n in plan.nodes}
    return {
        "skill": artifact.source.name,
        "digest": artifact.digest,
        "target": artifact.target.model_dump(mode="json"),
        "requirements": [_requirement(r, line) for r in artifact.requirements],
        "purposes": path_rows(artifact, line),
        "gaps": [_gap(g, artifact, line) for g in artifact.gaps],
        "assignment": artifact.assignment.model_dump(mode="json") if artifact.assignment is not None else None,
        "bindings": [_binding(b, artifact, line) for b in artifact.bindings],
        "nodes": [_node(n, rows, line) for n in plan.nodes],
        "edges": [_edge(e, timing, span, starts, line) for e in plan.edges],
        "work_seconds": round(timing.work, 3),
        "span_seconds": round(span, 3),
        "parallelism": round(timing.work / span, 3) if span else 1.0,
        "critical_path": list(plan.critical_path),
        "parallel": [list(g) for g in plan.parallel],
        "together": together_rows(plan, line),
        "workers": {str(n): timing.makespan(n) for n in WORKERS},
        "rates": rate_rows(timing, rates),
        "tokens": sum(n.estimate.tokens for n in plan.nodes if isinstance(n, ESTIMATED)),
        "cost": round(sum(n.estimate.cost for n in plan.nodes if isinstance(n, ESTIMATED)), 6),
        "basis": basis_of(artifact),
        "weakest": _weakest(artifact),
        "edits": [_edit(e, line) for e in artifact.edits],
        "added": [_added(n) for n in plan.nodes if isinstance(n, StepNode) and n.slice.added],
        "skills": [explain_json(item) for item in artifact.skills],
    }


def _liner(artifact: Artifact) -> Callable[[int], int]:
    """Byte offset to line. Exact for valid UTF-8; the plan holds the text, not the original bytes."""
    lines = LineIndex(artifact.skill_text.encode("utf-8", "surrogatepass"))
    return lines.line


def _requirement(item: Requirement, line: Callable[[int], int]) -> dict[str, Any]:
    return {
        "step": item.step,
        "primitive": item.primitive,
        "level": item.level.value,
        "reason": item.reason,
        "lines": [line(s.start) for s in item.spans],
    }


def _gap(item: Gap, artifact: Artifact, line: Callable[[int], int]) -> dict[str, Any]:
    row = item.model_dump(mode="json", exclude={"spans"})
    raw = artifact.skill_text.encode("utf-8", "surrogatepass")
    shown = [raw[s.start : s.end].decode("utf-8", "replace") for s in item.spans]
    return {**row, "lines": [line(s.start) for s in item.spans], "cites": [short(text, 60) for text in shown]}


def _binding(item: Binding, artifact: Artifact, line: Callable[[int], int]) -> dict[str, Any]:
    node = next((n for n in artifact.plan.nodes if n.id == item.step), None)
    row: dict[str, Any] = item.model_dump(mode="json")
    row["title"] = node.title if node is not None else ""
    row["line"] = line(node.span.start) if node is not None else 1
    if isinstance(node, StepNode) and node.command is not None:
        row["command"] = node.command.text
        row["placeholders"] = dict(node.command.placeholders)
    return row


def _node(node: PlanNode, rows: dict[str, Any], line: Callable[[int], int]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind,
        "title": node.title,
        "parent": node.parent,
        "arm": node.arm,
        "line": line(node.span.start),
        "detail": detail(node),
    }
    if isinstance(node, StepNode):
        row |= {
            "executor": node.executor.kind.value,
            "estimate": node.estimate.model_dump(mode="json"),
            "effects": effects(node),
        }
    if node.id in rows:
        found = rows[node.id]
        row |= {"start": round(found.start, 3), "end": round(found.end, 3), "slack": round(found.slack, 3)}
    return row


def _edge(edge: Edge, timing: Timing, span: float, starts: dict[str, int], line: Callable[[int], int]) -> dict[str, Any]:
    """`line`: where the reason stands, which is the later step where the edge cites nothing of its own."""
    return {
        "line": line(edge.span.start if edge.span is not None else starts[edge.after]),
        "before": edge.before,
        "after": edge.after,
        "hazard": edge.hazard.value,
        "why": why(edge),
        "saves_without": round(span - timing.without(edge), 3),
    }


def basis_of(artifact: Artifact) -> str:
    """Where the estimates come from."""
    found = sorted({n.estimate.basis for n in artifact.plan.nodes if isinstance(n, StepNode) and n.estimate.basis})
    return "; ".join(found)


def _weakest(artifact: Artifact) -> dict[str, Any] | None:
    """The model step that is least likely to hold what it needs."""
    known = [b for b in artifact.bindings if b.executor == "model" and b.probability is not None]
    if not known:
        return None
    found = min(known, key=lambda b: (b.probability, b.step))
    return {"step": found.step, "probability": found.probability, "reason": found.reason}


def _edit(item: Edit, line: Callable[[int], int]) -> dict[str, Any]:
    row: dict[str, Any] = item.model_dump(mode="json", exclude={"spans"})
    return {**row, "lines": sorted({line(s.start) for s in item.spans})}


def _added(node: StepNode) -> dict[str, Any]:
    return {
        "step": node.id,
        "parts": [{"primitive": a.primitive, "required": a.required.value, "text": a.text} for a in node.slice.added],
    }


def why(edge: Edge) -> str:
    """Why the later step waits, in words."""
    return f"{HAZARDS[edge.hazard]}: {edge.detail}" if edge.detail else HAZARDS[edge.hazard]


def effects(node: StepNode) -> str:
    """Effects in words."""
    found = node.effects
    if found.top:
        return "may touch anything"
    parts = [f"reads {', '.join(_named(found.reads))}"] if found.reads else []
    parts += [f"writes {', '.join(_named(found.writes))}"] if found.writes else []
    parts += ["acts outside"] if found.external else []
    return "; ".join(parts) or "touches nothing"


def _named(places: tuple[str, ...]) -> list[str]:
    return ["any file" if p == "**" else "the user" if p == "user:" else p for p in places]


def detail(node: PlanNode) -> str:
    """What is particular about a node, in one line."""
    match node:
        case BranchNode():
            taken = f"arm {node.preferred + 1} of " if node.preferred is not None else ""
            return f"{taken}if " + " | ".join(a.condition for a in node.arms)
        case LoopNode():
            stated = "" if node.bound_stated else ", assumed"
            return f"until {node.until or 'done'} (at most {node.bound}{stated})"
        case MapNode():
            shared = f", up to {node.joint.most} in one conversation" if node.joint is not None else ""
            return f"for each {node.over}{', in parallel' if node.parallel else ''}{shared}"
        case GateNode():
            return " ".join(node.question.split())[:100]
        case BatchNode():
            return f"calls at once{', in one turn' if node.joint is not None else ''}"
        case TaskNode():
            return f"sub-task: {short(node.title)}"
        case DelegateNode():
            return f"to the skill {node.skill}{'' if node.plan else ', which is not here: a model does it'}"
        case StepNode():
            return node.command.text.strip().splitlines()[0] if node.command is not None else ""


def summary_text(artifact: Artifact, style: Style = plain) -> str:
    """What a user wants to see after compiling: target, gaps, who does what, what overlaps, what it will take."""
    return "\n".join(
        (
            *head_lines(artifact, style),
            *choice_lines(artifact, style),
            *_gap_lines(artifact, style),
            *_edit_lines(artifact, style),
            *_problem_lines(artifact, style),
            *tree_lines(artifact, style),
            *time_lines(artifact, style),
        )
    )


def explain_text(artifact: Artifact, style: Style = plain, rates: Sequence[Rate] = ()) -> str:
    """The summary, then why each binding and each edge is there, and what would change it."""
    data = explain_json(artifact, rates)
    out = [summary_text(artifact, style), *choice_details(artifact, style), *_citations(data["gaps"], style)]
    out += [*path_lines(data["purposes"], style), "", style("Why each step is bound as it is", "bold")]
    for row in data["bindings"]:
        held = f", probability {row['probability']:.2f}" if row["probability"] is not None else ""
        who = f" {row['target']}" if row["target"] and artifact.pool else ""
        out.append(f"  {row['step']} (line {row['line']}): {row['executor']}{who}{held}: {row['reason']}")
        out += [style(f"      not {other}", "dim") for other in row["alternatives"]]
    out += ["", style("Why each step waits", "bold")]
    for row in data["edges"][:SHOWN_EDGES]:
        saves = f"; without it {row['saves_without']:.1f} s less" if row["saves_without"] > 0 else ""
        out.append(f"  {row['after']} after {row['before']} (line {row['line']}): {row['why']}{style(saves, 'good')}")
    if len(data["edges"]) > SHOWN_EDGES:
        out.append(f"  and {len(data['edges']) - SHOWN_EDGES} more (--format json)")
    if data["together"]:
        out += ["", style("What runs at the same time, and why it may", "bold"), *together_lines(data["together"])]
    out += ["", style("What limits of the target would cost", "bold")]
    out += [f"  {row['words']}: {row['seconds']:.1f} s ({row['more']:.1f} s more)" for row in data["rates"]]
    slack = [n for n in data["nodes"] if n.get("slack", 0) > 0]
    if slack:
        out += ["", style("May start later without delay", "bold")]
        out += [f"  {n['id']} by {n['slack']:.1f} s" for n in slack]
    out += _edits_text(data, style)
    return "\n".join(out)


def _edits_text(data: dict[str, Any], style: Style) -> Iterator[str]:
    """Each edit with its gap and the lines that show it; then what the model is told beside the author's words."""
    if data["edits"]:
        yield ""
        yield style("What was edited because of measured gaps", "bold")
    for row in data["edits"]:
        measured = f", measured {row['measured']}" if row["measured"] else ""
        asks = f"; then asks {row['asks']} (by the catalogue, not measured)" if row["asks"] else ""
        lines = ", ".join(map(str, row["lines"]))
        gap = f"{row['primitive']} {row['required']}{measured}{asks}"
        yield f"  {row['step']} {row['transform']}: {row['what']}: {gap}; lines {lines}"
    for row in data["added"]:
        yield ""
        yield style(f"Added to {row['step']} because of a measured gap", "bold")
        yield from (f"  {p['primitive']} {p['required']}: {p['text']}" for p in row["parts"])


def _citations(gaps: list[dict[str, Any]], style: Style) -> Iterator[str]:
    """Which words of the skill ask for what the target does not hold."""
    if gaps:
        yield ""
        yield style("What shows the gaps", "bold")
    for gap in gaps:
        yield f"  {gap['primitive']} {gap['required']} in {', '.join(gap['steps']) or 'the skill'}:"
        rows = dict(reversed(list(zip(gap["lines"], gap["cites"], strict=True))))
        for at, words in sorted(rows.items())[:SHOWN_CITES]:
            yield style(f"      line {at}: {words}", "dim")


def head_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """Skill, target, digest, and what is known of the target."""
    target = artifact.target
    yield f"{style(artifact.source.name, 'bold')} for {style(target.name, 'bold')}  {style(artifact.digest[:19], 'dim')}"
    if target.note:
        yield style(f"  {target.note}", "dim")


def _gap_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    if not artifact.gaps:
        yield f"  gaps: {style('none', 'good')}"
        return
    yield "  gaps:"
    for gap in artifact.gaps:
        held = f" p {gap.probability:.2f}" if gap.probability is not None else ""
        measured = f", measured {gap.measured.value}" if gap.measured is not None else ""
        verdict = style(gap.verdict.value.replace("_", " "), VERDICTS[gap.verdict.value])
        whose = f" ({gap.target})" if gap.target else ""
        yield f"    {gap.primitive} {gap.required.value}{whose}: {verdict}{measured}{held} in {', '.join(gap.steps)}"


def _edit_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """One line for each step that was edited."""
    by_step: dict[str, list[Edit]] = {}
    for edit in artifact.edits:
        by_step.setdefault(edit.step, []).append(edit)
    if by_step:
        yield "  edits:"
    for step, edits in by_step.items():
        why = ", ".join(dict.fromkeys(f"{e.primitive} {e.required.value}" for e in edits))
        yield f"    {step}: {style('; '.join(e.what for e in edits), 'info')} (for {why})"


def _problem_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """What is wrong with the text, where that says something about the plan."""
    found = [
        d
        for d in artifact.diagnostics
        if d.code in ORDER or (d.severity is not Severity.INFO and d.code not in ("SKV401", "SKV403"))
    ]
    if found:
        yield "  problems:"
    for item in found:
        yield f"    line {item.line}: {style(item.code, item.severity.value)} {item.message}"


def tree_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """The nodes of the plan with who does them and what they wait for; below a hand-over those of the other skill."""
    yield "  plan:"
    yield from _tree(artifact, {item.digest: item for item in artifact.skills}, style, 2)


def _tree(artifact: Artifact, skills: dict[str, Artifact], style: Style, top: int) -> Iterator[str]:
    depth: dict[str | None, int] = {None: top}
    after: dict[str, list[str]] = {}
    for edge in artifact.plan.edges:
        after.setdefault(edge.after, []).append(edge.before)
    for node in artifact.plan.nodes:
        depth[node.id] = depth.get(node.parent, top) + 1
        waits = f" after {', '.join(after[node.id])}" if node.id in after else ""
        kind = node.executor.kind.value if isinstance(node, StepNode) else node.kind
        mark = style(f"[{kind}]", "good" if kind in ("code", "script") else "info")
        unproved = style(" unproved", "warning") if isinstance(node, StepNode) and node.unproved else ""
        more = detail(node)
        arm = f"arm {node.arm + 1}: " if node.arm is not None else ""
        title = more if more and not isinstance(node, StepNode) else short(node.title)
        yield f"{'  ' * depth[node.id]}{arm}{node.id} {mark}{unproved} {title}{style(waits, 'dim')}"
        if isinstance(node, DelegateNode) and node.plan in skills and top < DEEPEST:
            yield from _tree(skills[node.plan], skills, style, depth[node.id])


def short(text: str, limit: int = 72) -> str:
    """A text on one line, cut to so many characters."""
    one = " ".join(text.split())
    return one if len(one) <= limit else one[: limit - 1].rstrip() + "…"


def time_lines(artifact: Artifact, style: Style) -> Iterator[str]:
    """Critical path, what runs at the same time, and the estimate."""
    plan = artifact.plan
    timing = Timing(plan.nodes, plan.edges)
    span = timing.span(timing.top)
    yield f"  critical path: {' -> '.join(plan.critical_path) or 'nothing'}"
    if plan.parallel:
        yield "  at the same time: " + "; ".join(style(", ".join(g), "good") for g in plan.parallel)
    maps = [n.id for n in plan.nodes if isinstance(n, MapNode) and n.parallel]
    if maps:
        yield f"  items at the same time: {style(', '.join(maps), 'good')}"
    ratio = timing.work / span if span else 1.0
    steps = [n for n in plan.nodes if isinstance(n, ESTIMATED)]
    tokens = sum(n.estimate.tokens for n in steps)
    cost = sum(n.estimate.cost for n in steps)
    money = f", about ${cost:.4f}" if cost else ""
    yield f"  estimate: work {timing.work:.1f} s, span {span:.1f} s ({ratio:.2f} x), {tokens} tokens{money}"
    times = ", ".join(f"{n}: {timing.makespan(n):.1f} s" for n in WORKERS)
    yield style(f"  workers: {times}", "dim")
