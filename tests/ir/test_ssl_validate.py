"""The validator: silent on good records, loud on each single mistake, never an exception."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import programs

from skvm.ir.ssl import InvalidRecord, export_ssl, import_ssl, validate_ssl
from skvm.ir.ssl.shape import Problem


def scene(name, steps, rules, **more):
    row = {
        "scene_id": name, "scene_name": name, "scene_type": "ACT", "scene_goal": name, "input": [], "output": [],
        "entry_conditions": [], "exit_conditions": [], "entry_logic_step_id": steps[0], "contained_logic_steps": steps,
        "next_scene_rules": [{"condition": c, "target": t} for c, t in rules],
    }  # fmt: skip
    return row | more


def step(name, rules, **more):
    row = {
        "logic_step_id": name, "act_type": "READ", "actor": "skill", "object": "x", "instrument": None, "input_args": [],
        "output_binding": None, "preconditions": [], "effects": [], "resource_scope": "LOCAL_FS", "resource_target": "x",
        "next_step_rules": [{"condition": c, "target": t} for c, t in rules],
    }  # fmt: skip
    return row | more


def good():
    """A record with a branch, a loop, a tool call, data that flows and two scenes."""
    return {
        "skill": {
            "skill_id": "SKILL_A", "skill_name": "a", "skill_goal": "do it", "intent_signature": ["do it"], "tags": [],
            "top_pattern": "GUIDE_AND_APPLY", "expected_inputs": [{"name": "file", "type": "str"}], "expected_outputs": [],
            "dependencies": [{"type": "permission", "value": "filesystem.read"}],
            "control_flow_features": {
                "has_branch": True, "has_loop": True, "has_tool_call": True, "touches_sensitive_resources": False,
            },
            "entry_scene_id": "S1", "subscenes": ["S1", "S2"],
        },
        "scenes": [
            scene("S1", ["a", "b"], [("success", "S2"), ("default", "END_FAIL")], scene_type="ACQUIRE",
                  input=["$file"], output=["$text"]),
            scene("S2", ["c", "d"], [("default", "END_SUCCESS")], input=["$text"], output=["$ok"],
                  exit_conditions=["$ok == true"]),
        ],
        "logic_steps": [
            step("a", [("$text == empty", "YIELD_FAIL"), ("default", "b")], input_args=["$file"], output_binding="$text"),
            step("b", [("always", "YIELD_SUCCESS")], act_type="INFER", resource_scope="MEMORY", input_args=["$text"]),
            step("c", [("always", "d")], act_type="CALL_TOOL", resource_scope="PROCESS", input_args=["$text", "--fast"],
                 output_binding="$ok", effects=["checked"]),
            step("d", [("$ok == true", "YIELD_SUCCESS"), ("default", "c")], act_type="VALIDATE", preconditions=["checked"]),
        ],
    }  # fmt: skip


def first(record, group, of=lambda row: True):
    return next((row for row in record[group] if of(row)), None)


def no_goal(r):
    del r["skill"]["skill_goal"]


def goal_is_a_number(r):
    r["skill"]["skill_goal"] = 3


def tags_are_a_string(r):
    r["skill"]["tags"] = "a"


def a_fourth_key(r):
    r["extra"] = {}


def an_unknown_field(r):
    r["scenes"][0]["confidence"] = 0.9


def no_steps(r):
    r["logic_steps"] = []


def rules_without_target(r):
    r["logic_steps"][0]["next_step_rules"] = [{"condition": "always"}]


def a_lone_surrogate(r):
    r["skill"]["skill_name"] = "\ud800"


def an_id_for_both(r):
    old = r["logic_steps"][0]["logic_step_id"]
    new = r["scenes"][0]["scene_id"]
    text = json.loads(json.dumps(r).replace(json.dumps(old), json.dumps(new)))
    r.clear()
    r.update(text)


def a_step_twice(r):
    r["logic_steps"].append(copy.deepcopy(r["logic_steps"][0]))


def a_terminal_as_id(r):
    r["logic_steps"].append(step("YIELD_SUCCESS", [("always", "YIELD_SUCCESS")]))


def unknown_entry_scene(r):
    r["skill"]["entry_scene_id"] = "nowhere"


def entry_step_elsewhere(r):
    r["scenes"][0]["entry_logic_step_id"] = "nowhere"


def unknown_scene_type(r):
    r["scenes"][0]["scene_type"] = "UNKNOWN"


def unknown_act(r):
    r["logic_steps"][0]["act_type"] = "EXECUTE"


def unknown_scope(r):
    r["logic_steps"][0]["resource_scope"] = "DISK"


def dangling_step_rule(r):
    r["logic_steps"][0]["next_step_rules"][0]["target"] = "nowhere"


def dangling_scene_rule(r):
    r["scenes"][0]["next_scene_rules"][0]["target"] = "nowhere"


def scene_rule_to_a_step(r):
    r["scenes"][0]["next_scene_rules"][0]["target"] = r["logic_steps"][0]["logic_step_id"]


def scene_not_listed(r):
    r["skill"]["subscenes"].pop()


def scene_listed_twice(r):
    r["skill"]["subscenes"].append(r["skill"]["subscenes"][0])


def orphan_step(r):
    r["logic_steps"].append(step("orphan step", [("always", "YIELD_SUCCESS")]))


def step_of_two_scenes(r):
    r["scenes"].append(scene("another scene", [r["logic_steps"][0]["logic_step_id"]], [("default", "END_SUCCESS")]))
    r["skill"]["subscenes"].append("another scene")


def unreachable_scene(r):
    r["logic_steps"].append(step("lonely step", [("always", "YIELD_SUCCESS")]))
    r["scenes"].append(scene("lonely scene", ["lonely step"], [("default", "END_SUCCESS")]))
    r["skill"]["subscenes"].append("lonely scene")


def unreachable_step(r):
    r["logic_steps"].append(step("dead step", [("always", "YIELD_SUCCESS")]))
    r["scenes"][0]["contained_logic_steps"].append("dead step")


def rule_into_another_scene(r):
    r["logic_steps"].append(step("new step", [("always", r["logic_steps"][0]["logic_step_id"])]))
    r["scenes"].append(scene("new scene", ["new step"], [("default", "END_SUCCESS")]))
    r["skill"]["subscenes"].append("new scene")
    r["scenes"][0]["next_scene_rules"].insert(0, {"condition": "a way", "target": "new scene"})


def no_way_out_of_a_step(r):
    row = r["logic_steps"][-1]
    row["next_step_rules"] = [{"condition": "always", "target": row["logic_step_id"]}]


def no_way_out_of_the_skill(r):
    for row in r["scenes"]:
        for rule in row["next_scene_rules"]:
            if rule["target"].startswith("END_"):
                rule["target"] = row["scene_id"]


def same_condition_twice(r):
    rules = r["logic_steps"][0]["next_step_rules"]
    rules.append({"condition": rules[0]["condition"], "target": "YIELD_FAIL"})


def something_beside_always(r):
    r["logic_steps"][0]["next_step_rules"] = [
        {"condition": "always", "target": r["logic_steps"][0]["next_step_rules"][-1]["target"]},
        {"condition": "sometimes", "target": "YIELD_FAIL"},
    ]


def not_all_outcomes(r):
    rule = next(x for x in r["logic_steps"][0]["next_step_rules"] if x["condition"] in ("always", "default"))
    rule["condition"] = "when it rains"


def flipped_branch(r):
    r["skill"]["control_flow_features"]["has_branch"] ^= True


def flipped_loop(r):
    r["skill"]["control_flow_features"]["has_loop"] ^= True


def flipped_tool_call(r):
    r["skill"]["control_flow_features"]["has_tool_call"] ^= True


def flipped_sensitive(r):
    r["skill"]["control_flow_features"]["touches_sensitive_resources"] ^= True


def unbound_argument(r):
    r["logic_steps"][0]["input_args"].append("$never_bound")


def unbound_precondition(r):
    r["logic_steps"][-1]["preconditions"].append("$never_bound == true")


def unbound_rule(r):
    r["logic_steps"][0]["next_step_rules"].insert(0, {"condition": "$never_bound == true", "target": "YIELD_FAIL"})


def unbound_scene_input(r):
    r["scenes"][0]["input"].append("$never_bound")


def output_that_no_step_binds(r):
    r["scenes"][-1]["output"].append("$never_bound")


def binding_that_is_no_variable(r):
    r["logic_steps"][-1]["output_binding"] = "text"


MUTATIONS = [
    (no_goal, "missing-field"), (goal_is_a_number, "type"), (tags_are_a_string, "type"), (a_fourth_key, "top-keys"),
    (an_unknown_field, "unknown-field"), (no_steps, "not-empty"), (rules_without_target, "type"), (a_lone_surrogate, "type"),
    (an_id_for_both, "unique-id"), (a_step_twice, "unique-id"), (a_terminal_as_id, "reserved-id"),
    (unknown_entry_scene, "entry-scene"), (entry_step_elsewhere, "entry-step"), (unknown_scene_type, "scene-type"),
    (unknown_act, "act-type"), (unknown_scope, "scope"), (dangling_step_rule, "step-target"),
    (dangling_scene_rule, "scene-target"), (scene_rule_to_a_step, "scene-target"), (scene_not_listed, "subscenes-complete"),
    (scene_listed_twice, "subscene-twice"), (orphan_step, "one-owner"), (step_of_two_scenes, "one-owner"),
    (unreachable_scene, "reachable"), (unreachable_step, "reachable"), (rule_into_another_scene, "confined"),
    (no_way_out_of_a_step, "terminates"), (no_way_out_of_the_skill, "terminates"), (same_condition_twice, "deterministic"),
    (something_beside_always, "deterministic"), (not_all_outcomes, "covered"), (flipped_branch, "features"),
    (flipped_loop, "features"), (flipped_tool_call, "features"), (flipped_sensitive, "features"),
    (unbound_argument, "bound-before-use"), (unbound_precondition, "bound-before-use"), (unbound_rule, "bound-before-use"),
    (unbound_scene_input, "bound-before-use"), (output_that_no_step_binds, "backed-output"),
    (binding_that_is_no_variable, "variable"),
]  # fmt: skip


def test_the_good_record_is_good():
    assert validate_ssl(good()) == []


@pytest.mark.parametrize(("mutate", "rule"), MUTATIONS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_each_single_mistake_is_named(mutate, rule):
    record = good()
    mutate(record)
    assert rule in {p.rule for p in validate_ssl(record)}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs(), st.sampled_from(MUTATIONS))
def test_each_single_mistake_in_any_exported_record_is_named(program, case):
    mutate, rule = case
    record = copy.deepcopy(export_ssl(program).record)
    mutate(record)
    assert rule in {p.rule for p in validate_ssl(record)}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_any_value_gives_problems_and_no_exception(value):
    assert validate_ssl(value)


@st.composite
def damaged(draw):
    """A good record with one value anywhere replaced by anything."""
    record = good()
    at = record
    for _ in range(6):
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(at[key], (dict, list)) or not at[key]:
            at[key] = draw(json_values | st.sampled_from(["a", "S1", "END_FAIL", "always", "$x"]))
            return record
        at = at[key]
    return record


@settings(max_examples=400, deadline=None)
@given(damaged())
def test_a_damaged_record_is_judged_and_read_or_refused_without_other_exceptions(record):
    problems = validate_ssl(record)
    assert all(isinstance(p, Problem) for p in problems)
    try:
        back = import_ssl(record)
    except InvalidRecord as error:
        assert error.problems
    else:
        assert validate_ssl(export_ssl(back.program).record) is not None


def test_published_rules_are_marked():
    published = {rule for mutate, rule in MUTATIONS for p in _problems(mutate) if p.rule == rule and p.published}
    assert published >= {"top-keys", "not-empty", "entry-scene", "entry-step", "scene-type", "act-type", "scope", "step-target"}
    assert not published & {"features", "reachable", "one-owner", "bound-before-use", "deterministic", "subscenes-complete"}


def _problems(mutate):
    record = good()
    mutate(record)
    return validate_ssl(record)
