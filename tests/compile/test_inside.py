"""The index gives what a look at everything gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skvm.compile.rules.inside import Inside
from skvm.ir import Step, StepEncoding
from skvm.source import Span

SPANS = st.tuples(st.sampled_from(["a.md", "b.md"]), st.integers(0, 30), st.integers(0, 30)).map(
    lambda row: Span(row[0], min(row[1:]), max(row[1:]))
)


@given(st.lists(st.tuples(SPANS, st.sampled_from([None, "S1.s1", "S1.s2"]))), SPANS)
def test_inside_is_what_belongs_or_lies_in(rows: list[tuple[Span, str | None]], span: Span) -> None:
    step = Step(id="S1.s1", span=span, scene="S1", key="k", title="t", text="t", encoding=StepEncoding.BULLET)
    index = Inside([(s, owner, at) for at, (s, owner) in enumerate(rows)])
    assert index.of(step) == [at for at, (s, owner) in enumerate(rows) if owner == step.id or span.contains(s)]
    assert index.of(step) == index.of(step)
