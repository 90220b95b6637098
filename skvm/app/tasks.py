"""Task files and their checks: deterministic conditions on what a run left in its work folder.

A task is JSON: `{id, prompt, files {name: path beside the task file}, env {name: value}, checks [...]}`. Each check has
exactly one kind:

    {"exists": "out/report.md"}                                     a file, or with `"absent": true` no file
    {"equals": "out/total.txt", "text": "..."}                      the text of a file, trailing white space aside
    {"json_path": "out/a.json", "at": "/items/0/name", "value": 1}  JSON pointer; also `length`
    {"csv_rows": "out/a.csv", "count": 3, "contains": {"id": "7"}}  rows under the header line
    {"regex": "out/report.md", "pattern": "...", "absent": false}   searched in the text, `^` and `$` at each line
    {"command": ["python3", "verify.py", "out/a.csv"], "exit": 0}   run in the sandbox, without network; also `stdout` pattern
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator

from skvm.diag import UsageError
from skvm.ports import Sandbox, SandboxGrants, SandboxLimits, SandboxRequest

TASKS = "tasks"
"""Folder of a skill that holds its tasks."""

MAX_BYTES = 16 * 1024 * 1024
COMMAND_SECONDS = 30.0
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
KINDS = ("exists", "equals", "json_path", "csv_rows", "regex", "command")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _inside(value: str) -> str:
    if not value or value.startswith("/") or ".." in Path(value).parts or "\0" in value:
        raise ValueError("must be a path inside the work folder")
    return value


class ExistsCheck(_Strict):
    """There is such a file, or with `absent` there is none."""

    exists: str
    absent: bool = False
    _path = field_validator("exists")(_inside)


class EqualsCheck(_Strict):
    """The file's text is `text`, apart from trailing white space."""

    equals: str
    text: str
    _path = field_validator("equals")(_inside)


class JsonPathCheck(_Strict):
    """The value at JSON pointer `at` of the file is `value`, or has `length` members."""

    json_path: str
    at: str = ""
    value: Any = None
    length: int | None = None
    _path = field_validator("json_path")(_inside)


class CsvRowsCheck(_Strict):
    """The CSV file has `count` rows, `columns` as its header, and a row that agrees with `contains`."""

    csv_rows: str
    count: int | None = None
    columns: tuple[str, ...] | None = None
    contains: dict[str, str] = {}
    _path = field_validator("csv_rows")(_inside)


class RegexCheck(_Strict):
    """`pattern` is found in the file's text, or with `absent` is not."""

    regex: str
    pattern: str
    absent: bool = False
    _path = field_validator("regex")(_inside)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


class CommandCheck(_Strict):
    """`command` (no shell) in the work folder ends with `exit`; its output matches `stdout`. `$SKILL` is the skill folder."""

    command: tuple[str, ...] = Field(min_length=1)
    exit: int = 0
    stdout: str | None = None


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        found = [kind for kind in KINDS if kind in value]
        return found[0] if len(found) == 1 else "none"
    return next((kind for kind in KINDS if hasattr(value, kind)), "none")


Check = Annotated[
    Annotated[ExistsCheck, Tag("exists")]
    | Annotated[EqualsCheck, Tag("equals")]
    | Annotated[JsonPathCheck, Tag("json_path")]
    | Annotated[CsvRowsCheck, Tag("csv_rows")]
    | Annotated[RegexCheck, Tag("regex")]
    | Annotated[CommandCheck, Tag("command")],
    Discriminator(_kind_of),
]


class Task(_Strict):
    """One task. `files`: name in the work folder -> path of the input file; `env`: variables the run needs."""

    id: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    files: dict[str, str] = {}
    env: dict[str, str] = {}
    checks: tuple[Check, ...] = Field(min_length=1)

    @field_validator("files")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            _inside(name)
        return value


@dataclass(frozen=True)
class CheckResult:
    """Did one check hold? `what` names it, `detail` says what was seen when it did not."""

    what: str
    ok: bool
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        return {"check": self.what, "ok": self.ok, "detail": self.detail}


def load_task(path: Path) -> Task:
    """Read a task file and make its input paths absolute; raises UsageError that names file, place and what to do."""
    try:
        task = Task.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(path), help="name a task file") from None
    except ValidationError as error:
        raise _bad_task(path, error) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not a task: {error}", where=str(path), help="write {id, prompt, files, checks} as JSON") from None
    files = {name: str((path.parent / place).resolve()) for name, place in task.files.items()}
    for name, place in files.items():
        if not Path(place).is_file():
            raise UsageError(f"input file {name} is not there: {place}", where=str(path), help="correct `files`")
    return task.model_copy(update={"files": files})


def _bad_task(path: Path, error: ValidationError) -> UsageError:
    first = error.errors()[0]
    at = ".".join(str(x) for x in first["loc"]) or "the top"
    known = ", ".join(KINDS)
    help = f"a check has exactly one of {known}" if "union" in first["type"] else "see the task format in bench/README.md"
    return UsageError(f"not a task at {at}: {first['msg']}", where=str(path), help=help)


