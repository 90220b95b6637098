"""Weights of `grammar/votes.txt` out of annotated skills: regularised logistic regression, one question after the other.

    python -m bench.reading.fit --texts DIR --gold DIR [--gold DIR ...]        figures over skills the weights had not seen
    python -m bench.reading.fit --texts DIR --gold DIR ... --print             the weights after seeing all

`--question` names what is fitted (scene, step, procedure, kind; repeatable): the kind alone, unless told otherwise. The votes
on stages and steps stay as they are set by hand in the file: over skills they had not seen, fitted ones read no better.

A stage is a section that matches a stage of the annotation (same first line, or lines that overlap by half), a step a block
that matches a step; blocks are asked in sections that are stages of the annotation or were taken for one, as later votes see no
others. An annotation without stages serves the procedure and the kind only. The penalty keeps weights small; features that few
skills have get none. Folds are by skill, never by section.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.reading.gold import load_scorer
from skvm.ir import SkillKind
from skvm.parse.draft import Block
from skvm.parse.structure.blocks import BlockReader
from skvm.parse.structure.chunks import split_fences
from skvm.parse.structure.features import Candidate, Finder
from skvm.parse.structure.front import FrontMatter, read_front_matter
from skvm.parse.structure.kinds import kind_features, kind_of
from skvm.parse.structure.looks import Survey, View, document_features
from skvm.parse.structure.procedure import choose, find_procedure, is_gate, look, vote
from skvm.parse.structure.report import Reporter
from skvm.parse.structure.sections import Part, read_sections, to_sections
from skvm.parse.structure.stages import build
from skvm.parse.structure.texture import texture
from skvm.parse.structure.tokens import read_tree
from skvm.parse.structure.votes import weights
from skvm.source import SkillSource, skill_from_bytes

FOLDS = 6
RARE = 4
"""A feature that fewer skills have gets no weight."""

PENALTY = {"scene": 1.5, "step": 2.0, "procedure": 2.0, "kind": 2.0}
"""Inverse variance of the normal prior of a weight (in log-odds), by question."""

SPARE = 0.3
"""Weight of the sections of skills without a procedure: the procedure vote turns most of them away."""

ENOUGH = 0.005
"""The regression ends when no weight moves by more, in log-odds."""

USUAL = 25
"""So many decisions a skill usually has; they count one each."""

LABELLED = ("has_procedure", "kind", "scenes", "steps", "scene_type")


class Case(NamedTuple):
    """One decision: what is seen, what is right, how much it counts."""

    features: dict[str, float]
    right: bool
    weight: float
    skill: int


@dataclass(slots=True)
class Skill:
    """A text with its annotation, read up to the votes."""

    path: str
    gold: dict[str, Any]
    source: SkillSource
    front: FrontMatter
    blocks: list[Block]
    parts: list[Part]

    def lines(self, start: int, end: int) -> tuple[int, int]:
        """First and last line of bytes, blank ones at the end left out."""
        raw = self.source.main.raw
        while end > start and raw[end - 1] in b" \t\r\n":
            end -= 1
        table = self.source.main.lines
        return table.line(start), table.last_line(start, end)


def load(texts: Path, folders: Iterable[Path]) -> list[Skill]:
    """All annotated skills, the first annotation of each, in the order of their digests."""
    gold: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.json")):
            annotation = json.loads(file.read_text(encoding="utf-8"))
            gold.setdefault(annotation["path"], annotation)
    order = sorted(gold, key=lambda path: hashlib.sha256(path.encode()).hexdigest())
    return [read(path, gold[path], (texts / path).read_bytes()) for path in order]


def read(path: str, gold: dict[str, Any], raw: bytes) -> Skill:
    """Read a skill up to its sections."""
    source = skill_from_bytes(raw, Path(path).stem)
    main = source.main
    front = read_front_matter(main, Reporter())
    blocks = split_fences(BlockReader(main, front.body).read(), main)
    parts = read_sections(read_tree(blocks), blocks, main.origin(front.body), len(main.raw))
    to_sections(parts, blocks)
    return Skill(path, gold, source, front, blocks, parts)


def matches(lines: tuple[int, int], annotated: Iterable[dict[str, Any]]) -> bool:
    """The scorer's rule for one node: the same first line, or an overlap of half."""
    for node in annotated:
        first, last = node["lines"]
        both = min(last, lines[1]) - max(first, lines[0]) + 1
        either = max(last, lines[1]) - min(first, lines[0]) + 1
        if first == lines[0] or 2 * both >= either:
            return True
    return False


