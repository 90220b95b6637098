"""The start-up self-test of a sandbox: it must be seen to deny, on this machine, before anything of a skill runs in it.

Every denial has its control: the host looks for the trace of the act afterwards (a file, a connection, a dead process), and
the probe must also do its permitted acts and report every attempt, so that a probe that fails for another reason cannot pass
for a denial.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio

from skvm.adapters.confine.outlet import Outlet
from skvm.adapters.confine.process import Ended, Job
from skvm.diag import SandboxError
from skvm.ports import HostRefused, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult, SelfTest


@dataclass(slots=True)
class Attempt:
    """A job ready to run, how to read its end, and how to release what it holds (always to be called once).

    `outlet` is to be served while the job runs, if the program has one.
    """

    job: Job
    read: Callable[[Ended], SandboxResult]
    release: Callable[[], None]
    outlet: Outlet | None = None


Starter = Callable[[SandboxRequest], "Attempt | SandboxResult"]
Runner = Callable[[SandboxRequest], Awaitable[SandboxResult]]

# Names of what must be denied, in the order of the report.
DENIALS = (
    "write-outside", "read-secret-file", "list-secret-folder", "read-secret-environment", "inherit-environment",
    "signal-outside", "tcp", "udp", "unix-socket", "abstract-socket", "datagram-pair", "unshare", "ptrace", "mount",
    "kernel-setting", "survive-deadline",
)  # fmt: skip

_PROBE = r"""
import ctypes, json, os, socket, sys
plan = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
seen = {}
def attempt(name, act):
    try:
        seen[name] = bool(act())
    except BaseException as error:
        seen[name] = False
def put(path, text="x"):
    with open(path, "w") as stream:
        stream.write(text)
    return True
def get(path):
    with open(path, "rb") as stream:
        return plan["canary"].encode() in stream.read()
def talk(family, kind, address):
    with socket.socket(family, kind) as link:
        link.settimeout(1)
        link.connect(address)
        link.send(b"x")
    return True
def stray():
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.sendto(b"x", plan["datagram"])
    return True
def signal(pid):
    # In a process namespace the number may be our own; whether the outer process was hit is the host's to see.
    if pid not in (1, os.getpid()):
        os.kill(pid, 15)
