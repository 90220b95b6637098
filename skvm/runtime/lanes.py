"""Who may go at once: lanes of models with adaptive width, and locks from effect sets behind the plan's edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from skvm.ir import Effects, conflict


class Lane:
    """Slots of one model. Width halves when the target says "too many", and grows by one after a full width of successes
    (additive increase, multiplicative decrease: Chiu and Jain 1989, as TCP does). A free slot is taken without giving the event
    loop a turn, which `anyio.CapacityLimiter` does: a turn costs more than all else a lane does."""

    def __init__(self, widest: int) -> None:
        self.widest = self.width = max(1, widest)
        self._taken = 0
        self._queue: deque[anyio.Event] = deque()
        self._good = 0

    async def take(self) -> None:
        """Wait for a slot, in order of arrival; whoever has it calls `leave`."""
        if self._taken < self.width and not self._queue:
            self._taken += 1
            return
        turn = anyio.Event()
        self._queue.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.leave()
            else:
                self._queue.remove(turn)
            raise

    def leave(self) -> None:
        """Give a slot back."""
        self._taken -= 1
        self._wake()

    def succeeded(self) -> None:
        """An answer came."""
        self._good += 1
        if self._good >= self.width and self.width < self.widest:
            self.width += 1
            self._good = 0
            self._wake()

    def refused(self) -> None:
        """The target said that there were too many."""
        self.width = max(1, self.width // 2)
        self._good = 0

    def _wake(self) -> None:
        while self._queue and self._taken < self.width:
            self._taken += 1
            self._queue.popleft().set()


class Lanes:
    """One lane per model."""

    def __init__(self, widest: int) -> None:
        self._widest = widest
        self._lanes: dict[str, Lane] = {}

    def of(self, model: str) -> Lane:
        """The lane of a model."""
        lane = self._lanes.get(model)
        if lane is None:
            lane = self._lanes[model] = Lane(self._widest)
        return lane


@dataclass(eq=False)
class Holder:
    """Somebody who holds effects: node, path of scopes, and what they may touch. `alone`: beside nobody at all.

    `quiet`: changes nothing, so that it is in the way of nobody who changes nothing either.
    """

    node: str
    scope: tuple[tuple[str, str], ...]
    effects: Effects
    alone: bool = False
    quiet: bool = field(init=False)

    def __post_init__(self) -> None:
        self.quiet = self.effects.pure and not self.alone


class EffectLocks:
    """Steps whose effects conflict never overlap, even where a plan forgot the edge. `waived` names the exceptions, `apart`
    the nodes that a node is kept apart from although their effects look disjoint."""

    def __init__(
        self, waived: Callable[[Holder, Holder], bool], apart: Callable[[str], frozenset[str]] = lambda one: frozenset()
    ) -> None:
        self._waived = waived
        self._apart = apart
        self._held: dict[Holder, None] = {}
        self._queue: deque[tuple[Holder, anyio.Event]] = deque()
        self._loud = 0
        """Holders that are not quiet: without any, one that is quiet need not look at the others."""

    async def take(self, holder: Holder) -> None:
        """Hold all of a step's effects at once (so nothing can deadlock), as soon as nobody who holds, or waits longer, is in
        the way; whoever has them calls `leave`."""
        if self._blocked(holder, len(self._queue)):
            await self._wait(holder)
        else:
            self._hold(holder)

    def leave(self, holder: Holder) -> None:
        """Let go."""
        del self._held[holder]
        self._loud -= not holder.quiet
        if self._queue:
            self._wake()

    def _hold(self, holder: Holder) -> None:
        self._held[holder] = None
        self._loud += not holder.quiet

    async def _wait(self, holder: Holder) -> None:
        turn = (holder, anyio.Event())
        self._queue.append(turn)
        try:
            await turn[1].wait()
        except BaseException:
            if turn[1].is_set():
                self.leave(holder)
            else:
                self._queue.remove(turn)
                self._wake()
            raise

    def _blocked(self, holder: Holder, ahead: int) -> bool:
        """By those who hold, or by those who wait before it (nobody is overtaken for ever)."""
        if not self._held and not ahead:
            return False
        quiet, apart = holder.quiet, self._apart(holder.node)
        if quiet and not apart and not self._loud and not ahead:
            return False
        others = (*self._held, *(self._queue[i][0] for i in range(ahead)))
        if apart and any(other.node in apart for other in others):
            return True
        return any(not (quiet and other.quiet) and self._clash(other, holder) for other in others)

    def _clash(self, one: Holder, two: Holder) -> bool:
        if one.alone or two.alone:
            return True
        return conflict(one.effects, two.effects) is not None and not self._waived(one, two)

    def _wake(self) -> None:
        index = 0
        while index < len(self._queue):
            holder, event = self._queue[index]
            if self._blocked(holder, index):
                index += 1
                continue
            del self._queue[index]
            self._hold(holder)
            event.set()
