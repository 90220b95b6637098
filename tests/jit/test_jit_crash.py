"""A process killed before every statement it sends to the store: nothing half promoted, half accepted or half put back runs."""

from __future__ import annotations

from pathlib import Path

from deaths import check_all_died, rows_of


def test_killed_at_every_statement_nothing_half_done_is_served(tmp_path: Path) -> None:
    rows = rows_of(Path(__file__).with_name("crash_jit_child.py"), tmp_path)
    for part, least in (("solid", 20), ("adapt", 12)):
        own = [r for r in rows if r["part"] == part]
        check_all_died(own, least)
        assert {r["served"] for r in own} == {True, False}, "some deaths come before and some after what changes"
