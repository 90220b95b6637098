from __future__ import annotations

import random
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.ir import TOP, Effects, conflict
from skvm.runtime.lanes import EffectLocks, Holder, Lane


def test_width_halves_and_grows() -> None:
    lane = Lane(16)
    assert lane.width == 16
    lane.refused()
    lane.refused()
    assert lane.width == 4
    for _ in range(4):
        lane.succeeded()
    assert lane.width == 5
    for _ in range(200):
        lane.succeeded()
    assert lane.width == 16
    for _ in range(9):
        lane.refused()
    assert lane.width == 1


def test_no_more_than_the_width_at_once() -> None:
    lane = Lane(3)
    now, most = 0, 0

    async def one() -> None:
        nonlocal now, most
        await lane.take()
        now += 1
        most = max(most, now)
        await anyio.lowlevel.checkpoint()
        now -= 1
        lane.leave()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)

    anyio.run(main)
    assert most == 3


places = st.sampled_from(["a", "b", "c", "dir/", "dir/x", "*.csv", "x.csv"])
effects = st.one_of(
    st.just(TOP),
    st.builds(lambda r, w: Effects(tuple(r), tuple(w)), st.lists(places, max_size=2), st.lists(places, max_size=2)),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(effects, st.booleans()), min_size=1, max_size=10),
    st.integers(0, 10**6),
    st.sets(st.integers(0, 9), max_size=3),
    st.sets(st.frozensets(st.sampled_from([f"n{i}" for i in range(6)]), min_size=2, max_size=2), max_size=3),
)
def test_conflicting_holders_never_meet_and_all_get_their_turn(
    wanted: list[tuple[Effects, bool]], seed: int, cancelled: set[int], serial: set[frozenset[str]]
) -> None:
    draw = random.Random(seed)
    held: list[Holder] = []
    done: list[int] = []
    locks = EffectLocks(
        lambda one, two: False, lambda one: frozenset().union(*(pair for pair in serial if one in pair)) - {one}
    )

    async def one(number: int, effect: Effects, alone: bool, scope: anyio.CancelScope) -> None:
        with scope:
            me = Holder(f"n{number}", (), effect, alone)
            await locks.take(me)
            try:
                assert not any(conflict(other.effects, effect) or other.alone for other in held)
                assert not (alone and held)
                assert not any(frozenset((me.node, other.node)) in serial for other in held)
                held.append(me)
                try:
                    for _ in range(draw.randint(0, 4)):
                        await anyio.lowlevel.checkpoint()
                finally:
                    held.remove(me)
            finally:
                locks.leave(me)
            done.append(number)

    async def main() -> None:
        scopes: list[Any] = [anyio.CancelScope() for _ in wanted]
        async with anyio.create_task_group() as group:
            for number, (effect, alone) in enumerate(wanted):
                group.start_soon(one, number, effect, alone, scopes[number])
            await anyio.lowlevel.checkpoint()
            for number in cancelled:
                if number < len(scopes):
                    scopes[number].cancel()

    anyio.run(main)
    assert set(done) >= set(range(len(wanted))) - cancelled
    assert not locks._held and not locks._queue
