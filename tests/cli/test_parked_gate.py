"""A run that waits for a person: parked by one process, approved in another, done in a third, without asking anything twice."""

import json
from pathlib import Path

import anyio
import pytest

from skvm.adapters.simulation.oracle import load_oracle
from skvm.app import Settings, Skvm
from skvm.app.sandbox import sandbox_of
from skvm.app.targets import backends
from skvm.app.tasks import load_tasks
from skvm.diag import SandboxError
from skvm.runtime import RunPorts, RunRequest, execute
from skvm.store import NullStore
from skvm.testing import RecordingModel

BENCH = Path(__file__).resolve().parents[2] / "bench"
SKILL = BENCH / "skills" / "log-triage"


@pytest.fixture
def recorded(tmp_path):
    """The answers of one whole run of a simulated model that knows the solution, as a cassette for processes that do not."""
    task = load_tasks(SKILL)[0]
    folder = tmp_path / "cassette"
    settings = Settings(home=tmp_path / "recording", cache=tmp_path / "cache", sandbox=None)
    try:
        sandbox = anyio.run(sandbox_of, settings)
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    oracle = load_oracle(BENCH / "solutions" / "log-triage.py", task.prompt, {name: name for name in task.files})
    model = RecordingModel(backends(settings, oracle=oracle)("sim/strong"), folder)
    folder.mkdir(exist_ok=True)
    target = f"replay:{folder}"
    artifact = Skvm(settings).compile(SKILL, target)
    files = {name: Path(place) for name, place in task.files.items()}
    request = RunRequest(artifact=artifact, model=target, task=task.prompt, files=files, yes=True, skill_dir=SKILL)
    store = NullStore()
    ports = RunPorts(model_for=lambda _: model, journal=store.journal, blobs=store.blobs, sandbox=sandbox)
    done = anyio.run(execute, request, ports, settings.home)
    assert done.status == "done", done.reason
    return task, target, done


def test_park_approve_and_go_on(skvm, recorded):
    task, target, whole = recorded
    files = [word for name, place in task.files.items() for word in ("--file", f"{name}={place}")]
    words = ("run", SKILL, "--model", target, "--no-solid", "--format", "json")
    parked = skvm(*words, "--input", task.prompt, *files)
    assert parked.code == 4, parked.err
    first = parked.json
    assert first["status"] == "waiting" and "waits for a person at" in first["reason"]
    assert not (Path(first["work"]) / "archive").exists(), "what comes after the gate has not run"
    assert first["steps"][-1]["status"] == "waiting"

    still = skvm(*words, "--resume", first["run"])
    assert still.code == 4 and still.json["status"] == "waiting"
    assert still.json["totals"]["model_calls"] == first["totals"]["model_calls"], "waiting again asks nothing again"

    check = next(p for p in sorted((SKILL / "tasks").glob("*.json")) if json.loads(p.read_text())["id"] == task.id)
    done = skvm(*words, "--resume", first["run"], "--yes", "--check", check)
    assert done.code == 0, done.err
    last = done.json
    assert (last["run"], last["status"]) == (first["run"], "done") and all(c["ok"] for c in last["checks"])
    assert last["totals"]["model_calls"] == whole.totals.model_calls, "in all as many as a run that never stopped"
    assert {(o["path"], o["sha256"]) for o in last["outputs"]} == {(o.path, o.sha256) for o in whole.outputs}

    over = skvm(*words, "--resume", first["run"], "--yes")
    assert over.code == 0 and over.json["totals"]["model_calls"] == last["totals"]["model_calls"]
    assert over.json["outputs"] == last["outputs"], "a finished run is not run again"
