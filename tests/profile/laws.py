"""The laws every probe obeys, over many seeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio

from skvm.capability import Level
from skvm.profile.kit.instance import Instance, Probe, Verdict, Workbench
from skvm.profile.kit.plays import Play
from skvm.profile.kit.rehearse import judged

LEVELS = (Level.L1, Level.L2, Level.L3)

Judge = Callable[[Instance, Play], Awaitable[Verdict]]


def broken_laws(probe: Probe, level: Level, seeds: range, bench: Workbench) -> list[str]:
    """What does not hold, in words with the seed; empty when the laws hold for all seeds."""

    async def judge(instance: Instance, play: Play) -> Verdict:
        return await judged(instance.task, play, bench)

    return anyio.run(broken_laws_with, (probe.instance(level, seed) for seed in seeds), judge)


async def broken_laws_with(instances: Iterable[Instance], judge: Judge) -> list[str]:
    """As `broken_laws`, with plays carried out by `judge`."""
    return [line for instance in instances for line in await _of(instance, judge)]


async def _of(instance: Instance, judge: Judge) -> list[str]:
    task, found = instance.task, []
    verdict = await judge(instance, task.reference)
    if not verdict.passed:
        found.append(f"{instance.key}: the reference fails: {verdict.reason}")
    for name, play in task.variants.items():
        verdict = await judge(instance, play)
        if not verdict.passed:
            found.append(f"{instance.key}: the variant {name!r} fails: {verdict.reason}")
    for name, play in task.mutants.items():
        verdict = await judge(instance, play)
        if verdict.passed:
            found.append(f"{instance.key}: the mutant {name!r} passes")
    if "refusal" not in task.mutants or len(task.mutants) < 3:
        found.append(f"{instance.key}: too few mutants: {sorted(task.mutants)}")
    return found
