"""Which sections are stages, which blocks are steps, and is there a procedure at all. Decided by votes over features."""

from __future__ import annotations

from dataclasses import dataclass, field

from skvm.parse.draft import Block, Role
from skvm.parse.structure.features import (
    CONDITION,
    CUE_LIST,
    CUE_NOT,
    PROGRAM,
    RULE_WORD,
    SEQUENCE,
    SHELL,
    TEMPLATE,
    Candidate,
    Finder,
    above,
    section_class,
    starts_with_code,
)
from skvm.parse.structure.sections import Part
from skvm.parse.structure.votes import total


@dataclass(slots=True, eq=False)
class View:
    """What is known of a section while deciding."""

    part: Part
    candidates: list[Candidate]
    features: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    steps: list[Candidate] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Procedure:
    """The stages in text order with their steps; empty when there is no procedure."""

    stages: list[View]
    found: bool
    views: list[View]


def find_procedure(parts: list[Part], blocks: list[Block]) -> Procedure:
    """Decide stages, steps and whether the skill has a procedure."""
    views = look(parts, blocks)
    for view in views:
        view.score = total("scene", view.features)
        for candidate in view.candidates:
            candidate.features["stage"] = max(-4.0, min(4.0, view.score / 10))
            candidate.score = total("step", candidate.features)
    stages = choose(views)
    found = bool(stages) and total("procedure", document_features(views, stages)) >= 0
    return Procedure(stages if found else [], found, views)


def look(parts: list[Part], blocks: list[Block]) -> list[View]:
    """Candidates and features of all sections."""
    finder = Finder(blocks)
    views = [View(part, finder.of_part(part)) for part in parts]
    series = _series(parts)
    for view in views:
        view.features = scene_features(view, series, len(parts))
        for position, candidate in enumerate(view.candidates):
            candidate.features = step_features(candidate, view, position, finder)
    return views


def _series(parts: list[Part]) -> dict[str, int]:
    """How many sections of each numbering there are, in all ("step") and among the children of a section ("3 step")."""
    table: dict[str, int] = {}
    for part in parts:
        if part.numbering and part.parent is not None:
            for key in (part.numbering, f"{part.parent.index} {part.numbering}"):
                table[key] = table.get(key, 0) + 1
    return table


def scene_features(view: View, series: dict[str, int], count: int) -> dict[str, float]:
    """Features of a section as a stage."""
    part, found = view.part, view.candidates
    out: dict[str, float] = {}
    out[f"class {section_class(part)}"] = 1.0
    out[f"above {above(part).value}"] = 1.0
    if part.numbering:
        if part.parent is not None and series[f"{part.parent.index} {part.numbering}"] > 1:
            out[f"series {part.numbering}"] = 1.0
        if part.role is not Role.OTHER:
            out[f"numbered {part.role.value}"] = 1.0
    elif series.get("step", 0) > 1:
        out["others are numbered steps"] = 1.0
    if part.children:
        out["has subsections"] = 1.0
        if any(child.numbering == "step" for child in part.children):
            out["subsections are steps"] = 1.0
    ordered = [c for c in found if c.kind == "ordered" and c.depth == 0]
    if len(ordered) > 1:
        out["ordered list"] = 1.0
        out["ordered share"] = sum(c.imperative for c in ordered) / len(ordered)
    bullets = [c for c in found if c.kind in ("bullet", "task") and c.depth == 0]
    if bullets:
        out["bullet share"] = sum(c.imperative for c in bullets) / len(bullets)
    paragraphs = [c for c in found if c.kind in ("para", "intro", "intro_list")]
    if any(c.imperative for c in paragraphs):
        out["instructing paragraph"] = 1.0
    if any(c.kind == "intro" and c.imperative for c in found):
        out["instructing fence"] = 1.0
    if any(c.kind == "fence" or c.kind == "intro" for c in found):
        out["fence"] = 1.0
    if not found:
        out["empty"] = 1.0
    return out


