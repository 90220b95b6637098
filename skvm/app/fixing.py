"""Fixes of diagnostics written into the files of skills: the safe ones, and on request those that may change the meaning.

What a fix does not name stays byte for byte. A file is written once, whole, and only when it has no more errors than before.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from skvm.app.check import diagnose
from skvm.app.inputs import SkillInput, reason
from skvm.diag import Applicability, Diagnostic, Edit, EnvironmentFailure, Severity, UsageError
from skvm.source import SkillSource, SourceText
from skvm.store.files import replace_file

_ROUNDS = 5
"""One fix may lay bare another; more rounds than this are a circle."""


def fix_skill(item: SkillInput, *, unsafe: bool) -> int:
    """Apply the fixes of a skill's main file and say how many; raises UsageError for stdin, EnvironmentFailure for the disk."""
    if item.path is None:
        raise UsageError("fixes cannot be written to standard input", where="-", help="name the file")
    source = item.load()
    grades = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    raw, count = source.main.raw, 0
    before = found = diagnose(source)[1]
    for _ in range(_ROUNDS):
        fixed, done = apply_fixes(raw, source.main.file, found, grades)
        if fixed == raw:
            break
        raw, count = fixed, count + done
        found = diagnose(replace(source, main=SourceText.decode(source.main.file, raw)))[1]
    if not count or _errors(found) > _errors(before):
        return 0
    _write(_target(item.path, source), raw, item.shown)
    return count


def apply_fixes(raw: bytes, file: str, found: Iterable[Diagnostic], grades: set[Applicability]) -> tuple[bytes, int]:
    """The text with the fixes of these grades, and their number; of two that touch the same bytes the first counts."""
    taken: list[Edit] = []
    count = 0
    for item in found:
        fix = item.fix
        if fix is None or fix.applicability not in grades or not fix.edits:
            continue
        if all(e.span.file == file and not any(_meet(e, t) for t in taken) for e in fix.edits):
            taken += fix.edits
            count += 1
    for edit in sorted(taken, key=lambda e: e.span.start, reverse=True):
        raw = raw[: edit.span.start] + edit.text.encode("utf-8", "surrogatepass") + raw[edit.span.end :]
    return raw, count


def _meet(one: Edit, two: Edit) -> bool:
    a, b = one.span, two.span
    return a.start == b.start or (a.start < b.end and b.start < a.end)


def _errors(found: Iterable[Diagnostic]) -> int:
    return sum(item.severity is Severity.ERROR for item in found)


def _target(path: Path, source: SkillSource) -> Path:
    return path / source.main.file if path.is_dir() else path


def _write(path: Path, raw: bytes, shown: str) -> None:
    """Replace the file behind a link that stays in the folder; one that leads out belongs to somebody else."""
    try:
        target = path.resolve(strict=True)
        if path.is_symlink() and target.parent != path.parent.resolve():
            raise EnvironmentFailure(
                "not fixed: the file is a link out of its folder", where=shown, help="fix the file it leads to"
            )
        replace_file(target, raw, stat.S_IMODE(target.stat().st_mode))
    except OSError as error:
        raise EnvironmentFailure(f"cannot be written: {reason(error)}", where=shown) from None
