"""What the fixture `skvm` offers: compile and run skills with a state of their own, compare with golden files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skvm.app.facade import Skvm
from skvm.app.running import RunOptions
from skvm.app.settings import Settings
from skvm.plan import Artifact, Event
from skvm.pytest_plugin.golden import compare
from skvm.pytest_plugin.ran import Ran


@dataclass(frozen=True)
class Skills:
    """Skills under test. `record`: the model that is asked, at `api_base` where that is given, and recorded; without it
    answers come from `cassette` only."""

    home: Path
    cassette: Path
    golden_folder: Path
    record: str | None = None
    api_base: str | None = None
    update: bool = False

    @property
    def settings(self) -> Settings:
        """The user's settings with a home of this test."""
        return replace(Settings.from_environment(), home=self.home, cache=self.home / "cache")

    def compile(self, skill: Path | str, target: str = "sim/strong") -> Artifact:
        """The plan of a skill for a target."""
        return Skvm(self.settings).compile(skill, target)

    def run(self, skill: Path | str | Artifact, task: str = "", *, model: str | None = None, **options: Any) -> Ran:
        """Run a skill or plan. `model`: one that needs no key (`sim/NAME`); by default the recorded answers of this test.

        `options` are those of `skvm.app.running.RunOptions`, `files={"a.csv": path}` among them.
        """
        plan = skill if isinstance(skill, Artifact) else self.compile(skill, model or self._recorded_target())
        events: list[Event] = []
        asked = RunOptions(model=model or self._model(), task=task, on_event=events.append, **options)
        if model is None and self.record:
            asked = replace(asked, record=self.cassette, api_base=asked.api_base or self.api_base)
        return Ran(Skvm(self.settings).run(plan, asked), tuple(events), plan)

    def golden(self, value: Any, name: str) -> None:
        """The value (text, JSON, a plan, or a run: its trace) is as in the golden file of this name."""
        if isinstance(value, Artifact):
            value = value.plan.model_dump(mode="json")
        compare(value.trace() if isinstance(value, Ran) else value, self.golden_folder / name, self.update)

    def _model(self) -> str:
        return self.record or f"replay:{self.cassette}"

    def _recorded_target(self) -> str:
        """What the recorded answers were compiled for: kept beside them, since the plan decides what is asked."""
        kept = self.cassette / "target.txt"
        if self.record:
            self.cassette.mkdir(parents=True, exist_ok=True)
            kept.write_text(f"{self.record}\n", encoding="utf-8")
            return self.record
        assert kept.is_file(), f"nothing was recorded in {self.cassette}; run with --skvm-record MODEL, or name a model"
        return kept.read_text(encoding="utf-8").strip()
