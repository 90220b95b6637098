"""SKV202: loops of which no word says how often they go round, over what, or until when.

The limit may stand where a person finds it: in the step that holds the loop, in the steps inside that one, and, where it is
the title of a stage or the only step there, in the stage.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from skvm.diag import CODES, Diagnostic
from skvm.ir import Control, ControlKind, Program, Step
from skvm.source import SkillSource

_REPEATS = re.compile(
    r"(?a)\W*(?:iterate|loop|keep|"
    r"repeat(?!\s+(?!the\b|this\b|these\b|from\b|with\b|and\b|on\b|as\b|steps?\b|phases?\b)[a-z]))\b",
    re.IGNORECASE,
)
"""Words of going round. One more run of something is none ("re-run the audit"), nor is the name of a thing ("repeat masking");
a poll ends with what it asks for.
"""

_NOUN = re.compile(r"(?a)(?:\(|\b(?:an?|the|this|each))\W*\Z", re.IGNORECASE)
"""Before a word of going round: it is a name, or an aside in brackets."""

_LIMIT = re.compile(
    r"(?a)\b(?:until|till|unless|if|when(?:ever)?|once|while|as long as|stop\w*|max\w*|at most|up to|no more than|at least|"
    r"times?|limit\w*|time-?out\w*|rounds?|cycles?|attempts?|each|every|all|per|remaining|(?:for|to) completion|completed?|"
    r"completes|finish(?:es|ed)?|done|pass(?:es|ed)?|satisf\w+|approv\w+|confirm\w*|budget|[a-z]+-by-[a-z]+|"
    r"daily|weekly|monthly|hourly|requests?|asks?)\b",
    re.IGNORECASE,
)


_NEAR = 4_000
"""Bytes before and behind a loop in which its limit is looked for: nested loops would else read all the text each."""


def loop_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """One note for each loop without an end."""
    loops = [c for c in program.controls if c.kind is ControlKind.LOOP and not _limited(c)]
    reach = _Reach(program) if loops else None
    for control in loops:
        if reach is not None and _endless(control, reach, source.main.raw):
            code = CODES["SKV202"]
            yield Diagnostic(code.number, code.severity, "this loop says neither how often nor until when", control.span)


def _limited(control: Control) -> bool:
    return bool(control.bound is not None or control.domain or control.until or control.condition)


def _endless(control: Control, reach: _Reach, raw: bytes) -> bool:
    """Does the loop go round by its own words, and does nothing in its reach end it?"""
    at = control.span
    start, end = reach.of(control)
    start, end = max(start, at.start - _NEAR), min(end, at.end + _NEAR)
    named = _NOUN.search(raw[start : at.start].decode("utf-8", "replace"))
    goes_round = named is None and _REPEATS.match(raw[at.start : end].decode("utf-8", "replace"))
    return bool(goes_round) and not _LIMIT.search(raw[start:end].decode("utf-8", "replace"))


class _Reach:
    """Bytes in which the limit of a loop may stand."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.at = {step.id: n for n, step in enumerate(program.steps)}
        self.in_scene = Counter(step.scene for step in program.steps)

    def of(self, control: Control) -> tuple[int, int]:
        """The step that holds it with those inside, the stage of a step that is the only one there, or the stage itself."""
        step = self.program.step_by_id.get(control.owner)
        scene = self.program.scene_by_id.get(step.scene if step is not None else control.owner)
        if step is None:
            return (scene.span.start, scene.span.end) if scene is not None else (control.span.start, control.span.end)
        inside, end = self._inside(step)
        if scene is not None and inside == self.in_scene[scene.id]:
            return min(step.span.start, scene.span.start), max(end, scene.span.end)
        return step.span.start, end

    def _inside(self, step: Step) -> tuple[int, int]:
        """How many steps a step and those inside it are, and where they end, as far as that is near."""
        inside, end = {step.id}, step.span.end
        for other in self._behind(step):
            if other.parent not in inside or other.span.start > step.span.start + _NEAR:
                break
            inside.add(other.id)
            end = max(end, other.span.end)
        return len(inside), end

    def _behind(self, step: Step) -> Iterator[Step]:
        for n in range(self.at[step.id] + 1, len(self.program.steps)):
            yield self.program.steps[n]
