"""The ledger: what solidified steps saved, out of the runs' own records, never a constant.

The baseline of a step is the mean of its own recorded model runs. A served run saves that, minus what serving it cost. From
the sum come off the time spent on watching, generalising and proving, and what runs that were handed back midway cost beyond
the baseline, at least the time before the model was asked. Model runs that served as evidence or shadow are not a cost: they
were due anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skvm.ir import Frozen
from skvm.jit.ladder import StepRecord, means

UNITS = ("model_calls", "tokens", "seconds", "usd")


class LedgerRow(Frozen):
    """One step, or the sum of several. `baseline`: mean of `observed` model runs. `saved`: over all `served` runs, before
    costs. `cost`: of watching, proving and handing back. `net` = saved - cost. `simulated`: runs of a simulated model among
    those the figures rest on; `unpriced`: money is not known for all runs. `complete` False: something was served without a
    recorded baseline, and counts as nothing saved."""

    skill: str
    step: str = ""
    observed: int = 0
    served: int = 0
    handed_back: int = 0
    baseline: dict[str, float] = {}
    saved: dict[str, float] = {}
    cost: dict[str, float] = {}
    net: dict[str, float] = {}
    simulated: int = 0
    unpriced: bool = False
    complete: bool = True


class Ledger(Frozen):
    """All rows and their sum."""

    rows: tuple[LedgerRow, ...]
    total: LedgerRow

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"rows": [r.model_dump() for r in self.rows], "total": self.total.model_dump()}


def ledger(records: Iterable[StepRecord], skill: str | None = None) -> Ledger:
    """Savings per step of one skill or of all; sums in model calls, tokens, seconds and, where prices are known, USD."""
    rows = tuple(row(r) for r in records if skill in (None, r.skill) and (r.baseline or r.served))
    return Ledger(rows=rows, total=_total(rows, skill or "all skills"))


def row(record: StepRecord) -> LedgerRow:
    """Savings of one step."""
    base, served = means(record.baseline), int(record.served.get("n", 0))
    base.pop("n", None)
    units = [u for u in UNITS if u in base]
    saved = {u: served * base[u] - record.served.get(u, 0.0) for u in units}
    mixed = record.mixed.get("n", 0.0)
    cost = {u: max(0.0, record.mixed.get(u, 0.0) - mixed * base[u]) for u in units}
    if "seconds" in cost:
        cost["seconds"] = record.watching + max(cost["seconds"], record.handed.get("seconds", 0.0))
    return LedgerRow(
        skill=record.skill,
        step=record.step_id,
        observed=int(record.baseline.get("n", 0)),
        served=served,
        handed_back=int(record.handed.get("n", 0)),
        baseline=_rounded(base),
        saved=_rounded(saved),
        cost=_rounded(cost),
        net=_rounded({u: saved[u] - cost[u] for u in units}),
        simulated=int(record.baseline.get("simulated", 0)),
        unpriced="usd" not in base or record.baseline.get("priced", 0) < record.baseline.get("n", 0),
        complete=bool(base) or not served,
    )


def _total(rows: tuple[LedgerRow, ...], skill: str) -> LedgerRow:
    def summed(name: str) -> dict[str, float]:
        tables: list[dict[str, float]] = [getattr(r, name) for r in rows]
        return _rounded({u: sum(t.get(u, 0.0) for t in tables) for u in UNITS if any(u in t for t in tables)})

    return LedgerRow(
        skill=skill,
        observed=sum(r.observed for r in rows),
        served=sum(r.served for r in rows),
        handed_back=sum(r.handed_back for r in rows),
        saved=summed("saved"),
        cost=summed("cost"),
        net=summed("net"),
        simulated=sum(r.simulated for r in rows),
        unpriced=any(r.unpriced for r in rows),
        complete=all(r.complete for r in rows),
    )


def _rounded(table: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in table.items()}


def ledger_text(book: Ledger) -> str:
    """The ledger for people: one line a step, one for the sum, and what the figures rest on."""
    if not book.rows:
        return "nothing recorded yet: run a skill with steps that a model does\n"
    head = f"{'step':<24} {'runs':>5} {'served':>6} {'back':>5} {'calls saved':>12} {'tokens saved':>13} {'net seconds':>12}"
    lines = [head]
    for item in (*book.rows, book.total):
        name = f"{item.skill} {item.step}".strip()[:24]
        lines.append(
            f"{name:<24} {item.observed:>5} {item.served:>6} {item.handed_back:>5} {item.net.get('model_calls', 0):>12.1f} "
            f"{item.net.get('tokens', 0):>13.0f} {item.net.get('seconds', 0):>12.2f}"
        )
    total = book.total
    lines.append(f"baseline: mean of each step's own {total.observed} recorded model runs; watching and handing back taken off")
    if total.simulated:
        lines.append(f"simulated: {total.simulated} of these runs are of a simulated model")
    return "\n".join(lines) + "\n"
