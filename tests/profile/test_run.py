"""The runner: order and concurrency change nothing, failures of the target never become counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from bench_local import LocalBench

from skvm.app.measuring import MeasureOptions, _bounded
from skvm.capability import Level
from skvm.diag import InternalError, TargetError
from skvm.ports import HarnessRun, HarnessTask, HarnessTurn
from skvm.profile.kit.instance import Probe, Task, Trial, Verdict, pure
from skvm.profile.kit.plays import says
from skvm.profile.measure.curve import NOTHING
from skvm.profile.run.ledger import Ledger
from skvm.profile.run.runner import Budget, Measurement, Outcome, Progress
from skvm.store import NullBlobs


def build(level: Level, rng: Any) -> Task:
    number = str(rng.random())
    return Task(
        prompt=number,
        grade=pure(lambda trial: Verdict(passed=trial.text == number)),
        reference=says(number),
        mutants={"refusal": says("no")},
    )


PROBES = tuple(Probe(name, 1, build) for name in ("gen.regex", "reason.logic", "reason.spatial"))


class Echo:
    """Right where `right` says so, by the key of the instance; slower for some, so that ends come in another order."""

    name, version, functions, simulated = "echo", "1", False, True
    tools = frozenset[str]()

    def __init__(self, fails: Any = None, right: Any = None) -> None:
        self.fails, self.right = fails, right or (lambda key: hash_of(key) % 4 > 0)
        self.keys: list[str] = []

    async def run(self, task: HarnessTask) -> HarnessRun:
        self.keys.append(task.tag.key)
        await anyio.sleep(0.001 * (hash_of(task.tag.key) % 5))
        if self.fails is not None and (error := self.fails(task.tag.key, len(self.keys))) is not None:
            raise error
        text = task.prompt if self.right(task.tag.key) else "?"
        return HarnessRun(text=text, turns=(HarnessTurn(text=text),), model_calls=2, prompt_tokens=10, simulated=True)

    async def close(self) -> None:
        return None


def hash_of(key: str) -> int:
    return sum(key.encode()) * 7919 % 101


def go(tmp_path: Path, harness: Echo, blobs: Any = None, probes: Any = PROBES, **more: Any) -> Outcome:
    ledger = Ledger(blobs or NullBlobs(), "t", "2026-01-01")
    return anyio.run(Measurement(probes, harness, LocalBench(), ledger, tmp_path, **more).run)


def test_concurrency_changes_nothing(tmp_path: Path):
    found = [go(tmp_path, Echo(), concurrency=n) for n in (1, 3, 8)]
    assert found[0].complete and found[0].cells() == found[1].cells() == found[2].cells()


def test_a_resumed_measurement_takes_up_what_was_done(tmp_path: Path):
    whole, blobs = go(tmp_path, Echo()), NullBlobs()

    def dies(key: str, count: int) -> Exception | None:
        return TargetError("gone", kind="outage") if count == 9 else None

    with pytest.raises(TargetError):
        go(tmp_path, Echo(dies), blobs, concurrency=1)
    second = Echo()
    resumed = go(tmp_path, second, blobs)
    assert resumed.cells() == whole.cells()
    assert resumed.fresh == whole.instances - 8 == len(second.keys)
    assert resumed.repeated == 1
    assert go(tmp_path, Echo(), blobs).fresh == 0


@pytest.mark.parametrize("error", [TargetError("no", kind="auth"), RuntimeError("the harness broke")])
def test_a_failure_ends_the_measurement_and_is_no_count(tmp_path: Path, error: Exception):
    blobs = NullBlobs()
    with pytest.raises(TargetError):
        go(tmp_path, Echo(lambda key, count: error), blobs)
    assert Ledger(blobs, "t", "").done == {}


def test_what_only_one_primitive_cannot_be_asked_leaves_it_unmeasured(tmp_path: Path):
    refused = TargetError("too long", kind="context")
    found = go(tmp_path, Echo(lambda key, count: refused if key.startswith("gen.regex") else None))
    assert not found.complete
    assert set(found.cells()) == {"reason.logic", "reason.spatial"}
    assert found.table["gen.regex"] == NOTHING and "too long" in found.apart["gen.regex"]


def test_a_broken_grader_is_a_bug_and_not_a_failure_of_the_model(tmp_path: Path):
    def broken(trial: Trial) -> Verdict:
        raise KeyError("x")

    probe = Probe("gen.regex", 1, lambda level, rng: Task(prompt="", grade=pure(broken), reference=says(""), mutants={}))
    with pytest.raises(InternalError):
        go(tmp_path, Echo(), probes=(probe,))


def test_what_the_harness_does_not_offer_is_neither_put_nor_an_inability(tmp_path: Path):
    harness = Echo()
    probe = Probe("tool.browser", 1, build, needs=("browser",))
    found = go(tmp_path, harness, probes=(probe, *PROBES))
    assert not found.cells()["tool.browser"].offered
    assert not any(key.startswith("tool.browser") for key in harness.keys)


@pytest.mark.parametrize("calls", [1, 2, 10, 23])
def test_a_budget_is_kept_where_instances_cost_the_same(tmp_path: Path, calls: int):
    found = go(tmp_path, Echo(), budget=Budget(calls=calls))
    assert found.spent and found.calls <= max(2, calls)
    assert all(name in found.safe or sum(n for _, n in cell.counts.values()) >= 3 for name, cell in found.cells().items())


def test_a_deadline_keeps_what_was_done_and_a_later_run_goes_on_from_there(tmp_path: Path):
    class Hangs(Echo):
        async def run(self, task: HarnessTask) -> HarnessRun:
            if len(self.keys) == 7:
                await anyio.sleep_forever()
            return await super().run(task)

    blobs, first = NullBlobs(), Hangs()
    cut = Measurement(PROBES, first, LocalBench(), Ledger(blobs, "t", ""), tmp_path, concurrency=1)
    found, reached = anyio.run(_bounded, cut, MeasureOptions(model="m", deadline=3.0))
    assert "deadline of 3 s" in reached and not found.complete
    assert 0 < found.instances <= 7 == len(Ledger(blobs, "t", "").done)
    second = Echo()
    assert go(tmp_path, second, blobs).cells() == go(tmp_path, Echo()).cells()
    assert not set(first.keys) & set(second.keys)


def test_a_deadline_before_the_first_answer_is_a_failure_of_the_target(tmp_path: Path):
    class Hangs(Echo):
        async def run(self, task: HarnessTask) -> HarnessRun:
            await anyio.sleep_forever()
            raise AssertionError

    cut = Measurement(PROBES, Hangs(), LocalBench(), Ledger(NullBlobs(), "t", ""), tmp_path)
    with pytest.raises(TargetError, match="no probe was answered"):
        anyio.run(_bounded, cut, MeasureOptions(model="m", deadline=0.3))


def test_budgets_in_turn_walk_the_course_of_a_measurement_without_one(tmp_path: Path):
    whole, blobs = go(tmp_path, Echo()), NullBlobs()
    for _ in range(200):
        found = go(tmp_path, Echo(), blobs, budget=Budget(calls=7))
        assert found.fresh <= 3 and found.repeated == 0
        if found.complete:
            break
    assert found.complete and found.cells() == whole.cells() and found.instances == whole.instances


def test_a_budget_pays_for_what_is_put_under_it_across_processes_and_for_nothing_else(tmp_path: Path):
    blobs = NullBlobs()
    gone = lambda at: lambda key, count: TargetError("gone", kind="outage") if count == at else None  # noqa: E731
    with pytest.raises(TargetError):
        go(tmp_path, Echo(gone(6)), blobs, concurrency=1)
    with pytest.raises(TargetError):
        go(tmp_path, Echo(gone(4)), blobs, concurrency=1, budget=Budget(calls=10))
    killed_at = len(Ledger(blobs, "t", "").done)
    assert killed_at == 5 + 3
    again = go(tmp_path, Echo(), blobs, concurrency=1, budget=Budget(calls=10))
    assert again.spent and again.fresh == 2, "the same budget goes on: 3 of its 5 instances were done"
    other = go(tmp_path, Echo(), blobs, probes=PROBES[:1], budget=Budget(calls=4))
    assert other.fresh == 2 and other.spent, "what was put for more primitives pays for nothing of fewer"
    assert go(tmp_path, Echo(), blobs).cells() == go(tmp_path, Echo()).cells()


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(calls=5), "5 model calls"),
        (Budget(tokens=25), "25 tokens"),
        (Budget(cost=0.01), "0.01 USD"),
    ],
)
def test_the_limit_that_ended_it_is_named(tmp_path: Path, budget: Budget, words: str):
    class Dear(Echo):
        async def run(self, task: HarnessTask) -> HarnessRun:
            return (await super().run(task)).model_copy(update={"cost": 0.004})

    found = go(tmp_path, Dear(), budget=budget)
    assert f"the budget of {words}" in found.spent
    assert found.instances == 2


def test_the_estimate_of_what_is_left_falls_to_nothing(tmp_path: Path):
    told: list[Progress] = []
    found = go(tmp_path, Echo(), listener=told.append)
    assert [p.done for p in told] == sorted({p.done for p in told}) and told[-1].done == found.instances
    assert told[-1].left == 0 and all(p.left > 0 for p in told[:-1])
    assert max(p.left for p in told) <= 12 * len(PROBES)
