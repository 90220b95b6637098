"""Interpreters that are already up judge as fresh ones do."""

from __future__ import annotations

import shutil

import anyio
import pytest
from bench_local import LocalBench
from warm_bench import WarmBench

from skvm.capability import Level
from skvm.profile.kit.instance import Job, Workbench
from skvm.profile.kit.rehearse import rehearse
from skvm.profile.probes import probe_of


@pytest.fixture
def warm():
    bench = WarmBench(patience=6)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("primitive", "level", "program"),
    [
        ("follow.delegation", Level.L1, "python3"),
        ("tool.exec", Level.L2, "python3"),
        ("gen.code.python", Level.L1, "python3"),
        ("gen.code.javascript", Level.L1, "node"),
    ],
)
def test_every_play_comes_to_the_same(warm: WarmBench, primitive: str, level: Level, program: str):
    if shutil.which(program) is None:
        pytest.skip(f"this machine has no {program}")
    cold = LocalBench(patience=6)
    tasks = (probe_of(primitive).instance(level, seed).task for seed in range(40))
    task = next(task for task in tasks if primitive != "tool.exec" or program in task.prompt)

    async def outcome(name: str, bench: Workbench) -> tuple[object, ...]:
        trial = await rehearse(task, plays[name], bench)
        return trial.text, trial.turns, dict(trial.files), await task.grade(trial, bench)

    plays = {"reference": task.reference, **task.variants, **task.mutants}
    for name in plays:
        assert anyio.run(outcome, name, warm) == anyio.run(outcome, name, cold), name


@pytest.mark.parametrize(
    "command",
    [
        "python3 -c 'print(1)'; python3 -c 'import sys; print(2, file=sys.stderr); sys.exit(3)'; echo $?; exit 4",
        "mkdir a && cd a && echo 'import sys; print(sys.argv)' > b.py && (python3 b.py 'x y' '' z; python3 b.py) > c",
        "python3 nothing.py 2> e; echo $?; rm e",
        "python3 -c 'print(input())' <<< 'fed to it'; echo 5 | python3 -c 'print(input())'",
    ],
)
def test_shells_that_start_python(warm: WarmBench, command: str):
    job = Job(("bash", "-c", command))
    assert anyio.run(warm.run, job) == anyio.run(LocalBench().run, job)
