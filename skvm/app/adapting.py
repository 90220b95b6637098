"""Adapting a skill to a target: evidence of its runs is taken in, affected steps are compiled again, variants are compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skvm.app.active import PLANS, keep, plan_of, record_of, records, stored_plan
from skvm.app.asked import CompileOptions
from skvm.app.compiling import artifact_at, compile_request, request_of
from skvm.app.evidence import LOCK_SECONDS, note_compile
from skvm.app.running import RunOptions, named, target_of
from skvm.app.settings import Settings
from skvm.app.targets import profile_for
from skvm.capability import Cell, Level, Profile, Target
from skvm.diag import SkvmError, UsageError
from skvm.ir import digest_json
from skvm.jit.adapt import (
    AdaptPolicy,
    AdaptRecord,
    Page,
    RecompileRequest,
    VariantState,
    adapted_page,
    admit,
    back_to,
    compared,
    done_again,
    outcomes_of,
    put_off,
    requested,
    together,
    watched,
    worth_again,
)
from skvm.jit.ledger import note_trial
from skvm.plan import Artifact, ExecutorKind, GateNode, StepNode
from skvm.source import SkillSource, load_skill

if TYPE_CHECKING:
    from skvm.ports import Storage
    from skvm.runtime import RunOutcome

OVER = ("done", "failed")
"""Ends of a run that nobody takes up again; others are looked at when they have come to one of these."""

AGAIN_SEED = 1_000_003
"""Added to the seed of a simulated model that does a task once more: a second try is another draw."""

READ_BACK = 200
"""Past runs that are looked through for evidence not taken in yet."""


def recompiled(
    source: SkillSource, old: Artifact, asked: RecompileRequest, options: CompileOptions, settings: Settings
) -> Artifact:
    """The skill compiled under the live counts of the primitives asked about; only the affected steps may come out otherwise.

    Raises UsageError as compiling does. Steps that are not affected are put back as they were.
    """
    request = request_of(options, settings)
    profile = with_counts(request.profile, asked, old.target.harness)
    note = f"{request.profile_note}; {', '.join(asked.primitives)} by outcomes of its runs"
    made = compile_request(source, replace(request, profile=profile, profile_note=note), settings)
    return only_affected(old, made, asked.steps)


def with_counts(profile: Profile | None, asked: RecompileRequest, harness: str) -> Profile:
    """A profile with live counts in the cells asked about; one of these alone for a target that was never measured."""
    base = profile or Profile(name=asked.target, model=asked.target, harness=harness)
    cells = dict(base.cells)
    for name, counts in asked.counts.items():
        found = {Level(level): pair for level, pair in counts.items()}
        cells[name] = cells.get(name, Cell()).model_copy(update={"counts": found, "level": None})
    return base.model_copy(update={"cells": cells})


def only_affected(old: Artifact, new: Artifact, steps: tuple[str, ...]) -> Artifact:
    """The new plan with every step that is not affected as the old one has it; the new one where its steps are others."""
    before = {n.id: n for n in old.plan.nodes}
    if [n.id for n in new.plan.nodes] != list(before):
        return new
    kept = {n.id for n in new.plan.nodes if n.id not in steps and isinstance(n, StepNode) and n != before[n.id]}
    if not kept:
        return new
    nodes = tuple(before[n.id] if n.id in kept else n for n in new.plan.nodes)
    bindings = tuple(b for b in old.bindings if b.step in kept) + tuple(b for b in new.bindings if b.step not in kept)
    plan = new.plan.model_copy(update={"nodes": nodes})
    return new.model_copy(update={"plan": plan, "bindings": bindings}).sealed()


def plan_digest(artifact: Artifact) -> str:
    """Digest of what a plan does, whatever it was compiled under."""
    body = artifact.plan.model_dump(mode="json")
    for node in body["nodes"]:
        node.pop("estimate", None)
        node.pop("unproved", None)
    return digest_json({"nodes": body["nodes"], "edges": body["edges"]})


Runner = Callable[[Artifact, RunOptions], "RunOutcome"]
Judge = Callable[["RunOutcome"], bool]


@dataclass
class Adapting:
    """One skill on one target and what is done about it. `pool`: further models that a recompiled step may be bound to.

    `instead`: after a run that failed, the run beside it that did the same task right, by a variant or by the original text.
    """

    skill: Path
    options: RunOptions
    settings: Settings
    storage: Storage
    policy: AdaptPolicy
    run: Runner
    judge: Judge
    pool: tuple[str, ...] = ()
    say: Callable[[str], None] = lambda text: None
    instead: RunOutcome | None = None

    def __post_init__(self) -> None:
        self.compile_options = CompileOptions(target=str(target_of(self.options)), pool=self.pool)
        plain = CompileOptions(target=self.compile_options.target)
        self.compiled, self.folder = artifact_at(self.skill, plain, self.settings)
        target = Target(model=self.compiled.target.model, harness=self.compiled.target.harness)
        self.profile = profile_for(target, self.settings).profile
        self._lock = partial(self.storage.lock, "adapting", LOCK_SECONDS)

    def after(self, outcome: RunOutcome) -> AdaptRecord:
        """Take in what happened, compare the variant in course on the same inputs, have the original text do what failed,
        compile again where a line was crossed."""
        self.instead = None
        record = self._taken_in(outcome)
        if record.variant(VariantState.SHADOW) is not None:
            record = self._compared(record, outcome)
        if self.instead is None and self._may_do_again(record, outcome):
            record = self._done_again(outcome)
        return self._recompiled(record)

    def record(self) -> AdaptRecord:
        """What is known now."""
        return record_of(self.storage, self.compiled)

    def _plan(self, record: AdaptRecord) -> Artifact:
        return plan_of(self.storage, record, self.compiled)

    def _taken_in(self, outcome: RunOutcome) -> AdaptRecord:
        """Outcomes of runs that were not looked at yet; a run counts once, as its id is kept in the same write."""
        with self._lock():
            record = record_of(self.storage, self.compiled)
            plans = {p.digest: p for p in (self.compiled, self._plan(record))}
            past = (r for r in self.storage.journal.runs(READ_BACK) if r.status in OVER and r.run not in record.runs)
            rows = [r for r in past if r.plan in plans]
            for row in reversed(rows):
                events = tuple(e for e in self.storage.journal.read(row.run) if not e.handed)
                seen = outcomes_of(events, plans[row.plan])
                if row.run == outcome.run and outcome.status == "done" and not self.judge(outcome):
                    seen = together(seen)
                record = watched(record, seen, self.profile, self.policy)
            runs = (*record.runs, *(r.run for r in reversed(rows)))[-2 * READ_BACK :]
            record = record.model_copy(update={"runs": runs})
            keep(self.storage, record)
        return record

    def _compared(self, record: AdaptRecord, outcome: RunOutcome) -> AdaptRecord:
        """The variant does the same task in a folder of its own, without hosts, variables, approvals or solidified code: what
        it does is left in that folder, and is the result only where the run itself failed. An end that is nobody's inability is
        no pair."""
        item = record.variant(VariantState.SHADOW)
        plan = stored_plan(self.storage, item.digest) if item else None
        if item is None or plan is None or not _ended(outcome) or outcome.run in record.compared:
            return record
        options = self._beside(outcome)
        if options is None:
            return record
        self.say(f"variant {item.number} does the same task, to be compared")
        try:
            other = self.run(plan, replace(options, workdir=None, yes=False, env=()))
        except SkvmError:
            return record
        self._spent("variant", other)
        if not _ended(other):
            return record
        ran, did = self.judge(outcome), self.judge(other)
        if did and not ran and self.options.workdir is None:
            self.instead = other
        with self._lock():
            now = record_of(self.storage, self.compiled)
            now = compared(now, ran, did, self.policy, outcome.run)
            # What was compared must not count a second time, as the usual success of a plan that was chosen for it.
            taken = (*now.runs, other.run)[-2 * READ_BACK :]
            now = now.model_copy(update={"compared": (*now.compared, outcome.run)[-READ_BACK:], "runs": taken})
            keep(self.storage, now)
            if any(v.digest == item.digest and v.state is VariantState.REJECTED for v in now.variants):
                self.storage.blobs.drop(PLANS, item.digest)
        return now

    def _may_do_again(self, record: AdaptRecord, outcome: RunOutcome) -> bool:
        """Only what failed by itself, can be done beside the run without being felt outside, and begins with the same files."""
        if self.options.workdir is not None or not _ended(outcome) or not worth_again(record, self.policy):
            return False
        return not not_beside(self.compiled) and not not_beside(self._plan(record)) and not self.judge(outcome)

    def _done_again(self, outcome: RunOutcome) -> AdaptRecord:
        """Never worse than the original: the whole text in one agent does the task in a folder of its own."""
        options = self._beside(outcome)
        if options is None:
            return self.record()
        self.say(f"run {outcome.run} failed: the original text does the same task")
        try:
            other = self.run(self.compiled, replace(options, mode="raw", seed=self.options.seed + AGAIN_SEED))
        except SkvmError:
            return self.record()
        self._spent("again", other)
        helped = _ended(other) and self.judge(other)
        if helped:
            self.instead = other
        with self._lock():
            now = record_of(self.storage, self.compiled)
            if _ended(other):
                now = done_again(now, helped, self.policy)
            keep(self.storage, now)
        return now

    def _beside(self, outcome: RunOutcome) -> RunOptions | None:
        """Options of a run beside the run: the deadline of the command and what is left of its limits; None where that is
        nothing."""
        tokens, cost = self.options.max_tokens, self.options.max_cost
        tokens = None if tokens is None else tokens - outcome.totals.tokens
        cost = None if cost is None else cost - (outcome.totals.cost or 0.0)
        if (tokens is not None and tokens <= 0) or (cost is not None and cost <= 0):
            return None
        return replace(self.options, max_tokens=tokens, max_cost=cost, solid=False, resume=None, on_event=None, build=False)

    def _spent(self, kind: str, run: RunOutcome) -> None:
        """What a run beside the run cost, for the ledger."""
        with self._lock():
            events = (e for e in self.storage.journal.read(run.run) if not e.handed)
            note_trial(self.storage.blobs, self.compiled.source.name, kind, events)

    def _recompiled(self, record: AdaptRecord) -> AdaptRecord:
        old = self._plan(record)
        asked = requested(record, old, self.profile, self.policy)
        if asked is None:
            return record
        began = time.monotonic()
        made = recompiled(load_skill(self.skill), old, asked, self.compile_options, self.settings)
        note_compile(self.storage, self.compiled.source.name, time.monotonic() - began)
        with self._lock():
            now = record_of(self.storage, self.compiled)
            if now.variant(VariantState.SHADOW) is not None:
                return now
            alone = not_beside(made)
            if plan_digest(made) == plan_digest(old) or alone:
                what = f"another plan cannot be compared ({alone})" if alone else "no other plan came of it"
                now = put_off(now, asked).noted(f"compiled again, {what}: {asked.reason}")
            else:
                self.storage.blobs.save(PLANS, made.digest, made.to_json())
                now = admit(now, made.digest, plan_digest(made), asked, self.policy)
            keep(self.storage, now)
        return now


def not_beside(plan: Artifact) -> str:
    """Why a plan may not do a task a second time beside a run: whatever reaches out of its work folder, or asks a person."""
    hosts = sorted({g.name for g in plan.permissions.grants if g.kind == "host"})
    if hosts:
        return f"it reaches {', '.join(hosts)}"
    asking = [n.id for n in plan.plan.nodes if isinstance(n, GateNode)]
    asking += [n.id for n in plan.plan.nodes if isinstance(n, StepNode) and n.executor.kind is ExecutorKind.PERSON]
    return f"{', '.join(asking)} asks a person" if asking else ""


def _ended(outcome: RunOutcome) -> bool:
    """Did a run end by itself: done, or failed its own checks? Limits, waiting and doubt compare nothing."""
    return outcome.status in ("done", "failed") and outcome.error is None and outcome.exit_code in (0, 4)


def adapt_after(
    skill: Path, outcome: RunOutcome, options: RunOptions, settings: Settings, judge: Judge, pool: tuple[str, ...] = ()
) -> tuple[AdaptRecord, RunOutcome | None]:
    """What `skvm run --adapt` does after a run: what is known now, and the run that did a failed task right after all.

    Raises UsageError for a plan file, raw mode or an engine with a queue.
    """
    from skvm.app.carrying import run_named
    from skvm.store import open_store

    def run(plan: Artifact, given: RunOptions) -> RunOutcome:
        return run_named(replace(named(plan, given, settings), skill=made.folder), settings)

    with open_store(settings.home) as storage:
        made = Adapting(skill, options, settings, storage, AdaptPolicy(), run, judge, pool, options.say)
        return made.after(outcome), made.instead


def check_adaptable(skill: Path, options: RunOptions) -> None:
    """Raises UsageError where nothing can be adapted."""
    if skill.is_file() and skill.suffix == ".json":
        raise UsageError("a plan file is not adapted", where=str(skill), help="name the skill, or leave --adapt out")
    if options.mode == "raw" or options.engine != "local":
        raise UsageError("only runs of a plan on this machine are adapted", where="--adapt", help="leave --adapt out")


def roll_back(skill: str, digest: str, target: str | None, settings: Settings) -> AdaptRecord:
    """Another plan of a skill runs from now on, by the start of its digest; empty: the one compiled from the profile.

    Raises UsageError for a skill that was not adapted, several targets, and a digest that never ran or is not stored whole.
    """
    from skvm.store import open_store

    with open_store(settings.home) as storage, storage.lock("adapting", LOCK_SECONDS):
        found = [r for r in records(storage) if r.skill == skill and target in (None, r.target)]
        if not found and not records(storage):
            raise UsageError("nothing was adapted yet", where=skill, help="see `skvm run --adapt`")
        if len(found) != 1:
            known = ", ".join(f"{r.skill} on {r.target}" for r in found or records(storage)) or "none"
            raise UsageError("name one skill and target", where=skill, help=f"known: {known}; see --target")
        try:
            record = back_to(found[0], digest, "put back by hand")
        except KeyError:
            raise UsageError("no plan that ran has this digest", where=digest, help="see `skvm jit adapted`") from None
        if record.active and stored_plan(storage, record.active) is None:
            raise UsageError("that plan is no longer stored whole", where=digest, help="see `skvm jit adapted`")
        keep(storage, record)
    return record


def adapted(skill: str | None, settings: Settings) -> Page:
    """What is known about skills on targets, for people and as JSON."""
    from skvm.store import open_store

    with open_store(settings.home) as storage:
        return adapted_page(records(storage), skill)
