"""SKV202: loops of which no word says how often they go round, over what, or until when.

The limit may stand where a person finds it: in the step that holds the loop, in the steps inside that one, and, where it is
the title of a stage or the only step there, in the stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.diag import CODES, Diagnostic
from skvm.ir import Control, ControlKind, Program
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


def loop_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """One note for each loop without an end."""
    for control in program.controls:
        if control.kind is ControlKind.LOOP and not _limited(control) and _endless(control, program, source.main.raw):
            code = CODES["SKV202"]
            yield Diagnostic(code.number, code.severity, "this loop says neither how often nor until when", control.span)


def _limited(control: Control) -> bool:
    return bool(control.bound is not None or control.domain or control.until or control.condition)


def _endless(control: Control, program: Program, raw: bytes) -> bool:
    """Does the loop go round by its own words, and does nothing in its reach end it?"""
    start, end = _reach(control, program)
    said = raw[control.span.start : end].decode("utf-8", "replace")
    named = _NOUN.search(raw[start : control.span.start].decode("utf-8", "replace"))
    return named is None and bool(_REPEATS.match(said)) and not _LIMIT.search(raw[start:end].decode("utf-8", "replace"))


def _reach(control: Control, program: Program) -> tuple[int, int]:
    """Bytes in which the limit of a loop may stand."""
    step = program.step_by_id.get(control.owner)
    scene = program.scene_by_id.get(step.scene if step is not None else control.owner)
    if step is None:
        return (scene.span.start, scene.span.end) if scene is not None else (control.span.start, control.span.end)
    inside = {step.id}
    end = step.span.end
    for other in program.steps:
        if other.parent in inside:
            inside.add(other.id)
            end = max(end, other.span.end)
    alone = scene is not None and all(other.id in inside for other in program.steps if other.scene == scene.id)
    if scene is not None and alone:
        return min(step.span.start, scene.span.start), max(end, scene.span.end)
    return step.span.start, end
