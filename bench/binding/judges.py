"""Two answers to the same question that share no line with ours: trying every choice, and an integer program."""

from __future__ import annotations

from itertools import product
from math import inf

from skvm.compile.binding import Table, cost_of, loss_of, time_of

TOLERANCE = 1e-9
"""Relative room of a limit, for rounding."""

PRESOLVE = ("choose", "off")
"""HiGHS 1.16 presolves 1 of these 1,000 programs into a point that breaks a constraint, says so, and is asked again without."""


def exhaustive(table: Table) -> float | None:
    """USD of the cheapest of all choices that keep the limits, None when none does. Only for small tables."""
    best: float | None = None
    for chosen in product(*table.steps):
        used = {option.model for option in chosen} - {None}
        kept = loss_of(chosen) <= table.loss * (1 + TOLERANCE) and time_of(table, chosen) <= table.time * (1 + TOLERANCE)
        if kept and (table.models is None or len(used) <= table.models):
            cost = cost_of(table, chosen)
            best = cost if best is None or cost < best else best
    return best


def integer_program(table: Table) -> float | None:
    """USD of the cheapest choice as HiGHS finds it, None when no choice keeps the limits.

    One binary per step and option, one per model; the end of every step; for each link and each option of the later step
    what is sent again. Raises RuntimeError when the solver ends without an answer, presolved or not.
    """
    import highspy

    for presolve in PRESOLVE:
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("presolve", presolve)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", 1e-10)
        solver.setOptionValue("mip_feasibility_tolerance", TOLERANCE)
        solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        picks = _program(solver, table)
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status == highspy.HighsModelStatus.kOptimal:
            rows = (list(zip(row, options, strict=True)) for row, options in zip(picks, table.steps, strict=True))
            return cost_of(table, [max(row, key=lambda pair: solver.val(pair[0]))[1] for row in rows])
    raise RuntimeError(f"the integer program ended with {status}")


def _program(solver, table: Table) -> list:
    """The table as a program, solved; one binary per step and option."""
    picks = [[solver.addBinary() for _ in options] for options in table.steps]
    for row in picks:
        solver.addConstr(sum(row) == 1)
    _limits(solver, table, picks)
    own = [
        pick * option.cost
        for row, options in zip(picks, table.steps, strict=True)
        for pick, option in zip(row, options, strict=True)
    ]
    solver.minimize(sum([*own, *_sent_again(solver, table, picks)]))
    return picks


def _limits(solver, table: Table, picks) -> None:
    loss = [
        pick * option.loss
        for row, options in zip(picks, table.steps, strict=True)
        for pick, option in zip(row, options, strict=True)
    ]
    if table.loss < inf:
        solver.addConstr(sum(loss) <= table.loss)
    if table.time < inf:
        ends = [solver.addVariable(0, table.time) for _ in picks]
        took = [
            sum(p * o.time for p, o in zip(row, options, strict=True)) for row, options in zip(picks, table.steps, strict=True)
        ]
        for end, own in zip(ends, took, strict=True):
            solver.addConstr(end - own >= 0)
        for link in table.links:
            solver.addConstr(ends[link.after] - ends[link.before] - took[link.after] >= 0)
    if table.models is not None:
        names = sorted({option.model for options in table.steps for option in options} - {None})
        used = {name: solver.addBinary() for name in names}
        for row, options in zip(picks, table.steps, strict=True):
            for pick, option in zip(row, options, strict=True):
                if option.model is not None:
                    solver.addConstr(pick - used[option.model] <= 0)
        solver.addConstr(sum(used.values()) <= table.models)


def _sent_again(solver, table: Table, picks) -> list:
    terms = []
    for link in table.links:
        before = list(zip(picks[link.before], table.steps[link.before], strict=True))
        for pick, option in zip(picks[link.after], table.steps[link.after], strict=True):
            price = option.context * link.resent
            if option.model is None or price == 0:
                continue
            free = [p for p, o in before if o.model is None or o.model == option.model]
            sent = solver.addVariable(0, 1)
            solver.addConstr(sent - pick + sum(free) >= 0) if free else solver.addConstr(sent - pick >= 0)
            terms.append(sent * price)
    return terms
