"""Requirement rules: one function per primitive, over evidence that is collected once.

Comes in: a program with its source. Goes out: which primitive at which level, for which step, shown by which spans.
Must never: judge by a general impression; every level is decided by something counted or matched.
"""

from __future__ import annotations

from collections.abc import Callable

from skvm.capability import Requirement
from skvm.compile.rules import generation, instructions, reasoning, tools
from skvm.compile.rules.evidence import Evidence, Where
from skvm.compile.rules.finding import Finding
from skvm.ir import Program
from skvm.source import SkillSource

Rule = Callable[[Evidence, Where], Finding | None]

RULES: dict[str, Rule] = {
    "gen.code.python": generation.python,
    "gen.code.javascript": generation.javascript,
    "gen.code.shell": generation.shell,
    "gen.code.sql": generation.sql,
    "gen.code.html": generation.html,
    "gen.text.structured": generation.structured,
    "gen.text.long": generation.long_text,
    "gen.text.prose": generation.prose,
    "gen.regex": generation.regex,
    "reason.arithmetic": reasoning.arithmetic,
    "reason.logic": reasoning.logic,
    "reason.spatial": reasoning.spatial,
    "reason.planning": reasoning.planning,
    "reason.analysis": reasoning.analysis,
    "tool.file.read": tools.file_read,
    "tool.file.write": tools.file_write,
    "tool.exec": tools.execute,
    "tool.call.format": tools.call_format,
    "tool.call.batch": tools.batch,
    "tool.web": tools.web,
    "tool.browser": tools.browser,
    "follow.format": instructions.output_format,
    "follow.constraint": instructions.constraint,
    "follow.procedure": instructions.procedure,
    "follow.delegation": instructions.delegation,
    "follow.style": instructions.style,
}
"""Rules by primitive, in catalogue order."""


def skill_requirements(evidence: Evidence) -> tuple[Requirement, ...]:
    """What the skill as a whole needs for its main job (`step` None), in catalogue order."""
    return tuple(_requirement(p, found, None) for p, rule in RULES.items() if (found := rule(evidence, None)) is not None)


def step_requirements(evidence: Evidence) -> tuple[Requirement, ...]:
    """What each step needs, steps in text order."""
    return tuple(
        _requirement(p, found, step.id)
        for step in evidence.program.steps
        for p, rule in RULES.items()
        if (found := rule(evidence, step)) is not None
    )


def evidence_of(program: Program, source: SkillSource, lowered: frozenset[str] = frozenset()) -> Evidence:
    """Evidence of one program; `lowered` are ids of controls that the plan carries out itself."""
    return Evidence(program, source, lowered)


def _requirement(primitive: str, found: Finding, step: str | None) -> Requirement:
    return Requirement(
        primitive=primitive, level=found.level, weight=found.weight, step=step, spans=found.spans, reason=found.reason
    )
