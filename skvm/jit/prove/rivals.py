"""Several codes of one step whose guards hold: which of them goes on, after the calls that were made.

A step that takes one of several courses has code for each, and what tells them apart may be read on the way only. They go on
together as long as they would do the same: what one has read, all have. One that finds otherwise than it was learned is left
behind, and the next in order takes the lead, but only where nothing but reading was done. Where two would go on and not do the
same, nobody knows which is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skvm.ir import EffectClass
from skvm.jit.generalise.origins import World
from skvm.jit.generalise.unify import same
from skvm.jit.prove.apply import arguments, following, outcome, same_arguments
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord, SolidCall
from skvm.ports import Offer

PURE = EffectClass.PURE.value


@dataclass(frozen=True)
class Move:
    """What code does next: a call with its arguments, or its end with values and, where it makes one, a summary."""

    call: SolidCall | None
    holds: Any
    summary: str | None = None

    @property
    def reads(self) -> bool:
        """Is nothing decided by it?"""
        return self.call is not None and self.call.effect == PURE

    def same(self, other: Move) -> bool:
        """Is it one thing, whichever of the two codes does it?"""
        if self.call is None or other.call is None:
            told = None in (self.summary, other.summary) or self.summary == other.summary
            return self.call is other.call and told and same(self.holds, other.holds)
        return self.call.tool == other.call.tool and same_arguments(self.call.tool, self.holds, other.holds)


def move_of(offer: Offer, done: tuple[CallRecord, ...]) -> Move:
    """What code does after these calls; raises Handed where something is not as it always was."""
    world = World(offer.holes, done)
    call = following(offer.code, world)
    if call is not None:
        return Move(call, arguments(offer.code, len(done), world))
    values, summary = outcome(offer.code, world)
    return Move(None, values, None if offer.code.summary is None else summary)


def onward(offer: Offer, done: tuple[CallRecord, ...]) -> Offer:
    """The offer that goes on, with the rivals that would do the same; raises Handed.

    To be asked before each call and before the end, so that all in the offer would have made the calls that are done.
    """
    able: list[tuple[Offer, Move]] = []
    refused: Handed | None = None
    for one in (offer, *offer.others):
        try:
            able.append((one, move_of(one, done)))
        except Handed as handed:
            refused = refused or handed
            if one is offer and not only_read(done):
                raise
    if not able:
        raise refused or Handed("codes", "no code goes on")
    lead, move = able[0]
    alike = [one for one, other in able[1:] if move.same(other)]
    for one, other in able[1:]:
        if one not in alike and not (move.reads and other.reads):
            raise Handed("codes", f"{lead.code.id} and {one.code.id} would not go on alike, and both could")
    return lead.altered(others=tuple(one.altered(others=()) for one in alike))


def only_read(done: Sequence[CallRecord]) -> bool:
    """Were all calls reads? Then nothing was done that another code could repeat."""
    return all(call.effect == PURE for call in done)
