"""Measuring from the command line: faults leave nothing behind, kill -9 loses and repeats nothing."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from skvm.capability import Level
from skvm.profile.probes import probe_of
from skvm.profile.run.player import next_turn
from skvm.store import open_store
from skvm.testing.loopback import Asked, Fault, LoopbackServer, Say, closed_port

KEY = {"OPENAI_API_KEY": "sk-loopback-not-a-secret-4711"}
ONE = ("--primitive", "reason.arithmetic")
THREE = (*ONE, "--primitive", "reason.logic", "--primitive", "tool.file.read")


def errors(done):
    return [line for line in done.err.splitlines() if line.startswith("skvm: ")]


def measure(skvm, url, *more):
    return skvm("profile", "openai/m", "--api-base", url, *ONE, "--format", "json", *more, env=KEY)


def stored(home):
    """Rows of any ledger, and profile files."""
    with open_store(home) as store:
        tables = store.blobs._db.run("SELECT tab, key FROM records WHERE tab LIKE 'probes %'")
    return tables + [str(p) for p in home.glob("profiles/*")] + [str(p) for p in home.glob("measuring/*")]


@pytest.mark.net
@pytest.mark.parametrize(
    ("fault", "deadline", "word"),
    [
        (Fault("status", 401), "40", "key"),
        (Fault("status", 404), "40", "refused the request"),
        (Fault("status", 400, message="tools are not supported"), "40", "refused the request"),
        (Fault("status", 429), "4", "deadline"),
        (Fault("status", 429, retry_after=60), "4", ""),
        (Fault("status", 500), "4", "deadline"),
        (Fault("hang"), "4", "deadline"),
        (Fault("stall"), "4", "deadline"),
        (Fault("trickle"), "4", "deadline"),
        (Fault("cut"), "4", "deadline"),
        (Fault("end"), "4", ""),
        (Fault("garbage"), "4", "deadline"),
        (Fault("foreign"), "4", ""),
        (Fault("plain"), "4", ""),
    ],
    ids=["401", "404", "400", "429", "after", "500", "hang", "stall", "trickle", "cut", "end", "garbage", "foreign", "plain"],
)
def test_a_fault_is_no_inability(skvm, fault, deadline, word):
    with LoopbackServer(fault) as server:
        done = measure(skvm, server.base_url, "--deadline", deadline)
    assert done.code == 3, done.err
    assert len(errors(done)) == 1 and word in errors(done)[0]
    assert KEY["OPENAI_API_KEY"] not in done.out + done.err
    assert done.out == ""
    assert stored(skvm.home) == []


@pytest.mark.net
def test_a_dead_server(skvm):
    with closed_port() as url:
        done = measure(skvm, url, "--deadline", "4")
    assert (done.code, len(errors(done)), stored(skvm.home)) == (3, 1, [])


@pytest.mark.net
def test_a_server_that_fails_later_keeps_what_was_done_but_makes_no_profile(skvm):
    count = [0]

    def script(asked: Asked) -> Say | Fault:
        count[0] += 1
        return Say("ANSWER: 1") if count[0] <= 2 else Fault("status", 401)

    with LoopbackServer(script) as server:
        done = measure(skvm, server.base_url, "--concurrency", "1")
        assert done.code == 3
        assert not list(skvm.home.glob("profiles/*"))
        assert len([row for row in stored(skvm.home) if row[1].startswith("done ")]) == 2
        count[0] = -1000
        again = measure(skvm, server.base_url)
    assert again.code == 0, again.err
    body = again.json
    assert body["complete"] and body["instances"] == body["fresh"] + 2 and body["repeated"] == 1
    cell = json.loads((skvm.home / "profiles" / "m@builtin.json").read_text())["cells"]["reason.arithmetic"]
    assert cell["level"] == "L0"


def test_what_is_measured_is_found_before_the_shipped_profiles(skvm):
    done = skvm("profile", "sim/strong", *ONE, "--format", "json")
    assert done.code == 0, done.err
    assert done.json["simulated"] and done.json["complete"]
    assert done.json["cells"]["reason.arithmetic"]["level"] == "L3"
    assert skvm("profile", "list", "--format", "json").json[0]["name"] == "sim-strong@builtin"


def test_an_earlier_measurement_is_not_lost_to_a_narrower_one(skvm):
    skvm("profile", "sim/strong", *ONE)
    skvm("profile", "sim/strong", "--primitive", "reason.logic")
    cells = json.loads((skvm.home / "profiles" / "sim-strong@builtin.json").read_text())["cells"]
    assert set(cells) == {"reason.arithmetic", "reason.logic"}


def test_a_measurement_that_is_cut_short_does_not_replace_a_settled_one(skvm):
    skvm("profile", "sim/strong", *ONE)
    path = skvm.home / "profiles" / "sim-strong@builtin.json"
    before = json.loads(path.read_text())["cells"]
    done = skvm("profile", "sim/strong", *ONE, "--budget-calls", "4", "--seed", "5", "--format", "json")
    assert done.code == 4 and not done.json["complete"] and done.json["calls"] <= 4
    assert json.loads(path.read_text())["cells"] == before


def test_a_budget_ends_the_measurement_and_what_is_not_settled_stays_unmeasured(skvm):
    done = skvm("profile", "sim/strong", *THREE, "--budget-calls", "2", "--format", "json")
    assert done.code == 4 and not done.json["complete"]
    assert done.json["calls"] <= 2
    assert done.json["file"] is None and not list(skvm.home.glob("profiles/*"))
    (line,) = errors(done)
    assert "budget of 2 model calls" in line and "3 of 3 primitives not settled" in line
    assert all(done.json["unmeasured"][name]["reason"] == "ended" for name in THREE[1::2])


def test_what_a_budget_paid_for_is_not_paid_again(skvm):
    words = ("profile", "sim/strong", *THREE[:4], "--seed", "3", "--format", "json")
    whole = skvm(*words).json
    assert skvm(*words, "--fresh", "--budget-calls", "1").code == 4
    codes, steps, body = [], 0, {}
    while not body.get("complete") and steps < 40:
        done = skvm(*words, "--budget-calls", "10")
        body, steps = done.json, steps + 1
        codes.append(done.code)
        assert body["repeated"] == 0 and 0 < body["fresh"] <= 10
    assert codes == [4] * (len(codes) - 1) + [0] and len(codes) > 2
    assert (body["cells"], body["instances"], body["calls"]) == (whole["cells"], whole["instances"], whole["calls"])


def test_a_budget_of_tokens_leaves_a_partial_profile(skvm):
    done = skvm("profile", "sim/strong", *THREE, "--max-tokens", "9000", "--format", "json")
    assert done.code == 4, done.err
    body = done.json
    assert not body["complete"] and body["ended"] and len(errors(done)) == 1
    cells = json.loads((skvm.home / "profiles" / "sim-strong@builtin.json").read_text())["cells"]
    assert set(cells) == {name for name, cell in body["cells"].items() if name not in body["unmeasured"]}
    assert any(not cell["settled"] for cell in body["cells"].values())
    assert body["tokens"] <= 9000 and "9000 tokens" in errors(done)[0]


def test_every_primitive_that_was_not_measured_is_listed_with_its_reason(skvm):
    words = ("profile", "sim/strong", *ONE, "--primitive", "tool.browser")
    bare = {"PATH": str(skvm.home / "nothing")}
    body = skvm(*words, "--format", "json", env=bare).json
    assert len(body["unmeasured"]) == 25 and "reason.arithmetic" not in body["unmeasured"]
    assert body["unmeasured"]["tool.browser"] == {
        "reason": "not offered",
        "why": "the harness builtin does not offer browser here",
    }
    assert body["unmeasured"]["gen.regex"]["reason"] == "not wanted"
    shown = skvm(*words, env=bare).out.splitlines()
    lines = [line.split() for line in shown if " not measured: " in line]
    assert [line[0] for line in lines] == ["tool.browser", "24"] and "asked for" in " ".join(lines[1])


def primitives_put(home):
    return {row[1].split(" ")[1].split(":")[0] for row in stored(home) if row[0].startswith("probes ") and " " in row[1]}


@pytest.mark.net
@pytest.mark.parametrize("as_plan", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["skill", "plan"])
def test_for_a_skill_just_what_it_needs_is_measured(skvm, skill, tmp_path, as_plan):
    plan = tmp_path / "plan.json"
    assert skvm("compile", skill, "--target", "openai/m", "-o", plan).code == 0
    needed = {r["primitive"] for r in json.loads(plan.read_text())["requirements"]}
    assert 1 < len(needed) < 10
    with LoopbackServer(lambda asked: Say("ANSWER: 1")) as server:
        words = ("--api-base", server.base_url, "--format", "json")
        done = skvm("profile", "openai/m", "--for", plan if as_plan else skill, *words, env=KEY, timeout=180)
    assert done.code == 0, done.err
    body = done.json
    probed = {name for name in needed if body["unmeasured"].get(name, {}).get("reason") != "no probe"}
    assert probed and primitives_put(skvm.home) == probed == {n for n in body["cells"] if body["cells"][n]["offered"]}
    others = {n: u["why"] for n, u in body["unmeasured"].items() if u["reason"] == "not wanted"}
    assert set(others) == set(body["unmeasured"]) - needed and all("tidy-csv" in why for why in others.values())
    row = skvm("coverage", skill, "--target", "openai/m", "--format", "json").json["matrix"][0]
    assert not {need.split(" ")[0] for need in row["unmeasured"]} & probed
    assert {need.split(" ")[0] for need in row["missing"]} <= probed


def answers(primitive, slips):
    """A model that is right about a primitive's instances but at levels in `slips`, where it makes the slip named there."""
    probe, plays = probe_of(primitive), {}
    for level in ("L1", "L2", "L3"):
        for seed in range(12):
            task = probe.instance(Level(level), seed).task
            play = task.mutants[slips[level]] if level in slips else task.reference
            plays[task.prompt] = next_turn(play, ()).text
    return lambda asked: Say(next(plays[m["content"]] for m in asked.messages if m["content"] in plays))


