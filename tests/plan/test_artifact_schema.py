from __future__ import annotations

import json
from pathlib import Path

import pytest

from skvm.diag import PlanError
from skvm.ir import digest_json
from skvm.plan import SCHEMA, Artifact, MapNode, Plan, SourceInfo, TargetInfo, load_artifact
from skvm.source import Span


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
    body.pop("digest")
    body["digest"] = digest_json(body)
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
        (SCHEMA, {"skill_text": "edited"}, "does not match its digest"),
        (SCHEMA + 1, {}, f"plan schema {SCHEMA + 1} is newer than {SCHEMA}"),
        ("two", {}, "not a plan schema"),
    ],
)
def test_edited_newer_and_odd_plans_are_refused(tmp_path: Path, schema: object, changes: dict, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        load_artifact(plan_file(tmp_path, schema, **changes))
