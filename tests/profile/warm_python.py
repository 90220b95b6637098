"""A Python that is already up, so that starting it and loading modules is paid once.

Started as `python -I warm_python.py [PACKAGE]...`. Reads jobs as lines of JSON, {folder, argv, stdin}: the script argv[0]
(after an `-I`) or the program after a `-c` is run in `folder`. Answers each with {code, stdout, stderr}. Scripts run one after
another in this process, in a module of their own each: ours leave nothing behind but files. As `python -I warm_python.py -`
it serves the shells of warm_shell.sh: a job is the number of words, the folder and the words, an answer code, stdout and
stderr, all of them ending in a null.
"""

import contextlib
import functools
import gc
import io
import json
import os
import sys
import traceback

for package in ("csv", "pathlib", "random", "re", "sqlite3", *(word for word in sys.argv[1:] if word != "-")):
    __import__(package)


@functools.lru_cache(maxsize=64)
def compiled(source, name):
    """Code of a program; the checking programs of the kit are few."""
    return compile(source, name, "exec", dont_inherit=True)


def code_of(argv):
    """Exit code of a script or program, run as `python3 ARGV` would."""
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    try:
        if argv[0] == "-c":
            source = argv.pop(1)
        else:
            module.__file__ = argv[0]
            try:
                with open(argv[0], "rb") as file:
                    source = file.read()
            except OSError as error:
                print(f"python3: can't open file {argv[0]!r}: {error}", file=sys.stderr)
                return 2
        exec(compiled(source, argv[0]), module.__dict__)
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
        code = code_of(argv)
    return {"code": code, "stdout": out.getvalue(), "stderr": err.getvalue()}


def answered(job):
    """What a job came to, its folder left again."""
    os.chdir(job["folder"])
    answer = done(job)
    os.chdir("/")
    return answer


def words(stream):
    """Words of a stream, each of which ends in a null."""
    rest = b""
    while piece := os.read(stream.fileno(), 65536):
        *whole, rest = (rest + piece).split(b"\0")
        yield from map(os.fsdecode, whole)


def shells(stream):
    """Jobs of shells."""
    read = words(stream)
    for count in read:
        folder, *argv = (next(read) for _ in range(int(count) + 1))
        yield {"folder": folder, "argv": argv, "stdin": ""}


PLACES = tuple(sys.path)
jobs, answers = sys.stdin, sys.stdout
gc.collect()
gc.freeze()
if sys.argv[1:] == ["-"]:
    for job in shells(jobs):
        answer = answered(job)
        answers.write("".join(f"{answer[key]}\0" for key in ("code", "stdout", "stderr")))
        answers.flush()
else:
    for line in jobs:
        print(json.dumps(answered(json.loads(line))), file=answers, flush=True)
