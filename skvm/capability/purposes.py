"""Purposes with several paths: ways of doing one job that the author tells side by side, each with what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from skvm.capability.gaps import Gap, Verdict, judge
from skvm.capability.model import Profile, Requirement
from skvm.ir import Frozen
from skvm.source import Span

SHORT = (Verdict.WEAK, Verdict.MISSING, Verdict.NOT_OFFERED)
"""Verdicts that a measurement, or what a harness offers, gives against a target."""


class Path(Frozen):
    """One way to reach a purpose. `title`: the author's words for it. `steps`: whole steps that belong to it alone; empty where
    it is told inside a step. `needs`: what it needs, one requirement per primitive. `limited`: the author says for which case
    it is, so that it does not stand for the others."""

    title: str
    span: Span
    steps: tuple[str, ...] = ()
    needs: tuple[Requirement, ...] = ()
    limited: bool = False


class Purpose(Frozen):
    """Paths of which any one is enough; `first` is the one that the author prefers, `because` the words that say they are
    alternatives."""

    about: str
    paths: tuple[Path, ...]
    first: int = 0
    because: tuple[Span, ...]


class Detour(NamedTuple):
    """Another path than the author's first one, and the heaviest gap that speaks for it."""

    path: int
    gap: Gap


def detour(purpose: Purpose, profile: Profile | None) -> Detour | None:
    """The first path of which a target was measured to hold everything, where it was measured below the author's own choice.

    None without such a gap (law 6), where the author's choice is for a case of its own, and where no other path is proved to
    be any better: neither a need that was not measured nor a path of which no need is known proves anything.
    """
    if purpose.paths[purpose.first].limited:
        return None
    gaps = [gap for gap in _judged(purpose.paths[purpose.first], profile) if gap.verdict in SHORT]
    if not gaps:
        return None
    for at, path in enumerate(purpose.paths):
        if (
            at != purpose.first
            and path.needs
            and not path.limited
            and all(gap.verdict is Verdict.MET for gap in _judged(path, profile))
        ):
            return Detour(at, min(gaps, key=lambda gap: gap.probability or 0.0))
    return None


def _judged(path: Path, profile: Profile | None) -> Iterator[Gap]:
    return (judge(need, profile) for need in path.needs)
