"""Measuring a target: from options to a measurement, and from its counts to a profile among the user's own."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from skvm.app.measured import Asked, Measured
from skvm.app.noted import NotedClient
from skvm.app.profiles import keep_profile
from skvm.app.running import check_price
from skvm.app.sandbox import sandbox_of
from skvm.app.settings import Settings
from skvm.app.targets import backends
from skvm.app.workbench import SandboxBench
from skvm.capability import Cell, Level, Profile, Target, find_profile, load_catalog, load_profile
from skvm.capability.profiles import SIM, parse_target
from skvm.diag import LimitHit, TargetError, UsageError
from skvm.source import digest_text
from skvm.store import held_lock, open_store, private_folder

if TYPE_CHECKING:
    from skvm.ports import Harness, ModelClient
    from skvm.profile.kit.instance import Probe
    from skvm.profile.run.runner import Measurement, Outcome, Progress


@dataclass(frozen=True)
class MeasureOptions:
    """What a user may say about a measurement. Times in seconds, cost in USD; `started` is a monotonic time.

    `skill`: measure only what it needs. `resume` False begins again; True and None go on with one that was cut off, True also
    with one that is finished.
    """

    model: str
    harness: str = "builtin"
    api_base: str | None = None
    skill: Path | None = None
    deadline: float | None = None
    budget_calls: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    concurrency: int = 4
    seed: int = 0
    resume: bool | None = None
    primitives: tuple[str, ...] = ()
    latency_scale: float | None = None
    started: float = field(default_factory=time.monotonic)
    listener: Callable[[Progress], None] | None = None


def measure(options: MeasureOptions, settings: Settings) -> Measured:
    """Measure to the end (blocking).

    Raises UsageError for a wrong call; TargetError, EnvironmentFailure, StoreError when target or machine fail: then no
    profile is written, and completed instances are kept for a resume.
    """
    return anyio.run(_measure, options, settings)


async def _measure(options: MeasureOptions, settings: Settings) -> Measured:
    from skvm.profile.measure.policy import ROUND
    from skvm.profile.run.ledger import Ledger
    from skvm.profile.run.runner import Budget, Measurement

    target = _target(options)
    asked, probes = _asked(options, target, settings)
    check_price(options.max_cost, target)
    _check_profile(target, settings)
    client = NotedClient(_client(options, target, settings))
    name = digest_text("\0".join((str(target), target.harness, options.api_base or "", str(options.seed))))[7:39]
    scratch = settings.home / "measuring" / name
    with held_lock(settings.home, f"measurement of {target}"), open_store(settings.home) as store:
        ledger = Ledger(store.blobs, name, datetime.now(UTC).date().isoformat())
        if options.resume is False or (ledger.finished and not options.resume):
            ledger.forget()
            ledger = Ledger(store.blobs, name, datetime.now(UTC).date().isoformat())
        shutil.rmtree(scratch, ignore_errors=True)
        harness = _harness(options, target, client, settings, private_folder(scratch))
        measurement = Measurement(
            [p for p in probes if p.primitive not in asked.unable],
            harness,
            SandboxBench(lambda: sandbox_of(settings), scratch),
            ledger,
            scratch,
            seed=options.seed,
            budget=Budget(options.budget_calls, options.max_tokens, options.max_cost),
            concurrency=min(options.concurrency, ROUND),
            listener=options.listener,
            unable=asked.unable,
        )
        try:
            outcome, reached = await _bounded(measurement, options, client)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            if not ledger.done:
                ledger.forget()
        profile = _profile(target, harness, outcome, probes, ledger.began, options)
        kept = keep_profile(_merged(profile, outcome, settings), settings.profiles, settings) if profile.cells else None
        if not reached:
            ledger.finish()
        return Measured(target, asked, outcome, profile, kept, reached)


async def _bounded(measurement: Measurement, options: MeasureOptions, client: NotedClient | None = None) -> tuple[Outcome, str]:
    """The outcome, and which limit cut it short; raises TargetError when the deadline passes without one answer."""
    left = inf if options.deadline is None else options.deadline - (time.monotonic() - options.started)
    with anyio.move_on_after(max(0.0, left)):
        outcome = await measurement.run()
        return outcome, outcome.spent
    if not measurement.ledger.done:
        text = f"no probe was answered before the deadline of {options.deadline:g} s"
        if client is not None and client.last is not None:
            text += f"; at last {client.last.message}"
        raise TargetError(text, kind="timeout", help="check the server, or raise --deadline")
    return measurement.outcome(), f"the deadline of {options.deadline:g} s was reached"


def _target(options: MeasureOptions) -> Target:
    target = parse_target(options.model)
    harness = options.harness if options.harness != "builtin" else target.harness
    if harness != "builtin":
        help = "use the built-in one: leave --harness out"
        raise UsageError(f"the harness {harness} cannot be measured yet", where=str(target), help=help)
    return target


def _asked(options: MeasureOptions, target: Target, settings: Settings) -> tuple[Asked, list[Probe]]:
    """What is to be measured and the probes for it, in the catalogue's order.

    Raises UsageError for an unknown primitive, and when nothing that is asked for can be measured.
    """
    from skvm.profile.probes import FOLDER, probe_of

    known = [p.id for p in load_catalog().primitives]
    strange = sorted(set(options.primitives) - set(known))
    if strange:
        raise UsageError(f"no such primitive: {', '.join(strange)}", help="`skvm profile show sim/strong` lists them")
    wanted, unwanted = set(options.primitives) or set(known), "not among the primitives that were asked for"
    if options.skill is not None:
        from skvm.app.asked import CompileOptions
        from skvm.app.compiling import artifact_at

        artifact, _ = artifact_at(options.skill, CompileOptions(target=str(target)), settings)
        needed = {r.primitive for r in artifact.requirements}
        wanted &= needed
        unwanted = f"the skill {artifact.source.name} does not need it"
        if not wanted:
            raise UsageError("this skill needs no primitive that is to be measured", where=str(options.skill))
    probes = [probe_of(name) for name in known if name in wanted and (FOLDER / f"{name.replace('.', '_')}.py").is_file()]
    if not probes:
        raise UsageError(f"there is no probe yet for {', '.join(sorted(wanted))}", help="nothing was measured")
    unable = {p.primitive: words for p in probes if (words := _unable(p))}
    return Asked(frozenset(wanted), frozenset(p.primitive for p in probes), unwanted, unable), probes


def _check_profile(target: Target, settings: Settings) -> None:
    """What would keep the profile from being written is told before anything is spent; raises UsageError, StoreError."""
    path = private_folder(settings.profiles) / f"{profile_name(target)}.json"
    if path.exists():
        load_profile(path)


def _client(options: MeasureOptions, target: Target, settings: Settings) -> ModelClient:
    if target.model.startswith(SIM):
        return _simulated(options, target, settings)
    return backends(settings, api_base=options.api_base, seed=options.seed)(target.model)


def _harness(options: MeasureOptions, target: Target, client: ModelClient, settings: Settings, scratch: Path) -> Harness:
    from skvm.adapters.chromium import find_chromium
    from skvm.runtime.harness import BuiltinHarness

    return BuiltinHarness(
        target.model,
        client,
        scratch,
        sandbox=lambda: sandbox_of(settings),
        browsers=find_chromium(settings.cache),
        widest=options.concurrency,
    )


def _simulated(options: MeasureOptions, target: Target, settings: Settings) -> ModelClient:
    """The simulated model with the success curves that its profile states."""
    from skvm.adapters.simulation.faults import chance
    from skvm.adapters.simulation.model import LATENCY_SCALE, SimModel
    from skvm.adapters.tokens import OfflineCounter
    from skvm.profile.run.player import ProbePlayer

    profile = find_profile(target, (settings.profiles,)).profile
    assert profile is not None, "a simulated target always has a profile"

    def curve(primitive: str, level: Level) -> float:
        return chance(profile, primitive, level)

    scale = LATENCY_SCALE if options.latency_scale is None else options.latency_scale
    player = ProbePlayer(curve, options.seed)
    return SimModel(profile, None, OfflineCounter(), seed=options.seed, latency_scale=scale, probes=player)


def _unable(probe: Probe) -> str:
    """Why an instance cannot be graded on this machine; empty when it can."""
    missing = [program for program in probe.programs if shutil.which(program) is None]
    return f"this machine has no {', '.join(missing)} to grade it with" if missing else ""


def _profile(
    target: Target, harness: Harness, outcome: Outcome, probes: list[Probe], began: str, options: MeasureOptions
) -> Profile:
    versions = ", ".join(f"{p.primitive} {p.version}" for p in probes)
    return Profile(
        name=profile_name(target),
        model=target.model,
        harness=target.harness,
        harness_version=harness.version,
        probe_version=f"seed {options.seed}: {versions}",
        measured=began,
        source=f"{'SIMULATED model, ' if harness.simulated else ''}skvm profile",
        synthetic=harness.simulated,
        cells=outcome.cells(),
    )


def profile_name(target: Target) -> str:
    """MODEL@HARNESS without the vendor's path; a simulated model keeps its `sim`, so that it never passes for a real one."""
    if target.model.startswith(SIM):
        return f"sim-{target.model.removeprefix(SIM)}@{target.harness}"
    tail = target.model.rsplit("/", 1)[-1]
    return f"{tail.replace(os.sep, '-').lstrip('.') or 'model'}@{target.harness}"


def _merged(profile: Profile, outcome: Outcome, settings: Settings) -> Profile:
    """With the cells of an earlier measurement on the same harness version that this one did not measure or not settle."""
    path = settings.profiles / f"{profile.name}.json"
    if not path.is_file():
        return profile
    old = load_profile(path)
    if old.harness_version != profile.harness_version or old.synthetic != profile.synthetic:
        return profile
    settled = {*outcome.safe, *outcome.not_offered}
    cells: dict[str, Cell] = {**old.cells, **{n: c for n, c in profile.cells.items() if n in settled or n not in old.cells}}
    if cells == profile.cells:
        return profile
    earlier = f"{profile.probe_version}; earlier: {old.probe_version.split('; earlier: ')[0]}"
    return profile.model_copy(update={"cells": cells, "probe_version": earlier})


def limit_of(measured: Measured) -> LimitHit | None:
    """The error that a limit which cut the measurement short ends the command with."""
    if not measured.reached:
        return None
    open_ = len(measured.asked.probed) - len(measured.outcome.safe) - len(measured.outcome.not_offered)
    words = f"{measured.reached}: {open_} of {len(measured.asked.primitives)} primitives not settled"
    return LimitHit(words, limit="budget", help="the same command goes on from there")
