"""Files of the reference profiler, made here; the real ones where they lie beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability import Level, find_profile, parse_target
from skvm.capability.estimate import probability
from skvm.capability.profiles import load_profile, profile_bytes
from skvm.capability.tcp import read_tcp

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "profiles"


def result(level: str, passed: int, total: int, skipped: int = 0, ok: bool | None = None) -> dict[str, Any]:
    found = passed == total and total > 0 if ok is None else ok
    return {"level": level, "passed": found, "passCount": passed, "totalCount": total, "skipCount": skipped, "durationMs": 4}


def tcp(capabilities: dict[str, str], details: dict[str, list[dict[str, Any]]] | None = None, **more: Any) -> dict[str, Any]:
    rows = [{"primitiveId": p, "highestLevel": capabilities[p], "levelResults": r} for p, r in (details or {}).items()]
    base = {"version": "1.0", "model": "acme/tiny-1", "harness": "bare-agent", "profiledAt": "2026-03-04T05:06:07.089Z"}
    return base | {"capabilities": capabilities, "details": rows, "isPartial": False, "cost": {"totalUsd": 0}} | more


def cells(body: dict[str, Any]) -> Any:
    return read_tcp(body, "a test").profile.cells


def test_counts_letters_and_what_is_absent() -> None:
    body = tcp(
        {"gen.regex": "L3", "tool.exec": "L1", "reason.logic": "L0"},
        {
            "gen.regex": [result("L1", 3, 3), result("L2", 1, 3), result("L3", 3, 3)],
            "reason.logic": [result("L1", 0, 3), result("L2", 1, 3), result("L3", 0, 3)],
        },
    )
    found = read_tcp(body, "a test")
    assert found.profile.name == "tiny-1@bare-agent" and found.profile.source == "a test"
    assert found.profile.measured == "2026-03-04T05:06:07.089Z"
    assert set(found.profile.cells) == {"gen.regex", "tool.exec", "reason.logic"}
    assert "tool.web" in found.notes[0] and "not measured" in found.notes[0]
    regex = found.profile.cells["gen.regex"]
    assert regex.counts == {Level.L1: (3, 3), Level.L2: (1, 3), Level.L3: (3, 3)}, "kept as they are, not made monotone"
    exact = probability(found.profile.cells["tool.exec"], Level.L1)
    assert not found.profile.cells["tool.exec"].counts and exact is not None and exact.inferred


def test_a_letter_above_the_counts_counts_as_a_letter() -> None:
    cell = cells(tcp({"gen.regex": "L3"}, {"gen.regex": [result("L1", 3, 3)]}))["gen.regex"]
    low, high = probability(cell, Level.L1), probability(cell, Level.L3)
    assert low is not None and not low.inferred
    assert high is not None and high.inferred and high.mean == 0.8


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (result("L1", 2, 2, 1), (2, 2)),
        (result("L1", 2, 3, 1, ok=True), (2, 2)),
        (result("L1", 1, 3, 0), (1, 3)),
        (result("L1", 1, 2, 1), (1, 2)),
        (result("L1", 1, 4, 1), None),
        (result("L1", 0, 0, 3), None),
    ],
    ids=["left out", "left in", "none skipped", "settled by the verdict", "cannot be told", "nothing ran"],
)
def test_skipped_instances_are_no_failures(row: dict[str, Any], expected: tuple[int, int] | None) -> None:
    level = "L1" if row["passed"] else "L0"
    body = tcp({"gen.regex": level, "tool.exec": "L1"}, {"gen.regex": [row, result("L2", 0, 3)]})
    assert cells(body)["gen.regex"].counts.get(Level.L1) == expected


def test_what_never_ran_is_not_measured() -> None:
    rows = [result(f"L{n}", 0, 3, 3, ok=False) for n in (1, 2, 3)]
    assert "gen.regex" not in cells(tcp({"gen.regex": "L0", "tool.exec": "L1"}, {"gen.regex": rows}))


def test_primitives_of_a_later_catalogue_are_left_out_and_named() -> None:
    found = read_tcp(tcp({"tool.exec": "L1", "tool.dance": "L3"}), "a test")
    assert set(found.profile.cells) == {"tool.exec"} and "tool.dance" in found.notes[0]


BAD: dict[str, Any] = {
    "not an object": [1],
    "nothing": {},
    "another version": tcp({"tool.exec": "L1"}, version="2.0"),
    "no such level": tcp({"tool.exec": "L5"}),
    "no model": tcp({"tool.exec": "L1"}, model=""),
    "a harness that climbs": tcp({"tool.exec": "L1"}, harness="../../etc"),
    "a date that is none": tcp({"tool.exec": "L1"}, profiledAt="yesterday"),
    "nothing measured": tcp({}),
    "only unknown primitives": tcp({"tool.dance": "L1"}),
    "two letters": tcp({"tool.exec": "L1"})
    | {"details": [{"primitiveId": "tool.exec", "highestLevel": "L2", "levelResults": []}]},
    "details twice": tcp({"tool.exec": "L1"}, {"tool.exec": []})
    | {"details_partial": [{"primitiveId": "tool.exec", "highestLevel": "L1", "levelResults": []}]},
    "a level twice": tcp({"tool.exec": "L1"}, {"tool.exec": [result("L1", 3, 3), result("L1", 3, 3)]}),
    "more passed than put": tcp({"tool.exec": "L1"}, {"tool.exec": [result("L1", 4, 3, ok=True)]}),
    "passed with a failure": tcp({"tool.exec": "L1"}, {"tool.exec": [result("L1", 2, 3, ok=True)]}),
    "counts that are words": tcp({"tool.exec": "L1"}, {"tool.exec": [result("L1", 3, 3) | {"passCount": "many"}]}),
    "absurdly many": tcp({"tool.exec": "L1"}, {"tool.exec": [result("L1", 10**9, 10**9)]}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_bad_files_are_refused_in_one_line(body: Any) -> None:
    with pytest.raises(ValueError, match=r"^(not a TCP|no primitive)") as caught:
        read_tcp(body, "a test")
    assert "\n" not in str(caught.value)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v))
)
def test_any_json_is_read_or_refused(body: Any) -> None:
    with pytest.raises(ValueError):
        read_tcp(body, "a test")


levels = st.sampled_from(["L1", "L2", "L3"])
counted = st.lists(st.tuples(levels, st.integers(0, 5), st.integers(0, 5)), unique_by=lambda r: r[0], max_size=3)


@given(counted, st.sampled_from(["L0", "L1", "L2", "L3"]))
def test_what_was_read_comes_back_from_its_file(rows: list[tuple[str, int, int]], letter: str) -> None:
    import tempfile

    made = [result(level, min(a, b), max(a, b)) for level, a, b in rows]
    profile = read_tcp(tcp({"gen.regex": letter, "tool.exec": "L1"}, {"gen.regex": made}), "a test").profile
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.json"
        path.write_bytes(profile_bytes(profile))
        assert load_profile(path) == profile
    ran = any(row["totalCount"] for row in made)
    assert ("gen.regex" in profile.cells) is (ran or not made)
    for row in made if ran else ():
        expected = (row["passCount"], row["totalCount"]) if row["totalCount"] else None
        assert profile.cells["gen.regex"].counts.get(Level(row["level"])) == expected


@pytest.mark.skipif(not REAL.is_dir(), reason="the real profiles are not beside the checkout")
def test_the_real_files_give_the_shipped_profiles() -> None:
    paths = sorted(REAL.glob("*/*.json"))
    assert len(paths) == 20
    for path in paths:
        profile = read_tcp(json.loads(path.read_bytes()), "a test").profile
        shipped = find_profile(parse_target(f"{profile.model}@{profile.harness}")).profile
        assert shipped is not None and profile.cells == shipped.cells and profile.name == shipped.name
