"""Checking skills: diagnostics of the front end and of the verifier, and the losslessness certificate."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

from skvm.app.inputs import SkillInput
from skvm.diag import Diagnostic, Located, Severity, locate, sort_diagnostics
from skvm.ir import Program
from skvm.source import SkillSource

MANY = 24
"""From this many skills on, starting processes costs less than it saves."""


@dataclass(frozen=True)
class CheckResult:
    """What `skvm check` says about one skill."""

    name: str
    path: str
    located: tuple[Located, ...]
    certificate: dict[str, Any] | None = None

    @property
    def errors(self) -> bool:
        """True when a diagnostic is of level error."""
        return any(i.diagnostic.severity is Severity.ERROR for i in self.located)

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        row: dict[str, Any] = {"skill": self.name, "path": self.path, "diagnostics": [i.to_json() for i in self.located]}
        if self.certificate is not None:
            row["certificate"] = self.certificate
        return row

    def certificate_text(self) -> str:
        """One line per skill for people."""
        c = self.certificate or {}
        exact = "byte for byte" if c.get("byte_exact") else "NOT byte for byte"
        shares = ", ".join(f"{kind} {share:.1%}" for kind, share in c.get("share", {}).items() if share)
        return f"{self.path}: rebuilt {exact}; {shares}"


def diagnose(source: SkillSource) -> tuple[Program, tuple[Diagnostic, ...]]:
    """Parse and verify one skill."""
    from skvm.ir.verify import verify
    from skvm.parse import parse_skill

    parsed = parse_skill(source)
    return parsed.program, sort_diagnostics((*parsed.diagnostics, *verify(parsed.program, source)))


def check_one(item: SkillInput, certify: bool) -> CheckResult:
    """Check one skill; raises UsageError when it cannot be read."""
    source = item.load()
    program, diagnostics = diagnose(source)
    certificate = None
    if certify:
        from skvm.parse import certify as certify_program

        certificate = certify_program(program, source.main.raw)
    return CheckResult(source.name, item.shown, locate(diagnostics, source, item.shown), certificate)


def check_many(items: Sequence[SkillInput], *, certify: bool = False, jobs: int | None = None) -> Iterator[CheckResult]:
    """Check skills in the order given, on several processes where there are many."""
    workers = min(jobs or os.cpu_count() or 1, len(items))
    if workers < 2 or (len(items) < MANY and jobs is None):
        yield from (check_one(i, certify) for i in items)
        return
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    chunk = max(1, min(32, len(items) // (workers * 4)))
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(partial(check_one, certify=certify), items, chunksize=chunk)