def looked(skill: Skill) -> tuple[list[View], Survey]:
    """Sections with their features and all votes of the weights as they now are."""
    survey = Survey(skill.parts)
    views = look(skill.parts, Finder(skill.blocks), survey)
    vote(views, survey, every=True)
    return views, survey


def scene_cases(skills: list[Skill]) -> list[Case]:
    """Is a section a stage?"""
    out = []
    for number, skill in enumerate(skills):
        if "scenes" not in skill.gold:
            continue
        views, _ = looked(skill)
        scenes = skill.gold["scenes"]
        weight = (1.0 if scenes else SPARE) * _balance(len(views))
        for view in views:
            if not is_gate(view):
                right = matches(skill.lines(view.part.start, view.part.end), scenes)
                out.append(Case(view.features, right, weight, number))
    return out


def step_cases(skills: list[Skill]) -> list[Case]:
    """Is a block a step? Asked within stages of the annotation and sections that were taken for one."""
    out = []
    for number, skill in enumerate(skills):
        if not skill.gold.get("steps"):
            continue
        views, _ = looked(skill)
        scenes, steps = skill.gold["scenes"], skill.gold["steps"]
        asked: list[Candidate] = []
        for view in views:
            first = skill.lines(view.part.start, view.part.end)[0]
            inside = view.score >= 0 or any(s["lines"][0] <= first <= s["lines"][1] for s in scenes)
            if inside and not is_gate(view):
                asked += view.candidates
        weight = _balance(len(asked))
        out += [Case(c.features, matches(skill.lines(c.start, c.end), steps), weight, number) for c in asked]
    return out


def _balance(count: int) -> float:
    """Weight of each of a skill's decisions: a skill counts by the root of their number, so that long ones do not rule."""
    return math.sqrt(USUAL / max(1, count))


def procedure_cases(skills: list[Skill]) -> list[Case]:
    """Does a skill with stages list a procedure?"""
    out = []
    for number, skill in enumerate(skills):
        survey, finder = Survey(skill.parts), Finder(skill.blocks)
        views = look(skill.parts, finder, survey)
        vote(views, survey)
        stages = choose(views)
        seen = texture(skill.parts, skill.blocks, skill.front.fields, finder)
        if stages:
            out.append(Case({**seen, **document_features(views, stages)}, bool(skill.gold["has_procedure"]), 1.0, number))
    return out


def kind_cases(skills: list[Skill]) -> dict[str, list[Case]]:
    """Is a skill of a kind, for each kind?"""
    out: dict[str, list[Case]] = {f"kind {kind.value}": [] for kind in SkillKind}
    for number, skill in enumerate(skills):
        seen = kind_features(find_procedure(skill.parts, skill.blocks, skill.front.fields))
        for kind in SkillKind:
            out[f"kind {kind.value}"].append(Case(seen, skill.gold["kind"] == kind.value, 1.0, number))
    return out


def columns_of(cases: list[Case]) -> dict[str, list[tuple[int, float]]]:
    """Where each feature that enough skills have is present, and how strong; the bias is everywhere."""
    owners: dict[str, set[int]] = defaultdict(set)
    for case in cases:
        for name, value in case.features.items():
            if value:
                owners[name].add(case.skill)
    columns: dict[str, list[tuple[int, float]]] = {"bias": [(i, 1.0) for i in range(len(cases))]}
    for i, case in enumerate(cases):
        for name, value in case.features.items():
            if value and len(owners[name]) >= RARE:
                columns.setdefault(name, []).append((i, value))
    return dict(sorted(columns.items()))


def regress(cases: list[Case], penalty: float, rounds: int = 300) -> dict[str, int]:
    """Weights in tenths of log-odds: the maximum of the penalised likelihood, by coordinate-wise Newton steps.

    Weights that round to nothing are left out. The bias is not penalised.
    """
    columns = columns_of(cases)
    beta = dict.fromkeys(columns, 0.0)
    sums = [0.0] * len(cases)
    for _ in range(rounds):
        largest = 0.0
        for name, column in columns.items():
            move = _move(beta[name], column, cases, sums, 0.0 if name == "bias" else penalty)
            beta[name] += move
            largest = max(largest, abs(move))
            for i, value in column:
                sums[i] += move * value
        if largest < ENOUGH:
            break
    return {name: round(10 * value) for name, value in beta.items() if round(10 * value) or name == "bias"}


