"""The workbench of graders in a real sandbox: python3 is the interpreter that runs us, and nothing of ours can be changed."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from skvm.adapters.sandboxes import choose_sandbox
from skvm.app.workbench import SandboxBench
from skvm.diag import SandboxError
from skvm.profile.kit.instance import Job, JobResult


def run_source(source: str, scratch: Path) -> JobResult:
    bench = SandboxBench(lambda: choose_sandbox(None), scratch)
    try:
        return anyio.run(bench.run, Job(("python3", "script.py"), {"script.py": source.encode()}))
    except SandboxError as error:
        pytest.skip(f"no sandbox: {error}")


def test_a_script_sees_the_packages_that_we_have(tmp_path: Path):
    source = "import networkx, pydantic, yaml\nprint(networkx.path_graph(3).size())\nopen('out.txt', 'w').write('done')\n"
    done = run_source(source, tmp_path)
    assert (done.exit_code, done.stdout.strip(), done.files.get("out.txt")) == (0, "2", b"done"), done.stderr


def test_a_script_cannot_write_beside_the_packages(tmp_path: Path):
    done = run_source("import pathlib, yaml\n(pathlib.Path(yaml.__file__).parent / 'planted.py').write_text('')\n", tmp_path)
    assert done.exit_code == 1 and ("Read-only" in done.stderr or "Permission" in done.stderr)
