"""Programs in a worker that stayed do, say and leave what they would alone, and nothing passes from one to the next."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from bench.safety.kept import Kept
from skvm.adapters.bubblewrap import Bubblewrap
from skvm.adapters.confine.backend import Backend
from skvm.adapters.confine.warm import Worker, python_call
from skvm.adapters.landlock import OLDEST_ABI, Landlock, landlock_abi
from skvm.ports import Keeping, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.testing.conformance import OutletSuite

PYTHON = os.path.realpath(sys.executable)

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux")

HERE: dict[Callable[[], Backend], Any] = {
    Bubblewrap: pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
    Landlock: pytest.mark.skipif(
        platform.system() != "Linux" or landlock_abi() < OLDEST_ABI, reason="this kernel has no Landlock"
    ),
}


@HERE[Bubblewrap]
class TestInAWorkerOfBubblewrap(OutletSuite):
    def make(self) -> Any:
        return Kept(Bubblewrap())


@HERE[Landlock]
class TestInAWorkerOfLandlock(OutletSuite):
    def make(self) -> Any:
        return Kept(Landlock())


def workers(box: Backend) -> list[Worker]:
    return list(box._workers._by_grant.values())


def asked(work: Path, *words: str, **more: Any) -> SandboxRequest:
    work.mkdir(exist_ok=True)
    env = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    given = {"cwd": work, "grants": SandboxGrants(work=work), "env": env, "warm": True, **more}
    return SandboxRequest.model_validate({"argv": (PYTHON, *words), **given})


def run(box: Backend, *requests: SandboxRequest) -> list[SandboxResult]:
    """One after another, in a loop of their own."""

    async def all_of_them() -> list[SandboxResult]:
        return [await box.run(r) for r in requests]

    return anyio.run(all_of_them)


@pytest.fixture(params=[pytest.param(made, marks=mark, id=made.__name__) for made, mark in HERE.items()])
def box(request: Any, tmp_path: Path) -> Any:
    made = request.param()
    (tmp_path / "work").mkdir()
    run(made, *[asked(tmp_path / "work", "-c", "pass")] * 2)
    [worker] = workers(made)
    assert worker.served, "it does not work at all"
    yield made
    made.rest(tmp_path / "work")


def said(result: SandboxResult) -> tuple[Any, ...]:
    """What came of a program, without what is another each time: the name of a private folder, addresses."""
    out, err = (re.sub(rb"skvm-tmp-\w+|0x\w+", b"own", text) for text in (result.stdout, result.stderr))
    return result.exit_code, out, err, result.truncated, result.reason


PROGRAMS = {
    "says": "import sys\nprint('a', 'ü'); print('b', file=sys.stderr); sys.stdout.buffer.write(b'\\xff\\0')",
    "status": "import sys; sys.exit(7)",
    "status-large": "import sys; sys.exit(300)",
    "status-text": "import sys; sys.exit('no such thing')",
    "status-none": "raise SystemExit",
    "error": "def f():\n    1/0\n\nf()",
    "error-chained": "try:\n    {}['x']\nexcept KeyError as e:\n    raise ValueError('y') from e",
    "error-group": "raise ExceptionGroup('g', [ValueError(1)])",
    "error-notes": "e = ValueError('x'); e.add_note('n'); raise e",
    "error-own-hook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0], a[2].tb_frame.f_code.co_filename)\n1/0",
    "syntax": "def f(\n",
    "encoding": "# -*- coding: latin-1 -*-\nprint('é')",
    "recursion": "def f(): f()\ntry: f()\nexcept RecursionError as e: print(e)",
    "interrupt": "raise KeyboardInterrupt",
    "kills-itself": "import os; os.kill(os.getpid(), 9)",
    "aborts": "import os; os.abort()",
    "leaves-at-once": "import os; print('lost'); os._exit(4)",
    "stdin": "import sys; print(sys.stdin.read().upper()); print(sys.stdin.read())",
    "input": "print(input() + '!')",
    "main": "import sys\nprint(sorted(globals()), __name__, __doc__, __spec__, type(__loader__), __builtins__, __package__)",
    "itself": "import __main__\nprint(__main__.__dict__ is globals())",
    "words": "import sys; print(sys.argv, sys.path, sys.flags, sys.orig_argv[1:], sys.executable, sys.prefix)",
    "place": "import os; print(os.getcwd(), os.umask(0), sorted(os.environ.items()), os.getuid(), os.nice(0))",
    "limits": "import resource; print([resource.getrlimit(n) for n in range(10) if n != resource.RLIMIT_NPROC])",
    "descriptors": "import os; print(os.listdir('/proc/self/fd'), os.isatty(0), [os.stat(n).st_mode for n in (0, 1, 2)])",
    "signals": "import signal; print([(s, signal.getsignal(s)) for s in (2, 13, 15, 25)], signal.pthread_sigmask(0, []))",
    "encodings": "import sys; print([(s.encoding, s.errors, s.line_buffering) for s in (sys.stdin, sys.stdout, sys.stderr)])",
    "file-left-open": "f = open('left', 'w'); f.write('kept')",
    "file-in-a-cycle": "class A: pass\na = A(); a.me = a; a.f = open('left', 'w'); a.f.write('kept')",
    "at-exit": "import atexit; atexit.register(print, 'bye')",
    "deleted-at-the-end": "class A:\n    def __del__(self): print('gone')\na = A()",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()",
    "children": "import subprocess; print(subprocess.run(['sh', '-c', 'echo x; exit 3'], capture_output=True))",
    "forks": "import multiprocessing as m\nif __name__ == '__main__':\n    with m.Pool(2) as p: print(p.map(abs, [-1, 2]))",
    "pickles": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "annotations": "x: int = 1\nprint(__annotations__)",
    "modules": "import json, csv, re, decimal, datetime, pathlib\nprint(json.dumps({'a': 1}), decimal.Decimal('1') / 3)",
    "warnings": "import warnings; warnings.warn('careful')",
    "sets": "print({'a', 'b', 'c', 'd'})",
    "output": "print('x' * 200_000)",
    "memory": "x = b'x' * (3 * 1024**3)",
    "sockets": "import socket; socket.socket()",
    "status-huge": "raise SystemExit(1 << 80)",
    "status-true": "raise SystemExit(True)",
    "file-closed": "with open('left', 'w') as f: f.write('kept')",
    "file-in-a-default": "def f(a=open('left', 'w')): pass\nf.__defaults__[0].write('kept')",
    "generator-in-the-middle": "def f():\n    try: yield 1\n    finally: print('ended')\ng = f(); print(next(g))",
    "reference-that-dies": "import weakref\nclass A: pass\na = A(); r = weakref.ref(a, lambda _: print('died'))",
    "finalizer": "import weakref\nclass A: pass\na = A(); weakref.finalize(a, print, 'died')",
    "finalizer-of-a-frozen-object": "import gc\nclass A:\n    def __del__(self): print('gone')\na = A(); gc.freeze()",
    "finalizer-in-a-library": "import json\nclass A:\n    def __del__(self): print('gone')\njson.kept = A()",
    "finalizer-of-a-class": "class M(type):\n    def __del__(self): print('gone')\nclass A(metaclass=M): pass",
    "own-stream": "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'utf-16'); print('x')",
    "closed-stream": "import sys\nprint('x'); sys.stdout.close()",
    "detached-stream": "import sys\nprint('x'); sys.stdout.detach()",
    "library-of-c": "import ctypes\nctypes.CDLL(None).puts(b'said'); print('x')",
    "pool": "from concurrent.futures import ThreadPoolExecutor as T\nT(2).submit(print, 'late')",
    "daemon": "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start(); print('x')",
    "hook": "import sys\nsys.setprofile(lambda *a: None); print('x')",
    "at-exit-error": "import atexit\natexit.register(lambda: 1 / 0); print('x')",
    "compiler-warns": "print(1 is 1)",
    "database": "import sqlite3\nd = sqlite3.connect('left'); d.execute('create table if not exists t (a)'); d.commit()",
    "temporary": "import tempfile, os\nwith tempfile.TemporaryDirectory() as d: print(os.path.dirname(d))",
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("script", [True, False], ids=["file", "words"])
def test_same_as_alone(box: Backend, tmp_path: Path, name: str, script: bool) -> None:
    work = tmp_path / "work"
    code = PROGRAMS[name]
    if script:
        (work / "p.py").write_bytes(code.encode("latin-1" if name == "encoding" else "utf-8"))
    words = ("./p.py", "--x", "a b") if script else ("-c", code, "--x", "a b")
    results, left = [], []
    for warm in (False, True, True):
        used = {w: w.used for w in workers(box)}
        results += run(box, asked(work, *words, stdin="einß\nzwei\n".encode(), warm=warm))
        assert any(w.used > used.get(w, 0) for w in workers(box)) is (warm and box.same_in_worker(asked(work, *words)))
        left.append({p.name: p.read_bytes() for p in work.iterdir() if p.is_file()})
        (work / "left").unlink(missing_ok=True)
    alone, *others = results
    for result, files in zip(others, left[1:], strict=True):
        assert said(result) == said(alone)
        assert files == left[0]


LEAVES = {
    "a global": ("x = 1; import sys; sys.y = 2", "import sys; print('x' in globals(), hasattr(sys, 'y'))"),
    "a module": ("import json; json.dumps = None", "import json; print(json.dumps(1))"),
    "the environment": ("import os; os.environ['A'] = 'b'; os.putenv('C', 'd')", "import os; os.system('env | sort')"),
    "the working directory": ("import os; os.mkdir('d'); os.chdir('d')", "import os; print(os.getcwd() == os.environ['PWD0'])"),
    "a temporary file": (
        "import tempfile; open(tempfile.gettempdir() + '/kept', 'w').write('x')",
        "import os, tempfile; print(os.listdir(tempfile.gettempdir()))",
    ),
    "an empty folder": (
        "import os, tempfile; os.mkdir(tempfile.gettempdir() + '/kept')",
        "import os, tempfile; print(os.listdir(tempfile.gettempdir()))",
    ),
    "shared memory": ("open('/dev/shm/kept', 'w').write('x')", "import os; print(os.path.exists('/dev/shm/kept'))"),
    "a signal handler": ("import signal; signal.signal(15, signal.SIG_IGN)", "import signal; print(signal.getsignal(15))"),
    "a limit": ("import resource as r; r.setrlimit(7, (9, 9))", "import resource as r; print(r.getrlimit(7))"),
    "a mode mask": ("import os; os.umask(0o77)", "import os; print(os.umask(0))"),
    "a limit of its parent": (
        "import os, resource as r; r.prlimit(os.getppid(), r.RLIMIT_NOFILE, (99, 99))",
        "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE))",
    ),
    "the priority of its parent": ("import os; os.setpriority(0, os.getppid(), 19)", "import os; print(os.nice(0))"),
    "the processors of its parent": (
        "import os; os.sched_setaffinity(os.getppid(), {max(os.sched_getaffinity(0))})",
        "import os; print(os.sched_getaffinity(0))",
    ),
    "a descriptor": ("import os; os.dup2(1, 50)", "import os; os.fstat(50)"),
    "a seed": (
        "import random; random.seed(1)",
        "import random; print(random.getstate() == random.Random(1).getstate(), random.getstate()[2])",
    ),
    "a search path": (
        "import sys; sys.path.append('/kept'); sys.argv.append('x')",
        "import sys; print(sys.path[1:], sys.argv)",
    ),
    "a blocked signal": (
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15]); signal.alarm(9)",
        "import signal; print(signal.pthread_sigmask(0, []), signal.alarm(0))",
    ),
    "nice": ("import os; os.nice(5)", "import os; print(os.nice(0))"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_nothing_passes_to_the_next(box: Backend, tmp_path: Path, name: str) -> None:
    work = tmp_path / "work"
    before, after = LEAVES[name]
    after = after.replace("os.environ['PWD0']", repr(str(work)))
    alone = run(box, asked(work, "-c", after, warm=False))[0]
    one, two, three = run(box, *(asked(work, "-c", code) for code in (before, after, after)))
    assert one.exit_code == 0 or b"PermissionError" in one.stderr, one.stderr
    assert said(two) == said(three) == said(alone)


def test_a_text_that_changed_is_run_as_it_is_now(box: Backend, tmp_path: Path) -> None:
    work, names = tmp_path / "work", ("a.py", "b.py")
    for text in ("one", "two", "two", "one"):
        for name in names:
            (work / name).write_text(f"print({text!r}, __file__)")
        for name, done in zip(names, run(box, *(asked(work, name) for name in names)), strict=True):
            assert done.stdout.decode() == f"{text} {work / name}\n"


def test_what_another_program_imports_is_imported_beforehand(box: Backend, tmp_path: Path) -> None:
    code = "import sys; print('decimal' in sys.modules, 'csv' in sys.modules)\nif 0:\n    pass\nimport csv, decimal"
    [worker] = workers(box)
    assert [r.stdout for r in run(box, *[asked(tmp_path / "work", "-c", code)] * 2)] == [b"True True\n"] * 2
    assert workers(box) == [worker]
    assert not worker.over


def test_where_a_worker_is_no_use_none_is_started_again(box: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, env = tmp_path / "work", {"PATH": "/usr/bin:/bin", "OTHER": "1"}
    monkeypatch.setattr("skvm.adapters.confine.warm._SERVER", tmp_path / "server.py")
    (tmp_path / "server.py").write_text("")
    started: list[SandboxRequest] = []
    served = box._served

    def counted(request: SandboxRequest, passed: tuple[int, ...]) -> Any:
        started.append(request)
        return served(request, passed)

    monkeypatch.setattr(box, "_served", counted)
    for done in run(box, *[asked(work, "-c", "print(1)", env=env)] * 5):
        assert done.stdout == b"1\n"
    assert len(started) == 1


@pytest.mark.skipif(platform.system() != "Linux" or landlock_abi() < OLDEST_ABI, reason="this kernel has no Landlock")
def test_a_descriptor_is_closed_once(tmp_path: Path) -> None:
    attempt = Landlock().attempt(asked(tmp_path / "work", "-c", "import time; time.sleep(60)"))
    assert not isinstance(attempt, SandboxResult)
    thread = threading.Thread(target=attempt.job.run)
    thread.start()
    while not attempt.job._begun:
        time.sleep(0.01)
    time.sleep(0.1)
    attempt.job.stop()
    thread.join()
    others = [os.dup(0) for _ in range(64)]
    attempt.release()
    for fd in others:
        os.close(fd)


def test_a_draw_is_another_each_time(box: Backend, tmp_path: Path) -> None:
    code = "import random, uuid, tempfile; print(random.random(), uuid.uuid4(), next(tempfile._get_candidate_names()))"
    assert len({r.stdout for r in run(box, *[asked(tmp_path / "work", "-c", code)] * 4)}) == 4


_STRAY = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in (0, 1, 2): os.close(fd)
        while True:
            with open('beat', 'a') as stream: stream.write('x')
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists('beat'): time.sleep(0.01)
"""


