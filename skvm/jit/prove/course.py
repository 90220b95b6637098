"""The course of code: which call comes next after those that were made, loops gone round once for each item."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skvm.jit.generalise.origins import LATER, World, evaluate
from skvm.jit.generalise.patterns import as_told
from skvm.jit.generalise.unify import same, spelled
from skvm.plan import CallRecord, Hole, SolidLoop, SolidStep, Unfilled, decode, match_tree
from skvm.plan.guards import json_type, of_type
from skvm.plan.ranges import within


class Handed(Exception):
    """The code does not apply here: `guard` is its kind, the message says what was expected and what was seen."""

    def __init__(self, guard: str, reason: str) -> None:
        super().__init__(reason)
        self.guard = guard
        self.reason = reason


@dataclass(frozen=True)
class Place:
    """A call to be made: its number in the code, and what it may refer to."""

    call: int
    world: World


@dataclass(frozen=True)
class Course:
    """The calls so far and, unless all are made (then `end` is what the values may refer to), the one that follows."""

    places: tuple[Place, ...]
    end: World

    @property
    def following(self) -> Place | None:
        """The call to be made now."""
        return None if self.places == () or self.places[-1].world is not self.end else self.places[-1]


def course(code: SolidStep, world: World) -> Course:
    """Follows the code over the calls of a world; raises Handed at a loop whose list is not as expected.

    A list is read when its loop is reached, from what was there then: nothing that happens inside changes it.
    """
    done = world.done
    if not code.loops:
        return _straight(code, world)
    loops = {loop.first: number for number, loop in enumerate(code.loops)}
    places: list[Place] = []
    made: list[Any] = []
    index = 0
    while index < len(code.calls):
        number = loops.get(index)
        items: Sequence[Any] = (None,)
        loop = None if number is None else code.loops[number]
        if loop is not None:
            items = items_of(code, loop, World(world.captures, tuple(made)))
        size = 1 if loop is None else loop.calls
        rounds: list[list[CallRecord]] = [[] for _ in range(size)]
        for item in items:
            named = {} if number is None else {str(number): item}
            inner: list[CallRecord] = []
            for own in range(size):
                here = World(world.captures, (*made, *inner), named)
                places.append(Place(index + own, here))
                if len(places) > len(done):
                    return Course(tuple(places), here)
                inner.append(done[len(places) - 1])
                rounds[own].append(inner[-1])
        made += [calls[0] if loop is None else tuple(calls) for calls in rounds]
        index += size
    return Course(tuple(places), World(world.captures, tuple(made)))


def _straight(code: SolidStep, world: World) -> Course:
    """Without loops a call is made where it stands."""
    upto = min(len(world.calls) + 1, len(code.calls))
    places = tuple(Place(index, world) for index in range(upto))
    ended = len(world.calls) >= len(code.calls)
    return Course(places, World(world.captures, world.calls) if ended else world)


def waits(code: SolidStep, loop: SolidLoop) -> bool:
    """Does the list of a loop come from calls?"""
    holes = [hole for hole in code.holes if hole.name in (loop.items, loop.tie)]
    return any(origin.source in LATER for hole in holes for origin in (hole, *hole.also))


def items_of(code: SolidStep, loop: SolidLoop, world: World) -> list[Any]:
    """The list of a loop; raises Handed where it is not one like those seen."""
    hole = next(h for h in code.holes if h.name == loop.items)
    items = value_of(hole, world)
    for tie in code.holes:
        if loop.tie and tie.name == loop.tie:
            value_of(tie, world)
    if not loop.least <= len(items) <= loop.most:
        raise Handed("loop", f"{loop.items} has {len(items)} items, seen were {loop.least} to {loop.most}")
    for number, item in enumerate(items):
        reason = unlike(item, loop.item)
        if reason:
            raise Handed("loop", f"item {number} of {loop.items}: {reason}")
    assert isinstance(items, list)
    return items


def value_of(hole: Hole, world: World) -> Any:
    """What a hole holds; raises Handed when origins disagree or the value is not of the kind that was seen."""
    try:
        value = evaluate(hole, world)
    except Unfilled:
        raise Handed("hole", f"{hole.name}: {hole.source} {hole.path} has no such value here") from None
    for other in hole.also:
        try:
            agrees = same(evaluate(other, world), value)
        except Unfilled:
            agrees = False
        if not agrees:
            raise Handed("hole", f"{hole.name}: {hole.source} {hole.path} and {other.source} {other.path} no longer agree")
    if not of_type(value, hole.type):
        raise Handed("hole", f"{hole.name}: expected {hole.type}, saw {json_type(value)}")
    if hole.pattern and not re.fullmatch(hole.pattern, value, re.DOTALL):
        raise Handed("hole", f"{hole.name}: {cut(value)} is not of the kind seen before")
    return value


def unlike(tree: Any, shape: dict[str, Any]) -> str:
    """How a value differs from a shape that has a template (see `results`); empty when it does not."""
    fits = match_tree(decode(shape["template"]), tree)
    if isinstance(fits, str):
        return f"{shape['as']} {fits}"
    for name, (kind, pattern, *limits) in shape["holes"].items():
        if not of_type(fits[name], kind):
            return f"{name} was always {kind}, now {json_type(fits[name])}"
        if pattern and not re.fullmatch(pattern, as_told(fits[name]), re.DOTALL):
            return f"{name} holds {cut(as_told(fits[name]))}, not of the kind seen before"
        if limits and not within(fits[name], limits[0]):
            return f"{name} holds {cut(as_told(fits[name]))}, beyond {limits[0]}"
    return ""


def cut(text: str) -> str:
    """A text as it is told in a reason."""
    shown = spelled(text)
    return shown if len(shown) <= 80 else shown[:77] + "..."
