"""Export to the published form: valid for any program, grounded, deterministic, and read back as it was."""

import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from programs import programs

from skvm.ir import Control, ControlKind, Program, Skill, Slot, Step, StepEncoding
from skvm.ir.ssl import NotExpressible, export_ssl, import_ssl, validate_ssl
from skvm.ir.ssl.words import words_of
from skvm.ir.verify import verify
from skvm.parse import parse_skill
from skvm.source import Span, skill_from_bytes

SOME = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TIDY = """---
name: tidy-csv
description: Tidy CSV files. Use when rows need sorting.
allowed-tools: Read, Bash
---
# Tidy

## Phase 1: Prepare

1. Read `data.csv`.
2. If the file is empty, stop.
3. Sort its rows and write `sorted.csv`.

## Phase 2: Check

1. Run `python check.py sorted.csv`.
2. Repeat until all rows pass.
3. Ask the user to approve before continuing.
4. Report the number of rows.
"""


def read(text):
    return parse_skill(skill_from_bytes(text.encode())).program


def record_of(text):
    return export_ssl(read(text)).record


def rules(record, step):
    row = next(s for s in record["logic_steps"] if s["logic_step_id"] == step)
    return [(r["condition"], r["target"]) for r in row["next_step_rules"]]


@SOME
@given(programs())
def test_any_program_exports_to_a_record_without_a_problem(program):
    made = export_ssl(program)
    assert validate_ssl(made.record) == []
    json.dumps(made.sidecar)


@SOME
@given(programs(), st.data())
def test_any_edges_keep_the_record_valid(program, data):
    names = [s.id for s in program.steps]
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=8))
    assert validate_ssl(export_ssl(program, pairs).record) == []


@SOME
@given(programs())
def test_what_was_exported_is_read_back_as_it_was(program):
    record = export_ssl(program).record
    back = import_ssl(record)
    assert back.lost == ()
    assert export_ssl(back.program).record == record


@SOME
@given(programs())
def test_an_imported_program_is_sound_and_every_node_has_its_span(program):
    back = import_ssl(export_ssl(program).record)
    assert verify(back.program, back.source) == ()
    shown = back.source.main
    assert all(act.object in shown.slice(act.span) for act in back.program.acts)
    assert all(c.condition in shown.slice(c.span) for c in back.program.controls)


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_a_blank_condition_is_shown_by_the_kind_of_its_control(blank: str):
    control = Control(id="F1", span=Span("SKILL.md", 0, 0), kind=ControlKind.BRANCH, owner="S1.s1", condition=blank)
    assert words_of(control, None) == "branch"


def test_a_span_that_cuts_a_character_shows_no_placeholder_for_it():
    step = Step(
        id="S1.s1", span=Span("SKILL.md", 0, 17), scene="S1", key="k", title="größer größer",
        text="größer größer", encoding=StepEncoding.ORDERED_ITEM,
    )  # fmt: skip
    control = Control(id="F1", span=Span("SKILL.md", 0, 12), kind=ControlKind.BRANCH, owner="S1.s1")
    assert words_of(control, step) == "größer gr"


@SOME
@given(programs())
def test_nothing_of_the_record_is_made_up(program):
    """Words of the record occur in the program; only ids, variables and words of the schema are formed."""
    record, said = export_ssl(program).record, " ".join(json.dumps(program.model_dump(mode="json"), ensure_ascii=False).split())
    said = " ".join(said.replace("\\n", " ").split())
    for step in record["logic_steps"]:
        assert step["object"].removeprefix("if ") in said or step["object"] == ""
        assert (step["instrument"] or "") in said and step["resource_target"] in said
    for scene in record["scenes"]:
        assert scene["scene_name"] in said


def test_the_fields_are_those_of_the_paper():
    record = record_of(TIDY)
    assert list(record) == ["skill", "scenes", "logic_steps"]
    skill = record["skill"]
    assert skill["skill_id"] == "SKILL_TIDY_CSV"
    assert skill["entry_scene_id"] == skill["subscenes"][0] == "S1"
    assert {"type": "permission", "value": "Bash"} in skill["dependencies"]
    assert any("Use when rows need sorting" in text for text in skill["intent_signature"])
    assert [s["scene_type"] for s in record["scenes"]] == ["PREPARE", "VERIFY"]


