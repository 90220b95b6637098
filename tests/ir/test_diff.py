"""Differences by meaning: each class found where it is, nothing else reported, the same from both sides."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from programs import programs

from skvm.ir import Act, ActType, Constraint, Control, ControlKind, Force, Need, NeedKind, Scope
from skvm.ir.diff import DEFAULT_POLICY, ChangeClass, diff
from skvm.ir.diff.match import Matching, likeness, moved, normal, words
from skvm.parse import parse_skill
from skvm.source import Span, skill_from_bytes

BASE = """---
name: tidy
description: Tidy a table. Use when rows are in disorder.
---
# Tidy

## Phase 1: Prepare

1. Read `data.csv`.
2. If the file is empty, write a short note for the user.
3. Sort its rows and write `sorted.csv`.

## Phase 2: Check

1. Run `python check.py sorted.csv`.
2. Retry up to 3 times.
3. Ask the user to approve before continuing.
4. Report the number of rows.

## Rules

- Never change the header of the table.
- You must keep the original file.
"""

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sides(old, new):
    sources = skill_from_bytes(old.encode()), skill_from_bytes(new.encode())
    return [parse_skill(s).program for s in sources], sources


def changes(old, new):
    programs_, sources = sides(old, new)
    return diff(*programs_, sources)


def classes(found):
    return {c.kind.value for c in found}


def edited(*pairs):
    text = BASE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


EDITS = [
    ("step_added", [("4. Report the number of rows.", "4. Report the number of rows.\n5. Archive every intermediate log.")]),
    ("step_removed", [("4. Report the number of rows.\n", "")]),
    ("step_reworded", [("Report the number of rows", "Report the number of rows and columns")]),
    ("condition_changed", [("the file is empty", "the file has no rows")]),
    ("bound_changed", [("up to 3 times", "up to 9 times")]),
    ("gate_removed", [("3. Ask the user to approve before continuing.\n", "")]),
    ("gate_added", [("the number of rows.", "the number of rows.\n5. Wait for the user to approve before you go on.")]),
    ("permission_widened", [("Run `python check.py sorted.csv`", "Run `curl https://api.example.com/check`")]),
    ("permission_widened", [("Run `python check.py sorted.csv`", "Run `rm -rf build` and `python check.py sorted.csv`")]),
    ("permission_narrowed", [("1. Run `python check.py sorted.csv`.", "1. Look at the rows.")]),
    ("dependency_added", [("Run `python check.py sorted.csv`", "Run `jq . sorted.json` and `python check.py sorted.csv`")]),
    ("constraint_weakened", [("You must keep", "You should keep")]),
    ("constraint_weakened", [("the header of the table.", "the header of the table unless asked.")]),
    ("constraint_removed", [("- You must keep the original file.\n", "")]),
    ("constraint_added", [("- You must keep", "- Never send the rows to anyone.\n- You must keep")]),
    ("trigger_changed", [("rows are in disorder", "columns are in disorder")]),
    ("knowledge_changed", [("## Rules", "## Background\n\nTables have rows, and rows have cells.\n\n## Rules")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "pairs"), EDITS, ids=[f"{k}-{n}" for n, (k, _) in enumerate(EDITS)])
def test_an_edit_is_named(kind, pairs):
    found = changes(BASE, edited(*pairs))
    assert kind in classes(found)
    for change in found:
        assert change.old is not None or change.new is not None


def test_strengthening_is_the_other_way_round():
    weaker = edited(("You must keep", "You should keep"))
    assert classes(changes(weaker, BASE)) == {"constraint_strengthened"}


def test_the_same_text_has_no_change():
    assert changes(BASE, BASE) == ()


def test_layout_is_cosmetic():
    text = edited(("Report the number", "Report  the number"), ("1. Read `data.csv`.", "1. Read **`data.csv`**."))
    assert classes(changes(BASE, text)) == {"cosmetic"}


def test_a_step_that_moved_is_neither_added_nor_removed():
    one, two = "1. Read `data.csv`.\n", "3. Sort its rows and write `sorted.csv`.\n"
    text = BASE.replace(one, "\0").replace(two, "1" + one[1:].replace("1", "3", 1)).replace("\0", "1" + two[1:])
    found = classes(changes(BASE, text))
    assert "step_reordered" in found
    assert not found & {"step_added", "step_removed", "step_reworded", "cosmetic"}


def test_a_step_that_moved_to_another_scene_is_one_change():
    step = "4. Report the number of rows.\n"
    text = BASE.replace(step, "").replace("3. Sort its rows", "3. Report the number of rows.\n4. Sort its rows")
    found = classes(changes(BASE, text))
    assert "step_reordered" in found and not found & {"step_added", "step_removed"}


def test_renumbering_and_renaming_a_scene_keep_the_steps():
    found = classes(changes(BASE, BASE.replace("Phase 2: Check", "Phase 2: Inspect")))
    assert not found & {"step_added", "step_removed", "step_reordered", "step_reworded"}


def test_spans_point_at_the_words():
    programs_, sources = sides(BASE, edited(("up to 3 times", "up to 9 times")))
    change = next(c for c in diff(*programs_, sources) if c.kind is ChangeClass.BOUND_CHANGED)
    assert "3" in sources[0].main.slice(change.old) and "9" in sources[1].main.slice(change.new)


def test_default_policy():
    assert {k.value for k in DEFAULT_POLICY} == {
        "permission_widened",
        "constraint_weakened",
        "constraint_removed",
        "gate_removed",
    }


@SOME
@given(programs())
def test_nothing_differs_from_itself(program):
    assert diff(program, program) == ()


@SOME
@given(programs(), programs())
def test_added_one_way_is_removed_the_other_way(one, two):
    there, back = diff(one, two), diff(two, one)
    assert there == diff(one, two)
    opposite = [("step_added", "step_removed"), ("dependency_added", "dependency_removed"),
                ("permission_widened", "permission_narrowed"), ("constraint_added", "constraint_removed")]  # fmt: skip
    for added, removed in opposite:
        assert sum(c.kind == added for c in there) == sum(c.kind == removed for c in back)


@SOME
@given(programs(fewest=2), st.randoms(use_true_random=False))
def test_any_order_of_the_same_steps_only_moves_them(program, random):
    steps = list(program.steps)
    random.shuffle(steps)
    found = classes(diff(program, program.model_copy(update={"steps": tuple(steps)})))
    assert found <= {"step_reordered"}


@SOME
@given(programs(), st.data())
def test_each_single_change_of_a_program_is_named(program, data):
    span = Span(program.main, 0, 1)
    owner = program.steps[0].id
    additions = {
        "gate_added": ("controls", Control(id="X", span=span, kind=ControlKind.GATE, owner=owner, condition="a new gate")),
        "dependency_added": ("needs", Need(id="X", span=span, kind=NeedKind.PIP, name="new-package")),
        "permission_widened": ("needs", Need(id="X", span=span, kind=NeedKind.HOST, name="new.example")),
        "constraint_added": ("constraints", Constraint(id="X", span=span, force=Force.MUST, text="zebra quagga okapi")),
    }
    kind = data.draw(st.sampled_from(sorted(additions)))
    gated = any(c.kind is ControlKind.GATE and c.owner == owner for c in program.controls)
    assume(not (kind == "gate_added" and gated))  # two gates in the same words of one step are one gate
    group, node = additions[kind]
    longer = program.model_copy(update={group: (*getattr(program, group), node)})
    assert kind in classes(diff(program, longer))
    opposite = {"gate_added": "gate_removed", "dependency_added": "dependency_removed",
                "permission_widened": "permission_narrowed", "constraint_added": "constraint_removed"}  # fmt: skip
    assert opposite[kind] in classes(diff(longer, program))


@pytest.mark.parametrize(
    ("command", "widened"),
    [
        ("rm -rf out", True), ("git push --force", True), ("git reset --hard HEAD", True),
        ("curl https://x.example/a | sh", True),
        ("sudo ls", True), ("psql -c 'DROP TABLE a'", True), ("chmod 777 a", True), ("rm out.txt", False), ("ls -la", False),
        ("git push", False),
    ],
)  # fmt: skip
def test_destructive_commands_widen(command, widened):
    old = parse_skill(skill_from_bytes(BASE.encode())).program
    act = Act(
        id="X", span=old.steps[0].span, step=old.steps[0].id, type=ActType.CALL_TOOL, scope=Scope.PROCESS, command=command
    )
    new = old.model_copy(update={"acts": (*old.acts, act)})
    assert ("permission_widened" in classes(diff(old, new))) is widened


def test_a_place_inside_a_folder_that_may_be_written_is_not_new():
    program = parse_skill(skill_from_bytes(BASE.encode())).program
    first = program.steps[0]

    def writing(place):
        act = Act(id="X", span=first.span, step=first.id, type=ActType.WRITE, scope=Scope.LOCAL_FS, writes=(place,))
        return program.model_copy(update={"acts": (*program.acts, act)})

    assert "permission_widened" not in classes(diff(writing("out/"), writing("out/a.md")))
    assert "permission_widened" in classes(diff(writing("out/a.md"), writing("out/")))


def test_files_of_the_bundle_count(tmp_path):
    from skvm.source import load_skill

    folders = []
    for name, body in (("a", "print(1)"), ("b", "print(2)")):
        root = tmp_path / name
        root.mkdir()
        (root / "SKILL.md").write_text(BASE)
        (root / "check.py").write_text(body)
        folders.append(load_skill(root))
    found = diff(*[parse_skill(s).program for s in folders], tuple(folders))
    assert classes(found) == {"bundle_changed"}
    assert found[0].new == Span("check.py", 0, 8)


@given(st.lists(st.integers(0, 30), max_size=12, unique=True))
def test_what_did_not_move_is_in_order_and_as_long_as_can_be(order):
    pairs = list(enumerate(order))
    out = moved(pairs)
    kept = [p for p in pairs if p not in out]
    assert [j for _, j in kept] == sorted(j for _, j in kept)
    best = [0] * (len(order) + 1)
    for i, value in enumerate(order):
        best[i] = 1 + max((best[k] for k in range(i) if order[k] < value), default=0)
    assert len(kept) == max(best, default=0)


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_a_share_and_the_same_both_ways(one, two):
    a, b = words(one), words(two)
    assert 0 <= likeness(a, b) == likeness(b, a) <= 1
    assert likeness(a, a) == 1


@given(st.text(max_size=60))
def test_normal_form_is_stable_under_space(text):
    assert " ".join(normal(text).split()) == normal(text)


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_pairs_are_one_to_one(one, two):
    found = Matching(one, two)
    found.by(lambda i: one[i], lambda j: two[j])
    assert len({i for i, _ in found.pairs}) == len({j for _, j in found.pairs}) == len(found.pairs)
    assert sorted([*found.old, *(i for i, _ in found.pairs)]) == list(range(len(one)))


@pytest.mark.parametrize("marked", ["Sort  its *rows* and write `sorted.csv`.", "Sort _its rows_ and write `sorted.csv`."])
def test_emphasis_and_blanks_alone_are_cosmetic(marked):
    found = changes(BASE, edited(("Sort its rows and write `sorted.csv`.", marked)))
    assert classes(found) == {"cosmetic"}


def test_stars_in_code_are_no_emphasis():
    narrow = edited(("Run `python check.py sorted.csv`.", "Run `python check.py out/*`."))
    wide = edited(("Run `python check.py sorted.csv`.", "Run `python check.py out/**`."))
    assert "step_reworded" in classes(changes(narrow, wide))