def still(path: Path) -> bool:
    size = path.stat().st_size
    time.sleep(0.1)
    return path.stat().st_size == size


def test_a_process_that_stays_behind_dies_with_its_worker(box: Backend, tmp_path: Path) -> None:
    [worker] = workers(box)
    assert run(box, asked(tmp_path / "work", "-c", _STRAY))[0].exit_code == 0
    assert worker.gone(10)
    assert still(tmp_path / "work" / "beat")


def test_a_deadline_ends_everything(box: Backend, tmp_path: Path) -> None:
    [worker] = workers(box)
    code = _STRAY + "\ntime.sleep(60)"
    limits = SandboxLimits(wall=1.0)
    done = run(box, asked(tmp_path / "work", "-c", code, limits=limits))[0]
    assert (done.exit_code, done.reason) == (124, "timeout")
    assert worker.gone(10)
    assert still(tmp_path / "work" / "beat")
    assert run(box, asked(tmp_path / "work", "-c", "print(1)"))[0].stdout == b"1\n"


def test_a_cancelled_call_is_over_when_it_returns(box: Backend, tmp_path: Path) -> None:
    async def cancelled() -> None:
        with anyio.move_on_after(0.5):
            await box.run(asked(tmp_path / "work", "-c", _STRAY + "\ntime.sleep(60)"))

    anyio.run(cancelled)
    beat = tmp_path / "work" / "beat"
    assert not beat.exists() or still(beat)


