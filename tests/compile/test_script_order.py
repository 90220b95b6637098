"""A bundled script is only independent of a later step when all it touches is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from skvm.app import Skvm

CALL = (
    "---\nname: s\ndescription: Use when s.\n---\n# S\n\n## Steps\n\n1. Run `python scripts/a.py`.\n2. Run `cat total.txt`.\n"
)


@pytest.mark.parametrize(
    ("script", "waits"),
    [
        ("from pathlib import Path\nPath('total.txt').write_text('1')\n", True),
        ("open('total.txt', 'w').write('1')\n", True),
        ("print('nothing touched')\n", False),
    ],
)
def test_a_file_that_a_script_names_by_itself_orders_the_steps(tmp_path: Path, script: str, waits: bool) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "SKILL.md").write_text(CALL)
    (tmp_path / "scripts" / "a.py").write_text(script)
    plan = Skvm().compile(tmp_path, "sim/strong").plan
    assert [(e.before, e.after) for e in plan.edges] == ([("S1.s1", "S1.s2")] if waits else [])
