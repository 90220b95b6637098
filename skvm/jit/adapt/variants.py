"""Variants of a plan: compared with the one that runs in pairs, and put in its place only when shown better."""

from __future__ import annotations

from skvm.capability.sequential import agreements_needed, at_turn, superiority
from skvm.jit.adapt.record import AdaptPolicy, AdaptRecord, RecompileRequest, Variant, VariantState

AGAIN = 100
"""Outcomes that must be new before a primitive is asked about again after a variant did not do."""


def put_off(record: AdaptRecord, request: RecompileRequest) -> AdaptRecord:
    """The record with a request that led to nothing, or is being looked into: it comes again after further outcomes only."""
    asked = record.asked | dict.fromkeys(request.primitives, record.outcomes + AGAIN)
    return record.model_copy(update={"asked": asked})


def admit(record: AdaptRecord, digest: str, plan: str, request: RecompileRequest, policy: AdaptPolicy) -> AdaptRecord:
    """The record with a compiled variant to be compared; `plan` is the digest of what it does.

    A plan that runs already, or that was put away before, is none: the request is only noted.
    """
    record = put_off(record, request)
    if any(v.plan == plan and v.state is not VariantState.FORMER for v in record.variants):
        return record.noted(f"compiled again, no other plan came of it: {request.reason}", digest)
    number = record.tried + 1
    made = Variant(
        digest=digest,
        state=VariantState.SHADOW,
        number=number,
        error=at_turn(policy.error, number),
        source=record.source,
        plan=plan,
        steps=request.steps,
        counts=request.counts,
        why=request.reason,
    )
    variants = (*(v for v in record.variants if v.digest != digest), made)
    record = record.model_copy(update={"variants": variants, "tried": number})
    return record.noted(f"variant {number} is compared at error {made.error:.4g}: {request.reason}", digest)


def compared(record: AdaptRecord, ran: bool, variant: bool, policy: AdaptPolicy, run: str = "") -> AdaptRecord:
    """The record after one pair: did the plan that runs succeed, did the variant? Settles the variant where the pairs allow it.

    Accepted when the evidence that it wins more often than it loses reaches 1/error; put away when it is shown to lose more
    often, or has shown nothing after `policy.pairs` pairs. Then the old plan stays.
    """
    item = record.variant(VariantState.SHADOW)
    if item is None:
        return record
    won, lost = variant and not ran, ran and not variant
    item = item.model_copy(
        update={"wins": item.wins + won, "losses": item.losses + lost, "ties": item.ties + (not won and not lost)}
    )
    told = f"{item.wins} won, {item.losses} lost, {item.ties} alike"
    if superiority(item.wins, item.losses) >= 1 / item.error:
        return _accepted(record, item, told, run)
    what = _hopeless(item, policy)
    if not what:
        return _put(record, item)
    item = item.model_copy(update={"state": VariantState.REJECTED})
    return _put(record, item).noted(f"variant {item.number} {what} ({told}); the old plan stays", item.digest, run)


def _hopeless(item: Variant, policy: AdaptPolicy) -> str:
    """Why a comparison ends without a better plan; empty while it may still be shown."""
    pairs = item.wins + item.losses + item.ties
    if superiority(item.losses, item.wins) >= 1 / item.error:
        return "is worse"
    if not item.wins and pairs >= agreements_needed(policy.least_gain, policy.futility):
        return f"never did better in {pairs} pairs"
    return f"has not shown itself better in {pairs} pairs" if pairs >= policy.pairs else ""


def _accepted(record: AdaptRecord, item: Variant, told: str, run: str) -> AdaptRecord:
    item = item.model_copy(update={"state": VariantState.ACTIVE})
    record = _activated(_put(record, item), item.digest)
    return record.noted(f"variant {item.number} runs from now on ({told}, error {item.error:.4g})", item.digest, run)


def worth_again(record: AdaptRecord, policy: AdaptPolicy) -> bool:
    """May the original text still help where the plan fails? Not when it did not in so many failed tasks in a row that a share
    of `least_gain` is excluded; then not before another plan runs."""
    return record.vain < agreements_needed(policy.least_gain, policy.futility)


def done_again(record: AdaptRecord, helped: bool, policy: AdaptPolicy) -> AdaptRecord:
    """The record after the original text did a failed task once more."""
    counts = {"again": record.again + 1, "helped": record.helped + helped, "vain": 0 if helped else record.vain + 1}
    record = record.model_copy(update=counts)
    if worth_again(record, policy):
        return record
    return record.noted(f"the original text did not help in {record.vain} failed tasks in a row; it is not asked any more")


def _put(record: AdaptRecord, item: Variant) -> AdaptRecord:
    return record.model_copy(update={"variants": tuple(item if v.digest == item.digest else v for v in record.variants)})


def _activated(record: AdaptRecord, digest: str) -> AdaptRecord:
    """Another plan runs: what was usual under the old one is learned anew, estimates of the model stay."""
    variants = tuple(v.model_copy(update={"state": _state(v, digest)}) for v in record.variants)
    return record.model_copy(update={"active": digest, "variants": variants, "usual": {}, "again": 0, "helped": 0, "vain": 0})


def _state(item: Variant, active: str) -> VariantState:
    if item.digest == active:
        return VariantState.ACTIVE
    return VariantState.FORMER if item.state is VariantState.ACTIVE else item.state


def back_to(record: AdaptRecord, digest: str, reason: str) -> AdaptRecord:
    """The record with another plan running, by the start of its digest; an empty one is the plan as compiled. A variant in
    course is put away. Raises KeyError for a digest that never ran, or that several begin with."""
    ran = [v for v in record.variants if v.state in (VariantState.ACTIVE, VariantState.FORMER)]
    bare = digest.removeprefix("sha256:")
    found = [v for v in ran if bare and v.digest.removeprefix("sha256:").startswith(bare)]
    if bare and len(found) != 1:
        raise KeyError(digest)
    target = found[0].digest if found else ""
    shadow = record.variant(VariantState.SHADOW)
    if shadow is not None:
        record = _put(record, shadow.model_copy(update={"state": VariantState.REJECTED}))
    return _activated(record, target).noted(reason, target)
