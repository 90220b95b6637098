"""A comparison of two profiles for people."""

from __future__ import annotations

from collections.abc import Callable

from skvm.capability.compare import LevelDifference, LevelState, ProfileDifference
from skvm.capability.model import Level

_WORDS = {"unmeasured": "not measured", "not_offered": "not offered"}
Style = Callable[[str, str], str]


def difference_text(found: ProfileDifference, style: Style, everything: bool = False) -> str:
    """A table of the levels that differ (`everything`: of all), and what follows from it. `style(text, role)` colours."""
    rows = [r for r in found.levels if everything or _differs(r)]
    lines = [style(f"A = {found.a}", "bold"), style(f"B = {found.b}", "bold")]
    if rows:
        head = f"{'':28}{'A':26}{'B':26}{'P(B > A)':>8}{'p':>9}{'Holm':>9}"
        lines += ["", style(head, "dim")]
    last = ""
    for row in rows:
        name = "" if row.primitive == last else row.primitive
        if name:
            lines.append(f"{name:24} {_letters(found, name)}")
        last = row.primitive
        lines.append(_line(row, style))
    return "\n".join([*lines, "", *_verdict(found), ""])


def _differs(row: LevelDifference) -> bool:
    """A letter and a count that come to the same estimate do not differ; measured and not measured do."""
    return (row.a.probability, row.a.counts or row.b.counts) != (row.b.probability, row.b.counts or row.a.counts) or (
        row.a.probability is None and row.a.basis != row.b.basis
    )


def _letters(found: ProfileDifference, primitive: str) -> str:
    a, b = found.letters[primitive]
    return f"{_letter(a)} -> {_letter(b)}" if a is not b else _letter(a)


def _letter(level: Level | None) -> str:
    return level.value if level is not None else "--"


def _line(row: LevelDifference, style: Style) -> str:
    figures = "".join(_figure(value, width) for value, width in ((row.b_better, 8), (row.p_value, 9), (row.holm, 9)))
    mark = style("  differs", "error") if row.significant else ""
    return f"{'':24} {row.level.value} {_state(row.a):26}{_state(row.b):26}{figures}{mark}".rstrip()


def _figure(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.2g}" if value < 0.01 else f"{value:>{width}.2f}"


def _state(state: LevelState) -> str:
    if state.probability is None or state.interval is None:
        return _WORDS.get(state.basis, "")
    counts = f"{state.counts[0]}/{state.counts[1]}" if state.counts else "letter"
    return f"{counts:>6} {state.probability:.2f} [{state.interval[0]:.2f}, {state.interval[1]:.2f}]"


def _verdict(found: ProfileDifference) -> list[str]:
    tested = [r for r in found.levels if r.p_value is not None]
    sure = [r for r in tested if r.significant]
    better = sum(1 for r in sure if (r.b.probability or 0) > (r.a.probability or 0))
    lines = [
        f"{len(tested)} of {found.family} levels were counted on both sides; {len(sure)} differ by more than chance "
        f"(Fisher's exact test, Holm over {found.family}, {found.alpha:g} for all together)"
        + (f": {better} better in B, {len(sure) - better} better in A" if sure else "")
    ]
    letters = sum(1 for r in found.levels if r.p_value is None and "inferred" in (r.a.basis, r.b.basis))
    if letters:
        lines.append(f"{letters} levels rest on a letter without counts on a side: shown, never tested")
    if tested and not found.possible:
        lines.append(
            f"with so few probes nothing could differ: all against none gives p = {found.smallest:.2g}, "
            f"and {found.alpha / found.family:.2g} is needed"
        )
    return lines