def test_too_much_output_ends_the_program(box: Backend, tmp_path: Path) -> None:
    limits = SandboxLimits(file=1024**2)
    code = "while True: print('x' * 1000)"
    requests = [asked(tmp_path / "work", "-c", code, limits=limits, warm=warm) for warm in (False, True, True)]
    assert {(r.exit_code, r.reason) for r in run(box, *requests)} == {(137, "output")}


def test_who_kills_the_worker_has_ended_itself_and_nothing_is_done_twice(box: Backend, tmp_path: Path) -> None:
    work = tmp_path / "work"
    code = "open('count', 'a').write('x'); import os, time; os.kill(os.getppid(), 9); time.sleep(60)"
    done = run(box, asked(work, "-c", code))[0]
    assert (done.exit_code, done.reason) == (137, "signal")
    assert (work / "count").read_text() == "x"
    assert run(box, asked(work, "-c", "print(1)"))[0].stdout == b"1\n"


def test_a_dead_worker_is_no_loss(box: Backend, tmp_path: Path) -> None:
    work = tmp_path / "work"
    [worker] = workers(box)
    worker.end()
    assert worker.gone(10)
    assert run(box, asked(work, "-c", "open('count', 'a').write('x'); print(1)"))[0].stdout == b"1\n"
    assert (work / "count").read_text() == "x"


