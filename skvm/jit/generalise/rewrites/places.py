"""Where the values of a JSON text stand, so that one of them is changed and every other character stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from skvm.plan import Unfilled

MAX_DEPTH = 60
_MARK = re.compile(r'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')


@dataclass(frozen=True)
class Place:
    """A value from `start` to `end`; `members` of an object or array by key, with the place of the key itself."""

    start: int
    end: int
    kind: str
    members: Mapping[str, Member] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """A member from `start`, where its key (in an array the value) begins; `key_end` is where the key ends."""

    start: int
    key_end: int
    value: Place


def read(text: str) -> Any:
    """The value of a JSON text, strictly: no NaN, no name twice, no great depth; raises Unfilled for anything else."""
    if len(re.findall(r"[\[{]", text)) > 4000 or not re.search(r"\S", text):
        raise Unfilled("json")
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_none)
    except (ValueError, RecursionError):
        raise Unfilled("json") from None
    _shallow(value, MAX_DEPTH)
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unfilled("a name stands there twice")
    return found


def _none(name: str) -> NoReturn:
    raise Unfilled(name)


def _shallow(value: Any, left: int) -> None:
    if left == 0:
        raise Unfilled("depth")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _shallow(inner, left - 1)


def places(text: str) -> Place:
    """The places of all values of a text that `read` reads."""
    read(text)
    found, _ = _place(text, 0)
    return found


def _mark(text: str, at: int) -> tuple[str, int, int]:
    match = _MARK.match(text, at)
    if match is None:
        raise Unfilled("json")
    return match[1], match.start(1), match.end()


def _place(text: str, at: int) -> tuple[Place, int]:
    mark, start, end = _mark(text, at)
    if mark not in ("{", "["):
        return Place(start, end, "scalar"), end
    close = "}" if mark == "{" else "]"
    members: dict[str, Member] = {}
    mark, at, after = _mark(text, end)
    while mark != close:
        if mark == ",":
            _, at, after = _mark(text, after)
        key, key_end, begins = str(len(members)), at, at
        if close == "}":
            key, key_end = json.loads(text[at:after]), after
            begins = _mark(text, after)[2]
        value, end = _place(text, begins)
        members[key] = Member(at, key_end, value)
        mark, at, after = _mark(text, end)
    return Place(start, after, "object" if close == "}" else "array", members), after


def replaced(text: str, path: Sequence[str], new: str) -> str:
    """The text with another value, spelled `new`, at a path that is there."""
    place = _at(places(text), path)
    return text[: place.start] + new + text[place.end :]


def added(text: str, path: Sequence[str], new: str) -> str:
    """The text with one more member behind the last one of the object that the path leads to, written as that one is."""
    parent = _at(places(text), path[:-1])
    if parent.kind != "object" or not parent.members or path[-1] in parent.members:
        raise Unfilled(path[-1])
    rows = list(parent.members.values())
    last = rows[-1]
    before = text[rows[-2].value.end : last.start] if len(rows) > 1 else "," + text[parent.start + 1 : last.start]
    joint = text[last.key_end : last.value.start]
    key = json.dumps(path[-1], ensure_ascii=False)
    return f"{text[: last.value.end]}{before}{key}{joint}{new}{text[last.value.end :]}"


def removed(text: str, path: Sequence[str]) -> str:
    """The text without the member that the path leads to, its comma and its blanks."""
    parent = _at(places(text), path[:-1])
    if path[-1] not in parent.members:
        raise Unfilled(path[-1])
    rows = list(parent.members.values())
    at = list(parent.members).index(path[-1])
    if len(rows) == 1:
        return text[: parent.start + 1] + text[parent.end - 1 :]
    if at == len(rows) - 1:
        return text[: rows[at - 1].value.end] + text[rows[at].value.end :]
    return text[: rows[at].start] + text[rows[at + 1].start :]


def _at(place: Place, path: Sequence[str]) -> Place:
    for key in path:
        if key not in place.members:
            raise Unfilled(key)
        place = place.members[key].value
    return place
