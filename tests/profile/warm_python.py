"""A Python that is already up, so that starting it and loading modules is paid once.

Started as `python -I warm_python.py [PACKAGE]...`. Reads jobs as lines of JSON, {folder, argv, stdin}: the script argv[0]
(after an `-I`) is run in `folder`. Answers each with {code, stdout, stderr}. Scripts run one after another in this process, in
a module of their own each: ours leave nothing behind but files.
"""

import contextlib
import functools
import gc
import io
import json
import os
import sys
import traceback

for package in ("csv", "pathlib", "random", "re", "sqlite3", *sys.argv[1:]):
    __import__(package)


@functools.lru_cache(maxsize=64)
def compiled(source, name):
    """Code of a program; the checking programs of the kit are few."""
    return compile(source, name, "exec", dont_inherit=True)


def code_of(script):
    """Exit code of a script, run as `python3 script` would."""
    module = type(sys)("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    try:
        with open(script, "rb") as file:
            source = file.read()
        exec(compiled(source, script), module.__dict__)
    except SystemExit as stop:
        return stop.code & 255 if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        module.__dict__.clear()
    return 0


def done(job):
    """What a job came to."""
    argv = [word for word in job["argv"] if word != "-I"]
    sys.argv, sys.path[:] = argv, [*([job["folder"]] if argv == job["argv"] else []), *PLACES]
    sys.stdin, out, err = io.StringIO(job["stdin"]), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = code_of(argv[0])
    return {"code": code, "stdout": out.getvalue(), "stderr": err.getvalue()}


PLACES = tuple(sys.path)
jobs = sys.stdin
gc.collect()
gc.freeze()
for line in jobs:
    job = json.loads(line)
    os.chdir(job["folder"])
    answer = json.dumps(done(job))
    os.chdir("/")
    print(answer, flush=True)