def test_the_server_is_out_of_reach(box: Backend, tmp_path: Path) -> None:
    code = """
import os
parent = f'/proc/{os.getppid()}'
def tried(name, act):
    try:
        print(name, act())
    except OSError:
        pass
for name in ('mem', 'environ', 'maps', 'stack'):
    tried(name, lambda: open(f'{parent}/{name}', 'rb').read(1))
for name in ('root', 'cwd', 'map_files'):
    tried(name, lambda: os.listdir(f'{parent}/{name}'))
for number in range(64):
    tried(number, lambda: os.readlink(f'{parent}/fd/{number}'))
    tried(number, lambda: os.open(f'{parent}/fd/{number}', os.O_RDWR))
"""
    assert run(box, asked(tmp_path / "work", "-c", code))[0].stdout == b""


def test_a_narrower_grant_has_a_worker_of_its_own(box: Backend, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "in").mkdir()
    narrow = SandboxGrants(work=work, write=(work / "in",))
    code = "open('in/a', 'w').write('x'); open('b', 'w').write('x')"
    for done in run(box, *[asked(work, "-c", code, grants=narrow)] * 4):
        assert done.exit_code == 1
        assert b"OSError: [Errno 30] Read-only file system: 'b'" in done.stderr or b"PermissionError" in done.stderr
    assert not (work / "b").exists()
    assert len(workers(box)) == 2


