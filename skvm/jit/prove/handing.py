"""Code that served, or that gave a step back: what becomes of its place."""

from __future__ import annotations

from skvm.jit.prove.groups import LIVE
from skvm.jit.prove.ladder import EARNED, Policy, StepRecord
from skvm.plan import SolidState

SERVED, BROKE_OFF = ".", "x"


def attempted(record: StepRecord, id: str, how: str, policy: Policy) -> StepRecord:
    """The record after one more attempt of a code to serve. Good ones before the first bad one say nothing and are not kept."""
    now = (record.lately.get(id, "") + how)[-policy.attempts :].lstrip(SERVED)
    if now == record.lately.get(id, ""):
        return record
    kept = {v.id: record.lately[v.id] for v in record.versions if v.id in record.lately and v.id != id}
    return record.model_copy(update={"lately": {**kept, id: now} if now else kept})


def handed_back(record: StepRecord, id: str, reason: str, policy: Policy, run: str, read: bool = False) -> StepRecord:
    """The record after served code was handed back midway: it must earn its place again; too often, and it is demoted.

    `read`: it had only read so far. Such code is for other requests than this one, as when a guard is missed at once: nothing
    speaks against it. It stands back until the model has done one request alone, from which code of the other requests may
    be learned; without that every run of theirs would be one that code began.
    """
    code = record.version(id)
    record = record if read else attempted(record, id, BROKE_OFF, policy)
    if code.state is not SolidState.PROMOTED:
        return record
    earned = {**code.recorded, EARNED: str(code.agreed)}
    shadow = code.model_copy(update={"state": SolidState.SHADOW, "recorded": earned})
    if read:
        record = record.model_copy(update={"aside": (*(i for i in record.aside if i != id), id)})
        return record.replaced(shadow, f"handed back: {reason}", run)
    times = record.lately.get(id, "").count(BROKE_OFF)
    if times >= policy.handed_back:
        demoted = code.model_copy(update={"state": SolidState.DEMOTED})
        return record.replaced(demoted, f"handed back {times} times in {policy.attempts} attempts: {reason}", run)
    return record.replaced(shadow.model_copy(update={"agreed": 0}), f"handed back: {reason}", run)


def broken(record: StepRecord, id: str, reason: str, run: str) -> StepRecord:
    """The record after served code left behind what the step's contract refuses: it is demoted, whatever spoke for it."""
    code = record.version(id)
    if code.state not in LIVE:
        return record
    demoted = code.model_copy(update={"disagreed": code.disagreed + 1, "state": SolidState.DEMOTED})
    return record.replaced(demoted, f"broke the contract of the step: {reason}", run)