def test_a_condition_is_a_decision_with_a_way_round_it():
    record = record_of(TIDY)
    assert rules(record, "S1.s2.if") == [("the file is empty", "S1.s2"), ("default", "S1.s3.1")]
    assert rules(record, "S1.s2") == [("always", "YIELD_FAIL")]
    assert record["scenes"][0]["next_scene_rules"][-1] == {"condition": "default", "target": "END_FAIL"}
    assert next(s for s in record["logic_steps"] if s["logic_step_id"] == "S1.s2")["preconditions"] == ["the file is empty"]


def test_a_loop_is_a_back_edge_with_its_exit():
    record = record_of(TIDY)
    assert rules(record, "S2.s2")[0][0] == "all rows pass"
    assert rules(record, "S2.s2")[-1] == ("default", "S2.s2")
    assert record["skill"]["control_flow_features"] == {
        "has_branch": True, "has_loop": True, "has_tool_call": True, "touches_sensitive_resources": False,
    }  # fmt: skip


def test_a_gate_lets_nothing_through_by_default():
    asking = rules(record_of(TIDY), "S2.s3")
    assert asking[0][1] == "S2.s4" and asking[-1] == ("default", "YIELD_FAIL")


def test_what_was_written_is_taken_by_name_and_what_was_not_literally():
    text = "# A\n\n## Steps\n\n1. Read `in.csv` and write `mid.csv`.\n2. Read `mid.csv`.\n"
    program = read(text)
    steps = {s["logic_step_id"]: s for s in export_ssl(program.model_copy(update={"slots": ()})).record["logic_steps"]}
    last = max(steps)
    assert steps["S1.s1.1"]["input_args"] == ["in.csv"]
    assert steps["S1.s1.2"]["output_binding"] == "$mid_csv" and steps["S1.s1.2"]["effects"] == ["mid_csv_written"]
    assert steps[last]["input_args"] == ["$mid_csv"]


def test_an_input_of_the_skill_is_bound_from_the_start():
    program = read("# A\n\n## Steps\n\n1. Read `in.csv`.\n2. Sort it.\n")
    slot = Slot(id="V1", span=program.steps[0].span, name="table", direction="in", type="csv", pattern="in.csv")
    record = export_ssl(program.model_copy(update={"slots": (slot,)})).record
    assert record["skill"]["expected_inputs"] == [{"name": "table", "type": "csv"}]
    assert record["logic_steps"][0]["input_args"] == record["scenes"][0]["input"] == ["$table"]


def test_unknown_scene_types_are_acts_and_the_sidecar_says_so():
    made = export_ssl(read("# A\n\n## Phase 1: Zzz\n\n1. Frobnicate the gizmo.\n2. Blorp it.\n"))
    types = {s["scene_id"]: s["scene_type"] for s in made.record["scenes"]}
    assert all(types[name] == "ACT" for name in made.sidecar["scene_types"])


def test_prohibitions_go_to_the_sidecar_only():
    made = export_ssl(read(TIDY + "\n## Rules\n\n- Never change the header.\n"))
    assert any("Never change the header" in row["text"] for row in made.sidecar["constraints"])
    assert "Never change" not in json.dumps(made.record)
    assert set(made.sidecar["nodes"]) == {s["scene_id"] for s in made.record["scenes"]} | {
        s["logic_step_id"] for s in made.record["logic_steps"]
    }


def test_no_procedure_no_record():
    with pytest.raises(NotExpressible):
        export_ssl(Program(source="sha256:0", main="SKILL.md", skill=Skill(name="a")))


def test_edges_order_steps_where_the_text_does_not():
    program = read(TIDY)
    names = [s.id for s in program.steps]
    record = export_ssl(program, [(names[2], names[0])]).record
    inside = record["scenes"][0]["contained_logic_steps"]
    assert inside.index("S1.s3.2") < inside.index("S1.s1")


def test_same_record_under_any_hash_seed():
    code = (
        "import sys, json; from skvm.ir.ssl import export_ssl; from skvm.parse import parse_skill;"
        "from skvm.source import Span, skill_from_bytes; from skvm.ir import digest_json;"
        "m = export_ssl(parse_skill(skill_from_bytes(sys.stdin.buffer.read())).program);"
        "print(digest_json(m.record), digest_json(m.sidecar), json.dumps(m.record)[:80])"
    )
    outs = {
        subprocess.run(
            [sys.executable, "-c", code], input=TIDY.encode(), capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(outs) == 1


@SOME
@given(st.binary(max_size=300))
@example(TIDY.encode())
def test_any_bytes_export_or_say_why_not(raw):
    program = parse_skill(skill_from_bytes(raw)).program
    try:
        made = export_ssl(program)
    except NotExpressible:
        return
    assert validate_ssl(made.record) == []
