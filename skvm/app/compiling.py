"""Compiling: source to artifact, without key, network or model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from skvm.app.asked import CompileOptions
from skvm.app.inputs import read_stdin
from skvm.app.linking import Chain, with_skills
from skvm.app.settings import Settings
from skvm.app.targets import profile_for
from skvm.capability.profiles import parse_target
from skvm.diag import Diagnostic, UsageError, locate
from skvm.plan import Artifact, Limits, PlanDiagnostic, load_artifact
from skvm.source import SkillSource, load_skill, skill_from_bytes

if TYPE_CHECKING:
    from skvm.compile import CompileRequest, Processor


def compile_source(source: SkillSource, options: CompileOptions, settings: Settings) -> Artifact:
    """Compile one loaded skill; raises UsageError for a wrong target, profile or pipeline."""
    return compile_request(source, request_of(options, settings), settings)


def compile_request(source: SkillSource, request: CompileRequest, settings: Settings, chain: Chain | None = None) -> Artifact:
    """The same for a request that is known to be right. `chain`: skills that hand over to this one."""
    from skvm.app.check import diagnose
    from skvm.app.watching import Watch
    from skvm.compile import compile_program

    watch = request.watch or (Watch(source.name, settings.dump) if settings.dump else None)
    program, diagnostics = diagnose(source)
    if watch is not None:
        watch("parse", lambda: f"program {program.digest}")
    request = with_skills(source, program, request, chain or Chain(), partial(_other, settings))
    return compile_program(program, source, replace(request, diagnostics=_rows(diagnostics, source), watch=watch))


def _other(settings: Settings, source: SkillSource, request: CompileRequest, chain: Chain) -> Artifact:
    return compile_request(source, request, settings, chain)


def request_of(options: CompileOptions, settings: Settings) -> CompileRequest:
    """What is asked of the compiler, diagnostics of the front end left out; raises UsageError."""
    from skvm.compile import CompileRequest

    target = parse_target(options.target)
    match = profile_for(target, settings, options.profile)
    return CompileRequest(
        target=target,
        profile=match.profile,
        profile_note=match.note,
        passes=options.passes,
        pool=tuple(_processor(name, settings) for name in options.pool),
        limits=_limits(options),
        stop_after=options.stop_after,
        print_after=options.print_after,
        show=options.show,
        watch=options.watch,
    )


def _rows(diagnostics: Iterable[Diagnostic], source: SkillSource) -> tuple[PlanDiagnostic, ...]:
    return tuple(
        PlanDiagnostic(
            code=i.diagnostic.code,
            severity=i.diagnostic.severity,
            message=i.diagnostic.message,
            span=i.diagnostic.span,
            line=i.line,
            column=i.column,
            notes=i.diagnostic.notes,
        )
        for i in locate(diagnostics, source)
    )


def _processor(name: str, settings: Settings) -> Processor:
    from skvm.compile import Processor

    target = parse_target(name)
    match = profile_for(target, settings, None)
    return Processor(target, match.profile, match.note)


def _limits(options: CompileOptions) -> Limits:
    try:
        return Limits(success=options.success, wall=options.wall, models=options.models)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--{first['loc'][0]} {first['input']}: {first['msg'].lower()}") from None


def artifact_at(path: Path, options: CompileOptions, settings: Settings) -> tuple[Artifact, Path | None]:
    """The plan in a plan file, or of a skill compiled now (`-`: from stdin); and the skill folder where there is one."""
    if str(path) == "-":
        return compile_source(skill_from_bytes(read_stdin()), options, settings), None
    if path.is_file() and path.suffix == ".json":
        return load_artifact(path), None
    try:
        source = load_skill(path)
    except FileNotFoundError:
        raise UsageError(
            "no skill and no plan here", where=str(path), help="name a skill folder, a SKILL.md or a plan"
        ) from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    return compile_source(source, options, settings), source.root