@pytest.mark.net
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="this machine has no node")
def test_scripts_that_a_server_answers_are_run(skvm):
    with LoopbackServer(answers("gen.code.javascript", {"L3": "one after another"})) as server:
        words = ("--primitive", "gen.code.javascript", "--api-base", server.base_url, "--format", "json")
        done = skvm("profile", "openai/m", *words, env=KEY, timeout=240)
        assert server.failures == []
    assert done.code == 0, done.err
    cell = done.json["cells"]["gen.code.javascript"]
    assert cell["level"] == "L2" and done.json["calls"] == cell["n"] == len(server.requests)
    for level, (passed, n) in cell["counts"].items():
        assert passed == (0 if level == "L3" else n), cell


def test_for_a_skill_that_is_not_there(skvm, tmp_path):
    done = skvm("profile", "sim/strong", "--for", tmp_path / "nowhere")
    assert done.code == 2 and done.out == "" and len(errors(done)) == 1 and "nowhere" in errors(done)[0]


def test_wrong_calls(skvm):
    assert skvm("profile", "sim/strong", "--primitive", "reason.magic").code == 2
    assert skvm("profile", "openai/m", "--harness", "codex").code == 2
    assert skvm("profile", "sim/nobody").code == 2
    assert skvm("profile").code in (0, 2)


