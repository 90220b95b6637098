"""The ledger: what solidified steps saved, out of the runs' own records, never a constant.

The baseline of a step is the mean of its own recorded model runs. A served run saves that, minus what serving it cost. From
the sum come off: `compile`, the time that compiling the skill for its runs took; `learning`, the time spent on watching,
generalising, proving and comparing shadows; `deopt`, what runs that were handed back midway cost beyond the baseline, at
least the time before the model was asked; `check`, what serving would have saved where promoted code was held against the
model once more; `variant`, whole runs of other plans beside a run, to be compared; `again`, failed tasks that the original text
did once more. Model runs that served as evidence or shadow before promotion are not a cost: they were due anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import stdev
from typing import Any

from skvm.ir import Frozen
from skvm.jit.observe.observation import cost_of
from skvm.jit.prove.ladder import StepRecord, added, means
from skvm.jit.serve.book import RUNS
from skvm.plan import Event, EventKind, StepResult
from skvm.ports import Blobs

UNITS = ("model_calls", "tokens", "seconds", "usd")
COMPILES = "jit.compiles"
"""Table of the store: per skill how often it was compiled for a run, and the seconds that took."""

TRIALS = "jit.trials"
"""Table of the store: per skill, by kind (`variant`, `again`) and step, what runs beside its runs cost."""

Trials = Mapping[str, Mapping[str, Mapping[str, dict[str, float]]]]
"""By skill, kind and step."""

Costs = Mapping[str, Sequence[dict[str, float]]]
"""By step key what each kept model run cost."""

NORMAL = 1.959964
_STUDENT = (12.706205, 4.302653, 3.182446)
"""Two-sided 95 % quantiles of Student's t with 1, 2 and 3 degrees of freedom."""


class LedgerRow(Frozen):
    """One step, or the sum of several. `baseline`: mean of `observed` model runs. `saved`: over all `served` runs and those
    model runs in which reads were `foretold`, before costs. `cost`: `costs` of all kinds together. `net` = saved - cost.
    `interval`: 95 % prediction interval of the net, for units of which at least two model runs were kept; runs of different
    steps are taken as independent. `break_even`: the run, counted from the first model run on, from which on the step (or all
    steps of the skill) pays, as each served run saved the mean; 0 where nothing was spent, absent while nothing was served,
    where serving does not save, and for several skills. `simulated`: runs of a simulated model among those the figures rest
    on; `unpriced`: money is not known for all runs. `complete` False: something was served without a recorded baseline, and
    counts as nothing saved."""

    skill: str
    step: str = ""
    observed: int = 0
    served: int = 0
    handed_back: int = 0
    foretold: int = 0
    baseline: dict[str, float] = {}
    saved: dict[str, float] = {}
    costs: dict[str, dict[str, float]] = {}
    cost: dict[str, float] = {}
    net: dict[str, float] = {}
    interval: dict[str, tuple[float, float]] = {}
    break_even: dict[str, int] = {}
    simulated: int = 0
    unpriced: bool = False
    complete: bool = True


class Ledger(Frozen):
    """All steps, their sums per skill with the cost of compiling, and the sum of all."""

    rows: tuple[LedgerRow, ...]
    skills: tuple[LedgerRow, ...]
    total: LedgerRow

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        rows = {name: [r.model_dump(mode="json") for r in getattr(self, name)] for name in ("rows", "skills")}
        return {**rows, "total": self.total.model_dump(mode="json")}


def note_compile(blobs: Blobs, skill: str, seconds: float) -> None:
    """Take note that a skill was compiled for a run."""
    row = blobs.load(COMPILES, skill) or {}
    blobs.save(COMPILES, skill, {"n": row.get("n", 0) + 1, "seconds": row.get("seconds", 0.0) + seconds})


def compiles(blobs: Blobs) -> dict[str, float]:
    """Seconds that compiling took so far, by skill."""
    return {skill: float(row["seconds"]) for skill, row in blobs.records(COMPILES)}


