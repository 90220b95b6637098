"""Programs in a worker that stayed do, say and leave what they would alone, and nothing passes from one to the next."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from skvm.adapters.bubblewrap import Bubblewrap
from skvm.adapters.confine.warm import Worker, python_call
from skvm.ports import Keeping, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.testing.conformance import OutletSuite

PYTHON = os.path.realpath(sys.executable)

pytestmark = [
    pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux"),
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]


class Warmed:
    """Bubblewrap with a worker that was used before, for every program that can have one."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self.box = Bubblewrap()
        self.version = self.box.version

    async def self_test(self) -> Any:
        return await self.box.self_test()

    async def run(self, request: SandboxRequest) -> SandboxResult:
        options = ("-I", "-S")
        words = tuple(w for at, w in enumerate(request.argv) if at > 2 or w not in options)
        request = request.model_copy(update={"argv": words, "warm": True})
        if python_call(request):
            usual = SandboxLimits().model_copy(update={"memory": request.limits.memory, "cpu": request.limits.cpu})
            first = request.model_copy(update={"argv": (words[0], "-c", "pass"), "stdin": b"", "spill": None})
            for _ in range(3):
                assert (await self.box.run(first.model_copy(update={"limits": usual}))).exit_code == 0
            assert all(worker._ready for worker in workers(self.box))
        try:
            return await self.box.run(request)
        finally:
            self.box.rest(request.grants.work)


class TestInAWorker(OutletSuite):
    def make(self) -> Any:
        return Warmed()


def workers(box: Bubblewrap) -> list[Worker]:
    return list(box._workers._by_grant.values())


def request(work: Path, *words: str, **more: Any) -> SandboxRequest:
    work.mkdir(exist_ok=True)
    env = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    given = {"cwd": work, "grants": SandboxGrants(work=work), "env": env, "warm": True, **more}
    return SandboxRequest.model_validate({"argv": (PYTHON, *words), **given})


def run(box: Bubblewrap, *requests: SandboxRequest) -> list[SandboxResult]:
    """One after another, in a loop of their own."""

    async def all_of_them() -> list[SandboxResult]:
        return [await box.run(r) for r in requests]

    return anyio.run(all_of_them)


@pytest.fixture
def box(tmp_path: Path) -> Any:
    made = Bubblewrap()
    (tmp_path / "work").mkdir()
    run(made, *[request(tmp_path / "work", "-c", "pass")] * 2)
    [worker] = workers(made)
    assert worker._ready, "it does not work at all"
    yield made
    made.rest(tmp_path / "work")


SAID = lambda result: (result.exit_code, result.stdout, result.stderr, result.truncated, result.reason)  # noqa: E731

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
    "limits": "import resource; print([resource.getrlimit(n) for n in range(10)])",
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
    "temporary": "import tempfile, os\nwith tempfile.TemporaryDirectory() as d: print(os.path.dirname(d))",
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("script", [True, False], ids=["file", "words"])
def test_same_as_alone(box: Bubblewrap, tmp_path: Path, name: str, script: bool) -> None:
    work = tmp_path / "work"
    code = PROGRAMS[name]
    if script:
        (work / "p.py").write_bytes(code.encode("latin-1" if name == "encoding" else "utf-8"))
    words = ("./p.py", "--x", "a b") if script else ("-c", code, "--x", "a b")
    results, left = [], []
    for warm in (False, True, True):
        used = {w: w.used for w in workers(box)}
        results += run(box, request(work, *words, stdin="einß\nzwei\n".encode(), warm=warm))
        assert any(w.used > used.get(w, 0) for w in workers(box)) is warm
        left.append({p.name: p.read_bytes() for p in work.iterdir() if p.is_file()})
        (work / "left").unlink(missing_ok=True)
    alone, *others = results
    for result, files in zip(others, left[1:], strict=True):
        assert SAID(result) == SAID(alone)
        assert files == left[0]


