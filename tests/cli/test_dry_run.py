"""`run --dry-run` shows plan, permissions with their places, and estimate, and does nothing at all."""

import json
import os
import subprocess
import sys

from skvm.testing.loopback import LoopbackServer, Say

SKILL = """---
name: fetch-report
description: Fetches the weekly figures and writes a report. Use for the weekly report.
---
# Fetch report

## Steps

1. Get the figures: `curl -sS https://figures.tidewater.dev/week.json -o week.json` with the key in `$FIGURES_KEY`.
2. Read `week.json` and write `out/report.md`.
"""

WATCH = """
import os, sys
acts = []
def hook(event, args):
    if event == "open":
        flags = args[2] if len(args) > 2 and isinstance(args[2], int) else 0
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            acts.append(f"{event} {args[0]}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.symlink", "os.link", "os.truncate", "os.chmod", "sqlite3.connect",
                   "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
                   "socket.connect", "socket.bind", "socket.getaddrinfo", "tempfile.mkstemp", "tempfile.mkdtemp"):
        acts.append(f"{event} {args[:1]}")
sys.addaudithook(hook)
from skvm.cli.entry import group
code = group.main(sys.argv[1:], standalone_mode=False)
print("ACTS", acts, file=sys.stderr)
sys.exit(code)
"""


def watched(tmp_path, *words):
    home = tmp_path / "home"
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")}
    env |= {"SKVM_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "OPENAI_API_KEY": "sk-not-a-secret"}
    cwd = tmp_path / "cwd"
    cwd.mkdir(exist_ok=True)
    argv = [sys.executable, "-c", WATCH, *map(str, words)]
    done = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert not home.exists() and not list(cwd.iterdir())
    acts = next(line for line in done.stderr.splitlines() if line.startswith("ACTS "))
    return done.stdout, acts


def skill_in(tmp_path):
    root = tmp_path / "fetch-report"
    root.mkdir()
    (root / "SKILL.md").write_text(SKILL)
    return root


def test_nothing_is_asked_written_or_started(tmp_path):
    with LoopbackServer(lambda asked: Say(text="no")) as server:
        words = ("run", skill_in(tmp_path), "--model", "openai/m", "--api-base", server.base_url, "--input", "x", "--dry-run")
        out, acts = watched(tmp_path, *words)
        assert not server.requests
    assert acts == "ACTS []"
    assert "nothing was run" in out


def test_the_watch_sees_a_run(tmp_path):
    """Else the test above would prove nothing."""
    script = "import pathlib, subprocess; pathlib.Path('x').mkdir(); open('y', 'w'); subprocess.run(['true'])"
    code = WATCH.replace("from skvm.cli.entry import group", "").replace(
        "code = group.main(sys.argv[1:], standalone_mode=False)", f"{script}; code = 0"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert all(word in done.stderr for word in ("os.mkdir", "open y", "subprocess.Popen")), done.stderr


def test_every_grant_cites_its_place_and_the_policy_is_applied(skvm, tmp_path):
    root = skill_in(tmp_path)
    (tmp_path / "skvm.toml").write_text('[policy]\nhosts = ["*.example.org"]\n[policy.limits]\ndeadline = 9\n')
    words = ("run", root, "--model", "sim/strong", "--dry-run")
    free = skvm(*words, "--format", "json").json
    bound = skvm(*words, "--format", "json", cwd=tmp_path).json
    grants = {(g["kind"], g["name"]): g["cites"] for g in free["permissions"]["grants"]}
    assert all(grants.values())
    assert grants["host", "figures.tidewater.dev"] == ["SKILL.md:9"]
    assert grants["env", "FIGURES_KEY"] == ["SKILL.md:9"]
    assert not free["permissions"]["refused"]
    assert [g["name"] for g in bound["permissions"]["refused"]] == ["figures.tidewater.dev"]
    assert ("host", "figures.tidewater.dev") not in {(g["kind"], g["name"]) for g in bound["permissions"]["grants"]}
    assert bound["permissions"]["limits"] == {"deadline": 9.0}
    assert free["estimate"]["tokens"] > 0 and free["estimate"]["cost"] is None
    text = skvm(*words, cwd=tmp_path).out
    assert "refused by the user's policy:\n    host figures.tidewater.dev" in text and "SKILL.md:9" in text
    json.dumps(free)


def test_a_bad_policy_ends_before_anything(skvm, tmp_path):
    root = skill_in(tmp_path)
    (tmp_path / "skvm.toml").write_text("[policy]\nhots = []\n")
    for more in (("--dry-run",), ("--input", "x")):
        done = skvm("run", root, "--model", "sim/strong", *more, cwd=tmp_path)
        assert done.code == 2 and f"{tmp_path}/skvm.toml:2:1: unknown key 'hots'" in done.err
    assert not skvm.home.exists()


def test_a_variable_that_the_skill_does_not_name_is_refused(skvm, tmp_path):
    root = skill_in(tmp_path)
    env = {"OTHER_SECRET": "x" * 20, "FIGURES_KEY": "y" * 20}
    done = skvm("run", root, "--model", "sim/strong", "--input", "x", "--env", "OTHER_SECRET", env=env)
    assert done.code == 2 and "does not name the variable OTHER_SECRET" in done.err and "FIGURES_KEY" in done.err
    (tmp_path / "skvm.toml").write_text("[policy]\nenv = []\n")
    done = skvm("run", root, "--model", "sim/strong", "--input", "x", "--env", "FIGURES_KEY", env=env, cwd=tmp_path)
    assert done.code == 2 and "policy" in done.err and "FIGURES_KEY" in done.err
