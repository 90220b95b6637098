"""`skvm outline` for people: words beside line numbers, what was not understood, colour only where it is wanted."""

import ast
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skvm as package
from skvm.cli.common import ROLES

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
TEXT = (
    "---\nname: tidy-csv\ndescription: Tidy CSV files. Use when a CSV needs its rows sorted.\n---\n# Tidy\n\n"
    "## Steps\n\n1. Read `data.csv`.\n2. Sort its rows and write `sorted.csv`.\n\n## Rules\n\n"
    "- Never change the header.\n- Always keep the \x1b[31mlast line end.\n"
)


@pytest.fixture
def tidy(tmp_path):
    (tmp_path / "tidy-csv").mkdir()
    (tmp_path / "tidy-csv" / "SKILL.md").write_text(TEXT)
    return tmp_path / "tidy-csv"


def on_terminal(words, env):
    """Output of a command whose stdout is a terminal."""
    main, side = pty.openpty()
    full = {k: v for k, v in os.environ.items() if k != "NO_COLOR" and not k.startswith("SKVM_")} | {"TERM": "xterm"} | env
    process = subprocess.Popen([sys.executable, "-m", "skvm", *map(str, words)], stdout=side, stderr=subprocess.PIPE, env=full)
    os.close(side)
    out = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.close(main)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.decode().replace("\r\n", "\n")


def test_rules_and_triggers_stand_with_their_words(skvm, tidy):
    lines = skvm("outline", tidy).out.splitlines()
    assert "      14      must_not: Never change the header." in lines
    assert any(line.startswith("       3      use: Tidy CSV files") or "Use when a CSV needs" in line for line in lines)


def test_what_was_not_understood_has_its_lines(skvm, tmp_path):
    head = "---\nname: a\ndescription: b\n---\n# A\n\n## Steps\n\n### Read\n\n1. Read `x.csv`.\n\n"
    (tmp_path / "SKILL.md").write_text(head + "Before the moon of the sea:\n\n2. Write `y.csv`.\n3. Read `z.csv`.\n")
    out = skvm("outline", tmp_path).out
    assert "not understood" in out
    shown = out.split("not understood", 1)[1].splitlines()[1:]
    for line in shown:
        first = int(re.match(r"\s+(\d+)", line).group(1))
        text = line.split(None, 1)[1]
        assert text.split()[0] in (tmp_path / "SKILL.md").read_text().splitlines()[first - 1]


def test_no_colour_away_from_a_terminal_and_no_escape_of_the_skill(skvm, tidy):
    assert "\x1b" not in skvm("outline", tidy).out


def test_colour_on_a_terminal_only_where_it_is_wanted(tidy, tmp_path):
    home = {"SKVM_HOME": str(tmp_path / "home")}
    coloured = on_terminal(["outline", tidy], home)
    assert len(ESCAPE.findall(coloured)) > 10
    plain = on_terminal(["outline", tidy], home | {"NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert ESCAPE.sub("", coloured) == plain
    assert "\x1b" not in on_terminal(["outline", tidy], home | {"TERM": "dumb"})


def test_every_role_that_is_named_has_a_colour():
    """Roles that are written out in a call of `style` or in its documented list."""
    named = set()
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("style", "_section"):
                role = node.args[2 if node.func.id == "_section" else 1] if len(node.args) > 1 else None
                if isinstance(role, ast.Constant):
                    named.add(role.value)
    assert {"title", "scene", "step", "rule", "warn", "dim"} <= named
    assert named <= set(ROLES)
