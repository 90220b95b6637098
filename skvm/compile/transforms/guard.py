"""What an edit of a step would lose. An edit that loses anything is not made: it is refused, not warned of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.ir import Program
from skvm.plan import Command, ExecutorKind, StepNode
from skvm.source import SkillSource

_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FENCE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\1[ \t]*$")
_MINE = frozenset({"executor", "command", "slice", "requires", "checks", "attempts", "env", "estimate"})
"""Fields of a step that an edit may change; what of them must stay is looked at one by one."""


def losses(program: Program, source: SkillSource, before: StepNode, after: StepNode) -> Iterator[str]:
    """What the second step lacks of the first, in words; nothing when the edit may be made."""
    for name in StepNode.model_fields:
        if name not in _MINE and getattr(before, name) != getattr(after, name):
            yield f"the {name} of the step"
    if before.slice != after.slice.model_copy(update={"added": before.slice.added}):
        yield "words of the author"
    yield from (f"the check {check.value!r}" for check in before.checks if check not in after.checks)
    yield from _demands(before, after)
    yield from _invented(source, after)
    if after.executor.kind is not before.executor.kind:
        yield from _contract(program, before, after)


def _demands(before: StepNode, after: StepNode) -> Iterator[str]:
    """An edit may ask less of a primitive; it may not drop one or ask more."""
    left = {need.primitive: need.level for need in after.requires}
    for need in before.requires:
        if need.primitive not in left:
            yield f"the requirement {need.primitive}"
        elif left[need.primitive].rank > need.level.rank:
            yield f"the level of {need.primitive}"


def _invented(source: SkillSource, after: StepNode) -> Iterator[str]:
    """Code in the help must be the author's."""
    codes = [code for part in after.slice.added for code in _CODE.findall(part.text)]
    text = " ".join(source.main.text.split()) if codes else ""
    for code in codes:
        if " ".join(code.split()) not in text:
            yield f"the author's own code: {code!r} is not in the skill"


def _contract(program: Program, before: StepNode, after: StepNode) -> Iterator[str]:
    """Somebody else does the step: its rules, its code and what it leaves behind must be kept without the model."""
    yield from (f"the rule {rule.text[:40]!r}" for rule in program.constraints if before.span.contains(rule.span))
    kept = _kept(after.command)
    if after.executor.kind is ExecutorKind.NOTHING:
        yield from (f"the output {output.name}" for output in before.outputs)
        yield from (f"the file {place}" for place in before.effects.writes)
        return
    if after.command is None:
        yield "what is to be run"
    places = {*before.effects.reads, *before.effects.writes}
    for output in before.outputs:
        if output.path is None or (output.path not in kept and output.path not in before.effects.writes):
            yield f"the output {output.name}"
    for code in _codes(before.slice.text):
        if code not in kept and code not in places and code.removeprefix("./") not in places:
            yield f"the code {code[:40]!r}"


def _kept(command: Command | None) -> str:
    return " ".join(command.text.split()) if command is not None else ""


def _codes(text: str) -> Iterator[str]:
    """Inline code, and the lines of fences, with single blanks; comments and prompts of a shell are no code."""
    for _, body in _FENCE.findall(text):
        for line in body.replace("\\\n", " ").splitlines():
            words = " ".join(re.sub(r"^\s*\$\s+", "", line).split())
            if words and not words.startswith("#"):
                yield words
    yield from (" ".join(code.split()) for code in _CODE.findall(_FENCE.sub("", text)))
