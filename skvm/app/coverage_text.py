"""Coverage for people at a terminal: one skill by target, several skills as a matrix of marks."""

from __future__ import annotations

from collections.abc import Callable

from skvm.app.coverage import Matrix
from skvm.capability import Verdict, load_prices
from skvm.capability.coverage import PROMPT_SHARE, SEVERITY, Choice, Column, Coverage, Weakest
from skvm.diag.render import visible

Style = Callable[[str, str], str]
MARKS = {Verdict.MET: "+", Verdict.UNMEASURED: "?", Verdict.WEAK: "~", Verdict.MISSING: "x", Verdict.NOT_OFFERED: "-"}
ROLES = {
    Verdict.MET: "good", Verdict.UNMEASURED: "info", Verdict.WEAK: "warning",
    Verdict.MISSING: "error", Verdict.NOT_OFFERED: "error",
}  # fmt: skip
NAME_WIDTH = 36


def coverage_text(matrix: Matrix, style: Style) -> str:
    """A table by target for one skill, marks for several; `style(text, role)` colours a piece."""
    return _one(matrix, style) if len(matrix.skills) == 1 else _many(matrix, style)


def _one(matrix: Matrix, style: Style) -> str:
    skill, row = matrix.skills[0], matrix.rows[0]
    needs = ", ".join(f"{n.primitive} {n.level.value}" for n in skill.distinct())
    free = f", {skill.free} without one" if skill.free else ""
    lines = [
        style(visible(f"{skill.name}: {len(skill.steps)} step{'s' * (len(skill.steps) != 1)} for a model{free}"), "bold"),
        f"  needs {needs or 'no measured capability'}",
        "",
        style(f"  {'target':{NAME_WIDTH}} {'':11} {'met':>4}{'weak':>5}{'miss':>5}{'unm.':>5} {'$/M':>7}  weakest step", "dim"),
    ]
    pairs = sorted(zip(row, matrix.columns, strict=True), key=lambda pair: _rank(*pair))
    lines += [_target_line(found, column, style) for found, column in pairs]
    return "\n".join([*lines, "", f"  {_chosen(matrix.choices[0])}", style(f"  {price_note()}", "dim"), ""])


def _rank(found: Coverage, column: Column) -> tuple[int, int, float, str]:
    gaps = len(found.verdicts) - found.count(Verdict.MET)
    return SEVERITY.index(found.status), gaps, column.usd if column.usd is not None else float("inf"), found.target


def _target_line(found: Coverage, column: Column, style: Style) -> str:
    missing = found.count(Verdict.MISSING) + found.count(Verdict.NOT_OFFERED)
    counts = (found.count(Verdict.MET), found.count(Verdict.WEAK), missing, found.count(Verdict.UNMEASURED))
    price = f"{column.usd:7.3f}" if column.usd is not None else f"{'?':>7}"
    status = style(f"{status_word(found.status):11}", ROLES[found.status])
    figures = "".join(f"{n:>{5 if i else 4}}" for i, n in enumerate(counts))
    words = "; ".join(x for x in (weakest_words(found.weakest), way_words(found)) if x)
    return f"  {visible(found.target):{NAME_WIDTH}} {status} {figures} {price}  {words}".rstrip()


def _many(matrix: Matrix, style: Style) -> str:
    wide = min(NAME_WIDTH, max(len(s.name) for s in matrix.skills))
    heads = "".join(f"{n:>3}" for n in range(1, len(matrix.columns) + 1))
    lines = [
        style(f"{f'{n:>3}  {visible(c.name)}':{NAME_WIDTH + 5}} {_price(c)}", "dim") for n, c in enumerate(matrix.columns, 1)
    ]
    lines += ["", style(f"{'':{wide}} {heads}  cheapest that covers it", "dim")]
    for skill, row, choice in zip(matrix.skills, matrix.rows, matrix.choices, strict=True):
        marks = "".join("  " + style(MARKS[found.status], ROLES[found.status]) for found in row)
        lines.append(f"{visible(skill.name)[:wide]:{wide}} {marks}  {_chosen(choice)}")
    key = ", ".join(f"{mark} {status_word(verdict)}" for verdict, mark in MARKS.items())
    return "\n".join([*lines, "", style(f"{key}; the worst need of a skill counts", "dim"), style(price_note(), "dim"), ""])


def _price(column: Column) -> str:
    return f"{column.usd:.3f} $/M" if column.usd is not None else "no price known"


def status_word(verdict: Verdict) -> str:
    """A verdict in words."""
    return "covered" if verdict is Verdict.MET else verdict.value.replace("_", " ")


def weakest_words(found: Weakest | None) -> str:
    """Step, line, need and probability of the weakest step."""
    if found is None:
        return ""
    doubt = found.doubt
    need = f"{doubt.need.primitive} {doubt.need.level.value} {doubt.verdict.value.replace('_', ' ')}"
    return visible(f"{found.step.id} (line {found.step.line}) p {doubt.probability:.2f}, {need}")


def way_words(found: Coverage) -> str:
    """Which ways are taken where others of the same purpose are short."""
    return visible("; ".join(f"by the way \u201c{way.title}\u201d (line {way.line})" for way in found.via))


def _chosen(choice: Choice) -> str:
    """The cheapest target, or why there is none."""
    if choice.target is None:
        return visible(choice.why)
    price = f" at {choice.usd:.3f} $/M" if choice.usd is not None else ""
    tied = f", the same price: {', '.join(choice.tied)}" if choice.tied else ""
    return visible(f"{choice.target}{price}{tied}{'; ' + choice.why if choice.why else ''}")


def price_note() -> str:
    """What the prices are."""
    prices = load_prices()
    return f"$/M: USD per million tokens, {PROMPT_SHARE} of prompt to 1 of answer; {prices.source}, {prices.date}"
