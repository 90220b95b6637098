"""CPU per skill in a warm process, `skvm check` over S233 from a cold and a warm cache, and `skvm --version`."""

from __future__ import annotations

import cProfile
import io
import math
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from bench import corpus as corpus_bench
from bench.reading.common import Options, cpu, lone, spread, warm
from bench.reading.stable import ROOT
from skvm.source import SkillSource

HEAVY = ("litellm", "networkx", "pydantic", "lark", "rich")
REPEATS = 3
TOP = 25


def measure(options: Options) -> dict[str, Any]:
    """All figures over S233, or over the first `limit` of it."""
    names = corpus_bench.s233(options.corpus, corpus_bench.paths(options.corpus))[: options.limit]
    paths = [options.corpus / name for name in names]
    sources = [lone(path.read_bytes(), path) for path in paths]
    warm()
    result: dict[str, Any] = {"skills": len(names), "list": corpus_bench.list_digest(names), "cores": os.cpu_count()}
    result["warm_ms"] = _warm_ms(names, sources)
    with tempfile.TemporaryDirectory(prefix="skvm-bench-") as made:
        result["check"] = _check(paths, Path(made))
        result["version"] = _version(Path(made))
    if options.profile:
        result["profile"] = _profile(sources)
    return result


def _warm_ms(names: list[str], sources: list[SkillSource]) -> dict[str, Any]:
    """Least of `REPEATS` rounds over all skills, per skill and stage: reading it, and its effects, requirements and order.

    In rounds, so that nothing kept for a text that was just read counts.
    """
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    programs = [parse_skill(source).program for source in sources]
    least = [(math.inf, math.inf)] * len(sources)
    for _ in range(REPEATS):
        for at, source in enumerate(sources):
            parse, effects = cpu(partial(parse_skill, source), 1), cpu(partial(analyse, programs[at], source), 1)
            least[at] = min(least[at][0], parse), min(least[at][1], effects)
    rows = [
        {"path": name, "bytes": len(source.main.raw), "parse": parse * 1000, "effects": effects * 1000}
        for name, source, (parse, effects) in zip(names, sources, least, strict=True)
    ]
    slow = sorted(rows, key=lambda r: -(r["parse"] + r["effects"]))[:5]
    return {
        "parse": spread([r["parse"] for r in rows]),
        "effects": spread([r["effects"] for r in rows]),
        "both": spread([r["parse"] + r["effects"] for r in rows]),
        "per_kb": round(sum(r["parse"] + r["effects"] for r in rows) / max(1, sum(r["bytes"] for r in rows)) * 1000, 3),
        "slowest": [{"path": r["path"], "bytes": r["bytes"], "ms": round(r["parse"] + r["effects"], 1)} for r in slow],
    }


def _environment(made: Path, home: str) -> dict[str, str]:
    """Bytecode is kept from run to run, as installing a package leaves it; a checkout under `PYTHONDONTWRITEBYTECODE` compiles
    all modules anew in every process."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**env, "SKVM_HOME": str(made / home), "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(made / "bytecode")}


def _run(words: list[str], made: Path, home: str) -> tuple[float, float]:
    """Wall and CPU seconds of a command with all its processes."""
    env = _environment(made, home)
    began = time.perf_counter()
    child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    _, _, used = os.wait4(child.pid, 0)
    child.returncode = 0
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


def _least(runs: list[tuple[float, float]]) -> dict[str, Any]:
    walls, cpus = [wall for wall, _ in runs], [used for _, used in runs]
    return {
        "cpu": round(min(cpus), 3),
        "wall": round(min(walls), 3),
        "wall_median": round(statistics.median(walls), 3),
        "runs": len(runs),
    }


def _check(paths: list[Path], made: Path) -> dict[str, Any]:
    """`skvm check FOLDER` over copies under names that keep them apart, without and with results of an earlier run."""
    folder = made / "texts"
    folder.mkdir()
    for number, path in enumerate(paths):
        shutil.copyfile(path, folder / f"{number:03d}-{path.name}")
    words = [sys.executable, "-m", "skvm", "check", str(folder), "--format", "concise"]
    _run(words, made, "first")  # writes the bytecode
    cold = [_run(words, made, f"home{number}") for number in range(REPEATS)]
    return {"cold": _least(cold), "unchanged": _least([_run(words, made, "home0") for _ in range(5)])}


def _version(made: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "skvm", "--version"]
    _run(words, made, "first")
    runs = [_run(words, made, "home") for _ in range(7)]
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words[1:]],
        capture_output=True,
        text=True,
        env=_environment(made, "home"),
        cwd=ROOT,
        check=False,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    bare = [_run([sys.executable, "-c", "pass"], made, "home") for _ in range(7)]
    tops = {name.partition(".")[0] for name in names}
    return {**_least(runs), "bare_python": _least(bare), "modules": len(names), "heavy": sorted(set(HEAVY) & tops)}


def _profile(sources: list[SkillSource]) -> list[str]:
    """The functions with most own time while S233 is read and analysed."""
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    profiler = cProfile.Profile()
    profiler.enable()
    for source in sources:
        analyse(parse_skill(source).program, source)
    profiler.disable()
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(TOP)
    return [line for line in out.getvalue().splitlines() if line.strip()]


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    warm_ms, check, version = result["warm_ms"], result["check"], result["version"]
    lines = ["CPU ms per skill, warm    mean   median      p90      p99      max"]
    for stage in ("parse", "effects", "both"):
        lines.append(f"  {stage:<20}" + "".join(f"{warm_ms[stage][k]:>9.2f}" for k in ("mean", "median", "p90", "p99", "max")))
    lines.append(f"  target of both: median 6, aim 3; {warm_ms['per_kb']} ms per kB")
    lines += [f"  slowest {row['ms']} ms, {row['bytes']} bytes: {row['path']}" for row in warm_ms["slowest"]]
    for name, bar in (("cold", "1.5, aim 1.0"), ("unchanged", "0.15")):
        row = check[name]
        lines.append(
            f"skvm check of {result['skills']} skills, {name}: CPU {row['cpu']} s, wall {row['wall']} s (median of "
            f"{row['runs']} {row['wall_median']}; target {bar} wall) on {result['cores']} cores"
        )
    lines.append(
        f"skvm --version: CPU {1000 * version['cpu']:.0f} ms (target 80), bare Python "
        f"{1000 * version['bare_python']['cpu']:.0f} ms, {version['modules']} modules, "
        f"heavy ones: {', '.join(version['heavy']) or 'none'}"
    )
    return [*lines, *result.get("profile", [])]
