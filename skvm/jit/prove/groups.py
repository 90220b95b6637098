"""Which runs of a step may be runs of one program: what new code is learned from.

Runs with the same calls need not be: a step that reads papers of two forms does so by two programs. What was read tells them
apart, by the names of fields and the labels of lines in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.jit.generalise.parts import parsed
from skvm.jit.generalise.propose import one_program, program_shape
from skvm.jit.generalise.results import seen_result
from skvm.jit.generalise.unify import spelled
from skvm.jit.observe.observation import Observation
from skvm.plan import SolidState, SolidStep, Unfilled

LIVE = (SolidState.CANDIDATE, SolidState.SHADOW, SolidState.PROMOTED)
PAIRS = 4
"""Single earlier runs that a new one is held against in search of a program."""

COURSES = 4
"""Groups of runs that were alike in one place."""

MOST_READ = 16_000
_DIGITS = re.compile("[0-9]+")
_LABEL = re.compile(r"^[ \t#*-]*([^\W\d_][^\n:=]{0,40})[:=](?=[ \t]|$)", re.MULTILINE)

Form = tuple[tuple[str, ...], ...]


def groups_of(codes: Sequence[SolidStep], seen: Observation, runs: Sequence[Observation]) -> list[list[Observation]]:
    """Sets of runs that may be one program, largest hope first; each ends with the new run. Of single runs the newest: each
    costs a generalisation, and a run that found no fellow is a fellow for those to come."""
    alike = [o for o in runs if not o.same(seen) and program_shape(o) == program_shape(seen)]
    groups = [[o for o in alike if o.id in code.evidence] for code in reversed(codes)]
    claimed = {id for code in codes if code.state in LIVE for id in code.evidence}
    free = [o for o in alike if o.id not in claimed]
    looped = [o for o in runs if not o.same(seen) and one_program([o, seen])]
    if len(looped) > len(alike):
        groups = [looped, *groups]
    form = form_of(seen)
    groups += [free, [o for o in free if form_of(o) == form], *_courses(seen, alike), *([o] for o in free[: -PAIRS - 1 : -1])]
    unique = {tuple(o.id for o in g): [*g, seen] for g in groups if g}
    return list(unique.values())


def _courses(seen: Observation, alike: Sequence[Observation]) -> list[list[Observation]]:
    """Runs that did or were told the same as the new one in one place where others did not: they may be of one course."""
    found: list[list[Observation]] = []
    marks = [_marks(o) for o in alike]
    for place, mark in _marks(seen).items():
        group = [o for o, other in zip(alike, marks, strict=True) if other.get(place) == mark]
        if 1 < len(group) < len(alike) and group not in found:
            found.append(group)
    return sorted(found, key=len, reverse=True)[:COURSES]


def _marks(seen: Observation) -> dict[tuple[int, str], str]:
    """What was done and told at each call, whatever the numbers in it."""
    found: dict[tuple[int, str], str] = {}
    for at, call in enumerate(seen.calls):
        found[at, "did"] = spelled(call.args)
        found[at, "told"] = _DIGITS.sub("0", seen_result(call)[:MOST_READ])
    return found


def form_of(seen: Observation) -> Form:
    """For each call the sorted names in what it told."""
    return tuple(_names(seen_result(call)[:MOST_READ]) for call in seen.calls)


def _names(text: str) -> tuple[str, ...]:
    try:
        tree = parsed(text)
    except Unfilled:
        return tuple(sorted(set(_LABEL.findall(text))))
    return tuple(sorted(tree)) if isinstance(tree, dict) else ()
