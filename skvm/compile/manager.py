"""Running a pipeline: one pass after another, verified after each, with a record of what each made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from skvm.compile.printer import unit_text
from skvm.compile.unit import Pass, Unit
from skvm.compile.verify import verify_unit
from skvm.diag import InternalError, SkvmError, UsageError
from skvm.ir import Frozen
from skvm.plan import PassRecord
from skvm.source import digest_bytes

_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def run_passes(unit: Unit, passes: Sequence[Pass]) -> tuple[Unit, tuple[PassRecord, ...]]:
    """The unit after all passes (up to `stop_after`) and a record per pass.

    Raises UsageError when `stop_after` or `print_after` names a pass that is not in the pipeline, or when a pass of another
    package fails; InternalError when one of our own leaves an invalid unit behind.
    """
    request = unit.request
    ids = [p.id for p in passes]
    asked = [*request.print_after, *([request.stop_after] if request.stop_after else [])]
    absent = [name for name in asked if name not in ids]
    if absent:
        raise UsageError(f"not in the pipeline: {', '.join(absent)}", help=f"it is {','.join(ids)}")
    records: list[PassRecord] = []
    for item in passes:
        unit = _verified(item, unit)
        records.append(record(item, unit))
        if request.watch is not None:
            request.watch(item.id, partial(unit_text, unit))
        if item.id in request.print_after and request.show is not None:
            request.show(item.id, unit_text(unit))
        if item.id == request.stop_after:
            break
    return unit, tuple(records)


def _verified(item: Pass, unit: Unit) -> Unit:
    """The unit after a pass. What goes wrong in a pass of somebody else is told as theirs."""
    owner = type(item).__module__
    foreign = owner.partition(".")[0] != "skvm"
    where = f"{owner}:{type(item).__name__}"
    try:
        after = item.run(unit)
        problems = verify_unit(after)
    except SkvmError:
        raise
    except Exception as error:
        if not foreign:
            raise
        help = "leave it out of --passes, or ask who made it"
        raise UsageError(f"the pass {item.id} failed: {type(error).__name__}: {error}", where=where, help=help) from error
    if problems and foreign:
        raise UsageError(f"the pass {item.id} left an invalid plan: {problems[0]}", where=where)
    if problems:
        raise InternalError(f"the pass {item.id} left an invalid plan: {problems[0]}", where=unit.source.name)
    return after


def record(item: Pass, unit: Unit) -> PassRecord:
    """What a pass was and the digest of the facts it gives, as they are after it."""
    options = asdict(item)  # type: ignore[call-overload]
    given = [getattr(unit, fact) for fact in item.gives if fact != "artifact"]
    return PassRecord(id=item.id, version=item.version, options=options, output=digest_bytes(_bytes(given)) if given else "")


def _bytes(value: Any) -> bytes:
    """Stable bytes of facts: compact JSON in field order; passes keep all collections in an order of their own."""
    return _ANY.dump_json(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Frozen):
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    if hasattr(value, "items"):
        return {k: _plain(v) for k, v in value.items()}
    return value
