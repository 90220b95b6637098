"""The ladder observed -> candidate -> shadow -> promoted -> demoted, as pure functions from record to record.

Everything known about one step is one record, so that a state change is one atomic write. Code earns its place: it is
generalised from runs with different inputs, must replay all of them exactly, must never predict a left-out run wrongly, and
must then predict the next runs of the model before it serves. One wrong prediction demotes code that is not promoted yet; of
promoted code it is weighed by how often the model itself strays (`doubt`), and a broken contract demotes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import model_validator

from skvm.ir import Frozen, digest_json
from skvm.jit.generalise.propose import generalise, program_shape
from skvm.jit.generalise.results import Abstain
from skvm.jit.observe.observation import Observation
from skvm.jit.prove.agreement import Errors, Standing, Tax, reach_of, standing
from skvm.jit.prove.apply import in_effect, leave_one_out, predict, relaxed, replay, same_arguments
from skvm.jit.prove.course import Handed
from skvm.jit.prove.doubt import Doubt, Known, Weighing, checked, strays
from skvm.jit.prove.groups import LIVE, groups_of
from skvm.plan import SolidState, SolidStep

HISTORY = 200
KEPT_VERSIONS = 16
PATIENCE, SELDOM = 16, 4
"""Runs after which a step that has no code yet is tried with every fourth run only: watching must cost next to nothing."""

REPLACED = "replaced_by"
"""Key in `recorded` of code that wider code took the place of; it counts towards no limit."""

EARNED = "earned"
"""Key in `recorded` of code that was handed back: runs it had predicted until then."""


class Policy(Frozen):
    """When code may serve.

    `min_observations`, `min_distinct`: runs and different inputs it must rest on. `shadow`: later model runs it must have
    predicted exactly. `versions_per_step`: codes of one step that live or failed, not those widened since.
    `versions_per_skill`: codes alive in a skill, and codes ever made for one step. Beyond either the model keeps the step
    (8 and 64 as in PyTorch Dynamo). `handed_back`: code that was handed back after it had acted so often among its last
    `attempts` is demoted: a long good record does not excuse what it does now, and what it did long ago is forgiven.
    `effectful`: may code with effects outside the work folder be promoted without a person (`review`)? `keep`: observations
    kept per step. `errors`: how often code may do otherwise than the model, and at which error that is excluded; `tax`: how
    much is checked after promotion; `weighing`: what a disagreement found there means.
    """

    min_observations: int = 3
    min_distinct: int = 2
    shadow: int = 1
    versions_per_step: int = 8
    versions_per_skill: int = 64
    handed_back: int = 3
    attempts: int = 50
    effectful: bool = False
    keep: int = 32
    errors: Errors = Errors()
    tax: Tax = Tax()
    weighing: Weighing = Weighing()

    def standing(self, code: SolidStep) -> Standing:
        """What has been shown for code so far."""
        return standing(code, self.errors, self.tax)


class Change(Frozen):
    """One line of history. `solid` empty: about the step as a whole."""

    solid: str
    before: str
    after: str
    reason: str
    run: str = ""


class StepRecord(Frozen):
    """All that is known about one step. `made`: codes made so far. `checked`: lookups that would have served and went to the
    model to be compared. Sums are over runs; `simulated` counts those of a simulated model: `baseline` model runs, `served`
    ones, `handed` back attempts, `mixed` runs that code began and the model ended. Keys of sums: n, model_calls, tokens,
    seconds, usd, simulated, priced. `known`: what is known of the model at this step; `doubts`: by id what checks of promoted
    code say."""

    step_key: str
    step_id: str
    skill: str
    versions: tuple[SolidStep, ...] = ()
    history: tuple[Change, ...] = ()
    numbered: int = 0
    baseline: dict[str, float] = {}
    served: dict[str, float] = {}
    handed: dict[str, float] = {}
    mixed: dict[str, float] = {}
    watching: float = 0.0
    checked: int = 0
    lately: dict[str, str] = {}
    aside: tuple[str, ...] = ()
    known: Known = Known()
    doubts: dict[str, Doubt] = {}

    @model_validator(mode="before")
    @classmethod
    def _counted_for_life(cls, row: Any) -> Any:
        """A record of a former version counted without telling when: of that nothing is kept."""
        return {k: v for k, v in row.items() if k != "streak"} if isinstance(row, dict) else row

    def doubt(self, id: str) -> Doubt:
        """What the checks of one code say."""
        return self.doubts.get(id, Doubt())

    def version(self, id: str) -> SolidStep:
        """One code of the step; raises KeyError."""
        for item in self.versions:
            if item.id == id:
                return item
        raise KeyError(id)

    def note(self, solid: str, reason: str, run: str = "", before: str = "", after: str = "") -> StepRecord:
        """The record with one more line of history; an exact repetition of the last line is not written twice."""
        line = Change(solid=solid, before=before, after=after, reason=reason, run=run)
        if self.history and self.history[-1].model_copy(update={"run": run}) == line:
            return self
        return self.model_copy(update={"history": (*self.history, line)[-HISTORY:]})

    def replaced(self, code: SolidStep, reason: str = "", run: str = "") -> StepRecord:
        """The record with a new form of one code; a change of state is noted."""
        old = self.version(code.id)
        code = code.model_copy(update={"reason": reason or code.reason})
        versions = tuple(code if v.id == code.id else v for v in self.versions)
        aside = self.aside if code.state is SolidState.SHADOW else tuple(id for id in self.aside if id != code.id)
        record = self.model_copy(update={"versions": versions, "aside": aside})
        return record if old.state is code.state else record.note(code.id, reason, run, old.state, code.state)


def added(sums: dict[str, float], cost: dict[str, float], simulated: bool) -> dict[str, float]:
    """Sums with one more run."""
    result = {**sums, "n": sums.get("n", 0.0) + 1, "simulated": sums.get("simulated", 0.0) + float(simulated)}
    result["priced"] = sums.get("priced", 0.0) + float("usd" in cost)
    for name, value in cost.items():
        result[name] = sums.get(name, 0.0) + value
    return result


def code_digest(code: SolidStep) -> str:
    """Digest of what the code does and when, without its evidence and state."""
    body = code.model_dump(mode="json", include={"holes", "calls", "loops", "values", "summary", "guards"})
    return digest_json(body)


def take(
    record: StepRecord, seen: Observation, runs: Sequence[Observation], policy: Policy, room: int, held: float | None = None
) -> StepRecord:
    """The record after one more model run; `runs` are all kept ones of the same slice, `room` codes the skill may still add,
    `held` is what the profile says of the model at this step."""
    kind = "mixed" if seen.mixed else "baseline"
    known = record.known if seen.mixed else record.known.attempt(True).compared(_alike(seen, runs))
    record = record.model_copy(update={kind: added(getattr(record, kind), seen.cost, seen.simulated), "known": known})
    record, covered = _compare(record, seen, policy, strays(known, held, policy.weighing))
    return record if covered else _learn(record, seen, runs, policy, room)


def _alike(seen: Observation, runs: Sequence[Observation]) -> list[bool]:
    """Did the last run on the very same inputs do the same? Empty where there was none."""
    for old in reversed(runs):
        if not old.mixed and old.same_inputs(seen) and not old.same(seen):
            calls = zip(old.calls, seen.calls, strict=False)
            same = all(a.tool == b.tool and same_arguments(a.tool, a.args, b.args) for a, b in calls)
            return [same and len(old.calls) == len(seen.calls) and old.values == seen.values]
    return []


def _compare(record: StepRecord, seen: Observation, policy: Policy, strayed: float) -> tuple[StepRecord, bool]:
    """Hold every live code against the run: agreement counts towards promotion, a difference demotes or is weighed."""
    covered = False
    for code in record.versions:
        if code.state not in LIVE or code.slice_digest != seen.guard.slice_digest:
            continue
        try:
            difference = predict(code, seen)
        except Handed as handed:
            if code.id in record.aside and not seen.mixed:
                record = _back(record, code, seen.run)
            elif code.state is not SolidState.PROMOTED:  # of promoted code the lookup has told already
                record = record.note(code.id, f"did not apply: {handed.guard}: {handed.reason}", seen.run)
            continue
        if difference:
            record, stays = _differed(record, code, seen, difference, policy, strayed)
            covered = covered or stays
            continue
        covered = True
        if not seen.mixed:
            if code.state is SolidState.PROMOTED:
                record = _doubted(record, code.id, checked(record.doubt(code.id), True, strayed, policy.weighing))
            evidence = tuple(sorted({*code.evidence, seen.id}))
            record = record.replaced(code.model_copy(update={"agreed": code.agreed + 1, "evidence": evidence}))
            record = promote(record, code.id, policy, seen.run)
    return record, covered


def _back(record: StepRecord, code: SolidStep, run: str) -> StepRecord:
    """Code that stood back takes its place again: what the model did meanwhile does not speak against it."""
    return record.replaced(code.model_copy(update={"state": SolidState.PROMOTED}), "the model had its run", run)


def _differed(
    record: StepRecord, code: SolidStep, seen: Observation, difference: str, policy: Policy, strayed: float
) -> tuple[StepRecord, bool]:
    """The record after a run that code predicted otherwise, and whether it is the same in effect, so that there is nothing to
    learn from it."""
    if code.state is not SolidState.PROMOTED:
        demoted = code.model_copy(update={"disagreed": code.disagreed + 1, "state": SolidState.DEMOTED})
        return record.replaced(demoted, f"the model did otherwise: {difference}", seen.run), False
    doubt = record.doubt(code.id)
    if in_effect(code, seen):
        doubt = doubt.model_copy(update={"excused": doubt.excused + 1})
        return _doubted(record, code.id, doubt).note(code.id, f"the same in effect, though {difference}", seen.run), True
    doubt = checked(doubt, False, strayed, policy.weighing)
    record = _doubted(record, code.id, doubt)
    told = f"the model did otherwise: {difference}; {doubt.text(policy.weighing)}"
    code = code.model_copy(update={"disagreed": code.disagreed + 1})
    if doubt.shown_wrong(policy.weighing) or reach_of(code) in policy.weighing.at_once:
        return record.replaced(code.model_copy(update={"state": SolidState.DEMOTED}), told, seen.run), False
    return record.replaced(code).note(code.id, told, seen.run), False


def _doubted(record: StepRecord, id: str, doubt: Doubt) -> StepRecord:
    kept = {v.id: record.doubts[v.id] for v in record.versions if v.id in record.doubts}
    return record.model_copy(update={"doubts": {**kept, id: doubt}})


def failed(record: StepRecord) -> StepRecord:
    """The record after a model did not do the step, by its own word or by the step's contract."""
    return record.model_copy(update={"known": record.known.attempt(False)})


