"""The scorer of the gold annotations over its development half, in this process, beside the floors and aims."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.reading.common import Options, spread_out, warm, wilson
from skvm.diag import UsageError
from skvm.source import skill_from_bytes

AIMS: dict[str, tuple[str, float, float]] = {
    "has_procedure": ("accuracy", 0.88, 0.90),
    "kind": ("accuracy", 0.75, 0.85),
    "steps": ("f1", 0.70, 0.82),
    "scenes": ("f1", 0.78, 0.88),
    "scene_type": ("accuracy", 0.70, 0.80),
    "order": ("f1", 0.90, 0.95),
    "acts": ("f1", 0.65, 0.78),
    "control": ("f1", 0.50, 0.70),
    "constraints": ("f1", 0.60, 0.75),
    "triggers": ("f1", 0.75, 0.90),
    "tools.bins": ("f1", 0.75, 0.85),
    "tools.pip": ("f1", 0.75, 0.85),
    "tools.env": ("f1", 0.75, 0.85),
    "tools.files": ("f1", 0.75, 0.85),
    "parallel_soundness": ("precision", 0.98, 0.98),
    "parallel_found": ("recall", 0.40, 0.40),
}
"""Metric: which figure of it counts, floor, aim."""

_COLUMNS = (
    ("figure", 10), ("floor", 7), ("aim", 6), ("all", 8), ("even", 8), ("odd", 8), ("P", 7), ("R", 7), ("gold", 7), ("read", 7),
    ("two people", 12),
)  # fmt: skip


def measure(options: Options) -> dict[str, Any]:
    """The scorer's report over all annotated skills, over two halves by the sha256 of the path, and of the annotators."""
    scorer = load_scorer(options.gold)
    gold = scorer.load_gold(str(options.gold / "dev"))
    paths = sorted(gold)[: options.limit]
    warm()
    outlines = dict(zip(paths, spread_out(partial(outline_at, options.corpus), paths, options.jobs), strict=True))
    halves = {"even": [p for p in paths if not odd(p)], "odd": [p for p in paths if odd(p)]}
    pairs = [pair for docs in gold.values() for pair in itertools.combinations(docs, 2)]
    report: dict[str, Any] = {
        "skills": len(paths),
        "failed": [{"path": p, "what": o["exception"]} for p, o in outlines.items() if "exception" in o],
        "all": score(scorer, [(outlines[p], gold[p][0]) for p in paths]),
        **{name: score(scorer, [(outlines[p], gold[p][0]) for p in half]) for name, half in halves.items()},
        "halves": {name: len(half) for name, half in halves.items()},
        "annotators": score(scorer, pairs),
        "annotator_pairs": len(pairs),
        "per_skill": [{"path": p, **score(scorer, [(outlines[p], gold[p][0])])["steps"]} for p in paths],
    }
    return {**report, "below_floor": _below(report["all"], 1), "below_aim": _below(report["all"], 2)}


def load_scorer(folder: Path) -> ModuleType:
    """The scorer beside the annotations, as a module; raises UsageError where there is none."""
    place = folder / "score.py"
    if not place.is_file():
        raise UsageError("there are no gold annotations", where=str(place), help="name their folder with --gold")
    spec = importlib.util.spec_from_file_location("gold_score", place)
    if spec is None or spec.loader is None:
        raise UsageError("the scorer cannot be loaded", where=str(place))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def odd(path: str) -> bool:
    """Half of a path: parity of its sha256."""
    return bool(hashlib.sha256(path.encode()).digest()[-1] & 1)


def score(scorer: ModuleType, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """The scorer's report over (outline, annotation) pairs; accuracies with Wilson's interval."""
    tally = scorer.Tally()
    for outline, annotation in pairs:
        scorer.compare(tally, outline, annotation)
    report: dict[str, Any] = tally.report()
    for row in report.values():
        if "accuracy" in row:
            row["interval"] = [round(x, 3) for x in wilson(round(row["accuracy"] * row["n"]), row["n"])]
    return report


def value(report: dict[str, Any], metric: str) -> float | None:
    """The figure of a metric that its aim speaks of; None when nothing was counted."""
    number: float | None = report.get(metric, {}).get(AIMS[metric][0])
    return number


def _below(report: dict[str, Any], column: int) -> list[str]:
    found = ((metric, value(report, metric), aims[column]) for metric, aims in AIMS.items())
    return [metric for metric, number, bar in found if number is not None and number < float(bar)]


def outline_at(corpus: Path, path: str) -> dict[str, Any]:
    """The outline of a corpus text, or what it raised as `exception`."""
    from skvm.app.views import outline_of

    place = corpus / path
    try:
        return outline_of(skill_from_bytes(place.read_bytes(), place.stem))
    except Exception as error:
        return {"exception": f"{type(error).__name__}: {str(error)[:200]}"}


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    lines = [
        f"{result['skills']} skills ({result['halves']['even']} even, {result['halves']['odd']} odd), "
        f"{len(result['failed'])} without an outline; annotators over {result['annotator_pairs']} pairs",
        f"{'':<20}" + "".join(f"{name:>{width}}" for name, width in _COLUMNS),
    ]
    reports = [result[name] for name in ("all", "even", "odd")]
    for metric, (figure, floor, aim) in AIMS.items():
        row = result["all"].get(metric, {})
        cells = [figure, f"{floor:.2f}", f"{aim:.2f}", *(_show(value(report, metric)) for report in reports)]
        cells += [
            _show(row.get("precision")),
            _show(row.get("recall")),
            row.get("gold", row.get("n", "")),
            row.get("predicted", ""),
        ]
        cells.append(_show(value(result["annotators"], metric)))
        line = "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
        lines.append(f"{metric:<20}{line}{_mark(result, metric)}")
    rest = [m for m in result["all"] if m not in AIMS]
    lines.append("without a bar: " + ", ".join(f"{m} {_show(_any(result['all'][m]))}" for m in rest))
    worst = sorted((r for r in result["per_skill"] if r["f1"] is not None), key=lambda r: r["f1"])[:10]
    lines += [f"  steps F1 {row['f1']:.2f}, gold {row['gold']}, read {row['predicted']}: {row['path']}" for row in worst]
    return lines + [f"EXCEPTION {row['path']}: {row['what']}" for row in result["failed"]]


def _mark(result: dict[str, Any], metric: str) -> str:
    if metric in result["below_floor"]:
        return "  below the floor"
    return "  below the aim" if metric in result["below_aim"] else ""


def _any(row: dict[str, Any]) -> float | None:
    number: float | None = row.get("f1", row.get("accuracy"))
    return number


def _show(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"
