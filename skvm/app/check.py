"""Checking skills: diagnostics of the front end and of the verifier, and the losslessness certificate.

Results are cached by content: the skill's bytes, its name, and the bytes of the code and grammar that judge it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from skvm.app.cache import Cache
from skvm.app.inputs import SkillInput
from skvm.app.pool import in_processes
from skvm.diag import Diagnostic, Located, Severity, locate, shown_path, sort_diagnostics
from skvm.source import SkillSource, skill_from_bytes

if TYPE_CHECKING:
    from skvm.ir import Program

SAMPLE = """# Sample

## Workflow

1. If the file is there, run `sort names.txt`.
2. Write the report:

```bash
sort names.txt
```

```python
import csv
```
"""
"""A skill that makes every part of the front end load what it needs."""


def warm_up() -> None:
    """Load what checking needs, before processes part."""
    diagnose(skill_from_bytes(SAMPLE.encode(), "sample"))


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

    def to_record(self) -> dict[str, Any]:
        """What the cache keeps."""
        return {"located": [i.to_record() for i in self.located], "certificate": self.certificate}


def diagnose(source: SkillSource) -> tuple[Program, tuple[Diagnostic, ...]]:
    """Parse and verify one skill."""
    from skvm.ir.verify import verify
    from skvm.parse import parse_skill

    parsed = parse_skill(source)
    return parsed.program, sort_diagnostics((*parsed.diagnostics, *verify(parsed.program, source)))


def check_one(item: SkillInput, certify: bool) -> CheckResult:
    """Check one skill; raises UsageError when it cannot be read."""
    return check_source(item.load(), item.shown, certify)


def check_source(source: SkillSource, shown: str, certify: bool) -> CheckResult:
    """Check one loaded skill; `shown` is how output calls it."""
    program, diagnostics = diagnose(source)
    certificate = None
    if certify:
        from skvm.parse import certify as certify_program

        certificate = certify_program(program, source.main.raw)
    return CheckResult(source.name, shown, locate(diagnostics, source, shown), certificate)


def check_many(
    items: Sequence[SkillInput], *, certify: bool = False, jobs: int | None = None, cache: Cache | None = None
) -> Iterator[CheckResult]:
    """Check skills in the order given: from the cache where nothing changed, on several processes where there are many."""
    known = [_cached(item, certify, cache) for item in items]
    unknown = [i for i, (_, hit) in zip(items, known, strict=True) if hit is None]
    fresh = in_processes(partial(check_one, certify=certify), unknown, warm_up, jobs)
    made: dict[str, Any] = {}
    for key, hit in known:
        result = hit if hit is not None else next(fresh)
        if hit is None and key:
            made[key] = result.to_record()
        yield result
    if cache is not None:
        cache.save(made)


def _cached(item: SkillInput, certify: bool, cache: Cache | None) -> tuple[str, CheckResult | None]:
    if cache is None:
        return "", None
    source = item.load()
    key = cache.key("check", source.digest, source.name, "certify" if certify else "", *problems_of(source))
    record = cache.load(key)
    if record is None:
        return key, None
    rows = record["located"]
    located = tuple(Located.from_record(r, shown_path(source, r["file"], item.shown)) for r in rows)
    return key, CheckResult(source.name, item.shown, located, record["certificate"])


def problems_of(source: SkillSource) -> list[str]:
    """What the folder holds besides bytes, and diagnostics speak of."""
    return [f"{p.kind} {p.path} {p.detail}" for p in source.problems]
