"""The public Python API: one object with the settings bound, one method per user intent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skvm.app.settings import Settings

if TYPE_CHECKING:
    from skvm.app.check import CheckResult
    from skvm.app.running import RunOptions
    from skvm.plan import Artifact
    from skvm.runtime import RunOutcome
    from skvm.source import SkillSource


class Skvm:
    """skvm with its state in one place. Methods raise `skvm.diag.SkvmError`s; problems in a skill are diagnostics."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()

    def load(self, path: Path | str) -> SkillSource:
        """A skill folder, its SKILL.md or a lone Markdown file."""
        from skvm.app.inputs import SkillInput

        return SkillInput(Path(path), str(path)).load()

    def check(self, path: Path | str, *, certify: bool = False) -> CheckResult:
        """Diagnostics, and with `certify` the proof that the program rebuilds the file."""
        from skvm.app.check import check_one
        from skvm.app.inputs import SkillInput

        return check_one(SkillInput(Path(path), str(path)), certify)

    def outline(self, path: Path | str) -> dict[str, Any]:
        """What was understood of a skill."""
        from skvm.app.views import outline_of

        return outline_of(self.load(path))

    def compile(self, path: Path | str, target: str, *, profile: Path | None = None, passes: str | None = None) -> Artifact:
        """The plan of a skill for `MODEL[@HARNESS]`; no key, network or model is used."""
        from skvm.app.asked import CompileOptions
        from skvm.app.compiling import compile_source

        return compile_source(self.load(path), CompileOptions(target, profile, passes), self.settings)

    def run(self, what: Path | str | Artifact, options: RunOptions) -> RunOutcome:
        """Run a skill, a plan file or a compiled plan to its end (blocking)."""
        from skvm.app.carrying import run_blocking

        return run_blocking(what, options, self.settings)
