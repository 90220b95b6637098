"""Published JSON schemas of what is written to files, generated from the models; `schemas/*.json` beside this file are kept so
that others can read them without skvm, and a test holds the two together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skvm.plan.artifact import Artifact
from skvm.plan.environment import ENVIRONMENT_SCHEMA, EnvironmentLock
from skvm.plan.upgrades import SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent / "schemas"
_DIGEST = "^sha256:[0-9a-f]{64}$"


def schemas() -> dict[str, dict[str, Any]]:
    """Schema by name, `artifact-3`: what a file of that version looks like."""
    return {
        f"artifact-{SCHEMA}": _schema(Artifact.model_json_schema(), SCHEMA),
        f"environment-lock-{ENVIRONMENT_SCHEMA}": _schema(EnvironmentLock.model_json_schema(), ENVIRONMENT_SCHEMA),
    }


def _schema(body: dict[str, Any], version: int) -> dict[str, Any]:
    own = body.get("$ref", "").rpartition("/")[2]
    if own:  # a model that holds others of its kind stands among the definitions
        body = {**body["$defs"][own], "$defs": body["$defs"]}
    properties = body["properties"] = dict(body["properties"])
    properties["schema"] = {"const": version}
    properties["digest"] = {"pattern": _DIGEST, "type": "string"}
    required = sorted({*body.get("required", ()), "format", "schema", "digest"})
    return {"$schema": DIALECT, **body, "required": required}