def note_trial(blobs: Blobs, skill: str, kind: str, events: Iterable[Event]) -> None:
    """Take note of what the steps of a run beside a run cost, out of its journal; a run counts once."""
    row = blobs.load(TRIALS, skill) or {}
    steps = row.setdefault(kind, {})
    for event in events:
        told = event.data.get("result") if event.kind is EventKind.NODE_END else None
        if told:
            result = StepResult.model_validate(told)
            steps[event.node] = added(steps.get(event.node, {}), cost_of(result), result.simulated)
    blobs.save(TRIALS, skill, row)


def trials(blobs: Blobs) -> Trials:
    """What runs beside runs cost so far."""
    return dict(blobs.records(TRIALS))


def kept(blobs: Blobs) -> Costs:
    """What each kept model run cost, by step key; runs that code began are left out."""
    found: dict[str, list[dict[str, float]]] = {}
    for _, rows in blobs.records(RUNS):
        for seen in rows:
            if not seen["mixed"]:
                found.setdefault(seen["step_key"], []).append(seen["cost"])
    return found


def ledger(
    records: Iterable[StepRecord],
    skill: str | None = None,
    *,
    runs: Costs | None = None,
    compiled: Mapping[str, float] | None = None,
    foretold: Mapping[str, dict[str, float]] | None = None,
    tried: Trials | None = None,
) -> Ledger:
    """Savings per step of one skill or of all; sums in model calls, tokens, seconds and, where prices are known, USD.

    `runs`: the kept model runs (`kept`), from which the intervals are made; `compiled`: seconds by skill (`compiles`);
    `foretold`: by step key the sums of model runs in which reads were foretold; `tried`: what runs beside runs cost (`trials`).
    """
    known = [r for r in records if skill in (None, r.skill) and (r.baseline or r.served)]
    table, spent, told = runs or {}, compiled or {}, foretold or {}
    beside = {name: kinds for name, kinds in (tried or {}).items() if skill in (None, name)}
    newest = {(r.skill, r.step_id): r.step_key for r in known}
    rows = tuple(
        row(
            r,
            table.get(r.step_key, ()),
            told.get(r.step_key, {}),
            _of_step(beside.get(r.skill, {}), r.step_id) if newest[r.skill, r.step_id] == r.step_key else {},
        )
        for r in known
    )
    names = sorted({r.skill for r in rows} | set(beside))
    skills = tuple(
        _sum(own, name, {**_elsewhere(beside.get(name, {}), own), "compile": {"seconds": spent.get(name, 0.0)}})
        for name, own in ((name, [r for r in rows if r.skill == name]) for name in names)
    )
    total = _sum(skills, "all skills", {}).model_copy(update={"break_even": {}})
    if len(skills) == 1:
        total = skills[0].model_copy(update={"skill": skill or total.skill})
    return Ledger(rows=rows, skills=skills, total=total)


def _of_step(kinds: Mapping[str, Mapping[str, dict[str, float]]], step: str) -> dict[str, dict[str, float]]:
    return {kind: steps[step] for kind, steps in kinds.items() if step in steps}


def _elsewhere(kinds: Mapping[str, Mapping[str, dict[str, float]]], rows: Sequence[LedgerRow]) -> dict[str, dict[str, float]]:
    """Sums of the steps that have no row of their own, as the one agent of the original text."""
    own = {r.step for r in rows}
    found: dict[str, dict[str, float]] = {}
    for kind, steps in kinds.items():
        left = [sums for step, sums in steps.items() if step not in own]
        found[kind] = {u: sum(s.get(u, 0.0) for s in left) for u in UNITS if any(u in s for s in left)}
    return found