def promote(record: StepRecord, id: str, policy: Policy, run: str = "") -> StepRecord:
    """Promote a shadow that has earned it; otherwise say what is missing."""
    code = record.version(id)
    if code.state is not SolidState.SHADOW:
        return record
    reason = missing(code, policy)
    if reason:
        return record.note(id, f"not yet: {reason}", run)
    told = f"{len(code.evidence)} runs, {code.agreed} of them predicted beforehand, none otherwise; "
    told += policy.standing(code).text()
    record = record.replaced(code.model_copy(update={"state": SolidState.PROMOTED}), told, run)
    for old in record.versions:
        if old.id != id and old.state in LIVE and set(old.evidence) <= set(code.evidence):
            record = record.replaced(_succeeded(old, id), f"superseded by {id}", run)
    return record


def missing(code: SolidStep, policy: Policy) -> str:
    """What a shadow still lacks; empty when it may serve."""
    if len(code.evidence) < policy.min_observations:
        return f"{len(code.evidence)} of {policy.min_observations} runs"
    if code.agreed < policy.shadow:
        return f"{code.agreed} of {policy.shadow} runs predicted beforehand"
    outside = code.recorded.get("outside")
    if outside and not policy.effectful:
        return f"{outside} acts outside the work folder: a person must accept it (`skvm jit review`)"
    shown = policy.standing(code)
    if not shown.established and shown.reach not in policy.errors.provisional:
        return shown.text()
    return ""