def load_tasks(skill: Path) -> list[Task]:
    """All tasks of a skill folder, by file name; raises UsageError."""
    folder = skill / TASKS
    return [load_task(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []


async def run_checks(task: Task, workdir: Path, sandbox: Sandbox | None = None, skill: Path | None = None) -> list[CheckResult]:
    """Apply the checks in order. Without `sandbox` command checks fail and say so; `skill` is mounted read-only for them."""
    results = []
    for check in task.checks:
        if isinstance(check, CommandCheck):
            results.append(await _command(check, workdir, sandbox, skill))
        else:
            results.append(_file_check(check, workdir))
    return results


def _file_check(check: ExistsCheck | EqualsCheck | JsonPathCheck | CsvRowsCheck | RegexCheck, workdir: Path) -> CheckResult:
    match check:
        case ExistsCheck():
            return _exists(check, workdir)
        case EqualsCheck():
            return _on_text(f"equals {check.equals}", check.equals, workdir, lambda text: _equals(check, text))
        case JsonPathCheck():
            what = f"json_path {check.json_path} {check.at}".rstrip()
            return _on_text(what, check.json_path, workdir, lambda text: _json_path(check, text))
        case CsvRowsCheck():
            return _on_text(f"csv_rows {check.csv_rows}", check.csv_rows, workdir, lambda text: _csv_rows(check, text))
        case RegexCheck():
            return _on_text(f"regex {check.regex} {check.pattern!r}", check.regex, workdir, lambda text: _regex(check, text))


def _exists(check: ExistsCheck, workdir: Path) -> CheckResult:
    there = (workdir / check.exists).is_file()
    what = f"exists {check.exists}" if not check.absent else f"absent {check.exists}"
    ok = there is not check.absent
    return CheckResult(what, ok, "" if ok else ("there is such a file" if there else "there is no such file"))


def _on_text(what: str, path: str, workdir: Path, judge: Any) -> CheckResult:
    """Read the file (a link out of the work folder is not followed) and judge its text: empty = holds, else what is wrong."""
    full = workdir / path
    try:
        if not full.resolve().is_relative_to(workdir.resolve()):
            return CheckResult(what, False, "a link out of the work folder")
        if full.stat().st_size > MAX_BYTES:
            return CheckResult(what, False, f"larger than {MAX_BYTES} bytes")
        text = full.read_text(encoding="utf-8")
    except FileNotFoundError:
        return CheckResult(what, False, "there is no such file")
    except (OSError, UnicodeDecodeError) as error:
        return CheckResult(what, False, f"cannot be read as text: {error}")
    detail = str(judge(text))
    return CheckResult(what, not detail, detail)


def _equals(check: EqualsCheck, text: str) -> str:
    return "" if text.rstrip() == check.text.rstrip() else f"the text is {_short(text)}"


def _json_path(check: JsonPathCheck, text: str) -> str:
    try:
        value = pointed(json.loads(text), check.at)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    except (KeyError, IndexError):
        return f"nothing at {check.at}"
    if check.length is not None:
        size = len(value) if isinstance(value, (list, dict, str)) else -1
        return "" if size == check.length else f"length {size}, not {check.length}"
    same = value == check.value and isinstance(value, bool) is isinstance(check.value, bool)
    return "" if same else f"{_short(json.dumps(value))}, not {_short(json.dumps(check.value))}"


def pointed(value: Any, pointer: str) -> Any:
    """Value at a JSON pointer (RFC 6901); raises KeyError or IndexError."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            if not key.isdigit():
                raise KeyError(key)
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value[key]
        else:
            raise KeyError(key)
    return value


def _csv_rows(check: CsvRowsCheck, text: str) -> str:
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = list(reader)
    except csv.Error as error:
        return f"not CSV: {error}"
    columns = tuple(reader.fieldnames or ())
    if check.columns is not None and columns != check.columns:
        return f"columns {', '.join(columns)}"
    if check.count is not None and len(rows) != check.count:
        return f"{len(rows)} rows, not {check.count}"
    if check.contains and not any(all(row.get(k) == v for k, v in check.contains.items()) for row in rows):
        return f"no row with {check.contains}"
    return ""


def _regex(check: RegexCheck, text: str) -> str:
    found = re.search(check.pattern, text, re.MULTILINE)
    if check.absent:
        return f"found {_short(found.group())}" if found else ""
    return "" if found else f"not found in {_short(text)}"


async def _command(check: CommandCheck, workdir: Path, sandbox: Sandbox | None, skill: Path | None) -> CheckResult:
    what = f"command {' '.join(check.command)}"
    if sandbox is None:
        return CheckResult(what, False, "no sandbox: commands are not run")
    place = {"$SKILL": str(skill)} if skill is not None else {}
    argv = tuple(_filled(word, place) for word in check.command)
    program, readable = _program(argv[0])
    if program is None:
        return CheckResult(what, False, f"{argv[0]} is not installed")
    request = SandboxRequest(
        argv=(program, *argv[1:]),
        cwd=workdir,
        grants=SandboxGrants(work=workdir, write=(), skill=skill, read=readable),
        env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        limits=SandboxLimits(wall=COMMAND_SECONDS, cpu=COMMAND_SECONDS),
    )
    result = await sandbox.run(request)
    out = result.stdout.decode("utf-8", "replace")
    if result.reason or result.exit_code != check.exit:
        tail = result.stderr.decode("utf-8", "replace").strip() or out.strip()
        return CheckResult(what, False, f"exit {result.exit_code} {result.reason}: {_short(tail)}")
    if check.stdout is not None and not re.search(check.stdout, out, re.MULTILINE):
        return CheckResult(what, False, f"printed {_short(out)}")
    return CheckResult(what, True)


def _program(name: str) -> tuple[str | None, tuple[Path, ...]]:
    """Full path of a program that the sandbox can see, and what must be readable for it: Python is the one that runs us."""
    if name not in ("python", "python3"):
        return shutil.which(name, path=SYSTEM_PATH), ()
    real = Path(sys.executable).resolve()
    own = () if str(real).startswith(("/usr/", "/bin/")) else (real.parent.parent,)
    return str(real), own


def _filled(word: str, place: Mapping[str, str]) -> str:
    for name, value in place.items():
        word = word.replace(name, value)
    return word


def _short(text: str, width: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
