"""The browser between walls: bubblewrap's, a network namespace that holds nothing but it, and one socket that leads out.

Its own sandbox is off: it needs namespaces, which the filter denies, and everything it could protect is outside of ours.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from skvm.adapters.bubblewrap import walls
from skvm.adapters.confine.places import inside
from skvm.adapters.confine.seccomp import FilterPolicy, build_filter
from skvm.diag import EnvironmentFailure
from skvm.ports import SandboxGrants, SandboxRequest

START_SECONDS = 30.0
LAUNCHER = Path(__file__).with_name("launcher.py")
PROFILE = "/tmp/profile"  # noqa: S108 - in the private /tmp of the browser
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-zygote",
    "--proxy-server=http://@PROXY@",
    "--proxy-bypass-list=<-loopback>",
    f"--user-data-dir={PROFILE}",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=AutofillServerCommunication,MediaRouter,OptimizationHints,Translate,DialMediaRouteProvider",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--password-store=basic",
    "--renderer-process-limit=4",
    "--window-size=1200,1600",
)
"""`<-loopback>` takes the loopback's exemption from the proxy away."""


@dataclass
class Boxed:
    """A browser that was started: descriptors to write commands to and read answers from, and the socket it sends its
    requests to."""

    program: subprocess.Popen[bytes]
    outward: int
    inward: int
    listener: socket.socket
    folder: Path

    def kill(self) -> None:
        """End it. bubblewrap takes the first process of the namespace along, and that one everything in it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.program.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.program.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)


def start(bwrap: str, program: Path) -> Boxed:
    """Start the browser; blocking, bounded. Raises EnvironmentFailure when it does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="skvm-browser-"))
    try:
        with ExitStack() as stack:
            return _start(stack, folder, bwrap, program)
    except (OSError, LookupError, ValueError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EnvironmentFailure(f"the browser cannot be started: {error}", where=str(program)) from None


def _start(stack: ExitStack, folder: Path, bwrap: str, program: Path) -> Boxed:
    ours, theirs = socket.socketpair()
    stack.callback(ours.close)
    stack.callback(theirs.close)
    commands, answers = os.pipe(), os.pipe()
    for fd in (commands[0], answers[1]):
        stack.callback(os.close, fd)
    kept = stack.enter_context(ExitStack())
    for fd in (commands[1], answers[0]):
        kept.callback(os.close, fd)
    shut_in = _memory(stack, build_filter(FilterPolicy(namespaced=True, sockets=True)))
    options = _memory(stack, b"".join(os.fsencode(word) + b"\0" for word in _options(folder, program, shut_in)))
    ends = (theirs.fileno(), commands[0], answers[1])
    child = subprocess.Popen(
        [bwrap, "--args", str(options), "--", *_python(), *map(str, ends), str(program), *FLAGS, "about:blank"],
        pass_fds=(shut_in, options, *ends),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    theirs.close()
    try:
        listener = _received(ours)
    except BaseException:
        child.kill()
        child.wait()
        raise
    kept.pop_all()
    os.set_blocking(commands[1], False)
    return Boxed(child, commands[1], answers[0], listener, folder)


def _received(ours: socket.socket) -> socket.socket:
    ours.settimeout(START_SECONDS)
    _, fds, _, _ = socket.recv_fds(ours, 16, 1)
    if not fds:
        raise OSError("bubblewrap or the launcher failed")
    return socket.socket(fileno=fds[0])


def _python() -> list[str]:
    return [sys.executable, "-I", "-S", "-B", "-c", LAUNCHER.read_text(encoding="utf-8")]


def _options(folder: Path, program: Path, shut_in: int) -> list[str]:
    home = program.parent
    read = () if any(inside(home, Path(root)) for root in ("/usr", "/bin")) else (home,)
    request = SandboxRequest(
        argv=(str(program),),
        cwd=folder,
        grants=SandboxGrants(work=folder, read=read),
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108 - a private one
    )
    return [*walls(request, folder, lambda place: ["--ro-bind", str(place), str(place)]), "--seccomp", str(shut_in)]


def _memory(stack: ExitStack, data: bytes) -> int:
    fd = os.memfd_create("skvm")
    stack.callback(os.close, fd)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
