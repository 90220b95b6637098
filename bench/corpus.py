"""Check and compile every text of the corpus beside the checkout: exceptions, diagnostics, CPU time per skill and stage.

One process per core. CPU time is that of the process (`time.process_time`), so that it does not depend on what else runs;
`check` includes parsing, `compile` includes parsing, verifying and all passes for `sim/strong`. A first skill warms each
process up and is measured again in its place.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "corpus"
S233 = 233
TARGET = "sim/strong"
STAGES = ("parse", "check", "compile")


@dataclass(frozen=True)
class Row:
    """One text: CPU milliseconds per stage, diagnostics by severity, and exceptions as `stage: type: message`."""

    path: str
    size: int
    ms: dict[str, float] = field(default_factory=dict)
    diagnostics: dict[str, int] = field(default_factory=dict)
    facts: dict[str, bool] = field(default_factory=dict)
    exceptions: tuple[str, ...] = ()


def paths(corpus: Path) -> list[Path]:
    """All texts, by path below the corpus."""
    return sorted(corpus.rglob("*.md"), key=lambda p: p.relative_to(corpus).as_posix())


def s233(corpus: Path, texts: Iterable[Path]) -> list[str]:
    """The first 233 paths by sha256 of the path."""
    names = [p.relative_to(corpus).as_posix() for p in texts]
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:S233]


def list_digest(names: list[str]) -> str:
    """Digest of a list of paths, one per line."""
    return "sha256:" + hashlib.sha256("\n".join(names).encode()).hexdigest()


def measure(corpus: Path, *, limit: int | None = None, only: str | None = None, jobs: int | None = None) -> dict[str, Any]:
    """The whole measurement as one JSON object."""
    texts = paths(corpus)
    listed = s233(corpus, texts)
    chosen = [corpus / name for name in listed] if only == "s233" else texts[:limit]
    workers = max(1, min(jobs or os.cpu_count() or 1, len(chosen) or 1))
    began = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=_warm) as pool:
        rows = list(pool.map(_one, ((corpus, path) for path in chosen), chunksize=16))
    wall = time.perf_counter() - began
    return {**summary(rows), "wall_seconds": round(wall, 2), "processes": workers, "s233": list_digest(listed)}


def summary(rows: list[Row]) -> dict[str, Any]:
    """Counts and CPU milliseconds over all rows."""
    counts: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    for row in rows:
        counts.update(row.diagnostics)
        facts.update(name for name, holds in row.facts.items() if holds)
    failed = [asdict(row) for row in rows if row.exceptions]
    return {
        "texts": len(rows),
        "bytes": sum(row.size for row in rows),
        "exceptions": sum(len(row.exceptions) for row in rows),
        "failed": [{"path": row["path"], "exceptions": list(row["exceptions"])} for row in failed],
        "diagnostics": dict(sorted(counts.items())),
        "facts": dict(sorted(facts.items())),
        "cpu_ms": {
            stage: _spread([row.ms[stage] for row in rows if stage in row.ms]) for stage in ("parse", "check", "compile")
        },
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    at = {"median": 0.5, "p90": 0.9, "p99": 0.99}
    spread = {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) for name, share in at.items()}
    return {"mean": round(sum(ordered) / len(ordered), 2), **spread, "max": round(ordered[-1], 2)}


def _warm() -> None:
    """Build grammars and load tables before anything is timed."""
    from skvm.source import skill_from_bytes

    raw = b"---\nname: warm\ndescription: Use when warming up.\n---\n# Steps\n\n1. Read `a.txt`.\n2. If it is empty, stop.\n"
    _stages(skill_from_bytes(raw))


def _one(job: tuple[Path, Path]) -> Row:
    from skvm.source import load_skill

    corpus, path = job
    name = path.relative_to(corpus).as_posix()
    try:
        source = load_skill(path)
    except Exception as error:
        return Row(name, 0, exceptions=(f"load: {type(error).__name__}: {error}",))
    ms, found, facts, exceptions = _stages(source)
    return Row(name, len(source.main.raw), ms, found, facts, exceptions)


def _stages(source: Any) -> tuple[dict[str, float], dict[str, int], dict[str, bool], tuple[str, ...]]:
    from skvm.app.asked import CompileOptions
    from skvm.app.check import diagnose
    from skvm.app.compiling import compile_source
    from skvm.app.settings import Settings
    from skvm.parse import certify, parse_skill

    ms: dict[str, float] = {}
    exceptions: list[str] = []

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        try:
            return work()
        except Exception as error:
            exceptions.append(f"{stage}: {type(error).__name__}: {str(error)[:200]}")
            return None
        finally:
            ms[stage] = (time.process_time() - began) * 1000

    settings = Settings(home=Path("/nonexistent"), cache=Path("/nonexistent"))
    parsed = timed("parse", lambda: parse_skill(source))
    checked = timed("check", lambda: diagnose(source))
    artifact = timed("compile", lambda: compile_source(source, CompileOptions(target=TARGET), settings))
    facts = {}
    if parsed is not None:
        certificate = timed("certify", lambda: certify(parsed.program, source.main.raw))
        facts = {"byte_exact": bool(certificate and certificate["byte_exact"]), "procedure": parsed.program.skill.has_procedure}
    facts["compiled"] = artifact is not None
    found = Counter(d.severity.value for d in checked[1]) if checked is not None else Counter()
    return ms, dict(found), facts, tuple(exceptions)


def text(result: dict[str, Any]) -> str:
    """The measurement for people."""
    facts = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in result["facts"].items())
    found = ", ".join(f"{count} {severity}" for severity, count in result["diagnostics"].items())
    lines = [
        f"{result['texts']} texts, {result['bytes']} bytes, {result['exceptions']} exceptions ({facts})",
        f"diagnostics: {found or 'none'}",
        f"wall {result['wall_seconds']} s in {result['processes']} processes; S233 list {result['s233']}",
        "CPU ms per skill      mean   median      p90      p99      max",
    ]
    for stage, spread in result["cpu_ms"].items():
        if spread:
            lines.append(f"  {stage:<12}" + "".join(f"{spread[k]:>9.2f}" for k in ("mean", "median", "p90", "p99", "max")))
    lines += [f"FAILED {row['path']}: {'; '.join(row['exceptions'])}" for row in result["failed"][:40]]
    return "\n".join(lines)


def as_json(result: dict[str, Any]) -> str:
    """The measurement for programs."""
    return json.dumps(result, indent=1)
