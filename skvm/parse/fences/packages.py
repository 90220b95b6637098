"""Import names to distributions, by an own table: the answer does not depend on the running Python."""

from __future__ import annotations

import re
from functools import cache

from skvm.source import read_data


@cache
def _table() -> tuple[dict[str, str], frozenset[str]]:
    names: dict[str, str] = {}
    stdlib: set[str] = set()
    for line in read_data("grammar", "imports.txt").splitlines():
        if line.startswith("stdlib:"):
            stdlib.update(line[7:].split())
        elif line and not line.startswith("#"):
            name, distribution = line.split()
            names[name] = distribution
    return names, frozenset(stdlib)


def is_stdlib(module: str) -> bool:
    """Is the top-level name of a module part of the standard library of any supported Python?"""
    return module.split(".", 1)[0] in _table()[1]


def distribution_of(module: str) -> str:
    """Distribution that provides a module: the longest dotted prefix in the table, else the top-level name."""
    parts = module.split(".")
    names = _table()[0]
    for size in range(len(parts), 0, -1):
        found = names.get(".".join(parts[:size]))
        if found is not None:
            return found
    return parts[0]


def is_listed(module: str) -> bool:
    """Is the top-level name of a module one that the table knows?"""
    return module in _table()[0]


def same_distribution(one: str, two: str) -> bool:
    """Are the two names one distribution (PEP 503: case, runs of `-`, `_`, `.` do not matter)?"""
    return normal_name(one) == normal_name(two)


def normal_name(name: str) -> str:
    """Name of a distribution in PEP 503's normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()