def _move(weight: float, column: list[tuple[int, float]], cases: list[Case], sums: list[float], penalty: float) -> float:
    """One Newton step of one weight, at most 1 long."""
    slope, curve = -penalty * weight, penalty + 1e-6
    for i, value in column:
        case = cases[i]
        p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, sums[i]))))
        slope += case.weight * value * (case.right - p)
        curve += case.weight * value * value * max(p * (1 - p), 0.02)
    return max(-1.0, min(1.0, slope / curve))


def install(question: str, table: dict[str, int]) -> None:
    """Make the votes on a question use these weights in this process."""
    here = weights(question)
    here.clear()
    here.update(table)


def fit(skills: list[Skill], questions: Sequence[str] = ("kind",)) -> dict[str, dict[str, int]]:
    """Weights for the questions; they are in force in this process afterwards. Each question sees the votes before it."""
    tables: dict[str, dict[str, int]] = {}
    for question, cases_of in (("scene", scene_cases), ("step", step_cases), ("procedure", procedure_cases)):
        if question in questions:
            tables[question] = regress(cases_of(skills), PENALTY[question])
            install(question, tables[question])
    for kind, cases in kind_cases(skills).items() if "kind" in questions else ():
        tables[kind] = regress(cases, PENALTY["kind"])
        install(kind, tables[kind])
    return tables


def outline(skill: Skill) -> dict[str, Any]:
    """What the scorer needs of the structure."""
    procedure = find_procedure(skill.parts, skill.blocks, skill.front.fields)
    scenes, steps = build(procedure.stages, skill.source.main, skill.blocks)
    kind = kind_of(kind_features(procedure))
    return {
        "kind": kind.value,
        "has_procedure": procedure.found,
        "scenes": [{"id": s.id, "type": s.type.value, "lines": skill.lines(s.start, s.end)} for s in scenes],
        "steps": [{"id": s.id, "lines": skill.lines(s.start, s.end)} for s in steps],
    }


def figures(scorer: Any, pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, float]:
    """The scorer's figures of the structure."""
    tally = scorer.Tally()
    for ours, gold in pairs:
        scorer.compare(tally, ours, gold)
    report = tally.report()
    return {name: round(report[name].get("f1", report[name].get("accuracy")) or 0.0, 3) for name in LABELLED if name in report}


def cross_validate(scorer: Any, skills: list[Skill], questions: Sequence[str] = ("kind",)) -> dict[str, float]:
    """Figures over skills that the weights had not seen."""
    unseen = []
    for number in range(FOLDS):
        fit([skill for i, skill in enumerate(skills) if i % FOLDS != number], questions)
        unseen += [(outline(skill), skill.gold) for i, skill in enumerate(skills) if i % FOLDS == number]
    return figures(scorer, unseen)


def text(tables: dict[str, dict[str, int]]) -> str:
    """The tables as `grammar/votes.txt` writes them: the bias first, then the strongest."""
    parts = []
    for question, table in tables.items():
        rows = sorted(table.items(), key=lambda row: (row[0] != "bias", -abs(row[1]), row[0]))
        parts.append("\n".join([f"[{question}]", *(f"{name} {weight}" for name, weight in rows)]))
    return "\n\n".join(parts)


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--gold", type=Path, action="append", required=True, help="folder of annotations")
    parser.add_argument("--scorer", type=Path, help="folder of the scorer (default: above the first --gold)")
    parser.add_argument("--question", action="append", choices=sorted(PENALTY))
    parser.add_argument("--print", action="store_true", help="the weights instead of figures")
    options = parser.parse_args()
    skills = load(options.texts, options.gold)
    questions = options.question or ["kind"]
    if options.print:
        print(text(fit(skills, questions)))
    else:
        print(json.dumps(cross_validate(load_scorer(options.scorer or options.gold[0].parent), skills, questions)))


if __name__ == "__main__":
    main()
