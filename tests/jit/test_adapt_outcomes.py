"""From journals to outcomes: what counts, whose it is, and what never counts."""

from __future__ import annotations

from typing import Any

import pytest
from test_adapt_watch import EXEC, READ, artifact, step

from skvm.adapters.simulation.model import NO_SOLUTION
from skvm.jit.adapt import Outcome, outcomes_of, together
from skvm.jit.adapt.outcomes import UNSOLVED
from skvm.plan import Event, EventKind

PLAN = artifact(step("S1.s1", EXEC, READ), step("S1.s2", READ))


def journal(*middle: tuple[EventKind, str, dict[str, Any]], exit_code: int = 0, mode: str = "plan") -> list[Event]:
    rows = [(EventKind.RUN_START, "", {"mode": mode, "task": "t", "files": {"a": "sha256:1"}}), *middle]
    rows.append((EventKind.RUN_END, "", {"exit_code": exit_code, "status": "done"}))
    return [Event(run="r", seq=i + 1, time=0.0, kind=k, node=n, data=d) for i, (k, n, d) in enumerate(rows)]


def attempt(
    node: str, status: str, *inside: tuple[EventKind, dict[str, Any]], reason: str = "", executor: str = "model"
) -> list[Any]:
    result = {"status": status, "executor": executor, "reason": reason, "simulated": True}
    return [
        (EventKind.NODE_START, node, {}),
        *((k, node, d) for k, d in inside),
        (EventKind.NODE_END, node, {"result": result}),
    ]


def test_a_done_step_held_what_it_needs_and_a_failed_one_did_not() -> None:
    one, two = outcomes_of(journal(*attempt("S1.s1", "done"), *attempt("S1.s2", "cannot", reason="I give up")), PLAN)
    assert (one.step, one.ok, one.suspects) == ("S1.s1", True, ())
    assert (two.step, two.ok, two.suspects, two.simulated) == ("S1.s2", False, (READ,), True)
    assert one.input == two.input != ""


def test_every_attempt_is_an_outcome() -> None:
    seen = outcomes_of(journal(*attempt("S1.s2", "failed"), *attempt("S1.s2", "done")), PLAN)
    assert [o.ok for o in seen] == [False, True]


ERROR = (EventKind.MODEL_REPLY, {"error": "rate: refused"})
FINE = (EventKind.MODEL_REPLY, {"calls": []})


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (attempt("S1.s1", "failed", ERROR), 0),
        (attempt("S1.s1", "failed", FINE), 3),
        (attempt("S1.s1", "failed", (EventKind.DENIED, {"what": "host"})), 0),
        (attempt("S1.s1", "limit"), 4),
        (attempt("S1.s1", "cancelled"), 4),
        (attempt("S1.s1", "in_doubt"), 4),
        (attempt("S1.s1", "waiting"), 4),
        (attempt("S1.s1", "cannot", reason=f"{NO_SOLUTION} (S1.s1)"), 4),
        (attempt("S1.s1", "done", executor="solid"), 0),
        (attempt("S1.s1", "done", executor="code"), 0),
        (attempt("S1.s1", "failed", (EventKind.GUARD_MISS, {"done": 2})), 0),
        (attempt("S1.s1", "failed", (EventKind.DIAG, {"code": "code-failed"})), 0),
        (attempt("S9.s9", "failed"), 0),
    ],
)
def test_what_is_nobodys_inability_never_counts(rows: list[Any], code: int) -> None:
    assert outcomes_of(journal(*rows, exit_code=code), PLAN) == ()


def test_an_error_that_was_overcome_is_forgotten() -> None:
    [seen] = outcomes_of(journal(*attempt("S1.s1", "done", ERROR, FINE)), PLAN)
    assert seen.ok


def test_a_check_that_still_failed_is_a_failure() -> None:
    [seen] = outcomes_of(journal(*attempt("S1.s1", "done", (EventKind.DIAG, {"code": "check-failed"}))), PLAN)
    assert not seen.ok


def test_broken_calls_point_at_the_tools() -> None:
    plan = artifact(step("S1.s1", EXEC, "gen.text.long"))
    broken = (EventKind.MODEL_REPLY, {"calls": [{"tool": "execute_command", "args": '{"command": "ls'}]})
    [seen] = outcomes_of(journal(*attempt("S1.s1", "cannot", broken)), plan)
    assert seen.suspects == (EXEC,)
    offered = (EventKind.MODEL_CALL, {"tools": ["execute_command", "finish"]})
    slipped = (EventKind.MODEL_REPLY, {"calls": [{"tool": "bash", "args": {"command": "ls"}}]})
    [seen] = outcomes_of(journal(*attempt("S1.s1", "cannot", offered, slipped)), plan)
    assert seen.suspects == (EXEC,)
    [seen] = outcomes_of(journal(*attempt("S1.s1", "cannot", FINE)), plan)
    assert seen.suspects == ("gen.text.long", EXEC)


def test_runs_that_show_no_steps_say_nothing() -> None:
    assert outcomes_of(journal(*attempt("S1.s1", "failed"), mode="raw"), PLAN) == ()
    assert outcomes_of(journal(*attempt("S1.s1", "failed"))[:-1], PLAN) == (), "the run goes on"


def test_a_run_that_fails_its_checks_is_one_failure_of_all_its_steps() -> None:
    seen = outcomes_of(journal(*attempt("S1.s1", "done"), *attempt("S1.s2", "done")), PLAN)
    [one] = together(seen)
    assert (one.ok, one.suspects) == (False, (EXEC, READ))
    visible: tuple[Outcome, ...] = outcomes_of(journal(*attempt("S1.s1", "done"), *attempt("S1.s2", "failed")), PLAN)
    assert together(visible) == visible
    assert together(()) == ()


def test_the_placeholder_of_a_simulated_model_is_known() -> None:
    assert NO_SOLUTION.startswith(UNSOLVED)
