"""Recompiling from evidence: only what is affected changes, nothing is tried beside a run that could be felt outside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skvm.app.active import PLANS, stored_plan
from skvm.app.adapting import Adapting, not_beside, only_affected, plan_digest, recompiled, with_counts
from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.running import RunOptions
from skvm.app.settings import Settings
from skvm.capability import Cell, Level
from skvm.capability.profiles import find_profile, parse_target, profile_bytes
from skvm.jit.adapt import AdaptPolicy, AdaptRecord, RecompileRequest, VariantState
from skvm.jit.ledger import trials
from skvm.plan import Artifact, Event, EventKind
from skvm.plan.upgrades import SCHEMA
from skvm.ports import RunRow
from skvm.runtime import RunOutcome
from skvm.runtime.api import Totals
from skvm.source import load_skill
from skvm.store import open_store

SALES = Path(__file__).resolve().parents[2] / "bench" / "skills" / "sales-report"
TARGET, POOL = "sim/able", "sim/strong"


def settings_of(home: Path) -> Settings:
    """Settings below a folder that know a profile `able`, which holds every level."""
    made = Settings(home=home / "home", cache=home / "cache")
    made.profiles.mkdir(parents=True, exist_ok=True)
    strong = find_profile(parse_target(POOL)).profile
    assert strong is not None
    fine = {Level.of(rank): (960, 1000) for rank in (1, 2, 3)}
    able = strong.model_copy(update={"name": "able", "model": "able", "cells": dict.fromkeys(strong.cells, Cell(counts=fine))})
    (made.profiles / "able.json").write_bytes(profile_bytes(able))
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


def request(plan: Artifact, passed: int = 1) -> RecompileRequest:
    steps = tuple(n.id for n in plan.plan.nodes if n.kind == "step" and any(r.primitive == "tool.exec" for r in n.requires))
    counts = {"tool.exec": {"L1": (passed, 20)}}
    return RecompileRequest(
        skill=plan.source.name, target=TARGET, source=plan.source.digest, primitives=("tool.exec",), steps=steps, counts=counts,
        reason="it fell",
    )  # fmt: skip


def test_only_the_affected_steps_are_compiled_otherwise(settings: Settings) -> None:
    source = load_skill(SALES)
    old = compile_source(source, CompileOptions(TARGET), settings)
    asked = request(old)
    assert asked.steps == ("S1.s1", "S1.s2", "S1.s3")
    new = recompiled(source, old, asked, CompileOptions(TARGET, pool=(POOL,)), settings)
    before = {n.id: n for n in old.plan.nodes}
    changed = {n.id for n in new.plan.nodes if n != before[n.id]}
    assert changed
    assert changed <= set(asked.steps)
    assert {n.executor.target for n in new.plan.nodes if n.id in changed} == {POOL}
    assert new == new.sealed()
    assert plan_digest(new) != plan_digest(old)
    assert recompiled(source, old, asked, CompileOptions(TARGET, pool=(POOL,)), settings) == new


def test_evidence_that_changes_no_verdict_gives_no_other_plan(settings: Settings) -> None:
    source = load_skill(SALES)
    old = compile_source(source, CompileOptions(TARGET), settings)
    new = recompiled(source, old, request(old, passed=20), CompileOptions(TARGET), settings)
    assert plan_digest(new) == plan_digest(old)


def test_live_counts_replace_a_cell_and_leave_the_others() -> None:
    strong = find_profile(parse_target(POOL)).profile
    assert strong is not None
    asked = RecompileRequest(
        skill="s", target="m", source="", primitives=("tool.exec",), steps=(), counts={"tool.exec": {"L1": (1, 9)}}, reason=""
    )
    made = with_counts(strong, asked, "builtin")
    assert made.cells["tool.exec"] == Cell(counts={Level.L1: (1, 9)})
    assert all(made.cells[name] == cell for name, cell in strong.cells.items() if name != "tool.exec")
    alone = with_counts(None, asked, "builtin")
    assert (alone.model, set(alone.cells)) == ("m", {"tool.exec"})


def test_a_plan_with_other_steps_is_taken_as_it_is(settings: Settings) -> None:
    one = compile_source(load_skill(SALES), CompileOptions(TARGET), settings)
    two = one.model_copy(update={"plan": one.plan.model_copy(update={"nodes": one.plan.nodes[:-1]})})
    assert only_affected(one, two, ()) is two


def test_what_reaches_out_or_asks_a_person_is_never_tried_beside_a_run(settings: Settings) -> None:
    skills = SALES.parent
    triage = compile_source(load_skill(skills / "log-triage"), CompileOptions(TARGET), settings)
    assert "asks a person" in not_beside(triage)
    weather = next((p for p in sorted(skills.iterdir()) if "weather" in p.name), None)
    if weather is not None:
        assert "it reaches" in not_beside(compile_source(load_skill(weather), CompileOptions(TARGET), settings))
    assert not_beside(compile_source(load_skill(SALES), CompileOptions(TARGET), settings)) == ""


class Played:
    """Runs that end as told: every step of the compiled plan fails once the model has lost it, the variant's do not."""

    def __init__(self, storage: Any) -> None:
        self.storage, self.count, self.lost, self.original = storage, 0, False, True
        self.options: list[RunOptions] = []

    def __call__(self, plan: Artifact, options: RunOptions) -> RunOutcome:
        self.count += 1
        run = f"run{self.count:04}"
        self.options.append(options)
        row = RunRow(
            run=run, skill=plan.source.name, plan=plan.digest, model=TARGET, mode="plan", status="running", started=run
        )
        self.storage.journal.open_run(row)
        events: list[tuple[EventKind, str, dict[str, Any]]] = [
            (EventKind.RUN_START, "", {"mode": "plan", "task": run, "files": {}})
        ]
        good = options.mode != "raw" or self.original
        for node in plan.plan.nodes if options.mode != "raw" else ():
            if node.kind != "step":
                continue
            own = node.executor.target == TARGET
            good = not (self.lost and own and any(r.primitive == "tool.exec" for r in node.requires))
            result = {"status": "done" if good else "cannot", "executor": "model", "reason": "", "simulated": True}
            events += [(EventKind.NODE_START, node.id, {}), (EventKind.NODE_END, node.id, {"result": result})]
            if not good:
                break
        code = 0 if good else 4
        events.append((EventKind.RUN_END, "", {"exit_code": code}))
        for at, (kind, node_id, data) in enumerate(events):
            self.storage.journal.append(Event(run=run, seq=at + 1, time=0.0, kind=kind, node=node_id, data=data))
        status = "done" if good else "failed"
        self.storage.journal.close_run(run, status, 0.0)
        return RunOutcome(run=run, status=status, exit_code=code)


