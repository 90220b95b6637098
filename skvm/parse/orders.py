"""What steps say about their own order: one that stands against the text, a circle, a step that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from skvm.diag import CODES, Diagnostic
from skvm.ir import Program, Step
from skvm.parse.guards import Guarded
from skvm.parse.logic.numbers import Numbers
from skvm.source import Span

_NAME = r"((?:step|phase|stage) \d+[a-z]?)\b(?!\s+of\b|[.-]\d)"
_LEADING = re.compile(
    rf"(?a)\A[\W\d]*(?:only )?(after|before)\s+(?:completing |finishing |running |starting )?{_NAME}", re.IGNORECASE
)
_ITSELF = re.compile(rf"(?a)\b(?:do|run|start) (?:this|it)(?: step)?\s+(?:only )?(after|before)\s+{_NAME}", re.IGNORECASE)
_WAITS = re.compile(
    rf"(?a)\b(?:after|once|until|waits? for|as soon as)\s+{_NAME}\s+(?:(?:is|are|has|have|was|were|been)\s+)*"
    r"(?:done|complete[sd]?|finish(?:es|ed)?|over|ready|passe[sd]|succeed(?:s|ed))\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(rf"(?a)\b(?:depends on|waits for|must follow|comes after)\s+{_NAME}", re.IGNORECASE)
_USES = re.compile(
    r"(?a)\b(?:results?|outputs?|findings?|values?|list|report|draft|data|files?)\s+(?:of|from|in)\s+"
    r"(step \d+[a-z]?)\b(?!\s+of\b|[.-]\d)",
    re.IGNORECASE,
)
_ANY_NAME = Guarded(r"(?:step|phase|stage) \d")
"""Without one of these a step says nothing about its order."""

_UNSURE = re.compile(r"\b(?:if|unless|again|back|repeat\w*|return|redo|re-?run|skip\w*|not|never)\b", re.IGNORECASE)
"""Words of a sentence that speak of something else than when its step runs."""
_FENCE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


class _Wait(NamedTuple):
    """A step says that it stands behind (`after`) or before what it names; `other` is None where there is no such thing."""

    step: Step
    word: str
    name: str
    other: str | None
    span: Span | None


def order_notes(program: Program) -> Iterator[Diagnostic]:
    """SKV210 where a step says that it runs before or behind a step and stands on the other side of it, SKV501 where what the
    steps say makes a circle, SKV211 for a step that does not exist."""
    waits = list(_waits(program))
    circles = _circles(waits)
    for wait in waits:
        if wait.word == "uses":
            if wait.other is None:
                yield _note(f"{wait.step.id} uses what {wait.name} made, and there is no such step", wait.step, "SKV211")
        elif wait.other is None or wait.span is None:
            yield _note(f"{wait.step.id} stands {wait.word} {wait.name}, and there is no such step", wait.step, "SKV211")
        elif _against(wait.step, wait.span, wait.word):
            place = "before" if wait.word == "after" else "behind"
            if (wait.step.id, wait.other) in circles:
                text = (
                    f"{wait.step.id} says {wait.word} {wait.name}, and what they say is a circle: the order of the text holds"
                )
                yield _note(text, wait.step, "SKV501")
            else:
                yield _note(f"{wait.step.id} says {wait.word} {wait.name}, but stands {place} it", wait.step, "SKV210")


def _note(message: str, step: Step, number: str) -> Diagnostic:
    code = CODES[number]
    return Diagnostic(code.number, code.severity, message, step.span)


def _waits(program: Program) -> Iterator[_Wait]:
    numbers: Numbers | None = None
    for step in program.steps:
        for word, name in dict.fromkeys(_said(step.text)):
            numbers = numbers or Numbers(program.scenes, program.steps)
            found = numbers.find(step.scene, name)
            node = program.step_by_id.get(found or "") or program.scene_by_id.get(found or "")
            if found != step.id:
                yield _Wait(step, word, name, found, node.span if node is not None else None)


def _said(text: str) -> Iterator[tuple[str, str]]:
    """(word, name of a step or stage) of all that a step says about its order; `uses` for a result it takes."""
    if not _ANY_NAME.search(text):
        return
    prose = _FENCE.sub(" ", text)
    used = _USES.search(prose)
    if used is not None:
        yield "uses", used[1]
    leading = _LEADING.match(text)
    if leading is not None:
        yield leading[1].lower(), leading[2]
    for sentence in _SENTENCE.split(prose):
        if not _UNSURE.search(sentence):
            yield from ((m[1].lower(), m[2]) for m in _ITSELF.finditer(sentence))
            yield from (("after", m[1]) for pattern in (_WAITS, _DEPENDS) for m in pattern.finditer(sentence))


def _against(step: Step, other: Span, word: str) -> bool:
    return other.start >= step.span.end if word == "after" else other.end <= step.span.start


def _circles(waits: Sequence[_Wait]) -> frozenset[tuple[str, str]]:
    """Pairs (step, what it names) that lie on a circle of what is said."""
    after: dict[str, set[str]] = {}
    for wait in waits:
        if wait.other is not None and wait.word != "uses":
            first, second = (wait.other, wait.step.id) if wait.word == "after" else (wait.step.id, wait.other)
            after.setdefault(first, set()).add(second)
    pairs = ((w.step.id, w.other) for w in waits if w.other is not None)
    return frozenset((a, b) for a, b in pairs if _reaches(after, a, b) and _reaches(after, b, a))


def _reaches(after: dict[str, set[str]], start: str, end: str) -> bool:
    seen, stack = {start}, [start]
    while stack:
        for node in after.get(stack.pop(), ()):
            if node == end:
                return True
            if node not in seen:
                seen.add(node)
                stack.append(node)
    return False
