"""Two profiles side by side, level by level: counts, probabilities, and whether a difference is more than chance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from skvm.capability.catalog import load_catalog
from skvm.capability.estimate import probability
from skvm.capability.model import Cell, Level, Profile
from skvm.capability.significance import best_possible, exceeds, fisher, holm
from skvm.ir import Frozen

PROBED = (Level.L1, Level.L2, Level.L3)
ALPHA = 0.05
"""Chance, for the whole comparison, of calling any difference significant where there is none."""


class LevelState(Frozen):
    """What one profile says about one level. `counts` is None where nothing was counted; `inferred`: rests on no count here."""

    basis: Literal["counted", "inferred", "unmeasured", "not_offered"]
    counts: tuple[int, int] | None = None
    probability: float | None = None
    interval: tuple[float, float] | None = None


class LevelDifference(Frozen):
    """One comparison; `b_better`: the probability that B's p is higher. Figures are None where a side has no counts."""

    primitive: str
    level: Level
    a: LevelState
    b: LevelState
    p_value: float | None = None
    holm: float | None = None
    b_better: float | None = None
    significant: bool = False


class ProfileDifference(Frozen):
    """All comparisons in catalogue order; `family` of them are corrected for, at `alpha` for all together.

    `possible`: could any of them be significant, given how many probes there are?
    """

    a: str
    b: str
    alpha: float
    family: int
    possible: bool
    smallest: float | None
    levels: tuple[LevelDifference, ...]
    letters: dict[str, tuple[Level | None, Level | None]]


def level_state(cell: Cell | None, level: Level) -> LevelState:
    """What a cell says about one level."""
    if cell is None:
        return LevelState(basis="unmeasured")
    if not cell.offered:
        return LevelState(basis="not_offered")
    counts = cell.counts.get(level)
    counts = counts if counts is not None and counts[1] else None
    estimate = probability(cell, level)
    if estimate is None:
        return LevelState(basis="unmeasured")
    basis: Literal["counted", "inferred"] = "counted" if counts is not None else "inferred"
    return LevelState(basis=basis, counts=counts, probability=estimate.mean, interval=estimate.interval)


def compare(a: Profile, b: Profile) -> ProfileDifference:
    """Every primitive and level of the catalogue in two profiles. Counts are tested as they were counted, never pooled."""
    places = [(p.id, level) for p in load_catalog().primitives for level in PROBED]
    pairs = [(level_state(a.cells.get(p), level), level_state(b.cells.get(p), level)) for p, level in places]
    counted = [(x.counts, y.counts) if x.counts and y.counts else None for x, y in pairs]
    values = [fisher(*c) if c is not None else None for c in counted]
    adjusted = holm(values, len(places))
    rows = tuple(
        LevelDifference(
            primitive=primitive,
            level=level,
            a=x,
            b=y,
            p_value=_rounded(p),
            holm=_rounded(corrected),
            b_better=_rounded(exceeds(c[1], c[0])) if c is not None else None,
            significant=corrected is not None and corrected <= ALPHA,
        )
        for (primitive, level), (x, y), c, p, corrected in zip(places, pairs, counted, values, adjusted, strict=True)
    )
    smallest = min((best_possible(c[0][1], c[1][1]) for c in counted if c is not None), default=None)
    letters = {p.id: (_letter(a, p.id), _letter(b, p.id)) for p in load_catalog().primitives}
    return ProfileDifference(
        a=a.name,
        b=b.name,
        alpha=ALPHA,
        family=len(places),
        possible=smallest is not None and smallest * len(places) <= ALPHA,
        smallest=_rounded(smallest),
        levels=rows,
        letters=letters,
    )


def _letter(profile: Profile, primitive: str) -> Level | None:
    cell = profile.cells.get(primitive)
    return cell.level if cell is not None else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def why_keep(old: Profile, new: Profile) -> str:
    """Why a new profile must not replace an old one of the same target, in words; empty when it may.

    A profile is better when it measures something the other does not, or was measured later.
    """
    lost = sorted(name for name, cell in old.cells.items() if cell.measured and not _measured(new, name))
    if lost:
        shown = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        return f"it measures what the new one does not: {shown}"
    if _later(old.measured, new.measured):
        return f"it was measured later, {old.measured} against {new.measured or 'an unknown date'}"
    return ""


def _later(one: str, two: str) -> bool:
    """Was `one` measured after `two`? A date without a time is compared by its date; an unknown moment is before any."""
    if not one or not two:
        return bool(one)
    if len(one) == 10 or len(two) == 10:
        return one[:10] > two[:10]
    return _moment(one) > _moment(two)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _measured(profile: Profile, primitive: str) -> bool:
    cell = profile.cells.get(primitive)
    return cell is not None and cell.measured
