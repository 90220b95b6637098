"""Plans of the default pipeline for a target without gaps, so that nothing but the skill decides."""

from __future__ import annotations

from pathlib import Path

from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.plan import Artifact
from skvm.source import SkillSource

NOWHERE = Settings(home=Path("/nonexistent"), cache=Path("/nonexistent"))


def compiled(source: SkillSource) -> Artifact:
    """The plan of a skill, made anew."""
    return compile_source(source, CompileOptions(target="sim/strong"), NOWHERE)
