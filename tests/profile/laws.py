"""The laws every probe obeys, over many seeds."""

from __future__ import annotations

import anyio

from skvm.capability import Level
from skvm.profile.kit.instance import Instance, Probe, Workbench
from skvm.profile.kit.rehearse import judged

LEVELS = (Level.L1, Level.L2, Level.L3)


def broken_laws(probe: Probe, level: Level, seeds: range, bench: Workbench) -> list[str]:
    """What does not hold, in words with the seed; empty when the laws hold for all seeds."""

    async def all_of() -> list[str]:
        return [line for seed in seeds for line in await _of(probe.instance(level, seed), bench)]

    return anyio.run(all_of)


async def _of(instance: Instance, bench: Workbench) -> list[str]:
    task, found = instance.task, []
    verdict = await judged(task, task.reference, bench)
    if not verdict.passed:
        found.append(f"{instance.key}: the reference fails: {verdict.reason}")
    for name, play in task.variants.items():
        verdict = await judged(task, play, bench)
        if not verdict.passed:
            found.append(f"{instance.key}: the variant {name!r} fails: {verdict.reason}")
    for name, play in task.mutants.items():
        verdict = await judged(task, play, bench)
        if verdict.passed:
            found.append(f"{instance.key}: the mutant {name!r} passes")
    if "refusal" not in task.mutants or len(task.mutants) < 3:
        found.append(f"{instance.key}: too few mutants: {sorted(task.mutants)}")
    return found
