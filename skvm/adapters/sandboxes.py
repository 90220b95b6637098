"""Choose a sandbox that proved itself on this machine. Where none does, nothing of a skill runs: there is no weaker mode."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from skvm.adapters.bubblewrap import Bubblewrap
from skvm.adapters.confine.backend import Backend
from skvm.adapters.landlock import Landlock
from skvm.diag import SandboxError, UsageError
from skvm.ports import Sandbox, SelfTest

INSTALL = "install bubblewrap (e.g. `apt-get install bubblewrap`) or use a Linux kernel 6.2 or newer with Landlock"


class _Provable(Sandbox, Protocol):
    def prove(self) -> SelfTest:
        """The self-test for callers without an event loop."""
        ...


BACKENDS: dict[str, Callable[[], _Provable]] = {"bubblewrap": Bubblewrap, "landlock": Landlock}

_proved: set[str] = set()


async def choose_sandbox(prefer: str | None = None, cache_dir: Path | None = None) -> Sandbox:
    """`prove_sandbox` off the event loop; a cancellation does not wait for the self-test."""
    return await anyio.to_thread.run_sync(prove_sandbox, prefer, cache_dir, abandon_on_cancel=True)


def prove_sandbox(prefer: str | None = None, cache_dir: Path | None = None) -> Sandbox:
    """The first backend whose self-test passes, strongest first; only `prefer` when it is given.

    A passed test is remembered in this process, and below `cache_dir` for this boot of this machine; a failed one never.
    Raises UsageError for an unknown name and SandboxError, which says what each backend lacked, when none proves itself.
    """
    if prefer is not None and prefer not in BACKENDS:
        raise UsageError(f"unknown sandbox {prefer!r}", help=f"known: {', '.join(BACKENDS)}")
    reasons = []
    for name in [prefer] if prefer else list(BACKENDS):
        try:
            sandbox = BACKENDS[name]()
        except SandboxError as error:
            reasons.append(f"{name}: {error.message}")
            continue
        report = _prove_once(sandbox, cache_dir)
        if report is None or report.ok:
            return sandbox
        reasons.append(f"{name}: {_describe(report)}")
    raise SandboxError(f"no sandbox proved itself here ({'; '.join(reasons)})", help=INSTALL)


def examine(cache_dir: Path | None = None) -> tuple[SelfTest, ...]:
    """A fresh self-test of every backend, for `skvm doctor`; a backend that is missing is a failed test."""
    reports = []
    for name, build in BACKENDS.items():
        try:
            sandbox = build()
        except SandboxError as error:
            reports.append(SelfTest(ok=False, backend=name, version="", failed=("start",), detail=error.message))
            continue
        report = sandbox.prove()
        if report.ok:
            _remember(_key(sandbox), cache_dir)
        reports.append(report)
    return tuple(reports)


def prove_outlet(sandbox: Sandbox) -> SelfTest:
    """Does a command with granted hosts get to those and nowhere else? Not in a thread that runs an event loop."""
    if isinstance(sandbox, Backend):
        return sandbox.prove_outlet()
    return SelfTest(ok=False, backend=sandbox.name, version=sandbox.version, failed=("outlet",), detail="it has none")


def _prove_once(sandbox: _Provable, cache_dir: Path | None) -> SelfTest | None:
    """None when an earlier proof holds."""
    key = _key(sandbox)
    if key in _proved or (cache_dir is not None and _mark(key, cache_dir).is_file()):
        return None
    report = sandbox.prove()
    if report.ok:
        _remember(key, cache_dir)
    return report


def _remember(key: str, cache_dir: Path | None) -> None:
    _proved.add(key)
    if cache_dir is None:
        return
    with suppress(OSError):  # the proof is repeated next time; nothing else is lost
        cache_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache_dir)
        with os.fdopen(handle, "w") as stream:
            json.dump({"proved": key}, stream)
        Path(name).replace(_mark(key, cache_dir))


def _mark(key: str, cache_dir: Path) -> Path:
    return cache_dir / f"sandbox-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def _key(sandbox: Sandbox) -> str:
    """What a proof holds for: this boot, kernel, user, backend, policy."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = f"process {os.getpid()}"
    return "|".join((boot, platform.release(), platform.machine(), str(os.geteuid()), sandbox.name, sandbox.version))


def _describe(report: SelfTest) -> str:
    return f"failed {', '.join(report.failed)}" + (f" ({report.detail})" if report.detail else "")
