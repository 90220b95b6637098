"""`skvm env --lock` and `--apply`, as a user calls them: real clients, real sandbox, packages that were made here."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import anyio
import pytest
from packaging_kit import index, node_package, offline, serving, wheel

from skvm.app import Settings
from skvm.app.sandbox import sandbox_of
from skvm.diag import SandboxError


@pytest.fixture(scope="module", autouse=True)
def sandbox(tmp_path_factory):
    home = tmp_path_factory.mktemp("proof")
    try:
        return anyio.run(sandbox_of, Settings(home=home, cache=home))
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.fixture
def links(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    module = "from tiny_base import VALUE\n\ndef total():\n    return VALUE + 1\n"
    wheel(folder, "tiny-sum", "1.2", module, needs=("tiny-base",))
    wheel(folder, "tiny-sum", "2.0", "raise RuntimeError('not this one')\n")
    wheel(folder, "tiny-base")
    return folder


@pytest.fixture
def needy(tmp_path):
    root = tmp_path / "needy"
    root.mkdir()
    (root / "SKILL.md").write_text(
        "---\nname: needy\ndescription: Add up. Use when a total is wanted.\n---\n# Add up\n\n## Setup\n\n"
        "```bash\npip install 'tiny-sum<2'\n```\n\n## Steps\n\n1. Run `python scripts/total.py`.\n2. Run `cat total.txt`.\n"
    )
    (root / "scripts").mkdir()
    (root / "scripts" / "total.py").write_text(
        "from pathlib import Path\nfrom tiny_sum import total\nPath('total.txt').write_text(str(total()))\n"
    )
    return root


def built(home):
    folder = home / "prefixes"
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def test_a_lock_names_versions_hashes_and_spans_and_nothing_of_this_machine(skvm, needy, links, tmp_path):
    first, second = tmp_path / "a.lock", tmp_path / "b.lock"
    done = skvm("env", needy, "--lock", "-o", first, env=offline(links))
    assert done.code == 0, done.err
    assert skvm("env", needy, "--lock", "-o", second, env=offline(links)).code == 0
    assert first.read_bytes() == second.read_bytes()
    lock = json.loads(first.read_text())
    rows = {p["name"]: p for p in lock["packages"]}
    assert {n: (p["version"], p["asked"]) for n, p in rows.items()} == {"tiny-sum": ("1.2", True), "tiny-base": ("1.0", False)}
    for name, row in rows.items():
        file = links / row["file"]
        assert row["hashes"] == [f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"], name
    (need,) = [n for n in lock["needs"] if n["kind"] == "pip"]
    span, raw = need["spans"][0], (needy / "SKILL.md").read_bytes()
    assert raw[span["start"] : span["end"]] == b"tiny-sum" and need["version"] == "<2"
    assert str(tmp_path) not in first.read_text() and "://" not in first.read_text()


def test_a_lock_without_asking_anybody_has_names_only(skvm, needy, tmp_path):
    lock = tmp_path / "x.lock"
    done = skvm("env", needy, "--lock", "--offline", "-o", lock)
    assert done.code == 0 and "names only" in done.out
    assert json.loads(lock.read_text())["packages"] == []
    done = skvm("env", needy, "--apply", "--from", lock)
    assert done.code == 2 and "offline" in done.err and not built(skvm.home)


def test_what_was_built_is_loaded_reported_and_used_by_runs(skvm, needy, links, tmp_path):
    before = skvm("env", needy, "--format", "json").json
    assert [r["name"] for r in before["missing"]] == ["tiny-sum"] and before["prefix"] == ""
    assert before["missing"][0]["hint"] == "pip install 'tiny-sum<2'"
    assert before["missing"][0]["places"] == ["SKILL.md:10"]
    done = skvm("env", needy, "--apply", "--format", "json", env=offline(links))
    assert done.code == 0, done.err
    assert done.json["prefix"]["loaded"] == {"pip tiny-sum": "imported tiny_sum"}
    assert "installing 2 Python packages" in done.err and "loading tiny-sum 1.2" in done.err
    (folder,) = built(skvm.home)
    again = skvm("env", needy, "--apply", env=offline(tmp_path / "nowhere"))
    assert again.code == 0 and "installing" not in again.err and built(skvm.home) == [folder]
    after = skvm("env", needy, "--format", "json")
    (row,) = [r for r in after.json["present"] if r["kind"] == "pip"]
    assert "version 1.2, imported tiny_sum in the isolated prefix" in row["detail"] and not after.json["missing"]
    work = tmp_path / "work"
    work.mkdir()
    ran = skvm("run", needy, "--model", "sim/strong", "--input", "add", "--workdir", work)
    assert ran.code == 0, ran.out + ran.err
    assert (work / "total.txt").read_text() == "42"


def test_a_run_builds_only_when_told(skvm, needy, links, tmp_path):
    words = ("run", needy, "--model", "sim/strong", "--input", "add", "--workdir", tmp_path)
    done = skvm(*words, env=offline(links))
    assert "are not built" in done.err and not built(skvm.home) and not (tmp_path / "total.txt").exists()
    done = skvm(*words, "--build", env=offline(links))
    assert done.code == 0 and (tmp_path / "total.txt").read_text() == "42"


def test_the_same_lock_gives_the_same_prefix_again(skvm, needy, links, tmp_path):
    lock = tmp_path / "x.lock"
    skvm("env", needy, "--lock", "-o", lock, env=offline(links))
    wheel(links, "tiny-sum", "1.9", "raise RuntimeError('newer than the lock')\n")
    done = skvm("env", needy, "--apply", "--from", lock, "--format", "json", env=offline(links))
    assert done.code == 0, done.err
    wheel(links, "tiny-base", module="VALUE = 'other bytes under the same name'\n")
    shutil.rmtree(skvm.home / "prefixes")
    done = skvm("env", needy, "--apply", "--from", lock, env=offline(links))
    assert done.code == 3 and "hash" in done.err.lower() and not built(skvm.home)


def test_without_an_index_it_is_one_line_and_nothing_is_left(skvm, needy, tmp_path):
    (tmp_path / "empty").mkdir()
    dead = {**offline(tmp_path), "PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    for env, says in ((offline(tmp_path / "empty"), "tiny-sum"), (dead, "cannot reach its index")):
        done = skvm("env", needy, "--apply", env=env)
        assert done.code == 3 and says in done.err and not done.out
        assert len([line for line in done.err.splitlines() if line.startswith("skvm:")]) == 1, done.err
        done = skvm("env", needy, "--lock", "-o", tmp_path / "x.lock", env=env)
        assert done.code == 3 and not (tmp_path / "x.lock").exists()
        assert not built(skvm.home)


@pytest.mark.parametrize(
    ("module", "more", "says"),
    [
        ("import a_library_that_is_not_there\n", (), "does not load"),
        ("X = '" + "x" * 3_000_000 + "'\n", ("--max-size", "1"), "MiB"),
    ],
)
def test_what_does_not_load_or_is_too_large_is_not_kept(skvm, needy, links, module, more, says):
    wheel(links, "tiny-sum", "1.3", module)
    done = skvm("env", needy, "--apply", *more, env=offline(links))
    assert done.code == 3 and says in done.err and not built(skvm.home)
    assert [r["name"] for r in skvm("env", needy, "--format", "json").json["missing"]] == ["tiny-sum"]


def test_a_package_can_be_left_out(skvm, needy, links):
    done = skvm("env", needy, "--apply", "--without", "tiny-sum", env=offline(links))
    assert done.code == 0 and "nothing to build" in done.out
    done = skvm("env", needy, "--apply", "--without", "other", env=offline(links))
    assert done.code == 2 and "it asks for: tiny-sum" in done.err


def test_a_package_of_which_there_are_only_sources_is_told_as_that(skvm, needy, links):
    for place in links.glob("tiny_sum-1.2*"):
        place.unlink()
    (links / "tiny_sum-1.2.tar.gz").write_bytes(b"never opened")
    done = skvm("env", needy, "--apply", env=offline(links))
    assert done.code == 3 and not built(skvm.home)
    assert "no wheel of tiny-sum" in done.err and "--without tiny-sum" in done.err and "sources are not built" in done.err
    assert "Traceback" not in done.err


def start(skvm, needy, links):
    env = {**os.environ, "SKVM_HOME": str(skvm.home), **offline(links)}
    words = [sys.executable, "-m", "skvm", "env", str(needy), "--apply"]
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def test_two_at_once_build_one(skvm, needy, links):
    both = [start(skvm, needy, links) for _ in range(2)]
    said = [child.communicate(timeout=120) for child in both]
    assert [child.returncode for child in both] == [0, 0], said
    assert len(built(skvm.home)) == 1
    assert sum(b"installing" in err for _, err in said) == 1


def test_killed_in_the_middle_there_is_no_prefix_and_the_next_build_cleans_up(skvm, needy, links):
    wheel(links, "tiny-sum", "1.5", "import os, time\nif not os.path.exists('/tmp/never'):\n    time.sleep(60)\n")
    child = start(skvm, needy, links)
    for line in child.stderr:
        if line.startswith(b"loading"):
            break
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)
    (half,) = built(skvm.home)
    assert [r["name"] for r in skvm("env", needy, "--format", "json").json["missing"]] == ["tiny-sum"]
    (links / "tiny_sum-1.5-py3-none-any.whl").unlink()
    wheel(links, "tiny-sum", "1.5", "VALUE = 1\n")
    end = time.monotonic() + 30
    while _alive(half) and time.monotonic() < end:
        time.sleep(0.1)
    done = skvm("env", needy, "--apply", env=offline(links))
    assert done.code == 0, done.err
    assert len(built(skvm.home)) == 1


def _alive(folder):
    """Does a process still run a program of the folder?"""
    for place in os.listdir("/proc"):
        if place.isdigit():
            try:
                with open(f"/proc/{place}/cmdline", "rb") as file:
                    if str(folder).encode() in file.read():
                        return True
            except OSError:
                continue
    return False


@pytest.fixture
def outward(sandbox):
    report = sandbox.prove_outlet()
    if not report.ok:
        pytest.skip(f"no network from the sandbox here: {report.detail or report.failed}")


def test_an_index_is_reached_and_no_other_host(skvm, needy, links, tmp_path, outward):
    names = ("tiny_sum-1.2-py3-none-any.whl", "tiny_base-1.0-py3-none-any.whl")
    wheels = [links / name for name in names]
    none = {**offline(links), "PIP_NO_INDEX": "", "PIP_FIND_LINKS": ""}
    with serving(index(wheels)) as (address, asked):
        done = skvm("env", needy, "--apply", env={**none, "PIP_INDEX_URL": f"{address}/simple"})
        assert done.code == 0, done.err
        assert f"/files/{names[0]}" in asked
    shutil.rmtree(skvm.home / "prefixes")
    with serving(index(wheels)) as (other, files), serving(index(wheels, other)) as (address, _):
        env = {**none, "PIP_INDEX_URL": f"{address}/simple"}
        done = skvm("env", needy, "--apply", env=env)
        host = other.removeprefix("http://")
        assert done.code == 3 and host in done.err and "SKVM_INDEX_HOSTS" in done.err and not files and not built(skvm.home)
        done = skvm("env", needy, "--apply", env={**env, "SKVM_INDEX_HOSTS": host})
        assert done.code == 0, done.err


def test_landlock_takes_packages_from_folders_too(skvm, needy, links):
    env = {**offline(links), "SKVM_SANDBOX": "landlock"}
    if skvm("run", needy, "--model", "sim/strong", env=env).code == 3:
        pytest.skip("Landlock does not prove itself here")
    done = skvm("env", needy, "--apply", env=env)
    assert done.code == 0, done.err
    assert skvm("run", needy, "--model", "sim/strong", "--input", "x", env=env).code == 0


def test_packages_of_npm_with_scope_and_version(skvm, tmp_path, outward):
    if not shutil.which("npm", path="/usr/local/bin:/usr/bin"):
        pytest.skip("npm is not installed")
    root = tmp_path / "knotted"
    root.mkdir()
    (root / "SKILL.md").write_text(
        "---\nname: knotted\ndescription: Tie knots. Use when a knot is wanted.\n---\n# Tie\n\n## Setup\n\n"
        "```bash\nnpm install @ropes/knot@^1.2\n```\n\n## Steps\n\n"
        "1. Run `node scripts/tie.js`.\n2. Run `cat knot.txt`.\n"
    )
    (root / "scripts").mkdir()
    (root / "scripts" / "tie.js").write_text("require('fs').writeFileSync('knot.txt', require('@ropes/knot').tie())\n")
    made = {v: node_package("@ropes/knot", v, f"exports.tie = () => 'knot {v}'\n") for v in ("1.1.0", "1.2.5", "2.0.0")}

    def pages(address):
        rows = {
            v: {**about, "dist": {"tarball": f"{address}/t/{v}.tgz", "integrity": integrity}}
            for v, (about, _, integrity) in made.items()
        }
        body = {"name": "@ropes/knot", "dist-tags": {"latest": "2.0.0"}, "versions": rows}
        found = {"/@ropes%2fknot": ("application/json", json.dumps(body).encode())}
        return found | {f"/t/{v}.tgz": ("application/octet-stream", data) for v, (_, data, _) in made.items()}

    lock = tmp_path / "x.lock"
    with serving(pages) as (address, _):
        env = {"NPM_CONFIG_REGISTRY": address}
        assert skvm("env", root, "--lock", "-o", lock, env=env).code == 0
        done = skvm("env", root, "--apply", "--from", lock, env=env)
        assert done.code == 0, done.err
    (row,) = json.loads(lock.read_text())["packages"]
    assert (row["name"], row["version"], row["hashes"]) == ("@ropes/knot", "1.2.5", [made["1.2.5"][2]])
    assert "127.0.0.1" not in lock.read_text()
    work = tmp_path / "work"
    work.mkdir()
    ran = skvm("run", root, "--model", "sim/strong", "--input", "x", "--workdir", work)
    assert ran.code == 0 and (work / "knot.txt").read_text() == "knot 1.2.5", ran.out + ran.err


def test_a_lock_of_something_else_is_refused(skvm, needy, skill, links, tmp_path):
    lock = tmp_path / "x.lock"
    skvm("env", needy, "--lock", "-o", lock, env=offline(links))
    done = skvm("env", skill, "--apply", "--from", lock)
    assert done.code == 2 and "not for what tidy-csv asks for" in done.err
    body = json.loads(lock.read_text())
    for name, change, says in (
        ("edited", {"skill": "other"}, "does not match its digest"),
        ("newer", {"schema": 9}, "newer than"),
        ("broken", {"packages": [{"kind": "cargo"}]}, "at packages.0"),
    ):
        (tmp_path / name).write_text(json.dumps({**body, **change}))
        done = skvm("env", needy, "--apply", "--from", tmp_path / name)
        assert done.code == 2 and says in done.err, name
    for words in (("--from", lock), ("-o", lock), ("--offline",), ("--apply", "--offline")):
        assert skvm("env", needy, *words).code == 2
