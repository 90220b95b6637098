"""What an ended program means: one reading of exit codes and limits for every sandbox backend."""

from __future__ import annotations

import os
import resource
import signal

from skvm.adapters.confine.process import Ended
from skvm.ports import SandboxLimits, SandboxRequest, SandboxResult

NOT_FOUND = 127
TIMED_OUT = 124  # as timeout(1)

# Linux: MAX_ARG_STRLEN, and a quarter of the usual 8 MiB stack less room for what the backend adds.
_WORD, _WORDS = 128 * 1024, 1536 * 1024

_LIMIT_SIGNALS = {signal.SIGXCPU: "timeout", signal.SIGXFSZ: "output"}
_MEMORY_WORDS = (b"MemoryError", b"Cannot allocate memory", b"std::bad_alloc", b"memory exhausted", b"out of memory")


def read_ending(request: SandboxRequest, ended: Ended, code: int) -> SandboxResult:
    """The result of a program that ran. `code` is its exit status, 128 + n where signal n ended it.

    `memory` is told from the program's last words: the limit makes allocations fail, it does not kill.
    """
    reason = {"stopped": "signal"}.get(ended.reason, ended.reason)
    if not reason and 128 < code <= 128 + signal.SIGRTMAX:
        reason = _LIMIT_SIGNALS.get(code - 128, "signal")  # type: ignore[call-overload]
    if reason in ("", "signal") and code != 0 and any(word in ended.stderr[-4096:] for word in _MEMORY_WORDS):
        reason = "memory"
    if reason == "timeout":
        code = TIMED_OUT
    return SandboxResult(
        exit_code=code,
        stdout=ended.stdout,
        stderr=ended.stderr,
        truncated=ended.truncated,
        reason=reason,
        seconds=ended.seconds,
    )


def not_found(request: SandboxRequest, detail: str = "") -> SandboxResult:
    """The result for a program that does not exist inside the sandbox."""
    text = (detail or f"{request.argv[0]}: not found in the sandbox").encode() + b"\n"
    return SandboxResult(exit_code=NOT_FOUND, stdout=b"", stderr=text, reason="not_found")


def unpassable(request: SandboxRequest) -> str:
    """Why no program could ever be given these words (a NUL, a lone surrogate, more than the kernel takes); empty if it can."""
    try:
        words = [os.fsencode(word) for word in (*request.argv, *request.env, *request.env.values())]
    except UnicodeEncodeError:
        return "a command word is not text that a program can be given"
    if any(b"\0" in word for word in words) or any(not key or "=" in key for key in request.env):
        return "a command word holds a NUL, or a variable's name is none"
    if any(len(word) >= _WORD for word in words) or sum(map(len, words)) >= _WORDS:
        return "the command is longer than the system allows"
    return ""


def resource_limits(limits: SandboxLimits) -> list[tuple[int, tuple[int, int]]]:
    """The request's bounds as (resource, (soft, hard)). One CPU second more in hard: first a signal, then the end."""
    cpu = max(1, int(limits.cpu))
    return [
        (resource.RLIMIT_AS, (limits.memory, limits.memory)),
        (resource.RLIMIT_CPU, (cpu, cpu + 1)),
        (resource.RLIMIT_FSIZE, (limits.file, limits.file)),
        (resource.RLIMIT_NOFILE, (1024, 1024)),
        (resource.RLIMIT_CORE, (0, 0)),
    ]
