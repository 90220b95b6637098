"""Foretelling calls with rules, and counting how that goes on recorded runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

from skvm.jit.foresee.rules import Rule
from skvm.jit.traces import Call, Run, Turn, is_read


def foresee(rules: Sequence[Rule], turn: Turn) -> Call | None:
    """The read that comes next, None where no rule speaks or two of them disagree. Looks at nothing that came later."""
    found = {call.key: call for call in (rule.call(turn) for rule in rules) if call is not None}
    return next(iter(found.values())) if len(found) == 1 else None


@dataclass
class Score:
    """What came of it. `calls` and `reads` count recorded calls; `turns` model turns; a served turn is one not asked for."""

    runs: int = 0
    turns: int = 0
    calls: int = 0
    reads: int = 0
    right: int = 0
    wrong: int = 0
    by_tool: dict[str, list[int]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        """Share of foretold calls that were right; 1 where none was foretold."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def lower(self) -> float:
        """One-sided 95 % lower bound of the precision (Clopper and Pearson 1934)."""
        return _lower(self.right, self.right + self.wrong)

    def to_json(self) -> dict[str, Any]:
        """Counts and shares."""
        return {
            "runs": self.runs,
            "turns": self.turns,
            "calls": self.calls,
            "reads": self.reads,
            "served right": self.right,
            "served wrong": self.wrong,
            "share of reads": round(self.right / self.reads, 4) if self.reads else 0.0,
            "share of calls": round(self.right / self.calls, 4) if self.calls else 0.0,
            "precision": round(self.precision, 4),
            "precision, 95 % lower bound": round(self.lower, 4),
            "writes served": 0,
            "by tool": {tool: {"right": r, "wrong": w} for tool, (r, w) in sorted(self.by_tool.items())},
        }


def score(rules: Sequence[Rule], runs: Iterable[Run], so_far: Score | None = None) -> Score:
    """Foretell at every turn from what stood before it, then go on on the record; counts are added to those `so_far`.

    Right: the recorded call, or one of the reads that were recorded right after it without a word between.
    """
    made = so_far or Score()
    for run in runs:
        made.runs += 1
        for turn in run.turns:
            made.turns += 1
            made.calls += len(turn.made)
            made.reads += sum(is_read(c) for c in turn.made)
            call = foresee(rules, turn)
            if call is None:
                continue
            good = call.key in {c.key for c in turn.reads}
            made.right, made.wrong = made.right + good, made.wrong + (not good)
            row = made.by_tool.setdefault(call.tool, [0, 0])
            row[0 if good else 1] += 1
    return made


def _lower(good: int, n: int) -> float:
    """The p for which `good` or more of `n` has probability 0.05, by bisection."""
    if not good:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        tail = sum(comb(n, k) * middle**k * (1 - middle) ** (n - k) for k in range(good, n + 1))
        low, high = (middle, high) if tail < 0.05 else (low, middle)
    return low
