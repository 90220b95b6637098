"""The same sandboxes started by a user without rights: everything must still hold."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skvm
from skvm.adapters.landlock import OLDEST_ABI, landlock_abi
from skvm.testing.conformance import ATTEMPTS

NOBODY = 65534
MAIN = """
import json, sys, pathlib, tempfile
from skvm.adapters.bubblewrap import Bubblewrap
from skvm.adapters.landlock import Landlock
from skvm.testing.conformance.outlet import OWN, OutletSuite, permits
made = {"bubblewrap": Bubblewrap, "landlock": Landlock}[sys.argv[1]]
class Suite(OutletSuite):
    def make(self):
        return made()
report, outlet = made().prove(), made().prove_outlet()
with tempfile.TemporaryDirectory() as folder:
    through = sorted(Suite().escapes(pathlib.Path(folder)))
with tempfile.TemporaryDirectory() as folder:
    through += sorted(Suite().escapes(pathlib.Path(folder), permits("good.invalid")) - OWN)
with tempfile.TemporaryDirectory() as folder:
    Suite().test_granted_hosts_are_reached_and_others_are_named(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    Suite().test_permitted_things_work(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    Suite().test_process_that_left_does_not_survive_the_deadline(pathlib.Path(folder))
with tempfile.TemporaryDirectory() as folder:
    Suite().test_fork_storm_ends_at_the_deadline(pathlib.Path(folder))
ok, failed = report.ok and outlet.ok, report.failed + outlet.failed
print(json.dumps({"ok": ok, "failed": failed, "detail": report.detail + outlet.detail, "through": through}))
"""


def interpreter() -> str | None:
    """A Python of this version that an unprivileged user can start and that finds our packages."""
    name = f"python3.{sys.version_info.minor}"
    for program in (sys.executable, getattr(sys, "_base_executable", ""), f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        if program and os.path.exists(program):
            try:
                done = subprocess.run([program, "-c", "0"], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", env={})
            except OSError:
                continue
            if done.returncode == 0:
                return program
    return None


@pytest.fixture
def nobody(tmp_path):
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.skip("only root can become another user")
    program = interpreter()
    if program is None:
        pytest.skip("no interpreter of this version that an unprivileged user can start")
    home = Path("/var/tmp") / f"skvm-nobody-{os.getpid()}"
    copy = home / "copy"
    shutil.copytree(Path(skvm.__file__).parent, copy / "skvm", ignore=shutil.ignore_patterns("__pycache__"))
    os.chown(home, NOBODY, NOBODY)
    packages = [p for p in sys.path if p.endswith("site-packages")]

    def run(*words):
        env = {"PYTHONPATH": ":".join([str(copy), *packages]), "HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [program, *words], user=NOBODY, group=NOBODY, extra_groups=[], env=env, cwd="/", capture_output=True, text=True
        )

    try:
        if run("-c", "import pydantic, anyio").returncode != 0:
            pytest.skip("an unprivileged user cannot read the installed packages")
        yield run
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("backend", ["bubblewrap", "landlock"])
def test_nothing_gets_out(nobody, backend):
    if backend == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    if backend == "landlock" and landlock_abi() < OLDEST_ABI:
        pytest.skip("no Landlock in this kernel")
    done = nobody("-c", MAIN, backend)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report == {"ok": True, "failed": [], "detail": "", "through": []}
    assert len(ATTEMPTS) > 70
