"""Watching: each outcome moves the estimates and the detectors of drops; what crosses a line becomes a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skvm.capability import Cell, Level, Profile
from skvm.capability.sequential import drop_evidence, drop_steps
from skvm.jit.adapt.estimates import held_at, live_cell, lower_quantile, moved, tallied
from skvm.jit.adapt.outcomes import Outcome
from skvm.jit.adapt.record import AdaptPolicy, AdaptRecord, RecompileRequest, Stubborn, Usual, VariantState
from skvm.plan import Artifact, StepNode

KEPT_STUBBORN = 32


def watched(record: AdaptRecord, seen: Iterable[Outcome], profile: Profile | None, policy: AdaptPolicy) -> AdaptRecord:
    """The record after more outcomes. An input that keeps failing is counted once, however often it is tried again."""
    for outcome in seen:
        record, repeated = _streak(record, outcome, policy)
        record = record.model_copy(
            update={
                "outcomes": record.outcomes + 1,
                "failures": record.failures + (not outcome.ok),
                "simulated": record.simulated + outcome.simulated,
            }
        )
        if not repeated and seen_by(outcome, record.target):
            record = _counted(record, outcome, profile, policy)
    return record


def seen_by(outcome: Outcome, target: str) -> bool:
    """Is the outcome about this target? Steps of a variant may be done by another one."""
    return outcome.target in ("", target)


def compiled_cell(record: AdaptRecord, profile: Profile | None, primitive: str) -> Cell | None:
    """What the plan that runs was compiled under: the profile, or the live counts of its day."""
    cell = profile.cells.get(primitive) if profile else None
    active = record.variant(VariantState.ACTIVE)
    if active is None or primitive not in active.counts:
        return cell
    return (cell or Cell()).model_copy(update={"counts": {Level(k): v for k, v in active.counts[primitive].items()}})


def _streak(record: AdaptRecord, seen: Outcome, policy: AdaptPolicy) -> tuple[AdaptRecord, bool]:
    """How often in a row this input went the same way; True when it failed here before and fails again."""
    if not seen.input:
        return record, False
    place = f"{seen.step}\0{seen.input}"
    run = record.inputs.get(place, 0)
    now = max(run, 0) + 1 if seen.ok else min(run, 0) - 1
    kept = {k: v for k, v in record.inputs.items() if k != place}
    rows = list({**kept, place: now}.items())[-policy.inputs :]
    record = record.model_copy(update={"inputs": dict(rows)})
    if -now == policy.stubborn:
        told = Stubborn(step=seen.step, input=seen.input, failures=-now, run=seen.run)
        record = record.model_copy(update={"stubborn": (*record.stubborn, told)[-KEPT_STUBBORN:]})
        what = f"{seen.step} failed {-now} times in a row with the same input: taken for that input's matter, counted once"
        record = record.noted(what, run=seen.run)
    return record, now < -1


def _counted(record: AdaptRecord, seen: Outcome, profile: Profile | None, policy: AdaptPolicy) -> AdaptRecord:
    held = {r.primitive: _held(record, profile, r.primitive, r.level, policy) for r in seen.requires}
    slow = tallied(record.tallies, seen, policy.half_life, held)
    fast = tallied(record.recent, seen, policy.recent, held)
    usual = dict(record.usual)
    alarms = []
    for name in sorted({r.primitive for r in seen.requires}):
        before = usual.get(name, Usual())
        usual[name] = _detected(before, seen.ok, policy)
        if usual[name].alarm and not before.alarm:
            alarms.append(name)
            slow[name] = fast[name]
    changed = tuple(sorted({*record.changed, *alarms}))
    record = record.model_copy(update={"tallies": slow, "recent": fast, "usual": usual, "changed": changed})
    for name in alarms:
        now = usual[name]
        what = f"steps that need {name} succeed less often than before (usually {now.reference:.2f} or more): alarm "
        record = record.noted(f"{what}after {now.alarm} outcomes; same model, other behaviour", run=seen.run)
    return record


def _held(record: AdaptRecord, profile: Profile | None, primitive: str, level: Level, policy: AdaptPolicy) -> float:
    return held_at(_live(record, profile, primitive, policy), level)


def _live(record: AdaptRecord, profile: Profile | None, primitive: str, policy: AdaptPolicy) -> Cell:
    """The cell as outcomes have it; the profile has no say in it any more once the model behaves otherwise."""
    cell = profile.cells.get(primitive) if profile and primitive not in record.changed else None
    return live_cell(cell, record.tallies.get(primitive, {}), policy.strength, policy.half_life)


def _detected(usual: Usual, ok: bool, policy: AdaptPolicy) -> Usual:
    """What is usual is taken anew at each of the marks, from all outcomes so far; drops from it are looked for after the first.

    The reference is the highest low quantile of any mark: it lies above the truth with at most the stated chance.
    """
    if usual.n < policy.marks[-1]:
        usual = usual.model_copy(update={"passed": usual.passed + ok, "n": usual.n + 1})
        if usual.n in policy.marks:
            mass = policy.reference_error / len(policy.marks)
            lowest = min(max(lower_quantile(usual.passed, usual.n, mass), 0.01), 0.99)
            return usual.model_copy(update={"reference": max(usual.reference, lowest)})
    if not usual.reference:
        return usual
    reference = usual.reference
    held, since = drop_steps(usual.held, ok, reference), usual.since + 1
    alarm = usual.alarm or (since if drop_evidence(held) >= policy.false_alarm else 0)
    return usual.model_copy(update={"held": held, "since": since, "alarm": alarm})


def requested(record: AdaptRecord, artifact: Artifact, profile: Profile | None, policy: AdaptPolicy) -> RecompileRequest | None:
    """What is to be compiled again, or None: no estimate has left its band and no detector went off, a variant is being
    compared already, or this evidence led to a request before."""
    if record.variant(VariantState.SHADOW) is not None:
        return None
    needs = {(r.primitive, r.level) for n in artifact.plan.nodes if isinstance(n, StepNode) for r in n.requires}
    crossed: dict[str, str] = {}
    for primitive, level in sorted(needs):
        live = _live(record, profile, primitive, policy)
        found = moved(primitive, level, compiled_cell(record, profile, primitive), live, policy.sure)
        if found is not None:
            crossed[primitive] = (
                f"{primitive} {level.value}: estimate {found.before:.2f} is now {found.now:.2f}, sure {found.sure:.3f}"
            )
    for primitive in sorted({p for p, _ in needs}):
        if (
            record.usual.get(primitive, Usual()).alarm
            and primitive not in crossed
            and _blamed(record, primitive, profile, policy)
        ):
            crossed[primitive] = (
                f"{primitive}: fewer successes than before, alarm after {record.usual[primitive].alarm} outcomes"
            )
    fresh = {name: why for name, why in crossed.items() if record.outcomes >= record.asked.get(name, 0)}
    return _request(record, artifact, fresh, profile, policy) if fresh else None


def _blamed(record: AdaptRecord, primitive: str, profile: Profile | None, policy: AdaptPolicy) -> bool:
    """Did the primitive's own estimate fall, or is it only needed by steps in which another one failed?"""
    before, live = compiled_cell(record, profile, primitive), _live(record, profile, primitive, policy)
    return any(held_at(live, Level(name)) < held_at(before, Level(name)) for name in record.tallies.get(primitive, {}))


def _request(
    record: AdaptRecord, artifact: Artifact, crossed: Mapping[str, str], profile: Profile | None, policy: AdaptPolicy
) -> RecompileRequest:
    nodes = [n for n in artifact.plan.nodes if isinstance(n, StepNode)]
    steps = tuple(n.id for n in nodes if any(r.primitive in crossed for r in n.requires))
    counts = {}
    for name in crossed:
        live = _live(record, profile, name, policy)
        counts[name] = {level.value: found for level, found in sorted(live.counts.items())}
    return RecompileRequest(
        skill=record.skill,
        target=record.target,
        source=record.source,
        primitives=tuple(sorted(crossed)),
        steps=steps,
        counts=counts,
        reason="; ".join(crossed[name] for name in sorted(crossed)),
    )
