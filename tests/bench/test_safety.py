"""The benches of the runtime's guarantees: small, and able to find what they look for."""

import shutil

import pytest

from bench.safety import crowd, escapes, faults, kill, memory, sandbox
from skvm.adapters.bubblewrap import Bubblewrap
from skvm.testing.loopback import Fault

pytestmark = pytest.mark.net


@pytest.mark.slow
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
def test_memory_holds_its_bounds():
    result = memory.measure(megabytes=200)
    assert not memory.failed(result), memory.text(result)


@pytest.mark.slow
def test_a_failing_server_is_told_with_its_code(monkeypatch):
    monkeypatch.setattr(faults, "FAULTS", {"hang": Fault("hang")})
    result = faults.measure(deadline=8.0)
    assert not faults.failed(result), faults.text(result)


def test_a_crowd_loses_and_mixes_nothing():
    result = crowd.measure(runs=12, processes=3)
    assert not crowd.failed(result), crowd.text(result)
    assert [row["events"] for row in result["rows"]] == [216, 216]


@pytest.mark.slow
def test_a_large_crowd_loses_and_mixes_nothing():
    result = crowd.measure()
    assert not crowd.failed(result), crowd.text(result)


def test_a_mixed_run_would_be_found(monkeypatch):
    monkeypatch.setattr(crowd, "WORD", crowd.re.compile("word-"))  # every run now seems to carry the same word
    assert all(row["mixed"] == 2 for row in crowd.measure(runs=2, processes=1)["rows"])


def test_kills_are_counted_and_nothing_is_wrong():
    result = kill.measure(every=40)
    assert not kill.failed(result), kill.text(result)
    assert [row["kills"] for row in result["rows"]] == [2, 2, 1, 1, 1]
