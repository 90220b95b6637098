"""Rules of the reasoning primitives."""

from __future__ import annotations

from skvm.compile.rules.evidence import Evidence, Where
from skvm.compile.rules.finding import Finding, finding
from skvm.ir import ActType, ControlKind

MANY_BRANCHES = 6
"""Conditions from which choosing among them is a main part of the work; a place that speaks of routing stands for two."""


def arithmetic(e: Evidence, where: Where) -> Finding | None:
    """Calculation in the text: one operation is L1, several L2, chains of percentages and money over time L3."""
    hits, money = e.hits("arithmetic", where), e.hits("money", where)
    if where is None and len(hits) < max(4, e.size) and len(money) < 3:
        return None
    compound = [*money, *e.hits("compound", where)]
    rank = 3 if len(compound) >= (3 if where is None else 1) else 2
    return finding(rank, [e.span(h) for h in [*hits, *money]], "calculates")


def logic(e: Evidence, where: Where) -> Finding | None:
    """Choosing by conditions: routing tables, first match, exclusive arms."""
    hits = e.hits("route", where)
    branches = e.controls(where, ControlKind.BRANCH)
    groups = {c.group for c in branches if c.group}
    if where is None:
        choices = len(branches) + 2 * len(hits) + len(e.acts(None, ActType.SELECT))
        if choices < MANY_BRANCHES and len(groups) < 2:
            return None
        spans = [c.span for c in branches] + [e.span(h) for h in hits]
        return finding(2 if len(groups) > 2 else 1, spans, "chooses by conditions")
    rank = 3 if e.hits("optimise", where) and hits else 2 if len(branches) > 2 else 1
    return finding(rank, [c.span for c in branches], "chooses by conditions")


def spatial(e: Evidence, where: Where) -> Finding | None:
    """Geometry that the model works out itself."""
    hits = e.hits("spatial", where)
    if len(hits) < (6 if where is None else 2):
        return None
    return finding(2, [e.span(h) for h in hits], "calculates in space")


def planning(e: Evidence, where: Where) -> Finding | None:
    """Making a plan is the work: not following one."""
    hits = e.hits("plan", where)
    if where is None and len(hits) < max(5, 1.1 * e.size):
        return None
    recover = e.hits("recover", where)
    rank = 3 if len(recover) >= (4 if where is None else 1) else 2
    if where is not None and not hits:
        return None
    return finding(rank, [e.span(h) for h in hits], "plans work")


def analysis(e: Evidence, where: Where) -> Finding | None:
    """Understanding code or finding a cause; across files is L3."""
    hits = e.hits("analyse_strong", where)
    if where is None and len(hits) + len(e.hits("analyse_code", None)) / 3 < max(2.5, 0.8 * e.size):
        return None
    wide = e.hits("many_files", where)
    rank = 3 if len(wide) >= (2 if where is None else 1) else 2
    spans = [e.span(h) for h in hits]
    if where is not None and not e.acts(where, ActType.INFER, ActType.VALIDATE, ActType.COMPARE, ActType.READ, ActType.SELECT):
        return None
    return finding(rank, spans, "analyses code or finds causes")
