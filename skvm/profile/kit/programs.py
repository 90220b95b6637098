"""Programs that a model wrote: tried on inputs that it has not seen, in the workbench."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skvm.profile.kit.data import Unreadable, read_json, same
from skvm.profile.kit.instance import PASS, Job, JobResult, Verdict, Workbench, fail

ERROR = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b")


@dataclass(frozen=True)
class Case:
    """One trial of a program: files of its folder, words after its name, and why what it left is wrong (empty = right)."""

    files: Mapping[str, bytes]
    wrong: Callable[[JobResult], str]
    words: tuple[str, ...] = ()


async def tried(bench: Workbench, argv: Sequence[str], name: str, source: str, cases: Sequence[Case]) -> Verdict:
    """Verdict on a program, kept as the file `name` and started as `argv`, `name` and the words of each case."""
    for number, case in enumerate(cases, 1):
        files = {**case.files, name: source.encode("utf-8", "replace")}
        done = await bench.run(Job((*argv, name, *case.words), files))
        if done.exit_code != 0:
            return fail(f"case {number}: exit code {done.exit_code} {complaint(done.stderr)[:200]}")
        reason = case.wrong(done)
        if reason:
            return fail(f"case {number}: {reason}")
    return PASS


def complaint(stderr: str) -> str:
    """The line of an interpreter's last words that names the error: `NameError: ...`, or else the last one."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or [""]
    return next((line for line in reversed(lines) if ERROR.match(line)), lines[-1])


def written_lines(files: Mapping[str, bytes], path: str) -> list[str] | None:
    """Lines of a file that are not empty, without blanks at their ends; None when it is not there or is not UTF-8."""
    text = text_in(files, path)
    return None if text is None else [line.strip() for line in text.splitlines() if line.strip()]


def text_in(files: Mapping[str, bytes], path: str) -> str | None:
    """Text of a file, None when it is not there or is not UTF-8."""
    try:
        data = files.get(path)
        return None if data is None else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def writes_lines(path: str, wanted: Sequence[str]) -> Callable[[JobResult], str]:
    """The judge of a file of lines; empty lines, blanks at line ends and the kind of line end do not count."""

    def wrong(done: JobResult) -> str:
        text = text_in(done.files, path)
        if text is None:
            return f"there is no {path}, or it is not UTF-8"
        found = [line.rstrip() for line in text.splitlines() if line.strip()]
        return "" if found == list(wanted) else f"{path} has {found[:3]}... and not {list(wanted)[:3]}..."

    return wrong


def holds(path: str, wanted: Any, read: Callable[[str], Any] = read_json) -> Callable[[JobResult], str]:
    """The judge of a file of data, which `read` takes apart."""

    def wrong(done: JobResult) -> str:
        text = text_in(done.files, path)
        if text is None:
            return f"there is no {path}, or it is not UTF-8"
        try:
            found = read(text)
        except Unreadable as error:
            return str(error)
        return "" if same(found, wanted) else f"the result is {str(found)[:200]} and not {str(wanted)[:200]}"

    return wrong


def imported(source: str) -> frozenset[str]:
    """Top modules that a Python program imports and then uses by name; raises SyntaxError when it is no Python."""
    try:
        tree = ast.parse(source)
    except ValueError as error:
        raise SyntaxError(str(error)) from error
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names if (alias.asname or alias.name).split(".")[0] in used}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [alias.asname or alias.name for alias in node.names]
            found |= {node.module.split(".")[0]} if used.intersection(names) or names == ["*"] else set()
    return frozenset(found)
