"""Origins evaluated: the value that an origin has at one point of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from skvm.jit.generalise.cells import cell, count, height
from skvm.jit.generalise.spelled import SPELLINGS
from skvm.plan import CallRecord, Origin, Unfilled, as_text

MAX_LEAVES = 2000
"""Leaves of one JSON result that are looked at."""

MAX_TEXT = 64_000

_ROOTS = ("each", "item", "task", "file", "value", "call", "const")
LATER = frozenset({"call", "each"})
"""Sources that are not there before the first call."""
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class World:
    """What can be referred to at one point of a run: captures of the inputs, the calls made so far by their place in the code
    (of a loop that is over all its rounds), and the items of the loops that this point is in."""

    captures: Mapping[str, Any]
    calls: Sequence[CallRecord | tuple[CallRecord, ...]] = ()
    items: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> tuple[CallRecord, ...]:
        """The single calls."""
        return tuple(call for call in self.calls if not isinstance(call, tuple))


def evaluate(origin: Origin, world: World) -> Any:
    """The value of an origin; raises Unfilled when it has none here."""
    value = _root(origin, world)
    for step in origin.via:
        value = apply(step, value)
    return value


def _root(origin: Origin, world: World) -> Any:
    if origin.source == "const":
        return json.loads(origin.path)
    if origin.source != "call":
        table = world.items if origin.source == "each" else world.captures
        if origin.path not in table:
            raise Unfilled(origin.path)
        return table[origin.path]
    index, _, name = origin.path.partition(".")
    if int(index) >= len(world.calls):
        raise Unfilled(origin.path)
    call = world.calls[int(index)]
    if isinstance(call, tuple):
        return [told(one, name) for one in call]
    return told(call, name)


def told(call: CallRecord, name: str) -> str:
    """What a call printed (`stdout`) or told the model (`result`); raises Unfilled where it did not."""
    value = call.stdout if name == "stdout" else call.result
    if value is None:
        raise Unfilled(name)
    return value


def apply(step: Sequence[str], value: Any) -> Any:
    """One derivation; raises Unfilled where it does not apply."""
    kind, *named = step
    if kind == "pointer":
        return _pointer(parsed(value), named[0])
    if kind == "text":
        return as_text(value, "text")
    if kind in ("length", "each"):
        if not isinstance(value, list):
            raise Unfilled(kind)
        return len(value) if kind == "length" else [apply(named, item) for item in value]
    if not isinstance(value, str):
        raise Unfilled(kind)
    return _OF_TEXTS[kind](value, *named)


def _number(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        raise Unfilled("number")
    return json.loads(text)


def _lines(text: str) -> list[str]:
    """The lines of a text that has no empty one; a last end of line ends a line."""
    lines = text.removesuffix("\n").split("\n") if text else []
    if len(lines) > MAX_LEAVES or not all(lines):
        raise Unfilled("lines")
    return lines


def _column(text: str) -> str:
    """The first column of a row whose columns stand two blanks apart, such as a row of a listing."""
    head, gap, _ = text.partition("  ")
    if not gap or not head:
        raise Unfilled("column")
    return head


@lru_cache(maxsize=1024)  # each text is asked for its name, its stem and its folder, at every attempt to generalise
def _path(text: str) -> PurePosixPath:
    if not text or len(text) > 255 or re.search(r"\s", text):
        raise Unfilled("path")
    return PurePosixPath(text)


def parsed(value: Any) -> Any:
    """JSON in a text, or the value itself when it is not a text; raises Unfilled for other texts."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_TEXT:
        raise Unfilled("json")
    try:
        return json.loads(value)
    except ValueError:
        raise Unfilled("json") from None


def _pointer(value: Any, pointer: str) -> Any:
    """RFC 6901."""
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Unfilled(pointer)
    return value


def _between(text: str, left: str, right: str, anchors: str) -> str:
    """The one stretch of a line between two literals; raises Unfilled when there is none or more than one."""
    begin, end = ("^" if "^" in anchors else ""), ("$" if "$" in anchors else "")
    pattern = f"{begin}{re.escape(left)}([^\\s](?:[^\\n]*?[^\\s])?){re.escape(right)}{end}"
    found = {(m.start(1), m[1]) for m in re.finditer(pattern, text[:MAX_TEXT], re.MULTILINE)}
    if len(found) != 1:
        raise Unfilled(left)
    return found.pop()[1]


def _only(text: str, pattern: str) -> str:
    """The one thing of its kind in a text, however often it stands there; raises Unfilled when there is none or another."""
    found = {m[0] for m in re.finditer(rf"(?<![^\s(\[<\"'`,;:=]){pattern}(?![^\W_]|[-.@/][^\W_])", text[:MAX_TEXT])}
    if len(found) != 1:
        raise Unfilled(pattern)
    return found.pop()


_OF_TEXTS: dict[str, Callable[..., Any]] = {
    "between": _between,
    "only": _only,
    "cell": cell,
    "rows": height,
    "count": count,
    "number": _number,
    "strip": str.strip,
    "name": lambda text: _path(text).name,
    "stem": lambda text: _path(text).stem,
    "parent": lambda text: str(_path(text).parent),
    "lower": str.lower,
    "upper": str.upper,
    "lines": _lines,
    "column": _column,
    **{name: spelling.read for name, spelling in SPELLINGS.items()},
}


def rank(origin: Origin) -> tuple[int, int, int, tuple[Any, ...]]:
    """Order of preference: fewer derivations, nearer sources, earlier paths."""
    natural = tuple(int(p) if p.isdecimal() else p for p in re.split(r"([0-9]+)", origin.path))
    return (
        len(origin.via),
        _ROOTS.index(origin.source),
        sum(len(s) for step in origin.via for s in step),
        (natural, origin.via),
    )
