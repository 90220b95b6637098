from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.capability import Target, find_profile, parse_target
from skvm.compile import CompileRequest, analyse, compile_program
from skvm.compile.passes.emit import BUNDLE_LIMIT
from skvm.parse import parse_skill
from skvm.plan import StepNode, load_artifact
from skvm.source import load_skill, skill_from_bytes

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "corpus"

SKILL = """---
name: tidy-tables
description: Tidies tables. Use when a table has to be tidied.
---

# Tidy tables

## Steps

1. Read `notes.md`.
2. Run the cleaner:

   ```bash
   python scripts/clean.py table.csv --out out/clean.csv
   ```

3. If the table is empty, tell the user and stop.
4. Write a comprehensive report with a summary to `out/report.md`.

## Rules

- Never change the input.
- Always keep the header.
"""


def folder(root: Path, order: list[str]) -> Path:
    files = {
        "SKILL.md": SKILL,
        "scripts/clean.py": "print(1)\n",
        "references/a.md": "# A\n",
        "data/ä.txt": "x",
        "z.bin": "\x00\x01",
    }
    for name in order:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name], encoding="utf-8")
    return root


NAMES = ["SKILL.md", "scripts/clean.py", "references/a.md", "data/ä.txt", "z.bin"]


def artifact_of(path: Path, target: str = "sim/weak"):
    source = load_skill(path)
    match = find_profile(parse_target(target))
    return compile_program(parse_skill(source).program, source, CompileRequest(parse_target(target), match.profile, match.note))


def test_order_of_files_on_disk_does_not_matter(tmp_path: Path) -> None:
    digests = set()
    for seed in range(4):
        order = list(NAMES)
        random.Random(seed).shuffle(order)
        digests.add(artifact_of(folder(tmp_path / str(seed) / "tidy", order)).digest)
    assert len(digests) == 1


def test_hash_seeds_do_not_matter_to_skills_with_many_places() -> None:
    skills = sorted(str(p.parent) for p in (ROOT / "bench" / "skills").glob("*/SKILL.md"))
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from compile.test_artifact import artifact_of\n"
        "for path in sys.argv[2:]: print(artifact_of(Path(path)).digest)"
    )
    seen = set()
    for seed in ("0", "1", "2", "4711"):
        words = [sys.executable, "-c", code, str(ROOT / "tests"), *skills]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        seen.add(subprocess.run(words, env=env, capture_output=True, check=True).stdout)
    assert len(seen) == 1 and len(seen.pop().split()) == len(skills) >= 8


def test_hash_seeds_do_not_matter(tmp_path: Path) -> None:
    path = folder(tmp_path / "tidy", NAMES)
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from compile.test_artifact import artifact_of\n"
        "sys.stdout.buffer.write(artifact_of(Path(sys.argv[1])).to_bytes())"
    )
    seen = set()
    for seed in ("0", "1", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", code, str(path), str(ROOT / "tests")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        seen.add(run.stdout)
    assert len(seen) == 1 and seen == {artifact_of(path).to_bytes()}


def test_artifacts_are_sealed_read_back_and_complete(tmp_path: Path) -> None:
    made = artifact_of(folder(tmp_path / "tidy", NAMES))
    file = tmp_path / "plan.json"
    file.write_bytes(made.to_bytes())
    assert load_artifact(file) == made
    assert set(made.toolchain) == {"skvm", "grammar", "catalog", "prices"}
    assert {f.path for f in made.bundle} == set(NAMES) - {"SKILL.md"} and not made.bundle_omitted
    assert made.skill_text == SKILL
    assert str(tmp_path) not in made.to_bytes().decode()


def test_large_bundles_are_listed(tmp_path: Path) -> None:
    path = folder(tmp_path / "tidy", NAMES)
    (path / "big.txt").write_text("x" * BUNDLE_LIMIT)
    made = artifact_of(path)
    assert made.bundle_omitted == ("big.txt",) and "big.txt" in made.source.files
    assert {f.path for f in made.bundle} == set(NAMES) - {"SKILL.md"}


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = folder(tmp_path / "tidy", NAMES)
    try:
        (Path(os.fsdecode(os.fsencode(path) + b"/bad\xff.txt"))).write_text("x")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    made = artifact_of(path)
    json.loads(made.to_bytes())
    assert made.bundle_omitted == ("bad\ufffd.txt",)


def test_a_target_never_measured_changes_no_text(tmp_path: Path) -> None:
    path = folder(tmp_path / "tidy", NAMES)
    source = load_skill(path)
    made = compile_program(
        parse_skill(source).program, source, CompileRequest(Target(model="some/model"), None, "never measured")
    )
    steps = [n for n in made.plan.nodes if isinstance(n, StepNode)]
    assert steps and all(not n.slice.added for n in steps)
    assert any(b.unproved for b in made.bindings)


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"# T\n\n1. ", b"---\nname: x\n---\n## Steps\n\n1. If x, run `a`\n2. Repeat step 1 until done\n"]),
)
def test_any_bytes_compile(tail: bytes, head: bytes) -> None:
    source = skill_from_bytes(head + tail)
    program = parse_skill(source).program
    match = find_profile(parse_target("sim/weak"))
    made = compile_program(program, source, CompileRequest(parse_target("sim/weak"), match.profile, match.note))
    assert made.plan.nodes and made.digest == made.sealed().digest
    for node in made.plan.nodes:
        if isinstance(node, StepNode):
            assert source.main.slice(node.slice.spans[0]) == node.slice.text
    analyse(program, source)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the texts are not beside the checkout")
def test_real_skills_compile() -> None:
    paths = sorted(CORPUS.rglob("*.md"))
    match = find_profile(parse_target("sim/weak"))
    for path in random.Random(7).sample(paths, min(60, len(paths))):
        source = skill_from_bytes(path.read_bytes(), path.stem)
        program = parse_skill(source).program
        made = compile_program(program, source, CompileRequest(parse_target("sim/weak"), match.profile, match.note))
        assert made.plan.nodes
        for requirement in made.requirements:
            assert requirement.spans and all(0 <= s.start < s.end <= len(source.main.raw) for s in requirement.spans)
