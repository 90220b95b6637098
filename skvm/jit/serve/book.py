"""The book of solidified steps: what the executor asks, on top of a record store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from skvm.ir import digest_json
from skvm.jit.generalise.origins import World
from skvm.jit.observe.observation import UNSOLVED, Observation, cost_of, inputs_of, observation
from skvm.jit.prove.agreement import due
from skvm.jit.prove.apply import arguments, bind, following, outcome
from skvm.jit.prove.course import Handed
from skvm.jit.prove.groups import LIVE
from skvm.jit.prove.handing import SERVED, attempted, broken, handed_back
from skvm.jit.prove.ladder import Policy, StepRecord, added, failed, take
from skvm.jit.prove.rivals import only_read, onward
from skvm.jit.serve.dispatch import Dispatch
from skvm.jit.serve.table import STEPS, Place, Table
from skvm.plan import CallRecord, SolidCall, SolidState, SolidStep, StepResult, StepStatus
from skvm.ports import Blobs, Offer, Refusal, StepContext

RUNS, PLACES = "jit.runs", "jit.places"


class Book:
    """Implements `ports.SolidBook` over `ports.Blobs`.

    `lock` guards each change of a record when several processes share the store. `clock` (seconds) measures what watching
    costs; it decides nothing.
    """

    def __init__(
        self,
        blobs: Blobs,
        policy: Policy | None = None,
        *,
        lock: Callable[[], AbstractContextManager[Any]] = nullcontext,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.policy = policy or Policy()
        self._blobs = blobs
        self._lock = lock
        self._clock = clock
        self._handed: dict[tuple[str, str, str], tuple[str, bool]] = {}
        self._table = Table(blobs)
        self._asked: dict[tuple[str, str, str], float] = {}

    # what the executor asks

    def lookup(self, context: StepContext) -> Offer | Refusal | None:
        """The promoted code whose guards hold, else why the newest one may not run, else None."""
        self._asked[_where(context)] = self._clock()
        self._table.refresh()
        known = self._table.step(context.node.key)
        moved = self._place(context)
        if known is None:
            return moved
        current = context.guard.slice_digest
        able = known.promoted.get(current, ())
        inputs = inputs_of(context) if able else {}
        found = [(d.code, held) for d in able if (held := d.captures(inputs, context.guard)) is not None]
        if found:
            return self._offer(known.record, found, inputs, context)
        return self._explained(known.record, able, inputs, context) or (None if current in known.slices else moved)

    def _offer(
        self,
        record: StepRecord,
        found: Sequence[tuple[SolidStep, dict[str, Any]]],
        inputs: dict[str, Any],
        context: StepContext,
    ) -> Offer:
        """The newest code leads, the others stand by. What is due for one of them is due for all: any may come to serve."""
        (code, captures), *rest = found
        shadow = any(self._checked(record, one, inputs, context) for one, _ in found)
        others = tuple(Offer.made(code=one, holes=held) for one, held in rest)
        return Offer.made(code=code, holes=captures, shadow=shadow, others=others)

    def _explained(
        self, record: StepRecord, able: Sequence[Dispatch], inputs: dict[str, Any], context: StepContext
    ) -> Offer | Refusal | None:
        """Asked again the long way, which alone can tell which guard missed, and has the last word."""
        refusal: Refusal | None = None
        for code in (dispatch.code for dispatch in able):
            try:
                captures = bind(code, inputs, context.guard)
            except Handed as handed:
                refusal = _nearer(refusal, Refusal(solid=code.id, guard=handed.guard, reason=handed.reason))
                continue
            return self._offer(record, [(code, captures)], inputs, context)
        if refusal is not None:
            self._note(record, refusal.solid, f"guard missed: {refusal.guard}: {refusal.reason}", context.run)
        return refusal

    def ahead(self, keys: tuple[str, ...]) -> None:
        """Read the records of steps and make their guards ready; in any thread, beside look-ups."""
        for key in keys:
            self._table.ahead(key)

    def onward(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> Offer | None:
        """The offer that goes on after these calls; None where none does, or two would not do the same."""
        try:
            return onward(offer, done)
        except Handed as handed:
            self._handed[_where(context)] = handed.reason, _only_read(done)
            return None

    def following(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> SolidCall | None:
        """The call that comes next; None behind the last one, and where a list is not as it always was."""
        try:
            return following(offer.code, World(offer.holes, done))
        except Handed as handed:
            self._handed[_where(context)] = handed.reason, _only_read(done)
            return None

    def fill(self, offer: Offer, context: StepContext, index: int, done: tuple[CallRecord, ...]) -> dict[str, Any] | None:
        """Arguments of call `index`; None when an earlier result or a hole is not as it always was."""
        try:
            return arguments(offer.code, index, World(offer.holes, done))
        except Handed as handed:
            self._handed[_where(context)] = handed.reason, _only_read(done)
            return None

    def finish(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> tuple[dict[str, Any], str] | None:
        """Values and summary after the last call; None like `fill`."""
        try:
            return outcome(offer.code, World(offer.holes, done))
        except Handed as handed:
            self._handed[_where(context)] = handed.reason, _only_read(done)
            return None

    def observe(self, context: StepContext, result: StepResult, simulated: bool) -> tuple[SolidStep, ...]:
        """Take note of a finished model step; returns codes that are new or changed their state."""
        if result.status is not StepStatus.DONE:
            self._failed(context, result)
            return ()
        began = self._clock()
        seconds = began - self._asked.pop(_where(context), began)
        with self._lock():
            before = self.record(context.node.key) or _new_record(context)
            seen = observation(context, result, simulated, mixed=_where(context) in self._handed, seconds=seconds)
            rows = self._rows(context.node.key, context.guard.slice_digest)
            kept = [Observation.model_validate(row) for row in rows]
            if any(o.same(seen) for o in kept):
                return ()
            kept = [*kept, seen][-self.policy.keep :]
            rows = [*rows, seen.model_dump(mode="json")][-self.policy.keep :]
            self._blobs.save(RUNS, _runs_key(context.node.key, context.guard.slice_digest), rows)
            after = take(before, seen, kept, self.policy, self._room(context.skill), context.held)
            after = after.model_copy(update={"watching": after.watching + self._clock() - began})
            self._save(after)
        return _moves(before, after)

    def _failed(self, context: StepContext, result: StepResult) -> None:
        """A model that could not do a step, by its own word or by the step's contract, is trusted less when it contradicts."""
        own = result.status in (StepStatus.FAILED, StepStatus.CANNOT) and not result.reason.startswith(UNSOLVED)
        if not own or _where(context) in self._handed:
            return
        with self._lock():
            record = self.record(context.node.key)
            if record is not None:
                self._save(failed(record))

    def report(self, context: StepContext, solid: str, ok: bool, reason: str, result: StepResult | None) -> None:
        """Take note of a served (`ok`) step, or of one that was handed back to the model: midway without a `result`, at its end
        with one that breaks the contract of the step."""
        now = self._clock()
        with self._lock():
            record = self.record(context.node.key)
            if record is None:
                return
            seconds = now - self._asked.get(_where(context), now)
            cost = cost_of(result, seconds) if result is not None else {"seconds": seconds}
            simulated = result.simulated if result is not None else False
            if ok:
                record = attempted(record, solid, SERVED, self.policy)
                self._save(record.model_copy(update={"served": added(record.served, cost, simulated)}))
                return
            told, read = self._handed.setdefault(_where(context), (reason, False))
            record = record.model_copy(update={"handed": added(record.handed, cost, simulated)})
            if result is not None:
                self._save(broken(record, solid, reason, context.run))
                return
            self._save(handed_back(record, solid, told, self.policy, context.run, read))

    def _checked(self, record: StepRecord, code: SolidStep, inputs: dict[str, Any], context: StepContext) -> bool:
        """Is this one for the model, so that the code is held against it once more? Counted, so that a model that fails at
        it does not get the same request for ever."""
        doubt, weighing = record.doubt(code.id), self.policy.weighing
        suspended = doubt.suspended(weighing)
        turn = int(record.served.get("n", 0)) + record.checked
        seen = digest_json({"inputs": inputs, "files": context.guard.files}) if turn else ""
        if not suspended and not due(code, seen, turn, doubt.share(weighing, self.policy.standing(code).share)):
            return False
        told = "is suspended" if suspended else "could serve"
        with self._lock():
            now = self.record(record.step_key) or record
            now = now.note(code.id, f"{told}, goes to the model and is compared", context.run)
            self._save(now.model_copy(update={"checked": now.checked + 1}))
        return True

    # what people ask

    def record(self, step_key: str) -> StepRecord | None:
        """Everything known about a step."""
        self._table.refresh()
        known = self._table.step(step_key)
        return known.record if known is not None else None

    def records(self) -> list[StepRecord]:
        """All steps, in order of skill and step."""
        rows = [StepRecord.model_validate(row) for _, row in self._blobs.records(STEPS)]
        return sorted(rows, key=lambda r: (r.skill, r.step_id, r.step_key))

    def observations(self, step_key: str, slice_digest: str) -> list[Observation]:
        """Kept model runs of a step that saw this slice, oldest first."""
        return [Observation.model_validate(row) for row in self._rows(step_key, slice_digest)]

    def _rows(self, step_key: str, slice_digest: str) -> list[Any]:
        return self._blobs.load(RUNS, _runs_key(step_key, slice_digest)) or []

    def find(self, id: str) -> tuple[StepRecord, SolidStep]:
        """Record and code of a code id; raises KeyError."""
        for record in self.records():
            for code in record.versions:
                if code.id == id:
                    return record, code
        raise KeyError(id)

    def stale(self) -> dict[str, str]:
        """Codes that the skill as last run no longer reaches, with the reason."""
        now = {(row["skill"], row["step"]): row for _, row in self._blobs.records(PLACES)}
        found: dict[str, str] = {}
        for record in self.records():
            place = now.get((record.skill, record.step_id))
            for code in record.versions:
                reason = _moved(place, code.step_key, code.slice_digest) if place and code.state in LIVE else ""
                if reason:
                    found[code.id] = reason
        return found

    def change(self, id: str, state: SolidState, reason: str) -> SolidStep:
        """Set the state of a code by hand, whatever its checks said; raises KeyError for an unknown id."""
        with self._lock():
            record, code = self.find(id)
            record = record.replaced(code.model_copy(update={"state": state}), reason)
            forgotten = {name: {k: v for k, v in getattr(record, name).items() if k != id} for name in ("doubts", "lately")}
            record = record.model_copy(update=forgotten)
            if code.state is state:
                record = record.note(id, reason)
            self._save(record)
        return record.version(id)

    def forget(self, id: str, reason: str) -> SolidStep:
        """Demote a code and throw away the runs it rests on, so that it has to be learned anew; raises KeyError."""
        code = self.change(id, SolidState.DEMOTED, reason)
        self._blobs.drop(RUNS, _runs_key(code.step_key, code.slice_digest))
        return code

    def invalidate(self, skill: str, live: dict[str, str], reason: str) -> tuple[str, ...]:
        """Demote every live code of a skill that is not for one of its steps as they are now (`live`: key -> slice digest)."""
        dropped: list[str] = []
        with self._lock():
            for record in self.records():
                codes = [v for v in record.versions if record.skill == skill and v.state in LIVE]
                for code in codes:
                    if live.get(code.step_key) != code.slice_digest:
                        record = self._demoted(record, code.id, reason, "")
                        dropped.append(code.id)
                if dropped:
                    self._save(record)
        return tuple(dropped)

    def _demoted(self, record: StepRecord, id: str, reason: str, run: str) -> StepRecord:
        return record.replaced(record.version(id).model_copy(update={"state": SolidState.DEMOTED}), reason, run)

    def _save(self, record: StepRecord) -> None:
        self._table.save(record)

    def _note(self, record: StepRecord, solid: str, reason: str, run: str) -> None:
        with self._lock():
            now = self.record(record.step_key) or record
            noted = now.note(solid, reason, run)
            if noted is not now:
                self._save(noted)

    def _room(self, skill: str) -> int:
        live = sum(v.state in LIVE for r in self.records() if r.skill == skill for v in r.versions)
        return self.policy.versions_per_skill - live

    def _place(self, context: StepContext) -> Refusal | None:
        """Remember what this step of the skill looks like now; a refusal when there was promoted code for its former look."""
        where = (context.skill, context.node.id)
        place = self._table.places.get(where)
        if place is None or place.key != context.node.key or place.slice != context.guard.slice_digest:
            moved = self._placed(context)
            place = self._table.places[where] = Place(context.node.key, context.guard.slice_digest, moved)
        return place.moved

    def _placed(self, context: StepContext) -> Refusal | None:
        key = digest_json([context.skill, context.node.id])
        row: dict[str, Any] = {
            "skill": context.skill,
            "step": context.node.id,
            "key": context.node.key,
            "slice": context.guard.slice_digest,
        }
        old = self._blobs.load(PLACES, key)
        if old is None or any(old[name] != row[name] for name in ("key", "slice")):
            row["before"] = [old["key"], old["slice"]] if old else None
            self._blobs.save(PLACES, key, row)
        else:
            row = old
        if not row.get("before"):
            return None
        former = self._table.step(row["before"][0])
        able = former.promoted.get(row["before"][1]) if former is not None else None
        if not able:
            return None
        code = able[0].code
        return Refusal(solid=code.id, guard="slice", reason=_moved(row, code.step_key, code.slice_digest))


