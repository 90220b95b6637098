"""Running the command line as a user does: a fresh process, its own state, no outside network."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

DEAD = "http://127.0.0.1:9"


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def skvm(tmp_path):
    home = tmp_path / "home"

    def run(*words, stdin=b"", env=None, timeout=60, cwd=None):
        full = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")}
        full |= {"SKVM_HOME": str(home), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HTTPS_PROXY": DEAD, "HTTP_PROXY": DEAD}
        full |= {"NO_PROXY": "127.0.0.1,localhost", "PYTHONDONTWRITEBYTECODE": "1"} | (env or {})
        done = subprocess.run(
            [sys.executable, "-m", "skvm", *map(str, words)],
            input=stdin,
            capture_output=True,
            env=full,
            timeout=timeout,
            cwd=cwd,
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.err + result.out, result.err
        return result

    run.home = home
    return run


@pytest.fixture
def skill(tmp_path):
    root = tmp_path / "tidy-csv"
    root.mkdir()
    (root / "SKILL.md").write_text(
        "---\nname: tidy-csv\ndescription: Tidy CSV files. Use when a CSV needs its rows sorted.\n---\n# Tidy\n\n"
        "## Steps\n\n1. Read `data.csv`.\n2. Sort its rows and write `sorted.csv`.\n\n**Never** change the header.\n"
    )
    return root
