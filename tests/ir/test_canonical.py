from __future__ import annotations

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skvm.ir import canonical_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=600, deadline=None)
@given(JSON)
@example({"\ue000": 1, "\U00010000": 2})
@example([1e-05, 1e-4, 123456.789, 1e15, 1e16, 1e21, -0.0, 2.0, 0.1 + 0.2, 5e-324])
@example({"a": '\x00\x1f\x7f\u2028\u2029\\"/\b\f\n\r\t', "b": "\ud800"})
@example([2**53 - 1, 2**53, True, 1])
def test_the_same_bytes_as_the_reference_encoder(value: object) -> None:
    try:
        expected = rfc8785.dumps(value)  # type: ignore[arg-type]
    except ValueError:
        with pytest.raises(ValueError):
            canonical_json(value)
        return
    assert canonical_json(value) == expected
