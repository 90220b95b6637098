"""Reading records that others wrote."""

import pytest
from test_ssl_validate import good

from skvm.ir import ControlKind, NeedKind
from skvm.ir.ssl import InvalidRecord, export_ssl, import_ssl, validate_ssl
from skvm.ir.verify import verify


def without(record, *paths):
    for path in paths:
        at = record
        *keys, last = path
        for key in keys:
            at = at[key]
        at.pop(last, None)
    return record


def test_a_foreign_record_comes_back_but_for_what_is_named():
    back = import_ssl(good())
    assert verify(back.program, back.source) == ()
    assert back.lost == (
        "logic_steps[a].effects", "logic_steps[c].effects", "logic_steps[d].preconditions", "skill.top_pattern",
    )  # fmt: skip
    again = export_ssl(back.program).record
    assert validate_ssl(again) == []
    assert [s["next_step_rules"] for s in again["logic_steps"]] == [s["next_step_rules"] for s in good()["logic_steps"]]


def test_rules_become_jumps_and_stops_with_their_words():
    program = import_ssl(good()).program
    kinds = {(c.owner, c.kind, c.condition, c.target) for c in program.controls}
    assert ("a", ControlKind.TERMINATE, "$text == empty", "YIELD_FAIL") in kinds
    assert ("d", ControlKind.JUMP, "default", "c") in kinds
    assert ("S1", ControlKind.TERMINATE, "default", "END_FAIL") in kinds
    assert program.skill.allowed_tools == ("filesystem.read",)


def test_dependencies_become_needs():
    record = good()
    record["skill"]["dependencies"] = [{"type": "executable", "value": "git"}, {"type": "python_package", "value": "pypdf"}]
    needs = import_ssl(record).program.needs
    assert [(n.kind, n.name) for n in needs] == [(NeedKind.BIN, "git"), (NeedKind.PIP, "pypdf")]


def test_fields_that_the_published_validator_does_not_ask_for_may_be_missing():
    record = without(
        good(), ("skill", "tags"), ("skill", "skill_goal"), ("scenes", 0, "scene_name"), ("logic_steps", 0, "object")
    )
    assert validate_ssl(record)
    back = import_ssl(record)
    assert verify(back.program, back.source) == ()
    assert len(back.program.steps) == 4


def test_what_is_only_claimed_does_not_stop_an_import():
    record = good()
    record["skill"]["control_flow_features"]["has_tool_call"] = False
    record["logic_steps"][0]["input_args"] = ["$never_bound"]
    assert validate_ssl(record)
    assert import_ssl(record).program.steps


@pytest.mark.parametrize("record", [None, [], {}, {"skill": 1, "scenes": 2, "logic_steps": 3}, {**good(), "scenes": []}])
def test_what_is_no_record_is_refused_with_its_problems(record):
    with pytest.raises(InvalidRecord) as caught:
        import_ssl(record)
    assert caught.value.problems and "not an SSL record" in str(caught.value)


def test_line_ends_and_marks_in_strings_stay_inside_their_spans():
    record = good()
    record["skill"]["skill_name"] = "a\nb: ``` é"
    record["logic_steps"][1]["object"] = "two\nlines"
    back = import_ssl(record)
    assert verify(back.program, back.source) == ()
    assert back.source.main.slice(back.program.skill.spans["name"]) == "a\nb: ``` é"
    assert back.program.step_by_id["b"].title == "two\nlines"
