"""A process killed before every statement it sends to the store while it adapts: no half-made plan runs, nothing is lost."""

from __future__ import annotations

from pathlib import Path

from deaths import check_all_died, rows_of


def test_killed_at_every_statement_of_recompiling_and_accepting(tmp_path: Path) -> None:
    rows = rows_of(Path(__file__).with_name("crash_adapt_child.py"), tmp_path)
    for part, least in (("recompile", 12), ("accept", 12)):
        own = [r for r in rows if r["part"] == part]
        check_all_died(own, least)
        ends = [r["end"] for r in own]
        assert {e["tried"] for e in ends} == {1}, "the same request is not made twice"
        assert len({(e["active"], e["outcomes"], e["variants"][0][0]) for e in ends}) == 1, (
            "and done once more it ends the same"
        )
    assert {r["active"] for r in rows if r["part"] == "accept"} == {True, False}
