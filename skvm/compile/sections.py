"""Sections that tell other ways to do one job, and sections that say what to do when something fails.

Several complete flows under headings such as "Quick mode" and "Full mode" exclude each other: one is followed. A section of
failure handlers is not part of the flow: each handler hangs off the step that can fail. Both are read off headings and
controls, never guessed from likeness of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from skvm.ir import Control, ControlKind, LeafKind, Program, Step
from skvm.source import SkillSource, Span

_WAY = r"mode|flow|workflow|variant|option|approach|alternative|scenario|track|path|route|playbook|recipe"
_LAST = re.compile(rf"\b({_WAY})\s*(?:[(:\u2014\u2013-].*)?$", re.IGNORECASE)
_FIRST = re.compile(rf"\s*({_WAY}|method|way)\s+(?:[A-Z]|\d+|[IVX]+)\b", re.IGNORECASE)
_WAYS = re.compile(
    r"\b(?:modes|flows|workflows|variants|options|approaches|alternatives|scenarios|types|playbooks|recipes|use cases)"
    r"\s*(?:$|[(:]| and\b)",
    re.IGNORECASE,
)
"""Headings under which each section is a way of its own."""
_COMPLETE = frozenset({"mode", "flow", "workflow", "variant", "alternative"})
"""Words that name a way to do the whole job, also beside a numbered main flow."""
_STAGE = re.compile(
    r"\W*(?:(?:step|phase|stage|part)\s+(?:\d+\w?|[A-Z]|[IVX]+)\b|\d+\w?(?:\.\d+)*\s*[.):\u2014\u2013-])", re.IGNORECASE
)
"""Numbered headings: they follow each other, whatever else their titles say."""
_IN_TURN = re.compile(r"\b(?:diagnos\w*|resol\w*|set-?up|install\w*|clean-?up|verif\w*|pre|post|adopt\w*)\b", re.IGNORECASE)
"""Titles of ways that come one after the other all the same."""
_ERRORS = re.compile(
    r"\b(?:errors?|fail\w*|recover\w*|troubleshoot\w*|fallbacks?|missing|problems?|exceptions?|"
    r"edge cases?|unavailable|goes wrong)\b",
    re.IGNORECASE,
)
"""Titles of sections for when something fails."""
_CASE = re.compile(
    r"[\s>#*+_-]*(?:\d+[.)]\s*)?[\s*_-]*(?:(?:if|when|no|missing|on|in case)\b|"
    r"[^*\n]{2,60}(?::\*\*|\*\*\s*[:\u2014\u2013\u2192-]))",
    re.IGNORECASE,
)
"""A handler that opens with its own case, in words or as a bold label."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}")
_COMMON = re.compile(
    r"the|and|for|with|not|are|was|has|have|its|any|all|this|that|from|you|your|can|cannot|could|does|did"
    r"|isn|aren|don|only|then|when|unless|error|errors|fail|fails|failed|failure|failing|missing"
    r"|unavailable|connected|found|available|required|none|step|steps|user|use|using|used|note|return"
    r"|report|returns|exists|exist|still|show|ask|tell|skill"
)
"""Words that say nothing about which step a case belongs to."""
STEM = 5
"""Letters by which two words are taken for one ("verify", "verification")."""


@dataclass(frozen=True)
class Heading:
    """A heading with the bytes of its section; `parent` is the index of the heading around it."""

    level: int
    title: str
    span: Span
    end: int
    parent: int | None


