from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.capability import Cell, Level, Profile
from skvm.capability.compare import compare, level_state, why_keep
from skvm.capability.compare_text import difference_text

L1, L2, L3 = Level.L1, Level.L2, Level.L3


def profile(name: str = "a@builtin", measured: str = "", **cells: Cell) -> Profile:
    named = {key.replace("_", "."): cell for key, cell in cells.items()}
    return Profile(name=name, model="m", harness="builtin", measured=measured, cells=named)


def text(a: Profile, b: Profile) -> str:
    return difference_text(compare(a, b), lambda words, _: words)


def test_a_large_difference_is_significant_and_a_small_one_is_not() -> None:
    a = profile(tool_exec=Cell(counts={L1: (20, 20), L2: (18, 20)}))
    b = profile("b@builtin", tool_exec=Cell(counts={L1: (2, 20), L2: (15, 20)}))
    found = {(r.primitive, r.level): r for r in compare(a, b).levels}
    assert len(found) == 78
    sure, unsure = found["tool.exec", L1], found["tool.exec", L2]
    assert sure.significant and sure.holm is not None and sure.holm < 1e-5 and sure.b_better is not None
    assert sure.b_better < 1e-6 and sure.p_value is not None and sure.holm == pytest.approx(78 * sure.p_value)
    assert not unsure.significant and unsure.p_value == pytest.approx(0.407, abs=1e-3)
    assert "1 differ by more than chance" in text(a, b) and "1 better in A" in text(a, b)


def test_letters_are_shown_and_never_tested() -> None:
    a = profile(tool_exec=Cell(level=L3), gen_regex=Cell(level=L1, counts={L1: (3, 3)}))
    b = profile("b@builtin", tool_exec=Cell(level=Level.L0), gen_regex=Cell(level=L3, counts={L1: (3, 3)}))
    rows = {(r.primitive, r.level): r for r in compare(a, b).levels}
    assert rows["tool.exec", L1].p_value is None and rows["tool.exec", L1].a.basis == "inferred"
    assert rows["gen.regex", L1].p_value == 1.0
    assert "rest on a letter" in text(a, b) and "L3 -> L0" in text(a, b)


def test_three_against_three_is_called_too_few() -> None:
    a, b = (profile(tool_exec=Cell(counts={L1: (passed, 3)})) for passed in (3, 0))
    found = compare(a, b)
    assert not found.possible and found.smallest == pytest.approx(0.1)
    assert "with so few probes nothing could differ" in text(a, b)


def test_not_measured_and_not_offered_are_said() -> None:
    a, b = profile(tool_browser=Cell(offered=False)), profile(tool_browser=Cell(level=L1))
    assert "not offered" in text(a, b)
    assert {level_state(None, L1).basis, level_state(Cell(offered=False), L1).basis} == {"unmeasured", "not_offered"}


def test_equal_profiles_have_nothing_to_show() -> None:
    a = profile(tool_exec=Cell(level=L2, counts={L1: (3, 3), L2: (3, 3)}))
    assert "tool.exec" not in text(a, a)


cells = st.builds(
    lambda level, rows: Cell(level=level, counts={k: (min(v), max(v)) for k, v in rows.items()}),
    st.sampled_from(list(Level)),
    st.dictionaries(st.sampled_from([L1, L2, L3]), st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3),
)


@settings(deadline=None)
@given(cells, cells)
def test_the_other_way_round_says_the_same(one: Cell, two: Cell) -> None:
    a, b = profile(tool_exec=one), profile("b@builtin", tool_exec=two)
    for there, back in zip(compare(a, b).levels, compare(b, a).levels, strict=True):
        assert (there.a, there.b, there.significant) == (back.b, back.a, back.significant)
        assert there.holm == pytest.approx(back.holm)
        if there.b_better is not None and back.b_better is not None:
            assert there.b_better + back.b_better == pytest.approx(1, abs=1e-5)


def test_a_better_profile_is_kept() -> None:
    old = profile(measured="2026-05-02", tool_exec=Cell(level=L2), gen_regex=Cell(level=L1))
    assert "measures what the new one does not: gen.regex" in why_keep(
        old, profile(measured="2026-06-01", tool_exec=Cell(level=L3))
    )
    cells = {"tool_exec": Cell(level=L3), "gen_regex": Cell(level=L3)}
    assert "measured later" in why_keep(old, profile(measured="2026-05-01T23:59:59Z", **cells))
    assert "unknown date" in why_keep(old, profile(**cells))
    assert why_keep(old, profile(measured="2026-05-02T00:00:00Z", **cells)) == ""
    assert why_keep(old, profile(measured="2026-05-03", **cells)) == ""
    assert why_keep(profile(**cells), old) == ""
    late = profile(measured="2026-05-02T10:00:00+02:00", **cells)
    assert why_keep(late, profile(measured="2026-05-02T08:30:00Z", **cells)) == ""
    assert why_keep(late, profile(measured="2026-05-02T07:30:00Z", **cells)) != ""
    unasked = profile(measured="2026-06-01", tool_exec=Cell(level=L3), gen_regex=Cell())
    assert "gen.regex" in why_keep(old, unasked)
