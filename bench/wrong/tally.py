"""Counts of what came of requests: by step, by verdict, by the guard that handed a valid one back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SERVED, REFUSED, HANDED, WRONG = "served", "refused", "handed back", "wrong"
"""Refused: a guard missed before anything was done. Handed back: after calls that the reference makes too."""

MOST_LINES = 20


@dataclass(frozen=True)
class Verdict:
    """What came of one step. `kind`: the guard that missed, `why` in words; `checked`: share of such that the model is asked
    for all the same, to be compared."""

    what: str
    kind: str = ""
    why: str = ""
    checked: float = 0.0


@dataclass
class Tally:
    """Counts of one step. `proper`: of valid requests, `spoilt`: of mutated; `kinds`, `why`: what handed valid ones back."""

    proper: Counter[str] = field(default_factory=Counter)
    spoilt: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    checked: float = 0.0

    def note(self, verdict: Verdict, mutated: bool, asked: str) -> None:
        """One more; `asked` says of what, for a wrong one."""
        (self.spoilt if mutated else self.proper)[verdict.what] += 1
        if verdict.what == WRONG:
            self.wrong = [*self.wrong, f"{asked}: {verdict.why}"][:MOST_LINES]
        elif mutated:
            return
        elif verdict.what == SERVED:
            self.checked += verdict.checked
        else:
            self.kinds[verdict.kind] += 1
            self.why[verdict.why[:70]] += 1

    def add(self, other: Tally) -> None:
        """The counts of both."""
        for name in ("proper", "spoilt", "kinds", "why"):
            getattr(self, name).update(getattr(other, name))
        self.wrong = [*self.wrong, *other.wrong][:MOST_LINES]
        self.checked += other.checked

    @property
    def judged(self) -> int:
        """All requests, valid and mutated."""
        return self.proper.total() + self.spoilt.total()

    @property
    def mistakes(self) -> int:
        """How many were wrong."""
        return self.proper[WRONG] + self.spoilt[WRONG]


@dataclass
class Verdicts:
    """Counts of one skill: by step, and whole requests of which every step was served."""

    steps: dict[str, Tally] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def of(self, step: str) -> Tally:
        """The counts of a step."""
        return self.steps.setdefault(step, Tally())

    def add(self, other: Verdicts) -> None:
        """The counts of both."""
        self.requests.update(other.requests)
        for step, tally in other.steps.items():
            self.of(step).add(tally)

    @property
    def total(self) -> Tally:
        """All steps together."""
        total = Tally()
        for tally in self.steps.values():
            total.add(tally)
        return total

    @property
    def wrong(self) -> list[str]:
        """Wrong executions in words, the first of each step."""
        return [f"{step}: {line}" for step, tally in self.steps.items() for line in tally.wrong]

    def as_json(self) -> dict[str, Any]:
        """To be kept; `read` gives it back."""
        return {"requests": self.requests, "steps": {step: vars(tally) for step, tally in self.steps.items()}}

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Verdicts:
        """What `as_json` gave."""
        return cls({step: _tally(row) for step, row in kept["steps"].items()}, Counter(kept["requests"]))


def _tally(row: dict[str, Any]) -> Tally:
    counts = {name: Counter(row[name]) for name in ("proper", "spoilt", "kinds", "why")}
    return Tally(**counts, wrong=row["wrong"], checked=row["checked"])


def bound(count: int) -> float:
    """Upper 95 % bound of a rate of which 0 of `count` trials were seen."""
    return 1.0 - 0.05 ** (1.0 / count) if count else 1.0