def test_a_run_is_taken_in_once_and_not_before_it_is_over(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        options = RunOptions(model=TARGET, task="t")
        made = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0)
        first = play(made.compiled, options)
        open_row = RunRow(
            run="open",
            skill="sales-report",
            plan=made.compiled.digest,
            model=TARGET,
            mode="plan",
            status="running",
            started="z",
        )
        storage.journal.open_run(open_row)
        assert made.after(first).runs == (first.run,)
        assert made.after(first).outcomes == 4
        second = play(made.compiled, options)
        assert made.after(second).outcomes == 8


def test_a_plan_that_did_not_do_is_not_kept(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play, seen = Played(storage), 0
        options = RunOptions(model=TARGET, task="t")
        policy = AdaptPolicy(least_gain=0.5, futility=0.5)
        made = Adapting(SALES, options, settings, storage, policy, play, lambda o: False, (POOL,))
        play.lost = True
        for _ in range(40):
            record = made.after(play(made.compiled, options))
            seen = max(seen, len(list(storage.blobs.records(PLANS))))
            if record.tried and record.variant(VariantState.SHADOW) is None:
                break
        assert record.variant(VariantState.REJECTED) is not None
        assert record.active == ""
        assert seen == 1
        assert list(storage.blobs.records(PLANS)) == []


def test_from_the_first_failure_to_another_plan(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        options = RunOptions(model=TARGET, task="t", yes=True, env=("KEY",), workdir=settings.home)
        made = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0, (POOL,))
        record = AdaptRecord(skill="", target="")
        lost_at = accepted_at = asked_at = None
        for number in range(60):
            play.lost = number >= 12
            outcome = play(made._plan(made.record()), options)
            record = made.after(outcome)
            lost_at = number if play.lost and lost_at is None else lost_at
            asked_at = number if record.tried and asked_at is None else asked_at
            accepted_at = number if record.active and accepted_at is None else accepted_at
            if accepted_at is not None and number > accepted_at + 3:
                break
        assert lost_at is not None
        assert asked_at is not None
        assert accepted_at is not None
        assert lost_at <= asked_at < accepted_at
        assert record.tried == 1
        item = record.variant(VariantState.ACTIVE)
        assert item is not None
        assert (item.wins, item.losses) == (11, 0)
        shadows = [o for o in play.options if not o.yes]
        assert len(shadows) == 11
        assert all(o.workdir is None and not o.env and not o.solid for o in shadows)
        assert play(made._plan(record), options).exit_code == 0


def again(play: Played, made: Adapting) -> tuple[bool, int]:
    """After a run that lost its ability: did another one do the task, and how often the original text was asked."""
    play.lost, before = True, len([o for o in play.options if o.mode == "raw"])
    made.after(play(made.compiled, made.options))
    return made.instead is not None, len([o for o in play.options if o.mode == "raw"]) - before


def test_what_failed_is_done_once_more_by_the_original_text_and_its_result_counts(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        options = RunOptions(model=TARGET, task="t", yes=True, seed=7)
        made = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0)
        record = made.after(play(made.compiled, options))
        assert (made.instead, record.again) == (None, 0), "what went well is not done again"
        assert again(play, made) == (True, 1)
        assert made.instead is not None
        assert made.instead.exit_code == 0
        raw = play.options[-1]
        assert (raw.mode, raw.solid, raw.resume) == ("raw", False, None)
        assert raw.seed != options.seed, "a second try is another draw"
        assert (made.record().again, made.record().helped) == (1, 1)
        failures = made.record().failures
        assert again(play, made) == (True, 1)
        assert made.record().failures == failures + 1, "only the run of the plan is evidence about its steps"


def test_the_original_text_is_not_asked_for_ever_where_it_never_helps(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        play.original = False
        policy = AdaptPolicy(least_gain=0.5, futility=0.5)
        made = Adapting(SALES, RunOptions(model=TARGET, task="t"), settings, storage, policy, play, lambda o: o.exit_code == 0)
        assert again(play, made) == (False, 1)
        assert again(play, made) == (False, 0)
        assert "did not help in 1 failed tasks in a row" in " ".join(line.what for line in made.record().history)


@pytest.mark.parametrize("case", ["workdir", "gate", "limit"])
def test_nothing_is_done_again_that_could_be_felt_outside_or_is_nobodys_inability(settings: Settings, case: str) -> None:
    skill = SALES.parent / "log-triage" if case == "gate" else SALES
    with open_store(settings.home) as storage:
        play = Played(storage)
        options = RunOptions(model=TARGET, task="t", workdir=settings.home if case == "workdir" else None)
        made = Adapting(skill, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0)
        play.lost = True
        outcome = play(made.compiled, options)
        made.after(replace(outcome, status="limit") if case == "limit" else outcome)
        assert made.instead is None
        assert not [o for o in play.options if o.mode == "raw"]


@pytest.mark.parametrize("limits", [{"max_tokens": 100}, {"max_cost": 0.5}])
@pytest.mark.parametrize("left", [0, 40])
def test_what_is_done_beside_a_run_keeps_to_its_limits(settings: Settings, limits: dict[str, Any], left: int) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        play.lost = True
        options = RunOptions(model=TARGET, task="t", started=12.5, deadline=9.0, **limits)
        made = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0)
        share = 1 - left / 100
        used = Totals(prompt_tokens=round(100 * share), cost=0.5 * share)
        made.after(replace(play(made.compiled, options), totals=used))
        raw = [o for o in play.options if o.mode == "raw"]
        assert len(raw) == bool(left)
        for given in raw:
            assert (given.started, given.deadline) == (12.5, 9.0), "the deadline is that of the command"
            assert given.max_tokens in (None, 40)
            assert given.max_cost is None or given.max_cost == pytest.approx(0.2)


def test_the_variant_that_did_the_failed_task_right_gives_its_result(settings: Settings) -> None:
    with open_store(settings.home) as storage:
        play = Played(storage)
        play.original = False
        options = RunOptions(model=TARGET, task="t")
        made = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0, (POOL,))
        for number in range(40):
            play.lost = number >= 12
            record = made.after(play(made.compiled, options))
            if record.variant(VariantState.SHADOW) is not None and any(v.wins for v in record.variants):
                break
        assert made.instead is not None
        assert play.options[-1].mode == "plan"
        spent = trials(storage.blobs)["sales-report"]
        assert {sums["n"] for sums in spent["variant"].values()} == {1.0}
        assert set(spent["variant"]) == {n.id for n in made.compiled.plan.nodes if n.kind == "step"}


def test_an_accepted_plan_of_an_older_schema_still_runs_and_an_edited_one_does_not(tmp_path: Path) -> None:
    body = json.loads((Path(__file__).parents[1] / "plan" / "golden" / "artifact-5.json").read_text())
    with open_store(tmp_path) as storage:
        storage.blobs.save(PLANS, body["digest"], body)
        plan = stored_plan(storage, body["digest"])
        assert plan is not None and plan.schema_version == SCHEMA and plan.source.name == body["source"]["name"]
        storage.blobs.save(PLANS, body["digest"], {**body, "skill_text": "another"})
        assert stored_plan(storage, body["digest"]) is None
