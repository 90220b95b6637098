"""The wheel: built, installed into an empty environment, and used to compile a skill there.

Dependencies come from the environment that runs the tests, by path, so that nothing is fetched; skvm itself is only the wheel's.
"""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SKVM", "VIRTUAL_ENV"))}
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=env | more.pop("env", {}), **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    return next(out.glob("*.whl"))


def tracked(folder):
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return {line for line in listed.stdout.splitlines() if (ROOT / line).is_file()}


def test_the_wheel_carries_code_grammar_and_profiles_and_nothing_else(wheel):
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    expected = tracked("skvm") | {f"skvm/_data/{n}" for n in tracked("grammar") | tracked("profiles")}
    assert expected <= names
    assert all(n.startswith("skvm/") for n in names)
    assert not [n for n in names if "tests/" in n or "bench/" in n or n.endswith(".pyc")]


def test_it_compiles_a_skill_in_an_empty_environment(wheel, tmp_path):
    place = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", place)
    site = Path(run(place / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    zipfile.ZipFile(wheel).extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(place / "bin" / "python", "-c", "import skvm; print(skvm.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(site)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "SKILL.md").write_text(
        "---\nname: s\ndescription: Sort. Use when rows are out of order.\n---\n1. Sort `a.csv`.\n"
    )
    words = ["-m", "skvm", "compile", tmp_path / "s", "--target", "sim/strong", "--format", "json"]
    artifact = json.loads(run(place / "bin" / "python", *words, cwd=tmp_path, env={"SKVM_HOME": str(tmp_path / "home")}))
    assert artifact["format"] == "skvm/compiled-skill"
    assert artifact["target"]["profile_name"] == "strong"
    entry = run(
        place / "bin" / "python", "-c", "import importlib.metadata as m; print(m.version('skvm'))", cwd=tmp_path
    ).strip()
    assert entry == "0.1.0"