@dataclass(frozen=True)
class Way:
    """One of several ways: its heading (empty for the main flow, taken when no other is asked for) and its steps."""

    title: str
    span: Span
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Sections:
    """Reads the sections of one program."""

    program: Program
    source: SkillSource

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """All ATX headings of the main file, in text order."""
        rows: list[tuple[int, str, Span]] = []
        for leaf in self.program.leaves:
            if leaf.kind is LeafKind.HEADING:
                text = self.source.main.slice(leaf.span)
                marks = len(text) - len(text.lstrip("#"))
                if marks:
                    rows.append((marks, text.strip("# \t\r\n"), leaf.span))
        ends = [len(self.source.main.raw)] * len(rows)
        parents: list[int | None] = []
        around: list[int] = []
        for at, (level, _, span) in enumerate(rows):
            while around and rows[around[-1]][0] >= level:
                ends[around.pop()] = span.start
            parents.append(around[-1] if around else None)
            around.append(at)
        return tuple(Heading(*row, end, parent) for row, end, parent in zip(rows, ends, parents, strict=True))

    def _steps(self, first: int, end: int) -> tuple[str, ...]:
        steps = self.program.steps
        return tuple(s.id for s in steps[bisect_left(self._starts, first) : bisect_left(self._starts, end)])

    @cached_property
    def _starts(self) -> list[int]:
        return [s.span.start for s in self.program.steps]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {s.id: i for i, s in enumerate(self.program.steps)}

    @cached_property
    def ways(self) -> tuple[tuple[Way, ...], ...]:
        """Groups of ways that exclude each other; the steps of a group are one run of the text without strangers between."""
        if not self.program.skill.has_procedure or len(self.program.scenes) < 2:
            return ()
        siblings: dict[tuple[int | None, int], list[Heading]] = {}
        for heading in self.headings:
            siblings.setdefault((heading.parent, heading.level), []).append(heading)
        found: list[tuple[Way, ...]] = []
        taken: set[str] = set()
        for (parent, _), members in siblings.items():
            group = self._group(self._over(parent), members)
            named = [step for way in group for step in way.steps]
            if len(group) > 1 and self._one_run(named) and not taken & set(named):
                found.append(group)
                taken |= set(named)
        return tuple(found)

    def _over(self, parent: int | None) -> str:
        """Title over a group of siblings; the title of the whole document says nothing about its sections."""
        return "" if parent is None or self.headings[parent].level == 1 else self.headings[parent].title

    def _group(self, around: str, members: list[Heading]) -> tuple[Way, ...]:
        rows = [(h, self._steps(h.span.start, h.end)) for h in members]
        rows = [(h, steps) for h, steps in rows if steps]
        if any(_IN_TURN.search(h.title) for h, _ in rows if _way_word(h.title)):
            return ()
        if _WAYS.search(around) and not any(_STAGE.match(h.title) for h, _ in rows):
            return tuple(Way(h.title, h.span, steps) for h, steps in rows)
        words = [(_way_word(h.title), h, steps) for h, steps in rows]
        counts: dict[str, int] = {}
        for word, _, _ in words:
            counts[word] = counts.get(word, 0) + 1
        best = max((w for w in counts if w), key=lambda w: counts[w], default="")
        ways = tuple(Way(h.title, h.span, steps) for word, h, steps in words if word == best and best)
        return (*self._main_flow(words, best), *ways) if ways else ()

    def _main_flow(self, words: list[tuple[str, Heading, tuple[str, ...]]], best: str) -> tuple[Way, ...]:
        """The numbered stages before the first of the ways: they are the flow to which the others are alternatives."""
        first = next(i for i, row in enumerate(words) if row[0] == best)
        stages = [i for i in range(first) if _STAGE.match(words[i][1].title)]
        if best not in _COMPLETE or len(stages) < 2:
            return ()
        steps = tuple(step for row in words[stages[0] : first] for step in row[2])
        return (Way("", words[stages[0]][1].span, steps),)

    def _one_run(self, steps: list[str]) -> bool:
        places = [self._index[s] for s in steps]
        return places == list(range(places[0], places[0] + len(places)))

    @cached_property
    def way_of(self) -> dict[str, tuple[Control, int]]:
        """Step to (the control that stands for the choice, which way it lies in)."""
        return {
            step: (self.choices[g][0], arm)
            for g, group in enumerate(self.ways)
            for arm, way in enumerate(group)
            for step in way.steps
        }

    @cached_property
    def choices(self) -> tuple[tuple[Control, ...], ...]:
        """The groups as branch controls, one per way; the condition is the heading."""
        out = []
        for g, group in enumerate(self.ways):
            name = f"{group[0].steps[0]}.ways"
            out.append(
                tuple(
                    Control(
                        id=f"{name}.{arm}",
                        kind=ControlKind.BRANCH,
                        owner=group[0].steps[0],
                        span=way.span,
                        condition=way.title or None,
                        group=f"ways{g}",
                        arm=arm,
                    )
                    for arm, way in enumerate(group)
                )
            )
        return tuple(out)

    @cached_property
    def handlers(self) -> dict[str, str | None]:
        """Steps of sections that only say what to do when something fails, each with the step it is for (None: not known)."""
        by_scene: dict[str, list[Step]] = {}
        for step in self.program.steps:
            by_scene.setdefault(step.scene, []).append(step)
        aside = [steps for scene, steps in by_scene.items() if self._is_aside(scene, steps)]
        inside = {s.id for steps in aside for s in steps}
        if len(inside) == len(self.program.steps):
            return {}
        flow = [s for s in self.program.steps if s.id not in inside]
        return {step: target for steps in aside for step, target in self._targets(steps, flow)}

    def _targets(self, steps: list[Step], flow: list[Step]) -> Iterator[tuple[str, str | None]]:
        """Each handler with what it is for. One that names its case without a word of the flow goes with the handler before it,
        or with the step told before its section: handlers are told in the order of the flow."""
        told = [s.id for s in flow if self._index[s.id] < self._index[steps[0].id]]
        last = told[-1] if told else None
        for step in steps:
            found = self._fails(step, flow)
            if found is not None:
                last = self._after_fallbacks(found)
            yield step.id, last if found is not None or self._loose(step) else None

    def _after_fallbacks(self, step: str) -> str:
        """The last of the fallbacks that stand right behind a step: only when they fail too is there a failure to handle."""
        scene = self.program.step_by_id[step].scene
        inside = [s.id for s in self.program.steps if s.scene == scene]
        for following in inside[inside.index(step) + 1 :]:
            if not self._has(following, ControlKind.RECOVER):
                break
            step = following
        return step

    @cached_property
    def loose_handlers(self) -> frozenset[str]:
        """Handlers that each name their own case, so that there is no order among them."""
        return frozenset(s for s in self.handlers if self._loose(self.program.step_by_id[s]))

    def _loose(self, step: Step) -> bool:
        return self._has(step.id, ControlKind.BRANCH) and _CASE.match(step.text) is not None

    def _is_aside(self, scene: str, steps: list[Step]) -> bool:
        node = self.program.scene_by_id.get(scene)
        if node is None or not _ERRORS.search(node.title) or not all(self._has(s.id, ControlKind.RECOVER) for s in steps):
            return False
        return node.number is None or all(self._loose(s) for s in steps)

    def _has(self, step: str, kind: ControlKind) -> bool:
        return any(c.kind is kind for c in self.program.controls_of(step))

    def _fails(self, handler: Step, flow: list[Step]) -> str | None:
        """The step of the flow that shares most words with the case of a handler; the first of several, None without any."""
        at = {s.id for s in flow}
        for control in self.program.controls_of(handler.id):
            if control.kind is ControlKind.RECOVER and control.target in at:
                return control.target
        if not self._loose(handler):
            return None
        case = stems(re.split(r"[:,.;]|\u2192|->", handler.title, maxsplit=1)[0])
        best, most = None, (0, 0)
        for step in flow:
            title, text = self._stems[step.id]
            score = (len(case & title), len(case & text))
            if score > most:
                best, most = step.id, score
        return best

    @cached_property
    def _stems(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        """Stems of each step's title, and of the beginning of its text with its stage."""
        scenes = {s.id: s.title for s in self.program.scenes}
        return {s.id: (stems(s.title), stems(f"{s.text[:200]} {scenes.get(s.scene, '')}")) for s in self.program.steps}


def _way_word(title: str) -> str:
    if _STAGE.match(title):
        return ""
    found = _FIRST.match(title) or _LAST.search(title)
    return found[1].lower() if found is not None else ""


def stems(text: str) -> frozenset[str]:
    """Content words of a text, lower case, cut to their first letters."""
    return frozenset(w.lower()[:STEM] for w in _WORD.findall(text) if not _COMMON.fullmatch(w.lower()))
