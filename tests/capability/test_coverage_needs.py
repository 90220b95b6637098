"""Coverage is a pure comparison: what dominates never shows a new gap, and a changed cell changes only what asks for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability import Cell, Level, Price, Profile, Verdict
from skvm.capability.coverage import SEVERITY, Column, Need, SkillNeeds, StepNeeds, Way, Ways, cheapest, cover

L1, L2, L3 = Level.L1, Level.L2, Level.L3
PRIMITIVES = ("tool.exec", "gen.regex", "reason.logic", "tool.browser")
GAPS = (Verdict.WEAK, Verdict.MISSING, Verdict.NOT_OFFERED)

needs = st.lists(
    st.builds(Need, st.sampled_from(PRIMITIVES), st.sampled_from([L1, L2, L3])), min_size=0, max_size=4, unique=True
).map(lambda rows: tuple(sorted(rows)))


@st.composite
def skills(draw: st.DrawFn) -> SkillNeeds:
    rows = draw(st.lists(needs, max_size=5))
    return SkillNeeds("s", "s/SKILL.md", tuple(StepNeeds(f"S1.s{n}", "t", n, row) for n, row in enumerate(rows, 1)))


@st.composite
def cell_and_better(draw: st.DrawFn) -> tuple[Cell, Cell]:
    """A cell and one that is nowhere worse: as many or more of the same probes, a letter as high or higher, offered or not."""
    if draw(st.integers(0, 4)) == 0:
        return Cell(offered=False), draw(st.sampled_from([Cell(offered=False), Cell(level=L1), Cell(counts={L1: (1, 3)})]))
    if draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.integers(0, 3)] * 2)))
        return Cell(level=Level.of(low)), Cell(level=Level.of(high))
    sizes = draw(st.dictionaries(st.sampled_from([L1, L2, L3]), st.integers(1, 12), min_size=1))
    less = {level: draw(st.integers(0, n)) for level, n in sizes.items()}
    more = {level: draw(st.integers(less[level], n)) for level, n in sizes.items()}
    one, two = (Cell(counts={level: (k[level], n) for level, n in sizes.items()}) for k in (less, more))
    return one, two


pairs = st.dictionaries(st.sampled_from(PRIMITIVES), cell_and_better())


def column(name: str, cells: dict[str, Cell], price: Price | None = None) -> Column:
    return Column(name, Profile(name=name, model=name, harness="builtin", cells=cells), "", price)


@given(skills(), pairs)
def test_a_target_that_dominates_never_shows_a_gap_that_the_other_does_not_have(
    skill: SkillNeeds, cells: dict[str, tuple[Cell, Cell]]
) -> None:
    less = column("less", {name: pair[0] for name, pair in cells.items()})
    more = column("more", {name: pair[1] for name, pair in cells.items()})
    worse, better = cover(skill, (less, more))
    offered = {name for name, (one, _) in cells.items() if one.offered}
    for need, one, two in zip(skill.distinct(), worse.verdicts, better.verdicts, strict=True):
        if two.verdict in GAPS:
            assert one.verdict in GAPS
            assert two.rank <= one.rank
        if two.verdict is Verdict.UNMEASURED:  # what was not probed above a level that is held is not known
            assert one.verdict is not Verdict.MET
        if need.primitive in offered and one.probability is not None and two.probability is not None:
            assert two.probability >= one.probability - 1e-6
    if worse.covers:
        assert better.covers


@given(st.lists(skills(), min_size=1, max_size=4), pairs, st.sampled_from(PRIMITIVES), cell_and_better())
def test_a_changed_cell_changes_only_what_needs_it(
    found: list[SkillNeeds], cells: dict[str, tuple[Cell, Cell]], changed: str, new: tuple[Cell, Cell]
) -> None:
    before = {name: pair[0] for name, pair in cells.items()}
    old = (column("a", before), column("b", before))
    now = (column("a", before | {changed: new[1]}), column("b", before))
    for skill in found:
        was, is_ = cover(skill, old), cover(skill, now)
        assert was[1] == is_[1]
        if changed not in {need.primitive for need in skill.distinct()}:
            assert was == is_
        for need, one, two in zip(skill.distinct(), was[0].verdicts, is_[0].verdicts, strict=True):
            assert one == two or need.primitive == changed


@given(skills(), pairs)
def test_counts_add_up_and_the_status_is_the_worst(skill: SkillNeeds, cells: dict[str, tuple[Cell, Cell]]) -> None:
    (found,) = cover(skill, (column("a", {name: pair[0] for name, pair in cells.items()}),))
    assert sum(found.count(v) for v in SEVERITY) == len(skill.distinct())
    assert found.covers == (found.count(Verdict.MET) == len(skill.distinct()))
    if found.verdicts:
        assert found.status is max((h.verdict for h in found.verdicts), key=SEVERITY.index)


def steps(*rows: tuple[Need, ...]) -> SkillNeeds:
    return SkillNeeds("s", "s", tuple(StepNeeds(f"S1.s{n}", "t", n, row) for n, row in enumerate(rows, 1)))


SURE, HALF, NONE = Cell(counts={L1: (20, 20)}), Cell(counts={L1: (10, 20)}), Cell(counts={L1: (0, 20)})
EXEC, REGEX, LOGIC = Need("tool.exec", L1), Need("gen.regex", L1), Need("reason.logic", L1)


def test_the_weakest_step_has_the_smallest_product() -> None:
    target = column("a", {"tool.exec": SURE, "gen.regex": HALF, "reason.logic": HALF})
    skill = steps((EXEC,), (EXEC, REGEX), (REGEX, LOGIC), (LOGIC, REGEX))
    (found,) = cover(skill, (target,))
    assert found.weakest is not None
    assert found.weakest.step.id == "S1.s3"
    assert found.weakest.doubt.probability == pytest.approx(0.25)
    assert found.weakest.doubt.need == REGEX


def test_what_is_not_offered_is_the_weakest_and_what_is_unknown_is_not() -> None:
    target = column("a", {"tool.exec": HALF, "tool.browser": Cell(offered=False)})
    (found,) = cover(steps((EXEC,), (LOGIC,), (Need("tool.browser", L1),)), (target,))
    assert found.status is Verdict.NOT_OFFERED
    assert found.weakest is not None and found.weakest.step.id == "S1.s3" and found.weakest.doubt.probability == 0.0
    (unknown,) = cover(steps((LOGIC,)), (Column("never", None),))
    assert unknown.status is Verdict.UNMEASURED and unknown.weakest is None


CHEAP, DEAR = Price(input=1, output=2), Price(input=3, output=4)


def chosen(skill: SkillNeeds, *columns: Column):  # type: ignore[no-untyped-def]
    return cheapest(skill, cover(skill, columns), columns)


def test_the_cheapest_that_covers_is_taken_and_a_gap_is_never_cheap() -> None:
    skill = steps((EXEC,))
    good, bad = {"tool.exec": SURE}, {"tool.exec": HALF}
    rows = (column("dear", good, DEAR), column("cheap", good, CHEAP), column("weak", bad, Price(input=0, output=0)))
    assert chosen(skill, *rows).target == "cheap"
    assert chosen(skill, *rows).usd == pytest.approx((30 * 1 + 2) / 31, abs=1e-6)
    assert chosen(skill, rows[0], rows[2]).target == "dear"


def test_prices_that_are_not_known_are_said() -> None:
    skill = steps((EXEC,))
    good = {"tool.exec": SURE}
    free = column("free", good, Price(input=0, output=0))
    assert chosen(skill, column("x", good), column("dear", good, DEAR)).target == "dear"
    assert "no price is known of x" in chosen(skill, column("x", good), column("dear", good, DEAR)).why
    assert chosen(skill, column("x", good)) == ("x", None, "its price is not known", ())
    assert chosen(skill, free, column("cheap", good, CHEAP)).target == "free"


def test_at_the_same_price_the_stronger_comes_first_and_the_others_are_named() -> None:
    skill = steps((EXEC,))
    rows = (column("a", {"tool.exec": Cell(counts={L1: (3, 3)})}, CHEAP), column("b", {"tool.exec": SURE}, CHEAP))
    assert chosen(skill, *rows)[0::3] == ("b", ("a",))


def test_where_nothing_covers_the_nearest_is_named() -> None:
    skill = steps((EXEC,), (REGEX,), (LOGIC,))
    near = column("near", {"tool.exec": SURE, "gen.regex": NONE, "reason.logic": SURE}, DEAR)
    far = column("far", {"tool.exec": HALF, "gen.regex": HALF, "reason.logic": HALF}, CHEAP)
    found = chosen(skill, far, near)
    assert found.target is None
    assert found.why == "none of 2 covers it; nearest is near with 1 missing"
    assert chosen(SkillNeeds("s", "s", (), 3), near).why == "needs no model"


@st.composite
def skills_with_ways(draw: st.DrawFn) -> SkillNeeds:
    """A skill some of whose steps are ways of one purpose, each way with the needs of its own step."""
    skill = draw(skills())
    steps = skill.steps[: draw(st.integers(0, len(skill.steps)))]
    if len(steps) < 2:
        return skill
    limited = [draw(st.integers(0, 4)) == 0 for _ in steps]
    ways = tuple(
        Way(step.id, step.line, step.needs, tuple((o.id, n) for o, lim in zip(steps, limited, strict=True)
            if o is not step and not lim for n in o.needs), own)
        for step, own in zip(steps, limited, strict=True)
    )  # fmt: skip
    return skill._replace(purposes=(Ways("ways", draw(st.integers(0, len(ways) - 1)), ways),))


@given(skills_with_ways(), pairs)
def test_ways_never_worsen_a_verdict_nor_help_a_lesser_target_more(
    skill: SkillNeeds, cells: dict[str, tuple[Cell, Cell]]
) -> None:
    less = column("less", {name: pair[0] for name, pair in cells.items()})
    more = column("more", {name: pair[1] for name, pair in cells.items()})
    worse, better = cover(skill, (less, more))
    (plain,) = cover(skill._replace(purposes=()), (less,))
    assert SEVERITY.index(worse.status) <= SEVERITY.index(plain.status) and worse.verdicts == plain.verdicts
    if worse.covers:
        assert better.covers
    for way in worse.via:
        assert all(less.holds(need).verdict is Verdict.MET for need in way.needs)
    assert bool(worse.spared) <= bool(worse.via)


def test_a_skill_is_covered_by_the_way_that_is_met() -> None:
    steps = (StepNeeds("a", "t", 1, (Need("tool.exec", L2),)), StepNeeds("b", "t", 2, (Need("gen.regex", L1),)))
    ways = tuple(
        Way(step.id, step.line, step.needs, ((other.id, other.needs[0]),))
        for step, other in zip(steps, reversed(steps), strict=True)
    )
    skill = SkillNeeds("s", "s", steps, purposes=(Ways("pick", 0, ways),))
    held, poor = {L1: (30, 30), L2: (30, 30)}, {L1: (0, 30), L2: (0, 30)}
    for exec_, regex, covered, taken in (
        (poor, held, True, "b"),
        (held, poor, True, "a"),
        (held, held, True, ""),
        (poor, poor, False, ""),
    ):
        (found,) = cover(skill, (column("c", {"tool.exec": Cell(counts=exec_), "gen.regex": Cell(counts=regex)}),))
        assert (found.covers, "".join(w.title for w in found.via)) == (covered, taken)
        assert found.count(Verdict.MISSING) == (0 if covered else 2)
        if taken:
            assert found.weakest is not None and found.weakest.step.id == taken
