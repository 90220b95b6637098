"""How two texts differ, told in the terms of a change: the one value, line or stretch that is another."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from skvm.jit.generalise.rewrites import places
from skvm.jit.generalise.rewrites.ways import ASSIGNMENT, section
from skvm.jit.generalise.unify import tokens
from skvm.plan import Unfilled

MAX_LINES = 2000


@dataclass(frozen=True)
class Change:
    """One value that is another: where it stands (nowhere when nothing changed), the new value, and the kind of change."""

    path: tuple[str, ...] = ()
    value: Any = None
    kind: str = ""


def member(before: str, after: str) -> Change | None:
    """The one value that differs between two JSON texts; None where it is not one, or one of them is no JSON object."""
    try:
        one, two = places.read(before), places.read(after)
    except Unfilled:
        return None
    found = list(_members(one, two, ()))
    if not isinstance(one, dict) or len(found) > 1:
        return None
    return found[0] if found else Change()


def _members(one: Any, two: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*one, *(key for key in two if key not in one)]:
            if key not in two:
                yield Change((*path, key), None, "removed")
            elif key not in one:
                yield Change((*path, key), two[key], "added")
            else:
                yield from _members(one[key], two[key], (*path, key))
    elif json.dumps(one) != json.dumps(two):
        yield Change(path, two, "set")


def named(path: Sequence[str], reading: str) -> str:
    """How a path is named in a reading; a text that names nothing where it cannot be."""
    if reading == "pointer":
        return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)
    if reading == "key":
        return path[0] if len(path) == 1 else ""
    return "" if any("." in key for key in path) else ".".join(path)


def _changed_lines(before: str, after: str) -> tuple[list[str], int] | None:
    """The lines after a change, and which one of them is another; None where not exactly one is."""
    one, two = before.split("\n"), after.split("\n")
    if len(one) != len(two) or len(one) > MAX_LINES:
        return None
    places_ = [at for at, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    return (two, places_[0]) if len(places_) == 1 else None


def assignment(before: str, after: str) -> Change | None:
    """The one line `NAME = VALUE` that got another value."""
    if before == after:
        return Change()
    found = _changed_lines(before, after)
    match = None if found is None else ASSIGNMENT.fullmatch(found[0][found[1]])
    if found is None or match is None:
        return None
    name = section(after, len("\n".join(found[0][: found[1]])))
    value = match["value"]
    value = value[1:-1] if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0] else value
    return Change((*((name,) if name else ()), match["name"]), value, "set")


def line(less: str, more: str) -> str | None:
    """The line that one text has beside those of the other, in their order."""
    one, two = less.split("\n"), more.split("\n")
    if len(two) != len(one) + 1 or len(two) > MAX_LINES:
        return None
    at = next((n for n, row in enumerate(one) if row != two[n]), len(one))
    return two[at] if one == two[:at] + two[at + 1 :] else None


def other(before: str, after: str, old: str, which: str) -> str | None:
    """What stands after a change where `old` stood; None where that explains not all of it."""
    rest = before.split(old, 1) if which == "first" else before.split(old)
    room, rest_of_rest = divmod(len(after) - sum(map(len, rest)), max(1, len(rest) - 1))
    if len(rest) < 2 or rest_of_rest or room < 0:
        return None
    new = after[len(rest[0]) : len(rest[0]) + room]
    return new if new.join(rest) == after else None


def stretches(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Constant stretches that may have been exchanged: the words that went, alone and with what always stood around."""
    rows = [_stretch(one, two) for one, two in zip(before, after, strict=True)]
    if any(row is None for row in rows):
        return []
    lefts, olds, rights = zip(*(row for row in rows if row is not None), strict=True)
    if len(set(olds)) > 1 or not olds[0]:
        return []
    left, right = _shared([text[::-1] for text in lefts])[::-1], _shared(rights)
    return list(dict.fromkeys((olds[0], left + olds[0] + right)))


def _stretch(before: str, after: str) -> tuple[str, str, str] | None:
    """The words of the first change, with what stands before and behind them on the line."""
    one, two = tokens(before), tokens(after)
    matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
    for kind, a, b, _, _ in matcher.get_opcodes() if len(one) + len(two) <= 4000 else ():
        if kind != "equal":
            head, tail = "".join(one[:a]), "".join(one[b:])
            return head.rpartition("\n")[2], "".join(one[a:b]), tail.partition("\n")[0]
    return None


def _shared(texts: Sequence[str]) -> str:
    shared = ""
    for marks in zip(*texts, strict=False):
        if len(set(marks)) > 1:
            break
        shared += marks[0]
    return shared
