"""References and variants pass, mutants fail, instances can be made again from their seeds."""

from __future__ import annotations

import random
import shutil

import pytest
from bench_local import LocalBench
from laws import LEVELS, broken_laws

from skvm.capability import Level, load_catalog
from skvm.profile.kit import packages
from skvm.profile.probes import FOLDER, probe_of

DONE = [p.id for p in load_catalog().primitives if (FOLDER / f"{p.id.replace('.', '_')}.py").is_file()]
PLAYED = [primitive for primitive in DONE if "browser" not in probe_of(primitive).needs]
"""A browser cannot be played; see test_site_probes."""

SLOW = ("gen.code.", "tool.exec", "follow.delegation", "gen.regex")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("primitive", PLAYED)
def test_references_pass_and_mutants_fail(primitive: str, level: Level):
    missing = [program for program in probe_of(primitive).programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"this machine has no {', '.join(missing)}")
    seeds = range(6 if primitive.startswith(SLOW) else 200)
    assert broken_laws(probe_of(primitive), level, seeds, LocalBench()) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("primitive", DONE)
def test_instances_are_made_again_from_their_seed_and_differ_between_seeds(primitive: str, level: Level):
    probe = probe_of(primitive)

    def shown(seed: int):
        task = probe.instance(level, seed).task
        return task.prompt, dict(task.files)

    prompts = [shown(seed) for seed in range(50)]
    assert prompts == [shown(seed) for seed in range(50)]
    assert len({repr(p) for p in prompts}) >= 48


def test_answers_about_the_network_that_is_shown_are_not_right_about_the_other(monkeypatch: pytest.MonkeyPatch):
    one, other = (packages.network(random.Random(seed)) for seed in (1, 2))
    drawn = iter((one, one, one, other))
    monkeypatch.setattr(packages, "network", lambda rng: next(drawn))
    _, _, inputs, _, _ = packages.networked(random.Random(3), "in.yaml", "out.yaml")
    assert len(inputs) == 2 and inputs[0][1] != inputs[1][1] and next(drawn, None) is None
