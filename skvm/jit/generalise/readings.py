"""Readings of a loop: lists that have as many items as it had rounds, and whose items explain what its calls were given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skvm.jit.generalise.layout import Range
from skvm.jit.generalise.origins import World, apply, evaluate
from skvm.jit.generalise.results import Abstain, item_shape
from skvm.jit.generalise.unify import Column, spelled
from skvm.plan import Hole, Origin, SolidLoop, Unfilled

WHICH_LIST = "the items of a loop stand in several lists, and nobody knows which one it goes by"


@dataclass(frozen=True)
class Reading:
    """A list that explains a loop; `ways`: how its calls get at the parts of an item."""

    origin: Origin
    lists: Column
    ways: frozenset[tuple[tuple[str, ...], ...]]

    @property
    def opens(self) -> bool:
        """Has an item parts?"""
        return any(isinstance(item, (dict, list)) for row in self.lists for item in row)

    def parts(self) -> Iterator[tuple[Origin, Column]]:
        """The lists of the one part of an item that is used, as it is and as the name in a path; raises Abstain where it is
        more than one part."""
        if len(self.ways) > 1:
            raise Abstain(WHICH_LIST)
        steps = tuple(("each", *step) for way in self.ways for step in way)
        for more in ((), (("each", "name"),), (("each", "stem"),)):
            origin, lists = self.origin.altered(via=(*self.origin.via, *steps, *more)), self.lists
            try:
                for step in (*steps, *more):
                    lists = tuple(apply(step, row) for row in lists)
            except Unfilled:
                return
            yield origin, lists


def tied(readings: Sequence[Reading]) -> list[Origin]:
    """The part used, of every list in the form in which all of them say the same; raises Abstain where there is none."""
    tables = [{spelled(list(lists)): origin for origin, lists in reversed(list(r.parts()))} for r in readings]
    for _, lists in readings[0].parts():
        if all(spelled(list(lists)) in table for table in tables):
            return [table[spelled(list(lists))] for table in tables]
    raise Abstain(WHICH_LIST)


def list_hole(name: str, origins: Sequence[Origin]) -> Hole:
    """A hole for a list that all origins must agree on."""
    head, *also = origins
    return Hole(name=name, source=head.source, path=head.path, via=head.via, type="array", also=tuple(also))


def settled(number: int, place: Range, found: Sequence[Reading], inside: Sequence[Hole]) -> tuple[SolidLoop, list[Hole]]:
    """The loop over the first reading, and the holes of its lists; raises Abstain where it is open which list it goes by.

    Lists that said the same must go on doing so, whole or in the part used. What else stands in an item could decide, and of
    one list only it is looked at. `inside`: the holes that the calls fill from an item.
    """
    head = found[0]
    if len({spelled(list(r.lists)) for r in found if r.opens}) > 1:
        raise Abstain(WHICH_LIST)
    alike = [r for r in found[1:] if spelled(list(r.lists)) == spelled(list(head.lists))]
    other = [r for r in found[1:] if r not in alike]
    holes = [list_hole(f"l{number + 1}", [head.origin, *(r.origin for r in alike)])]
    if other:
        holes.append(list_hole(f"k{number + 1}", tied([head, *other])))
    items = [item for row in head.lists for item in row]
    worlds = [World({}, (), {str(number): item}) for item in items]
    used = frozenset(spelled([evaluate(hole, world) for world in worlds]) for hole in inside)
    lengths = [len(row) for row in head.lists]
    loop = SolidLoop(
        first=place[0],
        calls=place[1],
        items=holes[0].name,
        tie=holes[1].name if other else "",
        least=min(lengths),
        most=max(lengths),
        item=item_shape(items, used),
    )
    return loop, holes
