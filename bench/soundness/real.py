"""Real skills: does the schedule overlap what annotators order, and where was independence proved at all?"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from bench.corpus import paths as texts_of
from bench.reading.common import spread_out, warm
from bench.reading.gold import load_scorer
from bench.soundness.compiled import compiled
from skvm.plan import Artifact, BatchNode, GateNode, PlanNode, StepNode, TaskNode
from skvm.source import LineIndex, skill_from_bytes

SHOWN = 10


def gold(folder: Path, corpus: Path, jobs: int | None) -> dict[str, Any]:
    """Ordered pairs of annotated steps, those of them that the plan leaves free to overlap, and those it takes for arms."""
    scorer = load_scorer(folder)
    notes = scorer.load_gold(str(folder / "dev"))
    warm()
    found = dict(zip(notes, spread_out(partial(_plan_at, corpus), list(notes), jobs), strict=True))
    total: Counter[str] = Counter(skills=len(notes))
    bad: list[dict[str, Any]] = []
    for path, row in found.items():
        for annotation in notes[path]:
            pairs, wrong = _judged(scorer, row, annotation)
            total.update(pairs)
            bad += [{"path": path, "annotator": annotation["annotator"], **one} for one in wrong]
    return {**total, "violations": len(bad), "found": bad}


def _judged(scorer: Any, row: dict[str, Any], annotation: dict[str, Any]) -> tuple[Counter[str], list[dict[str, Any]]]:
    ours, theirs = row["steps"], annotation.get("steps") or []
    named = {theirs[j]["id"]: ours[i] for i, j in scorer.match(ours, theirs).items()}
    hard = {p for p in scorer.closure(theirs) if set(p) <= set(named)}
    for group in annotation.get("sequential_only") or []:
        hard |= {p for p in itertools.combinations(group, 2) if set(p) <= set(named)}
    counts, wrong = Counter(pairs=len(hard), matched=len(named)), []
    for one, two in sorted(hard):
        a, b = named[one], named[two]
        pair = frozenset((a["id"], b["id"]))
        counts["exclusive"] += pair in row["exclusive"]
        if pair in row["free"]:
            wrong.append({"pair": sorted(pair), "lines": [a["lines"][0], b["lines"][0]]})
    return counts, wrong


def _plan_at(corpus: Path, path: str) -> dict[str, Any]:
    place = corpus / path
    raw = place.read_bytes()
    artifact = compiled(skill_from_bytes(raw, place.stem))
    index = LineIndex(raw)
    leaves = [n for n in artifact.plan.nodes if isinstance(n, StepNode | GateNode) and not n.id.endswith(".gate")]
    steps = [{"id": n.id, "lines": [index.line(n.span.start), index.last_line(n.span.start, n.span.end)]} for n in leaves]
    free, exclusive = overlaps(artifact)
    return {"steps": steps, "free": free, "exclusive": exclusive}


def overlaps(artifact: Artifact) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Pairs of leaves that the plan leaves free to overlap, and pairs in arms of which at most one runs."""
    nodes = {n.id: n for n in artifact.plan.nodes}
    after: dict[str, set[str]] = {id: set() for id in nodes}
    for edge in artifact.plan.edges:
        after[edge.before].add(edge.after)
    for id in reversed(list(nodes)):
        after[id] = after[id].union(*(after[near] for near in after[id]))
    parents = {n.parent for n in artifact.plan.nodes}
    rows = {id: _upwards(nodes, id) for id in nodes if id not in parents}
    free: set[frozenset[str]] = set()
    exclusive: set[frozenset[str]] = set()
    for (a, up), (b, vp) in itertools.combinations(rows.items(), 2):
        one, two = _apart(up, vp)
        if one.parent == two.parent and one.arm != two.arm:
            exclusive.add(frozenset((a, b)))
        elif two.id not in after[one.id] and one.id not in after[two.id]:
            free.add(frozenset((a, b)))
    return free, exclusive


def _upwards(nodes: dict[str, PlanNode], id: str) -> list[PlanNode]:
    row = [nodes[id]]
    while row[-1].parent is not None:
        row.append(nodes[row[-1].parent])
    return row[::-1]


def _apart(one: list[PlanNode], two: list[PlanNode]) -> tuple[PlanNode, PlanNode]:
    return next((a, b) for a, b in zip(one, two, strict=False) if a.id != b.id)


def corpus(folder: Path, jobs: int | None, limit: int | None) -> dict[str, Any]:
    """Skills in which something may overlap, by proof or by the author's word, and the first ones by sha256 to be read."""
    places = texts_of(folder)[:limit]
    warm()
    rows = list(spread_out(partial(_groups_at, folder), [p.relative_to(folder).as_posix() for p in places], jobs))
    proved = [row for row in rows if any(g["basis"] == "proved" for g in row["groups"])]
    said = [row for row in rows if any(g["basis"] == "said" for g in row["groups"])]
    kinds = Counter(kind for row in rows for kind in {g["kind"] for g in row["groups"]})
    ordered = sorted(proved, key=lambda row: hashlib.sha256(row["path"].encode()).hexdigest())
    return {
        "texts": len(rows),
        "proved": len(proved),
        "said": len(said),
        "kinds": dict(sorted(kinds.items())),
        "drawn": ordered[:SHOWN],
    }


def _groups_at(folder: Path, path: str) -> dict[str, Any]:
    place = folder / path
    raw = place.read_bytes()
    artifact = compiled(skill_from_bytes(raw, place.stem))
    index = LineIndex(raw)
    nodes = {n.id: n for n in artifact.plan.nodes}
    groups = []
    for group in artifact.plan.parallel:
        members = [nodes[id] for id in group]
        around = nodes.get(members[0].parent or "")
        why = (
            around.together
            if isinstance(around, BatchNode)
            else next((m.together for m in members if isinstance(m, BatchNode | TaskNode)), None)
        )
        kind = "batch" if isinstance(around, BatchNode) else "task"
        lines = [f"{m.id} line {index.line(m.span.start)}: {' '.join(m.title.split())[:90]}" for m in members]
        groups.append({"kind": kind, "basis": why.basis if why is not None else "", "members": lines})
    maps = [n for n in artifact.plan.nodes if n.kind == "map" and n.parallel]
    groups += [{"kind": "map", "basis": m.together.basis if m.together else "", "members": [m.id]} for m in maps]
    return {"path": path, "groups": groups}
