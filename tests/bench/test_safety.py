"""The benches of the runtime's guarantees: what must hold does, and what they look for would be found.

Those that fork run in a process of their own: a test runner has threads.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.safety import escapes, faults, memory, sandbox
from skvm.adapters.bubblewrap import Bubblewrap
from skvm.testing.loopback import Fault

pytestmark = pytest.mark.net

ROOT = Path(__file__).resolve().parents[2]
PLANS = {"steps": 49, "controls": 72, "gated": 23, "edited": 37, "spread": 22, "handed": 45}


def measured(*words, expected=0):
    """The rows of a bench."""
    argv = [sys.executable, "-m", "bench", *words, "--format", "json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return json.loads(done.stdout)["rows"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_way_out_is_closed_and_told():
    result = sandbox.measure(repeats=1)
    assert not sandbox.failed(result), sandbox.text(result)
    assert all(row["attempts"] > 400 for row in result["escapes"] if "why" not in row)
    assert result["cost"][0]["ratio"] == 1.0


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_careless_binding_would_be_found(tmp_path, monkeypatch):
    monkeypatch.setattr(escapes, "bind_shell", lambda text, values: text.replace("VALUE", values["VALUE"]))
    monkeypatch.setattr(escapes, "VALUES", ("; touch pwned",))
    assert escapes._words(Bubblewrap(), tmp_path.resolve())


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_memory_holds_its_bounds():
    result = memory.measure(megabytes=200)
    assert not memory.failed(result), memory.text(result)


@pytest.mark.slow
@pytest.mark.parametrize("command", faults.COMMANDS)
def test_a_failing_server_is_told_with_its_code(monkeypatch, command):
    monkeypatch.setattr(faults, "FAULTS", {"hang": Fault("hang")})
    result = faults.measure(deadline=8.0, command=command)
    assert not faults.failed(result), faults.text(result)


def test_a_crowd_loses_and_mixes_nothing():
    rows = measured("crowd", "--runs", "12", "--processes", "3")
    assert [(row["runs"], row["events"]) for row in rows] == [(12, 216), (12, 216)]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_large_crowd_loses_and_mixes_nothing():
    assert [row["runs"] for row in measured("crowd")] == [200, 200]


def test_a_mixed_run_would_be_found():
    """Every run seems to carry the same word here."""
    code = "import re; from bench.safety import crowd; crowd.WORD = re.compile('word-'); r = crowd.measure(2, 1)"
    code += "; assert all(row['mixed'] == 2 for row in r['rows']), r; assert crowd.failed(r)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("plan", PLANS)
def test_killed_after_every_event(plan):
    (row,) = measured("kill", "--plan", plan)
    assert row["kills"] == row["same"] + row["in doubt"] == 2 * PLANS[plan], "at once and late"
