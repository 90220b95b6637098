"""Runs whose process died are told as that, wherever they died."""

import os
import signal
import subprocess
import sys

DYING = """
import os, signal, sys
from skvm.store.database import SqlJournal
from skvm.plan import EventKind
method, number = sys.argv.pop(1), int(sys.argv.pop(1))
real, calls = getattr(SqlJournal, method), []
def dying(self, *args):
    calls.append(args)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *args)
setattr(SqlJournal, method, dying)
from skvm.__main__ import main
main()
"""


def killed(skvm, skill, method, number):
    """A run that is killed before it calls the journal so and so often; its id."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")} | {"SKVM_HOME": str(skvm.home)}
    words = ["run", str(skill), "--model", "sim/strong", "--input", "x"]
    done = subprocess.run([sys.executable, "-c", DYING, method, str(number), *words], env=env, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (run,) = [p.name for p in (skvm.home / "runs").iterdir()]
    return run


def test_a_run_that_died_before_the_journal_knew_it_is_told(skvm, skill):
    run = killed(skvm, skill, "open_run", 1)
    assert [(r["run"], r["status"]) for r in skvm("runs", "--format", "json").json["runs"]] == [(run, "cut")]
    for words in (("trace", run), ("run", skill, "--model", "sim/strong", "--resume", run)):
        done = skvm(*words)
        assert (
            done.code == 2 and "was cut off before anything happened" in done.err and str(skvm.home / "runs" / run) in done.err
        )


def test_a_run_that_died_before_its_first_event_is_told(skvm, skill):
    run = killed(skvm, skill, "append", 1)
    assert f"{run}" in skvm("runs").out and " cut " in skvm("runs").out
    done = skvm("trace", run)
    assert done.code == 2 and "was cut off before anything happened" in done.err


def test_a_run_that_died_later_is_cut_until_it_is_resumed(skvm, skill):
    run = killed(skvm, skill, "append", 3)
    assert skvm("runs", "--format", "json").json["runs"][0]["status"] == "cut"
    assert "cut off" in skvm("trace", run).err
    skvm("run", skill, "--model", "sim/strong", "--input", "x", "--resume", run)
    assert skvm("runs", "--format", "json").json["runs"][0]["status"] in ("done", "failed")


def test_names_that_lead_elsewhere_are_no_runs(skvm, skill):
    skvm("runs")
    for name in ("..", ".", "../objects", "/"):
        done = skvm("trace", name)
        assert done.code == 2 and "no run has this id" in done.err


def test_a_run_that_cannot_have_its_inputs_leaves_no_folder(skvm, skill, tmp_path):
    (tmp_path / "in.csv").write_text("a\n")
    done = skvm("run", skill, "--model", "sim/strong", "--input", "x", "--file", f"{'n' * 300}={tmp_path / 'in.csv'}")
    assert done.code == 2 and "File name too long" in done.err
    assert list((skvm.home / "runs").iterdir()) == [] and skvm("runs").out == "no runs yet\n"


def test_a_trace_goes_to_standard_output_when_its_file_is_a_dash(skvm, skill, tmp_path):
    skvm("run", skill, "--model", "sim/strong", "--input", "x")
    run = skvm("runs", "--format", "json").json["runs"][0]["run"]
    lines = skvm("trace", run, "--jsonl", "-", cwd=tmp_path).out.splitlines()
    assert lines[0].startswith("{") and '"run.start"' in lines[0] and '"run.end"' in lines[-1]
    assert skvm("trace", run, "--html", "-", cwd=tmp_path).out.startswith("<!doctype html>")
    assert not (tmp_path / "-").exists()


def test_an_interrupt_while_the_command_is_loaded_is_told_in_one_line():
    code = """
import sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "skvm.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from skvm.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "skvm: interrupted\n")


def test_doctor_looks_into_the_state(skvm):
    skvm("runs")
    (skvm.home / "state.sqlite").write_bytes(b"not a database" * 100)
    done = skvm("doctor")
    assert done.code == 3 and "not a database" in done.out and "move it away" in done.out
