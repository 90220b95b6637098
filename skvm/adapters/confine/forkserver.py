"""Runs Python programs, one fork each: `python -c THIS CONTROL MODULE...` in a sandbox that is started as for those programs.

A call comes as one message on the socket CONTROL: working directory and words, NUL between them, with stdin, stdout and stderr.
The answer is `cold` (this call needs an interpreter of its own; nothing was done), or `go` and then `exit N` (128 + n for
signal n). A call that leaves anything behind (a process, a file in the sandbox's own /tmp or /dev/shm, a limit of its parent)
is the last one: this process ends, and with it the sandbox. So every program starts from the same state, that of an interpreter
which has imported MODULES and done nothing else. Messages of System V and POSIX, sockets and keyrings, which would stay too,
the sandbox denies.

The parent never reads what a program writes. A program cannot read the parent's memory (not dumpable) nor use its socket
(closed first). What differs from a start of its own: `/proc/self/cmdline`, one hash seed for all calls where the environment
names none, and three frames less until the recursion limit.
"""
# ruff: noqa: PTH118, PTH120, PTH123, PTH208, S102
# pathlib would be there for the programs too.

from __future__ import annotations

import sys

del sys.path[0]  # the folder it was started in: nothing may be imported from there

BARE = frozenset(name.partition(".")[0] for name in sys.modules)

import _socket  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

DUMPABLE, SUBREAPER = 4, 36
PLACES = ("/tmp", "/dev/shm")  # noqa: S108 - file systems of this sandbox alone
LONGEST = 256 * 1024
LIMITS = 16  # of Linux


def system_call() -> Callable[[int, int], int]:
    """prctl(2) with one number."""
    from ctypes import CDLL, c_int, c_ulong

    found = CDLL(None).prctl
    found.argtypes = [c_int, c_ulong, c_ulong, c_ulong, c_ulong]
    return lambda option, value: found(option, value, 0, 0, 0)


def trace() -> tuple[object, ...]:
    """What a call could leave behind: of the places the room in blocks and files, and what a program may set of its parent."""
    with open("/proc/self/oom_score_adj", "rb") as stream:
        adjusted = stream.read()
    return (
        *((room.f_bfree, room.f_ffree) for room in map(os.statvfs, PLACES)),
        *map(resource.getrlimit, range(LIMITS)),
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getaffinity(0),
        os.sched_getscheduler(0),
        adjusted,
    )


class Server:
    """The parent of all calls."""

    def __init__(self, control: int, prctl: Callable[[int, int], int]) -> None:
        self.prctl = prctl
        self.control = _socket.socket(fileno=control)
        self.clean = trace()
        self.taken = {name.partition(".")[0] for name in sys.modules} - BARE

    def serve(self) -> list[str]:
        """Answer calls. Returns in the process of a call, with its words; the parent leaves by `os._exit`."""
        while True:
            data, rows, _, _ = self.control.recvmsg(LONGEST, _socket.CMSG_SPACE(12))
            if not data or len(rows) != 1:
                os._exit(0)
            given = [int.from_bytes(rows[0][2][at : at + 4], sys.byteorder) for at in (0, 4, 8)]
            cwd, *words = (os.fsdecode(word) for word in data.split(b"\0"))
            if self.shadowed(cwd, words[0]):
                self.answer("cold")
            elif self.call(given):
                os.chdir(cwd)
                return words
            for fd in given:
                os.close(fd)

    def shadowed(self, cwd: str, script: str) -> bool:
        """Would the program import something else under a name that is imported here already?"""
        folder = cwd if script == "-c" else os.path.dirname(os.path.realpath(os.path.join(cwd, script)))
        try:
            return any(name.partition(".")[0] in self.taken for name in os.listdir(folder))
        except OSError:
            return True

    def call(self, given: list[int]) -> bool:
        """True in the child."""
        self.answer("go")
        child = os.fork()
        if child == 0:
            self.control.close()
            os.setsid()
            for number, fd in enumerate(given):
                os.dup2(fd, number)
                os.close(fd)
            self.prctl(DUMPABLE, 1)
            return True
        for number in given:
            os.close(number)
        given.clear()
        _, status = os.waitpid(child, 0)
        code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        last = self.left() or trace() != self.clean
        self.answer(f"exit {code}" + (" last" if last else ""))
        if last:
            os._exit(0)
        return False

    def left(self) -> bool:
        """Does a process of the call go on? Orphans are children of this process."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return False
        return True

    def answer(self, text: str) -> None:
        """One message."""
        self.control.send(text.encode())


def preload(names: list[str]) -> None:
    """Import; whatever a module prints or starts when it is imported belongs to each program, so then there is no server."""
    said = os.memfd_create("said")
    kept = [os.dup(1), os.dup(2)]
    for fd in (1, 2):
        os.dup2(said, fd)
    for name in names:
        try:
            __import__(name)
        except ImportError:
            continue
    sys.stdout.flush()
    sys.stderr.flush()
    for fd, old in zip((1, 2), kept, strict=True):
        os.dup2(old, fd)
        os.close(old)
    quiet = os.fstat(said).st_size == 0
    os.close(said)
    if not quiet or len(os.listdir("/proc/self/task")) != 1:
        os._exit(0)


def ready(words: list[str]) -> Server:
    """Everything that happens once."""
    control, *names = words
    preload(names)
    prctl = system_call()
    if prctl(SUBREAPER, 1) or prctl(DUMPABLE, 0):
        os._exit(1)
    compile("", "", "exec")  # the compiler makes its tables when it is first used, at 1 ms a call
    import gc

    gc.collect()
    gc.freeze()
    server = Server(int(control), prctl)
    server.answer("ready")
    return server


def program(words: list[str]) -> tuple[CodeType, dict[str, Any]]:
    """Code and the namespace of `__main__`, as the interpreter makes them."""
    module = type(sys)("__main__")
    space = module.__dict__
    sys.modules["__main__"] = module
    space["__annotations__"] = {}
    space["__builtins__"] = sys.modules["builtins"]
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()  # as after a start of its own; the library's own generators reseed themselves after a fork
    sys.orig_argv = [sys.orig_argv[0], *words]
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        space["__loader__"] = sys.modules["_frozen_importlib"].BuiltinImporter
        return compile(words[1], "<string>", "exec", dont_inherit=True), space
    path = os.path.join(os.getcwd(), words[0])  # noqa: PTH109
    sys.argv = list(words)
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    space["__file__"], space["__cached__"] = path, None
    space["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", path)
    with open(path, "rb") as stream:
        return compile(stream.read(), path, "exec", dont_inherit=True), space


def run(words: list[str]) -> None:
    """Run a program; an exception ends it as it would end an interpreter, without the frames of this file."""
    depth = 1
    try:
        code, space = program(words)
        depth = 0
        exec(code, space)
    except SystemExit:
        raise
    except BaseException as error:
        trace = error.__traceback__.tb_next if not depth and error.__traceback__ else None
        error.__traceback__ = trace
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
        sys.excepthook(type(error), error, trace)
        if isinstance(error, KeyboardInterrupt):
            interrupted()
        status = 1
    else:
        return
    sys.exit(status)


def interrupted() -> None:
    """Ends by the signal, as an interpreter does."""
    import _signal  # type: ignore[import-not-found, unused-ignore]

    sys.stdout.flush()
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    os.kill(os.getpid(), _signal.SIGINT)


run(ready(sys.argv[1:]).serve())
