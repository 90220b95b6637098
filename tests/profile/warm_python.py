"""A Python that is already up, so that starting it and loading modules is paid once.

Started as `python -I warm_python.py [PACKAGE]...`. Reads jobs as lines of JSON, {folder, argv, stdin, seconds}: the script
argv[0] is run in `folder`. Answers each with {code, stdout, stderr}. Scripts run in a fork each; the checking programs of the
kit, which are started with `-I` and take what is checked as data, run one after another in this process.
"""

import contextlib
import functools
import gc
import io
import json
import os
import select
import signal
import sys
import traceback

for package in ("csv", "pathlib", "random", "re", "sqlite3", *sys.argv[1:]):
    __import__(package)


@functools.cache
def compiled(source, name):
    """Code of a program; the checking programs are few."""
    return compile(source, name, "exec", dont_inherit=True)


def code_of(script):
    """Exit code of a script, run as `python3 script` would."""
    module = type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    code = 0
    try:
        with open(script, "rb") as file:
            source = file.read()
        exec(compiled(source, script), module.__dict__)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code & 255


def here(job):
    """Run a checking program in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = code_of(job["argv"][1])
    return {"code": code, "stdout": out.getvalue(), "stderr": err.getvalue()}


def forked(job):
    """Run a script in a child."""
    ends = [os.memfd_create(name) for name in ("stdin", "stdout", "stderr")]
    os.pwrite(ends[0], job["stdin"].encode(), 0)
    child = os.fork()
    if child == 0:
        os.setsid()
        for number, end in enumerate(ends):
            os.dup2(end, number)
        sys.path.insert(0, job["folder"])
        sys.argv = job["argv"]
        os._exit(code_of(job["argv"][0]))
    handle = os.pidfd_open(child)
    ready, _, _ = select.select([handle], [], [], job["seconds"])
    if not ready:
        os.killpg(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    printed = [os.pread(end, os.fstat(end).st_size, 0).decode("utf-8", "replace") for end in ends[1:]]
    for end in (*ends, handle):
        os.close(end)
    return {"code": os.waitstatus_to_exitcode(status) if ready else 124, "stdout": printed[0], "stderr": printed[1]}


gc.collect()
gc.freeze()
for line in sys.stdin:
    job = json.loads(line)
    os.chdir(job["folder"])
    done = here(job) if job["argv"][0] == "-I" else forked(job)
    os.chdir("/")
    print(json.dumps(done), flush=True)
