"""Preflight: what a skill needs, held against this machine. Nothing is installed."""

from __future__ import annotations

from typing import Any

from skvm.app.compiling import CompileOptions, compile_source
from skvm.app.settings import Settings
from skvm.source import SkillSource


def preflight_of(source: SkillSource, settings: Settings) -> dict[str, Any]:
    """`{skill, present, missing, unknown}`; rows have kind, name, version, why, steps, hint."""
    from skvm.runtime.preflight import preflight

    artifact = compile_source(source, CompileOptions(target="sim/strong"), settings)
    report = preflight(artifact)
    return {"skill": source.name, **report}
