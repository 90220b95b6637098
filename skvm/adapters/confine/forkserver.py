"""Runs Python programs, one process each: `python -c THIS ENDING CONTROL KIND PLACE...`, in a sandbox started as for them.

A process is forked ahead and waits on the socket CONTROL; it does one call and ends, and only when all of that call is gone the
next one is forked, so that it holds nothing of an earlier call and nothing of a call ever meets it. A message is `load NAME...`
(modules to import before any further call) or `call CWD WORD...`, NUL between, with stdin, stdout and stderr. The answer to a
call is `cold` (it needs an interpreter of its own; nothing was done), or `go` and then `exit N` (128 + n for signal n). A call
that leaves anything behind (a process, a file in the sandbox's own PLACEs, a limit of its parent) is the last one: this process
ends, and with it the sandbox. So every program starts from one state, that of an interpreter which has imported modules and
done nothing else. Messages of System V and POSIX, sockets and keyrings, which would stay too, the sandbox denies.

The parent never reads what a program writes. It keeps the text of programs and compiles them once; it executes none. A program
cannot read the parent's memory (not dumpable) nor use its socket (closed first). What differs from a start of its own:
`/proc/self/cmdline`, one hash seed for all calls where the environment names none, and three frames less until the recursion
limit. How a program ends is in ENDING.
"""
# ruff: noqa: PTH118, PTH120, PTH123, PTH208, S102
# pathlib would be there for the programs too.

from __future__ import annotations

import sys

del sys.path[0]  # the folder it was started in: nothing may be imported from there

BARE = frozenset(name.partition(".")[0] for name in sys.modules)

import _socket  # noqa: E402
import gc  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import warnings  # noqa: E402
from ctypes import CDLL, c_int, c_ulong  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

DEATH, DUMPABLE, SUBREAPER, KILL = 1, 4, 36, 9
LONGEST = 256 * 1024
LIMITS = 16  # of Linux
TEXT, TEXTS = 60_000, 32  # a pipe holds so long a text; so many are kept

BITS = 31
WORDS = "<string>"

LIBRARY = CDLL(None)
PRCTL = LIBRARY.prctl
PRCTL.argtypes = [c_int, c_ulong, c_ulong, c_ulong, c_ulong]


def control_process(option: int, value: int) -> int:
    """prctl(2) with one number."""
    status: int = PRCTL(option, value, 0, 0, 0)
    return status


class Traces:
    """What a call could leave behind: in the sandbox's own places, and what a program may set of its parent.

    `kind`: `rooms` where the places are file systems of the sandbox alone (blocks and files in use), `folders` where they are
    folders that are empty.
    """

    def __init__(self, kind: str, places: list[str]) -> None:
        self.look = self.room if kind == "rooms" else os.listdir
        self.places = places
        self.clean = self.seen()

    def left(self) -> bool:
        """Is anything not as it was?"""
        return self.seen() != self.clean

    def room(self, place: str) -> tuple[int, int]:
        """Free blocks and files."""
        found = os.statvfs(place)
        return found.f_bfree, found.f_ffree

    def seen(self) -> tuple[object, ...]:
        """As it is now."""
        return (
            *map(self.look, self.places),
            *map(resource.getrlimit, range(LIMITS)),
            os.getpriority(os.PRIO_PROCESS, 0),
            os.sched_getaffinity(0),
            os.sched_getscheduler(0),
            self.adjusted(),
        )

    def adjusted(self) -> bytes:
        """How likely this process is ended where memory runs out; empty where that may not be read."""
        try:
            with open("/proc/self/oom_score_adj", "rb") as stream:
                return stream.read()
        except OSError:
            return b""


