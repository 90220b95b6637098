"""Run all tasks of an example skill through the public API and apply their checks."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio

from skvm.adapters.simulation.oracle import load_oracle
from skvm.app import Settings, Skvm
from skvm.app.running import RunOptions
from skvm.app.sandbox import sandbox_of
from skvm.app.tasks import CheckResult, CommandCheck, Task, load_tasks, run_checks
from skvm.diag import SkvmError, UsageError

HERE = Path(__file__).resolve().parent
SKILLS = HERE / "skills"
SOLUTIONS = HERE / "solutions"
SIM = "sim/"


@dataclass(frozen=True)
class TaskRun:
    """How one task went. `passed` of `checks` held; `seconds` is the run's wall time; `solid` steps needed no model."""

    skill: str
    task: str
    seed: int
    status: str
    exit_code: int
    passed: int
    checks: int
    steps: int
    solid: int
    model_calls: int
    tokens: int
    seconds: float
    simulated: bool
    reason: str = ""
    failed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Ended well and every check held."""
        return self.exit_code == 0 and self.passed == self.checks


@dataclass(frozen=True)
class Wanted:
    """What to run: `seeds` repetitions of every task, with or without solidified steps and plan; `passes`: the compiler's."""

    model: str
    mode: str = "plan"
    seeds: int = 1
    first_seed: int = 0
    solid: bool = True
    task: str | None = None
    solution: Path | None = None
    deadline: float | None = 120.0
    passes: str | None = None


def find_skill(word: str) -> Path:
    """An example skill by name, or any skill folder; raises UsageError."""
    for path in (SKILLS / word, Path(word)):
        if (path / "SKILL.md").is_file():
            return path
    raise UsageError("no such skill", where=word, help=f"one of {', '.join(names())}, or a skill folder")


def names() -> list[str]:
    """Names of the example skills."""
    return sorted(p.parent.name for p in SKILLS.glob("*/SKILL.md"))


def lacking(skill: Path) -> str:
    """Why a skill cannot run on this machine: programs its front matter asks for that are not there; else empty."""
    needed = re.search(r"^ *requires-bins: *(.+)$", (skill / "SKILL.md").read_text(encoding="utf-8"), re.MULTILINE)
    words = re.findall(r"[\w.-]+", needed[1]) if needed else []
    gone = [word for word in words if shutil.which(word) is None]
    return f"not on this machine: {', '.join(gone)}" if gone else ""


def run_skill(skill: Path, wanted: Wanted, home: Path | None = None) -> Iterator[TaskRun]:
    """One row per task and seed, in order; all share one store, so that steps can be solidified on the way.

    A simulated model draws from seed and step alone, so every task gets a seed of its own: else all would fail together.
    """
    tasks = [t for t in load_tasks(skill) if wanted.task in (None, t.id)]
    if not tasks:
        raise UsageError("no such task" if wanted.task else "the skill has no tasks", where=str(skill))
    with tempfile.TemporaryDirectory(prefix="skvm-bench-") as made:
        place = home or Path(made)
        skvm = Skvm(Settings(home=place, cache=place / "cache", sandbox=os.environ.get("SKVM_SANDBOX") or None))
        artifact = skvm.compile(skill, wanted.model, passes=wanted.passes)
        for seed in range(wanted.first_seed, wanted.first_seed + wanted.seeds):
            for index, task in enumerate(tasks):
                yield _run_task(skvm, artifact, skill, task, wanted, seed * len(tasks) + index)


def _run_task(skvm: Skvm, artifact: Any, skill: Path, task: Task, wanted: Wanted, seed: int) -> TaskRun:
    files = {name: Path(place) for name, place in task.files.items()}
    options = RunOptions(
        model=wanted.model,
        task=task.prompt,
        files=files,
        mode=wanted.mode,
        deadline=wanted.deadline,
        yes=True,
        env=tuple(task.env),
        seed=seed,
        solid=wanted.solid,
        oracle=_oracle(skill, task, wanted),
    )
    with environment(task.env):
        try:
            outcome = skvm.run(artifact, options)
        except SkvmError as error:
            counts = (0, len(task.checks), 0, 0, 0, 0)
            return TaskRun(skill.name, task.id, seed, "error", error.exit_code, *counts, 0.0, False, error.line())
    results = anyio.run(_checked, task, outcome.work, skvm.settings, skill)
    return TaskRun(
        skill=skill.name,
        task=task.id,
        seed=seed,
        status=outcome.status,
        exit_code=outcome.exit_code,
        passed=sum(r.ok for r in results),
        checks=len(results),
        steps=len(outcome.steps),
        solid=sum(step.executor == "solid" for step in outcome.steps),
        model_calls=outcome.totals.model_calls,
        tokens=outcome.totals.tokens,
        seconds=round(outcome.totals.seconds, 3),
        simulated=outcome.simulated,
        reason=outcome.reason,
        failed=tuple(f"{r.what}: {r.detail}" for r in results if not r.ok),
    )


def _oracle(skill: Path, task: Task, wanted: Wanted) -> Any:
    if not wanted.model.startswith(SIM):
        return None
    solution = wanted.solution or SOLUTIONS / f"{skill.name}.py"
    return load_oracle(solution if solution.is_file() else None, task.prompt, {name: name for name in task.files})


async def _checked(task: Task, work: Path, settings: Settings, skill: Path) -> list[CheckResult]:
    wanted = any(isinstance(check, CommandCheck) for check in task.checks)
    return await run_checks(task, work, await sandbox_of(settings) if wanted else None, skill)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Variables a task names, set for the time of its run."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def totals(rows: list[TaskRun]) -> dict[str, Any]:
    """Sums over runs; `simulated` when any number comes from a simulated model."""
    return {
        "runs": len(rows),
        "passed": sum(row.ok for row in rows),
        "model_calls": sum(row.model_calls for row in rows),
        "tokens": sum(row.tokens for row in rows),
        "seconds": round(sum(row.seconds for row in rows), 3),
        "solid_steps": sum(row.solid for row in rows),
        "simulated": any(row.simulated for row in rows),
    }


def line(row: TaskRun) -> str:
    """One run for people."""
    mark = "ok  " if row.ok else "FAIL"
    text = (
        f"{mark} {row.skill}/{row.task} seed {row.seed}: {row.status}, checks {row.passed}/{row.checks}, {row.steps} steps "
        f"({row.solid} solid), {row.model_calls} model calls, {row.tokens} tokens, {row.seconds:.2f} s"
    )
    notes = [*([row.reason] if row.reason else []), *row.failed]
    return "\n".join([text, *(f"       {note}" for note in notes)])


def total_line(rows: list[TaskRun]) -> str:
    """The sums for people."""
    t = totals(rows)
    note = " (simulated model: these are not measurements of any real model)" if t["simulated"] else ""
    return (
        f"{t['passed']}/{t['runs']} runs passed, {t['model_calls']} model calls, {t['tokens']} tokens, {t['seconds']:.2f} s, "
        f"{t['solid_steps']} steps served without a model{note}"
    )


def as_json(row: TaskRun) -> dict[str, Any]:
    """One run for programs."""
    return {**asdict(row), "ok": row.ok, "failed": list(row.failed)}
