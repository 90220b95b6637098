"""What the plan adds for measured gaps, and what may be done at once, as edits of the text: beside the step, or at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from skvm.compile.emission.edits import Edit, line_end
from skvm.compile.emission.harnesses import Harness
from skvm.ir import Program, Step, StepEncoding
from skvm.plan import Artifact, BatchNode, BranchNode, ExecutorKind, Plan, PlanNode, StepNode, TaskNode
from skvm.source import SkillSource, Span

ITEMS = (StepEncoding.ORDERED_ITEM, StepEncoding.BULLET, StepEncoding.TASK_BOX)
SECTIONS = (StepEncoding.STEP_HEADING, StepEncoding.NUMBERED_HEADING, StepEncoding.BOLD_NUMBER, StepEncoding.PARAGRAPH)
_MARKER = re.compile(rb"[ \t]*(?:[-*+]|\(?\d+[.)])[ \t]+")

TITLE = 60
"""Characters of a title that name a step."""

HELP = "How to do the steps above"
TOGETHER = "What can be done at the same time"


class _Late(NamedTuple):
    """A line of the section at the end: what it is about, what it says, for which gap, shown by which lines."""

    about: str
    text: str
    gap: str
    cites: tuple[Span, ...]


def help_edits(program: Program, source: SkillSource, artifact: Artifact, beside: bool) -> list[Edit]:
    """One edit for each step that the plan helps; `beside` False: all of them at the end of the file."""
    edits: list[Edit] = []
    late: list[_Late] = []
    for node in artifact.plan.nodes:
        step = program.step_by_id.get(node.id)
        if not isinstance(node, StepNode) or step is None or not node.slice.added:
            continue
        gap = ", ".join(f"{a.primitive} {a.required.value}" for a in node.slice.added)
        text = " ".join(" ".join(a.text.split()) for a in node.slice.added)
        if beside and step.encoding in (*ITEMS, *SECTIONS):
            edits.append(_beside(program, source, step, text, gap))
        else:
            late.append(_Late(step.title, text, gap, (step.span,)))
    return [*edits, *_at_end(source, [*late, *_ways(artifact)])]


def _ways(artifact: Artifact) -> Iterator[_Late]:
    """Which of several ways to take, where one was preferred for a measured gap."""
    for node in artifact.plan.nodes:
        if not isinstance(node, BranchNode) or node.preferred is None:
            continue
        why = [e for e in artifact.edits if e.step == node.id]
        gap = ", ".join(dict.fromkeys(f"{e.primitive} {e.required.value}" for e in why))
        text = f"of these ways take \u201c{node.arms[node.preferred].condition}\u201d, unless the task asks for another one."
        cites = tuple(dict.fromkeys(span for e in why for span in e.spans))
        yield _Late(" or ".join(arm.condition for arm in node.arms), text, gap, cites)


def _beside(program: Program, source: SkillSource, step: Step, text: str, gap: str) -> Edit:
    """A quotation right after the words of the step, before any step inside it."""
    raw = source.main.raw
    end = line_end(raw)
    inside = [s.span.start for s in program.steps if step.span.start < s.span.start < step.span.end]
    stop = min(inside, default=step.span.end)
    if inside:
        stop = raw.rfind(b"\n", 0, stop) + 1
    at = step.span.start + len(raw[step.span.start : stop].rstrip())
    begin = raw.rfind(b"\n", 0, step.span.start) + 1
    marker = _MARKER.match(raw, begin)
    item = step.encoding in ITEMS and marker is not None
    indent = b" " * len(marker.group()) if item and marker is not None else b""
    lead = end if item else end + end
    return Edit(at, at, lead + indent + b"> " + text.encode("utf-8", "replace"), gap, (step.span,))


def _at_end(source: SkillSource, rows: list[_Late]) -> Iterator[Edit]:
    if not rows:
        return
    lines = [f"- {' '.join(row.about.split())}: {row.text}" for row in rows]
    gap = "; ".join(dict.fromkeys(row.gap for row in rows))
    yield _section(source, HELP, lines, gap, tuple(span for row in rows for span in row.cites))


def _section(source: SkillSource, title: str, lines: list[str], gap: str, cites: tuple[Span, ...]) -> Edit:
    raw = source.main.raw
    end = line_end(raw)
    lead = end if raw.endswith(b"\n") else end + end
    body = end.join(line.encode("utf-8", "replace") for line in (f"## {title}", "", *lines))
    return Edit(len(raw), len(raw), lead + body + end, gap, cites)


def _named(step: Step) -> str:
    """A step by its number and the beginning of its title."""
    title = " ".join(step.title.split())
    short = title if len(title) <= TITLE else title[:TITLE].rsplit(" ", 1)[0] + " …"
    return f"{step.number}. {short}" if step.number else short


def together_edits(program: Program, source: SkillSource, artifact: Artifact, harness: Harness) -> list[Edit]:
    """Which steps nothing orders, where the harness is known to be able to use that."""
    if not harness.together:
        return []
    lines, cites = [], []
    for group in artifact.plan.parallel:
        nodes = [node for id in group for node in _alone(artifact.plan, artifact.plan.node(id))]
        steps = [program.step_by_id[n.id] for n in nodes if isinstance(n, StepNode) and n.id in program.step_by_id]
        models = [n for n in nodes if isinstance(n, StepNode) and n.executor.kind is ExecutorKind.MODEL]
        if len(steps) == len(nodes) and len(models) > 1 and not isinstance(_around(artifact.plan, group[0]), BatchNode):
            names = "; ".join(_named(step) for step in steps)
            lines.append(f"- None of these needs another: {names}. Give them to {harness.together} and wait for all of them.")
            cites += [step.span for step in steps]
    if not lines:
        return []
    gap = "no step of a group reads or writes what another one writes"
    return [_section(source, TOGETHER, lines, gap, tuple(cites))]


def _alone(plan: Plan, node: PlanNode) -> list[PlanNode]:
    """What stands for a node in a list of things to do at once: the calls of a batch, the one step of a sub-task."""
    below = [n for n in plan.nodes if n.parent == node.id]
    return below if isinstance(node, BatchNode) or (isinstance(node, TaskNode) and len(below) == 1) else [node]


def _around(plan: Plan, id: str) -> PlanNode | None:
    """The block a node lies in; a batch is told with what lies beside it, or by itself where nothing does."""
    parent = plan.node(id).parent
    found = plan.node(parent) if parent is not None else None
    beside = found is not None and any(found.id in group for group in plan.parallel)
    return found if beside else None
