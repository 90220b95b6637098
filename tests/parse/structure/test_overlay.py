"""Painting claims over each other always gives a partition."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from skvm.ir import LeafKind
from skvm.parse.structure.overlay import Claim, paint

SIZE = 40
CLAIMS = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(0, SIZE), st.sampled_from(list(LeafKind))).map(
        lambda t: Claim(min(t[0], t[1]), max(t[0], t[1]), t[2], t[2].value)
    ),
    max_size=8,
)


@given(st.lists(CLAIMS, max_size=4))
def test_every_byte_once_and_the_last_layer_wins(layers):
    painted = paint(SIZE, layers)
    assert painted[0].start == 0 and painted[-1].end == SIZE
    assert all(a.end == b.start for a, b in pairwise(painted))
    for at in range(SIZE):
        top = next((kinds for layer in reversed(layers) if (kinds := {c.kind for c in layer if c.start <= at < c.end})), None)
        got = next(c.kind for c in painted if c.start <= at < c.end)
        assert got in (top or {LeafKind.MARKUP})


def test_an_empty_file_has_no_leaves():
    assert paint(0, [[]]) == []