def row(
    record: StepRecord,
    runs: Sequence[dict[str, float]] = (),
    foretold: Mapping[str, float] | None = None,
    tried: Mapping[str, dict[str, float]] | None = None,
) -> LedgerRow:
    """Savings of one step; `tried`: by kind what runs beside runs spent on it."""
    base, served, told = means(record.baseline), int(record.served.get("n", 0)), foretold or {}
    base.pop("n", None)
    units = [u for u in UNITS if u in base]
    without = served + int(told.get("n", 0))
    saved = {u: without * base[u] - record.served.get(u, 0.0) - told.get(u, 0.0) for u in units}
    costs = _costs(record, base, units)
    costs |= {kind: {u: sums[u] for u in UNITS if u in sums} for kind, sums in (tried or {}).items()}
    spent = [u for u in UNITS if u in units or any(u in kind for kind in costs.values())]
    cost = {u: sum(kind.get(u, 0.0) for kind in costs.values()) for u in spent}
    net = {u: saved.get(u, 0.0) - cost[u] for u in spent}
    spread = {u: _spread([cost[u] for cost in runs if u in cost], without) for u in units}
    observed = int(record.baseline.get("n", 0))
    return LedgerRow(
        skill=record.skill,
        step=record.step_id,
        observed=observed,
        served=served,
        handed_back=int(record.handed.get("n", 0)),
        baseline=_rounded(base),
        saved=_rounded(saved),
        costs={name: _rounded(table) for name, table in costs.items()},
        cost=_rounded(cost),
        net=_rounded(net),
        interval={u: _about(net[u], half) for u, half in spread.items() if half is not None},
        foretold=int(told.get("n", 0)),
        break_even=_break_even(saved, {u: cost[u] for u in units}, observed, without),
        simulated=int(record.baseline.get("simulated", 0)),
        unpriced="usd" not in base or record.baseline.get("priced", 0) < record.baseline.get("n", 0),
        complete=bool(base) or not served,
    )


def _costs(record: StepRecord, base: dict[str, float], units: list[str]) -> dict[str, dict[str, float]]:
    """What learning the step, handing it back and checking it once more cost."""
    mixed = record.mixed.get("n", 0.0)
    deopt = {u: max(0.0, record.mixed.get(u, 0.0) - mixed * base[u]) for u in units}
    learning = {}
    if "seconds" in deopt:
        deopt["seconds"] = max(deopt["seconds"], record.handed.get("seconds", 0.0))
        learning["seconds"] = record.watching
    served = record.served.get("n", 0.0)
    each = {u: record.served.get(u, 0.0) / served if served else 0.0 for u in units}
    check = {u: record.checked * max(0.0, base[u] - each[u]) for u in units}
    return {"learning": learning, "deopt": deopt, "check": check}


def _spread(costs: Sequence[float], served: int) -> float | None:
    """Half the width of the 95 % prediction interval of what the model would have cost over the served runs, from a sample of
    k runs: t * s * sqrt(m^2 / k + m), which holds the error of the mean and the scatter of the m runs themselves (for runs
    that are independent and about normal). None for fewer than two runs."""
    k = len(costs)
    if k < 2:
        return None
    return student(k - 1) * stdev(costs) * math.sqrt(served**2 / k + served)


