"""Published JSON schemas, generated from the models; `profiles/*schema.json` are their stored form."""

from __future__ import annotations

from typing import Any

from skvm.capability.catalog import load_catalog
from skvm.capability.model import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def profile_schema() -> dict[str, Any]:
    """Schema of a profile file: the model's, with the primitives that there are."""
    schema = {"$schema": DIALECT, **Profile.model_json_schema()}
    cell = schema["$defs"]["Cell"]["properties"]
    cell["counts"]["propertyNames"] = {"enum": ["L1", "L2", "L3"]}
    schema["properties"]["cells"]["propertyNames"] = {"enum": [p.id for p in load_catalog().primitives]}
    return schema
