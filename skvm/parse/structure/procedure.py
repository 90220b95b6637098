"""Which sections are stages, which blocks are steps, and is there a procedure at all. Decided by votes over features."""

from __future__ import annotations

from dataclasses import dataclass

from skvm.parse.draft import ITEM, Block, FrontField, Role
from skvm.parse.structure.features import Candidate, Finder, above
from skvm.parse.structure.looks import (
    BESIDE,
    Survey,
    View,
    document_features,
    scene_features,
    stated_steps,
    states_procedure,
    step_features,
)
from skvm.parse.structure.sections import Part, host_of, in_example
from skvm.parse.structure.texture import texture
from skvm.parse.structure.votes import total
from skvm.parse.structure.words import cue, normal

SIDE_ROLES = frozenset(
    {Role.EXAMPLES, Role.RULES, Role.PITFALLS, Role.REFERENCE, Role.TRIGGER, Role.ANTI_TRIGGER, Role.OVERVIEW}
)
"""Roles of sections that are beside the procedure."""

CLEAR_ROLES = frozenset({Role.EXAMPLES, Role.TRIGGER, Role.ANTI_TRIGGER})


def is_aside(part: Part) -> bool:
    """A subsection of a stage adds its steps unless it is clearly something else: by its whole title, or an example."""
    return not part.numbering and (part.role in CLEAR_ROLES or (part.whole and part.role in SIDE_ROLES))


@dataclass(slots=True, eq=False)
class Procedure:
    """The stages in text order with their steps; empty when there is no procedure."""

    stages: list[View]
    found: bool
    views: list[View]
    finder: Finder
    texture: dict[str, float]

    @property
    def share(self) -> float:
        """Part of the body that the stages cover."""
        body = self.views[0].part
        covered = sum(view.part.end - view.part.start for view in self.stages)
        return round(min(1.0, covered / max(1, body.end - body.start)), 2)


def find_procedure(parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...] = ()) -> Procedure:
    """Decide stages, steps and whether the skill has a procedure. `front`: fields of the front matter."""
    finder = Finder(blocks)
    survey = Survey(parts)
    views = look(parts, finder, survey)
    vote(views, survey)
    stages = choose(views)
    seen = texture(parts, blocks, front, finder)
    found = bool(stages) and lists_procedure(views, stages, seen)
    return Procedure(
        with_gates(without_restated(without_overviews(stages)), views) if found else [], found, views, finder, seen
    )


def lists_procedure(views: list[View], stages: list[View], seen: dict[str, float]) -> bool:
    """Are these stages a procedure of the skill, or recipes of a reference?"""
    return stated_steps(stages) >= STATED or total("procedure", {**seen, **document_features(views, stages)}) >= 0


def with_gates(stages: list[View], views: list[View]) -> list[View]:
    """A list of prerequisites before the last stage of a procedure is one gate: a stage with one step."""
    known = {view.part.index for view in stages}
    last = max((view.part.start for view in stages), default=0)
    for view in views:
        if view.part.index not in known and view.part.start < last and is_gate(view):
            view.steps = view.candidates[:1]
            stages = [*stages, view]
    return sorted(stages, key=lambda view: view.part.index)


def is_gate(view: View) -> bool:
    """Does the section list what must be there before?"""
    part = view.part
    return (
        part.whole
        and part.role is Role.SETUP
        and not part.numbering
        and cue("^gates").match(part.title) is not None
        and above(part) not in BESIDE
        and host_of(part) is None
        and len(view.candidates) > 1
    )


STATED = 2
"""So many steps under a heading that says "workflow" are a procedure, whatever else the file holds."""


STATED_SCORE = 10.0
"""Score that sections numbered alike right below a heading that says "workflow" have at least."""


def look(parts: list[Part], finder: Finder, survey: Survey) -> list[View]:
    """Candidates of all sections, and the features of the sections."""
    views = [View(part, finder.of_part(part)) for part in parts]
    for view in views:
        view.features = scene_features(view, survey)
    return views


