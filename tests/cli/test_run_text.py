"""What `skvm run` prints about cost."""

from __future__ import annotations

import pytest

from skvm.cli.run_command import _text
from skvm.runtime import RunOutcome, Totals


@pytest.mark.parametrize(
    ("cost", "simulated", "words"),
    [
        (0.0, False, "0.0000 USD"),
        (0.25, False, "0.2500 USD"),
        (None, False, "price unknown"),
        (None, True, "no price (simulated)"),
    ],
)
def test_the_total_says_what_is_known_of_the_cost(cost: float | None, simulated: bool, words: str) -> None:
    totals = Totals(model_calls=1, cost=cost)
    text = _text(RunOutcome(run="r", status="done", exit_code=0, totals=totals, simulated=simulated), None)
    total = next(line for line in text.splitlines() if "total:" in line)
    assert total.endswith(words)
    assert ("SIMULATED" in text) is simulated


def test_a_parked_run_says_how_to_go_on() -> None:
    text = _text(RunOutcome(run="r1", status="waiting", exit_code=4, reason="waits for a person at G"), None)
    assert "waits for a person at G" in text and "--resume r1 --yes" in text
    assert "--resume" not in _text(RunOutcome(run="r1", status="done", exit_code=0), None)
