"""Reading a target capability profile (TCP 1.x) as the SkVM profiler writes it, from facts about that format.

A primitive that is absent there stays unmeasured; a level without counts stays a letter; counts that fall and rise again are
kept as they are. What an instance that was skipped did to the counts cannot always be told: such a level keeps no counts.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skvm.capability.catalog import load_catalog
from skvm.capability.model import Cell, Level, Moment, Profile
from skvm.capability.profiles import first_fault

Name = Annotated[str, Field(min_length=1, max_length=120)]
Harness = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class Imported(NamedTuple):
    """A profile read from a foreign file; `notes` say what of that file is not in it."""

    profile: Profile
    notes: tuple[str, ...]


class _Foreign(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Result(_Foreign):
    level: Level
    passed: bool
    passed_count: int = Field(alias="passCount", ge=0)
    total: int = Field(alias="totalCount", ge=0)
    skipped: int = Field(0, alias="skipCount", ge=0)


class _Detail(_Foreign):
    primitive: str = Field(alias="primitiveId")
    highest: Level = Field(alias="highestLevel")
    results: tuple[_Result, ...] = Field(alias="levelResults")


class _Tcp(_Foreign):
    version: Annotated[str, Field(pattern=r"^1(\.\d+)*$")]
    model: Name
    harness: Harness
    profiled_at: Moment = Field("", alias="profiledAt")
    capabilities: dict[str, Level]
    details: tuple[_Detail, ...] = ()
    some_details: tuple[_Detail, ...] = Field((), alias="details_partial")


def read_tcp(body: Any, source: str) -> Imported:
    """The profile in the JSON value of a TCP file; `source` says where it came from.

    Raises ValueError with one line for a value that is no TCP of version 1 or that contradicts itself.
    """
    try:
        tcp = _Tcp.model_validate(body)
        cells = _cells(tcp)
        profile = Profile(
            name=f"{_UNSAFE.sub('_', tcp.model.rsplit('/', 1)[-1])}@{tcp.harness}",
            model=tcp.model,
            harness=tcp.harness,
            measured=tcp.profiled_at,
            probe_version=f"SkVM profiler, TCP {tcp.version}",
            source=source,
        )
    except ValidationError as error:
        raise ValueError(f"not a TCP {first_fault(error)}") from None
    order = [p.id for p in load_catalog().primitives]
    strange = sorted(set(cells) - set(order))
    notes = [f"not in the catalogue, left out: {', '.join(strange)}"] if strange else []
    if not cells.keys() - strange:
        raise ValueError("no primitive of the catalogue is measured in it")
    absent = [p for p in order if p not in cells]
    notes += [f"not measured: {', '.join(absent)}"] if absent else []
    return Imported(profile.model_copy(update={"cells": {p: cells[p] for p in order if p in cells}}), tuple(notes))


def _cells(tcp: _Tcp) -> dict[str, Cell]:
    details: dict[str, _Detail] = {}
    for detail in (*tcp.details, *tcp.some_details):
        if detail.primitive in details:
            raise ValueError(f"not a TCP: {detail.primitive} has details twice")
        details[detail.primitive] = detail
    cells: dict[str, Cell] = {}
    for primitive in dict.fromkeys((*tcp.capabilities, *details)):
        cell = _cell(primitive, tcp.capabilities.get(primitive), details.get(primitive))
        if cell is not None:
            cells[primitive] = cell
    return cells


def _cell(primitive: str, letter: Level | None, detail: _Detail | None) -> Cell | None:
    if detail is None:
        return Cell(level=letter)
    if letter is not None and letter is not detail.highest:
        raise ValueError(f"not a TCP: {primitive} is {letter.value} in capabilities and {detail.highest.value} in details")
    if len({r.level for r in detail.results}) < len(detail.results):
        raise ValueError(f"not a TCP: {primitive} has a level twice")
    if detail.results and all(_never_ran(r) for r in detail.results):
        return None  # the profiler calls this L0, but nothing was tried
    counts = {r.level: n for r in sorted(detail.results, key=lambda r: r.level) if (n := _counted(primitive, r)) is not None}
    return Cell(level=detail.highest, counts=counts)


def _never_ran(result: _Result) -> bool:
    return not result.passed and result.passed_count == 0 and result.skipped >= result.total


def _counted(primitive: str, result: _Result) -> tuple[int, int] | None:
    """(passed, n) of the instances that ran; None where it cannot be told whether the total includes those that were skipped.

    A level passes exactly when at least one ran and all that ran passed, which often settles it.
    """
    ways = {result.total, result.total - result.skipped}
    fitting = [n for n in ways if n >= result.passed_count and result.passed is (0 < n == result.passed_count)]
    if not fitting:
        state = "passed" if result.passed else "not passed"
        counts = f"{result.passed_count} of {result.total}"
        raise ValueError(f"not a TCP: {primitive} {result.level.value} is called {state} with {counts}")
    return (result.passed_count, fitting[0]) if len(fitting) == 1 and fitting[0] else None
