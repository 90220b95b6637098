"""May this code serve? Guards of promoted code, made ready once, so that the answer takes microseconds.

`apply.bind` says what guards mean and explains a miss. A `Dispatch` only says yes, with what the captures hold, or that it does
not know: then `bind` is asked. So it may be incomplete, and must never say yes where `bind` says no.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from skvm.jit.generalise.origins import LATER, World
from skvm.jit.generalise.patterns import negates, plain
from skvm.jit.prove.apply import FIRST_READING
from skvm.jit.prove.course import Handed, items_of, value_of, waits
from skvm.plan import Guard, GuardContext, Hole, OneOf, SolidLoop, SolidStep, Text, Var, match_text, match_tree
from skvm.plan.guards import called, of_type, stored_template
from skvm.plan.ranges import within
from skvm.plan.template import MAX_MATCH

Captures = dict[str, Any]
Reader = Callable[[Any, Captures], bool]
"""Puts what the holes of an input template hold into the captures; False where it does not fit or is not sure."""

Test = Callable[[Captures], bool]

_HEAD = 12
"""Letters of the beginning of a request by which its wordings are told apart."""

_ON_HOLES = ("hole_type", "hole_match", "hole_range", "hole_asked")
_EMPTY = (str, list, dict, type(None))


class Dispatch:
    """The guards of one code, cheapest first."""

    def __init__(self, code: SolidStep) -> None:
        self.code = code
        ordered = sorted(code.guards, key=lambda g: g.cost)
        self._surroundings = [g for g in ordered if g.cost < FIRST_READING]
        self._known: tuple[object, ...] | None = None
        self._inputs = [(g.name, _reader(stored_template(g.value))) for g in ordered if g.kind == "input"]
        reading = [g for g in ordered if g.cost >= FIRST_READING and g.kind != "input"]
        self._given = [(g.name, g.value == "yes") for g in reading if g.kind == "hole_given"]
        self._rest = [g for g in reading if g.kind not in (*_ON_HOLES, "hole_given")]
        self._tests = _tests(code, [g for g in reading if g.kind in _ON_HOLES])

    def captures(self, inputs: dict[str, Any], seen: GuardContext) -> Captures | None:
        """What the captures hold when every guard holds; None when one does not, or nobody is sure."""
        if not self._same_surroundings(seen):
            return None
        found: Captures = {}
        for name, read in self._inputs:
            if not read(inputs.get(name), found):
                return None
        for test in self._tests:
            if not test(found):
                return None
        names = called(inputs) if self._given else ()
        if any((found.get(name) in names) is not given for name, given in self._given):
            return None
        if self._rest:
            seen = seen.altered(inputs=inputs, holes=found)
            return found if all(guard.check(seen).ok for guard in self._rest) else None
        return found

    def _same_surroundings(self, seen: GuardContext) -> bool:
        """Digests, versions and verdicts stay the same from step to step; they are looked at again when one is another."""
        now = (seen.slice_digest, seen.sandbox, seen.simulated, seen.tool_versions, seen.verdicts)
        if self._known == now:
            return True
        if not all(guard.check(seen).ok for guard in self._surroundings):
            return False
        self._known = (*now[:3], dict(seen.tool_versions), dict(seen.verdicts))
        return True


def _tests(code: SolidStep, guards: Sequence[Guard]) -> list[Test]:
    """What captured values must be. What a hole with a longer way needs is left to `value_of`."""
    tests = [_hole_test(guard) for guard in guards]
    allowed = {g.name: g.value.replace("\\", "") for g in guards if g.kind == "hole_match"}
    for hole in code.holes:
        if hole.source == "task":
            tests.append(_no_negation(hole.name, allowed.get(hole.name, "")))
        if not any(o.source in LATER for o in (hole, *hole.also)):
            tests.append(_value_test(hole))
    return tests + [_loop_test(code, loop) for loop in code.loops if not waits(code, loop)]


def _loop_test(code: SolidStep, loop: SolidLoop) -> Test:
    def fits(found: Captures) -> bool:
        try:
            items_of(code, loop, World(found))
        except Handed:
            return False
        return True

    return fits


def _hole_test(guard: Guard) -> Test:
    name, value = guard.name, guard.value
    if guard.kind == "hole_type":
        if value == "string":
            return lambda found: isinstance(found.get(name), str)
        return lambda found: name in found and of_type(found[name], value)
    if guard.kind == "hole_match":
        fits = re.compile(value, re.DOTALL).fullmatch
        return lambda found: isinstance(found.get(name), str) and fits(found[name]) is not None
    if guard.kind == "hole_asked":
        holes = json.loads(value)
        return lambda found: any(found.get(name) == found.get(hole) for hole in holes)
    return lambda found: within(found.get(name), value)


def _no_negation(name: str, allowed: str) -> Test:
    seen = [allowed]

    def holds(found: Captures) -> bool:
        value = found.get(name)
        return not isinstance(value, str) or plain(value) or negates(value, seen) is None

    return holds


def _value_test(hole: Hole) -> Test:
    """A capture as it is needs its type only; anything that is worked out goes the long way."""
    if hole.source not in ("const", "call") and not hole.via and not hole.also and hole.type == "string":
        fits, path = re.compile(hole.pattern or ".*", re.DOTALL).fullmatch, hole.path

        def as_it_is(found: Captures) -> bool:
            value = found.get(path)
            return isinstance(value, str) and fits(value) is not None

        return as_it_is

    def worked_out(found: Captures) -> bool:
        try:
            value_of(hole, World(found))
        except Handed:
            return False
        return True

    return worked_out


def _reader(template: Any) -> Reader:
    if isinstance(template, _EMPTY) and not template:
        return lambda value, _: type(value) is type(template) and not value
    forms = template.choices if isinstance(template, OneOf) else ((template, {}),)
    if all(isinstance(form, (str, Text)) for form, _ in forms):
        return _Wordings(forms).read
    return _any_tree(template)


def _any_tree(template: Any) -> Reader:
    def read(value: Any, found: Captures) -> bool:
        fits = match_tree(template, value)
        if isinstance(fits, str):
            return False
        found.update(fits)
        return True

    return read


class _Wordings:
    """Wordings of a request: looked up by how they begin; exactly one reading counts."""

    def __init__(self, forms: Sequence[tuple[Any, Captures]]) -> None:
        heads = [_beginning(form) for form, _ in forms]
        self._size = min(_HEAD, *map(len, heads))
        self._by_head: dict[str, list[tuple[Callable[[str], Captures | None], Captures]]] = {}
        for head, (form, given) in zip(heads, forms, strict=True):
            self._by_head.setdefault(head[: self._size], []).append((_matcher(form), given))

    def read(self, value: Any, found: Captures) -> bool:
        """See `Reader`. A hole that another input fills too is not for here."""
        if not isinstance(value, str):
            return False
        only: Captures | None = None
        for match, given in self._by_head.get(value[: self._size], ()):
            fits = match(value)
            if fits is None:
                continue
            row = {**given, **fits}
            if only is not None and row != only:
                return False
            only = row
        if only is None or not found.keys().isdisjoint(only):
            return False
        found.update(only)
        return True


def _beginning(form: Any) -> str:
    first = form if isinstance(form, str) else form.parts[0]
    return first if isinstance(first, str) else ""


def _matcher(form: Any) -> Callable[[str], Captures | None]:
    """`match_text` for one wording; that with one hole and no more than an end on each side needs no search."""
    if isinstance(form, str):
        return lambda value: {} if value == form else None
    holes = [at for at, part in enumerate(form.parts) if isinstance(part, Var)]
    if len(holes) != 1 or len(form.parts) > 3:
        return lambda value: match_text(form, value)
    name = form.parts[holes[0]].name
    before, after = "".join(form.parts[: holes[0]]), "".join(form.parts[holes[0] + 1 :])
    begin, tail = len(before), len(after)

    def match(value: str) -> Captures | None:
        end = len(value) - tail
        fits = begin < end and len(value) <= MAX_MATCH and value.startswith(before) and value.endswith(after)
        return {name: value[begin:end]} if fits else None

    return match