def vote(views: list[View], survey: Survey, every: bool = False) -> None:
    """Scores of all sections, and of the blocks of those that are stages (of all blocks with `every`)."""
    by_part = {view.part.index: view for view in views}
    for view in views:
        view.score = total("scene", view.features)
    _series_vote(views)
    for view in views:
        host = host_of(view.part)
        stage = view if host is None else by_part[host.index]
        if stage.score < 0 and not every:
            continue
        for position, candidate in enumerate(view.candidates):
            candidate.features = step_features(candidate, view, position, survey)
            candidate.features["stage"] = round(max(-4.0, min(4.0, stage.score / 10)), 1)
            candidate.score = total("step", candidate.features)


def _series_vote(views: list[View]) -> None:
    """Sections numbered alike under one heading stand or fall together: the mean lifts those below it, roles aside."""
    series: dict[tuple[int, str], list[View]] = {}
    for view in views:
        if view.part.numbering and view.part.parent is not None:
            series.setdefault((view.part.parent.index, view.part.numbering), []).append(view)
    for members in series.values():
        mean = sum(view.score for view in members) / len(members)
        for view in members:
            if len(members) > 2 and not (view.part.whole and view.part.role in SIDE_ROLES):
                view.score = max(view.score, mean)
            if len(members) > 1 and not is_aside(view.part) and _below_stated(view.part):
                view.score = max(view.score, STATED_SCORE)


def _below_stated(part: Part) -> bool:
    return part.parent is not None and states_procedure(part.parent)


def choose(views: list[View]) -> list[View]:
    """Stages with at least one step. Subsections of a numbered stage are part of it unless they are numbered stages too."""
    stages: dict[int, View] = {}
    by_part = {view.part.index: view for view in views}
    for view in views:
        host = host_of(view.part)
        owner = by_part[host.index] if host is not None else view
        if owner.score < 0 or (owner is not view and is_aside(view.part)) or in_example(view.part):
            continue
        steps = consistent(elect(view.candidates), owner is not view)
        if steps or stands_alone(owner):
            stages[owner.part.index] = owner
            owner.steps.extend(steps)
    _fold_bold(stages, by_part)
    return [view for _, view in sorted(stages.items()) if view.steps or stands_alone(view)]


def _fold_bold(stages: dict[int, View], by_part: dict[int, View]) -> None:
    """Bold numbers that are one step each are the steps of the section they stand in, not stages.

    Items named by a type of stage stay stages, unless headings tell the flow again.
    """
    told = sum(bool(view.part.numbering) and not view.part.bold for view in stages.values()) >= TOLD
    groups: dict[int, list[View]] = {}
    for view in stages.values():
        if _is_item(view.part.heading) and not told:
            continue
        if view.part.bold and view.part.parent is not None and view.part.parent.heading is not None:
            groups.setdefault(view.part.parent.index, []).append(view)
    for index, members in groups.items():
        if len(members) < 2 or any(len(view.steps) > 1 for view in members):
            continue
        owner = stages.setdefault(index, by_part[index])
        for view in members:
            owner.steps.extend(c for c in view.candidates if c.kind == "section")
            del stages[view.part.index]


TOLD = 3
"""So many numbered headings tell a flow."""


def _is_item(block: Block | None) -> bool:
    return block is not None and block.kind is ITEM


def elect(candidates: list[Candidate]) -> list[Candidate]:
    """Candidates with enough votes; the items of one list stand or fall together, by their majority."""
    lists: dict[int, list[Candidate]] = {}
    for c in candidates:
        if c.kind in ("ordered", "task", "bullet") and c.lead.parent is not None:
            lists.setdefault(c.lead.parent, []).append(c)
    chosen = {id(c) for c in candidates if c.score >= 0}
    for items in lists.values():
        yes = sum(c.score >= 0 for c in items)
        whole = MAJORITY[items[0].kind]
        if len(items) > 1 and yes >= whole * len(items):
            chosen.update(id(c) for c in items)
            chosen.difference_update(id(c) for c in items if "aside" in c.features)
        elif len(items) > 1 and yes < 0.4 * len(items) and items[0].kind == "ordered":
            chosen.difference_update(id(c) for c in items)
    return [c for c in candidates if id(c) in chosen]


