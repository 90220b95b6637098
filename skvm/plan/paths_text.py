"""Purposes with several paths, as data and for people: the ways, what each needs, which one the author puts first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from skvm.plan.artifact import Artifact

Style = Callable[[str, str], str]


def path_rows(artifact: Artifact, line: Callable[[int], int]) -> list[dict[str, Any]]:
    """One entry for each purpose, its ways in text order; lines are 1-based."""
    return [
        {
            "about": purpose.about,
            "first": purpose.first,
            "lines": [line(s.start) for s in purpose.because],
            "paths": [
                {
                    "title": path.title,
                    "line": line(path.span.start),
                    "steps": list(path.steps),
                    "needs": {need.primitive: need.level.value for need in path.needs},
                    "limited": path.limited,
                }
                for path in purpose.paths
            ],
        }
        for purpose in artifact.purposes
    ]


def path_lines(rows: list[dict[str, Any]], style: Style) -> Iterator[str]:
    """The ways of each purpose; nothing for a skill that tells one way of everything."""
    if rows:
        yield ""
        yield style("Ways of one purpose", "bold")
    for row in rows:
        yield f"  {row['about']}:"
        for at, path in enumerate(row["paths"]):
            needs = ", ".join(f"{name} {level}" for name, level in path["needs"].items()) or "nothing measured"
            marks = ["the author's first"] if at == row["first"] else []
            marks += ["for a case of its own"] if path["limited"] else []
            told = f" ({', '.join(marks)})" if marks else ""
            yield f"    line {path['line']}: {path['title']}{told}: needs {needs}"
