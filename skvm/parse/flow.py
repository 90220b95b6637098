"""The flow of control of a program's steps as far as its words leave no choice: circles without a way out, dead steps.

Only a jump or an end that stands in a sentence of its own, in a step without any condition, counts as certain. Everything else
may go either way, and nothing is said about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice, pairwise

from skvm.diag import CODES, Diagnostic
from skvm.ir import Control, ControlKind, Program, Step
from skvm.source import SkillSource

_OPEN = re.compile(
    r"(?a)\b(?:if|when(?:ever)?|unless|otherwise|until|once|while|or|may|can|could|should|optional\w*|fail\w*|errors?|except|either|"
    r"depending|cases?|any|issues?|else|needed|necessary|per|each|every|retry|missing|wait|ask|approv\w*|done|complete|again|"
    r"stop\w*|exit\w*|interrupt\w*|limit\w*|times)\b|\?",
    re.IGNORECASE,
)
"""Words with which a step leaves a way open."""

_BEFORE = re.compile(r"(?a)(?:\A[\W\d]*|[.!]\W+)(?:(?:and )?(?:then|now|next|finally),?\s+)?\Z", re.IGNORECASE)
_BEHIND = re.compile(r"(?a)\W*(?:and (?:repeat|continue from there|start over)\W*)?\Z")
_ENDS = re.compile(
    r"(?a)(?:\A[\W\d]*|[.!]\W+)(?:then,? )?(?:stop here|(?:end|exit|stop|terminate|quit) (?:the|this) "
    r"(?:run|turn|workflow|procedure|task|session|skill|process)|the (?:run|workflow|procedure|skill) ends here)(?: now)?"
    r"(?:(?:,? and) (?:report|tell|return|show|print|state|say)\b[^.!?]*)?\W*\Z",
    re.IGNORECASE,
)
_CONDITIONAL = frozenset({ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.RECOVER, ControlKind.GATE, ControlKind.LOOP})
_MAX_STEPS = 2000
"""A longer procedure is generated; its circles are not looked for."""

_MAX_NOTES = 20
"""More of one kind in one skill say nothing new."""


def flow_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """SKV205 for circles of steps without a way out, SKV209 for steps that nothing leads to."""
    kinds = {c.kind for c in program.controls}
    if len(program.steps) <= _MAX_STEPS and kinds & {ControlKind.JUMP, ControlKind.TERMINATE}:
        flow = _Flow(program, source)
        yield from islice(flow.circles(), _MAX_NOTES)
        yield from islice(flow.dead(), _MAX_NOTES)


class _Flow:
    """Positions of steps and the jumps and ends that are certain."""

    def __init__(self, program: Program, source: SkillSource) -> None:
        self.program = program
        self.raw = source.main.raw
        self.at = {step.id: n for n, step in enumerate(program.steps)}
        for n in range(len(program.steps) - 1, -1, -1):
            for scene in self._scenes(program.steps[n].scene):
                self.at[scene] = n
        jumps = [c for c in program.controls if c.kind is ControlKind.JUMP]
        self.unclear = any(c.target not in self.at for c in jumps)
        self.targets = {self.at[c.target] for c in jumps if c.target in self.at}
        certain = [(self.at[c.owner], c) for c in jumps if c.owner in self.at and c.target in self.at and self._certain(c)]
        self.jumps: dict[int, Control] = dict(certain)

    def _scenes(self, scene: str) -> Iterator[str]:
        """A scene and those it is part of."""
        node = self.program.scene_by_id.get(scene)
        while node is not None:
            yield node.id
            node = self.program.scene_by_id.get(node.parent or "")

    def _certain(self, control: Control) -> bool:
        """Is the jump a sentence of its own in a step without conditions?"""
        step = self.program.step_by_id[control.owner]
        if not self._closed(step) or (control.bound, control.until, control.condition) != (None, None, None):
            return False
        before = self.raw[step.span.start : control.span.start].decode("utf-8", "replace")
        behind = self.raw[control.span.end : step.span.end].decode("utf-8", "replace")
        return bool(_BEFORE.search(before) and _BEHIND.fullmatch(behind))

    def _closed(self, step: Step) -> bool:
        """Does the step leave no way open?"""
        kinds = {c.kind for c in self.program.controls_of(step.id)}
        return not kinds & _CONDITIONAL and not _OPEN.search(step.text)

    @cached_property
    def _plain(self) -> tuple[bool, ...]:
        """By position: does the step do nothing but lead to the next one?"""
        leaves = {ControlKind.JUMP, ControlKind.TERMINATE}
        steps = self.program.steps
        return tuple(self._closed(s) and not leaves & {c.kind for c in self.program.controls_of(s.id)} for s in steps)

    def _target(self, jump: Control) -> int:
        return self.at[jump.target or ""]

    def circles(self) -> Iterator[Diagnostic]:
        """Each circle once, at its first jump."""
        seen: set[frozenset[int]] = set()
        for at, jump in sorted(self.jumps.items()):
            way = self._way(self._target(jump), at) if self._target(jump) <= at else None
            if way is None or frozenset(way) in seen:
                continue
            seen.add(frozenset(way))
            first = min(n for n in way if n in self.jumps)
            names = [self.program.steps[n].id for n in sorted(way)]
            shown = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
            verb = "leads to itself" if len(names) == 1 else "lead to each other in a circle"
            span = self.jumps[first].span
            code = CODES["SKV205"]
            yield Diagnostic(code.number, code.severity, f"{shown} {verb}, and no word says when to leave it", span)

    def _way(self, at: int, goal: int) -> list[int] | None:
        """Positions from `at` to `goal` where every step leads on for certain; None where one may leave."""
        way: dict[int, None] = {}
        while at != goal:
            if at in way or at >= len(self.program.steps):
                return None
            way[at] = None
            if at in self.jumps:
                at = self._target(self.jumps[at])
            elif self._plain[at]:
                at += 1
            else:
                return None
        return [*way, goal]

    def dead(self) -> Iterator[Diagnostic]:
        """Steps right behind a certain jump or end, in the same list, that no jump and no word leads to."""
        if self.unclear:
            return
        steps = self.program.steps
        for at, (step, following) in enumerate(pairwise(steps)):
            left = at in self.jumps and self._target(self.jumps[at]) != at + 1
            if not left and not self._ends(step):
                continue
            siblings = step.scene == following.scene and step.parent == following.parent
            if siblings and at + 1 not in self.targets and self._closed(following) and not self._named(following):
                code = CODES["SKV209"]
                how = "leads elsewhere" if left else "ends the run"
                message = f"{following.id} is never reached: {step.id} before it always {how}, and nothing else leads to it"
                yield Diagnostic(code.number, code.severity, message, following.span)

    def _ends(self, step: Step) -> bool:
        """Does the step end the run whatever happens?"""
        controls = self.program.controls_of(step.id)
        if {c.kind for c in controls} != {ControlKind.TERMINATE}:
            return False
        match = _ENDS.search(step.text)
        return match is not None and not _OPEN.search(step.text[: match.start()])

    def _named(self, step: Step) -> bool:
        """Does any other place name the step by its number?"""
        if not step.number:
            return False
        text = self.raw[: step.span.start] + b"\0" + self.raw[step.span.end :]
        pattern = rf"(?ai)\b(?:steps?|phases?|stages?)\s+(?:\d+\s*(?:,|-|and|or|to)\s*)*{re.escape(step.number)}\b"
        return re.search(pattern.encode(), text) is not None
