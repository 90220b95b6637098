"""Outline of a loaded skill: parse, analyse, assemble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skvm.source import SkillSource


def outline_of(source: SkillSource) -> dict[str, Any]:
    """The outline object: kind, scenes, steps with order, constraints, triggers, tools, requirements, effects."""
    from skvm.app.outline import outline
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    program = parse_skill(source).program
    return outline(program, source, analyse(program, source))


def outline_text_of(source: SkillSource, style: Callable[[str, str], str]) -> str:
    """The same for people: a tree with line numbers and what was not understood."""
    from skvm.app.outline import outline_text
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    program = parse_skill(source).program
    return outline_text(program, source, analyse(program, source), style)