class Server:
    """The parent of all calls, and what a call has of it."""

    def __init__(self, control: int, kind: str, places: list[str]) -> None:
        self.control = _socket.socket(fileno=control)
        self.told, self.tell = os.pipe()
        os.set_blocking(self.told, False)
        os.set_blocking(self.tell, False)
        self.traces = Traces(kind, places)
        self.texts: dict[tuple[str, bytes], CodeType] = {}
        self.settle()

    def settle(self) -> None:
        """Everything imported is there to stay: not looked at when garbage is collected, nor written to, in any call."""
        self.taken = {name.partition(".")[0] for name in sys.modules} - BARE
        gc.collect()
        gc.freeze()
        self.before = ENDING["Baseline"]()

    def serve(self) -> list[str]:
        """Answer calls. Returns in the process of a call, with its words; the parent leaves by `os._exit`."""
        while True:
            parent = os.getpid()
            child = os.fork()
            if child == 0:
                return self.wait(parent)
            _, status = os.waitpid(child, 0)
            self.after(status)

    def wait(self, parent: int) -> list[str]:
        """In a process forked ahead: the words of the call that comes."""
        control_process(DEATH, KILL)
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()
        rehearse(self)
        seed()
        while True:
            data, rows, _, _ = self.control.recvmsg(LONGEST, _socket.CMSG_SPACE(12))
            kind, *words = (os.fsdecode(word) for word in data.split(b"\0"))
            if kind == "load":
                os.write(self.tell, data)
            if kind != "call" or len(rows) != 1:
                os._exit(0)
            given = [int.from_bytes(rows[0][2][at : at + 4], sys.byteorder) for at in (0, 4, 8)]
            cwd, *words = words
            if not self.shadowed(cwd, words[0]):
                self.begin(cwd, given)
                return words
            self.answer("cold")
            for fd in given:
                os.close(fd)

    def begin(self, cwd: str, given: list[int]) -> None:
        """This process becomes that of the call."""
        os.write(self.tell, b"go")
        self.answer("go")
        self.control.close()
        os.close(self.told)
        for number, fd in enumerate(given):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(cwd)

    def shadowed(self, cwd: str, script: str) -> bool:
        """Would the program import something else under a name that is imported here already?"""
        folder = cwd if script == "-c" else os.path.dirname(os.path.realpath(os.path.join(cwd, script)))
        try:
            return any(name.partition(".")[0] in self.taken for name in os.listdir(folder))
        except OSError:
            return True

    def text(self, path: str, source: bytes) -> CodeType:
        """The code of a program; one that is new is told to the parent, before anything of it is executed."""
        code = self.texts.get((path, source))
        if code is None:
            code = translated(path, source)
            name = os.fsencode(path)
            if len(name) + len(source) < TEXT:
                os.write(self.tell, b"\0%d\0%s\0%s" % (len(source), name, source))
        os.close(self.tell)
        return code

    def after(self, status: int) -> None:
        """The forked process has ended."""
        try:
            data = os.read(self.told, 2 * TEXT)
        except BlockingIOError:
            os._exit(0)  # no call had begun: the other end is closed, or somebody ended it
        if data.startswith(b"load"):
            preload([os.fsdecode(name) for name in data.split(b"\0")[1:]])
            self.settle()
            return
        code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        last = self.lives() or self.traces.left()
        self.answer(f"exit {code}" + (" last" if last else ""))
        if last:
            os._exit(0)
        _, *text = data.split(b"\0", 3)
        if text:
            self.keep(*text)

    def keep(self, size: bytes, name: bytes, source: bytes) -> None:
        """Compile what a call has compiled before. What the compiler warns of it says at every call, so it is not kept."""
        if len(source) != int(size):  # a pipe of little room
            return
        path = os.fsdecode(name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                code = translated(path, source)
        except Exception:
            return
        if len(self.texts) == TEXTS:
            del self.texts[next(iter(self.texts))]
        self.texts[path, source] = code

    def lives(self) -> bool:
        """Does a process of the call go on? Orphans are children of this process."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return False
        return True

    def answer(self, text: str) -> None:
        """One message."""
        try:
            self.control.send(text.encode())
        except OSError:  # nobody listens any more
            os._exit(0)


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


def translated(path: str, source: bytes) -> CodeType:
    """As the interpreter compiles a file, or the words of a command line: those are text, whatever they say of an encoding."""
    text = os.fsdecode(source) if path == WORDS else source
    code: CodeType = compile(text, path, "exec", dont_inherit=True)
    return code


def rehearse(server: Server) -> None:
    """What every call does, so that its pages of memory are this process's own before one comes."""
    server.shadowed("/", os.devnull)
    with open(os.path.join(os.getcwd(), os.devnull), "rb") as stream:  # noqa: PTH109
        exec(compile(stream.read(), "", "exec", dont_inherit=True), {})
    ENDING["orderly"]()
    ENDING["quiet"](server.before)
    ENDING["flushed"]()


def seed() -> None:
    """As after a start of its own; the library's own generators seed themselves anew after a fork."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def ready(words: list[str]) -> Server:
    """Everything that happens once."""
    control, kind, *names = words
    places = list(map(os.path.expandvars, names))
    if control_process(SUBREAPER, 1) or control_process(DUMPABLE, 0):
        os._exit(1)
    compile("", "", "exec")  # the compiler makes its tables when it is first used, at 1 ms a call
    del sys.modules["gc"]  # that a program imports it says that it may have used it
    return Server(int(control), kind, places)


def program(server: Server, words: list[str]) -> tuple[CodeType, dict[str, Any]]:
    """Code and the namespace of `__main__`, as the interpreter makes them."""
    module = type(sys)("__main__")
    space = module.__dict__
    sys.modules["__main__"] = module
    space["__annotations__"] = {}
    space["__builtins__"] = sys.modules["builtins"]
    sys.orig_argv = [sys.orig_argv[0], *words]
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        space["__loader__"] = sys.modules["_frozen_importlib"].BuiltinImporter
        return server.text(WORDS, os.fsencode(words[1])), space
    path = os.path.join(os.getcwd(), words[0])  # noqa: PTH109
    sys.argv = list(words)
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    space["__file__"], space["__cached__"] = path, None
    space["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", path)
    with open(path, "rb") as stream:
        source = stream.read()
    return server.text(path, source), space


def run(server: Server, words: list[str]) -> None:
    """Run a program; an exception ends it as it would end an interpreter, without the frames of this file."""
    depth = 1
    status = 0
    try:
        code, space = program(server, words)
        control_process(DUMPABLE, 1)
        depth = 0
        exec(code, space)
    except SystemExit as error:
        if error.code is not None and (type(error.code) is not int or error.code.bit_length() > BITS):
            ENDING["forget"]()
            raise
        status = error.code or 0
    except BaseException as error:
        trace = error.__traceback__.tb_next if not depth and error.__traceback__ else None
        error.__traceback__ = trace
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
        sys.excepthook(type(error), error, trace)
        if isinstance(error, KeyboardInterrupt):
            interrupted()
        status = 1
    ENDING["leave"](server.before, status)


def interrupted() -> None:
    """Ends by the signal, as an interpreter does."""
    import _signal  # type: ignore[import-not-found, unused-ignore]

    sys.stdout.flush()
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    try:
        os.kill(os.getpid(), _signal.SIGINT)
    except PermissionError:
        os._exit(128 + _signal.SIGINT)


ENDING: dict[str, Any] = {"__name__": "ending"}
exec(sys.argv.pop(1), ENDING)
SERVER = ready(sys.argv[1:])
run(SERVER, SERVER.serve())
