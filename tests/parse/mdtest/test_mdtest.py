"""Runs the Markdown suites beside this file; `mdkit.py` says how one is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from mdkit import Case, broken, cases, load, rendering, rules_used

from skvm.ir.verify import verify
from skvm.parse import certify, parse_skill

CASES = list(cases())
WISHES = [(case, reason, line) for case in CASES for reason, line in case.wishes]


def read(case: Case, tmp: Path) -> list[str]:
    """A case as lines, after the laws every program keeps: it verifies, and it rebuilds the file byte for byte."""
    source = load(case, tmp)
    result = parse_skill(source)
    assert [d.message for d in verify(result.program, source)] == []
    assert certify(result.program, source.main.raw)["byte_exact"]
    used = sorted(rules_used(source)) if any(line.startswith("rule ") for line in case.expect) else []
    return rendering(result, source) + [f"rule {name}" for name in used]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_suite(case: Case, tmp_path: Path) -> None:
    lines = read(case, tmp_path)
    wrong = [text for expected in case.expect if (text := broken(expected, lines))]
    assert not wrong, "\n".join([*wrong, "--- read:", *lines])


@pytest.mark.parametrize(
    ("case", "line"),
    [pytest.param(c, line, marks=pytest.mark.xfail(reason=why, strict=True, raises=AssertionError)) for c, why, line in WISHES],
    ids=[f"{c.name}: {line}" for c, _, line in WISHES],
)
def test_wish(case: Case, line: str, tmp_path: Path) -> None:
    lines = read(case, tmp_path)
    assert not broken(line, lines), "\n".join(lines)


def test_there_are_cases() -> None:
    assert len(CASES) > 100


@pytest.mark.parametrize("case", [c for c in CASES if c.skill and not c.option("encoding")], ids=lambda case: case.name)
def test_a_mark_and_other_line_ends_change_nothing(case: Case, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "other").mkdir()
    other = case._replace(setup=(*case.setup, ("encoding", "bom crlf")))
    assert _bare(read(other, tmp_path / "other")) == _bare(read(case, tmp_path / "plain"))


def _bare(lines: list[str]) -> list[str]:
    """Without the leaves, where the mark and blanks have their own, and with blanks alike."""
    return [" ".join(line.split()) for line in lines if not line.startswith("leaf ")]
