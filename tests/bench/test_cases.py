"""The published cases as example skills: solidified, right where code serves, and handed back where it must not."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import anyio
import pytest

from bench import skillruns
from bench.cases import __main__ as cases
from bench.cases.asked import CASES, wrong
from bench.cases.station import current, forecast, station
from skvm.adapters.sandboxes import choose_sandbox
from skvm.diag import SandboxError


async def proved() -> None:
    await choose_sandbox(None)


@pytest.mark.net
@pytest.mark.parametrize("name", ["pdf-merge", "weather-forecast"])
def test_a_case_is_solidified_and_nothing_is_served_wrongly(name: str) -> None:
    try:
        anyio.run(proved)
    except SandboxError as error:
        pytest.skip(f"no sandbox proves itself here: {error.message}")
    (case,) = [c for c in CASES if c.skill == name]
    found = cases.measure(case, seconds=0.0, most=16, times=1)  # now and then a request is for the model, as a check
    if found.skipped:
        pytest.skip(found.skipped)
    assert found.promoted == ["S1.s1", "S1.s2"] and len(found.after) == 1
    assert (found.served_wrong, found.model_wrong, found.problems) == (0, 0, [])
    assert found.handed_back == found.mutated == 4
    assert bool(found.by_person) is case.network, "what leaves the work folder is for a person to accept"


def test_the_reference_notices_every_changed_result() -> None:
    for case in CASES:
        asked = case.request(3)
        assert not wrong(asked, lambda name, made=asked.made: made[name])  # type: ignore[misc]
        for name in asked.made:
            assert wrong(asked, lambda n, made=asked.made, gone=name: None if n == gone else made[n])  # type: ignore[misc]


def test_requests_differ_and_others_are_worded_otherwise() -> None:
    for case in CASES:
        prompts = [case.request(n).prompt for n in range(9)]
        assert len(set(prompts)) == len(prompts)
        assert not {*case.others(1)} & {*prompts}


def test_a_missing_program_is_the_reason_to_skip(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nname: x\nmetadata:\n  requires-bins: sh, no-such-program-4711\n---\n")
    assert skillruns.lacking(tmp_path) == "not on this machine: no-such-program-4711"
    (tmp_path / "SKILL.md").write_text("---\nname: x\n---\n")
    assert skillruns.lacking(tmp_path) == ""


@pytest.mark.net
def test_the_station_says_what_the_reference_says() -> None:
    with station() as host:
        for path, want in (
            ("current?place=Graz", current("Graz")),
            ("forecast?place=Graz&days=4", {"days": forecast("Graz", 4)}),
        ):
            with urllib.request.urlopen(f"http://{host}/{path}", timeout=10) as answer:
                assert json.load(answer) == want
        for path in ("forecast?place=Graz&days=11", "current?place=a/b", "other"):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(f"http://{host}/{path}", timeout=10)
