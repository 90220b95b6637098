"""A Python that is already up, so that starting it and loading modules is paid once.

Started as `python -I warm_python.py [PACKAGE]...`. Reads jobs as lines of JSON, {folder, argv, out, seconds}: the script
argv[0] is run in `folder` with `out`/stdin as its input and `out`/stdout and `out`/stderr for what it prints. The answer to
each is its exit code. Scripts run in a fork each; the checking programs of the kit, which are started with `-I` and take what
is checked as data, run one after another in this process.
"""

import contextlib
import gc
import json
import os
import select
import signal
import sys
import traceback

for package in ("csv", "pathlib", "random", "re", "sqlite3", *sys.argv[1:]):
    __import__(package)


def run(script):
    """Run a script as `python3 script` would."""
    module = type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    with open(script, "rb") as file:
        source = file.read()
    exec(compile(source, script, "exec", dont_inherit=True), module.__dict__)


def code_of(script):
    """Exit code of a script, as a shell would see it."""
    try:
        run(script)
        code = 0
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
    with contextlib.ExitStack() as stack:
        for name, redirect in (("stdout", contextlib.redirect_stdout), ("stderr", contextlib.redirect_stderr)):
            stack.enter_context(redirect(stack.enter_context(open(os.path.join(job["out"], name), "w"))))
        return code_of(job["argv"][1])


def forked(job):
    """Run a script in a child."""
    child = os.fork()
    if child == 0:
        os.setsid()
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(os.open(os.path.join(job["out"], name), os.O_RDONLY if number == 0 else os.O_WRONLY), number)
        sys.path.insert(0, job["folder"])
        sys.argv = job["argv"]
        os._exit(code_of(job["argv"][0]))
    handle = os.pidfd_open(child)
    ready, _, _ = select.select([handle], [], [], job["seconds"])
    os.close(handle)
    if not ready:
        os.killpg(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status) if ready else 124


gc.collect()
gc.freeze()
for line in sys.stdin:
    job = json.loads(line)
    os.chdir(job["folder"])
    code = here(job) if job["argv"][0] == "-I" else forked(job)
    os.chdir("/")
    print(code, flush=True)
