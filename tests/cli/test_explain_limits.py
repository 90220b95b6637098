"""`skvm explain` of a skill with independent parts: what runs at the same time, why, and what limits of the target cost."""

import pytest

AUDIT = """---
name: audit
description: Audit a project folder. Use when a release is near.
---
# Audit

## Steps

1. Read `docs/licence.md`.
2. Read `CHANGELOG.md`.
3. Read `orders.csv`.
4. Compare the findings and write `report.md`.
5. Ask the user to approve it.
"""


@pytest.fixture
def audit(tmp_path):
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "SKILL.md").write_text(AUDIT)
    return tmp_path / "audit"


def test_the_kind_its_reason_and_the_line_are_told(skvm, audit, tmp_path):
    data = skvm("explain", audit, "--format", "json", "--html", tmp_path / "p.html").json
    kinds = {row["kind"] for row in data["together"]}
    assert kinds and kinds <= {"instruction", "task"}
    members = {m for row in data["together"] for m in row["members"]}
    assert members == {n["id"] for n in data["nodes"] if n["kind"] == "step" and n["title"].startswith("Read")}
    assert all(row["basis"] == "proved" and row["line"] >= 9 for row in data["together"])
    page, text = (tmp_path / "p.html").read_text(), skvm("explain", audit).out
    for shown in (page, text):
        assert "none of them writes what another one reads or writes" in shown


def test_limits_asked_about(skvm, audit):
    free = skvm("explain", audit, "--format", "json").json
    assert [row["requests"] for row in free["rates"]] == [600, 60, 20, None]
    (row,) = skvm("explain", audit, "--rate", "6", "--format", "json").json["rates"]
    calls = sum(n["estimate"]["calls"] for n in free["nodes"] if n["kind"] == "step")
    assert row["seconds"] >= (calls - 1) * 10 and row["more"] == pytest.approx(row["seconds"] - free["span_seconds"], abs=0.01)
    assert "6 requests a minute, 1 at once" in skvm("explain", audit, "--rate", "6", "--lanes", "1").out
    assert skvm("explain", audit, "--rate", "0").code == 2