def _learn(record: StepRecord, seen: Observation, runs: Sequence[Observation], policy: Policy, room: int) -> StepRecord:
    """New code that covers the run: an existing one widened by what wobbled, else one with runs that no code covers."""
    same_slice = [v for v in record.versions if v.slice_digest == seen.guard.slice_digest]
    if not same_slice and len(runs) >= PATIENCE and (record.baseline.get("n", 0.0) + record.mixed.get("n", 0.0)) % SELDOM:
        return record
    reasons: dict[bool, str] = {}
    for members in groups_of(same_slice, seen, runs):
        straight = all(program_shape(o) == program_shape(seen) for o in members)
        try:
            code = _proved(members, policy)
            _uncontradicted(code, members, runs)
        except Abstain as abstained:
            reasons.setdefault(straight, str(abstained))
            continue
        if any(v.state is SolidState.REJECTED and code_digest(v) == code_digest(code) for v in same_slice):
            reasons.setdefault(straight, "this code was rejected by a person")
            continue
        return _admit(record, code, seen, policy, room)
    reason = reasons.get(True) or reasons.get(False, "")
    return record.note("", f"still observed: {reason}", seen.run) if reason else record


def _proved(members: Sequence[Observation], policy: Policy) -> SolidStep:
    """Code of several runs that replays them all and predicts no left-out one wrongly; raises Abstain."""
    distinct = len({o.input_id for o in members})
    if distinct < policy.min_distinct:
        raise Abstain(f"{distinct} of {policy.min_distinct} different inputs")
    code = generalise(members)
    failed = replay(code, members)
    if failed:
        raise Abstain(f"replay: {failed}")
    if len(members) > policy.min_distinct:
        right, handed, wrong = leave_one_out(members)
        if wrong:
            raise Abstain(f"left-out run predicted wrongly: {wrong}")
        code = code.model_copy(
            update={"recorded": {**code.recorded, "left_out_right": str(right), "left_out_handed_back": str(handed)}}
        )
    return code