def student(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t; beyond 3 degrees of freedom by Abramowitz and Stegun 26.7.5, within 0.002."""
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z, v = NORMAL, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / v + second / v**2 + third / v**3 + fourth / v**4


def _break_even(saved: dict[str, float], cost: dict[str, float], observed: int, served: int) -> dict[str, int]:
    """By unit the run from which on it pays; see LedgerRow."""
    found: dict[str, int] = {}
    for unit, spent in cost.items():
        if spent <= 0:
            found[unit] = 0
        elif served and saved[unit] > 0:
            found[unit] = observed + max(1, math.ceil(spent * served / saved[unit]))
    return found


def _sum(rows: Sequence[LedgerRow], skill: str, more: Mapping[str, dict[str, float]]) -> LedgerRow:
    """Rows together, and costs of no single step by kind."""

    def summed(tables: Sequence[dict[str, float]]) -> dict[str, float]:
        return _rounded({u: sum(t.get(u, 0.0) for t in tables) for u in UNITS if any(u in t for t in tables)})

    kinds = sorted({kind for r in rows for kind in r.costs} | {kind for kind, sums in more.items() if any(sums.values())})
    costs = {kind: summed([*(r.costs.get(kind, {}) for r in rows), more.get(kind, {})]) for kind in kinds}
    saved, cost = summed([r.saved for r in rows]), summed(list(costs.values()))
    net = {u: saved.get(u, 0.0) - cost.get(u, 0.0) for u in UNITS if u in saved or u in cost}
    observed, served = sum(r.observed for r in rows), sum(r.served for r in rows)
    most = max((r.served + r.foretold for r in rows), default=0)
    return LedgerRow(
        skill=skill,
        observed=observed,
        served=served,
        handed_back=sum(r.handed_back for r in rows),
        foretold=sum(r.foretold for r in rows),
        saved=saved,
        costs=costs,
        cost=cost,
        net=_rounded(net),
        interval=_together(rows, net),
        break_even=_break_even(saved, {u: cost.get(u, 0.0) for u in saved}, max((r.observed for r in rows), default=0), most),
        simulated=sum(r.simulated for r in rows),
        unpriced=any(r.unpriced for r in rows),
        complete=all(r.complete for r in rows),
    )


def _together(rows: Sequence[LedgerRow], net: dict[str, float]) -> dict[str, tuple[float, float]]:
    """The interval of a sum of independent figures, where every part that served has one."""
    found: dict[str, tuple[float, float]] = {}
    for unit, middle in net.items():
        parts = [r for r in rows if (r.served or r.foretold) and unit in r.net]
        if parts and all(unit in r.interval for r in parts):
            found[unit] = _about(middle, math.hypot(*((r.interval[unit][1] - r.interval[unit][0]) / 2 for r in parts)))
    return found


def _about(middle: float, half: float) -> tuple[float, float]:
    return round(middle - half, 6), round(middle + half, 6)


def _rounded(table: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in table.items()}


def ledger_text(book: Ledger) -> str:
    """The ledger for people: one line a step, one a skill and one for the sum, and what the figures rest on."""
    if not book.rows and not book.skills:
        return "nothing recorded: run a skill with steps that a model does; `skvm jit list` has the names of known ones\n"
    lines = [
        f"{'step':<24} {'runs':>5} {'served':>6} {'back':>5} {'calls saved':>12} {'tokens saved':>13} {'net seconds':>12}"
        f"  {'95 %':<22} {'pays from run':>13}"
    ]
    several = book.skills if len(book.skills) > 1 else ()
    lines += [_line(item, f"{item.skill} {item.step}".strip()) for item in book.rows]
    lines += [_line(item, f"{item.skill}, all steps") for item in several]
    lines.append(_line(book.total, book.total.skill))
    total = book.total
    parts = ", ".join(f"{kind} {total.costs[kind].get('seconds', 0.0):.2f} s" for kind in sorted(total.costs))
    lines.append(f"baseline: mean of each step's own {total.observed} recorded model runs; taken off: {parts}")
    if "usd" in total.net:
        lines.append(f"money: {total.net['usd']:.4f} USD saved" + (", not all runs have a price" if total.unpriced else ""))
    if total.foretold:
        lines.append(f"foretold: in {total.foretold} model runs reads were done before the model was asked")
    if total.simulated:
        lines.append(f"simulated: {total.simulated} of these runs are of a simulated model")
    return "\n".join(lines) + "\n"


def _line(item: LedgerRow, name: str) -> str:
    low, high = item.interval.get("seconds", (None, None))
    about = f"{low:.2f} to {high:.2f}" if low is not None and high is not None and item.served else "-"
    run = item.break_even.get("seconds") if item.served else None
    pays = "-" if run is None else str(run)
    return (
        f"{name[:24]:<24} {item.observed:>5} {item.served:>6} {item.handed_back:>5} {item.net.get('model_calls', 0):>12.1f} "
        f"{item.net.get('tokens', 0):>13.0f} {item.net.get('seconds', 0):>12.2f}  {about:<22} {pays:>13}"
    )
