"""One proved sandbox or a clear refusal, never something weaker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from skvm.adapters import sandboxes
from skvm.adapters.confine.selftest import DENIALS, prove
from skvm.diag import SandboxError, UsageError
from skvm.ports import SandboxGrants, SandboxRequest, SandboxResult, SelfTest


class Stub:
    def __init__(self, name, ok=True, version="1"):
        self.name, self.version, self.ok, self.proofs = name, version, ok, 0

    def prove(self):
        self.proofs += 1
        return SelfTest(ok=self.ok, backend=self.name, version=self.version, failed=() if self.ok else ("tcp",))


@pytest.fixture
def backends(monkeypatch):
    def use(**stubs):
        def build(stub):
            if isinstance(stub, Exception):
                raise stub
            return stub

        monkeypatch.setattr(sandboxes, "BACKENDS", {name: lambda s=stub: build(s) for name, stub in stubs.items()})
        monkeypatch.setattr(sandboxes, "_proved", set())

    return use


def test_the_first_that_proves_itself(backends):
    weak, good = Stub("weak", ok=False), Stub("good")
    backends(gone=SandboxError("not installed"), weak=weak, good=good)
    assert anyio.run(sandboxes.choose_sandbox) is good


def test_no_silent_downgrade(backends):
    weak, good = Stub("weak", ok=False), Stub("good")
    backends(weak=weak, good=good)
    with pytest.raises(SandboxError) as caught:
        sandboxes.prove_sandbox("weak")
    assert "weak: failed tcp" in caught.value.line()
    assert caught.value.exit_code == 3
    assert good.proofs == 0


def test_refusal_says_what_is_missing_and_what_to_install(backends):
    backends(a=SandboxError("a is not installed"), b=Stub("b", ok=False))
    with pytest.raises(SandboxError) as caught:
        sandboxes.prove_sandbox()
    assert all(word in caught.value.line() for word in ("a is not installed", "b: failed tcp", "install bubblewrap"))


def test_unknown_name():
    with pytest.raises(UsageError, match="unknown sandbox 'chroot'"):
        sandboxes.prove_sandbox("chroot")


def test_a_proof_is_remembered_for_this_boot_and_version_only(backends, tmp_path, monkeypatch):
    good = Stub("good")
    backends(good=good)
    for _ in range(3):
        sandboxes.prove_sandbox(cache_dir=tmp_path)
    assert good.proofs == 1
    monkeypatch.setattr(sandboxes, "_proved", set())
    sandboxes.prove_sandbox(cache_dir=tmp_path)
    assert good.proofs == 1
    monkeypatch.setattr(sandboxes, "_proved", set())
    good.version = "2"
    sandboxes.prove_sandbox(cache_dir=tmp_path)
    assert good.proofs == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failure_is_never_remembered(backends, tmp_path):
    late = Stub("late", ok=False)
    backends(late=late)
    with pytest.raises(SandboxError):
        sandboxes.prove_sandbox(cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())
    late.ok = True
    assert sandboxes.prove_sandbox(cache_dir=tmp_path) is late


def test_cache_that_cannot_be_written_is_no_failure(backends, tmp_path):
    (tmp_path / "file").write_text("")
    good = Stub("good")
    backends(good=good)
    assert sandboxes.prove_sandbox(cache_dir=tmp_path / "file" / "x") is good


def test_examination_tells_of_every_backend(backends):
    backends(gone=SandboxError("not installed"), good=Stub("good"))
    gone, good = sandboxes.examine()
    assert (gone.ok, gone.detail, good.ok) == (False, "not installed", True)


def test_a_sandbox_that_confines_nothing_is_found_out():
    """The self-test itself: run without any confinement it must fail, and say where."""
    import subprocess
    import sys

    from skvm.adapters.confine.process import Job, Launch
    from skvm.adapters.confine.selftest import Attempt

    def start(request):
        argv = [sys.executable, "-c", "import os,sys; os.chdir(sys.argv[1]); os.execve(sys.argv[2], sys.argv[2:], {})"]
        job = Job(Launch([*argv, str(request.cwd), *request.argv], b"", 10.0, 65536, 1 << 20, kill=subprocess.Popen.kill))
        return Attempt(job, lambda e: SandboxResult(exit_code=e.returncode, stdout=e.stdout, stderr=e.stderr), lambda: None)

    report = prove("open door", "1", start)
    assert not report.ok
    must = {"write-outside", "read-secret-file", "list-secret-folder", "inherit-environment", "signal-outside", "tcp", "udp"}
    assert must | {"unix-socket", "abstract-socket", "datagram-pair", "ptrace", "survive-deadline"} <= set(report.failed)
    assert set(report.failed) | set(report.denied) == set(DENIALS)


def test_a_sandbox_in_which_nothing_works_does_not_pass():
    report = prove("dead", "1", lambda request: SandboxResult(exit_code=1, stdout=b"", stderr=b"no"))
    assert not report.ok
    assert report.failed == ("start",)
    report = prove("mute", "1", lambda request: SandboxResult(exit_code=0, stdout=b"{}", stderr=b""))
    assert not report.ok
    assert "work" in report.failed


def test_a_network_that_does_not_prove_itself_is_not_granted(tmp_path: Path) -> None:
    """The command runs, without a network, and that is said."""
    sandbox = next(made for made in _backends())
    failed = SelfTest(ok=False, backend=sandbox.name, version="", failed=("past-the-proxy",))
    sandbox._outlet_report = failed
    asked: list[str] = []

    async def reach(host: str, port: int) -> str:
        asked.append(host)
        return "127.0.0.1"

    code = "import os, socket; print(os.environ.get('http_proxy')); socket.socket()"
    request = SandboxRequest(
        argv=("python3", "-c", code),
        cwd=tmp_path,
        grants=SandboxGrants(work=tmp_path),
        env={"PATH": "/usr/bin:/bin"},
        reach=reach,
    )
    done = anyio.run(sandbox.run, request)
    assert done.stdout == b"None\n" and done.exit_code != 0 and not asked
    assert any("past-the-proxy" in note and note.startswith("no network") for note in done.notes)


def _backends() -> Iterator[Any]:
    for build in sandboxes.BACKENDS.values():
        try:
            yield build()
        except SandboxError:
            continue
    pytest.skip("no sandbox on this machine")