def _uncontradicted(code: SolidStep, members: Sequence[Observation], runs: Sequence[Observation]) -> None:
    """Raises Abstain when the code would have served a run of the same step otherwise than the model then did it.

    Runs in which a call failed are left out: they tell how the model recovers, not what the step is.
    """
    own = {o.id for o in members}
    for seen in runs:
        if seen.id in own or seen.mixed or not all(c.ok for c in seen.calls):
            continue
        try:
            difference = predict(code, seen)
        except Handed:
            continue
        if difference:
            raise Abstain(f"another run contradicts it: run {seen.run}: {difference}")


def _admit(record: StepRecord, code: SolidStep, seen: Observation, policy: Policy, room: int) -> StepRecord:
    spent = [v for v in record.versions if v.slice_digest == code.slice_digest and REPLACED not in v.recorded]
    widened = {v.id for v in spent if v.state in LIVE and set(v.evidence) <= set(code.evidence)}
    yields = _weakest(spent, code) if len(spent) - len(widened) >= policy.versions_per_step else None
    if len(spent) - len(widened) - (yields is not None) >= policy.versions_per_step:
        return record.note("", f"limit of {policy.versions_per_step} codes per step; the model keeps the step", seen.run)
    if room <= 0 or record.numbered >= policy.versions_per_skill:
        return record.note("", f"limit of {policy.versions_per_skill} codes per skill; the model keeps the step", seen.run)
    id = f"{short_key(record.step_key)}/{record.numbered + 1}"
    earned = max((_earned(v, seen) for v in record.versions if _foretold(v, code, seen)), default=0)
    new = code.model_copy(update={"id": id, "state": SolidState.SHADOW, "baseline": means(record.baseline), "agreed": earned})
    new = new.model_copy(update={"reason": "replays all of its runs exactly"})
    record = record.model_copy(update={"versions": (*_pruned(record.versions), new), "numbered": record.numbered + 1})
    told = f"generalised from {len(new.evidence)} runs with different inputs"
    record = record.note(id, told, seen.run, SolidState.OBSERVED, SolidState.CANDIDATE)
    record = record.note(id, "replays all of them exactly", seen.run, SolidState.CANDIDATE, SolidState.SHADOW)
    for old in record.versions:
        if old.id != id and old.state is SolidState.SHADOW and set(old.evidence) <= set(new.evidence):
            record = record.replaced(_succeeded(old, id), f"generalised into {id}", seen.run)
        elif yields is not None and old.id == yields.id and old.state is SolidState.SHADOW:
            record = record.replaced(_succeeded(old, id), f"gave its place to {id}, which rests on more runs", seen.run)
    return promote(record, id, policy, seen.run)


def _weakest(spent: Sequence[SolidStep], code: SolidStep) -> SolidStep | None:
    """Of codes that foretold nothing yet the one that rests on the fewest runs, when the new one rests on more."""
    able = [v for v in spent if v.state is SolidState.SHADOW and not v.agreed and len(v.evidence) < len(code.evidence)]
    return min(able, key=lambda v: len(v.evidence), default=None)


def _succeeded(old: SolidStep, by: str) -> SolidStep:
    return old.model_copy(update={"state": SolidState.DEMOTED, "recorded": {**old.recorded, REPLACED: by}})


def _pruned(versions: tuple[SolidStep, ...]) -> tuple[SolidStep, ...]:
    """Without the oldest codes that wider ones took the place of; the history still tells of them."""
    gone = [v.id for v in versions if v.state is SolidState.DEMOTED and REPLACED in v.recorded][:-KEPT_VERSIONS]
    return tuple(v for v in versions if v.id not in gone)


def _foretold(old: SolidStep, new: SolidStep, seen: Observation) -> bool:
    """Did live code predict this run to the letter, only for values of a kind that it would not have accepted yet?

    Then widening what it accepts takes nothing away from what it has earned.
    """
    if old.state not in LIVE or old.slice_digest != new.slice_digest or _body(old) != _body(new):
        return False
    try:
        return predict(relaxed(old), seen) == ""
    except Handed:
        return False


def _earned(old: SolidStep, seen: Observation) -> int:
    """Runs that code predicted, this one among them. Of one that it began itself only what the model then went on with could
    speak for it: that is nothing new, and gives back what it had before it was handed back."""
    return int(old.recorded.get(EARNED, "0")) if seen.mixed else old.agreed + 1


def _body(code: SolidStep) -> Any:
    """What code does, without what it accepts."""
    return relaxed(code).model_dump(mode="json", include={"holes", "calls", "loops", "values", "summary"})


def short_key(step_key: str) -> str:
    """The part of a step key that is shown."""
    return step_key.removeprefix("sha256:")[:10]


def means(sums: dict[str, float]) -> dict[str, float]:
    """Means per run of sums; empty without runs."""
    n = sums.get("n", 0.0)
    return {k: v / n for k, v in sums.items() if k not in ("n", "simulated", "priced")} | {"n": n} if n else {}
