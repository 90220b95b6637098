"""Every task: its checks refuse an empty folder and a changed result, and accept what the solution really produces."""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
import pytest
from player import SKILLS, SOLUTIONS, needs_programs_of, play, prepare

from skvm.adapters.simulation.oracle import Query, SolutionOracle, load_solution
from skvm.app.tasks import CheckResult, Task, load_task, run_checks
from skvm.ports import SandboxRequest, SandboxResult

TASKS = sorted(SKILLS.glob("*/tasks/*.json"))


class Unconfined:
    """Runs the checks' own commands without a sandbox: they are ours, and these tests must not need one."""

    name = "none"
    version = "none"

    async def run(self, request: SandboxRequest) -> SandboxResult:
        done = await anyio.run_process(request.argv, cwd=request.cwd, env=request.env, check=False)
        return SandboxResult(exit_code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def check(task: Task, work: Path, skill: Path) -> list[CheckResult]:
    return anyio.run(run_checks, task, work, Unconfined(), skill)


def skill_of(path: Path) -> Path:
    return path.parent.parent


def solve(path: Path, work: Path) -> Task:
    task = load_task(path)
    prepare(task, work)
    skill = skill_of(path)
    oracle = SolutionOracle(load_solution(SOLUTIONS / f"{skill.name}.py"), task.prompt, {name: name for name in task.files})
    script = oracle.script(Query("raw", "", workdir=str(work)))
    assert script is not None
    play(script, work, skill, task.env)
    return task


@pytest.mark.parametrize("path", TASKS, ids=lambda p: f"{skill_of(p).name}/{p.stem}")
def test_solution_passes_and_changed_results_fail(path: Path, tmp_path: Path) -> None:
    needs_programs_of(skill_of(path))
    work = tmp_path / "work"
    task = solve(path, work)
    failed = [r for r in check(task, work, skill_of(path)) if not r.ok]
    assert not failed, failed
    made = [p for p in sorted(work.rglob("*")) if p.is_file() and str(p.relative_to(work)) not in task.files]
    assert made, "the task produces nothing"
    caught = 0
    for target in made:
        changed = tmp_path / "changed"
        shutil.copytree(work, changed)
        (changed / target.relative_to(work)).write_text("", encoding="utf-8")
        caught += not all(r.ok for r in check(task, changed, skill_of(path)))
        shutil.rmtree(changed)
    assert caught, "no check notices that a result was emptied"


@pytest.mark.parametrize("path", TASKS, ids=lambda p: f"{skill_of(p).name}/{p.stem}")
def test_checks_refuse_an_untouched_work_folder(path: Path, tmp_path: Path) -> None:
    needs_programs_of(skill_of(path))
    task = load_task(path)
    assert not all(r.ok for r in check(task, prepare(task, tmp_path / "work"), skill_of(path)))


def test_every_skill_has_tasks_and_a_solution() -> None:
    for skill in sorted(p.parent for p in SKILLS.glob("*/SKILL.md")):
        assert len(list(skill.glob("tasks/*.json"))) >= 2, skill.name
        assert (SOLUTIONS / f"{skill.name}.py").is_file(), skill.name
        ids = [load_task(p).id for p in skill.glob("tasks/*.json")]
        assert len(set(ids)) == len(ids), skill.name
