"""Which plan runs: what compiling gives, or a variant that was accepted in its place.

All that is known about a skill on a target is one record in the store, and a plan is stored before a record names it: killed
at any moment, what runs next is the plan that ran before or the one that was accepted, never half of either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skvm.diag import PlanError
from skvm.ir import digest_json
from skvm.jit.adapt import AdaptRecord
from skvm.plan import Artifact, read_artifact

if TYPE_CHECKING:
    from skvm.ports import Storage

RECORDS, PLANS = "adapt.skills", "adapt.plans"


def record_key(skill: str, target: str) -> str:
    """Where the record of a skill on a target is."""
    return digest_json([skill, target])


def record_of(storage: Storage, artifact: Artifact) -> AdaptRecord:
    """What is known about a skill on a target; begun anew, with its history, when the skill was edited."""
    skill, target, source = artifact.source.name, artifact.target.name, artifact.source.digest
    row = storage.blobs.load(RECORDS, record_key(skill, target))
    fresh = AdaptRecord(skill=skill, target=target, source=source, profile=artifact.target.profile)
    if row is None:
        return fresh
    record = AdaptRecord.model_validate(row)
    if record.source == source and record.profile == artifact.target.profile:
        return record
    what = "the skill was edited" if record.source != source else "the profile is another one"
    return fresh.model_copy(update={"history": record.history, "runs": record.runs}).noted(f"{what}: evidence begins anew")


def keep(storage: Storage, record: AdaptRecord) -> None:
    """Store a record: one write, so that it is the former one or this one."""
    storage.blobs.save(RECORDS, record_key(record.skill, record.target), record.model_dump(mode="json"))


def stored_plan(storage: Storage, digest: str) -> Artifact | None:
    """A plan by its digest; None when it is not there whole."""
    body = storage.blobs.load(PLANS, digest)
    if not isinstance(body, dict) or body.get("digest") != digest:
        return None
    try:
        return read_artifact(body, digest)
    except PlanError:
        return None


def plan_of(storage: Storage, record: AdaptRecord, compiled: Artifact) -> Artifact:
    """The plan that a record says runs; what compiling gave where it names none, or one that is not stored whole."""
    plan = stored_plan(storage, record.active) if record.active else None
    return compiled if plan is None or plan.source.digest != compiled.source.digest else plan


def active_plan(storage: Storage, compiled: Artifact) -> Artifact:
    """The plan that runs for a skill on a target: an accepted variant of this very skill, else what compiling gave."""
    return plan_of(storage, record_of(storage, compiled), compiled)


def records(storage: Storage) -> list[AdaptRecord]:
    """All records, by skill and target."""
    rows: list[Any] = [value for _, value in storage.blobs.records(RECORDS)]
    return sorted((AdaptRecord.model_validate(r) for r in rows), key=lambda r: (r.skill, r.target))


def plan_to_run(compiled: Artifact, storage: Storage, resume: str | None = None) -> Artifact:
    """The active plan of a skill; for a run that goes on, the plan that it began with."""
    if resume is None:
        return active_plan(storage, compiled)
    began = next(iter(storage.journal.read(resume)), None)
    digest = str(began.data.get("plan", "")) if began is not None else ""
    return compiled if digest == compiled.digest else stored_plan(storage, digest) or compiled
