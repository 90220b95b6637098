"""The compiler as one function."""

from __future__ import annotations

from skvm.compile.manager import run_passes
from skvm.compile.passes.emit import assemble
from skvm.compile.registry import pipeline
from skvm.compile.request import CompileRequest
from skvm.compile.unit import Unit
from skvm.ir import Program
from skvm.plan import Artifact
from skvm.source import SkillSource


def compile_program(program: Program, source: SkillSource, request: CompileRequest) -> Artifact:
    """The sealed artifact of a program for a target.

    Raises UsageError for a wrong pipeline text, `stop_after` or `print_after`; never for anything a skill can contain. With
    `stop_after` the artifact holds what is known by then.
    """
    unit, records = run_passes(Unit(program, source, request), pipeline(request.passes))
    artifact = unit.artifact if unit.artifact is not None else assemble(unit)
    return artifact.model_copy(update={"pipeline": records}).sealed()
