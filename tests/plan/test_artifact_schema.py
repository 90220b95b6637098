from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from skvm.diag import PlanError
from skvm.ir import digest_json
from skvm.plan import SCHEMA, Artifact, MapNode, Plan, SourceInfo, TargetInfo, load_artifact
from skvm.plan.artifact import part_digests, whole_digest
from skvm.plan.schema import FOLDER, schemas
from skvm.source import Span

GOLDEN = Path(__file__).parent / "golden"


def plan_file(folder: Path, schema: object, **changes: object) -> Path:
    """A sealed plan with one map, written as a program of that schema writes it."""
    node = MapNode(id="M", key="k", title="Each", span=Span("SKILL.md", 0, 1), over="*.md", parallel=False)
    info = {"source": SourceInfo(name="s", digest="d", program="p"), "target": TargetInfo(model="m", harness="h")}
    body = Artifact(**info, plan=Plan(nodes=(node,))).to_json()
    body["schema"] = schema
    if schema == 1:
        row = body["plan"]["nodes"][0]
        row["chunk"] = 1
        del row["together"]
    for name in ("digest", "parts"):
        body.pop(name)
    if schema in (1, 2):
        body["digest"] = digest_json(body)
    else:
        body["parts"] = part_digests(body)
        body["digest"] = whole_digest(body)
    place = folder / "plan.json"
    place.write_text(json.dumps({**body, **changes}))
    return place


def test_a_plan_of_the_first_schema_is_read_and_sealed_anew(tmp_path: Path) -> None:
    old = load_artifact(plan_file(tmp_path, 1))
    assert old.schema_version == SCHEMA and old == old.sealed()
    assert old == load_artifact(plan_file(tmp_path, SCHEMA))


@pytest.mark.parametrize(
    ("schema", "changes", "words"),
    [
        (1, {"skill_text": "edited"}, "does not match its digest"),
        (2, {"skill_text": "edited"}, "does not match its digest"),
        (SCHEMA, {"skill_text": "edited"}, "does not match its digest: skill_text changed"),
        (SCHEMA, {"skill_text": "edited", "permissions": {}}, "digest: permissions, skill_text changed"),
        (SCHEMA, {"plan": {"nodes": []}}, "digest: plan.critical_path, plan.edges, plan.nodes"),
        (SCHEMA, {"digest": "sha256:0"}, "does not match its digest;"),
        (SCHEMA, {"parts": {}}, "does not match its digest: "),
        (SCHEMA, {"more": 1}, "does not match its digest: more changed"),
        (SCHEMA, {"bundle": [{"path": "a.py", "digest": "sha256:0", "text": "x"}]}, r"bundle \(a.py\) changed"),
        (0, {}, "there never was a plan schema 0"),
        (SCHEMA + 1, {}, f"plan schema {SCHEMA + 1} is newer than {SCHEMA}"),
        ("two", {}, "not a plan schema"),
    ],
)
def test_edited_newer_and_odd_plans_are_refused(tmp_path: Path, schema: object, changes: dict, words: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_artifact(plan_file(tmp_path, schema, **changes))
    assert re.search(words, caught.value.line()), caught.value.line()


@pytest.mark.parametrize("version", range(1, SCHEMA + 1))
def test_a_golden_plan_of_each_schema_is_read(version: int, tmp_path: Path) -> None:
    """Written by the skvm of its time and never again: a step of the chain that changes its meaning fails here."""
    place = GOLDEN / f"artifact-{version}.json"
    body = json.loads(place.read_bytes())
    assert body["schema"] == version
    plan = load_artifact(place)
    assert plan.schema_version == SCHEMA and plan == plan.sealed()
    again = tmp_path / "again.json"
    again.write_bytes(plan.to_bytes())
    assert load_artifact(again) == plan  # plans of other skills inside it too are what their digests say
    assert [n.kind for n in plan.plan.nodes] == [n["kind"] for n in body["plan"]["nodes"]]
    assert {n.id: getattr(n, "executor", None) for n in plan.plan.nodes}.keys() == {n["id"] for n in body["plan"]["nodes"]}
    assert plan.skill_text == body["skill_text"] and len(plan.environment) == len(body["environment"])


def test_what_is_written_is_read_back_whatever_the_order_of_its_keys(tmp_path: Path) -> None:
    plan = load_artifact(plan_file(tmp_path, SCHEMA))
    place = tmp_path / "turned.json"
    place.write_text(json.dumps(dict(reversed(plan.to_json().items()))))
    assert load_artifact(place) == plan and load_artifact(place).to_bytes() == plan.to_bytes()


@pytest.mark.parametrize("name", schemas())
def test_published_schemas_are_those_of_the_models(name: str) -> None:
    assert json.loads((FOLDER / f"{name}.json").read_text()) == json.loads(json.dumps(schemas()[name]))
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_what_the_schema_forbids_the_models_refuse(tmp_path: Path) -> None:
    judge = jsonschema.Draft202012Validator(schemas()[f"artifact-{SCHEMA}"])
    body = json.loads(plan_file(tmp_path, SCHEMA).read_bytes())
    assert judge.is_valid(body)
    for change in ({"more": 1}, {"plan": {"nodes": [{"kind": "odd"}]}}, {"digest": "x"}, {"schema": SCHEMA - 1}, {"bundle": 1}):
        assert not judge.is_valid({**body, **change}), change
