"""Plans of real skills: each is as the published schema says, and is read back byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import jsonschema
import pytest

from skvm.app import Skvm
from skvm.app.settings import Settings
from skvm.plan import SCHEMA, load_artifact
from skvm.plan.schema import schemas
from skvm.source import find_skills

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "corpus"
SKILLS = 200

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the checkout")]


def test_every_plan_is_as_the_schema_says(tmp_path: Path) -> None:
    judge = jsonschema.Draft202012Validator(schemas()[f"artifact-{SCHEMA}"])
    found = [path for folder in CORPUS.iterdir() if folder.is_dir() for path in find_skills(folder)]
    found.sort(key=lambda path: hashlib.sha256(path.relative_to(CORPUS).as_posix().encode()).hexdigest())
    skvm = Skvm(Settings(home=tmp_path / "home", cache=tmp_path / "cache"))
    place = tmp_path / "plan.json"
    for path in found[:SKILLS]:
        plan = skvm.compile(path, "sim/weak")
        error = next(judge.iter_errors(plan.to_json()), None)
        assert error is None, (path, error.json_path, error.message)
        place.write_bytes(plan.to_bytes())
        assert load_artifact(place).to_bytes() == plan.to_bytes(), path
