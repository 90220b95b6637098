"""`skvm run --engine dbos` and `skvm worker` as a user sees them; tests/adapters/test_engines.py shows what they guarantee."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

from skvm.app import Settings, Skvm
from skvm.ports import ModelRequest
from skvm.runtime import RunPorts, RunRequest, execute
from skvm.store import NullStore
from skvm.testing import Fault, LoopbackServer, RecordingModel, ScriptedModel

installed = pytest.mark.skipif(find_spec("dbos") is None, reason="the extra dbos is not installed")
KEY = {"OPENAI_API_KEY": "sk-loopback-not-a-secret-4711"}
UNREACHABLE = "postgresql://someone:geheim@127.0.0.1:9/skvm"


def errors(done: Any) -> list[str]:
    return [line for line in done.err.splitlines() if line.startswith("skvm: ")]


def answers(request: ModelRequest) -> Any:
    if not any(m.role == "tool" for m in request.messages):
        return [("write_file", {"path": "sorted.csv", "content": "a,b\n1,2\n"})]
    return [("finish", {"values": {}, "summary": "sorted"})]


@pytest.fixture
def words(skill: Path, tmp_path: Path) -> list[Any]:
    """A run whose model is a recording, so that a process costs little."""
    folder = tmp_path / "cassette"
    folder.mkdir()
    target = f"replay:{folder}"
    settings = Settings(home=tmp_path / "recording", cache=tmp_path / "cache")
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    model = RecordingModel(ScriptedModel(answers), folder)
    store = NullStore()
    request = RunRequest(
        artifact=Skvm(settings).compile(skill, target),
        model=target,
        task="sort it",
        files={"data.csv": tmp_path / "data.csv"},
        skill_dir=skill,
    )
    ports = RunPorts(model_for=lambda _: model, journal=store.journal, blobs=store.blobs)
    assert anyio.run(execute, request, ports, settings.home).status == "done"
    return ["run", skill, "--model", target, "--input", "sort it", "--no-solid", "--file", f"data.csv={tmp_path / 'data.csv'}"]


@installed
def test_a_run_done_here_and_taken_up_again(skvm: Any, words: list[Any]) -> None:
    here = skvm(*words, "--engine", "dbos", "--format", "json")
    assert here.code == 0, here.err
    assert {o["path"] for o in here.json["outputs"]} == {"sorted.csv"}
    over = skvm(*words, "--engine", "dbos", "--resume", here.json["run"], "--format", "json")
    assert over.code == 0 and over.json["totals"]["model_calls"] == here.json["totals"]["model_calls"], "nothing is asked again"
    assert (skvm.home / "engine.sqlite").stat().st_mode & 0o077 == 0


@installed
def test_detached_runs_are_done_by_a_worker(skvm: Any, words: list[Any], tmp_path: Path) -> None:
    detached = ("--engine", "dbos", "--detach", "--format", "json")
    one, two = (skvm(*words, *detached) for _ in range(2))
    (tmp_path / "data.csv").unlink()  # everything a worker needs was put aside
    assert one.code == 0 and one.json["status"] == "queued", one.err
    runs = [one.json["run"], two.json["run"]]
    assert skvm("runs", "--cancel", runs[1]).code == 0
    early = skvm("trace", runs[0])
    assert early.code == 2 and "not begun" in early.err
    worker = skvm("worker", "--idle", "1")
    assert worker.code == 0, worker.err
    listed = {r["run"]: r["status"] for r in skvm("runs", "--format", "json").json["runs"]}
    assert listed == dict(zip(runs, ("done", "cancelled"), strict=True)), worker.err
    assert {p.name for p in (skvm.home / "runs" / runs[0] / "work").iterdir()} == {"data.csv", "sorted.csv"}


@installed
@pytest.mark.net
def test_the_deadline_holds(skvm: Any, skill: Path) -> None:
    with LoopbackServer(Fault("hang")) as server:
        for deadline in ("6", "20", "45"):
            words = ("run", skill, "--model", "openai/m", "--api-base", server.base_url, "--input", "sort it")
            done = skvm(*words, "--engine", "dbos", "--deadline", deadline, env=KEY)
            if "before the first step" not in done.err:
                break  # else the machine was too busy to get as far as the fault
    assert done.code == 3 and len(errors(done)) == 1 and "deadline" in errors(done)[0], done.err


@pytest.mark.parametrize("words", [("run", "--engine", "dbos"), ("worker",)], ids="-".join)
def test_without_the_extra_it_says_how_to_get_it(skvm: Any, skill: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text("import sys\nsys.modules['dbos'] = None\n")
    done = command(skvm, skill, words, {"PYTHONPATH": str(tmp_path / "without")})
    assert done.code == 2 and errors(done) == ["skvm: the engine dbos is not installed; pip install 'skvm[dbos]'"]


@installed
@pytest.mark.parametrize("words", [("worker",), ("runs",)], ids="-".join)
@pytest.mark.parametrize(("url", "code"), [(UNREACHABLE, 3), ("mysql://geheim@h/d", 2)], ids=["unreachable", "wrong"])
def test_a_wrong_address_is_one_line(skvm: Any, skill: Path, words: tuple[str, ...], url: str, code: int) -> None:
    done = command(skvm, skill, words, {"SKVM_ENGINE_URL": url})
    assert done.code == code and len(errors(done)) == 1, done.err
    assert "SKVM_ENGINE_URL" in errors(done)[0] and "geheim" not in done.err + done.out


def test_an_engine_without_a_queue_has_no_workers(skvm: Any, skill: Path) -> None:
    done = command(skvm, skill, ("run", "--detach"), {})
    assert done.code == 2 and len(errors(done)) == 1 and "queue" in errors(done)[0], done.err


def command(skvm: Any, skill: Path, words: tuple[str, ...], env: dict[str, str]) -> Any:
    more = (skill, "--model", "sim/strong", "--input", "sort it") if words[0] == "run" else ()
    return skvm(words[0], *more, *words[1:], env=env)
