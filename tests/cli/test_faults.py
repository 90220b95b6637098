"""A model server that fails in every way, under a deadline, from a cold start: exit code, one line, nothing stored.

Ends are asserted by kind, not by wall time; bench/ measures the time.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from skvm.testing.loopback import Asked, Fault, LoopbackServer, Say, closed_port

pytestmark = pytest.mark.net

KEY = {"OPENAI_API_KEY": "sk-loopback-not-a-secret-4711"}


def errors(done):
    return [x for x in done.err.splitlines() if x.startswith("skvm: ")]


def ask(skvm, skill, url, *more):
    return skvm("run", skill, "--model", "openai/m", "--api-base", url, "--input", "sort it", *more, env=KEY)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault("status", 401), "key"),
        (Fault("status", 403), "refused"),
        (Fault("garbage"), ""),
        (Fault("cut"), ""),
        (Fault("hang"), "deadline"),
        (Fault("stall"), "deadline"),
        (Fault("status", 500), ""),
        (Fault("status", 429, retry_after=60), ""),
    ],
    ids=["401", "403", "garbage", "cut", "hang", "stall", "500", "429"],
)
def test_no_answer_is_an_infrastructure_failure(skvm, skill, fault, word):
    with LoopbackServer(fault) as server:
        for deadline in ("4", "16", "50") if word == "deadline" else ("50",):
            done = ask(skvm, skill, server.base_url, "--deadline", deadline)
            if "before the first step" not in done.err:
                break  # else the machine was too busy to get as far as the fault
    assert done.code == 3, done.err
    assert len(errors(done)) == 1
    assert word in errors(done)[0].lower() or not word
    assert KEY["OPENAI_API_KEY"] not in done.out + done.err
    assert not stored(skvm.home, KEY["OPENAI_API_KEY"].encode())


def test_dead_server(skvm, skill):
    with closed_port() as url:
        done = ask(skvm, skill, url, "--deadline", "50")
    assert done.code == 3
    assert len(errors(done)) == 1


def test_nothing_is_learned_from_a_failure(skvm, skill):
    with LoopbackServer(Fault("status", 401)) as server:
        ask(skvm, skill, server.base_url, "--deadline", "50")
    listed = skvm("jit", "list", "--format", "json")
    assert listed.json == {"items": [], "observed": []}


def finish(asked: Asked) -> Say:
    if not asked.results:
        return Say(calls=[("write_file", {"path": "sorted.csv", "content": "a,b\n1,2\n"})])
    return Say(calls=[("finish", {"values": {}, "summary": "sorted"})])


def test_a_real_conversation_through_litellm(skvm, skill, tmp_path):
    with LoopbackServer(finish) as server:
        done = ask(skvm, skill, server.base_url, "--format", "json", "--workdir", str(tmp_path / "work"))
        assert done.code == 0, done.err
        assert {"write_file", "finish"} <= set(server.requests[0].tools)
        assert server.requests[0].body.get("stream") is True
    assert done.json["status"] == "done"
    assert not done.json["simulated"]
    assert [o["path"] for o in done.json["outputs"]] == ["sorted.csv"]
    assert (tmp_path / "work" / "sorted.csv").read_text() == "a,b\n1,2\n"
    assert KEY["OPENAI_API_KEY"].encode() not in b"".join(p.read_bytes() for p in skvm.home.rglob("*") if p.is_file())


def test_interrupt(skvm, skill):
    with LoopbackServer(Fault("hang")) as server:
        env = os.environ | KEY | {"SKVM_HOME": str(skvm.home), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        words = ["run", str(skill), "--model", "openai/m", "--api-base", server.base_url, "--input", "x"]
        child = subprocess.Popen(
            [sys.executable, "-m", "skvm", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        until = time.monotonic() + 60
        while not server.requests and child.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert b"Traceback" not in err


def stored(home, secret):
    return [p for p in home.rglob("*") if p.is_file() and secret in p.read_bytes()]


def can_mount():
    probe = "mount -t tmpfs -o size=64k none /mnt && true"
    return subprocess.run(["unshare", "-rm", "sh", "-c", probe], capture_output=True).returncode == 0


@pytest.mark.skipif(sys.platform != "linux" or not can_mount(), reason="no user namespace to mount a small disk in")
def test_full_disk(skill, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    run = f"{sys.executable} -m skvm run {skill} --model sim/strong --input x"
    plan = f"{sys.executable} -m skvm compile {skill} --target sim/strong -o {small}/plan.json"
    fill = f"head -c 60000 /dev/zero > {small}/fill; head -c 9000 /dev/zero > {small}/fill2"
    script = f"mount -t tmpfs -o size=64k none {small} && ({fill}; {run}; echo run=$?; {plan}; echo plan=$?; ls -A {small})"
    env = os.environ | {"SKVM_HOME": str(small), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, env=env, timeout=60)
    assert "run=3" in done.stdout, done.stdout + done.stderr
    assert "plan=3" in done.stdout
    assert "plan.json" not in done.stdout.split("plan=3")[1]
    assert "Traceback" not in done.stderr