def test_a_folder_made_anew_is_not_the_old_one(box: Backend, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.rename(tmp_path / "old")
    work.mkdir()
    for _ in range(3):
        assert run(box, asked(work, "-c", "open('a', 'a').write('x')"))[0].exit_code == 0
    assert (work / "a").read_text() == "xxx"
    assert not (tmp_path / "old" / "a").exists()


def test_other_variables_other_worker(box: Backend, tmp_path: Path) -> None:
    code = "import os; print(os.environ.get('TOKEN'))"
    env = {"PATH": "/usr/bin:/bin", "TOKEN": "secret"}
    seen = run(box, *[asked(tmp_path / "work", "-c", code, env=env)] * 3, asked(tmp_path / "work", "-c", code))
    assert [r.stdout for r in seen] == [b"secret\n"] * 3 + [b"None\n"]


def test_a_module_of_the_same_name_beside_the_script_is_the_one(box: Backend, tmp_path: Path) -> None:
    work = tmp_path / "work"
    code = "import json, random; print(json.__file__, getattr(json, 'own', None))"
    (work / "p.py").write_text(code)
    first = run(box, *[asked(work, "p.py")] * 3)
    (work / "json.py").write_text("own = 1")
    then = run(box, asked(work, "p.py"), asked(work, "-c", code), asked(work, "p.py", warm=False))
    assert len({r.stdout for r in first}) == 1
    assert {r.stdout for r in then} == {f"{work / 'json.py'} 1\n".encode()}


def test_a_module_in_the_work_folder_is_not_run_by_the_server(tmp_path: Path) -> None:
    made, work = Bubblewrap(), tmp_path / "work"
    work.mkdir()
    for name in ("ctypes", "json", "gc", "os", "signal", "struct", "_socket", "types"):
        (work / f"{name}.py").write_text(f"open({name!r} + '.ran', 'w').close()")
    for done in run(made, *[asked(work, "-c", "print(1)")] * 4):
        assert done.stdout == b"1\n"
    assert list(work.glob("*.ran")) == []
    made.rest(work)


def test_two_at_once(box: Backend, tmp_path: Path) -> None:
    code = "import sys, time; time.sleep(0.2); print(sys.argv[1])"
    seen: dict[int, bytes] = {}

    async def one(number: int) -> None:
        seen[number] = (await box.run(asked(tmp_path / "work", "-c", code, str(number)))).stdout

    async def both() -> None:
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)

    anyio.run(both)
    assert seen == {n: f"{n}\n".encode() for n in range(4)}


def test_rest_leaves_no_process(box: Backend, tmp_path: Path) -> None:
    assert isinstance(box, Keeping)
    [worker] = workers(box)
    box.rest(tmp_path / "elsewhere")
    assert workers(box) == [worker]
    box.rest(tmp_path / "work")
    assert worker.gone(10)
    assert workers(box) == []


@pytest.mark.parametrize(
    "words", [("-I", "-c", "1"), ("-m", "json"), ("-",), ("nothing.py",), ("-c",), (), ("-c", "x" * 70_000), ("folder.py",)]
)
def test_what_a_worker_does_not_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "work" / "folder.py").mkdir(parents=True)
    assert not python_call(asked(tmp_path / "work", *words))
    assert python_call(asked(tmp_path / "work", "-c", "1", "-x"))
