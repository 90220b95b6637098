"""Who may go at once: lanes of models with adaptive width, and locks from effect sets behind the plan's edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

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

    def slot(self) -> Slot:
        """Wait for a slot, in order of arrival, and hold it."""
        return Slot(self)

    async def take(self) -> None:
        """Wait for a slot."""
        await anyio.lowlevel.checkpoint_if_cancelled()
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


class Slot:
    """One use of a lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def __aenter__(self) -> None:
        await self._lane.take()

    async def __aexit__(self, *_: object) -> None:
        self._lane.leave()


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
        self._held: list[Holder] = []
        self._queue: deque[tuple[Holder, anyio.Event]] = deque()

    def holding(self, holder: Holder) -> Held:
        """Hold all of a step's effects at once (so nothing can deadlock), waiting for those who conflict."""
        return Held(self, holder)

    async def take(self, holder: Holder) -> None:
        """Wait until nobody who holds, or waits longer, is in the way."""
        if self._blocked(holder, len(self._queue)):
            await self._wait(holder)
        else:
            self._held.append(holder)

    def leave(self, holder: Holder) -> None:
        """Let go."""
        self._held.remove(holder)
        if self._queue:
            self._wake()

    async def _wait(self, holder: Holder) -> None:
        turn = (holder, anyio.Event())
        self._queue.append(turn)
        try:
            await turn[1].wait()
        except BaseException:
            if turn[1].is_set():
                self._held.remove(holder)
            else:
                self._queue.remove(turn)
            self._wake()
            raise

    def _blocked(self, holder: Holder, ahead: int) -> bool:
        """By those who hold, or by those who wait before it (nobody is overtaken for ever)."""
        waiting = (self._queue[i][0] for i in range(ahead))
        others = (*self._held, *waiting)
        if not others:
            return False
        apart = self._apart(holder.node)
        if apart and any(other.node in apart for other in others):
            return True
        quiet = holder.quiet
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
            self._held.append(holder)
            event.set()


class Held:
    """Effects held while a step runs."""

    def __init__(self, locks: EffectLocks, holder: Holder) -> None:
        self._locks = locks
        self._holder = holder

    async def __aenter__(self) -> None:
        await self._locks.take(self._holder)

    async def __aexit__(self, *_: object) -> None:
        self._locks.leave(self._holder)
