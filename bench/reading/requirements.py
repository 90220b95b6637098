"""Requirements against the gold annotations, beside a constant that knows the usual level of a primitive."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from bench.reading.common import Options, spread_out, warm
from bench.reading.gold import load_scorer, odd, outline_at

AIMS = {"f1": 0.75, "level": 0.78, "within_one": 0.97, "above_constant": 0.08}
"""What is asked over all annotated skills; `above_constant` is how far `level` is above the constant."""

DRAWS = 2000
"""Samples of skills, drawn with replacement, behind an interval."""

Levels = dict[str, str]
"""Level by primitive."""


class Case(NamedTuple):
    """One skill: what was read, what is annotated, and what the constant answers for the annotated primitives."""

    path: str
    read: Levels
    gold: Levels
    constant: Levels


def measure(options: Options) -> dict[str, Any]:
    """Figures over all annotated skills, over two halves by the sha256 of the path, and by primitive."""
    gold = load_scorer(options.gold).load_gold(str(options.gold / "dev"))
    paths = sorted(gold)[: options.limit]
    warm()
    outlines = list(spread_out(partial(outline_at, options.corpus), paths, options.jobs))
    found = cases(paths, [levels(o) for o in outlines], [levels(gold[p][0]) for p in paths])
    halves = {"even": [c for c in found if not odd(c.path)], "odd": [c for c in found if odd(c.path)]}
    whole = figures(found)
    return {
        "skills": len(found),
        "failed": [{"path": p, "what": o["exception"]} for p, o in zip(paths, outlines, strict=True) if "exception" in o],
        "all": whole,
        **{name: figures(part) for name, part in halves.items()},
        "intervals": intervals(found, options.seed),
        "primitives": by_primitive(found),
        "below_aim": [name for name, bar in AIMS.items() if whole[name] is not None and whole[name] < bar],
    }


def levels(outline: dict[str, Any]) -> Levels:
    """Level by primitive of an outline or annotation."""
    return {row["primitive"]: row["level"] for row in outline.get("requirements") or []}


def cases(paths: Sequence[str], read: Sequence[Levels], gold: Sequence[Levels]) -> list[Case]:
    """Skills with the answers of the constant: the most frequent level of a primitive in all other skills (the lower of two),
    L2 where no other skill has it."""
    counts: dict[str, Counter[str]] = {}
    for row in gold:
        for primitive, level in row.items():
            counts.setdefault(primitive, Counter())[level] += 1
    out = []
    for path, ours, theirs in zip(paths, read, gold, strict=True):
        constant = {p: _usual(counts[p] - Counter([level])) for p, level in theirs.items()}
        out.append(Case(path, ours, theirs, constant))
    return out


def _usual(counts: Counter[str]) -> str:
    return min(counts, key=lambda level: (-counts[level], level), default="L2")


def figures(found: Sequence[Case]) -> dict[str, Any]:
    """F1 of the primitives; of those found: level right, within one, and the constant's share of right levels."""
    pairs = [(case.read[p], level, case.constant[p]) for case in found for p, level in case.gold.items() if p in case.read]
    read, gold = (sum(len(getattr(case, name)) for case in found) for name in ("read", "gold"))
    level = _share(ours == theirs for ours, theirs, _ in pairs)
    constant = _share(usual == theirs for _, theirs, usual in pairs)
    return {
        "gold": gold,
        "read": read,
        "right": len(pairs),
        "f1": round(2 * len(pairs) / (read + gold), 4) if read + gold else None,
        "level": level,
        "within_one": _share(abs(int(ours[1:]) - int(theirs[1:])) <= 1 for ours, theirs, _ in pairs),
        "constant": constant,
        "above_constant": None if level is None or constant is None else round(level - constant, 4),
    }


def _share(right: Iterable[bool]) -> float | None:
    rows = list(right)
    return round(sum(rows) / len(rows), 4) if rows else None


def intervals(found: Sequence[Case], seed: int) -> dict[str, list[float]]:
    """95 % intervals of the figures by drawing skills with replacement (Efron 1979, Ann. Statist. 7:1)."""
    draw = random.Random(seed)
    rows = [figures(draw.choices(found, k=len(found))) for _ in range(DRAWS)] if found else []
    out = {}
    for name in AIMS:
        values = sorted(row[name] for row in rows if row[name] is not None)
        if values:
            out[name] = [values[int(0.025 * len(values))], values[min(len(values) - 1, int(0.975 * len(values)))]]
    return out


def by_primitive(found: Sequence[Case]) -> dict[str, dict[str, Any]]:
    """Figures of each primitive that was read or annotated."""
    names = sorted({p for case in found for p in (*case.read, *case.gold)})
    return {name: figures([Case(c.path, *(_only(part, name) for part in c[1:])) for c in found]) for name in names}


def _only(part: Levels, name: str) -> Levels:
    return {name: part[name]} if name in part else {}


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    columns = ("all", "even", "odd")
    lines = [f"{result['skills']} skills, {len(result['failed'])} without an outline", f"{'':<26}asked" + _cells(columns)]
    for name in ("f1", "level", "within_one", "constant", "above_constant"):
        asked = f"{AIMS[name]:.2f}" if name in AIMS else ""
        between = result["intervals"].get(name)
        tail = f"   95 % {between[0]:.3f} to {between[1]:.3f}" if between else ""
        mark = "  below the aim" if name in result["below_aim"] else ""
        lines.append(f"{name:<26}{asked:>5}" + _cells(_show(result[c][name]) for c in columns) + tail + mark)
    lines.append(f"{'':<26}{'gold':>5}" + _cells(("read", "right", "f1", "level", "constant")))
    for name, row in result["primitives"].items():
        cells = [str(row["read"]), str(row["right"]), *(_show(row[key]) for key in ("f1", "level", "constant"))]
        lines.append(f"{name:<26}{row['gold']:>5}" + _cells(cells))
    return lines + [f"EXCEPTION {row['path']}: {row['what']}" for row in result["failed"]]


def _cells(values: Iterable[str]) -> str:
    return "".join(f"{value:>9}" for value in values)


def _show(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"
