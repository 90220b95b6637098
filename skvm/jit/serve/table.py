"""Records of steps in memory, as the store has them: read again only when the store says that somebody wrote.

A look-up would otherwise read and check a record of some 20 kB each time, to find that nothing happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skvm.jit.prove.ladder import StepRecord
from skvm.jit.serve.dispatch import Dispatch
from skvm.plan import SolidState
from skvm.ports import Blobs, Refusal

STEPS = "jit.steps"


@dataclass(frozen=True)
class Known:
    """A record with what a look-up asks of it. `row` is its stored form."""

    row: Any
    record: StepRecord

    @cached_property
    def promoted(self) -> dict[str, list[Dispatch]]:
        """Promoted codes by slice digest, the newest first."""
        found: dict[str, list[Dispatch]] = {}
        for code in reversed(self.record.versions):
            if code.state is SolidState.PROMOTED:
                found.setdefault(code.slice_digest, []).append(Dispatch(code))
        return found

    @cached_property
    def slices(self) -> frozenset[str]:
        """Slices that there is code for, in whatever state."""
        return frozenset(v.slice_digest for v in self.record.versions)


@dataclass(frozen=True)
class Place:
    """A step of a skill as it was last seen here, and why promoted code of its former look no longer serves."""

    key: str
    slice: str
    moved: Refusal | None


class Table:
    """What was read of a store, valid for one generation of it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._generation: object = None
        self._fresh: dict[str, Known | None] = {}
        self._former: dict[str, Known] = {}
        self.places: dict[tuple[str, str], Place] = {}

    def refresh(self) -> None:
        """Forget what may no longer be so. Call it before asking: others may have written."""
        now = self._blobs.generation()
        if now is None or now != self._generation:
            self._fresh.clear()
            self.places.clear()
            self._generation = now

    def step(self, key: str) -> Known | None:
        """What is known about a step, None where that is nothing."""
        if key not in self._fresh:
            self._fresh[key] = self._read(key)
        return self._fresh[key]

    def _read(self, key: str) -> Known | None:
        row = self._blobs.load(STEPS, key)
        if row is None:
            return None
        known = self._former.get(key)
        if known is None or known.row != row:
            known = self._former[key] = Known(row, StepRecord.model_validate(row))
        return known

    def ahead(self, key: str) -> None:
        """Make ready what a look-up will ask of a step: checking a record takes most of the time that reading one does.

        For any thread: a look-up reads the store itself, and takes what is ready only where the same still stands there.
        """
        row, known = self._blobs.load(STEPS, key), self._former.get(key)
        if row is not None and (known is None or known.row != row):
            known = Known(row, StepRecord.model_validate(row))
            if known.promoted:
                self._former[key] = known

    def save(self, record: StepRecord) -> None:
        """Write a record. Others write records of steps under the same lock, so what is in memory stays what is stored."""
        row = record.model_dump(mode="json")
        whole = self._blobs.generation() == self._generation
        self._blobs.save(STEPS, record.step_key, row)
        self._fresh[record.step_key] = self._former[record.step_key] = Known(row, record)
        if whole:
            self._generation = self._blobs.generation()
