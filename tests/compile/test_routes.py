"""Which target of a pool does each step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.capability import Profile, Target, load_catalog
from skvm.compile import CompileRequest, Processor, compile_program
from skvm.ir import ActType, ControlKind, Scope
from skvm.plan import Artifact, Limits
from skvm.plan.describe import explain_json, explain_text

from .build import Draft, command, compiled, profile, program, reading

ALL = [p.id for p in load_catalog().primitives]
ABLE = profile(dict.fromkeys(ALL, (30, 30, 30)), "able")
UNABLE = profile(dict.fromkeys(ALL, (30, 3, 0)), "unable")
CHEAP, DEAR = "qwen/qwen3.5-9b", "anthropic/claude-opus-4.6"

EASY = Draft("Read `a.md`.", [reading("a.md")])
HARD = Draft(
    "Run `cat a.csv | awk '{print $1}' | sort > b.txt` or skip it.",
    [command("cat a.csv | awk '{print $1}' | sort > b.txt", ("a.csv",), ("b.txt",))],
)
ASK = Draft("Ask the user.", [{"type": ActType.REQUEST, "scope": Scope.MEMORY, "target": "user"}])


def bound(drafts: list[Draft], *pool: tuple[str, Profile | None], **limits: Any) -> Artifact:
    (first, own), *more = pool
    others = tuple(Processor(Target(model=name), known) for name, known in more)
    made, source = program(drafts)
    return compile_program(made, source, CompileRequest(Target(model=first), own, pool=others, limits=Limits(**limits)))


def targets(artifact: Artifact) -> list[str]:
    return [b.target for b in artifact.bindings]


def test_one_target_is_no_choice() -> None:
    alone = compiled(program([EASY, HARD]), target=CHEAP, known=ABLE)
    assert alone.assignment is None and alone.pool == () and set(targets(alone)) == {CHEAP}


def test_each_step_goes_to_the_cheapest_target_that_holds_what_it_needs() -> None:
    made = bound([EASY, HARD], (DEAR, ABLE), (CHEAP, UNABLE))
    assert targets(made) == [CHEAP, DEAR]
    found = made.assignment
    assert found is not None and found.capable and found.kept and found.proved
    assert found.totals.targets == tuple(sorted((DEAR, CHEAP)))
    assert [t.model for t in made.pool] == [CHEAP] and not made.gaps
    assert targets(bound([EASY, HARD], (DEAR, ABLE), (CHEAP, ABLE))) == [CHEAP, CHEAP]


def test_the_order_of_the_pool_does_not_matter_to_the_choice() -> None:
    third = ("deepseek/deepseek-v3.2", ABLE)
    one = bound([EASY, HARD], (DEAR, ABLE), (CHEAP, UNABLE), third)
    two = bound([EASY, HARD], (DEAR, ABLE), third, (CHEAP, UNABLE))
    assert targets(one) == targets(two) and one.plan == two.plan


def test_where_no_target_holds_it_the_nearest_one_gets_it_and_the_gap_names_it() -> None:
    worse = profile(dict.fromkeys(ALL, (30, 0, 0)), "worse")
    near = profile(dict.fromkeys(ALL, (30, 30, 15)), "near")
    made = bound([HARD], (CHEAP, worse), (DEAR, near))
    assert targets(made) == [DEAR] and {g.target for g in made.gaps} == {DEAR}
    assert all(DEAR in d.message for d in made.diagnostics if d.code == "SKV401")
    node = made.plan.node(made.bindings[0].step)
    assert node.slice.added, "help is for the target that was chosen"
    assert not bound([HARD], (CHEAP, worse), (DEAR, ABLE)).plan.node("S1.s1").slice.added


def test_a_limit_on_models_is_kept() -> None:
    made = bound([EASY, HARD], (DEAR, ABLE), (CHEAP, UNABLE), models=1)
    assert targets(made) == [DEAR, DEAR] and made.assignment is not None and made.assignment.kept


def test_a_limit_on_success_buys_a_surer_target() -> None:
    fair = profile(dict.fromkeys(ALL, (24, 24, 24)), "fair")
    drafts = [Draft("Read `a.md` and `b.md`.", [reading("a.md", "b.md")]) for _ in range(3)]
    loose = bound(drafts, (DEAR, ABLE), (CHEAP, fair))
    tight = bound(drafts, (DEAR, ABLE), (CHEAP, fair), success=0.6)
    assert set(targets(loose)) == {CHEAP} and DEAR in targets(tight)
    assert tight.assignment is not None and tight.assignment.totals.success >= 0.6 and tight.assignment.kept


def test_limits_that_cannot_be_kept_are_an_error_and_the_plan_is_there() -> None:
    made = bound([EASY, HARD], (CHEAP, UNABLE), success=0.99)
    found = [d for d in made.diagnostics if d.code == "SKV404"]
    assert len(found) == 1 and found[0].severity == "error" and "0.99" in found[0].message
    assert made.assignment is not None and not made.assignment.kept and "SKV404" in explain_text(made)


def test_conditions_count_as_the_plans_own_target() -> None:
    arms = [
        Draft(f"If the decision is `{word}`, read `{word}.md`.", [reading(f"{word}.md")], [(ControlKind.BRANCH, row)])
        for at, word in enumerate(("yes", "no"))
        for row in [{"condition": f"the decision is `{word}`", "group": "g", "arm": at}]
    ]
    free, one = bound(arms, (DEAR, ABLE), (CHEAP, ABLE)), bound(arms, (DEAR, ABLE), (CHEAP, ABLE), models=1)
    assert any(n.kind == "branch" for n in free.plan.nodes)
    assert set(targets(free)) == {CHEAP} and set(targets(one)) == {DEAR}


def test_a_pool_without_prices_is_told() -> None:
    made = bound([EASY], ("a/x", ABLE), ("b/y", ABLE))
    assert made.assignment is not None and made.assignment.unpriced == ("a/x", "b/y")
    assert "no price is known of a/x, b/y" in explain_text(made)


def test_what_was_never_measured_is_no_gap_and_counts_as_even_odds() -> None:
    made = bound([HARD], (CHEAP, None), (DEAR, None))
    assert made.assignment is not None and targets(made) == [CHEAP] and made.bindings[0].unproved
    needs = len(made.plan.node("S1.s1").requires)
    assert made.assignment.totals.success == pytest.approx(0.5**needs) and "SKV401" not in {d.code for d in made.diagnostics}


def test_noise_that_would_change_the_choice_is_shown() -> None:
    few = profile(dict.fromkeys(ALL, (3, 3, 3)), "few", n=3)
    made = bound([EASY], (DEAR, few), (CHEAP, few))
    assert made.assignment is not None
    shifts = [s for s in made.assignment.shifts if s.target == CHEAP]
    assert shifts and all(s.probability < 0.7 and s.steps == ("S1.s1",) for s in shifts)
    sure = profile(dict.fromkeys(ALL, (300, 300, 300)), "sure", n=300)
    certain = bound([EASY], (DEAR, sure), (CHEAP, sure))
    assert certain.assignment is not None and not certain.assignment.shifts


def test_explain_shows_the_choice() -> None:
    made = bound([EASY, HARD, ASK], (DEAR, ABLE), (CHEAP, UNABLE))
    text, data = explain_text(made), explain_json(made)
    assert "proved cheapest" in text and "What more success would cost" in text and f"model {CHEAP}" in text
    assert data["assignment"]["totals"]["targets"] == sorted((DEAR, CHEAP))
    front = data["assignment"]["front"]
    assert [p["cost"] for p in front] == sorted(p["cost"] for p in front)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=26, max_size=26), st.data())
def test_a_better_profile_leaves_fewer_gaps_or_costs_no_more(rows: list[tuple[int, ...]], data: st.DataObject) -> None:
    falling = [tuple(sorted(r, reverse=True)) for r in rows]
    better = [tuple(data.draw(st.integers(v, 30)) for v in row) for row in falling]
    drafts = [EASY, HARD]

    def measure(levels: list[tuple[int, ...]]) -> tuple[int, float]:
        made = bound(drafts, (DEAR, ABLE), (CHEAP, profile(dict(zip(ALL, levels, strict=True)), "c")))
        assert made.assignment is not None
        return len({s for g in made.gaps for s in g.steps}), made.assignment.totals.cost

    low, high = measure(falling), measure([tuple(sorted(r, reverse=True)) for r in better])
    assert high[0] <= low[0] and (high[0] < low[0] or high[1] <= low[1] * (1 + 1e-9))