def environment(home):
    full = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")}
    return full | {"SKVM_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def finished_in(home):
    with open_store(home) as store:
        return len(store.blobs._db.run("SELECT key FROM records WHERE tab LIKE 'probes %' AND key LIKE 'done %'"))


def killed_and_resumed(skvm, rng, whole, after):
    """One measurement killed at a random moment once `after` instances were completed, and taken up; how many were done and
    under way."""
    words = [sys.executable, "-m", "skvm", "profile", "sim/weak", *THREE, "--format", "json", "--seed", "7"]
    child = subprocess.Popen(words, env=environment(skvm.home), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while child.poll() is None and finished_in(skvm.home) < after:
        time.sleep(0.02)
    time.sleep(rng.uniform(0.0, 0.6))
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)
    with open_store(skvm.home) as store:
        before = dict(store.blobs._db.run("SELECT key, value FROM records WHERE tab LIKE 'probes %'"))
    done = skvm(*words[3:], "--resume", timeout=120)
    assert done.code == 0, done.err
    with open_store(skvm.home) as store:
        after = dict(store.blobs._db.run("SELECT key, value FROM records WHERE tab LIKE 'probes %'"))
    body = done.json
    finished = [key for key in before if key.startswith("done ")]
    flying = [k for k in before if k.startswith("begun ") and f"done {k.removeprefix('begun ')}" not in before]
    assert all(after[key] == before[key] for key in finished), "a completed probe was put again"
    assert all(after["begun " + key.removeprefix("done ")] == "1" for key in finished)
    assert all(after[key] == "2" for key in flying) and body["repeated"] == len(flying)
    assert body["fresh"] == body["instances"] - len(finished)
    assert (skvm.home / "profiles" / "sim-weak@builtin.json").read_bytes() == whole
    return len(finished), len(flying)


@pytest.fixture
def whole(skvm):
    done = skvm("profile", "sim/weak", *THREE, "--seed", "7", "--concurrency", "1", timeout=120)
    assert done.code == 0, done.err
    return (skvm.home / "profiles" / "sim-weak@builtin.json").read_bytes()


@pytest.mark.parametrize("moment", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 20))])
def test_killed_at_a_random_moment(skvm, whole, moment):
    shutil.rmtree(skvm.home)
    print("finished, in flight:", killed_and_resumed(skvm, random.Random(moment), whole, moment * 3 // 2))
