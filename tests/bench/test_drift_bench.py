"""The bench of drift: its own arithmetic, and one short look at each part that is cheap."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.demo import write_export
from bench.drifting.pairs import SUCCESS, power
from bench.drifting.real import right
from bench.drifting.streams import DRIFT, SCENARIOS, World, phase, stream
from skvm.capability.sequential import superiority
from skvm.jit.adapt import AdaptPolicy


def test_a_lower_bound_widens_with_fewer_tasks_and_with_losses() -> None:
    alike = [(True, True)] * 500
    assert phase(alike, -0.02)["lower"] > -0.01
    assert phase(alike[:16], -0.02)["lower"] < -0.05
    assert phase([*alike, *[(False, True)] * 20], -0.02)["held"] is False
    row = phase([(True, False)] * 30 + [(False, True)] * 10 + [(True, True)] * 60, -0.02)
    assert (row["adaptive"], row["raw"], row["difference"]) == (0.9, 0.7, 0.2)
    assert row["lower"] == pytest.approx(0.2 - 1.96 * (0.4 - 0.04) ** 0.5 / 10, abs=0.01)


def test_a_stream_is_mended_and_another_one_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path, SCENARIOS[0])
    made = stream(world, 1, True, AdaptPolicy())
    assert made.detected is not None
    assert made.recovered is not None
    assert DRIFT <= made.detected < made.recovered < DRIFT + 60
    after = made.rows[made.recovered + 1 :]
    assert sum(a for a, _ in after) > 0.7 * len(after)
    assert sum(b for _, b in after) < 0.1 * len(after)
    assert all(a or not b for a, b in made.rows[:DRIFT]), "the same numbers decide for both, and what fails is done once more"
    assert made.again


def test_the_stated_error_holds_for_the_pairs_of_the_bench() -> None:
    """1,000 trials by the evidence alone: the share accepted by chance is at most that of a first variant, 0.005."""
    rng = random.Random(5)
    accepted = 0
    for _ in range(1000):
        wins = losses = 0
        for _ in range(400):
            first, second = rng.random() < SUCCESS, rng.random() < SUCCESS
            wins, losses = wins + (second and not first), losses + (first and not second)
            if first != second and superiority(wins, losses) >= 200:
                accepted += 1
                break
    assert accepted <= 12


def test_the_checker_of_real_runs_reckons_for_itself(tmp_path: Path) -> None:
    export = write_export(tmp_path / "o.csv", seed=2)
    assert not right(tmp_path, export)
    rows = [line.split(",") for line in export.read_text().splitlines()[1:]]
    total = f"{sum(int(r[5]) * float(r[6]) for r in rows):.2f}"
    (tmp_path / "out").mkdir()
    for name, text in (("report.md", f"Orders: {len(rows)}\nRevenue: {total}\n"), ("summary.md", f"It was {total}.")):
        (tmp_path / "out" / name).write_text(text)
    assert not right(tmp_path, export)
    for name in ("outliers.csv", "groups.csv"):
        (tmp_path / "out" / name).write_text("x\n")
    assert right(tmp_path, export)
    (tmp_path / "out" / "summary.md").write_text("It was more.")
    assert not right(tmp_path, export)


def test_few_trials_of_power() -> None:
    made = power(2, 1)
    assert made["rows"][0]["accepted"] == 2
    assert "SIMULATED" in made["text"]