MAJORITY = {"ordered": 0.5, "task": 0.5, "bullet": 0.75}
"""Share of a list's items that must be steps by themselves for all of them to be."""


def without_overviews(stages: list[View]) -> list[View]:
    """A flow told twice is one flow: items of a list that name later stages go, what only the list says stays."""
    titles = [view.part for view in stages if view.part.numbering and not view.part.bold][:OVERVIEW_STAGES]
    if len(titles) < TOLD:
        return stages
    words_of = [(part.start, _content_words(part.title)) for part in titles]
    for view in stages:
        items = [c for c in view.steps if c.depth == 0 and (c.kind == "ordered" or _is_item(c.lead))]
        if view.part.numbering or len(items) < 3:
            continue
        later = [words for start, words in words_of if start > view.part.start]
        if len(later) < 3:
            continue
        told = [c for c in items if any(_content_words(c.lead.text[:90]) & words for words in later)]
        if len(told) >= OVERVIEW_SHARE * len(items):
            gone = {id(c) for c in told}
            view.steps = [c for c in view.steps if id(c) not in gone]
    return [view for view in stages if view.steps or stands_alone(view)]


def without_restated(stages: list[View]) -> list[View]:
    """A checklist behind the steps that mostly says again what they say is no stage."""
    told: list[set[str]] = []
    for view in stages:
        boxes = [c for c in view.steps if c.kind == "task"]
        if len(told) >= TOLD and len(boxes) > 1 and len(boxes) == len(view.steps):
            again = [c for c in boxes if _restates(_content_words(c.lead.text), told)]
            if len(again) >= OVERVIEW_SHARE * len(boxes):
                view.steps = []
                continue
        told += [words for c in view.steps[:OVERVIEW_STAGES] if (words := _content_words(c.lead.text[:160]))]
    return [view for view in stages if view.steps or stands_alone(view)]


def _restates(words: set[str], told: list[set[str]]) -> bool:
    return bool(words) and any(2 * len(words & before) >= len(words) for before in told[:OVERVIEW_STAGES])


OVERVIEW_SHARE = 0.6
OVERVIEW_STAGES = 60
STEM = 5


def _content_words(text: str) -> set[str]:
    """Stems of the longer words of a text."""
    return {word[:STEM] for word in normal(text).split() if len(word) > 3 and word not in _COMMON}


_COMMON = frozenset(
    [
        "with",
        "from",
        "into",
        "that",
        "this",
        "then",
        "your",
        "them",
        "when",
        "what",
        "each",
        "step",
        "phase",
        "stage",
        "using",
        "before",
        "after",
        "other",
        "more",
    ]
)


def stands_alone(view: View) -> bool:
    """A numbered stage is one step where nothing in it is."""
    return view.part.numbering == "step" or (view.part.numbering == "number" and "one of a series" in view.features)


def consistent(chosen: list[Candidate], below: bool = False) -> list[Candidate]:
    """Resolve rivals: a section as one step against what is inside, an introduction against the items of its list.

    `below`: the section lies in a stage; then it is one step as soon as the votes say so.
    """
    whole = next((c for c in chosen if c.kind == "section"), None)
    inner = [c for c in chosen if c.kind != "section"]
    if whole is not None:
        if below or not inner or whole.score >= max(c.score for c in inner):
            return [whole]
        chosen = inner
    out = _lists(chosen)
    kept = {id(c) for c in out}
    return [c for c in out if not (c.kind == "fence" and c.under is not None and id(c.under) in kept)]


def _lists(chosen: list[Candidate]) -> list[Candidate]:
    """An introduction and the items of its list are not both steps: the side with more votes stays."""
    by_intro: dict[int, list[Candidate]] = {}
    for c in chosen:
        if c.under is not None and c.under.kind == "intro_list" and c.depth == 0:
            by_intro.setdefault(id(c.under), []).append(c)
    dropped: set[int] = set()
    for c in chosen:
        items = by_intro.get(id(c), ())
        if c.kind == "intro_list" and items:
            if sum(x.score for x in items) / len(items) >= c.score:
                dropped.add(id(c))
            else:
                dropped.update(id(x) for x in items)
    return [c for c in chosen if id(c) not in dropped]