LEAVES = {
    "a global": ("x = 1; import sys; sys.y = 2", "import sys; print('x' in globals(), hasattr(sys, 'y'))"),
    "a module": ("import json; json.dumps = None", "import json; print(json.dumps(1))"),
    "the environment": ("import os; os.environ['A'] = 'b'; os.putenv('C', 'd')", "import os; os.system('env | sort')"),
    "the working directory": ("import os; os.mkdir('d'); os.chdir('d')", "import os; print(os.getcwd() == os.environ['PWD0'])"),
    "a temporary file": ("open('/tmp/kept', 'w').write('x')", "import os; print(os.listdir('/tmp'))"),
    "an empty folder": ("import os; os.mkdir('/tmp/kept')", "import os; print(os.listdir('/tmp'))"),
    "shared memory": ("open('/dev/shm/kept', 'w').write('x')", "import os; print(os.listdir('/dev/shm'))"),
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
    "nice": ("import os; os.nice(5)", "import os; print(os.nice(0))"),
}


@pytest.mark.parametrize("name", LEAVES)
def test_nothing_passes_to_the_next(box: Bubblewrap, tmp_path: Path, name: str) -> None:
    work = tmp_path / "work"
    before, after = LEAVES[name]
    after = after.replace("os.environ['PWD0']", repr(str(work)))
    alone = run(box, request(work, "-c", after, warm=False))[0]
    one, two, three = run(box, *(request(work, "-c", code) for code in (before, after, after)))
    assert one.exit_code == 0, one.stderr
    assert SAID(two) == SAID(three) == SAID(alone)


def test_a_draw_is_another_each_time(box: Bubblewrap, tmp_path: Path) -> None:
    code = "import random, uuid, tempfile; print(random.random(), uuid.uuid4(), next(tempfile._get_candidate_names()))"
    assert len({r.stdout for r in run(box, *[request(tmp_path / "work", "-c", code)] * 4)}) == 4


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


def test_a_process_that_stays_behind_dies_with_its_worker(box: Bubblewrap, tmp_path: Path) -> None:
    [worker] = workers(box)
    assert run(box, request(tmp_path / "work", "-c", _STRAY))[0].exit_code == 0
    assert worker.gone(10)
    assert still(tmp_path / "work" / "beat")


def test_a_deadline_ends_everything(box: Bubblewrap, tmp_path: Path) -> None:
    [worker] = workers(box)
    code = _STRAY + "\ntime.sleep(60)"
    limits = SandboxLimits(wall=1.0)
    done = run(box, request(tmp_path / "work", "-c", code, limits=limits))[0]
    assert (done.exit_code, done.reason) == (124, "timeout")
    assert worker.gone(10)
    assert still(tmp_path / "work" / "beat")
    assert run(box, request(tmp_path / "work", "-c", "print(1)"))[0].stdout == b"1\n"


def test_a_cancelled_call_is_over_when_it_returns(box: Bubblewrap, tmp_path: Path) -> None:
    async def cancelled() -> None:
        with anyio.move_on_after(0.5):
            await box.run(request(tmp_path / "work", "-c", _STRAY + "\ntime.sleep(60)"))

    anyio.run(cancelled)
    beat = tmp_path / "work" / "beat"
    assert not beat.exists() or still(beat)


def test_too_much_output_ends_the_program(box: Bubblewrap, tmp_path: Path) -> None:
    limits = SandboxLimits(file=1024**2)
    code = "while True: print('x' * 1000)"
    asked = [request(tmp_path / "work", "-c", code, limits=limits, warm=warm) for warm in (False, True, True)]
    assert {(r.exit_code, r.reason) for r in run(box, *asked)} == {(137, "output")}


def test_who_kills_the_worker_has_ended_itself_and_nothing_is_done_twice(box: Bubblewrap, tmp_path: Path) -> None:
    work = tmp_path / "work"
    code = "open('count', 'a').write('x'); import os, time; os.kill(os.getppid(), 9); time.sleep(60)"
    done = run(box, request(work, "-c", code))[0]
    assert (done.exit_code, done.reason) == (137, "signal")
    assert (work / "count").read_text() == "x"
    assert run(box, request(work, "-c", "print(1)"))[0].stdout == b"1\n"


