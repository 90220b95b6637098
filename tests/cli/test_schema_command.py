"""`skvm schema`, as a user calls it."""

import json

import jsonschema


def test_schemas_are_named_and_shown_and_hold_what_is_written(skvm, skill, tmp_path):
    names = skvm("schema").out.split()
    assert len(names) == 2 and all(skvm("schema", name).code == 0 for name in names)
    plan = tmp_path / "plan.json"
    assert skvm("compile", skill, "--target", "sim/weak", "-o", plan).code == 0
    jsonschema.validate(json.loads(plan.read_bytes()), skvm("schema", "artifact").json)
    lock = tmp_path / "x.lock"
    assert skvm("env", skill, "--lock", "-o", lock).code == 0
    jsonschema.validate(json.loads(lock.read_bytes()), skvm("schema", "environment-lock").json)
    done = skvm("schema", "other")
    assert done.code == 2 and "known: artifact-" in done.err
