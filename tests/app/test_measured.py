"""Why a primitive was not measured: every kind of reason, told by what really kept it from being measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skvm.app.measured import Asked, Measured, Why
from skvm.app.measuring import limit_of
from skvm.capability import Profile, Target, load_catalog
from skvm.profile.measure.curve import NOTHING, Counts
from skvm.profile.run.runner import Outcome

TARGET = Target(model="m", harness="builtin")
ALL = frozenset(p.id for p in load_catalog().primitives)
FULL: Counts = ((3, 3), (3, 3), (3, 3))


def measured(outcome: Outcome, asked: Asked, reached: str = "") -> Measured:
    profile = Profile(name="m@builtin", model="m", harness="builtin", measured="2026-01-01", cells=outcome.cells())
    return Measured(TARGET, asked, outcome, profile, None, reached)


def case() -> Measured:
    """One primitive for each reason, `reason.logic` measured."""
    table = {"reason.logic": FULL, "reason.spatial": ((0, 0), (0, 0), (1, 2)), "gen.text.prose": NOTHING}
    outcome = Outcome(table, {"reason.logic"}, ("tool.browser",), {"gen.code.sql": "no sqlite3", "tool.web": "too long"})
    wanted = frozenset({*table, "tool.browser", "gen.code.sql", "tool.web", "follow.style"})
    return measured(outcome, Asked(wanted, wanted - {"follow.style"}, "not needed", {"gen.code.sql": "no sqlite3"}), "the end")


def test_every_primitive_without_a_cell_has_its_reason_and_none_with_one():
    found = case().unmeasured()
    assert set(found) == ALL - {"reason.logic"}
    assert list(found) == [p.id for p in load_catalog().primitives if p.id in found]
    kinds = {name: found[name].reason for name in found}
    assert kinds["follow.style"] is Why.NO_PROBE
    assert kinds["tool.browser"] is Why.NOT_OFFERED
    assert kinds["gen.code.sql"] is Why.NOT_GRADABLE and found["gen.code.sql"].why == "no sqlite3"
    assert kinds["tool.web"] is Why.REFUSED and found["tool.web"].why == "too long"
    assert kinds["reason.spatial"] is Why.ENDED and "2 probes done, too few: the end" in found["reason.spatial"].why
    assert kinds["gen.text.prose"] is Why.ENDED and "not begun" in found["gen.text.prose"].why
    assert kinds["gen.regex"] is Why.NOT_WANTED and found["gen.regex"].why == "not needed"


def test_json_tells_the_same():
    body = case().to_json()
    assert body["unmeasured"]["tool.web"] == {"reason": "refused", "why": "too long"}
    assert body["unmeasured"]["tool.browser"]["reason"] == "not offered"
    assert not set(body["unmeasured"]) & {"reason.logic"}
    assert body["ended"] == "the end" and not body["complete"]


@pytest.mark.parametrize(
    ("change", "complete"),
    [({}, True), ({"asked": {"gen.regex"}}, False), ({"reached": "the budget"}, False), ({"apart": "refused"}, False)],
    ids=["all", "no-probe", "budget", "refused"],
)
def test_a_measurement_is_complete_when_all_that_was_asked_for_was_measured(change: dict[str, Any], complete: bool):
    apart = {"reason.spatial": change["apart"]} if "apart" in change else {}
    outcome = Outcome({"reason.logic": FULL}, {"reason.logic"}, (), apart)
    asked = Asked(frozenset({"reason.logic", *change.get("asked", ())}), frozenset({"reason.logic"}))
    assert measured(outcome, asked, change.get("reached", "")).complete is complete


def test_a_limit_that_ends_a_measurement_ends_the_command_with_exit_code_4():
    limit = limit_of(case())
    assert limit is not None and limit.exit_code == 4
    assert "the end" in limit.line() and "not settled" in limit.line() and "goes on from there" in limit.line()
    done = Outcome({"reason.logic": FULL}, {"reason.logic"}, (), {})
    assert limit_of(measured(done, Asked(frozenset({"reason.logic"}), frozenset({"reason.logic"})))) is None


def test_the_folder_of_probes_and_the_catalogue_agree():
    from skvm.profile.probes import FOLDER

    stems = {path.stem for path in Path(FOLDER).glob("*.py")} - {"__init__"}
    assert stems <= {name.replace(".", "_") for name in ALL}