def test_a_dead_worker_is_no_loss(box: Bubblewrap, tmp_path: Path) -> None:
    work = tmp_path / "work"
    [worker] = workers(box)
    worker.end()
    assert worker.gone(10)
    assert run(box, request(work, "-c", "open('count', 'a').write('x'); print(1)"))[0].stdout == b"1\n"
    assert (work / "count").read_text() == "x"


def test_the_server_is_out_of_reach(box: Bubblewrap, tmp_path: Path) -> None:
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
    assert run(box, request(tmp_path / "work", "-c", code))[0].stdout == b""


def test_a_narrower_grant_has_a_worker_of_its_own(box: Bubblewrap, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "in").mkdir()
    narrow = SandboxGrants(work=work, write=(work / "in",))
    code = "open('in/a', 'w').write('x'); open('b', 'w').write('x')"
    for done in run(box, *[request(work, "-c", code, grants=narrow)] * 4):
        assert done.exit_code == 1
        assert b"Read-only file system: 'b'" in done.stderr
    assert not (work / "b").exists()
    assert len(workers(box)) == 2


def test_a_folder_made_anew_is_not_the_old_one(box: Bubblewrap, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.rename(tmp_path / "old")
    work.mkdir()
    for _ in range(3):
        assert run(box, request(work, "-c", "open('a', 'a').write('x')"))[0].exit_code == 0
    assert (work / "a").read_text() == "xxx"
    assert not (tmp_path / "old" / "a").exists()


def test_other_variables_other_worker(box: Bubblewrap, tmp_path: Path) -> None:
    code = "import os; print(os.environ.get('TOKEN'))"
    env = {"PATH": "/usr/bin:/bin", "TOKEN": "secret"}
    seen = run(box, *[request(tmp_path / "work", "-c", code, env=env)] * 3, request(tmp_path / "work", "-c", code))
    assert [r.stdout for r in seen] == [b"secret\n"] * 3 + [b"None\n"]


def test_a_module_of_the_same_name_beside_the_script_is_the_one(box: Bubblewrap, tmp_path: Path) -> None:
    work = tmp_path / "work"
    code = "import json, random; print(json.__file__, getattr(json, 'own', None))"
    (work / "p.py").write_text(code)
    first = run(box, *[request(work, "p.py")] * 3)
    (work / "json.py").write_text("own = 1")
    then = run(box, request(work, "p.py"), request(work, "-c", code), request(work, "p.py", warm=False))
    assert len({r.stdout for r in first}) == 1
    assert {r.stdout for r in then} == {f"{work / 'json.py'} 1\n".encode()}


def test_a_module_in_the_work_folder_is_not_run_by_the_server(tmp_path: Path) -> None:
    made, work = Bubblewrap(), tmp_path / "work"
    work.mkdir()
    for name in ("ctypes", "json", "gc", "os", "signal", "struct", "_socket", "types"):
        (work / f"{name}.py").write_text(f"open({name!r} + '.ran', 'w').close()")
    for done in run(made, *[request(work, "-c", "print(1)")] * 4):
        assert done.stdout == b"1\n"
    assert list(work.glob("*.ran")) == []
    made.rest(work)


def test_two_at_once(box: Bubblewrap, tmp_path: Path) -> None:
    code = "import sys, time; time.sleep(0.2); print(sys.argv[1])"
    seen: dict[int, bytes] = {}

    async def one(number: int) -> None:
        seen[number] = (await box.run(request(tmp_path / "work", "-c", code, str(number)))).stdout

    async def both() -> None:
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(one, number)

    anyio.run(both)
    assert seen == {n: f"{n}\n".encode() for n in range(4)}


def test_rest_leaves_no_process(box: Bubblewrap, tmp_path: Path) -> None:
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
    assert not python_call(request(tmp_path / "work", *words))
    assert python_call(request(tmp_path / "work", "-c", "1", "-x"))
