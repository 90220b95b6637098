"""What a command may load, and what the front end may touch."""

import subprocess
import sys
import textwrap

import pytest

SKILL = "---\nname: a\ndescription: Use when b.\n---\n# A\n\n1. Read `x.csv`.\n2. Write `y.csv`.\n"


def loaded_after(code: str) -> set[str]:
    """Modules in a fresh interpreter after running `code`."""
    script = textwrap.dedent(code) + "\nimport sys; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_version_loads_nothing_heavy():
    modules = loaded_after("from skvm.cli.entry import _guarded; _guarded(0.0, ['--version'])")
    assert not modules & {"litellm", "networkx", "pydantic", "lark", "sqlite3", "rich"}


def test_check_loads_neither_litellm_nor_networkx(tmp_path):
    (tmp_path / "SKILL.md").write_text(SKILL)
    modules = loaded_after(f"from skvm.cli.entry import _guarded; _guarded(0.0, ['check', {str(tmp_path)!r}])")
    assert not modules & {"litellm", "networkx", "dbos", "httpx", "pydantic_monty"}


@pytest.mark.parametrize("room", ["skvm.parse", "skvm.ir", "skvm.diag", "skvm.source"])
def test_front_end_needs_no_network_clock_or_environment(room, tmp_path):
    (tmp_path / "SKILL.md").write_text(SKILL)
    code = f"""
        import {room}, os, random, socket, time
        from pathlib import Path
        import skvm.parse, skvm.source, skvm.ir.verify
        source = skvm.source.load_skill(Path({str(tmp_path)!r}))
        def refuse(*a, **k): raise RuntimeError("the front end reached out")
        socket.socket = time.time = random.random = refuse
        os.environ.clear()
        program = skvm.parse.parse_skill(source).program
        program.digest
        print("fine")
    """
    assert "fine" in loaded_after(code)
