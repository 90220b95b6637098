"""What was understood of a loaded skill, in the forms that leave skvm: the outline and the SSL record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skvm.diag import CODES, Diagnostic, Located, locate
from skvm.source import SkillSource, Span


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


@dataclass(frozen=True)
class SslResult:
    """`record` and `sidecar` of one skill, or the diagnostic that says why there are none."""

    record: dict[str, Any] | None
    sidecar: dict[str, Any] | None
    located: tuple[Located, ...] = ()


def ssl_of(source: SkillSource, shown: str = "") -> SslResult:
    """The SSL record of a loaded skill, in the order of its plan; `shown` is how output calls the skill."""
    from skvm.compile import analyse
    from skvm.ir.ssl import NotExpressible, export_ssl
    from skvm.parse import parse_skill

    program = parse_skill(source).program
    try:
        made = export_ssl(program, ((e.before, e.after) for e in analyse(program, source).edges))
    except NotExpressible as error:
        code = CODES["SKV302"]
        span = program.skill.spans.get("name", Span(program.main, 0, 0))
        note = "outline and ir without --as show what it is instead"
        return SslResult(
            None, None, locate((Diagnostic(code.number, code.severity, str(error), span, (note,)),), source, shown)
        )
    return SslResult(made.record, made.sidecar)
