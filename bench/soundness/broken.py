"""The compiler with one thing wrong, to see that the judge notices. Everything is put back when the block ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import skvm.compile.passes.concurrency as concurrency
import skvm.compile.passes.dependencies as dependencies
import skvm.compile.passes.effects as effects
import skvm.compile.passes.reduce as reducing
import skvm.ir.effects as places
from skvm.ir import Effects, Hazard

Patch = tuple[Any, str, Any]


def _without(hazard: Hazard) -> list[Patch]:
    """One kind of conflict is none."""
    real = places.conflict

    def wrong(first: Effects, second: Effects) -> Any:
        found = real(first, second)
        return None if found is not None and found[0] is hazard else found

    return [(dependencies, "conflict", wrong), (concurrency, "conflict", wrong)]


def _no_anti() -> list[Patch]:
    """A later write over what an earlier step reads is no hazard."""
    return _without(Hazard.WRITE_AFTER_READ)


def _no_output() -> list[Patch]:
    """Two writes of one file are no hazard."""
    return _without(Hazard.WRITE_AFTER_WRITE)


def _no_patterns() -> list[Patch]:
    """Places are equal only when they are spelled alike."""
    return [(places, "may_alias", lambda a, b: a == b)]


def _no_top() -> list[Patch]:
    """What an unknown command touches is nothing."""
    real = effects.act_effects

    def wrong(*what: Any) -> Effects:
        found = real(*what)
        return Effects() if found.top else found

    return [(effects, "act_effects", wrong), (effects, "_closed", _always)]


def _no_words() -> list[Patch]:
    """No step leans on what was said before it."""
    return [(dependencies, "_value_use", lambda one, two: ""), (effects, "_closed", _always)]


def _lost_edge() -> list[Patch]:
    """The reduction drops the first edge into a node of several."""
    real = reducing.reduce_edges

    def wrong(edges: Any, order: Any) -> Any:
        kept = real(edges, order)
        twice = {e.after for e in kept if sum(o.after == e.after for o in kept) > 1}
        return tuple(e for i, e in enumerate(kept) if e.after not in twice or any(o.after == e.after for o in kept[:i]))

    return [(reducing, "reduce_edges", wrong)]


def _lost_box() -> list[Patch]:
    """What comes after a box does not wait for it."""
    real = concurrency._Boxes.unit

    def wrong(self: Any) -> Any:
        made = real(self)
        boxes = {box.id for box in self.box_of.values()}
        return replace(made, edges=tuple(e for e in made.edges if e.before not in boxes))

    return [(concurrency._Boxes, "unit", wrong)]


def _items_free() -> list[Patch]:
    """Items of a map may always overlap."""
    return [(dependencies, "items_apart", _always)]


def _no_gates() -> list[Patch]:
    """A gate is a step that touches nothing."""
    real = dependencies._Finder._leaf

    def wrong(self: Any, node: Any) -> Any:
        facts = real(self, node)
        return dependencies._Facts(Effects(), True, "", False, facts.leaves, (), True) if facts.gate else facts

    return [(dependencies._Finder, "_leaf", wrong)]


def _always(*_: Any) -> bool:
    return True


WAYS: dict[str, Callable[[], list[Patch]]] = {
    "no-anti": _no_anti,
    "no-output": _no_output,
    "no-patterns": _no_patterns,
    "no-top": _no_top,
    "no-words": _no_words,
    "lost-edge": _lost_edge,
    "lost-box": _lost_box,
    "items-free": _items_free,
    "no-gates": _no_gates,
}


@contextmanager
def broken(way: str) -> Iterator[None]:
    """The compiler of this process is wrong in this way inside the block."""
    patches = WAYS[way]()
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
