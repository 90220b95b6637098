"""Ids of observations: worked out once, never taken over by a copy, and the quick questions agree with them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from skvm.jit.observe.observation import Observation
from skvm.plan import GuardContext

ALIKE: Any = st.sampled_from([0, 1, True, 1.0, "1", None, [1], [True]])
FEW = st.sampled_from(["a", "b"])


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    return Observation(
        run=draw(FEW),
        scope=draw(FEW),
        step_key="k",
        step_id="S1.s1",
        skill="s",
        inputs={"item": draw(ALIKE)},
        guard=GuardContext(slice_digest="s", files=draw(st.sampled_from([{}, {"f": "1"}]))),
        values={"n": draw(ALIKE)},
        cost={"seconds": draw(st.floats(0, 9))},
    )


@given(observations(), observations())
def test_the_quick_questions_agree_with_the_ids(one: Observation, two: Observation) -> None:
    assert one.same(two) is (one.id == two.id)
    assert one.same_inputs(two) is (one.input_id == two.input_id)


def fresh(seen: Observation) -> Observation:
    return Observation.model_validate(seen.model_dump())


@given(observations(), ALIKE)
def test_a_copy_has_ids_of_its_own(seen: Observation, item: Any) -> None:
    assert (seen.id, seen.input_id) == (fresh(seen).id, fresh(seen).input_id)
    change = {"inputs": {"item": item}}
    for changed in (seen.model_copy(update=change), seen.altered(**change)):
        assert (changed.id, changed.input_id) == (fresh(changed).id, fresh(changed).input_id)


@given(observations())
def test_ids_are_not_part_of_what_is_kept(seen: Observation) -> None:
    before = seen.model_dump(mode="json")
    assert seen.id
    assert seen.input_id
    assert seen.model_dump(mode="json") == before
    assert seen == fresh(seen)