attempt("work", lambda: put(plan["work"] + "/made") and os.path.exists("made"))
attempt("fork", lambda: os.waitpid(os.fork() or os._exit(0), 0)[1] == 0)
attempt("write-outside", lambda: put(plan["outside"] + "/made"))
attempt("read-secret-file", lambda: get(plan["outside"] + "/secret"))
attempt("list-secret-folder", lambda: os.listdir(plan["outside"]))
attempt("read-secret-environment", lambda: any(get("/proc/%d/environ" % pid) for pid in plan["pids"]))
attempt("inherit-environment", lambda: plan["canary"] in repr(dict(os.environ)) or "SKVM_SELF_TEST" not in os.environ)
attempt("signal-outside", lambda: signal(plan["pids"][0]))
attempt("tcp", lambda: talk(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", plan["tcp"])))
attempt("udp", lambda: talk(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", plan["udp"])))
attempt("unix-socket", lambda: talk(socket.AF_UNIX, socket.SOCK_STREAM, plan["unix"]))
attempt("abstract-socket", lambda: talk(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + plan["abstract"]))
attempt("datagram-pair", stray)
attempt("unshare", lambda: libc.unshare(0x10000000) == 0)
attempt("ptrace", lambda: libc.ptrace(0, 0, 0, 0) == 0)
attempt("mount", lambda: libc.mount(b"none", plan["work"].encode(), b"tmpfs", 0, None) == 0)
attempt("kernel-setting", lambda: open("/proc/sys/kernel/core_pattern", "a"))
"""
_TOLD = "print(json.dumps(seen))\n"

# What a program with an outlet must still be denied, and what must work then.
OUTLET_DENIALS = (
    "tcp", "udp", "unix-socket", "abstract-socket", "datagram-pair", "refused-host", "past-the-proxy", "address-of-the-proxy",
)  # fmt: skip
_OUTLET_PROBE = r"""
proxy = os.environ["http_proxy"].rpartition(":")[2]
def ask(host):
    with socket.create_connection(("127.0.0.1", int(proxy)), 5) as link:
        link.sendall(("GET http://%s/ HTTP/1.1\r\n\r\n" % host).encode())
        return plan["canary"].encode() in b"".join(iter(lambda: link.recv(4096), b""))
attempt("granted-host", lambda: ask(plan["granted"]))
attempt("refused-host", lambda: ask(plan["refused"]))
attempt("past-the-proxy", lambda: talk(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", plan["web"])))
def answered(address):
    # A refusal is an answer: it comes from a network that should not be there.
    try:
        return talk(socket.AF_INET, socket.SOCK_STREAM, address)
    except ConnectionRefusedError:
        return True
attempt("address-of-the-proxy", lambda: answered((plan["own"], int(proxy))))
print(json.dumps(seen))
"""

# A child that leaves the session and the process group, ignores polite signals and goes on writing.
_SURVIVOR = r"""
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        devnull = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(devnull, fd)
        while True:
            with open("beat", "a") as stream:
                stream.write("x")
            time.sleep(0.01)
    os._exit(0)
time.sleep(60)
"""


def prove(name: str, version: str, start: Starter) -> SelfTest:
    """Run the probes in the sandbox that `start` starts; never raises for a sandbox that fails."""
    try:
        with ExitStack() as stack:
            scene = _Scene(stack)
            seen, detail = _probe(scene, start)
            seen["survive-deadline"] = _survives(scene, start)
            seen.update(scene.traces())
    except (SandboxError, OSError) as error:
        return SelfTest(ok=False, backend=name, version=version, failed=("start",), detail=str(error))
    denied = tuple(n for n in DENIALS if seen.get(n) is False)
    failed = [n for n in DENIALS if seen.get(n) is not False]
    failed += [n for n in ("work", "fork") if not seen.get(n)]
    return SelfTest(ok=not failed, backend=name, version=version, denied=denied, failed=tuple(failed), detail=detail)


def prove_outlet(name: str, version: str, run: Runner) -> SelfTest:
    """As `prove`, for a program with an outlet, which `run` must serve; not in a thread that runs an event loop."""
    try:
        with ExitStack() as stack:
            scene = _Scene(stack)
            request = scene.request(_PROBE + _OUTLET_PROBE, scene.plan()).model_copy(update={"reach": scene.reach})
            seen, detail = _answer(anyio.run(run, request))
            seen.update({name: True for name, happened in scene.traces().items() if happened})
    except (SandboxError, OSError) as error:
        return SelfTest(ok=False, backend=name, version=version, failed=("start",), detail=str(error))
    denials = tuple(n for n in DENIALS if n not in OUTLET_DENIALS and n != "survive-deadline") + OUTLET_DENIALS
    denied = tuple(n for n in denials if seen.get(n) is False)
    failed = [n for n in denials if seen.get(n) is not False]
    failed += [n for n in ("work", "fork", "granted-host") if not seen.get(n)]
    return SelfTest(ok=not failed, backend=name, version=version, denied=denied, failed=tuple(failed), detail=detail)


class _Scene:
    """What is planted: a secret in a file and in a process, servers, a work folder."""

    def __init__(self, stack: ExitStack) -> None:
        self.canary = secrets.token_hex(16)
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skvm-self-test-"))).resolve()
        self.work, self.outside = root / "work", root / "outside"
        for folder in (self.work, self.outside):
            folder.mkdir()
        (self.outside / "secret").write_text(self.canary)
        self._bearer = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            env={"SKVM_CANARY": self.canary},
        )
        stack.callback(self._release)
        self._tcp = _server(stack, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self._udp = _server(stack, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        self._unix = _server(stack, socket.AF_UNIX, socket.SOCK_STREAM, str(self.work / "s"))
        self._datagram = _server(stack, socket.AF_UNIX, socket.SOCK_DGRAM, str(self.work / "d"))
        self._abstract = _server(stack, socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.canary)
        self._web = _server(stack, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))

    def plan(self) -> str:
        """What the probe is told, as JSON."""
        return json.dumps(
            {
                "canary": self.canary,
                "work": str(self.work),
                "outside": str(self.outside),
                "pids": [self._bearer.pid, os.getpid()],
                "tcp": self._tcp.getsockname()[1],
                "udp": self._udp.getsockname()[1],
                "unix": str(self.work / "s"),
                "datagram": str(self.work / "d"),
                "abstract": self.canary,
                "web": self._web.getsockname()[1],
                "own": _own_address(),
                "granted": f"granted.invalid:{self._web.getsockname()[1]}",
                "refused": f"refused.invalid:{self._web.getsockname()[1]}",
            }
        )

    async def reach(self, host: str, port: int) -> str:
        """Lets a program to the web server of the scene under one name; answers one request there."""
        if host != "granted.invalid":
            raise HostRefused(f"{host} is not granted")
        threading.Thread(target=self._serve_once, daemon=True).start()
        return "127.0.0.1"

    def _serve_once(self) -> None:
        with suppress(OSError):
            ready, _, _ = select.select([self._web], [], [], 10)
            if ready:
                link, _ = self._web.accept()
                with link:
                    link.settimeout(10)
                    link.recv(4096)
                    link.sendall(f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{self.canary}".encode())

    def request(self, code: str, *arguments: str) -> SandboxRequest:
        """A request that runs Python `code` in the work folder."""
        return SandboxRequest(
            argv=(os.path.realpath(sys.executable), "-I", "-S", "-c", code, *arguments),
            cwd=self.work,
            grants=SandboxGrants(work=self.work),
            env={"PATH": "/usr/bin:/bin", "SKVM_SELF_TEST": "1"},
            limits=SandboxLimits(wall=20.0),
        )

    def traces(self) -> dict[str, bool]:
        """What the host can see of things that should not have happened; only what it saw."""
        found = {
            "write-outside": (self.outside / "made").exists(),
            "signal-outside": self._bearer.poll() is not None,
            "tcp": _touched(self._tcp),
            "udp": _touched(self._udp),
            "unix-socket": _touched(self._unix),
            "datagram-pair": _touched(self._datagram),
            "abstract-socket": _touched(self._abstract),
            "past-the-proxy": _touched(self._web),
        }
        return {name: True for name, happened in found.items() if happened}

    def _release(self) -> None:
        if self._bearer.stdin:
            self._bearer.stdin.close()
        self._bearer.wait(timeout=10)


def _own_address() -> str:
    """An address of this machine that is not loopback, where it has one: no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link, suppress(OSError):
        link.connect(("192.0.2.1", 9))
        return str(link.getsockname()[0])
    return "192.0.2.1"


def _server(stack: ExitStack, family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
    server = stack.enter_context(socket.socket(family, kind))
    server.bind(address)
    if kind == socket.SOCK_STREAM:
        server.listen(4)
    server.setblocking(False)
    return server


def _touched(server: socket.socket) -> bool:
    with suppress(BlockingIOError):
        if server.type == socket.SOCK_STREAM:
            server.accept()[0].close()
        else:
            server.recv(1)
        return True
    return False


def _probe(scene: _Scene, start: Starter) -> tuple[dict[str, bool], str]:
    return _answer(_run(start, scene.request(_PROBE + _TOLD, scene.plan())))


def _answer(result: SandboxResult) -> tuple[dict[str, bool], str]:
    """What the probe says it did; raises SandboxError when it says nothing."""
    try:
        seen = json.loads(result.stdout)
    except ValueError:
        raise SandboxError(f"the probe gave no answer: {result.stderr[-300:].decode('utf-8', 'replace')}") from None
    if not isinstance(seen, dict):
        raise SandboxError("the probe gave no answer")
    return {str(k): bool(v) for k, v in seen.items()}, ""


def _survives(scene: _Scene, start: Starter) -> bool:
    """True when a process went on after the end, or when the probe never got to try.

    The end is called as soon as the stray process is seen at work; it takes the same path as a deadline.
    """
    beat = scene.work / "beat"
    attempt = start(scene.request(_SURVIVOR))
    if isinstance(attempt, SandboxResult):
        return True
    stopper = threading.Thread(target=_stop_when, args=(beat, attempt.job), daemon=True)
    try:
        stopper.start()
        ended = attempt.job.run()
        stopper.join()
    finally:
        attempt.release()
    if ended.reason != "stopped" or not beat.exists():
        return True
    before = beat.stat().st_size
    time.sleep(0.1)
    return beat.stat().st_size != before


def _stop_when(beat: Path, job: Job) -> None:
    while not job.finished.is_set():
        if beat.exists():
            job.stop()
            return
        time.sleep(0.005)


def _run(start: Starter, request: SandboxRequest) -> SandboxResult:
    attempt = start(request)
    if isinstance(attempt, SandboxResult):
        return attempt
    try:
        return attempt.read(attempt.job.run())
    finally:
        attempt.release()
