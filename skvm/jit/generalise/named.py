"""Which words of a request name input files: what always was one must be one again, and what never was one must not be.

A hole of the request that is always the same file is tied to it (`propose`). With several files it may be now this one and now
that, as files are known in the order of their names and not in that of the request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skvm.jit.generalise.patterns import looks_like_data
from skvm.jit.generalise.pieces import Inputs
from skvm.jit.generalise.unify import spelled
from skvm.plan import Guard
from skvm.plan.guards import called


def naming(inputs: Inputs, runs: Sequence[Mapping[str, Any]]) -> list[Guard]:
    """Guards on holes of the request and of the files; `runs` are the inputs of each observation."""
    asked = {name: inputs.table[name] for name, kind in inputs.kinds.items() if kind == "task"}
    files = {name: inputs.table[name] for name, kind in inputs.kinds.items() if kind == "file"}
    tied = {spelled(list(c)) for c in asked.values()} & {spelled(list(c)) for c in files.values()}
    given = [called(run) for run in runs]
    found: list[Guard] = []
    for name, column in asked.items():
        if not any(given) or spelled(list(column)) in tied:
            continue
        kept = {value in names for value, names in zip(column, given, strict=True)}
        if kept == {True} or (kept == {False} and all(looks_like_data(v) for v in column)):
            found.append(Guard(kind="hole_given", name=name, value="yes" if True in kept else "no"))
    for name, column in files.items():
        if spelled(list(column)) not in tied and all(v in row for v, *row in zip(column, *asked.values(), strict=True)):
            found.append(Guard(kind="hole_asked", name=name, value=spelled(sorted(asked))))
    return found