def step_features(candidate: Candidate, view: View, position: int, finder: Finder) -> dict[str, float]:
    """Features of a block as a step."""
    c, lead = candidate, candidate.lead
    out: dict[str, float] = {}
    kind = c.kind if not c.depth else f"nested {c.kind}"
    out[f"is {kind}"] = 1.0
    text = lead.text
    if c.imperative:
        out["instructs"] = 1.0
        out[f"instructs, {kind}"] = 1.0
    if c.siblings > 1:
        out["share"] = c.share
    if CONDITION.match(text):
        out["condition"] = 1.0
    if RULE_WORD.match(text):
        out["rule word"] = 1.0
    if SEQUENCE.match(text):
        out["sequence word"] = 1.0
    if text.rstrip().endswith("?"):
        out["question"] = 1.0
    if lead.bold:
        out["bold lead"] = 1.0
    if starts_with_code(lead):
        out["code lead"] = 1.0
    if position == 0:
        out["first"] = 1.0
    words = len(text.split())
    if words < 4:
        out["short"] = 1.0
    if words > 60:
        out["long"] = 1.0
    out[f"{kind} in {section_class(view.part)}"] = 1.0
    _fence_features(c, lead, out)
    _list_features(c, out)
    if c.under is not None:
        out["under"] = 1.0
        if c.under.imperative:
            out["under instruction"] = 1.0
    return out


def _fence_features(c: Candidate, lead: Block, out: dict[str, float]) -> None:
    if c.kind == "fence":
        language = lead.language.split()[0].lower() if lead.language else ""
        group = (
            "shell"
            if language in SHELL
            else "program"
            if language in PROGRAM
            else "template"
            if language in TEMPLATE
            else "plain"
        )
        out[f"fence {group}"] = 1.0


def _list_features(c: Candidate, out: dict[str, float]) -> None:
    text = c.intro.text if c.intro is not None else c.lead.text if c.kind == "intro_list" else ""
    if text:
        tail = text[-120:]
        if CUE_NOT.search(tail):
            out["list of properties" if c.kind != "intro_list" else "introduces properties"] = 1.0
        if CUE_LIST.search(tail):
            out["list of actions" if c.kind != "intro_list" else "introduces actions"] = 1.0


def choose(views: list[View]) -> list[View]:
    """Stages with at least one step. Subsections of a numbered stage are part of it unless they are numbered stages too."""
    stages: dict[int, View] = {}
    by_part = {view.part.index: view for view in views}
    for view in views:
        host = _host(view.part)
        owner = by_part[host.index] if host is not None else view
        if owner.score < 0 or (host is not None and owner is not view and view.score < SUBSECTION_FLOOR):
            continue
        steps = _consistent([c for c in view.candidates if c.score >= 0])
        if owner.steps or steps or _stands_alone(owner):
            stages[owner.part.index] = owner
            owner.steps.extend(steps)
    return [view for _, view in sorted(stages.items()) if view.steps or _stands_alone(view)]


SUBSECTION_FLOOR = -30.0
"""A subsection of a stage adds its steps unless it is clearly something else (examples, rules, ...)."""


def _host(part: Part) -> Part | None:
    """The numbered stage that a section without such a number lies in."""
    if part.numbering == "step" and not part.bold:
        return None
    here = part.parent
    while here is not None:
        if here.numbering == "step":
            return here
        here = here.parent
    return None


def _stands_alone(view: View) -> bool:
    """A numbered stage is one step where nothing in it is."""
    return view.part.numbering == "step" or (view.part.numbering == "number" and view.part.bold)


def _consistent(chosen: list[Candidate]) -> list[Candidate]:
    """A paragraph that introduces a list is not a step of its own when the list's items are."""
    owners = {id(c.under) for c in chosen if c.under is not None and c.under.kind == "intro_list" and c.depth == 0}
    out = [c for c in chosen if not (c.kind == "intro_list" and id(c) in owners)]
    kept = {id(c) for c in out}
    return [c for c in out if not (c.kind == "fence" and c.under is not None and id(c.under) in kept)]


def document_features(views: list[View], stages: list[View]) -> dict[str, float]:
    """Features of the whole skill as a procedure."""
    steps = sum(len(view.steps) for view in stages)
    best = max((view.score for view in stages), default=-40.0)
    out: dict[str, float] = {
        "best stage": max(-4.0, min(6.0, best / 10)),
        "few steps": 1.0 if steps < 3 else 0.0,
        "many steps": 1.0 if steps > 6 else 0.0,
    }
    if any(view.part.numbering == "step" for view in stages):
        out["step headings"] = 1.0
    del views
    return out
