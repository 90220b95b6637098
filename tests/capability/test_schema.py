"""The published schemas are those of the models, and what ships is valid under them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from skvm.capability.profiles import NOT_PROFILES, load_profile, profile_bytes
from skvm.capability.schema import profile_schema
from skvm.diag import UsageError
from skvm.source import data_path

PROFILES = data_path("profiles")
SHIPPED = [p for folder in (PROFILES, PROFILES / "sim") for p in sorted(folder.glob("*.json")) if p.name not in NOT_PROFILES]
GOOD: dict[str, Any] = {
    "schema_version": 1,
    "name": "m@builtin",
    "model": "vendor/m",
    "harness": "builtin",
    "measured": "2026-05-01T10:00:00Z",
    "cells": {"tool.exec": {"level": "L2", "counts": {"L1": [5, 5], "L2": [4, 5]}}, "tool.browser": {"offered": False}},
}


def stored(name: str) -> Any:
    return json.loads((PROFILES / name).read_text(encoding="utf-8"))


def test_the_stored_schema_is_the_models() -> None:
    assert stored("schema.json") == profile_schema(), "store what skvm.capability.schema.profile_schema() gives"
    jsonschema.Draft202012Validator.check_schema(profile_schema())


def test_every_field_is_described() -> None:
    schema = profile_schema()
    for node in (schema, schema["$defs"]["Cell"]):
        assert [name for name, field in node["properties"].items() if not field.get("description")] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_profile_is_valid_and_says_where_it_is_from(path: Path) -> None:
    body = json.loads(path.read_bytes())
    jsonschema.validate(body, stored("schema.json"))
    assert body["source"]
    assert any(cell.get("counts") for cell in body["cells"].values())
    assert load_profile(path).synthetic == ("sim" in path.parts[-2:-1])


def test_a_written_profile_is_valid_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "m@builtin.json"
    path.write_text(json.dumps(GOOD))
    profile = load_profile(path)
    path.write_bytes(profile_bytes(profile))
    jsonschema.validate(json.loads(path.read_bytes()), stored("schema.json"))
    assert load_profile(path) == profile


WRONG: dict[str, dict[str, Any]] = {
    "counts of L0": {"cells": {"tool.exec": {"counts": {"L0": [1, 1]}}}},
    "three counts": {"cells": {"tool.exec": {"counts": {"L1": [1, 1, 1]}}}},
    "negative": {"cells": {"tool.exec": {"counts": {"L1": [-1, 1]}}}},
    "absurdly many": {"cells": {"tool.exec": {"counts": {"L1": [1, 10**9]}}}},
    "unknown primitive": {"cells": {"tool.telepathy": {"level": "L1"}}},
    "unknown level": {"cells": {"tool.exec": {"level": "L4"}}},
    "unknown field": {"mood": "good"},
    "no name": {"name": ""},
    "a newer format": {"schema_version": 2},
    "no date": {"measured": "last week"},
    "a latency before the question": {"latency": {"first": -1}},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_schema_and_reader_refuse_the_same(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(UsageError, match="not a profile at "):
        load_profile(path)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | change, stored("schema.json"))


def test_more_passed_than_put_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(GOOD | {"cells": {"tool.exec": {"counts": {"L1": [4, 3]}}}}))
    with pytest.raises(UsageError, match="L1 has 4 passed of 3"):
        load_profile(path)