def _nearer(one: Refusal | None, two: Refusal) -> Refusal:
    """Of two codes that do not apply the one that came further through its guards; the newer one where they are level."""
    order = ("input", "hole_type", "hole_match", "hole")
    far = [order.index(r.guard) if r.guard in order else -1 for r in (one or two, two)]
    return two if one is None or far[1] > far[0] else one


def _moves(before: StepRecord, after: StepRecord) -> tuple[SolidStep, ...]:
    """Codes that are new or changed their state; `recorded` says from what (`from`) and why (`reason`)."""
    states = {v.id: v.state for v in before.versions}
    moved = [v for v in after.versions if states.get(v.id) is not v.state]
    return tuple(
        v.model_copy(update={"recorded": {**v.recorded, "from": states.get(v.id, SolidState.OBSERVED), "reason": v.reason}})
        for v in moved
    )


def _moved(place: dict[str, Any], step_key: str, slice_digest: str) -> str:
    if place["key"] != step_key:
        return "the text of the step was edited"
    if place["slice"] != slice_digest:
        return f"what the step sees was edited: slice {_brief(slice_digest)} is now {_brief(place['slice'])}"
    return ""


def _brief(digest: str) -> str:
    return digest.removeprefix("sha256:")[:10]


def _new_record(context: StepContext) -> StepRecord:
    return StepRecord(step_key=context.node.key, step_id=context.node.id, skill=context.skill)


def _only_read(done: tuple[CallRecord, ...]) -> bool:
    """Were all calls reads that went well? Then what they told is one more thing that guards look at, and nothing was done."""
    return bool(done) and only_read(done) and all(call.ok for call in done)


def _where(context: StepContext) -> tuple[str, str, str]:
    return context.run, context.node.id, context.scope


def _runs_key(step_key: str, slice_digest: str) -> str:
    return f"{step_key}/{slice_digest}"
