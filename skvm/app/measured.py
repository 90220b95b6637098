"""What a measurement found, and why some primitives were not measured, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from skvm.app.profiles import Kept
from skvm.capability import Profile, Target, load_catalog

if TYPE_CHECKING:
    from skvm.profile.measure.curve import Counts
    from skvm.profile.run.runner import Outcome


class Why(StrEnum):
    """Kinds of reason for which a primitive was not measured."""

    NO_PROBE = "no probe"
    NOT_OFFERED = "not offered"
    NOT_GRADABLE = "not gradable"
    REFUSED = "refused"
    ENDED = "ended"
    NOT_WANTED = "not wanted"


class Unmeasured(NamedTuple):
    """The reason: its kind, and a sentence with what is missing."""

    reason: Why
    why: str


@dataclass(frozen=True)
class Asked:
    """What was to be measured. `unwanted` says why the rest was not; `unable` why some cannot be graded on this machine."""

    primitives: frozenset[str]
    probed: frozenset[str]
    unwanted: str = ""
    unable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """What came of it: counts, the profile made of them and what became of its file (None: nothing settled to keep).

    `reached`: the limit that cut it short, in words.
    """

    target: Target
    asked: Asked
    outcome: Outcome
    profile: Profile
    kept: Kept | None
    reached: str = ""

    @property
    def complete(self) -> bool:
        """Was all measured that was asked for?"""
        return self.outcome.complete and not self.reached and self.asked.primitives <= self.asked.probed

    @property
    def failures(self) -> bool:
        """Did target or machine keep something from being measured that was asked for?"""
        return bool(self.outcome.apart)

    def unmeasured(self) -> dict[str, Unmeasured]:
        """Primitives without a measured cell, in the catalogue's order, each with its reason."""
        found = {item.id: self._reason(item.id) for item in load_catalog().primitives}
        return {name: reason for name, reason in found.items() if reason is not None}

    def _reason(self, name: str) -> Unmeasured | None:
        outcome, asked = self.outcome, self.asked
        if name not in asked.primitives:
            return Unmeasured(Why.NOT_WANTED, asked.unwanted)
        if name not in asked.probed:
            return Unmeasured(Why.NO_PROBE, "there is no probe for it yet")
        if name in asked.unable:
            return Unmeasured(Why.NOT_GRADABLE, asked.unable[name])
        if name in outcome.not_offered:
            return Unmeasured(Why.NOT_OFFERED, f"the harness {self.target.harness} does not offer {_needs(name)} here")
        if name in outcome.apart:
            return Unmeasured(Why.REFUSED, outcome.apart[name])
        if name in self.profile.cells:
            return None
        return Unmeasured(Why.ENDED, f"{_probes(outcome.table[name])}: {self.reached or 'the measurement ended'}")

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        o = self.outcome
        return {
            "target": str(self.target),
            "profile": self.profile.name,
            "simulated": self.profile.synthetic,
            "complete": self.complete,
            "cells": cells_shown(o),
            "unmeasured": {name: {"reason": u.reason.value, "why": u.why} for name, u in self.unmeasured().items()},
            "instances": o.instances,
            "calls": o.calls,
            "tokens": o.tokens,
            "cost": o.cost,
            "fresh": o.fresh,
            "repeated": o.repeated,
            "file": str(self.kept.path) if self.kept and self.kept.action != "refused" else None,
            "kept": self.kept.action if self.kept else "nothing to keep",
            "why": self.kept.why if self.kept else "",
            "ended": self.reached,
        }


def _needs(name: str) -> str:
    from skvm.profile.probes import probe_of

    return " and ".join(probe_of(name).needs)


def _probes(counts: Counts) -> str:
    from skvm.profile.run.runner import LEAST

    n = sum(n for _, n in counts)
    if not n:
        return "not begun"
    return f"{n} probe{'s' if n > 1 else ''} done, {'too few' if n < LEAST else 'no level likely enough'}"


def cells_shown(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """Cells in the catalogue's order, with the posterior probability and 90 % interval of the level (of L1 where none is held);
    `n` over all levels."""
    from skvm.profile.measure.curve import NOTHING, estimate, posterior

    rows: dict[str, dict[str, Any]] = {}
    for name in outcome.not_offered:
        rows[name] = {"level": None, "probability": None, "interval": None, "n": 0, "offered": False, "settled": True}
    for name, counts in outcome.table.items():
        row: dict[str, Any] = {"level": None, "probability": None, "interval": None, "n": 0, "offered": True, "settled": False}
        if counts != NOTHING:
            curve = posterior(counts)
            at = estimate(curve, max(1, curve.level))
            row |= {"level": f"L{curve.level}", "probability": at.mean, "interval": list(at.interval)}
            row |= {"n": sum(n for _, n in counts), "settled": name in outcome.safe, "safe": round(curve.safe, 4)}
            row["counts"] = {f"L{rank}": list(pair) for rank, pair in enumerate(counts, 1)}
        rows[name] = row
    return {item.id: rows[item.id] for item in load_catalog().primitives if item.id in rows}
